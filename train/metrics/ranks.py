"""How far wanted answers stand above unwanted ones: the area under the ROC curve, in the shapes that intervals need.

The area is the chance that a wanted answer has the higher rank, ties half (Hanley and McNeil 1982). It is no mean over
rows, so it is told in three ways: by row as its *placement*, the share of the other kind that it is on the right side of;
as *pseudo-values*, whose mean is the area and whose variance that of DeLong, DeLong and Clarke-Pearson (1988), both
kinds' chance included; and of weighted rows, for a bootstrap. Cost: a sort.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curate.statistics import wilson
from train.metrics.interval import Floats, Resampling


def placements(rank: np.ndarray, wanted: np.ndarray) -> Floats:
    """float64[n]: of the other kind, the share below (of a wanted answer) or above (of an unwanted one); NaN for none."""
    found = np.full(len(rank), np.nan)
    good, bad = np.sort(rank[wanted]), np.sort(rank[~wanted])
    if len(good) and len(bad):
        found[wanted] = _below(bad, rank[wanted]) / len(bad)
        found[~wanted] = 1.0 - _below(good, rank[~wanted]) / len(good)
    return found


def pseudo_values(rank: np.ndarray, wanted: np.ndarray) -> Floats:
    """float64[n]: as many numbers as rows, whose mean is the area; NaN where there is one kind only."""
    placed = placements(rank, wanted)
    area = float(placed[wanted].mean()) if wanted.any() else np.nan
    rows_a_row = np.where(wanted, len(rank) / max(1, int(wanted.sum())), len(rank) / max(1, int((~wanted).sum())))
    return np.asarray(area + rows_a_row * (placed - area))


def area_interval(rank: np.ndarray, wanted: np.ndarray, clusters: np.ndarray | None) -> list[float] | None:
    """[low, high] of the area, over draws of clusters; where no answer is out of order, Wilson's of the rarer kind."""
    found = Resampling(len(rank), clusters).of(area_of(rank, wanted))
    placed = placements(rank, wanted)
    if found is None or not np.isin(placed, (0.0, 1.0)).all():
        return found
    rarer = min(int(wanted.sum()), int((~wanted).sum()))
    low, high = wilson(float(placed[wanted].mean()) * rarer, rarer)
    return [min(found[0], low), max(found[1], high)]


def area_of(rank: np.ndarray, wanted: np.ndarray) -> Callable[[Floats], Floats]:
    """The area of rows that weigh so much, float64[draws, n] to float64[draws] (`Resampling.of`)."""
    bad = np.flatnonzero(~wanted)[np.argsort(rank[~wanted], kind="stable")]
    ends = [np.searchsorted(rank[bad], rank[wanted], side=side) for side in ("left", "right")]

    def area(weights: Floats) -> Floats:
        below = np.cumsum(weights[:, bad], axis=1, dtype=np.float64)
        below = np.concatenate([np.zeros((len(weights), 1)), below], axis=1)
        passed = (below[:, ends[0]] + below[:, ends[1]]) / 2
        heavy = weights[:, wanted]
        return np.asarray((heavy * passed).sum(axis=1) / (heavy.sum(axis=1) * below[:, -1]))

    return area


def _below(ordered: np.ndarray, values: np.ndarray) -> Floats:
    """How many of `ordered` are below each value, ties half."""
    both = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(both / 2.0)
