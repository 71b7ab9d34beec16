"""One text as the scanner reads it, with places in the raw text; and as much of a long text as is worth explaining.

`Reading` holds what is worked out of a text once: its bytes, its plain form with the raw range of each byte, the lexer's
candidates. A long text is not read to its end where its beginning holds more candidates than are told: `beginning` tries
prefixes, each four times the one before, so looking costs at most a third more than one pass of the lexer over what is
read. A text with written-out escapes, which only a whole JSON text has read, is not cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy import neighbourhood as k
from curate.privacy.call_secrets import call_secrets
from curate.privacy.column import Block, block
from curate.privacy.disguises import byte_edits, find_disguises
from curate.privacy.jsonrows import is_json
from curate.privacy.kernel import lex
from curate.privacy.names.anchors import announced
from curate.privacy.names.cues import cues
from curate.privacy.normalise import normalise
from curate.privacy.signs import BY_SIGNS, by_signs
from curate.privacy.told import told

Ints = npt.NDArray[np.int64]
LONG = 1 << 17
"""Characters up to which a text is always read to its end."""
BEHIND = 4096
"""Characters that are read behind the last candidate that is told: more than any recogniser looks at."""


@dataclass(frozen=True)
class Reading:
    """The text and what is worked out of it once."""

    text: str
    column: str
    region: str

    @cached_property
    def whole(self) -> Block:
        """The text as it stands."""
        return block(pa.array([self.text], pa.large_string()), self.column)

    @cached_property
    def _bytes(self) -> Ints:
        """Place in the buffer of each code point, and of the end."""
        data, start, end = self.whole.data, int(self.whole.starts[0]), int(self.whole.ends[0])
        return np.append(start + np.flatnonzero((data[start:end] & 0xC0) != 0x80), end)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Code points -> bytes of the text as it stands."""
        return int(self._bytes[start]), int(self._bytes[end])

    @cached_property
    def _as_read(self) -> tuple[Block, Ints | None, Ints | None, int]:
        """The text as the lexer reads it last, the raw byte range of every byte of that (None: as it stands), the flags."""
        whole = self.whole
        data, starts, ends = whole.data, whole.starts, whole.ends
        _, _, flags = lex(data, starts, ends, False, whole.masks, whole.name_of)
        disguised = find_disguises(data, starts, ends)
        unescape = np.array([bool(flags[0] & k.JSON_ESCAPES) and is_json(data[starts[0] : ends[0]].tobytes())])
        edits = byte_edits(data, starts, ends, disguised)
        if not (unescape[0] or len(edits) or flags[0] & (k.UNICODE_FORMS | k.BRACKET_AT)):
            return whole, None, None, int(flags[0])
        written_out = (flags & k.BRACKET_AT) != 0
        plain, p_starts, p_ends, low, high = normalise(data, starts, ends, unescape, written_out, edits)
        return whole.on(plain, p_starts, p_ends), low, high, int(flags[0])

    @property
    def read(self) -> Block:
        """The text as the lexer reads it last."""
        return self._as_read[0]

    @property
    def changed(self) -> bool:
        """Whether that is a plain form of it."""
        return self._as_read[1] is not None

    @property
    def escaped(self) -> bool:
        """Whether it begins as JSON and holds escapes."""
        return bool(self._as_read[3] & k.JSON_ESCAPES)

    @cached_property
    def candidates(self) -> Ints:
        """int64[n, 7]: what the lexer proposes, places in `read`."""
        read = self.read
        national = self.region.upper() not in ("US", "CA")
        proposed, count, _ = lex(read.data, read.starts, read.ends, national, read.masks, read.name_of)
        found: Ints = proposed[:count]
        return found

    def points(self, start: int, end: int) -> tuple[int, int]:
        """Bytes as read -> code points of the raw text."""
        _, low, high, _ = self._as_read
        if low is not None and high is not None:
            start, end = int(low[start]), int(high[end - 1])
        first, last = np.searchsorted(self._bytes, (start, end - 1), side="right").tolist()
        return max(0, first - 1), last

    @cached_property
    def told_by(self) -> dict[tuple[int, int], str]:
        """What told of secrets and accounts (bytes) without a key before them."""
        calls = call_secrets(self.whole)
        in_words = told(self.whole, ("SECRET", "HANDLE", "MAC_ADDRESS"), calls)
        rules = (
            (by_signs(self.whole, BY_SIGNS), "one sign in a form of its own"),
            (in_words, "a sentence that tells a password, a PIN or a user name, or a command or table that holds one"),
            (calls, "an argument of a call that logs in"),
        )
        return {(a, b): rule for found, rule in rules for a, b in found.at[:, 1:3].tolist()}

    @cached_property
    def announced(self) -> Ints:
        """People whom a phrase announces."""
        return announced(self.whole, *cues(self.whole))[0]


_BLANK = re.compile(r"\s")


def beginning(text: str, column: str, region: str, most: int, longest: int | None) -> Reading:
    """The text, or its beginning where it is long and that holds more than `most` candidates; never more than `longest`."""
    size = LONG
    while size < min(len(text), longest or len(text)):
        reading = Reading(text[:size], column, region)
        if reading.escaped:
            break
        if len(reading.candidates) > most:
            stop = int(np.partition(reading.candidates[:, 2], most)[most])
            return Reading(text[: _cut(text, reading.points(stop, stop + 1)[1] + BEHIND)], column, region)
        size *= 4
    return Reading(text if longest is None or len(text) <= longest else text[: _cut(text, longest)], column, region)


def _cut(text: str, place: int) -> int:
    """The next blank behind `place`, if it is near."""
    blank = _BLANK.search(text, place, place + 256)
    return blank.start() if blank else min(place, len(text))
