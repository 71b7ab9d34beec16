"""Judge a candidate against the tables of identifiers: words around it first, then its shape alone.

With words: the nearest phrase whose identifier fits and passes its check wins; a value that fails the check of every
identifier that the words name is left alone. Without words: only identifiers that declare `shapes`, and only where the
check passes. Reads at most 96 bytes before and 24 after the candidate; 5-20 microseconds.
"""

from __future__ import annotations

import re

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.context import IDENTIFIER, MONEY, PHONE, VERSION
from curate.privacy.identifiers import IDENTIFIERS, Identifier, compiled, passes
from curate.privacy.phrases import phrases_after, phrases_before
from curate.privacy.types import KIND

_BEFORE, _LEAD, _AFTER = 96, 8, 24
_UNCHECKED_REACH = 5


def _by_shape() -> dict[str, list[Identifier]]:
    table: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        if identifier.alone:
            for shape in identifier.shapes.split():
                table.setdefault(shape, []).append(identifier)
    return table


_SHAPES = _by_shape()
_SPECIAL = tuple(i for i in IDENTIFIERS if i.alone and not i.shapes)
_CALCULATED = re.compile(r" ?[=*+<>]")
"""Behind a number: it stands in a calculation."""
_DIGITS, _CAPITALS, _SMALL = re.compile(r"[0-9]"), re.compile(r"[A-Z]"), re.compile(r"[a-z]")


def shape(text: str) -> str:
    """`12.345.678-K` as `99.999.999-A`; blanks as `_`."""
    return _SMALL.sub("a", _CAPITALS.sub("A", _DIGITS.sub("9", text))).replace(" ", "_")


def identify(view: View, c: Candidate) -> list[Span]:
    """Spans of identifiers in or around a run of digit groups or a token of letters and digits."""
    row_start, row_end = view.starts[c.row], view.ends[c.row]
    low, high = max(row_start, c.start - _LEAD), min(row_end, c.end + _AFTER)
    while low < c.start and view.data[low] & 0xC0 == 0x80:
        low += 1  # begin at a whole character
    area = view.text(low, high)
    before = view.text(max(row_start, c.start - _BEFORE), c.start)
    first = len(view.text(low, c.start))
    last = first + len(view.text(c.start, c.end))
    # An identifier may begin before its digits, with letters that must not be read as words before it.
    for away, identifier in phrases_before(before, view.column(c.row)):
        if away > (identifier.reach if identifier.check else min(identifier.reach, _UNCHECKED_REACH)):
            continue
        found = _fitting(identifier, area, first, last)
        if found:
            return _spans(found, area, low, identifier, identifier.score)
    for _, identifier in phrases_after(view.text(c.end, high)):
        found = _fitting(identifier, area, first, last) if identifier.check else []
        if found:
            return _spans(found, area, low, identifier, identifier.score - 0.1)
    return _alone(c, area, low, first, last)


_SWIFT = next(i for i in IDENTIFIERS if i.type == "SWIFT_BIC")


def bank_code(view: View, c: Candidate) -> list[Span]:
    """A business identifier code within 48 bytes behind the word `SWIFT` or `BIC`."""
    area = view.text(c.start, c.end)
    for match in compiled(_SWIFT).finditer(area):
        if passes(_SWIFT.check, match[0]):
            return _spans([match.span()], area, c.start, _SWIFT, _SWIFT.score)
    return []


def _fitting(identifier: Identifier, area: str, first: int, last: int) -> list[tuple[int, int]]:
    out = []
    for match in compiled(identifier).finditer(area):
        text = match[0].strip(" " if identifier.type == "COORDINATES" else " -")
        begin = match.start() + match[0].index(text)
        if not identifier.check and _CALCULATED.match(area, begin + len(text)):
            continue
        if begin < last and begin + len(text) > first and passes(identifier.check, text):
            out.append((begin, begin + len(text)))
    return out


def _spans(places: list[tuple[int, int]], area: str, low: int, identifier: Identifier, score: float) -> list[Span]:
    kind = KIND[identifier.name]
    if area.isascii():
        return [(low + a, low + b, kind, score) for a, b in places]
    return [(low + len(area[:a].encode()), low + len(area[:b].encode()), kind, score) for a, b in places]


def _alone(c: Candidate, area: str, low: int, first: int, last: int) -> list[Span]:
    core = area[first:last]
    pieces = [(first, last)]
    if " " in core:
        pieces += [(first + m.start(), first + m.end()) for m in re.finditer(r"[^ ]+", core)]
    # Words that speak of orders, prices or telephones make a bare shape less likely.
    doubt = 0.3 if c.near & (IDENTIFIER | MONEY | VERSION | PHONE) else 0.0
    out: list[Span] = []
    for begin, end in pieces:
        text = area[begin:end]
        for identifier in _SHAPES.get(shape(text), ()):
            if _whole(identifier, area, begin, end) and passes(identifier.check, text):
                out += _spans([(begin, end)], area, low, identifier, identifier.alone - doubt * (identifier.alone < 0.85))
                break
        if out and out[-1][0] == low + first and (begin, end) == pieces[0]:
            return out
    if not out and len(core) >= 17 and " " not in core:
        for identifier in _SPECIAL:
            if _whole(identifier, area, first, last) and passes(identifier.check, core):
                return _spans([(first, last)], area, low, identifier, identifier.alone)
    return out


def _whole(identifier: Identifier, area: str, begin: int, end: int) -> bool:
    match = compiled(identifier).match(area, begin)
    return match is not None and match.end() == end
