"""What a tool kept, against the planted copies and against exact Jaccard of all pairs.

The reference is plain Python sets of word 3-grams (`curate.similarity.reference`: no hash, no compiled code) and a sparse
matrix product over all pairs. A peer that splits words elsewhere may differ by a hair at the threshold, so its removals
are also judged at 0.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from benchmarks.dedup.corpus import EDIT_RATES, Corpus
from curate.similarity.reference import shingles


@dataclass(frozen=True)
class AllPairs:
    """Every pair of rows that shares a tenth of its shingles or more, with its Jaccard similarity."""

    a: np.ndarray
    b: np.ndarray
    jaccard: np.ndarray
    n_rows: int

    def best(self, among: np.ndarray) -> np.ndarray:
        """For each row, the highest similarity to another row of `among` (a mask); 0 where there is none."""
        out = np.zeros(self.n_rows)
        for one, other in ((self.a, self.b), (self.b, self.a)):
            live = among[other]
            np.maximum.at(out, one[live], self.jaccard[live])
        return out


def all_pairs(texts: pa.ChunkedArray, words: int = 3) -> AllPairs:
    """Exact similarities of all pairs of rows that matter."""
    numbers: dict[tuple[str, ...], int] = {}
    indices: list[int] = []
    starts = [0]
    for text in texts.to_pylist():
        indices += [numbers.setdefault(gram, len(numbers)) for gram in shingles(text, words)]
        starts.append(len(indices))
    shape = (len(starts) - 1, len(numbers))
    held = sparse.csr_matrix((np.ones(len(indices), np.int32), indices, starts), shape=shape)
    size = np.diff(starts)
    pairs = sparse.triu(held @ held.T, k=1).tocoo()
    jaccard = pairs.data / (size[pairs.row] + size[pairs.col] - pairs.data)
    keep = jaccard >= 0.1
    return AllPairs(pairs.row[keep], pairs.col[keep], jaccard[keep], shape[0])


def against_all_pairs(pairs: AllPairs, kept: np.ndarray, threshold: float) -> dict[str, str]:
    """Recall over pairs (a pair is missed when both its rows stay), and whether each removal has a reason that stays."""
    stays = np.zeros(pairs.n_rows, bool)
    stays[kept] = True

    def recall(low: float, high: float) -> str:
        some = (pairs.jaccard >= low) & (pairs.jaccard < high)
        missed = int((stays[pairs.a] & stays[pairs.b] & some).sum())
        return f"{1 - missed / max(1, int(some.sum())):.4f} of {int(some.sum())}"

    gone = ~stays
    witness, partner = pairs.best(stays), pairs.best(np.ones(pairs.n_rows, bool))
    return {
        f"recall {threshold:g}-{threshold + 0.1:g}": recall(threshold, threshold + 0.1),
        f"recall {threshold + 0.1:g}-1": recall(threshold + 0.1, 1.01),
        "removed": f"{int(gone.sum())}",
        "has a partner": f"{(partner[gone] >= threshold).mean() if gone.any() else 1:.4f}",
        "a partner stays": f"{(witness[gone] >= threshold).mean() if gone.any() else 1:.4f}",
        "stays at 0.7": f"{(witness[gone] >= 0.7).mean() if gone.any() else 1:.4f}",
    }


def planted_found(corpus: Corpus, kept: np.ndarray) -> dict[str, str]:
    """For each edit rate, the share of planted copies of which not both rows stayed."""
    stays = np.zeros(corpus.rows, bool)
    stays[kept] = True
    both = stays[corpus.copy] & stays[corpus.source]
    return {f"{100 * rate:g} %": f"{1 - both[corpus.rate == rate].mean():.3f}" for rate in EDIT_RATES}
