"""Which copy of a duplicate survives.

Rows are visited best first (evaluation splits before training, then the keep policy). A row goes when a row that was
already kept matches it *directly*; otherwise it is kept. So every dropped row has a surviving witness that it was
compared with, and chains of resemblance never delete anything: the greedy maximal independent set in a given order.

Two relations feed it. *Classes* join rows of identical content (each class named by its first row). *Edges* join
class representatives whose verified similarity reaches the threshold; members of one class share their
representative's edges, because identical content has identical similarity. A kept row may justify dropping another
only inside one split and under one label, or from a later split over an earlier one: evaluation rows never go because
training data repeats them, and the same text under two labels is a conflict, not a copy.

Two limits spare rows that would go. `per_cluster` keeps so many rows of each cluster (rows of one split and label that
edges connect). A target (`beyond_target`) lets the most redundant rows go first, and only until so many are left. Neither
spares a training row that an evaluation row matches, nor a row that a person wants dropped.

Cost: O(rows + edges) once a relation, then a sort of the rows that have a partner; a few passes over all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from curate.ledger.balance import Cells

Array = np.ndarray[Any, Any]

KEPT, BY_CLASS, BY_EDGE = 0, 1, 2
SMALL = 20_000
"""Steps up to which loops run as they are written: to load the first compiled one takes longer, half a second."""


@dataclass(frozen=True)
class RowFacts:
    """What `resolve` must know of the rows, all arrays as long as the dataset."""

    n_rows: int
    keep_rank: Array
    """int64: the keep policy's order; the lower rank survives."""
    split_rank: Array
    """int8: 0 test, 1 validation, 2 other, 3 train; all 3 without a split role."""
    label_code: Array
    """int: one number a canonical label and what a row is given beside its text; only rows of one number may go for each
    other inside a split."""
    cells: Cells | None = None
    """Group and label of each row, where a stage asks for weights or sizes that depend on who else stays."""

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
    weighted: Array = field(default_factory=lambda: np.empty(0, np.float32))
    """float32: weighted similarity of each edge; `score` when left out."""
    parts: Array = field(default_factory=lambda: np.empty(0, np.float32))
    """float32: the least similarity of the rows' parts (prompt, response); 1 when left out."""

    def __post_init__(self) -> None:
        if len(self.weighted) != len(self.score):
            object.__setattr__(self, "weighted", self.score)
        if len(self.parts) != len(self.score):
            object.__setattr__(self, "parts", np.ones(len(self.score), np.float32))

    @classmethod
    def from_edges(
        cls, n_rows: int, a: Array, b: Array, score: Array, weighted: Array | None = None, parts: Array | None = None
    ) -> Relation:
        """Edges as a stage stores them; those whose similarities are all 1 are identities and become classes."""
        weighted = score if weighted is None else weighted
        parts = np.ones(len(score), np.float32) if parts is None else parts
        same = (score >= 1.0) & (weighted >= 1.0) & (parts >= 1.0)
        classes = _roots_for(n_rows)(np.arange(n_rows), a[same], b[same])
        return cls(classes, classes[a[~same]], classes[b[~same]], score[~same], weighted[~same], parts[~same])

    @cached_property
    def joined(self) -> Joined:
        """The rows that have a partner: numbers that depend on nobody's decisions, worked out once."""
        n = len(self.classes)
        size = np.bincount(self.classes, minlength=n)
        size += np.bincount(self.a, minlength=n) + np.bincount(self.b, minlength=n)
        rows = np.flatnonzero((size > 1)[self.classes])
        names = np.unique(np.concatenate([self.classes[rows], self.a, self.b]))
        a, b = np.searchsorted(names, self.a), np.searchsorted(names, self.b)
        return Joined(rows, np.searchsorted(names, self.classes[rows]), *_adjacency(len(names), a, b, self.score))

    def at(self, threshold: float, weighted: float | None = None, parts: float | None = None) -> Relation:
        """The same relation with only the edges that reach a threshold; the other two are the same when left out. The last
        one that was asked for is kept."""
        asked = threshold, weighted, parts
        known: tuple[Any, Relation] | None = self.__dict__.get("_last")
        if known is not None and known[0] == asked:
            return known[1]
        keep = self.score >= np.float32(threshold)
        keep &= self.weighted >= np.float32(threshold if weighted is None else weighted)
        keep &= self.parts >= np.float32(threshold if parts is None else parts)
        columns = (self.a, self.b, self.score, self.weighted, self.parts)
        found = Relation(self.classes, *(column[keep] for column in columns))
        self.__dict__["_last"] = asked, found
        return found


@dataclass(frozen=True)
class Joined:
    """The rows of a relation that have a partner, and their classes, both numbered from 0."""

    rows: Array
    """int64, ascending: which rows."""
    home: Array
    """int64: the class of each."""
    start: Array
    neighbour: Array
    score: Array
    """Neighbours of each class in compressed rows, and how alike."""


@dataclass(frozen=True)
class Keepers:
    """What `choose_keepers` returns, arrays over rows."""

    witness: Array
    """int64: the surviving row that justifies each drop, -1 for every row that stays."""
    alike: Array
    """float32: how alike a dropped row and its witness are."""
    spared: Array
    """bool: rows that a survivor matches and that a limit keeps."""


def choose_keepers(
    facts: RowFacts,
    relation: Relation,
    *,
    alive: Array,
    may_drop: Array,
    forced: Array,
    beside: Array,
    asked: Array,
    need: Array,
    per_cluster: int = 1,
) -> Keepers:
    """Which rows go, and the survivor that justifies each.

    Boolean arrays over rows: `alive` rows take part; `may_drop` rows carry a finding that policy or a person lets
    apply; `forced` rows stay whatever they match, and those that would have gone (`beside`) stay beside the survivor
    they match and justify no drop themselves, so keeping one row removes no other; `asked` rows were accepted for
    dropping by a person and so come last among equals. `need` (float32) is the similarity that a row's own drop asks
    for. Among the survivors that may justify a drop, the most alike does.
    """
    n, joined = facts.n_rows, relation.joined
    rows = joined.rows
    first, wanted = facts.keep_rank[rows], asked[rows]
    label, split = (codes[rows].astype(np.int64) for codes in (facts.label_code, facts.split_rank))
    keys = np.unique(_key(joined.home, split, label))
    involved = np.flatnonzero(alive[rows])
    order = involved[np.lexsort((involved, first[involved], wanted[involved], split[involved]))]
    cluster = _clusters(facts, relation, rows) if per_cluster > 1 else np.zeros(0, np.int64)
    greedy = _quickest(_greedy, _fast_greedy, 4 * (len(order) + len(joined.neighbour)))
    by, how, free = greedy(
        *(order, (may_drop & ~forced)[rows], beside[rows], wanted, joined.home, joined.start, joined.neighbour),
        *(joined.score, need[rows], split, label, keys, cluster, per_cluster),
    )
    witness, alike, spared = np.full(n, -1, np.int64), np.ones(n, np.float32), np.zeros(n, bool)
    witness[rows[by >= 0]] = rows[by[by >= 0]]
    alike[rows], spared[rows] = how, free
    return Keepers(witness, alike, spared)


def _clusters(facts: RowFacts, relation: Relation, rows: Array) -> Array:
    """A number for each cluster of rows of one split and label, for some rows."""
    component = _roots_for(facts.n_rows)(np.arange(facts.n_rows), relation.a, relation.b)[relation.classes[rows]]
    split, label = facts.split_rank[rows].astype(np.int64), facts.label_code[rows].astype(np.int64)
    found: Array = np.unique((component << 33) | (split << 31) | (label + 1), return_inverse=True)[1]
    return found


def beyond_target(
    facts: RowFacts, target_rows: int, dropped: Array, rows: Array, witness: Array, alike: Array, asked: Array
) -> Array:
    """Which dropped duplicates stay after all, so that `target_rows` are left: the least alike, the preferred first.

    `rows` went as duplicates, each for its `witness`, as much `alike`; `dropped` and `asked` are boolean over rows.
    Survivors stay survivors, so every row that still goes keeps its witness.
    """
    free = ~asked[rows] & (facts.split_rank[witness] == facts.split_rank[rows])
    rows, alike = rows[free], alike[free]
    left = facts.n_rows - int(dropped.sum())
    order = np.lexsort((rows, facts.keep_rank[rows], alike))
    back: Array = rows[order[: max(0, target_rows - left)]]
    return back


def _adjacency(n: int, a: Array, b: Array, score: Array) -> tuple[Array, Array, Array]:
    """Neighbours of each class in compressed rows, the most alike first."""
    source = np.concatenate([a, b])
    target = np.concatenate([b, a])
    both = np.concatenate([score, score]).astype(np.float32)
    order = np.lexsort((target, -both, source))
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=n), out=start[1:])
    return start, target[order], both[order]


def _greedy(  # type: ignore[no-untyped-def]
    order, may_drop, beside, asked, home_of, start, neighbour, score, need, split_rank, label_code, keys, cluster,
    per_cluster,
):
    n = len(home_of)
    spared = np.zeros(n, np.bool_)
    kept = np.zeros(n if per_cluster > 1 else 0, np.int64)  # by cluster
    witness = np.full(n, -1, np.int64)
    alike = np.ones(n, np.float32)
    # The first kept row of each (class, split, label); of each class the row that was kept last, and the last one of an
    # earlier split than that.
    holder = np.full(len(keys), -1, np.int64)
    last = np.full(len(start) - 1, -1, np.int64)
    before = np.full(len(start) - 1, -1, np.int64)
    for v in order:
        home = home_of[v]
        found = -1
        if may_drop[v] or beside[v]:
            found = _eligible(v, home, keys, holder, last, before, split_rank, label_code)
            if found < 0:
                for k in range(start[home], start[home + 1]):
                    if score[k] < need[v]:
                        break
                    alike[v] = score[k]
                    found = _eligible(v, neighbour[k], keys, holder, last, before, split_rank, label_code)
                    if found >= 0:
                        break
            limited = per_cluster > 1 and found >= 0 and not asked[v] and split_rank[found] == split_rank[v]
            if limited and not beside[v] and kept[cluster[v]] < per_cluster:
                found, alike[v] = _earlier(v, home, last, before, start, neighbour, score, need, split_rank)
                spared[v] = found < 0
        if found >= 0 and not beside[v]:
            witness[v] = found
            continue
        if per_cluster > 1:
            kept[cluster[v]] += 1
        alike[v] = 1.0
        if found >= 0:  # a person keeps it beside its survivor: nothing else changes
            continue
        at = np.searchsorted(keys, _key(home, split_rank[v], label_code[v]))
        if holder[at] < 0:
            holder[at] = v
            if last[home] >= 0 and split_rank[last[home]] < split_rank[v]:
                before[home] = last[home]
            last[home] = v
    return witness, alike, spared


@register_jitable
def _key(home, split, label):  # type: ignore[no-untyped-def]
    return (home << 33) | (split << 31) | (label + 1)


@register_jitable
def _of_earlier_split(v, home, last, before, split_rank):  # type: ignore[no-untyped-def]
    """The row of a class that was kept last among those of earlier splits than v's; rows come by split."""
    r = last[home]
    return r if r < 0 or split_rank[r] < split_rank[v] else before[home]


@register_jitable
def _earlier(v, home, last, before, start, neighbour, score, need, split_rank):  # type: ignore[no-untyped-def]
    """(row, how alike) of a kept row of an earlier split that matches v; -1 where there is none."""
    r = _of_earlier_split(v, home, last, before, split_rank)
    if r >= 0:
        return r, np.float32(1.0)
    for k in range(start[home], start[home + 1]):
        if score[k] < need[v]:
            break
        r = _of_earlier_split(v, neighbour[k], last, before, split_rank)
        if r >= 0:
            return r, score[k]
    return -1, np.float32(1.0)


@register_jitable
def _eligible(v, home, keys, holder, last, before, split_rank, label_code):  # type: ignore[no-untyped-def]
    """A kept row of a class that v may go for: of its split and label, or else of an earlier split; -1 where none is."""
    wanted = _key(home, split_rank[v], label_code[v])
    at = np.searchsorted(keys, wanted)
    if at < len(keys) and keys[at] == wanted and holder[at] >= 0:
        return holder[at]
    return _of_earlier_split(v, home, last, before, split_rank)


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


# Without Python's lock: a screen goes on being drawn while they run.
_fast_greedy = numba.njit(cache=True, nogil=True)(_greedy)
_fast_roots = numba.njit(cache=True, nogil=True)(_roots)


def _roots_for(steps: int) -> Any:
    return _quickest(_roots, _fast_roots, steps)


def _quickest(plain: Any, compiled: Any, steps: int) -> Any:
    """The loop as it is written, or compiled where that is loaded already or there is much to do."""
    return plain if steps <= SMALL and not getattr(compiled, "signatures", True) else compiled
