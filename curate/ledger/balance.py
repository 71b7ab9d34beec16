"""What is worked out anew in every plan: weights and sizes by group and label, over the rows that stay, as they are left.

Methods. *Reweighing* (Kamiran and Calders, 2012): a row of group g and label y weighs P(g) P(y) / P(g, y), so that group
and label are independent in the weighted data while every group and every label keeps its weight. *Equal groups*: each
group weighs the same in all, within it every row alike. *Resampling* (the same paper, uniform sampling): each cell (g, y)
is brought to the size n_g n_y / n by leaving rows out or by copying some.

Weights and sizes follow from the rows that survive the other stages and from the labels that the plan gives them, so the
findings of one detection serve every plan and every arm. Rows of group -1 take no part and count 1.

Shapes: int64 `(n,)` codes, float64 `(n,)` weights. Cost O(n). It looks at rules, not at stages: a stage that writes one
of `RULES` and gives the groups gets its numbers from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REWEIGHING, EQUAL_GROUPS = "reweighing", "equal_groups"
SURPLUS, COPY = "surplus", "copy"
RULES = (REWEIGHING, EQUAL_GROUPS, SURPLUS, COPY)


@dataclass(frozen=True)
class Cells:
    """Group and label of every row, for rules whose numbers depend on who else stays."""

    group: Ints
    """`(n,)`: -1 for rows that take no part (evaluation rows, rows without a group)."""
    label: Ints
    """`(n,)`: position in `names`, -1 without a label."""
    names: tuple[str, ...]
    """Labels by code, as a relabel would write them."""
    field: str
    """The label column: relabels of this field change a row's cell."""
    most: float = np.inf
    """No weight is larger than this, nor smaller than one over it."""
    weight: Floats | None = None
    """`(n,)` weights that the data came with; ones when left out."""

    def relabelled(self, rows: Sequence[int], names: Sequence[str]) -> Ints:
        """The labels after some rows were given others; a name not seen before is a class of its own."""
        label = self.label.copy()
        code = {name: i for i, name in enumerate(self.names)}
        for row, name in zip(rows, names):
            label[row] = code.setdefault(name, len(code))
        return label


def reweighing(group: Ints, label: Ints, weight: Floats | None = None, most: float = np.inf) -> Floats:
    """`(n,)` Kamiran-Calders weights times `weight`; rows with group or label -1 keep `weight`.

    Weighted counts where rows have weights. Raises ValueError where the weights of all rows sum to zero or one is
    negative: nothing can be balanced then.
    """
    given = _given(weight, len(group))
    out = given.copy()
    at = np.flatnonzero((group >= 0) & (label >= 0))
    if not len(at):
        return out
    g, y, w = group[at], label[at], given[at]
    total = _total(w)
    k = int(y.max()) + 1
    cell = g * k + y
    by_group, by_label = np.bincount(g, w), np.bincount(y, w)
    by_cell = np.bincount(cell, w)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = by_group[g] * by_label[y] / (total * by_cell[cell])
    out[at] = w * _bounded(np.where(by_cell[cell] > 0, ratio, 1.0), most)
    return out


def equal_groups(group: Ints, weight: Floats | None = None, most: float = np.inf) -> Floats:
    """`(n,)` weights that give every group the same weight in all, the mean staying 1; group -1 keeps `weight`."""
    given = _given(weight, len(group))
    out = given.copy()
    at = np.flatnonzero(group >= 0)
    if not len(at):
        return out
    g, w = group[at], given[at]
    total, by_group = _total(w), np.bincount(g, w)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = total / (np.count_nonzero(by_group) * by_group[g])
    out[at] = w * _bounded(np.where(by_group[g] > 0, ratio, 1.0), most)
    return out


def cell_targets(group: Ints, label: Ints) -> tuple[Ints, Ints]:
    """`(G, K)` rows of each cell, and the rows it has when group and label are independent (rounded)."""
    at = (group >= 0) & (label >= 0)
    g, y = group[at], label[at]
    if not len(g):
        return np.zeros((0, 0), np.int64), np.zeros((0, 0), np.int64)
    k = int(y.max()) + 1
    have = np.bincount(g * k + y, minlength=(int(g.max()) + 1) * k).reshape(-1, k)
    want = have.sum(axis=1, keepdims=True) * have.sum(axis=0, keepdims=True) / have.sum()
    return have, np.rint(want).astype(np.int64)


def within_surplus(group: Ints, label: Ints, stays: npt.NDArray[np.bool_], rows: Ints) -> npt.NDArray[np.bool_]:
    """Which of `rows` (proposed for leaving out, in order) still exceed the size of their cell among those that stay."""
    have, want = cell_targets(np.where(stays, group, -1), label)
    return _first(group, label, stays, rows, np.maximum(have - want, 0))


def within_shortfall(group: Ints, label: Ints, stays: npt.NDArray[np.bool_], rows: Ints) -> npt.NDArray[np.bool_]:
    """Which of `rows` (proposed for copying, in order, repeats allowed) their cell still lacks among those that stay."""
    have, want = cell_targets(np.where(stays, group, -1), label)
    return _first(group, label, stays, rows, np.maximum(want - have, 0))


def _first(group: Ints, label: Ints, stays: npt.NDArray[np.bool_], rows: Ints, room: Ints) -> npt.NDArray[np.bool_]:
    """The first so many of each cell, `room` `(G, K)` saying how many."""
    out = np.zeros(len(rows), bool)
    fits = stays[rows] & (group[rows] >= 0) & (label[rows] >= 0)
    at = np.flatnonzero(fits)
    if not len(at) or not room.size:
        return out
    cell = group[rows[at]] * room.shape[1] + label[rows[at]]
    order = np.argsort(cell, kind="stable")
    fresh = np.concatenate([[True], np.diff(cell[order]) != 0])
    start = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    nth = np.empty(len(order), np.int64)
    nth[order] = np.arange(len(order)) - start
    out[at] = nth < room.ravel()[cell]
    return out


def _given(weight: Floats | None, n: int) -> Floats:
    if weight is None:
        return np.ones(n)
    given = np.asarray(weight, np.float64)
    if len(given) != n:
        raise ValueError(f"{len(given)} weights for {n} rows")
    if not np.all(given >= 0):
        raise ValueError("a weight is negative or not a number")
    return given


def _total(weight: Floats) -> float:
    total = float(weight.sum())
    if total <= 0:
        raise ValueError("the weights of the rows sum to zero")
    return total


def _bounded(ratio: Floats, most: float) -> Floats:
    return np.clip(ratio, 1.0 / most, most)
