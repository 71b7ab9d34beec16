"""Nearest labelled neighbours of rows: evidence that a person reads beside a suggestion, and a vote on the label.

Method: cosine over TF-IDF n-grams, exact, through postings (inverted lists) of the rows that may be found. Features in more
than a twentieth of those are left out (they carry little and cost most). The vote is that of k nearest neighbours weighted
by squared similarity (Dudani, 1976, weighs by distance), each neighbour giving what is believed of its label rather than
the label it was given.

Shapes: `(m,)` row numbers in, `(m, top)` int64 row numbers and float32 similarities out, -1 where there are fewer.
Cost: each asked row adds up the postings of its features: 10,000 queries in 0.4 s of one core, 12,000 passages of 100
words in 5 s. Results do not depend on the number of threads.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from curate.labels.learners import Floats
from curate.parallel import Progress, no_progress, over_blocks

Ints = npt.NDArray[np.int64]
VOTERS = 20
"""Neighbours that vote on a row."""
_MOST_ROWS = 10_000
"""Of more rows than this, so many are drawn to vote, of all classes alike: the cost of a row grows with those that may be
found."""
_UNSURE = 0.01
"""Squared similarity that the shares of the classes weigh in every vote, so no vote is certain."""
_COMMON, _FEW = 20, 50
_BLOCK = 1024


@numba.njit(cache=True, nogil=True)
def _search(indptr, indices, values, asked, starts, posted, weights, among, own, apart, found, similarity):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Fill `found` and `similarity` of each asked row, most similar first, equal ones by row number."""
    top = found.shape[1]
    sums = np.zeros(len(among), np.float32)
    touched = np.empty(len(among), np.int32)
    seen = np.full(len(among), -1, np.int64)
    for i in range(len(asked)):
        n = 0
        for at in range(indptr[i], indptr[i + 1]):
            feature, value = indices[at], values[at]
            for p in range(starts[feature], starts[feature + 1]):
                other = posted[p]
                if seen[other] != i:
                    seen[other] = i
                    touched[n] = other
                    n += 1
                sums[other] += value * weights[p]
        held = 0
        for t in range(n):
            other, s = touched[t], sums[touched[t]]
            sums[other] = 0
            row = among[other]
            if row == asked[i] or apart[other] == own[i]:
                continue
            if held < top:
                held += 1
            elif s < similarity[i, top - 1] or (s == similarity[i, top - 1] and row > found[i, top - 1]):
                continue
            at = held - 1
            while at > 0 and (similarity[i, at - 1] < s or (similarity[i, at - 1] == s and found[i, at - 1] > row)):
                similarity[i, at], found[i, at] = similarity[i, at - 1], found[i, at - 1]
                at -= 1
            similarity[i, at], found[i, at] = s, row


def nearest_rows(
    features: sparse.csr_matrix,
    rows: Ints,
    top: int = 3,
    *,
    among: Ints | None = None,
    groups: Ints | None = None,
    threads: int = 1,
    progress: Progress = no_progress,
) -> tuple[Ints, Floats]:
    """The `top` most similar other rows of each asked row, most similar first; ties by row number.

    Only rows `among` are found (all when left out), and none of the asked row's own group. `progress` is told of rows
    done and of all; what it raises ends the search.
    """
    n = features.shape[0]
    among = np.arange(n) if among is None else among
    groups = np.arange(n) if groups is None else groups
    candidates = features[among].tocsc()
    rare = np.flatnonzero(np.diff(candidates.indptr) <= max(_FEW, len(among) // _COMMON))
    candidates = candidates[:, rare]
    found, similarity = np.full((len(rows), top), -1, np.int64), np.zeros((len(rows), top), np.float32)

    def search(first: int, stop: int) -> None:
        asked = rows[first:stop]
        part = features[asked][:, rare]
        _search(
            part.indptr, part.indices, part.data, asked, candidates.indptr, candidates.indices, candidates.data, among,
            groups[asked], groups[among], found[first:stop], similarity[first:stop],
        )  # fmt: skip

    over_blocks(len(rows), _BLOCK, threads, search, progress)
    return found, similarity


def neighbours_vote(
    features: sparse.csr_matrix,
    believed: Floats,
    groups: Ints,
    *,
    seed: int = 0,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Floats:
    """`(n, k)` log of the vote on each row by its nearest rows outside its group, given what is `believed` of each."""
    n = len(believed)
    among = np.arange(n)
    if n > _MOST_ROWS:
        among = np.sort(np.random.default_rng(seed).choice(n, _MOST_ROWS, replace=False))
    found, similarity = nearest_rows(
        features, np.arange(n), VOTERS, among=among, groups=groups, threads=threads, progress=progress
    )
    # A row without a neighbour points at row 0 with weight 0.
    links = (np.square(similarity).ravel(), np.maximum(found, 0).ravel(), np.arange(0, found.size + 1, VOTERS))
    votes: Floats = sparse.csr_matrix(links, shape=(n, n)) @ believed
    votes += np.float32(_UNSURE) * believed.mean(axis=0, dtype=np.float64).astype(np.float32)
    votes /= votes.sum(axis=1, keepdims=True)
    return np.log(np.maximum(votes, np.float32(1e-9)), out=votes)
