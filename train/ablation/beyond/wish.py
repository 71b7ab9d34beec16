"""What may be asked beyond accuracy, and what whoever asks brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from curate.errors import ConfigError, nearest
from curate.privacy import ScanConfig
from train.ablation.arms import Arm
from train.ablation.design import Design
from train.examples import Examples

FAIRNESS, MEMORY, RECEIPTS, FRONTIERS, FLIPS, FORGETTING = PARTS = (
    "fairness", "memory", "receipts", "frontiers", "flips", "forgetting",
)  # fmt: skip
ALL = "all"
OPERATORS = ("redact", "placeholder", "surrogate")
FREQUENCIES = (1, 4, 16)
Scrub = Callable[[Sequence[str], str], list[str]]
"""Texts and an operator to the texts with their personal data replaced."""
Locate = Callable[[int, str, int, int], tuple[str, int, int] | None]
"""Row number, text of the row as it is trained on, start and end in it; to field pointer, start and end in the raw text."""


@dataclass(frozen=True)
class DecisionClass:
    """Decisions of one kind: what a reviewer's minute would go to."""

    stage: str
    rule: str
    action: str
    rows: int
    """Training rows that they change."""
    without: str
    """Name of the arm of curated data less these decisions."""


@dataclass(frozen=True)
class Wish:
    """What is asked, and the data that only the caller can make."""

    parts: tuple[str, ...]
    raw: Examples
    curated: Examples
    arms: tuple[Arm, ...] = ()
    """Arms of single stages, sizes and operators, beside raw and curated."""
    design: Design = field(default_factory=Design)
    """Seeds, and the sets of stages behind the Shapley values of gaps."""
    classes: tuple[DecisionClass, ...] = ()
    sizes: tuple[tuple[float, str], ...] = ()
    """Multiples of the curated rows, and the arm of each."""
    operators: Mapping[str, str] = field(default_factory=dict)
    """Arm of each operator on personal data, `none` for data that keeps it."""
    positive: str = ""
    """The favourable label, where the recipe names one."""
    scan: ScanConfig | None = None
    """How the privacy stage looks for personal data; None where it is not part of the recipe."""
    scrub: Scrub | None = None
    operator: str = "placeholder"
    """The recipe's own operator on personal data, as far as it has one for all types."""
    locate: Locate | None = None
    """Where a stretch of a row's text stands in the data."""
    frequencies: tuple[int, ...] = FREQUENCIES
    canaries: int = 10
    """Canaries of each frequency and place."""
    candidates: int = 1000
    """Values that a canary is ranked among."""
    steps_of_text: int = 80
    """Optimiser steps of the models that write, from which canaries are read back."""
    notes: tuple[str, ...] = ()


def checked_parts(named: Sequence[str]) -> tuple[str, ...]:
    """The parts that are meant, in their own order; `ConfigError` for one that does not exist."""
    for name in named:
        if name != ALL and name not in PARTS:
            raise ConfigError(f"[ablation] beyond names {name!r}; {nearest(name, (*PARTS, ALL))}")
    return PARTS if ALL in named else tuple(part for part in PARTS if part in named)
