"""Stages at work: one line each, in a thread, with a way to stop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar, cast

from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Footer, Label, Static

from curate.errors import Cancelled
from curate.pipeline import Event
from tui.session import Session

if TYPE_CHECKING:
    from tui.app import CurateApp

GLYPH = {"start": "…", "progress": "…", "done": "✓", "cached": "✓", "skipped": "–"}
BAR = 24


class ProgressScreen(Screen[None]):
    """The stages look at the data. Nothing is changed yet; stopping keeps what is finished."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "stop", "Stop")]

    def __init__(self, what: str, out: str | None) -> None:
        super().__init__()
        self.what = what
        self.out = out
        self.events: dict[str, Event] = {}
        self.stopping = threading.Event()

    def compose(self) -> ComposeResult:
        yield Label(Text(f"Reading {self.what}"), classes="title", id="progress-title")
        yield Label("Each stage reads the raw rows and proposes; nothing is changed.", classes="hint")
        yield Static("", id="progress")
        yield Footer()

    def on_mount(self) -> None:
        self.look()

    @work(thread=True, exclusive=True)
    def look(self) -> None:
        """Open the run or compute it, away from the event loop."""
        app = cast("CurateApp", self.app)
        try:
            session = Session.open(self.what, self.out, self._hear, self.stopping.is_set)
        except Cancelled:
            app.call_from_thread(app.exit, 130)
        except Exception as error:
            app.call_from_thread(app.failed, error)
        else:
            app.call_from_thread(app.opened, session)

    def _hear(self, event: Event) -> None:
        self.app.call_from_thread(self._show, event)

    def _show(self, event: Event) -> None:
        self.events[event.stage] = event
        table = Table.grid(padding=(0, 2))
        for name, latest in self.events.items():
            table.add_row(GLYPH[latest.kind], name.replace("_", " "), _state(latest))
        self.query_one("#progress", Static).update(table)

    def action_stop(self) -> None:
        """Ask the running stage to stop."""
        self.stopping.set()
        self.query_one("#progress-title", Label).update("Stopping after the current step …")


def _state(event: Event) -> Text:
    if event.kind == "progress" and event.total:
        full = round(BAR * event.done / event.total)
        return Text(f"{'█' * full}{'░' * (BAR - full)} {event.done / event.total:4.0%}")
    if event.kind == "done":
        return Text(f"{event.findings:,} findings in {event.seconds:.1f} s")
    if event.kind == "cached":
        return Text(f"{event.findings:,} findings, as computed before")
    if event.kind == "skipped":
        return Text(f"skipped: {event.reason}")
    return Text("at work")
