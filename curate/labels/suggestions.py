"""How likely the suggested label is right, measured by how often the model agrees with the labels there are.

Method. The posterior of a suggestion believes the model, and a model that was fitted to its own beliefs is surer than it
is right. How sure it may be shows in the data, in two ways, on rows that it never saw:

- at each height of its confidence (isotonic regression) it agrees with a share A of the given labels. If a share e of all
  labels is wrong whatever the text, the model is right a times and agrees A = a (1 - e) times, so among the rows on which
  it disagrees it is right in a e / (1 - A) = e / (1 - e) * A / (1 - A);
- of the rows and classes to which it gives a probability p, a share h(p) is the given label (isotonic again). Slips alone
  would make it e times the share of the class, so the class is right in c(p) = (h(p) - e share) / (1 - e) of them. The
  posterior is taken once more from probabilities half-way, in their logarithms, between p and c(p).

The mean of both is told: the first knows nothing of how unlikely the given label is, the second believes the noise matrix.
What e is cannot be told (`curate.labels.noise`): taken is the middle between the estimate and the share of labels that the
model would not give. Nothing is fitted to any data set.
Shapes: n rows, k classes; float64 in 0..1. Complexity: O(n k + n log n), and that of a posterior. Does not: know how wrong
the noise rate is. On Banking77, whose suggestions were read, the calibration error of `likely_wrong` rows is 0.033 to
0.046, by the kind of noise; docs/labels.md has other data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]
Probabilities = NDArray[np.float32]
_LEAST, _MOST = 5e-4, 0.99
"""Shares of agreement are held within these, and no suggestion is surer than the second."""
_BINS, _FURTHEST = 200, 16.2
"""Of log odds, up to those of 1e-7."""
_CELLS = 4_000_000
"""Rows times classes that are looked at together."""


def suggestion_probability(
    probabilities: Probabilities,
    labels: Classes,
    suggested: Classes,
    noise_rate: float,
    posterior_of: Callable[[Probabilities, Classes], Probabilities],
) -> Floats:
    """`(n,)` probability that each suggested label is right. `probabilities` `(n, k)` out of sample; `noise_rate` as
    estimated; `posterior_of` gives `(n, k)` p(true class | text, given label)."""
    from sklearn.isotonic import IsotonicRegression

    n, at = len(labels), np.arange(len(labels))
    if not n:
        return np.zeros(0)
    agrees = probabilities.argmax(axis=1) == labels
    wrong = float(np.clip((noise_rate + 1.0 - agrees.mean()) / 2.0, _LEAST, 0.5))
    share: Any = IsotonicRegression(y_min=_LEAST, y_max=1.0 - _LEAST, out_of_bounds="clip")
    share.fit(probabilities.max(axis=1).astype(np.float64), agrees.astype(np.float64))
    agreed = share.predict(probabilities[at, suggested].astype(np.float64))
    by_agreement = wrong / (1.0 - wrong) * agreed / (1.0 - agreed)
    by_posterior = posterior_of(_half_way(probabilities, labels, wrong), labels)[at, suggested].astype(np.float64)
    told: Floats = (np.minimum(_MOST, by_agreement) + np.minimum(_MOST, by_posterior)) / 2.0
    return told


def _half_way(probabilities: Probabilities, labels: Classes, wrong: float) -> Probabilities:
    """`(n, k)`, rows of sum 1: between what the model says and how often that is right, if a share `wrong` are slips."""
    from sklearn.isotonic import IsotonicRegression

    n, k = probabilities.shape
    share = np.bincount(labels, minlength=k) / n
    cells, hits, slips = np.zeros(_BINS), np.zeros(_BINS), np.zeros(_BINS)
    step = max(1, _CELLS // k)
    for start in range(0, n, step):
        bins, given = _bins(probabilities[start : start + step]), labels[start : start + step]
        cells += np.bincount(bins.ravel(), minlength=_BINS)
        hits += np.bincount(bins[np.arange(len(given)), given], minlength=_BINS)
        slips += np.bincount(bins.ravel(), weights=np.broadcast_to(share, bins.shape).ravel(), minlength=_BINS)
    met = np.flatnonzero(cells)
    rises: Any = IsotonicRegression(y_min=0.0, y_max=1.0)
    rises.fit(met, hits[met] / cells[met], sample_weight=cells[met])
    right = np.zeros(_BINS)
    right[met] = (rises.predict(met) - wrong * slips[met] / cells[met]) / (1.0 - wrong)
    root = np.sqrt(np.clip(right, 1e-5, 1.0)).astype(np.float32)
    out = np.empty_like(probabilities)
    for start in range(0, n, step):
        part = probabilities[start : start + step]
        np.multiply(np.sqrt(part), root[_bins(part)], out=out[start : start + step])
    out /= out.sum(axis=1, keepdims=True)
    return out


def _bins(probabilities: Probabilities) -> NDArray[np.int32]:
    """Which bin of log odds each probability lies in."""
    p = np.clip(probabilities, 1e-7, 1.0 - 1e-7)
    odds = np.log(p) - np.log1p(-p)
    return np.clip((odds + _FURTHEST) * (_BINS / (2.0 * _FURTHEST)), 0, _BINS - 1).astype(np.int32)
