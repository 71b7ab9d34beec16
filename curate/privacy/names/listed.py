"""What the lexicon says of one word: whether its lists give it the weight of a person's name, or speak against it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from curate.privacy.names.characters import fold
from curate.privacy.names.kin import entry
from curate.privacy.names.labels import ANCHOR, CALENDAR, COMMON_SHIFT, COUNTRY, FAMILY, GIVEN, ORG, PART, PLACE, TITLE
from curate.privacy.names.lexer import token_hash
from curate.privacy.names.model import load

_NAMES = GIVEN | FAMILY
_ORDINARY = 2
"""Commonness from which on a word is met in most texts."""


@lru_cache(maxsize=1 << 17)
def _bits(word: str) -> int:
    known = load()
    return int(entry(np.uint64(token_hash(fold(word))), known.keys, known.values))


def listed_name(word: str) -> bool:
    """Whether a list of names holds the word, and it is met more rarely as an ordinary one unless it is a given name."""
    bits = _bits(word)
    return bool(bits & GIVEN) or (bool(bits & FAMILY) and bits >> COMMON_SHIFT & 3 < _ORDINARY)


def in_no_list(word: str) -> bool:
    """Whether no list of names holds the word."""
    return not _bits(word) & _NAMES


def unknown(word: str) -> bool:
    """Whether the lexicon knows nothing of the word, not even that it is met in prose."""
    return not _bits(word)


def listed_otherwise(word: str) -> bool:
    """Whether the lists know the word as an ordinary one or as a firm, and not as a name."""
    bits = _bits(word)
    return not bits & _NAMES and (bits >> COMMON_SHIFT & 3 >= _ORDINARY or bool(bits & ORG))


def ordinary(word: str) -> bool:
    """Whether the word is met as an ordinary one in most texts, whatever else the lists know of it."""
    return _bits(word) >> COMMON_SHIFT & 3 >= _ORDINARY


def listed_first(word: str) -> bool:
    """Whether a list of first names holds the word, and it is hardly met as an ordinary one."""
    bits = _bits(word)
    return bool(bits & GIVEN) and bits >> COMMON_SHIFT & 3 < _ORDINARY


def listed_title(word: str) -> bool:
    """Whether the word is known as a title before names."""
    return bool(_bits(word) & TITLE)


def announces(word: str) -> bool:
    """Whether the word is known to stand before names, as a title or otherwise."""
    bits = _bits(word)
    return bool(bits & ANCHOR) or (bool(bits & TITLE) and len(word) > 2)


def place_alone(word: str) -> bool:
    """Whether the word is a listed town or country and no listed firm."""
    bits = _bits(word)
    return bool(bits & (PLACE | COUNTRY)) and not bits & ORG


def family_and_first(family: str, first: str) -> bool:
    """Whether the two are listed as a family name and a first name."""
    return bool(_bits(family) & FAMILY) and bool(_bits(first) & GIVEN)


def of_bodies(word: str) -> bool:
    """Whether the word is known from the names of firms and bodies, and not as a name or place."""
    bits = _bits(word)
    return bool(bits & ORG) and not bits & (_NAMES | PLACE | COUNTRY | PART)


def tells_body(word: str, listed: bool) -> bool:
    """Whether a word behind a kind of institution belongs to a name: it is no ordinary word, nor day or month. `listed`: a
    list must hold it as a name or place."""
    bits = _bits(word)
    common, named = bits >> COMMON_SHIFT & 3, bits & (PLACE | COUNTRY | GIVEN | ORG)
    if len(word) < 2 or not word[0].isupper() or common >= _ORDINARY or bits & CALENDAR:
        return False
    if common or word.isupper():
        return bool(named)
    return bool(named or bits & FAMILY) or not listed
