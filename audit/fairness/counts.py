"""Sufficient counts by group, and their bootstrap.

Method. Every metric here is a ratio of counts, so rows are reduced to integer counts by group: rows, hits and, for each
class, true rows, predicted rows and true positives. The cluster bootstrap (Davison & Hinkley, 1997, 3.8) draws whole
near-duplicate clusters; clusters with the same contents are interchangeable, so one multinomial over distinct contents
replaces the drawing of rows: exact, and its cost does not grow with the number of rows once all contents have been seen.

Shapes: `(G, 2 + 3k)` counts of G groups and k classes; `(n_boot, G, 2 + 3k)` resampled. Cost: O(n log n) once, then
O(n_boot * distinct contents). It does not stratify by group: group sizes vary from draw to draw, as they would in new data.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_CHUNK_CELLS = 20_000_000


class Counts:
    """Counts of G groups over k classes; `predicted` is None when only labels are known."""

    def __init__(
        self, group: Ints, label: Ints, predicted: Ints | None, n_groups: int, n_classes: int, cluster: Ints | None
    ) -> None:
        self.n_groups, self.n_classes = n_groups, n_classes
        self.width = 2 + 3 * n_classes
        guess = label if predicted is None else predicted
        cell = (group * n_classes + label) * n_classes + guess
        cells, cell_of = np.unique(cell, return_inverse=True)
        contents, self.times = _contents(cell_of, cluster, len(cells))
        self._contents = sparse.csr_matrix(contents @ self._cell_counts(cells))

    def _cell_counts(self, cells: Ints) -> sparse.csr_matrix:
        """`(cells, G * width)`: what one row of each cell adds to the counts of its group."""
        k = self.n_classes
        group, label, guess = cells // (k * k), (cells // k) % k, cells % k
        base, at, hit = group * self.width, np.arange(len(cells)), label == guess
        rows = np.concatenate([at, at[hit], at, at, at[hit]])
        columns = np.concatenate(
            [base, base[hit] + 1, base + 2 + label, base + 2 + k + guess, base[hit] + 2 + 2 * k + label[hit]]
        )
        return sparse.csr_matrix(
            (np.ones(len(rows)), (rows, columns)), shape=(len(cells), self.n_groups * self.width)
        )

    def observed(self) -> Floats:
        """`(G, width)` counts of the data."""
        out: Floats = np.asarray(self.times @ self._contents, dtype=np.float64)
        return out.reshape(self.n_groups, self.width)

    def resampled(self, n_boot: int, seed: int) -> Iterator[Floats]:
        """Blocks `(b, G, width)` that together hold `n_boot` draws."""
        rng = np.random.default_rng(seed)
        total = int(self.times.sum())
        share = self.times / total
        cells = max(len(self.times), self.n_groups * self.width)
        step = max(1, min(n_boot, _CHUNK_CELLS // cells))
        for first in range(0, n_boot, step):
            size = min(step, n_boot - first)
            drawn = rng.multinomial(total, share, size=size).astype(np.float64)
            yield np.asarray(drawn @ self._contents).reshape(size, self.n_groups, self.width)


def _contents(cell_of: Ints, cluster: Ints | None, n_cells: int) -> tuple[sparse.csr_matrix, Ints]:
    """Distinct cluster contents `(contents, cells)` and how many clusters have each."""
    singles = sparse.identity(n_cells, format="csr")
    if cluster is None:
        return singles, np.bincount(cell_of, minlength=n_cells).astype(np.int64)
    _, code, size = np.unique(cluster, return_inverse=True, return_counts=True)
    alone = size[code] == 1
    times = [np.bincount(cell_of[alone], minlength=n_cells)]
    tables = [singles]
    rows = np.flatnonzero(~alone)
    if len(rows):
        rows = rows[np.lexsort((cell_of[rows], code[rows]))]
        seen: dict[bytes, int] = {}
        members: list[Ints] = []
        number: list[int] = []
        for part in np.split(cell_of[rows], np.flatnonzero(np.diff(code[rows])) + 1):
            key = part.tobytes()
            if key not in seen:
                seen[key] = len(members)
                members.append(part)
                number.append(0)
            number[seen[key]] += 1
        at = np.repeat(np.arange(len(members)), [len(m) for m in members])
        tables.append(
            sparse.csr_matrix((np.ones(len(at)), (at, np.concatenate(members))), shape=(len(members), n_cells))
        )
        times.append(np.asarray(number))
    return sparse.csr_matrix(sparse.vstack(tables)), np.concatenate(times).astype(np.int64)


def metric_names(n_classes: int, classes: list[str], positive: int | None, with_predictions: bool) -> list[str]:
    """Names of the columns that `metrics` returns."""
    if positive is not None:
        return ["base_rate"] + (["selection_rate", "tpr", "fpr", "accuracy"] if with_predictions else [])
    names = [f"base_rate[{c}]" for c in classes]
    if with_predictions:
        names += [f"selection_rate[{c}]" for c in classes] + ["macro_tpr", "macro_fpr", "accuracy"]
    return names


def metrics(counts: Floats, n_classes: int, positive: int | None, with_predictions: bool) -> tuple[Floats, Floats]:
    """Values and denominators `(..., m)` from counts `(..., width)`; NaN where a denominator is zero.

    Macro rates are means over the classes that occur in the group (TPR) or do not fill it (FPR); their denominator is the
    smallest of those classes' denominators that is not zero.
    """
    k = n_classes
    n, hits = counts[..., 0], counts[..., 1]
    true, guess, tp = (counts[..., 2 + i * k : 2 + (i + 1) * k] for i in range(3))
    rows = n[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        tpr, fpr = tp / true, (guess - tp) / (rows - true)
        if positive is not None:
            c = slice(positive, positive + 1)
            values = [true[..., c] / rows]
            bases = [rows]
            if with_predictions:
                values += [guess[..., c] / rows, tpr[..., c], fpr[..., c], hits[..., None] / rows]
                bases += [rows, true[..., c], rows - true[..., c], rows]
        else:
            values, bases = [true / rows], [np.broadcast_to(rows, true.shape)]
            if with_predictions:
                values += [guess / rows, _mean(tpr), _mean(fpr), hits[..., None] / rows]
                bases += [np.broadcast_to(rows, true.shape), _least(true), _least(rows - true), rows]
    return np.concatenate(values, axis=-1), np.concatenate(bases, axis=-1)


def _mean(rates: Floats) -> Floats:
    known = ~np.isnan(rates)
    total = np.where(known, rates, 0.0).sum(axis=-1, keepdims=True)
    return np.asarray(total / known.sum(axis=-1, keepdims=True))


def _least(counts: Floats) -> Floats:
    return np.asarray(np.where(counts > 0, counts, np.inf).min(axis=-1, keepdims=True))
