"""Prose inside the objects of a column, which is not read as the row's text unless a role names the place
(`talk/question`).

Told, never guessed, as in `curate.dataset.unread`, and only where the data has no text otherwise.
Cost: a sample of each column of objects.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from curate.dataset.column import Column
from curate.dataset.content import loaded
from curate.dataset.dataset import Dataset
from curate.dataset.detect import detect
from curate.dataset.inner import Columns, at, inner
from curate.dataset.names import LISTED_LABELS, about_row, plain
from curate.dataset.pointer import escape, parse_pointer
from curate.dataset.side_by_side import median_written
from curate.dataset.types import CONTENT_ROLES

_SAMPLE, _DEEP = 200, 3
_WORDS, _DISTINCT, _FILLED = 3, 0.2, 0.95
"""Words of the median value, share of distinct values, and share of rows that hold one: rows without a text are refused."""
_KEY = re.compile(r"(?!.*\d{4})[^\W\d][\w-]{0,40}")
"""A key as programs write it. Others may be private: data can be keyed by persons, telephones or accounts."""
_SHOWN = 4
_SETS = (LISTED_LABELS - {"tags", "accept"}) | {"label", "labels"}  # those two hold other lists as often
_SENTENCE, _DIFFERING = 5, 0.5
"""Words of the median string of a list, and share of distinct ones: tags, tokens and names of classes are fewer or come
back."""


def prose_within(dataset: Dataset) -> list[str]:
    """Pointers of what reads as prose inside columns of objects; empty where some role names a text."""
    if any(getattr(dataset.roles, role) for role in CONTENT_ROLES if role != "label"):
        return []
    found = []
    for name in dataset.columns:
        if dataset.is_json(name):
            sample = _sample(dataset, name).to_pylist()
            held: dict[str, list[str]] = defaultdict(list)
            for text in sample:
                for pointer, value in _strings(escape(name), loaded(text) if text else None, _DEEP):
                    held[pointer].append(value)
            found += [pointer for pointer, values in held.items() if _is_prose(values, len(sample))]
    return [pointer for pointer in found if all(_KEY.fullmatch(part) for part in pointer.split("/"))]


def _strings(pointer: str, value: Any, deep: int) -> Iterator[tuple[str, str]]:
    """Every string in objects inside objects, and where it stands."""
    if isinstance(value, dict) and deep:
        for key, held in value.items():
            yield from _strings(f"{pointer}/{escape(key)}", held, deep - 1)
    elif isinstance(value, str) and value.strip() and "/" in pointer:
        yield pointer, value


def _is_prose(values: list[str], rows: int) -> bool:
    filled, distinct = len(values) >= _FILLED * rows, len(set(values)) >= _DISTINCT * len(values)
    return filled and distinct and median_written(Column(pa.array(values, pa.large_string()))) >= _WORDS


def prose_in_lists(dataset: Dataset) -> list[str]:
    """Where prose stands in lists of columns without a role (`completions/*/response`): no role can name it, so nothing
    reads it. Empty for tasks that have their own places for texts."""
    if dataset.task not in ("text", "classification"):
        return []
    taken = set(dataset.roles.columns())
    found = []
    for name in dataset.columns:
        if dataset.is_json(name) and name not in taken and not about_row(name):
            held: dict[str, list[str]] = defaultdict(list)
            for text in _sample(dataset, name).to_pylist():
                for pointer, value in _listed(escape(name), loaded(text) if text else None, _DEEP + 2):
                    held[pointer].append(value)
            found += [pointer for pointer, values in held.items() if _reads_on(values)]
    return [place for place in found if all(part == "*" or _KEY.fullmatch(part) for part in place.split("/"))]


def _listed(pointer: str, value: Any, deep: int) -> Iterator[tuple[str, str]]:
    """Every string below a list, and where it stands."""
    if isinstance(value, dict | list) and deep:
        for key, held in value.items() if isinstance(value, dict) else (("*", one) for one in value):
            yield from _listed(f"{pointer}/{key if key == '*' else escape(key)}", held, deep - 1)
    elif isinstance(value, str) and value.strip() and "/*" in pointer:
        yield pointer, value


def _reads_on(values: list[str]) -> bool:
    """Whether strings are sentences that mostly differ, not words, marks or names."""
    differ = len(set(values)) >= _DIFFERING * len(values)
    return differ and median_written(Column(pa.array(values, pa.large_string()))) >= _SENTENCE


def told_in_lists(dataset: Dataset, places: Sequence[str]) -> str:
    """What that means."""
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    where = f"text stands inside lists ({', '.join(places[:_SHOWN])}{more}), where no role reads it"
    if any(getattr(dataset.roles, role) for role in CONTENT_ROLES if role != "label"):
        return f"{where}: rows that differ only there count as copies, unless you make columns of it"
    return f"{where}: make columns of it, or turns with role and content"


def told_sets(dataset: Dataset) -> str:
    """How to read lists of classes under the name of a label as sets of labels, where the data has no label; empty for
    none. The same list in every row is one of choices, and names that hardly come again are no classes."""
    if dataset.task != "text" or not dataset.roles.text:
        return ""
    for name in dataset.columns:
        if not dataset.is_json(name) or plain(name) not in _SETS:
            continue
        values = [loaded(text) for text in _sample(dataset, name).to_pylist() if text]
        lists = [value for value in values if isinstance(value, list) and all(isinstance(one, str) for one in value)]
        classes = [one for value in lists for one in value]
        if len(lists) == len(values) > len({tuple(value) for value in lists}) > 1 and len(classes) >= 5 * len({*classes}):
            way = shlex.quote(f"label={name}")
            return f"{name} holds a list of classes, which is read as a set of labels if you say --role {way}"
    return ""


def told_places(dataset: Dataset) -> str:
    """That lists of places in a text (`entities`: `start`, `end`, `label`) stay as they are where the text is edited; empty
    where there are none."""
    if dataset.task not in ("text", "classification") or not dataset.roles.text:
        return ""
    name = dataset.roles.text[0]
    lengths = [len(text or "") for text in _sample(dataset, name).cast(pa.large_string()).to_pylist()]
    names = [other for other in dataset.columns if other != name and dataset.is_json(other)]
    held = [other for other in names if _are_places(_sample(dataset, other).to_pylist(), lengths)]
    stay = "stays" if len(held) == 1 else "stay"
    return f"{', '.join(held)} {stay} as it is: places in {name} that an edit moves have to be found again" if held else ""


def _are_places(values: list[str | None], lengths: list[int]) -> bool:
    """Whether lists hold nothing but a beginning and an end inside the text of their row, and what stands there."""
    lists = [(loaded(text), length) for text, length in zip(values, lengths, strict=True) if text]
    ends = [(_ends(one), length) for value, length in lists if isinstance(value, list) for one in value]
    known = all(isinstance(value, list) for value, _ in lists) and all(place is not None for place, _ in ends)
    return bool(ends) and known and all(0 <= begin < end <= n for (begin, end), n in ends)  # type: ignore[misc]


def _ends(one: Any) -> tuple[int, int] | None:
    pair = (one.get("start"), one.get("end")) if isinstance(one, dict) else tuple(one[:2]) if isinstance(one, list) else ()
    return pair if len(pair) == 2 and all(type(end) is int for end in pair) else None


def told_within(dataset: Dataset, pointers: Sequence[str]) -> str:
    """Where it stands, and the options that read the first column of objects as if its fields were columns."""
    more = f" and {len(pointers) - _SHOWN} more" if len(pointers) > _SHOWN else ""
    ways = [f"{role}={place}" for role, places in _read_flat(dataset, pointers) for place in places]
    said = " ".join(f"--role {shlex.quote(way)}" for way in ways)
    where = ", ".join(pointers[:_SHOWN])
    return f"text stands inside columns ({where}{more}), and is not read as text unless you say {said}"


def _read_flat(dataset: Dataset, pointers: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Roles and their places, as they are found where the fields of the object at the first place are columns."""
    holder = pointers[0].rpartition("/")[0]
    name, path = parse_pointer(holder)
    sample = _sample(dataset, name)
    objects = [at(loaded(text), path) for text in sample.to_pylist() if text]
    keys = dict.fromkeys(key for value in objects if isinstance(value, dict) for key in value if _KEY.fullmatch(key))
    flat = {key: f"{holder}/{escape(key)}" for key in keys}
    columns = dict(zip(flat, inner(Column(sample, True), list(flat.values())), strict=True))
    found = detect(list(flat), Columns(list(flat), columns.__getitem__)).roles
    named = [(role, tuple(flat[key] for key in of)) for role, of in found.items() if role in CONTENT_ROLES]
    return named if any(role != "label" for role, _ in named) else [("text", (pointers[0],))]


def _sample(dataset: Dataset, name: str) -> pa.Array:
    array = dataset.values(name)
    return array.take(pa.array(range(0, len(array), max(1, len(array) // _SAMPLE))))
