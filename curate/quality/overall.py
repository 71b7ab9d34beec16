"""One number a row: how good its text is as something to learn from, from 0 to 1, higher is better.

Method: a weighted mean of traits (`curate.quality.traits`: what is said, its order, its surface, whether it takes up and
keeps to what was asked), times one factor for each fault that a rule found. Every trait is monotone and bounded and every
weight positive. The weights were fitted to pairs of a worse and a better answer by `benchmarks/quality/fit_score.py`, which
names the pairs and how much each kind counts; it prints this table.
Shapes: arrays of one value a piece. Does not: know the truth of an answer; between two sound texts it prefers the one that
says more, with more order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from curate.quality.hits import Hits, Measured
from curate.quality.traits import traits

Floats = NDArray[np.float64]

WEIGHTS: Mapping[str, float] = {
    "substance": 0.178, "sentences": 0.048, "paragraphs": 0.053, "points": 0.032, "begins": 0.039, "ends": 0.054,
    "clean": 0.067, "tidy": 0.043, "case": 0.060, "variety": 0.040, "fluency": 0.051, "own_words": 0.052,
    "taken_up": 0.053, "lines": 0.066, "set_off": 0.040, "figures": 0.022, "form": 0.036, "asking": 0.067,
}  # fmt: skip
"""Weight of each trait."""
FACTORS: Mapping[str, float] = {
    "repeated_item": 0.9, "empty": 0.02, "placeholder": 0.3, "too_short": 0.85, "too_long": 0.95, "cut_off": 0.75,
    "missing_end": 0.8, "broken_fence": 0.85, "broken_json": 0.8, "repetition_loop": 0.5, "repetitive": 0.8, "refusal": 0.5,
    "as_an_ai": 0.75, "wrong_count": 0.85, "runs_on": 0.5, "prompt_echoed": 0.6, "wrong_language": 0.6, "garbled": 0.7,
    "template_leftover": 0.8, "boilerplate": 0.98, "stock_answer": 0.8, "unrelated": 0.9, "role_order": 0.8,
    "last_turn": 0.6, "identical_pair": 0.3, "swapped_pair": 0.8, "c4_lines": 1.0,
}  # fmt: skip
"""What a fault leaves of the score where its rule is as sure as it gets."""
ONE_FAULT = frozenset({"refusal", "as_an_ai"})
"""Rules that see the same fault: the worse of them counts."""
HELPS_ANYWAY = 60
"""Words of an answer from which on it is more than its refusal."""


def answers(m: Measured) -> Floats:
    """Quality of each piece without its faults: an answer to its prompt, or a text by itself."""
    found = traits(m)
    total = np.zeros(len(m.features))
    for name, values in found.items():
        total += WEIGHTS[name] * values
    quality: Floats = total / sum(WEIGHTS[name] for name in found)
    return quality


def with_faults(quality: Floats, found: Iterable[Hits], words: NDArray[np.int32] | None = None) -> Floats:
    """Quality after the faults of each piece, each as far as its rule is sure. `words`: of the pieces; a refusal counts
    less the more is said beside it."""
    out, refused = quality.copy(), np.ones(len(quality))
    for one in found:
        lost = (1.0 - FACTORS.get(one.rule, 0.97)) * np.minimum(1.0, one.score / 0.85)
        if one.rule in ONE_FAULT:
            if words is not None:
                lost = lost * np.minimum(1.0, HELPS_ANYWAY / np.maximum(words[one.at], 1))
            refused[one.at] = np.minimum(refused[one.at], 1.0 - lost)
        else:
            np.multiply.at(out, one.at, 1.0 - lost)
    return np.clip(out * refused, 0.0, 1.0)


def of_rows(quality: Floats, row: NDArray[np.int64], words: NDArray[np.int32], n_rows: int) -> Floats:
    """Quality of each row from its pieces: their mean, weighed by the square root of their words, pulled to the worst."""
    weight = np.sqrt(words + 1.0)
    total, weights = np.zeros(n_rows), np.zeros(n_rows)
    worst = np.ones(n_rows)
    np.add.at(total, row, quality * weight)
    np.add.at(weights, row, weight)
    np.minimum.at(worst, row, quality)
    mean = np.divide(total, weights, out=np.zeros(n_rows), where=weights > 0)
    return np.where(weights > 0, 0.8 * mean + 0.2 * worst, 0.0)
