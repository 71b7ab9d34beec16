"""Which identifiers a value is tried for, decided from everything about it but its digits.

A plan is a list of attempts: this identifier, at these places of the area around the value, with this score. It is made
once for all candidates with the same words around them and the same written form, digits apart, and then carried out on
the digits of each: by `identify` on one value, by `crowds` on many at once. What depends on the digits stays in the
attempt: the check, the pattern where it asks for certain digits, whether the value is a date.

Cost: 20-60 microseconds a plan; about a microsecond an attempt and value, and the check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase

from curate.privacy.identifiers import IDENTIFIERS, Identifier
from curate.privacy.identifiers.model import LEFT, RIGHT
from curate.privacy.phrases import fold, phrases_after, phrases_before
from curate.privacy.types import KIND, TYPES

_UNCHECKED_REACH = 5
UNPROVED = 0.55
"""Score of a value in the form that its label names, whose check digit is wrong."""
SWIFT = next(i for i in IDENTIFIERS if i.type == "SWIFT_BIC")
_SPECIAL = tuple(i for i in IDENTIFIERS if i.alone and not i.shapes)
_CALCULATED = re.compile(r" ?[=*+<>]")
"""Behind a number: it stands in a calculation."""
_SHAPE = str.maketrans(
    {**dict.fromkeys("0123456789", "9"), **dict.fromkeys(ascii_uppercase, "A"), **dict.fromkeys(ascii_lowercase, "a"),
     " ": "_"}
)  # fmt: skip
_MAYBE_DATE = re.compile(r"\d{1,5}[-./ ]")
_PIECES = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{[\d,]*\}|\(\?[:=!]|\(\?<[=!]|.", re.DOTALL)


def shape(text: str) -> str:
    """`12.345.678-K` as `99.999.999-A`; blanks as `_`."""
    return text.translate(_SHAPE)


def relaxed(pattern: str) -> str:
    """The pattern with "any digit" wherever it asks for certain digits, so that it can be tried on zeros."""
    out = []
    for piece in _PIECES.findall(pattern):
        if piece[0] == "[" and re.search(r"\d", piece) and "0-9" not in piece:
            out.append(f"{piece[:-1]}0-9]")
        else:
            out.append(r"\d" if piece.isdigit() else piece)
    return "".join(out)


@dataclass(frozen=True)
class Form:
    """The written form of an identifier, tried on zeros, and again on digits where it asks for certain ones."""

    any_digits: re.Pattern[str]
    exactly: re.Pattern[str] | None


@lru_cache(maxsize=1024)
def form(identifier: Identifier) -> Form:
    """The form of an identifier."""
    loose = relaxed(identifier.pattern)
    exactly = None if loose == identifier.pattern else re.compile(identifier.pattern)
    return Form(re.compile(f"{LEFT}(?:{loose}){RIGHT}"), exactly)


@dataclass(frozen=True, slots=True)
class Place:
    """Offsets in the area: of the value, and of the whole match, which a label in its front may belong to."""

    start: int
    end: int
    match_start: int
    match_end: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """Try an identifier at places of the area."""

    check: str
    places: tuple[Place, ...]
    exactly: re.Pattern[str] | None
    kind: int
    score: float
    maybe_date: bool = False
    """The value may be a date, which an identifier without a check is not."""
    digits: int = 2
    """Different digits that the value must have, where it has no check."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried, in order; the first that succeeds ends the search."""

    labelled: tuple[Attempt, ...]
    """Identifiers that words around speak of."""
    whole: tuple[Attempt, ...]
    """Identifiers whose form needs no words, for the whole value."""
    pieces: tuple[tuple[Attempt, ...], ...]
    """The same for each piece between blanks."""
    unproved: tuple[Attempt, ...]
    """What the label says, although the check has failed."""

    def __bool__(self) -> bool:
        return bool(self.labelled or self.whole or self.pieces or self.unproved)


def _by_shape() -> dict[str, list[Identifier]]:
    table: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        if identifier.alone:
            for written in identifier.shapes.split():
                table.setdefault(written, []).append(identifier)
    return table


SHAPES = _by_shape()


@lru_cache(maxsize=8192)
def plan(before: str, column: str, after: str, area: str, first: int, last: int, doubtful: bool) -> Plan:
    """The plan for a value at [first, last) of `area`, between the texts `before` and `after`, in a short cell of
    `column`; all texts without their digits. `doubtful`: words near speak of orders, prices or telephones."""
    labelled: list[Attempt] = []
    unproved: list[Attempt] = []
    is_label: bool | None = None
    for away, identifier in phrases_before(before, column):
        if away > (identifier.reach if identifier.check else min(identifier.reach, _UNCHECKED_REACH)):
            continue
        attempt = _attempt(identifier, area, first, last, identifier.score, before)
        labelled += attempt
        if identifier.check and away <= 2 and is_label is not False:
            is_label = _labels(before) if is_label is None else is_label
            unproved += _unproved(identifier, area, first, last) if is_label else []
    for _, identifier in phrases_after(after):
        labelled += _attempt(identifier, area, first, last, identifier.score - 0.1) if identifier.check else []
    core = area[first:last]
    whole = _alone(area, first, last, doubtful)
    pieces: list[tuple[Attempt, ...]] = []
    if " " in core:
        found = (_alone(area, first + m.start(), first + m.end(), doubtful) for m in re.finditer(r"[^ ]+", core))
        pieces = [piece for piece in found if piece]
    elif len(core) >= 17:
        whole += tuple(_stand(i, first, last, i.alone) for i in _SPECIAL if _whole(i, area, first, last))
    return Plan(tuple(labelled), whole, tuple(pieces), tuple(unproved))


_LABEL = re.compile(
    r"(?:[^\W\d_]{4}|[\u0590-\u0dff\u1200-\u139f]{3}|\b(?:[A-ZΑ-ΩА-Я]\.?){2,4})['\"]{0,2}(?:\s?[-/]\s?)?(?:\s?(?:n[.ºo°r]{1,2}|no|nr|No|Nr|NO|NR|#|№|id|ID|is|es|est|ist|é|è|er|är|ir|ni|ay|on|je|е|є|է))?"
    r"[ ]?[:=#.]?[ ]?['\"]{0,2}\Z"
)
"""A label right before a value: a word of four letters or an abbreviation in capitals, then at most a sign or "is"."""
_AMBIGUOUS = frozenset(("pnr", "sin", "run", "pis", "cc", "uid", "ide", "nas", "ni", "ci", "rg", "id", "nis", "nit", "sol"))
"""Abbreviations that label other things as well: they need a check that passes."""


def _labels(before: str) -> bool:
    label = _LABEL.search(before[-40:])
    if label is None:
        return False
    word = re.search(r"[^\W\d_]+", label[0])
    return word is None or word[0].lower() not in _AMBIGUOUS


_CHECKED_TYPES = frozenset(kind.name for kind in TYPES if kind.checksum)
"""Types whose very reason says that a check was passed."""


def _unproved(identifier: Identifier, area: str, first: int, last: int) -> list[Attempt]:
    """A value in the form of the identifier that its label names, whose check digit is wrong: mistyped or invented, but
    what the label says it is. It is told by its type alone, which claims no check."""
    if identifier.type in _CHECKED_TYPES:
        return []
    written = form(identifier)
    for match in written.any_digits.finditer(area):
        a, b = match.span()
        if a <= first + 1 and b >= last - 1 and b - a >= 8:
            kind = KIND[identifier.type.lower()]
            return [Attempt("", (Place(a, b, a, b),), written.exactly, kind, UNPROVED, digits=3)]
    return []


_LEADING = re.compile(r"([A-Za-z]{2,5})[ -]+(?=[A-Z]{0,4}[ -]?\d)")


@lru_cache(maxsize=1024)
def _label_words(identifier: Identifier) -> frozenset[str]:
    """Single words that are the identifier's label."""
    return frozenset(phrase.rstrip("*") for phrase in identifier.phrases() if " " not in phrase)


_LINKED = re.compile(r"[:=#№º°]\s?\Z")


def _attempt(
    identifier: Identifier, area: str, first: int, last: int, score: float, before: str = ""
) -> list[Attempt]:
    """Where the identifier may stand in the area, whose part up to `first` is the end of `before`."""
    written = form(identifier)
    places, maybe_date = [], False
    for match in written.any_digits.finditer(area):
        text = match[0].strip(" " if identifier.type == "COORDINATES" else " -")
        label = _LEADING.match(text)
        if label and match.start() < first and fold(label[1]) in _label_words(identifier):
            text = text[label.end() :]  # "MRN 00482913": the letters are the label
            if not written.any_digits.fullmatch(text):
                continue
        if sum(map(str.isalnum, text)) < identifier.signs:
            continue
        begin = match.start() + match[0].rindex(text)
        end = begin + len(text)
        tagged = begin and area[begin - 1] == ">" and area[end : end + 1] == "<"  # <MRN>00482913</MRN>
        if not identifier.check and ((_CALCULATED.match(area, end) and not tagged) or (begin and area[begin - 1] == "+")):
            continue  # a term of a sum; a telephone's digits
        if identifier.linked:
            lead = before[: len(before) - max(0, first - begin)]
            if lead.strip() and not _LINKED.search(lead):  # nothing stands before the whole cell of a column
                continue
        if begin < last and end > first:
            maybe_date |= not identifier.check and _MAYBE_DATE.match(text) is not None
            places.append(Place(begin, end, *match.span()))
    if not places:
        return []
    digits = 1 if identifier.type == "LICENSE_PLATE" else 2
    return [Attempt(identifier.check, tuple(places), written.exactly, KIND[identifier.name], score, maybe_date, digits)]


def _alone(area: str, begin: int, end: int, doubtful: bool) -> tuple[Attempt, ...]:
    """Identifiers that the form of [begin, end) is enough for."""
    known = SHAPES.get(shape(area[begin:end]), ())
    doubt = 0.3 if doubtful else 0.0
    return tuple(
        _stand(i, begin, end, i.alone - doubt * (i.alone < 0.85)) for i in known if _whole(i, area, begin, end)
    )


def _stand(identifier: Identifier, begin: int, end: int, score: float) -> Attempt:
    place = Place(begin, end, begin, end)
    return Attempt(identifier.check, (place,), form(identifier).exactly, KIND[identifier.name], score)


def _whole(identifier: Identifier, area: str, begin: int, end: int) -> bool:
    match = form(identifier).any_digits.match(area, begin)
    return match is not None and match.end() == end

