"""Intervals by resampling rows, whole near-duplicate clusters at a time.

The percentile bootstrap (Efron and Tibshirani 1993) over clusters, because near-duplicates are no independent witnesses.
A draw is a weight for each row: how often its cluster was drawn. A weighted mean or a table of counts then costs one
matrix product for many draws. Where no draw differs (every row right), percentiles collapse to a point; for shares the
Wilson interval speaks instead. Cost: draws x rows random numbers, in blocks; 1,000 x 3,000 take about 50 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from curate.statistics import wilson

Floats = npt.NDArray[np.float64]
DRAWS = 1000
_BLOCK_NUMBERS = 4_000_000


class Resampling:
    """Draws over the clusters of some rows."""

    def __init__(self, n_rows: int, clusters: np.ndarray | None = None, *, draws: int = DRAWS, seed: int = 0) -> None:
        self.n_rows, self.draws, self.seed = n_rows, draws, seed
        self.cluster: np.ndarray | None = None
        self.n_clusters = n_rows
        if clusters is not None and len(clusters):
            names, code = np.unique(np.asarray(clusters), return_inverse=True)
            self.cluster, self.n_clusters = code, len(names)

    def weights(self) -> Iterator[Floats]:
        """float64[block, n_rows]: how often each row is in each of some draws."""
        rng = np.random.default_rng(self.seed)
        n, block = self.n_clusters, max(1, _BLOCK_NUMBERS // max(1, self.n_clusters))
        for start in range(0, self.draws, block):
            size = min(block, self.draws - start)
            drawn = rng.integers(0, n, size=(size, n)) + n * np.arange(size)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
            yield counts if self.cluster is None else counts[:, self.cluster]

    def of(self, statistic: Callable[[Floats], Floats]) -> list[float] | None:
        """[low, high] of `statistic`, which maps weights [block, n_rows] to values [block]; None where unknown."""
        if self.n_clusters < 2:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.concatenate([np.asarray(statistic(w), dtype=np.float64) for w in self.weights()])
        known = values[np.isfinite(values)]
        if len(known) < 0.9 * self.draws:
            return None
        low, high = np.percentile(known, [2.5, 97.5])
        return [float(low), float(high)]

    def of_mean(self, values: np.ndarray, weight: np.ndarray | None = None) -> list[float] | None:
        """[low, high] of a weighted mean; a mean of 0s and 1s is at least as wide as Wilson's over clusters."""
        values = np.asarray(values, dtype=np.float64)
        heavy = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=np.float64)
        found = self.of(lambda w: (w @ (values * heavy)) / (w @ heavy))
        if found is None or not np.isin(values, (0.0, 1.0)).all():
            return found
        low, high = wilson(float(np.average(values, weights=heavy)) * self.n_clusters, self.n_clusters)
        return [min(found[0], low), max(found[1], high)]

