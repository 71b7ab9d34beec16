"""The part of the report's tree that says what single stages do, what the leak does, and how sure any of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.report.interval import Interval


@dataclass(frozen=True)
class StageProof:
    """One stage, by itself and beside the others."""

    stage: str
    title: str
    verdict: str
    words: str
    alone: Interval
    """The stage alone less raw data; above 0 where the stage makes a model better."""
    against_control: Interval
    """The stage alone less a random control of the same size."""
    left_out: Interval
    """Every stage less every stage but this."""
    p_holm: float | None
    """Corrected over the stages: of `alone`, or of the gain over its control where that is larger; None for one stage."""


@dataclass(frozen=True)
class Worth:
    """A stage's part of the whole effect (Shapley value)."""

    stage: str
    title: str
    gain: Interval


@dataclass(frozen=True)
class Reading:
    """The same models read in another way."""

    view: str
    title: str
    rows: int
    arms: Mapping[str, float]
    """Mean of the metric by arm."""
    curated_less_raw: Interval


@dataclass(frozen=True)
class LeakEffect:
    """What training rows that repeat evaluation rows do to the score."""

    rows: int
    words: str
    inflation: Mapping[str, Interval]
    """By arm."""
    seen: Interval | None


@dataclass(frozen=True)
class Looked:
    """One look of a sequential ablation."""

    seeds: int
    level: float
    verdict: str
    runs_left: int | None


@dataclass(frozen=True)
class JudgedPair:
    """Two arms' answers to the same prompts, as people preferred them."""

    first: str
    second: str
    prompts: int
    won: int
    lost: int
    ties: int
    identical: int
    """Prompts that both answer word for word alike; they count as ties, and nobody was asked."""
    share: Interval
    """Share of prompts on which the first is preferred, a tie counting half."""
    p: float | None
    """Two-sided sign test; None where nothing was preferred."""


@dataclass(frozen=True)
class JudgedAlike:
    """How far two people agree on the questions that both answered; a report names neither."""

    questions: int
    alike: float
    """Share of them."""
    kappa: Interval
    """Cohen's; no value where it is not defined, as nobody's answers vary."""


@dataclass(frozen=True)
class Judged:
    """What people said of answers shown to them blindly, side by side."""

    pairs: tuple[JudgedPair, ...]
    people: int
    asked_twice: int
    alike: int
    """Of those that were asked twice."""
    between: tuple[JudgedAlike, ...] = ()
    """Each two people who answered a question in common."""


@dataclass(frozen=True)
class Proof:
    """What stands behind the verdict."""

    preset: str
    match: str
    labels: str
    """Where the labels of the evaluation come from."""
    noise_floor: float | None
    """Two runs that differ in the seed alone lie within this of each other 19 times in 20."""
    minimum_detectable: float | None
    """The true difference between curated and raw that would be shown four times in five."""
    tests: str
    """The tests beside the interval of curated against raw, in a sentence."""
    stages: tuple[StageProof, ...] = ()
    shapley: tuple[Worth, ...] = ()
    exact: bool = True
    """Whether Shapley values are averaged over every order of the stages."""
    views: tuple[Reading, ...] = ()
    leak: LeakEffect | None = None
    looks: tuple[Looked, ...] = ()
    judged: Judged | None = None
    """None where nobody compared answers, or the arms have been trained again since."""
