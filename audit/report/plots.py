"""The report's figures, drawn as inline SVG: intervals, stacked bars, paired bars, curves, histograms.

Every figure says its axis and unit, carries a title and a description for readers who do not see it, and is drawn for
a given width: the page holds a wide and a narrow drawing and shows the one that fits, so text hardly shrinks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.report.model import LabelCount, Lengths
from audit.report.model_training import Arm
from audit.report.svg import CHARACTER, Drawing, Scale, two_lines
from curate.words import count

NARROW = 520
"""Below this width labels stand above their marks."""
LINE = 13.0
"""From one line of a label to the next."""
STATUSES = ("applied", "noted", "pending", "stale", "rejected", "superseded")


@dataclass(frozen=True)
class Bar:
    """A row of an interval plot."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    told: str
    """The numbers in words, shown at the right."""
    shape: str = "square"
    css: str = "mark"
    points: tuple[float, ...] = ()
    """Single observations, drawn small."""


def intervals(
    bars: Sequence[Bar],
    *,
    width: int,
    name: str,
    title: str,
    description: str,
    x_label: str,
    band: float | None = None,
    zero: bool = True,
    percent: bool = False,
    ends: tuple[str, str] | None = None,
) -> str:
    """Estimates with their intervals, one row each; `band` shades ±band, `ends` names the two directions."""
    drawing = Drawing(width, name, title, description)
    narrow = width < NARROW
    left = 8.0 if narrow else min(330.0, 16 + CHARACTER * max((len(b.label) for b in bars), default=0))
    told_width = 0.0 if narrow else 14 + CHARACTER * max((len(b.told) for b in bars), default=0)
    written = [two_lines(b.label, width - 16 if narrow else left - 8) for b in bars]
    second = LINE * (max(map(len, written), default=1) - 1)
    step, top = (58.0 + second, 4.0) if narrow else (30.0, 8.0)
    values = [v for b in bars for v in (b.value, b.low, b.high, *b.points) if v is not None]
    values += [0.0] if zero else []
    values += [-1.6 * band, 1.6 * band] if band else []
    if not values:
        values = [0.0, 1.0]
    scale = Scale(min(values), max(values), left + 8, width - told_width - 12, 4 if narrow else 6)
    bottom = top + step * len(bars) + 4
    if band:
        drawing.rect(scale(-band), top - 4, scale(band) - scale(-band), bottom - top + 4, "band")
    for tick in scale.ticks:
        drawing.line(scale(tick), bottom, scale(tick), top - 4, "grid")
        said = scale.label(tick, signed=zero and not percent, percent=percent)
        drawing.text(scale(tick), bottom + 16, said, "tick", "middle")
    if zero:
        drawing.line(scale(0), top - 4, scale(0), bottom, "zero")
    drawing.line(scale.left, bottom, scale.right, bottom)
    for i, (bar, lines) in enumerate(zip(bars, written, strict=True)):
        y = top + step * i + (44 + second if narrow else step / 2)
        if narrow:
            for line, label in enumerate(reversed(lines)):
                drawing.text(left, y - 28 - LINE * line, label, "label", room=width - 16)
            drawing.text(left, y - 13, bar.told, "told soft")
        else:
            for line, label in enumerate(lines):
                drawing.text(left, y + 4 + LINE * (line - (len(lines) - 1) / 2), label, "label", "end", room=left - 8)
            drawing.text(width - told_width + 8, y + 4, bar.told, "told")
        if bar.low is not None and bar.high is not None:
            drawing.line(scale(bar.low), y, scale(bar.high), y, "whisker")
            for end in (bar.low, bar.high):
                drawing.line(scale(end), y - 4, scale(end), y + 4, "whisker")
        for point in bar.points:
            drawing.line(scale(point), y - 7, scale(point), y + 7, "rug")
        if bar.value is not None:
            drawing.mark(scale(bar.value), y, bar.shape, bar.css)
    y = bottom + 34
    drawing.text((scale.left + scale.right) / 2, y, x_label, "axis-label", "middle", room=width - 16)
    if ends:
        y += 16
        drawing.text(scale.left, y, f"← {ends[0]}", "tick", room=(scale.right - scale.left) / 2)
        drawing.text(scale.right, y, f"{ends[1]} →", "tick", "end", room=(scale.right - scale.left) / 2)
    return drawing.close(y + 10)


def stacked(
    rows: Sequence[tuple[str, Mapping[str, int]]], *, width: int, name: str, title: str, description: str, x_label: str
) -> str:
    """Counts by status, one bar a row, the statuses told apart by pattern; a legend names the patterns in use."""
    drawing = Drawing(width, name, title, description)
    narrow = width < NARROW
    used = [s for s in STATUSES if any(by.get(s) for _, by in rows)]
    x, y = 8.0, 16.0
    for status in used:
        if x + 26 + CHARACTER * len(status) > width:
            x, y = 8.0, y + 20
        drawing.rect(x, y - 10, 14, 12, f"bar {status}")
        drawing.text(x + 20, y, status, "label")
        x += 40 + CHARACTER * len(status)
    top = y + 16
    step = 42.0 if narrow else 28.0
    left = 8.0 if narrow else min(230.0, 16 + CHARACTER * max((len(label) for label, _ in rows), default=0))
    most = max((sum(by.values()) for _, by in rows), default=0)
    scale = Scale(0, max(most, 1), left + (0 if narrow else 8), width - 64, 4 if narrow else 6)
    bottom = top + step * len(rows) + 2
    for tick in scale.ticks:
        drawing.line(scale(tick), top - 2, scale(tick), bottom, "grid")
        drawing.text(scale(tick), bottom + 16, scale.label(tick), "tick", "middle" if tick or not narrow else "start")
    for i, (label, by) in enumerate(rows):
        y = top + step * i + (18 if narrow else 5)
        side, room = ("start", width - 16) if narrow else ("end", left - 8)
        drawing.text(left, y - 5 if narrow else y + 13, label, "label", side, room)
        start = 0
        for status in used:
            n = by.get(status, 0)
            drawing.rect(scale(start), y, scale(start + n) - scale(start), 18, f"bar {status}")
            start += n
        drawing.text(scale(start) + 6, y + 13, count(start), "told")
    drawing.line(scale.left, top - 2, scale.left, bottom)
    drawing.text((scale.left + scale.right) / 2, bottom + 34, x_label, "axis-label", "middle")
    return drawing.close(bottom + 44)


def before_after(rows: Sequence[LabelCount], *, width: int, name: str, title: str, description: str) -> str:
    """Rows by label, before (hatched) above after (solid)."""
    drawing = Drawing(width, name, title, description)
    narrow = width < NARROW
    _key(drawing)
    top, step = 32.0, (46.0 if narrow else 30.0)
    left = 8.0 if narrow else min(230.0, 16 + CHARACTER * max((len(r.label) for r in rows), default=0))
    most = max((max(r.before, r.after) for r in rows), default=1)
    told = 16 + CHARACTER * max((len(_told(r)) for r in rows), default=0)
    scale = Scale(0, max(most, 1), left + (0 if narrow else 8), width - told, 3 if narrow else 6)
    bottom = top + step * len(rows) + 2
    for tick in scale.ticks:
        drawing.line(scale(tick), top - 2, scale(tick), bottom, "grid")
        drawing.text(scale(tick), bottom + 16, scale.label(tick), "tick", "middle" if tick or not narrow else "start")
    for i, row in enumerate(rows):
        y = top + step * i + (20 if narrow else 5)
        room = width - 16 if narrow else left - 8
        drawing.text(left, y - 5 if narrow else y + 14, row.label, "label", "start" if narrow else "end", room=room)
        drawing.rect(scale(0), y, scale(row.before) - scale(0), 9, "bar before")
        drawing.rect(scale(0), y + 10, scale(row.after) - scale(0), 9, "bar after")
        drawing.text(scale(max(row.before, row.after)) + 6, y + 14, _told(row), "told")
    drawing.line(scale.left, top - 2, scale.left, bottom)
    drawing.text((scale.left + scale.right) / 2, bottom + 34, "rows", "axis-label", "middle")
    return drawing.close(bottom + 44)


def _told(row: LabelCount) -> str:
    return f"{row.before:,} → {row.after:,}"


def _key(drawing: Drawing) -> None:
    drawing.rect(8, 4, 14, 12, "bar before")
    drawing.text(28, 14, "before", "label")
    drawing.rect(92, 4, 14, 12, "bar after")
    drawing.text(112, 14, "after", "label")


def histogram(lengths: Lengths, *, width: int, name: str, title: str, description: str) -> str:
    """Rows by length: before as hatched bars, after as solid bars in front of them."""
    drawing = Drawing(width, name, title, description)
    _key(drawing)
    top, bottom, left = 28.0, 190.0, 52.0
    x = Scale(lengths.edges[0], lengths.edges[-1], left, width - 16, 4 if width < NARROW else 8)
    y = Scale(0, max(*lengths.before, 1), bottom, top, 4)
    for tick in y.ticks:
        drawing.line(left, y(tick), width - 16, y(tick), "grid")
        drawing.text(left - 6, y(tick) + 4, y.label(tick), "tick", "end")
    for tick in x.ticks:
        drawing.line(x(tick), bottom, x(tick), bottom + 4)
        drawing.text(x(tick), bottom + 17, x.label(tick), "tick", "middle")
    for i, (before, after) in enumerate(zip(lengths.before, lengths.after, strict=True)):
        a, b = x(lengths.edges[i]), x(lengths.edges[i + 1])
        drawing.rect(a, y(before), b - a - 0.5, bottom - y(before), "bar before")
        drawing.rect(a + 0.5, y(after), b - a - 1.5, bottom - y(after), "bar after")
    drawing.line(left, bottom, width - 16, bottom)
    drawing.text((left + width - 16) / 2, bottom + 36, "length of a row (characters)", "axis-label", "middle")
    drawing.text(width - 16, 14, "rows per bin", "tick", "end")
    return drawing.close(bottom + 46)


def curves(arms: Sequence[Arm], *, width: int, name: str, title: str, description: str, y_label: str) -> str:
    """Loss by step: a thin line a seed, a thick one for their mean, the arm's letter at its end."""
    drawing = Drawing(width, name, title, description)
    top, bottom, left, right = 26.0, 250.0, 48.0, width - 30.0
    drawn = [a for a in arms if any(s.curve for s in a.seeds)]
    points = [p for a in drawn for s in a.seeds for p in s.curve]
    x = Scale(0, max(p.step for p in points), left, right, 4 if width < NARROW else 8)
    y = Scale(min(p.loss for p in points), max(p.loss for p in points), bottom, top, 5)
    for tick in y.ticks:
        drawing.line(left, y(tick), right, y(tick), "grid")
        drawing.text(left - 6, y(tick) + 4, y.label(tick), "tick", "end")
    for tick in x.ticks:
        drawing.line(x(tick), bottom, x(tick), bottom + 4)
        drawing.text(x(tick), bottom + 17, x.label(tick), "tick", "middle")
    ends = []
    for arm in drawn:
        css = f"s{arm.letter.lower()}"
        for seed in arm.seeds:
            drawing.path([(x(p.step), y(p.loss)) for p in seed.curve], f"thin {css}")
    for arm in drawn:
        by_step: dict[int, list[float]] = {}
        for seed in arm.seeds:
            for p in seed.curve:
                by_step.setdefault(p.step, []).append(p.loss)
        mean = [(x(step), y(sum(v) / len(v))) for step, v in sorted(by_step.items())]
        drawing.path(mean, f"thick s{arm.letter.lower()}")
        ends.append((mean[-1][1], mean[-1][0], arm.letter))
    last = -100.0
    for y_end, x_end, letter in sorted(ends):
        last = max(y_end + 4, last + 14)  # letters must not lie on each other
        drawing.text(x_end + 6, last, letter, f"letter l{letter.lower()}")
    drawing.line(left, bottom, right, bottom)
    drawing.text((left + right) / 2, bottom + 36, "optimizer step", "axis-label", "middle")
    drawing.text(4, 14, y_label, "tick")
    return drawing.close(bottom + 46)
