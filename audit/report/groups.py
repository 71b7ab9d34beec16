"""Who was affected: how often curation removed, edited or relabelled the rows of each sensitive group, stage by stage.

The numbers and the outcomes are those of `audit.fairness.curation` (Wilson and Newcombe intervals, near-duplicate clusters
kept together, Holm's correction over groups and effects); this file only lays them out. A group too small to judge says
"insufficient evidence" rather than nothing, because a silent row reads as a pass. *Found* counts the rows that a stage
named, whatever came of it: rates of probably wrong labels and of personal data by group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.fairness import Comparison, curation_effect, effects_by_group
from audit.report.effects import Effects
from audit.report.interval import Interval
from audit.report.model_fairness import GroupColumn, GroupRow, StageEffect
from audit.report.safe import Previews
from curate.dataset import Dataset

MOST_GROUPS = 20
MOST_LINES = 40
JUDGED_BY = ("min_group_size", "delta", "alpha")
ACTIONS = {"removed": "drop", "edited": "replace", "relabelled": "relabel"}


def groups_of(
    dataset: Dataset, effects: Effects, previews: Previews, settings: Mapping[str, Any], clusters: Any = None
) -> tuple[GroupColumn, ...]:
    """One table a sensitive column, groups by size; `settings` is the recipe's `[stages.fairness]`."""
    columns = dataset.groups()
    if not columns or not dataset.n_rows:
        return ()
    judged_by: dict[str, Any] = {key: settings[key] for key in JUDGED_BY if isinstance(settings.get(key), int | float)}
    judged_by["clusters"] = clusters
    effect = curation_effect(columns, effects.dropped, effects.edited, effects.relabelled, **judged_by)
    rates = {(r.column, r.group, r.effect): Interval(r.rate, r.low, r.high) for r in effect.rates}
    compared = {(c.column, c.group): c for c in effect.comparisons if c.metric == "removed"}
    by_stage = _by_stage(columns, effects, previews, judged_by)
    out = []
    for column in columns:
        sizes = {r.group: r.n for r in effect.rates if r.column == column}
        order = sorted(sizes, key=lambda g: (-sizes[g], g))
        rows = []
        for group in order[:MOST_GROUPS]:
            three = tuple(rates[column, group, e] for e in ("removed", "edited", "relabelled"))
            rows.append(_row(previews.short(group), sizes[group], three, compared.get((column, group))))
        left = max(0, len(order) - MOST_GROUPS)
        out.append(GroupColumn(previews.short(column), tuple(rows), left, by_stage.get(column, ())))
    return tuple(out)


def _by_stage(
    columns: Mapping[str, Any], effects: Effects, previews: Previews, judged_by: Mapping[str, Any]
) -> dict[str, tuple[StageEffect, ...]]:
    """Where a stage found or changed more or less in a group than in the others, beyond chance."""
    masks: dict[str, Any] = {}
    for stage in (s for s in effects.stages if s != "fairness"):
        rows = effects.row[effects.of_stage(stage) & (effects.row >= 0)]
        if not len(rows):
            continue
        found = np.zeros(effects.n_rows, bool)
        found[rows] = True
        masks[f"{stage}\0found"] = found
        for done, action in ACTIONS.items():
            mask = effects.mask_of(stage, action)
            if mask.any():
                masks[f"{stage}\0{done}"] = mask
    if not masks:
        return {}
    effect = effects_by_group(columns, masks, **judged_by)
    rates = {(r.column, r.group, r.effect): Interval(r.rate, r.low, r.high) for r in effect.rates}
    out: dict[str, list[StageEffect]] = {}
    told = [c for c in effect.comparisons if c.outcome == "disparity"]
    for c in sorted(told, key=lambda c: (-abs(c.value or 0.0), c.column, c.group, c.metric)):
        stage, _, name = c.metric.partition("\0")
        out.setdefault(c.column, []).append(StageEffect(
            previews.short(stage.replace("_", " ")), name, previews.short(c.group), c.n, rates[c.column, c.group, c.metric],
            c.rest_value, Interval(c.value, c.low, c.high), c.outcome,
        ))  # fmt: skip
    return {column: tuple(rows[:MOST_LINES]) for column, rows in out.items()}


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
