"""Exact duplicates: rows whose text is the same after light normalisation.

Method: NFC, and by default white space collapsed and trimmed; a 128-bit hash of what is left proposes, a comparison
with the group's first row confirms. Works over Arrow buffers; only rows that NFC may change are touched by Python.
Shapes: `group` int64 (row): the first row with the same text, -1 where a row is alone or null. Blank rows are alike.
Complexity: O(bytes + rows log rows); about 300 MB/s a core.
Does not: fold case or punctuation; that is near-duplicate territory.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.similarity import kernels
from curate.similarity.parallel import Progress, no_progress, over_blocks
from curate.similarity.texts import as_large_strings, for_equality

_ROWS_A_BLOCK = 8192


def exact_groups(
    texts: pa.Array | pa.ChunkedArray,
    normalise_whitespace: bool = True,
    threads: int = 1,
    progress: Progress = no_progress,
) -> NDArray[np.int64]:
    """First row with the same text as each row, -1 where there is no other."""
    strings = as_large_strings(texts)
    rows = for_equality(strings, threads)
    n = rows.n_rows
    high, low = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    nfc = rows.characters.nfc

    def hash_block(lo: int, hi: int) -> None:
        kernels.hash_rows(rows.data, rows.extra, rows.start, rows.stop, lo, hi, nfc, normalise_whitespace, high, low)

    over_blocks(n, _ROWS_A_BLOCK, threads, hash_block, progress)
    present = np.arange(n)
    if strings.null_count:
        present = np.flatnonzero(strings.is_valid().to_numpy(zero_copy_only=False))
    order = present[np.lexsort((low[present], high[present]))]
    again = np.zeros(len(order), np.bool_)
    again[1:] = (high[order[1:]] == high[order[:-1]]) & (low[order[1:]] == low[order[:-1]])
    heads = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))]
    left, right = heads[again], order[again]
    same = np.zeros(len(right), np.bool_)

    def confirm(lo: int, hi: int) -> None:
        kernels.same_texts(
            rows.data, rows.extra, rows.start, rows.stop, left, right, lo, hi, nfc, normalise_whitespace, same
        )

    over_blocks(len(right), _ROWS_A_BLOCK, threads, confirm)
    group = np.full(n, -1, np.int64)
    group[right[same]] = left[same]
    group[left[same]] = left[same]
    return group
