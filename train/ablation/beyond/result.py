"""What was found beyond accuracy: the part `beyond` of `ablation.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from train.ablation.beyond.contrast import Answer
from train.ablation.span import Span

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class StageClosing:
    """A stage's part in the change of one gap (Shapley value)."""

    stage: str
    answer: Answer
    """How much of the gap it closed, in the metric's unit; below 0 where it widened it."""
    share: float | None
    """Of the gap of raw data; None where that is not shown to be there."""


@dataclass(frozen=True)
class GroupGap:
    """One group of people beside all others, by arm."""

    column: str
    group: str
    rows: int
    """Held-out rows of the group."""
    others: int
    by_arm: Mapping[str, Mapping[str, Span]]
    """By measure (accuracy or loss; where there are classes tpr, and fpr and selection_rate of the favourable one) and arm:
    the group's mean less the others'."""
    rates: Mapping[str, Mapping[str, float]]
    """By measure and arm: the group's own mean."""
    whole: Answer
    """How much of the gap in the primary metric all of curation closed."""
    stages: tuple[StageClosing, ...]


@dataclass(frozen=True)
class Fairness:
    """Gaps between groups by arm, and which stage closed or widened them."""

    metric: str
    gaps: tuple[GroupGap, ...]
    largest: Span | None
    """The largest gap of curated data in the primary metric, as a size; its interval allows for all groups looked at."""
    words: str


@dataclass(frozen=True)
class ExposureCell:
    """Canaries of one arm, place and frequency."""

    arm: str
    place: str
    """text, prompt or answer."""
    frequency: int
    """Times that each was planted."""
    canaries: int
    bits: Span
    """Mean exposure; 1.44 bits by chance."""
    p: float
    """Probability of so high a mean had the model seen none of them (randomisation over the candidates)."""
    extracted: int
    """Canaries that greedy decoding would write after their prompt, with any seed."""


@dataclass(frozen=True)
class MemorisedSpan:
    """A stretch of a training row that an adapter learnt by heart, and no detector marked."""

    row: int
    field: str
    start: int
    end: int
    nats: float
    """Log probability by the adapter less that by the base, summed over the stretch."""


@dataclass(frozen=True)
class Memory:
    """What models recite."""

    types: Mapping[str, int]
    """Canaries by type of personal data."""
    candidates: int
    """Values that each canary is ranked among, itself included; the smallest number where they differ."""
    found_by_scanner: Mapping[str, float]
    """Share of planted canaries that the operator replaced, by arm."""
    cells: tuple[ExposureCell, ...]
    trend: tuple[Answer, ...]
    """By arm: bits of exposure for each doubling of the frequency."""
    scrubbing: tuple[Answer, ...]
    """Bits of exposure that scrubbing takes away, by arm, at all frequencies."""
    highest: Span | None
    """Mean exposure in curated data at the frequency where it is highest, bits."""
    spans: tuple[MemorisedSpan, ...]
    words: str
    note: str = ""


@dataclass(frozen=True)
class Receipt:
    """What decisions of one class were worth."""

    stage: str
    rule: str
    action: str
    rows: int
    measured: Answer
    """Curated less curated without these decisions, in the primary metric's unit."""
    estimate: float | None
    """Influence by gradients (arbitrary unit, above 0 for good); None where it was not found to agree with real runs."""
    words: str


@dataclass(frozen=True)
class Receipts:
    """Every decision class with its measured effect."""

    receipts: tuple[Receipt, ...]
    groups: int
    """Groups of rows left out for real, decision classes among them."""
    rank_correlation: Span | None
    """Of estimated influence and measured change of the held-out loss, Spearman's; None with too few groups."""
    p: float | None
    """One-sided, by permutation."""
    agrees: bool
    words: str


@dataclass(frozen=True)
class FrontierPoint:
    """One setting: what it costs and what it brings."""

    name: str
    title: str
    rows: int
    utility: Span
    """The primary metric on held-out rows."""
    change: Answer | None
    """Against the setting beside which it is read; None for that one."""
    exposure: Span | None = None
    """Mean exposure of canaries, bits."""


@dataclass(frozen=True)
class Frontiers:
    """Dataset size, and operators on personal data."""

    sizes: tuple[FrontierPoint, ...]
    operators: tuple[FrontierPoint, ...]
    words: str


@dataclass(frozen=True)
class Flip:
    """How often answers change when a text speaks of another person."""

    axis: str
    pairs: int
    rates: Mapping[str, Span]
    """By arm."""
    change: Answer
    """Flip rate of raw data's adapters less that of curated data's."""


@dataclass(frozen=True)
class Flips:
    """Counterfactual swaps of held-out texts."""

    axes: tuple[Flip, ...]
    words: str


@dataclass(frozen=True)
class Forgotten:
    """What one arm's adapters cost in general text."""

    arm: str
    nats: Span
    """Nats a token on general text, less the base's; above 0 is forgotten."""


@dataclass(frozen=True)
class Forgetting:
    """Loss on text that has nothing to do with the data."""

    texts: int
    base_nats: float
    arms: tuple[Forgotten, ...]
    change: Answer | None
    """How much less curated data's adapters forget than raw data's."""
    words: str


@dataclass(frozen=True)
class BeyondResult:
    """Everything that was asked."""

    asked: tuple[str, ...]
    seeds: tuple[int, ...]
    config: Mapping[str, Any]
    rows: int
    """Training rows of the raw arm."""
    notes: tuple[str, ...]
    seconds: float
    fairness: Fairness | None = None
    memory: Memory | None = None
    receipts: Receipts | None = None
    frontiers: Frontiers | None = None
    flips: Flips | None = None
    forgetting: Forgetting | None = None
    schema_version: int = field(default=SCHEMA_VERSION)
