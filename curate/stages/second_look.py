"""A second look at curated rows without reading their texts again.

Curated rows are raw rows, less some. What an engine computed of raw rows (their class of identical texts, their
sketches, the pairs that were compared) holds for rows that stay as they are, so the stages leave that in the raw
dataset's memory and a look at the rows that stay takes it from there. Where a row was edited, or the memory holds
nothing under the same settings, everything is computed anew.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from curate.dataset import Dataset
from curate.parallel import Progress
from curate.similarity.again import edges_among
from curate.similarity.clusters import clusters
from curate.similarity.near import Edges, NearConfig, near_duplicate_edges
from curate.similarity.partners import Ints
from curate.similarity.texts import narrow
from curate.stages.row_numbers import texts_of


def remember(dataset: Dataset, key: Hashable, value: Any) -> None:
    """Leave `value` for datasets selected from this one."""
    dataset.memo[key] = value


def _recalled(dataset: Dataset, key: Hashable) -> tuple[Any, Ints] | None:
    """(what was left under `key`, positions of these rows in the dataset it speaks of)."""
    if dataset.origin is None:
        return None
    whole, rows = dataset.origin
    value = whole.memo.get(key)
    return None if value is None else (value, rows)


def groups_again(dataset: Dataset, key: Hashable) -> Ints | None:
    """First row with the same text as each row, -1 where it is alone: of these rows, from the groups of all rows."""
    recalled = _recalled(dataset, key)
    if recalled is None:
        return None
    group = np.asarray(recalled[0])[recalled[1]]
    out = np.full(len(group), -1, np.int64)
    together = np.flatnonzero(group >= 0)
    _, first, which, size = np.unique(group[together], return_index=True, return_inverse=True, return_counts=True)
    many = size[which] > 1
    out[together[many]] = together[first[which[many]]]
    return out


@dataclass(frozen=True)
class _Looked:
    """A look at the texts of all rows."""

    found: Edges
    group: Ints
    """First row with the text of each row, -1 where it is alone: which texts these were is soon said again."""


def remember_edges(dataset: Dataset, engine: NearConfig, found: Edges, group: Ints) -> None:
    """Leave the edges between the distinct texts of rows; `group` names the first row with the text of each, -1: alone."""
    # Sketches are the larger part of what a look holds, and only templates ask for them again.
    kept = found if found.stats["template_shingles"] else replace(found, reading=None)
    remember(dataset, engine, _Looked(kept, group))


def edges_again(
    dataset: Dataset, engine: NearConfig, distinct: Ints, progress: Progress, threads: int, group: Ints | None = None
) -> Edges | None:
    """Edges between the texts `distinct` of these rows, when they were looked at as part of all rows.

    Every two rows that share a bucket were compared in full then, unless the bucket was crowded: rows of crowded buckets
    are looked at again, all of them. Where templates were set apart, buckets are made of the sketches anew.
    """
    recalled = _recalled(dataset, engine)
    if recalled is None:
        return None
    look, rows = recalled
    found = look.found
    own = rows if len(distinct) == len(rows) else rows[distinct]
    places = _places(look.group, own, dataset)
    if found.reading is not None:
        return near_duplicate_edges(found.reading.take(places), engine, progress, threads, group=group)
    if found.stats["template_shingles"]:
        return None
    if not found.stats["crowded_buckets"]:
        return _among(found, places)
    if found.crowd is None or found.blank is None or dataset.origin is None:
        return None
    texts = dataset.origin[0].content()  # where they lie; `dataset` would copy its own
    return edges_among(texts, engine, own, found, found.blank, places, group, threads)


def _places(group: Ints, rows: Ints, dataset: Dataset) -> Ints:
    """The place of the text of each of `rows`, rows of the dataset that `dataset` was selected from, among its texts."""
    assert dataset.origin is not None
    first, distinct = texts_of(group, dataset.origin[0])
    return narrow(np.searchsorted(distinct, first[rows]))


def _among(found: Edges, places: Ints) -> Edges:
    """The edges among some of the rows. Where the first of some rows of identical shingles is not among them, the next
    takes its place."""
    same = found.score >= 1.0
    classes = clusters(found.n_rows, found.a[same], found.b[same])
    own = classes[places]
    _, head, which = np.unique(own, return_index=True, return_inverse=True)
    place_of = np.full(found.n_rows, -1, np.int64)
    place_of[own[head]] = head
    copies = np.flatnonzero(head[which] != np.arange(len(places)))
    one, other = place_of[classes[found.a[~same]]], place_of[classes[found.b[~same]]]
    here = (one >= 0) & (other >= 0)
    a = np.concatenate([np.minimum(one, other)[here], head[which[copies]]])
    b = np.concatenate([np.maximum(one, other)[here], copies])
    ones = np.ones(len(copies), np.float32)
    score = np.concatenate([found.score[~same][here], ones])
    weighted = np.concatenate([found.weighted[~same][here], ones])
    order = np.lexsort((b, a))
    return Edges(len(places), a[order], b[order], score[order], dict(found.stats), weighted[order])
