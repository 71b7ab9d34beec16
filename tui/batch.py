"""Rows behind a number: those of a training step, or those on which two arms differ, with what was found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from curate.ledger.plan import STATUSES
from curate.safetext import safe_text
from curate.words import plural
from tui.microscope import MicroscopeScreen
from tui.panels import View
from tui.shell import PanelScreen
from tui.words import said_of, stage_title

MOST_ROWS = 200
LINE, WHOLE = 160, 4000


@dataclass(frozen=True)
class Note:
    """What is said of one row."""

    line: str
    """A few words, before the row's text in the list."""
    whole: Sequence[str] = ()
    """Sentences, below the row where it is shown whole."""


class BatchScreen(PanelScreen):
    """Rows behind a number: a step's batch, or rows on which arms differ. The row under the cursor is shown whole, with
    every finding on it; Enter goes to its first finding, m shows it token by token."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "finding", "Finding", id="to_finding", priority=True,
                tooltip="To the first finding on this row"),
        Binding("m", "microscope", "Tokens", id="tokens", tooltip="This row as the model sees it, token by token"),
        Binding("escape", "app.pop_screen", "Back", id="back", tooltip="Back to the curves"),
    ]

    view = View("", "Rows", "", "Rows behind a number: each with what was found in it. ! counts the findings on a row.")

    def __init__(self, rows: Sequence[int], title: str, said: str = "", notes: Mapping[int, Note] | None = None) -> None:
        """`notes`: what is said of a row, by its number."""
        super().__init__()
        self.rows = tuple(rows[:MOST_ROWS])
        self.notes = notes or {}
        self.heading = title
        self.more = len(rows) - len(self.rows)
        self.said = said
        self._findings: dict[int, list[int]] = {}

    def body(self) -> ComposeResult:
        with Vertical(id="batch-left"):
            yield Static("", id="batch-title")
            yield OptionList(id="batch-rows", markup=False)
        with VerticalScroll(id="batch-row", can_focus=True):
            yield Static("", id="batch-text")

    def first_focus(self) -> str:
        """The rows."""
        return "#batch-rows"

    def on_mount(self) -> None:
        """Read the rows in a thread."""
        super().on_mount()
        said = f"\n{safe_text(self.said)}" if self.said else ""
        more = f", {self.more:,} more are not listed" if self.more else ""
        self.query_one("#batch-title", Static).update(Text(f"{self.heading}: {plural(len(self.rows), 'row')}{more}{said}"))
        self.read()

    @work(thread=True, exclusive=True, group="evidence")
    def read(self) -> None:
        """Previews, and the findings on each row."""
        worker = get_current_worker()
        try:
            n = self.session.dataset.n_rows
            rows = [r for r in self.rows if 0 <= r < n]
            safe = self.reader.previews(rows, LINE)
            of_row = self.session.findings["row"].fill_null(-1).to_numpy()
            found: dict[int, list[int]] = {}
            for index in np.flatnonzero(np.isin(of_row, rows)).tolist():
                found.setdefault(int(of_row[index]), []).append(index)
            lines = [self._line(row, text, found.get(row, ())) for row, text in zip(rows, safe)]
        except Exception as error:
            failed = error
            self.app.call_from_thread(lambda: self.home.failed(failed, "these rows cannot be read"))
            return

        def put() -> None:
            if worker.is_cancelled or not self.is_mounted:
                return
            self.rows, self._findings = tuple(rows), found
            listing = self.query_one("#batch-rows", OptionList)
            listing.clear_options()
            listing.add_options([Option(line) for line in lines])
            if lines:
                listing.highlighted = 0

        self.app.call_from_thread(put)

    def _line(self, row: int, text: str, found: Sequence[int]) -> Text:
        mark = f"! {len(found)}" if found else "   "
        note = f"  {self.notes[row].line}" if row in self.notes else ""
        return Text(f"row {row:<7} {mark:<4}{note}  {text}", no_wrap=True, overflow="ellipsis")

    @on(OptionList.OptionHighlighted, "#batch-rows")
    def row_chosen(self, event: OptionList.OptionHighlighted) -> None:
        """Another row."""
        self.show_row(self.rows[event.option_index])

    @on(OptionList.OptionSelected, "#batch-rows")
    def row_entered(self, event: OptionList.OptionSelected) -> None:
        """Enter goes to the finding."""
        event.stop()
        self.action_finding()

    @work(thread=True, exclusive=True, group="question")
    def show_row(self, row: int) -> None:
        """A row whole, and what was found in it."""
        worker = get_current_worker()
        text = self.reader.previews([row], WHOLE)[0]
        leaves = "leaves" if self.session.plan.dropped[row] else "stays"
        parts: list[RenderableType] = [Text(f"row {row}, {leaves}", style="bold")]
        labels = self.session.dataset.labels()
        parts += [] if labels is None else [Text(f"label in the data: {self.reader.label(labels[row].as_py())}")]
        parts += [Text(words) for words in (self.notes[row].whole if row in self.notes else ())]
        parts += [Text(text), Text("")]
        table = self.session.findings
        for index in self._findings.get(row, ()):
            status = STATUSES[self.session.state.status[index]]
            stage, rule = str(table["stage"][index]), safe_text(str(table["rule"][index]))
            notes = bool(self.session.flag_mask[index])
            parts.append(Text(f"{said_of(status, notes)}  {stage_title(stage)}, {rule}: {table['reason'][index]}"))
        if row not in self._findings:
            parts.append(Text("no stage found anything in this row", style="dim"))

        def put() -> None:
            if not worker.is_cancelled and self.is_mounted:
                self.query_one("#batch-text", Static).update(Group(*parts))

        self.app.call_from_thread(put)

    def _row(self) -> int | None:
        at = self.query_one("#batch-rows", OptionList).highlighted
        return None if at is None else self.rows[at]

    def action_finding(self) -> None:
        """To where it is decided on."""
        row = self._row()
        found = self._findings.get(row, ()) if row is not None else ()
        if found:
            self.home.go_to_finding(found[0])
        else:
            self.notify("no stage found anything in this row")

    def action_microscope(self) -> None:
        """This row, token by token."""
        row = self._row()
        if row is not None:
            screen = MicroscopeScreen(row)
            screen.mode = self.mode
            self.app.push_screen(screen)
