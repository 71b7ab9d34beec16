"""Totals over strata of rows, and shares of such totals, with intervals that hold under guided sampling.

Design. The rows of a dataset fall into strata that the findings decide and no answer does: rows that nearly had a finding,
and all others. In each stratum rows are asked about in the order of lots, so what was
answered there without a gap is a simple random sample of it, however often each stratum was asked about: guided sampling
chooses between strata and never within one. Rows at the start of a guided order (nearest miss first) are a census of
themselves, as in `rates`.

Intervals. The number K of wrong rows in one stratum has exact one-sided bounds at every level (the finite-population form
of Clopper and Pearson, 1934). Read as functions of the level they are two confidence distributions, a lower and an upper
one. Sums over strata, and shares made of two such sums, take their bounds from independent draws of those distributions:
*melding* (Fay, Proschan and Brittain, Combining one-sample confidence procedures, Biometrics 71, 2015), which for a single
stratum is the exact bound itself. It charges no price for the number of strata, as splitting the error among them would.

Reviewers err. An answer may overlook an error or see one that is none, each at most at a rate `error`: upper ends allow for
the one, lower ends for the other, both with the answers' own binomial noise, so nothing is assumed to cancel out. "Cannot
tell" counts as clean in lower ends and as wrong in upper ends.

Shapes: lots and verdicts of one stratum, N each. Cost: a sort a stratum, then about 5 ms a stratum and side, whatever N is
(populations beyond `EXACT` are looked at on a grid that is rounded outwards). It says nothing of what a person cannot see.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from audit.review.rates import ALPHA, UNKNOWN

CLEAN, ERROR, UNSURE = 0, 1, 2
DRAWS = 8_000
EXACT = 512
"""Up to here every count is looked at; beyond, the ends one by one and the middle in steps of about one per cent."""
_MIDDLE = 400

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Side = Literal["low", "high"]


@dataclass(frozen=True)
class Stratum:
    """A part of a population, and what a simple random sample of it showed."""

    population: int
    asked: int
    low: int
    """Answers that say wrong."""
    high: int
    """Those, and the ones that say "cannot tell"."""
    error: float = 0.0
    """How often, at most, an answer overlooks an error, or sees one that is none."""


@dataclass(frozen=True)
class Span:
    """A number with its interval."""

    value: float | None
    """None where a stratum was never asked about, or nothing at all was seen."""
    low: float
    high: float

    @property
    def width(self) -> float:
        """Width of the interval."""
        return self.high - self.low

    def over(self, n: float) -> Span:
        """The same in units of n."""
        return Span(None if self.value is None else self.value / n, self.low / n, self.high / n)

    def to_json(self) -> dict[str, float | None]:
        """As JSON types, rounded so that every machine writes the same."""
        return {k: None if v is None else round(float(v), 6) for k, v in self.__dict__.items()}


def strata_of(
    lots: npt.NDArray[np.uint64], verdict: npt.NDArray[np.int8], guides: Sequence[Ints] = (), error: float = 0.0
) -> tuple[Stratum, ...]:
    """The census at the start of a guided order, and the random sample of the rest, of one stratum of N rows.

    `lots` are uint64[N]; `verdict` int8[N]: `CLEAN`, `ERROR`, `UNSURE` or `UNKNOWN`; `guides` are permutations of N that
    know nothing of lots or answers. Parts without a row are left out."""
    told = np.asarray(verdict)
    census = max((_whole(guide, told) for guide in guides), key=len, default=np.empty(0, np.int64))
    sample = np.setdiff1d(_whole(np.argsort(lots, kind="stable"), told), census)
    parts = ((len(census), census), (len(told) - len(census), sample))
    return tuple(
        Stratum(n, len(at), int((told[at] == ERROR).sum()), int(np.isin(told[at], (ERROR, UNSURE)).sum()), error)
        for n, at in parts if n
    )  # fmt: skip


def _whole(order: Ints, told: npt.NDArray[np.int8]) -> Ints:
    """What stands at the start of an order and was answered without a gap."""
    gaps = np.flatnonzero(told[order] == UNKNOWN)
    return order[: gaps[0]] if len(gaps) else order


class Draws:
    """Independent draws from the confidence distributions of strata: the same stratum has the same draws wherever it is
    used, strata differ, and the levels of each are spread evenly, so one stratum alone gives its exact bounds
    (to the next of `draws` levels, on the wide side)."""

    def __init__(self, alpha: float = ALPHA, draws: int = DRAWS) -> None:
        self.alpha, self.draws = alpha, draws
        self._at: dict[tuple[object, Side], Floats] = {}
        self._seeds: dict[object, int] = {}

    def of(self, name: object, stratum: Stratum, side: Side) -> Floats:
        """float64[draws]: lower or upper bounds of the number of wrong rows in a stratum of that name."""
        if (name, side) not in self._at:
            levels = (np.arange(self.draws) + 0.5) / self.draws
            seed = self._seeds.setdefault(name, len(self._seeds))
            levels = np.random.Generator(np.random.PCG64([0x3155ED, seed])).permutation(levels)
            self._at[name, side] = _bounds(stratum, side, levels)
        return self._at[name, side]

    def total(self, name: object, strata: Sequence[Stratum], side: Side) -> Floats:
        """float64[draws]: the same of the sum over strata."""
        total = np.zeros(self.draws)
        for n, s in enumerate(strata):
            total = total + self.of((name, n, s), s, side)
        return total

    def ends(self, low: Floats, high: Floats) -> tuple[float, float]:
        """The ends of the two-sided interval."""
        return self.low_end(low), self.high_end(high)

    def low_end(self, *bounds: Floats) -> float:
        """The greatest of the lower ends of one number, which share the error among them."""
        return max(float(np.quantile(low, self.alpha / 2 / len(bounds), method="lower")) for low in bounds)

    def high_end(self, high: Floats) -> float:
        """The upper end."""
        return float(np.quantile(high, 1 - self.alpha / 2, method="higher"))

    def count(self, name: object, strata: Sequence[Stratum]) -> Span:
        """The number of wrong rows over strata."""
        low, high = self.ends(self.total(name, strata, "low"), self.total(name, strata, "high"))
        return Span(plain_total(strata), low, high)

    def share(self, name: object, found: Sequence[Stratum], missed: Sequence[Stratum]) -> Span:
        """Recall: found / (found + missed); the whole of 0 to 1 where both may be nothing."""
        low = _ratio(self.total((name, "found"), found, "low"), self.total((name, "missed"), missed, "high"), 0.0)
        high = _ratio(self.total((name, "found"), found, "high"), self.total((name, "missed"), missed, "low"), 1.0)
        a, b = plain_total(found), plain_total(missed)
        value = None if a is None or b is None or a + b <= 0 else a / (a + b)
        return Span(value, *self.ends(low, high))


def plain_total(strata: Sequence[Stratum]) -> float | None:
    """The stratified estimate of the number of wrong rows, "cannot tell" counted half; None where a stratum was not asked
    about."""
    if any(s.asked == 0 for s in strata):
        return None
    return float(sum(s.population * (s.low + s.high) / 2 / s.asked for s in strata))


def _ratio(a: Floats, b: Floats, empty: float) -> Floats:
    total = a + b
    return np.where(total > 0, a / np.where(total > 0, total, 1.0), empty)


def _bounds(s: Stratum, side: Side, levels: Floats) -> Floats:
    """One-sided bounds of the number of wrong rows at each level (the probability that is left beyond the bound)."""
    if s.asked == 0:
        return np.full(len(levels), 0.0 if side == "low" else float(s.population))
    counts, tail = _tails(s.population, s.asked, s.low if side == "low" else s.high, s.error, side)
    if side == "high":  # the tail P(X <= x | K) falls with K: the largest K that leaves more than the level
        at = len(tail) - np.searchsorted(tail[::-1], levels, "right")
        beyond = np.append(counts[1:], s.population + 1) - 1  # on a grid: up to the next count that was looked at
        return beyond[np.maximum(at - 1, 0)].astype(np.float64)
    at = np.minimum(np.searchsorted(tail, levels, "right"), len(tail) - 1)
    before = np.append(-1, counts[:-1]) + 1
    return before[at].astype(np.float64)


@functools.lru_cache(512)
def _tails(population: int, asked: int, seen: int, error: float, side: Side) -> tuple[Ints, Floats]:
    """Counts K, and how probable at most (`high`) or at least (`low`) `seen` answers of wrong are given each."""
    from scipy.stats import binom

    counts = _grid(population)
    wrong = np.arange(asked + 1)  # how many of those asked are wrong
    if side == "high":  # each of them is overlooked at a rate
        given = binom.cdf(seen, wrong, 1 - error) if error else (wrong <= seen).astype(float)
    else:  # each of the others is taken for wrong at a rate
        given = binom.sf(seen - 1 - wrong, asked - wrong, error) if error else (wrong >= seen).astype(float)
    tail = _hypergeometric(counts, population, asked, wrong) @ given
    tail = np.minimum.accumulate(tail) if side == "high" else np.maximum.accumulate(tail)  # but for rounding it is
    return counts, tail


def _grid(population: int) -> Ints:
    if population <= 2 * EXACT:
        return np.arange(population + 1)
    ends = np.arange(EXACT + 1)
    middle = np.round(np.geomspace(EXACT, population / 2, _MIDDLE)).astype(np.int64)
    half = np.concatenate([ends, middle])
    return np.unique(np.concatenate([half, population - half]))


def _hypergeometric(counts: Ints, population: int, asked: int, wrong: Ints) -> Floats:
    """float64[counts, asked + 1]: how probable each number of wrong rows among those asked is."""
    from scipy.special import gammaln

    def choose(n: Any, k: Any) -> Any:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    k = counts[:, None].astype(np.float64)
    j = wrong[None, :].astype(np.float64)
    possible = (j <= k) & (asked - j <= population - k)
    logs = choose(k, np.minimum(j, k)) + choose(population - k, np.minimum(asked - j, population - k))
    return np.exp(np.where(possible, logs - choose(float(population), float(asked)), -np.inf))


def turns(
    sizes: Sequence[int], asked: Sequence[int], spread: Sequence[float], more: int, least: int | None = None
) -> list[int]:
    """Which stratum each of so many more questions goes to, in turn: as Neyman would have it, had the answers in a stratum
    the guessed `spread` (their standard deviation), but never fewer than one in eight to stratum `least`.

    By counts alone (d'Hondt's divisors), so no answer decides where the next question goes."""
    done, out = list(asked), []
    for _ in range(more):
        open_ = [i for i, n in enumerate(sizes) if done[i] < n]
        if not open_:
            break
        due = least in open_ and 8 * done[least or 0] < sum(done)
        at = least if due and least is not None else max(open_, key=lambda i: sizes[i] * spread[i] / (done[i] + 1))
        done[at] += 1
        out.append(at)
    return out


def after(strata: Sequence[Stratum], more: int) -> tuple[Stratum, ...]:
    """The parts of one stratum after so many more random answers, of which as large a share is wrong as so far."""
    out = []
    for s in strata:
        n = min(more, s.population - s.asked)
        more -= n
        low, high = (round(k * (s.asked + n) / s.asked) if s.asked else 0 for k in (s.low, s.high))
        out.append(replace(s, asked=s.asked + n, low=low, high=high))
    return tuple(out)


def answers_needed(width_of: Callable[[int], float], width: float, most: int) -> int:
    """About how many more answers bring an interval to `width`; 0 where it is there, `most` where nothing less does.

    `width_of` tells the width after so many more answers that turn out like those so far."""
    if width_of(0) <= width:
        return 0
    low, high = 0, 8
    while high < most and width_of(high) > width:
        low, high = high, high * 2
    high = min(high, most)
    while high - low > max(1, high // 16):
        middle = (low + high) // 2
        low, high = (low, middle) if width_of(middle) <= width else (middle, high)
    return high


__all__ = [
    "CLEAN", "ERROR", "UNKNOWN", "UNSURE", "Draws", "Span", "Stratum", "after", "answers_needed", "plain_total",
    "strata_of", "turns",
]  # fmt: skip
