"""What a plan does to rows, as masks over the input: the one place where the report counts rows.

Everything is vectorised over the plan's table; a million findings take well under a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.report.model_stage import Counts, Rule
from curate.ledger.findings import ACTIONS
from curate.ledger.plan import STATUSES, Plan

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Effects:
    """Masks over rows and columns over findings, all as numpy arrays."""

    n_rows: int
    dropped: Array
    """bool[n_rows]."""
    edited: Array
    """bool[n_rows]: kept, with a span replaced."""
    relabelled: Array
    """bool[n_rows]: kept, with a new label."""
    reweighted: Array
    added: int
    stages: tuple[str, ...]
    """Names of stages that have findings."""
    stage: Array
    """int: index into `stages`, one a finding."""
    action: tuple[str, ...]
    action_code: Array
    status: Array
    """Index into `STATUSES`."""
    row: Array
    """int64, -1 for a finding about the dataset."""

    def of_stage(self, name: str) -> Array:
        """bool: findings of a stage."""
        code = self.stages.index(name) if name in self.stages else -1
        mine: Array = self.stage == code
        return mine

    def rows_of(self, name: str, action: str) -> int:
        """Rows in which a stage's applied findings of one action take effect."""
        mine = self.of_stage(name) & self._applied(action) & (self.row >= 0)
        rows = np.unique(self.row[mine])
        if action != "drop":
            rows = rows[~self.dropped[rows]]
        return len(rows)

    def mask_of(self, name: str, action: str) -> Array:
        """bool[n_rows]: rows in which a stage's applied findings of one action take effect."""
        out = np.zeros(self.n_rows, bool)
        mine = self.of_stage(name) & self._applied(action) & (self.row >= 0)
        out[self.row[mine]] = True
        return out if action == "drop" else out & ~self.dropped

    def _applied(self, action: str) -> Array:
        code = self.action.index(action) if action in self.action else -1
        mine: Array = (self.action_code == code) & (self.status == STATUSES.index("applied"))
        return mine


def effects_of(plan: Plan) -> Effects:
    """The masks of a plan."""
    stages, stage = codes(plan.table["stage"])
    actions, action = codes(plan.table["action"])
    row = plan.table["row"].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    status = plan.status()
    applied = status == STATUSES.index("applied")

    def kept(name: str) -> Array:
        out = np.zeros(plan.n_rows, bool)
        mine = applied & (action == (actions.index(name) if name in actions else -1)) & (row >= 0)
        out[row[mine]] = True
        out &= ~plan.dropped
        return out

    on_kept = (row < 0) | ~plan.dropped[np.maximum(row, 0)] if plan.n_rows else row < 0
    added = int((applied & on_kept & (action == (actions.index("add") if "add" in actions else -1))).sum())
    return Effects(
        plan.n_rows, plan.dropped, kept("replace"), kept("relabel"), kept("reweight"), added,
        stages, stage, actions, action, status, row,
    )  # fmt: skip


def codes(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Array]:
    """Words of a dictionary column and the code of each value (-1 for null)."""
    encoded = pc.dictionary_encode(column.cast(pa.string()).combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return tuple(encoded.dictionary.to_pylist()), encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def counts_of(by_status: Mapping[str, int]) -> Counts:
    """A plan's counts of one stage."""
    return Counts(**{status: int(by_status.get(status, 0)) for status in STATUSES})


def rules_of(findings: pa.Table, plan: Plan, stage: str) -> tuple[Rule, ...]:
    """A stage's rules with their counts, the largest first."""
    mine = pc.equal(plan.table["stage"].cast(pa.string()), stage)
    table = pa.table(
        {
            "rule": plan.table["rule"].cast(pa.string()),
            "action": plan.table["action"].cast(pa.string()),
            "status": plan.table["status"].cast(pa.string()),
            "reason": findings["reason"].cast(pa.string()),
        }
    ).filter(mine)
    grouped = table.group_by(["rule", "action", "status"]).aggregate([([], "count_all"), ("reason", "min")])
    found: dict[tuple[str, str], dict[str, int]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for item in grouped.to_pylist():
        key = (item["rule"] or "", item["action"])
        found.setdefault(key, {})[item["status"]] = item["count_all"]
        reasons[key] = min(reasons.get(key, item["reason_min"] or ""), item["reason_min"] or "")
    rules = [Rule(rule, action, reasons[rule, action], counts_of(by)) for (rule, action), by in found.items()]
    return tuple(sorted(rules, key=lambda r: (-r.counts.total, r.rule, ACTIONS.index(r.action))))
