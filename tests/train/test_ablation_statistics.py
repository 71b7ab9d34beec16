"""Tests beside the interval, alpha spending, Shapley values and the noise floor, against references and by simulation."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from curate.errors import ConfigError
from curate.statistics import holm
from train.ablation.analysis import leak_words, noise_floor
from train.ablation.design import Design, check_stages, seeds_of
from train.ablation.interval import Estimate, estimate
from train.ablation.sequential import boundaries, levels, seeds_to_verdict, spent
from train.ablation.shapley import coalitions_of, coefficients, orders_of, sampling_error
from train.ablation.significance import mcnemar, sign_flip
from train.ablation.span import Span
from train.ablation.verdict import compare, corrected


def test_three_seeds_cannot_pass_a_sign_flip_test() -> None:
    assert sign_flip(np.array([0.5, 0.6, 0.7])) == 0.25
    assert sign_flip(np.full(8, 0.1) + np.arange(8) / 100) == 2 / 2**8
    assert sign_flip(np.zeros(5)) == 1.0


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=7))
def test_the_sign_flip_test_counts_every_pattern(values: list[int]) -> None:
    patterns = [abs(sum(s * v for s, v in zip(signs, values))) for signs in itertools.product((1, -1), repeat=len(values))]
    expected = np.mean([p >= abs(sum(values)) for p in patterns])
    assert sign_flip(np.array(values)) == pytest.approx(expected)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_the_exact_binomial_test_of_the_rows_that_differ(a_only: int, b_only: int) -> None:
    a = np.array([1] * a_only + [0] * b_only + [1, 0], dtype=float)
    b = np.array([0] * a_only + [1] * b_only + [1, 0], dtype=float)
    found = mcnemar(a, b)
    expected = stats.binomtest(a_only, a_only + b_only).pvalue if a_only + b_only else 1.0
    assert (found.a_only, found.b_only) == (a_only, b_only)
    assert found.p == pytest.approx(expected)


@pytest.mark.parametrize("gain", [0.5, 1.0, -0.3])
def test_a_difference_without_any_spread_is_as_sure_as_the_number_of_rows(gain: float) -> None:
    b = np.linspace(0, 1, 40)[None, :] * np.ones((3, 1)) * (1 - abs(gain)) + max(0.0, -gain)
    found = compare(b + gain, b, names=("curated", "raw"), metric="above_rejected", higher_is_better=True)
    assert found.delta == pytest.approx(gain)
    near, far = (found.low, found.high) if gain > 0 else (found.high, found.low)
    share = stats.binomtest(40, 40).proportion_ci(method="wilson").low
    assert near == pytest.approx(gain * share)
    assert far == pytest.approx(max(-1.0, min(1.0, gain * (2 - share)))), "no share differs by more than 1"
    assert found.verdict == ("helped" if gain > 0 else "harmed")
    assert 0 < found.p < 0.05
    assert found.minimum_detectable > 0


@pytest.mark.parametrize(("seeds", "level"), [(3, 0.95), (4, 0.99), (3, 0.9996), (8, 0.95)])
def test_the_detectable_difference_is_shown_four_times_in_five_with_few_seeds_too(seeds: int, level: float) -> None:
    rng = np.random.default_rng(seeds)
    luck = rng.normal(0, 0.08, (seeds, 1)) + np.zeros((seeds, 60))  # seeds alone vary
    found = estimate(luck, np.ones(60), level=level)
    assert found.freedom == pytest.approx(seeds - 1)
    drawn = rng.normal(found.detectable / found.error / math.sqrt(seeds), 1, (200_000, seeds))
    t = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / math.sqrt(seeds))
    shown = float(np.mean(t > stats.t.ppf(0.5 + level / 2, seeds - 1)))
    assert shown == pytest.approx(0.8, abs=0.01)


def test_the_least_width_leaves_an_interval_with_a_spread_of_its_own_as_it_is() -> None:
    d = np.random.default_rng(6).normal(0.05, 0.3, (5, 200))
    found = estimate(d, np.ones(200))
    reach = stats.t.ppf(0.975, found.freedom)
    assert found.error == pytest.approx(_by_hand(d))
    assert (found.high - found.low) / 2 == pytest.approx(reach * found.error, rel=0.1)


def _by_hand(d: np.ndarray) -> float:
    """The two-way analysis of variance of rows and seeds, without interaction, one observation a cell."""
    seeds, rows = d.shape
    of_row, of_seed = d.mean(axis=0), d.mean(axis=1)
    ms_row, ms_seed = seeds * np.var(of_row, ddof=1), rows * np.var(of_seed, ddof=1)
    noise = d - of_row[None, :] - of_seed[:, None] + d.mean()
    ms_noise = (noise**2).sum() / ((seeds - 1) * (rows - 1))
    return math.sqrt(max(ms_row + ms_seed - ms_noise, ms_row, ms_seed) / (seeds * rows))


def test_holm_follows_its_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= v for a, v in zip(adjusted, values))
    order = np.argsort(values, kind="stable")
    assert all(np.diff(np.array(adjusted)[order]) >= 0)


@pytest.mark.parametrize(
    ("looks", "published"),
    [
        (2, [2.9626, 1.9686]),
        (3, [3.7103, 2.5114, 1.9930]),
        (4, [4.3326, 2.9631, 2.3590, 2.0141]),
        (5, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
    ],
)
def test_boundaries_are_the_published_ones(looks: int, published: list[float]) -> None:
    """Lan-DeMets O'Brien-Fleming-like boundaries, 5% two-sided, equally spaced looks, as standard tables print them."""
    assert boundaries(tuple((i + 1) / looks for i in range(looks))) == pytest.approx(published, abs=2e-4)


def test_all_of_the_error_is_spent_at_the_end_and_next_to_none_early() -> None:
    assert spent(1.0) == 0.05
    assert spent(0.25) < 1e-4
    paid = levels(range(3, 9))
    assert sorted(paid, reverse=True) == paid
    assert paid[-1] > 0.95


def test_looking_after_every_seed_makes_no_more_false_claims_than_looking_once() -> None:
    rng = np.random.default_rng(3)
    looks = tuple(range(3, 9))
    paid = levels(looks)
    by_spending = as_if_once = 0
    for _ in range(300):
        shared = rng.normal(0, 0.2, 120)[None, :]
        d = shared + rng.normal(0, 0.03, 8)[:, None] + rng.normal(0, 0.4, (8, 120))
        found = [
            estimate(d[:n], np.ones(120), resamples=60, level=level) for n, level in zip(looks, paid, strict=True)
        ]
        by_spending += any(e.p < 1 - level for e, level in zip(found, paid, strict=True))
        as_if_once += any(e.p < 0.05 for e in found)
    assert by_spending / 300 <= 0.08
    assert by_spending <= as_if_once


def test_seeds_to_a_verdict_grow_with_the_noise_and_end_where_rows_are_the_limit() -> None:
    def with_error(seed_variance: float, cluster_variance: float, mean: float = 0.02) -> Estimate:
        error = math.sqrt(cluster_variance + seed_variance / 4)
        return Estimate(mean, mean - 3 * error, mean + 3 * error, error, 30, 0.2, 0.05, seed_variance, cluster_variance)

    quiet, loud = (seeds_to_verdict(with_error(v, 0.0), 0.01, 60, 4) for v in (0.0007, 0.003))
    assert quiet is not None
    assert loud is not None
    assert 4 < quiet < loud
    assert seeds_to_verdict(with_error(0.0001, 0.0004), 0.01, 60, 4) is None
    assert seeds_to_verdict(with_error(0.0001, 0.0, mean=0.0), 0.01, 60, 4) == 5, "equivalence is a verdict"


@given(st.integers(1, 4), st.integers(0, 10_000))
def test_exact_shapley_values_add_up_and_reward_only_those_who_give(n: int, seed: int) -> None:
    players = [f"s{i}" for i in range(n)]
    orders = orders_of(players)
    rng = np.random.default_rng(seed)
    base = {c: float(rng.normal()) for c in coalitions_of(orders)}
    value = {c: base[c - {"s0"}] for c in base}  # s0 changes nothing
    worth = {p: sum(w * value[c] for c, w in coefficients(p, orders).items()) for p in players}
    assert len(base) == 2**n
    assert sum(worth.values()) == pytest.approx(value[frozenset(players)] - value[frozenset()])
    assert worth["s0"] == pytest.approx(0)


def test_more_than_four_stages_are_sampled_with_reverses_and_say_how_unsure_that_is() -> None:
    players = list("abcdef")
    orders = orders_of(players, seed=1)
    assert len(orders) == 6
    assert all(orders[i + 1] == orders[i][::-1] for i in range(0, 6, 2))
    assert len(coalitions_of(orders)) < 2**6
    assert orders == orders_of(players, seed=1)
    assert sampling_error([0.1, 0.3, 0.2, 0.2, 0.0, 0.4], exact=False) == pytest.approx(0.0)
    assert sampling_error([0.1, 0.1, 0.3, 0.3], exact=False) == pytest.approx(0.1)
    assert sampling_error([0.1, 0.1], exact=True) == 0


def test_a_claim_that_does_not_survive_holm_is_inconclusive_and_says_so() -> None:
    rng = np.random.default_rng(0)
    b = (rng.random((5, 400)) < 0.7).astype(float)
    a = np.where(rng.random(b.shape) < 0.3, 1.0, b)
    helped = compare(a, b, names=("only_x", "raw"), metric="accuracy", higher_is_better=True)
    assert helped.verdict == "helped"
    alone = corrected({"x": replace(helped, p=0.03)}, True)["x"]
    assert (alone.verdict, alone.p_holm) == ("helped", None)
    several = corrected({"x": replace(helped, p=0.03), "y": replace(helped, p=0.001), "z": replace(helped, p=0.2)}, True)
    assert several["x"].p_holm == pytest.approx(0.06)
    assert several["x"].verdict == "inconclusive"
    assert "Holm's correction over 3 stages" in several["x"].words
    assert several["y"].verdict == "helped"
    assert "Holm" not in several["y"].words


def test_holm_corrects_what_is_claimed_a_gain_over_raw_data_and_over_its_control() -> None:
    rng = np.random.default_rng(0)
    b = (rng.random((5, 400)) < 0.7).astype(float)
    a = np.where(rng.random(b.shape) < 0.3, 1.0, b)
    helped = compare(a, b, names=("only_x", "raw"), metric="accuracy", higher_is_better=True)
    sure = {name: replace(helped, p=1e-6) for name in "xyz"}
    even = replace(helped, p=0.3, verdict="inconclusive")
    control = {"x": replace(helped, p=0.03), "y": replace(helped, p=1e-6), "z": even}
    found = corrected(sure, True, control)
    assert [found[name].p_holm for name in "xyz"] == pytest.approx([0.06, 3e-6, 0.3])
    assert found["x"].verdict == "inconclusive"
    assert found["y"].verdict == "helped"
    assert found["z"].words == helped.words, "conclude says that the control was not beaten"


def test_an_early_look_leaves_several_stages_less_to_err_by_than_the_last() -> None:
    rng = np.random.default_rng(0)
    b = (rng.random((5, 400)) < 0.7).astype(float)
    a = np.where(rng.random(b.shape) < 0.3, 1.0, b)
    early = compare(a, b, names=("only_x", "raw"), metric="accuracy", higher_is_better=True, level=0.99)
    assert early.verdict == "helped"
    found = corrected({"x": replace(early, p=0.008), "y": replace(early, p=0.001)}, True)
    assert {name: one.verdict for name, one in found.items()} == {"x": "helped", "y": "helped"}
    found = corrected({name: replace(early, p=0.008) for name in "xy"}, True)
    assert {one.verdict for one in found.values()} == {"inconclusive"}, "2 x 0.008 is below 0.05 and above 0.01"


def test_of_a_leak_only_what_its_intervals_show_is_said() -> None:
    sure, open_, less = Span(0.08, 0.05, 0.1), Span(0.004, -0.05, 0.06), Span(-0.03, -0.05, -0.01)
    said = leak_words(106, sure, Span(0.06, 0.04, 0.09), "accuracy", 0.95)
    assert "makes raw data look 8.0 points (95% interval +5.0 to +10.0) better than it is. Of that, 6.0 points" in said
    harder = leak_words(106, sure, Span(0.09, 0.04, 0.14), "accuracy", 0.95)
    assert "Having seen them is worth 9.0 points (95% interval +4.0 to +14.0): it is gone" in harder
    assert "Of that" not in harder, "no part is more than the whole"
    said = leak_words(20, open_, open_, "accuracy", 0.95)
    assert said.endswith("Whether counting them flatters raw data is not shown (95% interval −5.0 to +6.0 points).")
    for seen in (open_, less):
        assert "How much of that goes with having seen them is not shown" in leak_words(20, sure, seen, "accuracy", 0.95)
    said = leak_words(1, less, sure, "accuracy", 0.95)
    assert said.startswith("1 evaluation row of the given split belongs with training rows and was set aside.")
    assert said.endswith("makes raw data look 3.0 points (95% interval −5.0 to −1.0) worse than it is.")


def test_presets_say_how_many_seeds_and_stages_they_carry() -> None:
    assert seeds_of("quick", 5).seeds == (5, 6, 7)
    assert seeds_of("claim", 0, sequential=True).looks == (8, 10, 12, 14, 16)
    assert seeds_of("quick", 0, 6, sequential=True).looks == (3, 4, 5, 6)
    assert not seeds_of("quick", 0, 5).sequential
    with pytest.raises(ConfigError, match="at least 8"):
        seeds_of("claim", 0, 5)
    with pytest.raises(ConfigError, match="preset"):
        seeds_of("careful", 0)
    check_stages("quick", list("abcdefgh"))
    with pytest.raises(ConfigError, match="at most 6"):
        check_stages("claim", list("abcdefg"))
    with pytest.raises(ConfigError, match="looks"):
        Design((0, 1, 2), (3, 2))


def test_the_noise_floor_holds_nineteen_of_twenty_pairs_of_runs() -> None:
    rng = np.random.default_rng(4)
    runs = rng.normal(0.8, 0.02, (40, 12))
    floor = noise_floor([float(np.std(arm, ddof=1)) for arm in runs])
    assert floor is not None
    pairs = np.abs(rng.normal(0.8, 0.02, 4000) - rng.normal(0.8, 0.02, 4000))
    assert 0.93 < np.mean(pairs <= floor) < 0.97
    assert noise_floor([None, None]) is None
