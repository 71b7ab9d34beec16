"""Where the words stand that speak of passwords, accounts and access: one compiled pass over the bytes.

Two bytes, then four, then a hash of the whole word are looked up; a word behind which no sign follows that a value could
have (`SIGNS`) is passed over. Complexity: O(bytes).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.column import Block
from curate.privacy.letters import WORD, fnv, is_escape, lookup
from curate.privacy.told import words as w
from curate.privacy.told.words import BORN, FOLDER, KEY, LONGEST, ONCE, PASSWORD

REACH = 200
"""Bytes behind a word in which a value may begin."""

_ENDS_HEADING = np.zeros(256, np.bool_)
_ENDS_HEADING[list(b',;\t\n"')] = True


def words_of(text: Block) -> list[w.Word]:
    """Every word of the table, in order."""
    out: list[w.Word] = _places(text.data, text.starts, text.ends, w.PAIRS, w.PREFIXES, w.TOLD_KEYS, w.TOLD_VALUES, w.SIGNS)
    return out


_window_hash = njit(cache=True)(w.window_hash)


@njit(cache=True, nogil=True)
def _may(data, start, end, signs):  # type: ignore[no-untyped-def]
    for i in range(start, end):  # noqa: SIM110 - compiled
        if signs[data[i]]:
            return True
    return False


@njit(cache=True, nogil=True)
def _may_open(data, start, end, i, j):  # type: ignore[no-untyped-def]
    """Whether as many digits as a code has stand around the word [i, j)."""
    digits = 0
    for k in range(max(start, i - 60), min(end, j + 100)):
        if WORD[data[k]] == 2:
            digits += 1
            if digits == 4:
                return True
    return False


@njit(cache=True, nogil=True)
def _short_date(data, start, end):  # type: ignore[no-untyped-def]
    """Whether a date with its month in letters begins there that the lexer does not propose: glued, `12AUG1983`, or with a
    year of two digits, `14-Nov-79`."""
    for i in range(start, end - 5):
        if WORD[data[i]] != 2 or WORD[data[i + 1]] == 2:
            continue
        j = i + 1
        parted = data[j] == 32 or data[j] == 45 or data[j] == 46
        while j < i + 3 and (data[j] == 32 or data[j] == 45 or data[j] == 46):
            j += 1
        first = j
        while j < end and j - first < 12 and (WORD[data[j]] == 1 or WORD[data[j]] == 3):
            j += 1
        if j - first < 3:
            continue
        k = j
        while k < end and k - j < 2 and (data[k] == 32 or data[k] == 45 or data[k] == 46 or data[k] == 39):
            k += 1
        if k + 1 >= end or WORD[data[k]] != 2 or WORD[data[k + 1]] != 2:
            continue
        long = k + 2 < end and WORD[data[k + 2]] == 2
        if not long or (not parted and k == j):
            return True
    return False


_OF_KEYS = np.zeros(256, np.bool_)
_OF_KEYS[list(b"_-.~+/=")] = True
_LEAST_KEY, _GROUPS = 20, 3


@njit(cache=True, nogil=True)
def _drawn(data, start, end):  # type: ignore[no-untyped-def]
    """Whether a run as long as a key, with some groups of digits and letters between them, begins there."""
    size, groups, digit = 0, 0, False
    for i in range(start, end):
        c = data[i]
        w = WORD[c]
        if w != 1 and w != 2 and not _OF_KEYS[c]:
            size, groups, digit = 0, 0, False
            continue
        size += 1
        if w == 2 and not digit:
            groups += 1
        digit = w == 2
        if size >= _LEAST_KEY and groups >= _GROUPS:
            return True
    return False


@njit(cache=True, nogil=True)
def _heads(data, j, end, kind):  # type: ignore[no-untyped-def]
    """Whether a word for passwords may end the name of a column: those below may be words."""
    return kind == PASSWORD and j < end and _ENDS_HEADING[data[j]]


@njit(cache=True, nogil=True)
def _places(data, starts, ends, pairs, prefixes, keys, values, signs):  # type: ignore[no-untyped-def]
    """Row, first byte, byte behind and kind of every word of the table, in order."""
    out = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        inside = False
        for i in range(start, end - 3):
            c = data[i]
            # Words begin behind what is no letter; scripts of three bytes a sign may write without blanks.
            begins = not inside or c >= 0xE0
            inside = WORD[c] != 0
            if inside and i > start and data[i - 1] == 92 and is_escape(data, start, i):
                inside = False
            if not begins or pairs[(np.int64(c) << 8) | np.int64(data[i + 1])] == 0:
                continue
            window = np.int64(0)
            for k in range(i, i + 4):
                b = data[k]
                window = (window << 8) | np.int64(b + 32 if 65 <= b <= 90 else b)
            if prefixes[_window_hash(window)] == 0:
                continue
            if c >= 0xE0 and i + 6 <= end:
                kind = lookup(fnv(data, i, i + 6), keys, values)
                if kind:
                    if kind == ONCE:
                        if _may_open(data, i, end, i, i + 6):
                            out.append((np.int64(row), np.int64(i), np.int64(i + 6), kind))
                    elif kind == KEY:
                        if _drawn(data, i + 6, min(end, i + 86)):
                            out.append((np.int64(row), np.int64(i), np.int64(i + 6), kind))
                    elif _may(data, i + 6, min(end, i + 6 + REACH), signs[kind]):
                        out.append((np.int64(row), np.int64(i), np.int64(i + 6), kind))
                    continue
            j, last = i, min(end, i + LONGEST)
            while j < last and (WORD[data[j]] == 1 or WORD[data[j]] == 3):
                j += 1
            if j == i + LONGEST:
                continue
            if j < end and WORD[data[j]] == 2:
                j += 1  # CVV2
            if j < end and (WORD[data[j]] == 2 or WORD[data[j]] == 4):
                continue
            kind = lookup(fnv(data, i, j), keys, values)
            if kind == ONCE:
                if _may_open(data, start, end, i, j):
                    out.append((np.int64(row), np.int64(i), np.int64(j), kind))
            elif kind == KEY:
                if _drawn(data, j, min(end, j + 80)):
                    out.append((np.int64(row), np.int64(i), np.int64(j), kind))
            elif kind == BORN:
                if _short_date(data, j, min(end, j + 48)):
                    out.append((np.int64(row), np.int64(i), np.int64(j), kind))
            elif kind == FOLDER:
                if i > start and j < end and (data[j] == 47 or data[j] == 92) and (data[i - 1] == 47 or data[i - 1] == 92):
                    out.append((np.int64(row), np.int64(i), np.int64(j), kind))
            elif kind and (_heads(data, j, end, kind) or _may(data, j, min(end, j + REACH), signs[kind])):
                out.append((np.int64(row), np.int64(i), np.int64(j), kind))
    return out
