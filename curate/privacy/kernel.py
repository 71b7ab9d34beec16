# mypy: disable-error-code="assignment"
"""The lexer: one linear pass over UTF-8 bytes that proposes places where personal data may stand.

Method: a byte-class state machine in numba over Arrow's value buffer. Ordinary prose costs a table look-up per byte;
only `@`, digits, `://`, `:`, `=`, `-`, `_` and a few capitals wake a rule, and each rule looks at a bounded
neighbourhood or at bytes that no other call of the same rule looks at again. Nothing is decided here except what is
cheap and certain; the recognisers in Python judge what is proposed.

Input: `data` uint8[bytes], `starts`/`ends` int64[rows] (byte ranges of the rows; rows never see each other).
Output: int64[capacity, 7], of which the first n rows are candidates: kind, row, start byte, end byte, nearest context
mask, union context mask, flags; n; and uint8[rows] flags of rows that need normalising first (`normalise.py`).

Complexity: O(bytes) time, O(candidates) memory. It does not decode, allocate per row or call Python.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.freshness import drop_stale_code
from curate.privacy.bracketed import is_at
from curate.privacy.context import BIRTH, COUNT, FOREIGN, ID_WORD, VALUE, WORD_KEYS, WORD_MASKS
from curate.privacy.keyed_values import block_end, end_of_value, secret_key_before, token_end
from curate.privacy.letters import HEX, WORD, is_escape
from curate.privacy.neighbourhood import (
    AFTER_PHONE,
    ALNUM,
    AT_NAME,
    BIC,
    BRACKET_AT,
    COLONS,
    DASH_MAC,
    EMAIL,
    IBAN,
    JSON_ESCAPES,
    KEY_BLOCK,
    KEY_VALUE,
    LONGEST_REGION,
    MAX_GROUPS,
    MAY_BE_ID,
    NEXT_DECIMAL,
    NEXT_LETTER,
    NUMBER,
    PREV_DECIMAL,
    PREV_LETTER,
    PREV_MONEY,
    PREV_SIGN,
    PREV_SLASH,
    QUAD,
    TOKEN,
    UNICODE_FORMS,
    USER_VALUE,
    USERINFO,
    YEAR,
    dash_mac,
    email,
    grow,
    iban_end,
    in_amount,
    next_cell,
    plausible,
    put,
    region,
)
from curate.privacy.surroundings import SHORT_CELL, asian_birth, birth_sign, context, context_after, era_year
from curate.privacy.tokens import (
    MAX_TOKEN,
    beside_capitals,
    bic_word,
    is_disguise,
    key_start,
    name_end,
    shaped_piece,
    token_around,
    token_worth,
)

LONGEST_RUN = 22
"""Digits without a sign between them of the longest number: accounts in Argentina."""

drop_stale_code(Path(__file__).parent)

_DIGIT, _PLUS, _PAREN, _AT, _COLON, _EQUALS, _DASH, _UNDERSCORE, _CAPITAL, _WIDE, _BRACKET, _BACKSLASH, _DOT = range(1, 14)


def _byte_classes() -> npt.NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    table[ord("0") : ord("9") + 1] = _DIGIT
    singles = {"+": _PLUS, "(": _PAREN, "@": _AT, ":": _COLON, "=": _EQUALS, "-": _DASH, "_": _UNDERSCORE, ".": _DOT}
    for char, code in singles.items():
        table[ord(char)] = code
    table[[ord("J"), ord("K"), ord("S"), ord("I")]] = _CAPITAL
    table[[ord("["), ord("{")]] = _BRACKET
    table[ord("\\")] = _BACKSLASH
    table[[0xC2, 0xD9, 0xDB, 0xE0, 0xE1, 0xE2, 0xEF, 0xF0]] = _WIDE
    return table


_CLASS = _byte_classes()


@njit(cache=True, nogil=True)
def lex(data, starts, ends, national, columns, names):  # type: ignore[no-untyped-def]
    """Candidates, their number and row flags; see the module's docstring for shapes. `national`: see `plausible`;
    `columns`: int64[names, 2], context masks of each column's name, of which `names` int64[rows] picks one a row."""
    bounds = np.empty((MAX_GROUPS, 2), dtype=np.int64)
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
        if columns[names[row], 1] & VALUE and 4 <= end - start <= SHORT_CELL:
            if n + 4 >= out.shape[0]:
                out = grow(out)
            n = put(out, n, ALNUM, row, start, end, columns[names[row], 0], columns[names[row], 1], 0)
        while i < end:
            code = _CLASS[data[i]]
            if code == 0:
                i += 1
                continue
            if n + 4 >= out.shape[0]:
                out = grow(out)
            c = data[i]
            if code <= _PAREN:
                if code != _DIGIT:
                    if i + 1 >= end:
                        break
                    d = data[i + 1]
                    if code == _PAREN and is_at(data, i + 1, end):
                        flags[row] |= BRACKET_AT
                    if not (48 <= d <= 57) and not (code == _PLUS and d == 40) and not (code == _PAREN and d == 43):
                        i += 1
                        continue
                    if code == _PAREN and d == 43:
                        i += 1  # "(+44) 20 ...": begin at the plus
                        continue
                prev = WORD[data[i - 1]] if i > start else np.uint8(0)
                if prev == 1 and code == _DIGIT:
                    j = iban_end(data, start, end, i)
                    if j > 0:
                        n = put(out, n, IBAN, row, i - 2, j, 0, 0, 0)
                if i + 2 < end and (data[i + 1] == 45 or data[i + 2] == 45):
                    a = i if data[i + 2] == 45 else i - 1
                    if dash_mac(data, start, end, a):
                        n = put(out, n, DASH_MAC, row, a, a + 17, 0, 0, 0)
                        i = a + 17
                        continue
                stop, digits, groups, longest, quad = region(data, end, i)
                f = np.int64(0)
                if prev == 1 and not is_escape(data, start, i - 1):
                    f |= PREV_LETTER
                if prev == 4:
                    f |= PREV_LETTER
                if i > start:
                    p = data[i - 1]
                    if p == 36 or p == 163 or p == 172:  # dollar; last bytes of the pound and euro signs
                        f |= PREV_MONEY
                    if p == 45 or p == 35 or p == 37 or p == 42 or p == 94 or p == 126:
                        f |= PREV_SIGN
                    if (p == 44 or p == 46) and i - 2 >= start and 48 <= data[i - 2] <= 57 and in_amount(data, i, stop, p):
                        f |= PREV_DECIMAL
                    if p == 47 or p == 61 or p == 38 or p == 64:
                        f |= PREV_SLASH
                if stop < end:
                    w = WORD[data[stop]]
                    if w == 1 or w == 4:
                        f |= NEXT_LETTER
                    if (
                        (data[stop] == 44 or data[stop] == 58 or data[stop] == 46)
                        and stop + 1 < end
                        and 48 <= data[stop + 1] <= 57
                        and not (data[stop] == 44 and next_cell(data, i, stop, end))
                    ):
                        f |= NEXT_DECIMAL
                resume = stop
                after = data[stop] if stop < end else np.uint8(0)
                if prev == 1 or f & PREV_SIGN or after == 45 or after == 43 or WORD[after] == 1:
                    token, resume = token_around(data, start, end, i, stop)
                    if i - token == MAX_TOKEN and token > start and 1 <= WORD[data[token - 1]] <= 2:
                        # Deep in a run of letters and digits that is longer than any value: on to its end.
                        i = stop
                        while i < end and 1 <= WORD[data[i]] <= 2:
                            i += 1
                        continue
                    worth = token_worth(data, token, resume) if (token < i or resume > stop) else 0
                    if worth:
                        near, union = context(data, start, end, token, columns[names[row]])
                        if worth == 3:
                            n = put(out, n, TOKEN, row, token, token_end(data, token, min(end, token + 1100)), 0, 0, 0)
                        elif worth == 2 or union & (ID_WORD | FOREIGN):
                            n = put(out, n, ALNUM, row, token, resume, near, union, f)
                    if resume > stop and (data[stop] == 45 or data[stop] == 43):
                        resume = stop
                if stop - i > LONGEST_REGION or longest > LONGEST_RUN:
                    pass
                elif quad >= 3 or (digits >= 7 and not (groups > 10 and digits < 2 * groups)):
                    near, union = context(data, start, end, i, columns[names[row]])
                    behind = context_after(data, stop, end, WORD_KEYS, WORD_MASKS)
                    union |= behind & (ID_WORD | BIRTH)
                    if groups == 3 and digits <= 8 and birth_sign(data, start, i):
                        union |= BIRTH
                    if behind & 1025:
                        f |= AFTER_PHONE
                    helped = (near & 1) != 0 or (f & AFTER_PHONE) != 0 or (union & COUNT) != 0
                    maybe = plausible(data, i, stop, digits, helped, national, union, bounds)
                    if union & (ID_WORD | FOREIGN) or shaped_piece(data, i, stop):
                        maybe |= MAY_BE_ID
                    if quad >= 3 or maybe or union & 64:
                        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = (QUAD if quad >= 3 else NUMBER), row, i, stop
                        out[n, 4], out[n, 5], out[n, 6] = near, union, f | maybe
                        n += 1
                elif (groups >= 3 and digits >= 4) or (digits == 4 and groups == 1) or digits >= 5:
                    near, union = context(data, start, end, i, columns[names[row]])
                    if digits == 4 and groups == 1 and asian_birth(data, stop, end):
                        union |= BIRTH
                    if union & 32 == 0 and (union & 64) != 0:  # a birth, not a version
                        n = put(out, n, YEAR, row, i, stop, near, union, f)
                    if digits >= 5 and union & (ID_WORD | FOREIGN):
                        n = put(out, n, NUMBER, row, i, stop, near, union, f | MAY_BE_ID)
                    elif union & (ID_WORD | FOREIGN) and beside_capitals(data, start, end, i, stop):
                        n = put(out, n, ALNUM, row, i, stop, near, union, f)
                elif groups == 1 and digits <= 2 and era_year(data, start, i, stop, end):
                    near, union = context(data, start, end, i, columns[names[row]])
                    if asian_birth(data, stop, end):
                        union |= BIRTH
                    if union & BIRTH:
                        n = put(out, n, YEAR, row, i, stop, near, union, f)
                elif groups == 1 and beside_capitals(data, start, end, i, stop):  # the digits of a vehicle's plate
                    near, union = context(data, start, end, i, columns[names[row]])
                    if union & (ID_WORD | FOREIGN):
                        n = put(out, n, ALNUM, row, i, stop, near, union, f)
                # Hexadecimal with colons is found at its first colon, so stop before it.
                i = max(resume, i + 1)
                continue
            if code == _AT:
                kind, a, b = email(data, start, end, i)
                if kind >= 0:
                    n = put(out, n, EMAIL + kind, row, a, b, 0, 0, 0)
                elif i == start or (data[i - 1] <= 64 and WORD[data[i - 1]] == 0):
                    b = name_end(data, i, end)
                    if b - i >= 4:
                        n = put(out, n, AT_NAME, row, i, b, 0, 0, 0)
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
                        n = put(out, n, USERINFO, row, i + 3, at, 0, 0, 0)
                    i += 3
                    continue
                # IPv6 or MAC: widen to the run of hexadecimal digits, colons and dots.
                a = i
                while a > start and i - a < 5 and HEX[data[a - 1]]:
                    a -= 1
                if (
                    i + 1 < end
                    and (HEX[data[i + 1]] or data[i + 1] == 58)
                    and (a == start or (WORD[data[a - 1]] == 0 and data[a - 1] != 58) or is_escape(data, start, a - 1))
                ):
                    b, colons, size = i, 0, 0
                    while b < end and b - a < 64 and size < 5 and (HEX[data[b]] or data[b] == 58 or data[b] == 46):
                        colons += data[b] == 58
                        size = size + 1 if HEX[data[b]] else 0
                        b += 1
                    if size == 5:
                        colons = 0  # more than a group of an address holds: `:25:DE89370400440532013000`
                    if colons >= 2 and (b >= end or WORD[data[b]] == 0):
                        while b > a and (data[b - 1] == 46 or (data[b - 1] == 58 and data[b - 2] != 58)):
                            b -= 1
                        if b - a >= 6:  # `::1` is every machine's, `[1::2]` a slice
                            near, union = context(data, start, end, a, columns[names[row]])
                            n = put(out, n, COLONS, row, a, b, near, union, 0)
                        i = max(b, i + 1)
                        continue
                    if colons >= 2:
                        i = max(b, i + 1)
                        continue
                if i >= value_end and i - start >= 3:
                    key = secret_key_before(data, start, i)
                    if key:
                        value_end = end_of_value(data, i, min(end, i + 300))
                        n = put(out, n, KEY_VALUE if key == 1 else USER_VALUE, row, i, value_end, 0, 0, 0)
                i += 1
                continue
            if code == _EQUALS:
                if i >= value_end:
                    key = secret_key_before(data, start, i)
                    if key:
                        value_end = end_of_value(data, i, min(end, i + 300))
                        n = put(out, n, KEY_VALUE if key == 1 else USER_VALUE, row, i, value_end, 0, 0, 0)
                i += 1
                continue
            if code == _DASH:
                if i + 10 < end and data[i + 1] == 45 and data[i + 4] == 45 and data[i + 5] == 66 and data[i + 6] == 69:
                    n = put(out, n, KEY_BLOCK, row, i, block_end(data, i, min(end, i + 20_300)), 0, 0, 0)
                elif dash_mac(data, start, end, i - 2):
                    n = put(out, n, DASH_MAC, row, i - 2, i + 15, 0, 0, 0)
                else:
                    a = key_start(data, start, end, i)
                    if a >= 0:
                        n = put(out, n, TOKEN, row, a, token_end(data, i, min(end, a + 1100)), 0, 0, 0)
                i += 1
                continue
            if code in (_UNDERSCORE, _DOT):
                a = key_start(data, start, end, i)
                if a >= 0:
                    n = put(out, n, TOKEN, row, a, token_end(data, i, min(end, a + 1100)), 0, 0, 0)
                i += 1
                continue
            if code == _CAPITAL:
                b = bic_word(data, start, end, i)
                if b:
                    n = put(out, n, BIC, row, b, min(end, b + 48), 0, 0, 0)
                a = -1
                if i + 16 < end and i > start:
                    p, q = data[i - 1], data[i + 1]
                    if c == 74 and p == 121 and i - 2 >= start and data[i - 2] == 101:  # eyJ
                        a = i - 2
                    elif ((c == 75 or c == 83) and p == 65 and q == 73 and data[i + 2] == 65) or (
                        c == 73 and p == 65 and q == 122 and data[i + 2] == 97
                    ):  # AKIA, ASIA
                        a = i - 1
                    if a >= 0 and (a == start or (WORD[data[a - 1]] == 0 and data[a - 1] != 45)):
                        b = token_end(data, i, min(end, a + 4096))
                        n = put(out, n, TOKEN, row, a, b, 0, 0, 0)
                        i = b - 1 if data[a] == 101 else i  # tokens in one run are judged once
                i += 1
                continue
            if code == _WIDE:
                if is_disguise(data, start, i, end):
                    flags[row] |= UNICODE_FORMS
                i += 1
                continue
            if code == _BRACKET:
                if is_at(data, i + 1, end):
                    flags[row] |= BRACKET_AT
                i += 1
                continue
            if json_like:
                flags[row] |= JSON_ESCAPES
            i += 1
    return out, n, flags


@njit(cache=True, nogil=True)
def long_row_flags(data, starts, ends, least):  # type: ignore[no-untyped-def]
    """uint8[rows]: for rows of more than `least` bytes all flags, if the row holds signs that `normalise` rewrites in any
    text (UNICODE_FORMS, BRACKET_AT); else 0."""
    out = np.zeros(len(starts), dtype=np.uint8)
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        if end - start <= least:
            continue
        found, i = np.uint8(0), start
        while i < end and found != UNICODE_FORMS | BRACKET_AT:
            code = _CLASS[data[i]]
            if code == _WIDE:
                if is_disguise(data, start, i, end):
                    found |= UNICODE_FORMS
            elif code in (_BRACKET, _PAREN) and is_at(data, i + 1, end):
                found |= BRACKET_AT
            i += 1
        if found:
            first = start
            while first < end and (data[first] == 32 or data[first] == 10 or data[first] == 9 or data[first] == 13):
                first += 1
            json_like = first < end and (data[first] == 123 or data[first] == 91)
            out[row] = found | (JSON_ESCAPES if json_like else 0)
    return out
