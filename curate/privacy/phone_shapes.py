# mypy: disable-error-code="assignment"
"""Whether a run of digit groups can be a telephone number that needs no words, from its signs and sizes alone.

A necessary condition of a score of 0.5 in `phones.find_phones`, for regions of the North American plan and where no word
speaks of telephones: groups of 3, 3 and 4 digits; a `+` or `00` in front; or a leading zero and nine to twelve digits in
groups of two and more, perhaps behind a closing bracket; or a leading zero and one slash behind three to five digits of
at most fifteen; or the Brazilian form. Texts of nothing but digits and signs hold few such runs.

Complexity: O(bytes of the run x 5), about a microsecond.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_MOST_WORDS = 5
"""Words that are joined to one number."""


@njit(cache=True)
def _number_at(data, a, b):  # type: ignore[no-untyped-def]
    """Whether [a, b) can be one whole number."""
    digits, groups, size, shortest, longest, inside = 0, 0, 0, 99, 0, False
    opened, slashes, first, second = 0, 0, -1, -1
    for p in range(a, b):
        c = data[p]
        if 48 <= c <= 57:
            if size == 0:
                groups += 1
            size += 1
            if digits == 0:
                first = c
            elif digits == 1:
                second = c
            digits += 1
            continue
        if size:
            shortest, longest = min(shortest, size), max(longest, size)
        inside |= size == 1 and groups > 1
        size = 0
        opened += 1 if c == 40 else (-1 if c == 41 else 0)
        slashes += 2 if c == 47 and (groups > 1 or digits < 3 or digits > 5) else c == 47
        if c == 41 and opened < 0 and (groups > 1 or digits < 2 or digits > 5):
            return False
    if size:
        shortest = min(shortest, size)
    inside |= size == 1 and groups > 1
    area = first == 48 and digits <= 13  # "02)312-3456"
    if not 7 <= digits <= 15 or groups > 8 or (opened != 0 and not (area and opened == -1)):
        return False
    if slashes and data[a] != 43:
        return slashes == 1 and first == 48 and groups > 1 and not inside  # "0421 / 3370 618", "040/12345"
    if data[a] == 43 or (first == 48 and second == 48 and digits >= 10):
        return True
    if data[a] == 40 and digits <= 12 and groups > 1:
        return True  # "(11) 91234-5678", "(85) 9 8877-1203", "(90) 9 23456-7890"
    return not inside and groups > 1 and first == 48 and 9 <= digits <= 12


@njit(cache=True)
def _possible(data, a, b):  # type: ignore[no-untyped-def]
    one, two, size = 0, 0, 0  # the two groups before this one
    for p in range(a, b + 1):
        if p < b and 48 <= data[p] <= 57:
            size += 1
            continue
        if size:
            if size == 4 and two == 3 and one >= 3:
                return True
            one, two, size = two, size, 0
    begin = True
    for p in range(a, b):
        if (begin or p == a + 1) and not 49 <= data[p] <= 57:
            words, q = 0, p
            while q < b:
                while q < b and data[q] != 32:
                    q += 1
                words += q == b or data[q - 1] != 32
                end = q
                while end > p and not 48 <= data[end - 1] <= 57:
                    end -= 1
                if words <= _MOST_WORDS and (_number_at(data, p, q) or (end > p and _number_at(data, p, end))):
                    return True
                q += 1
            if _number_at(data, p, b):
                return True
        c = data[p]
        begin = c == 32 or c == 46 or c == 45 or c == 41 or c == 47
    return False


@njit(cache=True, nogil=True)
def possible(data, candidates):  # type: ignore[no-untyped-def]
    """bool[n]: whether each candidate can hold a telephone number that needs no words."""
    out = np.empty(len(candidates), dtype=np.bool_)
    for n in range(len(candidates)):
        out[n] = _possible(data, candidates[n, 2], candidates[n, 3])
    return out
