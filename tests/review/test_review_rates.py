"""Certified rates: intervals that hold the truth under guided review, erring reviewers and early stopping."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from audit.review import arranged, certified_rate, corrected, guides, lots, propose, reliability
from audit.review.rates import RIGHT, UNKNOWN, WRONG, hypergeometric_interval, more_needed
from curate.ledger.decisions import Decision, Journal

DECISIONS = 60
REPEATS = 12


def lot_of(n: int) -> np.ndarray:
    return lots([i.to_bytes(16, "little") for i in range(n)])


def guided(score: np.ndarray) -> list[np.ndarray]:
    everything = np.ones(len(score), bool)
    return list(guides(everything, score, np.arange(len(score)), score).values())


def reviewed(truth: np.ndarray, score: np.ndarray, budget: int, rng: np.random.Generator, error: float) -> np.ndarray:
    """What a reviewer says who goes through the mixed order and errs at a rate."""
    n = len(truth)
    everything, nothing = np.ones(n, bool), np.zeros(n, bool)
    queue = arranged("mixed", everything, lot_of(n), score, np.arange(n), score, nothing)[:budget]
    said = np.full(n, UNKNOWN, np.int8)
    wrong = rng.random(len(queue)) < error
    said[queue] = np.where(truth[queue] ^ wrong, RIGHT, WRONG)
    return said


def population(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Findings whose chance to be right rises with their score."""
    score = rng.beta(2, 2, n)
    return rng.random(n) < score, score


def test_guided_review_of_sixty_decisions_holds_the_truth_at_the_stated_rate() -> None:
    held = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        truth, score = population(rng, int(rng.integers(70, 600)))
        rate = certified_rate(lot_of(len(truth)), reviewed(truth, score, DECISIONS, rng, 0.0), guided(score))
        assert rate.random + rate.other == min(DECISIONS, len(truth))
        held += rate.low - 1e-12 <= truth.mean() <= rate.high + 1e-12
    assert held >= 500 * 0.95 - 2 * (500 * 0.95 * 0.05) ** 0.5


def test_guided_review_that_uses_up_all_that_waits_holds_the_truth() -> None:
    """What waits is mostly wrong, what applies by itself mostly right: a census of the one tells nothing of the other."""
    held = 0
    for seed in range(300):
        rng = np.random.default_rng(9000 + seed)
        n = 110
        waiting = np.arange(n) < 34
        truth, score = rng.random(n) < np.where(waiting, 0.5, 0.97), np.where(waiting, 0.5, 0.95) + rng.random(n) / 50
        nothing = np.zeros(n, bool)
        queue = arranged("mixed", waiting, lot_of(n), score, np.arange(n), score, nothing)[:DECISIONS]
        said = np.full(n, UNKNOWN, np.int8)
        said[queue] = np.where(truth[queue], RIGHT, WRONG)
        orders = list(guides(waiting, score, np.arange(n), score).values())
        rate = certified_rate(lot_of(n), said, orders)
        held += rate.low <= truth.mean() <= rate.high
    assert held >= 300 * 0.95 - 2 * (300 * 0.95 * 0.05) ** 0.5


def test_the_naive_share_of_guided_decisions_does_not() -> None:
    """The control: what was decided is not a random sample, and its plain mean lies beside the truth."""
    gaps = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth, score = population(rng, 400)
        said = reviewed(truth, score, DECISIONS, rng, 0.0)
        gaps.append(float((said[said != UNKNOWN] == RIGHT).mean() - truth.mean()))
    assert np.mean(gaps) > 0.1


def test_a_reviewer_who_errs_widens_the_interval_and_it_still_holds_the_truth() -> None:
    held, widths, plain = 0, [], []
    for seed in range(300):
        rng = np.random.default_rng(1000 + seed)
        truth, score = population(rng, 300)
        error = float(rng.uniform(0.0, 0.12))
        said = reviewed(truth, score, DECISIONS, rng, error)
        asked = rng.choice(np.flatnonzero(said != UNKNOWN), REPEATS, replace=False)
        again = np.where(truth[asked] ^ (rng.random(REPEATS) < error), RIGHT, WRONG)
        journal = _journal([("ada", int(i), int(said[i])) for i in asked] + [("ada", int(i), int(v)) for i, v in
                                                                              zip(asked, again, strict=True)])  # fmt: skip
        found = reliability(journal)
        assert found.repeats == REPEATS
        rate = certified_rate(lot_of(len(truth)), said, guided(score), found.error)
        held += rate.low <= truth.mean() <= rate.high
        widths.append(rate.width)
        plain.append(certified_rate(lot_of(len(truth)), said, guided(score)).width)
    assert held >= 300 * 0.95 - 2 * (300 * 0.95 * 0.05) ** 0.5
    assert np.mean(widths) > np.mean(plain)


def test_stopping_as_soon_as_the_interval_is_narrow_enough_holds_the_truth() -> None:
    held = 0
    for seed in range(120):
        rng = np.random.default_rng(5000 + seed)
        truth = rng.random(500) < rng.uniform(0.5, 0.99)
        order = np.argsort(lot_of(500))
        said = np.full(500, UNKNOWN, np.int8)
        for i in range(10, 500, 15):
            said[order[:i]] = np.where(truth[order[:i]], RIGHT, WRONG)
            rate = certified_rate(lot_of(500), said)
            if rate.width <= 0.15:
                break
        held += rate.low <= truth.mean() <= rate.high
    assert held >= 120 * 0.95 - 2 * (120 * 0.95 * 0.05) ** 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.data())
def test_the_exact_interval_holds_each_count_that_its_sample_does_not_exclude(population: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(1, population))
    k = data.draw(st.integers(0, m))
    low, high = hypergeometric_interval(k, m, population)
    inside = [
        c for c in range(population + 1)
        if min(hypergeom.sf(k - 1, population, c, m), hypergeom.cdf(k, population, c, m)) >= 0.025 - 1e-12
    ]  # fmt: skip
    assert (round(low * population), round(high * population)) == (min(inside), max(inside))


def test_a_population_that_was_decided_whole_has_no_interval_left() -> None:
    said = np.array([RIGHT] * 7 + [WRONG] * 3, np.int8)
    rate = certified_rate(lot_of(10), said)
    assert (rate.low, rate.value, rate.high, rate.settled) == (0.7, 0.7, 0.7, True)
    assert more_needed(rate, 0.05) == 0


def test_without_a_random_decision_nothing_is_claimed_beyond_what_is_known() -> None:
    said = np.full(50, UNKNOWN, np.int8)
    said[np.argsort(lot_of(50))[10:20]] = RIGHT
    rate = certified_rate(lot_of(50), said)
    assert rate.value is None
    assert (rate.low, rate.high) == (10 / 50, 1.0)


def test_lots_depend_on_ids_alone_and_know_nothing_of_scores() -> None:
    ids = [bytes([i]) * 16 for i in range(200)]
    drawn = lots(ids)
    assert list(lots(ids[::-1])) == list(drawn[::-1])
    assert len(set(drawn.tolist())) == 200
    assert abs(np.corrcoef(np.argsort(np.argsort(drawn)), np.arange(200))[0, 1]) < 0.2


def test_correcting_for_errors_undoes_what_errors_do() -> None:
    for p, e in itertools.product((0.1, 0.5, 0.9), (0.0, 0.1, 0.2)):
        q = p * (1 - e) + (1 - p) * e
        assert corrected(q, q, q, (e, e)) == pytest.approx((p, p, p))


def _journal(said: list[tuple[str, int, int]]) -> Journal:
    return Journal(tuple(
        Decision(f"{n}", "accept" if verdict == RIGHT else "reject", (f"{finding:032x}",), ("",), actor=actor)
        for n, (actor, finding, verdict) in enumerate(said)
    ))  # fmt: skip


def test_kappa_of_two_people_equals_that_of_sklearn_and_conflicts_are_named() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(3)
    a = rng.integers(0, 2, 80)
    b = np.where(rng.random(80) < 0.8, a, 1 - a)
    said = [(who, i, int(v)) for who, answers in (("ada", a), ("bo", b)) for i, v in enumerate(answers)]
    found = reliability(_journal(said))
    (pair,) = found.pairs
    assert (pair.a, pair.b, pair.findings) == ("ada", "bo", 80)
    assert pair.value == pytest.approx(cohen_kappa_score(a, b))
    assert pair.value is not None
    assert pair.low is not None
    assert pair.high is not None
    assert pair.low < pair.value < pair.high
    assert found.conflicts == tuple(f"{i:032x}" for i in np.flatnonzero(a != b))


def test_an_undone_answer_is_no_repeat() -> None:
    journal = _journal([("ada", 1, RIGHT), ("ada", 1, WRONG)])
    undone = Journal((*journal.decisions, Decision("u", "undo", inverse_of="1")))
    assert reliability(journal).repeats == 1
    assert reliability(undone).repeats == 0


def test_six_answers_alike_suggest_a_rule_and_one_that_differs_does_not() -> None:
    n = 40
    names = {"stage": ["pii"] * n, "rule": ["pii.phone_number"] * n, "field": ["order_id"] * 20 + ["text"] * 20}
    said = np.full(n, UNKNOWN, np.int8)
    said[:6], said[20:26] = WRONG, RIGHT
    (reject, accept) = sorted(propose(said, np.ones(n, bool), lot_of(n), names), key=lambda r: r.verdict, reverse=True)
    assert reject.words() == "reject pii/pii.phone_number in field order_id"
    assert set(reject.covers) == set(range(6, 20))
    assert accept.filter["field"] == "text"
    said[19] = RIGHT
    assert [r.filter["field"] for r in propose(said, np.ones(n, bool), lot_of(n), names)] == ["text"]
    said[:20] = UNKNOWN
    (wide,) = propose(said, np.ones(n, bool), lot_of(n), names)
    assert wide.words() == "accept pii/pii.phone_number"
    assert wide.agreement.population == n


def test_one_word_on_several_findings_is_no_answer_that_could_be_repeated() -> None:
    together = Decision("all", "reject", finding_ids=tuple(f"{i:032x}" for i in range(3)), actor="ada")
    asked = _journal([("ada", 1, RIGHT), ("ada", 2, WRONG), ("ada", 2, WRONG), ("bo", 0, RIGHT)])
    journal = Journal((together, *asked.decisions))
    found = reliability(journal)
    assert (found.repeats, found.agreeing) == (1, 1)
    assert found.conflicts == (f"{0:032x}",)  # what two people say differently is one all the same
