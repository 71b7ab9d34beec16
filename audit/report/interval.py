"""An estimate with its ends, and the four outcomes of a comparison between groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GroupOutcome = Literal["disparity", "equivalent", "insufficient evidence", "not applicable"]

WIDEST = 0.9
"""Of a share whose interval is wider than this nobody names a value: it would be taken for more than it is."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95% interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
