"""Mend the edges of what the tagger found: what its tokens cut off belongs to the span.

- `Aceros del Norte S.A` takes its last full stop; `Edilnova S` and `A` of `S.p.A.` are one.
- `Rua das Flores 120`, `4050-` and `262 Porto` are one address, and so are `Carrera 7 # 45`, `-12, ` and `Bogotá`:
  an address runs on over signs to its next piece, and over numbers to a place.

Complexity: O(spans), in numpy but for the few that are close to one another.
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.overlaps import Found
from curate.privacy.types import CODE

_ORGANIZATION, _ADDRESS, _LOCATION = CODE["ORGANIZATION"], CODE["STREET_ADDRESS"], CODE["LOCATION"]
_WIDEST = 12
"""Bytes between two pieces of one address at most."""
_BETWEEN = {
    _ORGANIZATION: re.compile(rb"\.[A-Za-z]{0,2}\.?"),
    _ADDRESS: re.compile("(?:[-/#.,]| ?[-/#]|,? ?[0-9ºª°]+[-/ ,]+|, )[0-9 ,./#-]*".encode()),
}


def mended(text: Block, found: Found) -> Found:
    """The spans of names, sorted by row and start, with their edges mended."""
    at = found.at
    if not len(at):
        return found
    near = (at[1:, 0] == at[:-1, 0]) & (at[1:, 1] - at[:-1, 2] <= _WIDEST)
    first, second = at[:-1, 3], at[1:, 3]
    near &= ((first == second) & (first == _ORGANIZATION)) | (
        (first == _ADDRESS) & ((second == _ADDRESS) | (second == _LOCATION))
    )
    keep = np.ones(len(at), np.bool_)
    for n in np.flatnonzero(near).tolist():
        m = n
        while not keep[m]:  # the piece before has been taken into one before it
            m -= 1
        kind = int(at[m, 3])
        between = text.data[at[m, 2] : at[n + 1, 1]].tobytes()
        place = at[n + 1, 3] == _LOCATION and not re.search(rb"[0-9]", between)  # a town behind a comma is a place
        if kind in _BETWEEN and not place and _BETWEEN[kind].fullmatch(between):
            at[m, 2] = at[n + 1, 2]
            found.score[m] = min(found.score[m], found.score[n + 1])
            keep[n + 1] = False
    _last_full_stop(text, at)
    return found.take(keep) if not keep.all() else found


def _last_full_stop(text: Block, at: np.ndarray) -> None:
    """An abbreviation such as `S.A.` ends in its full stop."""
    some = np.flatnonzero((at[:, 3] == _ORGANIZATION) & (at[:, 2] - at[:, 1] > 2) & (at[:, 2] < text.ends[at[:, 0]]))
    end = at[some, 2]
    letter = (text.data[end - 1] | 32) - 97 < 26
    some = some[(text.data[end] == 46) & (text.data[end - 2] == 46) & letter]
    at[some, 2] += 1
