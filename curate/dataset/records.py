"""Rows of a text file: their own bytes, and the columns seen in them.

A `TextStore` holds the decompressed file in one buffer, the span of every row in it, and the view columns. A row that
nobody edits is written back from its span, byte for byte; an edited row is spelled anew only where it was edited. What
stands around the rows (byte order mark, header, brackets, separators, line ends, last newline) is remembered by the
`Shape`. Where every row is kept and none changed, the whole buffer is written, blank lines included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from curate.dataset.aside import Bytes
from curate.dataset.column import Column, patched
from curate.dataset.pointer import parse_pointer
from curate.dataset.types import Rejected

BOM = b"\xef\xbb\xbf"
Edits = Mapping[int, Mapping[str, Any]]
Rows = npt.NDArray[np.int64]


class Shape(Protocol):
    """What a text format knows about spelling rows and what stands around them."""

    @property
    def separator(self) -> bytes:
        """Between two rows."""

    @property
    def tail(self) -> bytes:
        """After the last row."""

    def head(self, *, weighted: bool, filled: bool) -> bytes:
        """Before the first row; `weighted` where a `_weight` column is written, `filled` where there is a row."""

    def parse(self, raw: bytes) -> dict[str, Any]:
        """The values of one row by column."""

    def edit(self, raw: bytes, edits: Mapping[str, Any]) -> bytes:
        """One row with the values at some pointers replaced."""

    def weigh(self, raw: bytes, weight: float) -> bytes:
        """One row with its `_weight`."""

    def spell(self, row: Mapping[str, Any]) -> bytes:
        """A new row; DataError where the format cannot hold it."""


@dataclass(frozen=True)
class TextStore:
    """Rows of a JSONL, JSON or CSV file."""

    buffer: Bytes
    starts: Rows
    ends: Rows
    lines: Rows
    shape: Shape
    view: Mapping[str, Column]
    changed: Mapping[int, bytes] = field(default_factory=dict)
    """Rows that an edit spelled anew, by row."""
    whole: bool = False
    """Whether the rows are all that the buffer holds, in order and unchanged."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.starts)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the order of their first appearance."""
        return tuple(self.view)

    def column(self, name: str) -> Column:
        """One view column."""
        return self.view[name]

    def raw(self, row: int) -> bytes:
        """The bytes of one row, without its separator."""
        changed = self.changed.get(row) if self.changed else None
        return self.buffer[self.starts[row] : self.ends[row]] if changed is None else changed

    def respelled(self, rows: Mapping[int, bytes]) -> TextStore:
        """The same rows, the bytes of some given; the views stay as they are."""
        return replace(self, changed={**self.changed, **rows}, whole=self.whole and not rows)

    def start_of(self, row: int) -> str:
        """The first characters of one row, for a preview that is masked."""
        return self.raw(row)[:320].decode("utf-8", "replace")

    def values(self, row: int) -> dict[str, Any]:
        """The values of one row by column, as the source holds them."""
        return self.shape.parse(self.raw(row))

    def take(self, rows: Rows, edits: Edits) -> TextStore:
        """A store of the given rows in that order; the buffer is shared."""
        changed = {}
        if self.changed:
            changed = {i: self.changed[row] for i, row in enumerate(rows.tolist()) if row in self.changed}
        view = {name: column.take(rows) for name, column in self.view.items()}
        if edits:
            where: dict[int, list[int]] = {}
            for i, row in enumerate(rows.tolist()):
                if row in edits:
                    where.setdefault(row, []).append(i)
            values: dict[str, dict[int, Any]] = {}
            for row, places in where.items():
                raw = self.shape.edit(self.raw(row), edits[row])
                parsed = self.shape.parse(raw)
                for i in places:
                    changed[i] = raw
                    for pointer in edits[row]:
                        name = parse_pointer(pointer)[0]
                        values.setdefault(name, {})[i] = parsed.get(name)
            for name, cells in values.items():
                base = view.get(name) or Column(_nulls(len(rows)))
                view[name] = patched(base, list(cells), list(cells.values()))
        same = self.whole and not edits and len(rows) == self.n_rows and bool((rows == np.arange(self.n_rows)).all())
        return replace(
            self, starts=self.starts[rows], ends=self.ends[rows], lines=self.lines[rows], view=view, changed=changed,
            whole=same,
        )  # fmt: skip

    def write(
        self, file: IO[bytes], rows: Rows, edits: Edits, added: Sequence[Mapping[str, Any]], weights: Sequence[float]
    ) -> None:
        """Write rows, then added rows; `weights` is empty or one number for each of them."""
        if self.whole and not edits and not added and not len(weights) and np.array_equal(rows, np.arange(self.n_rows)):
            file.write(self.buffer)
            return
        shape = self.shape
        weighted = len(weights) > 0
        file.write(shape.head(weighted=weighted, filled=bool(len(rows) or added)))
        if weighted:
            pieces = (self._spelled(row, edits) for row in rows.tolist())
            self._join(file, (shape.weigh(raw, weights[i]) for i, raw in enumerate(pieces)), first=True)
        else:
            self._write_runs(file, rows, edits)
        new: Any = (shape.spell(row) for row in added)
        if weighted:
            new = (shape.weigh(raw, weight) for raw, weight in zip(new, weights[len(rows) :], strict=True))
        self._join(file, new, first=len(rows) == 0)
        file.write(shape.tail)

    def _spelled(self, row: int, edits: Edits) -> bytes:
        raw = self.raw(row)
        return self.shape.edit(raw, edits[row]) if row in edits else raw

    def _join(self, file: IO[bytes], pieces: Any, *, first: bool) -> None:
        separator = self.shape.separator
        for piece in pieces:
            if not first:
                file.write(separator)
            file.write(piece)
            first = False

    def _write_runs(self, file: IO[bytes], rows: Rows, edits: Edits) -> None:
        """Neighbouring rows that nothing changed are copied in one piece, separators and all."""
        if not len(rows):
            return
        gap = len(self.shape.separator)
        special = np.zeros(self.n_rows, bool)
        special[[*self.changed, *(row for row in edits if row < self.n_rows)]] = True
        here, then = rows[:-1], rows[1:]
        together = (then == here + 1) & (self.starts[then] - self.ends[here] == gap) & ~special[here] & ~special[then]
        firsts = np.flatnonzero(np.concatenate(([True], ~together)))
        lasts = np.append(firsts[1:], len(rows)) - 1
        buffer, separator = memoryview(self.buffer), self.shape.separator
        begins, stops = self.starts[rows[firsts]].tolist(), self.ends[rows[lasts]].tolist()
        for i, (row, begin, stop) in enumerate(zip(rows[firsts].tolist(), begins, stops, strict=True)):
            if i:
                file.write(separator)
            file.write(self._spelled(row, edits) if special[row] else buffer[begin:stop])


def _nulls(n: int) -> Any:
    import pyarrow as pa

    return pa.nulls(n, pa.large_string())


@dataclass(frozen=True)
class Parsed:
    """What a reader hands to `load`."""

    store: Any
    """TextStore or ParquetStore of the readable rows."""
    rejected: list[Rejected]
    """The others, in order."""
    notes: tuple[str, ...] = ()
    """What the user should know of how the file was read, in sentences without their end and free of row content."""


def line_starts(data: Bytes, begin: int, newline: int = 10) -> Rows:
    """Byte offset of the first byte of every line from `begin`; found in blocks, to keep the masks small."""
    block = 1 << 26
    found = [np.array([begin], np.int64)]
    for at in range(begin, len(data), block):
        part = np.frombuffer(data, np.uint8, min(block, len(data) - at), at)
        found.append(np.flatnonzero(part == newline) + (at + 1))
    starts = np.concatenate(found)
    ended = len(starts) > 1 and int(starts[-1]) == len(data)
    return starts[:-1] if ended else starts


def without_line_ends(data: Bytes, ends: Rows) -> Rows:
    """`ends` moved before the LF, CRLF or CR that they stand behind."""
    if not len(ends):
        return ends
    codes = np.frombuffer(data, np.uint8)
    for mark in (10, 13):
        ends = ends - (codes[np.maximum(ends - 1, 0)] == mark).astype(np.int64)
    return ends
