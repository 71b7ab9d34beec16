"""The words of a text as hashes, and what is said of two texts by the words they share.

Method: words as `curate.quality.kernel` cuts and hashes them; a stem is the hash of a word's first five letters, a crude
stemmer that serves languages with suffixes. `relate` puts the runs of four words of a prompt into a hash set and looks the
answer's up in it, and counts the prompt's content stems (four letters or more, not among the common words) that the answer
takes up again. `common_words` are those that most of the sampled texts hold: the function words of whatever language.
Shapes: one number a pair. Complexity: O(bytes). Cost: about 60 MB/s a core.
Does not: know synonyms; that an answer shares no word with its prompt is weak evidence.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.quality.characters import tables
from curate.quality.features import NO_SPELLING, TEXTS_A_BLOCK, Hashes, Spelling, hash_set, is_ascii, set_of
from curate.quality.hashed import FACTOR, START, add, has, stir
from curate.similarity.texts import buffers
from curate.similarity.utf8 import decode

SAMPLED = 2000
MOST_COMMON = 120
FEWEST_FOR_SPELLING = 200
_LETTERS = re.compile(r"[^\W\d_]+")
_STEM = 5
_LEAST = 12
"""Words of a prompt from which on its runs of four are looked for in the answer."""


@dataclass(frozen=True)
class Relation:
    """Pairs of a prompt and an answer; each array has one value a pair."""

    prompt_words: NDArray[np.int32]
    answer_words: NDArray[np.int32]
    prefix: NDArray[np.int32]
    """Words with which both begin."""
    grams: NDArray[np.int32]
    """Runs of four words in the answer."""
    covered: NDArray[np.int32]
    """Those of them that the prompt holds, where it has a dozen words or more."""
    stems: NDArray[np.int32]
    """Distinct content stems of the prompt."""
    shared: NDArray[np.int32]
    """Those of them that the answer holds."""
    taken_up: NDArray[np.float32]
    """Those of them that the answer holds, each weighed by how rare it is in the data (idf); 0.5 where there are none."""
    hashes: Hashes
    """(prompt or answer, pair): one number for the words of each text; equal words give equal numbers."""

    @property
    def same(self) -> NDArray[np.bool_]:
        """Prompt and answer are the same words."""
        found: NDArray[np.bool_] = (
            (self.prefix == self.prompt_words) & (self.prefix == self.answer_words) & (self.prefix > 0)
        )
        return found


Weights = tuple[Hashes, NDArray[np.float32]]
"""Sorted stems and the idf of each, with that of all others behind."""


def relate(
    prompts: pa.LargeStringArray,
    answers: pa.LargeStringArray,
    common: Hashes,
    threads: int = 1,
    weights: Weights | None = None,
) -> Relation:
    """Compare each answer with its prompt; nulls are empty. Words weigh as in these texts where no `weights` are given."""
    p, a = buffers(prompts), buffers(answers)
    classes, fold = tables(is_ascii(*p) and is_ascii(*a))
    n = len(p[1])
    out, taken, whole = np.zeros((7, n), np.int32), np.zeros(n, np.float32), np.zeros((2, n), np.uint64)
    stems, idf = weights or rarity(prompts, answers)

    def work(lo: int, hi: int) -> None:
        _relate(*p, *a, lo, hi, classes, fold, common, stems, idf, out, taken, whole)

    over_blocks(n, TEXTS_A_BLOCK, threads, work)
    return Relation(out[0], out[1], out[2], out[3], out[4], out[5], out[6], taken, whole)


def rarity(*columns: pa.LargeStringArray) -> Weights:
    """(sorted stems, idf of each) from texts drawn evenly; log((1 + texts) / texts with the stem)."""
    found = [np.zeros(0, np.uint64)]
    sampled = 0
    for texts in columns:
        n = len(texts)
        rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLED)).astype(np.int64)) if n else np.zeros(0, np.int64)
        data, start, stop = buffers(texts.take(pa.array(rows)))
        classes, fold = tables(is_ascii(data, start, stop))
        found.append(_words_once(data, start, np.minimum(stop, start + 4000), classes, fold, True))
        sampled += len(rows)
    known, counts = np.unique(np.concatenate(found), return_counts=True)
    often = counts >= 2  # what one text holds is as rare as what none does
    idf = np.log((1.0 + sampled) / counts[often]).astype(np.float32)
    return known[often], np.append(idf, np.float32(np.log(1.0 + sampled)))


def common_words(texts: pa.LargeStringArray, most: int = MOST_COMMON) -> Hashes:
    """A set of the words that the most of some texts hold (in a twentieth of them or more), drawn evenly by position."""
    n = len(texts)
    rows = np.unique(np.linspace(0, max(0, n - 1), min(n, SAMPLED)).astype(np.int64)) if n else np.zeros(0, np.int64)
    data, start, stop = buffers(texts.take(pa.array(rows)))
    classes, fold = tables(is_ascii(data, start, stop))
    words = _words_once(data, start, np.minimum(stop, start + 4000), classes, fold, False)
    known, counts = np.unique(words, return_counts=True)
    often = counts >= max(2, len(rows) // 20)
    order = np.lexsort((known[often], -counts[often]))[:most]
    return set_of(known[often][order].tolist())


def spelling(texts: pa.LargeStringArray) -> Spelling:
    """What the beginnings of evenly drawn texts tell of spelling: words of two texts are known, of eight frequent."""
    n = len(texts)
    if n < FEWEST_FOR_SPELLING:
        return NO_SPELLING
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLED)).astype(np.int64))
    counts: Counter[str] = Counter()
    for text in pc.utf8_slice_codeunits(texts.take(pa.array(rows)), 0, 1000).to_pylist():
        counts.update(set(_LETTERS.findall((text or "").lower())))
    frequent = sorted(w for w, k in counts.items() if k >= 8 and len(w) >= 5)
    shortened = {w[:k] + w[k + 1 :] for w in frequent for k in range(1, len(w) - 1)}
    return Spelling(
        hash_set(w for w, k in counts.items() if k >= 2), hash_set(frequent), hash_set(w for w in shortened if len(w) >= 5)
    )


@njit(cache=True, nogil=True)
def room(start, stop, lo, hi):  # type: ignore[no-untyped-def]
    """Words that the longest of some texts can have. Scratch is made once a block, because arrays that may be bound anew in
    a loop are counted at every turn, which costs more than the loop."""
    most = np.int64(0)
    for i in range(lo, hi):
        most = max(most, stop[i] - start[i])
    return most // 2 + 4


@njit(cache=True, nogil=True)
def words_of(data, at, end, classes, fold, hashes, stems, lengths):  # type: ignore[no-untyped-def]
    """Write the words of one text into three arrays with room for them; returns how many there are."""
    limit, folded = classes.size, fold.size
    n = 0
    h = stem = START
    length = 0
    while at <= end:
        code, width, kind = np.int64(10), 1, 1
        if at < end:
            code = np.int64(data[at])
            if code >= 0x80:
                code, width = decode(data, at, end)
            kind = classes[code] if code < limit else 16
        at += width
        in_word = 2 <= kind <= 4 or kind == 6 or (kind == 7 and length > 0)
        if in_word:
            h = stir(h, np.int64(fold[code]) if code < folded else code)
            length += 1
            if length <= _STEM:
                stem = h
            continue
        if length > 0 and not (code == 39 or code == 0x2019):
            hashes[n], stems[n], lengths[n] = h, stem, length
            n += 1
            h = stem = START
            length = 0
        if kind == 5:
            hashes[n], lengths[n] = stir(START, code), 4
            stems[n] = hashes[n]
            n += 1
    return n


@njit(cache=True, nogil=True)
def _relate(  # type: ignore[no-untyped-def]
    p_data, p_start, p_stop, a_data, a_start, a_stop, lo, hi, classes, fold, common, stems, idf, out, taken, whole
):
    most, longest = room(p_start, p_stop, lo, hi), room(a_start, a_stop, lo, hi)
    ph, ps, pl = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int32)
    ah, as_, al = np.empty(longest, np.uint64), np.empty(longest, np.uint64), np.empty(longest, np.int32)
    keys, hits = np.zeros(16 + 4 * most, np.uint64), np.zeros(16 + 4 * most, np.float32)
    for i in range(lo, hi):
        n = words_of(p_data, p_start[i], p_stop[i], classes, fold, ph, ps, pl)
        m = words_of(a_data, a_start[i], a_stop[i], classes, fold, ah, as_, al)
        out[0, i], out[1, i] = n, m
        whole[0, i], whole[1, i] = _all(ph, n), _all(ah, m)
        taken[i] = 0.5
        k = 0
        while k < n and k < m and ph[k] == ah[k]:
            k += 1
        out[2, i] = k
        if n == 0 or m == 0:
            continue
        size = 16
        while size < 2 * n:
            size *= 2
        table, hit = keys[:size], hits[:size]
        if m >= 4:
            out[3, i] = m - 3
            if n >= _LEAST:
                table[:] = 0
                for k in range(n - 3):
                    add(table, _gram(ph, k))
                for k in range(m - 3):
                    out[4, i] += has(table, _gram(ah, k))
        table[:] = 0
        mask = np.uint64(size - 1)
        total = told = np.float32(0.0)
        for k in range(n):
            if pl[k] >= 4 and not has(common, ph[k]):
                key = ps[k] | np.uint64(1)
                at = key & mask
                while table[at] != 0 and table[at] != key:
                    at = (at + np.uint64(1)) & mask
                if table[at] == 0:
                    table[at] = key
                    place = np.searchsorted(stems, key)
                    rare = idf[place] if place < stems.size and stems[place] == key else idf[stems.size]
                    hit[at] = rare
                    total += rare
                    out[5, i] += 1
        if out[5, i] == 0:
            continue
        for k in range(m):
            if al[k] >= 4:
                key = as_[k] | np.uint64(1)
                at = key & mask
                while table[at] != 0 and table[at] != key:
                    at = (at + np.uint64(1)) & mask
                if table[at] == key and hit[at] > 0:
                    told += hit[at]
                    hit[at] = 0
                    out[6, i] += 1
        if total > 0:
            taken[i] = told / total


@njit(cache=True, nogil=True)
def _all(hashes, n):  # type: ignore[no-untyped-def]
    g = START
    for k in range(n):
        g = (g ^ hashes[k]) * FACTOR
        g ^= g >> np.uint64(29)
    return g


@njit(cache=True, nogil=True)
def _gram(hashes, k):  # type: ignore[no-untyped-def]
    g = START
    for j in range(4):
        g = (g ^ hashes[k + j]) * FACTOR
        g ^= g >> np.uint64(29)
    return g | np.uint64(1)


@njit(cache=True, nogil=True)
def _words_once(data, start, stop, classes, fold, stemmed):  # type: ignore[no-untyped-def]
    """Every distinct word (or stem of four letters or more) of every text, once a text."""
    total = np.int64(0)
    most = room(start, stop, 0, start.size)
    for i in range(start.size):
        total += (stop[i] - start[i]) // 2 + 4
    out = np.empty(total, np.uint64)
    n_out = 0
    h, s, l = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int32)  # noqa: E741
    keys = np.zeros(16 + 4 * most, np.uint64)
    for i in range(start.size):
        n = words_of(data, start[i], stop[i], classes, fold, h, s, l)
        size = 16
        while size < 2 * n:
            size *= 2
        table = keys[:size]
        table[:] = 0
        for k in range(n):
            if stemmed and l[k] < 4:
                continue
            key = s[k] | np.uint64(1) if stemmed else h[k]
            if l[k] > 0 and add(table, key):
                out[n_out] = key
                n_out += 1
    return out[:n_out]


def repeats(prompts: Hashes, answers: Hashes) -> NDArray[np.int64]:
    """For each answer (one number a distinct text), under how many distinct prompts (likewise) it stands."""
    out = np.ones(len(answers), np.int64)
    _, group, counts = np.unique(answers, return_inverse=True, return_counts=True)
    at = np.flatnonzero(counts[group] > 1)
    order = at[np.lexsort((prompts[at], group[at]))]
    new = np.ones(len(order), np.bool_)
    new[1:] = (group[order][1:] != group[order][:-1]) | (prompts[order][1:] != prompts[order][:-1])
    out[at] = np.bincount(group[order], weights=new, minlength=len(counts))[group[at]]
    return out
