"""What decisions certify: the share of a stage's findings that are right, with an interval that holds under guided review.

Design. Every finding has a lot, a number drawn from its id that knows nothing of scores. Findings that are decided in the
order of lots, without a gap, are a simple random sample of the population, however many there are. Findings that are
decided in a *guided* order (by value, by score), without a gap, are a census of a part that is known without looking at
lots; of the rest the random findings in it are a simple random sample. So

    right = (right in the census + N_rest · p_rest) / N

What was decided otherwise tells of itself alone: it bounds the share, and nothing is guessed from it. (To take every
decided finding beyond the sample for a census would be wrong: whether one of them is beyond it depends on lots.)

Intervals. The number of right findings among the rest is hypergeometric given the sample; its bounds are the exact ones
(the finite-population form of Clopper and Pearson, 1934), which with the whole rest reviewed close on one number.
Reviewers err: where silent repeats show that they contradict themselves, the interval is widened to hold every rate that
such reviewers would have turned into what was seen (see `corrected`).

It assumes that what a person decides out of order does not depend on lots, which nobody sees, and that a person's word is
right but for the errors that repeats show. Shapes: lots and verdicts of one population, N each. Cost: a sort.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ALPHA = 0.05
_Z = 2.2414027276049473
"""Two-sided normal quantile of ALPHA / 2: the other half is the error rate's."""
UNKNOWN, WRONG, RIGHT = -1, 0, 1

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CertifiedRate:
    """A share of a population with its interval."""

    population: int
    value: float | None
    low: float
    high: float
    """95% interval; 0 and 1 where nothing was reviewed at random and not everything was reviewed."""
    random: int
    """Findings of the population decided in the order of lots: a simple random sample."""
    other: int
    """Findings decided otherwise."""
    right: int
    """Decided findings that were right."""

    @property
    def width(self) -> float:
        """Width of the interval."""
        return self.high - self.low

    @property
    def settled(self) -> bool:
        """Whether every finding has been decided."""
        return self.random + self.other >= self.population

    def to_json(self) -> dict[str, float | int | None]:
        """As JSON types."""
        return {**self.__dict__, "value": None if self.value is None else round(self.value, 6)}


def certified_rate(
    lots: npt.NDArray[np.uint64],
    verdict: npt.NDArray[np.int8],
    guides: Sequence[Ints] = (),
    error: tuple[float, float] = (0.0, 0.0),
) -> CertifiedRate:
    """The share of right findings among N, of which some are decided.

    `lots` are uint64[N]; `verdict` int8[N]: `RIGHT`, `WRONG` or `UNKNOWN`. `guides` are orders (permutations of N) that
    know nothing of lots or verdicts and by which findings may have been chosen. `error` is an interval of the reviewers'
    own error rate (see `agreement`).
    """
    n, told = len(lots), np.asarray(verdict)
    if n == 0:
        return CertifiedRate(0, None, 0.0, 1.0, 0, 0, 0)
    drawn = _whole(np.argsort(lots, kind="stable"), told)
    census = max((_whole(guide, told) for guide in guides), key=len, default=drawn[:0])
    sample = np.setdiff1d(drawn, census)
    right, wrong = int((told == RIGHT).sum()), int((told == WRONG).sum())
    rest, known = n - len(census), int((told[census] == RIGHT).sum())
    k, m = int((told[sample] == RIGHT).sum()), len(sample)
    if rest == 0 or m:
        share = (k / m, *hypergeometric_interval(k, m, rest, ALPHA if error[1] == 0 else ALPHA / 2)) if rest else (0.0,) * 3
        value, low, high = ((known + rest * p) / n for p in share)
        if error[1] > 0:
            value, low, high = corrected(value, *_with_slips(value, low, high, error[1], n), error)
    else:
        value, low, high = None, 0.0, 1.0
    if error[1] == 0:  # what is decided is known
        low, high = max(low, right / n), min(high, 1 - wrong / n)
    random = len(drawn)
    return CertifiedRate(n, value, low, high, random, right + wrong - random, right)


def _with_slips(value: float, low: float, high: float, error: float, n: int) -> tuple[float, float]:
    """The ends of an interval of what the reviewer would say of all N, widened to one of what such a reviewer says on
    average: slips do not cancel exactly in a finite population (independent variances add)."""
    slips = _Z * math.sqrt(error * (1 - error) / n)
    return max(0.0, value - math.hypot(value - low, slips)), min(1.0, value + math.hypot(high - value, slips))


def _whole(order: Ints, told: npt.NDArray[np.int8]) -> Ints:
    """The findings at the start of an order that are decided without a gap."""
    gaps = np.flatnonzero(told[order] == UNKNOWN)
    return order[: gaps[0]] if len(gaps) else order


def hypergeometric_interval(k: int, m: int, population: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Exact two-sided bounds of the share K / population, given k of m drawn without replacement."""
    from scipy.stats import hypergeom

    least = alpha / 2 - 1e-12  # what lies on the edge is inside

    def lowest() -> int:
        """The fewest that would still show k or more in alpha / 2 of the draws."""
        a, b = k, population - (m - k)
        while a < b:
            middle = (a + b) // 2
            if hypergeom.sf(k - 1, population, middle, m) >= least:
                b = middle
            else:
                a = middle + 1
        return a

    def highest() -> int:
        a, b = k, population - (m - k)
        while a < b:
            middle = (a + b + 1) // 2
            if hypergeom.cdf(k, population, middle, m) >= least:
                a = middle
            else:
                b = middle - 1
        return a

    return lowest() / population, highest() / population


def corrected(value: float, low: float, high: float, error: tuple[float, float]) -> tuple[float, float, float]:
    """A share and its interval as they were before a reviewer who errs at a rate within `error` got at them.

    A reviewer who errs at rate e, either way alike, turns p into q = p (1 - e) + (1 - p) e. The interval holds the answers
    for every e within `error` (Rogan and Gladen, 1978).
    """

    def back(q: float, e: float) -> float:
        if e >= 0.5 - 1e-9:  # the limit: such a reviewer can turn any share but a half into this one
            return 0.5 if abs(q - 0.5) < 1e-9 else float(q > 0.5)
        return min(1.0, max(0.0, (q - e) / (1 - 2 * e)))

    middle = back(value, error[0])  # the point moves by the least error that is left possible, and no further
    return middle, min(back(low, e) for e in error), max(back(high, e) for e in error)


def more_needed(rate: CertifiedRate, width: float) -> int:
    """About how many more random decisions bring the interval to `width`; 0 where it is there."""
    if rate.width <= width or rate.settled:
        return 0
    p = rate.value if rate.value is not None else 0.5
    p = min(max(p, 0.05), 0.95)
    rest = rate.population - rate.other
    need = 4 * 1.96**2 * p * (1 - p) / width**2
    need = need / (1 + need / max(1, rest))
    return max(1, math.ceil(need) - rate.random)
