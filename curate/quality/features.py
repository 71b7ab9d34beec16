"""The counts of every text, as named columns.

Shapes: each column of `Features` is int32, one value a text. Cost: one pass of `curate.quality.kernel` on any number of
threads; 200 bytes a text. Results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.quality import hashed, kernel
from curate.quality.characters import FOLDED, tables
from curate.quality.columns import COLUMNS
from curate.similarity.texts import buffers

TEXTS_A_BLOCK = 1024
GOPHER_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Features:
    """Counts of some texts: `features["words"]`, one number a text."""

    counts: NDArray[np.int32]
    """(text, `COLUMNS`)."""
    last_word: Hashes
    """Hash of the last word of each text, in lower case; 0 where there is none."""

    def __getitem__(self, name: str) -> NDArray[np.int32]:
        column: NDArray[np.int32] = self.counts[:, COLUMNS.index(name)]
        return column

    def __len__(self) -> int:
        return len(self.counts)

    def share(self, part: str, whole: str) -> NDArray[np.float64]:
        """`part` over `whole`, 0 where the whole is 0."""
        found: NDArray[np.float64] = self[part] / np.maximum(self[whole], 1)
        return found


def hash_of(word: str) -> int:
    """The hash that the kernels give a word."""
    return int(hashed.word_hash(np.array([ord(c) for c in word.lower()], np.int64)))


def hash_set(words: Iterable[str]) -> Hashes:
    """An open-addressed set of the hashes of some words."""
    lower = [word.lower() for word in words]
    codes = np.frombuffer("".join(lower).encode("utf-32-le"), np.uint32).astype(np.int64)
    ends = np.cumsum([len(word) for word in lower], dtype=np.int64)
    return set_of(hashed.word_hashes(codes, ends))


def set_of(hashes: Iterable[int]) -> Hashes:
    """An open-addressed set of hashes."""
    wanted = np.unique(np.array(list(hashes), np.uint64))
    if not len(wanted):
        return np.zeros(0, np.uint64)
    size = 16
    while size < 3 * len(wanted):
        size *= 2
    table = np.zeros(size, np.uint64)
    hashed.add_all(table, wanted)
    return table


def is_ascii(data: NDArray[np.uint8], start: Ints, stop: Ints) -> bool:
    """Whether no byte between the first and the last text lies beyond ASCII."""
    return not len(start) or not bool((data[int(start[0]) : int(stop[-1])] & 0x80).any())


@dataclass(frozen=True)
class Spelling:
    """Sets of words by which slips are told; empty ones tell none."""

    known: Hashes
    """Words that are right as they are."""
    frequent: Hashes
    """Words that may have been meant."""
    shortened: Hashes
    """The frequent words, each without one of its inner letters."""


_NONE = np.zeros(0, np.uint64)
NO_SPELLING = Spelling(_NONE, _NONE, _NONE)


def measure(
    texts: pa.LargeStringArray, threads: int = 1, common: Hashes | None = None, spelling: Spelling = NO_SPELLING
) -> Features:
    """Count every text; a null counts as empty. `common`: a `hash_set` of words to be counted."""
    data, start, stop = buffers(texts)
    n = len(start)
    classes, fold = tables(is_ascii(data, start, stop))
    counts = np.zeros((n, len(COLUMNS)), np.int32)
    last_word = np.zeros(n, np.uint64)
    wanted = _NONE if common is None else common
    told = (spelling.known, spelling.frequent, spelling.shortened)
    stops = np.array([hash_of(word) for word in GOPHER_STOP_WORDS], np.uint64)

    def work(lo: int, hi: int) -> None:
        kernel.count(data, start, stop, lo, hi, classes, fold, wanted, *told, stops, counts, last_word)

    over_blocks(n, TEXTS_A_BLOCK, threads, work)
    return Features(counts, last_word)


__all__ = ["FOLDED", "Features", "hash_of", "hash_set", "measure", "set_of"]
