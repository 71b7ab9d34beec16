"""The order in which findings are put before a person.

`random` follows lots, and is what certified rates are made of. `score` shows what a detector is surest of first. `value`
shows first what a decision is expected to change most: the chance that a proposed change of the data is right, which is
its score, once a row, so that the second finding of a row waits. `mixed`, the default, takes turns between random and
value: the one certifies, the other cures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import xxhash

Order = Literal["mixed", "random", "score", "value"]
ORDERS: tuple[Order, ...] = ("mixed", "random", "score", "value")
SALT = b"curate review lots 1"

Ints = npt.NDArray[np.int64]


def lots(finding_ids: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    """uint64: the lot of each finding; the same in every run that finds it."""
    return np.fromiter((xxhash.xxh3_64_intdigest(SALT + i) for i in finding_ids), np.uint64, len(finding_ids))


def arranged(
    by: Order,
    waiting: npt.NDArray[np.bool_],
    drawn: npt.NDArray[np.uint64],
    score: npt.NDArray[np.float64],
    row: Ints,
    changes: npt.NDArray[np.bool_],
    decided: npt.NDArray[np.bool_],
) -> Ints:
    """Positions of findings in the order to be shown; arrays have one item a finding of the population.

    `waiting` are those that wait when nobody decides: worth asking about by value. In the order of lots all undecided ones
    are asked about.
    """
    open_ = np.flatnonzero(~decided)
    by_lot = open_[np.argsort(drawn[open_], kind="stable")]
    if by == "random":
        return by_lot
    guided = guides(waiting, score, row, changes)
    left = {name: order[waiting[order] & ~decided[order]] for name, order in guided.items()}
    return left[by] if by != "mixed" else _in_turns(by_lot, left["value"])


def guides(
    waiting: npt.NDArray[np.bool_], score: npt.NDArray[np.float64], row: Ints, changes: npt.NDArray[np.bool_]
) -> dict[str, Ints]:
    """The orders by value and by score of a whole population, what waits first; they know nothing of lots or decisions."""
    gain = np.where(changes, score, 0.0)
    best = np.lexsort((row, -gain, ~waiting))
    _, first = np.unique(row[best], return_index=True)
    again = np.ones(len(best), bool)
    again[first] = False
    by_value = best[np.lexsort((np.arange(len(best)), again, ~waiting[best]))]
    return {"value": by_value, "score": np.lexsort((row, -score, ~waiting))}


def _in_turns(a: Ints, b: Ints) -> Ints:
    """One of each, the first place of each kept."""
    out: list[int] = []
    n = min(len(a), len(b))
    out = np.stack([a[:n], b[:n]], axis=1).reshape(-1).tolist() + a[n:].tolist() + b[n:].tolist()
    return np.array(list(dict.fromkeys(out)), np.int64)
