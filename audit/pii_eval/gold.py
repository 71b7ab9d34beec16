"""A gold set in memory, and what makes one unusable.

Offsets are code points, `end` exclusive. A lone surrogate (a broken emoji in JSON) becomes U+FFFD, one for one, so the
offsets stay. Checks are linear in spans; messages name the file, the document and the span by number, never its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from curate.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


class GoldSpan(NamedTuple):
    """One marked span."""

    row: int
    """Position of its text in the set."""
    start: int
    """First code point."""
    end: int
    """Code point after the last."""
    type: str
    """Type name as the gold set writes it."""


@dataclass
class Gold:
    """Texts and their marked spans."""

    format: str
    """How the set was written: `presidio`, `curate`, `brat` or `conll`."""
    texts: list[str] = field(default_factory=list)
    """The texts, in the order of the file."""
    spans: list[GoldSpan] = field(default_factory=list)
    """All spans, in the order of the texts."""
    documents: list[int] = field(default_factory=list)
    """For each text the document it belongs to: the unit that the bootstrap draws."""

    def add(self, text: str, document: int | None = None) -> int:
        """Append a text; returns its row."""
        self.texts.append(_SURROGATE.sub("\ufffd", text))
        self.documents.append(len(self.texts) - 1 if document is None else document)
        return len(self.texts) - 1

    def types(self) -> dict[str, int]:
        """Gold type names and how many spans each has."""
        out: dict[str, int] = {}
        for span in self.spans:
            out[span.type] = out.get(span.type, 0) + 1
        return dict(sorted(out.items()))


def checked_span(gold: Gold, row: int, start: object, end: object, kind: object, where: str) -> GoldSpan:
    """A span of the text at `row`, or a DataError that says what is wrong with it; `where` names file and span."""
    if isinstance(start, bool) or isinstance(end, bool) or not isinstance(start, int) or not isinstance(end, int):
        raise DataError(f"{where}: start and end must be whole numbers (code points, end exclusive)")
    if not isinstance(kind, str) or not kind.strip():
        raise DataError(f"{where}: the span has no type")
    size = len(gold.texts[row])
    if not 0 <= start < end <= size:
        raise DataError(
            f"{where}: offsets {start} to {end} do not lie in a text of {size} characters; "
            "offsets are code points from 0, the end is exclusive"
        )
    return GoldSpan(row, start, end, kind.strip())


def check_value(gold: Gold, span: GoldSpan, value: object, where: str) -> None:
    """Where the set repeats the marked text, it must stand at the offsets."""
    if isinstance(value, str) and _SURROGATE.sub("\ufffd", value) != gold.texts[span.row][span.start : span.end]:
        raise DataError(
            f"{where}: offsets {span.start} to {span.end} do not hold the text that the span repeats; "
            "offsets must be code points, not bytes or UTF-16 units"
        )


def settle(gold: Gold, where: str, *, overlaps: bool) -> Gold:
    """Sort the spans, drop exact repetitions, and refuse overlaps unless `overlaps` allows them."""
    gold.spans = sorted(set(gold.spans))
    if not overlaps:
        for a, b in _neighbours(gold.spans):
            if a.row == b.row and b.start < a.end:
                raise DataError(
                    f"{where}: text {a.row} has overlapping spans ({a.start} to {a.end} {a.type}, "
                    f"{b.start} to {b.end} {b.type}); mend the gold set, or pass --allow-overlaps to score both"
                )
    if not gold.texts:
        raise DataError(f"{where}: no texts were found")
    return gold


def _neighbours(spans: list[GoldSpan]) -> Iterable[tuple[GoldSpan, GoldSpan]]:
    """Each span with the one before it in the same text that reaches farthest."""
    far: GoldSpan | None = None
    for span in spans:
        if far is not None and far.row == span.row:
            yield far, span
        if far is None or far.row != span.row or span.end > far.end:
            far = span
