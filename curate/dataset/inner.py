"""Columns inside a column: `translation/en` is what stands under `en` in the objects of the column `translation`.

A role may name one by its pointer. Detection offers the two languages of WMT's and OPUS's
`{"translation": {"en": ..., "fr": ...}}`, the one list of turns of a request (`body/messages`) and nothing else: what other
objects hold is the user's to say. Findings and edits
name the same pointer, so what is written keeps its shape.
Cost: one pass over the JSON of a column for all that is asked for at once; it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from curate.dataset.column import Column, Piece, piece, settle
from curate.dataset.content import loaded
from curate.dataset.languages import LANGUAGES, NAMED, OTHER_LANGUAGES, RARE_CODES
from curate.dataset.names import LISTED_LABELS, NAMES, plain, rank, spelled
from curate.dataset.pointer import Token, escape, get, parse_pointer
from curate.dataset.shapes import says_something

_SAMPLE = 200
_BATCH = 10_000
_TRANSLATIONS = ("translation", "translations")
_CODE = re.compile(r"([a-z]{2,3})(?:[-_](?:[A-Za-z]{2}|[A-Z][a-z]{3}|[0-9]{3}))?")
"""A language, and where or in which script it is written: `en`, `zh-CN`, `pt_BR`, `eng_Latn`."""


def holder_of(name: str, columns: Sequence[str]) -> str:
    """The column that an inner one lies in; empty for names of columns and of nothing."""
    if name in columns or "/" not in name:
        return ""
    column = parse_pointer(name)[0]
    return column if column in columns else ""


class Columns:
    """The columns of a table by their names, inner ones by their pointers."""

    def __init__(self, names: Sequence[str], column: Callable[[str], Column]) -> None:
        self.names = names
        self._column = column
        self.inside: dict[str, Column] = {}
        """Inner columns that somebody asked for."""

    def __call__(self, name: str) -> Column:
        self.look_into([name])
        return self.inside[name] if name in self.inside else self._column(name)

    def look_into(self, names: Iterable[str]) -> None:
        """Read the inner ones among `names`, those of one column at once."""
        wanted: dict[str, list[str]] = {}
        for name in names:
            holder = holder_of(name, self.names)
            if holder and name not in self.inside:
                wanted.setdefault(holder, []).append(name)
        for holder, pointers in wanted.items():
            self.inside.update(zip(pointers, inner(self._column(holder), pointers), strict=True))


def in_columns(values: Mapping[str, Any], columns: Sequence[str], cells: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The cells of a row of its own, from values by the names of columns and of places inside objects, set into `cells`.

    A value whose place is taken by something else than an object is left out.
    """
    out: dict[str, Any] = dict(cells or {})
    for name, value in values.items():
        key, path = parse_pointer(name) if holder_of(name, columns) else (name, ())
        held: Any = out
        for step in path:
            inner_cells = held.get(key)
            held[key] = dict(inner_cells or {}) if isinstance(inner_cells, dict | None) else inner_cells
            held, key = held[key], step
            if not isinstance(held, dict):
                break
        else:
            held[key] = value
    return out


def inner(holder: Column, names: Sequence[str]) -> list[Column]:
    """What stands at each of some pointers in each value of their column; null where nothing does."""
    array = holder.array if holder.json else pa.nulls(len(holder.array), pa.large_string())
    paths = [parse_pointer(name)[1] for name in names]
    pieces: list[list[Piece]] = [[] for _ in names]
    for start in range(0, max(1, len(array)), _BATCH):
        values = [None if text is None else loaded(text) for text in array.slice(start, _BATCH).to_pylist()]
        for path, made in zip(paths, pieces, strict=True):
            made.append(piece([at(value, path) for value in values]))
    return [settle(made) for made in pieces]


def at(value: object, path: Sequence[Token]) -> Any:
    """What stands at a path in a value; None where nothing does."""
    try:
        return get(value, path)
    except (KeyError, TypeError):
        return None


def two_languages(name: str, column: Column) -> list[str]:
    """The inner columns of one whose values, as far as a sample shows, are texts in two languages; empty for any other."""
    array = column.array
    if not column.json:
        return []
    rows = range(0, len(array), max(1, len(array) // _SAMPLE))
    keys: list[str] = []
    for text in (array[row].as_py() for row in rows):
        value = None if text is None else loaded(text)
        if not isinstance(value, dict) or not all(isinstance(said, str) for said in value.values()):
            return []
        keys = keys or (list(value) if _speak(list(value), name) else [])
        if value.keys() != set(keys):
            return []
    return [f"{escape(name)}/{escape(key)}" for key in keys]


def talk_within(name: str, column: Column) -> str:
    """The inner column of one whose objects all hold one list of turns: the request of a batch (`body/messages`), what was
    asked before two answers (`input/messages`); empty for any other."""
    array = column.array
    if not column.json:
        return ""
    found: set[str] = set()
    for row in range(0, len(array), max(1, len(array) // _SAMPLE)):
        text = array[row].as_py()
        value = None if text is None else loaded(text)
        talks = [key for key in value if _called(key) and says_something(value[key])] if isinstance(value, dict) else []
        if len(talks) != 1:
            return ""
        found.add(talks[0])
    return f"{escape(name)}/{escape(found.pop())}" if len(found) == 1 else ""


def one_class(name: str, column: Column) -> str:
    """The first place of a column of lists under the name of a label, if each of a sample holds one class and nothing else
    (`"label": ["billing"]`, as doccano and others write it); empty for any other."""
    array = column.array
    if not column.json or (rank(name, NAMES["label"]) is None and plain(name) not in LISTED_LABELS):
        return ""
    for row in range(0, len(array), max(1, len(array) // _SAMPLE)):
        text = array[row].as_py()
        value = None if text is None else loaded(text)
        if not (isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) and value[0].strip()):
            return ""
    return f"{escape(name)}/0" if len(array) else ""


def _called(key: str) -> bool:
    return key == "contents" or rank(key, NAMES["messages"]) is not None


def _speak(keys: Sequence[str], holder: str) -> bool:
    """Whether keys are two languages, by their codes, one of them a code that means nothing else, or by name; under
    `translation` the other may be called anything (`mai`)."""
    some = [key in LANGUAGES or spelled(key) in NAMED for key in keys]
    if len(keys) == 2 and (any(some) if plain(holder) in _TRANSLATIONS else all(spelled(key) in NAMED for key in keys)):
        return True
    codes = {found[1] for key in keys if (found := _CODE.fullmatch(key))}
    known = codes <= LANGUAGES | OTHER_LANGUAGES | RARE_CODES and not codes <= OTHER_LANGUAGES
    return len(keys) == 2 and all(map(_CODE.fullmatch, keys)) and known
