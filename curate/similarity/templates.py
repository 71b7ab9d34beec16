"""Templates: shingles that a large part of the rows share, and the similarity of what is left without them.

Method. System prompts, wrappers and boilerplate make rows alike that have nothing of their own in common. Document
frequencies are counted over the distinct contents of a sample (`SAMPLE_ROWS` rows drawn by the seed, fewer where rows
are so long that the sample would exceed `SAMPLE_BYTES`). A shingle that at least `share` of the contents hold (and at
least `FEWEST_ROWS`) is common; a content is templated when a quarter of its shingles are common. Where at least `share`
of the contents are templated, the common shingles that they hold weigh `share / their frequency` (inverse document
frequency, without a logarithm: a shingle of every second row must not outweigh the few words that differ), all others
weigh 1. Weighted Jaccard is the weight of what two rows share over the weight of what either holds. So a wrapper around
every row hardly changes which rows are alike, and in data without templates every weight is 1 and weighted Jaccard *is*
Jaccard: common phrases make no template (at a share of 2 %, fewer than 1 in 10,000 of encyclopedia passages, news,
mathematics questions and instructions are templated, and 2 % of ten-word bank queries, which share no shingle).
Slots: where two rows fill the blank of one template, each holds shingles there that the other lacks: of its own (a name,
a number), or such as many rows hold (one of few words that the blank takes, each as common as a template). However
little these weigh beside the template, such rows are no copies: of the shingles that belong to no template, those that
both hold must outweigh, at the floor, twice those of either kind that the row with fewer holds alone. A word of the
template that was edited in one row has only the other's common ones against it, and is judged by weight.
Candidates: band keys by weighted MinHash (`weighted_keys`), or every row of a template would share every bucket. A
shingle of weight w that the permutation puts at u in 0..1 stands at the exponential time -ln(1 - u) / w, and the first of
a row is its minimum; two rows share it with a probability that is their weighted Jaccard similarity exactly. So the
layout's recall is that of the number by which they are judged, also where rows hold little or nothing of their own.
Shapes: `shingles` uint64 sorted, `weight` float32; weights of a `SetTable` are aligned with its `values`.
Complexity: O(shingles of the sample * log) to find templates: 0.25 s for 10,000 rows of 1 KB, 0.05 s where the first
2,000 of them show none; `weighted_keys` is a second sketch, made only where there are templates. Memory: 8 bytes a
shingle of the sample and of one block of rows, and 4 for each minimum of each shingle of a template.
Does not: tell a template from more than `share` of the rows being edited copies of one text. What all of them hold
then counts as their template, and they stay as far as their own words differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.similarity.minhash import Layout, permutations, sketch
from curate.similarity.sets import SetTable, build_sets, weighted_jaccard
from curate.similarity.texts import Lying, Places, Texts, Unit, as_large_strings, for_shingles, places

SAMPLE_ROWS = 10_000
SAMPLE_BYTES = 64 << 20
FEWEST_SAMPLED = 500
FIRST_LOOK_ROWS = 2_000
FEWEST_ROWS = 20
TEMPLATED = 0.25
_ROWS_A_BLOCK = 32_768
_SETS_A_BLOCK = 1024
_PLACES_A_BLOCK = 1 << 18
_PAIRS_A_BLOCK = 65_536
_BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))  # only what belongs to no template weighs 1
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_S32 = np.uint64(32)


@dataclass(frozen=True)
class Templates:
    """Shingles of templates and what each of them weighs; falsy where the data has none."""

    shingles: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    weight: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def __bool__(self) -> bool:
        return len(self.shingles) > 0

    @cached_property
    def table(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Open addressing: keys (0: empty) and the place of each in `shingles`, at most a quarter full."""
        size = 1 << max(4, int(4 * len(self.shingles) - 1).bit_length())
        keys, which = np.zeros(size, np.uint64), np.zeros(size, np.int32)
        _fill(self.shingles, keys, which)
        return keys, which

    def weigh(self, values: NDArray[np.uint64], threads: int = 1) -> NDArray[np.float32]:
        """The weight of each shingle."""
        out = np.ones(len(values), np.float32)
        keys, which = self.table
        over_blocks(len(values), 1 << 20, threads, lambda lo, hi: _weigh(values, lo, hi, keys, which, self.weight, out))
        return out

    def weighed(self, sets: SetTable, threads: int = 1) -> SetTable:
        """The same sets with the weight of each of their shingles."""
        return replace(sets, weight=self.weigh(sets.values, threads))

    def times(self, a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.float32]:
        """When each shingle comes under each permutation, (shingle, permutation)."""
        with np.errstate(over="ignore"):
            drawn = ((self.shingles >> _S32).astype(np.uint32)[:, None] ^ a) * b
        times: NDArray[np.float32] = (-np.log1p(-(drawn + 0.5) / 2.0**32) / self.weight[:, None]).astype(np.float32)
        return times


NO_TEMPLATES = Templates()


def find_templates(
    texts: pa.Array | pa.ChunkedArray, words: int, *, share: float, seed: int = 0, threads: int = 1,
    rows: NDArray[np.int64] | None = None, unit: Unit = "word",
) -> Templates:
    """Templates of some texts (or of some `rows` of them), from a sample that depends on their number and the seed."""
    strings = as_large_strings(texts)
    n = len(strings) if rows is None else len(rows)
    if share <= 0 or n < FEWEST_ROWS:
        return NO_TEMPLATES
    # Of the rows that take part alone: the sample must not depend on which others lie beside them.
    mean_bytes = max(1, _bytes_of(places(strings, rows)[1]) // n)
    most = min(SAMPLE_ROWS, max(FEWEST_SAMPLED, SAMPLE_BYTES // mean_bytes))
    if n > most:
        drawn = np.random.Generator(np.random.PCG64(seed)).choice(n, most, replace=False)
        if most > 2 * FIRST_LOOK_ROWS:  # most data has no templates, and a fifth of the sample shows that
            few = np.sort(drawn[:FIRST_LOOK_ROWS])
            first_look = strings.take(pa.array(few if rows is None else rows[few]))
            if not _templates_of(first_look, words, share / 2, seed, threads, unit):
                return NO_TEMPLATES
        drawn.sort()
        rows = drawn if rows is None else rows[drawn]
    sample = strings if rows is None else strings.take(pa.array(rows))
    return _templates_of(sample, words, share, seed, threads, unit)


def _bytes_of(rows: Places) -> int:
    blocks = (rows.block(lo, min(lo + _PLACES_A_BLOCK, len(rows))) for lo in range(0, len(rows), _PLACES_A_BLOCK))
    return sum(int((stop - start).sum()) for start, stop in blocks)


def _templates_of(
    strings: pa.LargeStringArray, words: int, share: float, seed: int, threads: int, unit: Unit
) -> Templates:
    """Templates of a sample."""
    read = for_shingles(strings, threads, unit)
    made = sketch(read, Layout(1, 1), words, seed, threads)
    _, first = np.unique(made.fingerprint, return_index=True)  # one row for each content
    distinct = np.sort(first[made.count[first] > 0])
    sets = build_sets(read, distinct, made.count, words, threads)
    packed = np.repeat(sets.at - (np.cumsum(sets.size) - sets.size), sets.size) + np.arange(int(sets.size.sum()))
    return templates_of_sets(sets.values[packed], sets.size, share)


def templates_of_sets(values: NDArray[np.uint64], size: NDArray[np.int64], share: float) -> Templates:
    """Templates of some distinct shingle sets, packed one after another."""
    least = max(FEWEST_ROWS, share * len(size))
    may = _may_be_frequent(values, least)
    inside = np.repeat(np.arange(len(size)), size)[may]
    shingles, which = np.unique(values[may], return_inverse=True)
    frequency = np.bincount(which, minlength=len(shingles))
    common = np.bincount(inside[frequency[which] >= least], minlength=len(size))
    templated = common >= TEMPLATED * np.maximum(1, size)
    if templated.sum() < least:
        return NO_TEMPLATES
    within = np.bincount(which[templated[inside]], minlength=len(shingles)) >= least
    weight = np.minimum(least / frequency[within], _BELOW_ONE).astype(np.float32)
    return Templates(shingles[within], weight)


def _may_be_frequent(values: NDArray[np.uint64], least: float) -> NDArray[np.bool_]:
    """False for values of which there are surely fewer than `least`: counted by their first bits, which costs a tenth of
    sorting them."""
    bits = min(28, len(values).bit_length() + 1)
    bucket = (values >> np.uint64(64 - bits)).astype(np.int64)
    return np.bincount(bucket, minlength=1 << bits)[bucket] >= least


def either_weighs_less(one: Templates, two: Templates) -> Templates:
    """The templates of both, a shingle of the two with the lesser weight."""
    shingles, weight = np.concatenate([one.shingles, two.shingles]), np.concatenate([one.weight, two.weight])
    order = np.lexsort((weight, shingles))
    known, first = np.unique(shingles[order], return_index=True)
    return Templates(known, weight[order][first])


def weighted_keys(
    texts: Texts | Lying,
    rows: NDArray[np.int64],
    count: NDArray[np.int64],
    layout: Layout,
    words: int,
    templates: Templates,
    seed: int = 0,
    threads: int = 1,
) -> NDArray[np.uint32]:
    """Band keys (band, row) of `rows` by the weights of their shingles; zero for all other rows."""
    a, b = permutations(layout.permutations, seed)
    (known, which), times = templates.table, templates.times(a, b)
    keys = np.zeros((layout.bands, texts.n_rows), np.uint32)
    for lo in range(0, len(rows), _ROWS_A_BLOCK):
        block = rows[lo : lo + _ROWS_A_BLOCK].astype(np.int64)
        sets = build_sets(texts.take(block), np.arange(len(block)), count[block], words, threads)

        def work(lo: int, hi: int, block: NDArray[np.int64] = block, sets: SetTable = sets) -> None:
            _band_keys(sets.values, sets.at, sets.size, block, lo, hi, a, b, known, which, times, keys)

        over_blocks(len(block), _SETS_A_BLOCK, threads, work)
    return keys


def weighted_keys_of_sets(
    values: NDArray[np.uint64], at: NDArray[np.int64], size: NDArray[np.int64], layout: Layout, templates: Templates,
    seed: int = 0, threads: int = 1,
) -> NDArray[np.uint32]:
    """Band keys (band, set) of sets that are made already."""
    a, b = permutations(layout.permutations, seed)
    (known, which), times = templates.table, templates.times(a, b)
    keys = np.zeros((layout.bands, len(size)), np.uint32)
    places = np.arange(len(size))

    def work(lo: int, hi: int) -> None:
        _band_keys(values, at, size, places, lo, hi, a, b, known, which, times, keys)

    over_blocks(len(size), _SETS_A_BLOCK, threads, work)
    return keys


def weighted_pairs(
    sets: SetTable,
    weight: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    threads: int = 1,
) -> NDArray[np.float32]:
    """Weighted Jaccard of each pair of rows; `weight` is aligned with `sets.values`."""
    score = np.zeros(len(left), np.float32)

    def work(lo: int, hi: int) -> None:
        _weighted_pairs(sets.values, weight, sets.at, sets.size, sets.place, left, right, lo, hi, score)

    over_blocks(len(left), _PAIRS_A_BLOCK, threads, work)
    return score


@njit(cache=True, nogil=True)
def _fill(shingles, keys, which):  # type: ignore[no-untyped-def]
    mask = np.uint64(keys.size - 1)
    for i in range(shingles.size):
        slot = (shingles[i] * _MIX >> _S32) & mask
        while keys[slot] != np.uint64(0):
            slot = (slot + np.uint64(1)) & mask
        keys[slot], which[slot] = shingles[i], i


@njit(cache=True, nogil=True)
def _lookup(value, keys, which):  # type: ignore[no-untyped-def]
    """Place of a shingle among those of templates; -1 where it belongs to none."""
    mask = np.uint64(keys.size - 1)
    slot = (value * _MIX >> _S32) & mask
    while keys[slot] != np.uint64(0):
        if keys[slot] == value:
            return which[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int32(-1)


@njit(cache=True, nogil=True)
def _weigh(values, lo, hi, keys, which, weight, out):  # type: ignore[no-untyped-def]
    for i in range(lo, hi):
        place = _lookup(values[i], keys, which)
        if place >= 0:
            out[i] = weight[place]


@njit(cache=True, nogil=True)
def _band_keys(values, at, size, rows, lo, hi, a, b, known, which, times, keys):  # type: ignore[no-untyped-def]
    """The first shingle of each set by time, named by `(x ^ a) * b mod 2^32`; every run of them hashed to one key."""
    bands = keys.shape[0]
    width = a.size // bands
    minima, first, soonest = np.empty(a.size, np.uint32), np.empty(a.size, np.uint32), np.empty(a.size, np.float32)
    for i in range(lo, hi):
        own = False
        for k in range(a.size):
            minima[k], soonest[k] = np.uint32(0xFFFFFFFF), np.float32(np.inf)
        for j in range(at[i], at[i] + size[i]):
            x = np.uint32(values[j] >> _S32)
            place = _lookup(values[j], known, which)
            if place < 0:  # among those of weight 1 the least number comes first, whatever its time
                own = True
                for k in range(a.size):
                    v = np.uint32(np.uint32(x ^ a[k]) * b[k])
                    minima[k] = min(minima[k], v)
            else:
                for k in range(a.size):
                    if times[place, k] < soonest[k]:
                        soonest[k], first[k] = times[place, k], np.uint32(np.uint32(x ^ a[k]) * b[k])
        for k in range(a.size):
            if own and np.float32(-np.log1p(-(minima[k] + 0.5) / 4294967296.0)) <= soonest[k]:
                first[k] = minima[k]
        for band in range(bands):
            h = np.uint64(band + 1)
            for k in range(band * width, (band + 1) * width):
                h = (h ^ np.uint64(first[k])) * _MIX
                h ^= h >> _S32
            keys[band, rows[i]] = np.uint32(h >> _S32)


@njit(cache=True, nogil=True)
def _weighted_pairs(values, weight, at, size, place, left, right, lo, hi, score):  # type: ignore[no-untyped-def]
    for k in range(lo, hi):
        i, j = place[left[k]], place[right[k]]
        score[k] = weighted_jaccard(values, weight, at[i], size[i], values, weight, at[j], size[j])[0]
