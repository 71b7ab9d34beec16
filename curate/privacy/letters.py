# mypy: disable-error-code="assignment"
"""Classes of bytes, hashes of words and tables of hashes, as the compiled parts use them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

SEED, PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
"""Of the 64-bit FNV-1a hash (Fowler, Noll, Vo)."""


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
    """The value of a hash in a `hash_table`; 0 where it is not."""
    mask = np.uint64(len(keys) - 1)
    slot = h & mask
    while keys[slot] != 0:
        if keys[slot] == h:
            return values[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int64(0)


def fnv1a(word: bytes) -> int:
    """64-bit FNV-1a of the bytes as they stand."""
    h = int(SEED)
    for byte in word:
        h = ((h ^ byte) * int(PRIME)) & 0xFFFFFFFFFFFFFFFF
    return h


def hash_table(entries: dict[bytes, int], bits: int = 0) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The open-addressed table of 2**`bits` places (0: two to four times the entries) that `lookup` reads: keys, the hashes
    of the bytes (0 = empty), and values."""
    size = 1 << (bits or (2 * len(entries)).bit_length())
    keys, values = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int64)
    for word, value in sorted(entries.items()):
        h = fnv1a(word)
        slot = h & (size - 1)
        while keys[slot]:
            slot = (slot + 1) & (size - 1)
        keys[slot], values[slot] = h, value
    return keys, values


@njit(cache=True, inline="always")
def mix(h, value):  # type: ignore[no-untyped-def]
    """The hash with one more byte or number."""
    return (h ^ np.uint64(value)) * PRIME


@njit(cache=True)
def fnv(data, i, j):  # type: ignore[no-untyped-def]
    """64-bit FNV-1a of the bytes [i, j), ASCII letters small."""
    h = SEED
    for k in range(i, j):
        c = data[k]
        if 65 <= c <= 90:
            c = np.uint8(c + 32)
        h = mix(h, c)
    return h
