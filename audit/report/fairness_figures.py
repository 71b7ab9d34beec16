"""The figure of the fairness stage: differences between groups, with the margin within which they count as none."""

from __future__ import annotations

from audit.fairness.encode import JOIN
from audit.report import plots
from audit.report.model_fairness import Fairness, FairnessRow
from audit.report.plots import Bar
from audit.report.words import points_span

MOST_BARS = 14
SHAPES = {True: "diamond", False: "square"}


def crossed(column: str) -> bool:
    """Whether a column is an intersection of several."""
    return JOIN in column


def drawable(fairness: Fairness) -> list[FairnessRow]:
    """Comparisons of the whole model, or of labels, by single columns, that have a number."""
    if not fairness.delta:
        return []
    return [r for r in fairness.rows if r.estimate.value is not None and "[" not in r.metric and not crossed(r.column)]


def differences(fairness: Fairness, *, width: int, name: str) -> str:
    """Each group less all others, disparities first."""
    bars = []
    rows = drawable(fairness)[:MOST_BARS]
    several = len({r.column for r in rows}) > 1
    for r in rows:
        x, loud = r.estimate, r.outcome == "disparity"
        value, low, high = (None if v is None else 100 * v for v in (x.value, x.low, x.high))
        css = "mark" if loud else "mark hollow"
        label = f"{r.column} = {r.group}: {r.metric}" if several else f"{r.group}: {r.metric}"
        label = label.replace(" = named: ", ": ")  # of groups that texts name, each is a column of its own
        bars.append(Bar(label, value, low, high, points_span(x), SHAPES[loud], css))
    return plots.intervals(
        bars, width=width, name=name, title="Differences between groups",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label="group less all others (points), 95% intervals", band=100 * (fairness.delta or 0.0),
    )  # fmt: skip
