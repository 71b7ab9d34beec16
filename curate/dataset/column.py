"""View columns: one Arrow array a column, whatever the file held.

A column is `large_string`, `bool`, `int64` or `float64` where every value is of that one kind; anything mixed, nested
or outside these types is `large_string` of compact JSON, marked `json` (strings inside such a column are JSON-encoded,
quotes included). An integer column never becomes a float column and digits are never lost: integers beyond 64 bits and
columns that mix `1` and `1.0` are JSON. Absent and null are both null here; the source keeps them apart.

Cost: one pass over the values in pieces of some ten thousand rows, so the Python objects of a large file are never all
alive at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset.aside import in_one_piece
from curate.dataset.jsontext import encode

TYPES = {
    "null": pa.large_string(), "str": pa.large_string(), "json": pa.large_string(),
    "bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(),
}  # fmt: skip
_KINDS = {str: "str", bool: "bool", int: "int", float: "float"}
JSON_MARK = {b"curate": b"json"}

Piece = tuple[str, pa.Array]  # (kind, array of TYPES[kind])


@dataclass(frozen=True)
class Column:
    """A view column of one chunk."""

    array: pa.Array
    """large_string, bool, int64 or float64."""
    json: bool = False
    """Whether the strings are JSON."""

    @property
    def kind(self) -> str:
        """null, str, bool, int, float or json."""
        if self.json:
            return "json"
        if pa.types.is_large_string(self.array.type):
            return "str" if self.array.null_count < len(self.array) else "null"
        return next(kind for kind, arrow in TYPES.items() if arrow == self.array.type)

    def field(self, name: str) -> pa.Field:
        """The Arrow field, JSON columns marked in its metadata."""
        return pa.field(name, self.array.type, metadata=JSON_MARK if self.json else None)

    def slice(self, rows: slice) -> Column:
        """Neighbouring rows; nothing is copied."""
        return Column(self.array.slice(rows.start, rows.stop - rows.start), self.json)

    def take(self, rows: Any) -> Column:
        """The given rows, the type settled anew (a column may be plain once its odd rows are gone)."""
        return settle([(self.kind, self.array.take(pa.array(rows, pa.int64())))])

    def value(self, row: int) -> Any:
        """The Python value of one row."""
        value = self.array[row].as_py()
        return json.loads(value) if self.json and value is not None else value


def piece(values: Sequence[Any]) -> Piece:
    """The kind and the array of some Python values (None is null)."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return "null", pa.nulls(len(values), pa.large_string())
    kind = _KINDS.get(kinds.pop(), "json") if len(kinds) == 1 else "json"
    if kind != "json":
        try:
            return kind, pa.array(values, TYPES[kind])
        except (OverflowError, pa.ArrowInvalid):  # integers beyond 64 bits
            pass
    return "json", pa.array([None if value is None else encode(value) for value in values], pa.large_string())


def settle(pieces: Sequence[Piece]) -> Column:
    """One column from pieces that may differ in kind."""
    kinds = {kind for kind, array in pieces if array.null_count < len(array)}
    if len(kinds) > 1:
        kind = "json"
        pieces = [("json", _as_json(*each)) for each in pieces]
    else:
        kind = kinds.pop() if kinds else "null"
    arrays = [array.cast(TYPES[kind]) if array.type != TYPES[kind] else array for _, array in pieces]
    array = in_one_piece(arrays)
    if kind == "json":
        plain = _plain(array)
        if plain is not None:
            return plain
    return Column(array, kind == "json")


def patched(column: Column, rows: Sequence[int], values: Sequence[Any]) -> Column:
    """`column` with the values of some rows replaced."""
    order = np.arange(len(column.array))
    order[list(rows)] = len(column.array) + np.arange(len(rows))
    joined = settle([(column.kind, column.array), piece(values)])
    return joined.take(order)


def _as_json(kind: str, array: pa.Array) -> pa.Array:
    if kind in ("json", "null"):
        return array
    return pa.array([None if v is None else encode(v) for v in array.to_pylist()], pa.large_string())


def _plain(array: pa.Array) -> Column | None:
    """A JSON column whose values are all of one simple kind, as a column of that kind."""
    first = next((v for v in array if v.is_valid), None)
    if first is None or str(first)[:1] in "{[":
        return None
    starts = pc.unique(pc.utf8_slice_codeunits(array.drop_null(), 0, 1)).to_pylist()
    if starts != ['"'] and (set(starts) & set('"{[')):
        return None
    parse = orjson.loads if starts == ['"'] else json.loads  # the latter keeps integers beyond 64 bits
    values = [None if v is None else parse(v) for v in array.to_pylist()]
    kind, plain = piece(values)
    return None if kind == "json" else Column(plain)
