"""The report's summary for a terminal, as rich renderables.

Everything is built from `Text`, never from markup, so brackets and tags of the data are shown as they are. Colour only
repeats what a word already says. Laid out for 80 columns; a wider terminal gets more air, a narrower one folds lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.report.model import Report
from audit.report.numbers import count, duration, number, percent_span, plural, points_span
from audit.report.training import told, unit

if TYPE_CHECKING:
    from rich.console import Group

MOST_FAIRNESS = 6
STYLES = {
    "helped": "green", "harmed": "red", "disparity": "red", "equivalent": "cyan", "identical": "cyan",
    "inconclusive": "yellow", "insufficient evidence": "yellow", "not trained": "dim",
}  # fmt: skip


def render(report: Report) -> Group:
    """A rich Group."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(report.headline.sentence, style="bold"), Text()]
    verdict = Text("Verdict: ", style="bold")
    verdict.append(report.headline.outcome, style=STYLES.get(report.headline.outcome, ""))
    parts += [verdict, Text(report.headline.verdict), Text()]
    parts += _comparisons(report)
    parts += _stages(report)
    parts += _groups(report)
    if report.headline.cautions:
        parts += [Text("Read with care", style="bold")]
        parts += [_item(c) for c in report.headline.cautions] + [Text()]
    if report.pending.total:
        parts.append(Text(f"{plural(report.pending.total, 'finding')} to decide: curate tui RUN"))
    return Group(*parts)


def _item(text: str) -> Any:
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(f"· {text}"), (0, 0, 0, 2))


def _table(title: str) -> Any:
    from rich import box
    from rich.table import Table

    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False,
        padding=(0, 1),
    )  # fmt: skip


def _add(table: Any, names: list[str], words: int) -> None:
    for i, name in enumerate(names):
        table.add_column(name, justify="left" if i < words else "right", overflow="fold", no_wrap=i >= words)


def _comparisons(report: Report) -> list[Any]:
    from rich.text import Text

    training = report.training
    if training is None:
        return []
    out: list[Any] = []
    if training.comparisons:
        table = _table(f"Differences in {training.metric_title}{unit(training)}, 95 % intervals")
        _add(table, ["Comparison", "Verdict", "Difference"], 2)
        for c in training.comparisons:
            table.add_row(Text(c.title), Text(c.verdict, style=STYLES.get(c.verdict, "")), told(training, c.delta))
        out += [table, Text()]
    table = _table("Arms")
    _add(table, ["Arm", "Rows", training.metric, "Seeds"], 1)
    for arm in training.arms:
        table.add_row(Text(arm.title), count(arm.rows), number(arm.metrics.get(training.metric)), str(len(arm.seeds)))
    for y in training.yardsticks:
        table.add_row(Text(f"{y.name}, {y.arm}"), "", number(y.value), "")
    return [*out, table, Text()]


def _stages(report: Report) -> list[Any]:
    from rich.text import Text

    if not report.stages:
        return [Text("No stage ran."), Text()]
    table = _table("What the stages found")
    _add(table, ["Stage", "Found", "Applied", "Waiting", "Other", "Removed", "Edited", "Time"], 1)
    for s in report.stages:
        if s.status == "skipped":
            table.add_row(Text(f"{s.title} (skipped)"), *["–"] * 6, duration(s.seconds))
            continue
        other = s.counts.total - s.counts.applied - s.waiting
        cells = (s.findings, s.counts.applied, s.waiting, other, s.dropped_rows, s.edited_rows + s.relabelled_rows)
        table.add_row(Text(s.title), *(count(n) for n in cells), duration(s.seconds))
    looked = [s for s in report.stages if s.left is not None]
    out = [table]
    if looked:
        left = ", ".join(f"{s.title.lower()} {count(s.left)}" for s in looked)
        out.append(Text(f"A second look at the curated data still finds: {left}."))
    return [*out, Text()]


def _groups(report: Report) -> list[Any]:
    from rich.text import Text

    out: list[Any] = []
    for column in report.groups:
        table = _table("")
        table.title = Text(f"Rows removed by {column.column}", style="bold")
        _add(table, ["Group", "Against other rows", "Rows", "Removed", "Points"], 2)
        for g in column.groups:
            table.add_row(
                Text(g.group), Text(g.outcome, style=STYLES.get(g.outcome, "")), count(g.rows), percent_span(g.dropped),
                points_span(g.difference),
            )  # fmt: skip
        out += [table, Text()]
    fairness = report.fairness
    if fairness.status != "done":
        out += [Text(f"Fairness was not judged. {fairness.reason}".rstrip()), Text()]
    elif fairness.rows:
        table = _table("Fairness of a model trained on these rows")
        _add(table, ["Outcome", "Column", "Group", "Metric"], 4)
        for r in fairness.rows[:MOST_FAIRNESS]:
            table.add_row(Text(r.outcome, style=STYLES.get(r.outcome, "")), Text(r.column), Text(r.group), Text(r.metric))
        said = ", ".join(f"{count(n)} {outcome}" for outcome, n in fairness.counts.items())
        out += [table, Text(f"In all: {said}. The rest is in report.html."), Text()]
    return out
