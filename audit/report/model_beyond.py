"""The part of the report's tree that holds what was measured beyond accuracy: parts with a verdict, a figure, a table."""

from __future__ import annotations

from dataclasses import dataclass

from audit.report.interval import Interval


@dataclass(frozen=True)
class BeyondMark:
    """One line of a part's figure."""

    label: str
    span: Interval
    told: str
    hollow: bool = False


@dataclass(frozen=True)
class BeyondTable:
    """Cells as they are shown; from column `numbers_from` on they are numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int = 1


@dataclass(frozen=True)
class BeyondPart:
    """One question beyond accuracy."""

    name: str
    title: str
    words: str
    """What came of it."""
    about: str
    """How it was measured, in a sentence or two."""
    x_label: str
    marks: tuple[BeyondMark, ...]
    tables: tuple[BeyondTable, ...]


@dataclass(frozen=True)
class Beyond:
    """Fairness, memory and privacy, decision by decision."""

    parts: tuple[BeyondPart, ...]
    about: str
    """Rows, seeds and steps of the runs behind all of it."""
    notes: tuple[str, ...] = ()
