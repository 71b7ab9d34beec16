"""How well each word of a text follows from the two before it, by what the data itself does: a small language model.

Method: every word is put into a class: the commonest words each have one of their own, all others share one by their last
two letters (endings carry grammar in languages with suffixes), numbers, commas and ends of sentences have theirs. Runs of
three classes are counted over evenly drawn texts; a text's fluency is the mean of log2 P(class | two before) / P(class),
with interpolation from three to two to one (Jelinek and Mercer 1980). Dividing by P(class) takes out how rare the words
are, so that a text is not worse for saying something rare. A text that was counted is judged without its own counts.
Shapes: one value a text, in bits a word; nan below `FEWEST_WORDS`. Complexity: O(bytes). Cost: about 60 MB/s a core.
Does not: know a language beyond the sample; below `FEWEST_TEXTS` texts it is silent (nan). Fluent nonsense passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.quality.characters import tables
from curate.quality.features import TEXTS_A_BLOCK, is_ascii
from curate.quality.hashed import START, stir
from curate.similarity.texts import buffers
from curate.similarity.utf8 import decode

FEWEST_TEXTS = 200
FEWEST_WORDS = 5
SAMPLED_BYTES = 2_000_000
HEAD_BYTES = 800
"""Bytes of a text that are counted and judged."""
OWN = 256
"""Common words with a class of their own."""
_ENDINGS = 253
_END, _COMMA, _NUMBER, _FIRST = 0, 1, 2, 3
_CLASSES = _FIRST + OWN + _ENDINGS  # 512: two of them are 18 bits
_THREE = np.uint64(64 - 20)
_A = np.uint64(0x9E3779B97F4A7C15)
_WEIGHT = 4.0
"""Observations that the shorter context counts for."""


def fluency(texts: pa.LargeStringArray, threads: int = 1, ascii_only: bool | None = None) -> NDArray[np.float64]:
    """Bits a word by which the two words before tell the next one better than nothing does. `ascii_only`: whether the texts
    are, where that is known; it changes the speed and nothing else."""
    data, start, stop = buffers(texts)
    n = len(start)
    out = np.full(n, np.nan)
    if n < FEWEST_TEXTS:
        return out
    stop = np.minimum(stop, start + HEAD_BYTES)
    classes, fold = tables(is_ascii(data, start, stop) if ascii_only is None else ascii_only)
    size = int((stop - start).mean()) + 1
    rows = np.unique(np.linspace(0, n - 1, min(n, max(FEWEST_TEXTS, SAMPLED_BYTES // size))).astype(np.int64))
    counted = np.zeros(n, np.bool_)
    counted[rows] = True
    keys, ids = _common(data, start, stop, rows, classes, fold)
    # Two bytes a count, so that the tables stay in the cache; what comes more often is common enough.
    one, two, three = np.zeros(_CLASSES, np.int32), np.zeros(_CLASSES**2, np.uint16), np.zeros(1 << 20, np.uint16)
    _learn(data, start, stop, rows, classes, fold, keys, ids, one, two, three)

    def work(lo: int, hi: int) -> None:
        _judge(data, start, stop, lo, hi, classes, fold, keys, ids, one, two, three, counted, out)

    over_blocks(n, TEXTS_A_BLOCK, threads, work)
    return out


def _common(data: Any, start: Any, stop: Any, rows: Any, classes: Any, fold: Any) -> tuple[Any, Any]:
    """A table from the hash of a common word to its class."""
    every = max(1, len(rows) // 2000)
    words = _hashes(data, start, stop, rows[::every], classes, fold)
    known, counts = np.unique(words, return_counts=True)
    best = np.sort(known[np.lexsort((known, -counts))][:OWN])
    keys, ids = np.zeros(8 * OWN, np.uint64), np.zeros(8 * OWN, np.int16)
    mask = np.uint64(len(keys) - 1)
    for number, key in enumerate(best):
        at = key & mask
        while keys[at] != 0:
            at = (at + np.uint64(1)) & mask
        keys[at], ids[at] = key, _FIRST + number
    return keys, ids


@njit(cache=True, nogil=True)
def _hashes(data, start, stop, rows, classes, fold):  # type: ignore[no-untyped-def]
    total = np.int64(0)
    for i in rows:
        total += stop[i] - start[i] + 1
    out = np.empty(total, np.uint64)
    none_keys, none_ids = np.zeros(1, np.uint64), np.zeros(1, np.int16)
    found, hashes = np.empty(HEAD_BYTES + 8, np.int16), np.empty(HEAD_BYTES + 8, np.uint64)
    n_out = 0
    for i in rows:
        n = _classes(data, start[i], stop[i], classes, fold, none_keys, none_ids, found, hashes)
        for k in range(n):
            if found[k] >= _FIRST:
                out[n_out] = hashes[k]
                n_out += 1
    return out[:n_out]


@njit(cache=True, nogil=True)
def _classes(data, at, end, classes, fold, keys, ids, found, hashes):  # type: ignore[no-untyped-def]
    """The classes of the words and marks of one text; returns how many there are."""
    limit, folded = classes.size, fold.size
    mask = np.uint64(keys.size - 1)
    n = 0
    h = START
    length = letters = 0
    last = before = np.int64(0)
    while at <= end:
        code, width, kind = np.int64(10), 1, 1
        if at < end:
            code = np.int64(data[at])
            if code >= 0x80:
                code, width = decode(data, at, end)
            kind = classes[code] if code < limit else 16
        at += width
        if 2 <= kind <= 4 or kind == 6 or (kind == 7 and length > 0):
            low = np.int64(fold[code]) if code < folded else code
            h = stir(h, low)
            before, last = last, low
            length += 1
            letters += kind != 6
            continue
        if length > 0 and (code == 39 or code == 0x2019):
            continue
        single = kind == 5
        if length > 0:
            n = _put(found, hashes, n, h, letters, before, last, keys, ids, mask)
            h = START
            length = letters = 0
            last = before = np.int64(0)
        if single:
            n = _put(found, hashes, n, stir(START, code), 1, np.int64(0), code, keys, ids, mask)
        elif kind == 8 or kind == 1 or code == 58 or code == 59:
            if n > 0 and found[n - 1] != _END:
                found[n] = _END
                n += 1
        elif kind == 12 and n > 0 and found[n - 1] != _COMMA and found[n - 1] != _END:
            found[n] = _COMMA
            n += 1
    return n


@njit(cache=True, nogil=True)
def _put(found, hashes, n, h, letters, before, last, keys, ids, mask):  # type: ignore[no-untyped-def]
    hashes[n] = h
    if letters == 0:
        found[n] = _NUMBER
        return n + 1
    at = h & mask
    while keys[at] != 0 and keys[at] != h:
        at = (at + np.uint64(1)) & mask
    if keys[at] == h and keys[at] != 0:
        found[n] = ids[at]
    else:
        found[n] = _FIRST + OWN + np.int64((stir(stir(START, before), last) >> np.uint64(40)) % np.uint64(_ENDINGS))
    return n + 1


@njit(cache=True, nogil=True, inline="always")
def _pair(a, b):  # type: ignore[no-untyped-def]
    return np.int64(a) * _CLASSES + np.int64(b)


@njit(cache=True, nogil=True, inline="always")
def _run(a, b, c):  # type: ignore[no-untyped-def]
    return (((np.uint64(a) * np.uint64(_CLASSES) + np.uint64(b)) * np.uint64(_CLASSES) + np.uint64(c)) * _A) >> _THREE


@njit(cache=True, nogil=True)
def _learn(data, start, stop, rows, classes, fold, keys, ids, one, two, three):  # type: ignore[no-untyped-def]
    found, hashes = np.empty(HEAD_BYTES + 8, np.int16), np.empty(HEAD_BYTES + 8, np.uint64)
    for i in rows:
        n = _classes(data, start[i], stop[i], classes, fold, keys, ids, found, hashes)
        a = b = _END
        for k in range(n):
            c = found[k]
            one[c] += 1
            two[_pair(b, c)] += two[_pair(b, c)] < 65535
            at = _run(a, b, c)
            three[at] += three[at] < 65535
            a, b = b, c


@njit(cache=True, nogil=True)
def _judge(  # type: ignore[no-untyped-def]
    data, start, stop, lo, hi, classes, fold, keys, ids, one, two, three, counted, out
):
    found, hashes = np.empty(HEAD_BYTES + 8, np.int16), np.empty(HEAD_BYTES + 8, np.uint64)
    alone = (one + 0.5) / (0.5 * one.size + one.sum())
    for i in range(lo, hi):
        n = _classes(data, start[i], stop[i], classes, fold, keys, ids, found, hashes)
        if n < FEWEST_WORDS:
            continue
        own = np.int64(1) if counted[i] else np.int64(0)
        a = b = _END
        total, product = 0.0, 1.0
        n_ab: Any = max(np.int64(two[_pair(a, b)]) - own, 0)
        for k in range(n):
            c = found[k]
            n_b: Any = max(one[b] - own, 0)
            n_bc: Any = max(np.int64(two[_pair(b, c)]) - own, 0)
            second = (min(n_bc, n_b) / alone[c] + _WEIGHT) / (n_b + _WEIGHT)
            n_abc = min(max(np.int64(three[_run(a, b, c)]) - own, 0), n_ab)
            product *= (n_abc / alone[c] + _WEIGHT * second) / (n_ab + _WEIGHT)
            if k & 7 == 7:  # far from what a float can hold: each factor lies in 1e-7..1e7
                total += np.log2(product)
                product = 1.0
            a, b, n_ab = b, c, n_bc
        out[i] = (total + np.log2(product)) / n
