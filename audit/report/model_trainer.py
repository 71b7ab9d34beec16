"""What the report knows of a trained adapter: its curves, what the watchdogs said, how it was judged beside its base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.report.interval import Interval


@dataclass(frozen=True)
class Point:
    """A value at an optimiser step: a mean over a stretch of steps, with the least and the largest of them."""

    step: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """One curve."""

    name: str
    """`loss`, `validation_loss`, `learning_rate`, `grad_norm` or `tokens_per_s`."""
    points: tuple[Point, ...]


@dataclass(frozen=True)
class TrainerAlert:
    """What a watchdog of the trainer said."""

    run: str
    """The training run: an arm and its seed, or the seed of an adapter of its own."""
    kind: str
    severity: str
    """`fatal`, `warning` or `note`."""
    step: int
    """0 before training."""
    words: str
    recommendation: str
    numbers: Mapping[str, float | int | None]
    rows: tuple[int, ...] = ()
    """Input rows concerned, the most telling first; at most 12."""
    more_rows: int = 0
    findings: tuple[str, ...] = ()
    """Rules that found something in those rows."""
    names: tuple[str, ...] = ()
    """Classes concerned."""


@dataclass(frozen=True)
class JudgedMetric:
    """One metric of base and adapter on one set."""

    name: str
    base: float | None
    adapter: float | None
    interval: Interval
    """The adapter's, 95%."""


@dataclass(frozen=True)
class JudgedSet:
    """Base and adapter on one set of rows."""

    name: str
    """`evaluation`: held-out rows; `real_world`: rows of real use."""
    rows: int | None
    base_method: str
    metrics: tuple[JudgedMetric, ...]


@dataclass(frozen=True)
class ClassScore:
    """One class of the evaluation."""

    label: str
    precision: float
    recall: float
    f1: float
    rows: int


@dataclass(frozen=True)
class Confusion:
    """Rows of one class that were taken for another."""

    truth: str
    prediction: str
    rows: int
    share: float
    """Of the rows of `truth`."""


@dataclass(frozen=True)
class TrainedAdapter:
    """One adapter that `curate train` made, or tried to make."""

    run: str
    finished: bool
    """False where training stopped before its end: its curves and alerts are shown all the same."""
    base: str
    rows: int | None
    steps: int | None
    seconds: float | None
    curves: tuple[Series, ...]
    alerts: tuple[TrainerAlert, ...]
    sets: tuple[JudgedSet, ...] = ()
    classes: tuple[ClassScore, ...] = ()
    """Classes of the held-out rows, the hardest first."""
    confusions: tuple[Confusion, ...] = ()
    """The commonest wrong predictions on the held-out rows."""
    methods: tuple[str, ...] = ()
    """How written answers were compared."""
    planned_steps: int | None = None
    """Steps that it was to take at most; None where no validation rows could end it earlier."""
    kept_step: int | None = None
    """The step whose weights were kept, that of the least validation loss; None where they are those of the last one."""
