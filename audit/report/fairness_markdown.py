"""Groups of people, swaps and slices in the report's Markdown; every text is disarmed as `markdown` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from audit.report import slices, swaps
from audit.report.fairness import disparity_lines, loud_lines
from audit.report.model import Report
from audit.report.words import percent_span, plain_span, points_span
from curate.words import count, number, percent

Table = Callable[[Sequence[str], Iterable[Sequence[str]], int], str]
Words = Callable[[str], str]


def fairness_parts(report: Report, table: Table, escape: Words, code: Words) -> list[str]:
    """The section on fairness, and those on swaps and slices where they were asked about."""
    return [*_fairness(report, table, escape, code), *_swaps(report, table, escape), *_slices(report, table, escape, code)]


def _fairness(report: Report, table: Table, escape: Words, code: Words) -> list[str]:
    fairness = report.fairness
    out = ["## Fairness"]
    if fairness.status != "done" or not fairness.rows:
        return [*out, f"**Fairness was not judged.** {escape(fairness.reason)}".rstrip()]
    out += [f"**{escape(line)}**" for line in (*disparity_lines(fairness), *loud_lines(fairness))]
    head = ["Outcome", "Column", "Group", "Metric", "Rows", "In the group", "In the others", "Points", "Rows needed"]
    rows = [
        (r.outcome, code(r.column), code(r.group), escape(r.metric), count(r.rows), percent_span(r.value),
         percent(r.others), points_span(r.estimate), count(r.rows_needed))
        for r in fairness.rows
    ]  # fmt: skip
    out.append(table(head, rows, 4))
    if fairness.parity:
        parity = [(code(p.column), escape(p.name), points_span(p.difference), plain_span(p.ratio)) for p in fairness.parity]
        out.append(table(["Column", "Summary", "Difference (points)", "Ratio"], parity, 2))
    if fairness.trained:
        head = ["Column", "Group", "Metric", "Rows", *(escape(c.arm) for c in fairness.trained[0].cells)]
        width = len(head)
        trained = [
            (code(t.column), code(t.group), escape(t.metric), count(t.rows),
             *(f"{c.outcome} {points_span(c.difference)}" for c in t.cells))
            for t in fairness.trained
        ]  # fmt: skip
        out.append(table(head, [(*row, *[""] * width)[:width] for row in trained], 3))
    return out


def _swaps(report: Report, table: Table, escape: Words) -> list[str]:
    found = report.swaps
    if found is None:
        return []
    out = ["## Counterfactual swaps", *(escape(line) for line in swaps.sentences(found))]
    rows = [
        (r.outcome, escape(swaps.told(r)), count(r.pairs), percent_span(r.flip), points_span(r.shift)) for r in found.axes
    ]
    return [*out, table(["Outcome", "Swapped", "Pairs", "Answers flip", "Mean shift (points)"], rows, 2)] if rows else out


def _slices(report: Report, table: Table, escape: Words, code: Words) -> list[str]:
    out = ["## Worst slices"] if report.slices else []
    for found in report.slices:
        out += [f"### {escape(found.title)}", escape(slices.said(found))]
        rows = [
            (code(r.words), count(r.rows), number(r.mean), number(r.others), points_span(r.difference)) for r in found.rows
        ]
        if rows:
            out.append(table(["Rows where", "Rows", "Mean", "Elsewhere", "Worse by (points)"], rows, 1))
    return out
