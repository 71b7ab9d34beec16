"""Who was affected: how often curation removed, edited or relabelled the rows of each sensitive group.

A group is compared with all rows outside it. Below `MIN_ROWS` rows on either side nothing is claimed: the table says
"insufficient evidence" rather than nothing, because a silent row reads as a pass. No correction is made for the number
of groups; the intervals are for looking, the gate is for judging.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.report.effects import Effects
from audit.report.model import GroupColumn, GroupRow, Interval
from audit.report.numbers import difference, share
from audit.report.safe import Previews
from curate.dataset import Dataset

MIN_ROWS = 30
MOST_GROUPS = 20
MISSING = "(no value)"


def groups_of(dataset: Dataset, effects: Effects, previews: Previews) -> tuple[GroupColumn, ...]:
    """One table a sensitive column, groups by size."""
    return tuple(_column(name, values, effects, previews) for name, values in dataset.groups().items())


def _column(name: str, values: pa.Array, effects: Effects, previews: Previews) -> GroupColumn:
    encoded = pc.dictionary_encode(pc.fill_null(values, MISSING))
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    names = encoded.dictionary.to_pylist()
    code = encoded.indices.to_numpy(zero_copy_only=False)

    def per_group(mask: np.ndarray) -> np.ndarray:
        return np.bincount(code[mask], minlength=len(names))

    size = np.bincount(code, minlength=len(names))
    dropped, edited, relabelled = (per_group(m) for m in (effects.dropped, effects.edited, effects.relabelled))
    order = sorted(range(len(names)), key=lambda g: (-size[g], names[g]))
    rows = []
    for g in order[:MOST_GROUPS]:
        n, d = int(size[g]), int(dropped[g])
        rest, rest_dropped = effects.n_rows - n, int(effects.dropped.sum()) - d
        gap = difference(d, n, rest_dropped, rest)
        rows.append(
            GroupRow(
                group=previews.short(names[g]),
                rows=n,
                dropped=share(d, n),
                edited=share(int(edited[g]), n),
                relabelled=share(int(relabelled[g]), n),
                difference=gap,
                verdict=_verdict(gap, n, rest),
            )
        )
    return GroupColumn(previews.short(name), tuple(rows), max(0, len(names) - MOST_GROUPS))


def _verdict(gap: Interval, n: int, rest: int) -> Literal["more", "less", "no difference shown", "insufficient evidence"]:
    if min(n, rest) < MIN_ROWS or gap.low is None or gap.high is None:
        return "insufficient evidence"
    if gap.low > 0:
        return "more"
    if gap.high < 0:
        return "less"
    return "no difference shown"
