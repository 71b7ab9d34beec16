"""What an ablation found, as an object for Python and as `ablation.json` for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from train.ablation.beyond.result import BeyondResult
from train.ablation.span import Span
from train.ablation.verdict import Comparison
from train.files import SCHEMA_VERSION


@dataclass(frozen=True)
class ArmResult:
    """One arm over all seeds."""

    name: str
    title: str
    method: str
    rows: int
    """Rows that are trained on (of the first seed): those that the model can take."""
    tokens: int
    """Tokens in the training rows (of the first seed)."""
    runs: tuple[Mapping[str, Any], ...]
    """One object a seed: seed, status, metrics, curve (path of metrics.jsonl), seconds, same_as."""
    mean: float | None
    """Mean of the primary metric over the seeds that finished."""
    spread: float | None
    """Standard deviation of it over the seeds: the noise floor of a single run."""
    lost_classes: tuple[str, ...] = ()
    """Classes of the label space that the arm has no row of; personal data in them masked."""
    description: str = ""
    """What the method is, where it needs saying."""


@dataclass(frozen=True)
class StageResult:
    """What one stage does, by itself and beside the others."""

    stage: str
    verdict: str
    """helped, harmed, equivalent, identical, inconclusive or insufficient evidence: the stage alone against raw data and
    against its control, after Holm's correction over the stages."""
    words: str
    """The verdict in plain words."""
    alone: Comparison | None
    """The stage alone against raw data."""
    against_control: Comparison | None
    """The stage alone against a random control of the same size."""
    left_out: Comparison | None
    """Every stage against every stage but this."""


@dataclass(frozen=True)
class ShapleyValue:
    """The part of curation's effect that is one stage's, averaged over all orders of the stages."""

    stage: str
    gain: Span
    """In the metric's unit, above 0 where the stage makes it better; the values add up to curated less raw."""
    exact: bool
    """Whether every order was averaged over; otherwise `orders` sampled ones were, and the interval allows for that."""
    orders: int


@dataclass(frozen=True)
class ViewResult:
    """The same models read in another way."""

    view: str
    """given_split, scrubbed, verified or as_given."""
    title: str
    rows: int
    arms: Mapping[str, float]
    """Mean of the metric by arm."""
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Leak:
    """What training rows that repeat evaluation rows do to the score on the split as given."""

    rows: int
    """Evaluation rows of the given split that were set aside."""
    inflation: Mapping[str, Span]
    """By arm: the metric on the given split less that on its leak-free part, above 0 where it looks better."""
    seen: Span | None
    """Inflation of raw less that of curated data: the part that goes with having seen the rows, not with how hard they
    are. None where curated data keeps the same leaks."""
    words: str


@dataclass(frozen=True)
class Look:
    """One look of a sequential ablation."""

    seeds: int
    level: float
    """Confidence level of the intervals at this look."""
    verdict: str
    runs_left: int | None
    """Training runs left to a verdict if estimates stay as they are; 0 at the end, None where more seeds will not do."""


@dataclass(frozen=True)
class AblationResult:
    """Verdict, comparisons, arms and everything needed to judge or repeat them."""

    task: str
    metric: str
    delta: float
    """δ: differences of the metric within ±δ do not matter."""
    verdict: str
    """helped, harmed, equivalent, identical, inconclusive or insufficient evidence: curated against raw and control."""
    words: str
    """The verdict in plain words, with Δ, interval, n, seeds, MDE and Δ against the random control."""
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    yardstick: Mapping[str, Any]
    """TF-IDF + logistic regression by arm (classification), or empty."""
    evaluation: Mapping[str, Any]
    """rows and clusters that are scored, labels ("as given", or the column that verifies them), note."""
    config: Mapping[str, Any]
    base: str
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    seconds: float
    stages: tuple[StageResult, ...] = ()
    """Effects of single stages, where they were asked about."""
    shapley: tuple[ShapleyValue, ...] = ()
    views: tuple[ViewResult, ...] = ()
    leak: Leak | None = None
    looks: tuple[Look, ...] = ()
    """Looks of a sequential ablation; empty where there was one look at the end."""
    noise_floor: float | None = None
    """Two runs of one arm that differ in the seed alone lie within this of each other, 19 times in 20."""
    preset: str = ""
    """quick, claim, or empty where the seeds were chosen otherwise."""
    beyond: BeyondResult | None = None
    """What was found beyond accuracy, where that was asked."""
    match: str = "steps"
    """What arms have in common: optimiser `steps` and the targets learned in them, or `epochs`."""
    schema_version: int = field(default=SCHEMA_VERSION)

    def arm(self, name: str) -> ArmResult | None:
        """The arm of that name, if it was part of the ablation."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def comparison(self, a: str, b: str) -> Comparison | None:
        """The comparison of `a` against `b`, if it was made."""
        return next((c for c in self.comparisons if (c.a, c.b) == (a, b)), None)

    def stage(self, name: str) -> StageResult | None:
        """What was found about one stage, if it was asked about."""
        return next((s for s in self.stages if s.stage == name), None)

    def to_json(self) -> dict[str, Any]:
        """The content of `ablation.json`; valid under `docs/schema/ablation.schema.json`."""
        body = asdict(self)
        return {"schema_version": body.pop("schema_version"), **body}
