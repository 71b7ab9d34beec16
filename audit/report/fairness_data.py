"""Tables of the fairness stage beside its comparisons: what the data holds of each group, parity, named groups.

All of it is laid out from the stage's summary; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.interval import Interval
from audit.report.model_fairness import AssociationRow, DataColumn, FourFifthsRow, GroupData, Parity
from audit.report.safe import Previews

MOST_GROUPS = 20
MOST_LINES = 60
PARITY = {
    "base_rate": "label rate",
    "demographic_parity": "demographic parity (selection rate)",
    "equal_opportunity": "equal opportunity (TPR)",
    "equalised_odds": "equalised odds (TPR and FPR)",
    "precision": "predictive parity (precision)",
    "macro_tpr": "mean TPR over classes",
    "accuracy": "accuracy",
}
NUMBERS = {
    "text_length": "median length",
    "text_quality": "mean quality",
    "likely_wrong": "probably wrong label",
    "personal_data": "personal data",
    "no_label": "no label",
    "no_text": "no text",
    "representation": "share",
}


def data_of(told: Any, previews: Previews) -> tuple[DataColumn, ...]:
    """One table a column, the largest groups first; columns before intersections."""
    if not isinstance(told, Mapping):
        return ()
    numbers: dict[tuple[str, str], dict[str, Interval]] = {}
    for level in told.get("levels") or ():
        numbers.setdefault((level["column"], level["group"]), {})[level["measure"]] = Interval(level["value"])
    rates = told.get("rates") or {}
    for r in rates.get("rates") or ():
        numbers.setdefault((r["column"], r["group"]), {})[r["effect"]] = Interval(r["rate"], r["low"], r["high"])
    apart: dict[tuple[str, str], list[str]] = {}
    unclear: dict[tuple[str, str], list[str]] = {}
    for c in (*(told.get("checks") or ()), *(rates.get("checks") or ())):
        into = {"disparity": apart, "insufficient evidence": unclear}.get(c["outcome"])
        if into is not None:
            into.setdefault((c["column"], c["group"]), []).append(NUMBERS.get(c["metric"], c["metric"]))
    columns: dict[str, list[Mapping[str, Any]]] = {}
    for share in told.get("shares") or ():
        columns.setdefault(share["column"], []).append(share)
    out = []
    for column, shares in sorted(columns.items(), key=lambda item: " & " in item[0]):
        shares.sort(key=lambda s: (-s["n"], s["group"]))
        of_group = [numbers.get((column, s["group"]), {}) for s in shares]
        told_of = {n: [found[n] for found in of_group if n in found] for n in NUMBERS}
        names = [n for n, found in told_of.items() if any(x.value for x in found)]  # what is missing nowhere is not listed
        groups = []
        for s in shares[:MOST_GROUPS]:
            key = (column, s["group"])
            groups.append(GroupData(
                previews.short(s["group"]), s["n"], Interval(s["share"], s["low"], s["high"]), s["expected"],
                {NUMBERS[n]: numbers[key][n] for n in names if n in numbers.get(key, {})},
                tuple(apart.get(key, ())), tuple(unclear.get(key, ())),
            ))  # fmt: skip
        out.append(DataColumn(
            previews.short(column), tuple(NUMBERS[n] for n in names), tuple(groups), max(0, len(shares) - MOST_GROUPS)
        ))  # fmt: skip
    return tuple(out)


def parity_of(spreads: Any, previews: Previews) -> tuple[Parity, ...]:
    """The summaries that have names of their own."""
    out = [
        Parity(
            previews.short(s["column"]), PARITY[s["metric"]],
            Interval(s["difference"], s["difference_low"], s["difference_high"]),
            Interval(s["ratio"], s["ratio_low"], s["ratio_high"]), s["left_out"],
        )
        for s in (spreads if isinstance(spreads, list) else ())
        if s["metric"] in PARITY and s["difference"] is not None
    ]  # fmt: skip
    order = list(PARITY.values())
    return tuple(sorted(out, key=lambda p: (" & " in p.column, p.column, order.index(p.name)))[:MOST_LINES])


def four_fifths_of(told: Any, previews: Previews) -> tuple[FourFifthsRow, ...]:
    """The rule for the selection rate of the favourable label; not for single classes."""
    rows = [
        FourFifthsRow(
            previews.short(f["column"]), previews.short(f["group"]), previews.short(f["reference"]),
            Interval(f["ratio"], f["low"], f["high"]), f["outcome"],
        )
        for f in (told if isinstance(told, list) else ()) if f["metric"] == "selection_rate"
    ]  # fmt: skip
    order = ("disparity", "insufficient evidence", "equivalent", "not applicable")
    return tuple(sorted(rows, key=lambda r: (order.index(r.outcome), " & " in r.column, r.column, r.group))[:MOST_LINES])


def associations_of(told: Any, previews: Previews) -> tuple[AssociationRow, ...]:
    """Labels that come with a named group, the strongest first."""
    items = (told.get("associations") or ()) if isinstance(told, Mapping) else ()
    rows = [
        AssociationRow(
            previews.short(a["group"]), previews.short(a["label"]), a["rows"], a["expected"],
            Interval(a["pmi"], a["low"], a["high"]),
        )
        for a in items if a["outcome"] == "associated"
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda r: (-abs(r.pmi.value or 99.0), r.group, r.label))[:MOST_LINES])
