"""Who was affected: how often curation removed, edited or relabelled the rows of each sensitive group.

The numbers and the outcomes are those of `audit.fairness.curation_effect` (Wilson and Newcombe intervals, Holm's
correction over groups and effects); this file only lays them out. A group too small to judge says "insufficient
evidence" rather than nothing, because a silent row reads as a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.fairness import Comparison, curation_effect
from audit.report.effects import Effects
from audit.report.model import GroupColumn, GroupRow, Interval
from audit.report.safe import Previews
from curate.dataset import Dataset

MOST_GROUPS = 20
JUDGED_BY = ("min_group_size", "delta", "alpha")


def groups_of(
    dataset: Dataset, effects: Effects, previews: Previews, settings: Mapping[str, Any]
) -> tuple[GroupColumn, ...]:
    """One table a sensitive column, groups by size; `settings` is the recipe's `[stages.fairness]`."""
    columns = dataset.groups()
    if not columns or not dataset.n_rows:
        return ()
    judged_by = {key: settings[key] for key in JUDGED_BY if isinstance(settings.get(key), int | float)}
    effect = curation_effect(columns, effects.dropped, effects.edited, effects.relabelled, **judged_by)
    rates = {(r.column, r.group, r.effect): Interval(r.rate, r.low, r.high) for r in effect.rates}
    compared = {(c.column, c.group): c for c in effect.comparisons if c.metric == "removed"}
    out = []
    for column in columns:
        sizes = {r.group: r.n for r in effect.rates if r.column == column}
        order = sorted(sizes, key=lambda g: (-sizes[g], g))
        rows = []
        for group in order[:MOST_GROUPS]:
            three = tuple(rates[column, group, e] for e in ("removed", "edited", "relabelled"))
            rows.append(_row(previews.short(group), sizes[group], three, compared.get((column, group))))
        out.append(GroupColumn(previews.short(column), tuple(rows), max(0, len(order) - MOST_GROUPS)))
    return tuple(out)


def _row(group: str, n: int, rates: tuple[Interval, ...], compared: Comparison | None) -> GroupRow:
    dropped, edited, relabelled = rates
    if compared is None:
        return GroupRow(group, n, dropped, edited, relabelled, Interval(None), "not applicable", "The only group.")
    gap = Interval(compared.value, compared.low, compared.high)
    note = note_of(compared.note, compared.rows_needed)
    return GroupRow(group, n, dropped, edited, relabelled, gap, compared.outcome, note)


def note_of(note: str, rows_needed: int | None) -> str:
    """A comparison's note as a sentence, with what would settle it."""
    said = note[:1].upper() + note[1:]
    needed = f"; about {rows_needed:,} rows of the group would settle it" if rows_needed is not None else ""
    return f"{said}{needed}." if said else ""
