"""Words that the texts themselves use alike: candidates for a synonym, in any language, from the data alone.

Method: positive pointwise mutual information of words within `WINDOW` of each other, smoothed by the power 0.75 of context
counts and reduced by a truncated SVD (Levy and Goldberg 2014; Levy, Goldberg and Dagan 2015); neighbours are the nearest by
cosine. What is used alike is not always what means the same: *raise* and *lower* stand in the same places. So a caller
with labels asks only for words that rows of the same label hold (`seen_with`). Two words are neighbours only where each
is among the nearest of the other, they are near (`LEAST`), and they do not stand side by side more often than chance: what
goes together (*bank account*) does not stand in for one another. A word of fewer than `least_rows` rows, one of more than
`MOST_SHARE` of them (*the*, *can*), or one mostly written with a capital is no candidate: names of people and places must
not wander from row to row. German nouns stay where they are for that reason.

Shapes: n texts; vocabulary v <= `MOST_WORDS`. Cost: O(words × window) counting in Python (some 3 s a million words), one
sparse SVD, v² / 2 products in blocks. Deterministic. Does not: tell senses of a word apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from curate.augment.words import words_of

WINDOW, DIMENSIONS, LEAST, EACH, MOST_WORDS = 3, 64, 0.6, 5, 20_000
MOST_SHARE = 0.1
_BLOCK = 1024


@dataclass(frozen=True)
class Neighbours:
    """The nearest words of each word, the nearest first."""

    near: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seen_with: dict[str, frozenset[str]] = field(default_factory=dict)
    """The labels of rows that hold a word; empty where there are no labels."""

    def of(self, word: str, label: str | None = None) -> tuple[str, ...]:
        """Neighbours of a word, of those that rows of the label hold."""
        found = self.near.get(word, ())
        return found if label is None else tuple(w for w in found if label in self.seen_with.get(w, ()))


def neighbours_of(
    texts: Sequence[str], labels: Sequence[str | None] | None = None, *, least_rows: int = 5, seed: int = 0
) -> Neighbours:
    """Neighbours over some texts; none where the vocabulary is too small to say."""
    rows = [[(w.key, w.text[:1].isupper() and w.start > 0) for w in words_of(text)] for text in texts]
    held = Counter(key for row in rows for key in {key for key, _ in row})
    capital = Counter(key for row in rows for key, upper in row if upper)
    total = Counter(key for row in rows for key, _ in row)
    known = [w for w, n in held.items() if n >= least_rows and 2 * capital[w] < total[w] and len(w) > 1]
    vocabulary = sorted(known, key=lambda w: (-held[w], w))[:MOST_WORDS]
    if len(vocabulary) < 20:
        return Neighbours()
    at = {word: i for i, word in enumerate(vocabulary)}
    vectors, together = _vectors([[at[key] for key, _ in row if key in at] for row in rows], len(vocabulary), seed)
    common = np.array([held[w] > MOST_SHARE * len(texts) for w in vocabulary])
    seen: dict[str, set[str]] = defaultdict(set)
    for row, label in zip(rows, labels or (), strict=False):
        if label is not None:
            for key, _ in row:
                seen[key].add(label)
    near = _nearest(vectors, vocabulary, together, common)
    return Neighbours(near, {word: frozenset(found) for word, found in seen.items()})


def _vectors(rows: Sequence[Sequence[int]], size: int, seed: int) -> tuple[np.ndarray, set[tuple[int, int]]]:
    """float64[size, d]: unit vectors of the words; and the pairs that stand side by side more often than chance."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import svds

    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        for i, a in enumerate(row):
            for b in row[i + 1 : i + 1 + WINDOW]:
                counts[a, b] += 1
                counts[b, a] += 1
    if not counts:
        return np.zeros((size, 1)), set()
    pairs = np.array(list(counts), np.int64)
    n = np.array(list(counts.values()), np.float64)
    of_word = np.bincount(pairs[:, 0], n, size)
    of_context = of_word**0.75
    pmi = np.log(n * of_context.sum() / (of_word[pairs[:, 0]] * of_context[pairs[:, 1]]))
    kept = pmi > 0
    matrix = coo_matrix((pmi[kept], (pairs[kept, 0], pairs[kept, 1])), shape=(size, size)).tocsr()
    d = min(DIMENSIONS, size - 2)
    start = np.random.default_rng(seed).standard_normal(size)
    u, s, _ = svds(matrix, k=d, v0=start)
    vectors = u * np.sqrt(np.maximum(s, 0.0))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = vectors / np.where(length > 0, length, 1.0)
    return unit, {(a, b) for a, b in pairs[kept].tolist()}


def _nearest(
    vectors: np.ndarray, vocabulary: Sequence[str], together: set[tuple[int, int]], common: np.ndarray
) -> dict[str, tuple[str, ...]]:
    near: dict[int, list[int]] = {}
    for start in range(0, len(vectors), _BLOCK):
        # Rounded, so that a last bit that differs between machines or thread counts changes no order.
        alike = np.round(vectors[start : start + _BLOCK] @ vectors.T, 6)
        for i, row in enumerate(alike, start):
            row[i] = -1.0
            best = np.lexsort((np.arange(len(row)), -row))[:EACH]
            near[i] = [j for j in best.tolist() if row[j] >= LEAST]
    out: dict[str, tuple[str, ...]] = {}
    for i, found in near.items():
        mutual = [j for j in found if i in near[j] and (i, j) not in together and not common[[i, j]].any()]
        if mutual:
            out[vocabulary[i]] = tuple(vocabulary[j] for j in mutual)
    return out
