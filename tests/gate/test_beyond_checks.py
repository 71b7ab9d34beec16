"""The gate's checks on what models recite and on gaps of trained models: shown, refuted, open, or not asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from audit.gate.facts import Evidence, gather
from audit.gate.judge import judge
from audit.gate.policy import parse_policy
from curate.ledger.findings import empty_findings
from curate.ledger.plan import Plan

POLICY = parse_policy({"checks": {"canary_exposure": {"fail": 4}, "trained_gap": {"fail": 0.1}}})


def verdict(name: str, beyond: dict[str, Any] | None, curated: bool = True) -> Any:
    from curate.ledger.keepers import RowFacts
    from curate.ledger.resolve import Policy, resolve

    facts = RowFacts.plain(3)
    plan: Plan = resolve(empty_findings(), None, Policy(), facts=facts)
    evidence = Evidence(
        n_rows=3, rejected_rows=0, findings=empty_findings(), plan=plan.table, dropped=plan.dropped, ran={}, labels=None,
        train_row=np.ones(3, bool), answers=False, label_scores=None, curated=curated, beyond=beyond,
    )  # fmt: skip
    only = type(POLICY)({name: POLICY.limits[name]})
    return judge({name: gather(evidence)[name]}, only, today=dt.date(2026, 1, 1)).checks[0]


def memory(value: float, half: float = 0.4, count: int = 30) -> dict[str, Any]:
    return {"memory": {"highest": {"value": value, "low": value - half, "high": value + half}, "types": {"EMAIL": count}}}


def fairness(value: float, rows: int = 200, metric: str = "accuracy") -> dict[str, Any]:
    gap = {"rows": rows, "others": 400, "whole": {"verdict": "inconclusive"}}
    small = {"rows": 3, "others": 597, "whole": {"verdict": "insufficient evidence"}}
    span = {"value": value, "low": value - 0.02, "high": value + 0.02}
    return {"fairness": {"metric": metric, "gaps": [gap, small], "largest": span}, "seeds": [0, 1, 2]}


@pytest.mark.parametrize(
    ("name", "beyond", "expected"),
    [
        ("canary_exposure", memory(1.5), "pass"),
        ("canary_exposure", memory(3.8), "fail"),
        ("canary_exposure", memory(6.0), "fail"),
        ("canary_exposure", memory(1.5, count=5), "insufficient evidence"),
        ("canary_exposure", None, "insufficient evidence"),
        ("trained_gap", fairness(0.03), "pass"),
        ("trained_gap", fairness(0.09), "fail"),
        ("trained_gap", fairness(0.03, rows=20), "insufficient evidence"),
        ("trained_gap", memory(1.5), "insufficient evidence"),
        ("trained_gap", fairness(0.03, metric="nats_per_token"), "insufficient evidence"),
    ],
)
def test_the_worse_end_of_the_interval_is_judged(name: str, beyond: dict[str, Any] | None, expected: str) -> None:
    assert verdict(name, beyond).verdict == expected


def test_the_sentence_says_what_is_missing_and_how_to_get_it() -> None:
    assert "`curate ablate RUN --beyond memory`" in verdict("canary_exposure", None).sentence
    assert "1.4 is chance" in verdict("canary_exposure", memory(1.5)).sentence
    assert "3 seeds" in verdict("trained_gap", fairness(0.03)).sentence
