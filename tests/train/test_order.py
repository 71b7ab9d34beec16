"""Row order: complete, shared between arms, grouped by length."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from train.order import WINDOW, hash_rows, plan_steps


@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 9), st.integers(0, 99))
def test_every_step_is_full_and_no_row_is_seen_twice_more_than_another(n: int, steps: int, rows: int, seed: int) -> None:
    lengths = np.arange(n) % 7 + 1
    plan = plan_steps(np.arange(n) * 3, lengths, steps=steps, batch_rows=rows, seed=seed)
    assert plan.shape == (steps, rows)
    seen = np.bincount(plan.ravel(), minlength=n)
    assert seen.max() - seen.min() <= 1


def test_two_arms_meet_their_shared_rows_in_the_same_order() -> None:
    raw, curated = np.arange(1000), np.arange(0, 1000, 2)
    in_raw = raw[np.argsort(hash_rows(raw, 3, 0))]
    in_curated = curated[np.argsort(hash_rows(curated, 3, 0))]
    assert np.array_equal(in_raw[in_raw % 2 == 0], in_curated)


def test_another_seed_gives_another_order() -> None:
    ids = np.arange(200)
    assert not np.array_equal(np.argsort(hash_rows(ids, 0, 0)), np.argsort(hash_rows(ids, 1, 0)))
    assert not np.array_equal(np.argsort(hash_rows(ids, 0, 0)), np.argsort(hash_rows(ids, 0, 1)))


def test_steps_hold_rows_of_like_length() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 90, 2000)
    plan = plan_steps(np.arange(2000), lengths, steps=6 * WINDOW, batch_rows=32, seed=0)
    padded = lengths[plan].max(axis=1).sum() * 32
    shuffled = lengths[rng.permutation(2000)[: 62 * 32].reshape(62, 32)]
    assert lengths[plan].sum() / padded > 0.85 > shuffled.sum() / (shuffled.max(axis=1).sum() * 32)
