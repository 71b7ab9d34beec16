"""Near-duplicates of earlier items: which rows nearly repeat an item of an index.

Method: rows and items that share a band key are compared by exact Jaccard on their shingle sets; the best item at the
threshold is given, of equals the first. Items of identical shingles are compared once. Where a row shares a key with
more than `MOST` items, the first `MOST` of that bucket are compared and the rest counted in `left_out`.
Templates: with `template_share`, shingles that so many of the rows, or of the items, have in common weigh little (see
`templates`), and a near pair must also reach `WEIGHTED`: next month's rows of the same template repeat none of last
month's. What is left without the template is short, so a threshold as for whole rows would lose copies of one other word.
Band keys are then made of the weights, for the rows and for the items.
Shapes: `item`, `score` by row; item -1 where no item is near. Complexity: O((rows + items) log items * bands) plus the
comparisons. Recall at the threshold: that of the index's layout (0.99 at 0.8 and 0.89 at 0.7, weighted
where there are templates).
Does not: look below the similarity that the index was made for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress, over_blocks
from curate.similarity.containment_kernels import equal, fingerprints
from curate.similarity.index.items import Items
from curate.similarity.minhash import sketch
from curate.similarity.near import NearConfig
from curate.similarity.sets import build_sets, weighted_jaccard
from curate.similarity.templates import (
    FEWEST_SAMPLED,
    NO_TEMPLATES,
    SAMPLE_BYTES,
    SAMPLE_ROWS,
    Templates,
    either_weighs_less,
    find_templates,
    templates_of_sets,
    weighted_keys,
    weighted_keys_of_sets,
)
from curate.similarity.texts import as_large_strings, for_shingles

MOST = 256
WEIGHTED = 0.7
"""Least weighted similarity of a near pair: as of the parts of a row, less than of the whole."""
_FLOOR = NearConfig.floor
_ROWS_A_BLOCK = 8192
_UNWEIGHTED = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Nearby:
    """The nearest item of each row."""

    item: NDArray[np.int64]
    score: NDArray[np.float32]
    left_out: int
    """Pairs in crowded buckets that were not compared."""


def find_near(
    texts: pa.Array | pa.ChunkedArray,
    items: Items,
    similarity: float,
    *,
    template_share: float = 0.0,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Nearby:
    """The nearest item of every row, where it is at least this similar."""
    config = items.config
    strings = as_large_strings(texts)
    rows = for_shingles(strings, threads)
    made = sketch(rows, config.near.layout, config.words, config.seed, threads)
    n = rows.n_rows
    best_item, best = np.full(n, -1, np.int64), np.zeros(n, np.float32)
    shingles = items.shingles
    different = _different(items)
    keys, row_keys = items.keys[:, different], made.keys
    templates = _templates(strings, items, different, template_share, threads)
    weight = _UNWEIGHTED
    if templates:
        layout, seed, said = config.near.layout, config.seed, np.flatnonzero(made.count > 0)
        weight = templates.weigh(shingles.grams, threads)
        row_keys = weighted_keys(rows, said, made.count, layout, config.words, templates, seed, threads)
        at, size = shingles.at[different], shingles.size[different]
        keys = weighted_keys_of_sets(shingles.grams, at, size, layout, templates, seed, threads).astype(np.uint64)
    orders = [np.argsort(band, kind="stable") for band in keys]
    bounds = []
    for band, order in enumerate(orders):
        ordered = keys[band][order]
        lo = np.searchsorted(ordered, row_keys[band], "left")
        bounds.append((lo, np.searchsorted(ordered, row_keys[band], "right")))
    some = np.zeros(n, np.bool_)
    for lo, hi in bounds:
        some |= hi > lo
    which = np.flatnonzero(some & (made.count > 0))
    left_out = np.zeros(len(range(0, len(which), _ROWS_A_BLOCK)), np.int64)

    def work(start: int, stop: int) -> None:
        part = which[start:stop]
        sets = build_sets(rows, part, made.count, config.words)
        own = templates.weigh(sets.values) if templates else _UNWEIGHTED
        for (lo, hi), order in zip(bounds, orders, strict=True):
            left_out[start // _ROWS_A_BLOCK] += _nearest(
                *(sets.values, own, sets.at, sets.size, part, lo, hi, different[order]),
                *(shingles.grams, weight, shingles.at, shingles.size, np.float32(similarity)),
                *(np.float32(min(WEIGHTED, similarity)), best_item, best),
            )

    over_blocks(len(which), _ROWS_A_BLOCK, threads, work, progress)
    return Nearby(best_item, best, int(left_out.sum()))


def _templates(
    strings: pa.LargeStringArray, items: Items, different: NDArray[np.int64], share: float, threads: int
) -> Templates:
    """Templates of the rows and of the items."""
    if share <= 0:
        return NO_TEMPLATES
    words, seed = items.config.words, items.config.seed
    mean = max(1, int(items.shingles.size.sum()) // max(1, len(items)))
    most = min(SAMPLE_ROWS, max(FEWEST_SAMPLED, (SAMPLE_BYTES >> 3) // mean))
    if len(different) > most:
        different = np.sort(np.random.Generator(np.random.PCG64(seed)).choice(different, most, replace=False))
    sets = items.shingles.take(different)
    of_rows = find_templates(strings, words, share=share, seed=seed, threads=threads)
    return either_weighs_less(of_rows, templates_of_sets(sets.grams, sets.size, share))


def _different(items: Items) -> NDArray[np.int64]:
    """The first item of each shingle set that is not empty."""
    sets = items.shingles
    some = np.flatnonzero(sets.size > 0)
    key = fingerprints(sets.grams, sets.at[some], sets.size[some])
    order = np.argsort(key, kind="stable")
    again = np.zeros(len(some), np.bool_)
    again[1:] = (key[order[1:]] == key[order[:-1]]) & (sets.size[some][order[1:]] == sets.size[some][order[:-1]])
    heads = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(some))))] if len(some) else order
    left, right = heads[again], order[again]
    same = equal(sets.grams, sets.at, sets.size, some[left], some[right])
    keep = np.ones(len(some), np.bool_)
    keep[right[same]] = False
    return some[keep]


@njit(cache=True, nogil=True)
def _nearest(  # type: ignore[no-untyped-def]
    values, weight, at, size, rows, lo, hi, members, item_values, item_weight, item_at, item_size, similarity, tight,
    best_item, best,
):
    """Compare rows with `members[lo:hi]` of one band, keep the best; returns pairs left out."""
    left_out = 0
    for i in range(rows.size):
        row = rows[i]
        end = min(hi[row], lo[row] + MOST)
        left_out += hi[row] - end
        for x in range(lo[row], end):
            item = members[x]
            if item == best_item[row]:
                continue
            least = max(similarity, best[row])
            score = _jaccard(values, at[i], size[i], item_values, item_at[item], item_size[item], least)
            if score >= 0 and weight.size:
                weighted, agree = weighted_jaccard(
                    values, weight, at[i], size[i], item_values, item_weight, item_at[item], item_size[item]
                )
                if weighted < tight or agree < _FLOOR - 1e-6:
                    continue
            if score > best[row] or (score == best[row] and score > 0 and item < best_item[row]):
                best_item[row], best[row] = item, score
    return left_out


@njit(cache=True, nogil=True)
def _jaccard(left, i, n, right, j, m, floor):  # type: ignore[no-untyped-def]
    """Jaccard of two sorted sets, or -1 where it lies below `floor`."""
    if n == 0 or m == 0 or min(n, m) < floor * max(n, m) - 1e-4:
        return np.float32(-1.0)
    shared = 0
    end_i, end_j = i + n, j + m
    while i < end_i and j < end_j:
        x, y = left[i], right[j]
        shared += x == y
        step_i, step_j = x <= y, y <= x
        i += step_i
        j += step_j
    score = np.float32(shared / (n + m - shared))
    return score if score >= floor else np.float32(-1.0)


__all__ = ["MOST", "Nearby", "find_near"]
