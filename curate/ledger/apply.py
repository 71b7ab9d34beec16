"""`apply`: raw data and a plan in, curated data out. The only code that makes data.

It follows the plan to the letter: rows whose drop is applied leave, applied spans are replaced (right to left, so that
offsets into the raw text stay true), labels are rewritten in the type they had, weights and added rows come last.
Cost is proportional to the findings applied; untouched records are passed through byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.pointer import get, parse_pointer
from curate.ledger.plan import Plan

Edits = dict[int, dict[str, Any]]


@dataclass(frozen=True)
class Curated:
    """The outcome of a plan: which raw rows stay, what changes in them, what is added."""

    raw: Dataset
    plan: Plan
    rows: np.ndarray
    """int64: positions of the rows that stay, in input order."""
    edits: Edits
    """New value by field pointer, for each edited row."""
    weights: np.ndarray | None = None
    """float64, one a kept row; None when nothing was reweighted."""
    added: tuple[dict[str, Any], ...] = ()
    """New rows as JSON objects in the shape of the source."""

    def dataset(self) -> Dataset:
        """The curated rows as a dataset in memory (added rows are only in the file)."""
        return self.raw.select(self.rows, self.edits)

    def write(self, path: Path) -> None:
        """Write the curated data in the format it was read in."""
        self.raw.write(path, self.rows, self.edits, self.added, self.weights)

    def __len__(self) -> int:
        return len(self.rows) + len(self.added)

    def __repr__(self) -> str:
        return f"Curated({self.raw.n_rows} rows in, {len(self)} out; {len(self.edits)} edited, {len(self.added)} added)"

    def _repr_html_(self) -> str:
        return f"<code>{self!r}</code>"


def apply(dataset: Dataset, plan: Plan) -> Curated:
    """Make the curated data that a plan describes. Raises ValueError when the plan is of other data."""
    if plan.n_rows != dataset.n_rows:
        raise ValueError(f"the plan is for {plan.n_rows} rows, the dataset has {dataset.n_rows}")
    edits: Edits = {}
    for row, field, value in (*_replacements(dataset, plan), *_relabels(dataset, plan)):
        edits.setdefault(row, {})[field] = value
    rows = plan.kept_rows
    added = tuple(orjson.loads(text) for text in _on_kept(plan, "add")["replacement"].to_pylist())
    return Curated(dataset, plan, rows, edits, _weights(plan, rows), added)


def _on_kept(plan: Plan, action: str) -> pa.Table:
    table = plan.applied(action)
    rows = table["row"].fill_null(-1).to_numpy()
    return table.filter(pa.array((rows >= 0) & ~plan.dropped[np.maximum(rows, 0)]))


def _replacements(dataset: Dataset, plan: Plan) -> Iterator[tuple[int, str, str]]:
    table = _on_kept(plan, "replace").select(["row", "field", "start", "end", "replacement"])
    spans = sorted(zip(*(table[c].to_pylist() for c in ("field", "row", "start", "end", "replacement"))), key=_place)
    for field, of_field in groupby(spans, key=lambda s: s[0]):
        text_of = reader(dataset, field)
        for row, group in groupby(of_field, key=lambda s: s[1]):
            text = text_of(row)
            if not isinstance(text, str):
                raise ValueError(f"row {row} field {field}: an edit of something that is not text")
            for _, _, start, end, replacement in reversed(list(group)):
                first, last = (0, len(text)) if start is None else (start, end)
                text = text[:first] + (replacement or "") + text[last:]
            yield row, field, text


def _place(span: tuple[str, int, int | None, int | None, str | None]) -> tuple[str, int, int]:
    field, row, start, _, _ = span
    return field, row, -1 if start is None else start


def _relabels(dataset: Dataset, plan: Plan) -> Iterator[tuple[int, str, Any]]:
    table = _on_kept(plan, "relabel")
    readers = {field: reader(dataset, field) for field in table["field"].unique().to_pylist()}
    for field, row, label in zip(*(table[c].to_pylist() for c in ("field", "row", "replacement"))):
        yield row, field, _like(readers[field](row), label)


def _like(old: Any, new: str) -> Any:
    """The new label in the type that the old one has."""
    if isinstance(old, bool):
        return {"true": True, "false": False}.get(new.lower(), new)
    if isinstance(old, int) and re.fullmatch(r"-?(0|[1-9]\d*)", new):
        return int(new)
    if isinstance(old, int | float) and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", new):
        return float(new)
    if isinstance(old, list | dict):
        try:
            return orjson.loads(new)
        except orjson.JSONDecodeError:
            return new
    return new


def _weights(plan: Plan, rows: np.ndarray) -> np.ndarray | None:
    table = _on_kept(plan, "reweight")
    if table.num_rows == 0:
        return None
    weights = np.ones(plan.n_rows)
    weights[table["row"].to_numpy()] = table["value"].to_numpy()
    kept: np.ndarray = weights[rows]
    return kept


def reader(dataset: Dataset, field: str) -> Callable[[int], Any]:
    """A function from row to the raw value at a field pointer."""
    column, path = parse_pointer(field)
    values = dataset.values(column)
    as_json = dataset.is_json(column)

    def read(row: int) -> Any:
        cell = values[row].as_py()
        if as_json and cell is not None:
            cell = orjson.loads(cell)
        return get(cell, path)

    return read
