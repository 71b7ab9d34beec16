"""Placeholders with a number, a hash or a vault's token: what looks like a value in them is none.

`[DRIVER_LICENSE_L6T5OOGRBPWW4CUG]` behind "licence number is" would be read as a licence number. A span is left out where
it ends at the bracket of such a placeholder and begins inside it. The form is narrow: a name in capitals, then up to six
digits, or exactly as many characters of base 32 as hashes (16) and tokens (10) have.

Cost: one comparison a span, a short match for those before a closing bracket.
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.overlaps import Found

_CLOSING = 93
_OURS = re.compile(rb"\[[A-Z][A-Z0-9_]{1,40}_(?:[0-9]{1,6}|[A-Z2-7]{10}|[A-Z2-7]{16})\]$")
_LONGEST = 60


def without_ours(text: Block, found: Found) -> Found:
    """The spans that do not lie inside a placeholder of ours."""
    ends = found.at[:, 2]
    inside = ends < text.ends[found.at[:, 0]]
    before = np.flatnonzero(inside)
    before = before[text.data[ends[before]] == _CLOSING]
    keep = np.ones(len(found.at), np.bool_)
    for at in before.tolist():
        row, start, end, _ = found.at[at].tolist()
        low = max(int(text.starts[row]), end - _LONGEST)
        ours = _OURS.search(text.data[low : end + 1].tobytes())
        keep[at] = ours is None or low + ours.start() > start
    return found if keep.all() else found.take(keep)
