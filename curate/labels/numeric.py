"""Numbers as targets: which row's number is far from what the text, or the other numbers, lead one to expect.

Method: ridge regression (damped least squares, LSQR: Paige & Saunders, 1982) over the label engine's text features, out
of fold; the damping is the one of three that errs least on the first fold. Residuals are modelled as a mixture: most
follow a Student t with five degrees of freedom scaled by their median absolute deviation, a few are anywhere in the
range of the numbers; `wrong` is the posterior of the second part, its share being fitted (expectation-maximisation).
cleanlab's score (`cleanlab.regression.rank`, OUTRE) stands beside it. Shapes: n texts, float64 values in; float64
`(n,)` out. Cost: about 0.2 s for 1,000 texts. A skewed target is judged as it is (no logarithm is taken); a text that
says nothing about the number leaves only numbers far outside the others to be found.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats
from scipy.sparse.linalg import lsqr

from curate.labels.features import Texts, text_features
from curate.labels.folds import grouped_stratified_folds
from curate.labels.probabilities import N_FOLDS

Floats = npt.NDArray[np.float64]
_DAMPING = (0.5, 1.0, 3.0)
_STEPS = 60


@dataclass(frozen=True)
class NumberNoise:
    """What is believed about n numbers."""

    expected: Floats
    """`(n,)` out-of-sample prediction."""
    wrong: Floats
    """`(n,)` probability that the number is not one of the usual kind for its text."""
    cleanlab_quality: Floats
    """`(n,)` cleanlab's score: low = suspicious."""
    spread: float
    """Robust standard deviation of the residuals, in units of the target."""
    explained: float
    """Share of the numbers' robust variance that the text explains, at most 1; negative when it misleads."""


def judge_numbers(
    texts: Texts, values: Floats, groups: npt.NDArray[np.int64], seed: int = 0, threads: int = 1
) -> NumberNoise:
    """Judge every number; ValueError when they do not fit the texts, are not finite, all alike, or of one group."""
    if len(values) != len(texts) or not np.isfinite(values).all():
        raise ValueError("there must be one finite number for each text")
    if len(values) == 0 or values.min() == values.max():
        raise ValueError("all numbers are the same")
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise ValueError("at least two groups of rows are needed")
    features = text_features(texts, threads=threads, max_columns=200_000).weighted
    tenth = np.searchsorted(np.quantile(values, np.arange(1, 10) / 10), values)
    folds = grouped_stratified_folds(tenth.astype(np.int64), groups, min(N_FOLDS, n_groups), seed)
    # A wild number must not bend the model: values are clipped to the bulk for fitting, never for judging.
    low, high = np.quantile(values, (0.01, 0.99))
    fitted = np.clip(values, low, high)
    errors = [np.abs(_predicted(features, fitted, folds, 0, d) - fitted[folds == 0]).mean() for d in _DAMPING]
    damping = _DAMPING[int(np.argmin(errors))]
    expected = np.zeros(len(values))
    for fold in range(int(folds.max()) + 1):
        expected[folds == fold] = _predicted(features, fitted, folds, fold, damping)
    residual = values - expected
    spread = max(_robust(residual), 1e-9 * float(np.ptp(values)))
    whole = max(_robust(values), spread * 1e-3)
    wrong = _unusual(residual, spread, float(np.ptp(values)))
    return NumberNoise(expected, wrong, _cleanlab(values, expected), spread, 1.0 - (spread / whole) ** 2)


def _predicted(
    features: sparse.csr_matrix, values: Floats, folds: npt.NDArray[np.int8], fold: int, damping: float
) -> Floats:
    train, test = folds != fold, folds == fold
    middle = float(values[train].mean())
    if features.shape[1] == 0:
        return np.full(int(test.sum()), middle)
    weights = lsqr(features[train].astype(np.float64), values[train] - middle, damp=damping, iter_lim=_STEPS)[0]
    found: Floats = features[test] @ weights + middle
    return found


def _robust(x: Floats) -> float:
    return float(1.4826 * np.median(np.abs(x - np.median(x))))


def _unusual(residual: Floats, spread: float, width: float) -> Floats:
    """Posterior that a residual is none of the usual ones."""
    usual = stats.t.pdf((residual - np.median(residual)) / spread, 5) / spread
    anywhere = 1.0 / (2.0 * width)
    share = 0.02
    posterior = np.zeros(len(residual))
    for _ in range(30):
        posterior = share * anywhere / (share * anywhere + (1.0 - share) * usual)
        share = float(np.clip(posterior.mean(), 1e-4, 0.3))
    return posterior


def _cleanlab(values: Floats, expected: Floats) -> Floats:
    from cleanlab.regression.rank import get_label_quality_scores

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_label_quality_scores(values, expected, method="outre" if len(values) >= 20 else "residual")
    return np.asarray(found, np.float64)
