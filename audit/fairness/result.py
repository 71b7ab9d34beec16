"""What an audit returns: metrics by group, spreads over groups, comparisons, the four-fifths rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from audit.fairness.outcome import Comparison, FourFifths


@dataclass(frozen=True)
class GroupMetric:
    """One metric of one group."""

    column: str
    group: str
    n: int
    metric: str
    value: float | None
    low: float | None
    high: float | None
    judged: bool
    """False when the group or the metric's denominator is below the minimum size."""


@dataclass(frozen=True)
class Spread:
    """How far the judged groups of a column lie apart in one metric."""

    column: str
    metric: str
    difference: float | None
    """Largest minus smallest."""
    ratio: float | None
    """Smallest over largest; None when the largest is 0."""
    left_out: int
    """Groups too small to take part: the numbers say nothing about them."""
    difference_low: float | None = None
    difference_high: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None


@dataclass(frozen=True)
class FairnessAudit:
    """Everything that was measured and concluded."""

    n_rows: int
    positive: str | None
    delta: float
    alpha: float
    min_group_size: int
    n_boot: int
    groups: tuple[GroupMetric, ...]
    spreads: tuple[Spread, ...]
    comparisons: tuple[Comparison, ...]
    four_fifths: tuple[FourFifths, ...]
    notes: tuple[str, ...]

    def outcomes(self) -> dict[str, int]:
        """Comparisons by outcome."""
        out: dict[str, int] = {}
        for c in self.comparisons:
            out[c.outcome] = out.get(c.outcome, 0) + 1
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings; the comparisons stand under `checks`."""
        out = asdict(self)
        out["checks"] = out.pop("comparisons")
        return {key: list(value) if isinstance(value, tuple) else value for key, value in out.items()}
