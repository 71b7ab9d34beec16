"""What one text says again: words, phrases that follow on themselves, runs of five words, whole lines.

Loops: for each three words in a row, how far back they stood last; where that distance stays the same, a phrase follows on
itself. A loop of k times a phrase of any length is found in O(words). Shapes: `row` int32 (`COLUMNS`), counted up in place;
hashes uint64, one a word or line; `keys` and `places` are scratch, four times as long as the words and 64 more.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.quality.columns import DISTINCT, DUP_CHARS, DUP_LINES, LOOP_TIMES, LOOP_WORDS, REPEATED
from curate.quality.hashed import FACTOR, START, add

_GRAM, _LONG = 3, 5
_S29 = np.uint64(29)


@njit(cache=True, nogil=True)
def repetition(hashes, n, keys, places, row):  # type: ignore[no-untyped-def]
    """Distinct words, loops and repeated runs of five words."""
    size = 64
    while size < 2 * n + 2:
        size *= 2
    table, seen = keys[:size], places[:size]
    table[:] = 0
    for k in range(n):
        row[DISTINCT] += add(table, hashes[k] | np.uint64(1))
    if n < _GRAM + 1 or row[DISTINCT] == n:
        return
    mask = np.uint64(size - 1)
    for words in (_GRAM, _LONG):
        table[:] = 0
        distance = held = again = 0
        for k in range(n - words + 1):
            g = START
            for j in range(words):
                g = (g ^ hashes[k + j]) * FACTOR
                g ^= g >> _S29
            g |= np.uint64(1)
            at = (g >> np.uint64(7)) & mask
            while table[at] != 0 and table[at] != g:
                at = (at + np.uint64(1)) & mask
            back = k - seen[at] if table[at] == g else 0
            table[at], seen[at] = g, k
            again += back > 0
            if words == _LONG:
                row[REPEATED] += back > 0
                continue
            if back > 0 and back == distance:
                held += 1
            else:
                _close(row, distance, held, words)
                distance, held = back, 1 if back > 0 else 0
        if words == _GRAM:
            _close(row, distance, held, words)
            if again * 8 < n:  # five words cannot come again where three do not
                break


@njit(cache=True, nogil=True)
def _close(row, distance, held, words):  # type: ignore[no-untyped-def]
    """A run of equal distances ends: what it covered, if a phrase stood there three times or more."""
    if distance > 0:
        covered = held + distance + words - 1
        times = covered // distance
        if times >= 3:
            row[LOOP_WORDS] += covered
            if times > row[LOOP_TIMES]:
                row[LOOP_TIMES] = times


@njit(cache=True, nogil=True)
def same_lines(lines, chars, n, row):  # type: ignore[no-untyped-def]
    """Lines that stood before in the same text."""
    if n < 2:
        return
    size = 8
    while size < 2 * n:
        size *= 2
    table = np.zeros(size, np.uint64)
    for k in range(n):
        if not add(table, lines[k]):
            row[DUP_LINES] += 1
            row[DUP_CHARS] += chars[k]
