"""Nearest labelled neighbours of a few rows: the evidence a person reads beside a suggestion.

Method: cosine over TF-IDF word n-grams, exact, by one sparse product of the asked rows with all rows. Words in more than
a twentieth of all rows are left out (they carry little and cost most). Shapes: `(m,)` row numbers in, `(m, top)` int64
row numbers and float32 similarities out, -1 where there are fewer. Cost: m * (rows that share a rarer word).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from curate.labels.features import Features


def nearest_rows(
    features: Features, rows: npt.NDArray[np.int64], top: int = 3
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The `top` most similar other rows of each asked row, most similar first; ties by row number."""
    words = features.weighted[:, : features.n_word_columns].tocsc()
    n = words.shape[0]
    rare = np.diff(words.indptr) <= max(50, n // 20)
    words = words[:, rare].tocsr()
    found = np.full((len(rows), top), -1, np.int64)
    similarity = np.zeros((len(rows), top), np.float32)
    transposed = words.T.tocsr()
    for first in range(0, len(rows), 256):
        product = sparse.csr_matrix(words[rows[first : first + 256]] @ transposed)
        for i in range(product.shape[0]):
            span = slice(product.indptr[i], product.indptr[i + 1])
            columns, values = product.indices[span], product.data[span]
            other = columns != rows[first + i]
            columns, values = columns[other], values[other]
            order = np.lexsort((columns, -values))[:top]
            found[first + i, : len(order)] = columns[order]
            similarity[first + i, : len(order)] = values[order]
    return found, similarity
