"""A file, a recipe or a run judged under a policy, and what the renderings of the verdict show of it.

Results are kept by content in `runs/<name>-gate/<hash of the input>`, so judging the same bytes again costs no detection;
where that cannot be written (a read-only checkout) they are kept nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset, make_private_dir
from curate.errors import ConfigError, DataError
from curate.gating.asking import only_asked, sampled
from curate.gating.judging import judged, place_of
from curate.house import require
from curate.ledger.decisions import read_journal
from curate.pipeline import Detected, Listener
from curate.privacy.preview import shown_names
from curate.recipe import Recipe
from curate.rundir import RunDir
from curate.safetext import safe_text
from curate.stages.known_rows import KnownRows
from curate.workflow import as_recipe, default_out, detect_into, read_decisions, read_input, reopen

if TYPE_CHECKING:
    from audit.gate import Baseline, GateResult, Policy
    from audit.gate.render import Place

LABEL_WIDTH = 60


@dataclass(frozen=True)
class Gated:
    """A verdict and what its renderings ask for."""

    result: GateResult
    detected: Detected
    run: RunDir
    still_known: frozenset[bytes] = frozenset()
    """Findings of the baseline that are still there."""
    unknown: str = ""
    """Why an index that was named knew nothing."""
    scratch: TemporaryDirectory[str] | None = None
    """Where the results lie for as long as this does, where `runs/` cannot be written (a read-only checkout)."""

    def places(self, positions: Sequence[int]) -> list[Place]:
        """Where findings stand in the file."""
        place = require("audit.gate.render").Place
        dataset = self.detected.dataset
        found = self.detected.findings.take(pa.array(positions, pa.int64())).to_pylist()
        given, shown = self._labels(found)
        many = bool(dataset.source.files)
        out = []
        for f, label in zip(found, given, strict=True):
            (file, line), (other, same) = (place_of(dataset, f[name]) for name in ("row", "witness_row"))
            about = {"given": shown[label], "suggested": shown[f["replacement"]]} if label is not None else {}
            beside = {"file": file, "witness_file": other} if many else {}
            beside["counted"] = dataset.source.counted
            said = {name: str(f[name]) for name in ("stage", "rule", "reason")}
            finding = f["finding_id"].hex()
            out.append(place(finding_id=finding, row=f["row"], line=line, **said, witness_line=same, **beside, **about))
        return out

    def _labels(self, found: Sequence[Mapping[str, Any]]) -> tuple[list[str | None], dict[str, str]]:
        """The label that each finding would change, None for others, and how labels are written."""
        labels = self.detected.dataset.labels()
        if labels is None or not any(f["action"] == "relabel" for f in found):
            return [None] * len(found), {}
        asked = [f["action"] == "relabel" and f["row"] is not None and f["replacement"] is not None for f in found]
        given = [labels[f["row"]].as_py() if yes else None for f, yes in zip(found, asked, strict=True)]
        names = {*given, *(f["replacement"] for f, yes in zip(found, asked, strict=True) if yes)}
        return given, {name: safe_text(text)[:LABEL_WIDTH] for name, text in shown_names(names).items()}

    def fingerprints(self) -> list[str]:
        """Ids of the findings behind the checks, sorted: what a later gate may take as known."""
        positions = sorted({p for c in self.result.checks for p in c.findings})
        ids = self.detected.findings["finding_id"].take(pa.array(positions, pa.int64())).to_pylist()
        return sorted(i.hex() for i in ids)

    def render(self, form: str, color: bool = False) -> str:
        """The verdict in one of `audit.gate.FORMATS`."""
        render = require("audit.gate").render
        text: str = render(self.result, form, self.places, self.fingerprints, color, self.some_rows)
        return text

    def some_rows(self) -> list[str]:
        """The smallest ids of rows: a sample that is the same whatever the order of rows."""
        ids = self.detected.dataset.row_ids
        first = np.frombuffer(ids.buffers()[1], ">u8").reshape(-1, 2)[ids.offset : ids.offset + len(ids), 0]
        most = min(len(ids), require("audit.gate.judge").SOME_ROWS)
        return sorted(i.hex() for i in ids.take(pa.array(np.argsort(first, kind="stable")[:most])).to_pylist())


def gate(
    what: str | Path | Recipe,
    policy: Policy,
    *,
    out: str | Path | None = None,
    baseline: Baseline | None = None,
    decisions: Path | None = None,
    index: Path | None = None,
    listener: Listener = lambda event: None,
) -> Gated:
    """Judge an input file, a recipe or a run directory under a policy.

    `index`: a folder in which what was found row by row is kept. Rows that it knows are not looked at again, and the
    verdict is the same; without a baseline it is brought up to date.
    Raises DataError for what cannot be read, RunError for a damaged or foreign run directory.
    """
    said = None if decisions is None else read_decisions(decisions)
    curated = not isinstance(what, Recipe) and (Path(what) / "manifest.json").is_file()
    if curated and index is not None:
        raise ConfigError("an index is of data as it stands, and this is a run; leave --index out")
    known = None if index is None else KnownRows(index, writing=baseline is None)
    scratch = None
    if curated:
        assert not isinstance(what, Recipe)
        run = RunDir.open(what)
        detected = reopen(run, listener)
    else:
        recipe = only_asked(as_recipe(what), policy)
        dataset = read_input(recipe)
        dataset.name_rows_ahead()
        run, scratch = _run_of(dataset, out)
        meeting = known.meet(dataset) if known is not None else None
        detected = detect_into(run, dataset, sampled(recipe, dataset), listener, meeting)
        if known is not None and meeting is not None and known.writing:
            known.save(meeting)
    if baseline is not None:
        _check_baseline(baseline, detected.dataset)
    plan = detected.resolve(read_journal(run.decisions_path) if said is None else said)
    result, evidence, _ = judged(detected, plan, run, policy, baseline, curated=curated)
    still = baseline.known.intersection(_counted(evidence, detected)) if baseline is not None else frozenset()
    return Gated(result, detected, run, still, known.why if known is not None else "", scratch)


def _run_of(dataset: Dataset, out: str | Path | None) -> tuple[RunDir, TemporaryDirectory[str] | None]:
    """Where results of a file are kept, and what holds them where the folder for them cannot be written."""
    base = Path(f"{default_out(dataset.source.path)}-gate") / dataset.source.input_hash.rpartition(":")[2][:16]
    if out is not None or _writable(base):
        return RunDir(out or base), None
    scratch = TemporaryDirectory(prefix="curate-gate-")
    return RunDir(scratch.name), scratch


def _check_baseline(baseline: Baseline, dataset: Dataset) -> None:
    """Raise where the baseline is of other data."""
    rows = sorted(baseline.rows)
    here = pc.is_in(pa.array(rows, pa.binary(16)), dataset.row_ids.cast(pa.binary(16))).to_pylist()
    require("audit.gate.judge").fits(baseline, dataset.task, [row for row, there in zip(rows, here, strict=True) if there])


def _counted(evidence: Any, detected: Detected) -> list[bytes]:
    """Ids of all findings that some check counts, with no baseline."""
    facts = require("audit.gate").gather(evidence).values()
    positions = sorted({int(p) for fact in facts for p in fact.findings})
    ids: list[bytes] = detected.findings["finding_id"].take(pa.array(positions, pa.int64())).to_pylist()
    return ids


def _writable(folder: Path) -> bool:
    """Whether results can be kept there; the folder is made."""
    try:
        return os.access(make_private_dir(folder), os.W_OK | os.X_OK)
    except DataError:
        return False
