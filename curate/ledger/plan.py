"""The plan: what happens to each finding, and why.

One row a finding, in the findings' order, so a plan and its findings line up. `start` and `end` hold the span that is
in force (merged edits are wider than what was found), `replacement` the text that goes there (an override's, if any),
`witness_row` the surviving row that justifies a drop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.ledger.findings import FINDINGS_SCHEMA

SCHEMA_VERSION = 1
STATUSES = ("applied", "pending", "rejected", "superseded", "stale")
APPLIED, PENDING, REJECTED, SUPERSEDED, STALE = range(5)

_WORD = FINDINGS_SCHEMA.field("rule").type
PLAN_SCHEMA = pa.schema(
    [*(f for f in FINDINGS_SCHEMA if f.name not in ("reason", "evidence")), ("status", _WORD), ("why", _WORD)],
    metadata={b"schema_version": str(SCHEMA_VERSION).encode()},
)


@dataclass(frozen=True)
class Plan:
    """What `resolve` returns; `apply` needs nothing else besides the raw data."""

    table: pa.Table
    n_rows: int
    dropped: np.ndarray
    """bool[n_rows]: rows that leave."""
    orphans: tuple[str, ...] = field(default_factory=tuple)
    """Hex ids of findings that people decided on and this run did not bring."""

    @property
    def kept_rows(self) -> np.ndarray:
        """Input positions of the rows that stay, in input order."""
        return np.flatnonzero(~self.dropped)

    def status(self) -> np.ndarray:
        """Status code of each finding, an index into `STATUSES`."""
        return status_codes(self.table)

    def applied(self, action: str | None = None) -> pa.Table:
        """The findings that take effect, of one action or of all."""
        mask = pc.equal(self.table["status"].cast(pa.string()), "applied")
        if action is not None:
            mask = pc.and_(mask, pc.equal(self.table["action"].cast(pa.string()), action))
        return self.table.filter(mask)

    def counts(self) -> dict[str, dict[str, int]]:
        """Findings by stage and status: `{"pii": {"applied": 12, "pending": 0, …}}`."""
        stages, stage = codes(self.table, "stage")
        found = np.bincount(stage * np.int64(len(STATUSES)) + self.status(), minlength=len(stages) * len(STATUSES))
        by_stage = found.reshape(-1, len(STATUSES))[: len(stages)].tolist()
        return {name: dict(zip(STATUSES, by, strict=True)) for name, by in zip(stages, by_stage) if any(by)}

    def __repr__(self) -> str:
        totals = dict.fromkeys(STATUSES, 0)
        for by_status in self.counts().values():
            for status, n in by_status.items():
                totals[status] += n
        said = ", ".join(f"{n} {s}" for s, n in totals.items() if n)
        return f"Plan({self.n_rows} rows in, {self.n_rows - int(self.dropped.sum())} out; {said or 'no findings'})"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{s}</th>" for s in STATUSES)
        body = "".join(
            f"<tr><td>{stage}</td>" + "".join(f"<td>{by[s]}</td>" for s in STATUSES) + "</tr>"
            for stage, by in self.counts().items()
        )
        rows_out = self.n_rows - int(self.dropped.sum())
        return f"<p>{self.n_rows} rows in, {rows_out} out</p><table><tr><th>stage</th>{head}</tr>{body}</table>"


def planned(table: pa.Table, n_rows: int, orphans: tuple[str, ...] = ()) -> Plan:
    """A plan from its table, as `plan.parquet` holds it: the rows that leave are those of the drops that apply."""
    plan = Plan(table, n_rows, np.zeros(n_rows, bool), orphans)
    rows = plan.applied("drop")["row"].drop_null().to_numpy()
    plan.dropped[rows] = True
    return plan


def status_codes(table: pa.Table) -> np.ndarray:
    """Status code of each row of a plan's table, an index into `STATUSES`."""
    names, status = codes(table, "status")
    found: np.ndarray = np.array([STATUSES.index(s) for s in names] or [0])[status]
    return found


def codes(table: pa.Table, name: str, missing: int = 0) -> tuple[list[str], np.ndarray]:
    """Dictionary words of a column and the code of each value."""
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return column.dictionary.to_pylist(), column.indices.fill_null(missing).to_numpy(zero_copy_only=False)


def words(strings: list[str], codes: Any) -> pa.DictionaryArray:
    """A dictionary column from small integer codes."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(strings, pa.string()))
