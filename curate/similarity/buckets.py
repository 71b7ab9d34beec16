"""From band keys to verified edges: which pairs are compared, and how crowded buckets are kept linear.

Method. Rows that share a band key share a bucket (found by sorting each band). In a bucket of at most
`largest_bucket` rows every pair is compared by exact Jaccard, once: a pair that already met in an earlier band's
small bucket is passed over. A larger bucket is handled group by group (rows of one group may stand in for each other,
rows of two may not):

1. leaders that met in an earlier band are compared with each other; of two that match at the threshold the later one
steps back, and its followers are compared with the other one, or become unsettled again;
2. every unsettled row, in order, is compared with the group's leaders in this bucket and follows the first that it
matches at the threshold: it is settled. One that matches none becomes a leader, up to `LEADERS` new ones;
3. pairs of the rows that are still unsettled are all compared where they are at most `largest_bucket`;
4. where they are more, they are split again by each other band's key; sub-buckets small enough are compared in full,
the others by windows of `WINDOW` neighbours;
5. rows of every group are compared with representatives of the others (leaders first, `REPRESENTATIVES` in all, in the
order of the groups), so that copies across splits and labels are seen too.

What that promises: every settled row has a verified edge to a leader of its group, so it can go for a row that it
matches directly. What it costs: edges between two settled rows of a crowded bucket are not looked for, because either
can go for its leader. Pairs of unsettled rows in buckets that step 4 cannot split are found only when they are window
neighbours. Leaders are the first rows; a keep policy that drops a leader for a row outside the bucket keeps its
followers. `Comparison` counts all of this, so that a run can state it.

Shapes: `members` are rows in bucket order, `starts` their buckets' bounds. Complexity: O(bands * rows *
(largest_bucket + LEADERS)) merges at worst, about 0.5 microseconds each for rows of 1 KB; far fewer in practice.
Memory: sets of the rows under comparison, `SETS_AT_ONCE` shingles a thread, when `sets` makes them from text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.parallel import Progress, over_blocks
from curate.similarity.sets import SetSource, alike_at_least, score_pairs

LEADERS = 16
WINDOW = 4
REPRESENTATIVES = 64
SETS_AT_ONCE = 4_000_000
"""Shingles of the sets that are held at once, for each thread: 32 MB."""
_PAIRS_A_BLOCK = 200_000
_MAX_BANDS_FOR_BITS = 64
_ROW_BITS = 32  # rows are below 2^32
_UPPER = 1 if sys.byteorder == "little" else 0  # half of a 64-bit integer

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Found = tuple[Ints, Ints, Floats, int]
"""Pairs at the floor or above, their similarity, and how many pairs were compared."""


@dataclass(frozen=True)
class Buckets:
    """Buckets of two rows or more of one band; bucket i is `members[starts[i]:starts[i + 1]]`, rows ascending."""

    members: Ints
    starts: Ints


@dataclass(frozen=True)
class Comparison:
    """Verified pairs (left < right, repeats possible) and what was done to find them."""

    left: Ints
    right: Ints
    score: Floats
    pairs_compared: int
    crowded_buckets: int
    settled_rows: int
    crowd: Ints
    """Rows of crowded buckets, ascending."""


def find_buckets(keys: NDArray[np.uint32], rows: Ints) -> Buckets:
    """Buckets of one band: `keys` of all rows, of which `rows` (ascending) take part."""
    packed = keys[rows].astype(np.uint64)
    packed <<= np.uint64(_ROW_BITS)
    np.bitwise_or(packed, rows, out=packed, dtype=np.uint64, casting="unsafe")
    packed.sort()  # one sort puts the rows of each bucket in order: key above, row below
    key = packed.view(np.uint32)[_UPPER::2]
    again = np.zeros(len(key) + 1, np.bool_)
    np.equal(key[1:], key[:-1], out=again[1:-1])
    del key
    shared = again[1:] | again[:-1]
    starts = np.flatnonzero(~again[:-1][shared])
    members = (packed[shared] & np.uint64((1 << _ROW_BITS) - 1)).astype(np.int64)
    return Buckets(members, np.append(starts, len(members)).astype(np.int64))


def verified(sets: SetSource, left: Ints, right: Ints, floor: float) -> Found:
    """Those of some pairs that reach the floor, smaller row first."""
    kept: list[tuple[Ints, Ints, Floats]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))]
    for lo in range(0, len(left), _PAIRS_A_BLOCK):
        a, b = left[lo : lo + _PAIRS_A_BLOCK], right[lo : lo + _PAIRS_A_BLOCK]
        rows, place = np.unique(np.concatenate([a, b]), return_inverse=True)
        score = score_pairs(sets.sets_of(rows), place[: len(a)], place[len(a) :], floor)
        near = score >= 0
        kept.append((np.minimum(a, b)[near], np.maximum(a, b)[near], score[near]))
    a, b, score = (np.concatenate(part) for part in zip(*kept, strict=True))
    return a, b, score, len(left)


@njit(cache=True, nogil=True)
def _append(pairs, n, a, b):  # type: ignore[no-untyped-def]
    """Add one pair, growing the array by doubling; returns it."""
    if n == len(pairs):
        more = np.empty((2 * n, 2), np.int64)
        for i in range(n):  # a slice assignment would compile numba's string formatting for its error message
            more[i, 0], more[i, 1] = pairs[i, 0], pairs[i, 1]
        pairs = more
    pairs[n, 0], pairs[n, 1] = a, b
    return pairs


@njit(cache=True, nogil=True)
def _pairs_of_buckets(keys, band, crowded, members, starts, lo, hi, largest):  # type: ignore[no-untyped-def]
    """Every pair of the small ones of buckets `lo..hi` that no earlier small bucket held."""
    pairs = np.empty((64, 2), np.int64)
    n = 0
    for k in range(lo, hi):
        begin, end = starts[k], starts[k + 1]
        if end - begin > largest:
            continue
        for x in range(begin, end):
            a = members[x]
            for y in range(x + 1, end):
                b = members[y]
                met = False
                if crowded.size:
                    for earlier in range(band):
                        if keys[earlier, a] == keys[earlier, b] and not (crowded[a] >> np.uint64(earlier)) & np.uint64(1):
                            met = True
                            break
                if not met:
                    pairs = _append(pairs, n, a, b)
                    n += 1
    return pairs[:n]


@njit(cache=True, nogil=True)
def _pairs_of_parts(rows, starts, lo, hi, largest):  # type: ignore[no-untyped-def]
    """Every pair of parts `lo..hi` of at most `largest` rows; of larger parts, those of `WINDOW` neighbours."""
    pairs = np.empty((64, 2), np.int64)
    n = 0
    for k in range(lo, hi):
        begin, end = starts[k], starts[k + 1]
        for x in range(begin, end):
            for y in range(x + 1, end if end - begin <= largest else min(x + 1 + WINDOW, end)):
                pairs = _append(pairs, n, rows[x], rows[y])
                n += 1
    return pairs[:n]


@njit(cache=True, nogil=True)
def _follow(values, weight, at, size, n_leaders, most, floor, threshold, follows, pairs, scores):  # type: ignore[no-untyped-def]
    """Compare sets `n_leaders..` with the leaders in front of them; `follows[i]`: its leader, itself (a new leader) or -1.

    Leaders are sets `0..n_leaders`, and the sets that become one, up to `most` of those. Returns (edges, comparisons).
    """
    leaders = np.empty(n_leaders + most, np.int64)
    for x in range(n_leaders):
        leaders[x] = x
    m = n_leaders
    n = done = 0
    for i in range(n_leaders, at.size):
        follows[i] = -1
        for x in range(m):
            j = leaders[x]
            done += 1
            score = alike_at_least(values, weight, at[j], size[j], at[i], size[i], floor)
            if score >= 0:
                pairs[n, 0], pairs[n, 1], scores[n] = j, i, score
                n += 1
            if score >= threshold:
                follows[i] = j
                break
        if follows[i] < 0 and m < leaders.size:
            leaders[m] = i
            m += 1
            follows[i] = i
    return n, done


class _Crowd:
    """The procedure for one crowded bucket; the state of rows is shared by all, and no two buckets of a band share rows."""

    def __init__(
        self, keys: NDArray[np.uint32], sets: SetSource, leader_of: Ints, floor: float, threshold: float, largest: int
    ) -> None:
        self.keys, self.sets, self.leader_of, self.largest = keys, sets, leader_of, largest
        self.floor, self.threshold = floor, np.float32(threshold)

    def compare(self, band: int, members: Ints, group: Ints | None, asking: NDArray[np.bool_]) -> list[Found]:
        """All of it, for one bucket."""
        if group is None:
            return self.settle(band, members, asking)
        order = np.argsort(group[members], kind="stable")
        members = members[order]
        cuts = np.flatnonzero(np.diff(group[members])) + 1
        parts = np.split(members, cuts)
        found: list[Found] = []
        for part in parts:
            if len(part) > self.largest:
                found += self.settle(band, part, asking)
            elif len(part) > 1:
                found.append(verified(self.sets, *_all_pairs(part), self.floor))
        share = max(1, min(LEADERS, REPRESENTATIVES // len(parts)))
        chosen = np.concatenate([p[np.argsort(self.leader_of[p] != p, kind="stable")][:share] for p in parts])
        chosen = chosen[:REPRESENTATIVES]
        for part in parts:
            others = chosen[group[chosen] != group[part[0]]]
            if len(others):
                for chunk in _chunks(part[asking[part]], self.sets):
                    pairs = np.repeat(chunk, len(others)), np.tile(others, len(chunk))
                    found.append(verified(self.sets, *pairs, self.floor))
        return found

    def settle(self, band: int, members: Ints, asking: NDArray[np.bool_]) -> list[Found]:
        """Steps 1 to 4 on rows of one group."""
        leader_of = self.leader_of
        old = members[leader_of[members] == members][:LEADERS]
        rest = members[(leader_of[members] < 0) & asking[members]]
        found = [verified(self.sets, *_all_pairs(old), self.floor)]
        a, b, score, _ = found[0]
        order = np.lexsort((b, a))
        for x, y, s in zip(a[order].tolist(), b[order].tolist(), score[order].tolist(), strict=True):
            if s >= self.threshold and leader_of[x] == x and leader_of[y] == y:
                leader_of[y] = x
        leaders = old[leader_of[old] == old]
        n_old = len(leaders)
        alone = []
        for chunk in _chunks(rest, self.sets):
            rows = np.concatenate([leaders, chunk])
            table = self.sets.sets_of(rows)
            most = LEADERS - (len(leaders) - n_old)
            follows = np.full(len(rows), -1, np.int64)
            room = len(chunk) * (len(leaders) + most)
            pairs, scores = np.empty((room, 2), np.int64), np.empty(room, np.float32)
            n, done = _follow(
                *(table.values, table.weight, table.at[table.place], table.size[table.place], len(leaders), most),
                *(self.floor, self.threshold, follows, pairs, scores),
            )
            one, two = rows[pairs[:n, 0]], rows[pairs[:n, 1]]
            found.append((np.minimum(one, two), np.maximum(one, two), scores[:n].copy(), done))
            mine = follows[len(leaders) :]
            leader_of[chunk[mine >= 0]] = rows[mine[mine >= 0]]
            alone.append(chunk[mine < 0])
            leaders = np.concatenate([leaders, chunk[leader_of[chunk] == chunk]])
        unsettled = np.concatenate(alone) if alone else rest
        if len(unsettled) <= self.largest:
            found.append(verified(self.sets, *_all_pairs(unsettled), self.floor))
        else:
            for other in range(len(self.keys)):
                if other != band:
                    found += self.split(self.keys[other, unsettled], unsettled)
        return found

    def split(self, key: NDArray[np.uint32], rows: Ints) -> list[Found]:
        """Step 4 for one other band."""
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order].astype(np.int64), prepend=-1))
        starts = np.append(starts, len(rows))
        sizes = np.diff(starts)
        work = np.where(sizes <= self.largest, sizes * (sizes - 1) // 2, WINDOW * sizes)
        cuts = _cuts(work, np.add.reduceat(self.sets.room_of(rows[order]), starts[:-1]))
        found = []
        for lo, hi in pairwise(cuts.tolist()):
            pairs = _pairs_of_parts(rows[order], starts, lo, hi, self.largest)
            found.append(verified(self.sets, pairs[:, 0], pairs[:, 1], self.floor))
        return found


def compare_buckets(
    keys: NDArray[np.uint32],
    buckets: Sequence[Buckets],
    sets: SetSource,
    *,
    threshold: float,
    floor: float,
    largest_bucket: int,
    threads: int,
    progress: Progress,
    group: Ints | None = None,
) -> Comparison:
    """Exact Jaccard of the pairs that share a bucket, as the module describes; pairs below `floor` are not returned.

    `group` says which rows may stand in for each other: those of one number. Left out, all may.
    """
    n_rows = keys.shape[1]
    leader_of = np.full(n_rows, -1, np.int64)
    asking = np.ones(n_rows, np.bool_)
    crowded = np.zeros(n_rows if len(buckets) <= _MAX_BANDS_FOR_BITS else 0, np.uint64)
    crowd = _Crowd(keys, sets, leader_of, floor, threshold, largest_bucket)
    found: list[Found] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), 0)]
    n_crowded = 0
    in_crowd = [np.zeros(0, np.int64)]

    def in_order(n: int, work: Callable[[int], list[Found]]) -> None:
        """`work(i)` for each i, on all threads; results in order."""
        results: dict[int, list[Found]] = {}

        def one(lo: int, hi: int) -> None:
            results[lo] = work(lo)

        over_blocks(n, 1, threads, one)
        for i in range(n):
            found.extend(results[i])

    def small(band: int, those: Buckets) -> None:
        sizes = np.diff(those.starts)
        room = np.add.reduceat(sets.room_of(those.members), those.starts[:-1]) if len(sizes) else sizes
        cuts = _cuts(sizes * (sizes - 1) // 2 * (sizes <= largest_bucket), room * (sizes <= largest_bucket))

        def work(i: int) -> list[Found]:
            pairs = _pairs_of_buckets(
                keys, band, crowded, those.members, those.starts, cuts[i], cuts[i + 1], largest_bucket
            )
            return [verified(sets, pairs[:, 0], pairs[:, 1], floor)]

        in_order(len(cuts) - 1, work)

    def large(band: int, those: Buckets) -> None:
        which = np.flatnonzero(np.diff(those.starts) > largest_bucket)

        def work(i: int) -> list[Found]:
            k = which[i]
            return crowd.compare(band, those.members[those.starts[k] : those.starts[k + 1]], group, asking)

        in_order(len(which), work)

    def follow_up() -> Ints:
        """Followers of leaders that stepped back try that leader's own leader; returns those it does not match."""
        orphans: list[Ints] = []
        while True:
            led = np.flatnonzero(leader_of >= 0)
            led = led[leader_of[leader_of[led]] != leader_of[led]]
            if len(led) == 0:
                return np.concatenate(orphans) if orphans else led
            onward = leader_of[leader_of[led]]
            a, b, score, done = verified(sets, led, onward, floor)
            found.append((a, b, score, done))
            strong = score >= np.float32(threshold)
            pair = np.minimum(led, onward) << _ROW_BITS | np.maximum(led, onward)
            matched = np.isin(pair, a[strong] << _ROW_BITS | b[strong])
            leader_of[led] = np.where(matched, onward, -1)
            orphans.append(led[~matched])

    orphans = [np.zeros(0, np.int64)]
    for band, those in enumerate(buckets):
        crowds = np.diff(those.starts) > largest_bucket
        n_crowded += int(crowds.sum())
        small(band, those)
        if crowds.any():
            large(band, those)
            orphans.append(follow_up())
            in_crowd.append(those.members[np.repeat(crowds, np.diff(those.starts))])
            if crowded.size:
                crowded[in_crowd[-1]] |= np.uint64(1 << band)
        progress(band + 1, len(buckets))
    lost = np.unique(np.concatenate(orphans))
    if (leader_of[lost] < 0).any():  # they may have lost their leader after the bucket of the next one went by
        asking[:] = False
        asking[lost] = True
        for band, those in enumerate(buckets):
            large(band, _crowded_with(asking & (leader_of < 0), those, largest_bucket))
            follow_up()
    left, right, score = (np.concatenate([f[i] for f in found]) for i in range(3))
    settled = int((leader_of >= 0).sum())
    return Comparison(left, right, score, sum(f[3] for f in found), n_crowded, settled, np.unique(np.concatenate(in_crowd)))


def _all_pairs(rows: Ints) -> tuple[Ints, Ints]:
    i, j = np.triu_indices(len(rows), 1)
    return rows[i], rows[j]


def _chunks(rows: Ints, sets: SetSource) -> list[Ints]:
    """Rows in order, in runs of about `SETS_AT_ONCE` shingles and of at most `_PAIRS_A_BLOCK / LEADERS` rows."""
    if len(rows) == 0:
        return []
    run = np.cumsum(sets.room_of(rows)) // SETS_AT_ONCE + np.arange(len(rows)) // (_PAIRS_A_BLOCK // LEADERS)
    return np.split(rows, np.flatnonzero(np.diff(run)) + 1)


def _crowded_with(wanted: NDArray[np.bool_], buckets: Buckets, largest_bucket: int) -> Buckets:
    """The crowded buckets that hold a wanted row: the others have nothing to ask, wherever they are compared."""
    sizes = np.diff(buckets.starts)
    large = sizes > largest_bucket
    if large.any():
        large &= np.logical_or.reduceat(wanted[buckets.members], buckets.starts[:-1])
    starts = np.concatenate([[0], np.cumsum(sizes[large])]).astype(np.int64)
    return Buckets(buckets.members[np.repeat(large, sizes)], starts)


def _cuts(work: Ints, room: Ints) -> Ints:
    """Bounds of runs of buckets with about `_PAIRS_A_BLOCK` comparisons and `SETS_AT_ONCE` shingles at most."""
    if len(work) == 0:
        return np.zeros(1, np.int64)
    block = np.cumsum(work) // _PAIRS_A_BLOCK + np.cumsum(room) // SETS_AT_ONCE
    return np.concatenate([[0], np.flatnonzero(np.diff(block)) + 1, [len(work)]]).astype(np.int64)
