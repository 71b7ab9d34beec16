"""Parsing many JSON rows at once: the checks of `jsontext.parse_object`, done by column where that is enough.

A row of plain values has as many keys as members, and as many colons after quotes as keys unless a text holds some;
only rows where these differ, and values that may hide keys or digits (objects, lists, huge floats), are looked at one
by one. About 1 microsecond a short row, a third of what one call a row costs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from curate.dataset.aside import Bytes, TextColumn
from curate.dataset.column import Column, Piece, piece, settle
from curate.dataset.jsontext import BIG, RowProblem, Unsure, count_keys, parse_object

PIECE_ROWS = 20_000
_SPACED_COLON = re.compile(rb'"\s+:')


def has_spaced_colons(data: Bytes, begin: int, end: int) -> bool:
    """Whether some key may be followed by white space before its colon, so that counting colons misses it."""
    return _SPACED_COLON.search(data, begin, end) is not None


def parse_block(raws: Sequence[bytes], *, spaced: bool) -> list[dict[str, Any] | RowProblem]:
    """Each row parsed, or what is wrong with it. `spaced`: some may have white space before the colon of a key."""
    try:
        rows: list[Any] = list(map(orjson.loads, raws))
    except orjson.JSONDecodeError:
        return [_one(raw) for raw in raws]
    if set(map(type, rows)) != {dict}:
        return [_one(raw) for raw in raws]
    keys = list(map(len, rows))
    doubtful = {i for i, raw in enumerate(raws) if _SPACED_COLON.search(raw)} if spaced else set()
    for name in column_names(rows):
        values = [row.get(name) for row in rows]
        if not {dict, list, float}.isdisjoint(map(type, values)):
            _look_inside(values, keys, doubtful)
    colons = [raw.count(b'":') for raw in raws]
    if colons != keys:
        doubtful.update(i for i, (seen, known) in enumerate(zip(colons, keys, strict=True)) if seen != known)
    for i in doubtful:
        rows[i] = _one(raws[i])
    return rows


def _look_inside(values: Sequence[Any], keys: list[int], doubtful: set[int]) -> None:
    for i, value in enumerate(values):
        kind = type(value)
        if kind is dict or kind is list:
            try:
                keys[i] += count_keys(value, 2)
            except (RowProblem, Unsure):
                doubtful.add(i)
        elif kind is float and not -BIG < value < BIG:
            doubtful.add(i)


def _one(raw: bytes) -> dict[str, Any] | RowProblem:
    try:
        return parse_object(raw)
    except RowProblem as problem:
        return problem


def column_names(rows: Sequence[Mapping[str, Any]]) -> dict[str, None]:
    """Keys of all rows in the order of their first appearance."""
    names: dict[str, None] = {}
    for keys in dict.fromkeys(map(tuple, rows)):
        names.update(dict.fromkeys(keys))
    return names


class Collector:
    """Gathers blocks of rows into view columns, so that a file's Python objects are never all alive.

    Text grows in one piece, so that it never stands twice; with `aside`, it goes to disk as it comes.
    """

    def __init__(self, n_rows: int, *, aside: bool = False) -> None:
        """`n_rows` foretells how many rows will come."""
        self._n_rows = n_rows
        self._pieces: dict[str, list[Piece]] = {}
        self._sets_aside = aside
        self._texts: dict[str, TextColumn] = {}
        self._grown: dict[str, str] = {}
        """What kind of text has grown."""
        self._kinds: dict[str, set[str]] = {}
        """What stands in each column so far, nulls left out."""
        self._done = 0

    @property
    def kinds(self) -> dict[str, str] | None:
        """The one kind of each column so far ("null" where nothing stands in it); None where one has several."""
        if any(len(kinds) > 1 for kinds in self._kinds.values()):
            return None
        return {name: next(iter(kinds), "null") for name, kinds in self._kinds.items()}

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a block of rows."""
        if not rows:
            return
        for name in column_names(rows):
            if name not in self._pieces:
                self._pieces[name] = [piece([None] * self._done)] if self._done else []
        self.add_pieces({name: [piece([row.get(name) for row in rows])] for name in self._pieces}, len(rows))

    def add_pieces(self, pieces: Mapping[str, Sequence[Piece]], n_rows: int) -> None:
        """Add a block of rows by column: all that are known, and no others."""
        for name, waiting in self._pieces.items():
            waiting.extend(pieces[name])
            self._kinds.setdefault(name, set()).update({kind for kind, _ in pieces[name]} - {"null"})
            self._join(name, waiting)
        self._done += n_rows

    def _join(self, name: str, waiting: list[Piece]) -> None:
        """Let the text of a column of one kind grow; once another kind comes, what follows waits in pieces."""
        kinds = self._kinds[name]
        if len(kinds) > 1 or not kinds <= {"str", "json"}:
            return
        if not self._sets_aside and name not in self._texts and len(waiting) < 2:
            return  # perhaps the only piece, which needs no copy
        self._grown[name] = next(iter(kinds), "null")
        column = self._texts.setdefault(name, TextColumn(aside=self._sets_aside))
        for _, array in waiting:
            column.append(array, self._n_rows)
        waiting.clear()

    def columns(self) -> dict[str, Column]:
        """The view columns of everything that was added."""
        return {name: settle([*self._taken(name), *self._pieces.pop(name)]) for name in list(self._pieces)}

    def _taken(self, name: str) -> list[Piece]:
        column = self._texts.pop(name, None)
        return [] if column is None else [(self._grown[name], column.array())]
