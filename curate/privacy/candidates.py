"""What recognisers are given and what they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from curate.privacy.surroundings import SHORT_CELL

Span = tuple[int, int, int, float]


class Candidate(NamedTuple):
    """One proposal of the lexer: byte range, context masks and flags."""

    kind: int
    row: int
    start: int
    end: int
    near: int
    union: int
    flags: int


_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)


@dataclass(frozen=True)
class View:
    """The bytes that candidates point into, and the settings recognisers may use."""

    data: bytes | memoryview
    starts: list[int]
    ends: list[int]
    region: str
    names: tuple[str, ...] = ("",)
    """Names of columns, whose words speak of every short value in them."""
    name_of: list[int] | None = None
    """For each row its place in `names`; None where all have the first."""

    def column(self, row: int) -> str:
        """Name of the column that a row stands in, where its cell is short enough for that to matter."""
        if self.ends[row] - self.starts[row] > SHORT_CELL:
            return ""
        return self.names[0 if self.name_of is None else self.name_of[row]]

    def text(self, start: int, end: int) -> str:
        """Decoded bytes; a character cut by the range becomes U+FFFD."""
        return bytes(self.data[start:end]).decode("utf-8", "replace")

    def without_digits(self, start: int, end: int) -> str:
        """The same with every digit as a zero."""
        return bytes(self.data[start:end]).translate(_ZEROS).decode("utf-8", "replace")
