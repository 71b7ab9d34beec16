"""From a difference and its interval to one of four outcomes.

Methods. Newcombe's hybrid score interval for a difference of proportions (1998, method 10) widens the bootstrap's, which
collapses to nothing where a small group has no failures. Equivalence: the whole interval lies inside plus or minus delta
(two one-sided tests, Schuirmann, 1987). Disparity: the interval leaves out 0 and the normal test on the bootstrap's
standard error stays below alpha after Holm's correction (1979) over all comparisons. Everything else is insufficient
evidence, with about how many rows of the group would settle it: the half-width of an interval shrinks with the root of
the rows, and where only the correction stands in the way, z must reach alpha divided by the number of comparisons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np

Outcome = Literal["disparity", "equivalent", "insufficient evidence", "not applicable"]
Z = 1.959963984540054


@dataclass(frozen=True)
class Comparison:
    """One group against all other groups of its column, in one metric."""

    column: str
    group: str
    metric: str
    n: int
    """Rows of the group."""
    outcome: Outcome
    note: str
    value: float | None = None
    """Metric of the group minus metric of the rest; None when it cannot be known."""
    low: float | None = None
    high: float | None = None
    group_value: float | None = None
    rest_value: float | None = None
    p: float | None = None
    """Two-sided p-value, Holm-corrected over all comparisons of the audit."""
    rows_needed: int | None = None
    """About how many rows the group would need for an answer; None when it has one or never can."""


def wilson(hits: float, n: float, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval for a proportion; (0, 1) for n = 0."""
    if n <= 0:
        return 0.0, 1.0
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(p1: float, n1: float, p2: float, n2: float) -> tuple[float, float]:
    """Interval for p1 - p2 of two independent proportions."""
    low1, high1 = wilson(p1 * n1, n1)
    low2, high2 = wilson(p2 * n2, n2)
    d = p1 - p2
    return d - math.hypot(p1 - low1, high2 - p2), d + math.hypot(high1 - p1, p2 - low2)


def normal_p(value: float, standard_error: float) -> float:
    """Two-sided p-value of value / standard_error; 1 when there is no spread to measure against."""
    if not standard_error > 0:
        return 1.0
    return math.erfc(abs(value) / standard_error / math.sqrt(2.0))


def rows_for_half_width(p: float, delta: float, fewest: int) -> int:
    """Rows at which the interval of a proportion near `p` is about plus or minus `delta`."""
    p = min(max(p, 0.05), 0.95)
    return max(fewest, math.ceil(Z * Z * p * (1 - p) / (delta * delta)))


def decide(comparisons: list[Comparison], delta: float, alpha: float) -> list[Comparison]:
    """Correct p-values over the comparisons that have one, and give each its outcome."""
    tested = [i for i, c in enumerate(comparisons) if c.p is not None]
    raw = [float(comparisons[i].p or 0.0) for i in tested]
    out = list(comparisons)
    for i, p, corrected in zip(tested, raw, holm(raw)):
        rows = _rows_for_p(comparisons[i].n, p, alpha, len(raw))
        out[i] = _decided(replace(comparisons[i], p=corrected), delta, alpha, rows)
    return out


def _rows_for_p(n: int, p: float, alpha: float, tests: int) -> int | None:
    """Rows at which a difference with the uncorrected `p` at `n` rows stays below alpha among so many tests.

    z grows with the root of the rows; alpha / tests is what Holm's correction asks at most. None without any spread.
    """
    normal = NormalDist()
    now = -normal.inv_cdf(p / 2) if 0 < p < 1 else 0.0
    wanted = -normal.inv_cdf(alpha / tests / 2)
    return max(n + 1, math.ceil(n * (wanted / now) ** 2)) if now else None


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, i in enumerate(order.tolist()):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def _decided(c: Comparison, delta: float, alpha: float, rows_for_p: int | None) -> Comparison:
    assert c.value is not None
    assert c.low is not None
    assert c.high is not None
    assert c.p is not None
    if -delta <= c.low and c.high <= delta:
        return replace(c, outcome="equivalent", note="the whole interval lies within the margin")
    apart = c.low > 0 or c.high < 0
    if apart and c.p < alpha:
        return replace(c, outcome="disparity", note="the difference is larger than chance explains")
    if apart:
        note = "a difference shows, but not after correction for the number of comparisons"
        return replace(c, outcome="insufficient evidence", note=note, rows_needed=rows_for_p)
    half = (c.high - c.low) / 2
    goal = max(abs(c.value), delta - abs(c.value))
    needed = max(c.n + 1, math.ceil(c.n * (half / goal) ** 2))
    note = "the interval holds both no difference and more than the margin"
    return replace(c, outcome="insufficient evidence", note=note, rows_needed=needed)
