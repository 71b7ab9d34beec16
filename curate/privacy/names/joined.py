"""People whom a small word joins to somebody: `Budi dan Siti`, `oskar eller maria`, `Ali veya Veli`.

In a text that is not English the tagger now and then finds one of two people only. A listed first name on the other side of
the language's "and" or "or" is a person, too, written as the first is: with a capital, or without one.

Complexity: O(spans of people) in numpy; a regular expression where such a small word may stand beside a span.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.elsewhere import ORDINARY, english_around
from curate.privacy.names.listed import listed_first
from curate.privacy.names.phrases import words
from curate.privacy.overlaps import Found
from curate.privacy.types import PERSON

_LONGEST = 48
"""Bytes beside a span that are read."""
JOINS = words("ordinary", "joins") | words("ordinary", "or")
_JOINS = "|".join(sorted(JOINS, key=len, reverse=True))
_WORD = r"[^\W\d_]{2,}(?:['’-][^\W\d_]{2,})?"
_BEHIND = re.compile(rf" (?:{_JOINS}) ({_WORD})(?![\w@'’-])")
_AHEAD = re.compile(rf"(?<![\w@'’.-])({_WORD}) (?:{_JOINS}) \Z")


def joined(text: Block, found: Found) -> Found:
    """The spans, sorted by row and start, and such people."""
    at = found.at
    people = np.flatnonzero(at[:, 3] == PERSON)
    new: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    for side in (1, -1):
        for n in people[_joint(text, at[people], side)].tolist():
            row, start, end, _ = at[n].tolist()
            first, last = int(text.starts[row]), int(text.ends[row])
            if side > 0:
                beside = text.read(end, min(last, end + _LONGEST))
                match = _BEHIND.match(beside)
                place = end + len(beside[: match.start(1)].encode()) if match else 0
            else:
                beside = text.read(max(first, start - _LONGEST), start)
                match = _AHEAD.search(beside)
                place = start - len(beside[match.start(1) :].encode()) if match else 0
            if match is None or not _like(match[1], text.read(start, end)):
                continue
            stop = place + len(match[1].encode())
            if not _free(at, n, row, place, stop) or english_around(text, row, min(start, place), max(end, stop)):
                continue
            new.append((row, place, stop, PERSON))
            scores.append(float(found.score[n]))
    if not new:
        return found
    kept = list({place: n for n, place in enumerate(new)}.values())  # who stands between two people is found twice
    places, sure = np.array(new, np.int64)[kept], np.array(scores)[kept]
    return found.plus(Found(places, sure, np.zeros(len(kept), np.bool_))).sorted()


def _joint(text: Block, at: npt.NDArray[np.int64], side: int) -> npt.NDArray[np.bool_]:
    """Whether a word of one to six bytes, between blanks, may stand on a side of the spans; read past the row's end, where
    the data go on or there is nothing, it only costs a look."""
    edge = at[:, 2] if side > 0 else at[:, 1] - 1
    size = len(text.data)

    def blank(distance: int) -> npt.NDArray[np.bool_]:
        places = edge + side * distance
        inside = (places >= 0) & (places < size)
        return np.asarray(inside & (text.data[np.where(inside, places, 0)] == 32))

    return np.asarray(blank(0) & np.logical_or.reduce([blank(distance) for distance in range(2, 8)]))


def _like(word: str, somebody: str) -> bool:
    """Whether the word is a listed first name and written as the person beside it."""
    if not listed_first(word) or word.isupper() != somebody.isupper():
        return False
    if word[0].isupper():
        return somebody[0].isupper()
    return somebody.islower() and word not in ORDINARY


def _free(at: npt.NDArray[np.int64], n: int, row: int, start: int, end: int) -> bool:
    """Whether no span near the n-th has the place."""
    near = at[max(0, n - 2) : n + 3]
    return not ((near[:, 0] == row) & (near[:, 1] < end) & (near[:, 2] > start)).any()
