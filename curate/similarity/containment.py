"""Containment: which texts hold one of a set of items (benchmark questions, rows of an evaluation split).

Method. Items and texts are read as 5-grams of words, and compared in runs: words that follow each other in both, at
least `run_words` of them (all, where the item is shorter). A text *holds* an item where the runs cover at least
`coverage` of its words and `rare_coverage` of the weight of its n-grams. Overlap of word n-grams is the established
test (13-grams: Brown et al. 2020, app. C; the share of tokens in runs of 10: Touvron et al. 2023, app. A.6; 8-grams
that cover half of an item within one training text: Lambert et al. 2024). What is added here:

- n-grams weigh by rarity: the inverse document frequency over the texts, divided by the items that have them; those in
  more than `common_share` of the texts or items weigh nothing. So a shared template does not make two questions one;
- an item must be held at one place: no gap between runs is longer than the item. So a long document does not hold an
  item by common phrases from all over it;
- an item must stand there whole where the words that tell it from others (those in n-grams of weight 0.4 or more) are
  fewer than two runs, and at least `run_words` of its words (all, where it is shorter) must be rare. So one changed
  word is enough to keep a short question apart, inside a long template as well.

Weaker findings, never proof of a leak, are kept as *shared*: runs that cover `floor` of a long item, a run of
`long_run_words` rare words, or an item that stands there whole but of common words.

Everything is computed on the n-grams themselves, nothing is estimated; exact up to collisions of 64-bit hashes. Two
passes: the first counts in how many texts each n-gram of an item occurs and marks texts worth a second look, the second
looks. Shapes: `Matches` are parallel arrays, ordered by text. Complexity: O(words of the texts) plus O(words near the
hits) for each text and item with a rare n-gram in common. Memory: about 60 bytes a word of the items.
Does not: find paraphrases, translations, or long items with a word changed in every `run_words`; items of fewer than
`GRAM` words are not looked for inside texts (`Containment.too_short` marks them; see `equal_texts`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress, over_blocks
from curate.similarity import containment_kernels as kernels
from curate.similarity.containment_kernels import GRAM
from curate.similarity.passages import Passages, blocks, read_block
from curate.similarity.texts import as_large_strings, for_shingles

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Words = NDArray[np.uint64]

MOST_ITEMS = 64
"""N-grams that stand in more different items than this propose no pair; they still count once a pair is proposed."""
FEW_TEXTS = 1000
"""Rarity among fewer texts than this is reckoned as among so many: two of three texts say little of a language."""
ALWAYS_RARE = 8
"""An n-gram in at most this many other texts, and other items, is rare however few there are."""


@dataclass(frozen=True)
class ContainmentConfig:
    """When a text holds an item, and when it shares enough to be mentioned."""

    coverage: float = 0.8
    """Share of the item's words that must stand in the text."""
    rare_coverage: float = 0.6
    """Share of the weight of the item's n-grams that must stand in the text; a changed word takes `GRAM` of them."""
    floor: float = 0.5
    """Both shares, from which a long item counts as shared."""
    run_words: int = 8
    """Words in a row that count as common to both."""
    long_run_words: int = 50
    """A run of this many rare words counts as shared, however long the item is."""
    common_share: float = 0.01
    """An n-gram in more than this share of the texts, or of the items, weighs nothing."""

    def __post_init__(self) -> None:
        shares = (self.coverage, self.rare_coverage, self.floor, self.common_share)
        if not all(0.0 < share <= 1.0 for share in shares):
            raise ValueError("coverage, rare_coverage, floor and common_share must lie above 0 and at most at 1")
        if not GRAM <= self.run_words <= self.long_run_words:
            raise ValueError(f"{GRAM} <= run_words <= long_run_words must hold")


@dataclass(frozen=True)
class Matches:
    """Pairs of a text and an item that it holds, or shares much with; parallel arrays."""

    text: Ints
    item: Ints
    words: Ints
    """Words of the item that stand in the text in runs."""
    run: Ints
    """Words of the longest run."""
    at: Ints
    """Word of the text at which the first run begins, from 0."""
    held: Bools
    """Whether the text holds the item."""
    coverage: NDArray[np.float32]
    """Share of the item's words that stand in the text."""

    def __len__(self) -> int:
        return len(self.text)

    def take(self, which: Ints | Bools) -> Matches:
        """Some of the pairs."""
        return Matches(
            self.text[which], self.item[which], self.words[which], self.run[which], self.at[which], self.held[which],
            self.coverage[which],
        )  # fmt: skip


@dataclass(frozen=True)
class Containment:
    """What `find_contained` found, and what it could not look for."""

    matches: Matches
    too_short: Bools
    """bool[items]: items of fewer than `GRAM` words."""
    too_common: Bools
    """bool[items]: other items without a rare n-gram; no text can be told to hold them."""


@dataclass(frozen=True)
class _Table:
    """The n-grams of different items, numbered and found by hash; see `containment_kernels`."""

    home: NDArray[np.int32]
    bloom: Words
    unique: Words
    first: Ints
    item: NDArray[np.int32]
    place: NDArray[np.int32]
    items_with: Ints
    slot_at: NDArray[np.int32]


def find_contained(
    texts: pa.Array | pa.ChunkedArray,
    items: Passages,
    config: ContainmentConfig | None = None,
    *,
    text_rank: NDArray[np.int8] | None = None,
    item_rank: NDArray[np.int8] | None = None,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Containment:
    """Every pair of a text and an item that it holds or shares much with.

    With ranks, a text is compared with items of a lower rank alone. Equal items are one: a pair names the first of
    them, so order the items by what should be named. `progress` may raise to cancel.
    """
    config = config or ContainmentConfig()
    first = first_of_equals(items)
    different = np.flatnonzero((first == np.arange(len(items))) & (items.size > 0))
    some = items.take(different)
    table = _table(some)
    rows = for_shingles(as_large_strings(texts), threads)
    ranks = np.zeros(rows.n_rows, np.int8) if text_rank is None else text_rank
    item_ranks = (np.full(len(items), -1, np.int8) if item_rank is None else item_rank)[different]
    asked = ranks > (item_ranks.min() if len(item_ranks) else np.int8(127))
    ranges = list(blocks(rows))
    steps = 2 * len(ranges)
    texts_with = np.zeros(len(table.unique), np.int64)
    look = np.zeros(rows.n_rows, np.bool_)
    in_short = _in_short_items(table, some, config.run_words)
    lock = threading.Lock()

    def count(lo: int, hi: int) -> None:
        for block in range(lo, hi):
            which = np.arange(*ranges[block])
            which = which[asked[which]]
            grams = read_block(rows, which)
            found, worth = kernels.occurrences(
                *(grams.grams, grams.at, grams.size, table.home, table.bloom, table.unique, in_short),
                config.run_words - GRAM + 1,
            )
            look[which] = worth
            slot, n = np.unique(found, return_counts=True)
            with lock:  # sums do not depend on who comes first
                texts_with[slot] += n

    over_blocks(len(ranges), 1, threads, count, lambda done, _: progress(done, steps))
    weight, rare = _weights(texts_with, table.items_with, int(asked.sum()), len(different), config)
    anchor = rare & (table.items_with <= MOST_ITEMS)
    results: list[tuple[Ints, NDArray[np.float32]]] = [(np.zeros((0, 6), np.int64), np.zeros(0, np.float32))]
    results += [results[0]] * len(ranges)

    def verify(lo: int, hi: int) -> None:
        for block in range(lo, hi):
            which = np.arange(*ranges[block])
            which = which[look[which]]
            if len(which):
                grams = read_block(rows, which)
                results[block + 1] = kernels.shared(
                    *(grams.grams, grams.at, grams.size, which, ranks, table.home, table.bloom, table.unique),
                    *(table.first, table.item, table.place, anchor, table.slot_at, some.at, some.size, item_ranks),
                    *(weight, rare, np.float32(config.coverage), np.float32(config.rare_coverage)),
                    *(np.float32(config.floor), config.run_words, config.long_run_words),
                )

    over_blocks(len(ranges), 1, threads, verify, lambda done, _: progress(len(ranges) + done, steps))
    pairs = np.concatenate([found for found, _ in results])
    share = np.concatenate([share for _, share in results])
    text, item, words, run, at, held = (np.ascontiguousarray(pairs[:, i]) for i in range(6))
    matches = Matches(text, different[item], words, run, at, held > 0, share)
    proposed = np.zeros(len(items), np.bool_)
    proposed[different] = kernels.any_of(anchor, table.slot_at, some.at, some.size)
    return Containment(matches, items.size == 0, (items.size > 0) & ~proposed[first])


def first_of_equals(items: Passages) -> Ints:
    """The first item with the same n-grams in the same order as each; an item without n-grams stays alone."""
    n = len(items)
    first = np.arange(n)
    key = kernels.fingerprints(items.grams, items.at, items.size)
    order = np.lexsort((first, key, items.size))
    again = np.zeros(n, np.bool_)
    again[1:] = (key[order[1:]] == key[order[:-1]]) & (items.size[order[1:]] == items.size[order[:-1]])
    again &= items.size[order] > 0
    heads = order[np.maximum.accumulate(np.where(again, 0, first))] if n else order
    left, right = heads[again], order[again]
    same = kernels.equal(items.grams, items.at, items.size, left, right)
    first[right[same]] = left[same]
    return first


def equal_texts(left: Words, right: Words) -> Ints:
    """The first of `right` that says the same as each of `left`, by `whole_texts`; -1 where none does, or it is blank."""
    if not len(right):
        return np.full(len(left), -1, np.int64)
    order = np.argsort(right, kind="stable")
    at = np.minimum(np.searchsorted(right[order], left), len(right) - 1)
    found: Ints = np.where((right[order[at]] == left) & (left != 0), order[at], -1)
    return found


def _table(items: Passages) -> _Table:
    if len(items.grams) >= 2**31 - 1:
        raise ValueError("more than 2^31 words of items; look for them in several runs")
    owner = np.repeat(np.arange(len(items)), items.size)
    place = np.arange(len(items.grams)) - np.repeat(items.at, items.size)
    order = np.argsort(items.grams, kind="stable")
    gram, owner, place = items.grams[order], owner[order], place[order]
    new = np.ones(len(gram), np.bool_)
    new[1:] = gram[1:] != gram[:-1]
    fresh = new.copy()
    fresh[1:] |= owner[1:] != owner[:-1]
    slot = np.cumsum(new) - 1
    slot_at = np.empty(len(gram), np.int32)
    slot_at[order] = slot
    unique = gram[new]
    bits = max(2 * len(unique), 64).bit_length()
    home = np.full(1 << bits, -1, np.int32)
    bloom = np.zeros(1 << (bits - 3), np.uint64)  # sixteen bits an n-gram or more
    kernels.fill(home, bloom, unique)
    first = np.concatenate([np.flatnonzero(new), [len(gram)]]).astype(np.int64)
    items_with = np.bincount(slot[fresh], minlength=len(unique))
    return _Table(home, bloom, unique, first, owner.astype(np.int32), place.astype(np.int32), items_with, slot_at)


def _weights(
    texts_with: Ints, items_with: Ints, n_texts: int, n_items: int, config: ContainmentConfig
) -> tuple[NDArray[np.float32], Bools]:
    """(weight 0 to 1, whether it is rare) of each n-gram; the text that holds an item is not counted against it."""
    others = np.maximum(texts_with - 1, 0)
    rare = others <= max(ALWAYS_RARE, config.common_share * n_texts)
    rare &= items_with - 1 <= max(ALWAYS_RARE, config.common_share * n_items)
    by_texts = np.clip(1.0 - np.log1p(others) / np.log1p(max(n_texts, FEW_TEXTS)), 0.0, 1.0)
    return np.where(rare, by_texts / np.maximum(items_with, 1), 0.0).astype(np.float32), rare


def _in_short_items(table: _Table, items: Passages, run_words: int) -> Bools:
    """bool[slot]: n-grams of items that are shorter than a run, for which one n-gram is worth a look."""
    out = np.zeros(len(table.unique), np.bool_)
    slot = np.repeat(np.arange(len(table.unique)), np.diff(table.first))
    out[slot[items.size[table.item] < run_words - GRAM + 1]] = True
    return out
