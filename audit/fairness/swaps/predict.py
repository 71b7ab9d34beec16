"""Out-of-fold answers to given and to swapped texts: neither a row nor its near-duplicates taught the model that judges it.

Method: the sparse text features of `curate.labels`, grouped and stratified folds, and its early-stopped softmax
regression, whose scores of both kinds of text are brought to probabilities by one temperature fitted on the given texts.
A swapped text is judged by the model of its row's fold. The features are counted over both kinds of text together: no
label is looked at for that.

Shapes: n texts, m swapped texts with their rows `(m,)`; float64 `(n, k)` and `(m, k)` out. Cost: one fit a fold; 4,000
short texts of 12 classes in about 2 s of processor time. The result does not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.labels.features import text_features
from curate.labels.folds import grouped_stratified_folds
from curate.labels.learners import softmax_scores
from curate.labels.probabilities import one_hot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FOLDS = 5
_FACTORS = np.geomspace(0.1, 10.0, 25)


def out_of_fold_answers(
    texts: Sequence[str],
    codes: Ints,
    clusters: Ints,
    n_classes: int,
    swapped: Sequence[str],
    rows: Ints,
    *,
    seed: int = 0,
    threads: int = 1,
) -> tuple[Floats, Floats]:
    """Class probabilities of the texts and of the swapped texts. Raises ValueError for fewer than two clusters."""
    n, together = len(texts), len(np.unique(clusters))
    if together < 2:
        raise ValueError("at least two groups of rows are needed")
    features = text_features([*texts, *swapped], threads=threads).weighted
    folds = grouped_stratified_folds(codes, clusters, min(FOLDS, together), seed)
    targets = one_hot(codes, n_classes)
    given, other = np.zeros((n, n_classes), np.float32), np.zeros((len(swapped), n_classes), np.float32)
    for fold in range(int(folds.max()) + 1):
        train, judged = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        twins = np.flatnonzero(folds[rows] == fold)
        # Rows of fold 0 are judged by what the others teach; the engine trains nothing on them.
        part = np.concatenate([train, judged, n + twins])
        side = np.zeros(len(part), np.int8)
        side[: len(train)] = -1
        wanted = np.zeros((len(part), n_classes), np.float32)
        wanted[: len(train)] = targets[train]
        scores = softmax_scores(features[part], wanted, side, seed=seed + fold, threads=threads)
        given[judged] = scores[len(train) : len(train) + len(judged)]
        other[twins] = scores[len(train) + len(judged) :]
    scale = _temperature(given, targets)
    return _probabilities(given * scale), _probabilities(other * scale)


def _temperature(scores: npt.NDArray[np.float32], targets: npt.NDArray[np.float32]) -> float:
    """The factor that makes the given labels likeliest (Guo et al., 2017)."""
    losses = [-np.log((_probabilities(scores * factor) * targets).sum(axis=1) + 1e-6).mean() for factor in _FACTORS]
    return float(_FACTORS[int(np.argmin(losses))])


def _probabilities(scores: npt.NDArray[Any]) -> Floats:
    out = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return np.asarray(out / out.sum(axis=1, keepdims=True))
