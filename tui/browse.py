"""A panel's queue and the evidence of one finding, below or to the right: what is shown, and in which order and groups."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

import numpy as np
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from curate.errors import CurateError
from curate.review.filter import Choice, parse
from tui.detail import render
from tui.keymap import key
from tui.memory import Place, place_of
from tui.notes import nothing_here, queue_note
from tui.panels import stages_of
from tui.queue import SORTS, Heading, Queue, Wish, arranged, groupings
from tui.rail import NARROW
from tui.shell import PanelScreen
from tui.table import QueueTable
from tui.words import READING

EVIDENCE_PAUSE_SECONDS = 0.03
"""A cursor that moves on within this has no evidence read: whoever holds a key down waits for none of it."""
FIRST_HEADINGS = 200
"""Headings whose words are masked before they are drawn."""


class FilterBox(Input):
    """Where a filter is typed: its own ways on and back stand in the footer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "To the queue", tooltip="Into what the filter found"),
        Binding("escape", "screen.back", "No filter", id="back", tooltip="Clear the filter: show every finding again"),
    ]


class QueueScreen(PanelScreen):
    """A queue to look through: filter, order, groups, ranges. What may be decided in it is for a screen above this one."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.wish = Wish()
        self.marked_from: int | None = None
        self.revealed: int | None = None
        self._wanted: int | None = None
        self._told: tuple[object, ...] = ()
        """What the evidence that stands there was made from: the finding first, then whether it is revealed."""

    @property
    def stages(self) -> list[str]:
        """Stages of the recipe that this panel shows."""
        return stages_of(self.mode, self.session.stages)

    @property
    def table(self) -> QueueTable:
        """The queue."""
        return self.query_one(QueueTable)

    @property
    def shown(self) -> np.ndarray:
        """Finding indices in the queue, -1 - k for heading k."""
        return self.queue.shown

    def body(self) -> ComposeResult:
        """The queue and the evidence."""
        with Vertical(id="middle"):
            yield Static("", id="queue-note")
            asked = "words, or key:word as row=17 state:waits rule:wrong score>=0.8 from=refund"
            yield FilterBox(id="filter", placeholder=asked)
            yield QueueTable(self.reader)
        with VerticalScroll(id="detail", can_focus=True):
            yield Static(Text(READING, style="dim"), id="evidence")

    def first_focus(self) -> str:
        """The queue."""
        return "#queue"

    def on_mount(self) -> None:
        """As it was left."""
        self.query_one("#filter").display = False
        self.query_one("#detail").border_title = "evidence"
        place = self.desk.places.get(self.mode)
        if place is not None:
            self.wish, self._wanted = place.wish(), place.index(self.session)
        super().on_mount()

    # -- what is shown ----------------------------------------------------------------------------------------------

    def refresh_body(self) -> None:
        """After a decision: the same queue in the same order; what no longer fits a filter is taken out of it."""
        if self.wish.narrowed or self.wish.group or not self.queue.total:
            self.make_queue()
        else:
            self.table.redraw()
            self._say_counts()
            self.show_evidence()

    def make_queue(self, wanted: int | None = None) -> None:
        """Make the queue anew, the cursor on the finding `wanted`, else where it was."""
        self._wanted = wanted if wanted is not None else self._wanted
        self._make_queue(self.wish)

    def _make_queue(self, wish: Wish) -> None:
        gate = self.desk.gate

        def made() -> Queue:
            red = np.array([i for c in (gate.red if gate else ()) for i in c.findings], np.int64)
            queue = arranged(self.session, self.stages, wish, red)
            for heading in queue.headings[:FIRST_HEADINGS]:
                self.reader.heading(wish.group, heading.value)
            return queue

        self.behind(made, self._put, "the queue cannot be shown so", group="queue")

    def _put(self, queue: Queue) -> None:
        at, here = self.table.cursor_row, self.current()
        wanted, self._wanted = self._wanted if self._wanted is not None else here, None
        self.queue, self.marked_from = queue, None
        place = queue.place(wanted) if wanted is not None else None
        self.table.show(queue, at if place is None else place)
        self._say_counts()
        self.show_evidence()
        self.call_after_refresh(self.desk.seen.set)

    def _say_counts(self) -> None:
        tight = self.app.size.width < NARROW
        note = queue_note(self.session, self.stages, self.queue, self.marked_from is not None,
                          noted=self.desk.noted(self.stages), tight=tight)  # fmt: skip
        self.query_one("#queue-note", Static).update(note, layout=False)

    def current(self) -> int | None:
        """Index of the finding under the cursor; None on a heading or in an empty queue."""
        at = self.table.cursor_row
        return int(self.shown[at]) if 0 <= at < len(self.shown) and self.shown[at] >= 0 else None

    def heading(self) -> Heading | None:
        """The heading under the cursor."""
        at = self.table.cursor_row
        return self.queue.headings[-1 - int(self.shown[at])] if 0 <= at < len(self.shown) and self.shown[at] < 0 else None

    def point_at(self, index: int) -> None:
        """The cursor onto a finding, with the filter cleared where it hides it."""
        place = self.queue.place(index)
        if place is not None:
            self.table.move_cursor(row=place)
            self.refresh_body()
            return
        if len(self.queue.shown):
            self.wish = replace(self.wish, choice=Choice(""), waiting_only=False, closed=frozenset())
            self.query_one("#filter").display = False
        self.make_queue(index)

    def place(self) -> Place:
        """The finding and the filter."""
        return place_of(self.wish, self.current(), self.session, self.reader)

    def hide(self) -> None:
        """Mask personal data again."""
        self.revealed = None
        self.show_evidence()

    def on_screen_suspend(self) -> None:
        """Whoever goes elsewhere comes back to masked data."""
        if self.revealed is not None:
            self.hide()

    @on(QueueTable.RowHighlighted)
    def cursor_moved(self) -> None:
        """Another finding: personal data is masked again."""
        if self.revealed != self.current():
            self.revealed = None
        if self.marked_from is not None:
            self.table.mark(self.marked_from, self.table.cursor_row)
        self.show_evidence()

    @on(QueueTable.RowSelected)
    def row_chosen(self) -> None:
        """Into its evidence."""
        self.action_detail()

    def show_evidence(self) -> None:
        """Everything about the finding under the cursor, read in a thread."""
        index, heading = self.current(), self.heading()
        if index is not None:
            if self._told[1:2] == (True,) and self._told[0] != (index if self.revealed == index else None):
                # What was revealed goes at once: what comes in its place is read first, and not before the cursor rests.
                self._told = ()
                self.query_one("#evidence", Static).update(Text(""))
            self._read_evidence(index, self.revealed == index)
            return
        self.workers.cancel_group(self, "evidence")
        self._told = ()
        if heading is not None:
            title = self.reader.heading(self.wish.group, heading.value)
            told = f"{title}\n\n{len(heading.members):,} findings, {heading.waiting:,} of them wait.\n"
            asks = f"{key('accept')}, {key('reject')} and {key('flag')} ask"
            keys = f"{asks} about all of them, after a preview; Enter folds or unfolds them."
            self.query_one("#evidence", Static).update(Text(f"{told}{keys}"))
        else:
            self.query_one("#evidence", Static).update(nothing_here(self.session, self.stages, self.queue))

    @work(thread=True, exclusive=True, group="evidence", exit_on_error=False)
    def _read_evidence(self, index: int, reveal: bool) -> None:
        worker = get_current_worker()

        def gone() -> bool:
            return worker.is_cancelled

        def put(shown: object, told: tuple[object, ...]) -> None:
            if gone() or not self.is_mounted or self.current() != index or told == self._told:
                return
            self.query_one("#evidence", Static).update(shown)  # type: ignore[arg-type]
            if self._told[:2] != told[:2]:
                self.query_one("#detail", VerticalScroll).scroll_home(animate=False)
            self._told = told

        time.sleep(EVIDENCE_PAUSE_SECONDS)
        if gone():
            return
        try:
            if not self.session.dataset.at_hand:
                self.app.call_from_thread(put, Text(READING, style="dim"), (index, reveal))
            evidence = self.reader.evidence(index, reveal=reveal)
            effects = self.desk.effects
            # What is there already stays until all of it is known anew; each look lays the whole screen out again.
            if self._told[:2] != (index, reveal) and not effects.at_hand(index):
                self.app.call_from_thread(put, render(evidence), (index, reveal, evidence))
            if gone():
                return
            of_finding, of_rule = effects.of_finding(index), effects.of_rule(index)
            shown = render(evidence, of_finding, of_rule)
            self.app.call_from_thread(put, shown, (index, reveal, evidence, of_finding, of_rule))
        except Exception as error:  # the queue stays usable when one finding cannot be read
            said = f"this finding cannot be shown: {type(error).__name__}"
            self.app.call_from_thread(put, Text(said), (index, reveal, said))

    # -- how it is shown --------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type what to look for."""
        box = self.query_one("#filter", Input)
        box.display = True
        self.set_focus(box)  # now, so that what is typed ahead comes here

    @on(Input.Changed, "#filter")
    def filter_typed(self, event: Input.Changed) -> None:
        """Look while it is typed; half a word is no error yet."""
        try:
            choice = parse(event.value)
        except CurateError:
            return
        if choice.text != self.wish.choice.text:
            self.wish = replace(self.wish, choice=choice)
            self.make_queue()

    @on(Input.Submitted, "#filter")
    def filter_taken(self, event: Input.Submitted) -> None:
        """Into what was found, or say what is wrong."""
        try:
            parse(event.value)
        except CurateError as error:
            self.home.failed(error, "the filter is not understood")
            return
        event.input.display = bool(event.value.strip())
        self.table.focus()

    def action_range(self) -> None:
        """Begin a range at the cursor, or end it."""
        self.marked_from = self.table.cursor_row if self.marked_from is None and len(self.shown) else None
        self.table.mark(self.marked_from, self.table.cursor_row)
        self._say_counts()

    def action_sort(self) -> None:
        """The next order."""
        self.wish = replace(self.wish, sort=SORTS[(SORTS.index(self.wish.sort) + 1) % len(SORTS)])
        self.make_queue()

    def action_group(self) -> None:
        """The next grouping that says something here."""
        offered = groupings(self.session, self.stages)
        at = offered.index(self.wish.group) if self.wish.group in offered else 0
        self.wish = replace(self.wish, group=offered[(at + 1) % len(offered)], closed=frozenset())
        self.make_queue()

    def action_only_pending(self) -> None:
        """Only what waits, or everything."""
        self.wish = replace(self.wish, waiting_only=not self.wish.waiting_only)
        self.make_queue()

    def action_reveal(self) -> None:
        """Show personal data of this finding, or mask it again."""
        index = self.current()
        self.revealed = None if self.revealed == index else index
        self.show_evidence()

    def action_detail(self) -> None:
        """Into the evidence, to scroll it; on a heading, fold it."""
        heading = self.heading()
        if heading is not None:
            at = self.table.cursor_row
            self.wish = self.queue.folded(heading.key)
            self.make_queue()
            self.table.move_cursor(row=at)
        else:
            self.query_one("#detail").focus()

    def action_back(self) -> None:
        """One step back: out of a range, out of the evidence, out of the filter."""
        box = self.query_one("#filter", Input)
        if self.marked_from is not None:
            self.action_range()
        elif self.focused is not None and self.focused.id in ("detail", "rail"):
            self.table.focus()
        elif box.display:
            box.value = ""
            box.display = False
            self.table.focus()
