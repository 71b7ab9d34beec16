"""What a run found, as the facts of the gate ask for it: `audit.gate.facts.Evidence`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from curate.dataset.compression import file_hash
from curate.dataset.jsontext import json_or_empty
from curate.gating.asking import ASKED_BY
from curate.house import require
from curate.ledger.plan import Plan
from curate.pipeline import Detected
from curate.rundir import RunDir
from curate.safetext import safe_text
from curate.similarity.partners import TRAIN, split_ranks
from curate.workflow import load_ablation

NAMED_LINES = 10
"""Lines that cannot be read and are named; all of them are in `rejected.jsonl`."""


def evidence_of(detected: Detected, plan: Plan, run: RunDir, *, curated: bool) -> Any:
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
