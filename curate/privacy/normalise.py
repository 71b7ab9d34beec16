# mypy: disable-error-code="assignment"
"""A second reading of rows that disguise or merely typeset their data, with a map back to the raw bytes.

Only rows that the lexer flags come here: no-break and thin spaces, typographic dashes, zero-width and direction marks,
full-width forms, mathematical letters, digits of other scripts, `name [at] host [dot] com`, what `disguises` found
(`name at host dot com`, spelled-out digits, character references), and escapes inside a string that is itself JSON.
Each is rewritten to the plain form; for every byte of the result two int64 arrays hold the raw byte range
that it stands for, so a span found in the plain text maps to the whole raw spelling, escapes included.

Complexity: O(bytes of the flagged rows), 17 bytes of memory for each of their bytes. It does not undo look-alike
letters
of other alphabets (Cyrillic "а").
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.bracketed import bracketed


@njit(cache=True)
def _hex4(data, i, end):  # type: ignore[no-untyped-def]
    """Value of four hexadecimal digits at `i`, or -1."""
    if i + 4 > end:
        return -1
    value = 0
    for k in range(i, i + 4):
        c = data[k]
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 97 <= (c | 32) <= 102:
            value = value * 16 + (c | 32) - 87
        else:
            return -1
    return value


_ZEROS = np.array(
    [0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x2080,
     0x2070], dtype=np.int64)  # fmt: skip
"""Zeros of the scripts whose digits stand in a row (Devanagari to Khmer, then small ones)."""


@njit(cache=True)
def _plain(cp):  # type: ignore[no-untyped-def]
    """The plain form of a code point: itself, an ASCII stand-in, or 0 to leave it out."""
    if cp == 0xAD or 0x200B <= cp <= 0x200F or 0x202A <= cp <= 0x202E or 0x2060 <= cp <= 0x2069 or cp == 0xFEFF:
        return 0
    if cp == 0xA0 or 0x2000 <= cp <= 0x200A or cp == 0x202F or cp == 0x205F:
        return 32
    if 0x2010 <= cp <= 0x2015 or cp == 0x2212:
        return 45
    if 0xFF01 <= cp <= 0xFF5E:
        return cp - 0xFEE0
    if cp < 0xB2:
        return cp
    if 0x0660 <= cp <= 0x0669:
        return cp - 0x0660 + 48
    if 0x06F0 <= cp <= 0x06F9:
        return cp - 0x06F0 + 48
    for p in range(len(_ZEROS)):
        if _ZEROS[p] <= cp <= _ZEROS[p] + 9:
            return cp - _ZEROS[p] + 48
    if 0x2460 <= cp <= 0x2468:
        return cp - 0x2460 + 49  # in a circle
    if cp == 0x24EA:
        return 48
    if cp == 0xB9 or cp == 0xB2 or cp == 0xB3:
        return 49 if cp == 0xB9 else cp - 0xB2 + 50
    if 0x1D7CE <= cp <= 0x1D7FF:
        return (cp - 0x1D7CE) % 10 + 48
    if 0x1D400 <= cp <= 0x1D6A3:
        place = (cp - 0x1D400) % 52
        return place + 65 if place < 26 else place + 71
    if cp == 0xFE6B:
        return 64
    if cp == 0xFE0F or cp == 0x20E3:
        return 0  # a digit on a key cap
    return cp


@njit(cache=True)
def _written_out(data, i, end):  # type: ignore[no-untyped-def]
    """`[at]` or `(dot)` at `i`, blanks around and inside included: the sign it stands for and the place after it."""
    j = i
    while j < end and j - i < 2 and data[j] == 32:
        j += 1
    if j >= end or (data[j] != 91 and data[j] != 40 and data[j] != 123):
        return 0, i
    sign, j = bracketed(data, j + 1, end)
    if sign == 0:
        return 0, i
    k = j
    while k < end and k - j < 2 and data[k] == 32:
        k += 1
    return sign, k


@njit(cache=True)
def _utf8(cp, buffer, n):  # type: ignore[no-untyped-def]
    """Write the UTF-8 bytes of `cp` at `n`; returns the place after them."""
    if cp < 0x80:
        buffer[n] = cp
        return n + 1
    if cp < 0x800:
        buffer[n] = 0xC0 | (cp >> 6)
        buffer[n + 1] = 0x80 | (cp & 63)
        return n + 2
    if cp < 0x10000:
        buffer[n] = 0xE0 | (cp >> 12)
        buffer[n + 1] = 0x80 | ((cp >> 6) & 63)
        buffer[n + 2] = 0x80 | (cp & 63)
        return n + 3
    buffer[n] = 0xF0 | (cp >> 18)
    buffer[n + 1] = 0x80 | ((cp >> 12) & 63)
    buffer[n + 2] = 0x80 | ((cp >> 6) & 63)
    buffer[n + 3] = 0x80 | (cp & 63)
    return n + 4


@njit(cache=True, nogil=True)
def normalise(data, starts, ends, unescape, written_out, edits):  # type: ignore[no-untyped-def]
    """Plain bytes of the rows, their starts and ends, and the raw range of every plain byte.

    `unescape` bool[rows]: the row is JSON, so read its escapes. `written_out` bool[rows]: it may hold `[at]`.
    `edits` int64[n, 3], in the order of the rows: byte range and the sign it stands for, 0 for none (`disguises`).
    """
    total = np.int64(0)
    for row in range(len(starts)):
        total += ends[row] - starts[row]
    out = np.empty(total + 8, dtype=np.uint8)
    low = np.empty(total + 8, dtype=np.int64)
    high = np.empty(total + 8, dtype=np.int64)
    new_starts = np.empty(len(starts), dtype=np.int64)
    new_ends = np.empty(len(starts), dtype=np.int64)
    n, e = np.int64(0), 0
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        new_starts[row] = n
        while i < end:
            if e < len(edits) and edits[e, 0] == i:
                if edits[e, 2]:
                    out[n], low[n], high[n] = edits[e, 2], i, edits[e, 1]
                    n += 1
                i = edits[e, 1]
                e += 1
                continue
            c = data[i]
            size, cp = 1, np.int64(c)
            if c >= 0xF0 and i + 3 < end:
                size = 4
                cp = ((c & 7) << 18) | ((data[i + 1] & 63) << 12) | ((data[i + 2] & 63) << 6) | (data[i + 3] & 63)
            elif 0xE0 <= c < 0xF0 and i + 2 < end:
                size = 3
                cp = ((c & 15) << 12) | ((data[i + 1] & 63) << 6) | (data[i + 2] & 63)
            elif 0xC0 <= c < 0xE0 and i + 1 < end:
                size = 2
                cp = ((c & 31) << 6) | (data[i + 1] & 63)
            elif c == 92 and unescape[row] and i + 1 < end:
                d = data[i + 1]
                size = 2
                if d == 110 or d == 114 or d == 116 or d == 98 or d == 102:
                    cp = 10
                elif d == 117:
                    value = _hex4(data, i + 2, end)
                    size, cp = 6, value
                    if 0xD800 <= value <= 0xDBFF and i + 7 < end and data[i + 6] == 92 and data[i + 7] == 117:
                        second = _hex4(data, i + 8, end)
                        if 0xDC00 <= second <= 0xDFFF:
                            size, cp = 12, 0x10000 + ((value - 0xD800) << 10) + (second - 0xDC00)
                    if value < 0 or 0xD800 <= cp <= 0xDFFF:
                        cp = 0xFFFD
                else:
                    cp = np.int64(d)
                if cp == 34:
                    cp = 39  # a quote inside a JSON string must not look like its end
            elif written_out[row] and (c == 32 or c == 91 or c == 40 or c == 123):
                sign, after = _written_out(data, i, end)
                if sign:
                    out[n], low[n], high[n] = sign, i, after
                    n += 1
                    i = after
                    continue
            cp = _plain(cp)
            if cp:
                after_n = _utf8(cp, out, n)
                for k in range(n, after_n):
                    low[k], high[k] = i, i + size
                n = after_n
            i += size
        new_ends[row] = n
    return out, new_starts, new_ends, low, high
