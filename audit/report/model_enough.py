"""The part of the report's tree that says whether there is enough data; see `audit.report.model`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CurvePoint:
    """Accuracy of a quick model trained on so many rows, with a 95% interval."""

    rows: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class SmallClass:
    """A class and its rows."""

    label: str
    rows: int
    distinct: int
    """Rows that are no near-duplicates of one another."""


@dataclass(frozen=True)
class Enough:
    """Rows of each class, balance, and what more rows would bring."""

    sentence: str
    rows: int
    distinct: int
    smallest: tuple[SmallClass, ...]
    curve: tuple[CurvePoint, ...]
    doubled: CurvePoint | None
    """What twice the rows would bring, by extrapolation."""
    backtest: CurvePoint | None
    """What the smaller sizes predicted for all rows, to be compared with the last point of the curve."""
    curve_says: str
