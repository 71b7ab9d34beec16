"""Training and verdict. The work is done by `curate ablate RUN` in a process of its own; this screen reads its files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, ClassVar

import orjson
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Label, Static
from textual_plotext import PlotextPlot

from curate.house import child_environment
from tui.session import Session

POLL_SECONDS = 0.5
MARKS = ("braille", "dot", "hd", "fhd")


class Job:
    """The training process of a run: started here or by an earlier interface, found again by its files."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid_file(self) -> Path:
        return self.run / "train" / "process.json"

    def start(self) -> None:
        """Start `curate ablate` so that it outlives this interface."""
        folder = self.run / "train"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "events.jsonl").unlink(missing_ok=True)
        with (folder / "log.txt").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "curate", "ablate", str(self.run.resolve())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=child_environment(), start_new_session=True,
            )
        self.pid_file.write_bytes(orjson.dumps({"pid": self.process.pid}))

    def running(self) -> bool:
        """Whether the training process is alive, whoever started it."""
        if self.process is not None:
            return self.process.poll() is None
        try:
            pid = orjson.loads(self.pid_file.read_bytes())["pid"]
            command = Path(f"/proc/{pid}/cmdline")
            if command.parent.parent.is_dir() and command.exists():
                return b"ablate" in command.read_bytes()
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError):
            return False
        return not Path("/proc").is_dir()

    def stop(self) -> None:
        """Ask it to stop; training runs that are finished are kept."""
        if self.running():
            pid = self.process.pid if self.process else orjson.loads(self.pid_file.read_bytes())["pid"]
            os.kill(pid, signal.SIGINT)

    def events(self) -> list[dict[str, Any]]:
        """What the trainer has said so far; a line still being written is left for the next look."""
        try:
            lines = (self.run / "train" / "events.jsonl").read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        return [orjson.loads(line) for line in lines if line]

    def last_words(self) -> str:
        """The end of the process's log, for when it failed."""
        try:
            return (self.run / "train" / "log.txt").read_text(errors="replace").strip()[-600:]
        except FileNotFoundError:
            return ""


class TrainingScreen(Screen[None]):
    """A LoRA adapter is trained on each arm of the data with each seed, in a process that goes on without this screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "start", "Start", tooltip="Start training, or go on where it stopped"),
        Binding("k", "stop", "Stop", tooltip="Stop after the current step; finished runs are kept"),
        Binding("escape,t", "app.pop_screen", "Back", tooltip="Back to the findings; training goes on"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.job = Job(session.run.path)
        self.asked = False

    def compose(self) -> ComposeResult:
        yield Label("Does curation help?", classes="title")
        yield Static("", id="verdict")
        yield Static("", id="train-note")
        yield Static("", id="arms")
        yield PlotextPlot(id="plot")
        yield Footer()

    def on_mount(self) -> None:
        self.look()
        self.set_interval(POLL_SECONDS, self.look)

    def action_start(self) -> None:
        """Start unless it runs already."""
        if self.job.running():
            self.notify("training runs already")
            return
        try:
            self.job.start()
        except OSError as error:
            self.notify(f"cannot start training: {error.strerror}", severity="error")
            return
        self.asked = True
        self.look()

    def action_stop(self) -> None:
        """Stop it."""
        self.job.stop()

    def look(self) -> None:
        """Read the files and show what they say."""
        events = self.job.events()
        running = self.job.running()
        result = self._result()
        self.query_one("#train-note", Static).update(Text(self._note(events, running, result)))
        self.query_one("#arms", Static).update(_arms(events, result))
        self.query_one("#verdict", Static).update(Text(self._verdict(running, result)))
        self._plot(events)

    def _result(self) -> dict[str, Any] | None:
        if self.job.running():
            return None
        try:
            result: dict[str, Any] = orjson.loads((self.session.run.path / "ablation.json").read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        return result

    def _note(self, events: list[dict[str, Any]], running: bool, result: dict[str, Any] | None) -> str:
        notices = [e["words"] for e in events if e["kind"] == "notice"]
        if running:
            left = next((e["eta_s"] for e in reversed(events) if e.get("eta_s") is not None), None)
            state = f"training, about {left:.0f} s left" if left is not None else "training: getting ready"
            return "\n".join([state, *notices[-2:]])
        if result is None and self.asked:
            return f"the training process ended early; its last words:\n{self.job.last_words()}"
        return "" if result else f"press s to start; the same as: {self.session.command('ablate')}"

    def _verdict(self, running: bool, result: dict[str, Any] | None) -> str:
        if result is not None:
            return f"{result['verdict'].upper()}\n{result['words']}"
        return "No verdict yet." if running else "Not trained yet."

    def _plot(self, events: list[dict[str, Any]]) -> None:
        curves: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for e in events:
            if e["kind"] == "step" and e.get("loss") is not None:
                curves[e["arm"]][e["step"]].append(e["loss"])
        plot = self.query_one("#plot", PlotextPlot)
        plot.plt.clear_data()
        plot.plt.title("training loss, mean over seeds")
        plot.plt.xlabel("step")
        for number, (arm, by_step) in enumerate(curves.items()):
            steps = sorted(by_step)
            means = [sum(by_step[s]) / len(by_step[s]) for s in steps]
            plot.plt.plot(steps, means, label=arm.replace("_", " "), marker=MARKS[number % len(MARKS)])
        plot.refresh()


def _arms(events: list[dict[str, Any]], result: dict[str, Any] | None) -> Table:
    table = Table(expand=True)
    for name in ("arm", "rows", "seeds done", "metric", "state"):
        table.add_column(name)
    if result is not None:
        for arm in result["arms"]:
            done = sum(r.get("metrics") is not None for r in arm["runs"])
            spread = f" ±{arm['spread']:.4f}" if arm["spread"] is not None else ""
            value = f"{result['metric']} {arm['mean']:.4f}{spread}" if arm["mean"] is not None else "-"
            table.add_row(Text(arm["title"]), f"{arm['rows']:,}", f"{done}/{len(arm['runs'])}", value, "done")
        return table
    latest: dict[str, dict[str, Any]] = {}
    done_runs: dict[str, int] = defaultdict(int)
    for e in events:
        if e["kind"] in ("run", "step"):
            latest[e["arm"]] = e
        if e["kind"] == "run" and e["state"] in ("done", "resumed", "same"):
            done_runs[e["arm"]] += 1
    for arm, e in latest.items():
        state = f"step {e['step']}/{e['steps']}" if e["kind"] == "step" else str(e["state"])
        loss = f"loss {e['loss']:.3f}" if e.get("loss") is not None else ""
        table.add_row(arm.replace("_", " "), "", str(done_runs[arm]), loss, f"seed {e['seed']}, {state}")
    return table
