"""Values of `INSERT INTO people (name, dob, ssn) VALUES (...), (...)` under the names of their columns.

The names of the columns label the values as the headings of a table do, so each value is read once more by itself under its
name; values under `password` are secrets. Only statements that name their columns are read, and only values under names
that say something. `told` finds the word `VALUES`; the columns before it and the rows behind are matched anchored, and a
row with another number of values than there are columns ends the statement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.context import column_masks
from curate.privacy.phrases import phrases_before
from curate.privacy.told.words import STATEMENT, Word

Ints = npt.NDArray[np.int64]
_COLUMNS = re.compile(
    rb"\binsert\s{1,4}(?:ignore\s{1,4})?into\s{1,4}[\w.`\"\[\]]{1,100}\s{0,4}\(([^()';]{3,1500})\)\s{0,40}\Z", re.IGNORECASE
)
_STATEMENT, _BEFORE = 140, 1800
"""Bytes of a statement before the bracket of its columns, and up to the end of that."""
_ROW = re.compile(rb"\s{0,40},?\s{0,40}\(")
_VALUE = re.compile(
    rb"\s{0,20}(?:[NE]?'((?:[^'\\]|''|\\.){0,4000})'|\"([^\"\\]{0,4000})\"|([^,()'\"]{0,200}(?:\([^()]{0,80}\))?))\s{0,20}([,)])",
    re.DOTALL,
)
_PLAIN = rb"[^()'\"]{1,200}+|'(?:[^'\\]|''|\\.){0,1000}+'"
_CALL = rb"\((?:" + _PLAIN + rb"){0,8}+\)"
for _ in range(2):  # calls in calls
    _CALL = rb"\((?:" + _PLAIN + rb"|" + _CALL + rb"){0,8}+\)"
_ODD = re.compile(
    rb"(?:[^,()'\"]{1,200}+|'(?:[^'\\]|''|\\.){0,1000}+'|\"[^\"\\]{0,1000}+\"|" + _CALL + rb"){1,12}+()()()([,)])",
    re.DOTALL,
)
"""A value that is worked out (`DATE '...'`, `CAST('...' AS date)`, `'...' || 'b'`): passed over."""
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PASSWORDS = frozenset(("password", "passwd", "pwd", "user password", "passwort", "contraseña", "contrasena", "senha"))


def statements(text: Block, words: Sequence[Word]) -> tuple[Block, Ints, Ints] | None:
    """The telling values of all statements as rows of a block under the names of their columns; for each the row it stands
    in; and int64[n, 3], row and bytes of values under a column of passwords."""
    data = text.data.data
    starts: list[int] = []
    ends: list[int] = []
    owner: list[int] = []
    under: list[str] = []
    secret: list[tuple[int, int, int]] = []
    for row, place, at, kind in words:
        low, high = int(text.starts[row]), int(text.ends[row])
        if kind != STATEMENT or not text.raw(max(low, place - 40), place).rstrip().endswith(b")"):
            continue
        names = _telling(_columns(text.raw(max(low, place - _BEFORE), place)))
        if not names:
            continue
        while (opening := _ROW.match(data, at, high)) and (values := _values(data, opening.end(), high, len(names))):
            for name, (a, b) in zip(names, values[0]):
                if b > a and name in _PASSWORDS:
                    if data[a - 1] in b"'\"":  # a literal
                        secret.append((row, a, b))
                elif b > a and _speaks(name):
                    starts.append(a)
                    ends.append(b)
                    owner.append(row)
                    under.append(name)
            at = values[1]
    if not starts and not secret:
        return None
    place_of: dict[str, int] = {}
    name_of = np.array([place_of.setdefault(name, len(place_of)) for name in under], np.int64)
    masks = np.array([_masks(name) for name in place_of], np.int64).reshape(-1, 2)
    cells = Block(text.data, np.array(starts, np.int64), np.array(ends, np.int64), tuple(place_of), masks, name_of)
    return cells, np.array(owner, np.int64), np.array(secret, np.int64).reshape(-1, 3)


def _values(data: memoryview, at: int, high: int, count: int) -> tuple[list[tuple[int, int]], int] | None:
    """Places of the values of one row from behind its bracket, and where it ends; nothing unless there are `count`."""
    out: list[tuple[int, int]] = []
    while len(out) < count and (value := _VALUE.match(data, at, high) or _ODD.match(data, at, high)):
        group = next(n for n in (1, 2, 3) if value[n] is not None)
        out.append(value.span(group))
        at = value.end()
        if value[4] == b")":
            return (out, at) if len(out) == count else None
    return None


def _columns(before: bytes) -> bytes:
    """The list of columns that ends there, if an INSERT stands before it."""
    found = _COLUMNS.search(before, max(0, before.rfind(b"(") - _STATEMENT))
    return bytes(found[1]) if found else b""


@lru_cache(maxsize=256)
def _telling(columns: bytes) -> list[str]:
    """The names of columns of which one says something."""
    names = [_plain(name) for name in columns.split(b",")]
    return names if any(map(_speaks, names)) or not _PASSWORDS.isdisjoint(names) else []


def _plain(name: bytes) -> str:
    """A column's name as words."""
    word = name.decode("utf-8", "replace").strip(" \t\r\n`\"[]")
    return re.sub(r"[_\s]+", " ", _GLUED.sub(" ", word)).lower()


@lru_cache(maxsize=1024)
def _masks(name: str) -> tuple[int, int]:
    return column_masks(name, bool(phrases_before("", name)))


def _speaks(name: str) -> bool:
    return bool(_masks(name)[1])
