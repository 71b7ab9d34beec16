"""Rows that stand in a list under a key of one JSON object: SQuAD's `data`, a server's `rows`, `{"intents": [...]}`.

The rows are the data, what stands around them is not: nothing looks at it, so none of it is written, and the user is told
which key was read and how many others were not. Read so is an object with one such list and nothing beside it that may be
the content of a row (`{"text": ..., "entities": [...]}`, a document a file, is one row). Where several lists stand side by
side, or objects hold rows in other ways (by id, column by column), the refusal says how to make rows of them.
Cost: one parse of the object, which tells where its rows are; they are then parsed one by one, as those of an array.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.dataset.given import words_in
from curate.dataset.jsontext import Elements, skip_space
from curate.dataset.names import NAMES, about_row, rank
from curate.dataset.shapes import is_conversation
from curate.errors import DataError
from curate.words import plural

_CALLED = ("rows", "data", "examples", "records", "instances", "samples", "entries")
"""What such a list is called where it has few rows."""
_MANY = 10
"""Rows of a list of any name."""
_PROSE = 4
"""Words of a text beside a list that make the object a row with a list in it."""
_CONTENT = (*NAMES["prompt"], *NAMES["completion"], *NAMES["messages"], *NAMES["chosen"])
_PLAIN, _NAMED = re.compile(r"[A-Za-z_]{1,30}"), 4
"""A key that may be shown, and how many are."""
_ONE = "holds one JSON object, not rows. Give a list of objects, or one object a line"


@dataclass(frozen=True)
class UnderKey:
    """Where the rows under a key are, and what to say of the others."""

    spans: Sequence[tuple[int, int]]
    """Characters of each row."""
    begin: int
    """The character behind the bracket that opens the list."""
    note: str


@dataclass(frozen=True)
class _Member:
    """One key of an object and what stands under it; of a list that begins with an object only the first ones."""

    key: str
    value: Any
    begin: int
    elements: Elements | None = None

    @property
    def size(self) -> int:
        """The length of a list; nought of anything else."""
        if self.elements is not None:
            return len(self.elements.spans)
        return len(self.value) if isinstance(self.value, list) else 0

    @property
    def are_rows(self) -> bool:
        """Whether it is a list of objects that are no turns."""
        objects = self.elements is not None and self.elements.kinds == {dict}
        return objects and self.size > 1 and not is_conversation(self.value)


def rows_under_key(file: Path, text: str, *, sure: bool) -> UnderKey | None:
    """The rows under a key of the one object that a text is; None where it may be a row itself, or is no object.

    DataError where it holds rows in another way; `sure` says that it cannot be a row, as it goes over several lines.
    """
    members = _members(text)
    lists = [member for member in members if member.are_rows]
    if len({member.key for member in members}) < len(members):
        if sure:
            raise DataError(f"{file}: {_ONE}; and it names a key twice.")
        return None
    content = any(map(_is_content, members))
    if len(lists) == 1 and not content and (lists[0].key.lower() in _CALLED or lists[0].size >= _MANY):
        others = [member for member in members if member is not lists[0]]
        if not others or any(member.size != lists[0].size for member in others):  # else all are columns
            return _found(lists[0], [member.key for member in others])
    problem = _columns(file, members)
    if problem is None and (sure or (not content and _side_by_side(members, lists))):
        problem = DataError(f"{file}: {_ONE}{_way(lists, content=content)}.")
    if problem is not None:
        raise problem
    return None


def _side_by_side(members: Sequence[_Member], lists: Sequence[_Member]) -> bool:
    """Whether several lists of rows are what an object holds: one called so among them, or nothing but them."""
    only = len(lists) == len(members) and max((member.size for member in lists), default=0) >= _MANY
    return len(lists) > 1 and (only or any(member.key.lower() in _CALLED for member in lists))


def _found(rows: _Member, others: Sequence[str]) -> UnderKey:
    assert rows.elements is not None
    name = f"the key {rows.key}" if _PLAIN.fullmatch(rows.key) else "one key of the object"
    note = f"the rows are those under {name}"
    if others:
        shown = [key for key in others if _PLAIN.fullmatch(key)][:_NAMED]
        told = f" ({', '.join(shown)}{' …' if len(shown) < len(others) else ''})" if shown else ""
        note += f"; what stands beside them is not looked at and not written: {plural(len(others), 'other key')}{told}"
    return UnderKey(rows.elements.spans, rows.begin + 1, note)


def _way(lists: Sequence[_Member], *, content: bool) -> str:
    """What makes rows of the longest list, the others named; of what may be a row, one row."""
    if content:
        return " (jq -c . makes one row of it)"
    shown = [member.key for member in sorted(lists, key=lambda member: -member.size) if _PLAIN.fullmatch(member.key)]
    beside = f"; beside it: {', '.join(shown[1:_NAMED])}" if len(shown) > 1 else ""
    return f" (jq -c '.{shown[0]}[]' takes the list under {shown[0]}{beside})" if shown else ""


def _is_content(member: _Member) -> bool:
    """Whether a member may be what a row is about, with a list beside it."""
    if is_conversation(member.value):
        return True
    if not isinstance(member.value, str) or not member.value.strip():
        return False
    return rank(member.key, _CONTENT) is not None or (words_in(member.value) >= _PROSE and not about_row(member.key))


def _columns(file: Path, members: Sequence[_Member]) -> DataError | None:
    """What to say of an object that holds rows by id or by column."""
    values = [member.value for member in members]
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        keys = {tuple(value) for value in values}
        if len(keys) == 1 and values[0] and all(key.isdigit() for key in values[0]):
            return DataError(f"{file}: {_ONE} (its columns are objects: to_json(orient='records') in pandas).")
        if len(keys) == 1 and len(values) >= _MANY:
            return DataError(f"{file}: {_ONE} (jq -c '.[]' takes what stands under each key).")
    sizes = {member.size for member in members}
    if len(values) > 1 and len(sizes) == 1 and sizes.pop() >= _MANY and any(map(_sentences, values)):
        return DataError(f"{file}: {_ONE} (its columns are lists: to_json(orient='records') in pandas).")
    return None


def _sentences(value: list[Any]) -> bool:
    """Whether a list is of texts, not of the words of one."""
    return all(isinstance(one, str) for one in value) and sum(map(words_in, value)) >= _PROSE * len(value)


def _members(text: str) -> list[_Member]:
    """The members of the one object that a text is; none where it is something else."""
    try:
        return list(_walk(text))
    except (ValueError, RecursionError):
        return []


def _walk(text: str) -> Iterator[_Member]:
    decoder = json.JSONDecoder()
    at = skip_space(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError
    while text[at : at + 1] in ("{", ","):
        at = skip_space(text, at + 1)
        key, at = decoder.raw_decode(text, at)
        at = skip_space(text, at)
        if text[at : at + 1] != ":" or not isinstance(key, str):
            raise ValueError
        begin = skip_space(text, at + 1)
        if text[begin : begin + 1] == "[" and text[(first := skip_space(text, begin + 1)) : first + 1] == "{":
            elements = Elements()
            at = elements.read(text, begin)
            yield _Member(key, elements.first, begin, elements)
        else:
            value, at = decoder.raw_decode(text, begin)
            yield _Member(key, value, begin)
        at = skip_space(text, at)
    if text[at : at + 1] != "}" or text[at + 1 :].strip():
        raise ValueError
