"""Which copy of a duplicate survives.

Rows are visited best first (evaluation splits before training, then the keep policy). A row goes when a row that was
already kept matches it *directly*; otherwise it is kept. So every dropped row has a surviving witness that it was
compared with, and chains of resemblance never delete anything: the greedy maximal independent set in a given order.

Two relations feed it. *Classes* join rows of identical content (each class named by its first row). *Edges* join
class representatives whose verified similarity reaches the threshold; members of one class share their
representative's edges, because identical content has identical similarity. A kept row may justify dropping another
only inside one split and under one label, or from a later split over an earlier one: evaluation rows never go because
training data repeats them, and the same text under two labels is a conflict, not a copy.

Cost: O(rows + edges) after one sort of the rows that have a partner; about 0.1 s for a million rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np

Array = np.ndarray[Any, Any]

KEPT, BY_CLASS, BY_EDGE = 0, 1, 2


@dataclass(frozen=True)
class RowFacts:
    """What `resolve` must know of the rows, all arrays as long as the dataset."""

    n_rows: int
    keep_rank: Array
    """int64: the keep policy's order; the lower rank survives."""
    split_rank: Array
    """int8: 0 test, 1 validation, 2 other, 3 train; all 3 without a split role."""
    label_code: Array
    """int32: canonical label; -1 without one."""

    @classmethod
    def plain(cls, n_rows: int) -> RowFacts:
        """Facts of a dataset without splits or labels, first row wins."""
        return cls(n_rows, np.arange(n_rows), np.full(n_rows, 3, np.int8), np.full(n_rows, -1, np.int32))


@dataclass(frozen=True)
class Relation:
    """How one duplicates stage joins rows."""

    classes: Array
    """int64[n_rows]: first row of identical content (its own row when alone)."""
    a: Array = field(default_factory=lambda: np.empty(0, np.int64))
    b: Array = field(default_factory=lambda: np.empty(0, np.int64))
    score: Array = field(default_factory=lambda: np.empty(0, np.float32))

    @classmethod
    def from_edges(cls, n_rows: int, a: Array, b: Array, score: Array) -> Relation:
        """Edges as a stage stores them; those of score 1 are identities and become classes."""
        same = score >= 1.0
        classes = _roots(np.arange(n_rows), a[same], b[same])
        return cls(classes, classes[a[~same]], classes[b[~same]], score[~same])

    def at(self, threshold: float) -> Relation:
        """The same relation with only the edges that reach a threshold."""
        keep = self.score >= np.float32(threshold)
        return Relation(self.classes, self.a[keep], self.b[keep], self.score[keep])


def choose_keepers(
    facts: RowFacts, relation: Relation, *, alive: Array, may_drop: Array, forced: Array, asked: Array, need: Array
) -> tuple[Array, Array]:
    """(witness, score): the surviving row that justifies each drop, -1 for every row that stays, and how alike they are.

    Boolean arrays over rows: `alive` rows take part; `may_drop` rows carry a finding that policy or a person lets
    apply; `forced` rows stay whatever they match; `asked` rows were accepted for dropping by a person and so come
    last among equals. `need` (float32) is the similarity that a row's own drop asks for. Among the survivors that may
    justify a drop, the most alike does.
    """
    size = np.bincount(relation.classes, minlength=facts.n_rows)
    degree = np.bincount(relation.a, minlength=facts.n_rows) + np.bincount(relation.b, minlength=facts.n_rows)
    involved = np.flatnonzero(((size + degree)[relation.classes] > 1) & alive)
    tier = np.where(forced[involved], 0, np.where(asked[involved], 2, 1))
    order = involved[np.lexsort((involved, facts.keep_rank[involved], tier, facts.split_rank[involved]))]
    start, neighbour, score = _adjacency(facts.n_rows, relation.a, relation.b, relation.score)
    found: tuple[Array, Array] = _greedy(
        order, may_drop & ~forced, relation.classes, start, neighbour, score, need, facts.split_rank, facts.label_code
    )
    return found


def _adjacency(n: int, a: Array, b: Array, score: Array) -> tuple[Array, Array, Array]:
    """Neighbours of each class in compressed rows, the most alike first."""
    source = np.concatenate([a, b])
    target = np.concatenate([b, a])
    both = np.concatenate([score, score]).astype(np.float32)
    order = np.lexsort((target, -both, source))
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=n), out=start[1:])
    return start, target[order], both[order]


@numba.njit(cache=True)
def _greedy(order, may_drop, classes, start, neighbour, score, need, split_rank, label_code):  # type: ignore[no-untyped-def]
    n = len(classes)
    witness = np.full(n, -1, np.int64)
    alike = np.ones(n, np.float32)
    # Kept rows of a class, one for each (split, label) that occurs, as a linked list through `following`.
    head = np.full(n, -1, np.int64)
    following = np.full(n, -1, np.int64)
    for v in order:
        home = classes[v]
        found = -1
        if may_drop[v]:
            found = _eligible(v, head[home], following, split_rank, label_code)
            if found < 0:
                for k in range(start[home], start[home + 1]):
                    if score[k] < need[v]:
                        break
                    alike[v] = score[k]
                    found = _eligible(v, head[neighbour[k]], following, split_rank, label_code)
                    if found >= 0:
                        break
        if found >= 0:
            witness[v] = found
            continue
        alike[v] = 1.0
        r = head[home]
        known = False
        while r >= 0 and not known:
            known = split_rank[r] == split_rank[v] and label_code[r] == label_code[v]
            r = following[r]
        if not known:
            following[v] = head[home]
            head[home] = v
    return witness, alike


@numba.njit(cache=True)
def _eligible(v, first, following, split_rank, label_code):  # type: ignore[no-untyped-def]
    r = first
    while r >= 0:
        if split_rank[r] < split_rank[v]:
            return r
        if split_rank[r] == split_rank[v] and label_code[r] == label_code[v]:
            return r
        r = following[r]
    return -1


@numba.njit(cache=True)
def _roots(parent, a, b):  # type: ignore[no-untyped-def]
    for k in range(len(a)):
        x, y = a[k], b[k]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x != y:
            parent[max(x, y)] = min(x, y)
    for i in range(len(parent)):
        parent[i] = parent[parent[i]]
    return parent
