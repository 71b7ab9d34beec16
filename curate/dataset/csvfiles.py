"""CSV and TSV: cells are text, and stay the text they are.

RFC 4180 with the usual freedoms: the delimiter is `,`, tab, `;` or `|` (the one by which the first records agree), line
ends are LF, CRLF or CR, quoted cells may hold line ends. A cell is never read as a number: `01` stays `01`, an empty
cell is the empty string. The standard library's parser runs in strict mode, so that a row it would have to guess at is
rejected instead. A tab-separated file that makes no sense with quotes is read without them (IANA
text/tab-separated-values).

An edited cell is quoted where it was quoted before or has to be; the other cells of the row keep their bytes.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curate.dataset.blocks import PIECE_ROWS
from curate.dataset.column import Column, Piece, piece, settle
from curate.dataset.encodings import conversion, is_mixed
from curate.dataset.header import may_lack_header
from curate.dataset.jsontext import encode
from curate.dataset.pointer import parse_pointer
from curate.dataset.records import BOM, Parsed, Rows, TextStore, line_starts, without_line_ends
from curate.dataset.types import Rejected, mask
from curate.errors import DataError

_DELIMITERS = ",\t;|"
_SNIFF_BYTES = 1 << 16
_MAX_RESTARTS = 50  # how often reading goes on after a quote that is never closed


@dataclass(frozen=True)
class CsvShape:
    """How a CSV file spells cells and rows."""

    columns: tuple[str, ...]
    header: bytes
    delimiter: str
    quoting: bool
    quote_all: bool
    separator: bytes
    tail: bytes

    def head(self, *, weighted: bool, filled: bool) -> bytes:
        added = weighted and "_weight" not in self.columns
        extra = (self.delimiter + self._cell("_weight", quoted=self.quote_all)).encode() if added else b""
        return self.header + extra + (self.separator if filled else b"")

    def parse(self, raw: bytes) -> dict[str, Any]:
        cells = [cell for _, _, cell, _ in self._spans(raw.decode("utf-8"))]
        return dict(zip(self.columns, cells, strict=True))

    def edit(self, raw: bytes, edits: Mapping[str, Any]) -> bytes:
        text = raw.decode("utf-8")
        for pointer, new in edits.items():
            column, path = parse_pointer(pointer)
            if path:
                raise KeyError(f"a CSV cell holds no nested value: {pointer}")
            if column not in self.columns:
                raise KeyError(f"no such column: {column}")
            start, end, _, quoted = self._spans(text)[self.columns.index(column)]
            text = text[:start] + self._cell(_as_text(new), quoted=quoted) + text[end:]
        return text.encode("utf-8")

    def weigh(self, raw: bytes, weight: float) -> bytes:
        if "_weight" in self.columns:
            return self.edit(raw, {"_weight": weight})
        return raw + (self.delimiter + self._cell(_as_text(weight), quoted=self.quote_all)).encode()

    def spell(self, row: Mapping[str, Any]) -> bytes:
        unknown = sorted(set(row) - set(self.columns) - {"_weight"})
        if unknown:
            raise DataError(f"an added row has a column that the CSV file lacks: {unknown[0]!r}")
        cells = [self._cell(_as_text(row.get(name)), quoted=self.quote_all) for name in self.columns]
        if cells == [""]:
            cells = ['""']  # an empty line would not be a row
        return self.delimiter.join(cells).encode("utf-8")

    def _cell(self, text: str, *, quoted: bool) -> str:
        special = any(mark in text for mark in (self.delimiter, "\n", "\r"))
        if not self.quoting:
            if special:
                raise DataError("this TSV file has no quotes, so a cell cannot hold a tab or a line end")
            return text
        if quoted or special or text.startswith('"'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _spans(self, text: str) -> list[tuple[int, int, str, bool]]:
        """(start, end, value, quoted) of each cell of one row."""
        cells = []
        position = 0
        while True:
            if self.quoting and text[position : position + 1] == '"':
                end = position + 1
                while True:
                    end = text.index('"', end) + 1
                    if text[end : end + 1] != '"':
                        break
                    end += 1
                cells.append((position, end, text[position + 1 : end - 1].replace('""', '"'), True))
            else:
                end = text.find(self.delimiter, position)
                end = len(text) if end < 0 else end
                cells.append((position, end, text[position:end], False))
            if end >= len(text):
                return cells
            position = end + 1


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else encode(value)


def read_csv(data: bytes, path: Path, *, tabs: bool) -> Parsed:
    """Rows of a CSV or TSV file."""
    csv.field_size_limit(2**31 - 1)  # cells of many megabytes are legal
    begin = len(BOM) if data.startswith(BOM) else 0
    delimiter = _sniff(data[begin : begin + _SNIFF_BYTES].decode("utf-8", "replace"), "\t" if tabs else ",")
    parsed = _read(data, begin, path, delimiter, quoting=True)
    if parsed.rejected and delimiter == "\t":
        plain = _read(data, begin, path, delimiter, quoting=False)
        if not plain.rejected:
            return plain
    return parsed


def _sniff(sample: str, preferred: str) -> str:
    """The delimiter by which the first records agree in more than one field."""
    lines = list(io.StringIO(sample, newline=""))
    known: list[str] = [preferred, *_DELIMITERS]
    if len(sample) >= _SNIFF_BYTES // 2 and len(lines) > 1:
        lines = lines[:-1]
    for delimiter in known:
        widths = []
        try:
            for record in csv.reader(lines, delimiter=delimiter):
                if record:
                    widths.append(len(record))
                if len(widths) > 50:
                    break
        except csv.Error:
            pass
        if widths and widths[0] > 1 and widths.count(widths[0]) >= 0.8 * len(widths):
            return delimiter
    header = lines[0] if lines else ""
    return next((mark for mark in known if mark in header), preferred)


def _read(data: bytes, begin: int, path: Path, delimiter: str, *, quoting: bool) -> Parsed:
    newline_code = 13 if b"\n" not in data and b"\r" in data else 10
    starts = line_starts(data, begin, newline_code)
    records = _records(data, starts, delimiter, quoting)
    header = next((record for record in records if record[2] != []), None)
    if header is None:
        raise DataError(f"{path}: no rows: the file holds only blank lines.")
    first, last, columns, problem = header
    if problem or columns is None:
        raise DataError(f"{path}: line {first + 1}: the header cannot be read: {problem}.{_convert(problem, data, path)}")
    _check_header(columns, path, first + 1)
    width = len(columns)
    pieces: list[list[Piece]] = [[] for _ in columns]
    batch: list[list[str]] = []
    rejected: list[Rejected] = []
    again: list[int] = []
    firsts, afters = array("q"), array("q")

    def flush() -> None:
        for values, done in zip(zip(*batch, strict=True), pieces, strict=True):
            done.append(piece(values))
        batch.clear()

    stops = np.append(starts[1:], len(data))
    for at, until, cells, reason in records:
        if cells is not None and len(cells) == width:
            if width > 1 and cells[1:] == columns[1:] and cells[0].removeprefix("\ufeff") == columns[0]:
                again.append(at + 1)
            batch.append(cells)
            firsts.append(at)
            afters.append(until)
            if len(batch) >= PIECE_ROWS:
                flush()
        elif cells != []:
            raw = data[int(starts[at]) : min(int(stops[until - 1]), int(starts[at]) + 320)]
            reason = reason or f"{len(cells or [])} fields where the header has {width}"
            rejected.append(Rejected(at + 1, reason, mask(raw.decode("utf-8", "replace").rstrip("\r\n"))))
    if batch:
        flush()
    begins, behind = np.array(firsts, np.int64), np.array(afters, np.int64)
    ends = without_line_ends(data, stops[behind - 1])
    head_end = int(without_line_ends(data, stops[[last - 1]])[0])
    line_end = bytes(data[head_end : int(stops[last - 1])]) or b"\n"
    view = {name: settle(done or [piece([])]) for name, done in zip(columns, pieces, strict=True)}
    shape = CsvShape(
        tuple(columns),
        data[:head_end],
        delimiter,
        quoting,
        _all_quoted(data[int(starts[first]) : head_end], delimiter),
        line_end,
        line_end if data.endswith((b"\n", b"\r")) else b"",
    )
    row_starts = starts[begins]
    store = TextStore(data, row_starts, ends, begins + 1, shape, view, whole=not rejected)
    return Parsed(store, rejected, tuple(_notes(view, first + 1, again)))


def _notes(view: Mapping[str, Column], line: int, again: list[int]) -> Iterator[str]:
    if may_lack_header(view):
        yield f"line {line} is read as the names of columns, and may be a row: if it is one, put a line of names above it"
    if again:
        more = f" and {len(again) - 1:,} more" if len(again) > 1 else ""
        yield f"the names of columns stand again in line {again[0]}{more}: read as a row, as such a row can be data"


def _records(
    data: bytes, starts: Rows, delimiter: str, quoting: bool
) -> Iterator[tuple[int, int, list[str] | None, str]]:
    """(first line, line after the last, cells, problem) of each record; lines from 0; blank lines have no cells."""
    bounds = [*starts.tolist(), len(data)]
    damaged: set[int] = set()

    def lines(begin: int) -> Iterator[str]:
        for i in range(begin, len(bounds) - 1):
            raw = data[bounds[i] : bounds[i + 1]]
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError:
                damaged.add(i)
                yield raw.decode("utf-8", "surrogateescape")

    base, restarts = 0, 0
    quotes: Any = csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE
    reader = csv.reader(lines(0), delimiter=delimiter, strict=True, quoting=quotes)
    total = len(bounds) - 1
    while True:
        at = base + reader.line_num
        cells: list[str] | None = None
        problem = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _plain_words(error)
        until = base + reader.line_num
        if problem and until >= total and "never closed" in problem and until > at + 1 and restarts < _MAX_RESTARTS:
            # The stray quote swallowed the rest of the file: give up its own line only, and read on behind it.
            restarts += 1
            yield at, at + 1, None, problem
            base = at + 1
            reader = csv.reader(lines(base), delimiter=delimiter, strict=True, quoting=quotes)
            continue
        if damaged and not damaged.isdisjoint(range(at, until)):
            cells, problem = None, _where_damaged(data, bounds, at, until)
        yield at, until, cells, problem


def _convert(problem: str, data: bytes, path: Path) -> str:
    return f" {conversion(path, mixed=is_mixed(data))}" if "UTF-8" in problem else ""


def _where_damaged(data: bytes, bounds: list[int], at: int, until: int) -> str:
    try:
        data[bounds[at] : bounds[until]].decode("utf-8")
    except UnicodeDecodeError as error:
        return f"invalid UTF-8 at byte {error.start + 1} of the row"
    return "invalid UTF-8"


def _plain_words(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote that is opened here is never closed"
    if "expected after" in text:
        return "text follows a closing quote (inside a quoted cell, a quote is written twice)"
    if "new-line character" in text:
        return "a bare carriage return outside quotes"
    return "not valid CSV"


def _all_quoted(header: bytes, delimiter: str) -> bool:
    cells = header.decode("utf-8", "replace").split(delimiter)
    return all(cell[:1] == '"' and cell[-1:] == '"' and len(cell) > 1 for cell in cells)


def _check_header(columns: list[str], path: Path, line: int) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DataError(
            f"{path}: line {line}: the header names a column twice: {twice[0]!r}. Rename one of them; if that line "
            "is a row, put a line of names above it."
        )
    if columns[0].lstrip().startswith(("{", "[")):
        raise DataError(f"{path}: looks like JSON, not CSV. Rename the file to end in .jsonl or .json.")
