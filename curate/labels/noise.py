"""How likely each given label is wrong, and which label would be right.

Method. Expectation-maximisation over the unknown true labels (Dawid & Skene, 1979, with one annotator per row and a text
model as prior; the noise matrix plays the part of confident learning's joint, Northcutt et al., 2021):

1. out-of-sample probabilities p(j | text) from the given labels;
2. posterior q(j) ~ p(j | text) * T[j, given], with T[j, i] = p(given i | true j) re-estimated from the posteriors and
   held near "90% kept, the rest by class frequency" by `PRIOR_ROWS` pseudo-rows a class;
3. the models are fitted once more to the posteriors q instead of the given labels, and step 2 repeats.

A model of noisy labels is as unsure as the labels are noisy, so with the noise matrix on top the noise would be counted
twice. Before the first step 2 its probabilities are therefore sharpened to the power that makes the given labels likeliest
*through the noise matrix learned at that power*: doubts that are the same for all rows of a class are noise, doubts that
differ between rows are the text. (Through a fixed matrix, noise that follows pairs of classes would pass for doubt.) Among
powers of nearly the same likelihood the largest is taken. Not in the second round: fitted to posteriors, the model
needs no more.

To the second round's probabilities the vote of nearest rows is added (`curate.labels.neighbours`), for classes that hold
many subjects, which the models blur. Its weight is the one at which the given labels are likeliest through the noise
matrix, often none; the best ranking would often want more, but nothing in the data tells it (benchmarks/LOG.md).

`wrong` = 1 - q(given) is the probability that the label is wrong. `ranking` averages it with the share of the strongest
rival in p(rival) + p(given): the posterior is better where noise follows pairs of classes, the duel with the
rival where annotators slip on hard rows, and unlike the margin p(rival) - p(given) it does not forget rows whose text
fits several other classes. More rounds make the posterior over-confident (benchmarks/LOG.md).

Shapes: n rows, k classes; posteriors `(n, k)` float32. Cost: twice `out_of_sample_probabilities`, the neighbours, O(n * k).
Above 500 classes the noise matrix is not learned (k * k numbers from too few rows) and the prior one is used.
How many labels are wrong cannot be told from texts and labels alone: mistakes that follow the text look like the text. The
estimate is right for slips (0.11 of 0.10 flipped at random) and far too low for habits (0.02 to 0.05 of 0.20): beside it
stands a range whose ends assume the least and the most, and which held the truth in every kind of noise measured.
It does not know rows whose true class is none of the k, and takes several true labels on one text for ambiguity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from curate.labels.features import Texts
from curate.labels.learners import MANY_CLASSES, Floats
from curate.labels.neighbours import neighbours_vote
from curate.labels.probabilities import (
    check_arguments,
    ensemble_probabilities,
    log_softmax,
    one_hot,
    prepare,
    unit_rows,
)
from curate.labels.suggestions import suggestion_probability
from curate.parallel import Progress, in_parts, no_progress
from curate.statistics import wilson

PRIOR_ROWS = 20.0
_KEPT = 0.9
_MATRIX_STEPS = 10
_POWERS = np.geomspace(1.0, 4.0, 13)
_POWER_CELLS = 500_000
_NEARLY = 0.001
"""Nats a row by which the likelihood of a larger power, or of a smaller weight of the neighbours, may fall short."""
_WEIGHTS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the neighbours' vote, beside 1 for the models."""
_FLOOR = 1e-3
_MATRIX_CLASSES = 500
_SURE, _READ_RIGHT = 0.7, 0.5
"""Where a label counts as surely wrong, and the share of those that a reader of data with few mistakes found wrong."""


@dataclass(frozen=True)
class LabelNoise:
    """What is believed about n given labels over k classes."""

    probabilities: Floats
    """`(n, k)` out-of-sample p(class | text), fitted to the cleaned labels."""
    posterior: Floats
    """`(n, k)` p(true class | text, given label)."""
    wrong: npt.NDArray[np.float64]
    """`(n,)` probability that the given label is wrong."""
    ranking: npt.NDArray[np.float64]
    """`(n,)` in 0..1, higher is more suspicious: the best order to review rows in; not a probability."""
    suggested: npt.NDArray[np.int64]
    """`(n,)` likeliest class other than the given one."""
    suggested_probability: npt.NDArray[np.float64]
    """`(n,)` probability that `suggested` is right, as `curate.labels.suggestions` tells it."""
    suggested_posterior: npt.NDArray[np.float64]
    """`(n,)` posterior of `suggested`: what the tiers are cut by, surer than the probability."""
    other: npt.NDArray[np.bool_]
    """`(n,)` whether the model, which never saw the row, expects another label than the given one."""

    @property
    def noise_rate(self) -> float:
        """Estimated share of wrong labels, as if mistakes were slips that do not follow the text."""
        return float(self.wrong.mean()) if len(self.wrong) else 0.0

    @property
    def noise_range(self) -> tuple[float, float]:
        """The least and the most that the share may be: half of the surely wrong labels, and every label that the model
        would not give, with the upper end of its 95% interval (Wilson); never less than the estimate (a model that
        says the same of every row gives every label)."""
        n = len(self.wrong)
        if not n:
            return 0.0, 1.0
        low, p = _READ_RIGHT * float((self.wrong >= _SURE).mean()), float(self.other.mean())
        return low, max(low, self.noise_rate, wilson(p * n, n)[1])


def estimate_label_noise(
    texts: Texts,
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    n_classes: int,
    seed: int = 0,
    threads: int = 1,
    vectors: npt.NDArray[np.floating[Any]] | None = None,
    progress: Progress = no_progress,
) -> LabelNoise:
    """Judge every given label, by text and, where given, by `(n, d)` vectors of the rows.

    `progress` is told after the features, every fold of each learner and blocks of neighbours; what it raises ends the
    work. Raises ValueError as `out_of_sample_probabilities` does.
    """
    check_arguments(len(texts), labels, groups, n_classes)
    prepared, folds = prepare(texts, labels, groups, n_classes, seed, threads)
    features = prepared.weighted
    dense = None if vectors is None else unit_rows(vectors)
    few = n_classes <= MANY_CLASSES
    parts = iter(in_parts(progress, 3 + few))

    def predicted(targets: Floats) -> Floats:
        return ensemble_probabilities(
            features, targets, folds, seed=seed, threads=threads, vectors=dense, progress=next(parts)
        )

    next(parts)(1, 1)
    probabilities = predicted(one_hot(labels, n_classes))
    believed = true_label_posterior(_sharpened(probabilities, labels), labels)
    probabilities = predicted(believed)
    if few:
        vote = neighbours_vote(features, believed, groups, seed=seed, threads=threads, progress=next(parts))
        probabilities = _with_vote(probabilities, vote, believed, labels)
    return _judged(probabilities, true_label_posterior(probabilities, labels), labels)


def judge_predictions(probabilities: Floats, labels: npt.NDArray[np.int64]) -> LabelNoise:
    """Judge every given label by out-of-sample `(n, k)` probabilities from elsewhere; no model is fitted here."""
    return _judged(probabilities, true_label_posterior(_sharpened(probabilities, labels), labels), labels)


def true_label_posterior(probabilities: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """`(n, k)` p(true class | text, given label), the noise matrix being learned from the same rows."""
    return _posterior(probabilities, _noise_matrix(probabilities, labels), labels)


def _noise_matrix(probabilities: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """`(k, k)` p(given | true), likeliest with a prior near "90% kept"."""
    n, k = probabilities.shape
    prior = _prior_matrix(labels, k)
    matrix = prior
    if k <= _MATRIX_CLASSES:
        given = sparse.csr_matrix((np.ones(n, np.float64), (labels, np.arange(n))), shape=(k, n))
        for _ in range(_MATRIX_STEPS):
            counts = (given @ _posterior(probabilities, matrix, labels)).T + PRIOR_ROWS * prior
            matrix = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix


def _prior_matrix(labels: npt.NDArray[np.int64], k: int) -> Floats:
    """`(k, k)` p(given | true) before any row was judged: kept, or slipped to a class by its frequency."""
    share = np.bincount(labels, minlength=k) / max(len(labels), 1)
    prior = np.tile(((1.0 - _KEPT) * share).astype(np.float32), (k, 1))
    prior[np.arange(k), np.arange(k)] += np.float32(_KEPT)
    prior /= prior.sum(axis=1, keepdims=True)
    return prior


def _sharpened(probabilities: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """`probabilities` to the power that makes the given labels likeliest when noise may have changed them."""
    step = max(1, probabilities.size // _POWER_CELLS)
    sample, given = probabilities[::step], labels[::step]
    likelihoods = [_likelihood(_to_power(sample, power), given) for power in _POWERS]
    best = max(likelihoods) - _NEARLY
    return _to_power(probabilities, max(float(power) for power, at in zip(_POWERS, likelihoods) if at >= best))


def _with_vote(probabilities: Floats, vote: Floats, believed: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """`probabilities` with the neighbours' `vote` (logarithms), at the weight that makes the given labels likeliest."""
    ours, vote = np.log(probabilities), log_softmax(vote, believed)
    step = max(1, ours.size // _POWER_CELLS)

    def mixed(weight: float, step: int) -> Floats:
        total = ours[::step] + np.float32(weight) * vote[::step]
        return np.exp(log_softmax(total, believed[::step]))

    likelihoods = [_likelihood(mixed(weight, step), labels[::step]) for weight in _WEIGHTS]
    least = max(likelihoods) - _NEARLY
    weight = min(weight for weight, at in zip(_WEIGHTS, likelihoods) if at >= least)
    return mixed(weight, 1) if weight else probabilities


def _likelihood(probabilities: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Mean log-probability of the given labels through the noise matrix learned from the same rows."""
    through = np.ascontiguousarray(_noise_matrix(probabilities, labels).T)[labels]
    return float(np.log((probabilities * through).sum(axis=1, dtype=np.float64) + 1e-6).mean())


def _to_power(probabilities: Floats, power: float) -> Floats:
    out: Floats = np.float32(power) * np.log(probabilities + np.float32(1e-9))
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    return out


def _posterior(probabilities: Floats, matrix: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    out: Floats = probabilities * np.ascontiguousarray(matrix.T)[labels]
    out /= out.sum(axis=1, keepdims=True)
    return out


def _judged(probabilities: Floats, posterior: Floats, labels: npt.NDArray[np.int64]) -> LabelNoise:
    at = np.arange(len(labels))
    wrong = 1.0 - posterior[at, labels].astype(np.float64)
    others = posterior.copy()
    others[at, labels] = -1.0
    suggested = others.argmax(axis=1)
    given = probabilities[at, labels].astype(np.float64)
    rivals = probabilities.copy()
    rivals[at, labels] = -1.0
    rival = rivals.max(axis=1).astype(np.float64) + _FLOOR
    duel = rival / (rival + given + _FLOOR)
    wrong, suggested = np.clip(wrong, 0.0, 1.0), suggested.astype(np.int64)
    held = np.clip(others[at, suggested].astype(np.float64), 0.0, 1.0)
    rate = float(wrong.mean()) if len(wrong) else 0.0
    return LabelNoise(
        probabilities,
        posterior,
        wrong,
        np.clip((wrong + duel) / 2.0, 0.0, 1.0),
        suggested,
        suggestion_probability(probabilities, labels, suggested, rate, true_label_posterior),
        held,
        rivals.max(axis=1) > probabilities[at, labels],
    )
