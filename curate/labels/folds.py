"""Grouped, stratified folds: whole groups on one side, every class spread over the folds.

Method: groups are dealt out greedily, largest first, each to the fold where the classes it holds are rarest so far (the
idea of scikit-learn's StratifiedGroupKFold). Groups of one row, which are nearly all rows of most data sets, are dealt
round-robin inside their class instead, starting at the emptiest fold, which is exact and vectorised.

Shapes: int64 group ids and label codes of length n in, int8 fold numbers out. Cost O(n log n + groups of several rows *
folds). Deterministic for a seed. It does not promise that a class with fewer groups than folds appears in every fold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def grouped_stratified_folds(
    labels: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], n_folds: int, seed: int
) -> npt.NDArray[np.int8]:
    """Fold number (0 .. n_folds - 1) of each row; rows of one group share a fold."""
    n = len(labels)
    folds = np.zeros(n, np.int8)
    if n == 0:
        return folds
    if not 2 <= n_folds <= 127:
        raise ValueError(f"n_folds must lie between 2 and 127, not {n_folds}")
    _, classes = np.unique(labels, return_inverse=True)
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(n)
    counts = np.zeros((n_folds, int(classes.max()) + 1))
    _deal_groups(shuffled[size[group[shuffled]] > 1], group, size, classes, counts, folds)
    single = shuffled[size[group[shuffled]] == 1]
    single = single[np.argsort(classes[single], kind="stable")]
    if len(single):
        code = classes[single]
        starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
        rank = np.arange(len(single)) - np.repeat(starts, np.diff(np.r_[starts, len(single)]))
        # Each class starts where it is rarest; ties turn with the class, so that small classes do not all fill fold 0.
        turn = np.arange(n_folds)
        first_class = code[starts]
        order = np.empty((len(starts), n_folds), np.int8)
        for at, c in enumerate(first_class):
            order[at] = np.lexsort(((turn - c) % n_folds, counts[:, c]))
        folds[single] = order[np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(single)])), rank % n_folds]
    return folds


def joined_groups(*given: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Groups that keep every given grouping together: rows connected through any of them share one. Linear."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(given[0])
    rows, columns, offset = [], [], n
    for groups in given:
        values, code = np.unique(groups, return_inverse=True)
        rows.append(np.arange(n))
        columns.append(code.ravel() + offset)
        offset += len(values)
    at, to = np.concatenate(rows), np.concatenate(columns)
    links = coo_matrix((np.ones(len(at), np.int8), (at, to)), shape=(offset, offset))
    found: npt.NDArray[np.int64] = connected_components(links, directed=False)[1][:n].astype(np.int64)
    return found


def _deal_groups(
    rows: npt.NDArray[np.int64],
    group: npt.NDArray[np.int64],
    size: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64],
    counts: npt.NDArray[np.float64],
    folds: npt.NDArray[np.int8],
) -> None:
    """Deal groups of several rows, largest first; writes `counts` (folds, classes) and `folds`."""
    if not len(rows):
        return
    rows = rows[np.lexsort((group[rows], -size[group[rows]]))]
    cuts = np.flatnonzero(np.diff(group[rows])) + 1
    total = np.zeros(len(counts))
    for members in np.split(rows, cuts):
        present, number = np.unique(classes[members], return_counts=True)
        load = counts[:, present] @ number
        best = int(np.lexsort((total, load))[0])
        folds[members] = best
        counts[best, present] += number
        total[best] += len(members)
