"""The lexer: one linear pass over UTF-8 bytes that proposes places where personal data may stand.

Method: a byte-class state machine in numba over Arrow's value buffer. Ordinary prose costs a table look-up per byte; only
`@`, digits, `://`, `:`, `=`, `-`, `_` and a few capitals wake a rule, and each rule looks at a bounded neighbourhood or at
bytes that no other call of the same rule looks at again. Nothing is decided here except what is cheap and certain; the
recognisers in Python judge what is proposed.

Input: `data` uint8[bytes], `starts`/`ends` int64[rows] (byte ranges of the rows; rows never see each other).
Output: int64[n, 7] candidates: kind, row, start byte, end byte, nearest context mask, union context mask, flags; and
uint8[rows] flags of rows that need normalising first (`normalise.py`).

Complexity: O(bytes) time, O(candidates) memory. It does not decode, allocate per row or call Python.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.context import SECRET_KEYS, SECRET_VALUES, TLD_KEYS, TLD_VALUES, WORD_KEYS, WORD_MASKS

EMAIL, EMAIL_ODD, NUMBER, QUAD, COLONS, IBAN, USERINFO, KEY_VALUE, TOKEN, YEAR, DASH_MAC, KEY_BLOCK = range(12)
# Flags of a candidate.
(PREV_LETTER, NEXT_LETTER, PREV_MONEY, PREV_SIGN, AFTER_PHONE, PREV_DECIMAL, NEXT_DECIMAL, PREV_SLASH,
 MAY_BE_CARD, MAY_BE_SSN, MAY_BE_PHONE) = (1 << i for i in range(11))  # fmt: skip
# Flags of a row.
UNICODE_FORMS, JSON_ESCAPES, BRACKET_AT = 1, 2, 4

_DIGIT, _PLUS, _PAREN, _AT, _COLON, _EQUALS, _DASH, _UNDERSCORE, _CAPITAL, _WIDE, _BRACKET, _BACKSLASH = range(1, 13)
MAX_REGION = 96
"""Bytes after which a run of numbers is cut at its next space: longer runs are tables, not telephone numbers."""
_LONGEST_REGION = 160
LOOK_BEHIND, LOOK_AHEAD = 72, 16
"""Bytes around a candidate that a recogniser may read."""
_MAX_GROUPS = 96


def _byte_classes() -> npt.NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    table[ord("0") : ord("9") + 1] = _DIGIT
    singles = {"+": _PLUS, "(": _PAREN, "@": _AT, ":": _COLON, "=": _EQUALS, "-": _DASH, "_": _UNDERSCORE}
    for char, code in singles.items():
        table[ord(char)] = code
    table[[ord("J"), ord("K"), ord("S"), ord("I")]] = _CAPITAL
    table[[ord("["), ord("{")]] = _BRACKET
    table[ord("\\")] = _BACKSLASH
    table[[0xC2, 0xD9, 0xDB, 0xE0, 0xE2, 0xEF]] = _WIDE
    return table


_CLASS = _byte_classes()


def _letters() -> npt.NDArray[np.uint8]:
    """1 letter, 2 digit, 3 byte of a non-ASCII character, 4 underscore, 0 other."""
    table = np.zeros(256, dtype=np.uint8)
    table[ord("A") : ord("Z") + 1] = 1
    table[ord("a") : ord("z") + 1] = 1
    table[ord("0") : ord("9") + 1] = 2
    table[128:] = 3
    table[ord("_")] = 4
    return table


_WORD = _letters()
_HEX = np.zeros(256, dtype=np.uint8)
_HEX[[ord(c) for c in "0123456789abcdefABCDEF"]] = 1
_LOCAL = (_WORD > 0).astype(np.uint8)
_LOCAL[[ord(c) for c in ".%+-'"]] = 1
_LABEL = ((_WORD > 0) & (_WORD < 4)).astype(np.uint8)
_LABEL[[ord("."), ord("-")]] = 1


@njit(cache=True, inline="always")
def _is_escape(data, start, i):  # type: ignore[no-untyped-def]
    """Byte i is the letter of a written-out `\\n`, `\\r` or `\\t`: it ends a word rather than begin one."""
    return i > start and data[i - 1] == 92 and (data[i] == 110 or data[i] == 114 or data[i] == 116)


@njit(cache=True)
def _lookup(h, keys, values):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(keys) - 1)
    slot = h & mask
    while keys[slot] != 0:
        if keys[slot] == h:
            return values[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int64(0)


@njit(cache=True)
def _hash(data, i, j):  # type: ignore[no-untyped-def]
    h = np.uint64(0xCBF29CE484222325)
    for k in range(i, j):
        c = data[k]
        if 65 <= c <= 90:
            c = np.uint8(c + 32)
        h = (h ^ np.uint64(c)) * np.uint64(0x100000001B3)
    return h


@njit(cache=True)
def _context_before(data, start, pos, words, masks):  # type: ignore[no-untyped-def]
    """Masks of the nearest listed word and of all, over at most 8 words in the 64 bytes before `pos`."""
    nearest, union = np.int64(0), np.int64(0)
    floor = max(start, pos - 64)
    i, seen = pos - 1, 0
    while i >= floor and seen < 8:
        w = _WORD[data[i]]
        if w == 0 or w == 4 or w == 2:
            i -= 1
            continue
        j = i + 1
        while i >= floor and j - i < 24 and (_WORD[data[i]] == 1 or _WORD[data[i]] == 3):
            i -= 1
        seen += 1
        first = i + 1
        if first > start and data[first] < 128 and _is_escape(data, start, first):
            first += 1
        if i >= start and data[i] == 91 and j < pos and data[j] == 93:
            continue  # a placeholder such as [PHONE] is not context
        if i >= start and data[i] == 95 and j < pos and data[j] == 93:
            continue
        mask = _lookup(_hash(data, first, j), words, masks)
        if mask & 1024:
            # "Desk: 555 0100" names a field; "the desk 555" does not.
            mask = (mask & ~1024) | (1 if j < pos and data[j] == 58 else 0)
        if mask:
            union |= mask
            if nearest == 0:
                nearest = mask
    return nearest, union


@njit(cache=True)
def _context_after(data, pos, end, words, masks):  # type: ignore[no-untyped-def]
    """Union over the first two words after `pos`, on the same line and before any other number."""
    union = np.int64(0)
    i, seen, ceiling = pos, 0, min(end, pos + 24)
    while i < ceiling and seen < 2:
        c = data[i]
        if c == 10 or c == 91 or _WORD[c] == 2:
            break
        if _WORD[c] != 1 and _WORD[c] != 3:
            i += 1
            continue
        j = i
        while j < ceiling and (_WORD[data[j]] == 1 or _WORD[data[j]] == 3):
            j += 1
        union |= _lookup(_hash(data, i, j), words, masks)
        seen += 1
        i = j
    return union


@njit(cache=True)
def _luhn_window(data, bounds, groups, first, carded):  # type: ignore[no-untyped-def]
    """Whether groups from `first` on, joined by single blanks or hyphens, hold 12 to 19 digits that pass Luhn.

    Without words that speak of cards (`carded`) only one group, or groups as printed on cards, are tried.
    """
    digits = 0
    even, odd = 0, 0  # sums with the digits at even or at odd places doubled, counted from the left
    for g in range(first, min(groups, first + 8)):
        if g > first and bounds[g, 0] - bounds[g - 1, 1] > 2:
            return False
        size = bounds[g, 1] - bounds[g, 0]
        if digits + size > 19 or (g > first and not carded and (bounds[first, 1] - bounds[first, 0] != 4 or size > 6)):
            return False
        for p in range(bounds[g, 0], bounds[g, 1]):
            d = np.int64(data[p]) - 48
            doubled = 2 * d - 9 if d > 4 else 2 * d
            even += doubled if digits % 2 == 0 else d
            odd += d if digits % 2 == 0 else doubled
            digits += 1
        if digits >= 12 and ((even if digits % 2 == 0 else odd) % 10 == 0):
            return True
    return False


@njit(cache=True)
def _plausible(data, i, stop, digits, helped, national, near_words, bounds):  # type: ignore[no-untyped-def]
    """What a run of digit groups may be, from its shape alone: MAY_BE_* bits.

    `helped`: words nearby speak of telephones; `near_words`: union of all context masks; `national`: the default region is not
    North American, so any grouping may be its own.
    """
    groups, j = 0, i
    while j < stop and groups < _MAX_GROUPS:
        if 48 <= data[j] <= 57:
            bounds[groups, 0] = j
            while j < stop and 48 <= data[j] <= 57:
                j += 1
            bounds[groups, 1] = j
            groups += 1
        else:
            j += 1
    f = np.int64(0)
    plus, zero = data[i] == 43, data[bounds[0, 0]] == 48
    if helped or plus or (zero and digits >= 10 and data[bounds[0, 0] + 1] == 48):
        f |= MAY_BE_PHONE
    if zero and 2 <= groups <= 6 and 9 <= digits <= 11:
        f |= MAY_BE_PHONE
    if national and 7 <= digits <= 13 and 2 <= groups <= 6:
        f |= MAY_BE_PHONE
    if near_words & 8 and digits == 9 and groups == 1:
        f |= MAY_BE_SSN
    for g in range(groups):
        size = bounds[g, 1] - bounds[g, 0]
        if size == 3 and g + 2 < groups and bounds[g + 2, 1] - bounds[g + 2, 0] == 4:
            middle = bounds[g + 1, 1] - bounds[g + 1, 0]
            if middle == 3:
                f |= MAY_BE_PHONE
            elif middle == 2:
                f |= MAY_BE_SSN
        if size >= 3 and not f & MAY_BE_CARD and _luhn_window(data, bounds, groups, g, (near_words & 4) != 0):
            f |= MAY_BE_CARD
    return f


@njit(cache=True)
def _grow(out):  # type: ignore[no-untyped-def]
    bigger = np.empty((out.shape[0] * 2, out.shape[1]), dtype=np.int64)
    bigger[: out.shape[0]] = out
    return bigger


@njit(cache=True)
def _email(data, start, end, at):  # type: ignore[no-untyped-def]
    """Span and kind of the address around the `@` at `at`; kind -1 where there is none."""
    i, odd = at - 1, False
    while i >= start and at - i <= 65 and _LOCAL[data[i]]:
        odd |= data[i] >= 128
        i -= 1
    i += 1
    if at - i > 64:
        return -1, i, i
    if i > start and i < at and _is_escape(data, start, i):
        i += 1
    while i < at and (data[i] == 46 or data[i] == 45 or data[i] == 39 or data[i] == 43):
        i += 1
    if i == at or data[at - 1] == 46:
        return -1, i, i
    # Domain: labels of letters, digits and hyphens.
    j, dot = at + 1, -1
    while j < end and j - at <= 255 and _LABEL[data[j]]:
        c = data[j]
        if c == 46:
            if data[j - 1] == 46 or data[j - 1] == 64 or data[j - 1] == 45:
                break
            if j + 1 >= end or _LABEL[data[j + 1]] == 0 or data[j + 1] == 46 or data[j + 1] == 45:
                break
            dot = j
        odd |= c >= 128
        j += 1
    while j > at + 1 and (data[j - 1] == 45 or data[j - 1] == 46):
        j -= 1
    if dot < 0 or dot >= j - 2:
        return -1, i, i
    if odd:
        return 1, i, j
    letters = True
    for k in range(dot + 1, j):
        letters &= _WORD[data[k]] == 1
    known = _lookup(_hash(data, dot + 1, j), TLD_KEYS, TLD_VALUES)
    if known == 2:
        return -1, i, i
    plain = letters and (known == 1 or j - dot - 1 == 2)
    for k in range(i, at - 1):
        plain &= not (data[k] == 46 and data[k + 1] == 46)
    if plain and at - i == 3 and data[i] == 103 and data[i + 1] == 105 and data[i + 2] == 116:
        plain = False
    return (0 if plain else 1), i, j


@njit(cache=True)
def _secret_key_before(data, start, pos):  # type: ignore[no-untyped-def]
    """Whether a key such as `password` or `api_key` stands right before the `=` or `:` at `pos`."""
    i = pos - 1
    floor = max(start, pos - 40)
    while i >= floor and (data[i] == 32 or data[i] == 34 or data[i] == 39 or data[i] == 92):
        i -= 1
    j = i + 1
    last = -1
    while i >= floor and (_WORD[data[i]] == 1 or data[i] == 95 or data[i] == 45):
        if (data[i] == 95 or data[i] == 45) and last < 0:
            last = i + 1
        i -= 1
    if j - i - 1 < 3:
        return False
    h = np.uint64(0xCBF29CE484222325)
    for k in range(i + 1, j):
        c = data[k]
        if 65 <= c <= 90:
            c = np.uint8(c + 32)
        if c == 45:
            c = np.uint8(95)
        h = (h ^ np.uint64(c)) * np.uint64(0x100000001B3)
    if _lookup(h, SECRET_KEYS, SECRET_VALUES):
        return True
    if last < 0:
        return False
    return _lookup(_hash(data, last, j), SECRET_KEYS, SECRET_VALUES) > 0


@njit(cache=True)
def _block_end(data, i, limit):  # type: ignore[no-untyped-def]
    """End of a PEM block that begins at `i`: past the fourth run of five hyphens, or before a second `-----BEGIN`."""
    runs, j = 0, i
    while j < limit:
        if data[j] == 45 and j + 5 <= limit and data[j + 1] == 45 and data[j + 2] == 45 and data[j + 4] == 45:
            runs += 1
            if runs == 3 and j + 6 < limit and data[j + 5] == 66:
                return j
            j += 5
            if runs == 4:
                return j
            continue
        j += 1
    return limit


@njit(cache=True)
def _token_end(data, i, limit):  # type: ignore[no-untyped-def]
    """End of the run of letters, digits, `_`, `-` and `.` at `i`."""
    while i < limit and (1 <= _WORD[data[i]] <= 4 and data[i] < 128 or data[i] == 45 or data[i] == 46):
        i += 1
    return i


@njit(cache=True)
def _value_end(data, i, limit):  # type: ignore[no-untyped-def]
    """End of the value after the `=` or `:` at `i`: past signs, a blank and an opening quote, then to white space."""
    j = i
    while j < limit and j - i < 6 and (data[j] == 61 or data[j] == 58 or data[j] == 62 or data[j] == 32 or data[j] == 34
                                       or data[j] == 39 or data[j] == 92 or data[j] == 96):  # fmt: skip
        j += 1
    while j < limit and data[j] > 32 and data[j] != 34 and data[j] != 38:
        j += 1
    return j


@njit(cache=True, nogil=True)
def fingerprints(data, starts, ends, candidates):  # type: ignore[no-untyped-def]
    """64-bit hash of all that a recogniser may look at for each candidate: kind, masks, flags and the bytes around."""
    out = np.empty(len(candidates), dtype=np.uint64)
    prime = np.uint64(0x100000001B3)
    for n in range(len(candidates)):
        row, a, b = candidates[n, 1], candidates[n, 2], candidates[n, 3]
        low, high = max(starts[row], a - LOOK_BEHIND), min(ends[row], b + LOOK_AHEAD)
        h = np.uint64(0xCBF29CE484222325)
        for value in (candidates[n, 0], candidates[n, 4], candidates[n, 5], candidates[n, 6], a - low, b - a, high - b):
            h = (h ^ np.uint64(value)) * prime
        for i in range(low, high):
            h = (h ^ np.uint64(data[i])) * prime
        out[n] = h ^ (h >> np.uint64(32))
    return out


@njit(cache=True)
def _dash_mac(data, start, end, a):  # type: ignore[no-untyped-def]
    """Whether six pairs of hexadecimal digits joined by hyphens begin at `a`."""
    if a < start or a + 17 > end or (a > start and (_WORD[data[a - 1]] != 0 or data[a - 1] == 45)):
        return False
    for k in range(17):
        c = data[a + k]
        if (k % 3 == 2 and c != 45) or (k % 3 != 2 and _HEX[c] == 0):
            return False
    return a + 17 == end or (_WORD[data[a + 17]] == 0 and data[a + 17] != 45)


@njit(cache=True)
def _is_at(data, j, end):  # type: ignore[no-untyped-def]
    """Whether the bracket before `j` opens a written-out at sign: `[at]`, `( AT )`."""
    if j < end and data[j] == 32:
        j += 1
    return j + 2 < end and (data[j] | 32) == 97 and (data[j + 1] | 32) == 116 and _WORD[data[j + 2]] == 0


@njit(cache=True)
def _region(data, end, i):  # type: ignore[no-untyped-def]
    """The run of digit groups from `i`: its end, digits, groups, longest group, longest chain of joining dots."""
    digits, groups, longest, size, dotted, quad = 0, 0, 0, 0, 0, 0
    j, last = i, i
    if data[j] == 43:
        j += 1
    while j < end:
        c = data[j]
        if 48 <= c <= 57:
            if size == 0:
                groups += 1
                if j > i and data[j - 1] == 46:
                    dotted += 1
                    quad = max(quad, dotted)
                else:
                    dotted = 0
            size += 1
            digits += 1
            j += 1
            last = j
            if size > longest:
                longest = size
            continue
        size = 0
        if c == 32 or c == 46 or c == 45 or c == 40 or c == 41 or c == 47:
            if j - last >= 2 or (c == 32 and j - i >= MAX_REGION):
                break
            if c == 40 and j + 1 < end and not (48 <= data[j + 1] <= 57):
                break
            j += 1
            continue
        break
    return last, digits, groups, longest, quad


@njit(cache=True, nogil=True)
def lex(data, starts, ends, national):  # type: ignore[no-untyped-def]
    """Candidates and row flags; see the module's docstring for shapes. `national`: see `_plausible`."""
    bounds = np.empty((_MAX_GROUPS, 2), dtype=np.int64)
    value_end = np.int64(0)
    rows = len(starts)
    flags = np.zeros(rows, dtype=np.uint8)
    out = np.empty((1024, 7), dtype=np.int64)
    n = 0
    for row in range(rows):
        start, end = starts[row], ends[row]
        i = start
        first = start
        while first < end and (data[first] == 32 or data[first] == 10 or data[first] == 9 or data[first] == 13):
            first += 1
        json_like = first < end and (data[first] == 123 or data[first] == 91)
        while i < end:
            code = _CLASS[data[i]]
            if code == 0:
                i += 1
                continue
            if n + 4 >= out.shape[0]:
                out = _grow(out)
            c = data[i]
            if code == _DIGIT or code == _PLUS or code == _PAREN:
                if code != _DIGIT:
                    if i + 1 >= end:
                        break
                    d = data[i + 1]
                    if code == _PAREN and _is_at(data, i + 1, end):
                        flags[row] |= BRACKET_AT
                    if not (48 <= d <= 57) and not (code == _PLUS and d == 40) and not (code == _PAREN and d == 43):
                        i += 1
                        continue
                    if code == _PAREN and d == 43:
                        i += 1  # "(+44) 20 ...": begin at the plus
                        continue
                prev = _WORD[data[i - 1]] if i > start else np.uint8(0)
                if prev == 1 and code == _DIGIT:
                    # GB82 WEST ...: two letters, two check digits.
                    if (
                        i - 2 >= start
                        and i + 1 < end
                        and _WORD[data[i - 2]] == 1
                        and 48 <= data[i + 1] <= 57
                        and (i - 3 < start or _WORD[data[i - 3]] == 0 or _is_escape(data, start, i - 3))
                    ):
                        j, alnum = i, 0
                        while j < end and j - i < 44 and alnum < 33:
                            w = _WORD[data[j]]
                            if w == 1 or w == 2:
                                alnum += 1
                            elif not (data[j] == 32 or data[j] == 45) or data[j - 1] == 32 or data[j - 1] == 45:
                                break
                            j += 1
                        if alnum >= 13:
                            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = IBAN, row, i - 2, j
                            out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                            n += 1
                if i + 2 < end and (data[i + 1] == 45 or data[i + 2] == 45):
                    a = i if data[i + 2] == 45 else i - 1
                    if _dash_mac(data, start, end, a):
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = DASH_MAC, row, a, a + 17
                        out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                        n += 1
                        i = a + 17
                        continue
                stop, digits, groups, longest, quad = _region(data, end, i)
                f = np.int64(0)
                if prev == 1 and not _is_escape(data, start, i - 1):
                    f |= PREV_LETTER
                if prev == 4:
                    f |= PREV_LETTER
                if i > start:
                    p = data[i - 1]
                    if p == 36 or p == 163 or p == 172:  # dollar; last bytes of the pound and euro signs
                        f |= PREV_MONEY
                    if p == 45 or p == 35 or p == 37 or p == 42 or p == 94 or p == 126:
                        f |= PREV_SIGN
                    if (p == 44 or p == 46) and i - 2 >= start and 48 <= data[i - 2] <= 57:
                        f |= PREV_DECIMAL
                    if p == 47 or p == 61 or p == 38 or p == 64:
                        f |= PREV_SLASH
                if stop < end:
                    w = _WORD[data[stop]]
                    if w == 1 or w == 4:
                        f |= NEXT_LETTER
                    if (
                        data[stop] == 44 or data[stop] == 58 or data[stop] == 46
                    ) and stop + 1 < end and 48 <= data[stop + 1] <= 57:
                        f |= NEXT_DECIMAL
                if stop - i > _LONGEST_REGION or longest > 19:
                    pass
                elif quad >= 3 or (digits >= 7 and not (groups > 10 and digits < 2 * groups)):
                    near, union = _context_before(data, start, i, WORD_KEYS, WORD_MASKS)
                    if _context_after(data, stop, end, WORD_KEYS, WORD_MASKS) & 1025:
                        f |= AFTER_PHONE
                    helped = (near & 1) != 0 or (f & AFTER_PHONE) != 0
                    maybe = _plausible(data, i, stop, digits, helped, national, union, bounds)
                    if quad >= 3 or maybe or union & 64:
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = (QUAD if quad >= 3 else NUMBER), row, i, stop
                        out[n, 4], out[n, 5], out[n, 6] = near, union, f | maybe
                        n += 1
                elif (groups >= 3 and digits >= 4) or (digits == 4 and groups == 1):
                    near, union = _context_before(data, start, i, WORD_KEYS, WORD_MASKS)
                    if union & 32 == 0 and (union & 64) != 0:  # a birth, not a version
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = YEAR, row, i, stop
                        out[n, 4], out[n, 5], out[n, 6] = near, union, f
                        n += 1
                # Hexadecimal with colons is found at its first colon, so stop before it.
                i = max(stop, i + 1)
                continue
            if code == _AT:
                kind, a, b = _email(data, start, end, i)
                if kind >= 0:
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = EMAIL + kind, row, a, b
                    out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                    n += 1
                i += 1
                continue
            if code == _COLON:
                if i + 2 < end and data[i + 1] == 47 and data[i + 2] == 47:
                    j, at, sep = i + 3, -1, -1
                    while j < end and j - i < 1024:
                        d = data[j]
                        if d <= 32 or d == 47 or d == 63 or d == 35 or d == 34 or d == 60 or d == 62 or d == 96:
                            break
                        if d == 64:
                            at = j
                        elif d == 58 and sep < 0:
                            sep = j
                        j += 1
                    if at > 0 and sep > 0 and sep < at - 1:
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = USERINFO, row, i + 3, at
                        out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                        n += 1
                    i += 3
                    continue
                # IPv6 or MAC: widen to the run of hexadecimal digits, colons and dots.
                a = i
                while a > start and i - a < 5 and _HEX[data[a - 1]]:
                    a -= 1
                if i + 1 < end and (_HEX[data[i + 1]] or data[i + 1] == 58) and (
                    a == start or (_WORD[data[a - 1]] == 0 and data[a - 1] != 58) or _is_escape(data, start, a - 1)
                ):
                    b, colons = i, 0
                    while b < end and b - a < 64 and (_HEX[data[b]] or data[b] == 58 or data[b] == 46):
                        colons += data[b] == 58
                        b += 1
                    if colons >= 2 and (b >= end or _WORD[data[b]] == 0):
                        while b > a and (data[b - 1] == 46 or (data[b - 1] == 58 and data[b - 2] != 58)):
                            b -= 1
                        near, union = _context_before(data, start, a, WORD_KEYS, WORD_MASKS)
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = COLONS, row, a, b
                        out[n, 4], out[n, 5], out[n, 6] = near, union, 0
                        n += 1
                        i = max(b, i + 1)
                        continue
                    if colons >= 2:
                        i = max(b, i + 1)
                        continue
                if i >= value_end and i - start >= 3 and _secret_key_before(data, start, i):
                    value_end = _value_end(data, i, min(end, i + 300))
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = KEY_VALUE, row, i, value_end
                    out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                    n += 1
                i += 1
                continue
            if code == _EQUALS:
                if i >= value_end and _secret_key_before(data, start, i):
                    value_end = _value_end(data, i, min(end, i + 300))
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = KEY_VALUE, row, i, value_end
                    out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                    n += 1
                i += 1
                continue
            if code == _DASH:
                if i + 10 < end and data[i + 1] == 45 and data[i + 4] == 45 and data[i + 5] == 66 and data[i + 6] == 69:
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = KEY_BLOCK, row, i, _block_end(data, i, min(end, i + 20_300))
                    out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                    n += 1
                elif _dash_mac(data, start, end, i - 2):
                    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = DASH_MAC, row, i - 2, i + 15
                    out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                    n += 1
                elif i - 2 >= start and _WORD[data[i - 1]] != 0:  # sk-..., xoxb-..., glpat-...
                    a = i
                    while a > start and i - a < 6 and _WORD[data[a - 1]] == 1:
                        a -= 1
                    c0, c1 = data[a], data[a + 1]
                    if (
                        (c0 == 115 and c1 == 107 and i - a == 2)
                        or (c0 == 120 and c1 == 111 and i - a == 4)
                        or (c0 == 103 and c1 == 108 and i - a == 5)
                    ) and (a == start or (_WORD[data[a - 1]] == 0 and data[a - 1] != 45)):
                        b = _token_end(data, i, min(end, a + 300))
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = TOKEN, row, a, b
                        out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                        n += 1
                i += 1
                continue
            if code == _UNDERSCORE:  # ghp_, gho_, sk_live_, github_pat_, hf_, npm_
                a = i
                while a > start and i - a < 7 and _WORD[data[a - 1]] == 1:
                    a -= 1
                size = i - a
                if 2 <= size <= 6 and (a == start or (_WORD[data[a - 1]] == 0 and data[a - 1] != 45)):
                    c0, c1 = data[a], data[a + 1]
                    if (
                        (c0 == 103 and (c1 == 104 or c1 == 105))
                        or (size == 2 and (c1 == 107 or c1 == 102) and (c0 == 115 or c0 == 114 or c0 == 112 or c0 == 104))
                        or (size == 3 and c0 == 110 and c1 == 112)
                    ):
                        b = _token_end(data, i, min(end, a + 300))
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = TOKEN, row, a, b
                        out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                        n += 1
                i += 1
                continue
            if code == _CAPITAL:
                a = -1
                if i + 16 < end and i > start:
                    p, q = data[i - 1], data[i + 1]
                    if c == 74 and p == 121 and i - 2 >= start and data[i - 2] == 101:  # eyJ
                        a = i - 2
                    elif (c == 75 or c == 83) and p == 65 and q == 73 and data[i + 2] == 65:  # AKIA, ASIA
                        a = i - 1
                    elif c == 73 and p == 65 and q == 122 and data[i + 2] == 97:  # AIza
                        a = i - 1
                    if a >= 0 and (a == start or (_WORD[data[a - 1]] == 0 and data[a - 1] != 45)):
                        b = _token_end(data, i, min(end, a + 4096))
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = TOKEN, row, a, b
                        out[n, 4], out[n, 5], out[n, 6] = 0, 0, 0
                        n += 1
                        i = b - 1 if data[a] == 101 else i  # tokens in one run are judged once
                i += 1
                continue
            if code == _WIDE:
                if i + 1 < end:
                    d = data[i + 1]
                    if c == 0xC2:
                        if d == 0xA0 or d == 0xAD:
                            flags[row] |= UNICODE_FORMS
                    elif i + 2 < end or c == 0xD9 or c == 0xDB:
                        if (
                            (c == 0xE2 and (d == 0x80 or d == 0x81 or d == 0x88))
                            or (c == 0xEF and 0xBB <= d <= 0xBD)
                            or (c == 0xE0 and d == 0xA5)
                            or (c == 0xD9 and d >= 0xA0)
                            or (c == 0xDB and d >= 0xB0)
                        ):
                            flags[row] |= UNICODE_FORMS
                i += 1
                continue
            if code == _BRACKET:
                if _is_at(data, i + 1, end):
                    flags[row] |= BRACKET_AT
                i += 1
                continue
            if json_like:
                flags[row] |= JSON_ESCAPES
            i += 1
    return out[:n].copy(), flags
