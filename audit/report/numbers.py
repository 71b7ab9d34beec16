"""Numbers in words: counts, shares, differences with their intervals, durations, sizes; code in sentences.

A true minus sign, thousands apart by commas, and no number that rounds to a false zero.
"""

from __future__ import annotations

from audit.numbers import count as count
from audit.numbers import percent as percent
from audit.numbers import plural as plural
from audit.report.model import Interval


def signed(x: float | None, decimals: int = 3) -> str:
    """`+0.071`, with a true minus sign."""
    if x is None:
        return "–"
    text = f"{x:+.{decimals}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def number(x: float | int | None, decimals: int = 3) -> str:
    """A plain number."""
    if x is None:
        return "–"
    return f"{x:,}" if isinstance(x, int) else f"{x:,.{decimals}f}".replace("-", "−")


def measure(value: float | int | str | bool | None) -> str:
    """One value of a summary or an evidence."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}".replace("-", "−") if abs(value) < 1e4 else f"{value:,.0f}"
    return count(value) if isinstance(value, int) else (value or "–")


def percent_span(interval: Interval) -> str:
    """`12.3 % [10.1, 14.9]`."""
    if interval.value is None:
        return "–"
    if interval.low is None or interval.high is None:
        return percent(interval.value)
    return f"{percent(interval.value)} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]".replace("-", "−")


def estimate_span(interval: Interval) -> str:
    """As `percent_span`, or the words for a share that nothing was counted for."""
    return "insufficient evidence" if interval.value is None else percent_span(interval)


def points_span(interval: Interval) -> str:
    """A difference of shares in percentage points: `+1.2 [−0.4, +2.8]`."""
    if interval.value is None:
        return "–"
    if interval.low is None or interval.high is None:
        return signed(100 * interval.value, 1)
    return f"{signed(100 * interval.value, 1)} [{signed(100 * interval.low, 1)}, {signed(100 * interval.high, 1)}]"


def plain_span(interval: Interval) -> str:
    """`0.476 [0.450, 0.497]`; an end that is not known is left open."""
    if interval.value is None and interval.high is None:
        return "–"
    if interval.low is None and interval.high is None:
        return number(interval.value)
    ends = ", ".join("…" if v is None else number(v) for v in (interval.low, interval.high))
    return f"{number(interval.value)} [{ends}]"


def duration(seconds: float | None) -> str:
    """`850 ms`, `12.3 s`, `4 min 05 s`."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def size(n: int | None) -> str:
    """`1.2 MB`, decimal."""
    if n is None:
        return "–"
    value = float(n)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def parts_of_prose(text: str) -> list[tuple[bool, str]]:
    """A sentence of ours cut at its backticks: (whether it is code, text)."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a backtick without a partner is only a character
        return [(False, text)]
    return [(bool(i % 2), piece) for i, piece in enumerate(pieces) if piece]
