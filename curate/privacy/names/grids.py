# mypy: disable-error-code="assignment"
"""Tables inside a text: lines of cells under a line of headings (`name,phone,dob` and the rows below it).

Headings say what the cells are, as the name of a column does, so each cell is read once more by itself under its heading.
A line is a heading where it has two to forty cells of at most 40 bytes without digits, one of them a word that names
personal data, and the next line has as many cells; its rows are the lines below it with as many cells. Cells are parted by
one of `,` `;` `|` and tab; quotes around a cell are left out, and a sign inside quotes parts nothing. In a text that is
JSON the strings under telling keys (`"ville": "Albi"`) are cells too.

Complexity: O(bytes), 0.2 ns a byte for texts of long lines. It reads no table whose line breaks are written out (`\\n`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.context import column_masks
from curate.privacy.names.columns import NOTHING, column_class
from curate.privacy.phrases import phrases_before

Ints = npt.NDArray[np.int64]
_LINE = 600
"""Bytes of the longest line that may be a row of a table."""
_HEADING_LENGTH = 40
"""Signs of the longest heading."""
_HEADING = re.compile(r"[^\W\d][\w .:/#'()-]{0,40}")
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CELL = {
    sign: re.compile(rf'[{blank}]*(?:"((?:[^"]|"")*)"|([^{re.escape(sign)}]*))[{blank}]*(?:{re.escape(sign)}|\Z)'.encode())
    for sign, blank in ((",", " \t"), (";", " \t"), ("|", " \t"), ("\t", " "))  # a tab that parts cells is no blank
}


@njit(cache=True, nogil=True)
def _short_cells(data, a, b, sign):  # type: ignore[no-untyped-def]
    """Whether no cell is longer than a heading: prose has commas as well, but rarely so many. Blanks and quotes around a
    cell do not count."""
    p = a
    while p < b:
        while p < b and (data[p] == 32 or data[p] == 9 or data[p] == 34) and data[p] != sign:
            p += 1
        first, last = p, p
        while p < b and data[p] != sign:
            if data[p] != 32 and data[p] != 9 and data[p] != 34 and data[p] != 13:
                last = p
            p += 1
        if last - first >= 4 * _HEADING_LENGTH:  # bytes of as many signs at most
            return False
        if last - first >= _HEADING_LENGTH and data[first] < 128 and data[last] < 128:
            plain = True
            for q in range(first, last):
                plain &= data[q] < 128
            if plain:
                return False
        p += 1
    return True


@njit(cache=True, nogil=True)
def _heads(data, row_of, a, b):  # type: ignore[no-untyped-def]
    """For each line [a, b): the sign that parts its cells if it may be a heading, else 0."""
    out = np.zeros(len(a), dtype=np.uint8)
    counts = np.zeros((2, 4), dtype=np.int64)
    for n in range(len(a) - 1):
        if row_of[n] != row_of[n + 1] or b[n] - a[n] > _LINE or b[n + 1] - a[n + 1] > 4 * _LINE or b[n] - a[n] < 3:
            continue
        counts[:] = 0
        digits = False
        for k in range(2):
            for p in range(a[n + k], b[n + k]):
                c = data[p]
                counts[k, 0] += c == 44
                counts[k, 1] += c == 59
                counts[k, 2] += c == 124
                counts[k, 3] += c == 9
                if k == 0 and 48 <= c <= 57:
                    digits = True
                    break
            if digits or counts[0].max() == 0:
                break
        if digits:
            continue
        best = counts[0].argmax()
        if 1 <= counts[0, best] <= 40 and counts[1, best] >= counts[0, best]:
            sign = (44, 59, 124, 9)[best]
            if _short_cells(data, a[n], b[n], sign):
                out[n] = sign
    return out


@lru_cache(maxsize=4096)
def _speaks(heading: str) -> bool:
    """Whether a heading names personal data."""
    return bool(column_masks(heading, bool(phrases_before("", heading)))[1]) or column_class(heading) != NOTHING


def _cells(line: bytes, sign: str) -> list[tuple[int, int]]:
    """Begin and end of each cell, without blanks and quotes."""
    out: list[tuple[int, int]] = []
    at = 0
    if b'"' not in line:
        for piece in line.split(sign.encode()):
            begin = at + len(piece) - len(piece.lstrip())
            out.append((begin, max(begin, at + len(piece.rstrip()))))
            at += len(piece) + 1
        return out
    while at <= len(line):
        match = _CELL[sign].match(line, at)
        if match is None:
            break
        a, b = match.span(1) if match[1] is not None else match.span(2)
        piece = line[a:b]
        out.append((a + len(piece) - len(piece.lstrip()), b - len(piece) + len(piece.rstrip())))
        at = match.end() if match[0].endswith(sign.encode()) else len(line) + 1
    return out


@dataclass
class _Cells:
    """Cells as they are found: places, the row that each stands in, its heading; and where headings stand."""

    starts: list[int]
    ends: list[int]
    owner: list[int]
    under: list[str]
    heads: list[tuple[int, int, int]]


def grid(text: Block) -> tuple[Block, Ints, Ints] | None:
    """The cells of all tables, and the strings of JSON under their keys, as rows of a block of their own, under their
    headings; for each the row it stands in; and the headings, int64[n, 3]: row, start byte, end byte."""
    if not len(text.starts) or not (np.diff(text.starts) >= 0).all():
        return None
    found = _Cells([], [], [], [], [])
    _tables(text, found)
    _pairs(text, found)
    if not found.starts:
        return None
    place: dict[str, int] = {}
    name_of = np.array([place.setdefault(heading, len(place)) for heading in found.under], np.int64)
    masks = np.array([column_masks(h, bool(phrases_before("", h))) for h in place], np.int64).reshape(-1, 2)
    starts, ends = np.array(found.starts, np.int64), np.array(found.ends, np.int64)
    order = np.argsort(starts, kind="stable")
    cells = Block(text.data, starts[order], ends[order], tuple(place), masks, name_of[order])
    return cells, np.array(found.owner, np.int64)[order], np.array(found.heads, np.int64)


_PAIR = re.compile(rb'"([A-Za-z_\x80-\xff][^"\\\n]{0,40})"\s{0,4}:\s{0,4}"([^"\\]{2,400})"')
_LONGEST_OBJECT = 1 << 16
"""Bytes of the longest text that is read as JSON: longer ones are files, not cells."""


def _pairs(text: Block, found: _Cells) -> None:
    """Strings under keys that name personal data, in texts that begin as JSON does."""
    sizes = text.ends - text.starts
    some = np.flatnonzero((sizes >= 8) & (sizes <= _LONGEST_OBJECT))
    some = some[np.isin(text.data[text.starts[some]], np.frombuffer(b"{[", np.uint8))]
    for row in some.tolist():
        base = int(text.starts[row])
        line = text.data[base : int(text.ends[row])].tobytes()
        for match in _PAIR.finditer(line):
            key = _GLUED.sub(" ", match[1].decode("utf-8", "replace")).replace("_", " ")
            if _speaks(key):
                found.starts.append(base + match.start(2))
                found.ends.append(base + match.end(2))
                found.owner.append(row)
                found.under.append(key)
                found.heads.append((row, base + match.start(1), base + match.end(1)))


def _tables(text: Block, found: _Cells) -> None:
    """Cells below lines of headings."""
    data = text.data
    low = int(text.starts[0])
    breaks = np.flatnonzero(data[low : int(text.ends.max())] == 10) + low  # the buffer may hold other blocks as well
    row = np.searchsorted(text.starts, breaks, side="right") - 1
    inside = (row >= 0) & (breaks < text.ends[np.maximum(row, 0)])
    breaks, row = breaks[inside], row[inside]
    if not len(breaks):
        return
    rows = np.unique(row)
    row_of = np.concatenate([row, rows])
    end = np.concatenate([breaks, text.ends[rows]])
    order = np.lexsort((end, row_of))
    row_of, end = row_of[order], end[order]
    first = np.concatenate([[True], row_of[1:] != row_of[:-1]])
    begin = np.where(first, text.starts[row_of], np.concatenate([[0], end[:-1] + 1]))
    signs = _heads(data, row_of, begin, end)
    done = -1
    for n in np.flatnonzero(signs).tolist():
        if n <= done:
            continue
        sign = chr(signs[n])
        line = data[begin[n] : end[n]].tobytes().rstrip(b"\r")
        headings = [line[a:b].decode("utf-8", "replace") for a, b in _cells(line, sign)]
        named = [h for h in headings if h]
        if not all(_HEADING.fullmatch(h) and len(h) <= _HEADING_LENGTH for h in named) or not any(map(_speaks, named)):
            continue
        found.heads.append((int(row_of[n]), int(begin[n]), int(end[n])))
        telling = [(place, heading) for place, heading in enumerate(headings) if heading and _speaks(heading)]
        owner, m = int(row_of[n]), n + 1
        while m < len(end) and row_of[m] == owner and end[m] - begin[m] <= 4 * _LINE:
            base = int(begin[m])
            cells = _cells(data[base : end[m]].tobytes().rstrip(b"\r"), sign)
            if len(cells) != len(headings):
                break
            for place, heading in telling:
                a, b = cells[place]
                if b > a:
                    found.starts.append(base + a)
                    found.ends.append(base + b)
                    found.owner.append(owner)
                    found.under.append(heading)
            m += 1
        done = m - 1
