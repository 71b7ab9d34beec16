"""All pairs of a sample at a Jaccard similarity or above, found without sketches: the measure of a run's recall.

Method: an exact set-similarity join by an inverted index (in the manner of Bayardo, Ma, Srikant 2007, AllPairs). The
shingles of the query rows are indexed; each other row looks its shingles up. A pair of similarity t shares at least
t * |row| shingles, so some of it lies among the row's rarest `hits - t * |row| + 1` hits, and only the postings of
those are read; what is left after comparing sizes is compared set by set. Nothing is estimated and no pair is lost.
Rows are read in the order given, in growing waves, until they end or `work` is spent: then the rows read are a prefix
of that order, so a random order makes them a random sample. The prefix depends on the data alone, not on threads.
Shapes: `found` pairs (query row, other row, float32). Units of `work`: about a nanosecond on one core.
Cost: about 200 MB/s a core on prose; memory 20 bytes a shingle of the queries and one wave of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.similarity import kernels
from curate.similarity.sets import SetTable
from curate.similarity.texts import Texts, buffers

_FIRST_WAVE, _LARGEST_WAVE, _ROWS_A_BLOCK = 64, 4096, 256
END = 32
"""Bytes at either end of a row by which it is chosen."""
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_S32 = np.uint64(32)


_Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], int]


def chosen_by_ends(strings: pa.LargeStringArray, share: float, seed: int, threads: int = 1) -> NDArray[np.bool_]:
    """About `share` of the rows: those whose first or last bytes hash low, so that edited copies are chosen together."""
    data, start, stop = buffers(strings)
    chosen = np.zeros(len(start), np.bool_)
    limit = np.uint64(min(share / 2, 1.0 - 2.0**-32) * 2.0**64)
    over_blocks(
        len(start),
        65_536,
        threads,
        lambda lo, hi: _chosen_by_ends(data, start, stop, lo, hi, np.uint64(seed), limit, chosen),
    )
    return chosen


@dataclass(frozen=True)
class Joined:
    """Pairs (query, other) at the threshold or above, each direction once, and how many rows were read."""

    query: NDArray[np.int64]
    other: NDArray[np.int64]
    score: NDArray[np.float32]
    rows_read: int


def join_sample(
    texts: Texts, queries: SetTable, rows: NDArray[np.int64], words: int, threshold: float, work: int, threads: int = 1
) -> Joined:
    """Every pair of a query and one of the `rows` read, itself left out; `queries.place` says which rows are queries."""
    query_rows = np.flatnonzero(queries.place >= 0)
    query_rows = query_rows[np.argsort(queries.place[query_rows])]
    index = _index(queries)
    found: list[_Found] = []
    read, spent, wave = 0, 0, _FIRST_WAVE
    while read < len(rows) and spent < work:
        taken = rows[read : read + wave]
        results: dict[int, _Found] = {}

        def scan(lo: int, hi: int, taken: NDArray[np.int64] = taken, results: dict[int, _Found] = results) -> None:
            results[lo] = _scan(
                *grams(texts, taken[lo:hi], words),
                *(taken[lo:hi], *index, queries.values, queries.at, queries.size, query_rows, np.float64(threshold)),
            )

        over_blocks(len(taken), _ROWS_A_BLOCK, threads, scan)
        found += [results[lo] for lo in sorted(results)]
        cost = sum(result[3] for result in results.values())
        spent += cost
        read += len(taken)
        affordable = int((work - spent) * len(taken) / max(1, cost))
        wave = max(1, min(4 * wave, _LARGEST_WAVE, affordable))
    empty = np.zeros(0, np.int64)
    return Joined(
        np.concatenate([empty, *(f[0] for f in found)]),
        np.concatenate([empty, *(f[1] for f in found)]),
        np.concatenate([np.zeros(0, np.float32), *(f[2] for f in found)]),
        read,
    )


def grams(
    texts: Texts, rows: NDArray[np.int64], words: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Shingles of some rows in reading order, repeats included: values, starts, sizes."""
    room = texts.stop[rows] - texts.start[rows] + 1
    at = np.cumsum(room) - room
    grams, size = np.empty(int(room.sum()), np.uint64), np.zeros(len(rows), np.int64)
    fold, token = texts.characters.fold, texts.characters.token
    kernels.gram_rows(
        texts.data, texts.extra, texts.start, texts.stop, rows, 0, len(rows), fold, token, words, at, grams, size
    )
    return grams, at, size


def _index(queries: SetTable) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Open addressing from shingle to number, bounds of each number's postings, and the postings (query numbers)."""
    total = int(queries.size.sum())
    size = 1 << max(4, int(2 * total).bit_length())
    keys, number = np.zeros(size, np.uint64), np.full(size, -1, np.int64)
    count = np.zeros(total, np.int64)
    found = _fill(queries.values, queries.at, queries.size, keys, number, count)
    begin = np.concatenate([[0], np.cumsum(count[:found])]).astype(np.int64)
    owners = np.empty(total, np.int64)
    _post(queries.values, queries.at, queries.size, keys, number, begin[:-1].copy(), owners)
    return keys, number, begin, owners


@njit(cache=True, nogil=True)
def _fill(values, at, size, keys, number, count):  # type: ignore[no-untyped-def]
    """Number every shingle and count its queries; returns how many shingles there are."""
    mask = np.uint64(keys.size - 1)
    n = np.int64(0)
    for i in range(size.size):
        for j in range(at[i], at[i] + size[i]):
            slot = (values[j] * _MIX >> _S32) & mask
            while number[slot] >= 0 and keys[slot] != values[j]:
                slot = (slot + np.uint64(1)) & mask
            if number[slot] < 0:
                keys[slot], number[slot] = values[j], n
                n += 1
            count[number[slot]] += 1
    return n


@njit(cache=True, nogil=True)
def _post(values, at, size, keys, number, place, owners):  # type: ignore[no-untyped-def]
    mask = np.uint64(keys.size - 1)
    for i in range(size.size):
        for j in range(at[i], at[i] + size[i]):
            slot = (values[j] * _MIX >> _S32) & mask
            while keys[slot] != values[j] or number[slot] < 0:
                slot = (slot + np.uint64(1)) & mask
            owners[place[number[slot]]] = i
            place[number[slot]] += 1


@njit(cache=True, nogil=True)
def _scan(grams, at, size, rows, keys, number, begin, owners, values, q_at, q_size, q_rows, threshold):  # type: ignore[no-untyped-def]
    """(query row, row, score) of every pair of `rows`, and the work it took."""
    mask = np.uint64(keys.size - 1)
    longest = 1
    for i in range(rows.size):
        longest = max(longest, size[i])
    hits = np.empty(longest, np.int64)
    own = np.empty(longest, np.uint64)
    stamp = np.full(q_size.size, -1, np.int64)
    out_q, out_r = np.empty(64, np.int64), np.empty(64, np.int64)
    out_s = np.empty(64, np.float32)
    n = np.int64(0)
    work = np.int64(0)
    for i in range(rows.size):
        m = np.int64(0)
        work += 8 * size[i]
        for j in range(at[i], at[i] + size[i]):
            slot = (grams[j] * _MIX >> _S32) & mask
            while number[slot] >= 0:
                if keys[slot] == grams[j]:
                    # Numbered by how common they are first, so that sorting puts the rarest in front.
                    which = number[slot]
                    hits[m] = ((begin[which + 1] - begin[which]) << 32) | which
                    m += 1
                    break
                slot = (slot + np.uint64(1)) & mask
        if m == 0:
            continue
        hits[:m].sort()
        h = np.int64(1)
        for j in range(1, m):
            if hits[j] != hits[h - 1]:
                hits[h] = hits[j]
                h += 1
        distinct = np.int64(0)
        if 2 * h >= size[i] * threshold or h > 64:  # likely enough that the whole set pays
            distinct = _distinct(grams, at[i], size[i], own)
            work += 30 * size[i]
            if h < threshold * distinct - 1e-6:
                continue
        need = np.int64(np.ceil(threshold * max(h, distinct) - 1e-6))
        for j in range(min(h, h - need + 1)):
            which = hits[j] & 0xFFFFFFFF
            work += 2 * (begin[which + 1] - begin[which])
            for p in range(begin[which], begin[which + 1]):
                q = owners[p]
                if stamp[q] == i:
                    continue
                stamp[q] = i
                if q_rows[q] == rows[i] or threshold * q_size[q] > h + 1e-6:
                    continue
                if distinct == 0:
                    distinct = _distinct(grams, at[i], size[i], own)
                    work += 30 * size[i]
                if threshold * max(distinct, q_size[q]) > min(distinct, q_size[q]) + 1e-6:
                    continue
                work += distinct + q_size[q]
                score = _jaccard(own, distinct, values, q_at[q], q_size[q])
                if score < np.float32(threshold):
                    continue
                if n == out_q.size:
                    out_q, out_r, out_s = _grown(out_q, out_r, out_s)
                out_q[n], out_r[n], out_s[n] = q_rows[q], rows[i], score
                n += 1
    return out_q[:n].copy(), out_r[:n].copy(), out_s[:n].copy(), work


@njit(cache=True, nogil=True)
def _chosen_by_ends(data, start, stop, lo, hi, seed, limit, chosen):  # type: ignore[no-untyped-def]
    for row in range(lo, hi):
        size = min(END, stop[row] - start[row])
        for side in range(2):
            begin = start[row] if side == 0 else stop[row] - size
            h = (seed + np.uint64(side)) * _MIX
            for i in range(begin, begin + size):
                h = (h ^ np.uint64(data[i])) * _MIX
                h ^= h >> _S32
            chosen[row] |= h * _MIX < limit


@njit(cache=True, nogil=True)
def _distinct(grams, at, size, out):  # type: ignore[no-untyped-def]
    """Sorted distinct shingles of one row in `out`; returns how many."""
    for j in range(size):
        out[j] = grams[at + j]
    out[:size].sort()
    n = min(size, 1)
    for j in range(1, size):
        if out[j] != out[n - 1]:
            out[n] = out[j]
            n += 1
    return n


@njit(cache=True, nogil=True)
def _jaccard(own, n, values, at, size):  # type: ignore[no-untyped-def]
    shared = 0
    i = 0
    j = at
    end = at + size
    while i < n and j < end:
        x, y = own[i], values[j]
        shared += x == y
        step_i, step_j = x <= y, y <= x
        i += step_i
        j += step_j
    return np.float32(shared / (n + size - shared))


@njit(cache=True, nogil=True)
def _grown(q, r, s):  # type: ignore[no-untyped-def]
    more_q, more_r = np.empty(2 * q.size, np.int64), np.empty(2 * q.size, np.int64)
    more_s = np.empty(2 * q.size, np.float32)
    for i in range(q.size):
        more_q[i], more_r[i], more_s[i] = q[i], r[i], s[i]
    return more_q, more_r, more_s
