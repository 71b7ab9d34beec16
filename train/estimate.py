"""How long training will take, measured on this machine with these rows before it starts.

A few optimiser steps of the real plan are trained in a temporary folder and thrown away; the first step, which pays for
memory and threads, is left out. The others make up one window of the row order, so that rows of every length are
timed. The estimate says nothing of other programs that may come to use the machine; the progress events carry a
corrected one. Needs the `train` extra. Cost: `steps` steps and one model load.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.config import TrainConfig
from train.examples import Examples
from train.lora import Workbench, open_workbench, train_adapter
from train.order import WINDOW

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
    steps: int = WINDOW + 1,
) -> Estimate:
    """Measure `steps` steps; extrapolate to `runs` runs of the configured length that score `evaluation_rows` each.

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
                steps=min(steps, total),
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
        f"{runs} training run{'s' if runs != 1 else ''} of {total} steps with {config.batch_rows} rows{together}: "
        f"about {spoken_duration(seconds)} here ({per_step * 1000:.0f} ms a step, measured now)."
    )
    return Estimate(per_step, total, runs, seconds, words)


def spoken_duration(seconds: float) -> str:
    """A duration in words a person would use: `40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
