"""Model-side baselines, on data whose bias is planted, and the ruler that all are measured with."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

from benchmarks.mitigation_baselines import adversarial, decorrelated, dense_vectors, judge, plain, reductions, threshold
from curate.ledger.balance import reweighing

N = 3000


def _biased(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels, groups: the label depends on a signal, but in training group b is labelled down."""
    rng = np.random.default_rng(seed)
    group = np.where(rng.random(N) < 0.4, "b", "a")
    signal = rng.normal(size=N)
    label = (signal + rng.normal(size=N) * 0.7 - 1.2 * (group == "b") > -0.3).astype(np.int64)
    noise = rng.normal(size=(N, 3)) * [0.3, 0.2, 1.0]
    return np.column_stack([signal, group == "b", np.zeros(N)]) + noise, label, group


pytestmark = pytest.mark.filterwarnings("ignore:Setting a")  # fairlearn under pandas 3


@pytest.fixture(scope="module")
def sides() -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    return _biased(0), _biased(1)


def test_the_ruler_agrees_with_fairlearn(sides: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]) -> None:
    (x, y, _), (xt, yt, gt) = sides
    guess = plain(x, y).predict(xt)
    (judged,) = judge({"plain": guess}, yt, gt.tolist(), draws=200)
    told = {"y_true": yt, "y_pred": guess, "sensitive_features": gt}
    assert judged.metrics["accuracy"].value == pytest.approx((guess == yt).mean(), abs=1e-12)
    assert judged.metrics["demographic_parity"].value == pytest.approx(demographic_parity_difference(**told), abs=1e-12)
    assert judged.metrics["equalised_odds"].value == pytest.approx(equalized_odds_difference(**told), abs=1e-12)
    assert judged.change["accuracy"].value == 0.0


def test_each_baseline_narrows_what_it_is_for_and_says_what_it_costs(
    sides: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]],
) -> None:
    (x, y, g), (xt, yt, gt) = sides
    weights = reweighing((g == "b").astype(np.int64), y)
    made = {
        "plain": plain(x, y).predict(xt),
        "reweighing": plain(x, y, weights).predict(xt),
        "threshold": threshold(x, y, g.tolist(), xt, gt.tolist(), constraint="demographic_parity"),
        "reductions": reductions(x, y, g.tolist(), xt, constraint="demographic_parity", rounds=10),
        "decorrelated": decorrelated(x, y, g.tolist(), xt, gt.tolist()),
    }
    judged = {j.name: j for j in judge(made, yt, gt.tolist(), draws=400)}
    assert judged["plain"].metrics["demographic_parity"].low > 0.2
    for name in ("reweighing", "threshold", "reductions", "decorrelated"):
        change = judged[name].change
        assert change["demographic_parity"].high < -0.1, name
        assert change["accuracy"].value < 0, name  # labels were biased: parity costs accuracy on them
        assert change["accuracy"].low <= change["accuracy"].value <= change["accuracy"].high


def test_intervals_of_clusters_are_wider_than_those_of_rows() -> None:
    rng = np.random.default_rng(5)
    cluster = np.arange(1200) // 12
    group = np.where(rng.random(100) < 0.5, "a", "b")[cluster]
    label = (rng.random(100) < 0.5).astype(np.int64)[cluster]
    guess = np.where((rng.random(100) < 0.8)[cluster], label, 1 - label)
    (rows,) = judge({"m": guess}, label, group.tolist(), draws=300)
    (clustered,) = judge({"m": guess}, label, group.tolist(), clusters=cluster, draws=300)
    width = [j.metrics["accuracy"].high - j.metrics["accuracy"].low for j in (rows, clustered)]
    assert rows.metrics["accuracy"].value == pytest.approx(clustered.metrics["accuracy"].value)
    assert width[1] > 2.5 * width[0]


def test_a_group_too_small_to_compare_leaves_no_zero() -> None:
    label = np.array([0, 1] * 50)
    group = ["a"] * 96 + ["b"] * 4
    (judged,) = judge({"m": label}, label, group, draws=100)
    assert judged.metrics["tpr_gap"].value is None
    assert judged.metrics["equalised_odds"].value is None
    assert judged.metrics["accuracy"].value == 1.0


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        judge({"m": np.zeros(3, np.int64)}, np.zeros(4, np.int64), ["a"] * 4)


def test_dense_vectors_of_both_sides_have_one_basis() -> None:
    from scipy import sparse

    x = sparse.random(60, 40, density=0.2, random_state=0, format="csr")
    seen, other = dense_vectors(x, x[:10], 8)
    assert seen.shape == (60, 8)
    assert other == pytest.approx(seen[:10])


def test_adversarial_debiasing_narrows_the_gap_in_selection_rates(
    sides: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]],
) -> None:
    pytest.importorskip("torch")
    (x, y, g), (xt, yt, gt) = sides
    made = {
        "plain": plain(x, y).predict(xt),
        "adversarial": adversarial(
            x, y, g.tolist(), xt, constraint="demographic_parity", epochs=8, learning_rate=5e-3
        ),
    }
    _, other = judge(made, yt, gt.tolist(), draws=200)
    assert other.change["demographic_parity"].high < -0.03
    assert (made["adversarial"] == yt).mean() > 0.6
