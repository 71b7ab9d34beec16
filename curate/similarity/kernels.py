"""Compiled kernels that read text: shingling, sketching and shingle sets over Arrow buffers (offsets + UTF-8 bytes).

Method. A row is folded (lower case, character tables) a tile at a time into a buffer that stays in the first-level
cache, token bounds become bit masks, and each token is hashed to 64 bits, eight of its bytes a step; every `words`
tokens in a row are hashed to one 64-bit shingle. Tiles of ASCII take no table and no branch a byte. A row of fewer
tokens is one shingle of them all; a row of punctuation only is one shingle of that punctuation; a blank row has none.
MinHash (Broder 1997) keeps, for each of k permutations of 32-bit values, the smallest permuted shingle; a permutation
is `(x ^ a) * b mod 2^32` with `b` odd, applied to an already well mixed `x`. Banding (Leskovec, Rajaraman, Ullman:
Mining of Massive Datasets, 3.4) hashes each run of `rows` minima to one 32-bit key.

Shapes: `data` and `extra` are byte buffers; row i is bytes `start[i]:stop[i]` of `data`, or of `extra` where
`start[i] >= len(data)`.
Units: bytes; hashes are uint64. Complexity: O(bytes + tokens * k); shingling alone does about 0.55 GB/s a core, with 51
minima 0.34. All kernels release the GIL and write only rows `lo..hi`. Memory: 8 bytes for each token of the longest row.
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
_TILE = 2048
_WIDEST = 3 * _TILE // 2 + 128  # bytes that a tile may fold to, and room for loads beyond its end
SCRATCH = _WIDEST // 2 + _TILE + 16
"""Length of the uint64 array that `shingle_row` works in."""
_BYTE = np.uint64(8)
_ONE = np.uint64(1)
_S3 = np.uint64(3)
_S7 = np.uint64(7)
_S56 = np.uint64(56)
_S58 = np.uint64(58)
_S63 = np.uint64(63)
_S64 = np.uint64(64)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_PACK = np.uint64(0x0102040810204080)  # moves the lowest bits of eight bytes into the highest byte
_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACE = np.zeros(64, np.int64)  # of the only set bit of x, at x * _DE_BRUIJN >> 58
_PLACE[[((_DE_BRUIJN << i) & 0xFFFFFFFFFFFFFFFF) >> 58 for i in range(64)]] = range(64)
_BRUIJN = np.uint64(_DE_BRUIJN)


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
def _not_ascii(text):  # type: ignore[no-untyped-def]
    seen = np.uint8(0)
    for i in range(text.size):
        seen = np.uint8(seen | text[i])
    return seen >= 0x80


@njit(cache=True, nogil=True)
def find_pages(data, start, stop, lo, hi, ascii_only, pages):  # type: ignore[no-untyped-def]
    """Mark rows without non-ASCII bytes, and the 256-code-point pages that the other rows use."""
    for row in range(lo, hi):
        ascii_only[row] = not _not_ascii(data[start[row] : stop[row]])
        if ascii_only[row]:
            continue
        i = start[row]
        while i < stop[row]:
            tile = min(i + 64, stop[row])
            if not _not_ascii(data[i:tile]):
                i = tile
                continue
            while i < tile:
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
            tile = min(i + 64, stop[row])
            if not _not_ascii(data[i:tile]):
                i = tile
                continue
            while i < tile:
                if data[i] < 0x80:
                    i += 1
                    continue
                code, width = decode(data, i, stop[row])
                if code < _LIMIT and table[code] == wanted:
                    found[row] = True
                    break
                i += width
            if found[row]:
                break


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
def _fold_ascii(text, folded, kind, letter):  # type: ignore[no-untyped-def]
    """Lower case and token classes of ASCII; loops without branches, so that they are compiled to wide instructions."""
    for i in range(text.size):
        c = text[i]
        folded[i] = np.uint8(c + 32) if (c >= 65) & (c <= 90) else c
    for i in range(text.size):
        c = text[i]
        word = ((c >= 65) & (c <= 90)) | ((c >= 97) & (c <= 122)) | ((c >= 48) & (c <= 57))
        symbol = ((c >= 35) & (c <= 38)) | (c == 42) | (c == 43) | (c == 45) | (c == 47) | ((c >= 60) & (c <= 62))
        symbol = symbol | (c == 64) | (c == 92) | (c == 94) | (c == 124) | (c == 126)
        kind[i] = letter if word else (np.uint8(2) if symbol else np.uint8(0))


@njit(cache=True, nogil=True)
def _fold_tile(data, i, end, stop, fold, token, folded, kind, n):  # type: ignore[no-untyped-def]
    """Append the folded bytes of `data[i:end]` at `n`; a character beyond ASCII takes three. Returns (n, next i).

    Classes: 0 separator, 1 in a word, 2 first byte of a token of its own, 3 its further bytes.
    """
    letter = token[97]
    step = 64 if _not_ascii(data[i:end]) else end - i
    while i < end:
        size = min(step, end - i)
        if step > 64 or not _not_ascii(data[i : i + size]):
            _fold_ascii(data[i : i + size], folded[n : n + size], kind[n : n + size], letter)
            n += size
            i += size
            continue
        block = i + size
        while i < block:
            code = np.int64(data[i])
            width = 1
            if code >= 0x80:
                code, width = decode(data, i, stop)
            i += width
            if code >= _LIMIT:
                continue
            if fold[code] >= 0:
                code = np.int64(fold[code])
            which = token[code]
            if which == 4:
                continue
            if code < 0x80 or which == 0 or which == 3:
                folded[n] = min(code, 0x7F)
                kind[n] = which if which < 3 else 0
                n += 1
                continue
            folded[n] = 0x80 | (code >> 12)
            folded[n + 1] = 0x80 | ((code >> 6) & 63)
            folded[n + 2] = 0x80 | (code & 63)
            kind[n] = which
            kind[n + 1] = kind[n + 2] = 1 if which == 1 else 3
            n += 3
    return n, i


@njit(cache=True, nogil=True)
def _mark(folded, kind, n, before, begins, ends):  # type: ignore[no-untyped-def]
    """Flag where tokens begin and end in `kind[:n]`; `before` is the class of the byte in front."""
    plain = begins[1:n]
    here, ahead = kind[1:n], kind[: n - 1]
    byte = folded[1:n]
    for i in range(n - 1):  # a hyphen after a word separates; elsewhere it is a minus
        plain[i] = np.uint8(0) if (byte[i] == 45) & (ahead[i] == 1) else here[i]
    first = kind[0]
    if folded[0] == 45 and before == 1:
        first = np.uint8(0)
    for i in range(n - 1):
        here[i] = plain[i]
    kind[0] = first
    begins[0] = first != 0
    ends[0] = 0
    begin, end = begins[1:n], ends[1:n]
    for i in range(n - 1):
        k, p = here[i], ahead[i]
        new = ((k != p) | (k == 2)) & (k != 3)
        begin[i] = np.uint8(1) if new & (k != 0) else np.uint8(0)
        end[i] = np.uint8(1) if new & (p != 0) else np.uint8(0)


@njit(cache=True, nogil=True)
def _places(flags, n, out):  # type: ignore[no-untyped-def]
    """Where `flags`, eight a word and zero from `n` on, are set; returns how many."""
    m = np.int64(0)
    for block in range((n + 63) >> 6):
        bits = np.uint64(0)
        for k in range(8):
            bits |= ((flags[block * 8 + k] * _PACK) >> _S56) << np.uint64(8 * k)
        while bits:
            out[m] = (block << 6) + _PLACE[((bits & (~bits + _ONE)) * _BRUIJN) >> _S58]
            m += 1
            bits &= bits - _ONE
    return m


@njit(cache=True, nogil=True)
def _hash_tokens(words, begin, end, n, h, out, at):  # type: ignore[no-untyped-def]
    """Hash `n` tokens eight bytes at a time into `out[at:]`; `h` is what went before of the first."""
    for k in range(n):
        i = np.uint64(begin[k])
        size = np.uint64(end[k]) - i
        while True:
            off = (i & _S7) << _S3
            x = (words[i >> _S3] >> off) | ((words[(i >> _S3) + _ONE] << _ONE) << (_S63 - off))
            if size <= _BYTE:
                break
            h = (h ^ x) * _TOKEN
            h ^= h >> _S32
            i += _BYTE
            size -= _BYTE
        h = (h ^ (x & (_ALL >> (_S64 - (size << _S3))))) * _TOKEN
        out[at + k] = h ^ (h >> _S32)
        h = np.uint64(0)


@njit(cache=True, nogil=True)
def _tokens(data, start, stop, fold, token, out, scratch):  # type: ignore[no-untyped-def]
    """Write the hash of every token of a row, in order; returns how many. A tile at a time, words may cross tiles."""
    wide = _WIDEST // 8
    words = scratch[:wide]
    folded = words.view(np.uint8)
    kind = scratch[wide : 2 * wide].view(np.uint8)
    begins8, ends8 = scratch[2 * wide : 3 * wide], scratch[3 * wide : 4 * wide]
    begins, ends = begins8.view(np.uint8), ends8.view(np.uint8)
    begin = scratch[4 * wide : 4 * wide + _TILE // 2 + 8].view(np.int32)
    end = scratch[4 * wide + _TILE // 2 + 8 :].view(np.int32)
    total = np.int64(0)
    held = np.int64(0)  # bytes of an unfinished word at the front of `folded`
    h = np.uint64(0)  # hash of that word's bytes before those
    before = np.uint8(0)
    i = start
    while i < stop:
        n, i = _fold_tile(data, i, min(stop, i + _TILE - 16), stop, fold, token, folded, kind, held)
        if n == 0:
            continue
        cut = n
        if i < stop and kind[n - 1] == 1:
            while cut > 0 and kind[cut - 1] == 1:
                cut -= 1
        else:
            folded[n] = 32
            kind[n] = 0
        for k in range(cut + 1, ((cut + 64) >> 6) << 6):
            begins[k] = 0
            ends[k] = 0
        _mark(folded, kind, cut + 1, before, begins, ends)
        _places(begins8, cut + 1, begin)
        m = _places(ends8, cut + 1, end)
        _hash_tokens(words, begin, end, m, h, out, total)
        total += m
        if cut > 0:
            h = np.uint64(0)
            before = kind[cut - 1]
        held = n - cut
        at = cut
        while held > 8:
            x = np.uint64(0)
            for k in range(8):
                x |= np.uint64(folded[at + k]) << np.uint64(8 * k)
            h = (h ^ x) * _TOKEN
            h ^= h >> _S32
            at += 8
            held -= 8
        for k in range(held):
            folded[k] = folded[at + k]
            kind[k] = 1
    return total


@njit(cache=True, nogil=True)
def shingle_row(data, start, stop, fold, token, words, out, scratch):  # type: ignore[no-untyped-def]
    """Write the shingle hashes of one row, repeats included, in order; returns how many.

    `out` must hold one value a byte and one more, `scratch` is uint64 of length `SCRATCH`.
    """
    n = _tokens(data, start, stop, fold, token, out, scratch)
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
                h = (h ^ np.uint64(signature[i])) * _M2
                h ^= h >> _S32
            keys[band, row] = np.uint32(mix(h) >> _S32)
        h = np.uint64(n)
        for s in range(n):
            h += mix(buffer[s] + _TOKEN)
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
