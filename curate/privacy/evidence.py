# mypy: disable-error-code="assignment"
"""Corpus evidence: does a column hold card numbers, or numbers that pass the check digit by chance?

Random digits pass mod-10 one time in ten. In a column where bare runs of 13 to 19 digits pass about that often they are
order numbers, and the few that pass are no cards; where nearly all pass, all are cards. The pass rate of each length is
estimated with its Wilson interval at 95 %: an upper end under 0.25 clears, a lower end over 0.75 confirms, anything
else, or fewer than 20 runs, says nothing. Only bare runs are judged. Those in short cells speak for the column; a long text
mixes numbers of many kinds, so there each stands with those behind the same word ("tracking 4012888888881881"), and one
behind no word with none. A card in groups, or beside words that speak of cards, is never cleared.

Source: E. B. Wilson, 1927 (score interval of a proportion). Cost: one pass over the bytes, taken only for columns in
which bare cards were found. Deterministic.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.letters import SEED, WORD, mix
from curate.statistics import wilson

FEWEST_RUNS = 20
CLEARED, CONFIRMED = 0.4, 0.97
"""Scores of bare cards in a column that is cleared or confirmed."""
_SURE = 0.9


@njit(cache=True)
def digit_run(data, first, end):  # type: ignore[no-untyped-def]
    """The run of digits from `first`: its end, its length if cards have such a length (13 to 19), else 0, and whether it
    passes mod-10."""
    i, even, odd = first, 0, 0
    while i < end and 48 <= data[i] <= 57:
        d = np.int64(data[i]) - 48
        doubled = 2 * d - 9 if d > 4 else 2 * d
        if (i - first) % 2 == 0:
            even += doubled
            odd += d
        else:
            even += d
            odd += doubled
        i += 1
    size = i - first
    if size < 13 or size > 19:
        return i, 0, False
    return i, size, (even if size % 2 == 0 else odd) % 10 == 0


@njit(cache=True)
def next_run(data, i, end):  # type: ignore[no-untyped-def]
    """Where the next run of 13 digits or more begins at or behind `i`, which is no digit's inside; else `end`. Most bytes
    are never looked at: where the thirteenth is no digit, no such run begins before it."""
    while i + 12 < end:
        if not 48 <= data[i + 12] <= 57:
            i += 13
            continue
        first = i + 12
        while first > i and 48 <= data[first - 1] <= 57:
            first -= 1
        if first == i:
            return first
        i = first
    return end


@njit(cache=True, nogil=True)
def tally(data, starts, ends):  # type: ignore[no-untyped-def]
    """int64[20, 2]: by length, how many bare runs of digits there are and how many pass mod-10."""
    out = np.zeros((20, 2), dtype=np.int64)
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        while i < end:
            first = next_run(data, i, end)
            if first == end:
                break
            i, size, passed = digit_run(data, first, end)
            if size == 0 or (first > starts[row] and WORD[data[first - 1]] != 0) or (i < end and WORD[data[i]] != 0):
                continue
            out[size, 0] += 1
            out[size, 1] += passed
    return out


@njit(cache=True)
def _word_before(data, start, pos):  # type: ignore[no-untyped-def]
    """Hash in small letters of the word before `pos`, past at most four signs and blanks; 0 where there is none."""
    j = pos
    while j > start and pos - j < 4 and WORD[data[j - 1]] == 0:
        j -= 1
    i = j
    while i > start and j - i < 32 and (WORD[data[i - 1]] == 1 or WORD[data[i - 1]] == 3):
        i -= 1
    h = SEED
    for p in range(i, j):
        c = data[p]
        h = mix(h, c | 32 if 65 <= c <= 90 else c)
    return h if j - i >= 2 else np.uint64(0)


@njit(cache=True, nogil=True)
def words_before(data, starts, rows, places):  # type: ignore[no-untyped-def]
    """uint64[n]: the word before each place (a byte of the row), as `runs_behind_words` tells it."""
    out = np.zeros(len(places), dtype=np.uint64)
    for n in range(len(places)):
        out[n] = _word_before(data, starts[rows[n]], places[n])
    return out


@njit(cache=True, nogil=True)
def runs_behind_words(data, starts, ends):  # type: ignore[no-untyped-def]
    """(uint64[n], int64[n, 2]): for each bare run of 13 to 19 digits behind a word that word's hash, its length and whether
    it passes mod-10."""
    word, run = np.empty(64, dtype=np.uint64), np.empty((64, 2), dtype=np.int64)
    n = 0
    for row in range(len(starts)):
        i, start, end = starts[row], starts[row], ends[row]
        while i < end:
            first = next_run(data, i, end)
            if first == end:
                break
            i, size, passed = digit_run(data, first, end)
            if size == 0 or (first > starts[row] and WORD[data[first - 1]] != 0) or (i < end and WORD[data[i]] != 0):
                continue
            h = _word_before(data, start, first)
            if h == 0:
                continue
            if n == len(word):
                more_words, more = np.empty(2 * n, dtype=np.uint64), np.empty((2 * n, 2), dtype=np.int64)
                more_words[:n], more[:n] = word, run
                word, run = more_words, more
            word[n], run[n, 0], run[n, 1] = h, size, passed
            n += 1
    return word[:n], run[:n]


def behind_words(
    sizes: npt.NDArray[np.int64], words: npt.NDArray[np.uint64], scores: npt.NDArray[np.float64],
    run_words: npt.NDArray[np.uint64], runs: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Scores of bare cards (by length and the word before, 0 for none) after what the runs behind that word say."""
    out = scores.copy()
    for word in np.unique(words[words != 0]).tolist():
        some = runs[run_words == word]
        counts = np.zeros((20, 2), np.int64)
        np.add.at(counts, some[:, 0], np.column_stack([np.ones(len(some), np.int64), some[:, 1]]))
        mine = words == word
        out[mine] = adjusted(sizes[mine], out[mine], verdicts(counts))
    return out


def verdicts(counts: npt.NDArray[np.int64]) -> dict[int, float]:
    """Length -> score of bare cards of that length, only where the evidence decides."""
    out: dict[int, float] = {}
    for size in range(13, 20):
        runs, passed = int(counts[size, 0]), int(counts[size, 1])
        low, high = wilson(passed, runs)
        if runs >= FEWEST_RUNS and high < 0.25:
            out[size] = CLEARED
        elif runs >= FEWEST_RUNS and low > 0.75:
            out[size] = CONFIRMED
    return out


def adjusted(
    sizes: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], decided: dict[int, float]
) -> npt.NDArray[np.float64]:
    """Scores of bare cards (by length) after the evidence; what words already settled stays."""
    out = scores.copy()
    for size, score in decided.items():
        unsettled = (sizes == size) & (scores < _SURE)
        out[unsettled] = score
    return out
