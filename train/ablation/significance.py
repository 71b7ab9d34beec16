"""Tests beside the interval: sign flips over seeds, exact McNemar on one seed, Holm over several questions.

Sign-flip test (Fisher 1935): under no difference each seed's mean difference is as likely with either sign; the p-value
is the share of sign patterns whose mean is at least as far from zero, all 2^S of them up to `MOST_EXACT` seeds. With
three seeds it cannot fall below 0.25, which is why three seeds alone prove nothing. It speaks of these evaluation rows;
the interval speaks of rows like them. McNemar (1947), exact binomial: of the rows on which one seed's two models differ,
how many go each way (a pair that either model leaves tied goes neither); it ignores near-duplicates among the rows and
training luck. Holm (1979): adjusted p-values that keep the chance of any false claim among several. Numpy and scipy only;
no torch. Cost: microseconds to milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_EXACT = 16
_DRAWS = 20_000
_SLACK = 1e-12


@dataclass(frozen=True)
class Discordance:
    """Exact McNemar of one seed."""

    a_only: int
    """Rows that only the first arm has right."""
    b_only: int
    """Rows that only the second arm has right."""
    p: float
    """Two-sided."""


def sign_flip(by_seed: np.ndarray, seed: int = 0) -> float:
    """Two-sided p-value of float[S] mean differences by seed."""
    values = np.asarray(by_seed, dtype=np.float64)
    n = len(values)
    if not np.any(values):
        return 1.0
    if n <= MOST_EXACT:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)[None, :]) & 1)
        return float(np.mean(np.abs(signs @ values) >= abs(values.sum()) * (1 - _SLACK)))
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(_DRAWS, n))
    beyond = int((np.abs(signs @ values) >= abs(values.sum()) * (1 - _SLACK)).sum())
    return (beyond + 1) / (_DRAWS + 1)


def mcnemar(a: np.ndarray, b: np.ndarray) -> Discordance:
    """Exact McNemar of two arms' right (1) and wrong (0) answers on the same rows, float[n] each; a tie (½) is neither."""
    from scipy import stats

    a_only = int(np.sum((a > 0.5) & (b < 0.5)))
    b_only = int(np.sum((b > 0.5) & (a < 0.5)))
    n = a_only + b_only
    p = min(1.0, 2 * float(stats.binom.cdf(min(a_only, b_only), n, 0.5))) if n else 1.0
    return Discordance(a_only, b_only, p)
