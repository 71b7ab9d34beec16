"""Boilerplate: lines and paragraphs that stand in many rows, word for word: footers, signatures, disclaimers, wrappers.

Method: a text is cut into lines, and runs of lines without a blank one between them into paragraphs. Each line, and each
paragraph of several lines, is hashed under case folding with white space collapsed. A first pass counts hashes in
`SLOTS` shared counters, which can only count too much; a second one, over the texts of which a counter is high enough,
writes down where those blocks stand, and they are counted exactly, once a row. Rows that the caller does not count
(copies of others) decide nothing.
What is not proposed: blocks of few characters or words, lines inside code fences, lines of a paragraph that goes as a
whole, and every block of a text of which no line with a word would be left.
Spans: half-open, in code points of the raw text. A block goes with the white space that parts it from what follows, or
at the end of a text from what comes before, so that no hole is left.
Shapes: `Blocks` has one entry a block; `text` counts from 0 within its part. Complexity: O(bytes).
Cost: about 200 MB/s a core where few texts hold boilerplate, 100 MB/s where all do; memory 16 bytes a line.
Does not: find repeated sentences inside a line, blocks that differ in a name or a number, or judge whether a repeated
line is noise; an instruction that many prompts share is repeated as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.similarity.characters import LIMIT, Characters
from curate.similarity.shingling import mix
from curate.similarity.texts import buffers
from curate.similarity.utf8 import decode, find_pages

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SLOTS = 1 << 22
START, INSIDE, END = 0, 1, 2
"""Where a block stands in its text."""
_TEXTS_A_BLOCK = 1024
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_PARAGRAPH = np.uint64(0xD6E8FEB86659FD93)
_S32 = np.uint64(32)
_LIMIT = LIMIT


@dataclass(frozen=True)
class BlockConfig:
    """Which repeated blocks count as boilerplate."""

    min_rows: int = 20
    """Counted rows that must hold a block."""
    min_share: float = 0.01
    """Share of the counted rows that must hold it."""
    min_characters: int = 20
    """Characters of a block, white space collapsed; shorter ones say too little."""
    min_words: int = 4
    """Words of a block."""

    def __post_init__(self) -> None:
        if self.min_rows < 2 or self.min_characters < 1 or self.min_words < 1:
            raise ValueError("min_rows must be at least 2, min_characters and min_words at least 1")
        if not 0.0 <= self.min_share <= 1.0:
            raise ValueError("min_share must lie in 0..1")


@dataclass(frozen=True)
class Part:
    """Some texts, the row of each (ascending), and which of them are counted."""

    texts: pa.LargeStringArray
    row: Ints
    counted: Bools


@dataclass(frozen=True)
class Blocks:
    """Repeated blocks of one part, by text and place."""

    text: Ints
    start: Ints
    end: Ints
    digest: NDArray[np.uint64]
    paragraph: Bools
    """Whether the block is a paragraph of several lines."""
    where: NDArray[np.int8]
    """`START`, `INSIDE` or `END`."""
    rows: Ints
    """Counted rows that hold the block."""

    def __len__(self) -> int:
        return len(self.text)

    def take(self, which: Ints) -> Blocks:
        """Some of the blocks."""
        return Blocks(*(getattr(self, f.name)[which] for f in fields(self)))


def find_boilerplate(parts: Sequence[Part], config: BlockConfig, threads: int = 1) -> tuple[list[Blocks], int]:
    """Repeated blocks of every part, and how many rows were counted; rows ascend within a part."""
    slots = np.zeros(SLOTS, np.uint32)
    read = [_digests(part, config, threads) for part in parts]
    for part, (digest, text) in zip(parts, read, strict=True):
        _add(slots, digest[part.counted[text]])
    counted = [np.unique(part.row[part.counted]) for part in parts]
    rows = len(np.unique(np.concatenate(counted))) if counted else 0  # several columns may play one role
    least = max(config.min_rows, int(np.ceil(config.min_share * rows)))
    found = []
    for part, (digest, text) in zip(parts, read, strict=True):
        often = slots[(digest & np.uint64(SLOTS - 1)).astype(np.int64)] >= least
        found.append(_written(part, np.unique(text[often]), config, slots, least, threads))
    digests, counts = _exact([f.digest[f.counted] for f in found], [f.row[f.counted] for f in found])
    out = []
    for blocks in found:
        at = np.minimum(np.searchsorted(digests, blocks.digest), max(0, len(digests) - 1))
        count = np.where(digests[at] == blocks.digest, counts[at], 0) if len(digests) else np.zeros(len(at), np.int64)
        out.append(_settled(blocks, count, least))
    return out, rows


@dataclass(frozen=True)
class _Written:
    """Blocks that may be repeated often enough, with what is needed to settle which of them go."""

    text: Ints
    row: Ints
    counted: Bools
    digest: NDArray[np.uint64]
    numbers: Ints
    """(block, 7): first line, last line (-1 and up: both counted over lines that are not blank), lines with words, start,
    start of what follows (or end of the text), end of what comes before, number of lines in the text with words."""
    last_line: Ints
    """Number of the text's last line."""


def _digests(part: Part, config: BlockConfig, threads: int) -> tuple[NDArray[np.uint64], Ints]:
    """Digest and text of every block long enough."""
    found = _read(part, np.arange(len(part.texts)), config, np.zeros(0, np.uint32), 0, threads)
    return found[0], found[1]


def _written(
    part: Part, which: Ints, config: BlockConfig, slots: NDArray[np.uint32], least: int, threads: int
) -> _Written:
    digest, text, numbers, last_line = _read(part, which, config, slots, least, threads)
    return _Written(text, part.row[text], part.counted[text], digest, numbers, last_line)


def _read(
    part: Part, which: Ints, config: BlockConfig, slots: NDArray[np.uint32], least: int, threads: int
) -> tuple[NDArray[np.uint64], Ints, Ints, Ints]:
    data, start, stop = buffers(part.texts)
    ascii_only, pages = np.ones(len(start), np.bool_), np.zeros(LIMIT // 256, np.bool_)
    over_blocks(
        len(start), 8192, threads, lambda lo, hi: find_pages(data, start, stop, lo, hi, ascii_only, pages)
    )
    characters = Characters(pages)
    results: dict[int, tuple[NDArray[np.uint64], Ints, Ints, Ints]] = {}

    def work(lo: int, hi: int) -> None:
        results[lo] = _blocks(
            *(data, start, stop, which, lo, hi, characters.fold, characters.token, characters.nfc),
            *(config.min_characters, config.min_words, slots, least),
        )

    over_blocks(len(which), _TEXTS_A_BLOCK, threads, work)
    made = [results[lo] for lo in sorted(results)]
    empty = np.zeros(0, np.int64)
    return (
        np.concatenate([np.zeros(0, np.uint64), *(m[0] for m in made)]),
        np.concatenate([empty, *(m[1] for m in made)]),
        np.concatenate([np.zeros((0, 7), np.int64), *(m[2] for m in made)]),
        np.concatenate([empty, *(m[3] for m in made)]),
    )


def _exact(digests: list[NDArray[np.uint64]], rows: list[Ints]) -> tuple[NDArray[np.uint64], Ints]:
    """Distinct digests, and how many rows hold each."""
    digest = np.concatenate([np.zeros(0, np.uint64), *digests])
    row = np.concatenate([np.zeros(0, np.int64), *rows])
    order = np.lexsort((row, digest))
    digest, row = digest[order], row[order]
    new = np.ones(len(digest), np.bool_)
    new[1:] = (digest[1:] != digest[:-1]) | (row[1:] != row[:-1])
    known, counts = np.unique(digest[new], return_counts=True)
    return known, counts.astype(np.int64)


def _settled(found: _Written, count: Ints, least: int) -> Blocks:
    """Of the blocks that are repeated often enough, those that go, and their spans."""
    often = np.flatnonzero(count >= least)
    text, numbers = found.text[often], found.numbers[often]
    order = np.lexsort((-numbers[:, 1], numbers[:, 0], text))  # a paragraph comes before its own lines
    often, text, numbers = often[order], text[order], np.ascontiguousarray(numbers[order])
    goes, start, end, where = _settle(text, numbers, found.last_line[often])
    which = np.flatnonzero(goes)
    kept = often[which]
    return Blocks(
        found.text[kept], start[which], end[which], found.digest[kept], numbers[which, 1] > numbers[which, 0],
        where[which], count[kept],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _add(slots, digest):  # type: ignore[no-untyped-def]
    mask = np.uint64(slots.size - 1)
    for i in range(digest.size):
        slots[digest[i] & mask] += np.uint32(1)


@njit(cache=True, nogil=True)
def _settle(text, numbers, last_line):  # type: ignore[no-untyped-def]
    """Lines inside a paragraph that goes stay out; a text that would lose every line with a word is left alone."""
    n = text.size
    goes = np.zeros(n, np.bool_)
    start, end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    where = np.zeros(n, np.int8)
    lo = 0
    while lo < n:
        hi = lo
        while hi < n and text[hi] == text[lo]:
            hi += 1
        covered = np.int64(-1)
        words = np.int64(0)
        for i in range(lo, hi):
            if numbers[i, 0] > covered:
                goes[i] = True
                covered = numbers[i, 1]
                words += numbers[i, 2]
        if words >= numbers[lo, 6]:
            for i in range(lo, hi):
                goes[i] = False
        next_line = last_line[lo] + 1
        at_end = True
        for i in range(hi - 1, lo - 1, -1):
            if not goes[i]:
                continue
            start[i], end[i] = numbers[i, 3], numbers[i, 4]
            where[i] = INSIDE if numbers[i, 0] > 0 else START
            if at_end and numbers[i, 1] + 1 == next_line:
                where[i] = END
                next_line = numbers[i, 0]
            else:
                at_end = False
        for i in range(lo, hi):  # the first block of those at the end takes the white space before it
            if goes[i] and where[i] == END:
                start[i] = numbers[i, 5]
                break
        lo = hi
    return goes, start, end, where


@njit(cache=True, nogil=True)
def _blocks(  # type: ignore[no-untyped-def]
    data, start, stop, which, lo, hi, fold, token, nfc, min_characters, min_words, slots, least
):
    """The blocks of texts `which[lo:hi]`, of those counted at least so often where there are counters."""
    counting = slots.size == 0
    room = 256
    digests, texts = np.empty(room, np.uint64), np.empty(room, np.int64)
    numbers, lasts = np.empty((room, 7), np.int64), np.empty(room, np.int64)
    mask = np.uint64(max(slots.size, 1) - 1)
    n = np.int64(0)
    for one in range(lo, hi):
        i = which[one]
        first_of_text = n
        line = np.int64(0)  # number of the next line that is not blank
        with_words = np.int64(0)
        fenced = False
        before = np.int64(0)  # end of what came before the line
        # The paragraph so far: digest, first line, its start, lines with words, characters, words, what came before.
        p_digest, p_first, p_start, p_with, p_chars, p_words, p_before = _PARAGRAPH, line, before, line, line, line, before
        p_clean = True
        open_from = n  # blocks from here on do not know yet what follows them
        at = start[i]
        point = np.int64(0)
        while True:
            h = np.uint64(1)
            chars = words = ticks = np.int64(0)
            gap = in_word = begun = False
            l_start = l_end = point
            while at < stop[i] and data[at] != 10:
                code, width = np.int64(data[at]), 1
                if code >= 0x80:
                    code, width = decode(data, at, stop[i])
                at += width
                point += 1
                kind = 3
                if code < _LIMIT:
                    if nfc[code] == 1:
                        gap, in_word = begun, False
                        continue
                    kind = token[code]
                    if fold[code] >= 0:
                        code = np.int64(fold[code])
                if not begun:
                    l_start, begun = point - 1, True
                ticks += code == 96 and chars == ticks
                if gap:
                    h = (h ^ np.uint64(32)) * _FACTOR
                    h ^= h >> _S32
                    chars += 1
                    gap = False
                h = (h ^ np.uint64(code)) * _FACTOR
                h ^= h >> _S32
                chars += 1
                l_end = point
                words += (kind == 1 and not in_word) or (kind == 2 and code >= 0x80)
                in_word = kind == 1 or (kind == 4 and in_word)
            if begun:
                for k in range(open_from, n):
                    numbers[k, 4] = l_start
                open_from = n
                if p_first == line:
                    p_start, p_before = l_start, before
                p_digest = (p_digest ^ h) * _FACTOR
                p_digest ^= p_digest >> _S32
                mark = ticks >= 3
                p_clean &= not (fenced or mark)
                p_with += np.int64(words > 0)
                p_chars += chars
                p_words += words
                if chars >= min_characters and words >= min_words and not fenced and not mark:
                    digest = mix(h)
                    if counting or slots[digest & mask] >= least:
                        if n == digests.size:
                            digests, texts, numbers, lasts = _grown(digests, texts, numbers, lasts)
                        digests[n], texts[n] = digest, i
                        numbers[n, 0] = numbers[n, 1] = line
                        numbers[n, 2], numbers[n, 3], numbers[n, 5] = 1, l_start, before
                        n += 1
                fenced = fenced != mark
                with_words += words > 0
                before = l_end
                line += 1
            if not begun or at >= stop[i]:  # a paragraph ends
                if line - p_first > 1 and p_clean and p_chars >= min_characters and p_words >= min_words:
                    digest = mix(p_digest)
                    if counting or slots[digest & mask] >= least:
                        if n == digests.size:
                            digests, texts, numbers, lasts = _grown(digests, texts, numbers, lasts)
                        digests[n], texts[n] = digest, i
                        numbers[n, 0], numbers[n, 1], numbers[n, 2] = p_first, line - 1, p_with
                        numbers[n, 3], numbers[n, 5] = p_start, p_before
                        n += 1
                p_digest, p_first, p_with, p_chars, p_words = _PARAGRAPH, line, np.int64(0), np.int64(0), np.int64(0)
                p_clean = not fenced
            if at >= stop[i]:
                break
            at += 1  # the line end
            point += 1
        for k in range(open_from, n):
            numbers[k, 4] = point
        for k in range(first_of_text, n):
            numbers[k, 6] = with_words
            lasts[k] = line - 1
    rest = np.int64(0) if counting else n  # nobody asks where the blocks stand before they are counted
    return digests[:n].copy(), texts[:n].copy(), numbers[:rest].copy(), lasts[:rest].copy()


@njit(cache=True, nogil=True)
def _grown(digests, texts, numbers, lasts):  # type: ignore[no-untyped-def]
    n = digests.size
    d, t = np.empty(2 * n, np.uint64), np.empty(2 * n, np.int64)
    m, s = np.empty((2 * n, 7), np.int64), np.empty(2 * n, np.int64)
    for i in range(n):
        d[i], t[i], s[i] = digests[i], texts[i], lasts[i]
        for j in range(7):
            m[i, j] = numbers[i, j]
    return d, t, m, s
