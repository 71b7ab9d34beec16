"""The report's summary for a terminal, as rich renderables.

Everything is built from `Text`, never from markup, so brackets and tags of the data are shown as they are. Colour only
repeats what a word already says. Laid out for 80 columns; a wider terminal gets more air, a narrower one folds lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audit.report import judged, reviewed
from audit.report.fairness import disparity_lines, leads
from audit.report.fairness_terminal import people
from audit.report.model import Report
from audit.report.model_trainer import TrainedAdapter, TrainerAlert
from audit.report.proof import at_level, sure, told_span
from audit.report.residual import CAPTION, rows_of
from audit.report.terminal_name import Name
from audit.report.trainer_words import alert_cells, alerts_of, heading, metric_cells
from audit.report.training import told, unit
from audit.report.words import estimate_span, percent_span, points_span
from curate.words import count, number, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group

_COMMAND = re.compile(r"`curate [^`]*`")
STYLES = {
    "helped": "green", "harmed": "red", "disparity": "red", "equivalent": "cyan", "identical": "cyan",
    "inconclusive": "yellow", "insufficient evidence": "yellow", "not trained": "dim",
}  # fmt: skip


def render(report: Report, run: str = "RUN") -> Group:
    """A rich Group; `run` is the run directory as a shell reads it, for the commands that are shown."""
    from rich.console import Group
    from rich.text import Text

    head = report.headline
    parts: list[Any] = [Text(head.rows, style="bold"), Text()]
    if not report.narrow:
        verdict = Text("Verdict: ", style="bold")
        verdict.append(head.outcome, style=STYLES.get(head.outcome, ""))
        parts += [verdict, Text(_in(head.verdict, run)), Text()]
    if leads(report):
        parts += people(report, alone=True)
    elif disparities := disparity_lines(report.fairness):
        parts += [*(Text(line, style="red") for line in disparities), Text()]
    parts += _comparisons(report)
    parts += _trained(report, run)
    parts += _stages(report)
    parts += _missed(report, run)
    parts += _reviewed(report, run)
    parts += _enough(report)
    parts += _groups(report)
    notes = report.training.notes if report.training else ()
    if head.cautions or notes:
        parts += [Text("Read with care", style="bold")]
        parts += [_item(_in(c, run)) for c in (*head.cautions, *notes)] + [Text()]
    if report.pending.total:
        parts.append(Text(f"{plural(report.pending.total, 'finding')} to decide: curate tui {run}"))
    return Group(*parts)


def render_groups(report: Report) -> Group:
    """What the report says of groups of people, and nothing else."""
    from rich.console import Group
    from rich.text import Text

    head = [Text(report.headline.rows, style="bold"), Text()]
    return Group(*head, *_removed_by_group(report), *people(report, alone=True))


def _in(text: str, run: str) -> str:
    """A sentence whose commands name this run."""
    return _COMMAND.sub(lambda m: m[0].replace("RUN", run), text)


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
        table = _table(f"Differences in {training.metric_title}{unit(training)}, {at_level(report.proof)} intervals")
        _add(table, ["Comparison", "Taken by itself", "Difference"], 2)
        for c in training.comparisons:
            table.add_row(Text(c.title), Text(c.verdict, style=STYLES.get(c.verdict, "")), told(training, c.delta))
        out += [table, Text()]
    table = _table("Arms")
    _add(table, ["Arm", "Rows", training.metric_title, "Seeds"], 1)
    for arm in training.arms:
        table.add_row(Text(arm.told), count(arm.rows), number(arm.metrics.get(training.metric)), str(arm.finished))
    for y in training.yardsticks:
        table.add_row(Text(y.told), "", number(y.value), "")
    return [*out, table, Text(), *_proof(report), *_beyond(report)]


def _beyond(report: Report) -> list[Any]:
    """What was measured beyond accuracy: the verdicts; the tables are on the page."""
    from rich.text import Text

    if report.beyond is None:
        return []
    parts = [_item(f"{part.title}: {part.words}") for part in report.beyond.parts]
    return [Text("Beyond accuracy", style="bold"), *parts, Text()]


def _proof(report: Report) -> list[Any]:
    from rich.text import Text

    training, proof = report.training, report.proof
    if training is None or proof is None:
        return []
    out: list[Any] = []
    if proof.stages:
        table = _table(f"What each stage does, in {training.metric_title}{unit(training)}, {at_level(proof)} intervals")
        _add(table, ["Stage", "Verdict", "Alone vs raw", "vs its random control"], 2)
        for s in proof.stages:
            verdict = Text(s.verdict, style=STYLES.get(s.verdict, ""))
            table.add_row(Text(s.title), verdict, told_span(training, s.alone), told_span(training, s.against_control))
        table.columns[1].min_width = len("inconclusive")  # in 80 columns the numbers beside it would break the word
        out += [table, Text()]
    if proof.shapley:
        table = _table("How the effect divides among the stages (Shapley values)")
        _add(table, ["Stage", "Part of the effect"], 1)
        for w in proof.shapley:
            table.add_row(Text(w.title), told(training, w.gain))
        out += [table, Text()]
    if proof.views:
        table = _table("The same models, read in other ways")
        _add(table, ["Read on", "Rows", "Curated less raw"], 1)
        for v in proof.views:
            table.add_row(Text(v.title), count(v.rows), told_span(training, v.curated_less_raw))
        out += [table, Text()]
    if proof.leak:
        out += [Text(proof.leak.words), Text()]
    if proof.judged:
        table = _table("Which answers people prefer")
        _add(table, ["Answers of", "Preferred to those of", "Share of prompts", "Prompts"], 2)
        for j in proof.judged.pairs:
            table.add_row(Text(j.first), Text(j.second), judged.told(j), count(j.prompts))
        out += [table, Text(judged.sentence(proof.judged)), Text()]
    return [*out, *(_item(s) for s in sure(training, proof)), Text()]


def render_adapter(run: TrainedAdapter) -> Group:
    """One trained adapter by itself: base beside adapter, alerts with what to do."""
    from rich.console import Group
    from rich.text import Text

    return Group(Text(heading(run), style="bold"), Text(), *_measured(run), *_alerts(run.alerts))


def _trained(report: Report, run: str) -> list[Any]:
    from rich.text import Text

    out: list[Any] = []
    for adapter in report.adapters:
        out += [Text(heading(adapter), style="bold"), *_measured(adapter)]
    alerts = [alert for alert in alerts_of(report) if alert.severity != "note"]
    return [*out, *_alerts(alerts, run)] if alerts else out


def _measured(run: TrainedAdapter) -> list[Any]:
    from rich.text import Text

    table = _table("")
    _add(table, ["Judged on", "Metric", "Base", "Adapter", "95%"], 2)
    for name, metric, *values in metric_cells(run):
        table.add_row(Text(name), Text(metric), *values)
    return [table, Text()] if table.row_count else []


def _alerts(alerts: Sequence[TrainerAlert], run: str = "RUN") -> list[Any]:
    from rich.padding import Padding
    from rich.text import Text

    if not alerts:
        return [Text("No watchdog said anything."), Text()]
    out: list[Any] = [Text("What the watchdogs of training say", style="bold")]
    for training, kind, seen, do in alert_cells(alerts):
        said = Text(f"{training}, ")
        said.append(kind, style="yellow").append(f": {_in(seen, run)}")
        out += [Padding(said, (0, 0, 0, 2)), Padding(Text(_in(do, run)), (0, 0, 0, 4))]
    return [*out, Text()]


def _stages(report: Report) -> list[Any]:
    from rich.text import Text

    if not report.stages:
        return [Text("No stage ran."), Text()]
    table = _table("What the stages found")
    _add(table, ["Stage", "Found", "Applied", "Noted", "Waiting", "Other", "Removed", "Edited"], 1)
    for s in report.stages:
        if s.helper:
            continue
        if s.status == "skipped":
            table.add_row(Text(f"{s.title} (skipped)"), *["–"] * 7)
            continue
        applied, noted = s.counts.shown["applied"], s.counts.shown["noted"]
        other = s.counts.total - applied - noted - s.waiting
        cells = (s.findings, applied, noted, s.waiting, other, s.dropped_rows, s.edited_rows + s.relabelled_rows)
        table.add_row(Text(s.title), *(count(n) for n in cells))
    out = [table]
    looked = [s for s in report.stages if s.left is not None and not s.helper]
    if looked and not any(s.left for s in looked):
        out.append(Text("A second look at the curated data finds nothing more."))
    out.append(Text())
    for s in (s for s in report.stages if not s.helper):
        if s.measured and not any(e.of for e in s.measured):
            few = f"{s.title}: how much was found could not be measured here: insufficient evidence."
            out += [Text(few), Text()]
        elif s.measured:
            measured = _table(f"{s.title}: measured on a sample of this data, 95% intervals")
            _add(measured, ["What", "Share", "Counted"], 1)
            for e in s.measured:
                measured.add_row(Text(e.what), estimate_span(e.share), f"{count(e.hits)} of {count(e.of)}" if e.of else "–")
            out += [measured, Text()]
        if s.leaks:
            leaks = _table(f"{s.title}: how much of each set stands in training rows")
            _add(leaks, ["Set", "Kind", "Items", "Found", "Rows", "Only whole"], 2)
            for leak in s.leaks:
                numbers = (leak.items, leak.found, leak.rows, leak.only_whole)
                leaks.add_row(Text(leak.set), Text(leak.kind), *(count(n) for n in numbers))
            out += [leaks, Text()]
    return out


def _reviewed(report: Report, run: str) -> list[Any]:
    from rich.text import Text

    r = report.reviewed
    if r is None:
        return []
    out: list[Any] = [Text(_in(r.sentence, run)), Text()]
    rows = reviewed.lines(r)
    if rows:
        table = _table(reviewed.HEADS[0])
        _add(table, ["", reviewed.HEADS[1]], 1)
        table.add_column(reviewed.HEADS[2], overflow="fold")
        for what, share, of in rows:
            table.add_row(Text(what), share, Text(of))
        out += [table, Text()]
    return out


def _missed(report: Report, run: str) -> list[Any]:
    from rich.text import Text

    r = report.residual
    if r is None:
        return []
    out: list[Any] = [Text(_in(r.sentence, run))]
    if r.total.candidates:
        table = _table(CAPTION)
        _add(table, ["Kind", "Missed", "Found", "Only weak detectors", "Read"], 1)
        for kind, span, found, candidates, reviewed in rows_of(r):
            table.add_row(Text(kind), span, count(found), count(candidates), count(reviewed))
        out += [Text(), table]
    if r.names is not None and r.names.differs:
        out += [Text(), Text(r.names.sentence)]
    return [*out, Text()]


def _enough(report: Report) -> list[Any]:
    from rich.text import Text

    e = report.enough
    if e is None:
        return []
    out: list[Any] = [Text("Is there enough data", style="bold"), Text(e.sentence)]
    return [*out, *([Text(e.curve_says)] if e.curve_says else []), Text()]


def _groups(report: Report) -> list[Any]:
    out = _removed_by_group(report)
    if leads(report) or (report.fairness.status == "not run" and report.narrow):
        return out  # told first, or nobody asked
    return [*out, *people(report, alone=False)]


def _removed_by_group(report: Report) -> list[Any]:
    from rich.text import Text

    out: list[Any] = []
    for column in report.groups if report.flow.dropped_rows else ():
        table = _table("")
        table.title = Text(f"Rows removed by {column.column}", style="bold")
        _add(table, ["Group", "Against other rows", "Rows", "Removed", "Points"], 2)
        for g in column.groups:
            table.add_row(
                Name(g.group), Text(g.outcome, style=STYLES.get(g.outcome, "")), count(g.rows), percent_span(g.dropped),
                points_span(g.difference),
            )  # fmt: skip
        out += [table, Text()]
    return out
