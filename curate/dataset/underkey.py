"""Rows that stand in a list under a key of one JSON object: SQuAD's `data`, a server's `rows`, `{"intents": [...]}`.

The list is found once, and read like an array that fills its file; what stands around it is kept. Objects that hold rows
in other ways (by id, column by column) are told from them, with the command that makes rows of them. An object with a text
of its own beside the list is one row (`{"text": ..., "entities": [...]}`, a document a file), and so is a list of turns.
Cost: one parse of the object, before its rows are parsed one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.dataset.aside import Bytes
from curate.dataset.given import words_in
from curate.dataset.names import about_row
from curate.dataset.records import BOM
from curate.dataset.shapes import is_conversation
from curate.errors import DataError

_CALLED = ("rows", "data", "examples", "records", "instances", "samples", "entries")
"""What such a list is called where an object holds several, and where it has few rows."""
_MANY = 10
"""Rows of a list of any name."""
_PROSE = 4
"""Words of a text beside a list that make the object a row with a list in it."""
_BLANK = re.compile(r"[ \t\r\n]*")
_ONE = "holds one JSON object, not rows. Give a list of objects, or one object a line"


def rows_under_key(data: Bytes) -> int | None:
    """The character at which the list of rows begins, behind a byte order mark; None where the text is no object that
    holds one."""
    members = _members(data) or []
    if any(isinstance(value, str) and words_in(value) >= _PROSE and not about_row(key) for key, _, value in members):
        return None
    lists = [(key, begin, len(value)) for key, begin, value in members if _are_rows(value)]
    named = [begin for called in _CALLED for key, begin, _ in lists if key.lower() == called]
    if named:
        return named[0]
    return lists[0][1] if len(lists) == 1 and lists[0][2] >= _MANY else None


def not_rows(file: Path, data: Bytes, *, sure: bool) -> DataError | None:
    """What to say of an object without such a list; None where it may be a row, unless it is `sure` to be none."""
    values = [value for _, _, value in _members(data) or ()]
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        keys = {tuple(value) for value in values}
        if len(keys) == 1 and values[0] and all(key.isdigit() for key in values[0]):
            return DataError(f"{file}: {_ONE} (its columns are objects: to_json(orient='records') in pandas).")
        if len(keys) == 1 and len(values) >= _MANY:
            return DataError(f"{file}: {_ONE} (jq -c '.[]' takes what stands under each key).")
    sizes = {len(value) if isinstance(value, list) else 0 for value in values}
    if len(values) > 1 and len(sizes) == 1 and sizes.pop() >= _MANY and any(map(_sentences, values)):
        return DataError(f"{file}: {_ONE} (its columns are lists: to_json(orient='records') in pandas).")
    return DataError(f"{file}: {_ONE}.") if sure else None


def _sentences(value: list[Any]) -> bool:
    """Whether a list is of texts, not of the words of one."""
    return all(isinstance(one, str) for one in value) and sum(map(words_in, value)) >= _PROSE * len(value)


def _are_rows(value: Any) -> bool:
    objects = isinstance(value, list) and len(value) > 1 and all(type(one) is dict for one in value)
    return objects and not is_conversation(value)


def _members(data: Bytes) -> list[tuple[str, int, Any]] | None:
    """(key, where its value begins, value) of the one object that a text is; None where it is something else."""
    try:
        text = data[:].removeprefix(BOM).decode("utf-8")
        return list(_walk(text))
    except (ValueError, RecursionError):
        return None


def _walk(text: str) -> Iterator[tuple[str, int, Any]]:
    decoder = json.JSONDecoder()
    at = _ink(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError
    while text[at : at + 1] in ("{", ","):
        at = _ink(text, at + 1)
        key, at = decoder.raw_decode(text, at)
        at = _ink(text, at)
        if text[at : at + 1] != ":" or not isinstance(key, str):
            raise ValueError
        begin = _ink(text, at + 1)
        value, at = decoder.raw_decode(text, begin)
        yield key, begin, value
        at = _ink(text, at)
    if text[at : at + 1] != "}" or text[at + 1 :].strip():
        raise ValueError


def _ink(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
