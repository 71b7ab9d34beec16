"""The interval and the verdict, by simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.ablation.interval import _of_clusters, estimate
from train.ablation.verdict import Comparison, answers_one_class, compare, conclude, judge, too_small


def simulate(rng: np.random.Generator, seeds: int, clusters: int, seed_sd: float, cluster_sd: float) -> np.ndarray:
    """Paired differences float[seeds, clusters] with mean 0."""
    shared = rng.normal(0, cluster_sd, clusters)[None, :] + rng.normal(0, seed_sd, seeds)[:, None]
    noise = rng.normal(0, 0.4, (seeds, clusters))
    return np.asarray(shared + noise)


@pytest.mark.parametrize(
    ("seeds", "clusters", "seed_sd", "cluster_sd"),
    [(3, 200, 0.0, 0.3), (3, 200, 0.02, 0.3), (3, 200, 0.08, 0.0), (8, 100, 0.05, 0.3), (5, 60, 0.0, 0.0)],
)
def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    seeds: int, clusters: int, seed_sd: float, cluster_sd: float
) -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for repetition in range(200):
        sums = simulate(rng, seeds, clusters, seed_sd, cluster_sd)
        found = estimate(sums, np.ones(clusters), seed=repetition, resamples=200)
        hits += found.low <= 0 <= found.high
    assert 0.90 <= hits / 200 <= 1.0  # nominal 0.95; 200 repetitions leave ±0.03


def _scores(rng: np.random.Generator, seeds: int, items: int, gain: float) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong for two arms on items of varying difficulty, one better by `gain` on average."""
    easy = np.clip(rng.normal(0.75, 0.2, items), 0.02, 0.98)[None, :]
    b = rng.random((seeds, items)) < easy
    a = rng.random((seeds, items)) < np.clip(easy + gain, 0, 1)
    return a.astype(float), b.astype(float)


def _compared(a: np.ndarray, b: np.ndarray, repetition: int = 0, **more: object) -> Comparison:
    return compare(a, b, names=("curated", "raw"), metric="accuracy", higher_is_better=True, seed=repetition, **more)  # type: ignore[arg-type]


def test_two_equal_arms_are_seldom_called_different() -> None:
    rng = np.random.default_rng(11)
    called = [_compared(*_scores(rng, 3, 300, 0.0), r, resamples=200).verdict for r in range(200)]
    assert sum(v in ("helped", "harmed") for v in called) / 200 <= 0.07


@pytest.mark.parametrize("seeds", [3, 8])
def test_a_few_authors_of_most_rows_are_no_more_often_called_a_difference(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    called = 0
    for draw in range(150):
        weight = 1 + rng.pareto(1.1, 60)
        clusters = np.repeat(np.arange(60), np.maximum(1, 600 * weight / weight.sum()).astype(int))
        likes = rng.normal(1, 1.2, 60) + rng.normal(0, 0.8, (2, 1, 60))  # each author suits one arm better by chance
        right = (rng.random((2, seeds, len(clusters))) < 1 / (1 + np.exp(-likes[:, :, clusters]))).astype(float)
        found = compare(
            right[0], right[1], names=("curated", "raw"), metric="accuracy", higher_is_better=True, clusters=clusters,
            resamples=100, seed=draw,
        )  # fmt: skip
        called += found.verdict in ("helped", "harmed")
    assert called <= 13, f"{called} of 150"


@pytest.mark.parametrize("size", [np.ones(40), np.full(30, 3.0), np.array([40.0, *[1.0] * 100]), np.arange(1.0, 61)])
def test_what_clusters_show_of_their_variance_is_that_of_the_residuals_covariance(size: np.ndarray) -> None:
    drawn = np.random.default_rng(1).normal(0, 1, len(size)) * size
    seen, freedom = _of_clusters(drawn - size * drawn.sum() / size.sum(), size / size.mean())
    if np.ptp(size) == 0:
        assert (seen, freedom) == pytest.approx(((len(size) - 1) / len(size), len(size) - 1))
        return
    # Effects of whole clusters, so that their variances go with the squares of the sizes.
    kept = np.eye(len(size)) - np.outer(size / size.sum(), np.ones(len(size)))
    of_rows, of_authors = (kept @ np.diag(v) @ kept.T for v in (size, size**2))
    ends = sorted(np.trace(c) ** 2 / (c**2).sum() for c in (of_rows, of_authors))
    assert 1 <= ends[0] - 1e-9 <= freedom <= ends[1] + 1e-9 < len(size)
    assert 0 < seen < 1


def test_a_large_gain_is_found_and_has_the_right_sign() -> None:
    rng = np.random.default_rng(12)
    a, b = _scores(rng, 3, 600, 0.12)
    assert _compared(a, b).verdict == "helped"
    assert _compared(b, a).verdict == "harmed"
    assert _compared(a, b).delta == pytest.approx(-_compared(b, a).delta)


def test_lower_nats_are_better() -> None:
    rng = np.random.default_rng(13)
    b = rng.normal(3.0, 0.5, (4, 300))
    found = compare(b - 0.2, b, names=("curated", "raw"), metric="nats_per_token", higher_is_better=False)
    assert found.delta == pytest.approx(0.2)
    assert found.verdict == "helped"


def test_identical_arms_are_called_identical() -> None:
    a, _ = _scores(np.random.default_rng(1), 3, 100, 0.0)
    found = _compared(a, a)
    assert found.verdict == "identical"
    assert "in every row and with every seed: identical." in found.words
    assert "interval" not in found.words


def test_rows_of_one_cluster_count_once() -> None:
    rng = np.random.default_rng(14)
    b = rng.normal(0, 0.05, (5, 60))
    a = b + rng.normal(0.1, 0.3, 60)[None, :]  # the gain differs from cluster to cluster, not from seed to seed
    alone = _compared(a, b)
    copied = _compared(np.repeat(a, 10, 1), np.repeat(b, 10, 1), clusters=np.repeat(np.arange(60), 10))
    naive = _compared(np.repeat(a, 10, 1), np.repeat(b, 10, 1))
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert naive.high - naive.low < 0.75 * (copied.high - copied.low)


def test_weights_make_the_metric_a_ratio() -> None:
    rng = np.random.default_rng(15)
    a, b = rng.random((3, 50)), rng.random((3, 50))
    weight = rng.integers(1, 40, 50).astype(float)
    expected = np.average(a, axis=1, weights=weight).mean() - np.average(b, axis=1, weights=weight).mean()
    assert _compared(a, b, weight=weight).delta == pytest.approx(expected)


@given(st.floats(-0.2, 0.2), st.floats(0, 0.2), st.floats(0.001, 0.05))
def test_a_verdict_never_contradicts_its_interval(low: float, width: float, delta: float) -> None:
    high = low + width
    verdict = judge(low, high, delta)
    assert (verdict == "helped") <= (low > 0)
    assert (verdict == "harmed") <= (high < 0)
    assert (verdict == "equivalent") == (-delta <= low and high <= delta)


def test_too_few_rows_or_seeds_are_refused() -> None:
    assert "rows" in (too_small(10, 5) or "")
    assert "seeds" in (too_small(500, 2) or "")
    assert too_small(500, 3) is None
    a, b = _scores(np.random.default_rng(2), 2, 200, 0.3)
    assert _compared(a, b).verdict == "insufficient evidence"


def test_helped_needs_both_the_raw_data_and_the_control_to_be_beaten() -> None:
    rng = np.random.default_rng(16)
    a, b = _scores(rng, 3, 600, 0.12)
    won, even = _compared(a, b), _compared(*_scores(rng, 3, 600, 0.0))
    assert conclude(won, won)[0] == "helped"
    assert conclude(won, even)[0] == "inconclusive"
    assert conclude(won, None)[0] == "inconclusive"
    assert conclude(_compared(b, a), even)[0] == "harmed"
    assert conclude(None, None)[0] == "insufficient evidence"


def test_the_words_hold_the_difference_its_interval_rows_and_seeds() -> None:
    a, b = _scores(np.random.default_rng(17), 3, 600, 0.12)
    verdict, words = conclude(_compared(a, b), _compared(a, b))
    assert verdict == "helped"
    for part in ("points higher than with raw data", "95% interval +", "600 held-out rows", "3 seeds"):
        assert part in words
    assert words.count("3 seeds") == 1
    assert "-" not in conclude(_compared(b, a), _compared(b, a))[1].replace("held-out", ""), "one kind of minus"
    assert "improved" not in words


def test_a_model_answers_one_class_only_where_rows_are_of_several() -> None:
    def run(*recalls: float) -> dict[str, Any]:
        return {"metrics": {"per_class": {str(i): {"recall": r, "rows": 9} for i, r in enumerate(recalls)}}}

    assert answers_one_class(run(0.0, 1.0, 0.0))
    assert not any(map(answers_one_class, (run(1.0), run(0.0, 0.9), run(0.1, 1.0), {}, {"metrics": {"loss": 1.0}})))
