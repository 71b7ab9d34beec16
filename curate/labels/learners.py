"""Two cheap learners that take soft targets: multinomial naive Bayes and softmax regression, out of fold.

Methods. Naive Bayes: class-conditional multinomials over TF-IDF weights with additive smoothing (Rennie et al., 2003,
without the complement: the complement ranked wrong labels worse on every kind of noise measured). Softmax regression:
stochastic gradient descent, rows in a seeded order, steps shrinking as 1 / (1 + decay * epoch), few epochs (stopping early
is what keeps it from learning the wrong labels), float32, compiled.

Shapes: features `(n, d)` CSR float32, targets `(n, k)` float32 whose rows sum to 1, folds `(n,)`, log-scores `(n, k)`
float32 out. Cost: naive Bayes O(nnz * k), every row being counted once and subtracted for its fold; softmax
O(epochs * folds * nnz * k), folds in parallel threads. Memory: `k * d` floats a fold. Results do not depend on the number
of threads: each fold is computed by one thread from its own seed.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from curate.parallel import Progress, no_progress, over_blocks

Floats = npt.NDArray[np.float32]
MANY_CLASSES = 200
"""Above this, naive Bayes keeps sparse masses and softmax regression is left out."""


def naive_bayes_scores(
    features: sparse.csr_matrix,
    targets: Floats,
    folds: npt.NDArray[np.int8],
    *,
    alpha: float = 0.1,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Floats:
    """Unnormalised log-posteriors `(n, k)` of each row by a model that did not see the row's fold."""
    n, k = targets.shape
    if k > MANY_CLASSES:
        return _sparse_naive_bayes(features, targets, folds, alpha, threads, progress)
    scores = np.zeros((n, k), np.float32)
    held_out = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
    masses = np.zeros((len(held_out), features.shape[1], k), np.float32)

    def add_mass(fold: int) -> None:
        masses[fold] = features[held_out[fold]].T @ targets[held_out[fold]]

    def predict(fold: int) -> None:
        # What is left of the total without the fold; rounding must not leave a negative mass.
        mass = np.maximum(total - masses[fold], 0.0) + np.float32(alpha)
        weights = np.log(mass / mass.sum(axis=0, keepdims=True, dtype=np.float64)).astype(np.float32)
        prior = np.log(np.delete(targets, held_out[fold], axis=0).mean(axis=0, dtype=np.float64) + 1e-9)
        scores[held_out[fold]] = features[held_out[fold]] @ weights + prior.astype(np.float32)

    over_blocks(len(held_out), 1, threads, lambda fold, _: add_mass(fold))
    total = np.sum(masses, axis=0, dtype=np.float32)
    over_blocks(len(held_out), 1, threads, lambda fold, _: predict(fold), progress)
    return scores


def _sparse_naive_bayes(
    features: sparse.csr_matrix,
    targets: Floats,
    folds: npt.NDArray[np.int8],
    alpha: float,
    threads: int,
    progress: Progress,
) -> Floats:
    """The same scores where most masses are zero: of log(m + a) = log a + log(1 + m / a) only the last is stored.

    Targets below a thousandth are taken for zero, or soft targets would fill the matrix.
    """
    n, k = targets.shape
    scores = np.zeros((n, k), np.float32)
    weight = np.asarray(features.sum(axis=1), np.float32)

    def one(fold: int) -> None:
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        wanted = targets[train]
        mass = sparse.csr_matrix(features[train].T @ sparse.csr_matrix(np.where(wanted < 1e-3, np.float32(0), wanted)))
        total = np.asarray(mass.sum(axis=0), np.float64).ravel() + alpha * features.shape[1]
        mass.data = np.log1p(mass.data / np.float32(alpha))
        prior = np.log(wanted.mean(axis=0, dtype=np.float64) + 1e-9).astype(np.float32)
        floor = (np.log(alpha) - np.log(total)).astype(np.float32)
        for first in range(0, len(test), 2048):
            rows = test[first : first + 2048]
            scores[rows] = (features[rows] @ mass).toarray() + weight[rows] * floor + prior

    over_blocks(int(folds.max()) + 1, 1, threads, lambda fold, _: one(fold), progress)
    return scores


@numba.njit(cache=True, nogil=True)
def _fit_softmax(  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    indptr, indices, values, targets, rows, epochs, step, decay, weights, bias
):
    k = targets.shape[1]
    z = np.empty(k, np.float32)
    n = len(rows)
    for epoch in range(epochs):
        for position in range(n):
            # Another offset each epoch: the last rows seen, which weigh most, change without storing a new order.
            row = rows[(position + epoch * n // epochs) % n]
            rate = np.float32(step / (1.0 + decay * (epoch + position / n)))
            for c in range(k):
                z[c] = bias[c]
            for at in range(indptr[row], indptr[row + 1]):
                w = weights[indices[at]]
                v = values[at]
                for c in range(k):
                    z[c] += v * w[c]
            top = z[0]
            for c in range(1, k):
                top = max(top, z[c])
            total = np.float32(0)
            for c in range(k):
                z[c] = np.exp(z[c] - top)
                total += z[c]
            for c in range(k):
                z[c] = rate * (targets[row, c] - z[c] / total)
                bias[c] += np.float32(0.1) * z[c]
            for at in range(indptr[row], indptr[row + 1]):
                w = weights[indices[at]]
                v = values[at]
                for c in range(k):
                    w[c] += v * z[c]


def softmax_scores(
    features: sparse.csr_matrix,
    targets: Floats,
    folds: npt.NDArray[np.int8],
    *,
    seed: int,
    epochs: int | None = None,
    step: float = 2.0,
    decay: float = 1.0,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Floats:
    """Log-odds `(n, k)` of each row by a softmax regression that did not see the row's fold."""
    n, k = targets.shape
    if epochs is None:  # what matters is the number of steps: one pass is enough for many rows
        epochs = 3 if n <= 30_000 else 1
    scores = np.zeros((n, k), np.float32)
    indptr = features.indptr.astype(np.int64)
    targets = np.ascontiguousarray(targets, np.float32)

    def one(fold: int) -> None:
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        rows = np.random.default_rng([seed, fold]).permutation(train)
        weights = np.zeros((features.shape[1], k), np.float32)
        bias = np.zeros(k, np.float32)
        _fit_softmax(
            indptr, features.indices, features.data, targets, rows, epochs, step, decay, weights, bias
        )
        scores[test] = features[test] @ weights + bias

    over_blocks(int(folds.max()) + 1, 1, threads, lambda fold, _: one(fold), progress)
    return scores
