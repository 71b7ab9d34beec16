"""Which rows to leave out and which to copy so that group and label become independent.

Method: uniform sampling (Kamiran and Calders, 2012, section 5.2): a cell of group and label that holds n_gy rows is
brought to n_g n_y / n. Which rows go or are copied is drawn by hash of the row's id, so it depends on nothing else and
the same rows go in every run. Rows are copied as often as it takes, each once before any twice.

Shapes: int64 `(n,)` codes in, row numbers out. Cost O(n log n). Copies add no information: weights do the same without
making duplicates, and are the better choice wherever the trainer reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.ledger.balance import cell_targets

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Proposal:
    """Rows in the order in which they go or are copied."""

    surplus: Ints
    """Rows to leave out."""
    copies: Ints
    """Rows to copy; a row stands as often as it is copied."""
    nth: Ints
    """For each copy its number among those of the same row, from 1."""


def proposal(group: Ints, label: Ints, order: npt.NDArray[np.uint64]) -> Proposal:
    """What brings every cell to its size; `order` `(n,)` gives the draw, the smallest first."""
    have, want = cell_targets(group, label)
    surplus: list[Ints] = []
    copies: list[Ints] = []
    nth: list[Ints] = []
    at = np.flatnonzero((group >= 0) & (label >= 0))
    if not len(at):
        return Proposal(*(np.empty(0, np.int64) for _ in range(3)))
    cell = group[at] * have.shape[1] + label[at]
    cells = np.split(at[np.lexsort((order[at], cell))], np.cumsum(have.ravel())[:-1])
    for rows, wanted in zip(cells, want.ravel().tolist(), strict=True):
        if not len(rows):
            continue
        change = wanted - len(rows)
        if change < 0:
            surplus.append(rows[:-change])
        elif change > 0:
            copies.append(np.resize(rows, change))
            nth.append(np.arange(change) // len(rows) + 1)
    empty = np.empty(0, np.int64)
    return Proposal(np.concatenate([empty, *surplus]), np.concatenate([empty, *copies]), np.concatenate([empty, *nth]))
