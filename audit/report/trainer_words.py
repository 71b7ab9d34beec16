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
    return f"Adapter {run.run}: {', '.join(facts)}."
