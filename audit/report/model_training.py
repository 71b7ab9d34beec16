"""The part of the report tree that says what training showed: arms, comparisons, curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audit.report.interval import Interval

Outcome = Literal["helped", "harmed", "equivalent", "identical", "inconclusive", "insufficient evidence", "not trained"]


@dataclass(frozen=True)
class CurvePoint:
    """Loss after a number of steps."""

    step: int
    loss: float


@dataclass(frozen=True)
class SeedRun:
    """One training run."""

    seed: int
    metrics: Mapping[str, float]
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True)
class Arm:
    """One variant of the training data."""

    name: str
    title: str
    letter: str
    """Its letter in the figures."""
    rows: int | None
    tokens: int | None
    metrics: Mapping[str, float]
    """Means over seeds."""
    seeds: tuple[SeedRun, ...]
    same_as: str = ""
    """Title of the arm that has the same rows with every seed and was trained in its stead; empty where none has."""

    @property
    def told(self) -> str:
        """The arm as tables name it."""
        return f"{self.title} (the same rows as {self.same_as})" if self.same_as else self.title

    @property
    def finished(self) -> int:
        """Seeds that were trained to the end and scored."""
        return sum(bool(seed.metrics) for seed in self.seeds)


@dataclass(frozen=True)
class Comparison:
    """Arm `a` less arm `b` on the held-out set; positive means that `a` is better."""

    a: str
    b: str
    title: str
    delta: Interval
    verdict: str
    words: str
    seeds: int | None
    items: int | None
    clusters: int | None
    control: bool
    """Whether it compares with the random-removal control."""
    level: float = 0.95
    """Confidence level of the interval: above 0.95 where seeds were added until there was a verdict."""


@dataclass(frozen=True)
class Yardstick:
    """A plain model on the same data, as a sense of scale."""

    arm: str
    """Title of the arm whose rows it learned."""
    name: str
    value: float

    @property
    def told(self) -> str:
        """Model and data as tables name them: the data first, since long names are cut."""
        return f"{self.arm}: {self.name}"


@dataclass(frozen=True)
class Training:
    """The ablation: arms, comparisons, curves."""

    task: str
    metric: str
    metric_title: str
    higher_is_better: bool
    delta: float
    """Differences inside ±delta count as none."""
    outcome: Outcome
    conclusion: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    yardsticks: tuple[Yardstick, ...]
    notes: tuple[str, ...]
    seconds: float | None
