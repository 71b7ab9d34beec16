"""The part of the report's tree that speaks of groups of people; see `audit.report.model`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from audit.report.interval import GroupOutcome, Interval


@dataclass(frozen=True)
class GroupRow:
    """How curation treated one group."""

    group: str
    rows: int
    dropped: Interval
    """Share of the group's rows that left."""
    edited: Interval
    relabelled: Interval
    difference: Interval
    """Share dropped in this group less the share dropped in all other rows."""
    outcome: GroupOutcome
    note: str


@dataclass(frozen=True)
class StageEffect:
    """What one stage found in, or did to, the rows of one group, where that is not as in the other rows."""

    stage: str
    effect: str
    """found, removed, edited or relabelled."""
    group: str
    rows: int
    rate: Interval
    others: float | None
    """The rate in all other rows."""
    difference: Interval
    outcome: GroupOutcome


@dataclass(frozen=True)
class GroupColumn:
    """How curation treated the groups of one column."""

    column: str
    groups: tuple[GroupRow, ...]
    left_out: int = 0
    """Groups too small or too many to list."""
    stages: tuple[StageEffect, ...] = ()
    """Stages that found or changed more or less in a group than in the others, beyond chance."""


@dataclass(frozen=True)
class FairnessRow:
    """One comparison of the fairness stage."""

    column: str
    group: str
    metric: str
    outcome: GroupOutcome
    estimate: Interval
    rows: int | None
    rows_needed: int | None
    """About how many rows of the group would settle it; None when it is settled."""
    note: str
    detectable: float | None = None
    """Smallest difference that these rows would have shown in four of five data sets."""
    ratio: float | None = None
    """Metric of the group over metric of the others."""
    value: Interval = field(default_factory=lambda: Interval(None))
    """The metric in the group."""
    others: float | None = None
    """The metric in all other rows of the column."""


@dataclass(frozen=True)
class GroupData:
    """What the data holds of one group."""

    group: str
    rows: int
    share: Interval
    expected: float | None
    """Its share in the reference distribution; None without one."""
    numbers: Mapping[str, Interval]
    """Median length, mean quality, shares of what is missing, by name."""
    differs: tuple[str, ...]
    """Names of what differs from the other groups, beyond chance and margin."""
    unclear: tuple[str, ...]
    """Names of what could not be judged."""


@dataclass(frozen=True)
class DataColumn:
    """What the data holds of each group of a column."""

    column: str
    names: tuple[str, ...]
    """Names of the numbers, in order."""
    groups: tuple[GroupData, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Parity:
    """How far the groups of a column lie apart in one summary."""

    column: str
    name: str
    difference: Interval
    ratio: Interval
    left_out: int
    """Groups too small to take part."""


@dataclass(frozen=True)
class FourFifthsRow:
    """A group's selection rate over that of the most selected group."""

    column: str
    group: str
    reference: str
    ratio: Interval
    outcome: GroupOutcome


@dataclass(frozen=True)
class AssociationRow:
    """A group that texts name, and a label that comes with it more or less often than by chance."""

    group: str
    label: str
    rows: int
    expected: float
    pmi: Interval
    """log2 of how many times as often as by chance."""


@dataclass(frozen=True)
class TrainedCell:
    """A group against all others, for one trained model."""

    arm: str
    difference: Interval
    outcome: GroupOutcome


@dataclass(frozen=True)
class TrainedRow:
    """One metric of one group, for every trained model."""

    column: str
    group: str
    metric: str
    rows: int
    """Rows of the group in the evaluation."""
    cells: tuple[TrainedCell, ...]
    seeds: int = 1
    """Seeds that each model was trained with, at most; intervals hold their variation where there are two or more."""


@dataclass(frozen=True)
class EvidenceRow:
    """What was and was not measured of what one clause asks for."""

    clause: str
    asks: str
    measured: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Fairness:
    """What the fairness stage found."""

    status: Literal["done", "skipped", "not run"]
    reason: str
    counts: Mapping[str, int] = field(default_factory=dict)
    """Comparisons by outcome, all of them."""
    rows: tuple[FairnessRow, ...] = ()
    """The comparisons, disparities first; at most 200."""
    notes: tuple[str, ...] = ()
    delta: float | None = None
    """Differences inside ±delta count as none."""
    data: tuple[DataColumn, ...] = ()
    parity: tuple[Parity, ...] = ()
    four_fifths: tuple[FourFifthsRow, ...] = ()
    associations: tuple[AssociationRow, ...] = ()
    trained: tuple[TrainedRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    disclaimer: str = ""


@dataclass(frozen=True)
class SwapRow:
    """What one kind of counterfactual swap does to a model's answers."""

    axis: str
    before: str
    """Empty for the whole axis."""
    after: str
    pairs: int
    rows: int
    """Distinct rows that the intervals rest on."""
    outcome: Literal["shown", "within", "insufficient evidence"]
    flip: Interval
    """Share of texts whose answer changes."""
    shift: Interval
    """Mean change of the followed probability."""
    mean_change: float
    p: float | None
    """Corrected over the axes, or over the kinds."""


@dataclass(frozen=True)
class Swaps:
    """What the stage of counterfactual swaps found."""

    status: Literal["done", "skipped"]
    reason: str
    rows: int = 0
    """Rows whose texts were judged."""
    pairs: int = 0
    delta: float | None = None
    """Flip rates and shifts up to here count as none."""
    axes: tuple[SwapRow, ...] = ()
    """One an axis that the texts speak of, what is shown first."""
    kinds: tuple[SwapRow, ...] = ()
    """Single swaps of enough rows, the strongest first."""
    silent: tuple[str, ...] = ()
    """Axes that no text speaks of: nothing is known of them."""
    not_english: int = 0
    """Rows that were swapped by names only, or not at all, being in another language."""


@dataclass(frozen=True)
class SliceRow:
    """Rows that meet one or two conditions and do worse than the others."""

    words: str
    rows: int
    mean: float
    others: float
    difference: Interval
    """How much worse than the other rows; the interval allows for the search."""
    p: float


@dataclass(frozen=True)
class SliceTable:
    """The worst slices of one score."""

    title: str
    score: str
    """What is averaged, and which way is bad."""
    rows: tuple[SliceRow, ...]
    candidates: int
    """Slices that were compared."""
    searched: int
    """Rows with a score."""
    min_rows: int
