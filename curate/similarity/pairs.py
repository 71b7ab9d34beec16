"""Similarity of given pairs: how alike two rows are in one of their parts.

Method: exact Jaccard and weighted Jaccard (see `templates`, whose shingles are counted in this part alone) of the
shingle sets of each pair; the lesser of the two counts. Two blank parts are alike, a blank and a full one are not.
Shapes: `left`, `right` int64 rows; the answer float32. Complexity: O(bytes) to prepare the texts, then O(shingles) a
pair. Memory: 8 bytes a shingle of the rows of one block of pairs.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.similarity.minhash import Layout, sketch
from curate.similarity.sets import build_sets, score_pairs
from curate.similarity.templates import find_templates, weighted_pairs
from curate.similarity.texts import Unit, as_large_strings, for_shingles

_PAIRS_A_BLOCK = 100_000


def similarity_of_pairs(
    texts: pa.Array | pa.ChunkedArray,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    *,
    words: int = 3,
    template_share: float = 0.0,
    seed: int = 0,
    unit: Unit = "word",
    threads: int = 1,
) -> NDArray[np.float32]:
    """The lesser of Jaccard and weighted Jaccard of each pair of rows."""
    out = np.zeros(len(left), np.float32)
    if len(left) == 0:
        return out
    strings = as_large_strings(texts)
    templates = find_templates(strings, words, share=template_share, seed=seed, unit=unit, threads=threads)
    used = np.unique(np.concatenate([left, right]))
    rows = for_shingles(strings.take(pa.array(used)), threads, unit)
    left, right = np.searchsorted(used, left), np.searchsorted(used, right)
    count = sketch(rows, Layout(1, 1), words, seed, threads).count
    for lo in range(0, len(left), _PAIRS_A_BLOCK):
        one, two = left[lo : lo + _PAIRS_A_BLOCK], right[lo : lo + _PAIRS_A_BLOCK]
        sets = build_sets(rows, np.unique(np.concatenate([one, two])), count, words, threads)
        score = np.maximum(score_pairs(sets, one, two, 0.0, threads), np.float32(0))
        if templates:
            weight = templates.weigh(sets.values, threads)
            score = np.minimum(score, weighted_pairs(sets, weight, one, two, threads))
        blank = (count[one] == 0) & (count[two] == 0)
        out[lo : lo + _PAIRS_A_BLOCK] = np.where(blank, np.float32(1), score)
    return out
