"""A number with its interval: what results are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A number with its interval."""

    value: float
    low: float
    high: float
