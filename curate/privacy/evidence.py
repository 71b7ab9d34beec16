# mypy: disable-error-code="assignment"
"""Corpus evidence: does a column hold card numbers, or numbers that pass the check digit by chance?

Random digits pass mod-10 one time in ten. In a column where bare runs of 13 to 19 digits pass about that often they are
order numbers, and the few that pass are no cards; where nearly all pass, all are cards. The pass rate of each length is
estimated with its Wilson interval at 95 %: an upper end under 0.25 clears, a lower end over 0.75 confirms, anything
else, or fewer than 20 runs, says nothing. Only bare runs in short cells are judged (a long text mixes numbers of many
kinds, and real cards must not be cleared by the others): a card in groups, or beside words that speak of
cards, is never cleared.

Source: E. B. Wilson, 1927 (score interval of a proportion). Cost: one pass over the bytes, taken only for columns in
which bare cards were found. Deterministic.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.letters import WORD

FEWEST_RUNS = 20
CLEARED, CONFIRMED = 0.4, 0.97
"""Scores of bare cards in a column that is cleared or confirmed."""
_SURE = 0.9
_Z = 1.959964


@njit(cache=True, nogil=True)
def tally(data, starts, ends):  # type: ignore[no-untyped-def]
    """int64[20, 2]: by length, how many bare runs of digits there are and how many pass mod-10."""
    out = np.zeros((20, 2), dtype=np.int64)
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        while i < end:
            if not 48 <= data[i] <= 57:
                i += 1
                continue
            first, even, odd = i, 0, 0
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
                continue
            if (first > starts[row] and WORD[data[first - 1]] != 0) or (i < end and WORD[data[i]] != 0):
                continue
            out[size, 0] += 1
            out[size, 1] += (even if size % 2 == 0 else odd) % 10 == 0
    return out


def wilson(passed: int, runs: int) -> tuple[float, float]:
    """95 % interval of a proportion; (0, 1) without runs."""
    if runs == 0:
        return 0.0, 1.0
    share, z2 = passed / runs, _Z * _Z
    centre = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    half = _Z * math.sqrt(share * (1 - share) / runs + z2 / (4 * runs * runs)) / (1 + z2 / runs)
    return max(0.0, centre - half), min(1.0, centre + half)


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
