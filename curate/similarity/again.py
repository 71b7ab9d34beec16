"""Duplicates among rows of which most were looked at before: the same answers, for the price of what is new.

Method. Whatever two texts have to do with each other is settled by the two alone: equal hashes, or a shared band key and
an exact Jaccard similarity. So what was found among old texts stands, and only texts that could have to do with a new
one are looked at: new ones, those with the same hash or a band key of a new one, and (exact copies) those that stood in a
group. These go through the ordinary engine, which never knows; the rest is joined to its answer.
What a crowded bucket says depends on all of its texts (its leaders are the first of them), so texts of buckets that were
crowded go through the engine again, all of them; such a bucket is then whole there, and so are its answers. Templates,
whose weights depend on a sample of everything, leave no answer to keep: the caller looks at everything.
Shapes: `before` int64 (row): where the text stood among the old ones, -1 for a new one. Edges are those of
`near_duplicate_edges`, equal to a full look but for `pairs_compared`, which counts what was compared this time.
Complexity: O(rows * bands) reads of kept keys, a nanosecond each, and a full look at what is new. Memory: that of the keys.
Disk: 16 bytes a row for hashes, `4 * bands` a distinct text for keys, 12 an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress
from curate.similarity.buckets import find_buckets
from curate.similarity.clusters import clusters
from curate.similarity.exact import TextHashes, groups_of, hash_texts
from curate.similarity.known import among
from curate.similarity.minhash import Sketch, sketch
from curate.similarity.near import Edges, NearConfig, Reading, joined_edges, near_duplicate_edges
from curate.similarity.templates import find_templates
from curate.similarity.texts import for_shingles, lying_for_shingles

Ints = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]
_ROWS_A_BLOCK = 1 << 18


# -- exact copies -------------------------------------------------------------------------------------------------------


def groups_with(
    texts: pa.LargeStringArray, normalise_whitespace: bool, old: Arrays | None, before: Ints, threads: int = 1,
    progress: Progress = no_progress,
) -> tuple[Ints, Callable[[], dict[str, NDArray[Any]]]]:
    """First row with the same text as each row (-1: alone), and a way to ask for what is to be kept of these rows."""
    if old is None:
        hashes = hash_texts(texts, normalise_whitespace, threads, progress)
        group = groups_of(hashes, threads)
        return group, lambda: {"high": hashes.high, "low": hashes.low, "group": group}
    n = len(texts)
    new = np.flatnonzero(before < 0)
    fresh = hash_texts(
        texts.take(pa.array(new)), normalise_whitespace, threads, lambda done, total: progress(done * n // max(1, total), n)
    )
    now = _places_now(before, len(old["high"]))
    some = np.concatenate([np.flatnonzero(old["group"] >= 0), among(old["high"], fresh.high)])
    kept = now[some]
    rows = np.unique(np.concatenate([new, kept[kept >= 0]]))
    high, low = np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64)
    is_new = before[rows] < 0
    for out, was, made in ((high, old["high"], fresh.high), (low, old["low"], fresh.low)):
        out[is_new], out[~is_new] = made, was[before[rows[~is_new]]]
    found = groups_of(TextHashes(texts.take(pa.array(rows)), high, low, normalise_whitespace), threads)
    group = np.full(n, -1, np.int64)
    group[rows[found >= 0]] = rows[found[found >= 0]]
    progress(n, n)

    def keep() -> dict[str, NDArray[Any]]:
        out = {"group": group}
        for name, made in (("high", fresh.high), ("low", fresh.low)):
            column = old[name][np.maximum(before, 0)]
            column[new] = made
            out[name] = column
        return out

    return group, keep


def _places_now(before: Ints, n_old: int) -> Ints:
    """For each old row its place now, -1 where it is gone."""
    now: Ints = np.full(n_old, -1, np.int32 if len(before) < 2**31 else np.int64)
    for lo in range(0, len(before), _ROWS_A_BLOCK):
        some = before[lo : lo + _ROWS_A_BLOCK]
        again = np.flatnonzero(some >= 0)
        now[some[again]] = lo + again
    return now


# -- near-duplicates ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeptTexts:
    """What is kept of distinct texts after a look at all of them."""

    keys: NDArray[np.uint32]
    """Band keys, (band, text)."""
    blank: NDArray[np.bool_]
    a: Ints
    b: Ints
    score: NDArray[np.float32]
    """Edges between the texts."""
    crowd: Ints
    """Texts of crowded buckets, ascending."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays to be written."""
        return {name: getattr(self, name) for name in _KEPT}

    @classmethod
    def of(cls, arrays: Arrays) -> KeptTexts:
        """From arrays that were read."""
        return cls(*(arrays[name] for name in _KEPT))


_KEPT = ("keys", "blank", "a", "b", "score", "crowd")


def kept_after(found: Edges, config: NearConfig) -> KeptTexts | None:
    """What to keep of a full look; None where templates had a say in its answers."""
    if found.reading is None or found.stats["template_shingles"]:
        return None
    made = found.reading.made
    return _kept(made.keys, made.count == 0, found, config)


def edges_among(
    texts: pa.LargeStringArray, config: NearConfig, rows: Ints, found: Edges, blank: NDArray[np.bool_], places: Ints,
    group: Ints | None = None, threads: int = 1,
) -> Edges | None:
    """Edges among the distinct texts `rows`, which all stood, at `places`, among the texts that `found` speaks of.

    `blank` says which of those had no shingles. None where all must be looked at.
    """
    keys = np.zeros((0, found.n_rows), np.uint32)  # nothing new asks for them
    old = _kept(keys, blank, found, config)
    again = edges_with(texts, config, rows, old, places, group, threads)
    return None if again is None else again[0]


def _kept(keys: NDArray[np.uint32], blank: NDArray[np.bool_], found: Edges, config: NearConfig) -> KeptTexts:
    crowd = np.zeros(0, np.int64) if found.crowd is None else found.crowd
    if found.crowd is None and found.stats["crowded_buckets"]:
        one = found.score >= 1.0
        crowd = np.flatnonzero(_crowd(keys, blank, clusters(len(blank), found.a[one], found.b[one]), config))
    return KeptTexts(keys, blank, found.a, found.b, found.score, crowd)


def _crowd(
    keys: NDArray[np.uint32], blank: NDArray[np.bool_], classes: Ints, config: NearConfig
) -> NDArray[np.bool_]:
    """Which texts stand in a crowded bucket; of identical shingles (`classes`) the first stands there for all."""
    crowd = np.zeros(len(blank), np.bool_)
    heads = np.flatnonzero((classes == np.arange(len(blank))) & ~blank)
    for band in keys:
        buckets = find_buckets(np.ascontiguousarray(band), heads)
        size = np.diff(buckets.starts)
        crowd[buckets.members[np.repeat(size > config.largest_bucket, size)]] = True
    return crowd[classes]


def edges_with(
    texts: pa.LargeStringArray, config: NearConfig, rows: Ints, old: KeptTexts, before: Ints, group: Ints | None = None,
    threads: int = 1, progress: Progress = no_progress,
) -> tuple[Edges, Callable[[], KeptTexts]] | None:
    """Edges among the distinct texts `rows`, and a way to ask for what is to be kept; None where all must be looked at.

    `before`: where each of `rows` stood among the texts of `old`.
    """
    if find_templates(
        texts, config.words, share=config.template_share, seed=config.seed, unit=config.unit, threads=threads, rows=rows,
    ):  # fmt: skip
        return None
    n = len(rows)
    new = np.flatnonzero(before < 0)
    read = for_shingles(texts.take(pa.array(rows[new])), threads, config.unit)
    fresh = sketch(read, config.layout, config.words, config.seed, threads)
    now = _places_now(before, old.keys.shape[1])
    said = fresh.count > 0
    met = [among(band, fresh.keys[i][said]) for i, band in enumerate(old.keys)]
    kept = now[np.concatenate([np.zeros(0, np.int64), *met])]
    crowd = now[old.crowd]
    crowd = crowd[crowd >= 0]
    some = np.unique(np.concatenate([new, kept[kept >= 0], crowd]))
    plain = replace(config, template_share=0.0)
    reading = _read(texts.take(pa.array(rows[some])), np.searchsorted(some, new), fresh, config, threads)
    near = near_duplicate_edges(
        reading, plain, lambda done, total: progress(done * 2 * n // max(1, total), 2 * n), threads,
        group=None if group is None else group[some],
    )  # fmt: skip
    same = near.score >= 1.0
    classes = clusters(len(some), near.a[same], near.b[same])
    fresh_class, crowd_class = np.zeros(len(some), np.bool_), np.zeros(len(some), np.bool_)
    fresh_class[classes[np.searchsorted(some, new)]] = True
    crowd_class[classes[np.searchsorted(some, crowd)]] = True
    if near.stats["crowded_buckets"] and near.reading is not None:  # what new texts have made a crowd is whole here, too
        made = near.reading.made
        crowd_class[classes[_crowd(made.keys, made.count == 0, classes, config)]] = True
    # The engine speaks for pairs of which one is new (or has the shingles of a new one), or both are or were in crowds.
    is_new, in_crowd = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    is_new[some], in_crowd[some] = fresh_class[classes], crowd_class[classes]
    a, b = some[near.a], some[near.b]
    ours = is_new[a] | is_new[b] | (in_crowd[a] & in_crowd[b])
    a, b, score = _among_old(old, now)
    theirs = ~(is_new[a] | is_new[b] | (in_crowd[a] & in_crowd[b]))
    a, b, score = (np.concatenate(p) for p in ((some[near.a[ours]], a[theirs]), (some[near.b[ours]], b[theirs]),
                                               (near.score[ours], score[theirs])))  # fmt: skip
    blank = np.zeros(n, np.bool_)
    blank[before >= 0], blank[new] = old.blank[before[before >= 0]], ~said
    apart = score < 1.0
    counts = {**near.stats, "blank_rows": int(blank.sum())}
    found = joined_edges(n, a[apart], b[apart], score[apart], b[~apart], a[~apart], config, counts)
    progress(2 * n, 2 * n)

    def keep() -> KeptTexts:
        keys = old.keys[:, np.maximum(before, 0)]
        keys[:, new] = fresh.keys
        return _kept(keys, blank, found, config)

    return found, keep


def _read(texts: pa.LargeStringArray, sketched: Ints, sketches: Sketch, config: NearConfig, threads: int) -> Reading:
    """A reading of texts of which those at the places `sketched` have been sketched already."""
    read = lying_for_shingles(texts, threads, config.unit)
    others = np.delete(np.arange(len(texts)), sketched)
    rest = sketch(read.take(others), config.layout, config.words, config.seed, threads)
    order = np.argsort(np.concatenate([sketched, others]))
    every = Sketch(
        np.concatenate([sketches.keys, rest.keys], axis=1),
        np.concatenate([sketches.fingerprint, rest.fingerprint]),
        np.concatenate([sketches.count, rest.count]),
    )
    return Reading(texts, np.arange(len(texts)), read, every.take(order))


def _among_old(old: KeptTexts, now: Ints) -> tuple[Ints, Ints, NDArray[np.float32]]:
    """Edges of `old` among the texts that are still there, by their places now.

    Where the first of some texts of identical shingles is gone or stands elsewhere, the one that comes first now takes
    its place.
    """
    ends = np.unique(np.concatenate([old.a, old.b]))
    a, b = np.searchsorted(ends, old.a), np.searchsorted(ends, old.b)
    same = old.score >= 1.0
    classes = clusters(len(ends), a[same], b[same])
    place = now[ends]
    here = np.flatnonzero(place >= 0)
    here = here[np.argsort(place[here], kind="stable")]
    own, first = np.unique(classes[here], return_index=True)
    head = np.full(len(ends), -1, np.int64)
    head[own] = place[here[first]]
    copies = here[place[here] != head[classes[here]]]
    one, other = head[classes[a[~same]]], head[classes[b[~same]]]
    there = (one >= 0) & (other >= 0)
    left = np.concatenate([np.minimum(one, other)[there], head[classes[copies]]])
    right = np.concatenate([np.maximum(one, other)[there], place[copies]])
    return left, right, np.concatenate([old.score[~same][there], np.ones(len(copies), np.float32)])
