# mypy: disable-error-code="assignment"
"""People whom a fixed phrase announces: `ich heiße ...`, `मेरा नाम ... है`, `ดิฉันชื่อ ...`, `Pr ...`, `と申します`.

The tagger knows such phrases as one hint among others, which is too little for a name that no list holds in a script
without capitals. A phrase (`phrases.toml`) counts only with what follows it: words with capitals where the script has them
(particles between them allowed), else one to three words up to a sign, a blank or the verb that ends the phrase. Phrases:
the first lessons of some forty languages.

One pass in numba looks for a word of each phrase and for letters of such scripts; only what stands around is read in
Python. O(bytes), about 3 ns each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.context import hash_table
from curate.privacy.letters import WORD, fnv, lookup
from curate.privacy.names.phrases import alternatives, parts, words
from curate.privacy.words import spellings

SCORE = 0.8
_CAPITALS, _TITLES, _GREETING = (alternatives("people", name) for name in ("announcing", "titles", "greetings"))
_ANCHOR = re.compile(rf"(?i)(?<![\w'’-])(?:{_CAPITALS})[:,]? +")
_TITLE = re.compile(rf"(?<![\w'’-])(?:{_TITLES})\.? +")
_GREETED = re.compile(rf"(?im)(?:^|[\n>:\]] ?)(?:{_GREETING}) +([^\W\d_][\w'’-]{{1,14}}) ?[,!…]")
_SPOKEN = tuple(re.compile(pattern) for pattern in parts("people", "spoken"))
_FIRST = re.compile(r"[^\W\d_][\w'’-]*\.?")
_NEXT = re.compile(r" ([^\W\d_][\w'’-]*\.?)")
_PARTICLES, _NOBODY = words("people", "particles"), words("people", "nobody")
_NONE_BEHIND = words("people", "nobody_east_asian")
_ANNOUNCED, _TITLED, _GREETS = 1, 2, 4
_EVERY = _ANNOUNCED | _TITLED | _GREETS


def _triggers_of() -> dict[bytes, int]:
    out: dict[bytes, int] = {}
    for kind, table in ((_ANNOUNCED, "announcing_words"), (_TITLED, "title_words"), (_GREETS, "greeting_words")):
        for word in words("people", table):
            for spelling in spellings(word):
                out[spelling.encode()] = out.get(spelling.encode(), 0) | kind
    return out


_KEYS, _VALUES = hash_table(_triggers_of(), 11)
_BEFORE, _AFTER = 40, 120
"""Bytes around a word that are read."""


@njit(cache=True, nogil=True)
def _triggers(data, starts, ends, keys, values):  # type: ignore[no-untyped-def]
    """int64[n, 3]: row, first byte and kinds of the words that may belong to a phrase; and uint8[rows]: whether a row holds
    a letter of a script without capitals."""
    out = np.empty((256, 3), dtype=np.int64)
    silent = np.zeros(len(starts), dtype=np.uint8)
    n = 0
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
            silent[row] |= wide
            if i - first > 24 or wide:
                continue
            kinds = lookup(fnv(data, first, i), keys, values)
            if kinds:
                if n == len(out):
                    more = np.empty((2 * n, 3), dtype=np.int64)
                    more[:n] = out
                    out = more
                out[n, 0], out[n, 1], out[n, 2] = row, first, kinds
                n += 1
    return out[:n], silent


def announced(text: Block) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Spans (int64[n, 3]: row, start byte, end byte) of people whom a phrase announces, and whether only by a greeting."""
    at: list[tuple[int, int, int]] = []
    greeted: set[tuple[int, int, int]] = set()
    words_at, silent = _triggers(text.data, text.starts, text.ends, _KEYS, _VALUES)
    for row, begin, end, kinds in _windows(text, words_at):
        if kinds & ~_GREETS:
            at += _in_bytes(text, row, begin, end, partial(people, kinds=kinds & ~_GREETS))
        if kinds & _GREETS:
            greeted.update(_in_bytes(text, row, begin, end, partial(people, kinds=_GREETS)))
    for row in np.flatnonzero(silent).tolist():
        at += _in_bytes(text, row, int(text.starts[row]), int(text.ends[row]), spoken)
    greeted.difference_update(at)
    all_of_them = sorted(greeted.union(at))
    return np.array(all_of_them, np.int64).reshape(-1, 3), np.array([place in greeted for place in all_of_them], np.bool_)


def _windows(text: Block, words_at: npt.NDArray[np.int64]) -> list[tuple[int, int, int, int]]:
    """Row, begin, end and kinds of the surroundings of words, apart from one another."""
    out: list[tuple[int, int, int, int]] = []
    for row, place, kinds in words_at.tolist():
        begin, end = max(int(text.starts[row]), place - _BEFORE), min(int(text.ends[row]), place + _AFTER)
        if out and out[-1][0] == row and out[-1][2] >= begin:
            out[-1] = (row, out[-1][1], end, out[-1][3] | kinds)
        else:
            out.append((row, begin, end, kinds))
    return out


def _in_bytes(
    text: Block, row: int, begin: int, end: int, find: Callable[[str, int], set[tuple[int, int]]]
) -> list[tuple[int, int, int]]:
    """What is found between two places of a row, which may lie inside a sign. The sign before them is read along, so that
    where a piece begins is taken for no beginning of a line or word."""
    begin = max(int(text.starts[row]), begin - 1)
    while begin > text.starts[row] and text.data[begin] & 0xC0 == 0x80:
        begin -= 1
    while end < text.ends[row] and text.data[end] & 0xC0 == 0x80:
        end += 1
    part = text.data[begin:end].tobytes().decode("utf-8", "replace")
    out = []
    place, byte = 0, begin
    for a, b in sorted(find(part, int(begin > text.starts[row]))):
        if b == len(part) and end < text.ends[row]:
            continue  # cut
        byte += len(part[place:a].encode("utf-8", "replace"))
        place = a
        out.append((row, byte, byte + len(part[a:b].encode("utf-8", "replace"))))
    return out


def people(line: str, first: int = 0, kinds: int = _EVERY) -> set[tuple[int, int]]:
    """Begin and end of the people whom phrases of the given kinds announce, phrases that begin at `first` or behind it."""
    out: set[tuple[int, int]] = set()
    for kind, pattern in ((_ANNOUNCED, _ANCHOR), (_TITLED, _TITLE)):
        for match in pattern.finditer(line, first) if kinds & kind else ():
            end = _name_end(line, match.end())
            if end > match.end():
                out.add((match.end(), end))
    for match in _GREETED.finditer(line, first) if kinds & _GREETS else ():
        if match[1][0].isupper() and match[1].lower() not in _NOBODY and not match[1].isupper():
            out.add(match.span(1))
    return out


def spoken(line: str, first: int = 0) -> set[tuple[int, int]]:
    """The same in scripts without capitals."""
    out: set[tuple[int, int]] = set()
    for pattern in _SPOKEN:
        for match in pattern.finditer(line, first):
            value = match[1].rstrip()
            if len(value) >= 2 and not any(value.endswith(word) for word in _NONE_BEHIND):
                out.add((match.start(1), match.start(1) + len(value)))
    return out


def _name_end(line: str, begin: int) -> int:
    """Where the words with capitals from `begin` on end; `begin` where there is none."""
    first = _FIRST.match(line, begin)
    if first is None or not first[0][0].isupper() or first[0].rstrip(".").lower() in _NOBODY:
        return begin
    if first[0].endswith(".") and len(first[0]) > 2:
        return first.end() - 1
    end = place = first.end()
    for _ in range(4):
        word = _NEXT.match(line, place)
        if word is None:
            break
        place = word.end()
        if word[1][0].isupper():
            end = place if len(word[1]) <= 2 or not word[1].endswith(".") else place - 1
            if word[1].endswith(".") and len(word[1]) > 2:
                break
        elif word[1].lower() not in _PARTICLES:
            break
    if line[end - 2 : end] in ("'s", "’s"):
        end -= 2
    return end if end - begin >= 2 else begin
