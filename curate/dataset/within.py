"""Prose inside the objects of a column, where no stage looks unless a role names the place (`talk/question`).

Told, never guessed, as in `curate.dataset.unread`, and only where the data has no text otherwise.
Cost: a sample of each column of objects.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from curate.dataset.column import Column
from curate.dataset.content import loaded
from curate.dataset.dataset import Dataset
from curate.dataset.names import NAMES, rank
from curate.dataset.pointer import escape
from curate.dataset.side_by_side import median_written
from curate.dataset.types import CONTENT_ROLES
from curate.dataset.unlabelled import PLAIN

_SAMPLE, _DEEP = 200, 3
_WORDS, _DISTINCT, _FILLED = 3, 0.2, 0.5
"""Words of the median value, share of distinct values, and share of rows that hold one."""
_SHOWN = 4


def prose_within(dataset: Dataset) -> list[str]:
    """Pointers of what reads as prose inside columns of objects; empty where some role names a text."""
    if any(getattr(dataset.roles, role) for role in CONTENT_ROLES if role != "label"):
        return []
    found = []
    for name in dataset.columns:
        if dataset.is_json(name):
            array = dataset.values(name)
            sample = array.take(pa.array(range(0, len(array), max(1, len(array) // _SAMPLE)))).to_pylist()
            held: dict[str, list[str]] = defaultdict(list)
            for text in sample:
                for pointer, value in _strings(escape(name), loaded(text) if text else None, _DEEP):
                    held[pointer].append(value)
            found += [pointer for pointer, values in held.items() if _is_prose(values, len(sample))]
    return [pointer for pointer in found if all(PLAIN.fullmatch(part) for part in pointer.split("/"))]


def _strings(pointer: str, value: Any, deep: int) -> Iterator[tuple[str, str]]:
    """Every string in objects inside objects, and where it stands."""
    if isinstance(value, dict) and deep:
        for key, inner in value.items():
            yield from _strings(f"{pointer}/{escape(key)}", inner, deep - 1)
    elif isinstance(value, str) and value.strip() and "/" in pointer:
        yield pointer, value


def _is_prose(values: list[str], rows: int) -> bool:
    filled, distinct = len(values) >= _FILLED * rows, len(set(values)) >= _DISTINCT * len(values)
    return filled and distinct and median_written(Column(pa.array(values, pa.large_string()))) >= _WORDS


def told_within(pointers: list[str]) -> str:
    """Where it stands, and the options that read it."""
    last = {pointer: pointer.rpartition("/")[2] for pointer in pointers}
    roles = {role: [p for p in pointers if rank(last[p], NAMES[role]) is not None] for role in ("prompt", "completion")}
    asked, answered = (roles[role][:1] for role in ("prompt", "completion"))
    both = asked and answered and asked != answered
    ways = [f"prompt={asked[0]}", f"completion={answered[0]}"] if both else [f"text={pointers[0]}"]
    more = f" and {len(pointers) - _SHOWN} more" if len(pointers) > _SHOWN else ""
    said = " ".join(f"--role {shlex.quote(way)}" for way in ways)
    return f"text stands inside columns ({', '.join(pointers[:_SHOWN])}{more}), where no stage looks unless you say {said}"
