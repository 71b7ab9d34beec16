"""Who is being deleted: removal, edit and relabel rates by sensitive group.

Method: Wilson's score interval for each rate; each group against all others by Newcombe's interval of the difference,
Holm-corrected over groups and effects. Masks are per row of the raw data. Cost O(n) per column.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audit.fairness.outcome import Comparison, decide, newcombe, normal_p, rows_for_half_width, wilson

MISSING = "(no value)"
_EFFECTS = ("removed", "edited", "relabelled")


@dataclass(frozen=True)
class GroupRate:
    """Share of a group's rows that one effect touched, with its 95 % Wilson interval."""

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

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings."""
        return {"rates": [asdict(r) for r in self.rates], "checks": [asdict(c) for c in self.comparisons]}


def curation_effect(
    groups: Mapping[str, Any],
    removed_mask: npt.NDArray[np.bool_],
    edited_mask: npt.NDArray[np.bool_] | None = None,
    relabelled_mask: npt.NDArray[np.bool_] | None = None,
    *,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> CurationEffect:
    """Removal, edit and relabel rates by group; rows without a group form one of their own.

    Raises ValueError when a mask or a column has another length than `removed_mask`.
    """
    masks = dict(zip(_EFFECTS, (removed_mask, edited_mask, relabelled_mask)))
    n = len(removed_mask)
    rates: list[GroupRate] = []
    compared: list[Comparison] = []
    for column, values in groups.items():
        array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, pa.large_string())
        encoded = pc.fill_null(pc.cast(array, pa.large_string()), MISSING).dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        code = encoded.indices.to_numpy(zero_copy_only=False)
        names = encoded.dictionary.to_pylist()
        size = np.bincount(code, minlength=len(names))
        for effect, mask in masks.items():
            if mask is None:
                continue
            if len(mask) != n or len(code) != n:
                raise ValueError(f"{column}: masks and groups differ in length")
            hits = np.bincount(code[np.asarray(mask, bool)], minlength=len(names))
            for g in sorted(range(len(names)), key=lambda i: names[i]):
                own, touched = int(size[g]), int(hits[g])
                rates.append(GroupRate(column, names[g], own, effect, touched, touched / own, *wilson(touched, own)))
                if len(names) > 1:
                    rest = (int(hits.sum()) - touched, n - own)
                    compared.append(
                        _comparison(column, names[g], effect, (touched, own), rest, min_group_size, delta)
                    )
    return CurationEffect(tuple(rates), tuple(decide(compared, delta, alpha)))


def _comparison(
    column: str, group: str, effect: str, own: tuple[int, int], others: tuple[int, int], fewest: int, delta: float
) -> Comparison:
    """`own` and `others` are (hits, rows)."""
    (hits, n), (rest_hits, rest) = own, others
    p, q = hits / n, rest_hits / rest
    if min(n, rest) < fewest:
        return Comparison(
            column, group, effect, n, "insufficient evidence", "the group or the rest has fewer rows than the minimum size",
            group_value=p, rest_value=q, rows_needed=rows_for_half_width(q, delta, fewest),
        )
    pooled = (hits + rest_hits) / (n + rest)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
    low, high = newcombe(p, n, q, rest)
    return Comparison(
        column, group, effect, n, "insufficient evidence", "", p - q, low, high, p, q, p=normal_p(p - q, error)
    )
