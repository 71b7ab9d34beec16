"""Compiled kernels from the bytes of one row to the hashes of its shingles.

Method. A row is folded (lower case, character tables) a tile at a time into a buffer that stays in the first-level
cache, token bounds become bit masks, and each token is hashed to 64 bits, eight of its bytes a step; every `words`
tokens in a row are hashed to one 64-bit shingle. Tiles of ASCII take no table and no branch a byte. A row of fewer
tokens is one shingle of them all; a row of punctuation only is one shingle of that punctuation; a blank row has none.

Units: bytes; hashes are uint64. Complexity: O(bytes), about 0.55 GB/s a core. All kernels release the GIL.
Does not: normalise beyond one-to-one character tables (see `characters`).
"""
# The arithmetic is modulo 2^64 throughout: every constant is a numpy uint64, or numba would fall back to float64.

from __future__ import annotations

import numpy as np
from numba import njit

from curate.similarity.characters import LIMIT
from curate.similarity.utf8 import decode, not_ascii

_M1 = np.uint64(0xFF51AFD7ED558CCD)
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
_TOKEN = np.uint64(0x9E3779B97F4A7C15)
_ORDER = np.uint64(0xD6E8FEB86659FD93)
_S33 = np.uint64(33)
_S32 = np.uint64(32)
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
        if code < LIMIT:
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
    step = 64 if not_ascii(data[i:end]) else end - i
    while i < end:
        size = min(step, end - i)
        if step > 64 or not not_ascii(data[i : i + size]):
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
            if code >= LIMIT:
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
