"""Trained adapters as the report shows them, from `train/final/<seed>/` and from the arms that an ablation names.

Reads `metrics.jsonl` and `done.json`, so a run that was stopped, or that diverged, still shows its curves and alerts.
Means over stretches of steps keep a curve at `MOST_POINTS` points; least and largest of each stretch stay with it, so
that a spike is not averaged away. Class names pass the masked previews once more. Whatever is missing is left out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson

from audit.report.interval import Interval
from audit.report.model_trainer import (
    ClassScore,
    Confusion,
    JudgedMetric,
    JudgedSet,
    Point,
    Series,
    TrainedAdapter,
    TrainerAlert,
)
from audit.report.safe import READ, SHORT
from curate.dataset.jsontext import json_or_empty
from curate.privacy.preview import masked_preview
from curate.statistics import finite
from curate.words import plural

FOLDER = "final"
SETS = ("evaluation", "real_world")
CURVES = ("loss", "learning_rate", "grad_norm", "tokens_per_s")
MOST_POINTS, MOST_ALERTS, MOST_ROWS, MOST_CLASSES, MOST_CONFUSIONS = 120, 40, 12, 200, 12
PARTS: tuple[tuple[str, ...], ...] = ((), ("calibration",), ("answers",), ("user", "values"))
"""Where the metrics of a set stand in `done.json`, each part with its own `intervals`."""
NOT_METRICS = ("rows", "pairs", "supervised_tokens", "answers", "rows_with_unknown_label")


class Shown(Protocol):
    """Makes texts safe to show; `audit.report.safe.Previews` does."""

    def short(self, text: str | None, width: int = SHORT) -> str: ...

    def sentence(self, text: str | None) -> str: ...


class Masks:
    """Safe texts where no dataset is at hand."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], str] = {}

    def short(self, text: str | None, width: int = SHORT) -> str:
        """A safe short text."""
        key = (text or "", width)
        if key not in self._known:
            self._known[key] = masked_preview(key[0], width) if key[0] else ""
        return self._known[key]

    def sentence(self, text: str | None) -> str:
        """A safe sentence of our own."""
        return self.short(text, READ)


def adapter_of(path: Path) -> TrainedAdapter:
    """The adapter of one training folder by itself; raises OSError where it holds no `metrics.jsonl`."""
    return _adapter(path, f"seed {path.name}" if path.name.isdigit() else path.name, Masks())


def adapters_of(folder: Path | None, previews: Shown) -> tuple[TrainedAdapter, ...]:
    """The adapters that `curate train` made in a run directory, by seed."""
    root = None if folder is None else folder / "train" / FOLDER
    if root is None or not root.is_dir():
        return ()
    found = sorted((p for p in root.iterdir() if (p / "metrics.jsonl").is_file()), key=lambda p: (len(p.name), p.name))
    return tuple(_adapter(p, f"seed {p.name}", previews) for p in found)


def arm_alerts_of(
    ablation: Mapping[str, Any] | None, folder: Path | None, previews: Shown
) -> tuple[TrainerAlert, ...]:
    """What the watchdogs said of an ablation's arms; notes are left to the files."""
    out: list[TrainerAlert] = []
    for arm in (ablation or {}).get("arms") or ():
        for run in arm.get("runs") or ():
            path = _inside(folder, run.get("curve"))
            name = previews.short(f"{arm.get('name')} seed {run.get('seed')}")
            if path is not None:
                out += [a for a in _alerts(_lines(path), name, previews) if a.severity != "note"]
    return tuple(_once(out)[:MOST_ALERTS])


def _once(alerts: Sequence[TrainerAlert]) -> list[TrainerAlert]:
    """One of a kind where runs have it in common: alerts of before training are the same for every arm that shares its
    rows, and one that names no row tells of the machine or of all runs alike; a busy machine would fill pages."""
    alike: dict[tuple[Any, ...], list[TrainerAlert]] = {}
    for alert in alerts:
        own = (alert.step, alert.run) if alert.rows or alert.names else (alert.words,)
        alike.setdefault((alert.kind, *(own if alert.step else ())), []).append(alert)
    out = []
    for first, *others in alike.values():
        more = len({a.run for a in others} - {first.run}) if first.step else 0
        out.append(dataclasses.replace(first, run=f"{first.run} and {plural(more, 'other run')}") if more else first)
    return out


def _inside(folder: Path | None, name: Any) -> Path | None:
    """The file inside the run directory that `ablation.json` names; a name that leads out of it names none."""
    if folder is None or not isinstance(name, str):
        return None
    root = folder.resolve()
    found = (p for p in (root / name, root / "train" / name) if p.resolve().is_relative_to(root) and p.is_file())
    return next(found, None)


def _adapter(path: Path, run: str, previews: Shown) -> TrainedAdapter:
    lines = list(_lines(path / "metrics.jsonl"))
    done = json_or_empty(path / "done.json")
    judged = done.get(SETS[0]) or {}
    classes = [
        ClassScore(
            previews.short(str(name)), _share(c.get("precision")), _share(c.get("recall")), _share(c.get("f1")), c["rows"]
        )
        for name, c in (judged.get("per_class") or {}).items()
        if isinstance(c, Mapping) and isinstance(c.get("rows"), int)
    ]
    confused = [
        Confusion(previews.short(str(c["truth"])), previews.short(str(c["prediction"])), int(c["rows"]), _share(c["share"]))
        for c in judged.get("confusions") or ()
    ]
    methods = ((judged.get("answers") or {}).get("methods") or {}).items()
    return TrainedAdapter(
        run=previews.short(run),
        finished=bool(done),
        base=previews.short(str(done.get("base") or "")),
        rows=_integer(done.get("rows")),
        steps=_integer(done.get("steps")),
        seconds=finite(done.get("seconds")),
        curves=_curves(lines),
        alerts=tuple(_alerts(lines, run, previews))[:MOST_ALERTS],
        sets=tuple(s for name in SETS if (s := _set(name, done, previews)) is not None),
        classes=tuple(sorted(classes, key=lambda c: (c.f1, c.label))[:MOST_CLASSES]),
        confusions=tuple(confused[:MOST_CONFUSIONS]),
        methods=tuple(previews.short(f"{name}: {method}", READ) for name, method in methods),
        planned_steps=_integer(done.get("planned_steps")),
        kept_step=_integer(done.get("kept_step")),
    )


def _set(name: str, done: Mapping[str, Any], previews: Shown) -> JudgedSet | None:
    adapter, base = done.get(name), done.get(f"base_{name}") or {}
    if not isinstance(adapter, Mapping):
        return None
    metrics = []
    for part in PARTS:
        ours, theirs = _part(adapter, part), _part(base, part)
        spans = ours.get("intervals") or {}
        for key, value in ours.items():
            if finite(value) is None or key in NOT_METRICS:
                continue
            low, high = spans.get(key) or (None, None)
            span = Interval(finite(value), finite(low), finite(high))
            title = previews.short(str(key).replace("_", " "))
            metrics.append(JudgedMetric(title, finite(theirs.get(key)), finite(value), span))
    method = previews.short(str(base.get("method") or ""), READ)
    return JudgedSet(name, _integer(adapter.get("rows")), method, tuple(metrics))


def _part(value: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        found = value.get(key)
        value = found if isinstance(found, Mapping) else {}
    return value


def _curves(lines: Sequence[Mapping[str, Any]]) -> tuple[Series, ...]:
    known = {name: [(x["step"], x[name]) for x in lines if finite(x.get(name)) is not None] for name in CURVES}
    out = [Series(name, _points(values)) for name, values in known.items()]
    watched = [
        (x["step"], x["validation"]["loss"])
        for x in lines
        if isinstance(x.get("validation"), Mapping) and finite(x["validation"].get("loss")) is not None
    ]
    out.insert(1, Series("validation_loss", _points(watched)))
    return tuple(series for series in out if series.points)


def _points(values: Sequence[tuple[Any, Any]]) -> tuple[Point, ...]:
    stretch = max(1, -(-len(values) // MOST_POINTS))
    out = []
    for i in range(0, len(values), stretch):
        part = [float(v) for _, v in values[i : i + stretch]]
        out.append(Point(int(values[i : i + stretch][-1][0]), math.fsum(part) / len(part), min(part), max(part)))
    return tuple(out)


def _alerts(lines: Iterable[Mapping[str, Any]], run: str, previews: Shown) -> Iterator[TrainerAlert]:
    for line in lines:
        alert = line.get("alert")
        if not isinstance(alert, Mapping) or not alert.get("kind"):
            continue
        rows = [int(r) for r in alert.get("row_ids") or () if isinstance(r, int)]
        rules = {str(rule) for found in (alert.get("findings") or {}).values() for rule in found}
        yield TrainerAlert(
            run=run,
            kind=previews.short(str(alert["kind"]).replace("_", " ")),
            severity=previews.short(str(alert.get("severity") or "warning")),
            step=int(alert.get("step") or 0),
            words=previews.sentence(str(alert.get("words") or "")),
            recommendation=previews.sentence(str(alert.get("recommendation") or "")),
            numbers={previews.short(str(k).replace("_", " ")): finite(v) for k, v in (alert.get("numbers") or {}).items()},
            rows=tuple(rows[:MOST_ROWS]),
            more_rows=max(0, len(rows) - MOST_ROWS),
            findings=tuple(previews.short(rule) for rule in sorted(rules)),
            names=tuple(previews.short(str(name)) for name in (alert.get("names") or ())[:MOST_ROWS]),
        )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file that have a step; a line cut short by a crash is left out."""
    with path.open("rb") as file:
        for text in file:
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            if isinstance(line, dict) and isinstance(line.get("step"), int):
                yield line


def _integer(value: Any) -> int | None:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _share(value: Any) -> float:
    return finite(value) or 0.0
