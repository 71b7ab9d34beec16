"""Exact shingle sets and their Jaccard similarity: the judge of every candidate pair.

Method: the sorted distinct 64-bit shingles of each row, intersected by a merge. Jaccard similarity is |A and B| /
|A or B|, as float32. Where shingles weigh differently (see `templates`), the lesser of that and weighted Jaccard: the
weight of what both hold over the weight of what either holds. A pair is exact up to collisions of 64-bit hashes (below
1e-12 for a row of 1,000 shingles).
Shapes: `SetTable` is a ragged table: set i is `values[at[i]:at[i] + size[i]]`. Units: shingles.
Cost: 8 bytes a shingle while the rows under comparison are held; a merge of 2 x 160 shingles takes about 0.3
microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.similarity import kernels
from curate.similarity.texts import Texts

_ROWS_A_BLOCK = 1024
_PAIRS_A_BLOCK = 65536


class SetSource(Protocol):
    """Whatever has the shingle sets of rows, or makes them when asked."""

    def sets_of(self, rows: NDArray[np.int64]) -> SetTable:
        """The sets of `rows`; set i, which is `place[i]`, belongs to `rows[i]`."""
        ...

    def room_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """At least the number of shingles in the set of each of `rows`."""
        ...


@dataclass(frozen=True)
class SetTable:
    """Shingle sets of some rows; `place[row]` is the set of that row, -1 where it has none.

    `weight`, aligned with `values`, is empty where all shingles weigh the same.
    """

    values: NDArray[np.uint64]
    at: NDArray[np.int64]
    size: NDArray[np.int64]
    place: NDArray[np.int64]
    weight: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def sets_of(self, rows: NDArray[np.int64]) -> SetTable:
        """The sets of `rows`, where they lie."""
        return replace(self, place=self.place[rows])

    def room_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of shingles in the set of each of `rows`."""
        return self.size[self.place[rows]]


@dataclass(frozen=True)
class TextSets:
    """Sets made from text each time they are asked for, so that memory holds only those under comparison."""

    texts: Texts
    count: NDArray[np.int64]
    """Shingles of every row, repeats included."""
    words: int

    def sets_of(self, rows: NDArray[np.int64]) -> SetTable:
        """The sets of `rows`, read again."""
        return build_sets(self.texts.take(rows), np.arange(len(rows)), self.count[rows], self.words)

    def room_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Shingles of each of `rows`, repeats included."""
        return self.count[rows]


def build_sets(
    texts: Texts, rows: NDArray[np.int64], count: NDArray[np.int64], words: int, threads: int = 1
) -> SetTable:
    """Sets of `rows`; `count` is the number of shingles of every row, repeats included."""
    room = count[rows]
    at = np.concatenate([[0], np.cumsum(room)[:-1]]).astype(np.int64) if len(rows) else np.zeros(0, np.int64)
    values = np.empty(int(room.sum()), np.uint64)
    size = np.zeros(len(rows), np.int64)
    fold, token = texts.characters.fold, texts.characters.token

    def work(lo: int, hi: int) -> None:
        kernels.set_rows(
            texts.data, texts.extra, texts.start, texts.stop, rows, lo, hi, fold, token, words, at, values, size
        )

    over_blocks(len(rows), _ROWS_A_BLOCK, threads, work)
    place = np.full(texts.n_rows, -1, np.int64)
    place[rows] = np.arange(len(rows))
    return SetTable(values, at, size, place)


@njit(cache=True, nogil=True)
def jaccard_at_least(values, i, n, j, m, floor):  # type: ignore[no-untyped-def]
    """Jaccard of `values[i:i+n]` and `values[j:j+m]`, or -1 as soon as it cannot reach `floor` any more."""
    if n == 0 or m == 0:
        return np.float32(-1.0)
    need = floor * (n + m) / (1.0 + floor) - 1e-6  # shared shingles that a similarity of `floor` takes
    shared = 0
    if min(n, m) < need:
        return np.float32(-1.0)
    end_i, end_j = i + n, j + m
    while i < end_i and j < end_j:
        x, y = values[i], values[j]
        shared += x == y
        step_i, step_j = x <= y, y <= x
        i += step_i
        j += step_j
        if shared + min(end_i - i, end_j - j) < need:
            return np.float32(-1.0)
    return np.float32(shared / (n + m - shared))


@njit(cache=True, nogil=True)
def weighted_jaccard(left, left_weight, i, n, right, right_weight, j, m):  # type: ignore[no-untyped-def]
    """(weighted Jaccard of `left[i:i+n]` and `right[j:j+m]`, agreement of what fills their slots: see `templates`).

    0 and 1 where neither holds anything.
    """
    end_i, end_j = i + n, j + m
    shared = either = 0.0
    own = own_i = own_j = common_i = common_j = 0
    while i < end_i or j < end_j:
        first = j == end_j or (i < end_i and left[i] <= right[j])
        second = i == end_i or (j < end_j and right[j] <= left[i])
        w = left_weight[i] if first else right_weight[j]
        either += w
        if first and second:
            shared += w
            own += w == 1
        elif first:
            own_i += w == 1
            common_i += w != 1
        else:
            own_j += w == 1
            common_j += w != 1
        i += first
        j += second
    apart = max(min(own_i, own_j), min(common_i, common_j))
    agree = own / (own + 2 * apart) if apart else 1.0
    return np.float32(shared / either) if either > 0 else np.float32(0.0), agree


@njit(cache=True, nogil=True)
def alike_at_least(values, weight, i, n, j, m, floor):  # type: ignore[no-untyped-def]
    """Jaccard, or weighted Jaccard where that is less; -1 where either, or what fills slots, does not reach `floor`."""
    score = jaccard_at_least(values, i, n, j, m, floor)
    if score >= 0 and weight.size:
        weighted, agree = weighted_jaccard(values, weight, i, n, values, weight, j, m)
        score = min(score, weighted)
        if score < np.float32(floor) or agree < floor - 1e-6:  # as rounded: 7 of 10 reach 0.7
            return np.float32(-1.0)
    return score


@njit(cache=True, nogil=True)
def _score_pairs(values, weight, at, size, place, left, right, lo, hi, floor, score):  # type: ignore[no-untyped-def]
    for k in range(lo, hi):
        i, j = place[left[k]], place[right[k]]
        score[k] = alike_at_least(values, weight, at[i], size[i], at[j], size[j], floor)


def score_pairs(
    sets: SetTable, left: NDArray[np.int64], right: NDArray[np.int64], floor: float, threads: int = 1
) -> NDArray[np.float32]:
    """Jaccard of each pair, or weighted Jaccard where that is less; -1 for pairs below `floor`."""
    score = np.empty(len(left), np.float32)

    def work(lo: int, hi: int) -> None:
        _score_pairs(sets.values, sets.weight, sets.at, sets.size, sets.place, left, right, lo, hi, floor, score)

    over_blocks(len(left), _PAIRS_A_BLOCK, threads, work)
    return score
