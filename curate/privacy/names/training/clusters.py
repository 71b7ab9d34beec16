"""Word clusters and capitalisation statistics of encyclopaedia prose.

Each frequent word form (with or without a capital; sentence starts are not counted) is described by the words one and two
places to its left and right: positive pointwise mutual information, 100 singular vectors, k-means into 255 clusters for
each way of writing. Words of one cluster occur in the same places, so what the model learns of one word holds for its
kind. Deterministic for one version of the libraries. Two minutes on two cores for 75 MB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd

from curate.privacy.names.characters import tables
from curate.privacy.names.lexer import CAMEL, CAPITAL, DIGITS2, DIGITS6, SIGN, SMALL, lex

CONTEXTS = 3000
_MIXED = 1 << 34


@dataclass(frozen=True)
class Statistics:
    """By word: uint32 hash, how often it stands small and with a capital inside sentences, clusters of both forms."""

    word: npt.NDArray[np.uint32]
    small: npt.NDArray[np.int64]
    capital: npt.NDArray[np.int64]
    small_cluster: npt.NDArray[np.uint8]
    capital_cluster: npt.NDArray[np.uint8]


def _forms(texts: list[str]) -> npt.NDArray[np.int64]:
    """The texts as one sequence of forms: hash, plus 2**32 with a capital; -1 between texts, -2 at sentence starts."""
    kinds, folded = tables()
    parts = []
    limit = 400_000
    at = np.zeros((limit, 2), np.int32)
    word = np.zeros(limit, np.uint32)
    shape = np.zeros(limit, np.uint8)
    spaced = np.zeros(limit, np.uint8)
    head, tail = np.zeros(limit, np.uint64), np.zeros(limit, np.uint64)
    for text in texts:
        data = np.frombuffer(text.encode("utf-8", "ignore"), np.uint8)
        n, _ = lex(data, 0, len(data), kinds, folded, at, word, shape, head, tail, spaced, limit)
        form = word[:n].astype(np.int64)
        s = shape[:n]
        form[(s >= CAPITAL) & (s <= CAMEL)] |= 1 << 32
        form[(s >= DIGITS2) & (s <= DIGITS6)] = (1 << 33) + s[(s >= DIGITS2) & (s <= DIGITS6)].astype(np.int64)
        form[s >= 16] |= 1 << 33
        opens = np.zeros(n, bool)
        opens[1:] = (s[:-1] >= 16) & ((s[:-1] != SIGN) | np.isin(word[: n - 1], [46, 33, 63, 58, 34]))
        opens[:1] = True
        form[opens & (s >= SMALL) & (s <= CAMEL)] |= _MIXED
        parts += [form, np.array([-1, -1])]
    return np.concatenate(parts)


@njit(cache=True)
def _pairs(ids, context, out):  # type: ignore[no-untyped-def]
    n = 0
    for i in range(2, len(ids) - 2):
        if ids[i] < 0:
            continue
        for k in range(4):
            j = i + (-2, -1, 1, 2)[k]
            c = context[j]
            if c >= 0:
                out[n] = ids[i] * 16384 + k * 4096 + c
                n += 1
    return n


def cluster(texts: list[str], least: int = 12, clusters: int = 255, seed: int = 0) -> Statistics:
    """Statistics and clusters of the word forms that occur `least` times or more."""
    forms = _forms(texts)
    known, ids, counts = np.unique(forms, return_inverse=True, return_counts=True)
    del forms
    clean = (known >= 0) & ((known >> 33) & 1 == 0) & (known & _MIXED == 0)
    total = np.zeros(len(known), np.int64)
    total[clean] = counts[clean]
    vocabulary = np.flatnonzero(total >= least)
    place = np.full(len(known), -1, np.int64)
    place[vocabulary] = np.arange(len(vocabulary))
    usable = counts.copy()
    usable[known < 0] = 0
    context_of = np.full(len(known), -1, np.int64)
    top = np.argsort(-usable, kind="stable")[:CONTEXTS]
    context_of[top] = np.arange(len(top))
    rows, context = place[ids], context_of[ids]
    keys: list[npt.NDArray[np.int64]] = []
    values: list[npt.NDArray[np.int64]] = []
    for a in range(0, len(rows), 4_000_000):
        part = slice(max(0, a - 2), a + 4_000_002)
        buffer = np.empty(4 * 4_000_004, np.int64)
        n = _pairs(rows[part], context[part], buffer)
        k, c = np.unique(buffer[:n], return_counts=True)
        keys.append(k)
        values.append(c)
    every, back = np.unique(np.concatenate(keys), return_inverse=True)
    count = np.bincount(back, weights=np.concatenate(values).astype(float))
    matrix = sparse.csr_matrix((count, (every // 16384, every % 16384)), shape=(len(vocabulary), 16384))
    del keys, values, every, back
    row_sum, column_sum = np.asarray(matrix.sum(1)).ravel(), np.asarray(matrix.sum(0)).ravel()
    entries = matrix.tocoo()
    expected = row_sum[entries.row] * column_sum[entries.col] ** 0.9 * matrix.sum() ** 0.1
    pmi = np.log(entries.data * matrix.sum() / expected)
    keep = pmi > 0
    ppmi = sparse.csr_matrix((pmi[keep], (entries.row[keep], entries.col[keep])), shape=matrix.shape)
    left, strength, _ = randomized_svd(ppmi, 100, n_iter=3, random_state=seed)
    vectors = left * np.sqrt(strength)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    form = known[vocabulary]
    capital = form >> 32 & 1 == 1
    label = np.zeros(len(form), np.int64)
    for which in (capital, ~capital):
        model = MiniBatchKMeans(clusters, random_state=seed, batch_size=8192, n_init=3, max_iter=60)
        label[which] = 1 + model.fit_predict(vectors[which], sample_weight=np.sqrt(counts[vocabulary][which]))
    words = np.unique(known[clean] & 0xFFFFFFFF)
    at = np.searchsorted(words, known & 0xFFFFFFFF).clip(0, len(words) - 1)
    small_count, capital_count = np.zeros(len(words), np.int64), np.zeros(len(words), np.int64)
    is_capital = known >> 32 & 1 == 1
    np.add.at(capital_count, at[clean & is_capital], counts[clean & is_capital])
    np.add.at(small_count, at[clean & ~is_capital], counts[clean & ~is_capital])
    small_cluster, capital_cluster = np.zeros(len(words), np.uint8), np.zeros(len(words), np.uint8)
    where = np.searchsorted(words, form & 0xFFFFFFFF)
    capital_cluster[where[capital]] = label[capital]
    small_cluster[where[~capital]] = label[~capital]
    keep_words = (small_count + capital_count) >= 5
    return Statistics(
        words[keep_words].astype(np.uint32), small_count[keep_words], capital_count[keep_words],
        small_cluster[keep_words], capital_cluster[keep_words],
    )  # fmt: skip
