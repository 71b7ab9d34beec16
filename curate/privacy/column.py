"""The texts of a column as bytes, with the names that columns give to their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy.context import column_masks
from curate.privacy.phrases import phrases_before

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Block:
    """Rows of a column: their bytes in a shared buffer, and for each the name of the column or key it stands under."""

    data: Bytes
    starts: Ints
    ends: Ints
    names: tuple[str, ...]
    """Distinct names."""
    masks: Ints
    """int64[names, 2]: what each name says, see `context.column_masks`."""
    name_of: Ints
    """int64[rows]: place in `names`."""

    def read(self, start: int, end: int) -> str:
        """The text between two bytes; a sign that is cut reads as U+FFFD."""
        return str(self._view[start:end], "utf-8", "replace")

    def raw(self, start: int, end: int) -> bytes:
        """The bytes between two places."""
        return self._view[start:end].tobytes()

    @cached_property
    def _view(self) -> memoryview:
        return self.data.data

    def part(self, rows: slice | Ints) -> Block:
        """Some of the rows; the buffer is shared."""
        return Block(self.data, self.starts[rows], self.ends[rows], self.names, self.masks, self.name_of[rows])

    def on(self, data: Bytes, starts: Ints, ends: Ints) -> Block:
        """The same rows written differently."""
        return Block(data, starts, ends, self.names, self.masks, self.name_of)


@lru_cache(maxsize=4096)
def _masks(name: str) -> tuple[int, int]:
    return column_masks(name, bool(name) and bool(phrases_before("", name)))


def block(texts: pa.Array, names: str | Sequence[str] = "") -> Block:
    """The column as bytes. `names`: one name for all rows, or one a row."""
    data, starts, ends = column_bytes(texts)
    if isinstance(names, str):
        distinct, name_of = [names], np.zeros(len(starts), np.int64)
    else:
        if len(names) != len(starts):
            raise ValueError(f"{len(names)} names for {len(starts)} rows")
        place: dict[str, int] = {}
        name_of = np.fromiter((place.setdefault(name, len(place)) for name in names), np.int64, len(names))
        distinct = list(place) or [""]
    masks = np.array([_masks(name) for name in distinct], dtype=np.int64).reshape(-1, 2)
    return Block(data, starts, ends, tuple(distinct), masks, name_of)


def column_bytes(texts: pa.Array) -> tuple[Bytes, Ints, Ints]:
    """The value buffer of a string array and each row's byte range in it; nulls get an empty range."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
        if isinstance(texts, pa.ChunkedArray):
            texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.large_string())
    if not pa.types.is_large_string(texts.type):
        texts = texts.cast(pa.large_string())
    if len(texts) == 0:
        return np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, offsets, values = texts.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(values, dtype=np.uint8) if values is not None and values.size else np.zeros(0, np.uint8)
    starts, ends = bounds[:-1].copy(), bounds[1:].copy()
    if texts.null_count:
        missing = ~np.asarray(texts.is_valid())
        ends[missing] = starts[missing]
    return data, starts, ends
