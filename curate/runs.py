"""The run directories under a folder: what each is, how large, and which may go."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curate.dataset.jsontext import json_or_empty
from curate.errors import RunError
from curate.rundir import REVIEW_FILE, RunDir
from curate.safetext import safe_text

DEPTH = 3
"""Folders below the one asked for that are looked into: `runs/<name>-gate/<hash>` is two."""
_TAGGED = re.compile(r"[0-9a-f]{16}")
"""How a gate names the folder of a run that nobody named."""


@dataclass(frozen=True)
class RunLine:
    """One run directory."""

    path: str
    status: str
    input: str
    task: str
    rows_in: int | None
    rows_out: int | None
    pending: int
    verdict: str
    started: str
    age_days: float
    size_bytes: int
    decisions: bool
    """Whether people have decided or reviewed something here: such a run is never pruned."""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON types."""
        return asdict(self)


def find_runs(folder: str | Path = "runs") -> list[RunLine]:
    """Every run directory under `folder`, newest first; damaged ones are listed as such."""
    root = Path(folder)
    if not root.is_dir():
        raise RunError(f"there is no folder {root}; give the folder that holds your runs")
    lines = [_line(path.parent) for path in _manifests(root)]
    return sorted(lines, key=lambda line: (line.age_days, line.path))


def prune(lines: Sequence[RunLine], older_than_days: float) -> list[RunLine]:
    """Remove runs that are older and that hold no decisions; returns those removed.

    The lock is taken first, so a run that is being written stays; RunLockedError names it.
    """
    gone = []
    for line in lines:
        if line.age_days < older_than_days or line.decisions:
            continue
        run = RunDir(line.path)
        with run.writing():
            shutil.rmtree(run.path)
        if _TAGGED.fullmatch(run.path.name) and run.path.parent.name.endswith("-gate"):  # gone with the last of its runs
            with contextlib.suppress(OSError):
                run.path.parent.rmdir()
        gone.append(line)
    return gone


def _manifests(root: Path) -> list[Path]:
    out = []
    for at, folders, files in os.walk(root):
        if "manifest.json" in files and ".lock" in files:
            out.append(Path(at) / "manifest.json")
            folders.clear()
        elif len(Path(at).relative_to(root).parts) >= DEPTH:
            folders.clear()
        folders.sort()
    return out


def _line(path: Path) -> RunLine:
    run = RunDir(path)
    try:
        manifest = run.manifest()
    except RunError:
        manifest = {"status": "damaged"}
    status = str(manifest.get("status", "unknown"))
    plan = manifest.get("plan", {})
    stamp = manifest.get("finished") or manifest.get("started")
    at = dt.datetime.fromisoformat(stamp) if stamp else dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    return RunLine(
        path=str(path),
        status="stopped" if status == "running" and not run.held() else status,
        input=safe_text(Path(str(manifest.get("input", {}).get("path", ""))).name),
        task=str(manifest.get("task", "")),
        rows_in=plan.get("rows_in", manifest.get("input", {}).get("rows")),
        rows_out=plan.get("rows_out"),
        pending=sum(counts.get("pending", 0) for counts in plan.get("counts", {}).values()),
        verdict=_verdict(path / "ablation.json"),
        started=str(manifest.get("started", "")),
        age_days=(dt.datetime.now(dt.UTC) - at).total_seconds() / 86400,
        size_bytes=sum(p.stat().st_size for p in path.rglob("*") if p.is_file()),
        decisions=any(p.is_file() and p.stat().st_size > 0 for p in (run.decisions_path, run.path / REVIEW_FILE)),
    )


def _verdict(path: Path) -> str:
    return str(json_or_empty(path).get("verdict", ""))
