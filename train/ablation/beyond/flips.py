"""Counterfactual flips: how often the adapters of raw and of curated data change their answer with the person spoken of.

Held-out texts are swapped axis by axis (`audit.fairness.swaps`: gender, names, religion, ...), and each seed's adapters of
both arms answer both versions. A flip is another answer; the difference of the two arms' flip rates has the interval of any
contrast (seeds and near-duplicate clusters), Holm's correction over the axes, and is above 0 where curation made answers
steadier. A lower flip rate is no proof of fairness, and swaps of a text may change what it truly asks. Classification only.
Needs torch. Cost: four forward passes over the swapped texts a seed.
"""

from __future__ import annotations

import numpy as np

from audit.fairness.swaps import AXES, Swapped, apply_spans, english_rows, swaps
from train.ablation.arms import CURATED, RAW
from train.ablation.beyond.contrast import answer, contrast, corrected, interval_words
from train.ablation.beyond.result import Flip, Flips
from train.ablation.matrix import Matrix
from train.ablation.span import Span
from train.ablation.verdict import HARMED, HELPED
from train.adapters import load_adapter
from train.examples import CLASSIFICATION, Examples

DELTA = 0.01
"""Flip rates within ±DELTA of each other do not matter."""
MOST_ROWS = 800


def flips_of(matrix: Matrix, held: Examples) -> Flips:
    """Flip rates of both arms by axis."""
    if held.task != CLASSIFICATION:
        return Flips((), "Answers flip between classes only; this task writes text.")
    held = held.take(np.arange(min(MOST_ROWS, len(held))))
    texts = list(held.texts)
    english = english_rows(texts)
    pairs = [p for p in swaps(texts, AXES) if english[p.row] or p.axis == "name_origin"]
    if not pairs:
        return Flips((), "No held-out text speaks of a person in a way that can be swapped.")
    flipped = {arm: _flipped(matrix, arm, texts, pairs) for arm in (RAW, CURATED)}
    shared = [s for s in matrix.seeds if all(s in flipped[arm] for arm in flipped)]
    if not shared:
        return Flips((), "No seed's adapters of both arms could be asked.")
    clusters = np.arange(len(held)) if held.clusters is None else held.clusters
    cluster = clusters[[p.row for p in pairs]]
    both = {arm: np.stack([flipped[arm][seed] for seed in shared]) for arm in flipped}
    axes = [axis for axis in AXES if any(p.axis == axis for p in pairs)]
    found, rates = [], []
    for axis in axes:
        at = np.array([p.axis == axis for p in pairs])
        change = contrast(both[RAW][:, at] - both[CURATED][:, at], [(np.ones(int(at.sum()), bool), 1.0)], cluster[at])
        count = len(np.unique(cluster[at]))
        found.append(answer(axis, change, DELTA, rows=int(at.sum()), clusters=count, seeds=len(shared)))
        rates.append({arm: _rate(values[:, at], cluster[at]) for arm, values in both.items()})
    judged = corrected(found)
    out = tuple(Flip(axis, a.rows, rate, a) for axis, a, rate in zip(axes, judged, rates, strict=True))
    return Flips(out, _words(out))


def _rate(values: np.ndarray, clusters: np.ndarray) -> Span:
    made = contrast(values, [(np.ones(values.shape[1], bool), 1.0)], clusters)
    assert made is not None
    return Span(made.mean, max(0.0, made.low), min(1.0, made.high))


def _flipped(matrix: Matrix, arm: str, texts: list[str], pairs: list[Swapped]) -> dict[int, np.ndarray]:
    """float64[pairs] for each seed: whether the answer changes."""
    out: dict[int, np.ndarray] = {}
    for seed in matrix.seeds:
        run = matrix.runs.get((arm, seed))
        if run is None or not (run.directory / "adapter").is_dir():
            continue
        loaded = load_adapter(run.directory)

        def classes(asked: list[str], loaded: object = loaded) -> np.ndarray:
            return _classes(loaded, asked)

        given = classes(texts)
        swapped = classes([apply_spans(texts[p.row], p.spans) for p in pairs])
        out[seed] = (swapped != given[[p.row for p in pairs]]).astype(np.float64)
    return out


def _classes(loaded: object, texts: list[str]) -> np.ndarray:
    """int64: the likeliest class of each text."""
    from train.adapters import LoadedAdapter
    from train.score import log_probabilities

    assert isinstance(loaded, LoadedAdapter)
    rows = Examples(CLASSIFICATION, np.arange(len(texts)), tuple(texts), ("",) * len(texts))
    encoded = loaded.bench.encoder.encode(rows)
    out = np.full(len(texts), -1, dtype=np.int64)
    out[encoded.kept] = log_probabilities(loaded.objective, encoded, loaded.bench.tokenizer.pad_token_id).argmax(axis=1)
    return out


def _words(axes: tuple[Flip, ...]) -> str:
    told = []
    for flip in axes:
        if flip.change.verdict in (HELPED, HARMED):
            did = "less" if flip.change.verdict == HELPED else "more"
            told.append(f"Curated data's adapters flip {did} often by {flip.axis.replace('_', ' ')}: "
                        f"{interval_words(flip.change, 100.0, ' points')}.")  # fmt: skip
    return " ".join(told) or "Curation is not shown to have changed how often answers flip with the person spoken of."
