"""Replacement by a typed placeholder: the operator that needs nothing but the kind of a span.

`mask` works on one text and code-point offsets, `mask_column` on a whole column, `mask_bytes` on bytes for the
scanner's own second pass. All are linear in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from curate.privacy.column import Block

if TYPE_CHECKING:
    from curate.privacy.spans import Spans


@lru_cache(maxsize=64)
def _placeholder_table(placeholders: tuple[str, ...]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Bytes of all placeholders by kind, then of all quoted ones; their bounds."""
    plain = [placeholder.encode() for placeholder in placeholders]
    every = plain + [b'"%b"' % placeholder for placeholder in plain]
    table = np.frombuffer(b"".join(every), dtype=np.uint8)
    return table, np.concatenate([[0], np.cumsum([len(p) for p in every])]).astype(np.int64)


def mask(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """`text` with each (start, end, replacement) put in place; offsets are code points, spans must not overlap."""
    parts, edge = [], 0
    for start, end, replacement in sorted(spans):
        if start < edge:
            raise ValueError("spans overlap")
        parts += [text[edge:start], replacement]
        edge = end
    return "".join([*parts, text[edge:]])


def mask_column(texts: pa.Array, spans: Spans) -> pa.Array:
    """The column with every span replaced by its placeholder; rows without spans are kept as they are."""
    if not len(spans):
        return texts
    values = texts.to_pylist()
    edits: dict[int, list[tuple[int, int, str]]] = {}
    for row, start, end, new in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.replacements()):
        edits.setdefault(row, []).append((start, end, new))
    for row, found in edits.items():
        values[row] = mask(values[row], found)
    return pa.array(values, pa.large_string())


@njit(cache=True)
def _mask(data, starts, ends, at, table, bounds, which, out, origin):  # type: ignore[no-untyped-def]
    new_starts = np.empty(len(starts), dtype=np.int64)
    new_ends = np.empty(len(starts), dtype=np.int64)
    n, s = np.int64(0), 0
    for row in range(len(starts)):
        new_starts[row] = n
        i = starts[row]
        while i < ends[row]:
            if s < len(at) and at[s, 0] == row and at[s, 1] == i:
                for p in range(bounds[which[s]], bounds[which[s] + 1]):
                    out[n] = table[p]
                    if len(origin):
                        origin[n, 0], origin[n, 1] = at[s, 1], at[s, 2]
                    n += 1
                i = at[s, 2]
                s += 1
                continue
            out[n] = data[i]
            if len(origin):
                origin[n, 0], origin[n, 1] = i, i + 1
            n += 1
            i += 1
        new_ends[row] = n
    return new_starts, new_ends


def mask_bytes(
    text: Block,
    at: npt.NDArray[np.int64],
    quoted: npt.NDArray[np.bool_],
    placeholders: tuple[str, ...],
    with_origin: bool,
) -> tuple[Block, npt.NDArray[np.int64]]:
    """The rows masked, and int64[bytes, 2]: the raw byte range of every masked byte (empty without `with_origin`).

    `at` int64[n, 4]: row, start byte, end byte, kind; sorted and disjoint. `placeholders`: by kind.
    """
    table, bounds = _placeholder_table(placeholders)
    which = at[:, 3] + quoted * len(placeholders)
    size = int((text.ends - text.starts).sum()) + int((bounds[which + 1] - bounds[which]).sum())
    out = np.empty(size, dtype=np.uint8)
    origin = np.empty((size if with_origin else 0, 2), dtype=np.int64)
    new_starts, new_ends = _mask(text.data, text.starts, text.ends, at, table, bounds, which, out, origin)
    n = int(new_ends[-1]) if len(new_ends) else 0
    return text.on(out[:n], new_starts, new_ends), origin[:n]
