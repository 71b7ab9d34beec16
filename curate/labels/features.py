"""Sparse text features: hashed word 1-2-grams and character 3-5-grams, weighted by TF-IDF.

Method. Text is lower-cased; a word is a run of ASCII letters and digits or of any non-ASCII code points; character n-grams
are taken inside a word padded by one blank on each side, by code point, so no language needs a tokeniser. Every n-gram is
hashed to 2**20 buckets (feature hashing: Weinberger et al., 2009, unsigned), buckets seen in fewer than two rows are
dropped, the rest are numbered in bucket order and weighted by (1 + ln tf) * idf with
idf = 1 + ln((1 + n) / (1 + df)); the word and the character block are each scaled to unit length in a row, so neither
drowns the other.

Shapes. `(n_rows, d)` CSR, float32. Cost: about 40 MB of text a second on one core; memory about 8 bytes an n-gram.
Rows are cut after `max_chars` code points so that one 10 MB row cannot fill memory. The result does not depend on the
number of threads. Not done: stemming, stop words, sub-word segmentation of scripts written without spaces (their
character n-grams carry the signal).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from curate.compiling import as_read_only

Texts: TypeAlias = pa.Array | Sequence[str | None]

BUCKET_BITS = 20
_CHUNK_ROWS = 4096
_TOTAL_CHARS = 60_000_000
_MIN_CHARS, _MAX_CHARS = 300, 4000


@dataclass(frozen=True)
class Features:
    """Weighted features of all rows."""

    weighted: sparse.csr_matrix
    """`(n_rows, d)` float32: TF-IDF, each of the two blocks of a row of unit length."""
    n_word_columns: int
    """Columns `[0, n_word_columns)` are word n-grams, the others character n-grams."""

    @property
    def words(self) -> sparse.csr_matrix:
        """The columns of word n-grams alone."""
        return self.weighted[:, : self.n_word_columns].tocsr()


@numba.njit(cache=True, nogil=True)
def _mix(h: np.uint64) -> np.uint64:  # pragma: no cover - compiled
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    return h


@numba.njit(cache=True, nogil=True)
def _hash_rows(offsets, data, first, last, bits):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lengths, indices, counts) of rows [first, last); word buckets lie below 2**bits, character buckets above."""
    prime = np.uint64(0x100000001B3)
    basis = np.uint64(0xCBF29CE484222325)
    shift = np.uint64(64 - bits)
    high = np.int64(1) << np.int64(bits)
    total_bytes = offsets[last] - offsets[first]
    # A code point makes at most three character n-grams and half a word, a word two more: five a byte, three of padding.
    room = np.int64(5 * total_bytes + 8 * (last - first) + 64)
    indices = np.empty(room, np.int32)
    counts = np.empty(room, np.float32)
    lengths = np.zeros(last - first, np.int64)
    out = np.int64(0)
    longest = np.int64(0)
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    points = np.empty(longest + 3, np.uint64)  # code points of one word as hashable units, blanks at both ends
    keys = np.empty(5 * longest + 8, np.int32)
    for row in range(first, last):
        i = offsets[row]
        end = offsets[row + 1]
        n_keys = 0
        previous = np.uint64(0)
        while i < end:
            byte = data[i]
            is_word = (byte >= 128) or (48 <= byte <= 57) or (97 <= byte <= 122) or (65 <= byte <= 90)
            if not is_word:
                i += 1
                continue
            points[0] = np.uint64(32)
            n = 1
            word = basis
            while i < end:
                byte = data[i]
                if not ((byte >= 128) or (48 <= byte <= 57) or (97 <= byte <= 122) or (65 <= byte <= 90)):
                    break
                unit = np.uint64(byte)
                i += 1
                while i < end and (data[i] & 0xC0) == 0x80:
                    unit = (unit << np.uint64(8)) | np.uint64(data[i])
                    i += 1
                points[n] = unit
                n += 1
                word = (word ^ unit) * prime
            points[n] = np.uint64(32)
            n += 1
            word = _mix(word)
            keys[n_keys] = np.int32(word >> shift)
            n_keys += 1
            if previous != np.uint64(0):
                keys[n_keys] = np.int32(_mix(previous * prime + word) >> shift)
                n_keys += 1
            previous = word
            for start in range(n - 2):
                h = basis
                for size in range(min(5, n - start)):
                    h = (h ^ points[start + size]) * prime
                    if size >= 2:
                        keys[n_keys] = np.int32(high + np.int64(_mix(h + np.uint64(size)) >> shift))
                        n_keys += 1
        ordered = np.sort(keys[:n_keys])
        begin = out
        for k in range(n_keys):
            if k > 0 and ordered[k] == ordered[k - 1]:
                counts[out - 1] += np.float32(1)
            else:
                indices[out] = ordered[k]
                counts[out] = np.float32(1)
                out += 1
        lengths[row - first] = out - begin
    return lengths, indices[:out].copy(), counts[:out].copy()


def as_large_strings(texts: Texts) -> pa.LargeStringArray:
    """`texts` as one Arrow array without nulls (a null reads as the empty text)."""
    array = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(list(texts), pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return pc.fill_null(array.cast(pa.large_string()), "")


def text_features(texts: Texts, *, threads: int = 1, max_columns: int = 400_000) -> Features:
    """TF-IDF features of `texts`; at most `max_columns` columns, the most frequent ones being kept."""
    array = as_large_strings(texts)
    n = len(array)
    max_chars = int(np.clip(_TOTAL_CHARS // max(n, 1), _MIN_CHARS, _MAX_CHARS))
    array = pc.utf8_lower(pc.utf8_slice_codeunits(array, 0, max_chars))
    if array.offset:
        array = pa.concat_arrays([array])
    _, offset_buffer, data_buffer = array.buffers()
    offsets = as_read_only(np.frombuffer(offset_buffer, np.int64)[: n + 1] if n else np.zeros(1, np.int64))
    empty = data_buffer is None or not data_buffer.size
    data = as_read_only(np.zeros(1, np.uint8) if empty else np.frombuffer(data_buffer, np.uint8))
    starts = range(0, n, _CHUNK_ROWS)

    def hashed(first: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        return _hash_rows(offsets, data, first, min(n, first + _CHUNK_ROWS), BUCKET_BITS)  # type: ignore[no-any-return]

    with ThreadPoolExecutor(max(1, threads)) as pool:
        parts = list(pool.map(hashed, starts))
    if not parts:
        return Features(sparse.csr_matrix((n, 0), dtype=np.float32), 0)
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.concatenate([p[0] for p in parts]), out=indptr[1:])
    indices = np.concatenate([p[1] for p in parts])
    counts = np.concatenate([p[2] for p in parts])
    del parts
    return _weighted(n, indptr, indices, counts, max_columns)


@numba.njit(cache=True, nogil=True)
def _weigh(indptr, indices, counts, column, idf, n_words, out_indptr, out_indices, out_values):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Renumber, drop (column < 0), weight and scale each row's two blocks to unit length."""
    out = np.int64(0)
    for row in range(len(indptr) - 1):
        begin = out
        words = 0.0
        characters = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            new = column[indices[at]]
            if new < 0:
                continue
            value = (1.0 + np.log(counts[at])) * idf[new]
            out_indices[out] = new
            out_values[out] = value
            if new < n_words:
                words += value * value
            else:
                characters += value * value
            out += 1
        for at in range(begin, out):
            norm = words if out_indices[at] < n_words else characters
            out_values[at] = out_values[at] / np.sqrt(norm)
        out_indptr[row + 1] = out


def _weighted(
    n: int,
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    counts: npt.NDArray[np.float32],
    max_columns: int,
) -> Features:
    """Drop rare buckets, number the rest, weight and scale."""
    df = np.bincount(indices, minlength=2 << BUCKET_BITS)
    kept = np.flatnonzero(df >= 2)
    if len(kept) > max_columns:
        order = np.lexsort((kept, -df[kept]))
        kept = np.sort(kept[order[:max_columns]])
    column = np.full(2 << BUCKET_BITS, -1, np.int32)
    column[kept] = np.arange(len(kept), dtype=np.int32)
    idf = (1.0 + np.log((1.0 + n) / (1.0 + df[kept]))).astype(np.float64)
    n_words = int(np.searchsorted(kept, 1 << BUCKET_BITS))
    room = int(df[kept].sum())
    out_indptr = np.zeros(n + 1, np.int64)
    out_indices, out_values = np.empty(room, np.int32), np.empty(room, np.float32)
    _weigh(indptr, indices, counts, column, idf, n_words, out_indptr, out_indices, out_values)
    return Features(sparse.csr_matrix((out_values, out_indices, out_indptr), shape=(n, len(kept))), n_words)
