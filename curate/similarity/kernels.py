"""Compiled kernels over rows of text: sketches, and sets and sequences of shingles, from Arrow buffers.

Method. Each row is shingled by `shingling`. MinHash (Broder 1997) keeps, for each of k permutations of 32-bit values, the
smallest permuted shingle; a permutation is `(x ^ a) * b mod 2^32` with `b` odd, applied to an already well mixed `x`.
Banding (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4) hashes each run of `rows` minima to one 32-bit key.

Shapes: `data` and `extra` are byte buffers; row i is bytes `start[i]:stop[i]` of `data`, or of `extra` where
`start[i] >= len(data)` (rows that need more than character tables).
Units: bytes; hashes are uint64. Complexity: O(bytes + tokens * k), with 51 minima 0.34 GB/s a core. All kernels release
the GIL and write only rows `lo..hi`. Memory: 8 bytes for each token of the longest row.
"""
# The arithmetic is modulo 2^64 throughout: every constant is a numpy uint64, or numba would fall back to float64.

from __future__ import annotations

import numpy as np
from numba import njit

from curate.similarity.shingling import SCRATCH, mix, shingle_row

_BAND = np.uint64(0xC4CEB9FE1A85EC53)
_TOTAL = np.uint64(0x9E3779B97F4A7C15)
_S32 = np.uint64(32)
_S56 = np.uint64(56)
_MAX32 = np.uint32(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def min_values(shingles, n, a, b, signature):  # type: ignore[no-untyped-def]
    """`signature[i]` = min over the shingles x of `(x ^ a[i]) * b[i] mod 2^32`; all ones where there are none."""
    k = a.size
    for i in range(k):
        signature[i] = _MAX32
    for s in range(n):
        x = np.uint32(shingles[s] >> _S32)
        for i in range(k):
            v = np.uint32(np.uint32(x ^ a[i]) * b[i])
            signature[i] = min(signature[i], v)


@njit(cache=True, nogil=True)
def signature_rows(data, extra, start, stop, lo, hi, fold, token, words, a, b, out):  # type: ignore[no-untyped-def]
    """Full MinHash signatures, uint32 (row, k)."""
    buffer, scratch = np.empty(256, np.uint64), np.empty(SCRATCH, np.uint64)
    for row in range(lo, hi):
        begin, end, text = start[row], stop[row], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        if end - begin >= buffer.size:
            buffer = np.empty(2 * (end - begin), np.uint64)
        n = shingle_row(text, begin, end, fold, token, words, buffer, scratch)
        min_values(buffer, n, a, b, out[row])


@njit(cache=True, nogil=True)
def sketch_rows(data, extra, start, stop, lo, hi, fold, token, words, a, b, keys, total, count):  # type: ignore[no-untyped-def]
    """Band keys (band, row), an order-free fingerprint of each row's shingles, and their number (0: blank row)."""
    buffer, scratch = np.empty(256, np.uint64), np.empty(SCRATCH, np.uint64)
    signature = np.empty(a.size, np.uint32)
    bands = keys.shape[0]
    width = a.size // bands
    for row in range(lo, hi):
        begin, end, text = start[row], stop[row], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        if end - begin >= buffer.size:
            buffer = np.empty(2 * (end - begin), np.uint64)
        n = shingle_row(text, begin, end, fold, token, words, buffer, scratch)
        min_values(buffer, n, a, b, signature)
        for band in range(bands):
            h = np.uint64(band + 1)
            for i in range(band * width, (band + 1) * width):
                h = (h ^ np.uint64(signature[i])) * _BAND
                h ^= h >> _S32
            keys[band, row] = np.uint32(mix(h) >> _S32)
        h = np.uint64(n)
        for s in range(n):
            h += mix(buffer[s] + _TOTAL)
        total[row] = h
        count[row] = n


@njit(cache=True, nogil=True)
def _sorted_set(buffer, n, scratch):  # type: ignore[no-untyped-def]
    """Sort `buffer[:n]` in place and drop repeats; returns the number of distinct values."""
    if n < 2:
        return n
    if n > SCRATCH - 258:
        buffer[:n].sort()
    else:  # by leading byte, then by insertion: hashes are uniform, so each moves a few places at most
        place = scratch[:258].view(np.int64)
        other = scratch[258 : 258 + n]
        for i in range(257):
            place[i] = 0
        for i in range(n):
            other[i] = buffer[i]
            place[np.int64(buffer[i] >> _S56) + 1] += 1
        for i in range(256):
            place[i + 1] += place[i]
        for i in range(n):
            at = np.int64(other[i] >> _S56)
            buffer[place[at]] = other[i]
            place[at] += 1
        for i in range(1, n):
            x = buffer[i]
            j = i
            while j > 0 and buffer[j - 1] > x:
                buffer[j] = buffer[j - 1]
                j -= 1
            buffer[j] = x
    m = 1
    for i in range(1, n):
        if buffer[i] != buffer[m - 1]:
            buffer[m] = buffer[i]
            m += 1
    return m


@njit(cache=True, nogil=True)
def set_rows(data, extra, start, stop, rows, lo, hi, fold, token, words, at, sets, size):  # type: ignore[no-untyped-def]
    """Sorted distinct shingles of `rows[lo:hi]`, written at `sets[at[i]:]`; `size[i]` says how many."""
    buffer, scratch = np.empty(256, np.uint64), np.empty(SCRATCH, np.uint64)
    for i in range(lo, hi):
        begin, end, text = start[rows[i]], stop[rows[i]], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        if end - begin >= buffer.size:
            buffer = np.empty(2 * (end - begin), np.uint64)
        n = _sorted_set(buffer, shingle_row(text, begin, end, fold, token, words, buffer, scratch), scratch)
        for j in range(n):  # a slice assignment would compile numba's string formatting for its error message
            sets[at[i] + j] = buffer[j]
        size[i] = n


@njit(cache=True, nogil=True)
def gram_rows(data, extra, start, stop, rows, lo, hi, fold, token, words, at, grams, size):  # type: ignore[no-untyped-def]
    """Shingles of `rows[lo:hi]` in reading order, repeats included, at `grams[at[i]:]`; room for one a byte and one."""
    scratch = np.empty(SCRATCH, np.uint64)
    for i in range(lo, hi):
        begin, end, text = start[rows[i]], stop[rows[i]], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        size[i] = shingle_row(text, begin, end, fold, token, words, grams[at[i] :], scratch)


@njit(cache=True, nogil=True)
def same_sets(data, extra, start, stop, left, right, lo, hi, fold, token, words, same):  # type: ignore[no-untyped-def]
    """`same[i]`: whether rows `left[i]` and `right[i]` have equal shingle sets (byte-equal rows are not shingled)."""
    one, two, scratch = np.empty(256, np.uint64), np.empty(256, np.uint64), np.empty(SCRATCH, np.uint64)
    for i in range(lo, hi):
        begin, end, text = start[left[i]], stop[left[i]], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        begin2, end2, text2 = start[right[i]], stop[right[i]], data
        if begin2 >= data.size:
            begin2, end2, text2 = begin2 - data.size, end2 - data.size, extra
        equal = end - begin == end2 - begin2
        if equal:
            for j in range(end - begin):
                if text[begin + j] != text2[begin2 + j]:
                    equal = False
                    break
        if not equal:
            longest = max(end - begin, end2 - begin2)
            if longest >= one.size:
                one = np.empty(2 * longest, np.uint64)
                two = np.empty(2 * longest, np.uint64)
            n = _sorted_set(one, shingle_row(text, begin, end, fold, token, words, one, scratch), scratch)
            m = _sorted_set(two, shingle_row(text2, begin2, end2, fold, token, words, two, scratch), scratch)
            equal = n == m
            for j in range(min(n, m)):
                if one[j] != two[j]:
                    equal = False
                    break
        same[i] = equal
