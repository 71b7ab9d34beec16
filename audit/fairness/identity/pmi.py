"""Which labels come with which named groups: pointwise mutual information with intervals.

Method: log2 of p(label, named) / (p(label) p(named)) (Church & Hanks, 1990); 1 means that the label is twice as frequent
among texts that name the group. Percentile interval over near-duplicate clusters (`audit.fairness.counts`). With fewer
than `FEWEST` expected rows it is insufficient evidence; with none at all there is only an upper end. No test and no
correction here: the audit compares label rates with both.

Shapes: n label codes (-1: none), masks `(n,)`. Cost O(n) a group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.fairness.counts import Cells, Floats
from audit.fairness.encode import Ints
from audit.fairness.spread import quantiles

FEWEST = 5.0


@dataclass(frozen=True)
class Association:
    """One named group and one label."""

    group: str
    label: str
    rows: int
    """Texts that name the group and have the label."""
    expected: float
    """The same if the two had nothing to do with each other."""
    pmi: float | None
    low: float | None
    high: float | None
    outcome: str
    """`associated`, `not shown`, or `insufficient evidence`."""


def associations(
    named: Mapping[str, npt.NDArray[np.bool_]],
    label: Ints,
    names: list[str],
    clusters: Ints | None = None,
    n_boot: int = 1000,
    seed: int = 0,
) -> list[Association]:
    """Every group with every label; `clusters` holds small numbers from 0."""
    rows = np.flatnonzero(label >= 0)
    k, out = len(names), []
    for group, mask in named.items():
        cells = Cells(
            mask[rows].astype(np.int64) * k + label[rows], None if clusters is None else _dense(clusters[rows])
        )
        place = np.zeros((len(cells.code), 2 * k))
        place[np.arange(len(cells.code)), cells.code] = 1.0
        seen = (cells.rows @ place).reshape(1, 2, k)
        draws = np.concatenate([(d @ place).reshape(-1, 2, k) for d in cells.draws(n_boot, seed)])
        value, drawn = _pmi(seen)[0], _pmi(draws)
        low, high = quantiles(np.where(np.isneginf(drawn), -1e9, drawn))
        share = seen[0].sum(axis=0) / max(1.0, seen.sum())
        for c, name in enumerate(names):
            expected = float(share[c] * seen[0, 1].sum())
            ends = [float(v) if -1e8 < v < np.inf else None for v in (low[c], high[c])]
            apart = (ends[0] or -1.0) > 0 or (ends[1] is not None and ends[1] < 0)
            outcome = "insufficient evidence" if expected < FEWEST else "associated" if apart else "not shown"
            own = float(value[c]) if np.isfinite(value[c]) else None
            out.append(Association(group, name, int(seen[0, 1, c]), expected, own, ends[0], ends[1], outcome))
    return out


def _dense(cluster: Ints) -> Ints:
    return np.unique(cluster, return_inverse=True)[1].astype(np.int64).ravel()


def _pmi(counts: Floats) -> Floats:
    """log2 ratios `(b, k)` of counts `(b, 2, k)`; minus infinity where nothing comes together, NaN: nothing is known."""
    both, total = counts[:, 1], counts.sum(axis=(1, 2))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = both.sum(axis=1, keepdims=True) * counts.sum(axis=1) / total
        return np.asarray(np.where(expected > 0, np.log2(both / expected), np.nan))
