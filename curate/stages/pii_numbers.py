"""Personal data in numbers: integer columns, whole numbers in float columns, integers inside nested values.

They are read as they print and judged by the same scanner with the name of their column or key; one flag a row and
column. Nested values are parsed only where they hold seven digits in a row. Cost: one scan of the printed numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.pointer import escape
from curate.privacy import ScanConfig, scan

_FEWEST_DIGITS = 7
_LARGEST_EXACT = 2**53


def sensitive_numbers(dataset: Dataset, column: str, settings: ScanConfig) -> Iterator[tuple[str, list[int]]]:
    """(column, rows) where a number of the column has the form of personal data."""
    values = dataset.values(column)
    if dataset.is_json(column):
        rows, names, texts = _nested(values)
    else:
        rows, texts = _flat(values)
        names = [column] * len(texts)
    if not texts:
        return
    spans = scan(pa.array(texts, pa.large_string()), settings, names=names)
    # The whole number, not a part of it: digits inside a longer number are nobody's.
    whole = [n for n, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist())
             if start == 0 and end == len(texts[n])]  # fmt: skip
    found = sorted({rows[n] for n in whole})
    if found:
        yield escape(column), found


def _flat(values: pa.Array) -> tuple[list[int], list[str]]:
    if pa.types.is_integer(values.type):
        whole = values
    elif pa.types.is_floating(values.type):
        exact = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), float(_LARGEST_EXACT)))
        whole = pc.if_else(exact, values, None).cast(pa.int64())
    else:
        return [], []
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.combine_chunks()
    large = pc.greater_equal(whole, 10 ** (_FEWEST_DIGITS - 1)).fill_null(False)
    rows = np.flatnonzero(np.asarray(large))
    return rows.tolist(), [str(number) for number in whole.take(pa.array(rows)).to_pylist()]


def _nested(values: pa.Array) -> tuple[list[int], list[str], list[str]]:
    rows: list[int] = []
    names: list[str] = []
    texts: list[str] = []

    def walk(value: Any, row: int, name: str) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, row, key)
        elif isinstance(value, list):
            for item in value:
                walk(item, row, name)
        elif isinstance(value, int) and 10 ** (_FEWEST_DIGITS - 1) <= value < 10**40:
            rows.append(row)
            names.append(name)
            texts.append(str(value))

    if not pa.types.is_large_string(values.type) and not pa.types.is_string(values.type):
        return rows, names, texts
    may = pc.match_substring_regex(values, rf"[:\[,]\s*[0-9]{{{_FEWEST_DIGITS},}}").fill_null(False)
    for row in np.flatnonzero(np.asarray(may)).tolist():
        try:
            walk(json.loads(values[row].as_py()), row, "")
        except (ValueError, RecursionError):
            continue
    return rows, names, texts
