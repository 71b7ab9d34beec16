"""Compiled kernels for exact duplicates: a text in its plain spelling, its 128-bit hash, and whether two are equal.

Method: a row is written to a scratch buffer in its plain spelling (NFC, and with `collapse` a run of white space as one
blank and none at either end) and the buffer is hashed eight bytes at a time by two multiply-xorshift chains. NFC needs
Unicode tables; most rows hold only characters that NFC leaves alone and that are no white space beyond ASCII, which a
look at the bytes tells (`_inert`). Rows of which it does not are marked in `look`, for a caller who brings tables.
Shapes: row i is bytes `start[i]:stop[i]` of `data`, or of `extra` where `start[i] >= len(data)`. `nfc` is the NFC class by
code point (`characters`), or empty for the quick way.
Complexity: O(bytes), 0.6-0.8 GB/s a core; memory one row. All kernels release the GIL.
Does not: keep hashes comparable between versions; they never reach a file.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.similarity.characters import LIMIT
from curate.similarity.shingling import mix
from curate.similarity.utf8 import decode

_A = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xD6E8FEB86659FD93)
_S31 = np.uint64(31)
_S32 = np.uint64(32)
_CHUNK = 64
_STEP = 32


@njit(cache=True, nogil=True, inline="always")
def _inert(data, at, stop):  # type: ignore[no-untyped-def]
    """Whether the character whose first byte (0x80 or above) stands at `at` stays itself under NFC next to any other,
    and is no white space but for U+0085 and U+00A0: true only of ranges where that is so of every character."""
    first = data[at]
    if first <= 0xCB:  # U+0080-02FF
        return True
    if first == 0xCE:  # Greek
        return at + 1 < stop and data[at + 1] >= 0x88
    if first == 0xCF:
        return True
    if first == 0xD0 or first == 0xD1:  # Cyrillic
        return True
    if first == 0xE2:  # dashes, quotes, bullet, ellipsis; arithmetic
        return at + 2 < stop and ((data[at + 1] == 0x80 and 0x90 <= data[at + 2] <= 0xA6) or data[at + 1] == 0x88)
    if first == 0xE3:  # CJK punctuation, kana without the combining marks
        return at + 2 < stop and (
            (data[at + 1] == 0x80 and 0x81 <= data[at + 2] <= 0x91) or data[at + 1] == 0x81 or data[at + 1] == 0x83
            or (data[at + 1] == 0x82 and data[at + 2] != 0x99 and data[at + 2] != 0x9A)
        )  # fmt: skip
    if 0xE4 <= first <= 0xE9:  # Han
        return True
    return first == 0xEB or first == 0xEC  # Hangul syllables


@njit(cache=True, nogil=True)
def _plain(text, i, end, nfc, collapse, out):  # type: ignore[no-untyped-def]
    """Write the plain spelling to `out` (room for one byte more than the text); its length, or -1 to look closer."""
    n = 0
    gap = True  # white space at the start is nothing
    while i < end:
        if i + _STEP <= end and _ordinary(text[i : i + _STEP], gap):
            source, target = text[i : i + _STEP], out[n : n + _STEP]
            for k in range(_STEP):
                target[k] = source[k]
            gap = source[_STEP - 1] == 0x20
            i += _STEP
            n += _STEP
            continue
        # The stretch that is not ordinary, character by character, so that one oddity is not looked at twice.
        stop = min(end, i + _STEP)
        n, i, gap = _characters(text, i, stop, end, nfc, collapse, out, n, gap)
        if n < 0:
            return -1
    if collapse and gap and n > 0:
        n -= 1
    return n


@njit(cache=True, nogil=True, inline="always")
def _ordinary(piece, gap):  # type: ignore[no-untyped-def]
    """Whether `_STEP` bytes are their own plain spelling: ASCII, no white space but single blanks."""
    odd = gap and piece[0] <= 0x20
    first = piece[0]
    wrong = (first >> 7) | (first < 0x20)
    for k in range(1, _STEP):  # no way out inside, so that it is compiled to wide instructions
        b = piece[k]
        wrong |= (b >> 7) | (b < 0x20) | ((b | piece[k - 1]) == 0x20)
    return not (odd or wrong)


@njit(cache=True, nogil=True)
def _characters(text, i, stop, end, nfc, collapse, out, n, gap):  # type: ignore[no-untyped-def]
    """The characters that begin in `i..stop`: (bytes in `out` or -1, next position, whether the last was a blank)."""
    while i < stop:
        b = text[i]
        if b < 0x80:
            blank = collapse and (b == 0x20 or (0x09 <= b <= 0x0D) or (0x1C <= b <= 0x1F))
            out[n] = 0x20 if blank else b
            n += not (blank and gap)
            gap = blank
            i += 1
            continue
        width = 2 if b < 0xE0 else (3 if b < 0xF0 else 4)
        width = min(width, end - i)
        if nfc.size == 0:
            if not _inert(text, i, end):
                return -1, i, gap
            if collapse and b == 0xC2 and width == 2 and (text[i + 1] == 0x85 or text[i + 1] == 0xA0):
                out[n] = 0x20
                n += not gap
                gap = True
                i += 2
                continue
        elif collapse:
            code, width = decode(text, i, end)
            if code < LIMIT and nfc[code] == 1:
                out[n] = 0x20
                n += not gap
                gap = True
                i += width
                continue
        for k in range(width):
            out[n + k] = text[i + k]
        n += width
        i += width
        gap = False
    return n, i, gap


@njit(cache=True, nogil=True)
def hash_rows(data, extra, start, stop, lo, hi, nfc, collapse, look, high, low):  # type: ignore[no-untyped-def]
    """128-bit hash of the plain spelling of rows `lo..hi`; without `nfc`, rows it cannot judge are marked in `look`."""
    longest = 0
    for row in range(lo, hi):
        longest = max(longest, stop[row] - start[row])
    words = np.empty(longest // 8 + 2, np.uint64)
    out = words.view(np.uint8)
    for row in range(lo, hi):
        i, end, text = start[row], stop[row], data
        if i >= data.size:
            i, end, text = i - data.size, end - data.size, extra
        n = _plain(text, i, end, nfc, collapse, out)
        if n < 0:
            look[row] = True
            continue
        for k in range(n, (n + 7) // 8 * 8):
            out[k] = 0
        x = _A ^ np.uint64(n)
        y = _B ^ np.uint64(n)
        for k in range((n + 7) // 8):
            x = (x ^ words[k]) * _A
            x ^= x >> _S32
            y = (y ^ words[k]) * _B
            y ^= y >> _S31
        high[row] = mix(x)
        low[row] = mix(y)


@njit(cache=True, nogil=True)
def _same_bytes(text, i, other, j, n):  # type: ignore[no-untyped-def]
    at = 0
    while at < n:
        size = min(_CHUNK, n - at)
        difference = np.uint8(0)
        for k in range(size):  # no way out inside, so that it is compiled to wide instructions
            difference |= text[i + at + k] ^ other[j + at + k]
        if difference:
            return False
        at += size
    return True


@njit(cache=True, nogil=True)
def same_rows(data, extra, start, stop, left, right, lo, hi, nfc, collapse, same):  # type: ignore[no-untyped-def]
    """`same[k]`: whether rows `left[k]` and `right[k]` have one plain spelling; `nfc` must be a table."""
    longest = 0
    for k in range(lo, hi):
        longest = max(longest, stop[left[k]] - start[left[k]], stop[right[k]] - start[right[k]])
    out, out2 = np.empty(longest + 1, np.uint8), np.empty(longest + 1, np.uint8)
    for k in range(lo, hi):
        i, end, text = start[left[k]], stop[left[k]], data
        if i >= data.size:
            i, end, text = i - data.size, end - data.size, extra
        j, end2, text2 = start[right[k]], stop[right[k]], data
        if j >= data.size:
            j, end2, text2 = j - data.size, end2 - data.size, extra
        if end - i == end2 - j and _same_bytes(text, i, text2, j, end - i):  # nearly always the very same bytes
            same[k] = True
            continue
        n = _plain(text, i, end, nfc, collapse, out)
        same[k] = n == _plain(text2, j, end2, nfc, collapse, out2) and _same_bytes(out, 0, out2, 0, n)
