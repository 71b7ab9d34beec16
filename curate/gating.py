"""The gate over a file or a run: detect what the policy asks about, read it under the decisions, judge.

A file is judged as it stands: whatever a stage would change speaks against it. A finished run is judged by what its
curated data still holds. Stages that no check asks about do not run, nor do parts of them that no check counts (names of
people that are only noted). Labels of more than `MOST_JUDGED_WHOLE` rows are judged on a sample of every class. Results are
kept by content in `runs/<name>-gate/<hash of the input>`, so judging the same bytes again costs no detection; where that
cannot be written (a read-only checkout) they are kept nowhere.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
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
from curate.dataset.compression import file_hash
from curate.dataset.inner import holder_of
from curate.dataset.jsontext import json_or_empty
from curate.errors import ConfigError, DataError
from curate.house import require
from curate.ledger.apply import apply
from curate.ledger.decisions import read_journal
from curate.ledger.plan import Plan
from curate.pipeline import Detected, Listener, thread_count
from curate.privacy.preview import shown_names
from curate.recipe import Recipe
from curate.review.residual import residual_of
from curate.rundir import RunDir
from curate.safetext import safe_text
from curate.similarity.partners import TRAIN, split_ranks
from curate.workflow import as_recipe, default_out, detect_into, load_ablation, read_decisions, read_input, reopen

if TYPE_CHECKING:
    from audit.gate import Baseline, CheckResult, Fact, GateResult, Policy
    from audit.gate.render import Place

RESIDUAL = "pii_residual_per_1000_rows"
CURATION = "disproportionate_curation"
ASKED_BY = {
    "duplicate_rate": ("exact_duplicates", "near_duplicates"),
    "leaked_rows": ("exact_duplicates", "near_duplicates", "contamination"),
    "conflicting_labels": ("exact_duplicates", "near_duplicates", "label_names"),
    "conflicting_answers": ("exact_duplicates", "near_duplicates"),
    "pii_rows": ("pii",),
    "secrets": ("pii",),
    RESIDUAL: ("pii",),
    "label_error_rate": ("near_duplicates", "label_issues", "label_names"),
    "rows_per_class": ("label_names",),
    "disparities": ("near_duplicates", "label_names", "fairness"),
    "selection_rate_gap": ("near_duplicates", "label_names", "fairness"),
    "tpr_gap": ("near_duplicates", "label_names", "fairness"),
    "equalised_odds_gap": ("near_duplicates", "label_names", "fairness"),
    "accuracy_gap": ("near_duplicates", "label_names", "fairness"),
    "four_fifths": ("near_duplicates", "label_names", "fairness"),
}
"""Stages behind each check; a stage also runs where it sharpens one of these (clusters, canonical names)."""
MOST_JUDGED_WHOLE, SAMPLE_ROWS = 50_000, 20_000
"""Rows up to which every label is judged, and how many are drawn beyond that."""
LABEL_WIDTH = 60
NAMED_LINES = 10
"""Lines that cannot be read and are named; all of them are in `rejected.jsonl`."""


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
            (file, line), (other, same) = (_place(dataset, f[name]) for name in ("row", "witness_row"))
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
    scratch: TemporaryDirectory[str] | None = None
    curated = not isinstance(what, Recipe) and (Path(what) / "manifest.json").is_file()
    known = None
    if index is not None:
        from curate.stages.known_rows import KnownRows

        if curated:
            raise ConfigError("an index is of data as it stands, and this is a run; leave --index out")
        known = KnownRows(index, writing=baseline is None)
    if curated:
        assert not isinstance(what, Recipe)
        run = RunDir.open(what)
        detected = reopen(run, listener)
    else:
        recipe = only_asked(as_recipe(what), policy)
        dataset = read_input(recipe)
        dataset.name_rows_ahead()
        recipe = sampled(recipe, dataset)
        base = Path(f"{default_out(dataset.source.path)}-gate") / dataset.source.input_hash.rpartition(":")[2][:16]
        scratch = None if out is not None or _writable(base) else TemporaryDirectory(prefix="curate-gate-")
        run = RunDir(out or (base if scratch is None else scratch.name))
        meeting = known.meet(dataset) if known is not None else None
        detected = detect_into(run, dataset, recipe, listener, meeting)
        if known is not None and meeting is not None and known.writing:
            known.save(meeting)
    if baseline is not None:
        ids = detected.dataset.row_ids.cast(pa.binary(16))
        here = pc.is_in(pa.array(sorted(baseline.rows), pa.binary(16)), ids).to_pylist()
        require("audit.gate.judge").fits(
            baseline, detected.dataset.task, [i for i, there in zip(sorted(baseline.rows), here, strict=True) if there]
        )
    plan = detected.resolve(read_journal(run.decisions_path) if said is None else said)
    result, evidence, _ = _judged(detected, plan, run, policy, baseline, curated=curated)
    still: frozenset[bytes] = frozenset()
    if baseline:
        everything = require("audit.gate").gather(evidence).values()
        positions = sorted({int(p) for fact in everything for p in fact.findings})
        ids = detected.findings["finding_id"].take(pa.array(positions, pa.int64())).to_pylist()
        still = baseline.known.intersection(ids)
    return Gated(result, detected, run, still, known.why if known is not None else "", scratch)


def _writable(folder: Path) -> bool:
    """Whether results can be kept there; the folder is made."""
    try:
        return os.access(make_private_dir(folder), os.W_OK | os.X_OK)
    except DataError:
        return False


def judge_plan(detected: Detected, plan: Plan, run: RunDir, policy: Policy) -> GateResult:
    """Judge what a plan leaves of an open run, whether or not it was written: what a screen shows while people decide."""
    return _judged(detected, plan, run, policy, None, curated=True)[0]


def red_checks(detected: Detected, plan: Plan, run: RunDir, policy: Policy) -> list[tuple[CheckResult, Fact]]:
    """The checks that fail or warn under a plan of an open run, the worst first, each with the fact that it rests on."""
    result, _, facts = _judged(detected, plan, run, policy, None, curated=True)
    red = [(check, facts[check.name]) for check in result.checks if check.verdict in ("fail", "warn")]
    return sorted(red, key=lambda pair: pair[0].verdict != "fail")


def _judged(
    detected: Detected, plan: Plan, run: RunDir, policy: Policy, baseline: Baseline | None, *, curated: bool
) -> tuple[GateResult, Any, Mapping[str, Fact]]:
    """The verdict, the evidence that it rests on, and the fact behind each check."""
    evidence = _evidence(detected, plan, run, curated=curated)
    if RESIDUAL in policy.limits:
        evidence = dataclasses.replace(evidence, residual=residual_of(detected, run.path))
    gates = require("audit.gate")
    dataset = detected.dataset
    facts = {
        **gates.gather(evidence, baseline.known if baseline else frozenset()),
        **_of_groups(detected, plan, policy, evidence.ran, curated=curated),
        **_beside_reference(detected, plan, policy, curated=curated),
    }
    subject = {
        "path": safe_text(_here(dataset.source.path)),
        **({"files": [safe_text(f.path) for f in dataset.source.files]} if dataset.source.files else {}),
        **({"first_file": _place(dataset, 0)[0]} if dataset.source.files else {}),
        "input_hash": dataset.source.input_hash,
        "rows": int((~plan.dropped).sum()) if curated else dataset.n_rows,
        "state": "as curated" if curated else "as given",
        "task": dataset.task,
        "policy": policy.source,
        "preset": policy.preset,
        **({"reference": safe_text(policy.reference)} if policy.reference else {}),
    }
    today = dt.datetime.now(dt.UTC).date()
    return gates.judge(facts, policy, today=today, subject=subject, baseline=baseline), evidence, facts


def _beside_reference(detected: Detected, plan: Plan, policy: Policy, *, curated: bool) -> dict[str, Any]:
    """Facts about columns and drift, where the policy asks for them and names what to compare with."""
    comparing = require("audit.gate.reference")
    asked = [name for name in comparing.CHECKS if name in policy.limits]
    if not asked or not policy.reference:
        return dict(comparing.without_reference())
    recipe = detected.recipe
    roles = {role: list(columns) for role, columns in detected.dataset.roles.items()}
    new = apply(detected.dataset, plan).with_added() if curated else detected.dataset
    same = read_input(recipe.with_(input=policy.reference))  # its own columns: some of ours may be missing there
    missing = [c for columns in roles.values() for c in columns if c not in same.columns and not holder_of(c, same.columns)]
    old = same if missing else read_input(recipe.with_(input=policy.reference, roles=roles, task=new.task))
    found = comparing.against(old, new, asked, seed=recipe.run.seed, threads=thread_count(recipe))
    return dict(found)


def _of_groups(
    detected: Detected, plan: Plan, policy: Policy, ran: Mapping[str, str], *, curated: bool
) -> dict[str, Any]:
    """Facts about groups of people: gaps of the fairness stage, and on whom the plan falls."""
    if not any(name == CURATION or "fairness" in ASKED_BY.get(name, ()) for name in policy.limits):
        return {}
    fairness = require("audit.gate.fairness")
    outcome = detected.outcomes.get("fairness")
    why = ran.get("fairness", "")
    found = fairness.facts(
        None if outcome is None else outcome.detection.summary, f"fairness did not run: {why}" if why else "", plan.n_rows
    )
    if CURATION not in policy.limits:
        return dict(found)
    settings = detected.recipe.to_dict().get("stages", {}).get("fairness", {})
    clusters = detected.hint("near_duplicates.cluster")
    return {**found, **fairness.curation_fact(plan, detected.dataset.groups(), settings, clusters, curated=curated)}


def only_asked(recipe: Recipe, policy: Policy) -> Recipe:
    """The recipe with the stages that the policy's checks rest on, of those it enables."""
    wanted = {stage for check in policy.limits for stage in ASKED_BY.get(check, ())}
    recipe = recipe.narrowed(*(name for name in recipe.stage_names() if name in wanted))
    if "near_duplicates" in wanted:  # how well the stage looks is measured in a run
        recipe = recipe.with_settings("near_duplicates", measure=False)
    if "pii" in wanted and RESIDUAL not in policy.limits and recipe.choice("pii").config.names == "flag":
        recipe = recipe.with_settings("pii", names="off")  # a name that is only noted counts in no other check
    return recipe


def sampled(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe in which labels of much data are judged on a sample; whoever sets `sample_rows` decides."""
    if dataset.n_rows <= MOST_JUDGED_WHOLE or "sample_rows" in recipe.stage_settings.get("label_issues", {}):
        return recipe
    asked = "label_issues" in recipe.stage_names()
    return recipe.with_settings("label_issues", sample_rows=SAMPLE_ROWS) if asked else recipe


def _evidence(detected: Detected, plan: Plan, run: RunDir, *, curated: bool) -> Any:
    facts = require("audit.gate.facts")
    dataset = detected.dataset
    labels = detected.canonical_labels() if dataset.labels() is not None else None
    said = None if labels is None else labels.to_pylist()
    if said is not None and curated:
        mended = plan.applied("relabel")
        for row, label in zip(mended["row"].to_pylist(), mended["replacement"].to_pylist(), strict=True):
            said[row] = label
    manifest = run.manifest()
    ran: dict[str, str] = {}
    for stages in ASKED_BY.values():
        for stage in stages:
            outcome = detected.outcomes.get(stage)
            if outcome is None:
                ran[stage] = "it is not part of the recipe"
            else:
                ran[stage] = outcome.reason.rstrip(".") if outcome.status == "skipped" else ""
    return facts.Evidence(
        n_rows=dataset.n_rows,
        rejected_rows=len(dataset.rejected),
        rejected_at=[safe_text(f"{r.file}:{r.line}" if r.file else f"{r.line:,}") for r in dataset.rejected[:NAMED_LINES]],
        findings=detected.findings,
        plan=plan.table,
        dropped=plan.dropped,
        ran=ran,
        labels=said,
        train_row=split_ranks(dataset.splits(), dataset.n_rows) == TRAIN,
        answers=bool(dataset.parts()),
        label_scores=_label_scores(detected),
        labels_sampled=_labels_sampled(detected),
        labels_untold=bool(_of_labels(detected).get("label_of_a_relation")),
        curated=curated,
        left={k: int(v["left"]) for k, v in manifest.get("rescan", {}).items()} if curated else {},
        days_since_training=_days_since_training(run) if curated else None,
        against_random=_against_random(run) if curated else None,
        beyond=(_ablation_in_force(run) or {}).get("beyond") if curated else None,
    )


def _label_scores(detected: Detected) -> Any:
    outcome = detected.outcomes.get("label_issues")
    if outcome is None or outcome.detection.scores is None:
        return None
    scores = np.full(detected.dataset.n_rows, np.nan)
    table = outcome.detection.scores
    scores[table["row"].to_numpy()] = table["score"].to_numpy()
    return scores


def _against_random(run: RunDir) -> dict[str, Any] | None:
    """What the last ablation says of curated data against a random removal, if it was of the plan in force."""
    ablation = _ablation_in_force(run)
    if ablation is None:
        return None
    pairs = {(c["a"], c["b"]): c for c in ablation.get("comparisons", ())}
    short = {"metric": "", **ablation, "verdict": "insufficient evidence", "seeds": len(ablation.get("seeds", ()))}
    found: dict[str, Any] = pairs.get(("curated", "random_control"), short)
    return found


def _ablation_in_force(run: RunDir) -> dict[str, Any] | None:
    """The last ablation, if it was of the plan in force."""
    ablation = load_ablation(run)
    plan = run.path / "plan.parquet"
    fresh = ablation is not None and plan.is_file() and ablation.get("plan_hash") == file_hash(plan)
    return ablation if fresh else None


_CLOCKS_APART_DAYS = 1.0
_ON_CURATED = ("curated", "final")
"""Folders of trainings on curated data; other arms are there to compare with."""


def _days_since_training(run: RunDir) -> float | None:
    """By the newest training on curated data that says when it ended; None where none does, or only in the future.

    Nothing that happens to a run afterwards (`curate apply`, a report, an arm to compare with) is a training.
    """
    now, found = dt.datetime.now(dt.UTC), []
    for arm in _ON_CURATED:
        for done in map(json_or_empty, run.path.glob(f"train/{arm}/*/done.json")):
            try:
                days = (now - dt.datetime.fromisoformat(done.get("finished"))).total_seconds() / 86400  # type: ignore[arg-type]
            except (TypeError, ValueError):  # it says nothing, or not in which time zone
                continue
            if days >= -_CLOCKS_APART_DAYS:
                found.append(max(0.0, days))
    return min(found, default=None)


def _of_labels(detected: Detected) -> Mapping[str, Any]:
    """What the label stage says of itself; empty where it did not run."""
    outcome = detected.outcomes.get("label_issues")
    return {} if outcome is None else outcome.detection.summary


def _labels_sampled(detected: Detected) -> bool:
    return "not_drawn" in (_of_labels(detected).get("rows_not_judged") or {})


def _place(dataset: Dataset, row: int | None) -> tuple[str, int | None]:
    """(file, line) of a row; ("", None) for a finding about the dataset."""
    if row is None:
        return "", None
    file, line = dataset.place(row)
    return safe_text(_here(file)), line


def _here(path: str) -> str:
    """A path as it reads from the working directory, where it lies below it: what code hosts know files by."""
    return os.path.relpath(path) if Path(path).is_absolute() and Path(path).is_relative_to(Path.cwd()) else path


__all__ = ["Gated", "gate", "judge_plan", "red_checks"]
