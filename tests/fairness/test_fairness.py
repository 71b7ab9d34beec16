"""The fairness engine against fairlearn, closed forms and its own promises."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
    equalized_odds_ratio,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, recall_score

from audit.fairness import audit_groups, curation_effect
from audit.fairness.outcome import Comparison, decide, newcombe, normal_p
from curate.statistics import holm, wilson


def _binary(n: int, seed: int, shift: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    label = (rng.random(n) < np.where(group == "a", 0.5, 0.5 - shift)).astype(int)
    guess = np.where(rng.random(n) < 0.8, label, 1 - label)
    return label, guess, group


def _values(audit: object, metric: str) -> dict[str, float]:
    return {g.group: g.value for g in audit.groups if g.metric == metric}  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(3))
def test_binary_metrics_equal_fairlearns_metric_frame(seed: int) -> None:
    label, guess, group = _binary(2000, seed)
    audit = audit_groups(label.astype(str), guess.astype(str), {"g": group}, n_boot=100)
    frame = MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "tpr": true_positive_rate,
            "fpr": false_positive_rate,
            "accuracy": accuracy_score,
        },
        y_true=label,
        y_pred=guess,
        sensitive_features=group,
    )
    spread = {s.metric: s for s in audit.spreads}
    for metric in ("selection_rate", "tpr", "fpr", "accuracy"):
        ours = _values(audit, metric)
        for name, value in frame.by_group[metric].items():
            assert ours[name] == pytest.approx(value, abs=1e-9)
        assert spread[metric].difference == pytest.approx(frame.difference()[metric], abs=1e-9)
        assert spread[metric].ratio == pytest.approx(frame.ratio()[metric], abs=1e-9)
    kw = {"y_true": label, "y_pred": guess, "sensitive_features": group}
    assert spread["demographic_parity"].difference == pytest.approx(demographic_parity_difference(**kw), abs=1e-9)
    assert spread["demographic_parity"].ratio == pytest.approx(demographic_parity_ratio(**kw), abs=1e-9)
    assert spread["equalised_odds"].difference == pytest.approx(equalized_odds_difference(**kw), abs=1e-9)
    assert spread["equalised_odds"].ratio == pytest.approx(equalized_odds_ratio(**kw), abs=1e-9)


def test_multiclass_metrics_equal_fairlearn_one_class_against_the_rest() -> None:
    rng = np.random.default_rng(4)
    label = rng.choice(["x", "y", "z"], 3000)
    guess = np.where(rng.random(3000) < 0.7, label, rng.choice(["x", "y", "z"], 3000))
    group = rng.choice(["a", "b", "c"], 3000)
    audit = audit_groups(label, guess, {"g": group}, n_boot=100)
    frame = MetricFrame(
        metrics={"macro_tpr": lambda t, p: recall_score(t, p, average="macro"), "accuracy": accuracy_score},
        y_true=label,
        y_pred=guess,
        sensitive_features=group,
    )
    for metric in ("macro_tpr", "accuracy"):
        assert _values(audit, metric) == pytest.approx(frame.by_group[metric].to_dict(), abs=1e-9)
    rates = MetricFrame(metrics=selection_rate, y_true=label == "y", y_pred=guess == "y", sensitive_features=group)
    assert _values(audit, "selection_rate[y]") == pytest.approx(rates.by_group.to_dict(), abs=1e-9)
    each = [
        MetricFrame(metrics=false_positive_rate, y_true=label == c, y_pred=guess == c, sensitive_features=group).by_group
        for c in "xyz"
    ]
    assert _values(audit, "macro_fpr") == pytest.approx((sum(each) / 3).to_dict(), abs=1e-9)


@pytest.mark.parametrize("positive", ["1", None])
def test_the_audit_in_a_run_is_checked_against_fairlearn_and_a_wrong_number_is_noticed(positive: str | None) -> None:
    from dataclasses import replace

    from audit.fairness.reference import largest_difference

    label, guess, group = _binary(400, 3)
    third = np.where(np.arange(400) % 7 == 0, 2, label) if positive is None else label
    columns = {"g": group.astype(str).tolist()}
    labels, guesses = third.astype(str).tolist(), guess.astype(str).tolist()
    audit = audit_groups(labels, guesses, columns, positive=positive, n_boot=100)
    assert largest_difference(audit, labels, guesses, columns) < 1e-12
    wrong = tuple(replace(g, value=(g.value or 0) + 0.01) for g in audit.groups)
    assert largest_difference(replace(audit, groups=wrong), labels, guesses, columns) == pytest.approx(0.01)


def test_a_large_planted_difference_is_a_disparity_and_no_difference_is_equivalent() -> None:
    rng = np.random.default_rng(1)
    n = 40_000
    group = rng.choice(["a", "b"], n)
    label = (rng.random(n) < 0.5).astype(int)
    guess = np.where((group == "b") & (rng.random(n) < 0.4), 0, label)
    audit = audit_groups(label.astype(str), guess.astype(str), {"g": group}, n_boot=300)
    outcome = {c.metric: c.outcome for c in audit.comparisons}
    assert outcome["selection_rate"] == outcome["tpr"] == outcome["accuracy"] == "disparity"
    assert outcome["base_rate"] == outcome["fpr"] == "equivalent"


def test_a_group_of_four_rows_ends_in_insufficient_evidence_with_the_rows_it_would_need() -> None:
    label, guess, group = _binary(1000, 2)
    group = group.astype(object)
    group[:4] = "tiny"
    audit = audit_groups(label.astype(str), guess.astype(str), {"g": group}, n_boot=100)
    tiny = [c for c in audit.comparisons if c.group == "tiny"]
    assert {c.metric for c in tiny} == {"base_rate", "selection_rate", "tpr", "fpr", "precision", "f1", "accuracy"}
    assert {c.outcome for c in tiny} == {"insufficient evidence"}
    assert all(c.value is None and c.rows_needed is not None and c.rows_needed > 4 for c in tiny)
    assert all(s.left_out >= 1 for s in audit.spreads)


def test_a_perfect_small_group_is_not_called_equivalent() -> None:
    label = np.asarray(["1"] * 200 + ["0"] * 200 + ["1", "0"] * 20)
    group = np.asarray(["big"] * 400 + ["small"] * 40)
    audit = audit_groups(label, label, {"g": group}, n_boot=200)
    accuracy = next(c for c in audit.comparisons if c.metric == "accuracy")
    assert accuracy.group == "small"
    assert accuracy.value == 0.0
    assert accuracy.outcome == "insufficient evidence"


def test_groups_perfectly_tied_to_labels_show_a_disparity_in_base_rate() -> None:
    label = np.asarray(["1"] * 300 + ["0"] * 300)
    group = np.where(label == "1", "a", "b")
    audit = audit_groups(label, label, {"g": group}, n_boot=200)
    outcome = {c.metric: c.outcome for c in audit.comparisons}
    assert outcome["base_rate"] == "disparity"
    assert outcome["tpr"] == outcome["fpr"] == "not applicable"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["a"] * 100, "not applicable"),
        ([None] * 100, "not applicable"),
        ([f"id{i}" for i in range(100)], "not applicable"),
        ([float("nan"), 1.5] * 50, "not applicable"),
    ],
)
def test_a_column_that_cannot_be_compared_gets_a_stated_outcome(column: list[object], expected: str) -> None:
    audit = audit_groups(["0", "1"] * 50, ["0", "1"] * 50, {"g": column}, n_boot=100)
    assert audit.comparisons
    assert expected in {c.outcome for c in audit.comparisons}
    assert not any(c.value == 0 for c in audit.comparisons)


def test_ten_thousand_groups_are_pooled_and_said_to_be_unknown() -> None:
    rng = np.random.default_rng(0)
    group = np.where(np.arange(20_000) % 2 == 0, "common", rng.integers(0, 10_000, 20_000).astype(str))
    label = rng.choice(["0", "1"], 20_000)
    audit = audit_groups(label, label, {"g": group}, n_boot=100)
    assert len(audit.comparisons) < 20
    assert any("each by itself" in c.group and c.outcome == "insufficient evidence" for c in audit.comparisons)
    assert audit.notes


def test_intervals_widen_when_rows_are_copies_of_each_other() -> None:
    label, guess, group = _binary(600, 3)
    tenfold = [np.repeat(a, 10) for a in (label.astype(str), guess.astype(str), group)]
    clusters = np.repeat(np.arange(600), 10)
    naive = audit_groups(tenfold[0], tenfold[1], {"g": tenfold[2]}, n_boot=400)
    honest = audit_groups(tenfold[0], tenfold[1], {"g": tenfold[2]}, clusters=clusters, n_boot=400)
    width = [next(g.high - g.low for g in a.groups if g.metric == "accuracy") for a in (naive, honest)]
    assert width[1] / width[0] == pytest.approx(np.sqrt(10), rel=0.2)


def test_the_bootstrap_agrees_with_resampling_rows() -> None:
    label, guess, group = _binary(800, 5)
    audit = audit_groups(label.astype(str), guess.astype(str), {"g": group}, n_boot=2000)
    ours = next(g for g in audit.groups if g.metric == "selection_rate" and g.group == "b")
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(2000):
        at = rng.integers(0, 800, 800)
        drawn.append(guess[at][group[at] == "b"].mean())
    assert (ours.low, ours.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.012)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_input_ends_in_one_of_four_outcomes_and_plain_json(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 120))
    word = st.sampled_from(["a", "b", "c", None])
    label = data.draw(st.lists(word, min_size=n, max_size=n))
    guess = data.draw(st.lists(word, min_size=n, max_size=n))
    group = data.draw(st.lists(st.sampled_from(["x", "y", "z", None]), min_size=n, max_size=n))
    audit = audit_groups(label, guess, {"g": group}, n_boot=100, min_group_size=data.draw(st.integers(2, 40)))
    for c in audit.comparisons:
        assert c.outcome in {"disparity", "equivalent", "insufficient evidence", "not applicable"}
        if c.n < audit.min_group_size:
            assert c.outcome in {"insufficient evidence", "not applicable"}
        if c.outcome in {"disparity", "equivalent"}:
            assert c.low <= c.value <= c.high
    json.dumps(audit.to_json(), allow_nan=False)


def test_the_same_seed_gives_the_same_result() -> None:
    label, guess, group = _binary(500, 6)
    runs = [audit_groups(label.astype(str), guess.astype(str), {"g": group}, n_boot=100, seed=9) for _ in range(2)]
    assert runs[0] == runs[1]


def test_holm_and_the_score_intervals_match_published_numbers() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    # Newcombe (1998), paper II, table II, method 10: 56/70 - 48/80, 9/10 - 3/10 and 10/10 - 0/10.
    assert newcombe(56 / 70, 70, 48 / 80, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert newcombe(0.9, 10, 0.3, 10) == pytest.approx((0.1705, 0.8090), abs=1e-4)
    assert newcombe(1.0, 10, 0.0, 10) == pytest.approx((0.6075, 1.0), abs=1e-4)
    # Newcombe (1998), paper I, table I, method 3: 81/263 and 0/20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_curation_that_deletes_one_group_more_is_shown_and_tiny_groups_are_not_judged() -> None:
    rng = np.random.default_rng(0)
    group = pd.Series(["a"] * 2000 + ["b"] * 1000 + ["tiny"] * 5)
    removed = rng.random(3005) < np.where(group == "b", 0.25, 0.05)
    effect = curation_effect({"g": group.tolist()}, removed, np.zeros(3005, bool))
    outcome = {(c.group, c.metric): c.outcome for c in effect.comparisons}
    assert outcome["b", "removed"] == "disparity"
    assert outcome["tiny", "removed"] == outcome["tiny", "edited"] == "insufficient evidence"
    assert outcome["b", "edited"] == "equivalent"
    rate = next(r for r in effect.rates if r.group == "b" and r.effect == "removed")
    assert rate.rate == removed[group == "b"].mean()
    json.dumps(effect.to_json(), allow_nan=False)


def test_rows_needed_where_only_the_correction_stands_in_the_way_would_settle_it() -> None:
    value, error, n = 0.06, 0.024, 1177

    def judged(rows: float) -> Comparison:
        spread = error * (n / rows) ** 0.5
        ends = {"low": value - 1.96 * spread, "high": value + 1.96 * spread, "p": normal_p(value, spread)}
        one = Comparison("g", "a", "accuracy", round(rows), "insufficient evidence", "", value, **ends)
        others = [Comparison("g", str(i), "accuracy", n, "insufficient evidence", "", 0.0, -0.05, 0.05, p=1.0)
                  for i in range(59)]  # fmt: skip
        return decide([one, *others], 0.02, 0.05)[0]

    weak = judged(n)
    assert weak.outcome == "insufficient evidence"
    assert "correction" in weak.note
    assert weak.rows_needed is not None
    assert weak.rows_needed > 1.2 * n
    assert judged(weak.rows_needed).outcome == "disparity"
    assert judged(0.9 * weak.rows_needed).outcome == "insufficient evidence"


def test_no_number_of_rows_is_named_for_a_difference_without_any_spread() -> None:
    flat = Comparison("g", "a", "accuracy", 100, "insufficient evidence", "", 0.06, 0.05, 0.07, p=1.0)
    assert decide([flat], 0.02, 0.05)[0].rows_needed is None
