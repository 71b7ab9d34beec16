"""What a row must have for its task: the required roles, of the right type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset.column import Column
from curate.dataset.content import is_answer
from curate.dataset.detect import Detected
from curate.dataset.given import is_choice_column
from curate.dataset.shapes import is_conversation, is_message
from curate.errors import ConfigError, DataError

# Per task: groups of roles, one of which a row must fill. A missing label is no bad row: it is an unlabelled one.
_REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "classification": (("text",),),
    "text": (("text",),),
    "sft": (("prompt",), ("completion",)),
    "chat": (("messages",),),
    "preference": (("chosen",), ("rejected",)),
    "unpaired_preference": (("messages", "completion"), ("label",)),
}


def role_problems(detected: Detected, column: Callable[[str], Column], n_rows: int, file: Path) -> dict[int, str]:
    """Row → what is wrong with its roles. Raises where the whole dataset lacks a role that its task needs."""
    roles = detected.roles
    problems: dict[int, str] = {}
    for alternatives in _REQUIRED[detected.task]:
        columns = [name for role in alternatives for name in getattr(roles, role)]
        if not columns:
            if "text" in alternatives:
                continue  # a table of numbers and categories, which audits can still judge
            wanted = " or ".join(alternatives)
            raise ConfigError(
                f"{file}: the task {detected.task} needs a column with the role {wanted}, and none was found. "
                f"Name it (roles: {alternatives[0]} = COLUMN), or choose another task."
            )
        filled = np.zeros(n_rows, bool)
        for name in columns:
            filled |= np.asarray(column(name).array.is_valid())
        for row in np.flatnonzero(~filled).tolist():
            problems.setdefault(row, f"nothing in the required role {alternatives[0]} (column {' + '.join(columns)})")
    chosen_from = any(map(is_choice_column, roles.context))
    for role in ("text", "prompt", "completion", "chosen", "rejected", "messages"):
        for name in getattr(roles, role):
            for row in _wrong_type(role, column(name), name, file, chosen_from).tolist():
                problems.setdefault(row, f"wrong type in the role {role} (column {name}): {_WANTED[role]}")
    return problems


_WANTED = {
    "text": "text is needed, or in all rows lists of texts",
    "prompt": "text or a list of turns is needed",
    "completion": "text or a list of turns is needed",
    "chosen": "text, a turn or a list of turns is needed",
    "rejected": "text, a turn or a list of turns is needed",
    "messages": "a list of turns (role and content, or from and value) is needed",
}


def _wrong_type(role: str, view: Column, name: str, file: Path, chosen_from: bool) -> np.ndarray:
    """Rows whose value cannot play `role`. A column that never can is a DataError; the number of one of the choices can be
    an answer."""
    if not view.json:
        if pa.types.is_large_string(view.array.type):
            if role != "messages":
                return np.zeros(0, np.int64)
        elif role == "completion" and view.kind == "int" and chosen_from:
            return np.zeros(0, np.int64)
        else:
            raise DataError(
                f"{file}: the column {name!r} has the role {role}, but holds {_plural(view)}, not text. "
                "Give the role to another column, or turn the values into strings."
            )
    valid = np.asarray(view.array.is_valid())
    if role in ("text",):
        good = np.asarray(pc.starts_with(view.array, '"').fill_null(True))
        lists = np.asarray(pc.match_substring_regex(view.array, r'^\[\s*["\]]').fill_null(False))
        if 2 * lists.sum() > valid.sum():  # a text that is written as a list, in all rows
            good = good | lists
        return np.flatnonzero(valid & ~good)
    cells = enumerate(view.array.to_pylist())
    return np.array([row for row, text in cells if text is not None and not _fits(role, text, view.json)], np.int64)


def _fits(role: str, text: str, is_json: bool) -> bool:
    if is_json and text[0] == '"' and role != "messages":
        return True
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    if is_json and isinstance(value, str):
        return False
    if role == "completion" and is_answer(value):
        return True
    return is_conversation(value) or (role in ("chosen", "rejected", "completion") and is_message(value))


def _plural(view: Column) -> str:
    return "true and false" if view.kind == "bool" else "numbers"
