"""Findings: what detectors propose, one Arrow table a stage.

A finding is a proposal about one row, or about the dataset when `row` is null. Its id hashes *what it is about*
(row id, stage, rule, field, span), never how sure the stage was, so a decision made on it survives a later run whose
scores moved. Building costs one xxh3-128 a finding (about a microsecond) and no Python object is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

SCHEMA_VERSION = 1
ACTIONS = ("drop", "replace", "relabel", "reweight", "add", "flag")

_WORD = pa.dictionary(pa.int32(), pa.string())

FINDINGS_SCHEMA = pa.schema(
    [
        ("finding_id", pa.binary(16)),
        ("row_id", pa.binary(16)),
        ("row", pa.int64()),
        ("stage", _WORD),
        ("rule", _WORD),
        ("action", _WORD),
        ("score", pa.float32()),
        ("field", _WORD),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("replacement", pa.string()),
        ("value", pa.float64()),
        ("witness_row", pa.int64()),
        ("reason", _WORD),
        ("evidence", pa.string()),
    ],
    metadata={b"schema_version": str(SCHEMA_VERSION).encode()},
)

_NO_ROW = b"\x00" * 16
_SCORE_DECIMALS = 4


def empty_findings() -> pa.Table:
    """A findings table with no rows."""
    return FINDINGS_SCHEMA.empty_table()


def make_findings(
    stage: str,
    row_ids: pa.Array,
    *,
    row: Any,
    rule: Any,
    action: Any,
    score: Any,
    reason: Any,
    field: Any = None,
    start: Any = None,
    end: Any = None,
    replacement: Any = None,
    value: Any = None,
    witness_row: Any = None,
    evidence: Any = None,
) -> pa.Table:
    """Build a findings table from columns.

    Each argument is one value for all findings, or a sequence as long as `row`. `row_ids` is the dataset's
    binary(16) array, indexed by `row`. `row=None` makes one finding about the dataset. Scores are rounded to four
    decimals here, before any threshold sees them. Raises ValueError on a length that does not fit or an unknown action.
    """
    rows: list[int | None] | np.ndarray[Any, Any]
    rows = [None] if row is None else (row if isinstance(row, np.ndarray) else list(np.atleast_1d(row)))
    n = len(rows)
    if n == 0:
        return empty_findings()
    row_array = pa.array(rows, pa.int64())
    scores = np.round(np.broadcast_to(np.asarray(score, dtype=np.float64), (n,)), _SCORE_DECIMALS)
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ValueError(f"stage {stage!r}: scores must lie in 0..1")
    columns: dict[str, pa.Array] = {
        "row_id": pc.take(row_ids, row_array).cast(pa.binary(16)) if row is not None else pa.nulls(n, pa.binary(16)),
        "row": row_array,
        "stage": _words(stage, n),
        "rule": _words(rule, n),
        "action": _words(action, n),
        "score": pa.array(scores.astype(np.float32)),
        "field": _words(field, n),
        "start": _column(start, n, pa.int64()),
        "end": _column(end, n, pa.int64()),
        "replacement": _column(replacement, n, pa.string()),
        "value": _column(value, n, pa.float64()),
        "witness_row": _column(witness_row, n, pa.int64()),
        "reason": _words(reason, n),
        "evidence": _column(evidence, n, pa.string()),
    }
    unknown = set(columns["action"].dictionary.to_pylist()) - set(ACTIONS)
    if unknown:
        raise ValueError(f"stage {stage!r}: unknown action {sorted(unknown)[0]!r}; actions are {', '.join(ACTIONS)}")
    columns["finding_id"] = _finding_ids(columns)
    return pa.Table.from_arrays([columns[f.name] for f in FINDINGS_SCHEMA], schema=FINDINGS_SCHEMA)


def concat_findings(tables: Sequence[pa.Table]) -> pa.Table:
    """All findings in one table, dictionaries unified, in the order given."""
    if not tables:
        return empty_findings()
    table = pa.concat_tables([t.cast(FINDINGS_SCHEMA) for t in tables])
    return table.unify_dictionaries().combine_chunks()


def _finding_ids(columns: dict[str, pa.Array]) -> pa.Array:
    parts = [columns[name] for name in ("row_id", "stage", "rule", "field", "start", "end")]
    digest = xxhash.xxh3_128_digest
    # Dictionary columns repeat a few words: encode each once, then hash id bytes with the row's own part.
    heads: dict[tuple[Any, Any, Any], bytes] = {}
    out: list[bytes] = []
    for row_id, stage, rule, field, start, end in zip(*(p.to_pylist() for p in parts)):
        key = (stage, rule, field)
        head = heads.get(key)
        if head is None:
            head = heads[key] = "\x1f".join("" if k is None else k for k in key).encode()
        out.append(digest(b"%b\x1e%b\x1e%d:%d" % (row_id or _NO_ROW, head, _int(start), _int(end))))
    return pa.array(out, pa.binary(16))


def _int(value: int | None) -> int:
    return -1 if value is None else value


def _words(value: Any, n: int) -> pa.DictionaryArray:
    if value is None or isinstance(value, str):
        indices = pa.array(np.zeros(n, np.int32)) if value is not None else pa.nulls(n, pa.int32())
        return pa.DictionaryArray.from_arrays(indices, pa.array([] if value is None else [value], pa.string()))
    array = value if isinstance(value, pa.Array | pa.ChunkedArray) else pa.array(list(value), pa.string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    return _sized(array, n).cast(_WORD)


def _column(value: Any, n: int, kind: pa.DataType) -> pa.Array:
    if value is None:
        return pa.nulls(n, kind)
    if isinstance(value, str | int | float):
        return pa.array([value] * n, kind)
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    array = value.cast(kind) if isinstance(value, pa.Array) else pa.array(value, kind)
    return _sized(array, n)


def _sized(array: pa.Array, n: int) -> pa.Array:
    if len(array) != n:
        raise ValueError(f"a findings column has {len(array)} values for {n} findings")
    return array
