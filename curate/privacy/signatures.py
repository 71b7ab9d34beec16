# mypy: disable-error-code="assignment"
"""What of the surroundings of a value decides which identifiers are asked: one 64-bit signature a candidate.

Method: two candidates with one signature have the same plan (`plans.plan`), so a plan is made once for all of them. The
signature folds together what the plan cannot tell apart: every digit, and every word that belongs to no phrase of an
identifier. A candidate whose surroundings hold no phrase, and whose own form is none that stands without words, is no
identifier whatever its digits are, and is told so here without a call of Python.

Input: `data` uint8[bytes], `starts`/`ends` int64[rows], candidates int64[n, 7] of the lexer, `columns` uint64[names] (0
where a column has no name) and `names` int64[rows]. Output: uint64[n] signatures, 0 for "no identifier", and int64[n, 2],
the byte range around each candidate that patterns may look at (the area).

Complexity: O(n), about 130 bytes of each candidate's surroundings, some 0.4 microseconds a candidate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy import phrases
from curate.privacy.context import IDENTIFIER, MONEY, PHONE, VERSION
from curate.privacy.letters import SEED, WORD, fnv1a, hash_table, lookup, mix
from curate.privacy.surroundings import SHORT_CELL
from curate.privacy.tokens import shape_known

BEFORE, LEAD, AFTER = 96, 12, 24
"""Bytes that are looked at: for words before, for letters of the value itself before its digits, and behind it."""
DOUBT = IDENTIFIER | MONEY | VERSION | PHONE
"""Words that make a bare shape less likely."""
_KNOWN, _SINGLE, _FAR, _MULTI, _STEM_ENDS, _LEADS = (1 << i for i in range(6))


def _words() -> tuple[dict[bytes, int], dict[bytes, int]]:
    """ASCII words and stems that mean something to `phrases`: _SINGLE where they are a phrase, _FAR where it speaks from
    afar as well, _MULTI and _STEM_ENDS where they end a longer one, _LEADS where they stand before such an end; and pairs
    of words, a blank between, that end one."""
    exact: dict[str, int] = dict.fromkeys(phrases.OTHER, _KNOWN)
    stems: dict[str, int] = dict.fromkeys(phrases.OTHER_STEMS, _KNOWN)
    for table, out in ((phrases.ENDING_WORDS, exact), (phrases.ENDING_STEMS, stems)):
        for word, endings in table.items():
            far = _FAR if len(word) > 2 or out is stems else 0
            for ending in endings:
                longer = _MULTI if out is exact else _STEM_ENDS
                out[word] = out.get(word, 0) | _KNOWN | (longer if ending.before else _SINGLE | far)
                for other in ending.before:
                    exact[other] = exact.get(other, 0) | _KNOWN
                for other in ending.before[-1:]:
                    exact[other] |= _LEADS
                    if out is exact:
                        exact[f"{other} {word}"] = _KNOWN
    return (
        {word.encode(): bits for word, bits in exact.items() if word.isascii()},
        {word.encode(): bits for word, bits in stems.items() if word.isascii()},
    )


_EXACT, _STEM = _words()
_EXACT_KEYS, _EXACT_BITS = hash_table(_EXACT, 13)
_STEM_KEYS, _STEM_BITS = hash_table(_STEM, 11)
_STEM_SIZES = (min(map(len, _STEM)), max(map(len, _STEM)))
_SHORTEST, _LONGEST = _STEM_SIZES


def _stops() -> npt.NDArray[np.uint8]:
    """1 where a byte may stand inside a written identifier."""
    table = (WORD > 0).astype(np.uint8)
    table[[ord(c) for c in " -./()+*,&"]] = 1
    return table


_INSIDE = _stops()
_LINK = np.zeros(256, dtype=np.uint8)
_LINK[[ord(c) for c in "neiorsNI"]] = 1


@njit(cache=True)
def _meaning(data, i, j):  # type: ignore[no-untyped-def]
    """Hash in small letters of the word of ASCII letters at [i, j), and its bits."""
    h, bits = SEED, np.int64(0)
    for p in range(i, j):
        h = mix(h, data[p] | 32)
        if _SHORTEST <= p + 1 - i <= _LONGEST:
            bits |= lookup(h, _STEM_KEYS, _STEM_BITS)
    return h, bits | lookup(h, _EXACT_KEYS, _EXACT_BITS)


@njit(cache=True)
def _word_between(data, i, high):  # type: ignore[no-untyped-def]
    """Whether a word of letters, no digit touching it, stands in [i, high)."""
    while i < high:
        if WORD[data[i]] != 1:
            i += 1
            continue
        j = i + 1
        while j < high and WORD[data[j]] == 1:
            j += 1
        if WORD[data[i - 1]] != 2 and (j == high or WORD[data[j]] != 2):
            return True
        i = j
    return False


@njit(cache=True)
def _spoken(data, low, high, after):  # type: ignore[no-untyped-def]
    """Signature of the words in [low, high), and whether a phrase may end there. `after`: they stand behind the value."""
    top = high
    if after:  # up to the end of the sentence
        p = low
        while p < high and not (data[p] == 46 or data[p] == 59 or data[p] == 10 or data[p] == 91 or WORD[data[p]] == 2):
            p += 1
        high = p
    else:  # what stands before another long number has been taken by it
        p = high
        while p > low:
            if WORD[data[p - 1]] == 2 or data[p - 1] == 46 or data[p - 1] == 44 or data[p - 1] == 45:
                q, first = p - 1, -1
                while q >= low and (WORD[data[q]] == 2 or data[q] == 46 or data[q] == 44 or data[q] == 45):
                    if WORD[data[q]] == 2:
                        first = q
                    q -= 1
                if first >= 0 and p - first >= 5:
                    low = p - 1
                    break
                p = q + 1
            else:
                p -= 1
    h, ending, i = SEED, False, low
    if after:  # and whether another value follows
        for p in range(high, min(top, high + 5)):
            h = mix(h, 48 if WORD[data[p]] == 2 else data[p])
    led, before = False, SEED  # whether the word before may begin a phrase, and its hash
    while i < high:
        c = data[i]
        if WORD[c] == 3:
            ending = True  # letters beyond ASCII are left to `phrases`
        if WORD[c] != 1:
            h = mix(h, 48 if WORD[c] == 2 else c)
            i += 1
            continue
        j = i + 1  # a word ends where a capital follows a small letter
        while j < high and WORD[data[j]] == 1 and not (data[j - 1] >= 97 and data[j] < 97):
            j += 1
        word, bits = _meaning(data, i, j)
        near_only = bits & _SINGLE and not bits & (_FAR | _MULTI | _STEM_ENDS | _LEADS)
        if near_only and not after and _word_between(data, j, high):
            bits = 0  # DL, CI, RG speak only of what follows at once
        touched = (i > low and WORD[data[i - 1]] == 2) or (j < high and WORD[data[j]] == 2)  # by a digit: no word
        if bits:
            h = mix(h, word)
            ending |= not touched and ((bits & _SINGLE) != 0 or (bits & _STEM_ENDS != 0 and led))
            if led and bits & _MULTI and not touched:
                pair = mix(before, 32)
                for p in range(i, j):
                    pair = mix(pair, data[p] | 32)
                ending |= lookup(pair, _EXACT_KEYS, _EXACT_BITS) != 0
        if not bits or j - i == 1:
            h = mix(h, data[i] if j - i == 1 else 1)
        small = j - i >= 4 and data[j - 1] >= 97 and data[j - 2] >= 97 and data[j - 3] >= 97 and data[j - 4] >= 97
        small &= data[j - 2] != 110 or data[j - 1] != 114  # `Kontonr.`
        h = mix(h, 2 if small else 3)  # a full stop behind four small letters ends a sentence
        if not touched:
            led, before = bits & _LEADS != 0, word
        i = j
    if ending and not after:  # the label right before the value counts as it is written, and "no", "is", "est" behind it
        p = high
        for _ in range(2):
            while p > low and WORD[data[p - 1]] != 1:
                p -= 1
            last = p
            while p > low and WORD[data[p - 1]] == 1:
                p -= 1
                h = mix(h, data[p])
            if not (1 <= last - p <= 3 and _LINK[data[p]]):
                break
    return h, ending


@njit(cache=True)
def area_of(data, low, high, a, b):  # type: ignore[no-untyped-def]
    """The bytes around the candidate [a, b) that a written form may reach, with the sign on either side of them."""
    i, floor = a, max(low, a - LEAD)
    while i > floor and _INSIDE[data[i - 1]]:
        if i < a and data[i] == 32 and i - 2 >= low and 97 <= data[i - 1] <= 122 and 97 <= data[i - 2] <= 122:
            break  # a word before the value
        i -= 1
    if i > floor and not _INSIDE[data[i - 1]]:
        i -= 1
    while i < a and data[i] & 0xC0 == 0x80:
        i += 1
    j, ceiling = b, min(high, b + AFTER)
    while j < ceiling and _INSIDE[data[j]]:
        j += 1
        if data[j - 1] == 32 and j + 2 < ceiling and min(data[j], data[j + 1], data[j + 2]) >= 97 \
                and max(data[j], data[j + 1], data[j + 2]) <= 122:  # fmt: skip
            return i, j
    return i, min(ceiling, j + 1)


@njit(cache=True)
def _vehicle_or_wallet(data, a, b):  # type: ignore[no-untyped-def]
    """Whether the size and first letters are those of the long values that need no words (`plans._SPECIAL`)."""
    size, c, d = b - a, data[a], data[a + 1]
    if size == 17 or (size == 42 and c == 48 and d == 120):
        return True
    if 25 <= size <= 35 and (
        c == 49 or c == 51 or c == 76 or c == 77 or c == 68 or c == 88 or c == 84 or c == 114 or c == 116
    ):  # fmt: skip
        return True
    if size < 23:
        return False
    c, d = c | 32, d | 32
    return (
        (c == 98 and d == 99) or (c == 116 and d == 98) or (c == 108 and d == 116) or (c == 97 and d == 100)
        or (c == 99 and d == 111)
    )  # fmt: skip


@njit(cache=True)
def _stands_alone(data, a, b):  # type: ignore[no-untyped-def]
    """Whether the token, or a piece of it between blanks, has a form that needs no words."""
    blank, begin = False, a
    for p in range(a, b + 1):
        if p == b or data[p] == 32:
            blank |= p < b
            if (begin > a or p < b) and shape_known(data, begin, p):
                return True
            begin = p + 1
    return (not blank and b - a >= 17 and _vehicle_or_wallet(data, a, b)) or shape_known(data, a, b)


@njit(cache=True, nogil=True)
def signatures(data, starts, ends, candidates, columns, names):  # type: ignore[no-untyped-def]
    """See the module's docstring."""
    out = np.zeros(len(candidates), dtype=np.uint64)
    areas = np.zeros((len(candidates), 2), dtype=np.int64)
    for n in range(len(candidates)):
        row, a, b = candidates[n, 1], candidates[n, 2], candidates[n, 3]
        start, end = starts[row], ends[row]
        column = columns[names[row]] if end - start <= SHORT_CELL else np.uint64(0)
        if column:
            h = mix(SEED, column)
            for p in range(start, a):  # the cell is short: all of it
                h = mix(h, 48 if WORD[data[p]] == 2 else data[p])
            asked = True
        else:
            h, asked = _spoken(data, max(start, a - BEFORE), a, False)
        behind, asked_behind = _spoken(data, b, min(end, b + AFTER), True)
        if not asked and not asked_behind and not _stands_alone(data, a, b):
            continue
        low, high = area_of(data, start, end, a, b)
        areas[n, 0], areas[n, 1] = low, high
        h = mix(mix(h, behind if asked_behind else 0) if asked else mix(SEED, behind if asked_behind else 1), asked)
        h = mix(mix(mix(h, a - low), b - low), (candidates[n, 4] & DOUBT) != 0)
        for p in range(low, high):
            h = mix(h, 48 if WORD[data[p]] == 2 else data[p])
        out[n] = max(h ^ (h >> np.uint64(32)), np.uint64(1))
    return out, areas


def column_hashes(names: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    """A number for each name of a column; 0 for no name."""
    return np.array([hash_of(name) for name in names], dtype=np.uint64)


def hash_of(name: str) -> int:
    """The hash of the name's bytes, or 0."""
    return fnv1a(name.encode()) if name else 0

