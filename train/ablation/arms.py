"""Arms of an ablation, and the random control.

A curated set differs from the raw one in *which* rows it holds and in *how many*. Fewer rows alone change a result, so
each comparison needs an arm that lost as many rows of the same classes and lengths by chance: the random control, drawn
anew for each seed so that no single draw decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from train.examples import Examples
from train.order import hash_rows

RAW, CURATED, CONTROL, BASE = "raw", "curated", "random_control", "base"
FEWEST_ALIKE, MOST_RANGES = 20, 8
"""Rows of one label that make up a range of lengths, and ranges of a label."""
_SALT = 7_777_777


@dataclass(frozen=True)
class Arm:
    """One variant of the training data."""

    name: str
    """Short and unique; the folder of its runs: `raw`, `curated`, `random_control`, `base`."""
    title: str
    """What a person reads."""
    examples: Examples | Callable[[int], Examples]
    """The training rows, or a function that draws them for a seed."""
    method: str = "lora"
    """`lora` trains an adapter; `base` scores the base model without one."""
    times: float = 1.0
    """Steps in multiples of the other arms', for arms that differ in size and are to see their rows equally often."""

    def draw(self, seed: int) -> Examples:
        """The training rows for one seed."""
        return self.examples(seed) if callable(self.examples) else self.examples


def random_control_rows(
    raw_labels: Sequence[str | None] | None,
    curated_rows: Sequence[int] | np.ndarray,
    n_raw: int,
    seed: int,
    lengths: np.ndarray | None = None,
) -> np.ndarray:
    """int64: positions of raw rows, in order, after removing at random as many rows of each raw label as curation did.

    `curated_rows` are the positions of the raw rows that curation kept; `raw_labels` (None for tasks without labels)
    are the labels of the raw rows before any relabelling. With `lengths` (tokens, or anything that goes with them) the
    rows that go are also about as long as those that curation removed. Rows of one label and length are as likely to
    go whether curation kept or dropped them. Exact in size and, by raw label, in class mix.
    """
    kept = np.unique(np.asarray(curated_rows, dtype=np.int64))
    if len(kept) and (kept[0] < 0 or kept[-1] >= n_raw):
        raise ValueError(f"curated rows must lie in 0..{n_raw - 1}")
    labels = [None] * n_raw if raw_labels is None else list(raw_labels)
    if len(labels) != n_raw:
        raise ValueError(f"{len(labels)} labels for {n_raw} raw rows")
    stratum = strata(labels, np.zeros(n_raw) if lengths is None else lengths)
    dropped = np.setdiff1d(np.arange(n_raw), kept)
    quota = np.bincount(stratum[dropped], minlength=int(stratum.max(initial=0)) + 1)
    # A salt of its own, so that the draw has nothing to do with the order in which rows are trained.
    order = np.lexsort((hash_rows(np.arange(n_raw), seed, _SALT), stratum))
    first = np.searchsorted(stratum[order], np.arange(len(quota)))
    gone = order[np.arange(n_raw) - first[stratum[order]] < quota[stratum[order]]]
    return np.setdiff1d(np.arange(n_raw), gone)


def strata(labels: Sequence[str | None], lengths: np.ndarray) -> np.ndarray:
    """int64[n]: a number for each label and range of lengths; a range holds at least `FEWEST_ALIKE` rows of its label."""
    _, of_label = np.unique(np.array(["\0" if v is None else f"=v{v}" for v in labels], dtype=object).astype(str),
                            return_inverse=True)  # fmt: skip
    counts = np.bincount(of_label) if len(of_label) else np.zeros(0, np.int64)
    order = np.lexsort((np.arange(len(of_label)), lengths, of_label))
    start = np.concatenate([[0], np.cumsum(counts)])[of_label[order]]
    rank = np.empty(len(of_label), dtype=np.int64)
    rank[order] = np.arange(len(of_label)) - start
    ranges = np.clip(counts // FEWEST_ALIKE, 1, MOST_RANGES)[of_label] if len(counts) else of_label
    constant = np.ptp(lengths) == 0 if len(of_label) else True
    part = np.zeros_like(rank) if constant else rank * ranges // counts[of_label]
    _, out = np.unique(of_label * (MOST_RANGES + 1) + part, return_inverse=True)
    return np.asarray(out, dtype=np.int64)
