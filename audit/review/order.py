"""The order in which findings are put before a person.

`random` follows lots, and is what certified rates are made of. `score` shows what a detector is surest of first. `value`
shows first what is expected to take most from the dataset's error rate per decision (`mended`), `gate` what is expected to
take most from the distance of red checks to their limits (`progress`). `mixed`, the default, takes turns between random and
value: the one certifies, the other cures.

Scores stand for the chance that a finding is right; findings of one row are taken for independent. Nothing that people said
moves `score` or `value`: a guided order that learnt from answers could not be told apart from one that chose the sample.
Cost: a sort of the findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xxhash

Order = Literal["mixed", "random", "score", "value"]
ORDERS: tuple[Order, ...] = ("mixed", "random", "score", "value")
SALT = b"curate review lots 1"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def lots(finding_ids: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    """uint64: the lot of each finding; the same in every run that finds it."""
    return np.fromiter((xxhash.xxh3_64_intdigest(SALT + i) for i in finding_ids), np.uint64, len(finding_ids))


def mended(waiting: Bools, chance: Floats, row: Ints, drops: Bools, mends: Bools) -> Floats:
    """float64[n]: how many rows a decision on each finding is expected to mend; 0 where deciding mends none.

    A row that k findings wait for is free of error once all that are right have been applied; one `drops` it whole. Asked
    about the first j of them (drops first, then by chance), with chances p, a person is expected to mend

        1 - (1 - drop) (1 + all - rest) rows, in j decisions,

    `drop` being the chance that a drop among the j is right, `all` that no edit of the row is, `rest` that none beyond the
    j is: for a single finding its chance. Each finding is worth the best mean per decision of the j that hold it, so a row
    whose two findings are both likely does not lose to one that is settled at once. `mends` are those that take an error
    out when accepted; others are worth nothing. Shapes: all n.
    """
    worth = np.zeros(len(row))
    at = np.flatnonzero(waiting & mends & (row >= 0))
    if not len(at):
        return worth
    chances = np.clip(chance[at].astype(np.float64), 0.0, 1 - 1e-9)
    order = np.lexsort((at, -chances, ~drops[at], row[at]))
    at, p = at[order], chances[order]
    start = np.flatnonzero(np.diff(row[at], prepend=-1))
    size = np.diff(start, append=len(at))
    levels = _levels(start, size)
    first = np.repeat(start, size)
    logs = np.log1p(-p)
    stays = np.exp(_summed(np.where(drops[at], logs, 0.0), levels))  # no drop among the first j is right
    so_far = _summed(np.where(drops[at], 0.0, logs), levels)
    whole = np.repeat(so_far[start + size - 1], size)
    gain = 1 - stays * (1 + np.exp(whole) - np.exp(whole - so_far))
    mean = gain / (np.arange(len(at)) - first + 1)
    for level in reversed(levels):  # the best mean from each place of its row on
        mean[level - 1] = np.maximum(mean[level - 1], mean[level])
    worth[at] = np.round(mean, 9)  # the last digits of a logarithm differ between processors, and would order what is equal
    return worth


def _levels(start: Ints, size: Ints) -> list[Ints]:
    """Where the second finding of each row stands that has one, then the third, and so on."""
    out, rank = [], 1
    while len(start := start[size > rank]):
        size = size[size > rank]
        out.append(start + rank)
        rank += 1
    return out


def _summed(values: Floats, levels: Sequence[Ints]) -> Floats:
    """Sums within rows, each made of its row alone: the difference of two sums over all rows is rounded by the others."""
    total = values.copy()
    for level in levels:
        total[level] += total[level - 1]
    return total


@dataclass(frozen=True)
class RedCheck:
    """A check of the gate beyond its limit, and what speaks against the data there."""

    distance: float
    """How far its judged value is beyond its limit, in its own unit."""
    findings: Ints
    """All findings that it counts; where it counts rows, each with all of its row."""
    falls: Floats
    """By how much its value falls once each finding's row (or the finding, where it counts findings) is settled."""
    by_row: bool
    """Whether a row counts until its last finding is settled."""


def progress(checks: Sequence[RedCheck], settles: Floats, row: Ints) -> Floats:
    """float64[n]: the share of the way of red checks to their limits that a decision on each finding is expected to go.

    `settles` is the chance that a decision takes a finding out of the count: 1 where either answer does, and the chance of
    a rejection for a flag. Of a row with k findings each gets the kth part of what settling all of them is expected to
    bring. A check that is nearer to its limit is worth more: the same decision goes a larger part of its way.
    """
    out = np.zeros(len(row))
    for check in checks:
        at = check.findings
        if not len(at):
            continue
        chance = settles[at]
        if check.by_row:
            _, which, k = np.unique(row[at], return_inverse=True, return_counts=True)
            all_of_row = np.ones(len(k))
            np.multiply.at(all_of_row, which, chance)
            chance = all_of_row[which] / k[which]
        out[at] += np.minimum(1.0, chance * check.falls / max(check.distance, 1e-12))
    return out


def arranged(
    by: Order, waiting: Bools, drawn: npt.NDArray[np.uint64], score: Floats, row: Ints, worth: Floats, decided: Bools
) -> Ints:
    """Positions of findings in the order to be shown; arrays have one item a finding of the population.

    `waiting` are those that wait when nobody decides: worth asking about by value (`worth`: see `mended`). In the order of
    lots all undecided ones are asked about.
    """
    open_ = np.flatnonzero(~decided)
    by_lot = open_[np.argsort(drawn[open_], kind="stable")]
    if by == "random":
        return by_lot
    guided = guides(waiting, score, row, worth)
    left = {name: order[waiting[order] & ~decided[order]] for name, order in guided.items()}
    return left[by] if by != "mixed" else _in_turns(by_lot, left["value"])


def guides(waiting: Bools, score: Floats, row: Ints, worth: Floats) -> dict[str, Ints]:
    """The orders by value and by score of a population, what waits first; they know nothing of lots or decisions, and
    the order of a part of the findings is that of the whole without the others."""
    return {"value": np.lexsort((row, -worth, ~waiting)), "score": np.lexsort((row, -score, ~waiting))}


def _in_turns(a: Ints, b: Ints) -> Ints:
    """One of each, the first place of each kept."""
    out: list[int] = []
    n = min(len(a), len(b))
    out = np.stack([a[:n], b[:n]], axis=1).reshape(-1).tolist() + a[n:].tolist() + b[n:].tolist()
    return np.array(list(dict.fromkeys(out)), np.int64)
