"""How long training will take, measured on this machine with these rows before it starts.

A few optimiser steps of the real plan are trained in a temporary folder and thrown away; the first step, which pays for
memory and threads, is left out. The others make up one window of the row order, so that rows of every length are
timed. The estimate says nothing of other programs that may come to use the machine, so `Course` holds it against what a run
takes while it runs, and corrects it. Needs the `train` extra. Cost: `WINDOW` + 1 steps and one model load.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curate.words import plural, rough_duration, size
from train.config import TrainConfig
from train.examples import Examples
from train.lora import Workbench, open_workbench, train_adapter
from train.order import WINDOW

FIRST_WORD, OFF_BY = 0.1, 0.25
"""What was said before is corrected from this share of the steps on, where it is off by so much; then again and again."""
_EVALUATION_SHARE_OF_STEP = 0.35  # a forward pass beside forward, backward and optimiser


@dataclass(frozen=True)
class Estimate:
    """Seconds that a training will take here."""

    seconds_per_step: float
    steps: int
    runs: int
    seconds: float
    words: str
    """One sentence for people."""


def estimate_training(
    examples: Examples,
    config: TrainConfig,
    *,
    runs: int = 1,
    at_once: int = 1,
    evaluation_rows: int = 0,
    labels: Sequence[str] | None = None,
    workbench: Workbench | None = None,
) -> Estimate:
    """Measure a few steps; extrapolate to `runs` runs of the configured length that score `evaluation_rows` each.

    `at_once` runs go side by side, each as fast as the one measured.
    """
    bench = workbench or open_workbench(config)
    total = config.step_count(len(examples))
    ends: list[float] = []
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="curate-estimate-") as folder:
        train_adapter(
            examples,
            config.replace(
                steps=min(WINDOW + 1, total),
                epochs=0.0,
                evaluate_every_steps=0,
                early_stopping_patience_evaluations=0,
                tracker="",
                head_start="random",  # fitting a head is no step
            ),
            Path(folder),
            labels=labels,
            workbench=bench,
            progress=lambda event: ends.append(time.perf_counter()),
            watch=False,
        )
    overhead = time.perf_counter() - started - (ends[-1] - ends[0] if ends else 0.0)
    per_step = float(np.mean(np.diff(ends))) if len(ends) > 1 else overhead
    scoring = evaluation_rows / config.batch_rows * per_step * _EVALUATION_SHARE_OF_STEP
    seconds = -(-runs // at_once) * (total * per_step + scoring + min(overhead, 5.0))
    together = f", {at_once} at a time" if at_once > 1 else ""
    words = (
        f"{plural(runs, 'training run')} of {total} steps with {config.batch_rows} rows{together}: "
        f"about {rough_duration(seconds)} here ({per_step * 1000:.0f} ms a step, measured now)."
    )
    return Estimate(per_step, total, runs, seconds, words)


@dataclass
class Course:
    """What a training was said to take, held against what it takes while it runs; `see` each of its step events."""

    said_seconds: float | None = None
    """None where nothing was said, as for a run of a few steps."""
    said_bytes: int | None = None
    price_per_hour: float | None = None
    began: float | None = None
    most_bytes: int = 0
    """The most memory that the run held at the end of a step."""

    def see(self, event: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """What the event should say besides (`cost`: what the whole run will have cost), and a correction, mostly empty."""
        now = time.perf_counter()
        first = self.began is None
        self.began = began = now if self.began is None else self.began
        self.most_bytes = max(self.most_bytes, int(event.get("memory_bytes") or 0))
        if first or event.get("eta_s") is None:
            return {}, ""
        seconds = now - began + float(event["eta_s"])
        more = {} if self.price_per_hour is None else {"cost": round(seconds / 3600 * self.price_per_hour, 4)}
        if event["step"] < FIRST_WORD * event["steps"] or event["step"] >= event["steps"]:
            return more, ""
        parts = []
        if self.said_seconds is not None and _is_off(seconds, self.said_seconds):
            paid = f", at a cost of about {more['cost']:.2g}" if more else ""
            parts.append(f"about {rough_duration(seconds)} in all{paid}, not {rough_duration(self.said_seconds)}")
            self.said_seconds = seconds
        if self.said_bytes is not None and self.most_bytes > (1 + OFF_BY) * self.said_bytes:
            parts.append(f"{size(self.most_bytes)} of memory so far, not {size(self.said_bytes)}")
            self.said_bytes = self.most_bytes
        return more, f"Corrected at step {event['step']}: {'; '.join(parts)}." if parts else ""


def _is_off(now: float, said: float) -> bool:
    return not said / (1 + OFF_BY) <= now <= said * (1 + OFF_BY)
