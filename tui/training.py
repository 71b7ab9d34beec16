"""Training, watched. `curate ablate RUN` does the work in a process of its own; this screen reads the files it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from weakref import WeakKeyDictionary

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual_plotext import PlotextPlot

from curate.errors import CurateError
from curate.review.session import Session
from curate.safetext import safe_text
from curate.words import plural, rough_duration
from tui import charts
from tui.batch import BatchScreen
from tui.job import Job, Run, Watch
from tui.keymap import key
from tui.metrics import SERIES, Metrics, MetricsReader, spark, told
from tui.microscope import MicroscopeScreen
from tui.outcome import NO_VERDICT, nothing_trained
from tui.rail import Keys
from tui.shell import PanelScreen

POLL_SECONDS = 0.5
_JOBS: WeakKeyDictionary[Session, Job] = WeakKeyDictionary()
WHAT = (
    "A small LoRA adapter is trained on the raw data, on the curated data, and on raw data with as many rows removed at "
    "random; all are scored on the same rows that none was trained on."
)

LEARNS = {
    "dpo": "to put the chosen answer above the rejected one",
    "ranking": "to put the chosen answer above the rejected one",
    "kto": "to tell wanted answers from unwanted ones",
}


class Watching(PanelScreen):
    """A screen that follows the training process: it may be started, stopped, left and found again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "start", "Start", id="start",
                tooltip="Start training with the decisions taken so far, or go on where it stopped"),
        Binding("k", "stop", "Stop", id="stop",
                tooltip="Stop training; finished training runs are kept, and s goes on from there"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.watched: Watch | None = None
        self.refused = ""
        self.stopping = False

    @property
    def job(self) -> Job:
        """The training process of this run, the same for every screen."""
        if self.session not in _JOBS:
            _JOBS[self.session] = Job(self.session.run.path)
        return _JOBS[self.session]

    def can(self, action: str) -> bool:
        """Start what does not run, stop what does."""
        if action in ("start", "stop"):
            return (action == "stop") == (self.watched is not None and self.watched.running)
        return super().can(action)

    def refresh_body(self) -> None:
        """Look now; the timer looks again."""
        self.look()

    def on_mount(self) -> None:
        """Follow the files."""
        super().on_mount()
        self.set_interval(POLL_SECONDS, self._tick)

    def _tick(self) -> None:
        if self.is_active:  # not while the app goes down: it has no screen then
            self.look()

    @work(thread=True, exclusive=True, group="watch")
    def look(self) -> None:
        """Read the files in a thread and show what they say."""
        was_running = self.watched is not None and self.watched.running
        try:
            watch = self.job.watch(self.session)
            if was_running and not watch.running:
                self.session.look_at_files()  # training writes the curated data first
                watch = self.job.watch(self.session)
            self.read_more(watch)
        except Exception as error:
            failed = error
            self.app.call_from_thread(lambda: self.say_trouble(failed, "the training files cannot be read"))
            return
        self.app.call_from_thread(self._show, watch)

    def read_more(self, watch: Watch) -> None:
        """What else this screen reads, in the same thread."""

    def _show(self, watch: Watch) -> None:
        if not self.is_mounted or not self.home.has_desk:  # the run was closed meanwhile
            return
        was = self.watched
        ended = was is not None and was.running and not watch.running
        if ended and (self.stopping or watch.result is not None):
            stopped = f"training was stopped; {key('start')} goes on from there"
            self.desk.say(stopped if self.stopping else "training is done; its verdict stands in Ablation")
        self.watched = watch
        self.stopping = self.stopping and watch.running
        told = self.desk.training, None if was is None else was.result
        self.desk.training = watch.running
        if ended or told != (watch.running, watch.result):  # the rail tells of both
            self.refresh_shell()
        self.show(watch)
        self.query_one(Keys).look_again()

    def show(self, watch: Watch) -> None:
        """Put a moment of training on the screen."""

    def action_start(self) -> None:
        """Start unless it runs already."""
        if self.watched is not None and self.watched.running:
            self.notify(f"training runs already; {key('stop')} stops it")
            return
        self.refused = ""
        self.start()

    @work(thread=True, exclusive=True, group="start")
    def start(self) -> None:
        """Start the process, away from the event loop."""
        try:
            self.job.start()
            self.desk.say("training started; it goes on when this is closed", self.session.command("ablate"))
        except (CurateError, OSError) as error:
            self.refused = safe_text(str(error))
        self.watched = None
        self.app.call_from_thread(self._started)

    def _started(self) -> None:
        self.refresh_shell()
        self.look()

    def action_stop(self) -> None:
        """Stop it."""
        if self.job.stop():
            self.stopping = True
            self.desk.say(f"training is stopping behind its next checkpoint; {key('start')} goes on from there")
            self.refresh_shell()
            self.look()
        else:
            self.notify("nothing is being trained")

    def note(self, watch: Watch) -> RenderableType:
        """What the process is doing, or why it does nothing."""
        if self.refused:
            return Text(f"✗ Training cannot start: {self.refused}")
        if watch.running:
            left = f", about {rough_duration(watch.eta_s)} left" if watch.eta_s else ""
            state = charts.overall(watch).append(left)
            if self.stopping:
                state = Text("▸ stopping; finished training runs are kept …")
            notices = [Text(words, style="dim") for words in watch.notices[-1:]]
            return Group(state, *(notices if watch.runs else [Text(f"\n{self.what()}", style="dim")]))
        if watch.stopped:
            kept = "Training runs that were finished are kept."
            return Text(f"– Training was stopped before its verdict. {kept} {key('start')} goes on from there.")
        if watch.ended_early:
            said = f"Its last words:\n{watch.ended_early}\n\n{key('start')} goes on from there."
            return Text(f"✗ Training ended without a verdict. {said}")
        if watch.result is not None:
            what = "why there is no verdict" if str(watch.result.get("verdict")) in NO_VERDICT else "the verdict"
            said = f"✓ Training is done; {key('stage_after')} shows {what}."
            if nothing_trained(watch.result):
                said = f"– Nothing was trained: {key('stage_after')} says why."
            return Text(f"{said} Decisions were taken since: {key('start')} trains again." if watch.outdated else said)
        return Text(f"{self.what()}\n\nPress {key('start')} to start. The same as: {self.session.command('ablate')}")

    def what(self) -> str:
        """What is trained, and on which answers where rows hold better and worse ones."""
        objective = str(self.session.detected.recipe.train.get("objective"))
        return f"{WHAT} Each learns {LEARNS[objective]} (objective {objective})." if objective in LEARNS else WHAT


class TrainingScreen(Watching):
    """Training runs, one line each, and the curves of the one under the cursor. Training is a process of its own: leave
    this screen, or quit, and find it again later.

    ← and → move through the steps of the run; Enter shows the batch of that step, its rows and what was found in them.
    n goes to the next step at which a watchdog spoke. m shows a row as the model sees it, token by token."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the list of runs gets them: a list can be scrolled sideways, and would take these for that.
        Binding("left", "step_by(-1)", "Step", id="step_before", key_display="← →", priority=True,
                tooltip="The step before"),
        Binding("right", "step_by(1)", "", id="step_after", key_display="→", show=False, priority=True,
                tooltip="The step after"),
        Binding("n", "next_spike", "Alert", id="next_alert", tooltip="To the next step at which a watchdog spoke"),
        Binding("enter", "batch", "Batch", id="batch", priority=True,
                tooltip="The rows of this step, and what was found in them"),
        Binding("m", "microscope", "Tokens", id="tokens",
                tooltip="A row as the model sees it: which tokens are learned from"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.chosen: tuple[str, int] | None = None
        self.metrics = Metrics()
        self.at: int | None = None
        self._readers: dict[tuple[str, int], MetricsReader] = {}
        self._listed: list[tuple[str, int]] = []
        self._shown: tuple[object, Metrics] = None, self.metrics

    def can(self, action: str) -> bool:
        """Steps where there are some, alerts where a watchdog spoke of a step."""
        if action.startswith(("step_by", "batch")):
            return bool(self.metrics.steps)
        return bool(self.metrics.spikes()) if action == "next_spike" else super().can(action)

    def body(self) -> ComposeResult:
        yield Static("", id="train-note")
        yield OptionList(id="train-runs", markup=False)
        with VerticalScroll(id="train-scroll", can_focus=False):
            yield PlotextPlot(id="train-plot")
            yield Static("", id="train-curves")
            yield Static("", id="train-alerts")

    def first_focus(self) -> str:
        """The list of runs."""
        return "#train-runs"

    def read_more(self, watch: Watch) -> None:
        """The metrics of the run under the cursor, else of the one that works."""
        runs = trained(watch, self.session.run.path)
        chosen = self.chosen
        if chosen not in runs:
            busy = [(r.arm, r.seed) for r in watch.runs if r.state == "training"]
            chosen = next((key for key in [*busy, *runs] if key in runs), None)
        if chosen is not None:
            folder = self.session.run.path / "train" / chosen[0] / str(chosen[1])
            self.metrics = self._readers.setdefault(chosen, MetricsReader(folder)).read()
        else:
            self.metrics = Metrics()
        self.chosen = chosen

    def show(self, watch: Watch) -> None:
        """Note, runs, curves, alerts, where any of it is another than half a second ago."""
        now = (watch, self.query_one("#train-scroll").size.width, self.app.theme, self.refused, self.stopping)
        if now == self._shown[0] and self.metrics is self._shown[1]:
            return
        self._shown = now, self.metrics
        self.query_one("#train-note", Static).update(self.note(watch))
        keys = trained(watch, self.session.run.path)
        listing = self.query_one("#train-runs", OptionList)
        state = {(r.arm, r.seed): r for r in watch.runs}
        letter = charts.letters_of(watch, (arm for arm, _ in keys))
        if keys != self._listed:
            self._listed = keys
            listing.clear_options()
            listing.add_options([Option(run_line(key, state.get(key), letter[key[0]])) for key in keys])
            if self.chosen in keys:
                listing.highlighted = keys.index(self.chosen)
        else:
            for n, key in enumerate(keys):
                listing.replace_option_prompt_at_index(n, run_line(key, state.get(key), letter[key[0]]))
        listing.display = bool(keys)
        self.draw()

    @on(OptionList.OptionHighlighted, "#train-runs")
    def run_chosen(self, event: OptionList.OptionHighlighted) -> None:
        """Another run."""
        key = self._listed[event.option_index]
        if key != self.chosen:
            self.chosen, self.at = key, None
            self.look()

    @on(OptionList.OptionSelected, "#train-runs")
    def run_entered(self, event: OptionList.OptionSelected) -> None:
        """Enter in the list asks for the batch."""
        event.stop()
        self.action_batch()

    def draw(self) -> None:
        """The curves of the run, and the step that is looked at."""
        metrics = self.metrics
        plot = self.query_one("#train-plot", PlotextPlot)
        plot.display = bool(metrics.steps)
        if metrics.steps:
            name = f"{charts.title(self.chosen[0])}, seed {self.chosen[1]}" if self.chosen else ""
            charts.draw_losses(plot, metrics, name, self.at)
        self.query_one("#train-curves", Static).update(self._curves(metrics))
        self.query_one("#train-alerts", Static).update(self._alerts(metrics))

    def _curves(self, metrics: Metrics) -> RenderableType:
        if not metrics.steps:
            return Text("")
        wide = self.query_one("#train-scroll").size.width
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        at = self.at if self.at is not None else metrics.steps[-1]
        now = next((r.state for r in (self.watched.runs if self.watched else ()) if (r.arm, r.seed) == self.chosen), "")
        none = any(alert.kind == "no_validation" for alert in metrics.alerts)
        unseen = "not measured yet" if now in ("started", "training") and not none else "no rows set aside"
        longest = max(len(title) for title in SERIES.values())
        for head, least in (("", longest), (f"step {at}", 9), ("lowest", 9), ("highest", 9), ("first step to last", 10)):
            table.add_column(head, no_wrap=True, min_width=least, overflow="ellipsis")
        for name, title in SERIES.items():
            values = metrics.series.get(name, {})
            if not values:
                table.add_row(title, "–", "", "", Text(unseen if name == "validation" else "–", style="dim"))
                continue
            near = max((s for s in values if s <= at), default=min(values))
            ends = (told(name, f(values.values())) for f in (min, max))
            table.add_row(title, told(name, values[near]), *ends, spark(values, max(10, wide - 65)))
        return table

    def _alerts(self, metrics: Metrics) -> RenderableType:
        if not metrics.steps:
            return Text("")
        if not metrics.alerts:
            return Text("✓ no watchdog has spoken", style="dim")
        lines = []
        for alert in metrics.alerts:
            mark = "▸" if alert.step == self.at else "!"
            rows = f" rows {', '.join(map(str, alert.rows[:6]))}{' …' if len(alert.rows) > 6 else ''}" if alert.rows else ""
            lines.append(Text(f"{mark} step {alert.step}: {safe_text(alert.words)}{rows}"))
            if alert.advice:
                lines.append(Text(f"  {safe_text(alert.advice)}", style="dim"))
        onward = f"; {key('next_alert')} goes to the next step of theirs" if metrics.spikes() else ""
        return Group(Text(f"watchdogs: {plural(len(metrics.alerts), 'alert')}{onward}", style="bold"), *lines)

    def action_step_by(self, by: int) -> None:
        """Along the steps."""
        steps = self.metrics.steps
        if steps:
            here = steps.index(self.at) if self.at in steps else len(steps) - 1
            self.at = steps[min(len(steps) - 1, max(0, here + by))]
            self.draw()

    def action_next_spike(self) -> None:
        """To where a watchdog spoke."""
        spikes = self.metrics.spikes()
        if not spikes:
            self.notify("no watchdog has spoken of a step of this run")
            return
        self.at = next((s for s in spikes if self.at is None or s > self.at), spikes[0])
        self.draw()

    def action_batch(self) -> None:
        """The rows of the step."""
        steps = self.metrics.steps
        step = self.at if self.at is not None else next(iter((self.metrics.spikes() or steps)[-1:]), None)
        rows = self.metrics.batch(step) if step is not None else ()
        if step is None or not rows:
            self.notify("this run did not write down which rows its steps saw")
            return
        self.at = step
        said = next((a.words for a in self.metrics.alerts if a.step == step), "")
        screen = BatchScreen(rows, f"step {step} of {charts.title(self.chosen[0]) if self.chosen else 'a run'}", said)
        screen.mode = self.mode
        self.app.push_screen(screen)

    def action_microscope(self) -> None:
        """A row, token by token."""
        steps = self.metrics.steps
        step = self.at if self.at is not None else (steps[-1] if steps else None)
        rows = self.metrics.batch(step) if step is not None else ()
        screen = MicroscopeScreen(rows[0] if rows else 0)
        screen.mode = self.mode
        self.app.push_screen(screen)


def trained(watch: Watch, run: Path) -> list[tuple[str, int]]:
    """(arm, seed) of every run that there is something to see of, those that the events tell first."""
    told_of = [(r.arm, r.seed) for r in watch.runs if r.counted]
    found = sorted(
        (p.parent.parent.name, int(p.parent.name))
        for p in run.glob("train/*/*/metrics.jsonl")
        if p.parent.name.isdecimal()
    )
    return list(dict.fromkeys([*told_of, *found]))


def run_line(key: tuple[str, int], run: Run | None, letter: str) -> Text:
    """`r raw, seed 0   ▸ step 12 of 40   loss 1.234`."""
    arm, seed = key
    name = f"{letter} {charts.title(arm)}, seed {seed}"
    if run is None:
        return Text(f"✓ {name}", no_wrap=True, overflow="ellipsis")
    sign = charts.SIGN.get(run.state, "?")
    at = f"step {run.step} of {run.steps}" if run.state == "training" else charts.STATE.get(run.state, run.state)
    loss = f"   loss {run.loss:.3f}" if run.loss is not None else ""
    return Text(f"{sign} {name:<30} {at}{loss}", no_wrap=True, overflow="ellipsis")
