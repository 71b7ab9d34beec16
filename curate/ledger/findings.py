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
    """Hash of `row_id 1E stage 1F rule 1F field 1E start:end`; -1 for a place that is null, nothing for a null word."""
    digest, n = xxhash.xxh3_128_digest, len(columns["row_id"])
    row_id = columns["row_id"].fill_null(_NO_ROW)
    raw = row_id.buffers()[1].to_pybytes()[16 * row_id.offset :]
    # Stage, rule and field repeat a few words: each combination is spelled once.
    code = np.zeros(n, np.int64)
    words: list[list[str]] = []
    for name in ("stage", "rule", "field"):
        column = columns[name]
        words.append([*("" if word is None else word for word in column.dictionary.to_pylist()), ""])
        none = len(words[-1]) - 1
        code = code * len(words[-1]) + column.indices.fill_null(none).to_numpy(zero_copy_only=False)
    kinds, kind = np.unique(code, return_inverse=True)
    heads = []
    for number in kinds.tolist():
        spelled = []
        for some in reversed(words):
            number, which = divmod(number, len(some))
            spelled.append(some[which])
        heads.append(b"\x1e%b\x1e" % "\x1f".join(reversed(spelled)).encode())
    start, end = (columns[name] for name in ("start", "end"))
    if start.null_count == n and end.null_count == n:
        tails = [head + b"-1:-1" for head in heads]
        out = [digest(raw[16 * i : 16 * i + 16] + tails[k]) for i, k in enumerate(kind.tolist())]
    else:
        places = zip(kind.tolist(), start.fill_null(-1).to_pylist(), end.fill_null(-1).to_pylist(), strict=True)
        out = [digest(raw[16 * i : 16 * i + 16] + heads[k] + b"%d:%d" % (s, e)) for i, (k, s, e) in enumerate(places)]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), n, [None, pa.py_buffer(b"".join(out))])


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
