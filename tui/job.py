"""Training as the interface sees it: a process of its own, and the files it leaves.

`curate ablate RUN` does the work; it goes on when the interface closes, and is found again by what it wrote.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import xxhash

from curate import workflow
from curate.dataset import make_private_dir
from curate.house import child_environment
from curate.review.session import Session
from curate.safetext import safe_text
from tui.metrics import MetricsReader
from tui.outcome import Outcome, measured_runs
from tui.tail import Tail

FINISHED = ("done", "resumed", "same")
LAST_LINES = 8
INTERRUPTED = "interrupted"
"""How the last words of a command begin that was interrupted (`curate.cli`)."""


@dataclass(frozen=True)
class Run:
    """One training run: an arm with a seed."""

    arm: str
    seed: int
    state: str
    """started, training, done, resumed, same or failed."""
    step: int = 0
    steps: int = 0
    loss: float | None = None
    counted: bool = True
    """Whether it trains: the base model is only scored, and a run with the rows of another is not trained again."""


@dataclass(frozen=True)
class Watch:
    """What is known of the training of a run at one moment."""

    running: bool = False
    runs: tuple[Run, ...] = ()
    total: int = 0
    """Training runs in all, as far as the trainer has said."""
    eta_s: float | None = None
    notices: tuple[str, ...] = ()
    curves: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    """arm -> step -> training loss of each seed."""
    result: dict[str, Any] | None = None
    """The last `ablation.json`, once nothing is running."""
    outdated: bool = False
    """Whether decisions were taken since that result."""
    ended_early: str = ""
    """The last words of a process that ended without a result."""

    @property
    def stopped(self) -> bool:
        """Whether it ended without a result because somebody asked it to."""
        return self.ended_early.rpartition("\n")[2].startswith(INTERRUPTED)


class Job:
    """The training process of a run: started here, by an earlier interface, or from a command line."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.process: subprocess.Popen[bytes] | None = None
        self._events = Tail(run / "train" / "events.jsonl")
        self._outcome = Outcome(run)
        self._measured: dict[tuple[str, int], MetricsReader] = {}

    @property
    def pid_file(self) -> Path:
        """Where the process is written down."""
        return self.run / "train" / "process.json"

    @property
    def log_file(self) -> Path:
        """What the process said."""
        return self.run / "train" / "log.txt"

    def start(self) -> None:
        """Start `curate ablate` so that it outlives this interface. Raises when its packages are missing."""
        workflow.trainer_present()
        folder = self.run / "train"
        make_private_dir(folder)
        (folder / "events.jsonl").unlink(missing_ok=True)
        before = self._verdict_now()
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "curate", "ablate", str(self.run.resolve())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=child_environment(), start_new_session=True,
            )  # fmt: skip
        self.pid_file.write_bytes(orjson.dumps({"pid": self.process.pid, "before": before}))

    def _verdict_now(self) -> str | None:
        """A hash of `ablation.json`; None where there is none."""
        try:
            return xxhash.xxh3_128_hexdigest((self.run / "ablation.json").read_bytes())
        except OSError:
            return None

    def pid(self) -> int | None:
        """The process, when it is alive, whoever started it."""
        if self.process is not None:
            return self.process.pid if self.process.poll() is None else None
        try:
            pid = int(orjson.loads(self.pid_file.read_bytes())["pid"])
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if self._is_ours(pid) else None

    def _is_ours(self, pid: int) -> bool:
        """A process number is used again in time: look at the command, where the system shows it."""
        if not Path("/proc/self").exists():
            return True
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"ablate" in command and os.fsencode(self.run.resolve()) in command

    def stop(self) -> bool:
        """Ask it to stop; training runs that are finished are kept. False when nothing was running."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGINT)
        return True

    def watch(self, session: Session) -> Watch:
        """Read everything that has been written so far."""
        running = self.pid() is not None
        runs, total, eta, notices, curves = _told(self._events.read())
        result = None if running else self._outcome.read()
        curves = self._curves([(r.arm, r.seed) for r in runs if r.counted] or measured_runs(result), curves)
        return Watch(
            running, runs, total, eta, notices, curves, result,
            outdated=result is not None and not self._outcome.is_of_now(session),
            ended_early="" if running else self._last_words(),
        )  # fmt: skip

    def _curves(
        self, runs: Sequence[tuple[str, int]], told: Mapping[str, Mapping[int, list[float]]]
    ) -> dict[str, dict[int, list[float]]]:
        """arm -> step -> training loss of each seed, from what each run wrote down; from what the trainer told (`told`) for
        an arm of which nothing is written. What it tells begins with its process, and runs may have been trained before."""
        out: dict[str, dict[int, list[float]]] = {}
        for arm, seed in runs:
            folder = self.run / "train" / arm / str(seed)
            reader = self._measured.setdefault((arm, seed), MetricsReader(folder))
            for step, loss in reader.read().series.get("loss", {}).items():
                out.setdefault(arm, {}).setdefault(step, []).append(loss)
        return {**{arm: dict(by_step) for arm, by_step in told.items()}, **out}

    def _last_words(self) -> str:
        """The end of the log of a process that ended without writing a result. A result is another than there was when
        it began, or younger: the times of files alone are those of the copying where a run was copied."""
        try:
            begun = self.pid_file.stat().st_mtime_ns
            told = orjson.loads(self.pid_file.read_bytes())
            lines = self.log_file.read_text(errors="replace").splitlines()
            now = self._verdict_now()
            if now is not None:
                another = "before" in told and told["before"] != now
                if another or (self.run / "ablation.json").stat().st_mtime_ns >= begun:
                    return ""
        except (OSError, ValueError, TypeError):
            return ""
        said = [safe_text(line.rpartition("\r")[2]) for line in lines if line.strip()]
        return "\n".join(said[-LAST_LINES:]) or "it said nothing"


def _told(
    events: list[dict[str, Any]],
) -> tuple[tuple[Run, ...], int, float | None, tuple[str, ...], dict[str, dict[int, list[float]]]]:
    runs: dict[tuple[str, int], Run] = {}
    curves: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    notices: list[str] = []
    total, eta = 0, None
    for e in events:
        if e["kind"] == "notice":
            notices.append(safe_text(str(e["words"])))
            continue
        key = (str(e["arm"]), int(e["seed"]))
        total = max(total, int(e.get("runs") or 0))
        eta = e.get("eta_s", eta)
        before = runs.get(key)
        if e["kind"] == "run":
            runs[key] = replace(before or Run(*key, ""), state=str(e["state"]), counted=bool(e.get("run", 1)))
        elif e["kind"] == "step":
            loss = e.get("loss")
            runs[key] = Run(*key, "training", int(e["step"]), int(e["steps"]), loss if loss is not None else None)
            if loss is not None:
                curves[key[0]][int(e["step"])].append(float(loss))
    return tuple(runs.values()), total, eta, tuple(notices), {arm: dict(c) for arm, c in curves.items()}
