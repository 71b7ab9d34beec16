"""Where in the space of texts two versions differ: how far their mean moved, and which kinds of text came, grew or went.

Vectors: TF-IDF reduced by SVD, fitted on both versions together, length 1 (`curate.similarity.semantic`). *Shift*: the
distance between the two mean vectors, less, in squares, what chance makes (a mean-embedding two-sample test with a linear
kernel; Gretton et al., 2012). *Slices*: k-means groups of both versions together; of each the share of old and of new
rows. Every p-value is from the same permutations of old and new among clusters of near-duplicates; those of slices are
corrected for the number of slices by the largest deviation of each permutation (Westfall and Young, 1993).

Shapes: n texts, one side each (0 old, 1 new). Cost: about a second for 20,000 texts. It knows texts by their words: two
ways to say the same are two kinds of text. A kind smaller than about one hundredth of the rows may hide in a larger one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

DIMENSIONS, DRAWS = 64, 500
FEWEST_IN_SLICE, MOST_SLICES, SHOWN = 100, 40, 6
SURE = 0.01
MANY_TIMES = 10.0
"""A slice whose share grew this many times is new; one that shrank as much is gone."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """How far the mean vector of the texts moved."""

    distance: float
    """Between 0 and 2, less what chance alone makes."""
    p: float


@dataclass(frozen=True)
class Slice:
    """A kind of text whose share changed for sure."""

    kind: str
    """new, gone, more or less."""
    before: float
    after: float
    p: float
    words: tuple[str, ...] = ()
    """Words that its texts hold more often than the others; none that may be personal."""


def placed(texts: pa.Array, side: Ints, cluster: Ints, seed: int, threads: int) -> tuple[Shift, list[Slice], Ints]:
    """(shift of the mean, slices that changed without their words, slice of each text; those listed come first)."""
    from threadpoolctl import threadpool_limits

    from curate.similarity.semantic import fitted_vectors, unit_vectors

    vectors, _ = unit_vectors(fitted_vectors(texts, DIMENSIONS, seed, threads))
    with threadpool_limits(limits=1):  # sums in one order: the same bytes at any number of threads
        slice_of, k = _grouped(vectors, seed)
        _, group = np.unique(cluster, return_inverse=True)
        n_groups = int(group.max()) + 1
        size = np.bincount(group, minlength=n_groups).astype(np.float64)
        sums = _sum_by(group, vectors.astype(np.float64), n_groups)
        counts = _sum_by(group, np.eye(k)[slice_of], n_groups)
        new = (np.bincount(group, side, n_groups) / size > 0.5).astype(np.float64)
        rng = np.random.default_rng(seed)
        draws = np.stack([new, *(rng.permutation(new) for _ in range(DRAWS))])
        distance = np.linalg.norm(_difference(draws, sums, size), axis=1)
        moved = _difference(draws, counts, size)
    shift = Shift(
        round(float(np.sqrt(max(0.0, distance[0] ** 2 - float((distance[1:] ** 2).mean())))), 4),
        round(float((1 + (distance[1:] >= distance[0]).sum()) / (1 + DRAWS)), 4),
    )
    spread = np.maximum(moved[1:].std(axis=0), 1e-12)
    z = np.abs(moved) / spread
    p = (1 + (z[1:].max(axis=1)[:, None] >= z[0]).sum(axis=0)) / (1 + DRAWS)
    shares = [np.bincount(slice_of[side == s], minlength=k) / max(1, int((side == s).sum())) for s in (0, 1)]
    sure = [j for j in np.argsort(-np.abs(moved[0]), kind="stable").tolist() if p[j] < SURE][:SHOWN]
    numbers = ([round(float(x[j]), 4) for x in (*shares, p)] for j in sure)
    found = [Slice(_kind(before, after), before, after, chance) for before, after, chance in numbers]
    order = np.argsort([*sure, *(j for j in range(k) if j not in sure)])
    return shift, found, order[slice_of]


def _grouped(vectors: Any, seed: int) -> tuple[Ints, int]:
    from sklearn.cluster import KMeans

    k = int(np.clip(len(vectors) // FEWEST_IN_SLICE, 2, MOST_SLICES))
    model = KMeans(k, n_init=1, max_iter=30, random_state=seed).fit(vectors)
    return model.labels_.astype(np.int64), k


def _sum_by(group: Ints, values: Floats, n: int) -> Floats:
    out = np.zeros((n, values.shape[1]))
    np.add.at(out, group, values)
    return out


def _difference(draws: Floats, sums: Floats, size: Floats) -> Floats:
    """Mean of the new rows less that of the old ones, for each draw (a row of 0 and 1 a group)."""
    new = draws @ size
    total = sums.sum(axis=0)
    of_new = draws @ sums
    out: Floats = of_new / new[:, None] - (total - of_new) / (size.sum() - new)[:, None]
    return out


def _kind(before: float, after: float) -> str:
    if after > before:
        return "new" if after >= MANY_TIMES * before else "more"
    return "gone" if before >= MANY_TIMES * after else "less"
