"""From a difference and its interval to one of four outcomes.

Methods. Newcombe's hybrid score interval for a difference of proportions (1998, method 10) widens the bootstrap's, which
collapses to nothing where a small group has no failures. Equivalence: the whole interval lies inside plus or minus delta
(two one-sided tests, Schuirmann, 1987). Disparity: the interval leaves out 0 and the normal test on the bootstrap's
standard error stays below alpha after Holm's correction (1979) over all comparisons. Everything else is insufficient
evidence, with about how many rows of the group would settle it (the other groups growing in step): a standard error
shrinks with the root of the rows, the answer should come in four of five such data sets, and where only the correction
stands in the way, z must reach alpha divided by the number of comparisons. Beside it stands the minimum detectable
difference: the smallest one that the rows at hand would have shown in four of five data sets, after the correction.
Equivalence is claimed one comparison at a time, at 2.5% on each side; the correction guards claims of disparity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from curate.statistics import Z, holm, wilson

Outcome = Literal["disparity", "equivalent", "insufficient evidence", "not applicable"]
POWER_Z = 0.8416212335729143
"""Quantile of the normal distribution at 80% power."""
FOUR_FIFTHS = 0.8
"""Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D (1978)."""


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
    error: float | None = None
    """Standard error of `value`."""
    detectable: float | None = None
    """Smallest difference that these rows would have shown, after the correction, in four of five data sets."""
    ratio: float | None = None
    """Metric of the group over metric of the rest; None where the rest's is 0 or it cannot be known."""


@dataclass(frozen=True)
class FourFifths:
    """A group's selection rate over that of the most selected group, against four fifths."""

    column: str
    group: str
    metric: str
    n: int
    reference: str
    """The most selected of the groups that are large enough."""
    ratio: float | None
    low: float | None
    high: float | None
    outcome: Outcome
    """`disparity`: below four fifths; `equivalent`: at or above; both beyond chance."""
    p: float | None = None
    """One-sided p-value of a ratio that is not below four fifths, Holm-corrected over these tests."""


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


def rows_for_difference(p: float, delta: float, fewest: int) -> int:
    """Rows of a group from which a difference of `delta` from a proportion near `p` shows in four of five data sets."""
    p = min(max(p, 0.05), 0.95)
    return max(fewest, math.ceil((Z + POWER_Z) ** 2 * p * (1 - p) / (delta * delta)))


def least_detectable(p: float, n: float, rest: float, alpha: float) -> float | None:
    """Smallest difference between two proportions near `p` of `n` and `rest` rows that shows in four of five data sets."""
    if not (n > 0 and rest > 0):
        return None
    p = min(max(p, 0.05), 0.95)
    return (-NormalDist().inv_cdf(alpha / 2) + POWER_Z) * math.sqrt(p * (1 - p) * (1 / n + 1 / rest))


def decide(comparisons: list[Comparison], delta: float, alpha: float) -> list[Comparison]:
    """Correct p-values over the comparisons that have one, and give each its outcome."""
    tested = [i for i, c in enumerate(comparisons) if c.p is not None]
    raw = [float(comparisons[i].p or 0.0) for i in tested]
    out = list(comparisons)
    hardest = -NormalDist().inv_cdf(alpha / max(1, len(raw)) / 2) + POWER_Z
    for i, p, corrected in zip(tested, raw, holm(raw)):
        c = comparisons[i]
        seen = None if c.error is None or not c.error > 0 else hardest * c.error
        rows = _rows_for_p(c.n, p, alpha, len(raw))
        out[i] = _decided(replace(c, p=corrected, detectable=seen), delta, alpha, rows)
    return out


def four_fifths(found: list[FourFifths], errors: list[float | None], alpha: float) -> list[FourFifths]:
    """Outcomes of ratios with a standard error of their logarithm; the others stay as they are."""
    at = [i for i, e in enumerate(errors) if e is not None]
    raw = []
    for i in at:
        ratio, error = found[i].ratio or 0.0, errors[i] or 0.0
        z = math.inf if ratio <= 0 else (math.log(FOUR_FIFTHS) - math.log(ratio)) / max(error, 1e-12)
        raw.append(0.5 * math.erfc(z / math.sqrt(2.0)))
    out = list(found)
    for i, p in zip(at, holm(raw)):
        c, high, low = found[i], found[i].high, found[i].low
        outcome: Outcome = "insufficient evidence"
        if high is not None and high < FOUR_FIFTHS and p < alpha:
            outcome = "disparity"
        elif low is not None and low >= FOUR_FIFTHS:
            outcome = "equivalent"
        out[i] = replace(c, p=p, outcome=outcome)
    return out


def _rows_for_p(n: int, p: float, alpha: float, tests: int) -> int | None:
    """Rows at which a difference with the uncorrected `p` at `n` rows stays below alpha among so many tests.

    z grows with the root of the rows; alpha / tests is what Holm's correction asks at most. None without any spread.
    """
    normal = NormalDist()
    now = -normal.inv_cdf(p / 2) if 0 < p < 1 else 0.0
    wanted = -normal.inv_cdf(alpha / tests / 2)
    return max(n + 1, math.ceil(n * (wanted / now) ** 2)) if now else None


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
    half = (c.high - c.low) / 2 * (Z + POWER_Z) / Z
    goal = max(abs(c.value), delta - abs(c.value))
    needed = max(c.n + 1, math.ceil(c.n * (half / goal) ** 2))
    note = "the interval holds both no difference and more than the margin"
    return replace(c, outcome="insufficient evidence", note=note, rows_needed=needed)
