"""What the data holds of each group: how many rows, how long and how good their texts, what is missing,
probably wrong or personal.

Methods. *Representation*: the share of a group with Wilson's interval and, where a reference distribution is given (a
census, last year's customers), share over expected share less 1; within plus or minus a fifth counts as represented alike.
*Measures* (length, quality): difference of means in overall standard deviations, cluster-robust; within plus or minus 0.2
(Cohen's small effect, 1988) counts as alike; lengths are compared as logarithms, because they are skewed, and shown as
medians. *Rates* (of rows with a missing label, a label that is probably wrong, personal data): `audit.fairness.curation`.
Each is Holm-corrected over its own tests and ends in one of the four outcomes.

Shapes: n rows; a measure is `(n,)` floats, NaN where unknown. Cost O(n) for each group and measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.fairness.counts import Floats
from audit.fairness.curation import CurationEffect, Mask, design_effect, effects_by_group
from audit.fairness.encode import Grouping, Ints, groupings
from audit.fairness.outcome import POWER_Z, Comparison, decide, normal_p
from curate.statistics import Z, wilson

SHARE_MARGIN = 0.2
"""Largest relative difference of a share from its reference that counts as none: the four-fifths rule turned round."""
MEAN_MARGIN = 0.2
"""Largest difference of means, in standard deviations, that counts as none."""


@dataclass(frozen=True)
class Share:
    """How much of the data one group is."""

    column: str
    group: str
    n: int
    share: float
    low: float
    high: float
    expected: float | None = None
    """Share in the reference distribution; None without one, or where it does not name the group."""


@dataclass(frozen=True)
class Level:
    """A measure in one group."""

    column: str
    group: str
    measure: str
    n: int
    value: float | None
    """Median of a length, mean of anything else."""


@dataclass(frozen=True)
class DataAudit:
    """Shares, levels and what may be concluded from them."""

    shares: tuple[Share, ...]
    levels: tuple[Level, ...]
    rates: CurationEffect
    comparisons: tuple[Comparison, ...]
    """Of shares (`representation`) and of measures."""
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings."""
        return {
            "shares": [asdict(s) for s in self.shares],
            "levels": [asdict(v) for v in self.levels],
            "rates": self.rates.to_json(),
            "checks": [asdict(c) for c in self.comparisons],
            "notes": list(self.notes),
        }


def audit_data(
    groups: Mapping[str, Any],
    *,
    lengths: Floats | None = None,
    measures: Mapping[str, Floats] | None = None,
    rates: Mapping[str, Mask] | None = None,
    reference: Mapping[str, Mapping[str, float]] | None = None,
    clusters: npt.ArrayLike | None = None,
    intersections: int = 1,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> DataAudit:
    """Describe every group of every column. `reference`: by column, share or count of each group.

    Raises ValueError for a reference with negative numbers or a sum of zero.
    """
    given = {name: _shares_of(name, told) for name, told in (reference or {}).items()}
    cluster = None
    if clusters is not None:
        cluster = np.asarray(clusters, np.int64)
        cluster = np.where(cluster < 0, int(cluster.max(initial=0)) + 1 + np.arange(len(cluster)), cluster)
        cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int64).ravel()
    shares: list[Share] = []
    levels: list[Level] = []
    of_shares: list[Comparison] = []
    of_means: list[Comparison] = []
    notes = [f"{name}: the reference names a column that is no sensitive group" for name in given if name not in groups]
    for grouping in groupings(groups, min_group_size, intersections):
        if not grouping.groups:
            continue
        found, told = _representation(grouping, given.get(grouping.name), cluster, min_group_size)
        shares += found
        of_shares += told
        if lengths is not None:
            of_means += _means(grouping, "text_length", np.log1p(lengths), cluster, min_group_size)
            levels += _levels(grouping, "text_length", lengths, np.median)
        for name, values in (measures or {}).items():
            of_means += _means(grouping, name, values, cluster, min_group_size)
            levels += _levels(grouping, name, values, np.mean)
    by_group = effects_by_group(
        groups, rates or {}, clusters=cluster, intersections=intersections, min_group_size=min_group_size, delta=delta,
        alpha=alpha,
    )  # fmt: skip
    decided = [*decide(of_shares, SHARE_MARGIN, alpha), *decide(of_means, MEAN_MARGIN, alpha)]
    return DataAudit(tuple(shares), tuple(levels), by_group, tuple(decided), tuple(notes))


def _shares_of(name: str, told: Mapping[str, float]) -> dict[str, float]:
    total = float(sum(told.values()))
    if not total > 0 or any(v < 0 or not math.isfinite(v) for v in told.values()):
        raise ValueError(f"the reference distribution of {name} must hold no negative number and sum to more than 0")
    return {str(group): value / total for group, value in told.items()}


def _representation(
    grouping: Grouping, expected: Mapping[str, float] | None, cluster: Ints | None, fewest: int
) -> tuple[list[Share], list[Comparison]]:
    known = grouping.code >= 0
    size = np.bincount(grouping.code[known], minlength=len(grouping.groups))
    n = int(known.sum())
    absent = [g for g in (expected or {}) if g not in grouping.groups]
    shares, compared = [], []
    if grouping.notes:  # cut into ranges, or small groups put together: a name that is not there may be among those
        note = "the group is absent, or looked at together with others"
        compared = [
            Comparison(grouping.name, g, "representation", 0, "insufficient evidence", note, rows_needed=fewest)
            for g in absent
        ]
        absent = []
    names = [*grouping.groups, *absent]
    for g, group in enumerate(names):
        rows = int(size[g]) if g < len(size) else 0
        deff = 1.0
        if cluster is not None and rows:
            deff = design_effect(grouping.code == g, known, cluster)
        low, high = wilson(rows / deff, n / deff)
        wanted = None if expected is None else expected.get(group)
        share = rows / max(n, 1)
        shares.append(Share(grouping.name, group, rows, share, low, high, wanted))
        one = Comparison(grouping.name, group, "representation", rows, "not applicable", "")
        if expected is None:
            continue
        if wanted is None or wanted == 0:
            compared.append(Comparison(**{**one.__dict__, "note": "the reference distribution does not name the group"}))
            continue
        error = math.sqrt(wanted * (1 - wanted) / max(n / deff, 1)) / wanted
        told = {"outcome": "insufficient evidence", "group_value": share, "rest_value": wanted, "error": error}
        if n < fewest:
            note = "there are fewer rows than the minimum size"
            compared.append(Comparison(**{**one.__dict__, **told, "error": None, "note": note, "rows_needed": fewest}))
            continue
        value = share / wanted - 1
        compared.append(Comparison(**{
            **one.__dict__, **told, "value": value, "low": low / wanted - 1, "high": high / wanted - 1,
            "p": normal_p(value, error), "ratio": share / wanted,
        }))  # fmt: skip
    return shares, compared


def _levels(grouping: Grouping, measure: str, values: Floats, centre: Any) -> list[Level]:
    out = []
    for g, group in enumerate(grouping.groups):
        mine = values[(grouping.code == g) & ~np.isnan(values)]
        out.append(Level(grouping.name, group, measure, len(mine), float(centre(mine)) if len(mine) else None))
    return out


def _means(grouping: Grouping, measure: str, values: Floats, cluster: Ints | None, fewest: int) -> list[Comparison]:
    """Each group's mean less that of the others, in standard deviations of all."""
    known = (grouping.code >= 0) & ~np.isnan(values)
    x, code = values[known], grouping.code[known]
    group = np.arange(len(x)) if cluster is None else np.unique(cluster[known], return_inverse=True)[1].ravel()
    spread = float(x.std()) if len(x) else 0.0
    size = np.bincount(code, minlength=len(grouping.groups))
    if int((size > 0).sum()) < 2:
        return []
    out = []
    for g, name in enumerate(grouping.groups):
        n, rest = int(size[g]), len(x) - int(size[g])
        one = Comparison(grouping.name, name, measure, n, "insufficient evidence", "")
        if min(n, rest) < fewest:
            needed = max(fewest, n + 1, math.ceil(((Z + POWER_Z) / MEAN_MARGIN) ** 2))
            note = "the group or the rest has fewer rows than the minimum size"
            out.append(Comparison(**{**one.__dict__, "note": note, "rows_needed": needed}))
            continue
        if not spread > 0:
            note = "all rows have the same value"
            out.append(Comparison(**{**one.__dict__, "outcome": "not applicable", "note": note}))
            continue
        mine = code == g
        a, b = float(x[mine].mean()), float(x[~mine].mean())
        pull = np.where(mine, (x - a) / n, -(x - b) / rest)
        error = float(np.sqrt((np.bincount(group, weights=pull) ** 2).sum())) / spread
        value = (a - b) / spread
        out.append(Comparison(**{
            **one.__dict__, "value": value, "low": value - Z * error, "high": value + Z * error, "error": error,
            "p": normal_p(value, error), "group_value": a, "rest_value": b,
        }))  # fmt: skip
    return out
