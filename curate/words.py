"""Numbers as people read them, alike in the terminal, the interface, reports and messages.

Thousands apart by commas, `24%` without a space, a true minus sign, decimal bytes, and no number that rounds to a false
zero. None is a dash.
"""

from __future__ import annotations

from collections.abc import Mapping

DASH = "–"


def count(n: int | None) -> str:
    """`12,345`."""
    return DASH if n is None else f"{n:,}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def outcomes_told(counts: Mapping[str, int]) -> str:
    """`2 disparities, 31 equivalent`."""
    return ", ".join(f"{n:,} {'disparities' if o == 'disparity' and n > 1 else o}" for o, n in counts.items())


def number(x: float | None, decimals: int = 3) -> str:
    """`1,234`, `0.071`."""
    return count(x) if x is None or isinstance(x, int) else signed(x, decimals).removeprefix("+")


def signed(x: float | None, decimals: int = 3) -> str:
    """`+0.071`, and a difference of nothing without a sign."""
    if x is None:
        return DASH
    text = f"{x:+,.{decimals}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text[1:]


def points(x: float) -> str:
    """`+6.0`: a difference of shares, in percentage points."""
    return signed(100 * x, 1)


def difference(x: float, low: float, high: float, decimals: int = 1) -> str:
    """`+1.2 [−0.4, +2.8]`."""
    return f"{signed(x, decimals)} [{signed(low, decimals)}, {signed(high, decimals)}]"


def measure(value: float | str | bool | None) -> str:
    """One value of a summary or of a finding's evidence."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}".replace("-", "−") if abs(value) < 1e4 else f"{value:,.0f}"
    return count(value) if isinstance(value, int) else value or DASH


def percent(x: float | None, decimals: int = 1) -> str:
    """`12.3%`; a share that is small but not zero never reads as zero."""
    if x is None:
        return DASH
    sign, least = "−" if x < 0 else "", 10.0 ** -(decimals + 2)
    return f"{sign}<{least:.{decimals}%}" if 0 < abs(x) < least else f"{x:.{decimals}%}".replace("-", "−")


def rate(x: float) -> str:
    """`0.071`, `3.1`, `46,679`: how many in so and so many, with two digits at least and never a false zero."""
    return "0" if x == 0 else f"{x:,.0f}" if x >= 10 else f"{x:.1f}" if x >= 1 else f"{x:.2g}"


def share(x: float) -> str:
    """`24%`, `3.1%`: whole per cent, one decimal near the ends, never rounded to nothing or to all."""
    text = f"{x:.1%}" if 0 < x < 0.0995 or 0.995 <= x < 1 else f"{x:.0%}"
    return "<0.1%" if x > 0 and text == "0.0%" else ">99.9%" if x < 1 and text == "100.0%" else text


def ends(low: float, high: float) -> str:
    """`[1.2%, 9.0%]`: an interval of a share."""
    return f"[{share(low)}, {share(high)}]"


def duration(seconds: float | None) -> str:
    """What was measured: `850 ms`, `3.2 s`, `45 s`, `4 min 05 s`, `23 min`, `2 h 05 min`."""
    if seconds is None:
        return DASH
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 99.5:
        return f"{seconds:.{int(seconds < 9.95)}f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def rough_duration(seconds: float) -> str:
    """What is estimated, and ages: `40 s`, `3 min`, `2.5 h`, `12 d`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    hours = seconds / 3600
    if hours < 1.5:
        return f"{round(seconds / 60)} min"
    return f"{hours:.1f} h" if hours < 48 else f"{round(hours / 24)} d"


def size(n: float | None) -> str:
    """Bytes: `850 B`, `1.2 MB`, `3.4 GB`; decimal, memory too."""
    if n is None:
        return DASH
    if n < 999.5:
        return f"{n:.0f} B"
    for unit in ("kB", "MB", "GB"):
        n /= 1000
        if n < 999.95:
            return f"{n:.1f} {unit}"
    return f"{n / 1000:.1f} TB"
