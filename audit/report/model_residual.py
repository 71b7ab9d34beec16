"""The part of the report tree that says what the scan for personal data left behind."""

from __future__ import annotations

from dataclasses import dataclass

from audit.report.interval import Interval


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
