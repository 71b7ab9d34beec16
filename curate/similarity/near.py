"""Near-duplicate edges: the one call that the stage makes.

Method: sketch every row (MinHash bands), contract rows of identical shingles to their first row, compare what
shares a band by exact Jaccard (`buckets`), and give back the verified edges. Nothing is ever judged by an estimate.
Shapes: edges `a < b` int64, `score` float32, sorted by (a, b). Complexity: O(bytes * (1 + k/100) + comparisons).
Memory: `4 * bands` bytes a row for keys, about 40 more for the rest, and a constant (`bounded`); text is read where it
lies, so memory mapped text is not counted. Once the rows that share a bucket with another are known, keys and places of
the others are let go, unless they are asked for again (`keep`).
Recall: a pair at the threshold is compared with probability `Layout.recall(threshold)`, at least `recall`, one at the
floor with at least `floor_recall`: by default, 16 bands of 4 minima, 0.89 at 0.6, 0.957 at 0.65, 0.988 at 0.7, 0.9995 at
0.8 and 1 - 1e-7 at 0.9. So another threshold between floor and 1 re-clusters the stored edges, at that recall. Where more
than `largest_bucket` rows are alike, not every pair is stored (see `buckets`).
Templates: where many rows share them (see `templates`), rows are sketched by the weights of their shingles, and every
edge carries both Jaccard similarities: `score` over all shingles, `weighted` by inverse document frequency. It is stored
where both, and the agreement of what is the rows' own, reach the floor. Without templates the two are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress, over_blocks
from curate.similarity import kernels
from curate.similarity.bounded import Bands, sets_for
from curate.similarity.buckets import compare_buckets
from curate.similarity.clusters import clusters
from curate.similarity.exact import repeated
from curate.similarity.minhash import Layout, Sketch, choose_layout, sketch
from curate.similarity.paging import read_anywhere
from curate.similarity.sets import SetSource, SetTable, score_pairs
from curate.similarity.templates import Templates, find_templates, weighted_keys, weighted_pairs
from curate.similarity.texts import Lying, Unit, as_large_strings, counted, lying_for_shingles, narrow

_ROWS_A_BLOCK = 4096
_PAIRS_A_BLOCK = 200_000


@dataclass(frozen=True)
class NearConfig:
    """How near-duplicates are looked for."""

    threshold: float = 0.8
    """Jaccard similarity from which two rows are near-duplicates."""
    floor: float = 0.6
    """Verified pairs below the threshold are kept down to this similarity."""
    words: int = 3
    """Words (or characters, see `unit`) in a shingle."""
    permutations: int = 64
    """Most MinHash minima a row."""
    recall: float = 0.99
    """Share of the pairs at the threshold that must be compared."""
    floor_recall: float = 0.88
    """Share of the pairs at the floor that must be compared. 0 asks for none; 0.98 makes shorter bands, and so many more
    needless comparisons in millions of rows that share sentences."""
    largest_bucket: int = 64
    """Buckets of more rows are not compared pair by pair."""
    template_share: float = 0.0
    """A shingle that this share of the distinct contents holds may belong to a template; 0 looks for none."""
    weighted_threshold: float | None = None
    """Weighted Jaccard from which two rows are near-duplicates where templates are found; None means `threshold`."""
    seed: int = 0
    """Seed of the permutations."""
    unit: Unit = "word"
    """What a shingle is made of: words, or characters, blanks and punctuation left out."""

    def __post_init__(self) -> None:
        if not 0.0 < self.floor <= self.threshold <= 1.0:
            raise ValueError("floor and threshold must satisfy 0 < floor <= threshold <= 1")
        if self.unit not in ("word", "character"):
            raise ValueError("a shingle is made of word or character")
        if self.words < 1 or self.permutations < 1 or self.largest_bucket < 2:
            raise ValueError("words and permutations must be at least 1, largest_bucket at least 2")
        if not 0.0 < self.recall < 1.0:
            raise ValueError("recall must lie between 0 and 1")
        if not 0.0 <= self.floor_recall < 1.0:
            raise ValueError("floor_recall must lie between 0 and 1")
        if not 0.0 <= self.template_share <= 1.0:
            raise ValueError("template_share must lie in 0..1")
        if self.weighted_threshold is not None and not 0.0 < self.weighted_threshold <= 1.0:
            raise ValueError("weighted_threshold must lie in 0..1, 0 left out")

    @property
    def layout(self) -> Layout:
        """Bands and rows of a band."""
        return choose_layout(self.threshold, self.permutations, self.recall, self.floor, self.floor_recall)

    def leader_threshold(self, templates: Templates) -> float:
        """Both similarities from which a row of a crowded bucket follows a leader."""
        return max(self.threshold, self.weighted_threshold or 0.0) if templates else self.threshold


@dataclass(frozen=True)
class Reading:
    """What was read of some texts: enough to look for edges among any of them again without reading them again."""

    strings: pa.LargeStringArray
    rows: NDArray[np.int64]
    """Which of `strings` these are."""
    texts: Lying
    made: Sketch

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: NDArray[np.int64]) -> Reading:
        """Some of the rows, in the order given."""
        return Reading(self.strings, self.rows[rows], self.texts.among(rows), self.made.take(rows))


@dataclass(frozen=True)
class Edges:
    """Verified pairs of rows, `a < b`, sorted, each once."""

    n_rows: int
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    score: NDArray[np.float32]
    stats: dict[str, Any] = field(default_factory=dict)
    """Counts for the manifest: pairs compared, crowded buckets, recall by layout."""
    weighted: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """Weighted Jaccard of each pair; the same as `score` when left out."""
    reading: Reading | None = field(default=None, repr=False, compare=False)
    """What was read of the rows, to look again at some of them; None where it was not kept, or not in one place."""
    blank: NDArray[np.bool_] | None = field(default=None, repr=False, compare=False)
    """Rows without shingles; None where nobody says."""
    crowd: NDArray[np.int64] | None = field(default=None, repr=False, compare=False)
    """Rows of crowded buckets, ascending, those of identical shingles included; None where nobody kept count."""

    def __post_init__(self) -> None:
        if len(self.weighted) != len(self.score):
            object.__setattr__(self, "weighted", self.score)

    def __len__(self) -> int:
        return len(self.a)

    def at(self, threshold: float, weighted: float | None = None) -> Edges:
        """The edges that reach a threshold, and a weighted one (the same when left out)."""
        least = threshold if weighted is None else weighted
        keep = (self.score >= np.float32(threshold)) & (self.weighted >= np.float32(least))
        return Edges(self.n_rows, self.a[keep], self.b[keep], self.score[keep], self.stats, self.weighted[keep])

    def clusters(self, threshold: float, weighted: float | None = None) -> NDArray[np.int64]:
        """First row of each row's cluster at a threshold."""
        edges = self.at(threshold, weighted)
        return clusters(self.n_rows, edges.a, edges.b)


def near_duplicate_edges(
    texts: pa.Array | pa.ChunkedArray | Reading,
    config: NearConfig | None = None,
    progress: Progress = no_progress,
    threads: int = 1,
    rows: NDArray[np.int64] | None = None,
    group: NDArray[np.int64] | None = None,
    keep: bool = True,
) -> Edges:
    """Verified edges between rows whose shingle sets have a Jaccard similarity of at least `config.floor`.

    Rows with identical shingles are joined to the first of them by edges of score 1.0, and only that first row is
    joined to others: identical shingles have identical similarity. Blank and null rows have no edges. `progress`
    may raise to cancel. A `Reading` must have been made under the same configuration. With
    `rows`, only these rows of `texts` take part, and edges speak of their places among `rows`. `group` numbers the rows
    that may stand in for each other, such as those of one split and label (by place among `rows`); it matters only where
    so many rows are alike that not all pairs are compared. Lower numbers speak first. With `keep`, or where templates make
    a later look ask for it, the answer holds what was read.
    """
    config = config or NearConfig()
    layout = config.layout
    n = len(texts) if rows is None else len(rows)
    steps = 2 * n  # sketching, then bands scaled to as many steps
    if isinstance(texts, Reading):
        reading = texts if rows is None else texts.take(rows)
    else:
        reading = _read(texts, rows, config, lambda done, _: progress(done, steps), threads)
    read, made, blank = reading.texts, reading.made, reading.made.count == 0
    with read_anywhere(read.data):
        first = _contract(read, made.fingerprint, ~blank, config.words, threads)
    copies = np.flatnonzero(first != counted(n))
    alone = ~blank
    alone[copies] = False
    taking_part = narrow(np.flatnonzero(alone))
    templates = find_templates(
        reading.strings, config.words, share=config.template_share, seed=config.seed, unit=config.unit, threads=threads,
        rows=reading.rows,
    )
    keys, count = made.keys, made.count
    if templates:
        keys = weighted_keys(read, taking_part, count, layout, config.words, templates, config.seed, threads)
    kept = reading if keep or templates else None
    del reading, made, alone
    every = Bands(keys, taking_part, threads)
    del keys, taking_part
    members = every.members()
    bands = every.among(members)  # from here on, rows are places among those that share a bucket
    del every
    count, some = count[members].astype(np.int64), read.take(members)
    sets, weighed = sets_for(some, count, config.words, templates, threads)
    with read_anywhere(read.data):
        found = compare_buckets(
            bands.keys,
            bands,
            weighed,
            threshold=config.leader_threshold(templates),
            floor=config.floor,
            largest_bucket=config.largest_bucket,
            threads=threads,
            progress=lambda done, total: progress(n + n * done // total, steps),
            group=None if group is None else group[members],
        )
        left, right, score, weighted = judged(sets, templates, found.left, found.right, found.score, config, threads)
    counts = {
        "blank_rows": int(blank.sum()),
        "pairs_compared": found.pairs_compared,
        "crowded_buckets": found.crowded_buckets,
        "rows_settled_by_a_leader": found.settled_rows,
        "template_shingles": len(templates.shingles),
    }
    left, right = members[left], members[right]
    edges = joined_edges(n, left, right, score, copies, first[copies].astype(np.int64), config, counts, weighted)
    in_crowd = np.zeros(n, np.bool_)
    in_crowd[members[found.crowd]] = True
    in_crowd[copies] = in_crowd[first[copies]]
    return replace(edges, reading=kept, blank=blank, crowd=np.flatnonzero(in_crowd))


def _read(
    texts: pa.Array | pa.ChunkedArray, rows: NDArray[np.int64] | None, config: NearConfig, progress: Progress, threads: int
) -> Reading:
    strings = as_large_strings(texts)
    if rows is not None and len(rows) == len(strings):
        rows = None
    read = lying_for_shingles(strings, threads, config.unit, rows)
    made = sketch(read, config.layout, config.words, config.seed, threads, progress)
    made = Sketch(made.keys, made.fingerprint, narrow(made.count))
    return Reading(strings, counted(read.n_rows) if rows is None else rows, read, made)


def judged(
    sets: SetSource,
    templates: Templates,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    score: NDArray[np.float32],
    config: NearConfig,
    threads: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """(left, right, Jaccard, weighted Jaccard) of the compared pairs that are alike; `score` is the lesser of the two."""
    if not templates:
        return left, right, score, score
    parts = []
    step = max(1, len(left)) if isinstance(sets, SetTable) else _PAIRS_A_BLOCK
    for lo in range(0, max(1, len(left)), step):
        pairs = left[lo : lo + step], right[lo : lo + step]
        rows, place = np.unique(np.concatenate(pairs), return_inverse=True)
        table = sets.sets_of(rows)
        a, b = place[: len(pairs[0])], place[len(pairs[0]) :]
        weighted = weighted_pairs(table, templates.weigh(table.values, threads), a, b, threads)
        parts.append((rows[a], rows[b], score_pairs(table, a, b, config.floor, threads), weighted))
    one, two, scores, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return one, two, scores, weights


def joined_edges(
    n_rows: int,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    score: NDArray[np.float32],
    copies: NDArray[np.int64],
    firsts: NDArray[np.int64],
    config: NearConfig,
    counts: Mapping[str, int],
    weighted: NDArray[np.float32] | None = None,
) -> Edges:
    """Verified pairs (`left < right`, in any order, repeats allowed) and the copies of first rows, as sorted edges.

    The end of the sum, whoever computed its parts: what comes out does not depend on their order.
    """
    layout = config.layout
    a = np.concatenate([left, firsts])
    b = np.concatenate([right, copies])
    ones = np.ones(len(copies), np.float32)
    weighted = np.concatenate([score if weighted is None else weighted, ones])
    score = np.concatenate([score, ones])
    order = np.lexsort((b, a))
    a, b, score, weighted = a[order], b[order], score[order], weighted[order]
    new = np.ones(len(a), np.bool_)
    new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    stats = {
        "bands": layout.bands,
        "rows_a_band": layout.rows,
        "recall_at_threshold": round(layout.recall(config.threshold), 4),
        "rows_of_identical_shingles": len(copies),
        "blank_rows": counts["blank_rows"],
        "pairs_compared": counts["pairs_compared"],
        "crowded_buckets": counts["crowded_buckets"],
        "rows_settled_by_a_leader": counts["rows_settled_by_a_leader"],
        "template_shingles": counts.get("template_shingles", 0),
    }
    return Edges(n_rows, a[new], b[new], score[new], stats, weighted[new])


def _contract(
    rows: Lying, fingerprint: NDArray[np.uint64], said: NDArray[np.bool_], words: int, threads: int
) -> NDArray[np.int64]:
    """First row with the same shingles as each row; a fingerprint proposes, the sets decide."""
    first = counted(rows.n_rows)
    some = repeated(fingerprint)  # few, so that the arrays below are short
    some = some[said[some]]
    key = fingerprint[some]
    order = np.argsort(key, kind="stable")
    key, some = key[order], some[order]
    same_as_before = np.zeros(len(some), np.bool_)
    same_as_before[1:] = key[1:] == key[:-1]
    heads = np.maximum.accumulate(np.where(same_as_before, 0, np.arange(len(some))))
    place = np.flatnonzero(same_as_before)
    left, right = heads[place], place
    same = np.zeros(len(right), np.bool_)
    texts = rows.take(some)
    fold, token = texts.characters.fold, texts.characters.token

    def work(lo: int, hi: int) -> None:
        kernels.same_sets(
            texts.data, texts.extra, texts.start, texts.stop, left, right, lo, hi, fold, token, words, same
        )

    over_blocks(len(right), _ROWS_A_BLOCK, threads, work)
    first[some[right[same]]] = some[left[same]]
    return first
