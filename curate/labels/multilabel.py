"""Rows with several labels at once: which label of a row's set is probably missing or too much.

Method: one-vs-rest. For each class a two-class problem ("has it", "has it not") is judged as any label is
(`curate.labels.noise`): out-of-sample probabilities of both learners, posterior through a learned 2 x 2 noise matrix.
cleanlab's own score of the set (`cleanlab.multilabel_classification`, self-confidence of each class, averaged towards the
worst) stands beside it. Shapes: membership `(n, k)` bool; the results `(n, k)` float64. Cost: k times a two-class pass,
hence `MOST_CLASSES`. Classes are judged one by one: that two labels exclude each other is not known.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.labels.features import Texts, text_features
from curate.labels.folds import grouped_stratified_folds
from curate.labels.noise import judge_predictions
from curate.labels.probabilities import N_FOLDS, ensemble_probabilities, likeliest_smoothing, one_hot

MOST_CLASSES = 100
Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SetNoise:
    """What is believed about n sets of labels over k classes."""

    probabilities: npt.NDArray[np.float32]
    """`(n, k)` out-of-sample probability that the row has the class."""
    wrong: Scores
    """`(n, k)` probability that "has it" or "has it not" is wrong."""
    cleanlab_quality: Scores
    """`(n,)` cleanlab's score of the whole set: low = suspicious."""


def judge_sets(
    texts: Texts, member: Bools, groups: npt.NDArray[np.int64], seed: int = 0, threads: int = 1
) -> SetNoise:
    """Judge every membership; ValueError for more than `MOST_CLASSES` classes or fewer than two groups."""
    n, k = member.shape
    if k > MOST_CLASSES:
        raise ValueError(f"{k} labels are more than the {MOST_CLASSES} that sets of labels are judged for")
    if len(np.unique(groups)) < 2:
        raise ValueError("at least two groups of rows are needed")
    features = text_features(texts, threads=threads, max_columns=200_000).weighted
    # Stratified by the rarest class of each row: the common ones spread by themselves.
    rarity = np.where(member, member.sum(axis=0), n + 1)
    stratum = np.where(member.any(axis=1), rarity.argmin(axis=1), k).astype(np.int64)
    folds = grouped_stratified_folds(stratum, groups, min(N_FOLDS, len(np.unique(groups))), seed)
    p = np.zeros((n, k), np.float32)
    wrong = np.zeros((n, k))
    alpha = likeliest_smoothing(features, one_hot(stratum, k + 1), folds)
    for c in range(k):
        codes = member[:, c].astype(np.int64)
        both = ensemble_probabilities(features, one_hot(codes, 2), folds, seed=seed, threads=threads, alpha=alpha)
        p[:, c] = both[:, 1]
        wrong[:, c] = judge_predictions(both, codes).wrong
    return SetNoise(p, wrong, _cleanlab(member, p))


def _cleanlab(member: Bools, p: npt.NDArray[np.float32]) -> Scores:
    from cleanlab.multilabel_classification import get_label_quality_scores

    labels = [np.flatnonzero(row).tolist() for row in member]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_label_quality_scores(labels, p.astype(np.float64))
    return np.asarray(found, np.float64)
