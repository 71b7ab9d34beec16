"""Rates of a whole dataset: exact in one stratum, valid over several under guided sampling and erring reviewers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.review import Draws, Seen, Stratum, dataset_rates, hypergeometric_interval, strata_of, turns
from audit.review.dataset import KindSeen, fewest_answers
from audit.review.missed import CLEAN, DRAWS, ERROR, UNKNOWN, UNSURE, after, answers_needed, plain_total
from audit.review.rates import ALPHA

LEAST = 0.95 - 2 * (0.95 * 0.05 / 500) ** 0.5
"""Of 500 reviews at 95%: what the simulation's own error leaves possible."""


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 300), st.data())
def test_one_stratum_alone_has_the_exact_interval(population: int, data: st.DataObject) -> None:
    asked = data.draw(st.integers(1, population))
    wrong = data.draw(st.integers(0, asked))
    found = Draws().count("rows", [Stratum(population, asked, wrong, wrong)])
    # Levels are a grid of `DRAWS`: never narrower than the exact interval, nor wider than one at a level of one step less.
    for alpha, inside in ((ALPHA, True), (ALPHA - 2 / DRAWS, False)):
        low, high = (round(end * population) for end in hypergeometric_interval(wrong, asked, population, alpha))
        assert (found.low <= low and high <= found.high) if inside else (low <= found.low and found.high <= high)
    assert found.value == pytest.approx(population * wrong / asked)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 40), st.floats(0, 0.4))
def test_doubt_and_errors_only_widen_an_interval(asked: int, wrong: int, unsure: int, error: float) -> None:
    wrong, unsure = min(wrong, asked), min(unsure, asked - min(wrong, asked))
    plain = Draws().count("x", [Stratum(200, asked, wrong, wrong)])
    doubtful = Draws().count("x", [Stratum(200, asked, wrong, wrong + unsure, error)])
    assert doubtful.low <= plain.low
    assert doubtful.high >= plain.high


def test_a_large_population_is_rounded_outwards_and_by_little() -> None:
    exact, grid = (Draws().count("x", [Stratum(n, 40, 2, 2)]).over(n) for n in (1_000, 1_000_000))
    assert grid.low <= exact.low * 1.2
    assert exact.high <= grid.high <= exact.high * 1.1


def test_a_stratum_that_nobody_asked_about_leaves_everything_possible_there_and_no_value() -> None:
    found = Draws().count("x", [Stratum(50, 50, 5, 5), Stratum(30, 0, 0, 0)])
    assert (found.value, found.low, found.high) == (None, 5, 35)


@pytest.mark.parametrize(
    ("sizes", "wrong", "asked"),
    [((2500, 180), (3, 14), (20, 10)), ((2500, 180), (0, 3), (40, 10)), ((300, 200, 60), (20, 20, 50), (15, 15, 12))],
)
def test_totals_and_recall_hold_the_truth_however_the_questions_were_shared_out(
    sizes: tuple[int, ...], wrong: tuple[int, ...], asked: tuple[int, ...]
) -> None:
    rng, held = np.random.default_rng(1), np.zeros(2)
    found_right, found = 330, 400
    for _ in range(500):
        hits = [int(rng.hypergeometric(k, n - k, m)) for n, k, m in zip(sizes, wrong, asked, strict=True)]
        strata = [Stratum(n, m, k, k) for n, m, k in zip(sizes, asked, hits, strict=True)]
        right = int(rng.hypergeometric(found_right, found - found_right, 25))
        draws = Draws(draws=1_500)
        count, recall = draws.count("x", strata), draws.share("x", [Stratum(found, 25, right, right)], strata)
        truth = found_right / (found_right + sum(wrong))
        held += count.low <= sum(wrong) <= count.high, recall.low <= truth <= recall.high
    assert (held >= 500 * LEAST).all()


@pytest.mark.parametrize(("overlooked", "imagined"), [(0.1, 0.0), (0.0, 0.05), (0.1, 0.1)])
def test_a_reviewer_who_overlooks_or_imagines_errors_is_allowed_for(overlooked: float, imagined: float) -> None:
    rng, held = np.random.default_rng(2), 0
    sizes, wrong, asked = (900, 120), (30, 40), (40, 15)
    for _ in range(500):
        said = []
        for n, k, m in zip(sizes, wrong, asked, strict=True):
            hits = int(rng.hypergeometric(k, n - k, m))
            seen = int(rng.binomial(hits, 1 - overlooked) + rng.binomial(m - hits, imagined))
            said.append(Stratum(n, m, seen, seen, 0.1))
        found = Draws(draws=1_500).count("x", said)
        held += found.low <= sum(wrong) <= found.high
    assert held >= 500 * LEAST


def test_guided_review_with_a_census_of_the_nearest_misses_holds_the_truth() -> None:
    """Nearest misses are asked about in their order, others by lot; what is wrong lies mostly among the near ones."""
    held, plain = 0, 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        n = 600
        score = np.sort(rng.beta(1, 6, n))[::-1]
        wrong = rng.random(n) < score**2
        lot = rng.permutation(n).astype(np.uint64)
        near = np.arange(n) < 80
        verdict = np.full(n, UNKNOWN, np.int8)
        by_lot = np.argsort(lot)
        chosen = np.concatenate([np.arange(8), by_lot[near[by_lot]][:12], by_lot[~near[by_lot]][:30]])
        verdict[chosen] = np.where(wrong[chosen], ERROR, CLEAN)
        strata = [*strata_of(lot[near], verdict[near], [np.arange(80)]), *strata_of(lot[~near], verdict[~near])]
        assert sum(s.asked for s in strata) == (verdict != UNKNOWN).sum()
        found = Draws(draws=1_500).count("x", strata)
        held += found.low <= wrong.sum() <= found.high
        share = wrong[chosen].mean()
        plain += abs(share - wrong.mean()) <= 1.96 * (share * (1 - share) / len(chosen)) ** 0.5
    assert held >= 500 * LEAST
    assert plain < held, "the control: the plain share of what was asked about is no estimate"


def test_stopping_as_soon_as_the_interval_is_narrow_enough_still_holds_the_truth() -> None:
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        wrong = np.arange(400) < rng.integers(0, 60)
        order = rng.permutation(400)
        for m in range(10, 400, 15):
            k = int(wrong[order[:m]].sum())
            found = Draws(draws=1_000).count("x", [Stratum(400, m, k, k)]).over(400)
            if found.width <= 0.12:
                break
        held += found.low <= wrong.mean() <= found.high
    assert held >= 200 * (0.95 - 2 * (0.95 * 0.05 / 200) ** 0.5)


def seen_of(missed: int, asked: int, kept: int = 900, mended: tuple[int, int, int] = (0, 0, 0)) -> Seen:
    rows, near = Stratum(950, asked, missed, missed), Stratum(50, 50, 5, 5)
    found = (Stratum(100, 100, 90, 90),)
    kinds = {"label": KindSeen(100, found, (rows, near))}
    return Seen(1000, kept, ((rows,), (near,)), (Stratum(850, asked, missed, missed), near), ((rows,), (near,)), found,
                (Stratum(20, 20, 8, 8),), mended, 0, kinds)  # fmt: skip


def test_when_everything_was_answered_the_numbers_are_those_of_counting() -> None:
    seen = seen_of(20, 950)
    rates = dataset_rates(Seen(**{**seen.__dict__, "free": (Stratum(850, 850, 20, 20), Stratum(50, 50, 5, 5))}))
    (label,) = rates.kinds
    assert [label.recall.low, label.recall.high] == pytest.approx([90 / 115] * 2)
    assert [rates.wrong.low, rates.wrong.high] == pytest.approx([0.115] * 2)
    assert [rates.left.low, rates.left.high] == pytest.approx([33 / 900] * 2)
    assert rates.more == 0


def test_what_answers_mended_is_left_no_more_and_more_answers_narrow_what_is_left() -> None:
    before, after_ = (dataset_rates(seen_of(1, 100, mended=done)).left for done in ((0, 0, 0), (3, 0, 8)))
    assert after_.high <= before.high - 11 / 900 + 1e-9
    wide = dataset_rates(seen_of(1, 60), width=0.03)
    assert wide.left.width > 0.03
    assert 0 < wide.more <= 900
    assert dataset_rates(seen_of(round((60 + wide.more) / 60), 60 + wide.more), width=0.03).left.width <= 0.036


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=3), st.integers(0, 150))
def test_questions_are_shared_out_by_counts_alone_and_none_goes_beyond_its_stratum(sizes: list[int], more: int) -> None:
    asked = [0] * len(sizes)
    out = turns(sizes, asked, [0.1, 0.4, 0.2][: len(sizes)], more, 1)
    assert len(out) == min(more, sum(sizes))
    assert all(out.count(i) <= n for i, n in enumerate(sizes))
    again = turns(sizes, asked, [0.1, 0.4, 0.2][: len(sizes)], more + 5, 1)
    assert again[: len(out)] == out, "a longer review goes on where a shorter one stopped"


def test_no_more_is_asked_for_than_needed() -> None:
    assert answers_needed(lambda more: 0.01, 0.05, 100) == 0
    assert answers_needed(lambda more: 1.0, 0.05, 100) == 100
    assert 90 <= answers_needed(lambda more: 5 / (more + 1), 0.05, 1000) <= 110
    assert after((Stratum(10, 5, 1, 2),), 5) == (Stratum(10, 10, 2, 4),)
    assert plain_total([Stratum(10, 5, 1, 3)]) == 4.0


def test_cannot_tell_counts_as_clean_below_and_as_wrong_above() -> None:
    verdict = np.array([CLEAN, ERROR, UNSURE, CLEAN], np.int8)
    (part,) = strata_of(np.arange(4, dtype=np.uint64), verdict)
    assert (part.low, part.high) == (1, 2)
    found = Draws().count("x", [part])
    assert (found.low, found.high, found.value) == (1, 2, 1.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(1, 3000), st.sampled_from([0.1, 0.2, 0.5]))
def test_no_recall_is_known_to_a_width_with_fewer_answers_than_are_said_to_be_the_least(
    found: int, others: int, width: float
) -> None:
    least = fewest_answers(found, others, width)
    right = (Stratum(found, found, found, found),)

    def reached(asked: int) -> float:
        return Draws().share("x", right, (Stratum(others, asked, 0, 0),)).width

    if least:
        assert reached(least - 1) > width - 1e-9
    assert reached(min(others, least + 2)) <= width + 0.02, "nothing missed in so many, all found right: that is enough"


def test_two_lower_ends_of_one_number_are_not_taken_for_better_than_either() -> None:
    """Rows without a finding that stay bound what is left twice, from the same answers: the greater end must hold, too."""
    rng, beyond, n, wrong = np.random.default_rng(8), 0, 1000, 300
    for _ in range(400):
        seen = int(rng.hypergeometric(wrong, n - wrong, 40))
        rest = (Stratum(n, 40, seen, seen),)
        found = dataset_rates(Seen(n, n, (rest, ()), rest, (rest, ()), (), (), (0, 0, 0), 0, {}), None, draws=500)
        beyond += found.left.low > wrong / n + 1e-9
    assert beyond <= 400 * 0.025 + 2 * (400 * 0.025 * 0.975) ** 0.5
