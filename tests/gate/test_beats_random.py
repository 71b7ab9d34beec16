"""The check that curated data beats a random removal of the same size: shown, refuted, open, or not asked."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.gate.facts import _beats_random
from audit.gate.judge import judge
from audit.gate.policy import parse_policy
from curate.dataset.compression import file_hash
from curate.gating.evidence import _against_random

POLICY = parse_policy({"checks": {"beats_random": {"fail": 0}}})


def verdict(found: dict[str, Any] | None, policy: Any = POLICY, curated: bool = True) -> Any:
    fact = _beats_random(found, curated, "only a finished run has been curated and trained on")
    only = type(policy)({"beats_random": policy.limits["beats_random"]})
    return judge({"beats_random": fact}, only, today=dt.date(2026, 1, 1)).checks[0]


def comparison(delta: float, low: float, high: float, said: str = "") -> dict[str, Any]:
    return {"delta": delta, "low": low, "high": high, "n_clusters": 400, "seeds": 8, "metric": "accuracy",
            "verdict": said or "helped"}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (comparison(0.03, 0.01, 0.05), "pass"),
        (comparison(0.01, -0.01, 0.03), "insufficient evidence"),
        (comparison(-0.03, -0.05, -0.01), "fail"),
        (comparison(0.0, 0.0, 0.0, "identical"), "fail"),
        (comparison(0.03, 0.01, 0.05, "insufficient evidence"), "insufficient evidence"),
        (None, "insufficient evidence"),
    ],
)
def test_the_whole_interval_must_lie_above_the_limit(found: dict[str, Any] | None, expected: str) -> None:
    assert verdict(found).verdict == expected


def test_a_limit_asks_for_more_than_being_better() -> None:
    policy = parse_policy({"checks": {"beats_random": {"fail": 0.02}}})
    assert verdict(comparison(0.03, 0.01, 0.05), policy).verdict == "insufficient evidence"
    assert verdict(comparison(0.05, 0.03, 0.07), policy).verdict == "pass"


def test_the_sentence_names_the_gain_its_interval_and_its_seeds() -> None:
    said = verdict(comparison(0.03, 0.01, 0.05)).sentence
    assert said.startswith("Training on curated data is +0.0300 better than after a random removal of the same size")
    assert "95% interval +0.0100 to +0.0500" in said
    assert "accuracy, 8 seeds" in said
    assert "`curate ablate RUN`" in verdict(None).sentence
    looked = comparison(0.03, 0.01, 0.05) | {"level": 0.9924}
    assert "99.24% interval +0.0100 to +0.0500" in verdict(looked).sentence


def test_data_that_was_never_curated_is_not_asked_unless_by_name() -> None:
    assert verdict(None, curated=False).verdict == "insufficient evidence", "asked by name"


def test_an_ablation_that_came_to_no_comparison_is_not_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "plan.parquet").write_bytes(b"plan")
    found = {"metric": "accuracy", "seeds": [0, 1, 2], "comparisons": [], "verdict": "insufficient evidence"}
    found["plan_hash"] = file_hash(tmp_path / "plan.parquet")
    (tmp_path / "ablation.json").write_text(json.dumps(found))
    said = verdict(_against_random(SimpleNamespace(path=tmp_path)))  # type: ignore[arg-type]
    assert said.verdict == "insufficient evidence"
    assert "the ablation has too little evidence (accuracy, 3 seeds)" in said.sentence
    assert "curate ablate" not in said.sentence
