"""Rows that are JSON texts themselves: they stay valid JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curate.privacy.overlaps import Found, resolve_overlaps
from curate.privacy.passes import outside_strings

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def is_json(raw: bytes) -> bool:
    """Whether the text is a JSON object or array; too deep a nesting counts as no."""
    if raw.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        return isinstance(json.loads(raw), dict | list)
    except (ValueError, RecursionError):
        return False


_NUMBER_BYTES = frozenset(b"+-.0123456789eE")


def widen_json_numbers(data: Bytes, starts: Ints, ends: Ints, found: Found, priority: Sequence[int]) -> Found:
    """In rows that are JSON, a span on a bare number covers the whole number and is marked `quoted`."""
    at = found.at
    rows, firsts, sizes = np.unique(at[:, 0], return_index=True, return_counts=True)
    changed = False
    for row, first, size in zip(rows.tolist(), firsts.tolist(), sizes.tolist()):
        begin, end = int(starts[row]), int(ends[row])
        head = begin
        while head < end and data[head] in (32, 9, 10, 13):
            head += 1
        if head == end or data[head] not in (123, 91) or not is_json(data[begin:end].tobytes()):
            continue
        outside = outside_strings(data, begin, at[first : first + size, 1])
        for n in np.flatnonzero(outside) + first:
            a, b = int(at[n, 1]), int(at[n, 2])
            while a > begin and int(data[a - 1]) in _NUMBER_BYTES:
                a -= 1
            while b < end and int(data[b]) in _NUMBER_BYTES:
                b += 1
            at[n, 1], at[n, 2] = a, b
            found.quoted[n] = changed = True
    return resolve_overlaps(found, priority) if changed else found
