"""Texts as runs of hashed n-grams in reading order: what containment compares.

Method: every `GRAM` consecutive words (tokens of `kernels`: NFKC, casefold, no punctuation) are hashed to 64 bits; a
text of m words has m - GRAM + 1 of them, in order and with repeats; a text of fewer words has none. `whole_texts`
gives each text of any length one hash of all its words.
Shapes: `Passages` is a ragged table: text i is `grams[at[i]:at[i] + size[i]]`. Units: words and 64-bit hashes.
Cost: one pass over the bytes; 8 bytes a word while a block of rows is held.
Does not: keep words. A reader of the hashes who can guess a phrase can check the guess, and then extend it word by
word, so they are no protection for secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.similarity import containment_kernels, kernels
from curate.similarity.containment_kernels import GRAM
from curate.similarity.texts import Texts, as_large_strings, for_shingles

BLOCK_BYTES = 1 << 20
BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Passages:
    """The n-grams of some texts, ragged."""

    grams: NDArray[np.uint64]
    at: NDArray[np.int64]
    size: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def words(self) -> NDArray[np.int64]:
        """Words of each text; 0 for a text of fewer than `GRAM`."""
        return np.where(self.size > 0, self.size + GRAM - 1, 0)

    def take(self, which: NDArray[np.int64]) -> Passages:
        """The texts at these positions, packed."""
        size = self.size[which]
        at = starts_of(size)
        grams = np.empty(int(size.sum()), np.uint64)
        containment_kernels.copy_runs(self.grams, self.at[which], size, grams, at)
        return Passages(grams, at, size)

    @classmethod
    def joined(cls, parts: list[Passages]) -> Passages:
        """Texts of several packed tables, one after another."""
        size = np.concatenate([np.zeros(0, np.int64), *(p.size for p in parts)])
        return cls(np.concatenate([np.zeros(0, np.uint64), *(p.grams for p in parts)]), starts_of(size), size)


def starts_of(size: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of some consecutive runs begins."""
    return np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64) if len(size) else np.zeros(0, np.int64)


def passages_of(texts: pa.Array | pa.ChunkedArray, threads: int = 1) -> Passages:
    """The n-grams of every text, packed; a null, or a text of too few words, has none."""
    rows = for_shingles(as_large_strings(texts), threads)
    ranges = list(blocks(rows))
    parts: list[Passages] = [Passages(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))] * len(ranges)

    def work(lo: int, hi: int) -> None:
        for block in range(lo, hi):
            which = np.arange(*ranges[block])
            grams = read_block(rows, which)
            # Too few words for an n-gram are one shingle of them all.
            size = np.where(read_block(rows, which, 1).size >= GRAM, grams.size, 0)
            parts[block] = Passages(grams.grams, grams.at, size).take(np.arange(len(which)))

    over_blocks(len(ranges), 1, threads, work)
    return Passages.joined(parts)


def whole_texts(texts: pa.Array | pa.ChunkedArray, threads: int = 1) -> NDArray[np.uint64]:
    """One hash of all words of each text, in order; 0 for a text that says nothing."""
    rows = for_shingles(as_large_strings(texts), threads)
    ranges = list(blocks(rows))
    out = np.zeros(rows.n_rows, np.uint64)

    def work(lo: int, hi: int) -> None:
        for block in range(lo, hi):
            which = np.arange(*ranges[block])
            words = read_block(rows, which, 1)
            out[which] = containment_kernels.fingerprints(words.grams, words.at, words.size)

    over_blocks(len(ranges), 1, threads, work)
    return out


def blocks(rows: Texts) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of rows of about `BLOCK_BYTES`, the same at any number of threads."""
    ends = np.cumsum(rows.stop - rows.start)
    lo = 0
    while lo < rows.n_rows:
        before = int(ends[lo - 1]) if lo else 0
        hi = int(np.searchsorted(ends, before + BLOCK_BYTES, "right"))
        hi = min(max(hi, lo + 1), lo + BLOCK_ROWS, rows.n_rows)
        yield lo, hi
        lo = hi


def read_block(rows: Texts, which: NDArray[np.int64], words: int = GRAM) -> Passages:
    """Shingles of some rows in order; not packed, so that nothing is copied."""
    at = starts_of(rows.stop[which] - rows.start[which] + 1)
    room = int(at[-1] + rows.stop[which[-1]] - rows.start[which[-1]] + 1) if len(which) else 0
    grams = np.empty(room, np.uint64)  # memory is touched only where n-grams are written
    size = np.zeros(len(which), np.int64)
    fold, token = rows.characters.fold, rows.characters.token
    kernels.gram_rows(
        rows.data, rows.extra, rows.start, rows.stop, which, 0, len(which), fold, token, words, at, grams, size
    )
    return Passages(grams, at, size)
