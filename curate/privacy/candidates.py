"""What recognisers are given and what they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True)
class View:
    """The bytes that candidates point into, and the settings recognisers may use."""

    data: bytes | memoryview
    starts: list[int]
    ends: list[int]
    region: str

    def text(self, start: int, end: int) -> str:
        """Decoded bytes; a character cut by the range becomes U+FFFD."""
        return bytes(self.data[start:end]).decode("utf-8", "replace")
