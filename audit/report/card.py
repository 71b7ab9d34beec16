"""A dataset card: the YAML header that the Hugging Face hub reads, and a data sheet for people.

The sheet follows the questions of Gebru et al. (2021, "Datasheets for Datasets") as far as a run knows the answers, and
says where it does not. It holds numbers and names of stages, no text of the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from audit.report.croissant import SplitFile
from audit.report.markdown import code, escape
from audit.report.model import Report
from audit.report.model_stage import StageReport
from audit.report.words import estimate_span, percent_span
from curate.words import count, outcomes_told, plural

TASKS = {
    "classification": "text-classification",
    "sft": "text-generation",
    "chat": "text-generation",
    "preference": "reinforcement-learning",
    "unpaired_preference": "reinforcement-learning",
    "text": "text-generation",
}
_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"),
)  # fmt: skip
"""The hub's own words."""

_FOLDERS = re.compile(r"(?<=')/[^']*/|(?<=[\s=])/(?:[^\s/]+/)*")
"""The folders of a path from the root on: a published card says nothing of the machine."""


def card(report: Report, name: str, files: Sequence[SplitFile]) -> str:
    """The card as Markdown."""
    rows = sum(file.rows for file in files)
    size = next((word for limit, word in _SIZES if rows < limit), "1B<n<10B")
    header = {
        "pretty_name": name,
        "task_categories": [TASKS[report.input.task]],
        "size_categories": [size],
        "tags": ["curate"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": f.split, "path": f.path} for f in files]},
        ],
    }
    lines = ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in header.items()), "---", ""]
    lines += [f"# {escape(name)}", "", report.headline.sentence, ""]
    lines += ["## What is in it", "", "| Split | Rows |", "|---|---|"]
    lines += [f"| {escape(file.split)} | {count(file.rows)} |" for file in files]
    lines += ["", f"Task: {report.input.task.replace('_', ' ')}.", *_labels(report)]
    lines += ["", "## Where it comes from", ""]
    lines += [
        f"{count(report.input.rows)} rows of a {report.input.format} file with content hash "
        f"{code(report.reproducibility.input_hash)}; {count(report.input.rejected)} more could not be read. Who "
        "collected them, from whom and with what consent is not known here: add it, and a licence, before you publish.",
        "",
        "## What was done to it",
        "",
        "| Stage | Findings | Rows removed | Rows edited | Labels changed | Waiting | Measured on this data |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_stage(stage) for stage in report.stages if stage.status == "done" and not stage.helper]
    skipped = [stage for stage in report.stages if stage.status == "skipped"]
    lines += ["", *(f"- Not done: {escape(s.title)}. {escape(s.reason)}" for s in skipped)]
    lines += ["", "## Personal data", "", _personal(report), "", "## Groups", "", _groups(report), "", "## Limits", ""]
    lines += [f"- {escape(caution)}" for caution in report.headline.cautions] or ["- None that the run itself found."]
    lines += ["", "## Made again by", "", *(f"- {code(_FOLDERS.sub('', c))}" for c in report.reproducibility.commands), ""]
    lines += [f"Versions: {', '.join(f'{k} {v}' for k, v in sorted(report.reproducibility.versions.items()))}.", ""]
    return "\n".join(lines)


def _labels(report: Report) -> list[str]:
    shown = [row for row in report.profile.labels if row.after]
    if not shown:
        return []
    more = f"; and {plural(report.profile.other_labels, 'more label')}" if report.profile.other_labels else ""
    return ["", "Labels: " + ", ".join(f"{escape(row.label)} ({count(row.after)})" for row in shown) + more + "."]


def _stage(stage: StageReport) -> str:
    measured = "; ".join(f"{m.what} {estimate_span(m.share)}" for m in stage.measured) or "–"
    numbers = (stage.findings, stage.dropped_rows, stage.edited_rows, stage.relabelled_rows, stage.waiting)
    return f"| {escape(stage.title)} | {' | '.join(map(count, numbers))} | {escape(measured)} |"


def _personal(report: Report) -> str:
    if report.residual is None:
        return "What the scan for personal data missed was not estimated."
    return escape(report.residual.sentence)


def _groups(report: Report) -> str:
    if report.fairness.status != "done":
        return f"No group was compared with others. {escape(report.fairness.reason)}".strip()
    told = outcomes_told(report.fairness.counts)
    removed = [
        f"{escape(g.group)} ({escape(column.column)}): {percent_span(g.dropped)} of its rows removed"
        for column in report.groups
        for g in column.groups
        if g.outcome == "disparity"
    ]
    loud = f" Curation removed more or less of some groups than of others: {'; '.join(removed)}." if removed else ""
    return f"Comparisons between groups: {told or 'none'}.{loud}"
