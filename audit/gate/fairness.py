"""Facts about groups of people: how far a model of the data keeps them apart, and on whom curation fell.

Gaps are the fairness stage's (`audit.fairness`): the largest over columns, with the interval whose worse end is judged.
Groups too small to take part are counted as unjudged, so that a gap between the others is never a pass for all. The effect
of curation is that of the plan: groups that lose, or get changed, more rows than the others beyond chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.fairness import CurationEffect, curation_effect
from audit.fairness.encode import JOIN
from audit.gate.evidence import Fact
from audit.gate.facts import NAME_WIDTH
from audit.report.effects import effects_of
from curate.ledger.plan import Plan
from curate.privacy.preview import shown_names
from curate.safetext import safe_text
from curate.words import percent, points

GAPS = {
    "selection_rate_gap": "demographic_parity",
    "tpr_gap": "equal_opportunity",
    "equalised_odds_gap": "equalised_odds",
    "accuracy_gap": "accuracy",
}
_OF_GROUPS = {"demographic_parity": "selection_rate", "equal_opportunity": "tpr", "accuracy": "accuracy"}
_ROUNDING = 1e-9
CHECKS = (*GAPS, "four_fifths", "disproportionate_curation")
NO_GROUPS = "no column has the group role"
NO_FAVOURABLE = "the data has more than two labels and the recipe names no favourable one"
NOT_CURATED = "only a finished run has been curated"


def facts(summary: Mapping[str, Any] | None, why: str, n_rows: int) -> dict[str, Fact]:
    """What the fairness stage's summary says; `why` it did not run, where it did not."""
    if summary is None or why:
        missing = Fact(None, why_missing=why or "the fairness stage did not run")
        return {**dict.fromkeys(GAPS, missing), "four_fifths": missing}
    if summary.get("audited") in ("data", "labels"):
        missing = Fact(None, why_missing="no predictions were audited")
        none = {**dict.fromkeys(GAPS, missing), "four_fifths": missing}
        unjudged = {"disparities": Fact(None, why_missing="neither labels nor predictions were audited")}
        return none | (unjudged if summary["audited"] == "data" else {})
    out = {name: _gap(summary, metric, n_rows) for name, metric in GAPS.items()}
    told = [f for f in summary.get("four_fifths") or () if f["metric"] == "selection_rate" and JOIN not in f["column"]]
    below = sum(f["outcome"] == "disparity" for f in told)
    unclear = sum(f["outcome"] == "insufficient evidence" for f in told)
    out["four_fifths"] = (
        Fact(float(below), n_rows, unjudged=unclear) if told else Fact(None, why_missing=NO_FAVOURABLE, applies=False)
    )
    return out


def _gap(summary: Mapping[str, Any], metric: str, n_rows: int) -> Fact:
    found = [s for s in summary.get("spreads") or () if s["metric"] == metric and JOIN not in s["column"]]
    if not found:
        return Fact(None, why_missing=NO_FAVOURABLE, applies=False)
    known = [s for s in found if s["difference"] is not None]
    if not known:
        return Fact(None, why_missing="fewer than two groups are large enough to compare")
    worst = max(known, key=lambda s: (s["difference_high"] or s["difference"], s["column"]))
    return Fact(
        worst["difference"], n_rows, low=worst["difference_low"], high=worst["difference_high"],
        unjudged=sum(s["left_out"] for s in found),
        detail=_ends(summary, worst["column"], metric, worst["difference"]),
    )  # fmt: skip


def _ends(summary: Mapping[str, Any], column: str, metric: str, gap: float) -> str:
    """The column, and where one number a group makes the gap, the groups at its ends."""
    of = _OF_GROUPS.get(metric)
    groups = [g for g in summary.get("groups") or () if (g["column"], g["metric"]) == (column, of) and g["judged"]]
    told = f"by {safe_text(column)}"
    if len(groups) < 2:
        return told
    ends = [pick(groups, key=lambda g: (g["value"], g["group"])) for pick in (min, max)]
    if abs(ends[1]["value"] - ends[0]["value"] - gap) > _ROUNDING:  # the summary of very many groups holds some of them
        return told
    shown = shown_names([g["group"] for g in ends])
    low, high = (f"{safe_text(shown[g['group']])[:NAME_WIDTH]} {percent(g['value'])}" for g in ends)
    return f"{told}: {low}, {high}"


def curation_fact(
    plan: Plan, groups: Mapping[str, Any], settings: Mapping[str, Any], clusters: Any, *, curated: bool
) -> dict[str, Fact]:
    """Groups on which the plan falls harder than on the others; `settings` is `[stages.fairness]`."""
    if not curated:
        return {"disproportionate_curation": Fact(None, why_missing=NOT_CURATED, applies=False)}
    if not groups:
        return {"disproportionate_curation": Fact(None, why_missing=NO_GROUPS)}
    effects = effects_of(plan)
    judged: dict[str, Any] = {key: settings[key] for key in ("min_group_size", "delta", "alpha") if key in settings}
    effect = curation_effect(
        groups, effects.dropped, effects.edited, effects.relabelled, clusters=clusters, **judged
    )
    return {"disproportionate_curation": _hit(effect, plan.n_rows)}


def _hit(effect: CurationEffect, n_rows: int) -> Fact:
    found = effect.disproportionate()
    unsure = [c for c in effect.comparisons if c.outcome == "insufficient evidence" and c.metric == "removed"]
    shown = shown_names([c.group for c in found[:3]])
    names = [f"{safe_text(c.column)} {safe_text(shown[c.group])[:NAME_WIDTH]}" for c in found[:3]]
    moved = [points(c.value or 0.0) for c in found[:3]]
    told = ", ".join(f"{c.metric} {p} points in {n}" for c, p, n in zip(found, moved, names, strict=False))
    return Fact(float(len(found)), n_rows, unjudged=len(unsure), detail=told)
