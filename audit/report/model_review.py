"""What the report knows of people's answers: precision, recall and how much of the data is wrong, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

from audit.report.interval import Interval


@dataclass(frozen=True)
class ReviewedStage:
    """How often the findings of a stage are right."""

    stage: str
    title: str
    right: Interval
    findings: int
    answers: int


@dataclass(frozen=True)
class ReviewedKind:
    """How much of one kind of error was found."""

    kind: str
    recall: Interval
    found: int
    """Rows with a finding of it."""
    missed: Interval
    """Rows that hold one and have no finding of it."""


@dataclass(frozen=True)
class ReviewedRows:
    """How much of the data is wrong; shares of rows."""

    answers: int
    rows: int
    kept: int
    wrong: Interval
    """Before anything was changed."""
    left: Interval
    """Of the rows that stay, under the decisions taken."""
    kinds: tuple[ReviewedKind, ...]


@dataclass(frozen=True)
class Reviewed:
    """What people said, and what that certifies."""

    sentence: str
    people: int
    about_findings: int
    about_rows: int
    asked_twice: int
    alike: int
    differ: int
    """Questions on which people differ."""
    stages: tuple[ReviewedStage, ...]
    rows: ReviewedRows | None
    """None where nobody was asked about a row."""
