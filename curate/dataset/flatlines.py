"""Lines of flat JSON objects read by Arrow, on every core and without a Python object a value.

`jsontext` says what a row is; this is a quicker way to the same columns for blocks of lines of which all is plain: each
line begins with its brace, and each column holds strings, booleans, integers or fractions alone, as the rows before did.
Arrow's parser refuses what `jsontext` refuses (keys given twice, lone surrogates, control characters, digits that no number
begins with) and is told the columns and their types, so that it guesses none; UTF-8 and fractions are checked behind it.
Whatever else stands in a block sends all of it the slow way, which knows what to say of each row.

Why a line is a row: no value is an object, and no string holds a line break, so an object that began in one line could not
go on in a line that begins with a brace; every line holds one object or more, and there are as many objects as lines.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.json as pj

from curate.dataset.aside import Bytes
from curate.dataset.column import TYPES, Piece

FLAT = frozenset({"str", "bool", "int", "float", "null"})
_AT_ONCE = 1 << 20
"""Bytes that one core parses at once."""
_LONGEST = 1 << 28
"""Bytes of a line that is left to the slow way."""
_EXACT = float(1 << 53)

Rows = npt.NDArray[np.int64]


def read_lines(data: Bytes, starts: Rows, ends: Rows, kinds: Mapping[str, str]) -> dict[str, list[Piece]] | None:
    """The pieces of every column over some lines (`starts` to `ends`, line breaks included, none left out between them), or
    None where they are not flat, or not of these columns and `kinds` (see `FLAT`) alone."""
    codes = np.frombuffer(data, np.uint8)
    longest = int((ends - starts).max(initial=0))
    if not len(starts) or longest > _LONGEST or not (codes[starts] == ord("{")).all():
        return None
    first, last = int(starts[0]), int(ends[-1])
    schema = pa.schema([(name, pa.null() if kind == "null" else TYPES[kind]) for name, kind in kinds.items()])
    try:
        table = pj.read_json(
            pa.BufferReader(pa.py_buffer(data).slice(first, last - first)),
            pj.ReadOptions(block_size=max(_AT_ONCE, longest + 1)),
            pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
        table.validate(full=True)
    except pa.ArrowException:
        return None
    if table.num_rows != len(starts) or not all(_is_fraction(table[name]) for name in kinds if kinds[name] == "float"):
        return None
    return {name: [_piece(kind, chunk) for chunk in table[name].chunks] for name, kind in kinds.items()}


def _is_fraction(column: pa.ChunkedArray) -> bool:
    """Whether no number may have been written as an integer, or as something that is no number in JSON."""
    values = column.drop_null().to_numpy()
    return bool((np.isfinite(values) & (np.abs(values) < _EXACT) & (values != np.floor(values))).all())


def _piece(kind: str, chunk: pa.Array) -> Piece:
    if chunk.null_count == len(chunk):
        return "null", pa.nulls(len(chunk), pa.large_string())
    return kind, chunk
