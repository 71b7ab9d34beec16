"""From texts, the scanner's spans and two weak detectors to capture histories.

Marks of the weak detectors that overlap become one unit. The scanner has it where its spans cover at least half of the
unit's digits (of its letters, where digits are few; of what stands before the at sign, in an address). The scanner's own
spans of a kind that is looked for are units too; a weak list has those of which it marks any character.

Complexity: O(code points + marks log marks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.privacy.residual.capture import Seen
from curate.privacy.residual.weak import KINDS, by_context, by_shape, kind_of_type


@dataclass(frozen=True)
class Text:
    """One string of a sampled row."""

    row: int
    """Row of the sample, 0-based."""
    name: str
    """Name of the column or key that it stands under."""
    text: str
    spans: Sequence[tuple[int, int, str]]
    """What the scanner found: start, end (code points), type."""


@dataclass(frozen=True)
class Unit:
    """A place and the lists that marked it."""

    text: int
    """Position in the texts."""
    start: int
    end: int
    kind: int
    main: bool
    shape: bool
    context: bool


def look(texts: Sequence[Text], types: Sequence[str], allow: Sequence[str] = ()) -> list[Unit]:
    """The units of the texts, in their order; kinds of which the scanner was asked for no type are left out."""
    kind_of = kind_of_type(types)
    kinds = set(kind_of.values())
    allowed = {value.casefold() for value in allow}
    out: list[Unit] = []
    for at, item in enumerate(texts):
        shape = [m for m in by_shape(item.text) if m[2] in kinds]
        context = [m for m in by_context(item.text, item.name) if m[2] in kinds]
        for start, end, found in sorted(item.spans):
            if found in kind_of:
                out.append(
                    Unit(
                        at, start, end, kind_of[found], True,
                        any(a < end and start < b for a, b, _ in shape),
                        any(a < end and start < b for a, b, _ in context),
                    )
                )  # fmt: skip
        for start, end, kind, by_s, by_c in _merged(shape, context):
            if item.text[start:end].casefold() in allowed or _covered(item.text, start, end, item.spans):
                continue
            out.append(Unit(at, start, end, kind, False, by_s, by_c))
    return out


def seen_of(units: Sequence[Unit], texts: Sequence[Text]) -> Seen:
    """The units as arrays, in their order."""
    return Seen(
        np.array([texts[u.text].row for u in units], np.int64),
        np.array([u.kind for u in units], np.int64),
        np.array([u.main for u in units], np.bool_),
        np.array([u.shape for u in units], np.bool_),
        np.array([u.context for u in units], np.bool_),
    )


def _merged(
    shape: Sequence[tuple[int, int, int]], context: Sequence[tuple[int, int, int]]
) -> list[tuple[int, int, int, bool, bool]]:
    """Overlapping marks as one: its range, its kind (that of the first by shape, else by context), who made it."""
    marks = sorted([(*m, 0) for m in shape] + [(*m, 1) for m in context])
    groups: list[list[tuple[int, int, int, int]]] = []
    end = -1
    for mark in marks:
        if mark[0] < end:
            groups[-1].append(mark)
        else:
            groups.append([mark])
        end = max(end, mark[1]) if mark[0] < end else mark[1]
    out = []
    for group in groups:
        best = min(group, key=lambda m: (m[3], m[0], -m[1]))
        by = {m[3] for m in group}
        out.append((best[0], best[1], best[2], 0 in by, 1 in by))
    return out


def _covered(text: str, start: int, end: int, spans: Sequence[tuple[int, int, str]]) -> bool:
    """Whether at least half of what counts in the range lies in spans."""
    at = max(text.find("@", start, end), text.find("＠", start, end))
    if at > start:  # the host of an address may stay: without what stands before it, it is nobody's
        end = at
    inside = [place for place in range(start, end) if text[place].isdecimal()]
    if len(inside) < 3 or at > start:
        inside = [place for place in range(start, end) if text[place].isalnum()]
    hidden = sum(any(a <= place < b for a, b, _ in spans) for place in inside)
    return 2 * hidden >= len(inside)


__all__ = ["KINDS", "Text", "Unit", "look", "seen_of"]
