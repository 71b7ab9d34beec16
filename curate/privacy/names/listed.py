"""What the lexicon says of one word: whether its lists give it the weight of a person's name, or speak against it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from curate.privacy.names.characters import fold
from curate.privacy.names.kin import entry
from curate.privacy.names.labels import COMMON_SHIFT, FAMILY, GIVEN, ORG
from curate.privacy.names.lexer import token_hash
from curate.privacy.names.model import load

_NAMES = GIVEN | FAMILY
_ORDINARY = 2
"""Commonness from which on a word is met in most texts."""


@lru_cache(maxsize=1 << 14)
def _bits(word: str) -> int:
    known = load()
    return int(entry(np.uint64(token_hash(fold(word))), known.keys, known.values))


def listed_name(word: str) -> bool:
    """Whether a list of names holds the word, and it is met more rarely as an ordinary one unless it is a given name."""
    bits = _bits(word)
    return bool(bits & GIVEN) or (bool(bits & FAMILY) and bits >> COMMON_SHIFT & 3 < _ORDINARY)


def listed_otherwise(word: str) -> bool:
    """Whether the lists know the word as an ordinary one or as a firm, and not as a name."""
    bits = _bits(word)
    return not bits & _NAMES and (bits >> COMMON_SHIFT & 3 >= _ORDINARY or bool(bits & ORG))


def ordinary(word: str) -> bool:
    """Whether the word is met as an ordinary one in most texts, whatever else the lists know of it."""
    return _bits(word) >> COMMON_SHIFT & 3 >= _ORDINARY
