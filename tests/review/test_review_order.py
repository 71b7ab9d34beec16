"""Orders of review: by lot, by score, by the rows a decision is expected to mend, by the way that red checks are to go."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.review import RedCheck, arranged, guides, lots, mended, progress

CHANCE = st.floats(0.01, 0.99)


def expected_to_mend(p: list[float], drop: list[bool], asked: int) -> float:
    """By going through all that may be true: rows mended by asking about the first `asked` findings of one row."""
    total = 0.0
    for right in itertools.product((True, False), repeat=len(p)):
        chance = float(np.prod([x if yes else 1 - x for x, yes in zip(p, right, strict=True)]))
        gone = any(yes and d for yes, d in zip(right[:asked], drop, strict=False))
        left = any(yes for yes in right[asked:])
        total += chance * (any(right) and (gone or not left))
    return total


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CHANCE, st.booleans()), min_size=1, max_size=5))
def test_a_finding_is_worth_the_best_mean_of_rows_mended_per_decision(findings: list[tuple[float, bool]]) -> None:
    n = len(findings)
    p, drop = np.array([f[0] for f in findings]), np.array([f[1] for f in findings])
    worth = mended(np.ones(n, bool), p, np.zeros(n, np.int64), drop, np.ones(n, bool))
    order = sorted(range(n), key=lambda i: (not drop[i], -p[i], i))
    means = [expected_to_mend(p[order].tolist(), drop[order].tolist(), j) / j for j in range(1, n + 1)]
    assert worth[order] == pytest.approx([max(means[j:]) for j in range(n)], abs=1e-9)


def test_rows_do_not_touch_one_another_and_what_mends_nothing_is_worth_nothing() -> None:
    rng = np.random.default_rng(1)
    n = 400
    row, p, drop = rng.integers(-1, 150, n), rng.random(n), rng.random(n) < 0.3
    waiting, mends = rng.random(n) < 0.8, rng.random(n) < 0.8
    worth = mended(waiting, p, row, drop, mends)
    assert (worth[~waiting | ~mends | (row < 0)] == 0).all()
    for one in range(150):
        at = np.flatnonzero(row == one)
        assert worth[at] == pytest.approx(mended(waiting[at], p[at], row[at], drop[at], mends[at]), abs=1e-9)
    assert (mended(np.ones(2, bool), np.array([1.0, 0.0]), np.array([0, 1]), np.zeros(2, bool), np.ones(2, bool))
            == pytest.approx([1.0, 0.0], abs=1e-6))  # fmt: skip


def test_rows_alike_are_worth_the_same_whatever_stands_before_them_and_come_in_their_order() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    noise, two = np.repeat(rng.random(n // 2) < 0.5, 2), np.tile([0.9, 0.7], n // 2)
    for row, rows in ((np.arange(n), [two == 0.9, two == 0.7]), (np.arange(n) // 2, [np.ones(n, bool)])):
        chance = np.where(noise, rng.random(n), two)
        worth = mended(np.ones(n, bool), chance, row, np.zeros(n, bool), np.ones(n, bool))
        for same in rows:
            at = np.flatnonzero(same & ~noise)
            assert len(set(worth[at].tolist())) == 1
            order = guides(np.ones(n, bool), chance, row, worth)["value"]
            assert (np.diff(row[order[np.isin(order, at)]]) >= 0).all()


def test_by_value_come_two_likely_findings_of_a_row_before_a_doubtful_one_and_a_note_last() -> None:
    everything, nothing = np.ones(5, bool), np.zeros(5, bool)
    score, row = np.array([0.9, 0.8, 0.99, 0.4, 0.95]), np.array([1, 1, 2, 3, 4])
    mends = np.array([True, True, False, True, True])
    worth = mended(everything, score, row, nothing, mends)
    drawn = lots([bytes([i]) for i in range(5)])
    assert arranged("value", everything, drawn, score, row, worth, nothing).tolist() == [4, 0, 1, 3, 2]


@pytest.mark.parametrize("by", ["mixed", "random", "score", "value"])
def test_every_order_shows_each_open_finding_once_and_no_decided_one(by: str) -> None:
    rng = np.random.default_rng(0)
    n = 90
    decided, waiting = rng.random(n) < 0.3, rng.random(n) < 0.5
    drawn = lots([i.to_bytes(16, "little") for i in range(n)])
    queue = arranged(by, waiting, drawn, rng.random(n), rng.integers(0, 40, n), rng.random(n), decided)  # type: ignore[arg-type]
    wanted = np.flatnonzero(~decided) if by in ("mixed", "random") else np.flatnonzero(waiting & ~decided)
    assert sorted(queue.tolist()) == wanted.tolist()


def test_the_guided_order_of_a_part_is_that_of_the_whole_without_the_others() -> None:
    rng = np.random.default_rng(2)
    n = 200
    waiting, score, row = rng.random(n) < 0.7, np.round(rng.random(n), 1), rng.integers(0, 60, n)
    worth = mended(waiting, score, row, rng.random(n) < 0.2, rng.random(n) < 0.8)
    part = np.sort(rng.permutation(n)[:70])
    whole = guides(waiting, score, row, worth)
    for name, order in guides(waiting[part], score[part], row[part], worth[part]).items():
        assert part[order].tolist() == [i for i in whole[name].tolist() if i in set(part.tolist())]


def test_a_row_with_two_open_findings_shares_its_part_and_a_nearer_check_counts_more() -> None:
    row, settles = np.array([0, 0, 1, 2, 3]), np.array([1.0, 1.0, 1.0, 0.25, 1.0])
    by_rows = RedCheck(0.04, np.arange(4), np.full(4, 0.01), by_row=True)
    one_by_one = RedCheck(2.0, np.array([4]), np.array([1.0]), by_row=False)
    assert progress([by_rows, one_by_one], settles, row) == pytest.approx([0.125, 0.125, 0.25, 0.0625, 0.5])
    assert progress([by_rows, by_rows], settles, row)[2] == pytest.approx(0.5)
    assert progress([RedCheck(0.001, np.arange(4), np.full(4, 0.01), by_row=True)], settles, row)[2] == 1.0
    assert not progress([], settles, row).any()
