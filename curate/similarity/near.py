"""Near-duplicate edges: the one call that the stage makes.

Method: sketch every row (MinHash bands), contract rows of identical shingles to their first row, compare what
shares a band by exact Jaccard (`buckets`), and give back the verified edges. Nothing is ever judged by an estimate.
Shapes: edges `a < b` int64, `score` float32, sorted by (a, b). Complexity: O(bytes * (1 + k/100) + comparisons).
Memory: `8 * (bands + 4)` bytes a row, and 8 bytes for each shingle of the rows that share a bucket with another row.
Recall: a pair at the threshold is compared with probability `Layout.recall(threshold)`, at least `recall`; less
below it, so edges between floor and threshold are a sample (62 % at 0.6 by default), and re-clustering below the
detected threshold needs a new detection.
Does not: weigh shingles, so two rows that are mostly one template are alike as long as their shingles are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.similarity import kernels
from curate.similarity.buckets import Buckets, compare_buckets, find_buckets
from curate.similarity.clusters import clusters
from curate.similarity.minhash import Layout, choose_layout, sketch
from curate.similarity.parallel import Progress, no_progress, over_blocks
from curate.similarity.sets import build_sets
from curate.similarity.texts import Texts, as_large_strings, for_shingles

_ROWS_A_BLOCK = 4096


@dataclass(frozen=True)
class NearConfig:
    """How near-duplicates are looked for."""

    threshold: float = 0.8
    """Jaccard similarity from which two rows are near-duplicates."""
    floor: float = 0.6
    """Verified pairs below the threshold are kept down to this similarity."""
    words: int = 3
    """Words in a shingle."""
    permutations: int = 64
    """Most MinHash minima a row."""
    recall: float = 0.99
    """Share of the pairs at the threshold that must be compared."""
    largest_bucket: int = 64
    """Buckets of more rows are not compared pair by pair."""
    seed: int = 0
    """Seed of the permutations."""

    def __post_init__(self) -> None:
        if not 0.0 < self.floor <= self.threshold <= 1.0:
            raise ValueError("floor and threshold must satisfy 0 < floor <= threshold <= 1")
        if self.words < 1 or self.permutations < 1 or self.largest_bucket < 2:
            raise ValueError("words and permutations must be at least 1, largest_bucket at least 2")
        if not 0.0 < self.recall < 1.0:
            raise ValueError("recall must lie between 0 and 1")

    @property
    def layout(self) -> Layout:
        """Bands and rows of a band."""
        return choose_layout(self.threshold, self.permutations, self.recall)


@dataclass(frozen=True)
class Edges:
    """Verified pairs of rows, `a < b`, sorted, each once."""

    n_rows: int
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    score: NDArray[np.float32]
    stats: dict[str, Any] = field(default_factory=dict)
    """Counts for the manifest: pairs compared, crowded buckets, recall by layout."""

    def __len__(self) -> int:
        return len(self.a)

    def at(self, threshold: float) -> Edges:
        """The edges that reach a threshold."""
        keep = self.score >= np.float32(threshold)
        return Edges(self.n_rows, self.a[keep], self.b[keep], self.score[keep], self.stats)

    def clusters(self, threshold: float) -> NDArray[np.int64]:
        """First row of each row's cluster at a threshold."""
        edges = self.at(threshold)
        return clusters(self.n_rows, edges.a, edges.b)


def near_duplicate_edges(
    texts: pa.Array | pa.ChunkedArray,
    config: NearConfig | None = None,
    progress: Progress = no_progress,
    threads: int = 1,
) -> Edges:
    """Verified edges between rows whose shingle sets have a Jaccard similarity of at least `config.floor`.

    Rows with identical shingles are joined to the first of them by edges of score 1.0, and only that first row is
    joined to others: identical shingles have identical similarity. Blank and null rows have no edges. `progress`
    may raise to cancel.
    """
    config = config or NearConfig()
    rows = for_shingles(as_large_strings(texts), threads)
    layout = config.layout
    n = rows.n_rows
    steps = 2 * n  # sketching, then bands scaled to as many steps
    made = sketch(rows, layout, config.words, config.seed, threads, lambda done, _: progress(done, steps))
    first = _contract(rows, made.fingerprint, made.count, config.words, threads)
    taking_part = np.flatnonzero((first == np.arange(n)) & (made.count > 0))
    buckets: list[Buckets] = [find_buckets(made.keys[band], taking_part) for band in range(layout.bands)]
    active = np.zeros(n, np.bool_)
    for bucket in buckets:
        active[bucket.members] = True
    sets = build_sets(rows, np.flatnonzero(active), made.count, config.words, threads)
    found = compare_buckets(
        made.keys,
        buckets,
        sets,
        threshold=config.threshold,
        floor=config.floor,
        largest_bucket=config.largest_bucket,
        threads=threads,
        progress=lambda done, total: progress(n + n * done // total, steps),
    )
    copies = np.flatnonzero(first != np.arange(n))
    a = np.concatenate([found.left, first[copies]])
    b = np.concatenate([found.right, copies])
    score = np.concatenate([found.score, np.ones(len(copies), np.float32)])
    order = np.lexsort((b, a))
    a, b, score = a[order], b[order], score[order]
    new = np.ones(len(a), np.bool_)
    new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    stats = {
        "bands": layout.bands,
        "rows_a_band": layout.rows,
        "recall_at_threshold": round(layout.recall(config.threshold), 4),
        "rows_of_identical_shingles": len(copies),
        "blank_rows": int((made.count == 0).sum()),
        "pairs_compared": found.pairs_compared,
        "crowded_buckets": found.crowded_buckets,
        "rows_settled_by_a_leader": found.settled_rows,
    }
    return Edges(n, a[new], b[new], score[new], stats)


def _contract(
    rows: Texts, fingerprint: NDArray[np.uint64], count: NDArray[np.int64], words: int, threads: int
) -> NDArray[np.int64]:
    """First row with the same shingles as each row; a fingerprint proposes, the sets decide."""
    first = np.arange(rows.n_rows)
    some = np.flatnonzero(count > 0)
    key = fingerprint[some]
    order = np.argsort(key, kind="stable")
    key, some = key[order], some[order]
    same_as_before = np.zeros(len(some), np.bool_)
    same_as_before[1:] = key[1:] == key[:-1]
    heads = np.maximum.accumulate(np.where(same_as_before, 0, np.arange(len(some))))
    right = some[same_as_before]
    left = some[heads[same_as_before]]
    same = np.zeros(len(right), np.bool_)
    fold, token = rows.characters.fold, rows.characters.token

    def work(lo: int, hi: int) -> None:
        kernels.same_sets(rows.data, rows.extra, rows.start, rows.stop, left, right, lo, hi, fold, token, words, same)

    over_blocks(len(right), _ROWS_A_BLOCK, threads, work)
    first[right[same]] = left[same]
    return first
