"""Rows that were seen before: which of them come again, and which values of many are among a few.

Method: old ids stand in an open-addressed table (at most half full), made once and kept. New ids are looked up in order,
first at the place after the last hit: rows mostly come again in the order that they had, so most lookups touch memory
that lies side by side. A few values among many are found by a table of flags, then by bisection. Several columns of texts
are told apart by xxh3-128 (Collet, xxHash 0.8) of each row's texts, every one behind its number of bytes.
Shapes: ids and hashes uint64 (row, 2); `places` int64 (row): the old row, -1 where there is none.
Complexity: O(rows); 10 nanoseconds an id, 1 to 2 a value of `among`; O(bytes) and a third of a microsecond a row to hash.
Deterministic.
Does not: defend against somebody who constructs ids that collide; ids are hashes for sameness, and xxh3 is no cryptographic
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray
from xxhash import xxh3_128_digest

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
_FLAG_BITS = 18
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - _FLAG_BITS)
_ONE = np.uint64(1)
_ROWS_A_BLOCK = 1 << 16


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
def _write(data, starts, ends, at, out):  # type: ignore[no-untyped-def]
    """Write each text behind its number of bytes where `at` says, and move `at` on."""
    for row in range(starts.size):
        place, size = at[row], ends[row] - starts[row]
        for k in range(8):
            out[place + k] = (size >> (8 * k)) & 255
        place += 8
        for i in range(starts[row], ends[row]):
            out[place] = data[i]
            place += 1
        at[row] = place


def hashes_of(columns: Sequence[tuple[NDArray[np.uint8], Ints, Ints]], rows: int) -> Words:
    """A hash of 128 bits of all texts of each row; in a column, row i is bytes `starts[i]:ends[i]` of `data`."""
    found = []
    for first in range(0, rows, _ROWS_A_BLOCK):
        some = [(data, starts[first : first + _ROWS_A_BLOCK], ends[first : first + _ROWS_A_BLOCK])
                for data, starts, ends in columns]  # fmt: skip
        bounds = np.zeros(min(_ROWS_A_BLOCK, rows - first) + 1, np.int64)
        for _, starts, ends in some:
            bounds[1:] += ends - starts + 8
        np.cumsum(bounds, out=bounds)
        frames, at = np.empty(bounds[-1], np.uint8), bounds[:-1].copy()
        for data, starts, ends in some:
            _write(data, starts, ends, at, frames)
        view = frames.data
        found.append(b"".join([xxh3_128_digest(view[start:end]) for start, end in pairwise(bounds.tolist())]))
    return np.frombuffer(b"".join(found), np.uint64).reshape(rows, 2)
