"""The curves of one training run: loss and validation loss large, learning rate, gradient norm and speed small below.

Training loss is a line with a band from the least to the largest value of each stretch; validation loss has a mark at
each evaluation, so the two differ in form and not in colour alone; that of the step whose weights were kept is full.
Numbered strokes stand where a watchdog spoke; the page lists what it said under the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.report.model_trainer import Point, Series, TrainedAdapter
from audit.report.plots import NARROW
from audit.report.svg import CHARACTER, Drawing, Scale

TITLES = {"learning_rate": "learning rate", "grad_norm": "gradient norm", "tokens_per_s": "tokens a second"}
MOST_MARKED = 20


def marked(run: TrainedAdapter) -> list[tuple[int, int]]:
    """(number, step) of the alerts that have a place on the curves; numbers count all alerts of the run."""
    return [(i, alert.step) for i, alert in enumerate(run.alerts, 1) if alert.step][:MOST_MARKED]


def training_curves(run: TrainedAdapter, *, width: int, name: str) -> str:
    """The drawing of one run."""
    by_name = {series.name: series for series in run.curves}
    loss = [by_name[key] for key in ("loss", "validation_loss") if key in by_name]
    small = [by_name[key] for key in TITLES if key in by_name]
    last = max(p.step for series in run.curves for p in series.points)
    ends = [(s.name.replace("_", " "), s.points[0].value, s.points[-1].value) for s in run.curves]
    told = "; ".join(f"{title} from {first:.4g} to {final:.4g}" for title, first, final in ends)
    drawing = Drawing(width, name, f"Training curves of {run.run}", f"{told}.")
    y = 0.0
    if loss:
        y = _loss(drawing, loss, last, marked(run), run.kept_step, width)
    columns = 1 if width < NARROW else max(1, len(small))
    wide = width / columns
    for i, series in enumerate(small):
        left = (i % columns) * wide
        _panel(drawing, series, last, left, wide, y + (i // columns) * 142)
    rows = -(-len(small) // columns)
    bottom = y + 142 * rows
    drawing.text(width / 2, bottom + 8, "optimizer step", "axis-label", "middle")
    return drawing.close(bottom + 16)


def _loss(
    drawing: Drawing, curves: Sequence[Series], last: int, alerts: Sequence[tuple[int, int]], kept: int | None, width: int
) -> float:
    top, bottom, left, right = 46.0, 250.0, 48.0, width - 16.0
    x = Scale(0, last, left, right, 4 if width < NARROW else 8)
    points = [p for series in curves for p in series.points]
    y = Scale(min(p.low for p in points), max(p.high for p in points), bottom, top, 5)
    _axes(drawing, x, y, left, right, bottom)
    at = -100.0
    for number, step in alerts:
        drawing.line(x(step), top - 8, x(step), bottom, "alert")
        at = max(x(step), at + 9 + 0.5 * CHARACTER * len(str(number)))  # numbers must not lie on each other
        drawing.text(at, top - 12, str(number), "letter", "middle")
    key = 8.0
    for series in curves:
        validation = series.name == "validation_loss"
        _curve(drawing, series.points, x, y, "va" if validation else "tr", marks=validation)
        title = "validation loss" if validation else "training loss"
        drawing.line(key, 10, key + 22, 10, f"thick {'va' if validation else 'tr'}")
        if validation:
            drawing.mark(key + 11, 10, "circle", "mark dot")
        drawing.text(key + 28, 14, title, "label")
        key += 44 + CHARACTER * len(title)
        best = next((p for p in series.points if validation and kept and p.step >= kept), None)
        if best is not None:
            drawing.mark(x(best.step), y(best.value), "circle", "mark kept")
            drawing.mark(key, 10, "circle", "mark kept")
            drawing.text(key + 10, 14, "kept", "label")
    return bottom + 34


def _panel(drawing: Drawing, series: Series, last: int, start: float, width: float, above: float) -> None:
    top, bottom = above + 26, above + 112
    left, right = start + 56, start + width - 24
    x, y = Scale(0, last, left, right, 3), Scale(0, max(p.high for p in series.points), bottom, top, 3)
    _axes(drawing, x, y, left, right, bottom)
    _curve(drawing, series.points, x, y, "tr", marks=False)
    drawing.text(start + 8, above + 14, TITLES[series.name], "label")


def _axes(drawing: Drawing, x: Scale, y: Scale, left: float, right: float, bottom: float) -> None:
    for tick in y.ticks:
        drawing.line(left, y(tick), right, y(tick), "grid")
        drawing.text(left - 6, y(tick) + 4, y.label(tick), "tick", "end")
    for tick in x.ticks:
        drawing.line(x(tick), bottom, x(tick), bottom + 4)
        drawing.text(x(tick), bottom + 17, x.label(tick), "tick", "middle")
    drawing.line(left, bottom, right, bottom)


def _curve(drawing: Drawing, points: Sequence[Point], x: Scale, y: Scale, css: str, *, marks: bool) -> None:
    if any(p.high > p.low for p in points):
        upper = [(x(p.step), y(p.high)) for p in points]
        lower = [(x(p.step), y(p.low)) for p in reversed(points)]
        drawing.path([*upper, *lower], "range", closed=True)
    drawing.path([(x(p.step), y(p.value)) for p in points], f"thick {css}")
    if marks or len(points) == 1:
        for p in points:
            drawing.mark(x(p.step), y(p.value), "circle", "mark dot")
