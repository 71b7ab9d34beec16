"""The part of the report tree that says what each stage found, what came of it, and examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audit.report.interval import Interval


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
