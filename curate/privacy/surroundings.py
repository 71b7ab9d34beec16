# mypy: disable-error-code="assignment"
"""Which listed words stand before and after a place, and what the name of the column says: bounded looks, in numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.context import (
    BIRTH,
    COUNT,
    FOREIGN,
    ID_WORD,
    PHONE,
    PHONE_AFTER,
    STEM,
    STEM_KEYS,
    STEM_VALUES,
    WORD_KEYS,
    WORD_MASKS,
)
from curate.privacy.letters import SEED, WORD, fnv, is_escape, lookup, mix

SHORT_CELL = 64
"""Bytes up to which the name of a column speaks of what stands in its cells."""
_LONGEST_STEM = 24


@njit(cache=True)
def _stem_at(data, first, j):  # type: ignore[no-untyped-def]
    """Classes of all stems that begin at `first` and end at or before `j`."""
    h, found = SEED, np.int64(0)
    for p in range(first, min(j, first + _LONGEST_STEM)):
        c = data[p]
        if 65 <= c <= 90:
            c = np.uint8(c + 32)
        h = mix(h, c)
        if p - first >= STEM - 1:
            found |= lookup(h, STEM_KEYS, STEM_VALUES)
    return found


@njit(cache=True)
def _stems_inside(data, first, j):  # type: ignore[no-untyped-def]
    """Classes of all stems that begin at any character of a run of a script written without blanks."""
    found, p = np.int64(0), first + 1
    while p < j:
        if data[p] & 0xC0 != 0x80:
            found |= _stem_at(data, p, j)
        p += 1
    return found


@njit(cache=True)
def context_before(data, start, pos, words, masks):  # type: ignore[no-untyped-def]
    """Masks of the nearest listed word and of all, over at most 8 words in the 64 bytes before `pos`."""
    nearest, union = np.int64(0), np.int64(0)
    floor = max(start, pos - 64)
    i, seen = pos - 1, 0
    while i >= floor and seen < 8:
        w = WORD[data[i]]
        if w == 0 or w == 4 or w == 2:
            i -= 1
            continue
        j = i + 1
        while i >= floor and j - i < 40 and (WORD[data[i]] == 1 or WORD[data[i]] == 3):
            i -= 1
        first = i + 1
        if (i >= start and WORD[data[i]] == 2) or (j + 1 < pos and WORD[data[j]] == 2 and WORD[data[j + 1]] == 2):
            continue  # letters inside a code: `3cf9`
        seen += 1
        if first > start and data[first] < 128 and is_escape(data, start, first):
            first += 1
        if i >= start and data[i] == 91 and j < pos and data[j] == 93:
            continue  # a placeholder such as [PHONE] is not context
        if i >= start and data[i] == 95 and j < pos and data[j] == 93:
            continue
        h, stem = SEED, np.int64(0)
        for p in range(first, j):
            c = data[p]
            if 65 <= c <= 90:
                c = np.uint8(c + 32)
            elif c >= 195 and c != 226:  # the first byte of a letter beyond ASCII, not of a typographic sign
                union |= FOREIGN
            h = mix(h, c)
            if p - first >= STEM - 1:
                stem |= lookup(h, STEM_KEYS, STEM_VALUES)
        mask = lookup(h, words, masks) | stem
        if j - first == 1 and first - 1 > start and data[first - 1] == 46:
            mask |= lookup(dotted(data, start, first), words, masks)
        if data[first] >= 0xE3 or (data[first] == 0xE0 and data[first + 1] >= 0xB8):  # Asian scripts, Thai
            mask |= _stems_inside(data, first, j)
        if j - first == 1 and data[first] | 32 == 98 and first - 3 >= start and data[first - 1] == 46:
            mask |= BIRTH if data[first - 2] | 32 == 111 and data[first - 3] == 46 else 0  # "D.O.B."
        if j - first == 1 and data[first] | 32 == 116 and first - 2 >= start and data[first - 1] == 46:
            mask |= BIRTH if data[first - 2] | 32 == 100 else 0  # "d.t.", Turkish
        union |= mask & (ID_WORD | COUNT)
        mask &= ~(ID_WORD | COUNT)
        if mask & 1024:
            # "Desk: 555 0100" names a field; "the desk 555" does not.
            mask = (mask & ~1024) | (1 if j < pos and data[j] == 58 else 0)
        if mask:
            union |= mask
            if nearest == 0:
                nearest = mask
    return nearest, union


@njit(cache=True)
def dotted(data, start, last):  # type: ignore[no-untyped-def]
    """Hash of the letters of an abbreviation whose last letter stands at `last`: `T.C.` as `tc`."""
    p = last
    while p - 2 >= start and last - p < 6 and data[p - 1] == 46 and WORD[data[p - 2]] == 1 and (
        p - 2 == start or WORD[data[p - 3]] == 0
    ):
        p -= 2
    h = SEED
    while p <= last:
        h = mix(h, data[p] | 32)
        p += 2
    return h


@njit(cache=True)
def context_after(data, pos, end, words, masks):  # type: ignore[no-untyped-def]
    """Union over the first two words after `pos`, on the same line and before any other number."""
    union = np.int64(0)
    i, seen, ceiling, parted = pos, 0, min(end, pos + 24), False
    while i < ceiling and seen < 2:
        c = data[i]
        if c == 10 or c == 91 or WORD[c] == 2:
            break
        if WORD[c] != 1 and WORD[c] != 3:
            parted |= c == 44 or c == 59
            i += 1
            continue
        j = i
        while j < ceiling and (WORD[data[j]] == 1 or WORD[data[j]] == 3):
            j += 1
        mask = lookup(fnv(data, i, j), words, masks)
        if mask & (PHONE | PHONE_AFTER) and parted and labels_number(data, j, end):
            mask &= ~(PHONE | PHONE_AFTER)  # "1200-018 Lisboa, telem. 962 331 708"
        union |= mask
        if c >= 0xC3 and c != 226:  # inflected words and scripts without blanks: "рождения", "に電話", "पर कॉल"
            union |= _stem_at(data, i, j)
            if c >= 0xE3:
                union |= _stems_inside(data, i, j)
            elif c == 208 and data[i + 1] == 179 and j == i + 2 and born_year(data, j, end):
                union |= BIRTH
        seen += 1
        i = j
    return union


@njit(cache=True)
def labels_number(data, j, end):  # type: ignore[no-untyped-def]
    """Whether a number, or a placeholder (`[PHONE_NUMBER]`), follows the word that ends at `j`."""
    p = j
    while p < end and p - j < 4 and (data[p] == 32 or data[p] == 46 or data[p] == 58):
        p += 1
    if p < end and data[p] == 91:
        q = p + 1
        while q < end and q - p <= 24 and (65 <= data[q] <= 90 or data[q] == 95):
            q += 1
        return q - p > 2 and q < end and data[q] == 93
    return p < end and (48 <= data[p] <= 57 or data[p] == 43 or data[p] == 40)


@njit(cache=True)
def born_year(data, j, end):  # type: ignore[no-untyped-def]
    """Whether `г` before `j` goes on to `г.р.`, Russian for "born in"."""
    p = j + 1 if j < end and data[j] == 46 else j
    p += p < end and data[p] == 32
    return p + 1 < end and data[p] == 209 and data[p + 1] == 128


@njit(cache=True)
def asian_birth(data, stop, end):  # type: ignore[no-untyped-def]
    """Whether the year that ends at `stop` goes on as a date in Asian signs (`年`, `년`) with a sign of birth behind it:
    `1988年12月14日出生`, `1990년 2월 3일생`."""
    if stop + 2 >= end:
        return False
    c, d = data[stop], data[stop + 1]
    if not ((c == 0xE5 and d == 0xB9) or (c == 0xEB and d == 0x85)):
        return False
    for p in range(stop + 3, min(stop + 36, end - 2)):
        c, d, e = data[p], data[p + 1], data[p + 2]
        if (c == 0xE7 and d == 0x94 and e == 0x9F) or (c == 0xEC and d == 0x83 and e == 0x9D):  # 生, 생
            return True
    return False


@njit(cache=True)
def birth_sign(data, start, i):  # type: ignore[no-untyped-def]
    """Whether a sign of birth may stand right before the number at `i`: `Weber, *12.11.1936`, `, f. 04.05.1949`. No star at
    the beginning of a line or behind a number, where it marks an item or multiplies."""
    j = i - 1
    if j > start and data[j] == 32:
        j -= 1
    if j >= start and data[j] == 42:
        k = j - 1
        while k > start and j - k < 4 and (data[k] == 32 or data[k] == 40):
            k -= 1
        c = data[k] if k >= start else 0
        return c >= 65 or c == 44 or c == 46 or c == 34 or c == 41
    return j - 3 >= start and data[j] == 46 and data[j - 1] == 102 and data[j - 2] == 32 and data[j - 3] == 44


@njit(cache=True)
def era_year(data, start, i, stop, end):  # type: ignore[no-untyped-def]
    """Whether the one or two digits in [i, stop) count the years of a Japanese or Taiwanese era: `昭和38年`, `民國78年`."""
    if i - start < 6 or stop + 2 >= end or data[stop] != 0xE5 or data[stop + 1] != 0xB9:
        return False
    d, e = data[i - 2], data[i - 1]
    japanese = (d == 0x92 and e == 0x8C) or (d == 0x88 and e == 0x90) or (d == 0xAD and e == 0xA3)  # last of 和, 成, 正
    return japanese or (d == 0x9C and e == 0x8B) or (d == 0x9B and e == 0xBD)  # 國, 国


@njit(cache=True)
def context(data, start, end, pos, column):  # type: ignore[no-untyped-def]
    """`context_before`, and in a short cell what the column's name says (int64[2]: nearest and union)."""
    near, union = context_before(data, start, pos, WORD_KEYS, WORD_MASKS)
    if column[1] and end - start <= SHORT_CELL:
        union |= column[1]
        if near == 0:
            near = column[0]
    return near, union
