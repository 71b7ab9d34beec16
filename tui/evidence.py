"""What the screens say of findings: one line in the queue, everything in the detail pane.

`tui.reader` makes these; every string in them has passed through the masked preview, so a screen holds no personal data
that the scanner knows and nothing that a terminal would obey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Line:
    """One finding in the queue."""

    status: str
    row: int | None
    score: float
    proposal: str
    text: str
    flagged: bool = False


@dataclass(frozen=True)
class Side:
    """One row in the detail pane."""

    row: int
    text: str
    leaves: bool


@dataclass(frozen=True)
class Neighbour:
    """A similar row that speaks for or against a label."""

    row: int
    label: str
    similarity: float
    text: str


@dataclass(frozen=True)
class Member:
    """A row of the same cluster of duplicates, which could be the one that stays."""

    row: int
    leaves: bool
    text: str


@dataclass(frozen=True)
class Evidence:
    """What the detail pane shows of one finding; every text is masked and safe to print."""

    index: int
    finding_id: str
    stage: str
    rule: str
    action: str
    proposal: str
    reason: str
    status: str
    why: str
    score: float
    place: str = ""
    """Where in the row, as the finding names it."""
    about: str = ""
    """The one of its texts that a finding on quality is about: it may stand behind a long prompt."""
    side: Side | None = None
    witness: Side | None = None
    span: tuple[str, str, str, str] | None = None
    """Text before an edit, what stands there (its mask, unless revealed), what goes there, text after it."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """What the row is given beside its prompt or text, by column: a passage, choices."""
    given: str = ""
    suggested: str = ""
    top: tuple[tuple[str, float], ...] = ()
    """The likeliest labels and their probabilities."""
    neighbours: tuple[Neighbour, ...] = ()
    members: tuple[Member, ...] = ()
    """For duplicates: the rows among which a survivor is chosen, this one first."""
    flagged: bool = False
    revealed: bool = False
    """Whether personal data is shown as it stands: only ever by a key, and only for this one look."""
    kind: str = ""
    """For a replaced span: the type of personal data, by the rule that found it."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    decisions: tuple[str, ...] = ()
