# mypy: disable-error-code="assignment"
"""One pass over the bytes for the words by which phrases, titles, greetings and organisations are found.

Only what stands around such a word is then read in Python (`anchors`, `bodies`). O(bytes), about 3 ns each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.letters import WORD, fnv, hash_table, lookup
from curate.privacy.names.phrases import words
from curate.privacy.neighbourhood import grow
from curate.privacy.words import spellings

ANNOUNCED, TITLED, GREETS, BODY, EMPLOYED, SMALL_BODY, ADDRESSED = 1, 2, 4, 8, 16, 32, 64
_BODIES = BODY | SMALL_BODY
_BEFORE, _AFTER = 40, 120
"""Bytes around a word that are read."""
_SHORT, _AROUND = 4096, 240
"""Bytes of a row that is read whole where it holds a script without capitals; in longer ones, those read around its words:
more than any form in such a script reaches beyond them."""
_TABLES = (
    (ANNOUNCED, "people", "announcing_words"), (TITLED, "people", "title_words"), (GREETS, "people", "greeting_words"),
    (BODY, "bodies", "form_words"), (BODY, "bodies", "kind_words"), (EMPLOYED, "bodies", "employed_words"),
    (SMALL_BODY, "bodies", "small_form_words"), (ADDRESSED, "addresses", "labels"),
)  # fmt: skip


def _table() -> dict[bytes, int]:
    out: dict[bytes, int] = {}
    for kind, table, name in _TABLES:
        for word in words(table, name):
            for spelling in spellings(word):
                out[spelling.encode()] = out.get(spelling.encode(), 0) | kind
    return out


_KEYS, _VALUES = hash_table(_table(), 12)


@njit(cache=True, nogil=True)
def _triggers(data, starts, ends, keys, values):  # type: ignore[no-untyped-def]
    """int64[n, 3]: row, first byte and kinds of the words that may belong to a phrase; and int64[m, 3]: row, begin and end
    of the stretches of words in scripts without capitals. A word of organisations counts with a capital, or as one letter
    of `S.p.A.`."""
    out, silent = np.empty((256, 3), dtype=np.int64), np.empty((64, 3), dtype=np.int64)
    n = m = 0
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        while i < end:
            c = data[i]
            if WORD[c] != 1 and WORD[c] != 3:
                i += 1
                continue
            first, wide = i, np.uint8(0)
            while i < end and (WORD[data[i]] == 1 or WORD[data[i]] == 3):
                c = data[i]
                if c >= 0xD4 and c != 0xE2 and c < 0xF0 and not (c == 0xE1 and i + 1 < end and data[i + 1] >= 0xB8):
                    wide = np.uint8(1)
                i += 1
            if wide:
                short = end - starts[row] <= _SHORT
                if m and silent[m - 1, 0] == row and (short or first - silent[m - 1, 2] <= 2 * _AROUND):
                    silent[m - 1, 2] = i
                else:
                    if m == len(silent):
                        silent = grow(silent)
                    silent[m, 0], silent[m, 1], silent[m, 2] = row, first, i
                    m += 1
            if i - first > 24 or wide:
                continue
            kinds = lookup(fnv(data, first, i), keys, values)
            if kinds & _BODIES:
                if i - first == 1 and not (i + 1 < end and (data[i] == 46 or data[i] == 47) and WORD[data[i + 1]] == 1):
                    kinds &= ~_BODIES
                elif 97 <= data[first] <= 122:
                    kinds &= ~BODY
            if kinds:
                if n == len(out):
                    out = grow(out)
                out[n, 0], out[n, 1], out[n, 2] = row, first, kinds
                n += 1
    return out[:n], silent[:m]


def cues(text: Block) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Row, first byte and kinds of every such word; and row, begin and end of what is to be read where words stand in
    scripts without capitals, apart from one another."""
    at, silent = _triggers(text.data, text.starts, text.ends, _KEYS, _VALUES)
    start, end = text.starts[silent[:, 0]], text.ends[silent[:, 0]]
    whole = end - start <= _SHORT
    silent[:, 1] = np.where(whole, start, np.maximum(start, silent[:, 1] - _AROUND))
    silent[:, 2] = np.where(whole, end, np.minimum(end, silent[:, 2] + _AROUND))
    return at, silent


def surroundings(
    text: Block, words_at: npt.NDArray[np.int64], reach: int = _AFTER
) -> list[tuple[int, int, int, int]]:
    """Row, begin, end and kinds of what stands around words, apart from one another; `reach`: bytes behind a word."""
    if not len(words_at):
        return []
    row, place, kinds = words_at.T
    begin, end = np.maximum(text.starts[row], place - _BEFORE), np.minimum(text.ends[row], place + reach)
    first = np.flatnonzero(np.concatenate([[True], (row[1:] != row[:-1]) | (begin[1:] > end[:-1])]))
    last = np.append(first[1:], len(row)) - 1
    columns = (row[first], begin[first], end[last], np.bitwise_or.reduceat(kinds, first))
    return list(zip(*(column.tolist() for column in columns)))


def in_bytes(
    text: Block, row: int, begin: int, end: int, find: Callable[[str, int], Iterable[tuple[Any, ...]]]
) -> list[tuple[Any, ...]]:
    """What is found between two places of a row, which may lie inside a sign: row, begin, end, and what `find` says more.
    The sign before them is read along, so that where a piece begins is taken for no beginning of a line or word."""
    begin = max(int(text.starts[row]), begin - 1)
    while begin > text.starts[row] and text.data[begin] & 0xC0 == 0x80:
        begin -= 1
    while end < text.ends[row] and text.data[end] & 0xC0 == 0x80:
        end += 1
    part = text.data[begin:end].tobytes().decode("utf-8", "replace")
    out: list[tuple[Any, ...]] = []
    place, byte = 0, begin
    for a, b, *more in sorted(find(part, int(begin > text.starts[row]))):
        if b == len(part) and end < text.ends[row]:
            continue  # cut
        byte += len(part[place:a].encode("utf-8", "replace"))
        place = a
        out.append((row, byte, byte + len(part[a:b].encode("utf-8", "replace")), *more))
    return out
