"""Do the probabilities of a model mean the same in every group: mean probability less the share that came true.

Method: calibration in the large, by group: with a positive class, mean score less base rate; with more classes, mean
confidence in the predicted class less accuracy. Rows are cut into 100 bins of score, so that the bootstrap needs counts
only; a bin stands for the mean score of its rows (weighted, where rows have weights), which keeps the observed value exact.
Not the expected calibration error: that is above zero by chance alone, and more so in small groups, so it cannot compare
them.

Shapes: n scores in 0..1 (NaN: not scored); values `(G, 1)`, draws `(draws, G, 1)`. Cost as `audit.fairness.counts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.fairness.counts import Cells, Floats, kish
from audit.fairness.encode import Ints

_BINS = 100


@dataclass(frozen=True)
class Calibration:
    """The gap of each group and of all others, with their draws."""

    value: Floats
    rest: Floats
    base: Floats
    """Scored rows of each group, or as many of equal weight as would be as precise."""
    rest_base: Floats
    draws: Floats
    gaps: Floats


def calibration(audit: Any, rows: Ints, code: Ints, n_groups: int, cluster: Ints | None) -> Calibration:
    """Of the rows that an audit looks at, those with a score; `code` is their group."""
    score = audit.score[rows]
    known = ~np.isnan(score)
    score, group = score[known], code[known]
    hit = (audit.label == audit.positive if audit.positive is not None else audit.label == audit.guess)[rows][known]
    bin_of = np.clip((score * _BINS).astype(np.int64), 0, _BINS - 1)
    weight = None if audit.weight is None else audit.weight[rows][known]
    cells = Cells((group * 2 + hit) * _BINS + bin_of, None if cluster is None else cluster[known], weight)
    shape = (n_groups, 3)
    if not len(group):
        nothing, none = np.full((n_groups, 1), np.nan), np.zeros((n_groups, 1))
        empty = np.full((audit.n_boot, n_groups, 1), np.nan)
        return Calibration(nothing, nothing, none, none, empty, empty)
    mass = cells.rows * cells.weight
    sums = np.bincount(cells.of_row, weights=score if weight is None else score * weight)
    mean = np.divide(sums, mass, out=np.zeros_like(mass), where=mass > 0)
    project = np.zeros((len(cells.code), *shape))
    at, of, came = np.arange(len(cells.code)), cells.code // (2 * _BINS), (cells.code // _BINS) % 2
    project[at, of] = cells.weight[:, None] * np.stack([np.ones(len(at)), mean, came], axis=1)
    flat = project.reshape(len(at), -1)
    observed = (cells.rows @ flat).reshape(shape)
    draws = np.concatenate([(d @ flat).reshape(-1, *shape) for d in cells.draws(audit.n_boot, audit.seed)])
    others = draws.sum(axis=1, keepdims=True) - draws
    rest = observed.sum(axis=0) - observed
    own = _gap(draws)
    total = observed[:, :1]
    squares = np.asarray(np.bincount(of, weights=cells.squares, minlength=n_groups)[:, None], np.float64)
    base = kish(total, squares), kish(total.sum() - total, squares.sum() - squares)
    return Calibration(_gap(observed), _gap(rest), *base, own, own - _gap(others))


def _gap(sums: Floats) -> Floats:
    n, score, came = sums[..., 0:1], sums[..., 1:2], sums[..., 2:3]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(n > 0, (score - came) / n, np.nan))
