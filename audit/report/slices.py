"""The worst slices in the report: which rows, in words, do worse than the others; of quality, of labels, of a model.

Laid out from the summaries of the stages `slices` and `fairness`; nothing is computed here. Intervals allow for the
search over all slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report import plots
from audit.report.interval import Interval
from audit.report.model_fairness import SliceRow, SliceTable
from audit.report.plots import Bar
from audit.report.safe import Previews
from audit.report.words import points_span
from curate.words import count, plural

STAGE = "slices"
FAIRNESS = "fairness"
TITLES = {
    "wrong_answers": ("Where a model is wrong most often", "share of rows that a model answers wrongly"),
    "doubtful_labels": ("Where labels are most doubtful", "probability that the label is wrong"),
    "low_quality": ("Where text quality is lowest", "text quality, 0 to 1"),
}
MOST_BARS = 10


def slices_of(records: Mapping[str, Any], previews: Previews) -> tuple[SliceTable, ...]:
    """A table for each score that was searched, slices found or not; empty where neither stage searched."""
    found: dict[str, Any] = {}
    summary = (records.get(FAIRNESS) or {}).get("summary") or {}
    if isinstance(summary.get("slices"), Mapping):
        found["wrong_answers"] = summary["slices"]
    found |= {rule: told for rule, told in ((records.get(STAGE) or {}).get("summary") or {}).items() if rule in TITLES}
    return tuple(_table(rule, found[rule], previews) for rule in TITLES if isinstance(found.get(rule), Mapping))


def _table(rule: str, told: Mapping[str, Any], previews: Previews) -> SliceTable:
    rows = tuple(_row(s, previews) for s in told.get("slices") or ())
    return SliceTable(*TITLES[rule], rows, *(int(told.get(key) or 0) for key in ("candidates", "rows", "min_rows")))


def _row(told: Mapping[str, Any], previews: Previews) -> SliceRow:
    words = " and ".join(f"{name} {condition}" for name, condition in told["conditions"])
    difference = Interval(told["difference"], told["low"], told["high"])
    return SliceRow(previews.short(words, 120), int(told["rows"]), told["mean"], told["others"], difference, told["p"])


def said(table: SliceTable) -> str:
    """What was searched."""
    if not table.candidates:
        return "Nothing was searched: too few rows with a score, or no condition that holds for enough of them."
    searched = (
        f"{count(table.candidates)} slices of one or two conditions were compared, each of at least "
        f"{plural(table.min_rows, 'row')}, over {plural(table.searched, 'row')}"
    )
    if not table.rows:
        return f"{searched}. None is worse than the others beyond the chance of the search."
    return f"{searched}. Those below are worse than the others beyond the chance of the search; they may overlap."


def figure(table: SliceTable, *, width: int, name: str) -> str:
    """How much worse each slice is."""
    bars = [
        Bar(r.words, 100 * (r.difference.value or 0.0), _percent(r.difference.low), _percent(r.difference.high),
            points_span(r.difference))
        for r in table.rows[:MOST_BARS]
    ]  # fmt: skip
    return plots.intervals(
        bars, width=width, name=name, title=table.title, description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label="worse than the other rows by (points); intervals allow for the search",
    )  # fmt: skip


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value
