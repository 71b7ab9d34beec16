"""The probability of a suggested label: measured by agreement, less sure than a posterior that believes the model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.labels.noise import true_label_posterior
from curate.labels.suggestions import _half_way, suggestion_probability

K = 6


def _model(n: int, rate: float, seed: int = 0):  # type: ignore[no-untyped-def]
    """A model that is right as often as half its confidence above a half says, true labels and slips at `rate`."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, K, n)
    sure = rng.uniform(0.5, 1.0, n)
    top = np.where(rng.random(n) < 0.5 + 0.49 * sure, truth, (truth + rng.integers(1, K, n)) % K)
    p = np.repeat(((1.0 - sure) / (K - 1))[:, None], K, axis=1).astype(np.float32)
    p[np.arange(n), top] = sure
    labels = np.where(rng.random(n) < rate, (truth + rng.integers(1, K, n)) % K, truth)
    return p, labels, truth, top


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2])
def test_a_suggestion_is_as_likely_as_agreement_and_noise_make_it(rate: float) -> None:
    """And nearer the truth than the posterior, which takes the model's word."""
    p, labels, truth, top = _model(20_000, rate)
    rows = top != labels
    agreement = (top == labels).mean()
    # The middle between the estimate and the disagreement is the rate where the estimate is this much too low.
    estimate = 2.0 * rate - (1.0 - agreement)
    found = suggestion_probability(p, labels, top, estimate, true_label_posterior)
    believed = true_label_posterior(p, labels)[np.arange(len(labels)), top]
    told, right = found[rows].mean(), (top == truth)[rows].mean()
    assert told == pytest.approx(right, abs=0.11)
    assert abs(told - right) < abs(believed[rows].mean() - right)


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_probabilities_are_moved_half_the_way_to_how_often_they_are_right(power: float) -> None:
    """In logarithms: a model that is `power` times as sure as it should be is left with half of that."""
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.full(K, 0.4), 200_000) + 1e-4
    true /= true.sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) > rng.random(len(true))[:, None]).argmax(axis=1)
    says = true**power
    says /= says.sum(axis=1, keepdims=True)
    found = _half_way(says.astype(np.float32), labels, 0.0)
    half = true ** ((1.0 + power) / 2.0)
    half /= half.sum(axis=1, keepdims=True)
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.abs(found - half).mean() < 0.4 * np.abs(says - half).mean()


def test_a_model_that_agrees_with_few_labels_makes_suggestions_unlikely() -> None:
    p, labels, _, top = _model(5_000, 0.1)
    lost = np.random.default_rng(1).permutation(labels)  # nothing to learn
    unlikely, likely = (suggestion_probability(p, told, top, 0.1, true_label_posterior) for told in (lost, labels))
    assert unlikely.mean() < likely.mean()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.floats(0, 1), st.integers(0, 10))
def test_whatever_the_labels_it_is_a_probability(n: int, rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), n).astype(np.float32).reshape(n, 3)
    found = suggestion_probability(p, rng.integers(0, 3, n), rng.integers(0, 3, n), rate, true_label_posterior)
    assert found.shape == (n,)
    assert ((found >= 0) & (found <= 1)).all()
