"""Sufficient counts and their bootstrap.

Method. Every metric here is a ratio of counts, so rows are reduced to *cells* (all rows with the same group, label,
prediction, weight) and cells to counts. The cluster bootstrap (Davison & Hinkley, 1997, 3.8) draws whole near-duplicate
clusters; clusters that hold the same cells are interchangeable, so one multinomial over distinct contents replaces the
drawing of rows: exact, and its cost does not grow with the number of rows once all contents have been seen. Above
`_MOST_EXACT` distinct contents each is drawn by itself from a Poisson distribution (Hanley & MacGibbon, 2006): the
number of rows then varies by its root from draw to draw, which ratios do not notice.

Shapes: n cell codes in; draws `(b, cells)` out, in blocks of bounded size. Cost: O(n log n) once, then O(draws x distinct
contents), 4 ns each. It does not stratify by group: group sizes vary from draw to draw, as they would in new data.
Weights stand in a cell as their mean; with more than `_WEIGHTS` distinct ones rows are first cut into as many bins of
weight, so that the observed sums stay exact and only the spread inside a bin is left out of the draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from audit.fairness.encode import Ints

if TYPE_CHECKING:
    from scipy import sparse

Floats = npt.NDArray[np.float64]
_CHUNK_CELLS = 20_000_000
_MOST_EXACT = 20_000
_LIGHT = 8
_WEIGHTS = 64


class Cells:
    """Distinct cells of n rows, how many rows each holds, and draws of them."""

    def __init__(self, code: Ints, cluster: Ints | None = None, weight: Floats | None = None) -> None:
        if weight is not None:
            level = _levels(weight)
            code = code * (int(level.max(initial=0)) + 1) + level
            self._levels = int(level.max(initial=0)) + 1
        else:
            self._levels = 1
        found, cell_of = np.unique(code, return_inverse=True)
        cell_of = cell_of.astype(np.int64).ravel()
        self.code: Ints = found // self._levels
        """`(cells,)` the code of each cell, weights left out."""
        self.rows: Ints = np.bincount(cell_of, minlength=len(found)).astype(np.int64)
        """`(cells,)` rows."""
        self.weight: Floats = np.ones(len(found))
        """`(cells,)` mean weight of the rows."""
        self.squares: Floats = self.rows.astype(np.float64)
        """`(cells,)` sum of squared weights."""
        self.of_row: Ints = cell_of
        """`(n,)` the cell of each row."""
        if weight is not None:
            sums = np.bincount(cell_of, weights=weight, minlength=len(found))
            self.weight = np.asarray(sums / np.maximum(self.rows, 1), np.float64)
            self.squares = np.asarray(np.bincount(cell_of, weights=weight * weight, minlength=len(found)), np.float64)
        self._contents, self._times = _contents(cell_of, cluster, len(found))

    def draws(self, n_boot: int, seed: int) -> Iterator[Floats]:
        """Blocks `(b, cells)` of resampled rows that together hold `n_boot` draws."""
        if self._contents is not None and len(self._times) > _MOST_EXACT:
            yield from self._poisson_draws(self._contents, n_boot, seed)
            return
        rng = np.random.default_rng(seed)
        total = int(self._times.sum())
        share = self._times / total
        step = max(1, min(n_boot, _CHUNK_CELLS // max(len(self._times), len(self.rows), 1)))
        for first in range(0, n_boot, step):
            drawn = rng.multinomial(total, share, size=min(step, n_boot - first)).astype(np.float64)
            yield drawn if self._contents is None else np.asarray(drawn @ self._contents)

    def _poisson_draws(self, contents: sparse.csr_matrix, n_boot: int, seed: int) -> Iterator[Floats]:
        """The same for very many contents: those that come up to `_LIGHT` times one by one, the others by numpy."""
        rng = np.random.default_rng(seed)
        heavy = np.flatnonzero(self._times > _LIGHT)
        light = np.flatnonzero(self._times <= _LIGHT)
        few = contents[light]
        step = max(1, min(n_boot, _CHUNK_CELLS // max(len(heavy), len(self.rows), 1)))
        for first in range(0, n_boot, step):
            size = min(step, n_boot - first)
            out = np.asarray(rng.poisson(self._times[heavy], (size, len(heavy))).astype(np.float64) @ contents[heavy])
            _add_poisson(
                out, self._times[light], few.indptr.astype(np.int64), few.indices.astype(np.int64), few.data,
                rng.integers(0, 1 << 63, size, dtype=np.uint64),
            )  # fmt: skip
            yield out


@njit(cache=True, nogil=True)
def _add_poisson(out: Floats, times: Ints, start: Ints, cell: Ints, rows: Floats, seeds: npt.NDArray[np.uint64]) -> None:
    """Add to each draw `out[i]` every content a Poisson(times) number of times, by inversion; one generator a draw."""
    none = np.exp(-np.arange(_LIGHT + 1.0))
    for i in range(len(out)):
        state = seeds[i]
        for c in range(len(times)):
            # splitmix64 (Steele, Lea & Flood, 2014)
            state += np.uint64(0x9E3779B97F4A7C15)
            z = state
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            u = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
            p = none[times[c]]
            number = 0
            while u >= p and number < 64:
                u -= p
                number += 1
                p *= times[c] / number
            if number:
                for at in range(start[c], start[c + 1]):
                    out[i, cell[at]] += number * rows[at]


def _levels(weight: Floats) -> Ints:
    """A small code of each weight."""
    found, level = np.unique(weight, return_inverse=True)
    if len(found) > _WEIGHTS:
        edges = np.unique(np.quantile(weight, np.linspace(0, 1, _WEIGHTS + 1)[1:-1]))
        level = np.searchsorted(edges, weight, side="right")
    return level.astype(np.int64).ravel()


def _contents(cell_of: Ints, cluster: Ints | None, n_cells: int) -> tuple[sparse.csr_matrix | None, Ints]:
    """Distinct contents of clusters `(contents, cells)` and how many clusters have each; None: every row is alone.

    `cluster` holds small numbers from 0, such as positions.
    """
    from scipy import sparse  # here: reports without groups need not pay for it

    if cluster is None:
        return None, np.bincount(cell_of, minlength=n_cells).astype(np.int64)
    code = cluster
    alone = np.bincount(code)[code] == 1
    times = np.bincount(cell_of[alone], minlength=n_cells)
    rows = np.flatnonzero(~alone)
    if not len(rows):
        return None, times.astype(np.int64)
    # Two clusters hold the same cells when two independent 64-bit sums of hashes of their cells are equal.
    hashed = np.random.default_rng(0x5EED).integers(0, 1 << 63, (2, n_cells), dtype=np.uint64)
    order = rows[np.argsort(code[rows], kind="stable")]
    starts = np.flatnonzero(np.r_[True, np.diff(code[order]) != 0])
    keys = np.stack([np.add.reduceat(h[cell_of[order]], starts) for h in hashed], axis=1)
    _, first, number = np.unique(keys, axis=0, return_index=True, return_counts=True)
    ends = np.r_[starts[1:], len(order)]
    spans = [np.arange(starts[i], ends[i]) for i in first.tolist()]
    at = np.repeat(np.arange(len(spans)), [len(s) for s in spans])
    cells = cell_of[order[np.concatenate(spans)]]
    several = sparse.csr_matrix((np.ones(len(at)), (at, cells)), shape=(len(spans), n_cells))
    single = np.flatnonzero(times)
    lone = sparse.identity(n_cells, format="csr")[single]
    return sparse.csr_matrix(sparse.vstack([lone, several])), np.concatenate([times[single], number]).astype(np.int64)


class Confusion:
    """Cells of (group, label, prediction) as counts by group: rows, hits and, by class, true, predicted, both."""

    def __init__(
        self,
        group: Ints,
        label: Ints,
        predicted: Ints,
        n_groups: int,
        n_classes: int,
        cluster: Ints | None,
        weight: Floats | None = None,
    ) -> None:
        from scipy import sparse

        self.n_groups, self.n_classes, self.width = n_groups, n_classes, 2 + 3 * n_classes
        self.cells = Cells((group * n_classes + label) * n_classes + predicted, cluster, weight)
        k, code = n_classes, self.cells.code
        g, t, p = code // (k * k), (code // k) % k, code % k
        base, at, hit = g * self.width, np.arange(len(code)), t == p
        rows = np.concatenate([at, at[hit], at, at, at[hit]])
        columns = np.concatenate(
            [base, base[hit] + 1, base + 2 + t, base + 2 + k + p, base[hit] + 2 + 2 * k + t[hit]]
        )
        shape = (len(code), n_groups * self.width)
        self._project = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        self._weighted = self._project
        if weight is not None:
            self._weighted = sparse.csr_matrix(self._project.multiply(self.cells.weight[:, None]))

    def observed(self) -> Floats:
        """`(G, width)` counts, by weight where there are weights."""
        return self._by_group(self.cells.rows @ self._weighted)

    def effective(self) -> tuple[Floats, Floats]:
        """`(G, width)` of each group and of all others: rows of equal weight that would be as precise (Kish, 1965)."""
        total, squares = self.observed(), self._by_group(self.cells.squares @ self._project)
        return kish(total, squares), kish(total.sum(axis=0) - total, squares.sum(axis=0) - squares)

    def resampled(self, n_boot: int, seed: int) -> Iterator[Floats]:
        """Blocks `(b, G, width)` that together hold `n_boot` draws."""
        for drawn in self.cells.draws(n_boot, seed):
            yield np.asarray(drawn @ self._weighted).reshape(len(drawn), self.n_groups, self.width)

    def _by_group(self, flat: npt.ArrayLike) -> Floats:
        return np.asarray(flat, dtype=np.float64).reshape(self.n_groups, self.width)


def kish(total: Floats, squares: Floats) -> Floats:
    """Sum squared over sum of squares; 0 where there is no weight."""
    return np.divide(total * total, squares, out=np.zeros_like(total), where=squares > 0)
