"""Arms of an ablation, and the random control.

A curated set differs from the raw one in *which* rows it holds and in *how many*. Fewer rows alone change a result, so
each comparison needs an arm that lost as many rows of the same classes by chance: the random control, drawn anew for
each seed so that no single draw decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from train.examples import Examples
from train.order import hash_rows

RAW, CURATED, CONTROL, BASE = "raw", "curated", "random_control", "base"


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

    def draw(self, seed: int) -> Examples:
        """The training rows for one seed."""
        return self.examples(seed) if callable(self.examples) else self.examples


def random_control_rows(
    raw_labels: Sequence[str | None] | None, curated_rows: Sequence[int] | np.ndarray, n_raw: int, seed: int
) -> np.ndarray:
    """int64: positions of raw rows, in order, after removing at random as many rows of each raw label as curation did.

    `curated_rows` are the positions of the raw rows that curation kept; `raw_labels` (None for tasks without labels)
    are the labels of the raw rows before any relabelling. Rows that curation kept and rows that it dropped are as
    likely to go. Exact in size and, by raw label, in class mix.
    """
    kept = np.unique(np.asarray(curated_rows, dtype=np.int64))
    if len(kept) and (kept[0] < 0 or kept[-1] >= n_raw):
        raise ValueError(f"curated rows must lie in 0..{n_raw - 1}")
    labels = [None] * n_raw if raw_labels is None else list(raw_labels)
    if len(labels) != n_raw:
        raise ValueError(f"{len(labels)} labels for {n_raw} raw rows")
    dropped = np.setdiff1d(np.arange(n_raw), kept)
    quota = Counter(labels[i] for i in dropped.tolist())
    gone = np.zeros(n_raw, dtype=bool)
    # A salt of its own, so that the draw has nothing to do with the order in which rows are trained.
    for row in np.argsort(hash_rows(np.arange(n_raw), seed, 7_777_777), kind="stable").tolist():
        if quota[labels[row]] > 0:
            quota[labels[row]] -= 1
            gone[row] = True
    return np.flatnonzero(~gone)
