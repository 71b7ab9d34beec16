"""One number a row: how good its text is as something to learn from, from 0 to 1, higher is better.

Method: a weighted mean of what editors add when they revise an instruction and its answer (substance, that it takes up what
was asked, structure, finished sentences, clean surface), times one factor for each fault that a rule found. Every part is
monotone and bounded, so no length is ever enough and none is too much before the rules say so. The weights were chosen by
hand and looked at on pairs (`benchmarks/bench_quality.py`); nothing was fitted.
Shapes: arrays of one value a piece. Does not: know the truth of an answer; between two sound texts it prefers the one that
says more, with more order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from curate.quality import characters as c
from curate.quality.features import Features
from curate.quality.hits import Hits, Measured

Floats = NDArray[np.float64]

FACTORS: Mapping[str, float] = {
    "repeated_item": 0.9, "empty": 0.02, "placeholder": 0.3, "too_short": 0.85, "too_long": 0.95, "cut_off": 0.75,
    "broken_fence": 0.85, "broken_json": 0.8, "repetition_loop": 0.5, "repetitive": 0.8, "refusal": 0.5, "as_an_ai": 0.75,
    "runs_on": 0.6, "prompt_echoed": 0.6, "wrong_language": 0.6, "garbled": 0.7, "template_leftover": 0.8, "boilerplate":
    0.98, "stock_answer": 0.8, "unrelated": 0.9, "role_order": 0.8, "last_turn": 0.6, "identical_pair": 0.3,
    "swapped_pair": 0.8,
}  # fmt: skip
"""What a fault leaves of the score where its rule is as sure as it gets."""


def answers(m: Measured) -> Floats:
    """Quality of each piece without its faults: an answer to its prompt, or a text by itself."""
    f = m.features
    parts = 0.40 * substance(f) + 0.16 * structure(f) + 0.18 * surface(f, m.code) + 0.10 * variety(f)
    if m.relation is None or m.prompt_features is None:
        return parts / 0.84
    r = m.relation
    taken_up = np.where(r.stems > 0, r.shared / np.maximum(r.stems, 1), 0.5)
    return parts + 0.08 * taken_up + 0.08 * asking(m.prompt_features)


def substance(f: Features) -> Floats:
    """How much is said: distinct words with diminishing returns; figures and names count as words that say something."""
    said = f["distinct"] - f["slips"] + 0.5 * np.minimum(f["names"] + f["digits"] / 2.0, 0.3 * f["distinct"])
    found: Floats = np.log1p(said / 4.0) / (np.log1p(said / 4.0) + 1.6)
    return found


def structure(f: Features) -> Floats:
    """Several sentences, paragraphs or points: one point for each of them, with diminishing returns."""
    units = f["sentences"] + 0.7 * f["bullets"] + 1.5 * np.maximum(f["paragraphs"] - 1, 0) + f["headings"]
    found: Floats = units / (units + 5.0)
    return found


def surface(f: Features, code: NDArray[np.bool_]) -> Floats:
    """Begins and ends as a text should, and few slips on the way: small letters after a full stop, gaps before marks."""
    first = f["first"]
    small = (first >= ord("a")) & (first <= ord("z"))
    kind = f["last_class"]
    ended = np.isin(kind, (c.STOP, c.CLOSE, c.QUOTE)) | (f["last_line_bullet"] > 0)
    ended = np.where(ended, 1.0, np.where((kind == c.DIGIT) | (kind == c.SYMBOL) | (f["words"] < 4), 0.6, 0.2))
    slips = f["lower_starts"] + f["space_before_stop"] + f["lone_i"] + f["stray_close"] + f["slips"]
    slips = slips + 0.3 * f["double_spaces"]
    clean = 1.0 / (1.0 + 25.0 * slips / np.maximum(f["words"], 12))
    begun, ended, clean = np.where(small & ~code, 0.0, 1.0), np.where(code, 0.8, ended), np.where(code, 0.8, clean)
    return np.where(f["words"] == 0, 0.0, 0.25 * begun + 0.35 * ended + 0.4 * clean)


def variety(f: Features) -> Floats:
    """Says new things: the share of five words in a row that did not stand before, and of distinct words for the length."""
    again = f.share("repeated", "alpha_words")
    n = np.maximum(f["alpha_words"], 1)
    # Heaps' law: of n words of running text about n**0.87 are distinct in texts of these lengths.
    rich = np.minimum(1.0, f["distinct"] / np.power(n, 0.87))
    found: Floats = np.where(f["alpha_words"] == 0, 0.0, rich * (1.0 - np.minimum(again, 1.0)))
    return found


def asking(f: Features) -> Floats:
    """A prompt that says what it wants: some length, a capital to begin with, a mark at the end."""
    words = f["words"]
    first = f["first"]
    small = (first >= ord("a")) & (first <= ord("z"))
    ended = np.isin(f["last_class"], (c.STOP, c.CLOSE, c.QUOTE)) | (f["last"] == ord(":"))
    slips = f["lower_starts"] + f["space_before_stop"] + f["lone_i"] + f["slips"]
    found: Floats = (
        0.5 * words / (words + 15.0) + 0.2 * ~small + 0.2 * ended + 0.1 / (1.0 + 20.0 * slips / np.maximum(words, 10))
    )
    return np.where(words == 0, 0.0, found)


def with_faults(quality: Floats, found: Iterable[Hits]) -> Floats:
    """Quality after the faults of each piece, each as far as its rule is sure."""
    out = quality.copy()
    for one in found:
        lost = 1.0 - FACTORS.get(one.rule, 0.97)
        np.multiply.at(out, one.at, 1.0 - lost * np.minimum(1.0, one.score / 0.85))
    return np.clip(out, 0.0, 1.0)


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
