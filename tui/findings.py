"""The queue of a panel, the evidence of one finding below or to the right, and what the keys do to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from curate.choosing import Choice, choose, parse
from curate.errors import CurateError
from curate.ledger.plan import PENDING, STALE
from curate.session import Verdict
from tui.bulk import Bulk, BulkScreen
from tui.detail import render
from tui.edit import EditScreen
from tui.keymap import key
from tui.memory import Place, place_of
from tui.notes import nothing_here, queue_note
from tui.panels import stages_of
from tui.queue import GROUPS, SORTS, Heading, Queue, Wish, arranged
from tui.rail import NARROW
from tui.shell import PanelScreen
from tui.table import QueueTable

FIRST_HEADINGS = 200
"""Headings whose words are masked before they are drawn."""


class FindingsScreen(PanelScreen):
    """What the stages of this panel found. Apply (a) or reject (x) the finding under the cursor; u takes the last
    decision back, as often as you like, also on another day.

    Every decision is saved in decisions.jsonl before it is shown. The curated file follows when you press w."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accept')", "Apply", id="accept", tooltip="Let this finding take effect"),
        Binding("x", "decide('reject')", "Reject", id="reject", tooltip="Keep the row as it is"),
        Binding("space", "skip", "Skip", id="skip", show=False, tooltip="On to the next finding that waits"),
        Binding("e", "edit", "Edit", id="edit", tooltip="Put your own label or text there instead"),
        Binding("f", "flag", "Flag", id="flag", show=False, tooltip="Ask for another look, or take that back"),
        *(Binding(str(n), f"pick({n})", "Pick", id=f"pick_{n}", show=False,
                  tooltip="1 to 9: choose the label, or the row that stays, of that number") for n in range(1, 10)),
        Binding("slash", "filter", "Filter", key_display="/", id="filter",
                tooltip="Show only findings that fit some words; Escape there shows all again"),
        Binding("s", "sort", "Sort", id="sort", show=False, tooltip="Order by state, score, impact, value or row"),
        Binding("g", "group", "Group", id="group", show=False,
                tooltip="Group by rule, label change, partner, field, state"),
        Binding("p", "only_pending", "Waits", id="waiting", show=False,
                tooltip="Show only findings that wait, or all again"),
        Binding("v", "range", "Range", id="range", show=False,
                tooltip="Begin or end a range; a, x or f then ask about all of it"),
        Binding("A", "bulk", "All", id="bulk", tooltip="Decide on everything the queue shows, after a preview"),
        Binding("m", "reveal", "Unmask", id="reveal", show=False,
                tooltip="Show personal data of this finding as it stands, or mask it again"),
        Binding("enter", "detail", "Read", id="read", show=False,
                tooltip="Into the evidence to scroll it; on a heading: fold it"),
        Binding("escape", "back", "Back", id="back", show=False,
                tooltip="End a range, leave the evidence, clear the filter"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.wish = Wish()
        self.marked_from: int | None = None
        self.revealed: int | None = None
        self._wanted: int | None = None

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
            yield Input(id="filter", placeholder="words, or key:word as state:waits rule:wrong score>=0.8 from=refund")
            yield QueueTable(self.reader)
        with VerticalScroll(id="detail", can_focus=True):
            yield Static("", id="evidence")

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
        red = np.array([i for c in (self.desk.gate.red if self.desk.gate else ()) for i in c.findings], np.int64)

        def made() -> Queue:
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

    def _say_counts(self) -> None:
        tight = self.app.size.width < NARROW
        note = queue_note(self.session, self.stages, self.queue, self.marked_from is not None, tight=tight)
        self.query_one("#queue-note", Static).update(note)

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
            self._read_evidence(index, self.revealed == index)
            return
        self.workers.cancel_group(self, "evidence")
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

        def put(shown: object, again: bool) -> None:
            if not worker.is_cancelled and self.is_mounted and self.current() == index:
                self.query_one("#evidence", Static).update(shown)  # type: ignore[arg-type]
                if not again:
                    self.query_one("#detail", VerticalScroll).scroll_home(animate=False)

        try:
            if not self.session.dataset.at_hand:
                self.app.call_from_thread(put, Text("reading the rows …", style="dim"), True)
            evidence = self.reader.evidence(index, reveal=reveal)
            self.app.call_from_thread(put, render(evidence), False)
            if worker.is_cancelled:
                return
            effects = self.desk.effects
            shown = render(evidence, effects.of_finding(index), effects.of_rule(index))
            self.app.call_from_thread(put, shown, True)
        except Exception as error:  # the queue stays usable when one finding cannot be read
            self.app.call_from_thread(put, Text(f"this finding cannot be shown: {type(error).__name__}"), False)

    # -- decisions --------------------------------------------------------------------------------------------------

    def action_decide(self, verdict: Literal["accept", "reject"]) -> None:
        """Apply or reject: the finding under the cursor and on to the next, or the range or heading after a preview."""
        if self.marked_from is not None or self.heading() is not None:
            self.ask(verdict)
            return
        index = self.current()
        if index is None:
            self.notify("there is no finding here to decide on")
            return
        self.decide(index, verdict)

    def decide(self, index: int, verdict: Verdict, value: str | None = None) -> None:
        """Take a decision on one finding; the cursor goes on, the saving is done behind it."""
        if not self.wish.narrowed:
            self.table.move_cursor(row=min(self.table.cursor_row + 1, len(self.shown) - 1))
        else:
            place = min(self.table.cursor_row + 1, len(self.shown) - 1)
            following = int(self.shown[place])
            self._wanted = following if following >= 0 and following != index else None
        desk = self.desk
        self.app.run_worker(desk.decide([index], verdict, value), group="decide", exit_on_error=False)

    def action_skip(self) -> None:
        """The next finding that waits, below; from the top when there is none below."""
        status = np.where(self.shown >= 0, self.session.state.status[np.maximum(self.shown, 0)], -1)
        waits = np.flatnonzero(np.isin(status, (PENDING, STALE)))
        if not len(waits):
            self.notify("nothing waits in this queue")
            return
        below = waits[waits > self.table.cursor_row]
        self.table.move_cursor(row=int(below[0] if len(below) else waits[0]))

    def action_flag(self) -> None:
        """Ask for another look, or take that back."""
        if self.marked_from is not None or self.heading() is not None:
            self.ask("flag")
            return
        index = self.current()
        if index is not None:
            self.app.run_worker(self.desk.flag(index), group="decide", exit_on_error=False)

    def action_pick(self, number: int) -> None:
        """Choose a label, or the row that stays."""
        index = self.current()
        if index is None:
            return
        if self.session.findings["action"][index].as_py() == "relabel":
            labels = self.reader.likeliest(index)
            if number > len(labels):
                self.notify(f"there are {len(labels)} labels to choose from; {key('edit')} takes any other")
                return
            proposed = self.session.plan.table["replacement"][index].as_py()
            given = self.reader.given(index)
            if labels[number - 1] == given:
                self.decide(index, "reject")
            elif labels[number - 1] == proposed:
                self.decide(index, "accept")
            else:
                self.decide(index, "override", labels[number - 1])
            return
        self._survivor(index, number)

    def _survivor(self, index: int, number: int) -> None:
        """Every other row of the cluster is to go: keepers are chosen among rows nobody wants gone first."""
        partners = self.reader.partners(index)
        if len(partners) < 2:
            self.notify("there is nothing to choose here by number")
            return
        if number > len(partners):
            self.notify(f"there are {len(partners)} rows to choose from")
            return
        others = [i for at, i in enumerate(partners, 1) if at != number]
        taking = self.desk.decide(others, "accept", why="another row stays")
        self.app.run_worker(taking, group="decide", exit_on_error=False)

    def action_edit(self) -> None:
        """Ask for the label or text to put there."""
        index = self.current()
        if index is None:
            return
        start = self.reader.editable(index)
        if start is None:
            instead = f"use {key('accept')} or {key('reject')} here"
            self.notify(f"only labels and text edits can be given another value; {instead}")
            return

        def take(value: str | None) -> None:
            if value is not None:
                self.decide(index, "override", value)

        self.app.push_screen(EditScreen(self.reader, index, start), take)

    def action_range(self) -> None:
        """Begin a range at the cursor, or end it."""
        self.marked_from = self.table.cursor_row if self.marked_from is None and len(self.shown) else None
        self.table.mark(self.marked_from, self.table.cursor_row)
        self._say_counts()

    def action_bulk(self) -> None:
        """Decide on everything the queue shows."""
        self.ask("accept", whole=True)

    def ask(self, verdict: Verdict, *, whole: bool = False) -> None:
        """Preview a decision on the range, the heading or the whole queue, and take it when it is confirmed."""
        indices, title = self._selected(whole=whole)
        if not len(indices):
            self.notify("there is no finding here to decide on")
            return
        where = self.wish.where(self.stages)
        heading = None if whole or self.marked_from is not None else self.heading()
        if heading is not None and heading.key:
            where = f"{where} {heading.key}"
        bulk = Bulk(indices, title, verdict, where)
        self.app.push_screen(BulkScreen(self.desk, bulk), self._taken)

    def _taken(self, bulk: Bulk | None) -> None:
        if bulk is None:
            return
        self.marked_from = None
        self.table.mark(None, None)
        self.app.run_worker(self._decide_all(bulk), group="decide", exit_on_error=False)

    async def _decide_all(self, bulk: Bulk) -> None:
        with self.desk.coming():  # leaving waits for it from here on
            where = bulk.where if await asyncio.to_thread(self._same, bulk.where, bulk.indices) else None
            told = self.reader.word(where or "a range of the queue")
            chosen = parse(where or "").journal_filter(tuple(self.stages))
            await self.desk.decide(bulk.indices, bulk.verdict, why=f"chosen by {told}", where=where, filter=chosen)

    def _selected(self, *, whole: bool) -> tuple[np.ndarray, str]:
        if not whole and self.marked_from is not None:
            first, last = sorted((self.marked_from, self.table.cursor_row))
            part = self.shown[first : last + 1]
            return part[part >= 0], "the range"
        heading = self.heading()
        if not whole and heading is not None:
            return heading.members, self.reader.heading(self.wish.group, heading.value)
        every = "everything the queue shows" if self.wish.narrowed else f"every finding of {self.panel.title}"
        return self.queue.members, every

    def _same(self, where: str, indices: np.ndarray) -> bool:
        """Whether the filter chooses these findings and no others: only then does a command with it do the same."""
        try:
            found = choose(self.session, parse(where), np.arange(self.session.findings.num_rows))
        except CurateError:
            return False
        return len(found) == len(indices) and bool(np.isin(found, indices).all())

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

    def action_sort(self) -> None:
        """The next order."""
        self.wish = replace(self.wish, sort=SORTS[(SORTS.index(self.wish.sort) + 1) % len(SORTS)])
        self.make_queue()

    def action_group(self) -> None:
        """The next grouping that says something here."""
        offered = [g for g in GROUPS if g != "change" or self.session.dataset.roles.label]
        self.wish = replace(
            self.wish, group=offered[(offered.index(self.wish.group) + 1) % len(offered)], closed=frozenset()
        )
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
