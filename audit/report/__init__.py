"""Reports: one tree of data, four ways to read it.

`build` computes a `Report` from a run; the renderings only lay it out, so they cannot disagree. Dataset text is
hostile until proven otherwise: it is masked and stripped when the report is built, and escaped by each rendering.

    report = build(manifest=..., dataset=..., findings=..., plan=..., ablation=...)
    report.to_json()          # valid under docs/schema/report.schema.json
    render_html(report)       # one self-contained page, no script, nothing loaded from elsewhere
    render_markdown(report)
    render_terminal(report)   # a rich Group
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audit.report.build import build
from audit.report.model import SCHEMA_VERSION, Report
from audit.report.schema import json_schema

if TYPE_CHECKING:
    from rich.console import Group

__all__ = [
    "SCHEMA_VERSION", "Report", "build", "json_schema", "render_adapter", "render_adapter_markdown",
    "render_adapter_terminal", "render_html", "render_markdown", "render_terminal",
    "render_terminal_groups", "render_tuned",
]  # fmt: skip


def render_html(report: Report) -> str:
    """The report as one self-contained HTML page."""
    from audit.report.html import render

    return render(report)


def render_adapter(folder: Path) -> str:
    """One training folder (`metrics.jsonl`, `done.json`) as one self-contained HTML page."""
    from audit.report.html import render_adapter as render

    return render(folder)


def render_tuned(path: Path) -> str:
    """One study of the trainer's settings (`tune.json`) as one self-contained HTML page."""
    from audit.report.tuned import render

    return render(path)


def render_adapter_markdown(folder: Path) -> str:
    """One training folder as Markdown; raises OSError where it holds no `metrics.jsonl`."""
    from audit.report.adapters import adapter_of
    from audit.report.markdown import render_adapter as render

    return render(adapter_of(folder))


def render_adapter_terminal(folder: Path) -> Group:
    """One training folder as a rich Group; raises OSError where it holds no `metrics.jsonl`."""
    from audit.report.adapters import adapter_of
    from audit.report.terminal import render_adapter as render

    return render(adapter_of(folder))


def render_markdown(report: Report) -> str:
    """The report as Markdown, short enough for a pull request."""
    from audit.report.markdown import render

    return render(report)


def render_terminal(report: Report, run: str = "RUN") -> Group:
    """The report's summary for a terminal of 80 columns or more, as a rich Group.

    `run` is the run directory as a shell reads it, for the commands that are shown.
    """
    from audit.report.terminal import render

    return render(report, run)


def render_terminal_groups(report: Report) -> Group:
    """Of a report what it says of groups of people, as a rich Group."""
    from audit.report.terminal import render_groups

    return render_groups(report)
