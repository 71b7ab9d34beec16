"""Labels of much data are judged on a sample: drawn from every class, and with an interval that holds the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.gate.facts import Evidence, Fact, gather
from curate.gating import asking, gate
from curate.labels.judged import FEWEST_ROWS, stratified
from curate.ledger.findings import empty_findings
from curate.recipe import Recipe

SIZES, WRONG = (60_000, 4_000, 90), (0.02, 0.2, 0.6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(1, 900), st.integers(0, 5))
def test_a_sample_holds_every_class_by_its_share(sizes: list[int], most: int, seed: int) -> None:
    codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    drawn = stratified(codes, most, seed)
    assert (np.diff(drawn) > 0).all()
    counts = np.bincount(codes[drawn], minlength=len(sizes))
    for n, size in zip(counts, sizes, strict=True):
        assert n == min(size, max(min(size, FEWEST_ROWS), most * size // len(codes)))
    assert (stratified(codes, most, seed) == drawn).all()


def fact(labels: np.ndarray, scores: np.ndarray) -> Fact:
    n = len(labels)
    plan = pa.table({name: pa.array([], pa.string()) for name in ("stage", "rule", "action", "status")}).append_column(
        "row", pa.array([], pa.int64())
    )
    evidence = Evidence(
        n_rows=n, rejected_rows=0, findings=empty_findings(), plan=plan, dropped=np.zeros(n, bool), ran={},
        labels=[f"class {i}" for i in labels.tolist()], train_row=np.ones(n, bool), answers=False, label_scores=scores,
        labels_sampled=True,
    )  # fmt: skip
    return gather(evidence)["label_error_rate"]


def test_the_interval_of_a_sample_holds_the_share_of_all_rows() -> None:
    inside, rng = 0, np.random.default_rng(0)
    labels = np.repeat(np.arange(3), SIZES)
    for seed in range(40):
        truth = (rng.random(len(labels)) < np.asarray(WRONG)[labels]).astype(float)
        scores = np.full(len(labels), np.nan)
        drawn = stratified(labels, 3_000, seed)
        scores[drawn] = truth[drawn]
        found = fact(labels, scores)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= truth.mean() <= found.high
        assert f"a sample of {len(drawn):,} of 64,090 rows" in found.detail
    assert inside >= 34


def test_small_classes_that_are_drawn_whole_do_not_count_for_more_than_they_are() -> None:
    labels = np.repeat(np.arange(3), SIZES)
    scores = np.full(len(labels), np.nan)
    drawn = stratified(labels, 600, 0)
    scores[drawn] = (labels[drawn] == 2).astype(float)  # only the smallest class is wrong, and all of it
    found = fact(labels, scores)
    assert found.value == pytest.approx(90 / 64_090, rel=1e-6)


@pytest.mark.parametrize(("given_rows", "asked"), [(50_000, 0), (50_001, asking.SAMPLE_ROWS)])
def test_labels_are_sampled_beyond_a_number_of_rows_only(given_rows: int, asked: int) -> None:
    class Many:
        n_rows = given_rows

    many: Any = Many()
    recipe = asking.sampled(Recipe().with_(stages=["label_issues"]), many)
    assert recipe.choice("label_issues").config.sample_rows == asked
    own = Recipe.parse({"stages": {"label_issues": {"sample_rows": 77}}}).with_(stages=["label_issues"])
    assert asking.sampled(own, many).choice("label_issues").config.sample_rows == 77


def test_a_verdict_on_a_sample_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit import gate as gates

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    words = {"refund": ["money", "back", "charge"], "parcel": ["box", "courier", "late"]}
    rows = [
        {"text": " ".join([*rng.choice(words[label], 3), *(f"w{k}" for k in rng.integers(0, 500, 8))]), "label": label}
        for label in rng.choice(list(words), 700)
    ]
    Path("many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(asking, "MOST_JUDGED_WHOLE", 600)
    monkeypatch.setattr(asking, "SAMPLE_ROWS", 300)
    found = gate("many.jsonl", gates.parse_policy({"preset": "starter"}, "preset"))
    check = next(c for c in found.result.checks if c.name == "label_error_rate")
    assert "a sample of " in check.sentence
    assert "of 700 rows was judged, drawn from every class" in check.sentence
    assert check.rows < 320


@pytest.mark.parametrize(("named", "verdict"), [(False, "not applicable"), (True, "insufficient evidence")])
def test_labels_of_how_texts_stand_to_one_another_are_not_judged_by_their_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool, verdict: str
) -> None:
    from audit import gate as gates

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    rows = []
    for label in rng.choice(["entailment", "contradiction", "neutral"], 300).tolist():
        premise, hypothesis = (" ".join(f"w{k}" for k in rng.integers(0, 400, 9)) for _ in range(2))
        rows.append({"premise": premise, "hypothesis": hypothesis, "label": label})
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    policy = {"preset": "starter"} | ({"checks": {"label_error_rate": {"fail": 0.1}}} if named else {})
    found = gate("pairs.jsonl", gates.parse_policy(policy, "policy"))
    check = next(c for c in found.result.checks if c.name == "label_error_rate")
    assert check.verdict == verdict
    assert "words do not tell what the labels say" in check.sentence
