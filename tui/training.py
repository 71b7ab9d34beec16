"""Training and verdict. The work is done by `curate ablate RUN` in a process of its own; this screen reads its files."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static
from textual_plotext import PlotextPlot

from curate.errors import CurateError
from curate.privacy.preview import safe_text
from curate.session import Session
from tui import charts
from tui.job import Job, Watch
from tui.rail import Keys, header
from tui.words import duration

POLL_SECONDS = 0.5
WHAT = (
    "A small LoRA adapter is trained on the raw data, on the curated data, and on raw data with as many rows removed at "
    "random; all are scored on the same rows that none was trained on."
)


class TrainingScreen(Screen[None]):
    """Does curation help? A LoRA adapter is trained on each arm of the data with each seed and scored on rows set aside.

    Training is a process of its own: you may leave this screen, or quit, and find it again later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "start", "Start", tooltip="Start training with the decisions taken so far, or go on where it stopped"),
        Binding("k", "stop", "Stop", tooltip="Stop training; training runs that are finished are kept"),
        Binding("escape,t", "back", "Back", tooltip="Back to the findings; training goes on"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.job = Job(session.run.path)
        self.watched: Watch | None = None
        self.refused = ""
        self.stopping = False

    def compose(self) -> ComposeResult:
        yield Static("", id="bar")
        with VerticalScroll(id="train-scroll"):
            yield Static("", id="verdict")
            yield Static("", id="train-note")
            yield Static("", id="arms", classes="section")
            yield Static("", id="forest", classes="section")
            yield PlotextPlot(id="plot")
        yield Keys()

    def on_mount(self) -> None:
        self.query_one("#verdict").border_title = "Does curation help?"
        self.query_one("#train-scroll").focus()
        self.look()
        self.set_interval(POLL_SECONDS, self.look)

    @work(thread=True, exclusive=True, group="watch")
    def look(self) -> None:
        """Read the files in a thread and show what they say."""
        was_running = self.watched is not None and self.watched.running
        try:
            watch = self.job.watch(self.session)
            if was_running and not watch.running:
                self.session.look_at_files()  # training writes the curated data first
                watch = self.job.watch(self.session)
        except Exception as error:
            self.app.call_from_thread(self.app.failed, error, "the training files cannot be read")  # type: ignore[attr-defined]
            return
        self.app.call_from_thread(self.show, watch)

    def show(self, watch: Watch) -> None:
        """Put a moment of training on the screen, where it differs from the one before."""
        if not self.is_mounted or (watch == self.watched and not watch.running):
            return
        self.watched = watch
        self.stopping = self.stopping and watch.running
        self.query_one("#bar", Static).update(header(self.session))
        self.query_one("#verdict", Static).update(self._verdict(watch))
        self.query_one("#train-note", Static).update(self._note(watch))
        arms: RenderableType = charts.arms(watch.result) if watch.result else charts.progress(watch)
        self.query_one("#arms", Static).update(arms if watch.result or watch.runs else "")
        self.query_one("#arms").display = bool(watch.result or watch.runs)
        forest = self.query_one("#forest", Static)
        forest.display = bool(watch.result and watch.result["comparisons"])
        if watch.result and watch.result["comparisons"]:
            forest.update(Group(charts.forest(watch.result, self.size.width), Text(charts.LEGEND, style="dim")))
        plot = self.query_one("#plot", PlotextPlot)
        plot.display = bool(watch.curves)
        if watch.curves:
            charts.draw_curves(plot, watch)

    def action_start(self) -> None:
        """Start unless it runs already."""
        if self.watched is not None and self.watched.running:
            self.notify("training runs already; k stops it")
            return
        self.refused = ""
        self.start()

    @work(thread=True, exclusive=True, group="start")
    def start(self) -> None:
        try:
            self.job.start()
        except (CurateError, OSError) as error:
            self.refused = safe_text(str(error))
        self.watched = None
        self.app.call_from_thread(self.look)

    def action_stop(self) -> None:
        """Stop it."""
        if self.job.stop():
            self.stopping = True
            self.look()
        else:
            self.notify("nothing is being trained")

    def action_back(self) -> None:
        """Back to the findings."""
        self.dismiss()

    def _verdict(self, watch: Watch) -> RenderableType:
        if watch.result is not None:
            said = [
                Text(safe_text(str(watch.result["verdict"])).upper(), style="bold"),
                Text(safe_text(str(watch.result["words"]))),
            ]
            if watch.outdated:
                said.append(Text("! This verdict is of an earlier plan: decisions were taken since. s trains again."))
            return Group(*said)
        return Text("No verdict yet." if watch.running else "Not tested yet.", style="bold")

    def _note(self, watch: Watch) -> RenderableType:
        if self.refused:
            return Text(f"✗ Training cannot start: {self.refused}")
        if watch.running:
            left = f", about {duration(watch.eta_s)} left" if watch.eta_s is not None else ""
            state = charts.overall(watch).append(left)
            if self.stopping:
                state = Text("▸ stopping; finished training runs are kept …")
            return Group(state, *(Text(words, style="dim") for words in watch.notices[-2:]))
        if watch.ended_early:
            said = f"Its last words:\n{watch.ended_early}\n\ns goes on from there."
            return Text(f"✗ Training ended without a verdict. {said}")
        if watch.result is not None:
            notes = [str(n) for n in watch.result.get("notes", ())]
            return Group(*(Text(f"· {safe_text(n)}", style="dim") for n in notes)) if notes else Text("")
        return Text(f"{WHAT}\n\nPress s to start. The same as: {self.session.command('ablate')}")
