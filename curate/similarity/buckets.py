"""From band keys to verified edges: which pairs are compared, and how crowded buckets are kept linear.

Method. Rows that share a band key share a bucket (found by sorting each band). In a bucket of at most
`largest_bucket` rows every pair is compared by exact Jaccard, once: a pair that already met in an earlier band's
small bucket is passed over. In a larger bucket:

1. leaders that met in an earlier band are compared with each other; of two that match at the threshold the later one
steps back, and its followers are compared with the other one, or become unsettled again;
2. every unsettled row is compared with the bucket's leaders (at most `LEADERS`) and follows the first it matches at
the threshold: it is settled. The first row left becomes a leader, up to `LEADERS` new ones a bucket;
3. as soon as at most `largest_bucket` unsettled rows remain, every pair of them is compared;
4. what still remains is split again by each other band's key; sub-buckets small enough are compared in full, the
others by windows of `WINDOW` neighbours.

What that promises: every settled row has a verified edge to a leader, so it can go for a row it matches directly.
What it costs: edges between two settled rows of a crowded bucket are not looked for, because either can go for its
leader. Pairs of unsettled rows in buckets that step 4 cannot split are found only when they are window neighbours.
Leaders are the first rows; a keep policy that drops a leader for a row outside the bucket keeps its followers.
`Comparison` counts all of this, so that a run can state it.

Shapes: `members` are rows in bucket order, `starts` their buckets' bounds. Complexity: O(bands * rows *
(largest_bucket + LEADERS)) merges at worst, about 0.5 microseconds each for rows of 1 KB; far fewer in practice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.similarity.parallel import Progress, over_blocks
from curate.similarity.sets import SetTable, jaccard_at_least, score_pairs

LEADERS = 16
WINDOW = 4
_PAIRS_A_BLOCK = 200_000
_MAX_BANDS_FOR_BITS = 64
_ROW_BITS = 32  # rows and buckets of one band are below 2^32 and 2^31


@dataclass(frozen=True)
class Buckets:
    """Buckets of two rows or more of one band; bucket i is `members[starts[i]:starts[i + 1]]`, rows ascending."""

    members: NDArray[np.int64]
    starts: NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """Verified pairs (left < right, repeats possible) and what was done to find them."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    score: NDArray[np.float32]
    pairs_compared: int
    crowded_buckets: int
    settled_rows: int


def find_buckets(keys: NDArray[np.uint64], rows: NDArray[np.int64]) -> Buckets:
    """Buckets of one band: `keys` of all rows, of which `rows` (ascending) take part."""
    key = keys[rows]
    order = np.argsort(key)
    key = key[order]
    new = np.ones(len(key) + 1, np.bool_)
    new[1:-1] = key[1:] != key[:-1]
    first = np.flatnonzero(new)
    size = np.diff(first)
    shared = size > 1
    size = size[shared]
    starts = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    members = rows[order[np.repeat(shared, np.diff(first))]]
    # One sort puts the rows of each bucket in order: bucket number above, row below.
    packed = (np.repeat(np.arange(len(size)), size) << _ROW_BITS) | members
    packed.sort()
    return Buckets(packed & ((1 << _ROW_BITS) - 1), starts)


@njit(cache=True, nogil=True)
def _append(edges, scores, n, a, b, score):  # type: ignore[no-untyped-def]
    """Add one edge, growing both arrays by doubling; returns them."""
    if n == scores.size:
        more_edges = np.empty((2 * n, 2), np.int64)
        more_scores = np.empty(2 * n, np.float32)
        for i in range(n):  # a slice assignment would compile numba's string formatting for its error message
            more_edges[i, 0], more_edges[i, 1] = edges[i, 0], edges[i, 1]
            more_scores[i] = scores[i]
        edges, scores = more_edges, more_scores
    edges[n, 0], edges[n, 1] = min(a, b), max(a, b)
    scores[n] = score
    return edges, scores


@njit(cache=True, nogil=True)
def _compare(values, at, size, place, a, b, floor):  # type: ignore[no-untyped-def]
    i, j = place[a], place[b]
    return jaccard_at_least(values, at[i], size[i], at[j], size[j], floor)


@njit(cache=True, nogil=True)
def _small(values, at, size, place, keys, band, crowded, members, lo, hi, floor, edges, scores, n, done):  # type: ignore[no-untyped-def]
    """Every pair of `members[lo:hi]` that no earlier small bucket held."""
    for x in range(lo, hi):
        a = members[x]
        for y in range(x + 1, hi):
            b = members[y]
            met = False
            if crowded.size:
                for earlier in range(band):
                    if keys[earlier, a] == keys[earlier, b] and not (crowded[a] >> np.uint64(earlier)) & np.uint64(1):
                        met = True
                        break
            if met:
                continue
            done += 1
            score = _compare(values, at, size, place, a, b, floor)
            if score >= 0:
                edges, scores = _append(edges, scores, n, a, b, score)
                n += 1
    return edges, scores, n, done


@njit(cache=True, nogil=True)
def _against_leader(values, at, size, place, leader, rest, m, floor, threshold, leader_of, edges, scores, n):  # type: ignore[no-untyped-def]
    """Compare a leader with `rest[:m]`; it and those it settles leave `rest`. Returns the new m."""
    kept = np.int64(0)
    for x in range(m):
        b = rest[x]
        if b == leader:
            continue
        score = _compare(values, at, size, place, leader, b, floor)
        if score >= 0:
            edges, scores = _append(edges, scores, n, leader, b, score)
            n += 1
        if score >= threshold:
            leader_of[b] = leader
        else:
            rest[kept] = b
            kept += 1
    return edges, scores, n, kept


@njit(cache=True, nogil=True)
def _split(values, at, size, place, keys, band, rest, largest, floor, edges, scores, n, done):  # type: ignore[no-untyped-def]
    """Step 3: sub-buckets by every other band, windows where those are still too large."""
    key = np.empty(rest.size, np.uint64)
    none = np.empty(0, np.uint64)
    for other in range(keys.shape[0]):
        if other == band:
            continue
        for x in range(rest.size):
            key[x] = keys[other, rest[x]]
        order = np.argsort(key, kind="mergesort")
        lo = 0
        sub = rest[order]
        while lo < sub.size:
            hi = lo + 1
            while hi < sub.size and key[order[hi]] == key[order[lo]]:
                hi += 1
            if hi - lo <= largest:
                edges, scores, n, done = _small(
                    values, at, size, place, keys, np.int64(0), none, sub, lo, hi, floor, edges, scores, n, done
                )
            else:
                for x in range(lo, hi):
                    for y in range(x + 1, min(x + 1 + WINDOW, hi)):
                        done += 1
                        score = _compare(values, at, size, place, sub[x], sub[y], floor)
                        if score >= 0:
                            edges, scores = _append(edges, scores, n, sub[x], sub[y], score)
                            n += 1
            lo = hi
    return edges, scores, n, done


@njit(cache=True, nogil=True)
def _compare_buckets(  # type: ignore[no-untyped-def]
    values, at, size, place, keys, band, crowded, members, starts, lo, hi, largest, floor, threshold, leader_of, asking
):
    """All comparisons of buckets `lo..hi` of one band; a row is in one bucket of a band, so blocks never meet."""
    edges = np.empty((64, 2), np.int64)
    scores = np.empty(64, np.float32)
    # Typed zeros: literal ones would compile a second copy of everything they reach.
    zero = np.int64(0)
    n = np.int64(0)
    done = np.int64(0)
    none = np.empty(0, np.uint64)
    for k in range(lo, hi):
        begin, end = starts[k], starts[k + 1]
        if end - begin <= largest:
            edges, scores, n, done = _small(
                values, at, size, place, keys, band, crowded, members, begin, end, floor, edges, scores, n, done
            )
            continue
        old = np.empty(LEADERS, np.int64)
        n_old = np.int64(0)
        rest = np.empty(end - begin, np.int64)
        m = np.int64(0)
        for x in range(begin, end):
            row = members[x]
            if leader_of[row] == row:
                if n_old < LEADERS:
                    old[n_old] = row
                    n_old += 1
            elif leader_of[row] < 0 and asking[row]:
                rest[m] = row
                m += 1
        for x in range(n_old):
            for y in range(x + 1, n_old):
                done += 1
                score = _compare(values, at, size, place, old[x], old[y], floor)
                if score >= 0:
                    edges, scores = _append(edges, scores, n, old[x], old[y], score)
                    n += 1
                if score >= threshold and leader_of[old[y]] == old[y] and leader_of[old[x]] == old[x]:
                    leader_of[old[y]] = old[x]
        for x in range(n_old):
            if leader_of[old[x]] != old[x]:
                continue
            done += m
            edges, scores, n, m = _against_leader(
                values, at, size, place, old[x], rest, m, floor, threshold, leader_of, edges, scores, n
            )
        fresh = 0
        while m > largest and fresh < LEADERS:
            leader = rest[0]
            leader_of[leader] = leader
            fresh += 1
            done += m - 1
            edges, scores, n, m = _against_leader(
                values, at, size, place, leader, rest, m, floor, threshold, leader_of, edges, scores, n
            )
        if m <= largest:
            edges, scores, n, done = _small(
                values, at, size, place, keys, zero, none, rest, zero, m, floor, edges, scores, n, done
            )
        else:
            edges, scores, n, done = _split(
                values, at, size, place, keys, band, rest[:m], largest, floor, edges, scores, n, done
            )
    return edges[:n].copy(), scores[:n].copy(), done


def compare_buckets(
    keys: NDArray[np.uint64],
    buckets: list[Buckets],
    sets: SetTable,
    *,
    threshold: float,
    floor: float,
    largest_bucket: int,
    threads: int,
    progress: Progress,
) -> Comparison:
    """Exact Jaccard of the pairs that share a bucket, as the module describes; pairs below `floor` are not returned."""
    n_rows = keys.shape[1]
    leader_of = np.full(n_rows, -1, np.int64)
    asking = np.ones(n_rows, np.bool_)
    crowded = np.zeros(n_rows if len(buckets) <= _MAX_BANDS_FOR_BITS else 0, np.uint64)
    edges = [np.zeros((0, 2), np.int64)]
    scores = [np.zeros(0, np.float32)]
    compared = n_crowded = 0

    def one_band(band: int, found: Buckets) -> None:
        nonlocal compared
        sizes = np.diff(found.starts)
        cuts = _cuts(np.where(sizes > largest_bucket, LEADERS * sizes, sizes * (sizes - 1) // 2))
        results: dict[int, tuple[NDArray[np.int64], NDArray[np.float32], int]] = {}

        def work(lo: int, hi: int) -> None:
            results[lo] = _compare_buckets(
                *(sets.values, sets.at, sets.size, sets.place, keys, band, crowded, found.members, found.starts),
                *(cuts[lo], cuts[hi], largest_bucket, floor, np.float32(threshold), leader_of, asking),
            )

        over_blocks(len(cuts) - 1, 1, threads, work)
        for lo in sorted(results):
            edges.append(results[lo][0])
            scores.append(results[lo][1])
            compared += results[lo][2]

    def follow_up() -> NDArray[np.int64]:
        """Followers of leaders that stepped back try that leader's own leader; returns those it does not match."""
        nonlocal compared
        orphans: list[NDArray[np.int64]] = []
        while True:
            led = np.flatnonzero(leader_of >= 0)
            led = led[leader_of[leader_of[led]] != leader_of[led]]
            if len(led) == 0:
                return np.concatenate(orphans) if orphans else led
            onward = leader_of[leader_of[led]]
            score = score_pairs(sets, led, onward, floor, threads)
            compared += len(led)
            near = score >= 0
            edges.append(np.stack([np.minimum(led, onward), np.maximum(led, onward)], axis=1)[near])
            scores.append(score[near])
            matched = score >= np.float32(threshold)
            leader_of[led] = np.where(matched, onward, -1)
            orphans.append(led[~matched])

    orphans = [np.zeros(0, np.int64)]
    for band, found in enumerate(buckets):
        large = np.diff(found.starts) > largest_bucket
        n_crowded += int(large.sum())
        one_band(band, found)
        orphans.append(follow_up())
        if crowded.size:
            crowded[found.members[np.repeat(large, np.diff(found.starts))]] |= np.uint64(1 << band)
        progress(band + 1, len(buckets))
    lost = np.unique(np.concatenate(orphans))
    if (leader_of[lost] < 0).any():  # they may have lost their leader after the bucket of the next one went by
        asking[:] = False
        asking[lost] = True
        for band, found in enumerate(buckets):
            one_band(band, _only_crowded(found, largest_bucket))
            follow_up()
    joined = np.concatenate(edges)
    settled = int((leader_of >= 0).sum())
    return Comparison(joined[:, 0], joined[:, 1], np.concatenate(scores), compared, n_crowded, settled)


def _only_crowded(buckets: Buckets, largest_bucket: int) -> Buckets:
    sizes = np.diff(buckets.starts)
    large = sizes > largest_bucket
    starts = np.concatenate([[0], np.cumsum(sizes[large])]).astype(np.int64)
    return Buckets(buckets.members[np.repeat(large, sizes)], starts)


def _cuts(work: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bounds of runs of buckets with about `_PAIRS_A_BLOCK` comparisons each."""
    if len(work) == 0:
        return np.zeros(1, np.int64)
    block = np.cumsum(work) // _PAIRS_A_BLOCK
    return np.concatenate([[0], np.flatnonzero(np.diff(block)) + 1, [len(work)]]).astype(np.int64)
