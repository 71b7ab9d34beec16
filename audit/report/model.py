"""The report as data: one tree of frozen dataclasses that every rendering reads.

HTML, Markdown, terminal and JSON hold the same numbers because none of them computes any. Every string in the tree is
safe to show: texts from the data have passed the masked preview, and no string holds a control or direction character.
Rates, probabilities and scores lie in 0..1; lengths are in code points; times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from audit.report.interval import GroupOutcome as GroupOutcome
from audit.report.interval import Interval as Interval
from audit.report.model_beyond import Beyond
from audit.report.model_enough import Enough
from audit.report.model_fairness import Fairness as Fairness
from audit.report.model_fairness import FairnessRow as FairnessRow
from audit.report.model_fairness import GroupColumn as GroupColumn
from audit.report.model_fairness import GroupRow as GroupRow
from audit.report.model_fairness import SliceTable, Swaps
from audit.report.model_proof import Proof
from audit.report.model_review import Reviewed
from audit.report.model_trainer import TrainedAdapter, TrainerAlert

SCHEMA_VERSION = 1

Outcome = Literal[
    "helped", "harmed", "equivalent", "identical", "inconclusive", "insufficient evidence", "not trained"
]


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
class Counts:
    """Findings by what the plan says of them."""

    applied: int = 0
    pending: int = 0
    rejected: int = 0
    superseded: int = 0
    stale: int = 0
    applied_notes: int = 0
    """Applied findings that are flags: they change no data."""
    pending_notes: int = 0
    """Pending findings of a stage that only flags: they wait for nobody."""

    @property
    def total(self) -> int:
        """All findings."""
        return self.applied + self.pending + self.rejected + self.superseded + self.stale

    @property
    def shown(self) -> dict[str, int]:
        """The counts as people read them: what is only a note neither changed data nor waits for anybody."""
        return {
            "applied": self.applied - self.applied_notes,
            "noted": self.applied_notes + self.pending_notes,
            "pending": self.pending - self.pending_notes,
            "stale": self.stale,
            "rejected": self.rejected,
            "superseded": self.superseded,
        }


@dataclass(frozen=True)
class Piece:
    """A run of words of a text and how it compares with the other text."""

    kind: Literal["same", "changed", "masked"]
    text: str


@dataclass(frozen=True)
class Text:
    """A masked preview of one row, cut into pieces."""

    row: int
    pieces: tuple[Piece, ...]
    label: str | None = None

    @property
    def plain(self) -> str:
        """The preview without its marks."""
        return "".join(p.text for p in self.pieces)


@dataclass(frozen=True)
class Change:
    """A proposed change of a label or a span."""

    before: str
    after: str


@dataclass(frozen=True)
class Measure:
    """One number of the evidence, named."""

    name: str
    value: float | int | str | bool | None


@dataclass(frozen=True)
class Example:
    """One finding, shown."""

    kind: Literal["duplicate", "label", "span", "row", "dataset"]
    rule: str
    action: str
    status: str
    why: str
    """Why the plan gave it that status."""
    score: float
    reason: str
    field: str | None = None
    text: Text | None = None
    witness: Text | None = None
    """The row that justifies the finding."""
    change: Change | None = None
    neighbours: tuple[Text, ...] = ()
    """Similar rows, with their labels."""
    evidence: tuple[Measure, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Findings of one rule of a stage."""

    rule: str
    action: str
    reason: str
    counts: Counts


@dataclass(frozen=True)
class Estimate:
    """A share that a stage measured of itself on this data: its recall, its precision."""

    what: str
    hits: int
    of: int
    """Cases counted; with none there is insufficient evidence, and no share."""
    share: Interval


@dataclass(frozen=True)
class Missed:
    """Personal data that the scanner missed, of one kind, in 1,000 rows."""

    kind: str
    rate: Interval
    """Without a value only its upper end is known; without that there is insufficient evidence."""
    found: int
    """Spans that the scanner found in the sample."""
    candidates: int
    """Places that only weaker detectors marked."""
    reviewed: int
    """Those of them that a person judged."""


@dataclass(frozen=True)
class NameGroup:
    """Made-up names of one locale that the scanner found in sentences."""

    group: str
    asked: int
    found: int
    share: Interval


@dataclass(frozen=True)
class NameRecall:
    """Whether the names of some people are missed more often than those of others."""

    sentence: str
    overall: NameGroup
    worst: NameGroup
    """The locale that did worst on one half of its names, by the other half."""
    differs: bool
    """Whether the evidence says that it is missed more often than all names are."""
    groups: tuple[NameGroup, ...]
    """All locales, the worst first."""


@dataclass(frozen=True)
class Residual:
    """What the scan for personal data left behind, estimated on a sample of the raw rows."""

    sentence: str
    sampled_rows: int
    reviewed_rows: int
    total: Missed
    kinds: tuple[Missed, ...]
    readers: Interval | None
    """The same from the rows that a person read alone, without any assumption about detectors."""
    not_covered: tuple[str, ...]
    """Types that are scanned for and that no estimate speaks of."""
    names: NameRecall | None = None
    """None where names of people are not looked for."""


@dataclass(frozen=True)
class Leak:
    """How much of one set that a model is tested on, or of earlier data, stands in training rows."""

    kind: str
    """evaluation split, named set or earlier data."""
    set: str
    items: int
    found: int
    """Items that some training row holds."""
    rows: int
    """Training rows that hold one of them, each counted once."""
    only_whole: int
    """Items too short or too common to be looked for inside a row; they are found where a row asks nothing else."""


@dataclass(frozen=True)
class StageReport:
    """One stage: what it found, what came of it, and examples."""

    name: str
    title: str
    status: Literal["done", "skipped"]
    reason: str
    """Why it was skipped."""
    on_finding: str
    """What the recipe does with its findings: apply, review or flag."""
    seconds: float | None
    findings: int
    counts: Counts
    dropped_rows: int
    edited_rows: int
    relabelled_rows: int
    left: int | None
    """Findings of the same stage on the curated data; None when it did not look again."""
    left_alike_once_edited: int = 0
    """Those of them that are copies because the row, or the row it repeats, was edited or relabelled."""
    helper: bool = False
    """Whether it ran only for what other stages take from it, and nobody asked for its findings."""
    rules: tuple[Rule, ...] = ()
    measured: tuple[Estimate, ...] = ()
    """How well the stage looked, by its own measurement on a sample of this data."""
    leaks: tuple[Leak, ...] = ()
    """What the stage compared training rows with, and how much of it they hold."""
    summary: tuple[Measure, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def waiting(self) -> int:
        """Findings that wait for a person. Those of a stage that only flags are notes and wait for nobody."""
        return self.counts.stale + self.counts.shown["pending"]


@dataclass(frozen=True)
class Pending:
    """What waits for a person, and how to go on."""

    total: int
    by_stage: Mapping[str, int]
    commands: tuple[str, ...]
    only_looks: int = 0
    """Of all: flags, which change no row whatever is decided."""


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


@dataclass(frozen=True)
class Yardstick:
    """A plain model on the same data, as a sense of scale."""

    arm: str
    name: str
    value: float


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
