"""Out-of-sample class probabilities: the label that a model expects without having seen the row or its near-duplicates.

Method. Hashed n-gram TF-IDF features (`curate.labels.features`); grouped, stratified folds (`curate.labels.folds`); the
product of two experts, multinomial naive Bayes and early-stopped softmax regression (`curate.labels.learners`), each
and then both sharpened or softened by one temperature fitted on the out-of-fold log-likelihood (Guo et al., 2017).
Naive Bayes weighs `NAIVE_BAYES` of 1: it cannot fit exceptions, so it absorbs systematic label noise less than a
discriminative learner; the softmax regression is the better model of the text. The smoothing of naive Bayes is the
smallest of five that nearly maximises the held-out likelihood (long texts want far less than short ones).
Vectors of rows from elsewhere make a third expert, softmax regression over the vectors scaled to unit length.

Shapes: n texts, int64 label codes `(n,)` in 0 .. k-1, int64 group ids `(n,)`; float32 `(n, k)` out, rows sum to 1.
Cost: 10,000 short texts x 77 classes in about 3 s of one core. Above 200 classes naive Bayes stands alone, because
softmax regression would take minutes. No BLAS is called, so results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from curate.labels.features import Features, Texts, text_features
from curate.labels.folds import grouped_stratified_folds
from curate.labels.judged import MAX_CELLS
from curate.labels.learners import MANY_CLASSES, Floats, naive_bayes_scores, softmax_scores
from curate.parallel import Progress, in_parts, no_progress

N_FOLDS, FEW_ROWS = 5, 30_000
"""Twice the folds up to so many rows, where every training row counts."""
NAIVE_BAYES = 0.65
"""Weight of naive Bayes in the product of the two experts of the text; the other has the rest."""
_SMOOTHINGS = (0.003, 0.01, 0.03, 0.1, 0.3)
_NEARLY = 0.02
"""Nats of held-out likelihood that a smaller smoothing may cost: less smoothing ranks wrong labels better."""
_SMOOTHING_ROWS = 2_000
_STEP = 1.0
_VECTOR_STEP, _VECTOR_EPOCHS = 4.0, 6
_WEIGHTS = 1 << 24
_TEMPERATURES = np.geomspace(0.05, 20.0, 32)
_TEMPERATURE_CELLS = 2_000_000


def out_of_sample_probabilities(
    texts: Texts,
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    n_classes: int,
    seed: int = 0,
    threads: int = 1,
) -> Floats:
    """`(n, n_classes)` probabilities of the given labels, each row predicted without its own group.

    Raises ValueError when lengths differ, a label is out of range, there are fewer than two classes or groups, or
    rows x classes is above `MAX_CELLS`. A class that a fold's training rows lack gets a probability near zero there.
    """
    check_arguments(len(texts), labels, groups, n_classes)
    features, folds = prepare(texts, labels, groups, n_classes, seed, threads)
    targets = one_hot(labels, n_classes)
    return ensemble_probabilities(features.weighted, targets, folds, seed=seed, threads=threads)


def check_arguments(
    n: int, labels: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], n_classes: int
) -> None:
    """ValueError for arrays that do not fit together or leave nothing to compare."""
    if len(labels) != n or len(groups) != n:
        raise ValueError(f"{n} texts, {len(labels)} labels and {len(groups)} groups do not fit together")
    if n_classes < 2:
        raise ValueError("at least two classes are needed")
    if n * n_classes > MAX_CELLS:
        raise ValueError(f"{n} rows x {n_classes} classes is more than {MAX_CELLS} cells")
    if n and (int(labels.min()) < 0 or int(labels.max()) >= n_classes):
        raise ValueError("label codes must lie in 0 .. n_classes - 1")
    if len(np.unique(groups)) < 2:
        raise ValueError("at least two groups of rows are needed")


def prepare(
    texts: Texts,
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    n_classes: int,
    seed: int,
    threads: int,
) -> tuple[Features, npt.NDArray[np.int8]]:
    """Features and folds; fewer columns where many classes would make the weights too large."""
    columns = 200_000 if n_classes > MANY_CLASSES else min(_WEIGHTS // n_classes, 200_000)
    features = text_features(texts, threads=threads, max_columns=columns)
    n_folds = min(N_FOLDS if len(labels) > FEW_ROWS else 2 * N_FOLDS, len(np.unique(groups)))
    return features, grouped_stratified_folds(labels, groups, n_folds, seed)


def unit_rows(vectors: npt.NDArray[np.floating[Any]]) -> sparse.csr_matrix:
    """Vectors as learners take them: centred, each of unit length; a row without one (all zeros) stays empty."""
    x = np.array(vectors, np.float32)
    has = np.abs(x).max(axis=1, initial=0.0) > 0
    if has.any():
        x[has] -= x[has].mean(axis=0, dtype=np.float64).astype(np.float32)
    x /= np.maximum(np.sqrt((x * x).sum(axis=1, keepdims=True)), np.float32(1e-12))
    return sparse.csr_matrix(x)


def one_hot(labels: npt.NDArray[np.int64], n_classes: int) -> Floats:
    """`(n, k)` float32 with a 1 at each row's label."""
    out = np.zeros((len(labels), n_classes), np.float32)
    out[np.arange(len(labels)), labels] = 1.0
    return out


def ensemble_probabilities(
    features: sparse.csr_matrix,
    targets: Floats,
    folds: npt.NDArray[np.int8],
    *,
    seed: int,
    threads: int,
    vectors: sparse.csr_matrix | None = None,
    alpha: float | None = None,
    progress: Progress = no_progress,
) -> Floats:
    """Out-of-fold probabilities of the learners together, for soft or hard `targets` `(n, k)`.

    `alpha` is the smoothing of naive Bayes, chosen by `likeliest_smoothing` when left out.
    """
    few = targets.shape[1] <= MANY_CLASSES
    parts = iter(in_parts(progress, 1 + few + (few and vectors is not None)))
    alpha = likeliest_smoothing(features, targets, folds) if alpha is None else alpha
    counted = naive_bayes_scores(features, targets, folds, alpha=alpha, threads=threads, progress=next(parts))
    total = log_softmax(counted, targets)
    if not few:
        return np.exp(total, out=total)
    total *= np.float32(2 * NAIVE_BAYES)
    fitted = softmax_scores(features, targets, folds, seed=seed, step=_STEP, threads=threads, progress=next(parts))
    total += np.float32(2 * (1 - NAIVE_BAYES)) * log_softmax(fitted, targets)
    if vectors is not None:
        found = softmax_scores(
            vectors,
            targets,
            folds,
            seed=seed,
            epochs=_VECTOR_EPOCHS,
            step=_VECTOR_STEP,
            threads=threads,
            progress=next(parts),
        )
        total += log_softmax(found, targets)
    total = log_softmax(total, targets)
    return np.exp(total, out=total)


def likeliest_smoothing(features: sparse.csr_matrix, targets: Floats, folds: npt.NDArray[np.int8]) -> float:
    """The smallest smoothing whose likelihood on rows of the first fold is nearly the best."""
    if targets.shape[1] > MANY_CLASSES or features.shape[1] == 0:
        return 0.1
    train, test = np.flatnonzero(folds != 0), np.flatnonzero(folds == 0)[:_SMOOTHING_ROWS]
    if not len(train) or not len(test):
        return 0.1
    mass = np.asarray(features[train].T @ targets[train], dtype=np.float32)
    prior = np.log(targets[train].mean(axis=0, dtype=np.float64) + 1e-9).astype(np.float32)
    held, wanted = features[test], targets[test]
    likelihoods = []
    for alpha in _SMOOTHINGS:
        smooth = mass + np.float32(alpha)
        weights = np.log(smooth / smooth.sum(axis=0, keepdims=True, dtype=np.float64)).astype(np.float32)
        found = log_softmax(held @ weights + prior, wanted)
        likelihoods.append(float((wanted * np.logaddexp(found, np.float32(np.log(1e-3)))).sum(axis=1).mean()))
    best = max(likelihoods)
    return next(alpha for alpha, value in zip(_SMOOTHINGS, likelihoods) if value >= best - _NEARLY)


def log_softmax(scores: Floats, targets: Floats) -> Floats:
    """Log-probabilities from `scores` at the temperature that makes `targets` likeliest."""
    step = max(1, scores.size // _TEMPERATURE_CELLS)
    sample, wanted = scores[::step].astype(np.float64), targets[::step].astype(np.float64)
    sample -= sample.max(axis=1, keepdims=True)
    best, least = 1.0, np.inf
    for factor in _TEMPERATURES:
        scaled = sample * factor
        # A share of the uniform distribution bounds the loss, so a few impossible labels cannot flatten everything.
        p = np.exp(scaled)
        p /= p.sum(axis=1, keepdims=True)
        loss = float(-(wanted * np.log(p + 1e-6)).sum(axis=1).mean())
        if loss < least:
            best, least = float(factor), loss
    out: Floats = scores * np.float32(best)
    out -= out.max(axis=1, keepdims=True)
    out -= np.log(np.exp(out).sum(axis=1, keepdims=True))
    np.maximum(out, np.float32(np.log(1e-9)), out=out)
    return out
