# mypy: disable-error-code="assignment"
"""What the lexer asks about tokens of letters and digits, and about characters that disguise: bounded looks, in numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.context import KEY_KEYS, KEY_VALUES, PLAIN_KEYS, PLAIN_VALUES, SHAPE_KEYS, SHAPE_VALUES
from curate.privacy.letters import SEED, WORD, is_escape, lookup, mix


@njit(cache=True)
def shape_known(data, a, b):  # type: ignore[no-untyped-def]
    """Whether the written form of the bytes (digits, capitals, small letters, signs) is one that needs no words."""
    h = SEED
    for p in range(a, b):
        c, w = data[p], WORD[data[p]]
        if w == 2:
            c = np.uint8(57)
        elif w == 1:
            c = np.uint8(65) if c < 97 else np.uint8(97)
        elif c == 32:
            c = np.uint8(95)
        h = mix(h, c)
    return lookup(h, SHAPE_KEYS, SHAPE_VALUES) != 0


@njit(cache=True)
def shaped_piece(data, a, b):  # type: ignore[no-untyped-def]
    """Whether the run of digit groups, or a piece of it between blanks, has a shape that needs no words."""
    if b - a <= 24 and shape_known(data, a, b):
        return True
    begin = a
    for p in range(a, b + 1):
        if p == b or data[p] == 32:
            if 8 <= p - begin <= 24 and p - begin < b - a and shape_known(data, begin, p):
                return True
            begin = p + 1
    return False


MAX_TOKEN = 110
"""Bytes of the longest run of letters and digits that is judged: a Cardano address has 103."""


@njit(cache=True)
def token_around(data, start, end, i, stop):  # type: ignore[no-untyped-def]
    """The letters that touch the run of digit groups [i, stop): begin and end of the whole token."""
    a, b = i, stop
    while a > start and i - a < MAX_TOKEN and 1 <= WORD[data[a - 1]] <= 2:
        a -= 1
    if a < i and is_escape(data, start, a):
        a += 1
    if a == i and i - 2 >= start and data[i - 1] == 45 and WORD[data[i - 2]] == 1:  # "X-1234567-L", "CHE-123.456.789"
        p = i - 1
        while p > start and i - p < 5 and WORD[data[p - 1]] == 1:
            p -= 1
        if p == start or WORD[data[p - 1]] == 0:
            a = p
    while b < end and b - a < MAX_TOKEN and 1 <= WORD[data[b]] <= 2:
        b += 1
    if b == stop and b + 1 < end and (data[b] == 45 or data[b] == 43) and WORD[data[b + 1]] >= 1:
        p = b + 1  # "12345678-Z", "010101+123A"
        while p < end and p - b < 6 and 1 <= WORD[data[p]] <= 2:
            p += 1
        if p == end or WORD[data[p]] == 0:
            b = p
    return a, b


@njit(cache=True)
def beside_capitals(data, start, end, i, stop):  # type: ignore[no-untyped-def]
    """Whether one to three capitals that are no word stand before or behind the digits [i, stop), a blank or a hyphen
    between or nothing: `HRO-KD 412`, `4821 KLM`, `KDA 41B`."""
    p = i - 1
    if p > start and (data[p] == 32 or data[p] == 45):
        p -= 1
    q = p
    while q >= start and p - q < 4 and 65 <= data[q] <= 90:
        q -= 1
    if 1 <= p - q <= 3 and (q < start or WORD[data[q]] == 0):
        return True
    p = stop
    if p + 1 < end and (data[p] == 32 or data[p] == 45):
        p += 1
    q = p
    while q < end and q - p < 4 and 65 <= data[q] <= 90:
        q += 1
    return 1 <= q - p <= 3 and (q == end or WORD[data[q]] == 0 or WORD[data[q]] == 2)


@njit(cache=True)
def plain_prefix(data, a):  # type: ignore[no-untyped-def]
    """Whether the token at `a` (16 bytes or more) begins as keys do that have no sign in them."""
    h = SEED
    for p in range(a, a + 6):
        h = mix(h, data[p])
        if p > a and lookup(h, PLAIN_KEYS, PLAIN_VALUES):
            return True
    return False


@njit(cache=True)
def key_start(data, start, end, i):  # type: ignore[no-untyped-def]
    """For a sign at `i` (`_`, `-`, `.`): where a provider's key begins whose first word ends here, or -1."""
    if i == start or i + 8 >= end or WORD[data[i + 1]] == 0:
        return -1
    a = i
    while a > start and i - a < 16 and 1 <= WORD[data[a - 1]] <= 2:
        a -= 1
    if a > start and is_escape(data, start, a):
        a += 1
    elif a > start and data[a - 1] < 128 and (WORD[data[a - 1]] != 0 or data[a - 1] == 45 or data[a - 1] == 46):
        return -1  # a sign beyond ASCII may be a quote or a letter of a script without blanks
    if a == i:
        return -1
    h = SEED
    for p in range(a, i):
        h = mix(h, data[p])
    return a if lookup(h, KEY_KEYS, KEY_VALUES) else -1


@njit(cache=True)
def token_worth(data, a, b):  # type: ignore[no-untyped-def]
    """What a token of letters and digits may be by itself: 3 a provider's key; 2 an identifier with a known shape, a
    vehicle or a wallet; 1 something that words may explain; 0 nothing."""
    size, digits, upper, lower = b - a, 0, 0, 0
    for p in range(a, b):
        c = data[p]
        digits += 48 <= c <= 57
        upper += 65 <= c <= 90
        lower += 97 <= c <= 122
    if size < 5 or digits < 2:
        return 0
    if size >= 16 and plain_prefix(data, a):
        return 3
    if digits >= 3 and size <= 24 and shape_known(data, a, b):
        return 2
    if size == 17 and lower == 0 and upper and digits >= 5:
        return 2
    c, d = data[a], data[a + 1]
    if size == 42 and c == 48 and d == 120:
        return 2
    if size >= 25 and lower and c == 98 and d == 99 and data[a + 2] == 49:  # bc1
        return 2
    if 25 <= size <= 36 and upper and lower and (c == 49 or c == 51 or c == 76 or c == 77 or c == 68 or c == 88 or c == 84
                                                 or c == 114 or c == 116):  # fmt: skip
        return 2
    if size >= 38 and lower and ((c == 97 and d == 100) or (c == 108 and d == 116) or (c == 99 and d == 111) or
                                 (c == 116 and d == 98)):  # fmt: skip
        return 2
    return 1


@njit(cache=True)
def bic_word(data, start, end, i):  # type: ignore[no-untyped-def]
    """For an `S` or `I` at `i`: the place after `SWIFT` or `BIC`, or 0."""
    if data[i] == 83:
        if i + 5 < end and data[i + 1] | 32 == 119 and data[i + 2] | 32 == 105 and data[i + 3] | 32 == 102:
            return i + 5
        return 0
    if i > start and i + 2 < end and data[i - 1] == 66 and data[i + 1] == 67 and (i - 1 == start or WORD[data[i - 2]] == 0):
        return i + 2
    return 0


@njit(cache=True)
def name_end(data, i, end):  # type: ignore[no-untyped-def]
    """End of the name behind the `@` at `i`, at most 31 bytes."""
    j = i + 1
    while j < end and j - i <= 31 and (1 <= WORD[data[j]] <= 2 or WORD[data[j]] == 4 or data[j] == 46):
        j += 1
    while j > i + 1 and data[j - 1] == 46:
        j -= 1
    return j


_NUMERIC = np.zeros(256, dtype=np.uint8)
_NUMERIC[[ord(c) for c in "0123456789+("]] = 1


@njit(cache=True)
def joins(data, start, i, end, hyphen):  # type: ignore[no-untyped-def]
    """Whether the three-byte dash at `i` joins two digits (not two years), or, if it is a hyphen, two letters."""
    if i == start or i + 3 >= end:
        return False
    p, q = WORD[data[i - 1]], WORD[data[i + 3]]
    if p != 2 or q != 2:
        return hyphen and p != 0 and q != 0
    a, b = i, i + 3
    while a > start and i - a < 5 and WORD[data[a - 1]] == 2:
        a -= 1
    while b < end and b - i < 8 and WORD[data[b]] == 2:
        b += 1
    return not (i - a == 4 and 49 <= data[a] <= 50 and (b - i == 5 or b - i == 7) and (b == end or data[b] != 0xE2))


@njit(cache=True)
def is_disguise(data, start, i, end):  # type: ignore[no-untyped-def]
    """Whether the character at `i` is one that `normalise` rewrites and that may stand inside a value; curly quotes,
    dashes between words and years (`1914–1918`) are not."""
    if i + 1 >= end:
        return False
    c, d = data[i], data[i + 1]
    if c == 0xC2:
        return d == 0xAD or (d == 0xA0 and i + 2 < end and _NUMERIC[data[i + 2]] != 0)
    if c == 0xD9 or c == 0xDB:
        return 0xA0 <= d <= 0xB9
    if i + 2 >= end:
        return False
    e = data[i + 2]
    if c == 0xE2:
        if d == 0x80:
            if 0x90 <= e <= 0x95:
                return joins(data, start, i, end, e <= 0x92)
            if e <= 0x8A or e == 0xAF:
                return i + 3 < end and _NUMERIC[data[i + 3]] != 0
            return e <= 0x8F or 0xA8 <= e <= 0xAE
        if d == 0x81 or d == 0x82:
            return (d == 0x81 and e >= 0x9F) or (d == 0x82 and e <= 0x89)
        if d == 0x91:
            return 0xA0 <= e <= 0xA8
        return (d == 0x88 and e == 0x92) or (d == 0x93 and e == 0xAA)
    if c == 0xE0:
        if d & 1 and 0xA5 <= d <= 0xB5:
            return e >= 0xA6
        return ((d == 0xB9 or d == 0xBB) and 0x90 <= e <= 0x99) or (d == 0xBC and 0xA0 <= e <= 0xA9)
    if c == 0xE1:
        return (d == 0x81 and e <= 0x89) or (d == 0x9F and 0xA0 <= e <= 0xA9)
    if c == 0xF0:
        return d == 0x9D
    return c == 0xEF and (0xBB <= d <= 0xBD or (d == 0xB8 and e == 0x8F) or (d == 0xB9 and e == 0xAB))
