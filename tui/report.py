"""Report: what the gate says and why, what would turn it green, and what a run comes to in words."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from curate import workflow
from curate.house import require
from curate.ledger.apply import apply
from tui.gate import SIGN, WORD, CheckState, GateState
from tui.keymap import key
from tui.rail import Keys
from tui.shell import PanelScreen
from tui.words import short_path


class ReportScreen(PanelScreen):
    """May this data be trained on? Every check of the gate, the worst first, and what it takes to turn it green.

    n goes to the next finding that keeps the gate red; r makes the whole report of the decisions taken so far."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "red", "Next red", id="next_red", tooltip="Go to a finding that keeps the gate from passing"),
        Binding("r", "report", "Report", id="report", tooltip="Make the report under the decisions taken so far"),
    ]

    def body(self) -> ComposeResult:
        """One page to scroll."""
        with VerticalScroll(id="report", can_focus=True, classes="page"):
            yield Static("", id="report-gate")
            yield Static("", id="report-files")
            offer = f"{key('report')} makes the report of the decisions taken so far"
            yield Static(Text(offer, style="dim"), id="report-page")

    def can(self, action: str) -> bool:
        """To the next red finding where there is one."""
        gate = self.desk.gate
        return any(c.findings for c in gate.red) if action == "red" and gate is not None else super().can(action)

    def first_focus(self) -> str:
        """The page."""
        return "#report"

    def refresh_body(self) -> None:
        """The gate as it stands."""
        self.query_one("#report-gate", Static).update(gate_page(self.desk.gate))
        self.query_one("#report-files", Static).update(self._files())
        self.query_one(Keys).look_again()

    def _files(self) -> RenderableType:
        written = self.session.is_written
        late = f"! the files are of earlier decisions; {key('write')} writes them"
        head = "✓ the files follow the decisions" if written else late
        folder = short_path(self.desk.folder)
        lines = [Text(f"\n{head}", style="bold")]
        names = [*sorted(p.name for p in self.desk.folder.glob("curated.*")), "report.html", "removed.parquet"]
        lines += [Text(f"  {folder}/{name}") for name in names if (self.desk.folder / name).exists()]
        gate = self.session.command("gate")
        return Group(*lines, Text(f"\nthe same in a shell: $ {gate}\n", style="dim"))

    def action_red(self) -> None:
        """To a finding behind a red check, one that waits where there is one."""
        gate = self.desk.gate
        status = self.session.state.status
        found = [i for c in (gate.red if gate else ()) for i in c.findings]
        if not found:
            self.notify("no finding keeps the gate from passing")
            return
        self.home.go_to_finding(min(found, key=lambda i: (status[i] == 0, i)))

    @work(thread=True, exclusive=True, group="start", exit_on_error=False)
    def action_report(self) -> None:
        """The report in words, in a thread."""
        page = self.query_one("#report-page", Static)

        def put(what: RenderableType) -> None:
            page.update(what)
            self.call_after_refresh(page.scroll_visible, animate=False, top=True)  # it stands below the gate's checks

        self.app.call_from_thread(put, Text("making the report …", style="dim"))
        try:
            session = self.session
            detected, plan = session.detected, session.plan
            result = workflow.RunResult(session.run, detected, plan, apply(detected.dataset, plan),
                                        manifest=session.run.manifest())  # fmt: skip
            ablation = workflow.load_ablation(session.run)
            result.ablation = ablation if ablation and ablation.get("plan_hash") == session.plan_hash() else None
            shown = require("audit.report.terminal").render(workflow.built_report(result), short_path(session.run.path))
        except Exception as error:
            self.app.call_from_thread(self.home.failed, error, "the report cannot be made")
            return
        self.app.call_from_thread(put, shown)


def gate_page(gate: GateState | None) -> RenderableType:
    """The verdict, and a line a check."""
    if gate is None:
        return Text("the gate is being asked …", style="dim")
    if gate.error:
        return Text(f"? The gate could not judge: {gate.error}")
    head = f"{SIGN.get(gate.verdict, '?')} The gate {WORD.get(gate.verdict, gate.verdict)}"
    if gate.red:
        head += f": {gate.time_to_green()}"
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    worst = ("fail", "insufficient evidence", "warn", "pass", "not applicable")
    for check in sorted(gate.checks, key=lambda c: worst.index(c.verdict) if c.verdict in worst else 0):
        bold = "bold" if check.verdict in worst[:2] else ""
        table.add_row(Text(SIGN.get(check.verdict, "?"), style=bold), Text(check.title, style=bold), Text(_told(check)))
    return Group(Text(head, style="bold"), Text(""), table)


def _told(check: CheckState) -> str:
    if check.cures is None:
        return check.sentence
    return f"{check.sentence} {check.cures:,} of {len(check.findings):,} findings to cure."
