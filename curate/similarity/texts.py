"""Arrow strings made ready for the kernels.

Method: rows of ASCII, and rows whose every character folds by table, are read where they lie in the Arrow buffer:
nothing is copied. The few other rows are normalised by `unicodedata` and put into a second buffer.
Shapes: `start`, `stop` int64 (row); positions at or beyond `len(data)` point into `extra`.
Cost: one pass over the bytes at memory speed, two for non-ASCII rows; about 20 microseconds a kilobyte for the rows
that Python normalises. Memory: 16 bytes a row of `Texts`; `Lying` holds none, it looks up the rows that are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.compiling import as_read_only
from curate.parallel import over_blocks
from curate.similarity import utf8
from curate.similarity.characters import LIMIT, NEEDS_PYTHON, Characters, composed, normalise

_ROWS_A_BLOCK = 8192
_PYTHON_ROWS_A_BLOCK = 4096

Unit = Literal["word", "character"]
Ints = NDArray[np.int64]


def narrow(numbers: Ints) -> Ints:
    """Numbers from -2^31 to 2^31 - 1 in four bytes each; others as they are."""
    if len(numbers) and (int(numbers.max()) > _MOST or int(numbers.min()) < -_MOST - 1):
        return numbers
    return numbers.astype(np.int32, copy=False)


def counted(n: int) -> Ints:
    """0 to n - 1, in four bytes each where these hold them."""
    return np.arange(n, dtype=np.int32 if n <= _MOST else np.int64)


_MOST = 2**31 - 1


def _no_rows() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Places:
    """Where rows of an Arrow array begin and end, read from its offsets when somebody asks."""

    offsets: Ints
    """Of all rows of the array, one more than there are."""
    rows: Ints | None = None
    """Which rows of the array these are; None: all."""
    moved: Ints = field(default_factory=_no_rows)
    """Rows of the array, ascending, that lie elsewhere, and where."""
    moved_start: Ints = field(default_factory=_no_rows)
    moved_stop: Ints = field(default_factory=_no_rows)

    def __len__(self) -> int:
        return len(self.offsets) - 1 if self.rows is None else len(self.rows)

    def among(self, rows: Ints) -> Places:
        """Some of the rows, in the order given."""
        return replace(self, rows=rows if self.rows is None else self.rows[rows])

    def block(self, lo: int, hi: int) -> tuple[Ints, Ints]:
        """(start, stop) of rows `lo..hi`, arrays of their own: kernels are compiled for arrays that may be written."""
        if self.rows is not None:
            return self._of(self.rows[lo:hi])
        start, stop = self.offsets[lo:hi].copy(), self.offsets[lo + 1 : hi + 1].copy()
        here = slice(*np.searchsorted(self.moved, [lo, hi]).tolist())
        start[self.moved[here] - lo], stop[self.moved[here] - lo] = self.moved_start[here], self.moved_stop[here]
        return start, stop

    def of(self, rows: Ints) -> tuple[Ints, Ints]:
        """(start, stop) of some rows."""
        return self._of(rows if self.rows is None else self.rows[rows])

    def _of(self, which: Ints) -> tuple[Ints, Ints]:
        start, stop = self.offsets[which], self.offsets[1:][which]
        if len(self.moved):
            at = np.minimum(np.searchsorted(self.moved, which), len(self.moved) - 1)
            own = self.moved[at] == which
            start[own], stop[own] = self.moved_start[at[own]], self.moved_stop[at[own]]
        return start, stop

    def moving(self, moved: Ints, start: Ints, stop: Ints) -> Places:
        """The same with more rows of the array that lie elsewhere."""
        moved = np.concatenate([moved, self.moved])  # of two places for one row, the new one
        moved, first = np.unique(moved, return_index=True)
        start, stop = np.concatenate([start, self.moved_start])[first], np.concatenate([stop, self.moved_stop])[first]
        return replace(self, moved=moved, moved_start=start, moved_stop=stop)


def places(texts: pa.LargeStringArray, rows: Ints | None = None) -> tuple[NDArray[np.uint8], Places]:
    """(bytes, places) of rows where they lie; a null is empty."""
    _, offsets_buffer, data_buffer = texts.buffers()
    data = as_read_only(np.zeros(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8))
    if offsets_buffer is None or len(texts) == 0:
        return data[:0], Places(np.zeros(1, np.int64), rows)
    offsets = np.frombuffer(offsets_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    found = Places(offsets, rows)
    if texts.null_count:  # Arrow allows bytes behind a null
        null = texts.is_null().to_numpy(zero_copy_only=False)
        full = np.flatnonzero(null & (offsets[1:] != offsets[:-1]))
        found = found.moving(full, offsets[full], offsets[full])
    return data, found


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

    def block(self, lo: int, hi: int) -> tuple[Ints, Ints]:
        """(start, stop) of rows `lo..hi`."""
        return self.start[lo:hi], self.stop[lo:hi]


@dataclass(frozen=True)
class Lying:
    """Rows of text as buffers, without an array of their own for where each begins and ends."""

    data: NDArray[np.uint8]
    extra: NDArray[np.uint8]
    places: Places
    characters: Characters

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.places)

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """Some of the rows, in the order given; no text is copied."""
        return Texts(self.data, self.extra, *self.places.of(rows), self.characters)

    def among(self, rows: NDArray[np.int64]) -> Lying:
        """The same of some of the rows."""
        return replace(self, places=self.places.among(rows))

    def block(self, lo: int, hi: int) -> tuple[Ints, Ints]:
        """(start, stop) of rows `lo..hi`."""
        return self.places.block(lo, hi)

    def whole(self) -> Texts:
        """All of the rows."""
        return Texts(self.data, self.extra, *self.places.block(0, self.n_rows), self.characters)


def buffers(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """(bytes, start, stop) of the rows where they lie; a null is empty."""
    data, found = places(texts)
    return data, *found.block(0, len(texts))


def as_large_strings(texts: pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    """One chunk of `large_string`, whatever string type came in."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return texts if pa.types.is_large_string(texts.type) else texts.cast(pa.large_string())


def _prepare(
    texts: pa.LargeStringArray, threads: int, exact: bool, rewrite: Callable[[str], str], of: Ints | None = None
) -> Lying:
    data, found = places(texts, of)
    n = len(found)
    ascii_only = np.ones(n, np.bool_)
    pages = np.zeros(LIMIT // 256, np.bool_)

    def look(lo: int, hi: int) -> None:  # several threads may set the same page, all to True
        utf8.find_pages(data, *found.block(lo, hi), 0, hi - lo, ascii_only[lo:hi], pages)

    over_blocks(n, _ROWS_A_BLOCK, threads, look)
    characters = Characters(pages)
    table, wanted = (characters.nfc, 2) if exact else (characters.fold, NEEDS_PYTHON)
    extra = as_read_only(np.zeros(0, np.uint8))
    if not ascii_only.all():
        needed = np.zeros(n, np.bool_)

        def look_closer(lo: int, hi: int) -> None:
            place = found.block(lo, hi)
            utf8.find_class(data, *place, 0, hi - lo, ascii_only[lo:hi], table, wanted, needed[lo:hi])

        over_blocks(n, _ROWS_A_BLOCK, threads, look_closer)
        rows = np.flatnonzero(needed)
        if len(rows):
            rows = rows if of is None else of[rows]
            pieces = []
            for lo in range(0, len(rows), _PYTHON_ROWS_A_BLOCK):
                taken = texts.take(pa.array(rows[lo : lo + _PYTHON_ROWS_A_BLOCK]))
                pieces += [rewrite(text).encode() for text in taken.to_pylist()]
            extra = np.frombuffer(b"".join(pieces), np.uint8)
            ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))
            starts = np.concatenate([[0], ends[:-1]])
            found = found.moving(rows, starts + len(data), ends + len(data))
            more = np.zeros(LIMIT // 256, np.bool_)
            utf8.find_pages(extra, starts, ends, 0, len(rows), np.ones(len(rows), np.bool_), more)
            if (more & ~pages).any():
                characters = Characters(pages | more)
    return Lying(data, extra, found, characters)


def lying_for_shingles(
    texts: pa.LargeStringArray, threads: int = 1, unit: Unit = "word", rows: Ints | None = None
) -> Lying:
    """Rows (these; all when left out) to be compared under NFKC + casefold, by words or by characters."""
    read = _prepare(texts, threads, False, normalise, rows)
    return read if unit == "word" else replace(read, characters=read.characters.one_by_one())


def for_shingles(texts: pa.LargeStringArray, threads: int = 1, unit: Unit = "word") -> Texts:
    """The same of all rows, and where each lies."""
    return lying_for_shingles(texts, threads, unit).whole()


def for_equality(texts: pa.LargeStringArray, threads: int = 1) -> Texts:
    """Rows to be compared under NFC."""
    return _prepare(texts, threads, True, composed).whole()
