"""The fairness stage's outcomes as rows of a table.

Read from the stage's summary (`checks`) where it lists them, else from its findings about the dataset. What is missing
becomes "insufficient evidence", never a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from audit.report.model import Fairness, FairnessRow, GroupOutcome, Interval
from audit.report.safe import Previews

STAGE = "fairness"
# In the order of the table: what is wrong, what is unknown, what is well.
OUTCOMES: tuple[GroupOutcome, ...] = ("disparity", "insufficient evidence", "equivalent", "not applicable")
MOST_ROWS = 200


def fairness_of(record: Mapping[str, Any] | None, findings: pa.Table, previews: Previews) -> Fairness:
    """What the stage says, loudest first."""
    if record is None:
        return Fairness("not run", "The fairness stage is not part of this recipe.")
    if record.get("status") == "skipped":
        return Fairness("skipped", previews.sentence(str(record.get("reason", ""))))
    summary = record.get("summary") or {}
    items = next((summary[k] for k in ("checks", "outcomes", "comparisons") if isinstance(summary.get(k), list)), None)
    rows = [_row(i, previews) for i in items if isinstance(i, dict)] if items else _from_findings(findings, previews)
    # Metrics of single classes, which carry the class in brackets, come after those of the whole model.
    rows.sort(key=lambda r: (OUTCOMES.index(r.outcome), "[" in r.metric, r.column, r.group, r.metric))
    notes = summary.get("notes", [])
    said = tuple(previews.sentence(str(n)) for n in notes) if isinstance(notes, list) else ()
    counts: dict[str, int] = {o: n for o in OUTCOMES if (n := sum(r.outcome == o for r in rows))}
    return Fairness("done", "", counts, tuple(rows[:MOST_ROWS]), said)


def _from_findings(findings: pa.Table, previews: Previews) -> list[FairnessRow]:
    mine = findings.filter(pc.equal(findings["stage"].cast(pa.string()), STAGE))
    rows = []
    for item in mine.select(["rule", "field", "reason", "evidence"]).to_pylist():
        evidence = orjson.loads(item["evidence"]) if item["evidence"] else {}
        told = {"column": item["field"], "metric": item["rule"], "note": item["reason"], **evidence}
        told.setdefault("outcome", item["rule"])
        rows.append(_row(told, previews))
    return rows


def _row(item: Mapping[str, Any], previews: Previews) -> FairnessRow:
    outcome = str(_first(item, "outcome", "verdict") or "").replace("_", " ")
    interval = _first(item, "interval", "ci")
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (item.get("low"), item.get("high"))
    value = _number(_first(item, "value", "difference", "estimate", "gap"))
    rows = _first(item, "rows", "n", "size")
    known: GroupOutcome = next((o for o in OUTCOMES if o == outcome), "insufficient evidence")
    return FairnessRow(
        column=previews.short(str(_first(item, "column", "attribute", "field") or "")),
        group=previews.short(str(_first(item, "group", "value_name", "groups") or "")),
        metric=previews.short(_metric(str(_first(item, "metric", "rule") or ""))),
        outcome=known,
        estimate=Interval(value, _number(low), _number(high)),
        rows=_whole(rows),
        rows_needed=_whole(item.get("rows_needed")),
        note=previews.sentence(str(item.get("note") or item.get("reason") or "")),
    )


def _first(item: Mapping[str, Any], *keys: str) -> Any:
    return next((item[k] for k in keys if item.get(k) is not None), None)


def _metric(name: str) -> str:
    """`base_rate[card_lost]` as `base rate [card_lost]`."""
    head, bracket, rest = name.partition("[")
    return head.replace("_", " ") + (f" [{rest}" if bracket else "")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
