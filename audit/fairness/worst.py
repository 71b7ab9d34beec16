"""Where a model is wrong most often, in words: slices of groups, labels and lengths, one or two conditions.

Engine: `curate.labels.slices`, which tries every slice and corrects for the search. The score of a row is 1 where the
prediction is wrong. Rows that copy each other count as many, so slices are a place to look, not a test of fairness.
Cost: that of the engine, 2 s for 20,000 rows and a few columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.fairness.encode import groupings, together
from curate.labels.slices import Conditions, SliceSearch, by_range, worst_slices
from curate.words import difference, percent

MOST = 5


def worst_for_model(
    labels: Any, predictions: Any, groups: Mapping[str, Any], lengths: Any = None, seed: int = 0
) -> SliceSearch:
    """The slices in which predictions are wrong more often than elsewhere, beyond the chance of the search."""
    (label, guess), names = together([labels, predictions])
    wrong = np.where((label >= 0) & (guess >= 0), label != guess, np.nan).astype(np.float64)
    columns = [
        Conditions(g.name, tuple(f"= {name}" for name in g.groups), g.code) for g in groupings(groups, 2) if g.groups
    ]
    if 2 <= len(names) <= 50:
        columns.append(Conditions("label", tuple(f"= {name}" for name in names), label))
    if lengths is not None:
        columns.append(by_range("length of the text in characters", lengths))
    return worst_slices(wrong, columns, most=MOST, seed=seed)


def in_words(found: SliceSearch) -> list[str]:
    """A sentence a slice, worst first."""
    return [
        f"where {s}: wrong in {percent(s.mean)} of {s.rows:,} rows, {percent(s.others)} elsewhere "
        f"({difference(100 * s.difference, 100 * s.low, 100 * s.high)} points, corrected for the search)"
        for s in found.slices
    ]
