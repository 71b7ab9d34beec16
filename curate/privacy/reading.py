"""One text as the scanner reads it, with places in the raw text; and as much of a long text as is worth explaining.

`Reading` holds what is worked out of a text once: its bytes, its plain form with the raw range of each byte, the lexer's
candidates. A long text is not read to its end where its beginning holds more than is told, of candidates or of what stands
in sentences, commands, tables and statements: `beginning` tries prefixes, each four times the one before, so looking costs
at most a third more than one such pass over what is read. A text with written-out escapes, which only a whole JSON text has
read, is not cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from curate.privacy.statements import statements
from curate.privacy.told import told, words_of

Ints = npt.NDArray[np.int64]
LONG = 1 << 17
"""Characters up to which a text is always read to its end."""
BEHIND = 4096
"""Characters behind the last candidate that is told, which are shown as well."""
AHEAD = 8192
"""Characters that are read behind those that are shown: more than any recogniser looks at but for key blocks, which are
found to the end of what is read."""


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
        inserted = statements(self.whole, words_of(self.whole))
        cells: Ints = np.zeros((0, 2), np.int64)
        if inserted is not None:
            cells = np.vstack((np.stack((inserted[0].starts, inserted[0].ends), axis=1), inserted[2][:, 1:3]))
        under_names = dict.fromkeys(map(tuple, cells.tolist()), "a value of a statement, under the name of its column")
        rules = (
            (by_signs(self.whole, BY_SIGNS), "one sign in a form of its own"),
            (in_words, "a sentence that tells a password, a PIN or a user name, or a command or table that holds one"),
            (calls, "an argument of a call that logs in"),
        )
        return under_names | {(a, b): rule for found, rule in rules for a, b in found.at[:, 1:3].tolist()}

    def enough(self, most: int) -> int | None:
        """Where (in code points) what is told ends, if more than `most` candidates or spans without one stand here."""
        stops = []
        if len(self.candidates) > most:
            stop = int(np.partition(self.candidates[:, 2], most)[most])
            stops.append(self.points(stop, stop + 1)[1])
        if len(self.told_by) > most:
            stops.append(int(np.searchsorted(self._bytes, sorted(end for _, end in self.told_by)[most])))
        return min(stops, default=None)

    @cached_property
    def announced(self) -> Ints:
        """People whom a phrase announces."""
        return announced(self.whole, *cues(self.whole))[0]


_BLANK = re.compile(r"\s\S*\Z")


def beginning(text: str, column: str, region: str, most: int, longest: int | None) -> tuple[Reading, int]:
    """The text, or its beginning where it is long and that holds more than `most` candidates or other spans, and how many
    characters of that are wanted: never more than `longest`. What is read goes on behind them (`AHEAD`), so that what
    stands across the place is seen whole (`safe_end`)."""
    size = LONG
    while size < min(len(text), longest or len(text)):
        reading = Reading(text[:size], column, region)
        if reading.escaped:
            break
        if (stop := reading.enough(most)) is not None:
            return _as_far_as(text, column, region, stop + BEHIND)
        size *= 4
    return _as_far_as(text, column, region, len(text) if longest is None else longest)


def _as_far_as(text: str, column: str, region: str, wanted: int) -> tuple[Reading, int]:
    """A reading that is cut `AHEAD` behind what is wanted; none is cut whose escapes only the whole text has read."""
    if wanted < len(text):
        cut = Reading(text[: wanted + AHEAD], column, region)
        if not cut.escaped:
            return cut, wanted
    return Reading(text, column, region), len(text)


def safe_end(text: str, wanted: int, spans: Sequence[tuple[int, int]]) -> int:
    """Where a text that was read further than it is wanted may end: at a blank, and across no span, so that no part of what
    is found, and no beginning of a word (of up to 256 characters), is shown."""
    if wanted >= len(text):
        return len(text)
    blank = _BLANK.search(text, max(0, wanted - 256), wanted)
    end = blank.start() if blank else wanted
    for start, stop in sorted(spans, reverse=True):
        if start < end < stop:
            end = start
    return end
