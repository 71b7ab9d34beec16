"""JSON rows: strict parsing, canonical form, and edits that leave every other byte alone.

Parsing follows RFC 8259 and refuses what would not survive a round trip: duplicate keys, NaN and Infinity, numbers
beyond a 64-bit float, lone surrogates, nesting deeper than `MAX_DEPTH`. orjson parses each row (about 1 GB/s); a row
that it refuses, or that may hold a duplicate key or an integer beyond 64 bits, is parsed again by the standard library,
which keeps all digits and tells the two apart. An edit replaces the bytes of one value and touches nothing else: key
order, spacing, escapes and number spelling of the rest stay as they were.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.pointer import parse_pointer

MAX_DEPTH = 100
BIG = float(2**63)  # orjson reads an integer beyond 64 bits as a float at least this large
_KEY = re.compile(rb'"\s*:')
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class RowProblem(ValueError):  # noqa: N818 - says what is wrong with one row
    """A row that cannot be represented faithfully; the message is the reason, free of row content."""


class Unsure(Exception):  # noqa: N818 - control flow of the parsers
    """The fast parser may have changed something."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """One row as a dict, every value exactly as written; RowProblem otherwise."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _parse_slowly(raw)
    if type(value) is not dict:
        raise RowProblem(f"not a JSON object but {_kind(value)}")
    try:
        keys = count_keys(value)
    except Unsure:
        return _parse_slowly(raw)
    # Each key is followed by a colon. Text may hold more of these, never fewer: equal counts prove that no key was
    # merged. Space before a colon would hide one from the quick count.
    spaced = b" :" in raw or b"\t:" in raw or b"\n:" in raw or b"\r:" in raw
    if (spaced or raw.count(b'":') != keys) and len(_KEY.findall(raw)) != keys:
        return _parse_slowly(raw)
    return value


def count_keys(value: Any, depth: int = 1) -> int:
    """Keys of all objects inside `value`; checks the depth and looks for numbers that may have lost digits."""
    if depth > MAX_DEPTH:
        raise RowProblem(f"nested deeper than {MAX_DEPTH} levels")
    if type(value) is dict:
        keys = len(value)
        value = value.values()
    else:
        keys = 0
    for item in value:
        kind = type(item)
        if kind is str:
            continue
        if kind is dict or kind is list:
            keys += count_keys(item, depth + 1)
        elif kind is float and not -BIG < item < BIG:
            raise Unsure
    return keys


def _parse_slowly(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.rstrip().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowProblem(f"invalid UTF-8 at byte {error.start + 1} of the row") from None
    try:
        value = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        where = f"column {error.colno}"
        if error.lineno > 1:
            where = f"line {error.lineno} of the row, {where}"
        said = error.msg.removesuffix(" starting at").removesuffix(" at").rstrip(": ")  # the place is named before
        raise RowProblem(f"invalid JSON at {where}: {said[:1].lower()}{said[1:]}") from None
    except RecursionError:
        raise RowProblem(f"nested deeper than {MAX_DEPTH} levels") from None
    if type(value) is not dict:
        raise RowProblem(f"not a JSON object but {_kind(value)}")
    with suppress(Unsure):  # the standard library keeps every digit
        count_keys(value)
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise RowProblem("a lone surrogate (half of a character), which no text file can hold") from None
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise RowProblem("duplicate key: one object holds the same key twice")
    return value


def _constant(_: str) -> Any:
    raise RowProblem("NaN or Infinity, which JSON does not have")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise RowProblem("a number beyond the range of a 64-bit float")
    return value


def _int(text: str) -> int:
    if len(text) > 1000:
        raise RowProblem("an integer of more than 1,000 digits")
    return int(text)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float, parse_int=_int, strict=True
)


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "null")


def encode(value: Any) -> str:
    """Compact JSON, keys in their own order, non-ASCII characters as they are."""
    return _dumps(value, 0)


def canonical(value: Any) -> bytes:
    """One byte string for one value: sorted keys, no null members (absent equals null), shortest numbers."""
    return _dumps(_without_nulls(value), orjson.OPT_SORT_KEYS).encode("utf-8", "surrogatepass")


def _dumps(value: Any, option: int) -> str:
    try:
        return orjson.dumps(value, default=_foreign, option=option | orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except TypeError:  # integers beyond 64 bits
        return json.dumps(value, default=_foreign, ensure_ascii=False, separators=(",", ":"), sort_keys=bool(option))


def _foreign(value: Any) -> Any:
    """What Parquet has and JSON has not."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


@dataclass(frozen=True)
class JsonStyle:
    """How a file spells its JSON, so that what is written into it looks like the rest."""

    ensure_ascii: bool = False
    """Characters beyond ASCII are written as escapes."""
    item_separator: str = ", "
    """Between members of an object."""
    key_separator: str = ": "
    """Between a key and its value."""
    indent: str | None = None
    """One step of indentation; None where a row is on one line."""
    margin: str = ""
    """Indentation of the row itself inside an array."""

    @classmethod
    def of(cls, raw: bytes, *, ensure_ascii: bool, margin: str = "") -> JsonStyle:
        """The style of a row as it stands in the file."""
        text = raw.decode("utf-8", "replace")
        inner = re.match(r"\{\r?\n([ \t]*)\S", text)
        if inner:
            step = inner[1][len(margin) :] if inner[1].startswith(margin) else inner[1]
            return cls(ensure_ascii, ",", ": ", step or "  ", margin)
        loose_key = re.search(r'"\s*:(\s?)', text)
        compact = loose_key is not None and not loose_key[1]
        # A row of one member shows no separator; compact rows have compact ones.
        return cls(ensure_ascii, "," if compact else ", ", ":" if compact else ": ")

    def dumps(self, value: Any) -> str:
        """`value` as this file would spell it (newlines as LF)."""
        text = json.dumps(
            value,
            ensure_ascii=self.ensure_ascii,
            indent=self.indent,
            separators=(self.item_separator, self.key_separator),
            allow_nan=False,
        )
        return text.replace("\n", f"\n{self.margin}") if self.indent is not None else text

    def inline(self, value: Any) -> str:
        """`value` on one line."""
        separators = (", ", ": ") if self.indent is not None else (self.item_separator, self.key_separator)
        return json.dumps(value, ensure_ascii=self.ensure_ascii, separators=separators, allow_nan=False)


def edit_object(raw: bytes, edits: Mapping[str, Any], style: JsonStyle) -> bytes:
    """`raw` with the value at each pointer replaced; all other bytes stay. A new column goes to the end of the row."""
    text = raw.decode("utf-8")
    for pointer, new in edits.items():
        column, path = parse_pointer(pointer)
        tokens = (column, *path)
        start, end = _locate(text, tokens[:-1])
        found = _member(text, start, tokens[-1])
        if found is not None:
            text = text[: found[0]] + style.inline(new) + text[found[1] :]
        elif text[start] == "{":
            text = _insert(text, start, end, tokens[-1], style.inline(new), style)
        else:
            raise KeyError(f"no such place in the row: {pointer}")
    return text.encode("utf-8")


def _locate(text: str, tokens: Sequence[str]) -> tuple[int, int]:
    start = skip_space(text, 0)
    end = _end(text, start)
    for token in tokens:
        found = _member(text, start, token)
        if found is None:
            raise KeyError(f"no such place in the row: {token}")
        start, end = found
    return start, end


def _member(text: str, start: int, token: str) -> tuple[int, int] | None:
    """Span of the value of `token` inside the object or list that begins at `start`."""
    opening = text[start]
    if opening not in "{[":
        raise KeyError(f"{token!r} leads into a value that is neither an object nor a list")
    position = skip_space(text, start + 1)
    index = 0
    while text[position] not in "}]":
        key = str(index)
        if opening == "{":
            key, position = scanstring(text, position + 1, True)
            position = skip_space(text, skip_space(text, position) + 1)
        end = _end(text, position)
        if key == token:
            return position, end
        index += 1
        position = skip_space(text, end)
        if text[position] == ",":
            position = skip_space(text, position + 1)
    return None


def _insert(text: str, start: int, end: int, key: str, value: str, style: JsonStyle) -> str:
    last = end - 1
    while text[last - 1] in " \t\r\n":
        last -= 1
    empty = last - 1 == start
    before = "" if empty else style.item_separator.rstrip() + (_gap(text, start) or style.item_separator[1:])
    name = json.dumps(key, ensure_ascii=style.ensure_ascii)
    return f"{text[:last]}{before}{name}{style.key_separator}{value}{text[last:]}"


def _gap(text: str, start: int) -> str:
    """The white space after the opening brace, where it breaks the line: the next member starts the same way."""
    gap = text[start + 1 : skip_space(text, start + 1)]
    return gap if "\n" in gap else ""


def skip_space(text: str, position: int) -> int:
    """The next position that is not JSON white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _end(text: str, start: int) -> int:
    return _DECODER.raw_decode(text, start)[1]


_LOOK = 20


def _any_int(text: str) -> int:
    return 0 if len(text) > 4000 else int(text)


_ANY = json.JSONDecoder(parse_int=_any_int)


@dataclass
class Elements:
    """Where the elements of an array stand in a text, and what they are; those before a break are kept."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    kinds: set[type] = field(default_factory=set)
    first: list[Any] = field(default_factory=list)
    """The first few."""

    def read(self, text: str, begin: int) -> int:
        """The position behind the array that begins at `begin`; JSONDecodeError or RecursionError where it breaks."""
        at = skip_space(text, begin + 1)
        if text[at : at + 1] == "]":
            return at + 1
        while True:
            value, end = _ANY.raw_decode(text, at)
            self.spans.append((at, end))
            self.kinds.add(type(value))
            if len(self.first) < _LOOK:
                self.first.append(value)
            at = skip_space(text, end)
            mark = text[at : at + 1]
            if mark == "]":
                return at + 1
            if mark != ",":
                raise json.JSONDecodeError("expecting ',' or ']'", text, at)
            at = skip_space(text, at + 1)


def json_or_empty(path: Path) -> dict[str, Any]:
    """The object that a file of a run holds; empty where it is missing, torn or no object, as before a run wrote it."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
