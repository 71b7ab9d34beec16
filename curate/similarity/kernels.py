"""Compiled kernels that read text: shingling, sketching and shingle sets over Arrow buffers (offsets + UTF-8 bytes).

Method. A row is cut into lower-cased tokens; each token is hashed to 64 bits as its characters are read; every
`words` tokens in a row are hashed to one 64-bit shingle. A row of fewer tokens is one shingle of them all; a row of
punctuation only is one shingle of that punctuation; a blank row has none. MinHash (Broder 1997) keeps, for each of
k permutations of 32-bit values, the smallest permuted shingle; a permutation is `(x ^ a) * b mod 2^32` with `b`
odd, applied to an already well mixed `x`. Banding (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4)
hashes each run of `rows` minima to one 64-bit key.

Shapes: `data` and `extra` are byte buffers; row i is bytes `start[i]:stop[i]` of `data`, or of `extra` where
`start[i] >= len(data)`.
Units: bytes; hashes are uint64. Complexity: O(bytes + tokens * k). All kernels release the GIL and write only rows
`lo..hi`.
All kernels that share `shingle_row` live in this one file, because numba's disk cache does not see changes in other
files.
Does not: normalise beyond one-to-one character tables (see `characters`); rows that need more come through `extra`.
"""
# The arithmetic is modulo 2^64 throughout: every constant is a numpy uint64, or numba would fall back to float64.

from __future__ import annotations

import numpy as np
from numba import njit

_M1 = np.uint64(0xFF51AFD7ED558CCD)
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
_TOKEN = np.uint64(0x9E3779B97F4A7C15)
_ORDER = np.uint64(0xD6E8FEB86659FD93)
_S33 = np.uint64(33)
_S32 = np.uint64(32)
_LIMIT = 0x40000
_MAX32 = np.uint32(0xFFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
def mix(h):  # type: ignore[no-untyped-def]
    """The 64-bit finaliser of MurmurHash3: every input bit reaches every output bit."""
    h ^= h >> _S33
    h *= _M1
    h ^= h >> _S33
    h *= _M2
    h ^= h >> _S33
    return h


@njit(cache=True, nogil=True, inline="always")
def decode(data, at, stop):  # type: ignore[no-untyped-def]
    """(code point, width in bytes) of the UTF-8 sequence at `at`, a non-ASCII byte; never reads at or beyond `stop`."""
    first = np.int64(data[at])
    if first < 0xE0 and at + 1 < stop:
        return ((first & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F), 2
    if first < 0xF0 and at + 2 < stop:
        return ((first & 0x0F) << 12) | ((np.int64(data[at + 1]) & 0x3F) << 6) | (np.int64(data[at + 2]) & 0x3F), 3
    if at + 3 < stop:
        return (
            ((first & 0x07) << 18)
            | ((np.int64(data[at + 1]) & 0x3F) << 12)
            | ((np.int64(data[at + 2]) & 0x3F) << 6)
            | (np.int64(data[at + 3]) & 0x3F)
        ), 4
    return np.int64(0xFFFD), stop - at


@njit(cache=True, nogil=True)
def find_pages(data, start, stop, lo, hi, ascii_only, pages):  # type: ignore[no-untyped-def]
    """Mark rows without non-ASCII bytes, and the 256-code-point pages that the other rows use."""
    for row in range(lo, hi):
        seen = np.uint8(0)
        for i in range(start[row], stop[row]):
            seen |= data[i]
        ascii_only[row] = seen < 0x80
        if seen >= 0x80:
            i = start[row]
            while i < stop[row]:
                if data[i] < 0x80:
                    i += 1
                    continue
                code, width = decode(data, i, stop[row])
                if code < _LIMIT:
                    pages[code >> 8] = True
                i += width


@njit(cache=True, nogil=True)
def find_class(data, start, stop, lo, hi, ascii_only, table, wanted, found):  # type: ignore[no-untyped-def]
    """`found[row]`: whether a non-ASCII row holds a character for which `table` says `wanted`."""
    for row in range(lo, hi):
        found[row] = False
        if ascii_only[row]:
            continue
        i = start[row]
        while i < stop[row]:
            if data[i] < 0x80:
                i += 1
                continue
            code, width = decode(data, i, stop[row])
            if code < _LIMIT and table[code] == wanted:
                found[row] = True
                break
            i += width


@njit(cache=True, nogil=True)
def _only_punctuation(data, start, stop, fold, token):  # type: ignore[no-untyped-def]
    """Hash of the punctuation of a row without tokens; 0 for a blank row."""
    h = np.uint64(0)
    i = start
    while i < stop:
        code = np.int64(data[i])
        width = 1
        if code >= 0x80:
            code, width = decode(data, i, stop)
        i += width
        if code < _LIMIT:
            if fold[code] >= 0:
                code = np.int64(fold[code])
            if token[code] == 3:
                h = mix(h + np.uint64(code) * _ORDER)
    return h


@njit(cache=True, nogil=True)
def shingle_row(data, start, stop, fold, token, words, out):  # type: ignore[no-untyped-def]
    """Write the shingle hashes of one row, repeats included, in order; returns how many.

    `out` must hold one value a byte and one more. A word's hash is never 0, so `h == 0` means "between words".
    """
    n = np.int64(0)
    h = np.uint64(0)
    i = start
    while i < stop:
        code = np.int64(data[i])
        width = 1
        if code >= 0x80:
            code, width = decode(data, i, stop)
            if code >= _LIMIT:
                i += width
                continue
        i += width
        if fold[code] >= 0:
            code = np.int64(fold[code])
        kind = token[code]
        # Branch-free for letters and blanks: where words end is what a branch predictor cannot guess.
        inside = np.uint64(0) - np.uint64(kind == 1)
        out[n] = h
        n += np.int64((h != np.uint64(0)) & (kind != 1) & (kind != 4))
        if kind == 4:
            continue
        # A hyphen after a word separates; elsewhere it is a minus.
        if kind == 2 and not (code == 45 and h != np.uint64(0)):
            out[n] = np.uint64(code) * _M1
            n += 1
        h = ((h ^ np.uint64(code)) * _TOKEN) & inside
    if h != np.uint64(0):
        out[n] = h
        n += 1
    if n == 0:
        out[0] = _only_punctuation(data, start, stop, fold, token)
        return np.int64(out[0] != np.uint64(0))
    if words == 3 and n >= 3:  # the default, written out so that it vectorises
        for first in range(n - 2):
            out[first] = mix((out[first] * _ORDER + out[first + 1]) * _ORDER + out[first + 2])
        return n - 2
    size = min(words, n)
    for first in range(n - size + 1):
        h = out[first]
        for j in range(first + 1, first + size):
            h = h * _ORDER + out[j]
        out[first] = mix(h)
    return n - size + 1


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
    buffer = np.empty(256, np.uint64)
    for row in range(lo, hi):
        begin, end, text = start[row], stop[row], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        if end - begin >= buffer.size:
            buffer = np.empty(2 * (end - begin), np.uint64)
        n = shingle_row(text, begin, end, fold, token, words, buffer)
        min_values(buffer, n, a, b, out[row])


@njit(cache=True, nogil=True)
def sketch_rows(data, extra, start, stop, lo, hi, fold, token, words, a, b, keys, total, count):  # type: ignore[no-untyped-def]
    """Band keys (band, row), an order-free fingerprint of each row's shingles, and their number (0: blank row)."""
    buffer = np.empty(256, np.uint64)
    signature = np.empty(a.size, np.uint32)
    bands = keys.shape[0]
    width = a.size // bands
    for row in range(lo, hi):
        begin, end, text = start[row], stop[row], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        if end - begin >= buffer.size:
            buffer = np.empty(2 * (end - begin), np.uint64)
        n = shingle_row(text, begin, end, fold, token, words, buffer)
        min_values(buffer, n, a, b, signature)
        for band in range(bands):
            h = np.uint64(band + 1)
            for i in range(band * width, (band + 1) * width):
                h = (h ^ np.uint64(signature[i])) * _M2
                h ^= h >> _S32
            keys[band, row] = mix(h)
        h = np.uint64(n)
        for s in range(n):
            h += mix(buffer[s] + _TOKEN)
        total[row] = h
        count[row] = n


@njit(cache=True, nogil=True)
def _sorted_set(buffer, n):  # type: ignore[no-untyped-def]
    """Sort `buffer[:n]` in place and drop repeats; returns the number of distinct values."""
    if n < 2:
        return n
    buffer[:n].sort()
    m = 1
    for i in range(1, n):
        if buffer[i] != buffer[m - 1]:
            buffer[m] = buffer[i]
            m += 1
    return m


@njit(cache=True, nogil=True)
def set_rows(data, extra, start, stop, rows, lo, hi, fold, token, words, at, sets, size):  # type: ignore[no-untyped-def]
    """Sorted distinct shingles of `rows[lo:hi]`, written at `sets[at[i]:]`; `size[i]` says how many."""
    buffer = np.empty(256, np.uint64)
    for i in range(lo, hi):
        begin, end, text = start[rows[i]], stop[rows[i]], data
        if begin >= data.size:
            begin, end, text = begin - data.size, end - data.size, extra
        if end - begin >= buffer.size:
            buffer = np.empty(2 * (end - begin), np.uint64)
        n = _sorted_set(buffer, shingle_row(text, begin, end, fold, token, words, buffer))
        for j in range(n):  # a slice assignment would compile numba's string formatting for its error message
            sets[at[i] + j] = buffer[j]
        size[i] = n


@njit(cache=True, nogil=True)
def same_sets(data, extra, start, stop, left, right, lo, hi, fold, token, words, same):  # type: ignore[no-untyped-def]
    """`same[i]`: whether rows `left[i]` and `right[i]` have equal shingle sets (byte-equal rows are not shingled)."""
    one = np.empty(256, np.uint64)
    two = np.empty(256, np.uint64)
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
            n = _sorted_set(one, shingle_row(text, begin, end, fold, token, words, one))
            m = _sorted_set(two, shingle_row(text2, begin2, end2, fold, token, words, two))
            equal = n == m
            for j in range(min(n, m)):
                if one[j] != two[j]:
                    equal = False
                    break
        same[i] = equal


@njit(cache=True, nogil=True)
def hash_rows(data, extra, start, stop, lo, hi, nfc, collapse, high, low):  # type: ignore[no-untyped-def]
    """128-bit hash of each row; with `collapse`, a run of white space is one blank, and none at either end."""
    for row in range(lo, hi):
        i, end, text = start[row], stop[row], data
        if i >= data.size:
            i, end, text = i - data.size, end - data.size, extra
        x = np.uint64(1)
        y = np.uint64(2)
        gap = False
        begun = False
        while i < end:
            code = np.int64(text[i])
            width = 1
            if collapse:
                if code >= 0x80:
                    code, width = decode(text, i, end)
                blank = code < _LIMIT and nfc[code] == 1
                i += width
                if blank:
                    gap = begun
                    continue
                if gap:
                    x = (x ^ np.uint64(32)) * _TOKEN
                    x ^= x >> _S32
                    y = (y + np.uint64(33)) * _ORDER
                    y ^= y >> _S33
                    gap = False
                begun = True
            else:
                i += 1
            x = (x ^ np.uint64(code)) * _TOKEN
            x ^= x >> _S32
            y = (y + np.uint64(code + 1)) * _ORDER
            y ^= y >> _S33
        high[row] = mix(x)
        low[row] = mix(y)


@njit(cache=True, nogil=True)
def _next_code(text, i, end, nfc, collapse, begun):  # type: ignore[no-untyped-def]
    """(code or -1 at the end, next position) of the collapsed text, one unit at a time."""
    gap = False
    while i < end:
        code = np.int64(text[i])
        width = 1
        if not collapse:
            return code, i + 1
        if code >= 0x80:
            code, width = decode(text, i, end)
        if code < _LIMIT and nfc[code] == 1:
            gap = True
            i += width
            continue
        if gap and begun:
            return np.int64(32), i
        return code, i + width
    return np.int64(-1), end


@njit(cache=True, nogil=True)
def same_texts(data, extra, start, stop, left, right, lo, hi, nfc, collapse, same):  # type: ignore[no-untyped-def]
    """`same[i]`: whether rows `left[i]` and `right[i]` are the same text under the rule that `hash_rows` hashes by."""
    for k in range(lo, hi):
        i, end, text = start[left[k]], stop[left[k]], data
        if i >= data.size:
            i, end, text = i - data.size, end - data.size, extra
        j, end2, text2 = start[right[k]], stop[right[k]], data
        if j >= data.size:
            j, end2, text2 = j - data.size, end2 - data.size, extra
        alike = end - i == end2 - j  # nearly always the very same bytes
        if alike:
            for x in range(end - i):
                if text[i + x] != text2[j + x]:
                    alike = False
                    break
        if alike:
            same[k] = True
            continue
        begun = False
        while True:
            code, i = _next_code(text, i, end, nfc, collapse, begun)
            code2, j = _next_code(text2, j, end2, nfc, collapse, begun)
            if code != code2 or code < 0:
                same[k] = code == code2
                break
            # After a collapsed blank the next unit is read as at the start of the text, or the blank would repeat.
            begun = code != 32 or not collapse
