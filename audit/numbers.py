"""Counts and shares as people read them; apart from the reports, because the gate starts without them."""

from __future__ import annotations


def count(n: int | None) -> str:
    """`12,345`."""
    return "–" if n is None else f"{n:,}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{n:,} {one if n == 1 else (many or one + 's')}"


def share(x: float) -> str:
    """`24%`, `3.1%`: whole per cent, one decimal near the ends, never rounded to nothing or to all."""
    text = f"{x:.1%}" if 0 < x < 0.0995 or 0.995 <= x < 1 else f"{x:.0%}"
    return "<0.1%" if x > 0 and text == "0.0%" else ">99.9%" if x < 1 and text == "100.0%" else text


def percent(x: float | None, decimals: int = 1) -> str:
    """`12.3 %`; a share that is small but not zero never reads as zero."""
    if x is None:
        return "–"
    floor = 10 ** -(decimals + 2)
    if 0 < abs(x) < floor:
        return f"{'−' if x < 0 else ''}<{floor * 100:.{decimals}f} %"
    return f"{100 * x:.{decimals}f} %".replace("-", "−")
