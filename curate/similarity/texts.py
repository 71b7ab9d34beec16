"""Arrow strings made ready for the kernels.

Method: rows of ASCII, and rows whose every character folds by table, are read where they lie in the Arrow buffer:
nothing is copied. The few other rows are normalised by `unicodedata` and put into a second buffer.
Shapes: `start`, `stop` int64 (row); positions at or beyond `len(data)` point into `extra`.
Cost: one pass over the bytes at memory speed, two for non-ASCII rows; about 20 microseconds a kilobyte for the rows
that Python normalises.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.similarity import kernels
from curate.similarity.characters import LIMIT, NEEDS_PYTHON, Characters, normalise
from curate.similarity.parallel import over_blocks

_ROWS_A_BLOCK = 8192
_PYTHON_ROWS_A_BLOCK = 4096

Unit = Literal["word", "character"]


@dataclass(frozen=True)
class Texts:
    """Rows of text as buffers, and the character tables that fit them."""

    data: NDArray[np.uint8]
    extra: NDArray[np.uint8]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    characters: Characters

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.start)

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """Some of the rows, in the order given; no text is copied."""
        return Texts(self.data, self.extra, self.start[rows], self.stop[rows], self.characters)


def buffers(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """(bytes, start, stop) of the rows where they lie; a null is empty."""
    _, offsets_buffer, data_buffer = texts.buffers()
    if offsets_buffer is None or len(texts) == 0:
        empty = np.zeros(0, np.int64)
        return np.zeros(0, np.uint8), empty, empty
    offsets = np.frombuffer(offsets_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.zeros(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
    start, stop = offsets[:-1].copy(), offsets[1:].copy()
    if texts.null_count:
        null = texts.is_null().to_numpy(zero_copy_only=False)
        stop[null] = start[null]
    return data, start, stop


def as_large_strings(texts: pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    """One chunk of `large_string`, whatever string type came in."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return texts if pa.types.is_large_string(texts.type) else texts.cast(pa.large_string())


def _prepare(texts: pa.LargeStringArray, threads: int, exact: bool, rewrite: Callable[[str], str]) -> Texts:
    data, start, stop = buffers(texts)
    n = len(start)
    ascii_only = np.ones(n, np.bool_)
    pages = np.zeros(LIMIT // 256, np.bool_)
    over_blocks(  # several threads may set the same page, all to True
        n, _ROWS_A_BLOCK, threads, lambda lo, hi: kernels.find_pages(data, start, stop, lo, hi, ascii_only, pages)
    )
    characters = Characters(pages)
    table, wanted = (characters.nfc, 2) if exact else (characters.fold, NEEDS_PYTHON)
    extra = np.zeros(0, np.uint8)
    if not ascii_only.all():
        found = np.zeros(n, np.bool_)
        over_blocks(
            n,
            _ROWS_A_BLOCK,
            threads,
            lambda lo, hi: kernels.find_class(data, start, stop, lo, hi, ascii_only, table, wanted, found),
        )
        rows = np.flatnonzero(found)
        if len(rows):
            pieces = []
            for lo in range(0, len(rows), _PYTHON_ROWS_A_BLOCK):
                taken = texts.take(pa.array(rows[lo : lo + _PYTHON_ROWS_A_BLOCK]))
                pieces += [rewrite(text).encode() for text in taken.to_pylist()]
            extra = np.frombuffer(b"".join(pieces), np.uint8)
            ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces))) + len(data)
            stop[rows] = ends
            start[rows] = np.concatenate([[len(data)], ends[:-1]])
            more = np.zeros(LIMIT // 256, np.bool_)
            kernels.find_pages(
                extra, start[rows] - len(data), stop[rows] - len(data), 0, len(rows), np.ones(len(rows), np.bool_), more
            )
            if (more & ~pages).any():
                characters = Characters(pages | more)
    return Texts(data, extra, start, stop, characters)


def for_shingles(texts: pa.LargeStringArray, threads: int = 1, unit: Unit = "word") -> Texts:
    """Rows to be compared under NFKC + casefold, by words or by characters."""
    read = _prepare(texts, threads, False, normalise)
    return read if unit == "word" else replace(read, characters=read.characters.one_by_one())


def for_equality(texts: pa.LargeStringArray, threads: int = 1) -> Texts:
    """Rows to be compared under NFC."""
    return _prepare(texts, threads, True, lambda text: unicodedata.normalize("NFC", text))
