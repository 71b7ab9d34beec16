"""Spans in bytes, and what happens where they overlap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.privacy.passes import clusters

Ints = npt.NDArray[np.int64]


@dataclass
class Found:
    """Spans in bytes: int64[n, 4] of row, start, end, kind; scores; quoted flags."""

    at: Ints
    score: npt.NDArray[np.float64]
    quoted: npt.NDArray[np.bool_]

    def take(self, index: Any) -> Found:
        return Found(self.at[index], self.score[index], self.quoted[index])

    def plus(self, other: Found) -> Found:
        return Found(
            np.concatenate([self.at, other.at]),
            np.concatenate([self.score, other.score]),
            np.concatenate([self.quoted, other.quoted]),
        )

    def sorted(self) -> Found:
        row, start = self.at[:, 0], self.at[:, 1]
        if ((row[1:] > row[:-1]) | ((row[1:] == row[:-1]) & (start[1:] > start[:-1]))).all():
            return self
        return self.take(np.lexsort((self.at[:, 3], self.at[:, 2], self.at[:, 1], self.at[:, 0])))


def resolve_overlaps(found: Found, priority: Sequence[int]) -> Found:
    """One span for each place: higher priority, then higher length, then the earlier start, then the lower type
    code."""
    found = found.sorted()
    at = found.at
    n = len(at)
    if n < 2:
        return found
    keep = np.ones(n, np.bool_)
    # Clusters of spans that touch through others; nearly all hold one span.
    cluster = clusters(at)
    sizes = np.bincount(cluster)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    pairs = bounds[:-1][sizes == 2]
    keep[np.where(_second_wins(found, pairs, np.asarray(priority)), pairs, pairs + 1)] = False
    for c in np.flatnonzero(sizes > 2).tolist():
        members = range(int(bounds[c]), int(bounds[c + 1]))
        order = sorted(
            members, key=lambda m: (-priority[at[m, 3]], -(at[m, 2] - at[m, 1]), at[m, 1], at[m, 3], -found.score[m])
        )
        begins: list[int] = []
        ends: list[int] = []
        for m in order:
            start, end = int(at[m, 1]), int(at[m, 2])
            place = bisect_right(begins, start)
            if (place and ends[place - 1] > start) or (place < len(begins) and begins[place] < end):
                keep[m] = False
            else:
                begins.insert(place, start)
                ends.insert(place, end)
    return found.take(keep)


def _second_wins(found: Found, first: Ints, priority: Ints) -> npt.NDArray[np.bool_]:
    """For pairs of spans that overlap, each given by its first: whether the second is the one that stays."""
    wins = np.zeros(len(first), np.bool_)
    open_ = np.ones(len(first), np.bool_)
    a, b = found.at[first], found.at[first + 1]
    for left, right in (
        (priority[a[:, 3]], priority[b[:, 3]]), (a[:, 2] - a[:, 1], b[:, 2] - b[:, 1]), (-a[:, 1], -b[:, 1]),
        (-a[:, 3], -b[:, 3]), (found.score[first], found.score[first + 1]),
    ):  # fmt: skip
        wins |= open_ & (right > left)
        open_ &= right == left
    return wins


def union(found: Found, priority: Sequence[int]) -> Found:
    """Merge overlapping spans into one that takes the type of highest priority (only a second pass needs it)."""
    found = found.sorted()
    cluster = clusters(found.at)
    sizes = np.bincount(cluster)
    if (sizes == 1).all():
        return found
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    keep = []
    for c in range(len(sizes)):
        members = range(int(bounds[c]), int(bounds[c + 1]))
        best = max(members, key=lambda m: (priority[found.at[m, 3]], -m))
        found.at[best, 1] = min(found.at[m, 1] for m in members)
        found.at[best, 2] = max(found.at[m, 2] for m in members)
        found.quoted[best] = any(found.quoted[m] for m in members)
        keep.append(best)
    return found.take(np.array(keep))
