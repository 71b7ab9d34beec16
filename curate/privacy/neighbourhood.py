# mypy: disable-error-code="assignment"
"""What the lexer asks about the bytes around a mark: words before a number, the shape of a run of digits, the two sides
of an `@`.

Each function looks at a bounded number of bytes, or at a run of bytes that it is asked about once. Positions are byte
offsets into the column's buffer; `start` and `end` bound the row. All are compiled by numba and cached.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.context import TLD_KEYS, TLD_VALUES
from curate.privacy.letters import HEX, SEED, WORD, fnv, is_escape, lookup, mix
from curate.privacy.surroundings import SHORT_CELL as SHORT_CELL

(EMAIL, EMAIL_ODD, NUMBER, QUAD, COLONS, IBAN, USERINFO, KEY_VALUE, TOKEN, YEAR, DASH_MAC, KEY_BLOCK, ALNUM, AT_NAME,
 USER_VALUE, BIC) = range(16)  # fmt: skip
# Flags of a candidate.
(PREV_LETTER, NEXT_LETTER, PREV_MONEY, PREV_SIGN, AFTER_PHONE, PREV_DECIMAL, NEXT_DECIMAL, PREV_SLASH,
 MAY_BE_CARD, MAY_BE_SSN, MAY_BE_PHONE, MAY_BE_ID) = (1 << i for i in range(12))  # fmt: skip
# Flags of a row.
UNICODE_FORMS, JSON_ESCAPES, BRACKET_AT = 1, 2, 4

MAX_REGION = 96
"""Bytes after which a run of numbers is cut at its next space: longer runs are tables, not telephone numbers."""
LONGEST_REGION = 160
LOOK_BEHIND, LOOK_AHEAD = 104, 32
"""Bytes around a candidate that a recogniser may read."""
MAX_GROUPS = 96


_LOCAL = (WORD > 0).astype(np.uint8)
_LOCAL[[ord(c) for c in ".%+-'"]] = 1
_LABEL = ((WORD > 0) & (WORD < 4)).astype(np.uint8)
_LABEL[[ord("."), ord("-")]] = 1


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
def plausible(data, i, stop, digits, helped, national, near_words, bounds):  # type: ignore[no-untyped-def]
    """What a run of digit groups may be, from its shape alone: MAY_BE_* bits.

    `helped`: words nearby speak of telephones; `near_words`: union of all context masks; `national`: the default
    region is not North American, so any grouping may be its own.
    """
    groups, j = 0, i
    while j < stop and groups < MAX_GROUPS:
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
    if zero and 2 <= groups <= 6 and 9 <= digits <= (12 if groups == 2 else 11):
        f |= MAY_BE_PHONE
    if data[i] == 40 and 10 <= digits <= 11 and 3 <= groups <= 4:
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
def in_amount(data, i, stop, sign):  # type: ignore[no-untyped-def]
    """Whether the run of digit groups at `i`, behind a digit and `sign` (a comma or a full stop), goes on with an
    amount or a version, rather than stand in the next cell of a table."""
    if sign == 46:
        return True
    j = i
    while j < stop and 48 <= data[j] <= 57:
        j += 1
    if j == i or j - i >= 7:
        return False  # "17,+1 202 ..." and "17,2025550143"
    return j == stop or data[j] != 45


@njit(cache=True)
def next_cell(data, i, stop, end):  # type: ignore[no-untyped-def]
    """Whether the comma behind the run of digit groups [i, stop) parts two cells rather than an amount from its cents."""
    j = stop + 1
    while j < end and 48 <= data[j] <= 57:
        j += 1
    if j - stop - 1 >= 4 or (j < end and (data[j] == 45 or data[j] == 47)):
        return True
    signs = False
    for p in range(i, stop):
        signs |= data[p] == 45 or data[p] == 41
    return signs


@njit(cache=True)
def grow(out):  # type: ignore[no-untyped-def]
    bigger = np.empty((out.shape[0] * 2, out.shape[1]), dtype=np.int64)
    for i in range(out.shape[0]):  # a loop compiles in a tenth of the time of a slice
        for j in range(out.shape[1]):
            bigger[i, j] = out[i, j]
    return bigger


@njit(cache=True)
def put(out, n, kind, row, a, b, near, union, flags):  # type: ignore[no-untyped-def]
    """Write one candidate; returns the next free place."""
    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = kind, row, a, b
    out[n, 4], out[n, 5], out[n, 6] = near, union, flags
    return n + 1


@njit(cache=True)
def email(data, start, end, at):  # type: ignore[no-untyped-def]
    """Span and kind of the address around the `@` at `at`; kind -1 where there is none."""
    i, odd = at - 1, False
    while i >= start and at - i <= 65 and _LOCAL[data[i]]:
        odd |= data[i] >= 128
        i -= 1
    i += 1
    if at - i > 64:
        if not odd:
            return -1, i, i
        i = at - 64  # a sentence of a script without blanks runs into it
        while data[i] & 0xC0 == 0x80:
            i += 1
    if i > start and i < at and is_escape(data, start, i):
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
        letters &= WORD[data[k]] == 1
    known = lookup(fnv(data, dot + 1, j), TLD_KEYS, TLD_VALUES)
    if known == 2:
        return -1, i, i
    plain = letters and (known == 1 or j - dot - 1 == 2)
    for k in range(i, at - 1):
        plain &= not (data[k] == 46 and data[k + 1] == 46)
    if plain and at - i == 3 and data[i] == 103 and data[i + 1] == 105 and data[i + 2] == 116:
        plain = False
    return (0 if plain else 1), i, j


@njit(cache=True, nogil=True)
def fingerprints(data, starts, ends, candidates, names):  # type: ignore[no-untyped-def]
    """64-bit hash of all that a recogniser may look at for each candidate: kind, masks, flags and the bytes around."""
    out = np.empty(len(candidates), dtype=np.uint64)
    for n in range(len(candidates)):
        row, a, b = candidates[n, 1], candidates[n, 2], candidates[n, 3]
        low, high = max(starts[row], a - LOOK_BEHIND), min(ends[row], b + LOOK_AHEAD)
        h = SEED
        # In a short cell the name of its column speaks.
        column = names[row] * 2 + (1 if ends[row] - starts[row] <= SHORT_CELL else 0)
        for value in (candidates[n, 0], candidates[n, 4], candidates[n, 5], candidates[n, 6], a - low, b - a, high - b,
                      column):  # fmt: skip
            h = mix(h, value)
        for i in range(low, high):
            h = mix(h, data[i])
        out[n] = h ^ (h >> np.uint64(32))
    return out


@njit(cache=True)
def iban_end(data, start, end, i):  # type: ignore[no-untyped-def]
    """For a digit at `i` behind two letters, as in `GB82 WEST ...`: where the account number may end at most, or 0."""
    if i - 2 < start or i + 1 >= end or WORD[data[i - 2]] != 1 or not (48 <= data[i + 1] <= 57):
        return 0
    if i - 3 >= start and WORD[data[i - 3]] != 0 and not is_escape(data, start, i - 3):
        return 0
    j, alnum = i, 0
    while j < end and j - i < 44 and alnum < 33:
        w = WORD[data[j]]
        if w == 1 or w == 2:
            alnum += 1
        elif not (data[j] == 32 or data[j] == 45) or data[j - 1] == 32 or data[j - 1] == 45:
            break
        j += 1
    return j if alnum >= 13 else 0


@njit(cache=True)
def dash_mac(data, start, end, a):  # type: ignore[no-untyped-def]
    """Whether six pairs of hexadecimal digits joined by hyphens begin at `a`."""
    if a < start or a + 17 > end or (a > start and (WORD[data[a - 1]] != 0 or data[a - 1] == 45)):
        return False
    for k in range(17):
        c = data[a + k]
        if (k % 3 == 2 and c != 45) or (k % 3 != 2 and HEX[c] == 0):
            return False
    return a + 17 == end or (WORD[data[a + 17]] == 0 and data[a + 17] != 45)


@njit(cache=True)
def area_code(data, i, j, last, digits):  # type: ignore[no-untyped-def]
    """Whether ` / ` or ` - ` is being read behind what looks like an area code: `089 / 1234 56`, `(0221) - 4711`,
    `+49 (0)431 / 220 18`."""
    if j - last != 2 or data[j] != 32 or digits > 8 or digits < 2:
        return False
    if data[last] != 32 or (data[last + 1] != 47 and data[last + 1] != 45):
        return False
    if data[i] == 43 or digits > 6:
        return data[i] == 43 and digits > 2 and data[last + 1] == 47
    first = i + 1 if data[i] == 40 else i
    return data[first] == 48


@njit(cache=True)
def region(data, end, i):  # type: ignore[no-untyped-def]
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
            if (j - last >= 2 and not area_code(data, i, j, last, digits)) or (c == 32 and j - i >= MAX_REGION):
                break
            if c == 40 and j + 1 < end and not (48 <= data[j + 1] <= 57):
                break
            j += 1
            continue
        break
    return last, digits, groups, longest, quad
