"""How likely the suggested label is right, measured by how often the model agrees with the labels there are.

Method. The posterior of a suggestion believes the model, and a model that was fitted to its own beliefs is surer than it
is right. How sure it may be shows in the data: at each height of its confidence (isotonic regression) it agrees with a
share A of the given labels, on rows that it never saw. If a share e of all labels is wrong whatever the text, the model is
right a times and agrees A = a (1 - e) times, so among the rows on which it disagrees it is right in
a e / (1 - A) = e / (1 - e) * A / (1 - A). What e is cannot be told (`curate.labels.noise`): taken is the middle between the
estimate and the share of labels that the model would not give. The geometric mean of that and of the posterior is
reported; nothing in it is fitted to any data set.
Shapes: n rows; float64 in 0..1. Complexity: O(n log n). Does not: know how wrong the noise rate is. Over 51 cases the
calibration error of `likely_wrong` rows was 0.17 with the posterior alone, 0.13 with this, 0.09 with the true rate in place
of the middle (benchmarks/LOG.md); no calibration fitted to some of the data sets did better on the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LEAST, _MOST = 5e-4, 0.99
"""Shares of agreement are held within these, and no suggestion is surer than the second."""


def suggestion_probability(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    suggested: NDArray[np.int64],
    posterior: Floats,
    noise_rate: float,
) -> Floats:
    """`(n,)` probability that each suggested label is right. `probabilities` `(n, k)` out of sample; `posterior` `(n,)` of
    the suggestion; `noise_rate` as estimated."""
    from sklearn.isotonic import IsotonicRegression

    n = len(labels)
    if not n:
        return posterior
    agrees = probabilities.argmax(axis=1) == labels
    share: Any = IsotonicRegression(y_min=_LEAST, y_max=1.0 - _LEAST, out_of_bounds="clip")
    share.fit(probabilities.max(axis=1).astype(np.float64), agrees.astype(np.float64))
    agreed = share.predict(probabilities[np.arange(n), suggested].astype(np.float64))
    wrong = float(np.clip((noise_rate + 1.0 - agrees.mean()) / 2.0, _LEAST, 0.5))
    told = np.minimum(_MOST, wrong / (1.0 - wrong) * agreed / (1.0 - agreed))
    found: Floats = np.sqrt(told * posterior)
    return found
