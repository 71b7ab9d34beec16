"""Counterfactual swaps in the report: what a model answers when the text speaks of another person.

Laid out from the stage's summary; nothing is computed here. An axis that no text speaks of is named as unknown: silence
about it would read as a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.report import plots
from audit.report.fairness import number
from audit.report.interval import Interval
from audit.report.model_fairness import SwapRow, Swaps
from audit.report.plots import Bar
from audit.report.safe import Previews
from audit.report.words import percent_span
from curate.words import count, percent, plural

STAGE = "counterfactual_swaps"
ALL = "(all)"
ORDER = ("shown", "insufficient evidence", "within")
MOST_KINDS = 30
MOST_BARS = 14


def swaps_of(record: Any, previews: Previews) -> Swaps | None:
    """What the stage says; None where it is not part of the run."""
    if not isinstance(record, Mapping):
        return None
    if record.get("status") == "skipped":
        return Swaps("skipped", previews.sentence(str(record.get("reason") or "")))
    summary = record.get("summary") or {}
    effects = [e for e in summary.get("effects") or () if isinstance(e, Mapping)]
    axes = [_row(e, previews) for e in effects if e.get("before") == ALL]
    kinds = [_row(e, previews) for e in effects if e.get("before") != ALL]
    axes.sort(key=lambda r: (ORDER.index(r.outcome), -(r.flip.value or 0.0), r.axis))
    kinds.sort(key=lambda r: (ORDER.index(r.outcome), -abs(r.shift.value or 0.0), r.axis, r.before, r.after))
    spoken = {e.get("axis") for e in effects}
    silent = tuple(_words(a) for a in summary.get("axes") or () if a not in spoken)
    rows, pairs, other = (int(summary.get(key) or 0) for key in ("rows", "pairs", "rows_not_english"))
    delta = number(summary.get("delta"))
    return Swaps("done", "", rows, pairs, delta, tuple(axes), tuple(kinds[:MOST_KINDS]), silent, other)


def _row(e: Mapping[str, Any], previews: Previews) -> SwapRow:
    whole = e.get("before") == ALL
    before, after = ("", "") if whole else (previews.short(_words(e["before"])), previews.short(_words(e["after"])))
    outcome = e.get("outcome")
    return SwapRow(
        _words(e["axis"]), before, after, int(e["pairs"]), int(e["rows"]),
        "shown" if outcome == "shown" else "within" if outcome == "within" else "insufficient evidence",
        Interval(number(e.get("flip_rate")), number(e.get("flip_low")), number(e.get("flip_high"))),
        Interval(number(e.get("shift")), number(e.get("shift_low")), number(e.get("shift_high"))),
        number(e.get("mean_change")) or 0.0, number(e.get("p")),
    )  # fmt: skip


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def told(row: SwapRow) -> str:
    """A kind of swap in words."""
    return f"{row.before} → {row.after}" if row.before else row.axis


def sentences(found: Swaps) -> Iterator[str]:
    """What the axes come to, loudest first."""
    if found.status == "skipped":
        yield f"Not judged. {found.reason}".strip()
        return
    shown = [r.axis for r in found.axes if r.outcome == "shown"]
    open_ = [r for r in found.axes if r.outcome == "insufficient evidence"]
    margin = percent(found.delta, 0)
    if shown:
        yield (
            f"A model of this data answers otherwise when the text speaks of another person: {', '.join(shown)}. Its "
            f"answer flips in more than {margin} of texts, or its score moves by more than {margin}, beyond chance and "
            "after correction for the number of axes."
        )
    if open_:
        named = ", ".join(f"{r.axis} ({count(r.rows)} rows)" for r in open_)
        yield f"Insufficient evidence for {named}. That is not a pass."
    if found.silent:
        yield f"No text speaks of {', '.join(found.silent)}: nothing is known of what a model would answer."
    if found.axes and not shown and not open_:
        yield f"On every axis that texts speak of, answers stay the same within ±{margin}."
    if found.not_english:
        yield f"{plural(found.not_english, 'row')} in other languages: only names were swapped there."


def figure(found: Swaps, *, width: int, name: str) -> str:
    """Flip rate of each axis, with the margin up to which it counts as none."""
    bars = []
    for r in found.axes[:MOST_BARS]:
        loud = r.outcome == "shown"
        value, low, high = (None if v is None else 100 * v for v in (r.flip.value, r.flip.low, r.flip.high))
        bars.append(Bar(
            f"{r.axis}: {count(r.pairs)} pairs", value, low, high, percent_span(r.flip),
            "diamond" if loud else "square", "mark" if loud else "mark hollow",
        ))  # fmt: skip
    return plots.intervals(
        bars, width=width, name=name, title="How often answers flip",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label="texts whose answer flips (%), 95% intervals", band=100 * (found.delta or 0.0),
    )  # fmt: skip
