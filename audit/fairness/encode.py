"""Values of labels, predictions and sensitive columns as integer codes; intersections of columns; too many groups.

Shapes: n values in, int64 codes `(n,)` out, -1 for a missing value (null, NaN), codes in the sorted order of the names.
Cost: one dictionary encoding a column, O(n); an intersection O(n log n). Nothing is dropped without a note:

- a column of numbers with many values (an age, an income) is cut into five bins of equal size;
- above `MOST_GROUPS` groups the small ones are compared together, and said to be unknown each by itself;
- an intersection that says no more than one of its columns (a city and its country) is left out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]

MOST_GROUPS = 50
MOST_BINNED = 20
"""A column of numbers with more distinct values than this is cut into bins."""
_BINS = 5
JOIN = " & "


@dataclass(frozen=True)
class Grouping:
    """One column, or one intersection of columns, as codes."""

    name: str
    code: Ints
    """`(n,)`, -1 where the row has no group."""
    groups: tuple[str, ...]
    unknown: int = 0
    """Groups that are only looked at together, in the last of `groups`."""
    notes: tuple[str, ...] = ()


def codes_of(values: Any) -> tuple[Ints, list[str]]:
    """Codes and names of any column: Arrow, numpy or a list; `1` and `"1"` are one name, NaN and null are none."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuU":
        found, code = np.unique(values, return_inverse=True)
        return _sorted(code.astype(np.int64).ravel(), [str(v) for v in found])
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = pa.array([None if _missing(v) else str(v) for v in values], pa.large_string())
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.fill_null(pc.is_nan(values), True), pa.scalar(None, values.type), values)
    encoded = values.dictionary_encode() if not pa.types.is_dictionary(values.type) else values
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    code = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return _sorted(code, [str(v) for v in encoded.dictionary.to_pylist()])


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _sorted(code: Ints, names: list[str]) -> tuple[Ints, list[str]]:
    """Names sorted and made distinct, codes to match."""
    if not names:
        return code, []
    ordered, place = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    return np.where(code >= 0, place.ravel()[code], -1).astype(np.int64), ordered.tolist()


def together(columns: Sequence[Any]) -> tuple[list[Ints], list[str]]:
    """Several columns over one set of names: labels and predictions."""
    coded = [codes_of(c) for c in columns]
    names = sorted({name for _, found in coded for name in found})
    place = {name: i for i, name in enumerate(names)}
    out = []
    for code, found in coded:
        to = np.asarray([place[name] for name in found] or [0], np.int64)
        out.append(np.where(code >= 0, to[code], -1).astype(np.int64))
    return out, names


def groupings(columns: Mapping[str, Any], fewest: int, order: int = 1) -> list[Grouping]:
    """Every column, then every intersection of up to `order` columns; `fewest` rows make a group worth its own line."""
    single = {name: _binned(name, *codes_of(values)) for name, values in columns.items()}
    out = [_pooled(g, fewest) for g in single.values()]
    for size in range(2, min(order, len(single)) + 1):
        for names in itertools.combinations(single, size):
            made = _crossed([single[name] for name in names])
            out.append(made if made.notes and not made.groups else _pooled(made, fewest))
    return out


def _binned(name: str, code: Ints, names: list[str]) -> Grouping:
    """A column of numbers with many values, cut at its quintiles; any other as it is."""
    if len(names) <= MOST_BINNED:
        return Grouping(name, code, tuple(names))
    try:
        number = np.asarray([float(v) for v in names])
    except ValueError:
        return Grouping(name, code, tuple(names))
    known = code >= 0
    whole = bool(np.all(number == np.floor(number)))
    if not np.isfinite(number).all() or (whole and len(names) > known.sum() / 2):
        return Grouping(name, code, tuple(names))  # nearly a number a row: an id, not a measure
    values = number[code[known]]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1), method="inverted_cdf"))
    if len(edges) < 3:
        return Grouping(name, code, tuple(names))
    place = np.searchsorted(edges[1:-1], number, side="left")
    shown = [f"{edges[i]:g} to {edges[i + 1]:g}" if i == 0 else f"over {edges[i]:g} to {edges[i + 1]:g}"
             for i in range(len(edges) - 1)]  # fmt: skip
    note = f"{name}: a column of numbers with {len(names):,} values, cut into {len(shown)} groups of about equal size"
    return Grouping(name, np.where(known, place[code], -1).astype(np.int64), tuple(shown), notes=(note,))


def _crossed(parts: Sequence[Grouping]) -> Grouping:
    """Rows by the values of all parts together."""
    name = JOIN.join(p.name for p in parts)
    known = np.logical_and.reduce([p.code >= 0 for p in parts])
    joint = np.zeros(int(known.sum()), np.int64)
    for part in parts:
        joint = joint * max(1, len(part.groups)) + part.code[known]
        _, joint = np.unique(joint, return_inverse=True)
        joint = joint.astype(np.int64).ravel()
    n_joint = int(joint.max(initial=-1)) + 1
    first = np.full(n_joint, len(joint), np.int64)
    np.minimum.at(first, joint, np.arange(len(joint)))
    values = [p.code[known] for p in parts]
    for i, part in enumerate(parts):
        if len(np.unique(values[i])) == n_joint:
            note = f"{name}: left out, because its groups are those of {part.name}"
            return Grouping(name, np.full(len(known), -1, np.int64), (), notes=(note,))
    code = np.full(len(known), -1, np.int64)
    code[known] = joint
    # Only groups that may be shown get a name: a crossing of long columns can hold as many groups as rows.
    size = np.bincount(joint, minlength=n_joint)
    named = {int(g) for g in np.argsort(-size, kind="stable")[: 2 * MOST_GROUPS]}
    names = tuple(
        JOIN.join(p.groups[v[first[g]]] for p, v in zip(parts, values)) if g in named else "" for g in range(n_joint)
    )
    return Grouping(name, code, names)


def _pooled(grouping: Grouping, fewest: int) -> Grouping:
    """At most `MOST_GROUPS` groups, the small ones as one, so that ten thousand values do not become as many lines."""
    names, code = grouping.groups, grouping.code
    if len(names) <= MOST_GROUPS:
        return grouping
    size = np.bincount(code[code >= 0], minlength=len(names))
    large = np.flatnonzero(size >= fewest)
    large = np.sort(large[np.argsort(-size[large], kind="stable")][: MOST_GROUPS - 1])
    pooled = len(names) - len(large)
    note = (
        f"{grouping.name}: {len(names):,} groups; {pooled:,} of them are compared together, so nothing is known about each"
    )
    to = np.full(len(names), len(large), np.int64)
    to[large] = np.arange(len(large))
    kept = (*(names[g] for g in large), f"({pooled:,} other groups together)")
    return Grouping(
        grouping.name, np.where(code >= 0, to[code], -1).astype(np.int64), kept, pooled, (*grouping.notes, note)
    )
