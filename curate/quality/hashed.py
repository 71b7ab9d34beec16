"""Hashes of words, and sets of them that compiled code can ask.

Method: a word's hash is stirred from its lower-case code points; a set is an open-addressed table of uint64, a power of two
long, in which 0 is free. The caller keeps it at most half full. Complexity: O(1) a look-up.
"""

from __future__ import annotations

import numpy as np
from numba import njit

START = np.uint64(0xCBF29CE484222325)
"""The hash of no character."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
_S29 = np.uint64(29)


@njit(cache=True, nogil=True, inline="always")
def stir(h, code):  # type: ignore[no-untyped-def]
    """The hash of a word with one more character."""
    h = (h ^ np.uint64(code)) * FACTOR
    return h ^ (h >> _S29)


@njit(cache=True, nogil=True)
def has(table, key):  # type: ignore[no-untyped-def]
    """Whether an open-addressed set of hashes (0: free; a power of two long) holds the key."""
    if table.size == 0:
        return False
    mask = np.uint64(table.size - 1)
    at = key & mask
    while table[at] != 0:
        if table[at] == key:
            return True
        at = (at + np.uint64(1)) & mask
    return False


@njit(cache=True, nogil=True)
def add(table, key):  # type: ignore[no-untyped-def]
    """Put a key into such a set; True where it was not there."""
    mask = np.uint64(table.size - 1)
    at = key & mask
    while table[at] != 0:
        if table[at] == key:
            return False
        at = (at + np.uint64(1)) & mask
    table[at] = key
    return True


@njit(cache=True, nogil=True)
def add_all(table, keys):  # type: ignore[no-untyped-def]
    """Put many keys into such a set."""
    for key in keys:
        add(table, key)


@njit(cache=True, nogil=True)
def word_hash(codes):  # type: ignore[no-untyped-def]
    """The hash of a word from its lower-case code points."""
    h = START
    for code in codes:
        h = stir(h, code)
    return h


@njit(cache=True, nogil=True)
def word_hashes(codes, ends):  # type: ignore[no-untyped-def]
    """The hashes of words that stand one after another; `ends`: where each of them does."""
    out = np.empty(ends.size, np.uint64)
    start = 0
    for i in range(ends.size):
        out[i] = word_hash(codes[start : ends[i]])
        start = ends[i]
    return out
