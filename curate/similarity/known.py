"""Rows that were seen before: which of them come again, and which values of many are among a few.

Method: old ids stand in an open-addressed table (at most half full), made once and kept. New ids are looked up in order,
first at the place after the last hit: rows mostly come again in the order that they had, so most lookups touch memory
that lies side by side. A few values among many are found by a table of flags, then by bisection.
Shapes: ids uint64 (row, 2); `places` int64 (row): the old row, -1 where there is none.
Complexity: O(rows); 10 nanoseconds an id, 1 to 2 a value of `among`. Deterministic.
Does not: defend against somebody who constructs ids that collide; ids are hashes for sameness, not for secrecy.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
_FLAG_BITS = 18
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - _FLAG_BITS)
_S29, _S32 = np.uint64(29), np.uint64(32)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def _fill(ids, slots):  # type: ignore[no-untyped-def]
    last = np.uint64(slots.size - 1)
    for i in range(ids.shape[0]):
        at = ids[i, 0] & last
        while slots[at] >= 0:
            at = (at + _ONE) & last
        slots[at] = i


@njit(cache=True, nogil=True)
def _match(ids, old, slots, places):  # type: ignore[no-untyped-def]
    last = np.uint64(slots.size - 1)
    guess = 0
    for i in range(ids.shape[0]):
        found = -1
        if guess < old.shape[0] and old[guess, 0] == ids[i, 0] and old[guess, 1] == ids[i, 1]:
            found = guess
        else:
            at = ids[i, 0] & last
            while slots[at] >= 0:
                j = slots[at]
                if old[j, 0] == ids[i, 0] and old[j, 1] == ids[i, 1]:
                    found = j
                    break
                at = (at + _ONE) & last
        places[i] = found
        if found >= 0:
            guess = found + 1


def table_of(ids: Words) -> NDArray[np.int32]:
    """The table in which `places_of` looks."""
    slots = np.full(1 << max(1, (2 * len(ids)).bit_length()), -1, np.int32)
    _fill(ids, slots)
    return slots


def places_of(ids: Words, old: Words, slots: NDArray[np.int32]) -> Ints:
    """The place in `old` of each id, -1 where it is new. Ids must be distinct."""
    places = np.empty(len(ids), np.int64)
    _match(ids, old, slots, places)
    return places


@njit(cache=True, nogil=True)
def _among(values, some, flags, out):  # type: ignore[no-untyped-def]
    n = 0
    for i in range(values.size):
        value = np.uint64(values[i])
        if not flags[(value * _MIX) >> _SHIFT]:
            continue
        lo, hi = 0, some.size
        while lo < hi:
            middle = (lo + hi) // 2
            if some[middle] < value:
                lo = middle + 1
            else:
                hi = middle
        if lo < some.size and some[lo] == value:
            out[n] = i
            n += 1
    return n


@njit(cache=True, nogil=True)
def _flag(some, flags):  # type: ignore[no-untyped-def]
    for i in range(some.size):
        flags[(some[i] * _MIX) >> _SHIFT] = True


def among(values: NDArray[np.uint64] | NDArray[np.uint32], some: NDArray[np.uint64] | NDArray[np.uint32]) -> Ints:
    """Places of those values that are one of `some`."""
    few = np.unique(some).astype(np.uint64)
    flags = np.zeros(1 << _FLAG_BITS, np.bool_)
    _flag(few, flags)
    out = np.empty(len(values), np.int64)
    return out[: _among(values, few, flags, out)]


@njit(cache=True, nogil=True)
def _hash(data, starts, ends, out):  # type: ignore[no-untyped-def]
    """Stir the bytes of each row into `out`, eight at a time, and their number."""
    for row in range(starts.size):
        h = out[row]
        i, end = starts[row], ends[row]
        h = (h ^ np.uint64(end - i + 1)) * _MIX
        while i < end:
            word = np.uint64(0)
            for k in range(min(8, end - i)):
                word = (word << np.uint64(8)) | np.uint64(data[i + k])
            h = (h ^ word) * _MIX
            h ^= h >> _S29
            i += 8
        out[row] = h ^ (h >> _S32)


def stir(data: NDArray[np.uint8], starts: Ints, ends: Ints, into: Words) -> None:
    """Stir one column of texts (row i is bytes `starts[i]:ends[i]`) into a hash of 64 bits a row, in place."""
    _hash(data, starts, ends, into)
