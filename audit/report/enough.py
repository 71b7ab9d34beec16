"""Whether there is enough data, as the report shows it: the stage's numbers put into words and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.interval import Interval
from audit.report.model_enough import CurvePoint, Enough, SmallClass
from audit.report.svg import Drawing, Scale
from audit.report.words import percent_span, points_span
from curate.safetext import safe_text
from curate.words import count, percent, plural

STAGE = "sufficiency"
SHOWN = 12


def enough_of(record: Mapping[str, Any] | None) -> Enough | None:
    """The report's tree from the stage's record; None where it did not run."""
    if record is None or record.get("status") != "done":
        return None
    s = record.get("summary") or {}
    curve = s.get("curve") or {}
    return Enough(
        sentence=_sentence(s),
        rows=int(s["rows"]),
        distinct=int(s["distinct"]),
        smallest=tuple(
            SmallClass(safe_text(str(c["label"])), int(c["rows"]), int(c["distinct"]))
            for c in s.get("smallest", ())[:SHOWN]
        ),
        curve=tuple(_point(p) for p in curve.get("points", ())),
        doubled=_point(curve["doubled"]) if curve.get("doubled") else None,
        backtest=_point(curve["backtest"]) if curve.get("backtest") else None,
        curve_says=_curve_says(curve),
    )


def _point(p: Mapping[str, Any]) -> CurvePoint:
    return CurvePoint(int(p["rows"]), float(p["accuracy"]), float(p["low"]), float(p["high"]))


def _sentence(s: Mapping[str, Any]) -> str:
    rows = f"{plural(s['rows'], 'row')}, {count(s['distinct'])} of them distinct" if s["copies_known"] else plural(
        s["rows"], "row"
    )
    if "classes" not in s:
        verdict = "fewer than" if s["distinct"] < s["min_rows"] else "at least"
        return f"{rows}: {verdict} the {count(s['min_rows'])} that the recipe asks for."
    few = s["classes_below"]
    below = f"{plural(few, 'class', 'classes')} of {count(s['classes'])} {'has' if few == 1 else 'have'} fewer than "
    below = below if few else f"each of {plural(s['classes'], 'class', 'classes')} has at least "
    return (
        f"{rows}; {below}{count(s['min_rows'])} distinct rows. The largest class has {_short(s['imbalance'])} times the "
        f"rows of the smallest; the labels are as varied as {_short(s['effective_classes'])} equally large classes."
    )


def _short(value: float) -> str:
    return count(round(value)) if value >= 100 else f"{value:.3g}"


def _curve_says(curve: Mapping[str, Any]) -> str:
    if not curve:
        return ""
    if not curve.get("points"):
        return f"Insufficient evidence for a learning curve: {safe_text(str(curve.get('why_missing', '')))}."
    tested, last = curve["backtest"], curve["points"][-1]
    predicted = percent_span(Interval(tested["accuracy"], tested["low"], tested["high"]))
    return (
        f"Twice the rows would bring a quick model {points_span(Interval(*curve['gain']))} points of accuracy. The same "
        f"method, shown only the smaller sizes, predicted {predicted} for all rows; {percent(last['accuracy'])} were "
        "measured."
    )


def learning_curve(enough: Enough, *, width: int, name: str) -> str:
    """Accuracy by rows, doubling from mark to mark; the extrapolated doubling is an open mark."""
    drawing = Drawing(width, name, "Learning curve", enough.curve_says)
    top, bottom, left, right = 26.0, 220.0, 52.0, width - 30.0
    points = [*enough.curve, *((enough.doubled,) if enough.doubled else ())]
    x = [left + (right - left) * (i + 0.5) / len(points) for i in range(len(points))]
    y = Scale(min(p.low for p in points), max(p.high for p in points), bottom, top, 5)
    for tick in y.ticks:
        drawing.line(left, y(tick), right, y(tick), "grid")
        drawing.text(left - 6, y(tick) + 4, y.label(tick, percent=True), "tick", "end")
    drawing.path([(at, y(p.accuracy)) for at, p in zip(x, enough.curve)], "thick sb")
    for i, (at, p) in enumerate(zip(x, points)):
        measured = i < len(enough.curve)
        drawing.line(at, y(p.low), at, y(p.high), "whisker")
        drawing.mark(at, y(p.accuracy), "circle" if measured else "diamond", "mark" if measured else "mark hollow")
        drawing.text(at, bottom + 17, count(p.rows), "tick", "middle")
    drawing.line(left, bottom, right, bottom)
    drawing.text((left + right) / 2, bottom + 36, "training rows (diamond: extrapolated)", "axis-label", "middle")
    drawing.text(4, 14, "accuracy on rows not trained on", "tick")
    return drawing.close(bottom + 46)
