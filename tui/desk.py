"""The desk: what all panels share while a run is open, and the one way to decide, undo, redo and write.

No widget in here. Decisions are saved in a thread in the order of the keys, those that come while others are being saved
together; only then are they shown as saved, and only then is `changed` called, once for all of them. Each action leaves a
line in `log` with the command that does the same.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from curate.ledger.plan import APPLIED
from curate.review.session import ID_PREFIX, Session
from curate.review.steps import Saved, Step, Verdict, deciding, reversing, unflagging
from curate.words import plural
from tui.effects import Effects
from tui.gate import GateState
from tui.keymap import key
from tui.memory import Place
from tui.outcome import Outcome
from tui.reader import Reader

DONE = {"accept": "accepted", "reject": "rejected", "override": "edited", "flag": "flagged"}


@dataclass(frozen=True)
class Logged:
    """One action: what was done, and the command that does the same without a screen."""

    said: str
    command: str = ""


@dataclass
class Desk:
    """One open run."""

    session: Session
    reader: Reader
    log: list[Logged] = field(default_factory=list)
    seen: threading.Event = field(default_factory=threading.Event)
    """Set when the first queue is on the screen: what can wait until then does."""
    settled: bool = False
    """Whether rows are read and the plan resolved; until then the plan is shown as it lies in the files."""
    gate: GateState | None = None
    """What the gate says of the plan in force; None until it was asked."""
    places: dict[str, Place] = field(default_factory=dict)
    """By mode, where the person was: the finding, the filter, the order (see `tui.memory`)."""
    changed: Callable[[], None] = lambda: None
    failed: Callable[[BaseException, str], None] = lambda error, what: None
    began: Callable[[], None] = lambda: None
    """Called when a decision is on its way to be saved."""
    pending: int = 0
    """Actions under way that whoever leaves waits for."""
    unsaved: int = 0
    """Decisions that were taken and are not on the disk yet."""
    changes: int = 0
    """How often decisions, files or the gate have changed."""
    training: bool = False
    """Whether arms are being trained, as far as a screen has looked."""
    doing: str = ""
    """What a key has asked for and is not there yet."""
    _line: list[tuple[Step, asyncio.Future[Saved | None]]] = field(default_factory=list)
    """Steps whose turn to be saved has not come."""
    _saving: asyncio.Task[None] | None = None
    _noted: tuple[object, list[int]] = (None, [])
    _telling: bool = False

    def say(self, said: str, command: str = "") -> None:
        """Put an action into the log."""
        self.log.append(Logged(said, command))

    async def decide(
        self,
        indices: Sequence[int] | np.ndarray,
        verdict: Verdict,
        value: str | None = None,
        *,
        why: str = "",
        where: str | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the journal's own word
    ) -> Saved | None:
        """Save one decision on findings; None, and an error shown, when it could not be saved.

        `where`: the filter that chose exactly these findings; `filter`: what the journal keeps of it."""
        session = self.session
        try:
            saved = await self._save(deciding(session.findings, indices, verdict, value, why=why, filter=filter))
        except _NotSavedError:
            return None
        assert saved is not None
        several = len(indices) != 1
        named = plural(len(indices), "finding") if several else self.named(int(indices[0]))
        status = "" if several or verdict == "flag" else str(session.plan.table["status"][int(indices[0])])
        came = "" if status in ("", "applied", "rejected") else f", and is {status}"
        shown = None if value is None else self.reader.word(value)
        command = session.command_of(saved.decision, where, shown)
        self.say(f"{DONE[verdict]} {named}{came}; saved, {_undo()}{_others(saved)}", command)
        self.tell()
        return saved

    async def flag(self, index: int) -> None:
        """Flag a finding for another look, or take that back."""
        finding = self.session.findings["finding_id"][index].as_py().hex()
        if finding not in self.session.state.flags:
            await self.decide([index], "flag")
            return
        try:
            saved = await self._save(unflagging(self.session.findings, index))
        except _NotSavedError:
            return
        if saved is None:
            self.say(f"this flag was put on many findings at once; {key('undo')} takes that back")
        else:
            command = self.session.command("decide", "unflag", finding[:ID_PREFIX])
            self.say(f"took the flag off {self.named(index)}; saved, {key('flag')} puts it back", command)
        self.tell()

    async def reverse(self, which: Literal["undo", "redo"]) -> Saved | None:
        """Undo or redo; None when there is nothing, or it failed."""
        self.doing = "taking the last decision back …" if which == "undo" else "bringing it back …"
        try:
            saved = await self._save(reversing(self.session.findings, which))
        except _NotSavedError:
            return None
        if saved is None:
            self.say("there is no decision to take back" if which == "undo" else "there is nothing to bring back")
            self.tell()
            return None
        word = "took back" if which == "undo" else "brought back"
        again = f"{key('redo')} brings it back" if which == "undo" else _undo()
        ids = saved.decision.finding_ids
        one = len(saved.findings) == 1 and len(ids) == 1
        n = self.named(int(saved.findings[0])) if one else plural(len(ids), "finding")
        done = DONE.get(saved.decision.verdict, saved.decision.verdict)
        said = f"{word}: {done} {n}; saved, {again}{_others(saved)}"
        self.say(said, self.session.command("decide", which))
        self.tell()
        return saved

    async def write(self) -> bool:
        """Write curated data and report under the decisions taken so far."""
        try:
            await asyncio.to_thread(self.session.apply)
        except Exception as error:
            self.failed(error, "nothing was written")
            self.say("not written")
            self.tell()
            return False
        self.say("written: the curated data, the plan and the report", self.session.command("apply"))
        self.tell()
        return True

    def named(self, index: int) -> str:
        """A finding as the queue names it: by its row."""
        row = self.session.findings["row"][index].as_py()
        return "a finding about the data" if row is None else f"row {row}"

    def noted(self, stages: Sequence[str]) -> int:
        """How many findings of these stages apply and change no data; counted once for every state of decisions."""
        state = self.session.state
        if self._noted[0] is not state:
            stage, flags = self._notes
            applied = stage[state.status[flags] == APPLIED]
            self._noted = state, np.bincount(applied, minlength=len(self.session.stages)).tolist()
        by = dict(zip(self.session.stages, self._noted[1], strict=True))
        return sum(by.get(name, 0) for name in stages)

    @cached_property
    def _notes(self) -> tuple[np.ndarray, np.ndarray]:
        """Of findings that only note something: the stage of each, by its place in the recipe, and its index."""
        found = [(at, self.session.of_stage(name)) for at, name in enumerate(self.session.stages)]
        mine = [(at, indices[self.session.flag_mask[indices]]) for at, indices in found]
        return (
            np.concatenate([np.full(len(indices), at, np.int64) for at, indices in mine] or [np.empty(0, np.int64)]),
            np.concatenate([indices for _, indices in mine] or [np.empty(0, np.int64)]),
        )

    @cached_property
    def effects(self) -> Effects:
        """Whom decisions fall on."""
        return Effects(self.session, self.reader)

    @cached_property
    def outcome(self) -> Outcome:
        """What the comparison of raw and curated data came to."""
        return Outcome(self.folder)

    @property
    def folder(self) -> Path:
        """The run directory."""
        return self.session.run.path

    @contextmanager
    def coming(self) -> Iterator[None]:
        """A decision is under way: whoever leaves waits for it."""
        self.pending += 1
        try:
            yield
        finally:
            self.pending -= 1

    def tell(self) -> None:
        """Have the screens draw again, once for everything that was saved together."""
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._told)

    def _told(self) -> None:
        self._telling = False
        self.changed()

    async def _save(self, step: Step) -> Saved | None:
        """Save a step in its turn; what it came to. Raises _NotSavedError, the error shown already."""
        mine: asyncio.Future[Saved | None] = asyncio.get_running_loop().create_future()
        self._line.append((step, mine))
        self.unsaved += 1
        self.began()
        try:
            with self.coming():
                if self._saving is None:
                    self._saving = asyncio.create_task(self._save_line())
                return await mine
        finally:
            self.unsaved -= 1

    async def _save_line(self) -> None:
        """Everything that waits, in one write, until nothing does."""
        while self._line:
            batches, self._line = [self._line], []
            while batches:
                line = batches.pop(0)
                found: list[Saved | None] | None
                try:
                    found = await asyncio.to_thread(self.session.save, [step for step, _ in line])
                except Exception as error:
                    if len(line) > 1 and not isinstance(error, OSError):
                        # One of them cannot be made: the others must not go with it.
                        batches = [[each] for each in line] + batches
                        continue
                    what = "the decision was not saved" if len(line) == 1 else f"{len(line)} decisions were not saved"
                    self.failed(error, what)
                    found = None
                    self.tell()
                for n, (_, mine) in enumerate(line):
                    if mine.done():  # whoever asked has gone meanwhile
                        continue
                    if found is None:
                        mine.set_exception(_NotSavedError())
                    else:
                        mine.set_result(found[n])
            self.doing = ""
        self._saving = None


class _NotSavedError(Exception):
    """A step could not be saved, and that has been said."""


def _undo() -> str:
    return f"{key('undo')} takes it back"


def _others(saved: Saved) -> str:
    return f"; {plural(saved.others, 'decision')} of someone else came in" if saved.others else ""
