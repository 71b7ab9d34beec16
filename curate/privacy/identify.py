"""Judge a candidate against the tables of identifiers: words around it first, then its shape alone.

With words: the nearest phrase whose identifier fits and passes its check wins; a value that fails the check of every
identifier that the words name is left alone. Without words: only identifiers that declare `shapes`, and only where the
check passes. Reads at most 96 bytes before and 24 after the candidate; 5-20 microseconds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.context import IDENTIFIER, MONEY, PHONE, VERSION
from curate.privacy.identifiers import IDENTIFIERS, Identifier, compiled, passes
from curate.privacy.phones import is_dateish
from curate.privacy.phrases import fold, phrases_after, phrases_before
from curate.privacy.types import KIND, TYPES

_BEFORE, _LEAD, _AFTER = 96, 12, 24
_UNCHECKED_REACH = 5


def _by_shape() -> dict[str, list[Identifier]]:
    table: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        if identifier.alone:
            for shape in identifier.shapes.split():
                table.setdefault(shape, []).append(identifier)
    return table


_SHAPES = _by_shape()
_PATTERNS = {identifier.name: compiled(identifier) for identifier in IDENTIFIERS}
_SPECIAL = tuple(i for i in IDENTIFIERS if i.alone and not i.shapes)
_CALCULATED = re.compile(r" ?[=*+<>]")
"""Behind a number: it stands in a calculation."""
_SHAPE = str.maketrans(
    {**dict.fromkeys("0123456789", "9"), **dict.fromkeys(ascii_uppercase, "A"), **dict.fromkeys(ascii_lowercase, "a"),
     " ": "_"}
)  # fmt: skip


def shape(text: str) -> str:
    """`12.345.678-K` as `99.999.999-A`; blanks as `_`."""
    return text.translate(_SHAPE)


def identify(view: View, c: Candidate) -> list[Span]:
    """Spans of identifiers in or around a run of digit groups or a token of letters and digits."""
    row_start, row_end = view.starts[c.row], view.ends[c.row]
    low, high = max(row_start, c.start - _LEAD), min(row_end, c.end + _AFTER)
    before = view.text(max(row_start, c.start - _BEFORE), c.start)
    spoken = phrases_before(before, view.column(c.row))
    spoken_behind = phrases_after(view.text(c.end, high))
    if not spoken and not spoken_behind and not _stands_alone(view.text(c.start, c.end)):
        return []
    while low < c.start and view.data[low] & 0xC0 == 0x80:
        low += 1  # begin at a whole character
    area = view.text(low, high)
    first = len(view.text(low, c.start))
    last = first + len(view.text(c.start, c.end))
    # An identifier may begin before its digits, with letters that must not be read as words before it.
    unproved: list[Span] = []
    labelled: bool | None = None
    for away, identifier in spoken:
        if away > (identifier.reach if identifier.check else min(identifier.reach, _UNCHECKED_REACH)):
            continue
        found = _fitting(identifier, area, first, last)
        if found:
            return _spans(found, area, low, identifier, identifier.score)
        if identifier.check and away <= 2 and not unproved and labelled is not False:
            labelled = _labels(before) if labelled is None else labelled
            unproved = _unproved(identifier, area, low, first, last) if labelled else []
    for _, identifier in spoken_behind:
        found = _fitting(identifier, area, first, last) if identifier.check else []
        if found:
            return _spans(found, area, low, identifier, identifier.score - 0.1)
    return _alone(c, area, low, first, last) or unproved


_LABEL = re.compile(
    r"(?:[^\W\d_]{4}|\b(?:[A-Z]\.?){2,4})['\"]{0,2}(?:\s?[-/]\s?)?(?:\s?(?:n[.ºo°r]{1,2}|no|nr|#|№|id|is|es|est|ist|é|è|er|är))?"
    r"[ ]?[:=#.]?[ ]?['\"]{0,2}\Z"
)
"""A label right before a value: a word of four letters or an abbreviation in capitals, then at most a sign or "is"."""
_AMBIGUOUS = frozenset(("pnr", "sin", "run", "pis", "cc", "uid", "ide", "nas", "ni", "ci", "rg", "id", "nis", "nit", "sol"))
"""Abbreviations that label other things as well: they need a check that passes."""
_UNPROVED = 0.55


def _labels(before: str) -> bool:
    label = _LABEL.search(before[-40:])
    if label is None:
        return False
    word = re.search(r"[^\W\d_]+", label[0])
    return word is None or word[0].lower() not in _AMBIGUOUS

_CHECKED_TYPES = frozenset(kind.name for kind in TYPES if kind.checksum)
"""Types whose very reason says that a check was passed."""


def _unproved(identifier: Identifier, area: str, low: int, first: int, last: int) -> list[Span]:
    """A value in the form of the identifier that its label names, whose check digit is wrong: mistyped or invented, but
    what the label says it is. It is told by its type alone, which claims no check."""
    if identifier.type in _CHECKED_TYPES:
        return []
    for match in _PATTERNS[identifier.name].finditer(area):
        a, b = match.start(), match.end()
        text = match[0].strip(" -")
        if a <= first + 1 and b >= last - 1 and b - a >= 8 and len({ch for ch in text if ch.isdigit()}) > 2:
            kind = KIND[identifier.type.lower()]
            begin = low + len(area[:a].encode())
            return [(begin, begin + len(match[0].encode()), kind, _UNPROVED)]
    return []


_SWIFT = next(i for i in IDENTIFIERS if i.type == "SWIFT_BIC")


def bank_code(view: View, c: Candidate) -> list[Span]:
    """A business identifier code within 48 bytes behind the word `SWIFT` or `BIC`."""
    area = view.text(c.start, c.end)
    for match in _PATTERNS[_SWIFT.name].finditer(area):
        if passes(_SWIFT.check, match[0]):
            return _spans([match.span()], area, c.start, _SWIFT, _SWIFT.score)
    return []


_LEADING = re.compile(r"([A-Za-z]{2,5})[ -]+(?=[A-Z]{0,4}[ -]?\d)")


@lru_cache(maxsize=1024)
def _label_words(identifier: Identifier) -> frozenset[str]:
    """Single words that are the identifier's label."""
    return frozenset(phrase.rstrip("*") for phrase in identifier.phrases() if " " not in phrase)


def _fitting(identifier: Identifier, area: str, first: int, last: int) -> list[tuple[int, int]]:
    out = []
    for match in _PATTERNS[identifier.name].finditer(area):
        text = match[0].strip(" " if identifier.type == "COORDINATES" else " -")
        label = _LEADING.match(text)
        if label and match.start() < first and fold(label[1]) in _label_words(identifier):
            text = text[label.end() :]  # "MRN 00482913": the letters are the label
        begin = match.start() + match[0].rindex(text)
        if not identifier.check:
            written_date = is_dateish(text) and not text.isdigit()
            if written_date or _CALCULATED.match(area, begin + len(text)):
                continue
        if begin < last and begin + len(text) > first and passes(identifier.check, text):
            out.append((begin, begin + len(text)))
    return out


def _spans(places: list[tuple[int, int]], area: str, low: int, identifier: Identifier, score: float) -> list[Span]:
    kind = KIND[identifier.name]
    if area.isascii():
        return [(low + a, low + b, kind, score) for a, b in places]
    return [(low + len(area[:a].encode()), low + len(area[:b].encode()), kind, score) for a, b in places]


def _stands_alone(core: str) -> bool:
    """Whether the token, or a piece of it between blanks, has a shape that needs no words."""
    if shape(core) in _SHAPES or (len(core) >= 17 and " " not in core):
        return True
    return " " in core and any(shape(piece) in _SHAPES for piece in core.split())


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
    match = _PATTERNS[identifier.name].match(area, begin)
    return match is not None and match.end() == end
