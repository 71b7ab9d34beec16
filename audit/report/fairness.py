"""The fairness stage's outcomes as rows of tables.

Read from the stage's summary (`checks`) where it lists them, else from its findings about the dataset. What is missing
becomes "insufficient evidence", never a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from audit.fairness.evidence import DISCLAIMER, Measured, evidence
from audit.report.fairness_data import associations_of, data_of, four_fifths_of, parity_of
from audit.report.interval import GroupOutcome, Interval
from audit.report.model_fairness import EvidenceRow, Fairness, FairnessRow, TrainedRow
from audit.report.safe import Previews
from curate.words import plural, points

if TYPE_CHECKING:
    from audit.report.model import Report

STAGE = "fairness"
# In the order of the table: what is wrong, what is unknown, what is well.
OUTCOMES: tuple[GroupOutcome, ...] = ("disparity", "insufficient evidence", "equivalent", "not applicable")
MOST_ROWS = 200
MOST_LOUD = 5
MOST_METRICS = 3
"""Differences that are named of each group; all are in the table."""
ABOUT_PEOPLE = {STAGE, "counterfactual_swaps", "slices", "mitigation"}


def fairness_of(
    manifest: Mapping[str, Any], findings: pa.Table, previews: Previews, trained: tuple[TrainedRow, ...] = ()
) -> Fairness:
    """What the stage says, loudest first, and which measurements exist."""
    records = manifest.get("stages") or {}
    record = records.get(STAGE)
    summary = (record or {}).get("summary") or {}
    clauses: dict[str, Any] = {"evidence": _evidence(manifest, summary, trained), "trained": trained}
    clauses["disclaimer"] = DISCLAIMER
    if record is None:
        return Fairness("not run", "The fairness stage is not part of this recipe.", **clauses)
    if record.get("status") == "skipped":
        return Fairness("skipped", previews.sentence(str(record.get("reason", ""))), **clauses)
    items = next((summary[k] for k in ("checks", "outcomes", "comparisons") if isinstance(summary.get(k), list)), None)
    rows = [_row(i, previews) for i in items if isinstance(i, dict)] if items else _from_findings(findings, previews)
    told = _counted(summary)
    counts = {o: int(told.get(o) or sum(r.outcome == o for r in rows)) for o in OUTCOMES}
    rows = _together(rows)
    # Metrics of single classes, which carry the class in brackets, come after those of the whole model, and columns
    # before their intersections.
    rows.sort(key=lambda r: (OUTCOMES.index(r.outcome), "[" in r.metric, " & " in r.column, r.column, r.group, r.metric))
    notes = summary.get("notes", [])
    said = tuple(previews.sentence(str(n)) for n in notes) if isinstance(notes, list) else ()
    return Fairness(
        "done",
        "",
        {o: n for o, n in counts.items() if n},
        tuple(rows[:MOST_ROWS]),
        said,
        delta=number(summary.get("delta")),
        data=data_of(summary.get("data"), previews),
        parity=parity_of(summary.get("spreads"), previews),
        four_fifths=four_fifths_of(summary.get("four_fifths"), previews),
        associations=associations_of(summary.get("identity"), previews),
        **clauses,
    )


def leads(report: Report) -> bool:
    """Whether a run was asked about groups of people alone: then the answer comes first."""
    asked = {s.name for s in report.stages if not s.helper}
    return report.narrow and bool(asked) and asked <= ABOUT_PEOPLE


def disparity_lines(fairness: Fairness) -> tuple[str, ...]:
    """Each group that a model, or the data, treats otherwise beyond chance, with its largest differences first."""
    found: dict[tuple[str, str], list[FairnessRow]] = {}
    for r in fairness.rows:
        if r.outcome == "disparity" and r.estimate.value is not None:
            found.setdefault((r.column, r.group), []).append(r)
    out = []
    for (column, group), rows in list(found.items())[:MOST_LOUD]:
        rows.sort(key=lambda r: ("[" in r.metric, -abs(r.estimate.value or 0)))  # of the whole model before single classes
        told = [f"{r.metric} {points(r.estimate.value or 0)}" for r in rows[:MOST_METRICS]]
        more = [f"and {len(rows) - MOST_METRICS:,} more"] if len(rows) > MOST_METRICS else []
        out.append(f"Disparity, {column} {group} against the others, in points: {', '.join([*told, *more])}.")
    if len(found) > MOST_LOUD:
        out.append(f"Disparities in {plural(len(found) - MOST_LOUD, 'more group')}.")
    return tuple(out)


def loud_lines(fairness: Fairness) -> tuple[str, ...]:
    """What must not be overlooked: groups of which nothing can be said, and how much is open beside them."""
    known = {(r.column, r.group) for r in fairness.rows if r.estimate.value is not None}
    silent = [r for r in fairness.rows if r.outcome == "insufficient evidence" and (r.column, r.group) not in known]
    out = [
        f"Insufficient evidence for {r.column} {r.group} ({plural(r.rows or 0, 'row')}): "
        + (f"{_needed(r)}. That is not a pass." if r.rows_needed is not None
           else "nothing is known of it. That is not a pass.")
        for r in silent[:MOST_LOUD]
    ]  # fmt: skip
    if len(silent) > MOST_LOUD:
        out.append(f"Insufficient evidence for {len(silent) - MOST_LOUD:,} more groups.")
    unsure, made = fairness.counts.get("insufficient evidence", 0), sum(fairness.counts.values())
    if unsure:
        have = "has" if unsure == 1 else "have"
        out.append(f"In all, {unsure:,} of {plural(made, 'comparison')} {have} insufficient evidence.")
    return tuple(out)


def _needed(r: FairnessRow) -> str:
    if r.group.endswith("each by itself)"):  # groups that are looked at together
        return f"each of them needs {r.rows_needed:,} rows or more before it can be judged"
    return f"about {r.rows_needed:,} rows of the group would settle it"


def _together(rows: list[FairnessRow]) -> list[FairnessRow]:
    """One loud line for a group that is too small for any metric, instead of one for each."""
    unknown: dict[tuple[str, str], list[FairnessRow]] = {}
    for r in rows:
        if r.outcome == "insufficient evidence" and r.estimate.value is None:
            unknown.setdefault((r.column, r.group), []).append(r)
    several = {key: found for key, found in unknown.items() if len(found) > 1}
    out = [r for r in rows if not (r.estimate.value is None and (r.column, r.group) in several)
           or r.outcome != "insufficient evidence"]  # fmt: skip
    for found in several.values():
        needed = max((r.rows_needed for r in found if r.rows_needed is not None), default=None)
        seen = [r.detectable for r in found if r.detectable is not None]
        metric = f"{found[0].metric} and {len(found) - 1} more"
        one = replace(found[0], metric=metric, rows_needed=needed, detectable=min(seen, default=None))
        out.append(replace(one, value=Interval(None), others=None))  # of many metrics no one number speaks
    return out


def _counted(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """All comparisons by outcome; with very many the summary lists the loudest only."""
    counted = summary.get("outcomes")
    return counted if isinstance(counted, Mapping) else {}


def _evidence(
    manifest: Mapping[str, Any], summary: Mapping[str, Any], trained: tuple[TrainedRow, ...]
) -> tuple[EvidenceRow, ...]:
    records = manifest.get("stages") or {}
    roles = manifest.get("roles") or {}
    settings = ((manifest.get("recipe") or {}).get("stages") or {}).get(STAGE) or {}
    checks = summary.get("checks") or []
    told = _counted(summary)
    measured = Measured(
        stages=frozenset(name for name, r in records.items() if r.get("status") == "done"),
        groups=bool(roles.get("group")),
        named=bool(summary.get("identity")),
        labels=summary.get("audited") in ("labels", "model") or any(isinstance(c, dict) for c in checks),
        model=summary.get("audited") == "model",
        trained=bool(trained),
        crossed=any(isinstance(c, dict) and " & " in str(c.get("column")) for c in checks),
        reference=bool(settings.get("reference")),
        weights=bool(roles.get("weight")),
        source=bool(roles.get("source") or roles.get("time")),
        unclear=int(told.get("insufficient evidence") or 0),
    )
    return tuple(EvidenceRow(e.clause, e.asks, e.measured, e.missing) for e in evidence(measured))


def _from_findings(findings: pa.Table, previews: Previews) -> list[FairnessRow]:
    stage, rule = (findings[c].cast(pa.string()) for c in ("stage", "rule"))
    mine = findings.filter(pc.and_(pc.equal(stage, STAGE), pc.not_equal(rule, "data_differs")))
    rows = []
    for item in mine.select(["rule", "field", "reason", "evidence"]).to_pylist():
        told_of = orjson.loads(item["evidence"]) if item["evidence"] else {}
        told = {"column": item["field"], "metric": item["rule"], "note": item["reason"], **told_of}
        told.setdefault("outcome", item["rule"])
        rows.append(_row(told, previews))
    return rows


def _row(item: Mapping[str, Any], previews: Previews) -> FairnessRow:
    outcome = str(_first(item, "outcome", "verdict") or "").replace("_", " ")
    interval = _first(item, "interval", "ci")
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (item.get("low"), item.get("high"))
    value = number(_first(item, "value", "difference", "estimate", "gap"))
    rows = _first(item, "rows", "n", "size")
    known: GroupOutcome = next((o for o in OUTCOMES if o == outcome), "insufficient evidence")
    return FairnessRow(
        column=previews.short(str(_first(item, "column", "attribute", "field") or "")),
        group=previews.short(str(_first(item, "group", "value_name", "groups") or "")),
        metric=previews.short(_metric(str(_first(item, "metric", "rule") or ""))),
        outcome=known,
        estimate=Interval(value, number(low), number(high)),
        rows=_whole(rows),
        rows_needed=_whole(item.get("rows_needed")),
        note=previews.sentence(str(item.get("note") or item.get("reason") or "")),
        detectable=number(item.get("detectable")),
        ratio=number(item.get("ratio")),
        value=Interval(*(number(item.get(key)) for key in ("group_value", "group_low", "group_high"))),
        others=number(item.get("rest_value")),
    )


def _first(item: Mapping[str, Any], *keys: str) -> Any:
    return next((item[k] for k in keys if item.get(k) is not None), None)


def _metric(name: str) -> str:
    """`base_rate[card_lost]` as `base rate [card_lost]`."""
    head, bracket, rest = name.partition("[")
    return head.replace("_", " ") + (f" [{rest}" if bracket else "")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A number of a summary, or None."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
