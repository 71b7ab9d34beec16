"""One study of the trainer's settings as a page: how it went, what it found, what mattered, whether it helped.

Reads `tune.json`, which holds settings, numbers and sentences of the trainer, and no text of the data. Two figures: the
value of every trial with the best so far, and the importance of each setting with its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from markupsafe import Markup

from audit.report.html import NARROW, WIDE, page
from audit.report.plots import NARROW as NARROW_PAGE
from audit.report.plots import Bar, intervals
from audit.report.svg import Drawing, Scale
from audit.report.training import IN_POINTS, title_of
from curate.safetext import safe_text
from curate.words import difference, ends, share

STATES = {"complete": "finished", "pruned": "ended early", "fail": "failed", "running": "unfinished"}
MOST_TRIALS = 30


def render(path: Path) -> str:
    """The page of one `tune.json`."""
    found = orjson.loads(path.read_bytes())
    figures = {"history": _twice("history", lambda w, n: history(found, w, n))} if _values(found) else {}
    if found["importances"]:
        figures["importance"] = _twice("importance", lambda w, n: importance(found["importances"], w, n))
    comparison = found.get("comparison")
    if comparison is not None and "means" in comparison:
        figures["comparison"] = _twice("comparison", lambda w, n: side_by_side(comparison, w, n))
    best = found["best"] or {}
    changed = [(name, shown(found["default"]["values"].get(name)), shown(value)) for name, value in best.items()]
    ranked = sorted(
        found["trials"],
        key=lambda row: (row["value"] is None, -(row["value"] or 0.0) if found["maximise"] else row["value"] or 0.0),
    )
    return page(
        "tuned.html.j2",
        t=found,
        figures=figures,
        objective=found["objective"].replace("_", " "),
        changed=changed,
        states={word: sum(row["state"] == state for row in found["trials"]) for state, word in STATES.items()},
        trials=[_row(row, best) for row in ranked[:MOST_TRIALS]],
        more=max(0, len(ranked) - MOST_TRIALS),
        names=[name for name in best if name in found["tune"]["space"]],
    )


def shown(value: Any) -> str:
    """One setting."""
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else safe_text(str(value))


def history(found: Mapping[str, Any], width: int, name: str) -> str:
    """Every trial at its number, the best so far as a line; trials that were ended early at their last rung."""
    rows = found["trials"]
    maximise = bool(found["maximise"])
    title = found["objective"].replace("_", " ")
    points = [(row["number"] + 1, value, row["state"] == "complete") for row in rows if (value := _value(row)) is not None]
    finished = [value for _, value, done in points if done]
    best = max(finished) if maximise else min(finished)
    drawing = Drawing(
        width, name, f"{title} of each trial",
        f"{len(finished)} finished trials; best {best:.4g}; " + ", ".join(f"trial {n}: {v:.4g}" for n, v, _ in points),
    )  # fmt: skip
    left, right, top, bottom = 56.0, width - 16.0, 40.0, 240.0
    x = Scale(0, max(len(rows), 2), left, right, 4 if width < NARROW_PAGE else 8)
    y = Scale(min(v for _, v, _ in points), max(v for _, v, _ in points), bottom, top, 5)
    for tick in y.ticks:
        drawing.line(left, y(tick), right, y(tick), "grid")
        drawing.text(left - 6, y(tick) + 4, y.label(tick), "tick", "end")
    for tick in (t for t in x.ticks if t == int(t)):
        drawing.line(x(tick), bottom, x(tick), bottom + 4)
        drawing.text(x(tick), bottom + 17, x.label(tick), "tick", "middle")
    drawing.line(left, bottom, right, bottom)
    steps: list[tuple[float, float]] = []
    so_far: float | None = None
    for number, value, done in points:
        if done and (so_far is None or (value > so_far if maximise else value < so_far)):
            if so_far is not None:
                steps.append((x(number), y(so_far)))
            so_far = value
            steps.append((x(number), y(value)))
    if so_far is not None:
        steps.append((x(len(rows)), y(so_far)))
    drawing.path(steps, "thick va")
    for number, value, done in points:
        drawing.mark(x(number), y(value), "circle" if done else "diamond", "mark dot" if done else "mark hollow")
    default = found["default"]["trial"]
    if default is not None and (first := next((p for p in points if p[0] == default + 1), None)) is not None:
        under = y(first[1]) < bottom - 30
        drawing.text(x(first[0]), y(first[1]) + (20 if under else -12), "the defaults", "label", "middle")
    drawing.mark(8, 12, "circle", "mark dot")
    drawing.text(20, 16, "finished", "label")
    drawing.mark(100, 12, "diamond", "mark hollow")
    drawing.text(112, 16, "ended early", "label")
    drawing.line(206, 12, 228, 12, "thick va")
    drawing.text(234, 16, "best so far", "label")
    drawing.text((left + right) / 2, bottom + 36, "trial", "axis-label", "middle")
    return drawing.close(bottom + 46)


def importance(items: Sequence[Mapping[str, Any]], width: int, name: str) -> str:
    """The share of the variance that each setting explains by itself."""
    bars = [
        Bar(item["name"], item["share"], item["low"], item["high"],
            f"{share(item['share'])} {ends(item['low'], item['high'])}")
        for item in items
    ]  # fmt: skip
    return intervals(
        bars, width=width, name=name, title="Importance of settings",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label="share of the variance explained alone, 90% intervals", zero=True, percent=True,
    )  # fmt: skip


def side_by_side(found: Mapping[str, Any], width: int, name: str) -> str:
    """Tuned less default on the test rows, with its interval, and both means."""
    points, unit, sign = (100.0, "points", 1.0) if found["metric"] in IN_POINTS else (1.0, "nats a token", -1.0)
    tuned, default = found["by_seed"]["tuned"], found["by_seed"]["default"]
    each = tuple(sign * points * (a - b) for a, b in zip(tuned, default, strict=True))
    gain, low, high = (points * found[name] for name in ("delta", "low", "high"))
    told = difference(gain, low, high, 1 if unit == "points" else 4)
    bars = [Bar("tuned less default", gain, low, high, told, points=each)]
    return intervals(
        bars, width=width, name=name, title="Tuned beside default on the test rows",
        description=f"tuned {found['means']['tuned']:.4g}, default {found['means']['default']:.4g}; gain {told} {unit}",
        x_label=f"gain in {title_of(found['metric'])} ({unit}), 95% interval",
        ends=("worse", "better"),
    )  # fmt: skip


def _twice(name: str, draw: Any) -> Markup:
    wide, narrow = draw(WIDE, f"{name}-w"), draw(NARROW, f"{name}-n")
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')


def _value(row: Mapping[str, Any]) -> float | None:
    if row["value"] is not None:
        return float(row["value"])
    rungs = row["rungs"]
    return float(rungs[max(rungs, key=int)]) if row["state"] == "pruned" and rungs else None


def _values(found: Mapping[str, Any]) -> bool:
    return any(row["value"] is not None for row in found["trials"])


def _row(row: Mapping[str, Any], best: Mapping[str, Any]) -> dict[str, Any]:
    value = _value(row)
    return {
        "number": row["number"] + 1,
        "state": STATES.get(row["state"], row["state"]),
        "value": "–" if value is None else f"{value:.4g}",
        "reason": row["reason"] or "",
        "values": [shown(row["values"].get(name)) for name in best if name in row["values"]],
    }
