"""Findings: stages on the left, the queue of one stage in the middle, the evidence below it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pyarrow as pa
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Label, ListItem, ListView, Static
from textual_fastdatatable import ArrowBackend, DataTable

from curate.errors import CurateError
from tui.detail import render
from tui.edit import EditScreen
from tui.session import Session

PAGE = 2000
GLYPH = {"applied": "✓", "pending": "?", "rejected": "✗", "superseded": "·", "stale": "~"}
WORD = {
    "applied": "applies", "pending": "waits", "rejected": "rejected", "superseded": "superseded", "stale": "stale",
}  # fmt: skip


class FindingsScreen(Screen[None]):
    """What each stage found. Accept (a) or reject (x) a finding; every decision is saved at once and can be undone (u)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accept')", "Accept", tooltip="Let this finding apply"),
        Binding("x", "decide('reject')", "Reject", tooltip="Keep the row as it is"),
        Binding("e", "edit", "Edit", tooltip="Put your own label or text there instead"),
        Binding("u", "undo", "Undo", tooltip="Take back the last decision, across restarts"),
        Binding("ctrl+y", "redo", "Redo", show=False, tooltip="Bring back what was undone"),
        Binding("left_square_bracket", "stage(-1)", "Stage", key_display="[", tooltip="The stage before"),
        Binding("right_square_bracket", "stage(1)", "Next stage", key_display="]", tooltip="The stage after", show=False),
        Binding("p", "only_pending", "Waiting", tooltip="Show only findings that wait, or all again"),
        Binding("w", "write", "Write", tooltip="Write the curated data and the report with these decisions"),
        Binding("t", "train", "Train", tooltip="Train on raw and on curated data and compare"),
        Binding("escape", "app.leave", "Quit"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.stage = session.stages[0]
        self.shown: np.ndarray = np.empty(0, np.int64)
        self.waiting_only = False

    def compose(self) -> ComposeResult:
        yield Static("", id="bar")
        with Horizontal():
            yield ListView(*(ListItem(Label("", id=f"stage-{s}"), name=s) for s in self.session.stages), id="rail")
            with Vertical(id="middle"):
                yield Static("", id="queue-note")
                yield self._table([])
                with VerticalScroll(id="detail"):
                    yield Static("", id="evidence")
        yield Static("", id="log")
        yield Footer()

    def on_mount(self) -> None:
        first = next((s for s in self.session.stages if self.session.counts(s)["pending"]), None)
        first = first or next((s for s in self.session.stages if any(self.session.counts(s).values())), self.stage)
        self.query_one("#rail", ListView).index = self.session.stages.index(first)
        self.log_command(self.session.command("apply"))

    def on_list_view_highlighted(self, event: ListView.Highlighted) -> None:
        if event.item is not None and event.item.name:
            self.stage = event.item.name
            self.refill()

    def on_list_view_selected(self, event: ListView.Selected) -> None:
        self.query_one("#queue", DataTable).focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self.show_evidence(event.cursor_row)

    def refill(self, at: int = 0) -> None:
        """Show the queue of the current stage again, with the cursor near `at`."""
        self.shown = self.session.queue(self.stage, ("pending", "stale") if self.waiting_only else ())
        page = self.shown[:PAGE]
        old = self.query_one("#queue", DataTable)
        focused = self.focused is old
        new = self._table(self.session.lines(page))
        with self.app.batch_update():
            old.remove()
            self.query_one("#middle", Vertical).mount(new, after=self.query_one("#queue-note"))
        if focused or self.focused is None:
            new.focus()
        self.show_counts()
        if len(page):
            row = min(at, len(page) - 1)
            self.call_after_refresh(new.move_cursor, row=row)
            self.show_evidence(row)
        else:
            self.query_one("#evidence", Static).update(self._nothing())

    def show_counts(self) -> None:
        """The bar, the rail and the line above the queue."""
        rows_in, rows_out = self.session.rows()
        bar = f"{rows_in:,} rows in → {rows_out:,} out   {self.session.pending:,} findings wait   {self.session.run.path}"
        self.query_one("#bar", Static).update(Text(bar))
        for stage in self.session.stages:
            by = self.session.counts(stage)
            waits = f" {by['pending'] + by['stale']:,}?" if by["pending"] + by["stale"] else ""
            line = f"{stage.replace('_', ' '):<17}{by['applied']:>5,}✓{waits}"
            self.query_one(f"#stage-{stage}", Label).update(Text(line))
        many = f", the first {PAGE:,} shown" if len(self.shown) > PAGE else ""
        which = "waiting findings" if self.waiting_only else "findings"
        outcome = self.session.detected.outcomes[self.stage]
        note = f"skipped: {outcome.reason}" if outcome.status == "skipped" else f"{len(self.shown):,} {which}{many}"
        self.query_one("#queue-note", Static).update(Text(f"{self.stage.replace('_', ' ')}: {note}"))

    def show_evidence(self, at: int) -> None:
        """Everything about the finding under the cursor."""
        if 0 <= at < min(len(self.shown), PAGE):
            self.query_one("#evidence", Static).update(render(self.session.evidence(int(self.shown[at]))))
            self.query_one("#detail", VerticalScroll).scroll_home(animate=False)

    def current(self) -> int | None:
        """Index of the finding under the cursor."""
        table = self.query_one("#queue", DataTable)
        at = table.cursor_coordinate.row
        return int(self.shown[at]) if 0 <= at < len(self.shown) else None

    def action_decide(self, verdict: str) -> None:
        """Accept or reject the finding under the cursor and go on to the next."""
        index = self.current()
        if index is None:
            return
        at = self.query_one("#queue", DataTable).cursor_coordinate.row
        try:
            self.session.decide([index], verdict)  # type: ignore[arg-type]
        except (CurateError, OSError) as error:
            self.notify(str(error), severity="error", markup=False)
            return
        finding = self.session.findings["finding_id"][index].as_py().hex()
        self.log_command(f"{verdict}ed {finding[:8]}; {self.session.command('apply')} does what is decided here")
        self.refill(at if self.waiting_only else at + 1)

    def action_edit(self) -> None:
        """Ask for the label or text to put there."""
        index = self.current()
        if index is None:
            return
        evidence = self.session.evidence(index)
        action = self.session.findings["action"][index].as_py()
        if action not in ("relabel", "replace"):
            self.notify("only labels and text edits can be given another value; use a or x here")
            return

        def take(value: str | None) -> None:
            if value is not None:
                self.session.decide([index], "override", value)
                self.refill(self.query_one("#queue", DataTable).cursor_coordinate.row)

        self.app.push_screen(EditScreen(evidence, action), take)

    def action_undo(self) -> None:
        """Take back the newest decision."""
        undone = self.session.undo()
        self._after_undo("took back" if undone else "", undone.verdict if undone else "")

    def action_redo(self) -> None:
        """Bring back what was undone last."""
        again = self.session.redo()
        self._after_undo("brought back the last undone decision" if again else "", "")

    def _after_undo(self, said: str, verdict: str) -> None:
        if not said:
            self.notify("there is no decision to take back" if not verdict else "nothing to bring back")
            return
        self.log_command(f"{said} {verdict}".strip())
        self.refill(self.query_one("#queue", DataTable).cursor_coordinate.row)

    def action_stage(self, step: int) -> None:
        """Move along the rail."""
        rail = self.query_one("#rail", ListView)
        rail.index = ((rail.index or 0) + step) % len(self.session.stages)

    def action_only_pending(self) -> None:
        """Only what waits, or everything."""
        self.waiting_only = not self.waiting_only
        self.refill()

    def action_write(self) -> None:
        """Write curated data and report in a thread."""
        self.notify("writing …", timeout=2)
        self.write()

    @work(thread=True, exclusive=True, group="write")
    def write(self) -> None:
        try:
            self.session.apply()
        except Exception as error:
            self.app.call_from_thread(self.app.failed, error)  # type: ignore[attr-defined]
            return
        self.app.call_from_thread(self.notify, f"wrote {self.session.run.path}", title="Done", markup=False)
        self.app.call_from_thread(self.log_command, self.session.command("apply"))

    def action_train(self) -> None:
        """Go to the training view."""
        from tui.training import TrainingScreen

        self.app.push_screen(TrainingScreen(self.session))

    def log_command(self, text: str) -> None:
        """The last action as a command, at the foot of the screen."""
        self.query_one("#log", Static).update(Text(f"$ {text}"))

    def _nothing(self) -> Text:
        outcome = self.session.detected.outcomes[self.stage]
        if outcome.status == "skipped":
            return Text(f"This stage was skipped: {outcome.reason}")
        return Text("Nothing waits here." if self.waiting_only else "This stage found nothing.")

    def _table(self, lines: list[tuple[str, str, str, str, str]]) -> DataTable:
        cells = [[f"{GLYPH[s]} {WORD[s]}", row, rule, score, text] for s, row, rule, score, text in lines]
        names = ["status", "row", "rule", "score", "text"]
        table = pa.table({name: pa.array([c[k] for c in cells], pa.string()) for k, name in enumerate(names)})
        return DataTable(
            backend=ArrowBackend(table), cursor_type="row", render_markup=False, zebra_stripes=True,
            max_column_content_width=80, id="queue",
        )
