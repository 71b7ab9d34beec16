"""JSONL and JSON arrays: find the rows, parse each, remember everything around them.

JSONL (one object a line, jsonlines.org): lines end in LF or CRLF, blank lines are skipped, a byte order mark is kept.
JSON array (RFC 8259): the standard library's decoder walks the elements and tells where each ends; each element is then
parsed like a JSONL line, so an odd element is rejected by itself. Broken syntax between elements ends the file: what
follows cannot be trusted, so it is an error, never a shorter dataset. An array may stand under a key of one object
(`underkey`): it is read, and written, as if it stood alone.

Cost: about 1 microsecond a short row, a third of it where the lines of a large file are flat (`flatlines`); memory is the
file, the view columns and one piece of parsed rows, but for what is set aside of a large JSONL file (`aside`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from curate.dataset.aside import Bytes
from curate.dataset.blocks import PIECE_ROWS, Collector, has_spaced_colons, parse_block
from curate.dataset.column import Column
from curate.dataset.encodings import conversion, is_mixed
from curate.dataset.flatlines import FLAT, read_lines
from curate.dataset.formats import first_line_whole
from curate.dataset.jsontext import Elements, JsonStyle, RowProblem, edit_object, parse_object, skip_space
from curate.dataset.records import BOM, Parsed, Rows, TextStore, line_starts, without_line_ends
from curate.dataset.types import Rejected, mask
from curate.dataset.underkey import UnderKey, rows_under_key
from curate.errors import DataError

_PATIENCE = 3
"""Blocks in a row that Arrow may refuse before it is not asked again."""


@dataclass(frozen=True)
class JsonShape:
    """How a JSON file spells rows and joins them."""

    opening: bytes
    separator: bytes
    tail: bytes
    style: JsonStyle
    newline: bytes

    def head(self, *, weighted: bool, filled: bool) -> bytes:
        return self.opening

    def parse(self, raw: bytes) -> dict[str, Any]:
        return parse_object(raw)

    def edit(self, raw: bytes, edits: Mapping[str, Any]) -> bytes:
        return edit_object(raw, edits, self.style)

    def weigh(self, raw: bytes, weight: float) -> bytes:
        return edit_object(raw, {"_weight": weight}, self.style)

    def spell(self, row: Mapping[str, Any]) -> bytes:
        text = self.style.dumps(row)
        return text.encode("utf-8").replace(b"\n", self.newline)


def read_jsonl(data: Bytes) -> Parsed:
    """Rows of a JSON Lines file."""
    begin = len(BOM) if data[: len(BOM)] == BOM else 0
    starts = line_starts(data, begin)
    ends = np.append(starts[1:], len(data))
    kept, columns, rejected = _parse_spans(data, starts, ends, np.arange(1, len(starts) + 1), whole_lines=True)
    newline = b"\r\n" if len(starts) and data[: int(ends[0])].endswith(b"\r\n") else b"\n"
    first, last = starts[kept], without_line_ends(data, ends[kept])
    tail = newline if data[-1:] == b"\n" else b""
    shape = JsonShape(data[:begin], newline, tail, _style(data, first, last), newline)
    store = TextStore(data, first, last, kept + 1, shape, columns, whole=not rejected)
    return Parsed(store, rejected)


def _parse_spans(
    data: Bytes, starts: Rows, ends: Rows, lines: Rows, *, whole_lines: bool
) -> tuple[Rows, dict[str, Column], list[Rejected]]:
    """(indexes of the good spans, view columns, the others). `whole_lines`: the spans are lines, of which blank ones are
    left out; the first of them tell what columns there are, and Arrow reads the others where these are flat."""
    collector, rejected = Collector(len(starts), aside=not isinstance(data, bytes)), []
    kept: list[Rows] = []
    refused = 0
    for at in range(0, len(starts), PIECE_ROWS):
        first, last = starts[at : at + PIECE_ROWS], ends[at : at + PIECE_ROWS]
        where = np.arange(at, at + len(first))
        if whole_lines and at and refused < _PATIENCE and (kinds := collector.kinds) and set(kinds.values()) <= FLAT:
            flat = read_lines(data, first, last, kinds)
            if flat is not None:
                kept.append(where)
                collector.add_pieces(flat, len(where))
                refused = 0
                continue
            refused += 1
        raws = [data[start:end] for start, end in zip(first.tolist(), last.tolist(), strict=True)]
        spaced = has_spaced_colons(data, int(first[0]), int(last[-1]))
        if whole_lines and min(map(len, raws)) < 3:
            filled = [bool(raw.strip()) for raw in raws]
            where, raws = where[filled], list(compress(raws, filled))
        rows = parse_block(raws, spaced=spaced)
        good = [type(row) is dict for row in rows]
        for i, row in enumerate(rows) if not all(good) else ():
            if isinstance(row, RowProblem) and (raws[i].strip() or not whole_lines):
                preview = mask(raws[i][:320].decode("utf-8", "replace").rstrip("\r\n"))
                rejected.append(Rejected(int(lines[where[i]]), str(row), preview))
        kept.append(where[good])
        collector.add([row for row in rows if not isinstance(row, RowProblem)])
    index = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    return index, collector.columns(), rejected


def _style(data: Bytes, starts: Any, ends: Any, margin: str = "") -> JsonStyle:
    escaped = not data[:1_000_000].removeprefix(BOM).isascii()
    ensure_ascii = not escaped and b"\\u" in data[:1_000_000]
    if not len(starts):
        return JsonStyle(ensure_ascii)
    return JsonStyle.of(data[int(starts[0]) : int(ends[0])], ensure_ascii=ensure_ascii, margin=margin)


def read_object(data: bytes, path: Path) -> tuple[str, Parsed]:
    """(format, rows) of a text that may be one object: the rows under one of its keys, or the object as a row."""
    sure = not first_line_whole(data)
    try:
        text = data.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError:
        if sure:
            _decoded(data, path)
        return "jsonl", read_jsonl(data)
    found = rows_under_key(path, text, sure=sure)
    if found is None:
        return "jsonl", read_jsonl(data)
    return "json", _array(data, text, found.spans, found)


def read_array(data: bytes, path: Path) -> Parsed:
    """Elements of a JSON array."""
    text = _decoded(data, path)
    return _array(data, text, _elements(text, path), None)


def _decoded(data: bytes, path: Path) -> str:
    begin = len(BOM) if data.startswith(BOM) else 0
    try:
        return data[begin:].decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, begin + error.start) + 1
        raise DataError(
            f"{path}: line {line}: invalid UTF-8 at byte {begin + error.start + 1} of the file. "
            f"{conversion(path, mixed=is_mixed(data))}"
        ) from None


def _array(data: bytes, text: str, spans: Sequence[tuple[int, int]], within: UnderKey | None) -> Parsed:
    """The rows at some characters of a text; of rows under a key, nothing that stands around the list is written."""
    begin = len(BOM) if data.startswith(BOM) else 0
    offsets = _byte_offsets(text, spans, begin)
    table = np.array(offsets, np.int64).reshape(-1, 2)
    if len(table):
        opening, tail = data[: table[0, 0]], data[table[-1, 1] :]
        if within is not None:
            opening = data[:begin] + b"[" + text[within.begin : spans[0][0]].encode()
            tail = tail[: tail.index(b"]")].rstrip(b" \t") + b"]" + (data[-1:] if data[-1:] == b"\n" else b"")
        gap = data[table[0, 1] : table[1, 0]] if len(table) > 1 else b"," + opening.rpartition(b"[")[2]
        margin = opening.rpartition(b"\n")[2].decode() if b"\n" in opening else ""
    else:
        opening, tail, gap, margin = data, b"", b",", ""
    lines = 1 + np.searchsorted(line_starts(data, 0)[1:], table[:, 0], side="right")
    kept, columns, rejected = _parse_spans(data, table[:, 0], table[:, 1], lines, whole_lines=False)
    starts, ends = table[kept, 0], table[kept, 1]
    style = _style(data, starts, ends, margin if not margin.strip() else "")
    newline = b"\r\n" if b"\r\n" in opening else b"\n"
    shape = JsonShape(opening, gap, tail, style, newline)
    whole = not rejected and within is None
    store = TextStore(data, starts, ends, lines[kept], shape, columns, whole=whole)
    return Parsed(store, rejected, () if within is None else (within.note,))


def _elements(text: str, path: Path) -> list[tuple[int, int]]:
    """Character spans of the elements of the array that `text` is."""
    elements = Elements()
    try:
        position = elements.read(text, skip_space(text, 0))
        if text[position:].strip(" \t\r\n"):
            raise json.JSONDecodeError("extra data after the array", text, skip_space(text, position))
    except json.JSONDecodeError as error:
        cut = " The file may have been cut short." if error.pos >= len(text.rstrip()) - 1 else ""
        raise DataError(
            f"{path}: line {error.lineno}, column {error.colno}: invalid JSON: {error.msg[:1].lower()}{error.msg[1:]} "
            f"(element {len(elements.spans) + 1} of the array).{cut} Mend the file: what follows a break cannot be read."
        ) from None
    except RecursionError:
        raise DataError(f"{path}: element {len(elements.spans) + 1} of the array is nested too deep to be read.") from None
    return elements.spans


def _byte_offsets(text: str, spans: Sequence[tuple[int, int]], begin: int) -> list[tuple[int, int]]:
    if text.isascii():
        return [(start + begin, end + begin) for start, end in spans]
    offsets, position, at = [], 0, begin
    for start, end in spans:
        at += len(text[position:start].encode("utf-8"))
        size = len(text[start:end].encode("utf-8"))
        offsets.append((at, at + size))
        position, at = end, at + size
    return offsets
