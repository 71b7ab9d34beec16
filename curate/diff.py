"""What changed between two runs: rows, findings, decisions and what became of shared rows.

Rows are compared by id, findings by finding id, so re-ordered and appended data line up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate import workflow
from curate.house import require
from curate.ledger.decisions import Journal, read_journal
from curate.ledger.plan import Plan
from curate.pipeline import Detected
from curate.privacy.preview import masked_preview
from curate.rundir import RunDir

SHOWN = 20
"""Rows that are listed of each kind of change."""
WIDTH = 80


@dataclass(frozen=True)
class _Side:
    run: RunDir
    detected: Detected
    journal: Journal
    plan: Plan

    @classmethod
    def open(cls, path: str | Path) -> _Side:
        run = RunDir.open(path)
        detected = workflow.reopen(run, as_found=True)
        journal = read_journal(run.decisions_path)
        return cls(run, detected, journal, detected.resolve(journal))

    def rows(self) -> dict[bytes, int]:
        return {i: at for at, i in enumerate(self.detected.dataset.row_ids.cast(pa.binary(16)).to_pylist())}

    def findings(self) -> dict[bytes, str]:
        table = self.plan.table
        return dict(zip(table["finding_id"].to_pylist(), table["stage"].cast(pa.string()).to_pylist()))

    def status(self) -> dict[bytes, str]:
        table = self.plan.table
        return dict(zip(table["finding_id"].to_pylist(), table["status"].cast(pa.string()).to_pylist()))


def diff(old: str | Path, new: str | Path) -> dict[str, Any]:
    """Counts and row numbers of what differs between two runs, as JSON types.

    Raises RunError where one is no run or its input has changed since.
    """
    a, b = _Side.open(old), _Side.open(new)
    rows_a, rows_b = a.rows(), b.rows()
    shared = rows_a.keys() & rows_b.keys()
    found_a, found_b = a.findings(), b.findings()
    status_a, status_b = a.status(), b.status()
    decided_a, decided_b = _decided(a.journal), _decided(b.journal)
    now_removed = [rows_b[i] for i in shared if b.plan.dropped[rows_b[i]] and not a.plan.dropped[rows_a[i]]]
    now_kept = [rows_b[i] for i in shared if a.plan.dropped[rows_a[i]] and not b.plan.dropped[rows_b[i]]]
    moved = Counter(
        f"{status_a[i]} -> {status_b[i]}" for i in found_a.keys() & found_b.keys() if status_a[i] != status_b[i]
    )
    return {
        "old": str(a.run.path),
        "new": str(b.run.path),
        "rows": {
            "shared": len(shared),
            "gone": _some(rows_a[i] for i in rows_a.keys() - shared),
            "added": _some(rows_b[i] for i in rows_b.keys() - shared),
        },
        "outcome": {
            "now_removed": _some(now_removed),
            "now_kept": _some(now_kept),
        },
        "affected": _affected(b.detected, now_removed, now_kept),
        "findings": {
            stage: {
                "gone": sum(found_a[i] == stage for i in found_a.keys() - found_b.keys()),
                "new": sum(found_b[i] == stage for i in found_b.keys() - found_a.keys()),
                "shared": sum(found_a[i] == stage for i in found_a.keys() & found_b.keys()),
            }
            for stage in sorted({*found_a.values(), *found_b.values()})
        },
        "status": dict(sorted(moved.items())),
        "decisions": {
            "gone": len(decided_a.keys() - decided_b.keys()),
            "new": len(decided_b.keys() - decided_a.keys()),
            "changed": sum(decided_a[i] != decided_b[i] for i in decided_a.keys() & decided_b.keys()),
        },
        "settings": _settings(a.detected.recipe.to_dict(), b.detected.recipe.to_dict()),
    }


def _affected(detected: Detected, now_removed: Sequence[int], now_kept: Sequence[int]) -> list[str]:
    """Whom the change falls on, in sentences; none where no row's fate changed."""
    preview = require("audit.fairness.preview").preview_of_rows
    settings = detected.recipe.to_dict()["stages"].get("fairness")
    told = {"settings": settings, "clusters": detected.hint("near_duplicates.cluster")}
    both = {"removed": sorted(now_removed), "brought back": sorted(now_kept)}
    return [
        line for verb, rows in both.items() if rows
        for line in preview(detected.dataset, rows, verb=verb, **told).lines
    ]  # fmt: skip


def _decided(journal: Journal) -> dict[str, str]:
    """What counts for each finding that people decided on: the last live decision."""
    return {finding: d.verdict for d in journal.live() if d.verdict != "flag" for finding in d.finding_ids}


def _some(rows: Iterable[int]) -> dict[str, Any]:
    every = sorted(rows)
    return {"count": len(every), "rows": every[:SHOWN]}


def _settings(old: Any, new: Any, at: str = "") -> dict[str, list[Any]]:
    """Settings that differ, by dotted name: [old, new]. Paths and outputs are where, not how: they are left out."""
    if at.startswith("stages.") and at.count(".") == 1 and _runs(old) != _runs(new):
        return {at: ["on" if _runs(side) else "off" for side in (old, new)]}
    if isinstance(old, dict) and isinstance(new, dict):
        out: dict[str, list[Any]] = {}
        for key in sorted({*old, *new}):
            name = f"{at}.{key}" if at else str(key)
            if name not in ("data.input", "run.out"):
                out |= _settings(old.get(key), new.get(key), name)
        return out
    if old == new:
        return {}
    if at.endswith(".deny"):  # what must be shown nowhere
        return {at: [f"{len(values or ())} values" for values in (old, new)]}
    return {at: [_shown(old), _shown(new)]}


def _runs(stage: Any) -> bool:
    """Whether a recipe runs a stage, by what it says of it."""
    return stage is not None and stage.get("enabled", True)


def _shown(value: Any) -> Any:
    """A setting without the personal data that an allow list, say, may hold."""
    if isinstance(value, str):
        return masked_preview(value, WIDTH)
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value
