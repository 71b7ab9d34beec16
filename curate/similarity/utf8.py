"""Compiled kernels that read UTF-8: a character at a place, and which rows hold characters of some kind.

Shapes: row i is bytes `start[i]:stop[i]` of `data`. Complexity: O(bytes), stretches of ASCII 64 bytes at a time. All
kernels release the GIL and write only rows `lo..hi`. A sequence that is cut short reads as U+FFFD; nothing is read at or
beyond `stop`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.similarity.characters import LIMIT


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
def not_ascii(text):  # type: ignore[no-untyped-def]
    seen = np.uint8(0)
    for i in range(text.size):
        seen = np.uint8(seen | text[i])
    return seen >= 0x80


@njit(cache=True, nogil=True)
def find_pages(data, start, stop, lo, hi, ascii_only, pages):  # type: ignore[no-untyped-def]
    """Mark rows without non-ASCII bytes, and the 256-code-point pages that the other rows use."""
    for row in range(lo, hi):
        ascii_only[row] = not not_ascii(data[start[row] : stop[row]])
        if ascii_only[row]:
            continue
        i = start[row]
        while i < stop[row]:
            tile = min(i + 64, stop[row])
            if not not_ascii(data[i:tile]):
                i = tile
                continue
            while i < tile:
                if data[i] < 0x80:
                    i += 1
                    continue
                code, width = decode(data, i, stop[row])
                if code < LIMIT:
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
            if not not_ascii(data[i:tile]):
                i = tile
                continue
            while i < tile:
                if data[i] < 0x80:
                    i += 1
                    continue
                code, width = decode(data, i, stop[row])
                if code < LIMIT and table[code] == wanted:
                    found[row] = True
                    break
                i += width
            if found[row]:
                break
