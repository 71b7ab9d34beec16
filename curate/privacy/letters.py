# mypy: disable-error-code="assignment"
"""Classes of bytes, hashes of words and tables of hashes, as the compiled parts use them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


def _letters() -> npt.NDArray[np.uint8]:
    """1 letter, 2 digit, 3 byte of a non-ASCII character, 4 underscore, 0 other."""
    table = np.zeros(256, dtype=np.uint8)
    table[ord("A") : ord("Z") + 1] = 1
    table[ord("a") : ord("z") + 1] = 1
    table[ord("0") : ord("9") + 1] = 2
    table[128:] = 3
    table[ord("_")] = 4
    return table


WORD = _letters()
HEX = np.zeros(256, dtype=np.uint8)
HEX[[ord(c) for c in "0123456789abcdefABCDEF"]] = 1


@njit(cache=True, inline="always")
def is_escape(data, start, i):  # type: ignore[no-untyped-def]
    """Byte i is the letter of a written-out `\\n`, `\\r` or `\\t`: it ends a word rather than begin one."""
    return i > start and data[i - 1] == 92 and (data[i] == 110 or data[i] == 114 or data[i] == 116)


@njit(cache=True)
def lookup(h, keys, values):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(keys) - 1)
    slot = h & mask
    while keys[slot] != 0:
        if keys[slot] == h:
            return values[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int64(0)


@njit(cache=True)
def fnv(data, i, j):  # type: ignore[no-untyped-def]
    h = np.uint64(0xCBF29CE484222325)
    for k in range(i, j):
        c = data[k]
        if 65 <= c <= 90:
            c = np.uint8(c + 32)
        h = (h ^ np.uint64(c)) * np.uint64(0x100000001B3)
    return h
