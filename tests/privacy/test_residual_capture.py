"""Capture-recapture against simulated truth: the intervals hold what was planted, and where they do not it is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from curate.privacy.residual import Missed, Read, Seen, estimate, from_reviewed

ROWS = 2000
SETTINGS = {"common": (0.2, 0.95, 0.8, 0.4), "rare": (0.05, 0.9, 0.8, 0.4), "dense": (1.0, 0.99, 0.9, 0.5)}
"""Spans a row, and how often the scanner, the shape list and the context list find one."""


class World:
    """Rows with planted spans, three detectors whose failures go together as strongly as `dependence` says, and false
    captures of the weak ones."""

    def __init__(self, name: str, dependence: float, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        rate, *recalls = SETTINGS[name]
        n = int(self.rng.poisson(rate * ROWS))
        hard = self.rng.normal(size=n) * dependence
        wide = np.sqrt(1 + 0.346 * dependence**2)  # keeps the marginal recall of a logistic-normal

        def finds(recall: float) -> np.ndarray:
            return self.rng.random(n) < 1 / (1 + np.exp(-(np.log(recall / (1 - recall)) * wide + hard)))

        main, shape, context = (finds(recall) for recall in recalls)
        false = int(self.rng.poisson(0.03 * ROWS))
        by_shape = self.rng.random(false) < 0.7
        none = np.zeros(false, bool)
        row = np.concatenate([self.rng.integers(0, ROWS, n), self.rng.integers(0, ROWS, false)])
        real = np.concatenate([np.ones(n, bool), none])
        lists = [np.concatenate(x) for x in ((main, none), (shape, by_shape), (context, ~by_shape))]
        order = np.argsort(row, kind="stable")
        row, real, main, shape, context = (x[order] for x in (row, real, *lists))
        marked = main | shape | context
        self.missed = int((real & ~main).sum())
        self.unmarked = np.bincount(row[~marked], minlength=ROWS)
        self.real = real[marked]
        kind = np.zeros(int(marked.sum()), np.int64)
        self.seen = Seen(row[marked], kind, main[marked], shape[marked], context[marked])

    def read(self, rows: int) -> dict[int, Read]:
        """What a careful person says of half `rows` rows with candidates and half without."""
        marked = np.zeros(ROWS, bool)
        marked[self.seen.row[self.seen.candidates]] = True
        drawn = [self.rng.permutation(np.flatnonzero(side))[: rows // 2] for side in (marked, ~marked)]
        return {
            int(row): Read(
                tuple(self.real[self.seen.candidates & (self.seen.row == row)].tolist()), int(self.unmarked[row])
            )
            for row in np.concatenate(drawn)
        }


def coverage(name: str, dependence: float, reviewed: int, worlds: int = 80) -> tuple[float, float]:
    """How often the interval of the detectors, and that of the rows read alone, holds the true rate."""
    truth = np.mean([World(name, dependence, 10_000 + k).missed for k in range(60)]) / ROWS
    held = held_by_readers = 0
    for k in range(worlds):
        world = World(name, dependence, k)
        read = world.read(reviewed)
        found = estimate(world.seen, ROWS, 1, read)[0]
        alone = from_reviewed(world.seen, ROWS, read) if read else Missed(low=0.0, high=1.0)
        held += found.low <= truth <= found.high  # type: ignore[operator]
        held_by_readers += alone.low <= truth <= alone.high  # type: ignore[operator]
    return held / worlds, held_by_readers / worlds


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("reviewed", [50, 200])
def test_intervals_hold_the_truth_where_detectors_fail_on_their_own(name: str, reviewed: int) -> None:
    held, by_readers = coverage(name, 0.0, reviewed)
    assert held >= 0.9
    assert by_readers >= 0.93


@pytest.mark.parametrize("name", SETTINGS)
def test_intervals_hold_the_truth_where_hard_spans_are_hard_for_all(name: str) -> None:
    held, by_readers = coverage(name, 1.0, 100)
    assert held >= 0.88
    assert by_readers >= 0.93


def test_rows_read_by_a_person_stay_true_where_detectors_miss_the_same_things() -> None:
    """Strong dependence: the detectors' own interval is no longer good for 95%, which the docs say."""
    held, by_readers = coverage("rare", 3.0, 50)
    assert held < 0.9
    assert by_readers >= 0.93


def test_without_a_review_there_is_only_a_bound_and_it_lies_above_the_truth() -> None:
    for k in range(40):
        world = World("common", 1.0, k)
        found = estimate(world.seen, ROWS, 1)[0]
        assert (found.value, found.low) == (None, 0.0)
        assert found.high is not None
        assert found.high * ROWS > world.missed


def test_a_review_narrows_the_bound() -> None:
    world = World("common", 0.0, 7)
    unread, read = (estimate(world.seen, ROWS, 1, review)[0] for review in ({}, world.read(100)))
    assert read.value is not None
    assert read.low is not None
    assert 0 < read.low <= read.value <= read.high < unread.high  # type: ignore[operator]


def plain(found: int, rows: int = ROWS) -> Seen:
    """So many spans that all lists have, and nothing else."""
    every = np.ones(found, bool)
    return Seen(np.arange(found) % rows, np.zeros(found, np.int64), every, every, every)


def test_nothing_missed_among_many_is_small_and_never_zero() -> None:
    found = estimate(plain(500), ROWS, 1)[0]
    assert found.value is None
    assert 0 < found.high * 1000 < 5  # type: ignore[operator]


def test_too_little_to_learn_from_is_no_number() -> None:
    for seen, rows in ((plain(3), ROWS), (plain(0), ROWS), (plain(90, 90), 90)):
        found = estimate(seen, rows, 1)[0]
        assert (found.value, found.low, found.high) == (None, None, None)
        assert found.why_missing


def test_what_no_other_detector_saw_teaches_nothing_of_them() -> None:
    """A recall that nothing was seen of has no lower end, and what is behind it no upper one."""
    all_ = np.ones(11, bool)
    for shared, told in ((0, "saw none"), (2, "saw 2"), (3, "")):
        some = np.arange(11) < shared
        found = estimate(Seen(np.arange(11), np.zeros(11, np.int64), all_, some, some), 400, 2)[0]
        assert (found.high is None) == bool(told)
        assert told in found.why_missing


def test_the_bound_of_read_rows_is_garwoods_where_there_is_one_stratum() -> None:
    seen = plain(20)
    for missed in (0, 3):
        read = {row: Read((), int(row < missed)) for row in range(100)}
        found = from_reviewed(seen, ROWS, read)
        assert found.high == pytest.approx(chi2.ppf(0.975, 2 * (missed + 1)) / 2 / 100, rel=0.05)
        assert found.low == pytest.approx(chi2.ppf(0.025, 2 * missed) / 2 / 100 if missed else 0.0, rel=0.1)


def test_rows_of_both_kinds_must_be_read() -> None:
    world = World("common", 0.0, 1)
    one_side = {row: said for row, said in world.read(20).items() if not said.real}
    assert from_reviewed(world.seen, ROWS, one_side).high is None


def test_misses_that_stand_together_in_rows_widen_the_interval() -> None:
    apart = np.arange(40)
    together = np.repeat(np.arange(4), 10)
    highs = []
    for rows in (apart, together):
        found = plain(400)
        row = np.concatenate([found.row, 500 + rows])
        main = np.concatenate([found.main, np.zeros(40, bool)])
        every = np.ones(440, bool)
        highs.append(estimate(Seen(row, np.zeros(440, np.int64), main, every, every), ROWS, 1)[0].high)
    assert highs[1] > 1.2 * highs[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 199), st.integers(0, 2), st.booleans(), st.booleans(), st.booleans()), max_size=80),
    st.integers(0, 30),
)
def test_any_histories_give_ordered_numbers_or_a_reason(units: list[tuple[int, int, bool, bool, bool]], read: int) -> None:
    units = sorted(u for u in units if any(u[2:]))
    columns = [np.array([u[c] for u in units], np.int64 if c < 2 else np.bool_) for c in range(5)]
    seen = Seen(*columns)
    review = {
        row: Read(tuple(i % 2 == 0 for i in range(int((seen.candidates & (seen.row == row)).sum())))) for row in range(read)
    }
    found = estimate(seen, 200, 3, review, [[0, 1, 2]])
    assert len(found) == 4
    for m in found:
        if m.high is None:
            assert m.why_missing
            assert m.value is None
        else:
            assert m.high > 0
            assert m.low is not None
            assert 0 <= m.low <= (m.high if m.value is None else m.value) <= m.high
    assert found == estimate(seen, 200, 3, review, [[0, 1, 2]])


def test_rows_chosen_for_their_spans_teach_recall_and_nothing_else() -> None:
    """Where the data holds little, the sample alone knows too little of the detectors."""
    sparse, rich = plain(4), plain(60)
    extra = Seen(rich.row + ROWS, rich.kind, rich.main, rich.shape, rich.context)
    names = ("row", "kind", "main", "shape", "context")
    both = Seen(*(np.concatenate([getattr(sparse, name), getattr(extra, name)]) for name in names))
    assert estimate(sparse, ROWS, 1)[0].high is None
    with_extra, as_rich = estimate(both, ROWS, 1)[0], estimate(rich, ROWS, 1)[0]
    assert with_extra.high == pytest.approx(as_rich.high, rel=0.5)
    candidates = Seen(both.row, both.kind, both.main & (both.row < ROWS), both.shape, both.context)
    assert estimate(candidates, ROWS, 1)[0].candidates == 0  # what is unmarked in those rows was not drawn at random
