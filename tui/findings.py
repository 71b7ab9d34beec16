"""What a panel's keys decide about the findings of its queue: one, a range, a heading, or everything that it shows."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Literal

import numpy as np
from textual.binding import Binding, BindingType

from curate.errors import CurateError
from curate.ledger.plan import PENDING, STALE
from curate.pipeline import DUPLICATES
from curate.review.filter import choose, parse
from curate.review.steps import Verdict
from tui.browse import QueueScreen
from tui.bulk import Bulk, BulkScreen
from tui.edit import NOT_EDITABLE, EditScreen
from tui.keymap import key

ON_QUEUE = frozenset(["decide", "skip", "edit", "flag", "pick", "filter", "sort", "group", "only_pending", "range", "bulk",
                      "reveal", "detail"])  # fmt: skip
"""Actions that need a finding."""


class FindingsScreen(QueueScreen):
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
        self._editable: dict[str, bool] = {}

    def can(self, action: str) -> bool:
        """Nothing of a queue where nothing was found; another value, or a choice by number, only where there is one."""
        name = action.partition("(")[0]
        if name not in ON_QUEUE:
            return super().can(action)
        totals = {stage: self.session.total(stage) for stage in self.stages}
        if name in ("edit", "pick"):
            return any(self._values(s) or (name == "pick" and s in DUPLICATES) for s, n in totals.items() if n)
        return any(totals.values())

    def _values(self, stage: str) -> bool:
        """Whether findings of a stage propose a value that could be another."""
        if stage not in self._editable:
            self._editable[stage] = self.reader.proposes_values(stage)
        return self._editable[stage]

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
        place = min(self.table.cursor_row + 1, len(self.shown) - 1)
        self.table.move_cursor(row=place)  # before it is saved, so that the next key is about the next finding
        if self.wish.narrowed:
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
        if not self.session.dataset.at_hand:
            self.notify("the rows are being read; once more in a moment")
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
        if not self.reader.editable(index):
            self.notify(NOT_EDITABLE.format(key("accept"), key("reject")))
            return

        def take(value: str | None) -> None:
            if value is not None:
                self.decide(index, "override", value)

        self.app.push_screen(EditScreen(self.reader, index), take)

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
