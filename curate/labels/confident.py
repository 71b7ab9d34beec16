"""cleanlab's own judgement of the same probabilities, at its door.

`cleanlab.rank.get_label_quality_scores` (self-confidence: p(given label)) and `cleanlab.filter.find_label_issues`
(prune by noise rate, from the confident joint). It stands beside `curate.labels.noise`, so that a reader can compare.
Cost: O(n * k) once more in float64, and about a second to import cleanlab.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt


def cleanlab_judgement(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(label quality in 0..1 with low = suspicious, mask of rows cleanlab calls label issues)."""
    from curate.house import cleanlab_alone

    cleanlab_alone()
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    p = probabilities.astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quality = get_label_quality_scores(labels, p, method="self_confidence")
        issues = find_label_issues(labels, p, n_jobs=1)
    return np.asarray(quality, np.float64), np.asarray(issues, np.bool_)
