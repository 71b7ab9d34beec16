"""Groups of people on a terminal: tables with numbers, one a column, loud lines for what cannot be known.

As `terminal`: `Text` only, never markup; laid out for 80 columns, names of groups fold.
"""

from __future__ import annotations

from typing import Any

from audit.report import swaps
from audit.report.fairness import disparity_lines, loud_lines
from audit.report.fairness_figures import crossed
from audit.report.model import Report
from audit.report.model_fairness import Fairness, FairnessRow, GroupData
from audit.report.terminal_name import Name
from audit.report.words import percent_span, points_span
from curate.words import count, measure, number, outcomes_told, percent, plural

MOST_ALONE = 24
"""Comparisons of each group where the question was about groups."""
MOST_GROUPS = 12
"""Groups of each column."""
MOST_BESIDE = 6
MOST_SLICES = 5
SHORT = {"insufficient evidence": "not enough", "not applicable": "n/a"}
STYLES = {"disparity": "red", "shown": "red", "equivalent": "cyan", "within": "cyan", "insufficient evidence": "yellow"}


def people(report: Report, *, alone: bool) -> list[Any]:
    """Comparisons, models trained in the run, swaps and slices; `alone` where nothing else was asked."""
    from rich.text import Text

    fairness = report.fairness
    out: list[Any] = []
    if fairness.status != "done":
        out += [Text(f"Fairness was not judged. {fairness.reason}".rstrip(), style="yellow"), Text()]
    elif fairness.rows:
        out += _comparisons(fairness, alone=alone)
    elif alone:
        out += [Text("The fairness stage made no comparison; that is not a pass.", style="yellow"), Text()]
    if alone:
        out += _held(fairness)
        out += [Text(note) for note in fairness.notes[:6]] + ([Text()] if fairness.notes else [])
    return [*out, *_trained(fairness), *_swaps(report), *_slices(report)]


def _held(fairness: Fairness) -> list[Any]:
    """What the data hold of each group of each column, intersections left to the page."""
    from rich.text import Text

    out: list[Any] = []
    for column in fairness.data:
        if crossed(column.column):
            continue
        names = ["Rows", "Share", *(name[:1].upper() + name[1:] for name in column.names)]
        title = f"What the data hold by {column.column}, 95% intervals"
        table = _table(title, ["Group", *("\n".join(n.split()) for n in names)], 1)
        for g in column.groups[:MOST_GROUPS]:
            cells = [_stacked(percent_span(g.share)), *(_number(g, name) for name in column.names)]
            table.add_row(Name(g.group), count(g.rows), *cells)
        differing = [f"{g.group} differs in {', '.join(g.differs)}." for g in column.groups if g.differs]
        unclear = [f"Insufficient evidence for {g.group}: {', '.join(g.unclear)}." for g in column.groups if g.unclear]
        out += [table, *(Text(s, style="red") for s in differing), *(Text(s, style="yellow") for s in unclear), Text()]
        left = len(column.groups) - MOST_GROUPS + column.left_out
        out += [Text(f"{plural(left, 'smaller group')} in report.html."), Text()] if left > 0 else []
    return out


def _number(g: GroupData, name: str) -> str:
    """A share with its interval below it, or a plain number."""
    found = g.numbers.get(name)
    if found is None:
        return "–"
    return measure(found.value) if found.low is None else _stacked(percent_span(found))


def _table(title: str, names: list[str], words: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False,
        padding=(0, 1),
    )  # fmt: skip
    for i, name in enumerate(names):
        table.add_column(name, justify="left" if i < words else "right", overflow="fold", no_wrap=i >= words)
    return table


def _comparisons(fairness: Fairness, *, alone: bool) -> list[Any]:
    from rich.text import Text

    margin = "" if fairness.delta is None else f" Differences within ±{100 * fairness.delta:g} points count as none."
    said = outcomes_told(fairness.counts)
    out: list[Any] = [Text(f"Fairness, each group against the others: {said}.{margin}", style="bold")]
    out += [Text(line, style="bold red") for line in disparity_lines(fairness)] if alone else []
    out += [Text(line, style="bold yellow") for line in loud_lines(fairness)]
    whole = [r for r in fairness.rows if r.outcome == "not applicable" and r.group == "(all)"]
    out += [Text(f"Not applicable to {r.column}: {r.note[:1].lower()}{r.note[1:]}", style="yellow") for r in whole]
    out.append(Text())
    known = {(r.column, r.group) for r in fairness.rows if r.estimate.value is not None}
    measured = [r for r in fairness.rows if (r.column, r.group) in known]
    columns = list(dict.fromkeys(r.column for r in sorted(measured, key=lambda r: crossed(r.column))))
    if not alone:
        columns = [c for c in columns if not crossed(c)]
    shown = 0
    for column in columns:
        # Of single classes only what is shown; measures of the whole model, and of labels, in any case.
        mine = [r for r in measured if r.column == column and ("[" not in r.metric or r.outcome == "disparity")]
        mine = mine if alone else mine[:MOST_BESIDE]
        groups = list(dict.fromkeys(r.group for r in mine))
        listed = [[r for r in mine if r.group == group][:MOST_ALONE] for group in groups[:MOST_GROUPS]]
        out += [part for rows in listed for part in (_of_group(rows), Text())]
        shown += sum(map(len, listed))
    left = len(measured) - shown
    if left:
        out += [Text(f"{plural(left, 'more comparison')} in report.html."), Text()]
    return out


def _of_group(rows: list[FairnessRow]) -> Any:
    """One group against all others of its column, in everything that was measured."""
    first = rows[0]
    title = f"{first.column} {first.group}, {plural(first.rows or 0, 'row')}, against all others"
    table = _table(title, ["Metric", "In the group, %", "Others", "Difference, points", "Outcome"], 1)
    for r in rows:
        # Without the signs of per cent a line fits into 80 columns.
        value, others = (told.replace("%", "") for told in (percent_span(r.value), percent(r.others)))
        table.add_row(Name(r.metric), value, others, points_span(r.estimate), _outcome(r))
    return table


def _stacked(span: str) -> str:
    """An estimate above its interval."""
    return span.replace(" [", "\n[")


def _outcome(r: FairnessRow) -> Any:
    from rich.text import Text

    said = Text(SHORT.get(r.outcome, r.outcome), style=STYLES.get(r.outcome, ""))
    if r.outcome == "insufficient evidence" and r.rows_needed is not None:
        said.append(f"\nneeds {count(r.rows_needed)}")
    return said


def _trained(fairness: Fairness) -> list[Any]:
    from rich.text import Text

    loud = [(t, c) for t in fairness.trained for c in t.cells if c.outcome == "disparity"]
    if not fairness.trained:
        return []
    if not loud:
        return [Text("Models trained in this run: no disparity between groups was shown; see report.html."), Text()]
    table = _table("Models trained in this run: disparities", ["Group", "Metric", "Model", "Rows", "Points"], 3)
    for t, c in loud[:MOST_ALONE]:
        table.add_row(
            Name(f"{t.column} {t.group}"), Text(t.metric), Text(c.arm), count(t.rows), _stacked(points_span(c.difference))
        )
    return [table, Text()]


def _swaps(report: Report) -> list[Any]:
    from rich.text import Text

    found = report.swaps
    if found is None:
        return []
    out: list[Any] = [Text("Counterfactual swaps", style="bold")]
    loud = ("Insufficient", "Not judged")
    out += [Text(line, style="yellow" if line.startswith(loud) else "") for line in swaps.sentences(found)]
    if found.axes:
        table = _table("", ["Swapped", "Pairs", "Answers flip", "Mean shift", "Outcome"], 1)
        for r in found.axes:
            table.add_row(
                Text(r.axis), count(r.pairs), percent_span(r.flip), points_span(r.shift),
                Text("not enough" if r.outcome == "insufficient evidence" else r.outcome, style=STYLES.get(r.outcome, "")),
            )  # fmt: skip
        out.append(table)
    return [*out, Text()]


def _slices(report: Report) -> list[Any]:
    from rich.text import Text

    out: list[Any] = []
    for found in report.slices:
        if not found.rows:
            continue
        table = _table(found.title, ["Rows where", "Rows", "Mean", "Elsewhere", "Worse by (points)"], 1)
        for r in found.rows[:MOST_SLICES]:
            table.add_row(Text(r.words), count(r.rows), number(r.mean), number(r.others), points_span(r.difference))
        out += [table, Text()]
    return out
