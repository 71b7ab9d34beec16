"""Estimates with their intervals in words; code inside sentences."""

from __future__ import annotations

from audit.report.interval import Interval
from curate.words import DASH, difference, number, percent, points


def percent_span(interval: Interval) -> str:
    """`12.3% [10.1, 14.9]`."""
    if interval.value is None:
        return DASH
    if interval.low is None or interval.high is None:
        return percent(interval.value)
    return f"{percent(interval.value)} [{number(100 * interval.low, 1)}, {number(100 * interval.high, 1)}]"


def estimate_span(interval: Interval) -> str:
    """As `percent_span`, or the words for a share that nothing was counted for."""
    return "insufficient evidence" if interval.value is None else percent_span(interval)


def points_span(interval: Interval) -> str:
    """A difference of shares in percentage points: `+1.2 [−0.4, +2.8]`."""
    if interval.value is None:
        return DASH
    if interval.low is None or interval.high is None:
        return points(interval.value)
    return difference(100 * interval.value, 100 * interval.low, 100 * interval.high)


def plain_span(interval: Interval) -> str:
    """`0.476 [0.450, 0.497]`; an end that is not known is left open."""
    if interval.value is None and interval.high is None:
        return DASH
    if interval.low is None and interval.high is None:
        return number(interval.value)
    ends = ", ".join("…" if v is None else number(v) for v in (interval.low, interval.high))
    return f"{number(interval.value)} [{ends}]"


def parts_of_prose(text: str) -> list[tuple[bool, str]]:
    """A sentence of ours cut at its backticks: (whether it is code, text)."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick without a partner is only a character
        return [(False, text)]
    return [(bool(i % 2), piece) for i, piece in enumerate(pieces) if piece]
