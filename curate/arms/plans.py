"""The plans behind an ablation's arms: the same findings resolved again, without some stages or with random ones.

An arm is `resolve` with other findings and nothing else. *Subsets*: the findings of some stages, under the decisions
that people took. *Controls*: findings drawn at random, as many as one stage's and like them, so that what they do
differs from the stage only in where it does it:

| what the stage did to a training row | its control |
|---|---|
| dropped it | drops a random row of the same label and about the same length |
| replaced a span | puts the same replacement over a span as long, at a random place of the same field of a random row |
| relabelled it | gives the same new label to a random row that held the same old label |
| reweighted it | gives the same weight to a random row of the same label |
| added a row made from it | adds a copy of a random row of the same label |

A control of relabels is easy to beat where most labels are right, since it makes right labels wrong; it is there because
it ends with the same mix of labels, so a change of that mix alone is no merit. What a relabelling stage must beat to
have *helped* is the raw data as well. A stage that renames every row of a spelling has no other rows to draw from: its
control is itself. Evaluation rows are never touched. Drawn anew for each seed. Cost: one resolve and one apply an arm.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.house import require
from curate.ledger.apply import Curated, apply, reader
from curate.ledger.decisions import Journal
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.plan import Plan
from curate.ledger.resolve import Policy, StagePolicy, resolve
from curate.pipeline import Detected

EDITS = ("replace", "relabel", "reweight", "add")
_TRIES = 30
"""Random places tried for one edit before those that are left are searched."""


@dataclass(frozen=True)
class ArmPlans:
    """Plans over one run's findings; `rows` are the training rows that arms may differ in."""

    detected: Detected
    journal: Journal
    rows: np.ndarray
    _kept: dict[frozenset[str], Curated] = field(default_factory=dict, repr=False)
    _held: dict[str, dict[int, int]] = field(default_factory=dict, repr=False)

    def of(self, stages: Collection[str]) -> Curated:
        """The data as these stages alone leave it, under the decisions taken."""
        key = frozenset(stages)
        if key not in self._kept:
            whole = self.detected.recipe.policy()
            policy = dataclasses.replace(whole, stages={n: p for n, p in whole.stages.items() if n in key})
            self._kept[key] = apply(self.detected.dataset, self.detected.resolve(self.journal, policy))
        return self._kept[key]

    def effective(self) -> tuple[str, ...]:
        """Stages that by themselves change a training row, in recipe order."""
        return tuple(name for name in self.detected.recipe.policy().stages if self._changes(self.of((name,)).plan))

    def _changes(self, plan: Plan) -> bool:
        mine = np.zeros(plan.n_rows, bool)
        mine[self.rows] = True
        if bool((plan.dropped & mine).any()):
            return True
        return any(bool(mine[_rows(plan.applied(action))].any()) for action in EDITS)

    def control(self, stage: str, seed: int) -> Curated:
        """The data after a random control of one stage."""
        plan = self.of((stage,)).plan
        dataset = self.detected.dataset
        rng = np.random.default_rng([seed, xxhash.xxh3_64_intdigest(stage.encode())])
        left = np.setdiff1d(self.rows, np.flatnonzero(plan.dropped))
        arms = require("train.ablation")
        labels = None if self.labels is None else [self.labels[i] for i in self.rows.tolist()]
        stays = self.rows[
            arms.random_control_rows(
                labels, np.searchsorted(self.rows, left), len(self.rows), seed, self._lengths[self.rows]
            )
        ]
        name = f"control_{stage}"
        gone = np.setdiff1d(self.rows, stays)
        found = [_findings(dataset, name, gone, action="drop")] if len(gone) else []
        draw = _Draw(self, stays, rng)
        kept = np.zeros(plan.n_rows, bool)
        kept[left] = True
        for action, make in (
            ("replace", draw.spans), ("relabel", draw.relabels), ("reweight", draw.weights), ("add", draw.copies),
        ):  # fmt: skip
            table = plan.applied(action)
            mine = table.filter(pa.array(kept[_rows(table)])) if table.num_rows else table
            if mine.num_rows:
                found += make(name, mine)
        findings = concat_findings(found)
        policy = Policy({name: StagePolicy("apply")})
        return apply(dataset, resolve(findings, None, policy, facts=self.detected.facts))

    @cached_property
    def labels(self) -> list[str | None] | None:
        """The label of every row as given; None for tasks without."""
        labels = self.detected.dataset.labels()
        return None if labels is None else labels.to_pylist()

    def lengths_of(self, field: str) -> dict[int, int]:
        """Characters of the text in a field, by row, of the training rows that have such a text; read once."""
        if field not in self._held:
            read = reader(self.detected.dataset, field)
            found = ((row, _text(read, row)) for row in self.rows.tolist())
            self._held[field] = {row: len(text) for row, text in found if text is not None}
        return self._held[field]

    @cached_property
    def _lengths(self) -> np.ndarray:
        lengths: np.ndarray = pc.utf8_length(self.detected.dataset.content()).fill_null(0).to_numpy(zero_copy_only=False)
        return lengths


class _Draw:
    """Random findings on the rows of a control that stay."""

    def __init__(self, plans: ArmPlans, rows: np.ndarray, rng: np.random.Generator) -> None:
        self.dataset, self.rows, self.rng = plans.detected.dataset, rows, rng
        self.labels, self.lengths = plans.labels, plans.lengths_of
        labels = self.labels
        self.groups: dict[str | None, np.ndarray] = {}
        self.free: dict[tuple[str, str | None], list[int]] = {}
        self.holding: dict[tuple[str, str | None], list[int]] = {}
        """Rows of a label that have a field."""
        self.used: dict[str, dict[int, list[tuple[int, int]]]] = {}
        """What is taken of each field, by row."""
        self.full: dict[tuple[str, str | None], int] = {}
        """Characters for which no row of a label has room in a field."""
        if labels is not None:
            grouped: dict[str | None, list[int]] = {}
            for row in rows.tolist():
                grouped.setdefault(labels[row], []).append(row)
            self.groups = {label: np.array(group) for label, group in grouped.items()}

    def alike(self, row: int) -> np.ndarray:
        """Rows of the label of one row; all rows where labels are none."""
        return self.rows if self.labels is None else self.groups.get(self.labels[row], self.rows[:0])

    def next(self, what: str, row: int) -> int | None:
        """A random row alike that was not drawn for the same purpose; None where none is left."""
        key = (what, None if self.labels is None else self.labels[row])
        if key not in self.free:
            self.free[key] = self.rng.permutation(self.alike(row)).tolist()
        return self.free[key].pop() if self.free[key] else None

    def place(self, field: str, row: int, size: int) -> tuple[int, int] | None:
        """A random free place for so many characters in a row alike: (row, start); None where none has room."""
        key = (field, None if self.labels is None else self.labels[row])
        if size >= self.full.get(key, size + 1):
            return None
        lengths, used = self.lengths(field), self.used.setdefault(field, {})
        if key not in self.holding:
            self.holding[key] = [other for other in self.alike(row).tolist() if other in lengths]
        group = self.holding[key]
        for other in (group[i] for i in self.rng.integers(max(1, len(group)), size=_TRIES).tolist() if group):
            at = int(self.rng.integers(max(0, lengths[other] - size) + 1))
            if at + size <= lengths[other] and all(at + size <= a or at >= b for a, b in used.get(other, ())):
                used.setdefault(other, []).append((at, at + size))
                return other, at
        for other in (group[i] for i in self.rng.permutation(len(group)).tolist()):
            edges = [0, *(edge for span in sorted(used.get(other, ())) for edge in span), lengths[other]]
            gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a >= size]
            if gaps:
                a, b = gaps[int(self.rng.integers(len(gaps)))]
                at = int(self.rng.integers(a, b - size + 1))
                used.setdefault(other, []).append((at, at + size))
                return other, at
        self.full[key] = size
        return None

    def spans(self, stage: str, table: pa.Table) -> list[pa.Table]:
        """As many replacements of as many characters, elsewhere."""
        made: dict[str, list[tuple[int, int, int, str]]] = {}
        edits = []
        columns = (table[c].to_pylist() for c in ("row", "field", "start", "end", "replacement"))
        for row, place, start, end, new in zip(*columns):
            if start is None:  # a whole field: what differs in it is the edit
                start, end, new = _changed_part(str(reader(self.dataset, place)(row)), new or "")
            edits.append((place, row, end - start, new or ""))
        # The longest first: they have the fewest places to go.
        for place, row, size, new in sorted(edits, key=lambda edit: -edit[2]):
            if (found := self.place(place, row, size)) is not None:
                other, at = found
                made.setdefault(place, []).append((other, at, at + size, new))
        out = []
        for place, spans in made.items():
            rows, starts, ends, new = (list(column) for column in zip(*spans))
            common = {"field": place, "start": starts, "end": ends, "replacement": new}
            out.append(_findings(self.dataset, stage, np.array(rows), action="replace", **common))
        return out

    def relabels(self, stage: str, table: pa.Table) -> list[pa.Table]:
        """The same changes of labels, on other rows that hold the old label."""
        rows: list[int] = []
        places, new = [], []
        for row, place, label in zip(*(table[c].to_pylist() for c in ("row", "field", "replacement"))):
            other = self.next(f"relabel {place}", row)
            if other is not None:
                rows.append(other)
                places.append(place)
                new.append(label)
        if not rows:
            return []
        return [_findings(self.dataset, stage, np.array(rows), action="relabel", field=places, replacement=new)]

    def weights(self, stage: str, table: pa.Table) -> list[pa.Table]:
        """The same weights on other rows."""
        drawn = [(self.next("weight", row), value) for row, value in zip(*(table[c].to_pylist() for c in ("row", "value")))]
        used = {row: value for row, value in drawn if row is not None}
        if not used:
            return []
        return [_findings(self.dataset, stage, np.array(list(used)), action="reweight", value=list(used.values()))]

    def copies(self, stage: str, table: pa.Table) -> list[pa.Table]:
        """As many copies of other rows."""
        rows: list[int] = []
        for row in table["row"].to_pylist():
            group = self.alike(row)
            if len(group):
                rows.append(int(group[self.rng.integers(len(group))]))
        if not rows:
            return []
        new = [orjson.dumps(self.dataset.row(row)).decode() for row in rows]
        return [_findings(self.dataset, stage, np.array(rows), action="add", replacement=new)]


def _findings(dataset: Any, stage: str, rows: np.ndarray, **columns: Any) -> pa.Table:
    reason = "drawn at random, as a control."
    return make_findings(stage, dataset.row_ids, row=rows, rule="control", score=1.0, reason=reason, **columns)


def _rows(table: pa.Table) -> np.ndarray:
    rows: np.ndarray = table["row"].drop_null().to_numpy()
    return rows.astype(np.int64)


def _text(read: Any, row: int) -> str | None:
    """The text at a place of a row; None where the row has no such place."""
    try:
        value = read(row)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return value if isinstance(value, str) else None


def _changed_part(before: str, after: str) -> tuple[int, int, str]:
    """Where two texts differ: start and end in the first, and what stands there in the second."""
    most = min(len(before), len(after))
    start = next((i for i in range(most) if before[i] != after[i]), most)
    back = next((i for i in range(most - start) if before[-1 - i] != after[-1 - i]), most - start)
    return start, len(before) - back, after[start : len(after) - back]
