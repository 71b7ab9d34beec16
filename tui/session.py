"""One run as the screens see it: findings, plan, decisions. No widget in here; every call may run in a thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson

from curate import workflow
from curate.dataset import Dataset
from curate.errors import ConfigError
from curate.ledger.apply import reader
from curate.ledger.decisions import Decision, Journal, append_decisions, decide, read_journal, undo
from curate.ledger.plan import STATUSES, Plan
from curate.pipeline import Detected, Event
from curate.privacy.preview import masked_preview, masked_previews
from curate.rundir import RunDir

DETAIL_WIDTH = 4000
ROW_WIDTH = 80


@dataclass(frozen=True)
class Evidence:
    """What the detail pane shows of one finding; every text is masked and safe to print."""

    index: int
    head: str
    reason: str
    status: str
    why: str
    row: int | None
    text: str
    span: tuple[str, str, str] | None = None
    """Text before an edit, what goes there, text after it."""
    witness_row: int | None = None
    witness_text: str = ""
    label: str = ""
    suggestion: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
    decisions: tuple[str, ...] = ()


class Session:
    """A run that is open for decisions."""

    def __init__(self, run: RunDir, detected: Detected) -> None:
        self.run = run
        self.detected = detected
        self.findings = detected.findings
        self.journal: Journal = read_journal(run.decisions_path)
        self.plan: Plan = detected.resolve(self.journal)
        self._previews: dict[int, str] = {}

    @classmethod
    def open(
        cls,
        what: str | Path,
        out: str | Path | None = None,
        listener: Callable[[Event], None] = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Session:
        """Open a run directory, or run the stages on a data file (or recipe) first and open what they leave."""
        path = Path(what)
        if path.is_dir() and (path / "manifest.json").is_file():
            run = RunDir.open(path)
            return cls(run, workflow.reopen(run, listener))
        if path.is_dir() and not (path / "curate.toml").is_file():
            raise ConfigError(f"{path} is neither a run directory nor a folder with a curate.toml")
        result = workflow.run(what, out=out, train=False, listener=listener, cancelled=cancelled)
        return cls(result.run, result.detected)

    @property
    def dataset(self) -> Dataset:
        """The raw rows."""
        return self.detected.dataset

    @property
    def stages(self) -> list[str]:
        """Stages that ran, in recipe order."""
        return list(self.detected.outcomes)

    def counts(self, stage: str) -> dict[str, int]:
        """Findings of a stage by status."""
        return self.plan.counts().get(stage, dict.fromkeys(STATUSES, 0))

    @property
    def pending(self) -> int:
        """Findings that wait for a person."""
        return sum(by["pending"] + by["stale"] for by in self.plan.counts().values())

    def rows(self) -> tuple[int, int]:
        """Rows in, rows out."""
        return self.plan.n_rows, self.plan.n_rows - int(self.plan.dropped.sum())

    def queue(self, stage: str, statuses: Sequence[str] = (), contains: str = "") -> np.ndarray:
        """Indices of a stage's findings: those that wait first, then by falling score, then by row."""
        stage_column = self.findings["stage"].combine_chunks()
        names = stage_column.dictionary.to_pylist()
        if stage not in names:
            return np.empty(0, np.int64)
        mine = np.flatnonzero(stage_column.indices.to_numpy(zero_copy_only=False) == names.index(stage))
        status = self.plan.status()[mine]
        if statuses:
            wanted = np.isin(status, [STATUSES.index(s) for s in statuses])
            mine, status = mine[wanted], status[wanted]
        if contains:
            rules = np.array(self.findings["rule"].take(mine).to_pylist(), dtype=object)
            keep = np.array([contains.lower() in (r or "").lower() for r in rules], bool)
            mine, status = mine[keep], status[keep]
        score = self.findings["score"].to_numpy()[mine]
        row = self.findings["row"].fill_null(-1).to_numpy()[mine]
        waits = np.isin(status, [STATUSES.index("pending"), STATUSES.index("stale")])
        return mine[np.lexsort((row, -score, ~waits))]

    def lines(self, indices: np.ndarray) -> list[tuple[str, str, str, str, str]]:
        """Table cells of findings: status, row, rule, score, preview."""
        chosen = self.plan.table.take(indices)
        rows = chosen["row"].to_pylist()
        self._preview_rows([r for r in rows if r is not None])
        cells = zip(chosen["status"].to_pylist(), rows, chosen["rule"].to_pylist(), chosen["score"].to_pylist())
        return [
            (status, "" if row is None else str(row), rule, f"{score:.2f}", self._previews.get(row, "(the dataset)"))
            for status, row, rule, score in cells
        ]

    def evidence(self, index: int) -> Evidence:
        """All that the detail pane says of one finding."""
        found = self.findings.slice(index, 1).to_pylist()[0]
        planned = self.plan.table.slice(index, 1).to_pylist()[0]
        row, witness = found["row"], planned["witness_row"]
        finding_id = found["finding_id"].hex()
        place = f" in {found['field']}" if found["field"] else ""
        label, suggestion = "", ""
        if found["action"] == "relabel" and row is not None:
            label = masked_preview(str(reader(self.dataset, found["field"])(row)), ROW_WIDTH)
            suggestion = masked_preview(planned["replacement"] or "", ROW_WIDTH)
        return Evidence(
            index=index,
            head=f"{found['rule']}: {found['action']}{place}",
            reason=found["reason"],
            status=planned["status"],
            why=planned["why"],
            row=row,
            text="" if row is None else self._text(row),
            span=self._span(found, planned) if found["action"] == "replace" else None,
            witness_row=witness,
            witness_text="" if witness is None else self._text(witness),
            label=label,
            suggestion=suggestion,
            numbers=orjson.loads(found["evidence"]) if found["evidence"] else {},
            decisions=tuple(
                f"{d.at[:19].replace('T', ' ')} {d.actor or 'someone'}: {d.verdict}" + (f" ({d.why})" if d.why else "")
                for d in self.journal.live()
                if finding_id in d.finding_ids
            ),
        )

    def decide(
        self, indices: Sequence[int], verdict: Literal["accept", "reject", "override"], value: str | None = None
    ) -> Decision:
        """Take a decision, save it, and resolve again."""
        decision = decide(self.findings, list(indices), verdict, value=value)
        self._append(decision)
        return decision

    def undo(self) -> Decision | None:
        """Take back the newest live decision; None when there is none."""
        last = self.journal.next_undo()
        if last is not None:
            self._append(undo(last))
        return last

    def redo(self) -> Decision | None:
        """Bring back what was undone last; None when there is nothing."""
        last = self.journal.next_redo()
        if last is not None:
            self._append(undo(last))
        return last

    def apply(self, listener: Callable[[Event], None] = lambda event: None) -> None:
        """Write the curated data and the report under the decisions taken so far."""
        workflow.reapply(self.run.path, listener=listener)

    def command(self, verb: str) -> str:
        """The headless command that does the same."""
        return f"curate {verb} {os.path.relpath(self.run.path)}"

    def _append(self, decision: Decision) -> None:
        append_decisions(self.run.decisions_path, [decision])
        self.journal = read_journal(self.run.decisions_path)
        self.plan = self.detected.resolve(self.journal)

    def _text(self, row: int) -> str:
        return masked_preview(self.dataset.content()[row].as_py() or "", DETAIL_WIDTH)

    def _span(self, found: dict[str, Any], planned: dict[str, Any]) -> tuple[str, str, str] | None:
        if found["row"] is None or found["start"] is None:
            return None
        text = reader(self.dataset, found["field"])(found["row"])
        if not isinstance(text, str):
            return None
        before, after = text[: found["start"]], text[found["end"] :]
        return (
            masked_preview(before[-600:], 600),
            planned["replacement"] or "",
            masked_preview(after[:600], 600),
        )

    def _preview_rows(self, rows: Sequence[int]) -> None:
        missing = [r for r in dict.fromkeys(rows) if r not in self._previews]
        if missing:
            texts = self.dataset.content().take(missing)
            self._previews.update(zip(missing, (p or "" for p in masked_previews(texts, ROW_WIDTH))))
