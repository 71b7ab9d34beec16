"""One training run as its `metrics.jsonl` tells it: curves, alerts, and which rows each step saw. No widget in here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.statistics import finite
from curate.words import size
from tui.tail import Tail

SERIES = {
    "loss": "training loss",
    "validation": "validation loss",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
    "tokens_per_s": "tokens a second",
    "memory_bytes": "memory",
}
"""What is drawn, in order, and what it is called."""
LEVELS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Alert:
    """What a watchdog said."""

    step: int
    kind: str
    words: str
    advice: str
    rows: tuple[int, ...]
    """Rows that it names, the hardest first."""


@dataclass(frozen=True)
class Metrics:
    """Everything measured so far of one run."""

    series: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    """name -> step -> value."""
    alerts: tuple[Alert, ...] = ()
    rows: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """step -> rows of its batch, since the line before."""

    @property
    def steps(self) -> list[int]:
        """Steps with a line."""
        return list(self.series.get("loss", {}))

    def spikes(self) -> list[int]:
        """Steps at which a watchdog said something and rows are known, in order."""
        return sorted({a.step for a in self.alerts if a.rows or self.rows.get(a.step)})

    def batch(self, step: int) -> tuple[int, ...]:
        """Rows of a step, those that an alert names first."""
        named = [row for a in self.alerts if a.step == step for row in a.rows]
        return tuple(dict.fromkeys([*named, *self.rows.get(step, ())]))


class MetricsReader:
    """Reads the file of one run, as it grows."""

    def __init__(self, folder: Path) -> None:
        self._tail = Tail(folder / "metrics.jsonl", "step")
        self._seen = -1
        self._made = Metrics()

    def read(self) -> Metrics:
        """What is there now."""
        lines = self._tail.read()
        if len(lines) != self._seen:
            self._seen, self._made = len(lines), _metrics(lines)
        return self._made


def _metrics(lines: list[dict[str, Any]]) -> Metrics:
    series: dict[str, dict[int, float]] = {name: {} for name in SERIES}
    rows: dict[int, tuple[int, ...]] = {}
    alerts = []
    for line in lines:
        step = int(line["step"])
        if isinstance(said := line.get("alert"), dict):
            alerts.append(_alert(step, said))
        elif isinstance(seen := line.get("validation"), dict):
            if finite(seen.get("loss")) is not None:
                series["validation"][step] = float(seen["loss"])
        elif "loss" in line:
            for name in SERIES:
                if (value := finite(line.get(name))) is not None:
                    series[name][step] = value
            if isinstance(line.get("row_ids"), list):
                rows[step] = tuple(int(r) for r in line["row_ids"] if isinstance(r, int))
    return Metrics(series, tuple(alerts), rows)


def _alert(step: int, said: Mapping[str, Any]) -> Alert:
    kind = str(said.get("kind", "alert"))
    named = said.get("rows")
    rows = tuple(int(r) for r in named if isinstance(r, int)) if isinstance(named, list) else ()
    return Alert(step, kind, str(said.get("words", "")), str(said.get("recommendation", "")), rows)


def spark(values: Mapping[int, float], width: int) -> str:
    """A curve in one line: the mean of each stretch, from the lowest to the highest."""
    held = [values[step] for step in sorted(values)]
    if not held:
        return ""
    stretch = max(1, -(-len(held) // max(1, width)))
    means = [math.fsum(part) / len(part) for i in range(0, len(held), stretch) if (part := held[i : i + stretch])]
    low, high = min(means), max(means)
    scale = (len(LEVELS) - 1) / (high - low) if high > low else 0.0
    return "".join(LEVELS[round((value - low) * scale)] for value in means)


def told(name: str, value: float) -> str:
    """A number with its unit."""
    if name == "memory_bytes":
        return size(value)
    if name == "tokens_per_s":
        return f"{value:,.0f}"
    return f"{value:.2e}" if name == "learning_rate" else f"{value:.4g}"
