# mypy: disable-error-code="assignment"
"""What the lists say of a word that they do not hold, by the words that it is made of (numba).

- A Korean word carries its particle: `김영희는` is a family name of one syllable, a given name and `는`; `서울에서` is a
  town.
- Hebrew and Arabic write "and", "to" and "in" as a first letter of the word.
- Languages with cases change a name's last letters: up to three are taken off, and `a`, `а` or `я` put in their place.

Only words without an entry are asked, so ordinary words of known languages stay what they are. Complexity: O(letters) and
at most a dozen look-ups a word.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.names.characters import SIZE
from curate.privacy.names.labels import ANCHOR, COUNTRY, FAMILY, GIVEN, ORG, PART, PLACE, TITLE
from curate.privacy.names.lexer import CAPITAL, CAPS, FNV, PRIME, SCRIPT, decode

HANGUL = 0xAC00
_LISTED = GIVEN | FAMILY | PLACE | COUNTRY
_LOW = np.uint64(0xFFFFFFFF)
_NOTHING = np.uint32(0)


@njit(cache=True, nogil=True)
def entry(word, keys, values):  # type: ignore[no-untyped-def]
    """The lexicon's entry of a word's hash, 0 where it has none."""
    mask = np.uint64(len(keys) - 1)
    slot = (word * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40) & mask
    while keys[slot]:
        if keys[slot] == word:
            return values[slot]
        slot = (slot + np.uint64(1)) & mask
    return _NOTHING


@njit(cache=True, nogil=True)
def _on(h, letter):  # type: ignore[no-untyped-def]
    return ((h ^ np.uint64(letter)) * PRIME) & _LOW


@njit(cache=True, nogil=True)
def kin(data, a, b, shape, folded, keys, values):  # type: ignore[no-untyped-def]
    """List bits of the word in data[a:b], which has no entry."""
    if shape != SCRIPT and not CAPITAL <= shape <= CAPS:
        return _NOTHING
    point, size = decode(data, a, b)
    hangul = HANGUL <= point <= 0xD7A3
    prefixed = 0x5D0 <= point <= 0x6FF
    if shape == SCRIPT and not hangul and not prefixed:
        return _NOTHING
    h = one = two = three = FNV  # the word; without its last letter, its last two, its last three
    first = pair = triple = FNV  # its beginnings
    rest = second = third = FNV  # the two letters behind the first; each by itself
    tail = FNV  # the word without its first letter
    i, length = a, 0
    while i < b:
        point, size = decode(data, i, b)
        low = np.uint64(folded[point] if point < SIZE else point & 0xFFFF)
        three, two, one = two, one, h
        h = _on(h, low)
        if length == 0:
            first = h
        else:
            tail = _on(tail, low)
            if length == 1:
                pair, second, rest = h, _on(FNV, low), _on(FNV, low)
            elif length == 2:
                triple, third, rest = h, _on(FNV, low), _on(rest, low)
        length += 1
        i += size
    if hangul:
        return _korean(length, first, pair, triple, rest, second, third, keys, values)
    if shape == SCRIPT:
        return entry(tail, keys, values) & np.uint32(_LISTED) if length >= 4 else _NOTHING
    if length < 5:
        return _NOTHING
    for stem in (one, two, three):
        found = entry(stem, keys, values)
        for letter in (97, 0x430, 0x44F):
            if not found & np.uint32(_LISTED):
                found = entry(_on(stem, letter), keys, values)
        if found & np.uint32(_LISTED):
            return found & np.uint32(_LISTED)
    return _NOTHING


@njit(cache=True, nogil=True)
def _korean(length, first, pair, triple, rest, second, third, keys, values):  # type: ignore[no-untyped-def]
    out = _NOTHING
    if length >= 3:
        out |= entry(pair, keys, values)
        if entry(first, keys, values) & np.uint32(FAMILY):
            given = entry(rest, keys, values) & np.uint32(GIVEN)
            maybe = entry(second, keys, values) & np.uint32(GIVEN) and entry(third, keys, values) & np.uint32(PART)
            out |= np.uint32(FAMILY | GIVEN) if given else np.uint32(FAMILY | PART if maybe else 0)
    if length >= 4:
        out |= entry(triple, keys, values)
    return out & np.uint32(_LISTED | PART | ORG | TITLE | ANCHOR)
