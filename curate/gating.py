"""The gate over a file or a run: detect what the policy asks about, read it under the decisions, judge.

A file is judged as it stands: whatever a stage would change speaks against it. A finished run is judged by what its
curated data still holds. Stages that no check asks about do not run. Results are kept by content in
`runs/<name>-gate/<hash of the input>`, so judging the same bytes again costs no detection.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.house import require
from curate.ledger.apply import apply
from curate.ledger.decisions import read_journal
from curate.ledger.plan import Plan
from curate.pipeline import Detected, Listener, thread_count
from curate.privacy.preview import safe_text
from curate.recipe import Recipe
from curate.residual import residual_of
from curate.rundir import RunDir
from curate.similarity.partners import TRAIN, split_ranks
from curate.workflow import as_recipe, default_out, detect_into, load_ablation, read_input, reopen

if TYPE_CHECKING:
    from audit.gate import Baseline, GateResult, Policy
    from audit.gate.render import Place

RESIDUAL = "pii_residual_per_1000_rows"
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


@dataclass(frozen=True)
class Gated:
    """A verdict and what its renderings ask for."""

    result: GateResult
    detected: Detected
    run: RunDir
    still_known: frozenset[bytes] = frozenset()
    """Findings of the baseline that are still there."""

    def places(self, positions: Sequence[int]) -> list[Place]:
        """Where findings stand in the file."""
        place = require("audit.gate.render").Place
        dataset = self.detected.dataset
        found = self.detected.findings.take(pa.array(positions, pa.int64())).to_pylist()
        return [
            place(
                finding_id=f["finding_id"].hex(),
                row=f["row"],
                line=_line(dataset, f["row"]),
                stage=str(f["stage"]),
                rule=str(f["rule"]),
                reason=str(f["reason"]),
                witness_line=_line(dataset, f["witness_row"]),
            )
            for f in found
        ]

    def fingerprints(self) -> list[str]:
        """Ids of the findings behind the checks, sorted: what a later gate may take as known."""
        positions = sorted({p for c in self.result.checks for p in c.findings})
        ids = self.detected.findings["finding_id"].take(pa.array(positions, pa.int64())).to_pylist()
        return sorted(i.hex() for i in ids)

    def render(self, form: str, color: bool = False) -> str:
        """The verdict in one of `audit.gate.FORMATS`."""
        text: str = require("audit.gate").render(self.result, form, self.places, self.fingerprints, color)
        return text


def gate(
    what: str | Path | Recipe,
    policy: Policy,
    *,
    out: str | Path | None = None,
    baseline: Baseline | None = None,
    decisions: Path | None = None,
    listener: Listener = lambda event: None,
) -> Gated:
    """Judge an input file, a recipe or a run directory under a policy.

    Raises DataError for what cannot be read, RunError for a damaged or foreign run directory.
    """
    curated = not isinstance(what, Recipe) and (Path(what) / "manifest.json").is_file()
    if curated:
        assert not isinstance(what, Recipe)
        run = RunDir.open(what)
        detected = reopen(run, listener)
        journal = decisions or run.decisions_path
    else:
        recipe = only_asked(as_recipe(what), policy)
        dataset = read_input(recipe)
        base = Path(f"{default_out(dataset.source.path)}-gate") / dataset.source.input_hash.rpartition(":")[2][:16]
        run = RunDir(out or base)
        detected = detect_into(run, dataset, recipe, listener)
        journal = decisions or run.decisions_path
    plan = detected.resolve(read_journal(journal))
    evidence = _evidence(detected, plan, run, curated=curated)
    if RESIDUAL in policy.limits:
        evidence = dataclasses.replace(evidence, residual=residual_of(detected, run.path))
    gates = require("audit.gate")
    dataset = detected.dataset
    facts = {
        **gates.gather(evidence, baseline.known if baseline else frozenset()),
        **_of_groups(detected, plan, evidence.ran, curated=curated),
        **_beside_reference(detected, plan, policy, curated=curated),
    }
    subject = {
        "path": safe_text(str(dataset.source.path)),
        "input_hash": dataset.source.input_hash,
        "rows": int((~plan.dropped).sum()) if curated else dataset.n_rows,
        "state": "as curated" if curated else "as given",
        "task": dataset.task,
        "policy": policy.source,
        "preset": policy.preset,
    }
    today = dt.datetime.now(dt.UTC).date()
    result = gates.judge(facts, policy, today=today, subject=subject, baseline=baseline)
    still: frozenset[bytes] = frozenset()
    if baseline:
        everything = gates.gather(evidence).values()
        positions = sorted({int(p) for fact in everything for p in fact.findings})
        ids = detected.findings["finding_id"].take(pa.array(positions, pa.int64())).to_pylist()
        still = baseline.known.intersection(ids)
    return Gated(result, detected, run, still)


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
    missing = [c for columns in roles.values() for c in columns if c not in same.columns]
    old = same if missing else read_input(recipe.with_(input=policy.reference, roles=roles, task=new.task))
    found = comparing.against(old, new, asked, seed=recipe.run.seed, threads=thread_count(recipe))
    return dict(found)


def _of_groups(detected: Detected, plan: Plan, ran: Mapping[str, str], *, curated: bool) -> dict[str, Any]:
    """Facts about groups of people: gaps of the fairness stage, and on whom the plan falls."""
    fairness = require("audit.gate.fairness")
    outcome = detected.outcomes.get("fairness")
    why = ran.get("fairness", "")
    found = fairness.facts(
        None if outcome is None else outcome.detection.summary, f"fairness did not run: {why}" if why else "", plan.n_rows
    )
    settings = detected.recipe.to_dict().get("stages", {}).get("fairness", {})
    clusters = detected.hint("near_duplicates.cluster")
    return {**found, **fairness.curation_fact(plan, detected.dataset.groups(), settings, clusters, curated=curated)}


def only_asked(recipe: Recipe, policy: Policy) -> Recipe:
    """The recipe with the stages that the policy's checks rest on, of those it enables."""
    wanted = {stage for check in policy.limits for stage in ASKED_BY.get(check, ())}
    return recipe.with_(stages=[name for name in recipe.stage_names() if name in wanted])


def _evidence(detected: Detected, plan: Plan, run: RunDir, *, curated: bool) -> Any:
    facts = require("audit.gate.facts")
    dataset = detected.dataset
    labels = detected.canonical_labels() if dataset.labels() is not None else None
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
        findings=detected.findings,
        plan=plan.table,
        dropped=plan.dropped,
        ran=ran,
        labels=None if labels is None else labels.to_pylist(),
        train_row=split_ranks(dataset.splits(), dataset.n_rows) == TRAIN,
        answers=bool(dataset.parts()),
        label_scores=_label_scores(detected),
        curated=curated,
        left={k: int(v["left"]) for k, v in manifest.get("rescan", {}).items()} if curated else {},
        days_since_training=_days_since_training(run, manifest) if curated else None,
        against_random=_against_random(run) if curated else None,
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
    ablation = load_ablation(run)
    plan = run.path / "plan.parquet"
    if ablation is None or not plan.is_file() or ablation.get("plan_hash") != file_hash(plan):
        return None
    pairs = {(c["a"], c["b"]): c for c in ablation.get("comparisons", ())}
    return pairs.get(("curated", "random_control"))


def _days_since_training(run: RunDir, manifest: dict[str, Any]) -> float | None:
    if load_ablation(run) is None or "finished" not in manifest:
        return None
    finished = dt.datetime.fromisoformat(manifest["finished"])
    return (dt.datetime.now(dt.UTC) - finished).total_seconds() / 86400


def _line(dataset: Dataset, row: int | None) -> int | None:
    return None if row is None else int(dataset.lines[row])


__all__ = ["Gated", "gate"]
