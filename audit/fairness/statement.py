"""Who are you deleting? A few sentences for the preview of any bulk change.

A pure function from the rows that a bulk change would touch, and the sensitive groups, to a statement: the groups hit
harder than the others beyond chance, those where that cannot be told, and else that nothing was shown. Names of groups are
shown as they may be written down. Cost: that of `audit.fairness.curation`, milliseconds for 100,000 rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.fairness.curation import CurationEffect, effects_by_group
from audit.fairness.outcome import Comparison
from curate.words import difference, percent, plural

MOST_NAMED = 5


@dataclass(frozen=True)
class Statement:
    """What a preview says."""

    lines: tuple[str, ...]
    """Sentences, the most important first; without groups one that says so."""
    alarming: bool
    """Whether some group is hit harder than the others, beyond chance."""
    effect: CurationEffect | None

    def __str__(self) -> str:
        return " ".join(self.lines)


def who_is_affected(
    rows: npt.ArrayLike,
    groups: Mapping[str, Any],
    n_rows: int,
    *,
    verb: str = "removed",
    clusters: npt.ArrayLike | None = None,
    intersections: int = 1,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> Statement:
    """The statement for touching `rows` (positions or a mask over `n_rows`); `verb` is what happens to them."""
    given = np.asarray(rows)
    mask = np.zeros(n_rows, bool)
    mask[given if given.dtype == bool else given.astype(np.int64)] = True
    hit = int(mask.sum())
    head = f"{hit:,} of {n_rows:,} rows ({percent(hit / max(n_rows, 1))}) would be {verb}."
    if not groups:
        return Statement((head, "No column holds a sensitive group, so it is unknown whom this falls on."), False, None)
    effect = effects_by_group(
        groups, {verb: mask}, clusters=clusters, intersections=intersections, min_group_size=min_group_size, delta=delta,
        alpha=alpha,
    )  # fmt: skip
    named = _shown(effect)
    harder = effect.disproportionate()
    lines = [head, *(_harder(c, verb, named) for c in harder[:MOST_NAMED])]
    if len(harder) > MOST_NAMED:
        lines.append(f"{len(harder) - MOST_NAMED} more groups are hit harder than the others.")
    unknown = [c for c in effect.comparisons if c.outcome == "insufficient evidence"]
    if unknown:
        some = ", ".join(f"{named[c.group]} ({plural(c.n, 'row')})" for c in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
        lines.append(f"Too little evidence to tell for {some}{more}; that is not a pass.")
    if not harder and not unknown:
        lines.append("No group is shown to be hit harder than the others.")
    return Statement(tuple(lines), bool(harder), effect)


def _harder(c: Comparison, verb: str, named: Mapping[str, str]) -> str:
    apart = difference(100 * (c.value or 0), 100 * (c.low or 0), 100 * (c.high or 0))
    return (
        f"{named[c.column]} {named[c.group]}: {percent(c.group_value or 0)} of its {c.n:,} rows would be {verb}, "
        f"{percent(c.rest_value or 0)} of the others ({apart} points)."
    )


def _shown(effect: CurationEffect) -> dict[str, str]:
    from curate.privacy.preview import shown_names

    return shown_names({name for c in effect.comparisons for name in (c.column, c.group)})
