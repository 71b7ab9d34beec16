"""Counts and shares as people read them; apart from the reports, because the gate starts without them."""

from __future__ import annotations


def count(n: int | None) -> str:
    """`12,345`."""
    return "–" if n is None else f"{n:,}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{n:,} {one if n == 1 else (many or one + 's')}"


def percent(x: float | None, decimals: int = 1) -> str:
    """`12.3 %`; a share that is small but not zero never reads as zero."""
    if x is None:
        return "–"
    floor = 10 ** -(decimals + 2)
    if 0 < abs(x) < floor:
        return f"{'−' if x < 0 else ''}<{floor * 100:.{decimals}f} %"
    return f"{100 * x:.{decimals}f} %".replace("-", "−")
