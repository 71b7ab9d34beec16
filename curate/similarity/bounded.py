"""What a comparison needs of its rows, held at once where that is little and made when asked for where it is not.

Method: buckets of a band are found again by a sort of its keys, shingle sets are read again from the text, which may be
memory mapped. What is found does not depend on which of the two happens. Memory beyond the sketches and the edges is
thereby a constant: `HELD_BYTES` each for sets and buckets, or the sets under comparison (`buckets.SETS_AT_ONCE` shingles
a thread). Cost: a row is read once for every block of pairs that it stands in, a band is sorted once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from curate.similarity.buckets import Buckets, find_buckets
from curate.similarity.sets import SetSource, SetTable, TextSets, build_sets
from curate.similarity.templates import Templates
from curate.similarity.texts import Texts

HELD_BYTES = 256 << 20
"""Shingle sets, and buckets, are held at once up to this many bytes of either."""


class Bands(Sequence[Buckets]):
    """The buckets of each band: the first bands' are held, up to `HELD_BYTES`, the others' found when asked for."""

    def __init__(self, keys: NDArray[np.uint32], rows: NDArray[np.int64], threads: int = 1) -> None:
        """`keys` (band, row) of all rows, of which `rows` take part."""
        self.keys, self._rows, self._room, self._threads = keys, rows, HELD_BYTES, threads
        self._held: dict[int, Buckets] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, band: int) -> Buckets: ...
    @overload
    def __getitem__(self, band: slice) -> Sequence[Buckets]: ...
    def __getitem__(self, band: int | slice) -> Buckets | Sequence[Buckets]:
        if isinstance(band, slice):
            return [self[i] for i in range(*band.indices(len(self)))]
        if band in self._held:
            return self._held[band]
        return self._hold(band, self._find(band))

    def _find(self, band: int) -> Buckets:
        return find_buckets(self.keys[band], self._rows)  # raises IndexError at the end, as a sequence must

    def _hold(self, band: int, found: Buckets) -> Buckets:
        size = found.members.nbytes + found.starts.nbytes
        if size <= self._room:
            self._room -= size
            self._held[band] = found
        return found

    def members(self) -> NDArray[np.int64]:
        """Rows that share a bucket with another, ascending."""
        shared = np.zeros(self.keys.shape[1], np.bool_)
        # As many bands at a time as there are threads: sorting leaves the interpreter free, and the room is bounded.
        with ThreadPoolExecutor(self._threads) as pool:
            for first in range(0, len(self), self._threads):
                some = range(first, min(first + self._threads, len(self)))
                for band, found in zip(some, pool.map(self._find, some), strict=True):
                    shared[self._hold(band, found).members] = True
        return np.flatnonzero(shared)

    def among(self, members: NDArray[np.int64]) -> Bands:
        """The same buckets, their rows named by their places among `members`, which `members()` gave; keys of no others."""
        few = Bands(np.take(self.keys, members, axis=1), np.arange(len(members)), self._threads)
        few._room = self._room
        few._held = {
            band: Buckets(np.searchsorted(members, found.members), found.starts) for band, found in self._held.items()
        }
        return few


@dataclass(frozen=True)
class WeighedSets:
    """The sets of another source with the weights of their shingles."""

    sets: SetSource
    templates: Templates

    def sets_of(self, rows: NDArray[np.int64]) -> SetTable:
        """The sets of `rows`, weighed."""
        return self.templates.weighed(self.sets.sets_of(rows))

    def room_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Shingles of each of `rows`."""
        return self.sets.room_of(rows)


def sets_for(
    texts: Texts,
    count: NDArray[np.int64],
    words: int,
    templates: Templates,
    threads: int = 1,
) -> tuple[SetSource, SetSource]:
    """(sets, sets weighed by templates) of all rows of `texts`."""
    if 8 * int(count.sum()) <= HELD_BYTES:
        table = build_sets(texts, np.arange(texts.n_rows), count, words, threads)
        return table, templates.weighed(table, threads) if templates else table
    sets = TextSets(texts, count, words)
    return sets, WeighedSets(sets, templates) if templates else sets
