# mypy: disable-error-code="assignment"
"""Words, numbers and signs of one text, in one pass over its UTF-8 bytes (numba).

A token is a run of letters and digits, one sign (repeats of it joined), a line break, a web or mail address, a handle or
a hashtag. For each: byte range, 32-bit FNV-1a of the folded word, its shape, its first and last four folded characters,
and whether white space stands before it. Complexity O(bytes), about 200 MB/s on one core; no allocation.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.names.characters import BREAK, CASELESS, DIGIT, LOWER, OTHER, SIZE, SPACE, UPPER

(NONE, SMALL, SMALL1, CAPITAL, CAPITAL1, CAPS3, CAPS, MIXED, CAMEL, DIGITS2, DIGITS3, DIGITS4, DIGITS5, DIGITS6, ALNUM,
 SCRIPT, LINE, BLANK, SIGN, ADDRESS, HANDLE, TAG, CODE) = range(23)  # fmt: skip
"""Shapes: `word`, `a`, `Word`, `W`, `WHO`, `WORD`, `McCoy`, `iPhone`; digits by number; `4B`; letters without case; one
line break, several; a sign; web or mail address; `@handle`; `#tag`; `a_name`."""

FNV = np.uint64(0x811C9DC5)
PRIME = np.uint64(0x01000193)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def decode(data, i, end):  # type: ignore[no-untyped-def]
    """Code point at `i` and its length; a broken byte is a replacement character of one byte."""
    c = np.int64(data[i])
    if c < 0x80:
        return c, 1
    if c < 0xE0 and i + 1 < end:
        return ((c & 0x1F) << 6) | (np.int64(data[i + 1]) & 0x3F), 2
    if c < 0xF0 and i + 2 < end:
        return ((c & 0x0F) << 12) | ((np.int64(data[i + 1]) & 0x3F) << 6) | (np.int64(data[i + 2]) & 0x3F), 3
    if i + 3 < end:
        return np.int64(0x1F600), 4
    return np.int64(0xFFFD), 1


@njit(cache=True, nogil=True)
def kind_of(point, kinds):  # type: ignore[no-untyped-def]
    if point < SIZE:
        return np.int64(kinds[point])
    if point <= 0x9FFF or 0xAC00 <= point <= 0xD7A3 or 0xF900 <= point <= 0xFAFF:
        return np.int64(CASELESS)
    return np.int64(OTHER)


@njit(cache=True, nogil=True)
def _address_end(data, i, end):  # type: ignore[no-untyped-def]
    """End of a web or mail address: the next white space, quote or bracket; closing signs stay outside."""
    j = i
    while j < end and data[j] > 32 and data[j] not in (34, 39, 60, 62, 41, 93, 125, 96, 44, 59):
        j += 1
    while j > i and data[j - 1] in (46, 33, 63, 58):
        j -= 1
    return j


@njit(cache=True, nogil=True)
def lex(data, start, end, kinds, folded, at, word, shape, head, tail, spaced, limit):  # type: ignore[no-untyped-def]
    """Fill the arrays with at most `limit` tokens of data[start:end]; returns their number and where reading stopped.

    at int32[., 2] relative to `start`; word uint32; shape, spaced uint8; head, tail uint64 (four characters of 16 bits).
    """
    i, n = start, 0
    gap = True
    while i < end and n < limit:
        point, size = decode(data, i, end)
        kind = kind_of(point, kinds)
        if kind == SPACE:
            i += size
            gap = True
            continue
        begin = i
        if kind == BREAK or (point == 92 and i + 1 < end and data[i + 1] == 110):
            lines = 0
            while i < end:
                if data[i] == 10:
                    lines += 1
                elif data[i] == 92 and i + 1 < end and data[i + 1] == 110:
                    lines += 1
                    i += 1
                elif data[i] > 32:
                    break
                i += 1
            if i == begin:
                i += size
            at[n, 0], at[n, 1] = begin - start, i - start
            word[n], shape[n], spaced[n] = 10, (LINE if lines < 2 else BLANK), 1
            head[n] = tail[n] = np.uint64(0)
            n += 1
            gap = True
            continue
        if point == 91 and i + 2 < end and 65 <= data[i + 1] <= 90:
            # A placeholder, `[PERSON_1]`, is one token that is never a name.
            j = i + 2
            while j < end and j - i < 40 and (65 <= data[j] <= 90 or 48 <= data[j] <= 57 or data[j] == 95):
                j += 1
            if j < end and data[j] == 93 and j - i > 2:
                i = j + 1
                at[n, 0], at[n, 1] = begin - start, i - start
                word[n], shape[n], spaced[n] = 91, CODE, gap
                head[n] = tail[n] = np.uint64(91)
                n += 1
                gap = False
                continue
        if kind == OTHER:
            i += size
            if (point == 64 or point == 35) and i < end:
                after, _ = decode(data, i, end)
                follow = kind_of(after, kinds)
                if (LOWER <= follow <= DIGIT or after == 95) and gap:
                    h = FNV
                    while i < end:
                        after, size = decode(data, i, end)
                        follow = kind_of(after, kinds)
                        if not (LOWER <= follow <= DIGIT or after == 95):
                            break
                        h = ((h ^ np.uint64(folded[after] if after < SIZE else after)) * PRIME) & _LOW
                        i += size
                    at[n, 0], at[n, 1] = begin - start, i - start
                    word[n], shape[n], spaced[n] = h, (HANDLE if point == 64 else TAG), gap
                    head[n] = tail[n] = np.uint64(0)
                    n += 1
                    gap = False
                    continue
            while size == 1 and i < end and data[i] == data[begin]:
                i += 1
            at[n, 0], at[n, 1] = begin - start, i - start
            word[n], shape[n], spaced[n] = np.uint64(point), SIGN, gap
            head[n] = tail[n] = np.uint64(point)
            n += 1
            gap = False
            continue
        h, first, last = FNV, np.uint64(0), np.uint64(0)
        upper = lower = script = digits = under = length = 0
        first_kind = kind
        han = False
        while i < end:
            if kind == UPPER:
                upper += 1
            elif kind == LOWER:
                lower += 1
            elif kind == DIGIT:
                digits += 1
            elif kind == CASELESS:
                script += 1
            elif point == 95 and length > 0:
                under += 1
            else:
                break
            low = np.uint64(folded[point] if point < SIZE else point & 0xFFFF)
            h = ((h ^ low) * PRIME) & _LOW
            last = (last << np.uint64(16)) | low
            if length < 4:
                first = (first << np.uint64(16)) | low
            length += 1
            i += size
            if 0x3400 <= point <= 0x9FFF:
                han = True
                break
            if i >= end or length > 200:
                break
            point, size = decode(data, i, end)
            kind = kind_of(point, kinds)
            if point >= 0x3400 and point <= 0x9FFF:
                break
        what = SCRIPT
        if not han and i + 3 < end and length > 0:
            c = data[i]
            www = c == 46 and length == 3 and upper + lower == 3
            for k in range(3):
                www = www and data[begin + k] | 32 == 119
            if www or (c == 58 and data[i + 1] == 47 and data[i + 2] == 47) or (c == 64 and data[i + 1] > 47):
                i = _address_end(data, i, end)
                what = ADDRESS
        if what == ADDRESS:
            h = np.uint64(1)
            first = last = np.uint64(0)
            # What is glued on in front belongs to a mail address as well: `maria.lopez+x@...`.
            while not gap and n > 0 and (shape[n - 1] < SIGN or word[n - 1] in (43, 45, 46)):
                n -= 1
                gap = spaced[n] != 0
                begin = start + at[n, 0]
        elif under:
            what = CODE
        elif digits == length:
            what = DIGITS2 if length <= 2 else (DIGITS3 + length - 3 if length <= 5 else DIGITS6)
        elif digits:
            what = ALNUM
        elif script:
            what = SCRIPT
        elif upper == 0:
            what = SMALL if length > 1 else SMALL1
        elif upper == length:
            what = CAPITAL1 if length == 1 else (CAPS3 if length <= 3 else CAPS)
        elif first_kind == UPPER:
            what = CAPITAL if upper == 1 else MIXED
        else:
            what = CAMEL
        at[n, 0], at[n, 1] = begin - start, i - start
        word[n], shape[n], spaced[n] = h, what, gap
        head[n], tail[n] = first, last
        n += 1
        gap = False
    return n, i


def token_hash(folded_word: str) -> int:
    """The lexer's hash of a word already folded."""
    h = 0x811C9DC5
    for char in folded_word:
        h = ((h ^ (ord(char) & 0xFFFF if ord(char) >= SIZE else ord(char))) * 0x01000193) & 0xFFFFFFFF
    return h
