"""People whom a fixed phrase announces: `ich heiße ...`, `मेरा नाम ... है`, `ดิฉันชื่อ ...`, `Pr ...`, `と申します`.

The tagger knows such phrases as one hint among others, which is too little for a name that no list holds in a script
without capitals. A phrase (`phrases.toml`) counts only with what follows it: words with capitals where the script has them
(particles between them allowed), else one to three words up to a sign, a blank or the verb that ends the phrase. Phrases:
the first lessons of some forty languages.

One pass (`cues`) looks for a word of each phrase and for letters of such scripts; only what stands around is read here.
"""

from __future__ import annotations

import re
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.cues import ANNOUNCED, GREETS, TITLED, in_bytes, surroundings
from curate.privacy.names.listed import listed_name
from curate.privacy.names.phrases import alternatives, parts, words

SCORE = 0.8
_CAPITALS, _TITLES, _GREETING = (alternatives("people", name) for name in ("announcing", "titles", "greetings"))
_ANCHOR = re.compile(rf"(?i)(?<![\w'’-])(?:{_CAPITALS})[:,]? +")
_TITLE = re.compile(rf"(?<![\w'’-])(?:{_TITLES})\.? +")
_GREETED = re.compile(rf"(?im)(?:^|[\n>:\]] ?)(?:{_GREETING}) +([^\W\d_][\w'’-]{{1,14}}) ?[,!…]")
_SAID_CLOSELY = alternatives("people", "close_greetings")
_CLOSELY = re.compile(rf"(?im)(?:^|[\n>:\]] ?)(?:{_SAID_CLOSELY}) +([^\W\d_][\w'’-]{{1,14}}) ?,")
_VERB_OR_OF = re.compile("من|في|على|إلى|[يت].*")
"""Arabic words behind a name that are none of it: small ones, and verbs in the present tense."""
_FIRST = re.compile(r"[^\W\d_][\w'’-]*\.?")
_NEXT = re.compile(r" ([^\W\d_][\w'’-]*\.?)")
_PARTICLES, _NOBODY = words("people", "particles"), words("people", "nobody")
_NONE_BEHIND = words("people", "nobody_east_asian")
_EVERY = ANNOUNCED | TITLED | GREETS
_CLOSE = 1 << 10
"""A greeting said to people only, with the comma of an address: `oi Zé, ...`."""


@cache
def _spoken(name: str) -> tuple[re.Pattern[str], ...]:
    """Phrases in scripts without capitals, compiled when a text is written in one of them."""
    return tuple(re.compile(pattern) for pattern in parts("people", name))


def announced(
    text: Block, words_at: npt.NDArray[np.int64], silent: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Spans (int64[n, 3]: row, start byte, end byte) of people whom a phrase announces, and whether only by a greeting.
    `words_at`, `silent`: of `cues`."""
    at: list[tuple[int, int, int]] = []
    greeted: set[tuple[int, int, int]] = set()
    for row, begin, end, kinds in surroundings(text, words_at[words_at[:, 2] & _EVERY != 0]):
        if kinds & (ANNOUNCED | TITLED):
            at += in_bytes(text, row, begin, end, partial(people, kinds=kinds & (ANNOUNCED | TITLED)))
        if kinds & GREETS:
            at += in_bytes(text, row, begin, end, partial(people, kinds=_CLOSE))
            greeted.update(in_bytes(text, row, begin, end, partial(people, kinds=GREETS)))
    for row, begin, end in silent.tolist():
        at += in_bytes(text, row, begin, end, spoken)
    greeted.difference_update(at)
    all_of_them = sorted(greeted.union(at))
    return np.array(all_of_them, np.int64).reshape(-1, 3), np.array([place in greeted for place in all_of_them], np.bool_)


def people(line: str, first: int = 0, kinds: int = _EVERY) -> set[tuple[int, int]]:
    """Begin and end of the people whom phrases of the given kinds announce, phrases that begin at `first` or behind it."""
    out: set[tuple[int, int]] = set()
    for kind, pattern in ((ANNOUNCED, _ANCHOR), (TITLED, _TITLE)):
        for match in pattern.finditer(line, first) if kinds & kind else ():
            end = _name_end(line, match.end())
            if end > match.end():
                out.add((match.end(), end))
    greeting = _GREETED if kinds & GREETS else _CLOSELY if kinds & _CLOSE else None
    for match in greeting.finditer(line, first) if greeting else ():
        if match[1][0].isupper() and match[1].lower() not in _NOBODY and not match[1].isupper():
            out.add(match.span(1))
    return out


def spoken(line: str, first: int = 0) -> set[tuple[int, int]]:
    """The same in scripts without capitals."""
    out: set[tuple[int, int]] = set()
    for pattern in _spoken("spoken"):
        for match in pattern.finditer(line, first):
            value = match[1].rstrip()
            if len(value) >= 2 and not any(value.endswith(word) for word in _NONE_BEHIND):
                out.add((match.start(1), match.start(1) + len(value)))
    for pattern in _spoken("spoken_titles"):
        for match in pattern.finditer(line, first):
            first_word, *more = match[1].split(" ")
            if not listed_name(first_word):
                continue
            size = len(first_word)
            for word in more:
                if _VERB_OR_OF.fullmatch(word) and not listed_name(word):
                    break
                size += 1 + len(word)
            out.add((match.start(1), match.start(1) + size))
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
