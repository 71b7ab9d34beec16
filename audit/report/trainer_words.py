"""Trained adapters and what their watchdogs said, as rows for the renderings without pictures.

One list of alerts, one list of metrics: Markdown, the terminal and the page of a single training lay out the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audit.report.model import Report
from audit.report.model_trainer import TrainedAdapter, TrainerAlert
from curate.words import count, number

SETS = {"evaluation": "held-out rows", "real_world": "real cases"}
MOST_ROWS = 5


def alerts_of(report: Report) -> list[TrainerAlert]:
    """Alerts of the adapters, then those of an ablation's arms, notes last."""
    found = [alert for run in report.adapters for alert in run.alerts] + list(report.arm_alerts)
    return sorted(found, key=lambda alert: alert.severity == "note")


def alert_cells(alerts: Sequence[TrainerAlert]) -> Iterator[tuple[str, str, str, str]]:
    """Training, kind, what was seen with where, and what to do."""
    for alert in alerts:
        where = f"Step {alert.step:,}: " if alert.step else ""
        rows = ", ".join(map(str, alert.rows[:MOST_ROWS]))
        more = len(alert.rows) - MOST_ROWS + alert.more_rows
        named = f" Rows {rows}{f' and {more:,} more' if more > 0 else ''}." if rows else ""
        classes = f" Classes {', '.join(alert.names[:MOST_ROWS])}." if alert.names else ""
        found = f" Found there before: {', '.join(alert.findings)}." if alert.findings else ""
        kind = alert.kind if alert.severity == "warning" else f"{alert.kind} ({alert.severity})"
        yield alert.run, kind, f"{where}{alert.words}{named}{classes}{found}", alert.recommendation


def metric_cells(run: TrainedAdapter) -> Iterator[tuple[str, str, str, str, str]]:
    """Set, metric, the base's, the adapter's, the adapter's interval."""
    for judged in run.sets:
        name = f"{SETS.get(judged.name, judged.name)} ({count(judged.rows)})" if judged.rows else judged.name
        for metric in judged.metrics:
            low, high = metric.interval.low, metric.interval.high
            span = "" if low is None or high is None else f"[{number(low)}, {number(high)}]"
            base = "" if metric.base is None else number(metric.base)
            yield name, metric.name, base, number(metric.adapter), span


def heading(run: TrainedAdapter) -> str:
    """One line on what was trained."""
    if not run.finished:
        return f"Adapter {run.run}: training has not reached its end."
    facts = [f"on {run.base}"] if run.base else []
    facts += [f"{count(run.rows)} rows"] if run.rows else []
    facts += [f"{count(run.steps)} steps"] if run.steps else []
    return f"Adapter {run.run}: {', '.join(facts)}.{f' {said}' if (said := kept(run)) else ''}"


def kept(run: TrainedAdapter) -> str:
    """A sentence on where a run that keeps its best weights stopped, and which it kept; empty where these are the last."""
    said = ended(run.steps, run.planned_steps, run.kept_step)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def ended(steps: int | None, planned: int | None, kept_step: int | None, patience: int | None = None) -> str:
    """The same in the terminal's words; `patience` names the setting that stopped it."""
    if not planned or not kept_step or steps == planned == kept_step:
        return ""
    setting = "" if patience is None else f" (early_stopping_patience_evaluations = {patience})"
    early = f"stopped after step {count(steps)} of {planned:,}, as the loss on validation rows fell no more{setting}; "
    of = f"step {kept_step:,} of {planned:,}, where the loss on validation rows was lowest"
    return f"{early if steps != planned else ''}the adapter is that of {of}"
