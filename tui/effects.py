"""Whom a decision falls on: a line for one finding, sentences for many. No widget in here.

Counts of one finding's own rows are exact. The sentences for all findings of a rule, and for a bulk change, are the
fairness audit's (`audit.fairness.preview`), with its intervals and its "too little evidence".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.house import require
from curate.ledger.plan import APPLIED, STATUSES, Plan
from curate.review.session import Session
from curate.review.steps import Verdict
from curate.words import plural
from tui.reader import Reader
from tui.words import NO_GROUPS, told_by_state

MOST_GROUPS = 3


@dataclass(frozen=True)
class Grouped:
    """One sensitive column by codes."""

    column: str
    code: np.ndarray
    names: tuple[str, ...]
    """Shown names."""
    size: np.ndarray


@dataclass(frozen=True)
class Preview:
    """What a bulk decision would do."""

    verdict: Verdict
    findings: int
    decided: int
    """Of them, those that somebody decided on already."""
    rows: tuple[int, int]
    """Rows that stay: now, and then."""
    lines: tuple[str, ...]
    alarming: bool
    statuses: tuple[tuple[str, int, str], ...]
    """Findings of the selection by what they would be: sign, how many, word."""


class Effects:
    """Effects in one open run; what does not depend on decisions is computed once."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self.session = session
        self.reader = reader
        self._grouped: tuple[Grouped, ...] | None = None
        self._told: dict[tuple[str, str], tuple[str, ...]] = {}

    def groups(self) -> tuple[Grouped, ...]:
        """Sensitive columns by codes."""
        if self._grouped is None:
            made = []
            for name, values in self.session.dataset.groups().items():
                encoded = values.dictionary_encode()
                code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
                names = tuple(self.reader.word(str(v)) for v in encoded.dictionary.to_pylist())
                size = np.bincount(code[code >= 0], minlength=len(names))
                made.append(Grouped(self.reader.word(name), code, names, size))
            self._grouped = tuple(made)
        return self._grouped

    def of_finding(self, index: int) -> tuple[str, ...]:
        """What applying, or not applying, this one finding does to rows and to groups."""
        session = self.session
        found = {name: session.findings[name][index].as_py() for name in ("action", "row")}
        applied = str(session.plan.table["status"][index]) == "applied"
        if found["row"] is None or found["action"] == "flag":
            return ("it changes no row",)
        verb = {"drop": "removed", "replace": "edited", "relabel": "relabelled"}.get(found["action"], "changed")
        if found["action"] != "drop":
            return (f"{'1 row is' if applied else '1 row would be'} {verb}{self._whom(np.array([found['row']]))}",)
        partners = self.reader.partners(index)
        rows = np.unique(session.rows_of[np.array(partners, np.int64)]) if partners else np.array([found["row"]])
        gone = rows[session.plan.dropped[rows]]
        if len(partners) > 1:
            whole = f"of {len(rows):,} rows that say the same, {len(gone):,} {'leaves' if len(gone) == 1 else 'leave'}"
            return (f"{whole}: −{plural(len(gone), 'row')}{self._shift(gone)}" if len(gone) else whole,)
        lost = np.array([found["row"]])
        return (f"{'−1 row' if applied else '−1 row if applied'}{self._shift(lost)}",)

    def at_hand(self, index: int) -> bool:
        """Whether what takes long of it was worked out already."""
        return self._rule(index) in self._told

    def _rule(self, index: int) -> tuple[str, str]:
        found = self.session.findings
        return str(found["stage"][index]), str(found["rule"][index])

    def of_rule(self, index: int) -> tuple[str, ...]:
        """The same for every finding of its rule, in the fairness audit's words."""
        session = self.session
        stage, rule = self._rule(index)
        if (stage, rule) not in self._told:
            column = session.findings["rule"].combine_chunks()
            code = column.dictionary.to_pylist().index(rule)
            mine = session.of_stage(stage)
            mine = mine[column.indices.to_numpy(zero_copy_only=False)[mine] == code]
            previews = require("audit.fairness.preview").preview_of_findings
            said = previews(session.dataset, session.findings, mine, **self._judged_by())
            self._told[stage, rule] = tuple(line for statement in said for line in statement.lines)
        return self._told[stage, rule]

    def of_bulk(self, indices: np.ndarray, verdict: Verdict) -> Preview:
        """What this decision on all of these findings would do."""
        session = self.session
        state = session.state
        decided = session.decided(indices)
        if verdict == "flag":
            stay = session.rows()[1]
            return Preview(verdict, len(indices), decided, (stay, stay), ("A flag changes no data.",), False, ())
        plan = session.what_if(indices, verdict)
        change = require("audit.fairness.preview").preview_of_change
        said = change(session.dataset, state.plan.dropped, plan.dropped, **self._judged_by())
        lines = tuple(line for statement in said for line in statement.lines)
        if not lines:
            lines = (self._no_rows_move(indices, verdict),)
        rows = session.rows()[1], plan.n_rows - int(plan.dropped.sum())
        alarming = any(statement.alarming for statement in said)
        return Preview(verdict, len(indices), decided, rows, lines, alarming, self._statuses(plan, indices))

    def _statuses(self, plan: Plan, indices: np.ndarray) -> tuple[tuple[str, int, str], ...]:
        status = plan.status()[indices]
        noted = int(np.sum(self.session.flag_mask[indices] & (status == APPLIED)))
        by = dict(zip(STATUSES, np.bincount(status, minlength=len(STATUSES)).tolist(), strict=True))
        return tuple(told_by_state(by, noted))

    def _no_rows_move(self, indices: np.ndarray, verdict: Verdict) -> str:
        rows = np.unique(self.session.rows_of[indices[~self.session.flag_mask[indices]]])
        rows = rows[rows >= 0]
        if not len(rows):
            return "These only note something: no row leaves, comes back or is changed."
        done = "changed" if verdict == "accept" else "left as they are"
        return f"No row leaves or comes back; {plural(len(rows), 'row')} would be {done}{self._whom(rows)}."

    def _judged_by(self) -> dict[str, Any]:
        detected = self.session.detected
        settings = detected.recipe.to_dict()["stages"].get("fairness")
        return {"clusters": detected.hint("near_duplicates.cluster"), "settings": settings}

    def _shift(self, rows: np.ndarray) -> str:
        """`, team B −0.3%`: how much of each group leaves."""
        parts = []
        for grouped in self.groups():
            hit = np.bincount(grouped.code[rows][grouped.code[rows] >= 0], minlength=len(grouped.names))
            worst = np.argsort(-hit / np.maximum(grouped.size, 1), kind="stable")[:MOST_GROUPS]
            share = 100 * hit / np.maximum(grouped.size, 1)
            parts += [f"{grouped.column} {grouped.names[g]} −{share[g]:.2g}%" for g in worst if hit[g]]
        if not self.groups():
            return f"; {NO_GROUPS}"
        return ", " + ", ".join(parts) if parts else ", no group among them"

    def _whom(self, rows: np.ndarray) -> str:
        parts = []
        for grouped in self.groups():
            code = grouped.code[rows]
            hit = np.bincount(code[code >= 0], minlength=len(grouped.names))
            most = [g for g in np.argsort(-hit, kind="stable")[:MOST_GROUPS] if hit[g]]
            parts += [f"{grouped.column} {grouped.names[g]} {hit[g]:,} of {grouped.size[g]:,}" for g in most]
        return f": {', '.join(parts)}" if parts else "" if self.groups() else f"; {NO_GROUPS}"
