"""Places behind a phrase of residence: `asun Oulussa`, `naishi Mombasa`, `住在成都`, `أسكن في الدار البيضاء`.

The tagger finds places in the languages it saw most; elsewhere it misses them, or takes the verb and the town for
somebody. A phrase (`phrases.toml`) counts with words in capitals behind it, or in scripts without capitals with one or two
words up to a sign. It takes the place of people and organisations that were seen in the phrase; addresses and places stay
as they were found.

`cues` finds the words, some 5 microseconds each. It knows no place without such a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.cues import LIVES, in_bytes, surroundings
from curate.privacy.names.listed import listed_first, ordinary, place_alone
from curate.privacy.names.phrases import alternatives, parts, words
from curate.privacy.overlaps import Found
from curate.privacy.types import CODE

_LOCATION, _ADDRESS = CODE["LOCATION"], CODE["STREET_ADDRESS"]
_SCORE = 0.7
_LIVES = re.compile(rf"(?i)(?<![\w'’-])(?:{alternatives('places', 'residence')}) +")
_NAME = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:[-'’][^\W\d_]+)*")
_NEXT = re.compile(r" ([^\W\d_][^\W\d_'’-]*(?:[-'’][^\W\d_]+)*)")
_LINKS = words("places", "links")
_SOMEBODYS = re.compile(r"['’]s?(?!\w)")
_HOMES = re.compile(r"(?:家|宅|집|さん|様|氏|씨|님)")
"""Who is named before them lives there: that is somebody, and no place."""
_Finder = Callable[[str, int], list[tuple[int, int, int]]]
_SPOKEN = tuple(re.compile(pattern) for pattern in parts("places", "spoken"))


def lived_in(line: str, first: int = 0) -> list[tuple[int, int, int]]:
    """Begin of the phrase, begin and end of the place, in scripts with capitals."""
    out = []
    for phrase in _LIVES.finditer(line, first):
        name = _NAME.match(line, phrase.end())
        if name is None or not name[0][0].isupper() or len(name[0]) < 2 or name[0].isupper():
            continue
        if (ordinary(name[0]) or listed_first(name[0])) and not place_alone(name[0]):
            continue
        end = place = name.end()
        for _ in range(3):
            more = _NEXT.match(line, place)
            if more is None or not (more[1][0].isupper() or more[1] in _LINKS):
                break
            place = more.end()
            end = place if more[1][0].isupper() else end
        if _SOMEBODYS.match(line, end):
            continue  # "in Maria Lopez's house"
        out.append((phrase.start(), phrase.end(), end))
    return out


def spoken_places(line: str, first: int = 0) -> list[tuple[int, int, int]]:
    """The same in scripts without capitals."""
    phrases = (m for pattern in _SPOKEN for m in pattern.finditer(line, first) if not _HOMES.search(m[1]))
    found = sorted((m.start(), *m.span(1)) for m in phrases)
    return [place for n, place in enumerate(found) if not n or place[0] >= found[n - 1][2]]


def _edges(line: str, first: int, *, find: _Finder, town: bool) -> set[tuple[int, int]]:
    """Begin of the phrase or of the town in it, and end."""
    return {(start if town else phrase, end) for phrase, start, end in find(line, first)}


def with_places(text: Block, found: Found, words_at: npt.NDArray[np.int64], silent: npt.NDArray[np.uint8]) -> Found:
    """The spans, and the places where somebody is said to live. `words_at`, `silent`: of `cues`."""
    new: list[tuple[int, int, int, int]] = []
    around = surroundings(text, words_at[words_at[:, 2] & LIVES != 0])
    asked: list[tuple[int, int, int, _Finder]] = [(*piece[:3], lived_in) for piece in around]
    asked += [(row, int(text.starts[row]), int(text.ends[row]), spoken_places) for row in np.flatnonzero(silent).tolist()]
    for row, begin, end, find in asked:
        phrases = in_bytes(text, row, begin, end, partial(_edges, find=find, town=False))
        if phrases:
            towns = in_bytes(text, row, begin, end, partial(_edges, find=find, town=True))
            new += [(row, phrase[1], town[1], town[2]) for phrase, town in zip(phrases, towns)]
    if not new:
        return found
    at, keep = found.at, np.ones(len(found.at), np.bool_)
    places: list[tuple[int, int, int, int]] = []
    for row, phrase, start, end in sorted(set(new)):
        inside = np.flatnonzero((at[:, 0] == row) & (at[:, 1] < end) & (at[:, 2] > phrase))
        if np.isin(at[inside, 3], (_LOCATION, _ADDRESS)).any() or (at[inside, 2] > end).any():
            keep[inside[at[inside, 2] <= start]] = False  # the verb was taken for somebody
            continue
        keep[inside] = False
        if not places or places[-1][0] != row or places[-1][2] <= start:
            places.append((row, start, end, _LOCATION))
    made = Found(np.array(places, np.int64).reshape(-1, 4), np.full(len(places), _SCORE), np.zeros(len(places), np.bool_))
    return found.take(keep).plus(made).sorted()
