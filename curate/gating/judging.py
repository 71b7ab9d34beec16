"""A plan of an open run, judged under a policy."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import Dataset
from curate.dataset.inner import holder_of
from curate.gating.asking import ASKED_BY, CURATION, RESIDUAL
from curate.gating.evidence import evidence_of
from curate.house import require
from curate.ledger.apply import apply
from curate.ledger.plan import Plan
from curate.pipeline import Detected, thread_count
from curate.review.residual import residual_of
from curate.rundir import RunDir
from curate.safetext import safe_text
from curate.workflow import read_input

if TYPE_CHECKING:
    from audit.gate import Baseline, CheckResult, Fact, GateResult, Policy


def judge_plan(detected: Detected, plan: Plan, run: RunDir, policy: Policy) -> GateResult:
    """Judge what a plan leaves of an open run, whether or not it was written: what a screen shows while people decide."""
    return judged(detected, plan, run, policy, None, curated=True)[0]


def red_checks(detected: Detected, plan: Plan, run: RunDir, policy: Policy) -> list[tuple[CheckResult, Fact]]:
    """The checks that fail or warn under a plan of an open run, the worst first, each with the fact that it rests on."""
    result, _, facts = judged(detected, plan, run, policy, None, curated=True)
    red = [(check, facts[check.name]) for check in result.checks if check.verdict in ("fail", "warn")]
    return sorted(red, key=lambda pair: pair[0].verdict != "fail")


def judged(
    detected: Detected, plan: Plan, run: RunDir, policy: Policy, baseline: Baseline | None, *, curated: bool
) -> tuple[GateResult, Any, Mapping[str, Fact]]:
    """The verdict, the evidence that it rests on, and the fact behind each check."""
    evidence = evidence_of(detected, plan, run, curated=curated)
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
        **({"first_file": place_of(dataset, 0)[0]} if dataset.source.files else {}),
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


def _of_groups(detected: Detected, plan: Plan, policy: Policy, ran: Mapping[str, str], *, curated: bool) -> dict[str, Any]:
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


def place_of(dataset: Dataset, row: int | None) -> tuple[str, int | None]:
    """(file, line) of a row; ("", None) for a finding about the dataset."""
    if row is None:
        return "", None
    file, line = dataset.place(row)
    return safe_text(_here(file)), line


def _here(path: str) -> str:
    """A path as it reads from the working directory, where it lies below it: what code hosts know files by."""
    return os.path.relpath(path) if Path(path).is_absolute() and Path(path).is_relative_to(Path.cwd()) else path
