"""JSONL and JSON arrays: find the rows, parse each, remember everything around them.

JSONL (one object a line, jsonlines.org): lines end in LF or CRLF, blank lines are skipped, a byte order mark is kept.
JSON array (RFC 8259): the standard library's decoder walks the elements and tells where each ends; each element is then
parsed like a JSONL line, so an odd element is rejected by itself. The array may stand under a key of one object
(`underkey`). Broken syntax between elements ends the file: what
follows cannot be trusted, so it is an error, never a shorter dataset.

Cost: about 1 microsecond a short row; memory is the file, the view columns and one piece of parsed rows, but for what is
set aside of a large JSONL file (`aside`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from curate.dataset.aside import Bytes
from curate.dataset.blocks import PIECE_ROWS, Collector, has_spaced_colons, parse_block
from curate.dataset.column import Column
from curate.dataset.encodings import conversion
from curate.dataset.jsontext import JsonStyle, RowProblem, edit_object, parse_object, skip_space
from curate.dataset.records import BOM, Parsed, Rows, TextStore, line_starts, without_line_ends
from curate.dataset.types import Rejected, mask
from curate.dataset.underkey import rows_under_key
from curate.errors import DataError


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
    kept, columns, rejected = _parse_spans(data, starts, ends, np.arange(1, len(starts) + 1), skip_blank=True)
    newline = b"\r\n" if len(starts) and data[: int(ends[0])].endswith(b"\r\n") else b"\n"
    first, last = starts[kept], without_line_ends(data, ends[kept])
    tail = newline if data[-1:] == b"\n" else b""
    shape = JsonShape(data[:begin], newline, tail, _style(data, first, last), newline)
    store = TextStore(data, first, last, kept + 1, shape, columns, whole=not rejected)
    return Parsed(store, rejected)


def _parse_spans(
    data: Bytes, starts: Rows, ends: Rows, lines: Rows, *, skip_blank: bool
) -> tuple[Rows, dict[str, Column], list[Rejected]]:
    """(indexes of the good spans, view columns, the others)."""
    collector, rejected = Collector(aside=not isinstance(data, bytes)), []
    kept: list[Rows] = []
    spaced = has_spaced_colons(data)
    for at in range(0, len(starts), PIECE_ROWS):
        bounds = zip(starts[at : at + PIECE_ROWS].tolist(), ends[at : at + PIECE_ROWS].tolist(), strict=True)
        raws = [data[start:end] for start, end in bounds]
        where = np.arange(at, at + len(raws))
        if skip_blank and min(map(len, raws)) < 3:
            filled = [bool(raw.strip()) for raw in raws]
            where, raws = where[filled], list(compress(raws, filled))
        rows = parse_block(raws, spaced=spaced)
        good = [type(row) is dict for row in rows]
        for i, row in enumerate(rows) if not all(good) else ():
            if isinstance(row, RowProblem) and (raws[i].strip() or not skip_blank):
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


def read_array(data: bytes, path: Path) -> Parsed:
    """Elements of a JSON array."""
    begin = len(BOM) if data.startswith(BOM) else 0
    try:
        text = data[begin:].decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, begin + error.start) + 1
        raise DataError(
            f"{path}: line {line}: invalid UTF-8 at byte {begin + error.start + 1} of the file. "
            f"{conversion(data)}"
        ) from None
    within = rows_under_key(data) if text.lstrip()[:1] == "{" else None
    spans = _elements(text, path, within)
    offsets = _byte_offsets(text, spans, begin)
    del text
    table = np.array(offsets, np.int64).reshape(-1, 2)
    if len(table):
        opening, tail = data[: table[0, 0]], data[table[-1, 1] :]
        gap = data[table[0, 1] : table[1, 0]] if len(table) > 1 else b"," + opening.rpartition(b"[")[2]
        margin = opening.rpartition(b"\n")[2].decode() if b"\n" in opening else ""
    else:
        opening, tail, gap, margin = data, b"", b",", ""
    lines = 1 + np.searchsorted(line_starts(data, 0)[1:], table[:, 0], side="right")
    kept, columns, rejected = _parse_spans(data, table[:, 0], table[:, 1], lines, skip_blank=False)
    starts, ends = table[kept, 0], table[kept, 1]
    style = _style(data, starts, ends, margin if not margin.strip() else "")
    newline = b"\r\n" if b"\r\n" in opening else b"\n"
    shape = JsonShape(opening, gap, tail, style, newline)
    store = TextStore(data, starts, ends, lines[kept], shape, columns, whole=not rejected)
    return Parsed(store, rejected)


def _elements(text: str, path: Path, within: int | None) -> list[tuple[int, int]]:
    """Character spans of the elements of the array that `text` is, or that begins `within` it."""
    decoder = json.JSONDecoder(parse_int=_any_int)
    spans: list[tuple[int, int]] = []
    position = skip_space(text, (skip_space(text, 0) if within is None else within) + 1)
    try:
        if text[position : position + 1] == "]":
            position += 1
        else:
            while True:
                end = decoder.raw_decode(text, position)[1]
                spans.append((position, end))
                position = skip_space(text, end)
                mark = text[position : position + 1]
                position += 1
                if mark == "]":
                    break
                if mark != ",":
                    raise json.JSONDecodeError("expecting ',' or ']'", text, position - 1)
                position = skip_space(text, position)
        if within is None and text[position:].strip(" \t\r\n"):
            raise json.JSONDecodeError("extra data after the array", text, skip_space(text, position))
    except json.JSONDecodeError as error:
        cut = " The file may have been cut short." if error.pos >= len(text.rstrip()) - 1 else ""
        raise DataError(
            f"{path}: line {error.lineno}, column {error.colno}: invalid JSON: {error.msg[:1].lower()}{error.msg[1:]} "
            f"(element {len(spans) + 1} of the array).{cut} Mend the file: what follows a break cannot be read."
        ) from None
    except RecursionError:
        raise DataError(f"{path}: element {len(spans) + 1} of the array is nested too deep to be read.") from None
    return spans


def _any_int(text: str) -> int:
    return 0 if len(text) > 4000 else int(text)


def _byte_offsets(text: str, spans: Iterable[tuple[int, int]], begin: int) -> list[tuple[int, int]]:
    if text.isascii():
        return [(start + begin, end + begin) for start, end in spans]
    offsets, position, at = [], 0, begin
    for start, end in spans:
        at += len(text[position:start].encode("utf-8"))
        size = len(text[start:end].encode("utf-8"))
        offsets.append((at, at + size))
        position, at = end, at + size
    return offsets
