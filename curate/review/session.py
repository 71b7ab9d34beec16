"""One run as those who decide see it: findings, plan, decisions.

No widget in here, and no terminal; every call may run in a thread.

What is shown as decided is on disk: `decide`, `undo` and `redo` return after the journal is written and read back, and
only then does the state that screens read change, in one assignment.

A run whose files follow its journal opens with the plan that lies there: no row is read and nothing resolved before there
is something to see. `confirm` does both afterwards, and says whether the plan came out another (then the state changes).
"""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate import workflow
from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.errors import ConfigError, RunError, RunLockedError
from curate.ledger.decisions import Decision, Journal, append_decisions, decide
from curate.ledger.following import JournalFollower
from curate.ledger.plan import PENDING, PLAN_SCHEMA, STALE, STATUSES, Plan, planned, status_codes
from curate.pipeline import Detected, Event
from curate.recipe import Recipe
from curate.review.steps import Saved, Step, Verdict, deciding, indices_of, reversing, unflagging
from curate.rundir import RunDir, refuse_nothing

QUEUE_ORDER = np.array([1, 0, 2, 3, 0])
"""Place in the queue of each status, in the order of `STATUSES`."""
PLAN_FILE = "plan.parquet"
COMPARED = ("start", "end", "replacement", "witness_row")
ID_PREFIX = 16
"""Digits of a finding id that commands show: enough to name one among more findings than there will be."""
MOST_IDS = 200
"""Ids that a command spells out."""


@dataclass(frozen=True)
class State:
    """Journal and plan as of one moment; screens read it, nobody changes it."""

    journal: Journal
    plan: Plan
    status: np.ndarray
    """int8[findings]: an index into `STATUSES`."""
    counts: dict[str, dict[str, int]]

    @property
    def waiting(self) -> int:
        """Findings that wait for a person."""
        return sum(by["pending"] + by["stale"] for by in self.counts.values())

    def on(self, finding_id: str) -> list[Decision]:
        """Live decisions on one finding, oldest first."""
        return [d for d in self.live if finding_id in d.bound]

    @cached_property
    def live(self) -> list[Decision]:
        """Decisions that nobody took back, oldest first."""
        return self.journal.live()

    @cached_property
    def flags(self) -> dict[str, Decision]:
        """Findings that somebody flagged for another look, with the newest flag."""
        return {i: d for d in self.live if d.verdict == "flag" for i in d.finding_ids}


class Session:
    """A run that is open for decisions."""

    def __init__(self, run: RunDir, detected: Detected) -> None:
        self.run = run
        self.detected = detected
        self.findings = detected.findings.combine_chunks()
        self._lock = threading.RLock()
        self._written: dict[str, pa.ChunkedArray] | None = None
        self._compared: tuple[State | None, bool] = (None, False)
        self._journal = JournalFollower(run.decisions_path)
        self._confirmed = False
        written = self._as_written()
        self.state = written or self._resolved(self._journal.read())
        if written is None:
            self.look_at_files()

    @classmethod
    def open(
        cls,
        what: str | Path | Recipe,
        out: str | Path | None = None,
        listener: Callable[[Event], None] = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Session:
        """Open a run directory, or run the stages on a data file (or recipe) first and open what they leave."""
        path = None if isinstance(what, Recipe) else Path(what)
        if path is not None:
            refuse_nothing(path)
        if path is not None and path.is_dir() and (path / "manifest.json").is_file():
            return cls._opened(RunDir.open(path), listener, cancelled)
        if path is not None and path.is_dir() and not (path / "curate.toml").is_file():
            raise ConfigError(f"{path} is neither a run directory nor a folder with a curate.toml")
        try:
            result = workflow.run(what, out=out, train=False, listener=listener, cancelled=cancelled)
        except RunLockedError:
            # Training that was started earlier holds the directory: the findings are there, and can be read.
            run = _run_of(what, out)
            if run is None:
                raise
            return cls(run, workflow.reopen(run, listener))
        return cls(result.run, result.detected)

    @classmethod
    def _opened(
        cls, run: RunDir, listener: Callable[[Event], None], cancelled: Callable[[], bool]
    ) -> Session:
        manifest = run.manifest()
        if "recipe" not in manifest:
            raise RunError(f"{run.path} was not made by a run; open the data file instead")
        try:
            return cls(run, workflow.reopen(run, listener))
        except RunError:
            pass  # cut short, or of an earlier version: it goes on; a run of other data is refused again
        recipe = Recipe.parse(manifest["recipe"])
        return cls(run, workflow.run(recipe, out=run.path, train=False, listener=listener, cancelled=cancelled).detected)

    @property
    def dataset(self) -> Dataset:
        """The raw rows."""
        return self.detected.dataset

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self.state.plan

    @property
    def stages(self) -> list[str]:
        """Stages of the recipe, in its order."""
        return list(self.detected.outcomes)

    def counts(self, stage: str) -> dict[str, int]:
        """Findings of a stage by status."""
        return self.state.counts.get(stage) or dict.fromkeys(STATUSES, 0)

    def total(self, stage: str) -> int:
        """All findings of a stage."""
        return sum(n for n in self.counts(stage).values())

    def rows(self) -> tuple[int, int]:
        """Rows in, rows out."""
        plan = self.state.plan
        return plan.n_rows, plan.n_rows - int(plan.dropped.sum())

    def queue(self, stage: str, *, waiting_only: bool = False) -> np.ndarray:
        """Indices of a stage's findings: those that wait, then those that apply, are rejected, are superseded; within
        each what proposes a change before what only notes, then by falling score, then by row."""
        mine = self.of_stage(stage)
        if waiting_only:
            mine = mine[np.isin(self.state.status[mine], (PENDING, STALE))]
        turn = QUEUE_ORDER[self.state.status[mine]]
        return mine[np.lexsort((self.rows_of[mine], -self.scores[mine], self.flag_mask[mine], turn))]

    def of_stage(self, stage: str) -> np.ndarray:
        """Indices of a stage's findings, in their order."""
        column = self._words("stage")
        names = column.dictionary.to_pylist()
        if stage not in names:
            return np.empty(0, np.int64)
        return np.flatnonzero(column.indices.to_numpy(zero_copy_only=False) == names.index(stage))

    def decide(
        self,
        indices: Sequence[int] | np.ndarray,
        verdict: Verdict,
        value: str | None = None,
        *,
        why: str = "",
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the journal's own word
    ) -> Saved:
        """Take a decision, save it, and resolve again. Raises CurateError or OSError when it could not be saved.

        `filter` marks a decision that was taken in bulk: what was asked for, as far as the journal's keys say it."""
        saved = self.save([deciding(self.findings, indices, verdict, value, why=why, filter=filter)])[0]
        assert saved is not None
        return saved

    def what_if(self, indices: Sequence[int] | np.ndarray, verdict: Verdict, value: str | None = None) -> Plan:
        """The plan that such a decision would give; nothing is saved."""
        state = self.state
        made = decide(self.findings, [int(i) for i in indices], verdict, value=value)
        return self.detected.resolve(Journal((*state.journal.decisions, made)))

    def unflag(self, index: int) -> Saved | None:
        """Take back the flag on one finding; None where there is none, or it is one on many findings."""
        return self.save([unflagging(self.findings, index)])[0]

    def undo(self) -> Saved | None:
        """Take back the newest live decision; None when there is none."""
        return self.save([reversing(self.findings, "undo")])[0]

    def redo(self) -> Saved | None:
        """Bring back what was undone last; None when there is nothing."""
        return self.save([reversing(self.findings, "redo")])[0]

    def save(self, steps: Sequence[Step]) -> list[Saved | None]:
        """Take steps in their order, write what they come to at once and resolve once; what each came to, None where there
        was nothing to do. Raises CurateError or OSError when they could not be saved: then none of them was."""
        with self._lock:
            before, journal = len(self.state.journal.decisions), self._journal.read()
            made: list[Decision] = []
            out: list[Saved | None] = []
            for step in steps:
                taken = step(Journal((*journal.decisions, *made)))
                out.append(None if taken is None else taken[1])
                made += [] if taken is None else [taken[0]]
            if made:
                if not self._confirmed:
                    # Resolving reads the rows for the first time. If they cannot be read, that must show before a decision
                    # is saved: nobody may be told that it was not, and find it in force.
                    _ = self.detected.facts
                append_decisions(self.run.decisions_path, made)
                journal = self._journal.read()
            others = max(0, len(journal.decisions) - before - len(made))
            if made or others:
                self._show(self._resolved(journal))
            return [saved and replace(saved, others=others) for saved in out]

    def apply(self, listener: Callable[[Event], None] = lambda event: None) -> None:
        """Write the curated data and the report under the decisions taken so far."""
        workflow.reapply(self.run.path, listener=listener)
        self.read_again()
        self.look_at_files()

    def confirm(self) -> bool:
        """Read the rows and resolve, where the state is still the plan that lay in the files; whether the state changed."""
        with self._lock:
            if self._confirmed:
                return False
            after = self._resolved(self.state.journal)
            if self._follows(after) and np.array_equal(self.state.plan.dropped, after.plan.dropped):
                return False
            self._show(after)
            return True

    def read_again(self) -> None:
        """Take in what the journal has come to hold."""
        with self._lock:
            self._show(self._resolved(self._journal.read()))

    def look_at_files(self) -> None:
        """Remember which plan the files on disk follow."""
        try:
            self._written = _comparable(self.run.read_table(PLAN_FILE))
        except (RunError, KeyError):
            self._written = None
        self._compared = (self.state, self._follows(self.state))

    @property
    def is_written(self) -> bool:
        """Whether the curated file on disk follows the plan in force."""
        state = self.state
        known, answer = self._compared
        return answer if known is state else self._follows(state)

    def _follows(self, state: State) -> bool:
        return self._written is not None and _same(_comparable(state.plan.table), self._written)

    def plan_hash(self) -> str | None:
        """Hash of the plan on disk, as an ablation records it; None before anything is written."""
        path = self.run.path / PLAN_FILE
        return file_hash(path) if path.is_file() else None

    def command(self, verb: str, *rest: str) -> str:
        """The headless command that does the same."""
        return shlex.join(["curate", verb, os.path.relpath(self.run.path), *rest])

    def command_of(self, decision: Decision, where: str | None = None, shown: str | None = None) -> str:
        """The command that takes the same decision; `where`: the filter it was chosen by, `shown`: its value as a screen
        may show it."""
        value = decision.value if shown is None else shown
        rest = [decision.verdict, *([] if value is None else ["--value", value])]
        if where is not None:
            return self.command("decide", *rest, "--where", where)
        ids = [finding_id[:ID_PREFIX] for finding_id in decision.finding_ids]
        if len(ids) > MOST_IDS:
            return self.command("decide", *rest, "--like", decision.decision_id[:ID_PREFIX])
        return self.command("decide", *rest, *ids)

    def _show(self, state: State) -> None:
        """Let screens see a state, with what each of them asks of it worked out here and not while they draw."""
        _ = state.flags
        self._compared = (state, self._follows(state))
        self.state = state

    def _resolved(self, journal: Journal) -> State:
        plan = self.detected.resolve(journal)
        self._confirmed = True
        return State(journal, plan, plan.status(), plan.counts())

    def _as_written(self) -> State | None:
        """The plan that the last run, or `apply`, left, where it was made from the journal as it is now."""
        manifest = self.run.manifest()
        told, known = manifest.get("plan", {}), manifest.get("outputs", {}).get(PLAN_FILE)
        if not workflow.same_version(manifest):
            return None
        if told.get("decisions") is None or told["decisions"] != workflow.journal_hash(self.run):
            return None
        if known is not None and known != self.plan_hash():
            return None
        try:
            table = self.run.read_table(PLAN_FILE).combine_chunks()
        except RunError:
            return None
        if table.schema.names != PLAN_SCHEMA.names or not table["finding_id"].equals(self.findings["finding_id"]):
            return None
        plan = planned(table, self.detected.dataset.n_rows, tuple(told.get("orphans", ())))
        state = State(self._journal.read(), plan, plan.status(), plan.counts())
        self._written, self._compared = _comparable(table), (state, True)
        return state

    def indices(self, finding_ids: Sequence[str]) -> np.ndarray:
        """Where these findings stand; those that this run did not bring are left out."""
        return indices_of(self.findings, finding_ids)

    def decided(self, indices: np.ndarray) -> int:
        """How many of these findings somebody has decided on."""
        live = self.state.live
        if not live:
            return 0
        known = set().union(*(d.bound for d in live))
        ids = self.findings["finding_id"].take(pa.array(indices, pa.int64())).to_pylist()
        return sum(i.hex() in known for i in ids)

    def index(self, start: str) -> int:
        """The finding whose id starts so; ConfigError where none or several do."""
        whole = start if len(start) % 2 == 0 else start[:-1]
        try:
            head = bytes.fromhex(whole)
        except ValueError:
            raise ConfigError(f"{start!r} is not the id of a finding; ids are digits and letters a to f") from None
        ids = self.findings["finding_id"].combine_chunks().cast(pa.binary())
        near = np.flatnonzero(pc.starts_with(ids, head).to_numpy(zero_copy_only=False))
        near = np.array([i for i in near if ids[int(i)].as_py().hex().startswith(start.lower())], np.int64)
        if len(near) != 1:
            how = "several findings have" if len(near) else "no finding has"
            raise ConfigError(f"{how} an id that starts {start!r}")
        return int(near[0])

    def _words(self, name: str) -> pa.DictionaryArray:
        column = self.findings[name].combine_chunks()
        return column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column

    @cached_property
    def scores(self) -> np.ndarray:
        """float32[findings]: how sure each is."""
        scores: np.ndarray = self.findings["score"].to_numpy()
        return scores

    @cached_property
    def flag_mask(self) -> np.ndarray:
        """Which findings only note something."""
        action = self._words("action")
        notes = np.asarray([name == "flag" for name in action.dictionary.to_pylist()], bool)
        flags: np.ndarray = notes[action.indices.to_numpy()]
        return flags

    @cached_property
    def rows_of(self) -> np.ndarray:
        """int64[findings]: the row each is about; -1 for the dataset."""
        rows: np.ndarray = self.findings["row"].fill_null(-1).to_numpy()
        return rows


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    same = np.array_equal(one["status"], two["status"])
    return same and all(one[name].equals(two[name]) for name in COMPARED)


def _comparable(plan: pa.Table) -> dict[str, Any]:
    return {"status": status_codes(plan), **{name: plan[name] for name in COMPARED}}


def _run_of(what: str | Path | Recipe, out: str | Path | None) -> RunDir | None:
    """The run directory that `what` would be run into, when it holds a look at that very input."""
    recipe = workflow.as_recipe(what)
    source = workflow.input_path(recipe)
    run = RunDir(out or recipe.run.out or workflow.default_out(source))
    manifest = run.manifest()
    same = manifest.get("recipe", {}).get("data", {}).get("input") == str(source.resolve())
    return run if same else None
