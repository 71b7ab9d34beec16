"""How many more rows of which group and label would level the base rates.

Method. Each label's share in a group is compared with its share among all other rows (two-proportion test, Holm's
correction over groups and labels, Newcombe's interval). Let S be the labels that a group has too seldom, q_y their shares
among the others and n_gy its own rows. Adding rows of S alone, so that every label of S reaches q_y, needs

    N = (n_g - sum_S n_gy) / (1 - sum_S q_y)        rows of the group in the end, of which      q_y N - n_gy      are new

(what a user may do is collect; nothing is taken away). A group with fewer rows than the minimum is not compared: it is
said how many rows it lacks, in the mix of labels that the others have.

Shapes: int64 `(n,)` codes, -1 where a row takes no part. Cost O(n + groups x labels). It says nothing about whether the
labels are right, nor whether base rates ought to be equal.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.fairness.outcome import newcombe, normal_p
from curate.statistics import holm

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shortfall:
    """More rows that one group needs of one label, or of all where it has too few to be compared."""

    group: str
    label: str | None
    """None where the group as a whole has too few rows."""
    more_rows: int
    have: int
    """Rows of the group, or of the group and label, now."""
    rows: int
    """Rows of the group now."""
    share: float | None = None
    rest_share: float | None = None
    low: float | None = None
    """95% interval of `share` minus `rest_share`."""
    high: float | None = None
    p: float | None = None
    """Two-sided, Holm-corrected."""
    mix: tuple[tuple[str, int], ...] = ()
    """For a group with too few rows: how many of each label, as the others have them."""

    def to_json(self) -> dict[str, Any]:
        """Numbers and names, without what is not known."""
        return {k: v for k, v in asdict(self).items() if v not in (None, ())}


def rows_to_collect(
    group: Ints,
    label: Ints,
    groups: list[str],
    labels: list[str],
    *,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> list[Shortfall]:
    """What to collect, groups with too few rows first, then by group and label.

    A label counts as missing in a group where its share is below the others' by more than chance and more than `delta`.
    Nothing is said where one group or one label is all there is.
    """
    at = (group >= 0) & (label >= 0)
    g, y = group[at], label[at]
    k = len(labels)
    have = np.bincount(g * k + y, minlength=len(groups) * k).reshape(-1, k)
    size, total = have.sum(axis=1), int(have.sum())
    present = [i for i in range(len(groups)) if size[i]]
    if len(present) < 2 or (have.sum(axis=0) > 0).sum() < 2:
        return []
    out = [_too_few(groups[i], labels, have, i, min_group_size) for i in present if size[i] < min_group_size]
    tested: list[tuple[int, int, float, float]] = []
    p_values: list[float] = []
    for i in present:
        if size[i] < min_group_size or total - size[i] < min_group_size:
            continue
        for c in range(k):
            own, rest = have[i, c] / size[i], (have[:, c].sum() - have[i, c]) / (total - size[i])
            pooled = have[:, c].sum() / total
            error = math.sqrt(pooled * (1 - pooled) * (1 / size[i] + 1 / (total - size[i])))
            tested.append((i, c, float(own), float(rest)))
            p_values.append(normal_p(own - rest, error))
    short: dict[int, list[tuple[int, float, float, float]]] = {}
    for (i, c, own, rest), p in zip(tested, holm(p_values)):
        if p < alpha and rest - own > delta:
            short.setdefault(i, []).append((c, own, rest, p))
    for i, missing in sorted(short.items(), key=lambda item: groups[item[0]]):
        left = 1.0 - sum(rest for _, _, rest, _ in missing)
        others = int(size[i] - sum(have[i, c] for c, *_ in missing))
        for c, own, rest, p in missing:
            if left <= 0 or others == 0:  # the group would have to hold labels that nobody has: no number of rows does it
                continue
            low, high = newcombe(own, int(size[i]), rest, int(total - size[i]))
            more = math.ceil(rest * others / left - have[i, c] - 1e-9)
            out.append(
                Shortfall(
                    groups[i], labels[c], max(1, more), int(have[i, c]), int(size[i]), own, rest, float(low), float(high), p
                )
            )
    return out


def _too_few(group: str, labels: list[str], have: Ints, i: int, fewest: int) -> Shortfall:
    size = int(have[i].sum())
    rest = have.sum(axis=0) - have[i]
    wanted = np.ceil(fewest * rest / max(1, rest.sum())).astype(int)
    mix = [(labels[c], int(max(0, wanted[c] - have[i, c]))) for c in range(len(labels))]
    return Shortfall(group, None, fewest - size, size, size, mix=tuple((name, n) for name, n in mix if n))
