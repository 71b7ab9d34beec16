"""Slices of rows that do worse than the others, in words: one or two conditions, found by trying all and corrected for it.

Method: every condition (column = value, a range of a number) and every two conditions of different columns that hold for
enough rows is a candidate; its mean score is compared with that of all rows (a studentised difference). All candidates are
judged together: up to `PERMUTED` rows by the largest statistic under random reassignment of the scores (max-T, Westfall and
Young 1993: exact whatever the scores and however candidates overlap), above that by Bonferroni's bound on normal tails. Of
what is significant the worst is reported first, then only what stays significant without the rows already reported, so a
slice is not told again by its parts (cf. SliceFinder, Chung et al. 2019).
Shapes: scores float (row), nan where unknown; conditions as codes (row), -1 where none holds. Units: those of the score.
Complexity: O(rows x pairs of columns), and `draws` sparse products. Cost: 20,000 rows, 8 columns 2 s; a million 8 s.
Does not: say why; find slices of three conditions, or any below `min_rows`. Rows that copy each other count as many.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PERMUTED = 50_000
"""Rows up to which the search is corrected by permutation."""
FEWEST = 20
SMALLEST_SHARE = 0.01
_AT_ONCE = 32


@dataclass(frozen=True)
class Conditions:
    """The conditions of one column, of which a row meets one at most."""

    name: str
    labels: tuple[str, ...]
    """Each condition in words that follow the name: "= news", "> 120"."""
    codes: Ints
    """(row): position in `labels`, -1 where none holds."""


@dataclass(frozen=True)
class Slice:
    """Rows that meet all of some conditions and do worse than the others."""

    conditions: tuple[tuple[str, str], ...]
    """(column, condition), one or two."""
    rows: int
    mean: float
    others: float
    """Mean score of the rows outside."""
    difference: float
    """How much worse; positive."""
    low: float
    high: float
    """Simultaneous 95% interval of the difference: it allows for the search."""
    p: float
    """Probability of so bad a slice anywhere in the search if scores had nothing to do with conditions."""

    def __str__(self) -> str:
        return " and ".join(f"{name} {condition}" for name, condition in self.conditions)


@dataclass(frozen=True)
class SliceSearch:
    """The slices that are worse than chance, worst first, and what was searched."""

    slices: tuple[Slice, ...]
    rows: int
    candidates: int
    min_rows: int
    method: str
    """permutation, bonferroni, or why nothing was searched."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def by_value(name: str, values: Sequence[str | None], most: int = 20) -> Conditions:
    """A condition for each of the `most` commonest values; names of values as given."""
    given = np.array(["" if value is None else value for value in values], dtype=object)
    known, inverse, counts = np.unique(given.astype(str), return_inverse=True, return_counts=True)
    order = [int(k) for k in np.lexsort((known, -counts)) if known[k] != ""][:most]
    place = np.full(len(known), -1, np.int64)
    place[order] = np.arange(len(order))
    return Conditions(name, tuple(f"= {known[k]}" for k in order), place[inverse])


def by_range(name: str, numbers: npt.ArrayLike, parts: int = 4) -> Conditions:
    """Ranges of a number that hold about as many rows each; nan meets none."""
    x = np.asarray(numbers, np.float64)
    known = ~np.isnan(x)
    shares = np.linspace(0, 1, parts + 1)[1:-1]
    cuts = np.unique(np.quantile(x[known], shares, method="inverted_cdf")) if known.any() else np.zeros(0)
    cuts = cuts[cuts < x[known].max()] if known.any() else cuts
    if not len(cuts):
        return Conditions(name, (), np.full(len(x), -1, np.int64))
    told = [f"{cut:g}" for cut in cuts]
    middle = [f"> {low} and <= {high}" for low, high in itertools.pairwise(told)]
    codes = np.where(known, np.searchsorted(cuts, x, "left"), -1)
    return Conditions(name, (f"<= {told[0]}", *middle, f"> {told[-1]}"), codes.astype(np.int64))


def by_mask(name: str, mask: npt.ArrayLike) -> Conditions:
    """A condition that holds or does not."""
    return Conditions(name, ("= no", "= yes"), np.asarray(mask, bool).astype(np.int64))


def worst_slices(
    score: npt.ArrayLike,
    columns: Sequence[Conditions],
    *,
    higher_is_worse: bool = True,
    min_rows: int | None = None,
    alpha: float = 0.05,
    most: int = 10,
    draws: int = 199,
    seed: int = 0,
) -> SliceSearch:
    """The slices whose scores are worse than those of the others, with correction for the search.

    `min_rows`: of a slice and of what is outside it; a hundredth of the rows, at least 20, when left out.
    """
    given = np.asarray(score, np.float64)
    keep = np.flatnonzero(~np.isnan(given))
    x = given[keep] if higher_is_worse else -given[keep]
    n = len(x)
    least = max(FEWEST, int(SMALLEST_SHARE * n)) if min_rows is None else min_rows
    if n < 2 * least or not n or float(x.std()) < 1e-12:
        why = "too few rows with a score" if n < 2 * least else "all scores are alike"
        return SliceSearch((), n, 0, least, why)
    found = _candidates([(c, c.codes[keep]) for c in columns], x, least)
    if not found.rows.size:
        return SliceSearch((), n, 0, least, "no condition holds for enough rows")
    mean, spread = float(x.mean()), float(x.std())
    unit = spread * np.sqrt(np.maximum(1.0 / found.rows - 1.0 / n, 1e-12))
    z = (found.total / found.rows - mean) / unit
    if n <= PERMUTED:
        method = "permutation"
        highest = _permuted(found, x - mean, unit, draws, seed)
        p = (1 + (highest[None, :] >= z[:, None] - 1e-9).sum(axis=1)) / (draws + 1)
        bound = float(np.quantile(highest, 1 - alpha, method="higher"))
    else:
        from scipy.stats import norm

        method = "bonferroni"
        p = np.minimum(1.0, norm.sf(z) * len(z))
        bound = float(norm.isf(alpha / len(z)))
    slices = _reported(found, x, z, p, bound, alpha, most, least, 1.0 if higher_is_worse else -1.0)
    return SliceSearch(slices, n, len(z), least, method)


@dataclass(frozen=True)
class _Candidates:
    """All slices that hold enough rows, as parallel arrays."""

    columns: list[tuple[Conditions, Ints]]
    pair: Ints
    """(slice, 2): columns; the second -1 for slices of one condition."""
    value: Ints
    """(slice, 2): conditions."""
    rows: Floats
    total: Floats
    """Sum of the scores."""

    def mask(self, k: int) -> npt.NDArray[np.bool_]:
        """The rows of a slice."""
        (one, other), (v, w) = self.pair[k].tolist(), self.value[k].tolist()
        held: npt.NDArray[np.bool_] = self.columns[one][1] == v
        return held if other < 0 else held & (self.columns[other][1] == w)

    def told(self, k: int) -> tuple[tuple[str, str], ...]:
        """A slice in words."""
        both = zip(self.pair[k].tolist(), self.value[k].tolist(), strict=True)
        return tuple((self.columns[c][0].name, self.columns[c][0].labels[v]) for c, v in both if c >= 0)


def _candidates(columns: list[tuple[Conditions, Ints]], x: Floats, least: int) -> _Candidates:
    """Counts and sums of every condition and every two of them, by one pass for each pair of columns."""
    n = len(x)
    pairs, values, rows, totals = [], [], [], []
    for i, (one, a) in enumerate(columns):
        held = a >= 0
        for j in (-1, *range(i + 1, len(columns))):
            if j < 0:
                cell, width, at = a[held], 1, x[held]
            else:
                both = held & (columns[j][1] >= 0)
                width = max(len(columns[j][0].labels), 1)
                cell, at = a[both] * width + columns[j][1][both], x[both]
            size = max(len(one.labels), 1) * width
            count = np.bincount(cell, minlength=size)
            good = np.flatnonzero((count >= least) & (n - count >= least))
            if not len(good):
                continue
            pairs.append(np.column_stack([np.full(len(good), i), np.full(len(good), j)]))
            values.append(np.column_stack([good // width, good % width]))
            rows.append(count[good].astype(np.float64))
            totals.append(np.bincount(cell, weights=at, minlength=size)[good])
    none = np.zeros((0, 2), np.int64)
    if not pairs:
        return _Candidates(columns, none, none, np.zeros(0), np.zeros(0))
    return _Candidates(
        columns, np.concatenate(pairs), np.concatenate(values), np.concatenate(rows), np.concatenate(totals)
    )


def _permuted(found: _Candidates, centred: Floats, unit: Floats, draws: int, seed: int) -> Floats:
    """The largest statistic of the search in each random reassignment of the scores."""
    from scipy.sparse import csr_matrix

    members = [np.flatnonzero(found.mask(k)) for k in range(len(unit))]
    ends = np.concatenate([[0], np.cumsum([len(m) for m in members])])
    every = np.concatenate(members)
    table = csr_matrix((np.ones(len(every)), every, ends), shape=(len(unit), len(centred)))
    weight = 1.0 / (found.rows * unit)
    rng = np.random.default_rng(seed)
    out = np.empty(draws)
    for start in range(0, draws, _AT_ONCE):
        stop = min(draws, start + _AT_ONCE)
        drawn = np.stack([rng.permutation(centred) for _ in range(stop - start)], axis=1)
        out[start:stop] = ((table @ drawn) * weight[:, None]).max(axis=0)
    return out


def _reported(
    found: _Candidates, x: Floats, z: Floats, p: Floats, bound: float, alpha: float, most: int, least: int, sign: float
) -> tuple[Slice, ...]:
    """The significant slices, worst first, without those that only hold rows of the ones before."""
    out: list[Slice] = []
    told = np.zeros(len(x), bool)
    mean, spread = float(x.mean()), float(x.std())
    # Of equal statistics the shorter description goes first.
    for k in np.lexsort((found.pair[:, 1] >= 0, -np.round(z, 9))).tolist():
        if p[k] > alpha or len(out) == most:
            break
        mask = found.mask(k)
        fresh = mask & ~told
        n_fresh = int(fresh.sum())
        if n_fresh < least:
            continue
        rest_mean = float(x[~told].mean()) if out else mean
        if (x[fresh].mean() - rest_mean) / (spread * np.sqrt(1.0 / n_fresh)) < bound:
            continue
        inside, outside = x[mask], x[~mask]
        error = float(np.sqrt(inside.var() / len(inside) + outside.var() / len(outside)))
        gap = float(inside.mean() - outside.mean())
        wide = max(bound, 1.96) * error
        numbers = (sign * inside.mean(), sign * outside.mean(), gap, gap - wide, gap + wide, p[k])
        out.append(Slice(found.told(k), len(inside), *(round(float(number), 6) for number in numbers)))
        told |= mask
    return tuple(out)


def columns_of(values: Mapping[str, Sequence[str | None]], most_values: int = 20) -> list[Conditions]:
    """Conditions of columns of text: ranges where nearly all values are numbers, values where few are distinct."""
    out = []
    for name, given in values.items():
        filled = [value for value in given if value]
        numbers = _numbers(given)
        distinct = len(set(filled))
        if numbers is not None and distinct > most_values:
            out.append(by_range(name, numbers))
        elif 2 <= distinct <= max(most_values, len(filled) // 20):
            out.append(by_value(name, given, most_values))
    return out


def _numbers(values: Sequence[str | None]) -> Floats | None:
    out = np.full(len(values), np.nan)
    strange = filled = 0
    for i, value in enumerate(values):
        if value:
            filled += 1
            try:
                out[i] = float(value)
            except ValueError:
                strange += 1
    return out if filled and strange <= filled // 50 else None


__all__ = ["Conditions", "Slice", "SliceSearch", "by_mask", "by_range", "by_value", "columns_of", "worst_slices"]
