"""MinHash signatures and the band layout that turns them into candidate pairs.

Method: k-permutation MinHash (Broder 1997); two rows of Jaccard similarity s share each minimum with probability s,
so the share of equal minima estimates s without bias and with variance s (1 - s) / k. Grouped into `bands` of
`rows` minima, a pair becomes a candidate with probability 1 - (1 - s^rows)^bands.
Layout: among all that fit into k minima, the longest band whose recall at the threshold reaches the one asked for;
longer bands make fewer false candidates, so this is the cheapest verification at a stated recall.
Pairs below the threshold are looked for as well, down to a floor: a layout that reaches a recall there too has more,
shorter bands, which costs comparisons where rows are half alike, and little elsewhere.
Shapes: signatures uint32 (row, k); band keys uint32 (band, row). Two rows share a key of 32 bits by chance once in 4e9
pairs, and are then compared for nothing. Cost: `4 * k` bytes a row are never stored, `4 * bands` are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.parallel import Progress, no_progress, over_blocks
from curate.similarity import kernels
from curate.similarity.texts import Lying, Texts

_ROWS_A_BLOCK = 4096


@dataclass(frozen=True)
class Layout:
    """`bands` keys of `rows` minima each."""

    bands: int
    rows: int

    @property
    def permutations(self) -> int:
        """Minima in use."""
        return self.bands * self.rows

    def recall(self, similarity: float) -> float:
        """Probability that a pair of this Jaccard similarity shares at least one band."""
        return float(1.0 - (1.0 - similarity**self.rows) ** self.bands)


def choose_layout(
    threshold: float, permutations: int, recall: float, floor: float | None = None, floor_recall: float = 0.0
) -> Layout:
    """The longest band that reaches `recall` at `threshold`, and `floor_recall` at `floor` where one is given.

    Bands of one minimum where none does. No more bands are used than that recall needs, because each costs a sort and
    four bytes a row.
    """
    for rows in range(permutations, 0, -1):
        for bands in range(1, permutations // rows + 1):
            layout = Layout(bands, rows)
            if layout.recall(threshold) >= recall and (floor is None or layout.recall(floor) >= floor_recall):
                return layout
    return Layout(permutations, 1)


def permutations(k: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """`a` and odd `b` of the k permutations `(x ^ a) * b mod 2^32`."""
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = rng.integers(0, 2**32, size=(2, k), dtype=np.uint32)
    return drawn[0], drawn[1] | np.uint32(1)


@dataclass(frozen=True)
class Sketch:
    """What is kept of each row: band keys, an order-free fingerprint of its shingles, and how many there are."""

    keys: NDArray[np.uint32]
    fingerprint: NDArray[np.uint64]
    count: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Sketch:
        """Some of the rows, in the order given."""
        return Sketch(np.take(self.keys, rows, axis=1), self.fingerprint[rows], self.count[rows])


def sketch(
    texts: Texts | Lying, layout: Layout, words: int, seed: int, threads: int = 1, progress: Progress = no_progress
) -> Sketch:
    """Band keys of every row."""
    n = texts.n_rows
    a, b = permutations(layout.permutations, seed)
    keys = np.zeros((layout.bands, n), np.uint32)
    fingerprint = np.zeros(n, np.uint64)
    count = np.zeros(n, np.int64)
    fold, token = texts.characters.fold, texts.characters.token

    def work(lo: int, hi: int) -> None:
        some = np.empty((layout.bands, hi - lo), np.uint32)  # the kernel is compiled for whole tables alone
        place, said, size = texts.block(lo, hi), fingerprint[lo:hi], count[lo:hi]
        kernels.sketch_rows(
            texts.data, texts.extra, *place, 0, hi - lo, fold, token, words, a, b, some, said, size
        )  # fmt: skip
        keys[:, lo:hi] = some

    over_blocks(n, _ROWS_A_BLOCK, threads, work, progress)
    return Sketch(keys, fingerprint, count)


def signatures(texts: Texts, k: int, words: int, seed: int, threads: int = 1) -> NDArray[np.uint32]:
    """Full signatures, (row, k): for estimates and tests; the pipeline keeps only band keys."""
    a, b = permutations(k, seed)
    out = np.empty((texts.n_rows, k), np.uint32)
    fold, token = texts.characters.fold, texts.characters.token

    def work(lo: int, hi: int) -> None:
        kernels.signature_rows(texts.data, texts.extra, texts.start, texts.stop, lo, hi, fold, token, words, a, b, out)

    over_blocks(texts.n_rows, _ROWS_A_BLOCK, threads, work)
    return out
