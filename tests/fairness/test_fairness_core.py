"""The audit's statistics against fairlearn's own bootstrap, AIF360's recorded numbers, closed forms and bad input."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score

from audit.fairness import FairnessAudit, audit_groups
from audit.fairness import counts as counting
from audit.fairness.encode import codes_of, groupings
from audit.fairness.outcome import least_detectable, rows_for_difference
from audit.fairness.reference import largest_difference

LAW = Path(__file__).parents[2].parent / "shared" / "data" / "tabular" / "law_school_clean.csv"
RECORDED = json.loads((Path(__file__).parent / "aif360_law.json").read_text())
METRICS = {
    "selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate, "precision": precision_score,
    "f1": f1_score, "accuracy": accuracy_score,
}  # fmt: skip


def _rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    groups = {"a": rng.choice(["p", "q", "r"], n), "b": rng.choice(["x", "y"], n)}
    label = (rng.random(n) < np.where(groups["a"] == "p", 0.6, 0.4)).astype(int)
    return label, np.where(rng.random(n) < 0.8, label, 1 - label), groups


def _value(audit: FairnessAudit, column: str, group: str, metric: str) -> float | None:
    return next(g.value for g in audit.groups if (g.column, g.group, g.metric) == (column, group, metric))


def test_columns_and_intersections_equal_metric_frame_over_the_same_features() -> None:
    label, guess, groups = _rows(1500, 1)
    audit = audit_groups(label, guess, groups, intersections=2, n_boot=100)
    by = MetricFrame(
        metrics=METRICS, y_true=label, y_pred=guess,
        sensitive_features={"a": groups["a"], "b": groups["b"]},
    ).by_group  # fmt: skip
    for (a, b), row in by.iterrows():
        for metric in METRICS:
            assert _value(audit, "a & b", f"{a} & {b}", metric) == pytest.approx(row[metric], abs=1e-9)
    assert largest_difference(audit, label, guess, groups, 2) < 1e-12


@pytest.mark.slow
def test_intervals_are_those_of_metric_frames_own_bootstrap_up_to_its_draws() -> None:
    label, guess, groups = _rows(800, 2)
    audit = audit_groups(label, guess, {"a": groups["a"]}, n_boot=2000)
    frame = MetricFrame(
        metrics=METRICS, y_true=label, y_pred=guess, sensitive_features=groups["a"], n_boot=400,
        ci_quantiles=[0.025, 0.975], random_state=0,
    )  # fmt: skip
    for end, theirs in zip(("low", "high"), frame.by_group_ci, strict=True):
        for metric in ("selection_rate", "tpr", "accuracy"):
            for group in "pqr":
                ours = next(getattr(g, end) for g in audit.groups if (g.group, g.metric) == (group, metric))
                assert ours == pytest.approx(theirs.loc[group, metric], abs=0.02)
    spread = next(s for s in audit.spreads if s.metric == "selection_rate")
    low, high = (ci["selection_rate"] for ci in frame.difference_ci())
    assert (spread.difference_low, spread.difference_high) == pytest.approx((low, high), abs=0.02)


@pytest.mark.skipif(not LAW.exists(), reason="needs the law school data")
def test_the_law_school_disparity_equals_fairlearn_and_aif360() -> None:
    with LAW.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    label = [r["pass_bar"] for r in rows]
    guess = ["1.0" if float(r["lsat"]) >= 37 else "0.0" for r in rows]
    groups = {"race": [r["race"] for r in rows], "male": [r["male"] for r in rows]}
    audit = audit_groups(label, guess, groups, positive="1.0", n_boot=500)
    assert largest_difference(audit, label, guess, groups) < 1e-9
    named = {
        "base_rate": "base_rate_difference", "selection_rate": "statistical_parity_difference",
        "tpr": "equal_opportunity_difference", "fpr": "false_positive_rate_difference",
        "precision": "precision_difference", "accuracy": "accuracy_difference",
    }  # fmt: skip
    for column, group in (("race", "Non-White"), ("male", "0.0")):
        theirs = RECORDED[f"{column}={group}"]
        ours = {c.metric: c for c in audit.comparisons if (c.column, c.group) == (column, group)}
        for metric, name in named.items():
            assert ours[metric].value == pytest.approx(theirs[name], abs=1e-9)
        assert ours["selection_rate"].ratio == pytest.approx(theirs["disparate_impact"], abs=1e-9)
        odds = (ours["tpr"].value + ours["fpr"].value) / 2
        assert odds == pytest.approx(theirs["average_odds_difference"], abs=1e-9)
        assert _value(audit, column, group, "tpr") == pytest.approx(theirs["tpr"], abs=1e-9)
    race = next(c for c in audit.comparisons if (c.column, c.metric) == ("race", "base_rate"))
    assert race.outcome == "disparity"
    assert race.low < -0.198 < race.high < 0
    fifths = {f.column: f for f in audit.four_fifths}
    assert fifths["race"].outcome == "disparity"
    assert fifths["race"].ratio == pytest.approx(RECORDED["race=Non-White"]["disparate_impact"], abs=1e-9)
    assert fifths["male"].outcome == "equivalent"


def test_drawing_clusters_one_by_one_agrees_with_the_exact_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    label, guess, groups = _rows(6000, 3)
    clusters = rng.integers(0, 3000, 6000)
    exact = audit_groups(label, guess, groups, clusters=clusters, intersections=2, n_boot=1500)
    monkeypatch.setattr(counting, "_MOST_EXACT", 0)
    single = audit_groups(label, guess, groups, clusters=clusters, intersections=2, n_boot=1500)
    assert [c.value for c in exact.comparisons] == [c.value for c in single.comparisons]
    for a, b in zip(exact.comparisons, single.comparisons, strict=True):
        assert b.error == pytest.approx(a.error, rel=0.15)


def test_contents_of_clusters_add_up_to_the_rows() -> None:
    rng = np.random.default_rng(5)
    cell, cluster = rng.integers(0, 7, 500), rng.integers(0, 200, 500)
    cells = counting.Cells(cell.astype(np.int64), np.unique(cluster, return_inverse=True)[1].astype(np.int64))
    mean = np.concatenate(list(cells.draws(3000, 0))).mean(axis=0)
    assert mean == pytest.approx(cells.rows, rel=0.03)
    assert cells.rows.tolist() == np.bincount(cell).tolist()


def test_weights_weigh_like_repeated_rows_and_judge_size_by_effective_rows() -> None:
    label, guess, groups = _rows(900, 4)
    weight = np.random.default_rng(0).integers(1, 4, 900)
    weighted = audit_groups(label, guess, {"a": groups["a"]}, weights=weight, n_boot=200)
    repeated = [np.repeat(x, weight) for x in (label, guess, groups["a"])]
    plain = audit_groups(repeated[0], repeated[1], {"a": repeated[2]}, n_boot=200)
    for a, b in zip(weighted.groups, plain.groups, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-12)
    heavy = np.where(np.arange(900) % 300 == 0, 1000.0, 1e-6)
    few = audit_groups(label, guess, {"a": groups["a"]}, weights=heavy, n_boot=200)
    assert {c.outcome for c in few.comparisons} <= {"insufficient evidence", "not applicable"}


def test_calibration_is_mean_score_less_the_share_that_came_true() -> None:
    label, guess, groups = _rows(2000, 6)
    score = np.clip(label * 0.5 + np.where(groups["b"] == "x", 0.35, 0.15), 0, 1)
    audit = audit_groups(label, guess, {"b": groups["b"]}, scores=score, n_boot=300)
    for group in "xy":
        mine = groups["b"] == group
        expected = score[mine].mean() - label[mine].mean()
        assert _value(audit, "b", group, "calibration_gap") == pytest.approx(expected, abs=1e-9)
    gap = next(c for c in audit.comparisons if c.metric == "calibration_gap")
    assert gap.outcome == "disparity"
    assert gap.low <= gap.value <= gap.high


def test_calibration_with_weights_is_that_of_rows_repeated_as_often() -> None:
    label, guess, groups = _rows(900, 8)
    rng = np.random.default_rng(9)
    score, weight = np.round(rng.random(900), 3), rng.integers(0, 4, 900)
    weighted = audit_groups(label, guess, {"b": groups["b"]}, scores=score, weights=weight.astype(float), n_boot=400)
    label, guess, score, group = (np.repeat(x, weight) for x in (label, guess, score, groups["b"]))
    repeated = audit_groups(label, guess, {"b": group}, scores=score, n_boot=400)
    for name in "xy":
        expected = _value(repeated, "b", name, "calibration_gap")
        assert _value(weighted, "b", name, "calibration_gap") == pytest.approx(expected, abs=1e-12)
    wide, narrow = (next(c for c in a.comparisons if c.metric == "calibration_gap") for a in (weighted, repeated))
    assert wide.value == pytest.approx(narrow.value, abs=1e-12)
    # Repeated rows pretend to be independent ones: weights must not.
    assert wide.high - wide.low > narrow.high - narrow.low


@pytest.mark.parametrize(
    ("what", "outcomes", "said"),
    [
        ("ten thousand values", {"insufficient evidence", "not applicable"}, "compared together"),
        ("all null", {"not applicable"}, "left out|not part"),
        ("one group", {"not applicable"}, ""),
        ("weights of zero", {"not applicable"}, ""),
        ("group without a label", {"not applicable", "insufficient evidence"}, ""),
    ],
)
def test_bad_columns_end_in_a_stated_outcome_and_never_in_a_zero(what: str, outcomes: set[str], said: str) -> None:
    n = 20_000
    label, guess, groups = _rows(n, 7)
    column: list[object] = list(groups["a"])
    weights = None
    if what == "ten thousand values":
        column = [f"id{i % 10_000}" for i in range(n)]
    elif what == "all null":
        column = [None if i % 2 else math.nan for i in range(n)]
    elif what == "one group":
        column = ["only"] * n
    elif what == "weights of zero":
        weights = np.zeros(n)
    else:
        label = np.where(groups["a"] == "p", 0, label)
    audit = audit_groups(label, guess, {"g": column}, weights=weights, n_boot=100)
    if what == "group without a label":
        mine = [c for c in audit.comparisons if c.group == "p" and c.metric == "tpr"]
        assert [c.outcome for c in mine] == ["not applicable"]
        assert all(c.value is None for c in mine)
        return
    assert audit.comparisons
    assert {c.outcome for c in audit.comparisons} <= outcomes
    assert all(c.value is None for c in audit.comparisons)
    assert not said or any(part in note for note in audit.notes for part in said.split("|"))


def test_a_column_without_a_usable_row_is_compared_with_nothing_whatever_the_weights() -> None:
    label, guess, groups = _rows(400, 9)
    weights = np.where(groups["a"] == "q", 0.0, 1.0)
    columns = {"a": groups["a"], "nothing": np.full(400, None, object), "one": np.full(400, "x", object)}
    audit = audit_groups(label, guess, columns, weights=weights, intersections=2, n_boot=100)
    assert largest_difference(audit, label, guess, columns, 2, weights) < 1e-12
    zero = audit_groups(label, guess, columns, weights=np.zeros(400), intersections=2, n_boot=100)
    assert largest_difference(zero, label, guess, columns, 2, np.zeros(400)) == 0.0
    assert {c.outcome for c in zero.comparisons} == {"not applicable"}


def test_a_group_whose_weights_sum_to_zero_is_not_applicable_while_others_are_judged() -> None:
    label, guess, groups = _rows(3000, 8)
    audit = audit_groups(label, guess, {"a": groups["a"]}, weights=(groups["a"] != "q").astype(float), n_boot=100)
    outcome = {(c.group, c.metric): c for c in audit.comparisons}
    assert outcome["q", "accuracy"].outcome == "not applicable"
    assert "weights" in outcome["q", "accuracy"].note
    assert outcome["p", "accuracy"].value is not None


def test_a_column_of_many_numbers_is_cut_into_groups_of_equal_size_and_says_so() -> None:
    age = np.random.default_rng(0).integers(18, 90, 5000)
    (found,) = groupings({"age": age}, 30)
    assert 4 <= len(found.groups) <= 5
    assert found.notes
    sizes = np.bincount(found.code)
    assert sizes.max() < 2 * sizes.min()
    code, names = codes_of(pa.array([0.5, None, math.nan, 0.5]))
    assert (code.tolist(), names) == ([0, -1, -1, 0], ["0.5"])


def test_an_intersection_that_says_no_more_than_a_column_is_left_out_with_a_note() -> None:
    city = np.asarray(["rome", "milan", "paris", "lyon"] * 100)
    country = np.where(np.isin(city, ["rome", "milan"]), "it", "fr")
    label = np.random.default_rng(0).integers(0, 2, 400)
    audit = audit_groups(label, label, {"city": city, "country": country}, intersections=2, n_boot=100)
    assert {c.column for c in audit.comparisons} == {"city", "country"}
    assert any("left out" in note for note in audit.notes)


def test_negative_weights_and_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        audit_groups(["a", "b"], None, {"g": ["x", "y"]}, weights=[1.0, -1.0])
    with pytest.raises(ValueError, match="differ in length"):
        audit_groups(["a", "b"], None, {"g": ["x"]})


def test_four_fifths_has_three_answers() -> None:
    rng = np.random.default_rng(0)
    rates = {"best": 0.6, "half": 0.3, "same": 0.59, "unsure": 0.46}
    sizes = {"best": 4000, "half": 2000, "same": 4000, "unsure": 60}
    group = np.repeat(list(sizes), list(sizes.values()))
    guess = (rng.random(len(group)) < np.asarray([rates[g] for g in group])).astype(int)
    audit = audit_groups(rng.integers(0, 2, len(group)), guess, {"g": group}, n_boot=400)
    found = {f.group: f for f in audit.four_fifths}
    assert {f.reference for f in found.values()} == {"best"}
    assert {g: f.outcome for g, f in found.items()} == {
        "half": "disparity", "same": "equivalent", "unsure": "insufficient evidence"
    }  # fmt: skip


def test_the_smallest_detectable_difference_is_seen_four_times_in_five() -> None:
    n, rest, p = 400, 2000, 0.5
    seen = least_detectable(p, n, rest, 0.05)
    assert seen is not None
    rng = np.random.default_rng(0)
    a, b = rng.binomial(n, p + seen, 4000) / n, rng.binomial(rest, p, 4000) / rest
    pooled = (a * n + b * rest) / (n + rest)
    z = (a - b) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
    assert (z > 1.96).mean() == pytest.approx(0.8, abs=0.03)
    needed = rows_for_difference(p, seen, 2)
    assert least_detectable(p, needed, 10**9, 0.05) == pytest.approx(seen, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_audit_with_everything_at_once_is_plain_json_and_has_no_silent_group(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 90))
    word = st.sampled_from(["a", "b", "c", None])
    label = data.draw(st.lists(word, min_size=n, max_size=n))
    guess = data.draw(st.lists(word, min_size=n, max_size=n))
    columns = {c: data.draw(st.lists(st.sampled_from(["x", "y", None]), min_size=n, max_size=n)) for c in "gh"}
    score = data.draw(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=n, max_size=n))
    audit = audit_groups(label, guess, columns, scores=score, intersections=2, n_boot=100, min_group_size=5)
    json.dumps(audit.to_json(), allow_nan=False)
    assert {c.column for c in audit.comparisons} >= {"g", "h"}
    for c in audit.comparisons:
        if c.outcome in {"disparity", "equivalent"}:
            assert c.low <= c.value <= c.high
            assert c.n >= audit.min_group_size
        elif c.value == 0:
            assert c.low <= 0 <= c.high
