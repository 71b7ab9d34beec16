"""Who is being deleted: rates of removal, edit and relabelling, or of anything else, by sensitive group.

Method: Wilson's score interval for each rate; each group against all others by Newcombe's interval of the difference,
Holm-corrected over all groups and effects. Near-duplicate clusters share their fate, so sizes are divided by the design
effect (Kish, 1965): the cluster-robust variance of the rate over that of independent rows. Masks are per row of the raw
data; rows without a group form one of their own. Cost O(rows) for each group and effect with clusters, else for each
effect. It says what happened to whom, not whether that was wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.fairness.encode import Grouping, Ints, codes_of, groupings
from audit.fairness.outcome import Comparison, decide, least_detectable, newcombe, normal_p, rows_for_difference
from curate.statistics import wilson

MISSING = "(no value)"
EFFECTS = ("removed", "edited", "relabelled")
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GroupRate:
    """Share of a group's rows that one effect touched, with its 95% Wilson interval."""

    column: str
    group: str
    n: int
    effect: str
    hits: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class CurationEffect:
    """Rates of all groups, and each group against the others."""

    rates: tuple[GroupRate, ...]
    comparisons: tuple[Comparison, ...]

    def disproportionate(self, effect: str | None = None) -> tuple[Comparison, ...]:
        """Groups hit more often than the others, beyond chance and not shown to lie within the margin; worst first."""
        found = [c for c in self.comparisons if c.outcome == "disparity" and (c.value or 0.0) > 0]
        return tuple(sorted((c for c in found if effect in (None, c.metric)), key=lambda c: -(c.value or 0.0)))

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings."""
        return {"rates": [asdict(r) for r in self.rates], "checks": [asdict(c) for c in self.comparisons]}


def curation_effect(
    groups: Mapping[str, Any],
    removed_mask: Mask,
    edited_mask: Mask | None = None,
    relabelled_mask: Mask | None = None,
    **judged_by: Any,
) -> CurationEffect:
    """Removal, edit and relabel rates by group; `judged_by` as in `effects_by_group`."""
    given = dict(zip(EFFECTS, (removed_mask, edited_mask, relabelled_mask)))
    return effects_by_group(groups, {name: mask for name, mask in given.items() if mask is not None}, **judged_by)


def effects_by_group(
    groups: Mapping[str, Any],
    effects: Mapping[str, Mask],
    *,
    clusters: npt.ArrayLike | None = None,
    intersections: int = 1,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> CurationEffect:
    """The rate of every effect (a mask over rows) in every group, and each group against the others.

    `clusters`: near-duplicate cluster of each row, negative for none. Raises ValueError when lengths differ.
    """
    found = _groupings(groups, min_group_size, intersections)
    cluster = None
    if clusters is not None:
        cluster = np.asarray(clusters, np.int64)
        cluster = np.where(cluster < 0, int(cluster.max(initial=0)) + 1 + np.arange(len(cluster)), cluster)
        cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int64).ravel()
    rates: list[GroupRate] = []
    compared: list[Comparison] = []
    for grouping in found:
        size = np.bincount(grouping.code, minlength=len(grouping.groups))
        order = [g for g in sorted(range(len(size)), key=lambda g: grouping.groups[g]) if size[g]]
        for effect, mask in effects.items():
            if len(mask) != len(grouping.code) or (cluster is not None and len(cluster) != len(mask)):
                raise ValueError(f"{grouping.name}: masks and groups differ in length")
            touched = np.asarray(mask, bool)
            hits = np.bincount(grouping.code[touched], minlength=len(size))
            for g in order:
                own, n = int(hits[g]), int(size[g])
                deff, rest_deff = 1.0, 1.0
                if cluster is not None and len(order) > 1:
                    deff, rest_deff = (design_effect(touched, who, cluster) for who in _sides(grouping.code, g))
                ends = wilson(own / deff, n / deff)
                rates.append(GroupRate(grouping.name, grouping.groups[g], n, effect, own, own / n, *ends))
                if len(order) > 1:
                    rest = (int(hits.sum()) - own, int(size.sum()) - n)
                    one = Comparison(grouping.name, grouping.groups[g], effect, n, "insufficient evidence", "")
                    compared.append(
                        _compared(one, (own, n), rest, (deff, rest_deff), min_group_size, delta, alpha)
                    )
    return CurationEffect(tuple(rates), tuple(decide(compared, delta, alpha)))


def _groupings(groups: Mapping[str, Any], fewest: int, order: int) -> list[Grouping]:
    """Columns and intersections; rows without a value are a group."""
    filled: dict[str, Any] = {}
    for name, values in groups.items():
        code, names = codes_of(values)
        if (code < 0).any():
            names, code = [*names, MISSING], np.where(code < 0, len(names), code)
        filled[name] = np.asarray(names, dtype=object)[code] if len(names) else np.asarray([], dtype=object)
    return [g for g in groupings(filled, fewest, order) if g.groups]


def _sides(code: Ints, group: int) -> tuple[Mask, Mask]:
    return code == group, code != group


def design_effect(touched: Mask, who: Mask, cluster: Ints) -> float:
    """Variance of the rate among `who` when clusters are drawn, over that when rows are; at least 1."""
    n = int(who.sum())
    hits = int((touched & who).sum())
    if not 0 < hits < n:
        return 1.0
    p = hits / n
    sums = np.bincount(cluster[who], weights=touched[who] - p)
    return max(1.0, float((sums * sums).sum()) / (n * p * (1 - p)))


def _compared(
    c: Comparison, own: tuple[int, int], others: tuple[int, int], deff: tuple[float, float], fewest: int, delta: float,
    alpha: float,
) -> Comparison:  # fmt: skip
    """`own` and `others` are (hits, rows)."""
    (hits, n), (rest_hits, rest) = own, others
    p, q = hits / n, rest_hits / rest
    fields = {**c.__dict__, "group_value": p, "rest_value": q}
    size, rest_size = n / deff[0], rest / deff[1]
    if min(n, rest) < fewest:
        note = "the group or the rest has fewer rows than the minimum size"
        needed = max(rows_for_difference(q, delta, fewest), n + 1)
        return Comparison(
            **{**fields, "note": note, "rows_needed": needed, "detectable": least_detectable(q, size, rest_size, alpha)}
        )
    pooled = (hits + rest_hits) / (n + rest)
    error = math.sqrt(pooled * (1 - pooled) * (1 / size + 1 / rest_size))
    low, high = newcombe(p, size, q, rest_size)
    ratio = p / q if q > 0 else None
    return Comparison(
        **{**fields, "value": p - q, "low": low, "high": high, "p": normal_p(p - q, error), "error": error, "ratio": ratio}
    )
