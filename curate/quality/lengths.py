"""Texts that are far shorter or longer than the others, whatever shape the lengths have.

Method: on the logarithm of the visible characters, a text is out of line where (1) it lies beyond Tukey's outer fences of
three halves of the middle half's width, and (2) almost nothing lies near it: the share of texts within a factor of 1.4 is
less than `tail` of what the median text has around it, and (3) it is eight times as long as the median text, or an eighth
of it: where all texts are alike, twice the length is odd and harmless. Data with two humps (labels and
essays) has wide fences and company on both humps, so neither is out of line. Fewer than `FEWEST` texts say nothing.
Shapes: one value a text. Complexity: O(n log n).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST = 50
_NEAR = 0.5
_FAR = 3.0
"""Doublings from the median."""


def out_of_line(characters: NDArray[Any], tail: float) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """(-1 too short, 1 too long, 0 neither; how many doublings beyond the fence) for each text with any characters."""
    side = np.zeros(len(characters), np.int8)
    beyond = np.zeros(len(characters), np.float64)
    there = np.flatnonzero(characters > 0)
    if len(there) < FEWEST:
        return side, beyond
    x = np.log2(1.0 + characters[there].astype(np.float64))
    ordered = np.sort(x)
    company = np.searchsorted(ordered, x + _NEAR, "right") - np.searchsorted(ordered, x - _NEAR, "left") - 1
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75])
    width = 1.5 * max(high - low, 0.5)
    lonely = company < max(tail * float(np.median(company)), 1.0)
    short = (x < min(low - width, middle - _FAR)) & lonely
    long = (x > max(high + width, middle + _FAR)) & lonely
    side[there] = long.astype(np.int8) - short.astype(np.int8)
    beyond[there] = np.where(short, low - width - x, np.where(long, x - high - width, 0.0))
    return side, beyond
