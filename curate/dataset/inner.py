"""Columns inside a column: `translation/en` is what stands under `en` in the objects of the column `translation`.

A role may name one by its pointer. Detection offers the two languages of WMT's and OPUS's
`{"translation": {"en": ..., "fr": ...}}` and nothing else: what other objects hold is the user's to say. Findings and edits
name the same pointer, so what is written keeps its shape.
Cost: one pass over the JSON of the column for each that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from curate.dataset.column import Column, piece, settle
from curate.dataset.content import loaded
from curate.dataset.names import LANGUAGES
from curate.dataset.pointer import escape, get, parse_pointer

_SAMPLE = 200
_CODE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")


def holder_of(name: str, columns: Sequence[str]) -> str:
    """The column that an inner one lies in; empty for names of columns and of nothing."""
    if name in columns or "/" not in name:
        return ""
    column = parse_pointer(name)[0]
    return column if column in columns else ""


def looking_into(columns: Sequence[str], column: Callable[[str], Column]) -> Callable[[str], Column]:
    """`column`, which inner names can be asked of, too."""

    def found(name: str) -> Column:
        holder = holder_of(name, columns)
        return inner(column(holder), name) if holder else column(name)

    return found


def inner(holder: Column, name: str) -> Column:
    """What stands at a pointer in each value of its column; null where nothing does."""
    path = parse_pointer(name)[1]

    def at(text: str | None) -> object:
        try:
            return None if text is None else get(loaded(text), path)
        except (KeyError, TypeError):
            return None

    held = holder.array.to_pylist() if pa.types.is_large_string(holder.array.type) else []
    return settle([piece([at(text) for text in held] or [None] * len(holder.array))])


def two_languages(name: str, column: Column) -> list[str]:
    """The inner columns of one whose values are texts in two languages; empty for any other."""
    array = column.array
    if not column.json:
        return []
    spread = array.take(pa.array(range(0, len(array), max(1, len(array) // _SAMPLE)))).to_pylist()
    held = [loaded(text) for text in spread if text is not None]
    first = held[0] if held else None
    if not isinstance(first, dict) or len(first) != 2 or LANGUAGES.isdisjoint(key[:2] for key in first):
        return []
    keys = list(first)
    fit = all(_CODE.fullmatch(key) for key in keys) and all(
        isinstance(value, dict) and value.keys() == first.keys() and all(isinstance(value[key], str) for key in keys)
        for value in held
    )
    return [f"{escape(name)}/{escape(key)}" for key in keys] if fit else []
