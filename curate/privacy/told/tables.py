"""Columns under "password": of Markdown and drawn tables, CSV and the like.

`find` finds the heading; if its line holds the headings of a table, the rows below are read, once for each table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from curate.privacy.column import Block
from curate.privacy.told.accounts import ROOTS, a_handle
from curate.privacy.told.strength import of_cell
from curate.privacy.told.words import AMBIGUOUS, NAMES_ITSELF, OF_PROGRAMS

_LINE = 600
_HEADING = re.compile(r"[^\W\d][^\d|,;\t\"]{0,31}")
_RULE = re.compile(r"[-+=:|\s]*\Z")
_BESIDE = re.compile(
    r"(?i)(?:(?:db|default|initial|temp(?:orary)?|user|wi-?fi|admin|root|current|your|the|mot de|login|ssh)[ _]?){0,2}\Z"
)
_USER = re.compile(
    r"(?i)(?:user(?: ?name|_?id)?|login|e-?mail|account|benutzer(?:name)?|usuario|utilisateur|identifiant|utente)\Z"
)
_PARTS = re.compile(r"[|,;\t]")
_PROSE = re.compile(r"[,;] ")
"""A line of a letter parts its words like that as well: "thanks, Martin"."""
_LOGIN = re.compile(r"[^\W\dA-Z_][\w.@+-]{1,60}")


def _line(text: Block, row: int, at: int) -> tuple[int, int]:
    """The line around a byte, or nothing where it is longer than a row of a table."""
    low, high = max(int(text.starts[row]), at - _LINE), min(int(text.ends[row]), at + _LINE)
    around = text.raw(low, high)
    begin = around.rfind(b"\n", 0, at - low) + 1
    end = around.find(b"\n", at - low)
    if (begin == 0 and low > int(text.starts[row])) or (end < 0 and high < int(text.ends[row])):
        return at, at
    return low + begin, low + (end if end >= 0 else len(around))


def _cells(line: str, sign: str) -> list[tuple[int, str]]:
    """Place and text of each cell, without blanks and quotes; the empty ones at the edges of a Markdown row left out."""
    out, at = [], 0
    for piece in line.rstrip("\r").split(sign):
        bare = piece.strip(" \t\"'`")
        out.append((at + (piece.find(bare) if bare else 0), bare))
        at += len(piece) + 1
    return out[1:-1] if sign == "|" and len(out) > 2 and not out[0][1] and not out[-1][1] else out


@dataclass(frozen=True)
class Table:
    """A column of passwords."""

    low: int
    """Byte where the rows begin."""
    sign: str
    column: int
    heads: list[str]


def under_heading(text: Block, row: int, start: int, end: int) -> Table | None:
    """The column that the word [start, end) heads, if its line holds the headings of a table."""
    if text.read(start, end).lower() in AMBIGUOUS and not text.read(max(start - 7, 0), start).lower().endswith("mot de "):
        return None
    if (next_sign := text.raw(end, end + 8).lstrip(b" \"'`\r")) and next_sign[0] not in b"|,;\t\n":
        return None
    low, high = _line(text, row, start)
    if low == high or high >= int(text.ends[row]):
        return None
    line = text.read(low, high)
    at = len(text.read(low, start))
    behind = line[at + len(text.read(start, end)) :].lstrip(" \"'`\r")
    if behind and not _PARTS.match(behind):
        return None
    sign = "|" if "|" in line else behind[:1] or next((s for s in "\t;," if s in line[:at]), "")
    if not sign:
        return None
    cells = _cells(line, sign)
    if len(cells) < 2 or not all(_HEADING.fullmatch(cell) for _, cell in cells if cell):
        return None
    for n, (place, cell) in enumerate(cells):
        if place <= at < place + len(cell):
            return Table(high + 1, sign, n, [cell for _, cell in cells]) if _BESIDE.match(cell[: at - place]) else None
    return None


def rows_below(text: Block, row: int, table: Table) -> tuple[list[tuple[int, int, str, float]], int]:
    """Passwords (bytes) in the column and user names beside them, and where the rows end."""
    users = [n for n, head in enumerate(table.heads) if _USER.match(head)]
    out: list[tuple[int, int, str, float]] = []
    low, row_end = table.low, int(text.ends[row])
    while low < row_end:
        line = text.raw(low, min(row_end, low + 2 * _LINE))
        line = line[:stop] if (stop := line.find(b"\n")) >= 0 else line
        read = line.decode("utf-8", "replace")
        if not read.strip():
            break
        if not _RULE.match(read):
            cells = _cells(read, table.sign)
            if len(cells) != len(table.heads):
                break
            place, value = cells[table.column]
            who = [name for _, name in map(cells.__getitem__, users) if _LOGIN.fullmatch(name)]
            least = min(map(_least, who), default=3)
            if of_cell(value, max(least, 2) if _PROSE.search(read) and table.sign in ",;" else least):
                out.append(_at(low, read, place, value, "SECRET", 0.8))
                for user in users:
                    place, name = cells[user]
                    if 4 <= len(name) <= 30 and _LOGIN.fullmatch(name) and a_handle(name):
                        out.append(_at(low, read, place, name, "HANDLE", 0.6))
        low += len(line) + 1
    return out, low


def _least(user: str) -> int:
    """How strong a password must be beside a user name: a list of fields has words under such headings as well."""
    if NAMES_ITSELF.fullmatch(user):
        return 3
    return 0 if user in ROOTS or OF_PROGRAMS.isdisjoint(re.split(r"[._@-]", user)) else 2


def _at(low: int, line: str, place: int, value: str, kind: str, score: float) -> tuple[int, int, str, float]:
    begin = low + len(line[:place].encode())
    return begin, begin + len(value.encode()), kind, score
