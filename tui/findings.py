"""Findings: stages on the left, the queue of one stage beside it, the evidence of one finding below or to the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import ListView, Static
from textual.worker import get_current_worker

from curate.errors import CurateError
from curate.session import Saved, Session, Verdict
from tui.detail import render
from tui.edit import EditScreen
from tui.evidence import Reader
from tui.rail import Keys, StageItem, header, nothing_here, queue_note
from tui.table import QueueTable
from tui.words import count

DONE = {"accept": "accepted", "reject": "rejected", "override": "edited"}


class FindingsScreen(Screen[None]):
    """What each stage found. Accept (a) or reject (x) the finding under the cursor; u takes the last decision back.

    Every decision is saved in decisions.jsonl as it is taken. The curated file follows when you press w."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accept')", "Accept", tooltip="Let this finding take effect"),
        Binding("x", "decide('reject')", "Reject", tooltip="Keep the row as it is"),
        Binding("e", "edit", "Edit", tooltip="Put your own label or text there instead"),
        Binding("u", "undo", "Undo", tooltip="Take back the last decision, also one of an earlier day"),
        Binding("ctrl+y", "redo", "Redo", show=False, tooltip="Bring back what was undone last"),
        Binding("left_square_bracket", "stage(-1)", "Stage", key_display="[ ]", tooltip="The stage before"),
        Binding("right_square_bracket", "stage(1)", "Next", key_display="]", tooltip="The stage after", show=False),
        Binding("p", "only_pending", "Wait", tooltip="Show only findings that wait, or all again"),
        Binding("w", "write", "Write", tooltip="Write the curated data and the report with these decisions"),
        Binding("t", "train", "Train", tooltip="Train on raw and on curated data, compare, and see the verdict"),
        Binding("o", "open", "Open", show=False, tooltip="Open other data or another run"),
        Binding("enter", "detail", "Read", show=False, tooltip="Go into the evidence to scroll it; Escape comes back"),
        Binding("escape", "queue", "Queue", show=False, tooltip="Back to the queue of findings"),
    ]

    def __init__(self, session: Session, reader: Reader) -> None:
        super().__init__()
        self.session = session
        self.reader = reader
        self.stage = session.stages[0] if session.stages else ""
        self.shown: np.ndarray = np.empty(0, np.int64)
        self.waiting_only = False
        self.saving = asyncio.Lock()
        self._failed = False

    def compose(self) -> ComposeResult:
        yield Static("", id="bar")
        with Horizontal(id="desk"):
            yield ListView(*(StageItem(name) for name in self.session.stages), id="rail")
            with Container(id="work"):
                with Vertical(id="middle"):
                    yield Static("", id="queue-note")
                    yield QueueTable(self.reader)
                with VerticalScroll(id="detail", can_focus=True):
                    yield Static("", id="evidence")
        yield Static("", id="log")
        yield Keys()

    def on_mount(self) -> None:
        by_stage = {s: self.session.counts(s) for s in self.session.stages}
        first = next((s for s, by in by_stage.items() if by["pending"] + by["stale"]), None)
        first = first or next((s for s, by in by_stage.items() if any(by.values())), self.stage)
        self.query_one("#detail").border_title = "evidence"
        if self.session.stages:
            self.query_one("#rail", ListView).index = self.session.stages.index(first)
        self.table.focus()
        self.choose(first)
        self.say(f"{self.session.command('apply')} writes what is decided here")

    @property
    def table(self) -> QueueTable:
        """The queue."""
        return self.query_one(QueueTable)

    @on(ListView.Highlighted, "#rail")
    def rail_moved(self, event: ListView.Highlighted) -> None:
        """Another stage."""
        if isinstance(event.item, StageItem) and event.item.stage != self.stage:
            self.choose(event.item.stage)
            self.say("")  # what was said of a finding of the stage before is of no use here

    @on(ListView.Selected, "#rail")
    def rail_chosen(self) -> None:
        """Into its queue."""
        self.table.focus()

    @on(QueueTable.RowHighlighted)
    def cursor_moved(self) -> None:
        """Another finding."""
        self.show_evidence()

    @on(QueueTable.RowSelected)
    def row_chosen(self) -> None:
        """Into its evidence."""
        self.action_detail()

    def choose(self, stage: str, at: int | None = None) -> None:
        """Show the queue of a stage, the cursor on finding `at` (else on the first)."""
        self.stage = stage
        self.shown = self.session.queue(stage, waiting_only=self.waiting_only)
        place = np.flatnonzero(self.shown == at) if at is not None else np.empty(0)
        self.table.show(self.shown, int(place[0]) if len(place) else 0)
        self.show_counts()
        self.show_evidence()

    def refresh_all(self) -> None:
        """After a decision: the same queue in the same order, what no longer waits taken out of a waiting queue."""
        if self.waiting_only:
            at, here = self.table.cursor_row, self.current()
            self.shown = self.session.queue(self.stage, waiting_only=True)
            place = np.flatnonzero(self.shown == here)
            self.table.show(self.shown, int(place[0]) if len(place) else at)
        else:
            self.table.redraw()
        self.show_counts()
        self.show_evidence()

    def show_counts(self) -> None:
        """The bar, the rail and the line above the queue."""
        self.query_one("#bar", Static).update(header(self.session))
        for item in self.query(StageItem):
            item.show(self.session)
        self.query_one("#queue-note", Static).update(
            queue_note(self.session, self.stage, len(self.shown), self.waiting_only)
        )

    def current(self) -> int | None:
        """Index of the finding under the cursor."""
        at = self.table.cursor_row
        return int(self.shown[at]) if 0 <= at < len(self.shown) else None

    def show_evidence(self) -> None:
        """Everything about the finding under the cursor, read in a thread."""
        index = self.current()
        if index is None:
            self.workers.cancel_group(self, "evidence")
            self.query_one("#evidence", Static).update(nothing_here(self.session, self.stage, self.waiting_only))
        else:
            self._read_evidence(index)

    @work(thread=True, exclusive=True, group="evidence")
    def _read_evidence(self, index: int) -> None:
        worker = get_current_worker()
        try:
            shown = render(self.reader.evidence(index))
        except Exception as error:  # the queue stays usable when one finding cannot be read
            shown = Text(f"this finding cannot be shown: {type(error).__name__}")

        def put() -> None:
            if not worker.is_cancelled and self.is_mounted:
                self.query_one("#evidence", Static).update(shown)
                self.query_one("#detail", VerticalScroll).scroll_home(animate=False)

        self.app.call_from_thread(put)

    def action_decide(self, verdict: Literal["accept", "reject"]) -> None:
        """Accept or reject the finding under the cursor and go on to the next."""
        index = self.current()
        if index is None:
            self.notify("there is no finding here to decide on")
            return
        self.table.move_cursor(row=min(self.table.cursor_row + 1, len(self.shown) - 1))
        self.decide(index, verdict)

    @work(group="decide")
    async def decide(self, index: int, verdict: Verdict, value: str | None = None) -> None:
        """Save a decision, one after another in the order of the keys, away from the event loop."""
        async with self.saving:
            saved = await self._save(lambda: self.session.decide([index], verdict, value))
        if saved is not None:
            status = str(self.session.plan.table["status"][index])
            came = "" if status in ("applied", "rejected") else f", and is {status}"
            self.say(f"{DONE[verdict]} {self._named(index)}{came}; saved, u takes it back{_others(saved)}")

    def action_undo(self) -> None:
        """Take back the newest decision."""
        self.reverse("undo")

    def action_redo(self) -> None:
        """Bring back what was undone last."""
        self.reverse("redo")

    @work(group="decide")
    async def reverse(self, which: Literal["undo", "redo"]) -> None:
        """Undo or redo, and go to the finding it is about."""
        async with self.saving:
            saved = await self._save(self.session.undo if which == "undo" else self.session.redo)
            failed = self._failed
        if failed:
            return
        if saved is None:
            nothing = "there is no decision to take back" if which == "undo" else "there is nothing to bring back"
            self.notify(nothing)
            self.say(nothing)
            return
        self._go_to(saved.findings)
        word = "took back" if which == "undo" else "brought back"
        again = "ctrl+y brings it back" if which == "undo" else "u takes it back"
        several = len(saved.findings) != 1 or len(saved.decision.finding_ids) > 1
        n = count(len(saved.decision.finding_ids), "finding") if several else self._named(int(saved.findings[0]))
        self.say(f"{word}: {DONE.get(saved.decision.verdict, saved.decision.verdict)} {n}; saved, {again}{_others(saved)}")

    def _named(self, index: int) -> str:
        """A finding as the queue names it: by its row."""
        row = self.session.findings["row"][index].as_py()
        return "a finding about the data" if row is None else f"row {row:,}"

    async def _save(self, step: Callable[[], Saved | None]) -> Saved | None:
        self._failed = False
        try:
            saved = await asyncio.to_thread(step)
        except (CurateError, OSError, ValueError) as error:
            self._failed = True
            self.app.failed(error, "the decision was not saved")  # type: ignore[attr-defined]
            saved = None
        self.refresh_all()
        return saved

    def _go_to(self, findings: np.ndarray) -> None:
        """The cursor onto the first of these findings, in another stage if need be."""
        if not len(findings):
            return
        stage = str(self.session.findings["stage"][int(findings[0])])
        self.choose(stage, int(findings[0]))
        self.query_one("#rail", ListView).index = self.session.stages.index(stage)

    def action_edit(self) -> None:
        """Ask for the label or text to put there."""
        index = self.current()
        if index is None:
            return
        start = self.reader.editable(index)
        if start is None:
            self.notify("only labels and text edits can be given another value; use a or x here")
            return

        def take(value: str | None) -> None:
            if value is not None:
                self.decide(index, "override", value)

        self.app.push_screen(EditScreen(self.reader, index, start), take)

    def action_stage(self, step: int) -> None:
        """Move along the rail."""
        rail = self.query_one("#rail", ListView)
        rail.index = ((rail.index or 0) + step) % max(1, len(self.session.stages))

    def action_only_pending(self) -> None:
        """Only what waits, or everything."""
        self.waiting_only = not self.waiting_only
        self.choose(self.stage, self.current())

    def action_detail(self) -> None:
        """Into the evidence, to scroll it."""
        self.query_one("#detail").focus()

    def action_queue(self) -> None:
        """Back to the queue."""
        self.table.focus()

    @work(group="write", exclusive=True)
    async def action_write(self) -> None:
        """Write curated data and report, in a thread."""
        self.say("writing the curated data and the report …")
        try:
            await asyncio.to_thread(self.session.apply)
        except Exception as error:
            self.app.failed(error, "nothing was written")  # type: ignore[attr-defined]
            self.say("not written")
            return
        self.refresh_all()
        self.say(f"written; the same as: {self.session.command('apply')}")
        self.notify("curated data, plan and report are written", title="Done", markup=False)

    def action_train(self) -> None:
        """Go to the training view."""
        from tui.training import TrainingScreen

        self.app.push_screen(TrainingScreen(self.session), lambda _: self.refresh_all())

    def action_open(self) -> None:
        """Choose other data."""
        from tui.opening import OpenScreen

        self.app.switch_screen(OpenScreen())

    def say(self, text: str) -> None:
        """What just happened, at the foot of the screen."""
        self.query_one("#log", Static).update(Text(text, no_wrap=True, overflow="ellipsis"))


def _others(saved: Saved) -> str:
    return f"; {count(saved.others, 'decision')} of someone else came in" if saved.others else ""
