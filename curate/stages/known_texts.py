"""Edges among texts of which most are known: between what a stage keeps of rows and an engine that knows distinct texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress
from curate.similarity.again import KeptTexts, edges_with, kept_after
from curate.similarity.near import Edges, NearConfig
from curate.similarity.partners import Ints
from curate.stages.base import Context


def edges_of_known(
    texts: pa.LargeStringArray, engine: NearConfig, distinct: Ints, first: Ints, group: Ints | None, context: Context,
    progress: Progress = no_progress,
) -> Edges | None:
    """Edges between the texts `distinct`, most of which are known; None where all must be looked at.

    `first` names for each row the one of `distinct` with its text.
    """
    known = context.known
    old = None if known is None else known.arrays()
    if known is None or not old:  # nothing is kept where edges depend on more than their texts
        return None
    before = known.before[distinct]
    # The place of each text among the distinct ones of then; two that were one text then are told apart by the engine.
    place = np.where(before >= 0, old["text"][np.maximum(before, 0)], -1)
    again = np.bincount(place + 1, minlength=1)
    if (again[1:] > 1).any():
        once = np.zeros(len(place), np.bool_)
        once[np.unique(place, return_index=True)[1]] = True
        place[~once] = -1
    found = edges_with(texts, engine, distinct, KeptTexts.of(old), place, group, context.threads, progress)
    if found is None:
        return None
    edges, keep = found
    known.leave(_all(keep, distinct, first))
    return edges


def keep_edges(found: Edges, engine: NearConfig, distinct: Ints, first: Ints, context: Context) -> None:
    """Keep a full look for the next one, where its edges stand for themselves."""
    def made() -> dict[str, NDArray[Any]]:
        kept = kept_after(found, engine)
        return {} if kept is None else _all(lambda: kept, distinct, first)()

    if context.known is not None:
        context.known.leave(made)


def _all(keep: Callable[[], KeptTexts], distinct: Ints, first: Ints) -> Callable[[], dict[str, NDArray[Any]]]:
    return lambda: {**keep().arrays(), "text": np.searchsorted(distinct, first)}
