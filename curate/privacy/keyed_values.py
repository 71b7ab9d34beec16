# mypy: disable-error-code="assignment"
"""What the lexer asks about keys and their values: which key stands before a `=` or `:`, where the value, a token or a
block of a private key ends.

Each function looks at a bounded number of bytes. Positions are byte offsets into the column's buffer. All are compiled by
numba and cached.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.context import SECRET_KEYS, SECRET_VALUES
from curate.privacy.letters import SEED, WORD, fnv, lookup, mix


@njit(cache=True)
def _spelled(data, i, j):  # type: ignore[no-untyped-def]
    """Hash of a key in small letters, its hyphens as underscores."""
    h = SEED
    for k in range(i, j):
        c = data[k]
        if 65 <= c <= 90:
            c = np.uint8(c + 32)
        if c == 45:
            c = np.uint8(95)
        h = mix(h, c)
    return h


@njit(cache=True)
def secret_key_before(data, start, pos):  # type: ignore[no-untyped-def]
    """What key stands right before the `=` or `:` at `pos`: 1 of a secret (`api_key`), 2 of a user name, 0 neither."""
    i = pos - 1
    floor = max(start, pos - 40)
    second = -1
    while i >= floor and (data[i] == 32 or data[i] == 34 or data[i] == 39 or data[i] == 92):
        i -= 1
    j = i + 1
    last = -1
    while i >= floor and (WORD[data[i]] == 1 or data[i] == 95 or data[i] == 45):
        if data[i] == 95 or data[i] == 45:
            if last < 0:
                last = i + 1
            elif second < 0:
                second = i + 1
        i -= 1
    if j - i - 1 < 3:
        return 0
    known = lookup(_spelled(data, i + 1, j), SECRET_KEYS, SECRET_VALUES)
    if known or last < 0:
        return known
    if second >= 0:  # "X-Api-Key", "MY_API_KEY"
        known = lookup(_spelled(data, second, j), SECRET_KEYS, SECRET_VALUES)
        if known:
            return known
    return lookup(fnv(data, last, j), SECRET_KEYS, SECRET_VALUES)


@njit(cache=True)
def block_end(data, i, limit):  # type: ignore[no-untyped-def]
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
def token_end(data, i, limit):  # type: ignore[no-untyped-def]
    """End of the run of letters, digits, `_`, `-` and `.` at `i`."""
    while i < limit and ((1 <= WORD[data[i]] <= 4 and data[i] < 128) or data[i] == 45 or data[i] == 46):
        i += 1
    return i


@njit(cache=True)
def ends_pair(data, i, j, limit):  # type: ignore[no-untyped-def]
    """Whether the `&` at `j` ends the value behind the `=` or `:` at `i`: a query string or form body goes on with the next
    name and `=` (`&`, or `&amp;` in HTML), code and command lines with a second `&`, HTML with a character of its own. Any
    other `&` is a sign of the value, which may be a password."""
    k = j + 1
    if k + 3 < limit and data[k] == 97 and data[k + 1] == 109 and data[k + 2] == 112 and data[k + 3] == 59:
        k += 4
    else:
        while k < limit and k - j < 8 and (WORD[data[k]] == 1 or WORD[data[k]] == 2 or data[k] == 35):
            k += 1
        if k < limit and k - j > 2 and data[k] == 59:
            return True  # "&nbsp;"
        k = j + 1
    if data[i] != 61 or data[i - 1] == 32 or data[i + 1] == 32:
        return False
    if k < limit and data[k] == 38:
        return True
    first = k
    while k < limit and k - first < 40 and (1 <= WORD[data[k]] <= 4 or data[k] == 45 or data[k] == 46 or data[k] == 37
                                            or data[k] == 91 or data[k] == 93):  # fmt: skip
        k += 1
    return k > first and k < limit and data[k] == 61


@njit(cache=True)
def end_of_value(data, i, limit):  # type: ignore[no-untyped-def]
    """End of the value after the `=` or `:` at `i`: past signs, a blank and an opening quote, then to white space, a quote
    or the next pair of a query string."""
    j = i
    while j < limit and j - i < 6 and (data[j] == 61 or data[j] == 58 or data[j] == 62 or data[j] == 32 or data[j] == 34
                                       or data[j] == 39 or data[j] == 92 or data[j] == 96):  # fmt: skip
        j += 1
    first = j
    while j < limit and data[j] > 32 and data[j] != 34 and not (data[j] == 38 and ends_pair(data, i, j, limit)):
        j += 1
    if 5 <= j - first <= 6 and j + 8 < limit and data[j] == 32 and (data[first] | 32 == 98 or data[first] | 32 == 116):
        j += 1  # "Bearer ...", "Basic ...", "Token ..."
        while j < limit and data[j] > 32 and data[j] != 34 and data[j] != 38:
            j += 1
    return j
