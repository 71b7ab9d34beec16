"""Addresses that nothing but the tagger tells: a capital and a number, which laws, parts and results have as well.

What holds a kind of street, a post code or a small word of addresses speaks for itself. Anything else counts only where
its surroundings speak: somebody, an e-mail address or an address that says it is one near it, a word for living or for
addresses before it, or a line of its own.

Complexity: O(addresses), some microseconds each; every look is bounded.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.addresses import KIND_AT_END, KIND_FIRST, OF_ADDRESSES, POST_CODE, STREETS
from curate.privacy.names.phrases import words
from curate.privacy.overlaps import Found
from curate.privacy.types import STREET_ADDRESS
from curate.privacy.words import LETTERS

Ints = npt.NDArray[np.int64]
_NEAR = 96
"""Bytes before and behind that speak for an address."""
_MAILBOX = re.compile(r"\w@\w")
"""Long numbers near it say nothing: parts and papers have them as often as people have telephones."""
_LIVING = words("addresses", "labels") | words("addresses", "living")
_LIVING_STEMS = tuple(words("addresses", "living_stems"))
_FIRST_OF_SCRIPTS = "\u0900"
"""From here on scripts write without capitals: their addresses have forms of their own."""


def supported(text: Block, found: Found, people: Ints) -> npt.NDArray[np.bool_]:
    """Which spans stay; `people`: row, first byte and byte behind of everybody whom the tagger sees, sorted."""
    keep = np.ones(len(found.at), np.bool_)
    doubted = []
    reach = 1 + int(text.ends.max(initial=0))
    ends = people[:, 0] * reach + people[:, 2]
    for n in np.flatnonzero(found.at[:, 3] == STREET_ADDRESS).tolist():
        row, start, end, _ = found.at[n].tolist()
        value = text.read(start, end)
        if _speaks(value):
            continue
        low, high = max(int(text.starts[row]), start - _NEAR), min(int(text.ends[row]), end + _NEAR)
        m = int(np.searchsorted(ends, row * reach + low, side="right"))
        if m < len(people) and people[m, 0] == row and people[m, 1] < high:
            continue
        if not _told(text.read(low, start), value, text.read(end, high)):
            doubted.append(n)
    keep[doubted] = False
    sure = found.at[keep & (found.at[:, 3] == STREET_ADDRESS)]
    starts = sure[:, 0] * reach + sure[:, 1]
    for n in doubted:  # pieces of one address over several lines
        row, start, end, _ = found.at[n].tolist()
        m = int(np.searchsorted(starts, row * reach + start))
        beside = sure[max(m - 1, 0) : m + 1].tolist()
        keep[n] = any(r == row and a < end + _NEAR and b > start - _NEAR for r, a, b, _ in beside)
    return keep


def _speaks(value: str) -> bool:
    """Whether an address says by itself that it is one."""
    spelled = [word.lower() for word in LETTERS.findall(value)]
    if max(spelled, default="") >= _FIRST_OF_SCRIPTS or KIND_FIRST.search(value) or POST_CODE.search(value):
        return True
    return any(word in STREETS or word in OF_ADDRESSES or KIND_AT_END.search(word) for word in spelled)


def _told(before: str, value: str, behind: str) -> bool:
    """Whether what stands around it speaks of somebody or of living somewhere."""
    alone = not before.rpartition("\n")[2].strip() and not behind.partition("\n")[0].strip()
    if alone or _MAILBOX.search(before) or _MAILBOX.search(behind):
        return True
    spelled = [word.lower() for word in LETTERS.findall(before + " " + value)]
    return any(word in _LIVING or word.startswith(_LIVING_STEMS) for word in spelled)
