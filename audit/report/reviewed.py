"""People's answers as the report shows them: nothing is computed here, only put into words.

Shares have exact intervals that hold under guided sampling (`audit.review`). What too few answers were given about is
insufficient evidence, with the interval that is left possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.interval import WIDEST, Interval
from audit.report.model_review import Reviewed, ReviewedKind, ReviewedRows, ReviewedStage
from curate.words import ends, plural, share

HEADS = ("What people's answers certify, 95%", "Share", "Of")
WORDS = (
    "Rows are drawn by lot, those that nearly had a finding more often than others; the intervals allow for that. They "
    "hold for what a person can see in a row."
)
FEWEST_SHOWN = 10
"""With fewer answers a share would be taken for more than it is: the interval alone is shown."""


def reviewed_of(found: Mapping[str, Any] | None, titles: Mapping[str, str]) -> Reviewed | None:
    """The report's tree from the manifest's record; `titles` of stages by name."""
    if not found:
        return None
    stages = tuple(
        ReviewedStage(s["stage"], titles.get(s["stage"], s["stage"]), _few(s["findings"]), int(s["findings"]["population"]),
                      int(s["findings"]["random"]) + int(s["findings"]["other"]))
        for s in found["stages"]
    )  # fmt: skip
    rows = _rows(found["rows"])
    return Reviewed(
        sentence=_sentence(found, rows),
        people=int(found["people"]),
        about_findings=int(found["about_findings"]),
        about_rows=int(found["about_rows"]),
        asked_twice=int(found["asked_twice"]),
        alike=int(found["alike"]),
        differ=int(found["differ"]),
        stages=stages,
        rows=rows,
    )


def lines(r: Reviewed) -> list[tuple[str, str, str]]:
    """What, its share with the interval, and of how many: a line each."""
    out = []
    if r.rows is not None:
        out.append(("Wrong rows, before", span(r.rows.wrong), plural(r.rows.rows, "row")))
        out.append(("Wrong rows, still", span(r.rows.left), f"{plural(r.rows.kept, 'row')} that stay"))
        for k in r.rows.kinds:
            low, high = (f"{x or 0:,.0f}" for x in (k.missed.low, k.missed.high))
            of = f"found in {plural(k.found, 'row')}, missed in {low} to {high}"
            out.append((f"Recall: {k.kind}", span(k.recall), of))
    for s in r.stages:
        of = f"{plural(s.findings, 'finding')}, {plural(s.answers, 'answer')}"
        out.append((f"Right findings: {s.title.lower()}", span(s.right), of))
    return out


def span(x: Interval) -> str:
    """`3.1% [0.4%, 12%]`, or that there is too little evidence, with what is left possible."""
    around = ends(x.low or 0.0, 1.0 if x.high is None else x.high)
    return f"{'insufficient evidence' if x.value is None or _wide(x) else share(x.value)} {around}"


def _wide(x: Interval) -> bool:
    return (1.0 if x.high is None else x.high) - (x.low or 0.0) > WIDEST


def _rows(found: Mapping[str, Any] | None) -> ReviewedRows | None:
    if not found:
        return None
    kinds = tuple(
        ReviewedKind(k["kind"], _interval(k["recall"]), int(k["found"]), _interval(k["missed"]))
        for k in found["kinds"] if k["found"]
    )  # fmt: skip
    return ReviewedRows(int(found["asked"]), int(found["rows"]), int(found["kept"]), _interval(found["wrong"]),
                        _interval(found["left"]), kinds)  # fmt: skip


def _sentence(found: Mapping[str, Any], rows: ReviewedRows | None) -> str:
    people = plural(int(found["people"]), "person", "people")
    of = (("about_findings", "finding"), ("about_rows", "row"))
    about = [plural(int(found[key]), one) for key, one in of if found[key]]
    said = f"{people} answered about {' and '.join(about)}."
    if rows is None:
        return f"{said} Nobody was asked about rows, so what the detectors missed is not known (`curate review RUN`)."
    if rows.left.value is None or _wide(rows.left):
        return f"{said} That is too little to say how much of the data is still wrong."
    return f"{said} Of the rows that stay, {span(rows.left)} are still wrong (95%)."


def _few(found: Mapping[str, Any]) -> Interval:
    few = found["random"] < FEWEST_SHOWN and found["random"] + found["other"] < found["population"]
    return Interval(None if few else found["value"], found["low"], found["high"])


def _interval(found: Mapping[str, Any]) -> Interval:
    return Interval(found["value"], found["low"], found["high"])
