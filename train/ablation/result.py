"""What an ablation found, as an object for Python and as `ablation.json` for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from train.ablation.verdict import Comparison
from train.files import SCHEMA_VERSION


@dataclass(frozen=True)
class ArmResult:
    """One arm over all seeds."""

    name: str
    title: str
    method: str
    rows: int
    """Training rows (of the first seed)."""
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
class AblationResult:
    """Verdict, comparisons, arms and everything needed to judge or repeat them."""

    task: str
    metric: str
    delta: float
    """δ: differences of the metric within ±δ do not matter."""
    verdict: str
    """helped, harmed, equivalent, identical, inconclusive or insufficient evidence: curated against raw and control."""
    words: str
    """The verdict in plain words, with Δ, interval, n, seeds, and Δ against the random control."""
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    yardstick: Mapping[str, Any]
    """TF-IDF + logistic regression by arm (classification), or empty."""
    evaluation: Mapping[str, Any]
    """rows, clusters, labels ("as given"), note."""
    config: Mapping[str, Any]
    base: str
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    seconds: float
    schema_version: int = field(default=SCHEMA_VERSION)

    def arm(self, name: str) -> ArmResult | None:
        """The arm of that name, if it was part of the ablation."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def comparison(self, a: str, b: str) -> Comparison | None:
        """The comparison of `a` against `b`, if it was made."""
        return next((c for c in self.comparisons if (c.a, c.b) == (a, b)), None)

    def to_json(self) -> dict[str, Any]:
        """The content of `ablation.json`."""
        body = {name: getattr(self, name) for name in self.__dataclass_fields__}
        body["arms"] = [vars(arm) for arm in self.arms]
        body["comparisons"] = [comparison.to_json() for comparison in self.comparisons]
        return {"schema_version": body.pop("schema_version"), **body}
