"""What a run measures while it lives: lines of `metrics.jsonl`, curves for TensorBoard, and the watchdogs' alerts.

| line | holds |
|---|---|
| step | step, loss (nats a target), learning_rate, grad_norm, tokens_per_s, rows, row_ids, memory_bytes, cuda_bytes |
| validation | step, validation: loss and metric, with their intervals |
| alert | step, alert: see `train.watch` |

`row_ids` are the numbers of the input rows since the last line, in order, about six bytes each; a run of more than
`MOST_IDS` rows seen leaves them to the alerts. `memory_bytes` is the resident set of the process, `cuda_bytes` the most
that torch held since the last line. Tokens a second leave out evaluations and checkpoints. TensorBoard's event files go
to `tensorboard/` where the package is installed. Lines are appended and flushed one by one; a crash tears the last.
Cost: 0.3 ms a step, watchdogs included.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from train.watch import Alert, AlertCommand, Event, Step, Validated, Watch

Progress = Callable[[dict[str, Any]], None]
Track = Callable[[Mapping[str, Any], int], None]
MOST_IDS = 2_000_000
TENSORBOARD = "tensorboard"


class MetricsStream:
    """Writes everything that one run measures, and shows it to the watchdogs."""

    def __init__(
        self,
        directory: Path,
        *,
        watch: Watch | None = None,
        on_alert: str = "",
        tensorboard: bool = False,
        progress: Progress | None = None,
        rows_seen: int = 0,
        track: Track | None = None,
    ) -> None:
        """`rows_seen` is how many rows the whole run will show its model, which decides on `row_ids`.

        `track` gets numbers and their step."""
        self.path = directory / "metrics.jsonl"
        self.watch = watch if watch is not None else Watch([])
        self.command = AlertCommand(on_alert)
        self.progress = progress
        self.with_ids = rows_seen <= MOST_IDS
        self.track = track
        self.board = _board(directory / TENSORBOARD) if tensorboard else None
        self.memory_bytes: int | None = None
        """What the run held at its last step, on the device that it runs on."""
        self._clock = time.perf_counter()
        self._ids: list[int] = []
        self._tokens = 0
        self._replay(directory)

    def _replay(self, directory: Path) -> None:
        """Show the watchdogs what a resumed run has measured already; what they said then stands in the same lines."""
        for line in read_metrics(directory / self.path.name):
            if "alert" in line:
                self.watch.told.append(line["alert"])
            elif "validation" in line:
                seen = line["validation"]
                self.watch.remember(Validated(line["step"], seen["loss"], seen.get("rise"), seen.get("rise_se")))
            elif "loss" in line:
                loss = math.nan if line["loss"] is None else float(line["loss"])
                rows = tuple(line.get("row_ids", ()))
                self.watch.remember(Step(line["step"], loss, line["grad_norm"], line["tokens_per_s"], rows))

    def batch(self, tokens: int, rows: Sequence[int]) -> None:
        """Count one batch that was trained on."""
        self._tokens += tokens
        self._ids += rows

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Leave what happens inside out of the tokens a second."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._clock += time.perf_counter() - began

    def step(self, step: int, loss: float, learning_rate: float, grad_norm: float, cuda_bytes: int | None = None) -> None:
        """One logged step; the rows and tokens counted since the last one belong to it."""
        now = time.perf_counter()
        speed = round(self._tokens / max(now - self._clock, 1e-9), 1)
        rows, self._ids, self._tokens, self._clock = tuple(self._ids), [], 0, now
        line: dict[str, Any] = {
            "step": step,
            "loss": _finite(loss),
            "learning_rate": learning_rate,
            "grad_norm": _finite(grad_norm),
            "tokens_per_s": speed,
            "rows": len(rows),
        }
        if self.with_ids:
            line["row_ids"] = list(rows)
        line["memory_bytes"] = resident_bytes()
        self.memory_bytes = line["memory_bytes"] if cuda_bytes is None else cuda_bytes
        if cuda_bytes is not None:
            line["cuda_bytes"] = cuda_bytes
        self.write(line)
        self._curves(step, {"train/" + key: line[key] for key in ("loss", "learning_rate", "grad_norm", "tokens_per_s")})
        self._curves(step, {"memory/resident_bytes": line["memory_bytes"], "memory/cuda_bytes": cuda_bytes})
        self._tracked(step, "train", {key: line[key] for key in ("loss", "learning_rate", "grad_norm", "tokens_per_s")})
        self.see(Step(step, loss, grad_norm, speed, rows))
        self._clock += time.perf_counter() - now

    def validation(self, step: int, measured: Mapping[str, Any], rise: tuple[float, float] | None = None) -> None:
        """One evaluation while training; `rise` is the mean rise since the best one and its standard error."""
        line = dict(measured)
        if rise is not None:
            line |= {"rise": rise[0], "rise_se": rise[1]}
        self.write({"step": step, "validation": line})
        self._curves(step, {"validation/" + key: value for key, value in measured.items()})
        self._tracked(step, "validation", measured)
        self.see(Validated(step, float(measured["loss"]), *(rise or (None, None))))

    def see(self, event: Event) -> list[Alert]:
        """Show an event to the watchdogs; what they say is written, told and handed to the user's command."""
        said = self.watch.see(event)
        for alert in said:
            self.write({"step": alert.step, "alert": alert.to_json()})
            if self.board is not None:
                self.board.add_text("alerts", f"{alert.kind}: {alert.words} {alert.recommendation}", alert.step)
            self.command.tell(alert)
            self._tracked(alert.step, "alerts", {alert.kind: 1})
            if self.progress is not None:
                self.progress({"kind": "alert", "alert": alert.to_json()})
        return said

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one object to `metrics.jsonl`."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def close(self) -> dict[str, Any]:
        """Close the files; what `done.json` says of alerts."""
        if self.board is not None:
            self.board.close()
            self.board = None
        out = self.watch.to_json()
        ran = self.command.close()
        if ran:
            out["alert_commands"] = ran
        return out

    def _tracked(self, step: int, kind: str, values: Mapping[str, Any]) -> None:
        if self.track is not None:
            self.track({f"{kind}/{key}": value for key, value in values.items()}, step)

    def _curves(self, step: int, values: Mapping[str, Any]) -> None:
        if self.board is None:
            return
        for name, value in values.items():
            if isinstance(value, int | float):
                self.board.add_scalar(name, value, step)


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a `metrics.jsonl`; a line that a crash tore is left out, a missing file has none."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and "step" in line:
                yield line


def resident_bytes() -> int | None:
    """Memory that this process holds now; None where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - each step, so no Path
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        if find_spec("psutil") is None:
            return None
        return int(import_module("psutil").Process().memory_info().rss)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _board(folder: Path) -> Any:
    """A writer of TensorBoard's event files, or None where the package is missing."""
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SummaryWriter(log_dir=str(folder))
