"""The report of a run, built from what the run holds and written beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from curate.dataset.atomic import atomic_write
from curate.dataset.compression import file_hash
from curate.house import require
from curate.ledger.apply import apply
from curate.ledger.decisions import read_journal
from curate.ledger.plan import Plan
from curate.pipeline import Detected
from curate.rundir import RunDir
from curate.workflow.reopening import reopen
from curate.workflow.result import RunResult


def load_ablation(directory: RunDir) -> dict[str, Any] | None:
    """The last ablation of a run, or None."""
    path = directory.path / "ablation.json"
    return orjson.loads(path.read_bytes()) if path.is_file() else None


def build_report(directory: RunDir) -> Any:
    """The report of a run as data, from its files."""
    detected = reopen(directory, as_found=True)
    plan = detected.resolve(read_journal(directory.decisions_path))
    result = RunResult(directory, detected, plan, apply(detected.dataset, plan), manifest=directory.manifest())
    result.ablation = ablation_of_this_plan(result)
    return built_report(result)


def draw(detected: Detected, plan: Plan, manifest: Mapping[str, Any]) -> Any:
    """What a report takes from the rows, which is most of its work and needs no file of the run; its page is made ready,
    too. `manifest` is that of the run so far."""
    require("audit.report.html")
    pii = manifest["recipe"]["stages"].get("pii")
    return require("audit.report.drawn").draw(detected.dataset, detected.findings, plan, pii)


def write_report(result: RunResult) -> None:
    """Write `report.json` and `report.html` from what the run holds."""
    result.report = built_report(result)
    result.run.write_json("report.json", result.report.to_json())
    result.run.write_bytes("report.html", require("audit.report").render_html(result.report).encode())


def refresh_report(home: Path, trained: Path) -> None:
    """Write the page of a training, and the report of the run that it was trained in, where `home` is one."""
    reports = require("audit.report")
    with atomic_write(trained / "report.html") as page:
        page.write(reports.render_adapter(trained).encode())
    if (home / "plan.parquet").is_file() and trained.resolve().is_relative_to(home.resolve()):
        rewrite_report(RunDir(home))


def rewrite_report(directory: RunDir) -> None:
    """Write the report of a run again from what lies in it. RunLockedError where another process writes there."""
    report = build_report(directory)
    with directory.writing():
        directory.write_json("report.json", report.to_json())
        directory.write_bytes("report.html", require("audit.report").render_html(report).encode())


def built_report(result: RunResult) -> Any:
    """The report of a result, as data."""
    findings: pa.Table = result.detected.findings
    return require("audit.report").build(
        manifest=result.manifest,
        dataset=result.detected.dataset,
        findings=findings,
        plan=result.plan,
        ablation=result.ablation,
        folder=result.run.path,
        drawn=result.drawn,
    )


def ablation_of_this_plan(result: RunResult) -> dict[str, Any] | None:
    """The ablation on disk, when it was made from the very plan that is in force."""
    ablation = load_ablation(result.run)
    if ablation is None or ablation.get("plan_hash") != file_hash(result.run.path / "plan.parquet"):
        return None
    return ablation
