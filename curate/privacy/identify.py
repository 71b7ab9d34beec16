"""Judge a candidate against the tables of identifiers: words around it first, then its shape alone.

With words: the nearest phrase whose identifier fits and passes its check wins; a value that fails the check of every
identifier that the words name is left alone. Without words: only identifiers that declare `shapes`, and only where the
check passes. What does not depend on the digits is decided once for all equal surroundings (`plans`).

Cost: 3-10 microseconds a value where its plan is known; `crowds` judges many at once.
"""

from __future__ import annotations

import numpy as np

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.identifiers import compiled, passes
from curate.privacy.phones import is_dateish
from curate.privacy.plans import SWIFT, Attempt, Plan, plan
from curate.privacy.signatures import AFTER, BEFORE, DOUBT, area_of
from curate.privacy.types import KIND


def identify(view: View, c: Candidate) -> list[Span]:
    """Spans of identifiers in or around a run of digit groups or a token of letters and digits."""
    row_start, row_end = view.starts[c.row], view.ends[c.row]
    low, high = area_of(np.frombuffer(view.data, np.uint8), row_start, row_end, c.start, c.end)
    return carry_out(plan_for(view, c, low, high), view.text(low, high), low)


def plan_for(view: View, c: Candidate, low: int, high: int) -> Plan:
    """The plan of a candidate whose area is [low, high)."""
    row_start, row_end = view.starts[c.row], view.ends[c.row]
    before = view.without_digits(max(row_start, c.start - BEFORE), c.start)
    after = view.without_digits(c.end, min(row_end, c.end + AFTER))
    first = len(view.text(low, c.start))
    last = first + len(view.text(c.start, c.end))
    area = view.without_digits(low, high)
    return plan(before, view.column(c.row), after, area, first, last, bool(c.near & DOUBT))


def carry_out(known: Plan, area: str, low: int) -> list[Span]:
    """The plan on the digits of one area that begins at byte `low`."""
    for attempt in known.labelled:
        found = _succeeds(attempt, area)
        if found:
            return _spans(found, area, low, attempt)
    for attempt in known.whole:
        found = _succeeds(attempt, area)
        if found:
            return _spans(found, area, low, attempt)
    out: list[Span] = []
    for piece in known.pieces:
        for attempt in piece:
            found = _succeeds(attempt, area)
            if found:
                out += _spans(found, area, low, attempt)
                break
    if out:
        return out
    for attempt in known.unproved:
        found = _succeeds(attempt, area)
        if found:
            return _spans(found, area, low, attempt)
    return []


def _succeeds(attempt: Attempt, area: str) -> list[tuple[int, int]]:
    return [
        (place.start, place.end)
        for place in attempt.places
        if succeeds(attempt, area[place.match_start : place.match_end], area[place.start : place.end])
    ]


def succeeds(attempt: Attempt, match: str, text: str) -> bool:
    """Whether a value (and the whole match, with a label in its front) is what the attempt tries."""
    if attempt.exactly is not None and not attempt.exactly.fullmatch(match):
        return False
    if attempt.check:
        return passes(attempt.check, text)
    if attempt.maybe_date and is_dateish(text) and not text.isdigit():
        return False
    return len({ch for ch in text if ch.isdigit()}) >= attempt.digits


def _spans(places: list[tuple[int, int]], area: str, low: int, attempt: Attempt) -> list[Span]:
    if area.isascii():
        return [(low + a, low + b, attempt.kind, attempt.score) for a, b in places]
    return [(low + len(area[:a].encode()), low + len(area[:b].encode()), attempt.kind, attempt.score) for a, b in places]


def bank_code(view: View, c: Candidate) -> list[Span]:
    """A business identifier code within 48 bytes behind the word `SWIFT` or `BIC`."""
    area = view.text(c.start, c.end)
    for match in compiled(SWIFT).finditer(area):
        if passes(SWIFT.check, match[0]):
            attempt = Attempt(SWIFT.check, (), None, KIND[SWIFT.name], SWIFT.score)
            return _spans([match.span()], area, c.start, attempt)
    return []
