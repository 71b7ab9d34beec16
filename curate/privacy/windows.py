"""Which parts of long texts a second look reads: the surroundings of what was found.

After a first look the found spans are masked and the text is read again, because a mask may change what its neighbours
mean. What a recogniser asks about lies within some hundred bytes, so in a text of more than 64 KB only windows around the
spans are read again, and after that only those in which the last look found more; shorter texts, and JSON, which is escaped
as a whole, are read whole. What touches the edge of a window is not believed: it may have been cut.

Complexity: O(spans). Windows that cover more than half of a text are the text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block, Bytes
from curate.privacy.kernel import long_row_flags
from curate.privacy.neighbourhood import BRACKET_AT, UNICODE_FORMS

Ints = npt.NDArray[np.int64]
LONG = 1 << 16
"""Bytes of the longest text that is always read whole."""
REACH = 400
"""Bytes on each side of a span; a look before or behind a value ends after at most 128."""
EDGE = 64
"""Bytes at the edge of a window in which nothing is believed."""


def pieces(text: Block, at: Ints, new: Ints) -> tuple[Block, Ints]:
    """The texts, or windows of them, as a block; and for each piece the text it belongs to. `at`: all spans in their order;
    `new`: those for whose sake the texts are read again."""
    sizes = text.ends - text.starts
    every = np.arange(len(sizes))
    if not len(sizes) or int(sizes.max()) <= LONG:
        return text, every
    starts: list[int] = []
    ends: list[int] = []
    owner: list[int] = []
    for row, (begin, end) in enumerate(zip(text.starts.tolist(), text.ends.tolist())):
        cuts = _windows(at[at[:, 0] == row], new[new[:, 0] == row, 1], begin, end) if end - begin > LONG else []
        if text.data[begin : begin + 64].tobytes().lstrip()[:1] in (b"{", b"["):
            cuts = []
        for a, b in cuts or [(begin, end)]:
            starts.append(_sign(text, a, begin))
            ends.append(_sign(text, b, a) if b < end else end)
            owner.append(row)
    rows = np.array(owner, np.int64)
    return Block(text.data, np.array(starts, np.int64), np.array(ends, np.int64), text.names, text.masks,
                 text.name_of[rows]), rows  # fmt: skip


def _sign(text: Block, place: int, least: int) -> int:
    """The place, moved back to where its sign begins: half a sign would shift all places behind it."""
    while place > least and text.data[place] & 0xC0 == 0x80:
        place -= 1
    return place


def _windows(at: Ints, new: Ints, begin: int, end: int) -> list[tuple[int, int]]:
    """Windows of one text, apart from one another, that hold one of the places `new`; none where they would be half of
    it."""
    low, high = np.maximum(at[:, 1] - REACH, begin), np.minimum(at[:, 2] + REACH, end)
    if not len(low):
        return []
    first = np.concatenate([[True], low[1:] > np.maximum.accumulate(high)[:-1]])
    groups = np.flatnonzero(first)
    starts, ends = low[groups], np.maximum.reduceat(high, groups)
    holding = np.unique(np.searchsorted(starts, new, side="right") - 1)
    starts, ends = starts[holding], ends[holding]
    return list(zip(starts.tolist(), ends.tolist())) if 2 * int((ends - starts).sum()) <= end - begin else []


def believed(piece: Block, number: Ints, low: Ints, high: Ints, text: Block, owner: Ints) -> npt.NDArray[np.bool_]:
    """Which spans [low, high) of pieces do not touch an edge that is not the text's own."""
    row = owner[number]
    start, end = piece.starts[number], piece.ends[number]
    sure: npt.NDArray[np.bool_] = (start == text.starts[row]) | (low >= start + EDGE)
    sure &= (end == text.ends[row]) | (high <= end - EDGE)
    return sure


def marks(text: Block, parts: Block, owner: Ints, masked: Block) -> Bytes:
    """For each part that is a window, what its text with masks has somewhere that asks for its plain form; else 0.
    `parts`: as `pieces` gives them; `masked`: the same with masks."""
    first = np.concatenate([[True], owner[1:] != owner[:-1]])
    last = np.concatenate([first[1:], [True]])
    before = np.where(first, text.starts[owner], np.concatenate([[0], parts.ends[:-1]]))
    out = np.zeros(len(text.starts), np.uint8)
    for data, starts, ends, rows in (
        (masked.data, masked.starts, masked.ends, owner), (text.data, before, parts.starts, owner),
        (text.data, parts.ends[last], text.ends[owner[last]], owner[last]),
    ):  # fmt: skip
        np.bitwise_or.at(out, rows, long_row_flags(data, starts, ends, -1) & np.uint8(UNICODE_FORMS | BRACKET_AT))
    cut = (parts.starts > text.starts[owner]) | (parts.ends < text.ends[owner])
    return np.where(cut, out[owner], np.uint8(0))
