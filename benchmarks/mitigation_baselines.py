"""Model-side baselines: what can be had without touching the data, and the accuracy that it costs.

| baseline | what it changes | source |
|---|---|---|
| `threshold` | the decision: one threshold a group, randomised | Hardt et al. 2016; fairlearn `ThresholdOptimizer` |
| `reductions` | the training, under a constraint | Agarwal et al. 2018; fairlearn `ExponentiatedGradient` |
| `decorrelated` | the vectors: their linear correlation with the group | fairlearn `CorrelationRemover` |
| `adversarial` | the representation: an adversary cannot read the group from it (torch) | Zhang et al. 2018; fairlearn |

All but `decorrelated` and `adversarial` keep any features; those two need dense vectors (`dense_vectors`). `threshold`
and `decorrelated` must be told the group of whoever is judged: where that may not be asked or used, they are no option.
They are for comparison, not a default. Labels are 0 and 1.

`judge` measures all alike: accuracy, and the largest difference between groups in selection rate (demographic parity),
TPR and FPR (equalised odds is the larger of these two), each with a bootstrap interval over test rows or their clusters,
and as a change against the plain model, paired by row. Cost: the fits; `judge` takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Constraint = Literal["demographic_parity", "equalized_odds", "false_positive_rate_parity"]
_CHUNK_CELLS = 20_000_000
_HALVES = 7919
"""Sets the draw of halves apart from whatever else was drawn with the same seed."""
_METRICS = ("accuracy", "demographic_parity", "tpr_gap", "fpr_gap", "equalised_odds")


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval; all None where it cannot be known."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Judged:
    """One model on the test rows."""

    name: str
    metrics: dict[str, Estimate]
    change: dict[str, Estimate]
    """Against the plain model, on the same rows."""

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and names."""
        return asdict(self)


def plain(features: Any, label: Ints, weights: Floats | None = None) -> Any:
    """The model that all are compared with: logistic regression (scikit-learn, L2, C = 10)."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, max_iter=300).fit(features, label, sample_weight=weights)


def threshold(
    features: Any, label: Ints, group: Sequence[str], test: Any, test_group: Sequence[str], *,
    constraint: Constraint = "equalized_odds", seed: int = 0,
) -> Ints:  # fmt: skip
    """Predictions on `test`. The model learns from one half of the rows, the thresholds from the other."""
    from fairlearn.postprocessing import ThresholdOptimizer

    first = np.random.default_rng([seed, _HALVES]).random(len(label)) < 0.5
    at, rest = np.flatnonzero(first), np.flatnonzero(~first)
    groups = np.asarray(group, object)
    model = ThresholdOptimizer(
        estimator=plain(features[at], label[at]), constraints=constraint, prefit=True, predict_method="predict_proba"
    )
    model.fit(features[rest], label[rest], sensitive_features=groups[rest])
    return np.asarray(model.predict(test, sensitive_features=np.asarray(test_group, object), random_state=seed), np.int64)


def reductions(
    features: Any, label: Ints, group: Sequence[str], test: Any, *, constraint: Constraint = "equalized_odds",
    epsilon: float = 0.02, rounds: int = 20, seed: int = 0,
) -> Ints:  # fmt: skip
    """Predictions on `test` of a randomised classifier whose training violates the constraint by `epsilon` at most."""
    from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient, FalsePositiveRateParity
    from sklearn.linear_model import LogisticRegression

    moments = {
        "demographic_parity": DemographicParity, "equalized_odds": EqualizedOdds,
        "false_positive_rate_parity": FalsePositiveRateParity,
    }  # fmt: skip
    model = ExponentiatedGradient(
        LogisticRegression(C=10.0, max_iter=300), moments[constraint](difference_bound=epsilon), max_iter=rounds
    )
    model.fit(features, label, sensitive_features=np.asarray(group, object))
    return np.asarray(model.predict(test, random_state=seed), np.int64)


def decorrelated(
    vectors: Floats, label: Ints, group: Sequence[str], test: Floats, test_group: Sequence[str], *, alpha: float = 1.0
) -> Ints:
    """Predictions on `test` from vectors whose linear correlation with group membership is removed (`alpha` of it)."""
    from fairlearn.preprocessing import CorrelationRemover

    known = sorted(set(group))[1:]  # one group less: the indicators must not sum to one
    sensitive, other = (np.array([[g == k for k in known] for g in of], np.float64) for of in (group, test_group))
    remover = CorrelationRemover(sensitive_feature_ids=list(range(len(known))), alpha=alpha)
    seen = remover.fit_transform(np.hstack([sensitive, vectors]))
    return np.asarray(plain(seen, label).predict(remover.transform(np.hstack([other, test]))), np.int64)


def adversarial(
    vectors: Floats,
    label: Ints,
    group: Sequence[str],
    test: Floats,
    *,
    constraint: str = "equalized_odds",
    strength: float = 1.0,
    epochs: int = 20,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> Ints:
    """Predictions on `test`. `strength` is the weight of the adversary; `constraint` as fairlearn names it."""
    import torch
    from fairlearn.adversarial import AdversarialFairnessClassifier

    torch.manual_seed(seed)
    model = AdversarialFairnessClassifier(
        backend="torch", predictor_model=[64, "leaky_relu"], adversary_model=[16, "leaky_relu"], constraints=constraint,
        alpha=strength, epochs=epochs, batch_size=128, learning_rate=learning_rate, shuffle=True, random_state=seed,
    )  # fmt: skip
    model.fit(np.asarray(vectors, np.float32), label, sensitive_features=np.asarray(group, object))
    return np.asarray(model.predict(np.asarray(test, np.float32)), np.int64).ravel()


def dense_vectors(features: Any, test: Any, dimensions: int = 100, seed: int = 0) -> tuple[Floats, Floats]:
    """Latent semantic vectors of both, centred and scaled: for baselines that take no sparse features.

    One scale for all dimensions: scaled each by itself, those that hold nothing would drown the others.
    """
    from sklearn.decomposition import TruncatedSVD

    svd = TruncatedSVD(max(1, min(dimensions, features.shape[1] - 1)), random_state=seed)
    seen = svd.fit_transform(features)
    centre, scale = seen.mean(axis=0), max(float(seen.std(axis=0).max()), 1e-12)
    return np.asarray((seen - centre) / scale), np.asarray((svd.transform(test) - centre) / scale)


def judge(
    predictions: dict[str, Ints],
    label: Ints,
    group: Sequence[str],
    *,
    clusters: Ints | None = None,
    draws: int = 1000,
    seed: int = 0,
    min_group_size: int = 30,
) -> list[Judged]:
    """All models on the same rows; the first one is what the others are compared with.

    Groups with fewer than `min_group_size` rows of a kind (positive for TPR, negative for FPR) take no part in that
    difference; where fewer than two are left the number is None, never 0. Raises ValueError when lengths differ.
    """
    codes, names = _codes(group)
    if any(len(p) != len(label) for p in predictions.values()) or len(codes) != len(label):
        raise ValueError("predictions, labels and groups differ in length")
    cells = np.column_stack([(codes * 2 + label) * 2 + np.asarray(p, np.int64) for p in predictions.values()])
    tables, times = _units(cells, clusters, len(names) * 4)
    enough = [
        np.bincount(codes[mask], minlength=len(names)) >= min_group_size
        for mask in (np.ones(len(label), bool), label == 1, label == 0)
    ]
    rng = np.random.default_rng(seed)
    total, share = int(times.sum()), times / times.sum()
    step = max(1, _CHUNK_CELLS // len(times))
    parts = [[_measures(np.asarray(times @ table), len(names), enough)] for table in tables]
    for begin in range(0, draws, step):
        drawn = rng.multinomial(total, share, size=min(step, draws - begin))
        for part, table in zip(parts, tables):
            part.append(_measures(np.asarray(drawn @ table), len(names), enough))
    measured = {name: np.concatenate(part) for name, part in zip(predictions, parts)}
    first = next(iter(measured.values()))
    return [
        Judged(
            name,
            {m: _estimate(values[:, i]) for i, m in enumerate(_METRICS)},
            {m: _estimate(values[:, i] - first[:, i]) for i, m in enumerate(_METRICS)},
        )
        for name, values in measured.items()
    ]


def _codes(group: Sequence[str]) -> tuple[Ints, list[str]]:
    names, codes = np.unique(np.asarray(group, object).astype(str), return_inverse=True)
    return codes.astype(np.int64), names.tolist()


def _units(cells: Ints, clusters: Ints | None, width: int) -> tuple[list[sparse.csr_matrix], Ints]:
    """For each model the counts `(units, width)` of what is drawn together, and how often each unit occurs.

    Rows that are alike in every model are interchangeable, so one unit stands for all of them; clusters are units.
    """
    if clusters is None:
        distinct, times = np.unique(cells, axis=0, return_counts=True)
        unit = np.arange(len(distinct))
    else:
        distinct, unit = cells, np.unique(clusters, return_inverse=True)[1]
        times = np.ones(int(unit.max()) + 1, np.int64)
    ones = np.ones(len(distinct))
    shape = (len(times), width)
    return [sparse.csr_matrix((ones, (unit, distinct[:, m])), shape=shape) for m in range(cells.shape[1])], times


def _measures(counted: Floats, k: int, enough: list[npt.NDArray[np.bool_]]) -> Floats:
    """`(draws, metrics)` from counts `(draws, k * 4)` of group, label and answer."""
    counts = counted.reshape(-1, k, 2, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = counts.sum(axis=(2, 3))
        chosen = counts[..., 1].sum(axis=2) / rows
        tpr = counts[:, :, 1, 1] / counts[:, :, 1].sum(axis=2)
        fpr = counts[:, :, 0, 1] / counts[:, :, 0].sum(axis=2)
        hits = (counts[:, :, 0, 0] + counts[:, :, 1, 1]).sum(axis=1) / rows.sum(axis=1)
    gaps = [_gap(rate[:, some]) for rate, some in zip((chosen, tpr, fpr), enough)]
    return np.column_stack([hits, *gaps, np.maximum(gaps[1], gaps[2])])


def _gap(rate: Floats) -> Floats:
    if rate.shape[1] < 2:
        return np.full(len(rate), np.nan)
    return np.asarray(rate.max(axis=1) - rate.min(axis=1))


def _estimate(values: Floats) -> Estimate:
    """The observed value (first) and the percentile interval of the draws."""
    known = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or len(known) < 0.9 * (len(values) - 1):
        return Estimate(None, None, None)
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(float(values[0]), float(low), float(high))
