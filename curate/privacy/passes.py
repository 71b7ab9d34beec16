# mypy: disable-error-code="assignment"
"""Small linear passes over spans (int64[n, 4]: row, start byte, end byte, type) and bytes, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def clusters(at):  # type: ignore[no-untyped-def]
    out = np.zeros(len(at), dtype=np.int64)
    row, reach, c = np.int64(-1), np.int64(-1), np.int64(-1)
    for i in range(len(at)):
        if at[i, 0] != row or at[i, 1] >= reach:
            c += 1
            row, reach = at[i, 0], at[i, 2]
        elif at[i, 2] > reach:
            reach = at[i, 2]
        out[i] = c
    return out


@njit(cache=True)
def outside_strings(data, begin, positions):  # type: ignore[no-untyped-def]
    """For sorted byte positions of one JSON text: True where the position stands outside every string."""
    out = np.zeros(len(positions), dtype=np.bool_)
    inside, i = False, begin
    for n in range(len(positions)):
        while i < positions[n]:
            if data[i] == 92 and inside:
                i += 1
            elif data[i] == 34:
                inside = not inside
            i += 1
        out[n] = not inside
    return out


@njit(cache=True)
def code_points(data, starts, at):  # type: ignore[no-untyped-def]
    """Byte offsets of sorted, disjoint spans as code-point offsets in their rows."""
    out = np.empty((len(at), 2), dtype=np.int64)
    row, i, count = np.int64(-1), np.int64(0), np.int64(0)
    for n in range(len(at)):
        if at[n, 0] != row:
            row, i, count = at[n, 0], starts[at[n, 0]], 0
        for side in range(2):
            stop = at[n, 1 + side]
            while i < stop:
                count += (data[i] & 0xC0) != 0x80
                i += 1
            out[n, side] = count
    return out
