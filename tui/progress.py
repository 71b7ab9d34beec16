"""Stages at work: one line each, in a thread, with a way to stop."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from curate.compiling import WORDS
from curate.errors import Cancelled, CurateError
from curate.words import duration, plural
from tui.rail import Keys
from tui.words import short_path, stage_title

if TYPE_CHECKING:
    from curate.pipeline import Event
    from curate.recipe import Recipe
    from tui.app import CurateApp
    from tui.desk import Logged

SIGN = {"start": "▸", "progress": "▸", "done": "✓", "cached": "✓", "skipped": "–"}
BAR = 24
TICK_SECONDS = 0.5
LOOKING = "Each stage reads the raw rows and proposes; nothing is changed."
OPENING = "What the stages found is read from the run's files; nothing is computed again."
AGAIN = "rescan"
AGAIN_TITLE = "A second look at the curated data"


class ProgressScreen(Screen[None]):
    """The stages look at the raw rows and propose; nothing is changed. Stopping keeps what is finished.

    A finished run is opened here too: then nothing is computed, and the screen says so.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="stop_stages",
                tooltip="Stop after the current step; what is finished is kept"),
    ]  # fmt: skip

    def __init__(self, what: str | Recipe, out: str | None, name: str = "", done: Logged | None = None) -> None:
        super().__init__()
        self.done = done
        """What to put into the log when it is done."""
        self.what = what
        self.called = name or (what if isinstance(what, str) else "the data")
        self.out = out
        self.finished = is_finished(what)
        self.expected: list[str] = []
        self.events: dict[str, Event] = {}
        self.since: dict[str, float] = {}
        self.stopping = threading.Event()
        self.leaving = False
        self.compiling = False
        """Whether a kernel has been compiled for a while, and is still."""

    def compose(self) -> ComposeResult:
        yield Static("", classes="title", id="progress-title")
        yield Static("", classes="hint", id="progress-hint")
        yield Static("", id="progress")
        yield Static("", id="progress-note", classes="hint")
        yield Keys()

    def on_mount(self) -> None:
        self.draw()
        self.ticking = self.set_interval(TICK_SECONDS, self.draw)
        self.call_after_refresh(self.look)  # what it imports would keep the first picture waiting

    @work(thread=True, exclusive=True, exit_on_error=False)
    def look(self) -> None:
        """Open the run or compute it, away from the event loop."""
        app = cast("CurateApp", self.app)
        try:
            from curate.compiling import told_when_compiling
            from curate.review.session import Session  # heavy: the screen is up before it is there
            from tui.reader import Reader

            if not self._name_is_free():
                app.call_from_thread(self._to_guide)
                return
            self.finished = is_finished(self.what)
            app.call_from_thread(self._expect, expected_stages(self.what))
            with told_when_compiling(self._compiles):
                session = Session.open(self.what, self.out, self._hear, self.stopping.is_set)
            reader = Reader(session)
            import_module("tui.findings")  # with the table it shows: the loop is not kept waiting for that
        except Cancelled:
            app.call_from_thread(app.stopped, self.called, leaving=self.leaving)
        except Exception as error:
            app.call_from_thread(app.not_opened, self.called, error)
        else:
            self.ticking.pause()
            if self.leaving:
                app.call_from_thread(app.exit, 0)
            else:
                app.call_from_thread(app.opened, session, reader, self.done)

    def _name_is_free(self) -> bool:
        """Find the run that was made of a data file, to open it under what was chosen there; False where its name is taken
        by runs of other data, or of the file before it changed."""
        from curate import workflow
        from curate.rundir import RunDir
        from tui.recipe_file import folder_of, is_data

        if self.out is not None or not isinstance(self.what, str) or not is_data(self.what):
            return True
        out = folder_of(self.what)
        if not (out / "manifest.json").is_file():
            return out == workflow.default_out(self.what)
        self.out = str(out)
        if "recipe" in RunDir(out).manifest():
            self.what = str(out)
        return True

    def _to_guide(self) -> None:
        from tui.guide import GuideScreen

        if self.leaving:
            self.app.exit(0)
        else:
            self.app.switch_screen(GuideScreen(self.called))

    def _expect(self, stages: list[str]) -> None:
        self.expected = stages
        self.draw()

    def _compiles(self, now: bool) -> None:
        self.compiling = now

    def _hear(self, event: Event) -> None:
        self.since.setdefault(event.stage, time.monotonic())
        self.events[event.stage] = event

    def draw(self) -> None:
        """All stages, those to come included."""
        opening = self._only_opens()
        doing = "Opening " if opening else "Looking at "
        self.query_one("#progress-title", Static).update(Text.assemble(doing, (short_path(self.called), "bold")))
        self.query_one("#progress-hint", Static).update(OPENING if opening else LOOKING)
        table = Table.grid(padding=(0, 2))
        started = bool(self.events)
        what = "Reading the run" if opening else "Reading the data"
        table.add_row(Text("✓" if started else "▸"), what, "" if started else self._doing())
        for name in dict.fromkeys([*self.expected, *self.events]):
            latest = self.events.get(name)
            title = AGAIN_TITLE if name == AGAIN else stage_title(name)
            sign = Text(SIGN[latest.kind] if latest else " ")
            table.add_row(sign, Text(title, style="" if latest else "dim"), self._state(latest))
        self.query_one("#progress", Static).update(table)

    def _only_opens(self) -> bool:
        """Whether this is a run that came to its end, of which nothing had to be computed so far."""
        return self.finished and all(event.kind in ("cached", "skipped") for event in self.events.values())

    def _state(self, event: Event | None) -> Text:
        if event is None:
            return Text("to come", style="dim")
        if event.kind == "progress" and event.total:
            share = min(1.0, event.done / event.total)
            full = round(BAR * share)
            compiling = f"  {self._doing()}" if self.compiling else ""
            return Text(f"{'█' * full}{'░' * (BAR - full)} {share:4.0%}  {self._elapsed(event)}{compiling}")
        if event.kind in ("start", "progress"):
            return Text(f"{self._doing()}  {self._elapsed(event)}")
        if event.kind == "skipped":
            return Text(f"skipped: {event.reason}")
        told = f" in {duration(event.seconds)}" if event.kind == "done" else ", as computed before"
        return Text(plural(event.findings, "finding") + told)

    def _doing(self) -> str:
        return WORDS if self.compiling else "at work"

    def _elapsed(self, event: Event) -> str:
        return f"{time.monotonic() - self.since[event.stage]:.0f} s"

    def action_stop(self) -> None:
        """Ask the running stage to stop."""
        self.stopping.set()
        self.query_one("#progress-note", Static).update("Stopping as soon as the current step ends …")

    def leave(self) -> None:
        """Stop, and then quit."""
        self.leaving = True
        self.action_stop()


def is_finished(what: str | Recipe) -> bool:
    """Whether this is a run whose stages were all looked at."""
    from curate.pipeline import FINISHED
    from curate.rundir import RunDir

    try:
        is_run = isinstance(what, str) and (Path(what) / "manifest.json").is_file()
        return is_run and RunDir(str(what)).manifest().get("status") in FINISHED
    except (CurateError, OSError):
        return False


def expected_stages(what: str | Recipe) -> list[str]:
    """Stages that will run, in that order, as far as it can be told before anything is read."""
    from curate import workflow
    from curate.recipe import Recipe
    from curate.rundir import RunDir
    from curate.stages.registry import in_running_order

    if is_finished(what):
        return []
    try:
        if isinstance(what, str) and (Path(what) / "manifest.json").is_file():
            what = Recipe.parse(RunDir(what).manifest()["recipe"])
        return in_running_order((workflow.as_recipe(what) if isinstance(what, str) else what).stage_names())
    except (CurateError, KeyError):
        return []
