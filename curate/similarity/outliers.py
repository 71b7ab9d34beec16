"""Rows that do not belong: texts whose words the others do not use, and that are like none of them.

Method: two measures, both over the words of a row (CJK and Thai by characters, folded as for near-duplicates). *Novelty* is
the mean over a row's distinct words of -log(share of rows that hold the word). *Isolation* is one minus the mean cosine of
its TF-IDF vector with the `NEAREST` most similar of up to `REFERENCES` rows drawn at random, rows of its own cluster of
near-duplicates left out. Each is put on a robust scale (distance above the median, in units of 1.4826 times the median
distance of the rows above it), and their mean is the row's *oddness*: 0 is ordinary, few rows of ordinary data reach 2.5.
Measured and thrown away: distances between SVD vectors, which project away just what is new in an odd row (average
precision 0.05 where words reach 0.99, benchmarks/LOG.md).

Shapes: n texts, n cluster numbers; `Oddness` float32 (n), NaN for a row without words. Complexity: O(bytes) twice, and for
each row the postings of its words among the references. Memory: 64 MB of word counts, and one block of rows a thread.
Deterministic for a seed, at any number of threads. It does not know topics: rows of another source that use the same words
(arithmetic among instructions) are not found, and in data of many topics every rare topic looks a little odd.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress, over_blocks
from curate.similarity.samplejoin import grams
from curate.similarity.texts import Texts, as_large_strings, for_shingles

REFERENCES, NEAREST = 1000, 5
FEWEST_ROWS = 100
"""Below, nothing is ordinary enough to be odd against."""
_SLOTS = 1 << 24
_ROWS_A_BLOCK = 2048

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Oddness:
    """How odd each row is; all float32 (row), NaN where a row has no words."""

    oddness: Floats
    """Mean of the two below, on their robust scales."""
    novelty: Floats
    isolation: Floats


def odd_rows(
    texts: pa.Array | pa.ChunkedArray,
    cluster: Ints | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Oddness:
    """Judge every row against all of them; ValueError for fewer than `FEWEST_ROWS` distinct rows with words."""
    strings = as_large_strings(texts)
    n = len(strings)
    read = for_shingles(strings, threads)
    cluster = np.arange(n) if cluster is None else np.asarray(cluster, np.int64)
    counts, size = _counted(read, threads, lambda done, _: progress(done, 2 * n))
    worded = np.flatnonzero(size > 0)
    firsts = worded[np.unique(cluster[worded], return_index=True)[1]]
    if len(firsts) < FEWEST_ROWS:
        raise ValueError(f"{len(firsts)} distinct rows with words; at least {FEWEST_ROWS} are needed")
    chosen = np.sort(np.random.default_rng(seed).permutation(firsts)[:REFERENCES])
    index = _index(read, chosen, counts, len(worded))
    novelty, isolation = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)

    def judge(lo: int, hi: int) -> None:
        values, at, many = grams(read, np.arange(lo, hi), 1)
        _judge(
            values, at, many, counts, np.float64(len(worded)), *index, cluster[chosen], cluster[lo:hi], len(chosen),
            novelty[lo:hi], isolation[lo:hi],
        )  # fmt: skip

    over_blocks(n, _ROWS_A_BLOCK, threads, judge, lambda done, _: progress(n + done, 2 * n))
    odd = (_robust(novelty, firsts) + _robust(isolation, firsts)) / np.float32(2)
    return Oddness(odd, novelty, isolation)


def _counted(read: Texts, threads: int, progress: Progress) -> tuple[NDArray[np.int32], Ints]:
    """Rows that hold each word (by the low bits of its hash), and words of each row."""
    counts, size = np.zeros(_SLOTS, np.int32), np.zeros(read.n_rows, np.int64)
    lock = threading.Lock()

    def count(lo: int, hi: int) -> None:
        values, at, many = grams(read, np.arange(lo, hi), 1)
        size[lo:hi] = many
        slots = _distinct_slots(values, at, many)
        with lock:  # sums do not depend on the order of blocks
            _add(counts, slots)

    over_blocks(read.n_rows, _ROWS_A_BLOCK, threads, count, progress)
    return counts, size


def _index(
    read: Texts, chosen: Ints, counts: NDArray[np.int32], n: int
) -> tuple[NDArray[np.int64], Ints, NDArray[np.int32], Floats]:
    """Words of the references, ascending, and their postings: bounds, reference, weight."""
    values, at, many = grams(read, chosen, 1)
    slot, row, weight = _weights(values, at, many, counts, np.float64(n))
    order = np.argsort(slot, kind="stable")
    words, begin = np.unique(slot[order], return_index=True)
    return words, np.append(begin, len(order)).astype(np.int64), row[order], weight[order]


def _robust(x: Floats, rows: Ints) -> Floats:
    """`x` as a distance above the median of some rows, in units of what rows above it usually have."""
    known = x[rows]
    middle = np.median(known)
    above = known[known > middle] - middle
    spread = 1.4826 * np.median(above) if len(above) else 0.0
    return np.asarray((x - middle) / spread if spread > 0 else np.where(np.isnan(x), x, 0.0), np.float32)


@njit(cache=True, nogil=True)
def _distinct_slots(values, at, many):  # type: ignore[no-untyped-def]
    """The distinct slots of each row, one after another."""
    out = np.empty(many.sum(), np.int64)
    n = 0
    for i in range(many.size):
        row = np.sort(values[at[i] : at[i] + many[i]] & np.uint64(_SLOTS - 1))
        for j in range(row.size):
            if j == 0 or row[j] != row[j - 1]:
                out[n] = row[j]
                n += 1
    return out[:n]


@njit(cache=True, nogil=True)
def _add(counts, slots):  # type: ignore[no-untyped-def]
    for slot in slots:
        counts[slot] += 1


@njit(cache=True, nogil=True)
def _row_weights(row, counts, n, slots, weights):  # type: ignore[no-untyped-def]
    """Distinct slots of sorted `row` with unit-length TF-IDF weights; returns (how many, mean surprisal)."""
    k = 0
    total, surprise = 0.0, 0.0
    j = 0
    while j < row.size:
        end = j + 1
        while end < row.size and row[end] == row[j]:
            end += 1
        rows = np.float64(counts[row[j]])
        slots[k] = row[j]
        w = (1.0 + np.log(np.float64(end - j))) * (np.log((1.0 + n) / (1.0 + rows)) + 1.0)
        weights[k] = w
        total += w * w
        surprise -= np.log(rows / n)
        k += 1
        j = end
    scale = 1.0 / np.sqrt(total) if total > 0 else 0.0
    for i in range(k):
        weights[i] *= scale
    return k, surprise / max(1, k)


@njit(cache=True, nogil=True)
def _weights(values, at, many, counts, n):  # type: ignore[no-untyped-def]
    """(slot, row, weight) of every distinct word of every row."""
    room = many.sum()
    slot, row, weight = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.float32)
    m = 0
    longest = many.max() if many.size else 0
    slots, weights = np.empty(longest, np.int64), np.empty(longest, np.float64)
    for i in range(many.size):
        k, _ = _row_weights(np.sort(values[at[i] : at[i] + many[i]] & np.uint64(_SLOTS - 1)), counts, n, slots, weights)
        for j in range(k):
            slot[m], row[m], weight[m] = slots[j], i, weights[j]
            m += 1
    return slot[:m], row[:m], weight[:m]


@njit(cache=True, nogil=True)
def _judge(  # type: ignore[no-untyped-def]
    values, at, many, counts, n, words, begin, row_of, weight_of, reference_cluster, own_cluster, references, novelty,
    isolation,
):
    longest = many.max() if many.size else 0
    slots, weights = np.empty(longest, np.int64), np.empty(longest, np.float64)
    similar = np.empty(references, np.float64)
    for i in range(many.size):
        if many[i] == 0:
            continue
        row = np.sort(values[at[i] : at[i] + many[i]] & np.uint64(_SLOTS - 1))
        k, novelty[i] = _row_weights(row, counts, n, slots, weights)
        similar[:] = 0.0
        for j in range(k):
            place = np.searchsorted(words, slots[j])
            if place < words.size and words[place] == slots[j]:
                for p in range(begin[place], begin[place + 1]):
                    similar[row_of[p]] += weights[j] * weight_of[p]
        for r in range(references):
            if reference_cluster[r] == own_cluster[i]:
                similar[r] = 0.0
        best = np.sort(similar)[-NEAREST:]
        isolation[i] = 1.0 - best.mean()
