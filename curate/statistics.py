"""What every room's statistics share: numbers out of files, the quantile of a 95% interval, Wilson's interval, Holm."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z = 1.959963984540054
"""97.5% quantile of the normal distribution."""


def finite(value: object) -> float | None:
    """A number as a file holds it; None for anything else, infinity and what is no number among them."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def wilson(hits: float, n: float, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval (1927) for the share `hits` of `n`, which need not be whole numbers; (0, 1) for n = 0."""
    if n <= 0:
        return 0.0, 1.0
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 0.0 if hits <= 0 else max(0.0, centre - half), 1.0 if hits >= n else min(1.0, centre + half)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values (1979), in the order given."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = highest
    return adjusted
