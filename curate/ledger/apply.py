"""`apply`: raw data and a plan in, curated data out. The only code that makes data.

It follows the plan to the letter: rows whose drop is applied leave, applied spans are replaced (right to left, so that
offsets into the raw text stay true), labels are rewritten in the type they had, weights and added rows come last. An
added row that is derived from its parent is derived from the parent as it is after all of that.
Cost is proportional to the findings applied; untouched records are passed through byte for byte.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.inner import in_columns
from curate.dataset.pointer import escape, get, parse_pointer, set_value
from curate.ledger.added import Span, derivation, replaced
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
    additions: tuple[Mapping[str, Any], ...] = ()
    """For each added row what is other than in its raw parent: new value by field pointer."""
    parents: np.ndarray = attribute(default_factory=lambda: np.empty(0, np.int64))
    """int64: the raw row that each added row was made from."""

    @property
    def added(self) -> tuple[dict[str, Any], ...]:
        """New rows as JSON objects in the shape of the source."""
        return tuple(_changed(self.raw.row(row), new) for row, new in zip(self.parents.tolist(), self.additions))

    def derivations(self) -> list[dict[str, Any] | None]:
        """For each added row what it changes in its parent, as `derivation` tells it; None for a row of its own."""
        return [derivation(text) for text in _on_kept(self.plan, "add")["replacement"].to_pylist()]

    def with_added(self) -> Dataset:
        """The curated rows and then the added ones, as a dataset in memory."""
        if not self.additions:
            return self.dataset()
        rows = np.concatenate([self.rows, self.parents])
        changes = {i: self.edits[row] for i, row in enumerate(self.rows.tolist()) if row in self.edits}
        new = {len(self.rows) + i: dict(change) for i, change in enumerate(self.additions)}
        return self.raw.select(rows).select(np.arange(len(rows)), {**changes, **new})

    def training_weights(self) -> np.ndarray | None:
        """What each row of `with_added` counts: as the plan weighs it, else as the data came with; None for all alike.

        Added rows count as their parents came, or 1.
        """
        given = self.raw.weights()
        if given is None and self.weights is None:
            return None
        came = np.ones(self.raw.n_rows) if given is None else given
        kept = came[self.rows] if self.weights is None else self.weights
        return np.concatenate([kept, came[self.parents]])

    def dataset(self) -> Dataset:
        """The curated rows as a dataset in memory, without added rows; see `with_added`."""
        return self.raw.select(self.rows, self.edits)

    def write(self, path: Path) -> None:
        """Write the curated data in the format it was read in."""
        weights = None if self.weights is None else self.training_weights()
        self.raw.write(path, self.rows, self.edits, self.added, weights, self.parents)

    def __len__(self) -> int:
        return len(self.rows) + len(self.additions)

    def __repr__(self) -> str:
        return f"Curated({self.raw.n_rows} rows in, {len(self)} out; {len(self.edits)} edited, {len(self.additions)} added)"

    def _repr_html_(self) -> str:
        return f"<code>{self!r}</code>"


def apply(dataset: Dataset, plan: Plan) -> Curated:
    """Make the curated data that a plan describes. Raises ValueError when the plan is of other data."""
    if plan.n_rows != dataset.n_rows:
        raise ValueError(f"the plan is for {plan.n_rows} rows, the dataset has {dataset.n_rows}")
    edits: Edits = {}
    for row, place, value in (*_replacements(dataset, plan), *_relabels(dataset, plan)):
        edits.setdefault(row, {})[place] = value
    rows = plan.kept_rows
    adds = _on_kept(plan, "add")
    parents = adds["row"].to_numpy().astype(np.int64)
    additions = tuple(_additions(dataset, plan, edits, parents.tolist(), adds["replacement"].to_pylist()))
    return Curated(dataset, plan, rows, edits, _weights(dataset, plan, rows), additions, parents)


def _additions(
    dataset: Dataset, plan: Plan, edits: Edits, parents: list[int], replacements: list[str | None]
) -> Iterator[Mapping[str, Any]]:
    """What each added row changes in its raw parent: all of it, or what its finding says on top of the parent's edits."""
    own = [derivation(text) for text in replacements]
    wanted = {row for row, body in zip(parents, own) if body is not None}
    spans: dict[tuple[int, str], list[Span]] = {}
    if wanted:
        table = _on_kept(plan, "replace")
        table = table.filter(pc.is_in(table["row"], pa.array(sorted(wanted))))
        columns = (table[c].to_pylist() for c in ("row", "field", "start", "end", "replacement"))
        for row, place, start, end, new in zip(*columns):
            if start is not None:
                spans.setdefault((row, place), []).append((start, end, new or ""))
    for row, text, body in zip(parents, replacements, own):
        if body is None:
            split = {name: dataset.value(name, row) for name in dataset.roles.split}
            given = in_columns(split, dataset.columns, orjson.loads(text or "{}"))
            yield {escape(name): given.get(name) for name in (*dataset.columns, *given)}
            continue
        values = dict(edits.get(row, {}))
        for place, changes in body["edits"].items():
            raw = reader(dataset, place)(row)
            values[place] = replaced(raw, [*spans.get((row, place), ()), *((a, b, new) for a, b, new in changes)])
        yield {**values, **body.get("values", {})}


def _changed(parent: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A row with some values set, JSON inside strings staying JSON."""
    out = copy.deepcopy(parent)
    for place, value in values.items():
        column, path = parse_pointer(place)
        if value is None and not path and column not in out:
            continue
        cell = out.get(column)
        inside = bool(path) and isinstance(cell, str | bytes)
        whole = set_value(orjson.loads(cell) if inside else cell, path, value)  # type: ignore[arg-type]
        out[column] = orjson.dumps(whole).decode() if inside else whole
    return out


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


def _weights(dataset: Dataset, plan: Plan, rows: np.ndarray) -> np.ndarray | None:
    table = _on_kept(plan, "reweight")
    if table.num_rows == 0:
        return None
    given = dataset.weights()
    weights = np.ones(plan.n_rows) if given is None else given.copy()
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
