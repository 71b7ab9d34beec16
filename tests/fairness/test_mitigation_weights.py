"""Weights and sizes by group and label: the closed form, AIF360's numbers, and what they promise for any data."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.fairness.mitigate import proposal, rows_to_collect
from curate.ledger.balance import cell_targets, equal_groups, reweighing, within_shortfall, within_surplus
from tests.conftest import examples

LAW = Path(__file__).parents[3] / "shared" / "data" / "tabular" / "law_school_clean.csv"
# aif360 0.6.1, Reweighing over race (privileged: White) and pass_bar: (white, passed) -> weight.
AIF360 = {
    (0, 0): 0.3980349449959708, (0, 1): 1.230614801498825, (1, 0): 1.400435722863973, (1, 1): 0.9657813087759904,
}  # fmt: skip
# The same with instance weights numpy.random.default_rng(0).random(20798): factor on the given weight.
AIF360_WEIGHTED = {
    (0, 0): 0.40480460723884243, (0, 1): 1.2242113587113663, (1, 0): 1.387470072395251, (1, 1): 0.9663836015123517,
}  # fmt: skip


@pytest.fixture(scope="module")
def law_school() -> tuple[np.ndarray, np.ndarray]:
    if not LAW.exists():
        pytest.skip("needs the shared law school data")
    with LAW.open(newline="") as file:
        rows = list(csv.DictReader(file))
    white = np.array([row["race"] == "White" for row in rows], np.int64)
    return white, np.array([float(row["pass_bar"]) for row in rows]).astype(np.int64)


def test_weights_are_those_of_aif360(law_school: tuple[np.ndarray, np.ndarray]) -> None:
    group, label = law_school
    weights = reweighing(group, label)
    for (g, y), wanted in AIF360.items():
        assert weights[(group == g) & (label == y)] == pytest.approx(wanted, abs=1e-9)


def test_weights_on_top_of_given_ones_are_those_of_aif360(law_school: tuple[np.ndarray, np.ndarray]) -> None:
    group, label = law_school
    own = np.random.default_rng(0).random(len(group))
    weights = reweighing(group, label, own)
    for (g, y), wanted in AIF360_WEIGHTED.items():
        at = (group == g) & (label == y)
        assert weights[at] / own[at] == pytest.approx(wanted, abs=1e-9)


def test_what_to_collect_for_the_law_school_levels_the_rates(law_school: tuple[np.ndarray, np.ndarray]) -> None:
    group, label = law_school
    (short,) = [s for s in rows_to_collect(group, label, ["other", "white"], ["failed", "passed"]) if s.group == "other"]
    rest = label[group == 1].mean()
    have, failed = int(label[group == 0].sum()), int((label[group == 0] == 0).sum())
    assert short.label == "passed"
    assert (have + short.more_rows - 1) / (have + short.more_rows - 1 + failed) < rest
    assert (have + short.more_rows) / (have + short.more_rows + failed) >= rest


cells = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 2)), min_size=1, max_size=80)


@settings(deadline=None, max_examples=examples(150))
@given(cells)
def test_reweighed_groups_and_labels_are_independent_and_keep_their_totals(rows: list[tuple[int, int]]) -> None:
    group, label = (np.array(column, np.int64) for column in zip(*rows))
    weight = reweighing(group, label)
    at = (group >= 0) & (label >= 0)
    assert (weight[~at] == 1).all()
    if not at.any():
        return
    g, y, w = group[at], label[at], weight[at]
    table = np.zeros((4, 3))
    np.add.at(table, (g, y), w)
    counts = np.zeros((4, 3))
    np.add.at(counts, (g, y), 1)
    if (counts[counts.sum(1) > 0][:, counts.sum(0) > 0] > 0).all():  # an empty cell cannot be given weight
        assert table.sum(1) == pytest.approx(counts.sum(1))
        assert table.sum(0) == pytest.approx(counts.sum(0))
        assert table * table.sum() == pytest.approx(np.outer(table.sum(1), table.sum(0)))


@settings(deadline=None, max_examples=100)
@given(cells)
def test_equal_groups_weigh_the_same_in_all(rows: list[tuple[int, int]]) -> None:
    group = np.array([g for g, _ in rows], np.int64)
    weight = equal_groups(group)
    totals = [weight[group == g].sum() for g in range(4) if (group == g).any()]
    assert totals == pytest.approx([totals[0]] * len(totals)) if totals else True
    assert weight[group >= 0].sum() == pytest.approx((group >= 0).sum())


@settings(deadline=None, max_examples=100)
@given(cells, st.integers(0, 3))
def test_resampling_brings_every_cell_to_its_size(rows: list[tuple[int, int]], seed: int) -> None:
    group, label = (np.array(column, np.int64) for column in zip(*rows))
    order = np.random.default_rng(seed).integers(0, 2**63, len(group)).astype(np.uint64)
    drawn = proposal(group, label, order)
    have, want = cell_targets(group, label)
    after = have.copy()
    np.subtract.at(after, (group[drawn.surplus], label[drawn.surplus]), 1)
    np.add.at(after, (group[drawn.copies], label[drawn.copies]), 1)
    assert (after[have > 0] == want[have > 0]).all()
    assert len(set(drawn.surplus.tolist())) == len(drawn.surplus)
    assert len(set(zip(drawn.copies.tolist(), drawn.nth.tolist()))) == len(drawn.copies)
    stays = np.ones(len(group), bool)
    assert within_surplus(group, label, stays, drawn.surplus).all()
    assert within_shortfall(group, label, stays, drawn.copies).all()


def test_a_weight_is_never_beyond_its_bound() -> None:
    group = np.array([0] * 1000 + [1] * 1000)
    label = np.array([0] * 999 + [1] + [1] * 1000)
    assert reweighing(group, label).max() > 100
    bounded = reweighing(group, label, most=10)
    assert bounded.max() == 10
    assert bounded.min() >= 0.1


def test_weights_that_sum_to_zero_or_are_negative_are_an_error_not_a_zero() -> None:
    group, label = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match="sum to zero"):
        reweighing(group, label, np.zeros(4))
    with pytest.raises(ValueError, match="negative"):
        reweighing(group, label, np.array([1.0, -1.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="negative or not a number"):
        equal_groups(group, np.array([1.0, np.nan, 1.0, 1.0]))


def test_a_group_with_too_few_rows_is_told_how_many_in_which_mix() -> None:
    group = np.array([0] * 300 + [1] * 4)
    label = np.array([0] * 200 + [1] * 100 + [0] * 4)
    (short,) = rows_to_collect(group, label, ["many", "few"], ["no", "yes"])
    assert (short.group, short.label, short.have, short.more_rows) == ("few", None, 4, 26)
    assert dict(short.mix) == {"no": 16, "yes": 10}


def test_nothing_is_asked_for_where_shares_differ_by_chance_alone_or_one_group_is_all_there_is() -> None:
    rng = np.random.default_rng(3)
    group, label = rng.integers(0, 3, 600), rng.integers(0, 2, 600)
    assert rows_to_collect(group, label, ["a", "b", "c"], ["no", "yes"]) == []
    assert rows_to_collect(np.zeros(50, np.int64), label[:50], ["a"], ["no", "yes"]) == []
    assert rows_to_collect(group, np.zeros(600, np.int64), ["a", "b", "c"], ["no"]) == []


def test_two_labels_that_a_group_lacks_are_solved_for_together() -> None:
    group = np.repeat([0, 1], 1000)
    label = np.concatenate([np.repeat([0, 1, 2], [400, 300, 300]), np.repeat([0, 1, 2], [900, 60, 40])])
    short = {s.label: s for s in rows_to_collect(group, label, ["a", "b"], ["x", "y", "z"]) if s.group == "b"}
    after = np.array([900, 60 + short["y"].more_rows, 40 + short["z"].more_rows], float)
    assert after / after.sum() == pytest.approx([0.4, 0.3, 0.3], abs=1e-3)
