"""Recall and precision of the near-duplicate edges against every pair, by similarity, and what a band layout costs.

    python -m benchmarks.bench_recall [20000]

Method. Truth: exact Jaccard of all pairs at 0.6 or above by an inverted index over the engine's own shingle sets (the
shingles themselves are tested against plain Python in `tests/similarity`). Rows of identical shingles count as one, as in
the engine. Corpora: passages of `bench_similarity` (one row in ten an edited copy), and `toolformer-dedupe-only`, rows of
one template that are half alike. *Rows with a partner*: rows that have a pair at the threshold and of which an edge at the
threshold is stored. Processor seconds are those of the whole call, one thread.
"""

from __future__ import annotations

import gzip
import json
import time

import numpy as np
import pyarrow as pa
from numba import njit

from benchmarks.bench_similarity import ARTICLES, passages
from benchmarks.parts import command
from curate.similarity import Edges, NearConfig, near_duplicate_edges
from curate.similarity.sets import build_sets
from curate.similarity.texts import for_shingles

TEMPLATED = ARTICLES.parents[1] / "near_duplicates" / "toolformer-dedupe-only-dataset.json.gz"
FLOOR = 0.6


@njit(cache=True)
def _pairs(shingle, starts, owner, at, size, floor):  # type: ignore[no-untyped-def]
    n = at.size
    shared, touched = np.zeros(n, np.int32), np.empty(n, np.int64)
    found, scores, m = np.empty((1024, 2), np.int64), np.empty(1024, np.float32), 0
    for i in range(n):
        t = 0
        for x in range(at[i], at[i] + size[i]):
            for y in range(starts[shingle[x]], starts[shingle[x] + 1]):
                j = owner[y]
                if j >= i:
                    break
                if shared[j] == 0:
                    touched[t] = j
                    t += 1
                shared[j] += 1
        for k in range(t):
            j = touched[k]
            score = np.float32(shared[j] / (size[i] + size[j] - shared[j]))
            shared[j] = 0
            if score >= floor:
                if m == scores.size:
                    more, more_scores = np.empty((2 * m, 2), np.int64), np.empty(2 * m, np.float32)
                    more[:m], more_scores[:m] = found, scores
                    found, scores = more, more_scores
                found[m, 0], found[m, 1], scores[m] = j, i, score
                m += 1
    return found[:m], scores[:m]


def all_pairs(texts: pa.LargeStringArray, words: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Every pair (earlier row, later row) at the floor or above, and its Jaccard similarity."""
    read = for_shingles(texts)
    sets = build_sets(read, np.arange(read.n_rows), read.stop - read.start + 1, words)
    owner = np.repeat(np.arange(read.n_rows), sets.size)
    at = np.cumsum(sets.size) - sets.size
    values = sets.values[np.repeat(sets.at - at, sets.size) + np.arange(len(owner))]
    distinct, shingle = np.unique(values, return_inverse=True)
    order = np.argsort(shingle, kind="stable")
    starts = np.searchsorted(shingle[order], np.arange(len(distinct) + 1))
    return _pairs(shingle, starts, owner[order], at, sets.size, np.float32(FLOOR))


def describe(edges: Edges, pairs: np.ndarray, scores: np.ndarray) -> str:
    """Recall by similarity; precision."""
    n = edges.n_rows
    first = edges.clusters(1.0)
    kept = np.unique(np.minimum(first[edges.a], first[edges.b]) * n + np.maximum(first[edges.a], first[edges.b]))
    a, b = first[pairs[:, 0]], first[pairs[:, 1]]
    pair = np.minimum(a, b) * n + np.maximum(a, b)
    _, once = np.unique(pair, return_index=True)
    once = once[a[once] != b[once]]
    found = np.isin(pair, kept) | (a == b)
    parts = []
    for low, high in ((0.6, 0.65), (0.65, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0)):
        inside = once[(scores[once] >= np.float32(low)) & (scores[once] < np.float32(high))]
        share = f"{found[inside].mean():.4f}" if len(inside) else "-"
        parts.append(f"{low:g}-{high:g}: {share} of {len(inside)}")
    due = scores >= np.float32(0.8)
    rows, covered = np.unique(pairs[due]), np.unique(pairs[due & found])
    wrong = np.setdiff1d(kept[kept // n != kept % n], pair)
    return f"{'; '.join(parts)}; rows with a partner: {len(covered)} of {len(rows)}; wrong edges: {len(wrong)}"


def main(rows: int) -> None:
    """Print one line a corpus and layout."""
    corpora = {f"{rows} passages": passages(ARTICLES, rows)}
    if TEMPLATED.exists():
        records = json.loads(gzip.decompress(TEMPLATED.read_bytes()))
        texts = [" ".join(map(str, r.values())) if isinstance(r, dict) else str(r) for r in records]
        corpora[f"{len(texts)} templated rows"] = pa.array(texts, pa.large_string())
    for name, texts in corpora.items():
        pairs, scores = all_pairs(texts)
        print(f"{name}, {len(scores)} pairs at {FLOOR} or above")
        for floor_recall in (0.0, 0.88, 0.98):
            config = NearConfig(floor_recall=floor_recall)
            near_duplicate_edges(texts.slice(0, 500), config)
            began = time.process_time()
            edges = near_duplicate_edges(texts, config)
            seconds = time.process_time() - began
            layout, compared = config.layout, edges.stats["pairs_compared"]
            print(f"  {layout.bands} bands of {layout.rows}: {seconds:.2f} s CPU, {compared} pairs compared, "
                  f"{edges.stats['crowded_buckets']} crowded buckets; {describe(edges, pairs, scores)}")  # fmt: skip


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=20_000)
    main(parser.parse_args().rows)
