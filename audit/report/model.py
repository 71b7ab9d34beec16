"""The report as data: one tree of frozen dataclasses that every rendering reads.

HTML, Markdown, terminal and JSON hold the same numbers because none of them computes any. Every string in the tree is
safe to show: texts from the data have passed the masked preview, and no string holds a control or direction character.
Rates, probabilities and scores lie in 0..1; lengths are in code points; times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.report.model_beyond import Beyond
from audit.report.model_enough import Enough
from audit.report.model_fairness import Fairness, GroupColumn, SliceTable, Swaps
from audit.report.model_proof import Proof
from audit.report.model_residual import Residual
from audit.report.model_review import Reviewed
from audit.report.model_stage import Pending, StageReport
from audit.report.model_trainer import TrainedAdapter, TrainerAlert
from audit.report.model_training import Outcome, Training

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Headline:
    """What a reader who stops after one sentence should know."""

    sentence: str
    """Rows in and out, edits, and what training showed."""
    rows: str
    """Rows in and out, and edits, alone."""
    outcome: Outcome
    """The verdict on curation: against raw data and against a random removal of the same size."""
    verdict: str
    """The verdict in a sentence."""
    cautions: tuple[str, ...] = ()
    """Things that limit what the report shows: skipped stages, insufficient evidence, pending reviews."""


@dataclass(frozen=True)
class RoleUse:
    """The columns that play a role, and why."""

    role: str
    columns: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Input:
    """The data that was read."""

    path: str
    format: str
    compression: str
    size_bytes: int | None
    rows: int
    rejected: int
    task: str
    roles: tuple[RoleUse, ...]
    other_columns: tuple[str, ...]
    """Columns that no role names; they are carried through."""


@dataclass(frozen=True)
class Flow:
    """What became of the rows."""

    rows_in: int
    rows_out: int
    dropped_rows: int
    edited_rows: int
    """Kept rows in which at least one span was replaced."""
    relabelled_rows: int
    """Kept rows whose label changed."""
    reweighted_rows: int
    added_rows: int
    orphans: int
    """Findings that people decided on and that this run did not bring."""


@dataclass(frozen=True)
class LabelCount:
    """Rows of one label before and after curation."""

    label: str
    before: int
    after: int


@dataclass(frozen=True)
class Lengths:
    """How long rows are, in code points of their content."""

    edges: tuple[float, ...]
    """Bin edges, one more than bins; the last bin also holds everything longer."""
    before: tuple[int, ...]
    after: tuple[int, ...]
    median_before: float | None
    median_after: float | None
    longest_before: int | None
    longest_after: int | None


@dataclass(frozen=True)
class Profile:
    """What the data looks like, before and after."""

    labels: tuple[LabelCount, ...]
    other_labels: int
    """Labels beyond those listed."""
    unlabelled_before: int
    unlabelled_after: int
    lengths: Lengths | None


@dataclass(frozen=True)
class Reproducibility:
    """What is needed to get the same result again."""

    input_hash: str
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    seeds: Mapping[str, Any]
    recipe: str
    """The resolved recipe as JSON."""
    outputs: Mapping[str, str]
    commands: tuple[str, ...]
    seconds: Mapping[str, float]
    started: str
    finished: str


@dataclass(frozen=True)
class Report:
    """Everything that a report shows, in the order a reader wants it."""

    headline: Headline
    flow: Flow
    training: Training | None
    stages: tuple[StageReport, ...]
    groups: tuple[GroupColumn, ...]
    fairness: Fairness
    pending: Pending
    input: Input
    profile: Profile
    reproducibility: Reproducibility
    enough: Enough | None = None
    """Whether there is enough data; None where the stage did not run."""
    residual: Residual | None = None
    """What the scan for personal data missed; None where it did not run."""
    reviewed: Reviewed | None = None
    """What people's answers certify; None where nobody has answered anything."""
    proof: Proof | None = None
    """What single stages do and how sure the verdict is; None where nothing was trained."""
    adapters: tuple[TrainedAdapter, ...] = ()
    """The adapters that `curate train` made of the curated rows."""
    arm_alerts: tuple[TrainerAlert, ...] = ()
    """What the trainer's watchdogs said of the arms."""
    swaps: Swaps | None = None
    """What counterfactual swaps do to a model's answers; None where the stage did not run."""
    slices: tuple[SliceTable, ...] = ()
    """The slices of rows that do worst, by score."""
    beyond: Beyond | None = None
    """What was measured beyond accuracy; None where that was not asked."""
    narrow: bool = False
    """Whether some stages only were asked for, and no training: what nobody asked is then left out."""
    schema_version: int = field(default=SCHEMA_VERSION)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; valid under `docs/schema/report.schema.json`."""
        from audit.report.schema import to_json

        out = to_json(self)
        return {"schema_version": out.pop("schema_version"), **out}

    def __repr__(self) -> str:
        return f"Report({self.headline.sentence!r})"
