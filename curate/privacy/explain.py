"""Why does one text hold personal data, or why not: every candidate, what was checked, what decided.

The same lexer, second reading and recognisers as `scan`, run on one text with their intermediate results kept; the final
spans are those of `scan` itself, so this cannot disagree with it. What is told of a candidate: the lexer's rule that
proposed it, the listed words around (with their places), the identifiers that those words name and whether the value
fits them, arithmetic checks, each recogniser's verdict, the same value's score when it stands alone (so that the rest
is what the surroundings add), and what became of it where spans overlap.

Nothing here holds the value itself: it is shown by its shape (`999-99-9999`); words are shown only when they stand in a
list of ours. Offsets are code points of the raw text. Cost: a scan, and some milliseconds for each of the first candidates
(`MOST`) and of the first other spans; the rest is counted (`Story.left_out`).
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy import context as words
from curate.privacy import neighbourhood as k
from curate.privacy.book import book
from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.checks import iban, isbn, issuer, luhn
from curate.privacy.config import ScanConfig
from curate.privacy.identifiers import IDENTIFIERS, compiled, passes
from curate.privacy.names.columns import NOTHING, column_class
from curate.privacy.names.find import apart, find_names
from curate.privacy.names.listed import listed_first, listed_name, listed_title, ordinary, place_alone
from curate.privacy.operators import mask
from curate.privacy.phones import is_dateish, valid_international, valid_national
from curate.privacy.phrases import phrases_after, phrases_before
from curate.privacy.reading import AHEAD, LONG, Reading, beginning, safe_end
from curate.privacy.recognizers import RECOGNIZERS
from curate.privacy.scanner import scan
from curate.privacy.types import CODE, KINDS, NAMED, TYPES

Ints = npt.NDArray[np.int64]
RULES = {
    k.EMAIL: "an @ between two names", k.EMAIL_ODD: "an @ between unusual names", k.NUMBER: "groups of digits",
    k.QUAD: "four numbers joined by dots", k.COLONS: "hexadecimal digits joined by colons",
    k.IBAN: "two letters and digits", k.USERINFO: "user and password in an address",
    k.KEY_VALUE: "a value under the name of a secret", k.TOKEN: "the beginning of a provider's key",
    k.YEAR: "a year near words that speak of birth", k.DASH_MAC: "pairs of hexadecimal digits",
    k.KEY_BLOCK: "the beginning of a key block", k.ALNUM: "letters and digits in one word",
    k.AT_NAME: "a name behind an @", k.USER_VALUE: "a value under the name of an account", k.BIC: "the word SWIFT or BIC",
}  # fmt: skip
"""Kind of a candidate -> what the lexer saw."""
_CLASSES = {
    words.PHONE: "telephone", words.IDENTIFIER: "identifier", words.CARD: "card", words.SSN: "social security",
    words.IP: "address of a machine", words.VERSION: "version", words.BIRTH: "birth", words.MONEY: "money",
    words.PAGE: "page", words.PHONE_AFTER: "telephone (behind it)",
}  # fmt: skip
MOST = 300
"""Candidates that are told of one text, their verdicts, and spans that came from elsewhere; nobody reads more."""
PERSONAL = ("PERSON", "STREET_ADDRESS")
"""What the `pii` stage flags unless its `names` says otherwise."""
_OF_IDENTIFIER = {i.name: i for i in IDENTIFIERS}


@dataclass
class Verdict:
    """One span that a recogniser proposed."""

    start: int
    end: int
    type: str
    kind: str
    """Finer than the type: `br_cpf`."""
    score: float
    alone: float
    """Score of the same characters as a text of their own."""
    checks: list[str]
    """Checks that it passed."""
    outcome: str
    """`found`, or why not."""


@dataclass
class Told:
    """One candidate of the lexer, or a span that came from elsewhere."""

    start: int
    end: int
    shape: str
    """The characters with digits as 9 and letters as a and A."""
    rule: str
    """What proposed it."""
    words: list[dict[str, object]] = field(default_factory=list)
    """Listed words nearby: word, start, end, what it speaks of."""
    notes: list[str] = field(default_factory=list)
    """Checks that were made whether or not anything came of it."""
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass
class Story:
    """All about one text."""

    masked: str
    """The text with what was found replaced by placeholders."""
    found: list[dict[str, object]]
    """The spans of `scan`."""
    candidates: list[Told]
    flagged: list[dict[str, object]] = field(default_factory=list)
    """Where names are not looked for: people and street addresses that a run flags, hidden in `masked` as well."""
    left_out: int = 0
    """Candidates and spans behind those that are told."""
    unread: int = 0
    """Characters of a long text behind the part that is read, because that holds more candidates than are told."""
    unnamed: int = 0
    """Characters of what is read in which nobody looked for people and addresses, so that `masked` leaves them out."""


def shape_of(text: str) -> str:
    """Digits as 9, letters as a and A, breaks as blanks; at most 80 characters."""
    plain = re.sub(r"[^\W\d_]", lambda m: "A" if m[0].isupper() else "a", re.sub(r"\d", "9", text[:80]))
    return re.sub(r"\s", " ", plain) + ("…" if len(text) > 80 else "")


def explain_text(text: str, config: ScanConfig | None = None, column: str = "") -> Story:
    """Every candidate of one text and what became of it. `column`: the name of the column the text stands in."""
    config = config or ScanConfig()
    given, named = len(text), not set(NAMED).isdisjoint(config.types)
    reading, wanted = beginning(text, column, config.default_region, MOST, LONG if named else None)
    text = reading.text
    final = scan(pa.array([text], pa.large_string()), config, names=column)
    whole = list(zip(final.start.tolist(), final.end.tolist()))
    stop = shown = safe_end(text, wanted, whole)
    hidden = list(zip(final.start.tolist(), final.end.tolist(), final.replacements()))
    flagged: list[dict[str, object]] = []
    if not named:
        # People and addresses cost more than all else, so a long text is asked for them, and shown, no further than this.
        asked = len(text) if reading.escaped else min(wanted, LONG)
        part = pa.array([text[: asked + AHEAD]], pa.large_string())
        names = find_names(part, PERSONAL, column, min_score=config.min_score, allow=config.allow)
        names = apart(names, final)
        shown = safe_end(text, asked, [*whole, *zip(names.start.tolist(), names.end.tolist())])
        stop = shown if asked >= wanted else stop
        flagged = [
            {"start": a, "end": b, "type": kind, "score": round(float(score), 4)}
            for a, b, kind, score in zip(
                names.start.tolist(), names.end.tolist(), names.type.to_pylist(), names.score.tolist()
            )
            if b <= shown
        ]
        hidden += zip(names.start.tolist(), names.end.tolist(), names.replacements())
    table = [
        {"start": a, "end": b, "type": kind, "kind": final.book.names[code], "score": round(float(score), 4)}
        for a, b, kind, code, score in zip(
            final.start.tolist(), final.end.tolist(), final.type.to_pylist(), final.kind.tolist(), final.score.tolist()
        )
        if b <= stop
    ]
    told, left_out, edge = _candidates(
        reading, stop, config, [(int(str(f["start"])), int(str(f["end"])), str(f["type"])) for f in table]
    )
    seen = {(v.start, v.end, v.type) for t in told for v in t.verdicts if v.outcome == "found"}
    elsewhere = 0
    for f in table:
        start, end, kind = int(str(f["start"])), int(str(f["end"])), str(f["type"])
        if start >= edge:
            break  # its candidate may be one of those that are left out
        if (start, end, kind) not in seen:
            elsewhere += 1
            if elsewhere <= MOST:
                told.append(_elsewhere(reading, start, end, kind, float(str(f["score"])), config))
    left_out += max(0, elsewhere - MOST)
    told.sort(key=lambda t: (t.start, t.end))
    masked = mask(text[:shown], sorted(one for one in hidden if one[1] <= shown))
    return Story(masked, table, told, flagged, left_out, given - stop, stop - shown)


def _elsewhere(reading: Reading, start: int, end: int, kind: str, score: float, config: ScanConfig) -> Told:
    """A span of `scan` that no candidate explains: names, the user's recognisers, merged and repeated readings."""
    text = reading.text
    if kind in {r.name for r in config.recognizers}:
        rule = "a recogniser of the recipe"
    elif kind in NAMED:
        rule = "the model of names"
    else:
        other = "a second look at the masked text, or two spans that became one"
        rule = reading.told_by.get(reading.place(start, end), other)
    alone = _alone(text[start:end], kind, config) if kind in NAMED else 0.0
    verdict = Verdict(start, end, kind, kind.lower(), round(score, 4), alone, [], "found")
    notes = _about_name(reading, start, end) if kind in NAMED else []
    return Told(start, end, shape_of(text[start:end]), rule, notes=notes, verdicts=[verdict])


def _about_name(reading: Reading, start: int, end: int) -> list[str]:
    """What the lists say of a name's words, the phrase before it and the column; the words themselves are not shown."""
    out = []
    for n, word in enumerate(re.findall(r"[^\W\d_]+", reading.text[start:end])[:6], 1):
        known = [said for said, of in _LISTS.items() if of(word)]
        out.append(f"word {n}: {', '.join(known) or 'in no list'}{'' if word[0].isupper() else ', without a capital'}")
    a, b = reading.place(start, end)
    told = reading.announced
    if ((told[:, 1] < b) & (a < told[:, 2])).any():
        out.append("a phrase, title or greeting announces it")
    if column_class(reading.column) != NOTHING:
        out.append("the name of the column speaks of names")
    return out


_LISTS = {"a first name": listed_first, "a name": listed_name, "a title": listed_title, "a place": place_alone,
          "an ordinary word": ordinary}  # fmt: skip


def _candidates(
    reading: Reading, stop: int, config: ScanConfig, found: Sequence[tuple[int, int, str]]
) -> tuple[list[Told], int, float]:
    """What is told of the first candidates before `stop`, how many are left out, and the place up to which all are told
    (both in code points)."""
    text = reading.text
    if not len(text):
        return [], 0, float("inf")
    read, place = reading.read, reading.points
    view = View(
        read.data.data, read.starts.tolist(), read.ends.tolist(), config.default_region.upper(), read.names, None
    )  # fmt: skip
    out: list[Told] = []
    proposed = [Candidate._make(values) for values in reading.candidates.tolist()]
    passed = _unproposed(view, proposed)
    every = sorted([*((c, False) for c in passed), *((c, True) for c in proposed)], key=lambda one: one[0].start)
    while every and place(every[-1][0].start, every[-1][0].end)[1] > stop:
        every.pop()
    verdicts = 0
    for n, (c, lexed) in enumerate(every):
        start, end = place(c.start, c.end)
        if n >= MOST or verdicts >= MOST:
            return out, len(every) - n, start
        rule = RULES[c.kind] + (", in the plain reading" if reading.changed else "") if lexed else _NOT_PROPOSED
        told = Told(start, end, shape_of(text[start:end]), rule, _words_near(view, c, place), _notes(view, c, config))
        spans: list[Span] = []
        if lexed:
            spans = [(c.start, c.end, CODE["EMAIL_ADDRESS"], 0.95)] if c.kind == k.EMAIL else RECOGNIZERS[c.kind](view, c)
        for a, b, code, score in spans:
            told.verdicts.append(_verdict(view.text(a, b), place(a, b), code, round(score, 4), config, found))
        verdicts += len(spans)
        out.append(told)
    return out, 0, float("inf")


_NOT_PROPOSED = "nothing: no form, check or word makes these digits a candidate"


def _unproposed(view: View, proposed: Sequence[Candidate]) -> list[Candidate]:
    """Runs of seven digits or more that the lexer passed over."""
    out, taken = [], sorted((c.start, c.end) for c in proposed)
    reach = list(itertools.accumulate((end for _, end in taken), max))
    for m in _RUN.finditer(bytes(view.data[view.starts[0] : view.ends[0]])):
        start, end = view.starts[0] + m.start(), view.starts[0] + m.end()
        start -= start > view.starts[0] and view.data[start - 1] == 43
        before = bisect_left(taken, (end, 0))
        if sum(48 <= b <= 57 for b in m[0]) >= 7 and not (before and reach[before - 1] > start):
            out.append(Candidate(k.NUMBER, 0, start, end, 0, 0, 0))
    return out


_RUN = re.compile(rb"\d(?:[ ().-]{0,2}\d){6,30}")


def _words_near(view: View, c: Candidate, place: object) -> list[dict[str, object]]:
    """Listed words in the 64 bytes before and the 24 behind, with their places in the raw text."""
    assert callable(place)
    low, high = max(view.starts[c.row], c.start - 64), min(view.ends[c.row], c.end + 24)
    out: list[dict[str, object]] = []
    for a, b in ((low, c.start), (c.end, high)):
        for m in re.finditer(rb"[A-Za-z\x80-\xff]+", bytes(view.data[a:b])):
            classes = words._CLASSES.get(m[0].lower(), 0)
            speaks = [name for bit, name in _CLASSES.items() if classes & bit]
            if a == c.end and not classes & (words.PHONE | words.PHONE_AFTER):
                continue
            if speaks:
                start, end = place(a + m.start(), a + m.end())
                out.append({"word": m[0].decode("utf-8", "replace").lower(), "start": start, "end": end,
                            "of": speaks})  # fmt: skip
    return out


def _notes(view: View, c: Candidate, config: ScanConfig) -> list[str]:
    """Checks on the candidate as a whole, and the identifiers that the words around it name."""
    text = view.text(c.start, c.end)
    digits = "".join(ch for ch in text if ch.isdigit())
    out = []
    if c.kind in (k.NUMBER, k.QUAD, k.YEAR):
        if 12 <= len(digits) <= 19:
            known = issuer(digits)
            out.append(f"Luhn: {'passes' if luhn(digits) else 'fails'}; card issuer: {known[0] if known else 'none'}")
        if len(digits) in (10, 13) and isbn(text):
            out.append("a valid ISBN")
        if is_dateish(text):
            out.append("written as a date")
        if text.startswith("+") and len(digits) >= 7:
            valid = valid_international(digits)
            out.append("international number: " + {True: "assigned", False: "not assigned", None: "no such country"}[valid])
        elif 7 <= len(digits) <= 12:
            valid = valid_national(digits, config.default_region.upper())
            out.append(f"national number in {config.default_region.upper()}: {'assigned' if valid else 'not assigned'}")
    if c.kind == k.IBAN:
        out.append(f"IBAN of the whole run: {'passes' if iban(re.sub(r'[ -]', '', text).upper()) else 'fails'}")
    flags = {k.PREV_LETTER: "a letter touches it on the left", k.NEXT_LETTER: "a letter touches it on the right",
             k.PREV_MONEY: "a sign of money before it", k.PREV_SIGN: "a sign before it",
             k.PREV_DECIMAL: "decimals before it", k.NEXT_DECIMAL: "decimals or a time behind it",
             k.PREV_SLASH: "a slash or an equals sign before it"}  # fmt: skip
    out += [note for bit, note in flags.items() if c.flags & bit]
    if c.kind in (k.NUMBER, k.ALNUM, k.QUAD):
        before = view.text(max(view.starts[c.row], c.start - 96), c.start)
        after = view.text(c.end, min(view.ends[c.row], c.end + 24))
        around = view.text(max(view.starts[c.row], c.start - 8), min(view.ends[c.row], c.end + 8))
        for away, identifier in (*phrases_before(before, view.column(c.row))[:6], *phrases_after(after)[:3]):
            if away > 100:
                continue
            fits = compiled(identifier).search(around)
            told = "does not fit its form" if fits is None else "fits its form"
            if fits and identifier.check:
                right = passes(identifier.check, fits[0].strip(" -"))
                told += f", check {identifier.check.lstrip('.')} {'passes' if right else 'fails'}"
            out.append(f"words {away} away speak of {identifier.name} ({identifier.type}): the value {told}")
    return list(dict.fromkeys(out))


def _verdict(
    value: str, at: tuple[int, int], code: int, score: float, config: ScanConfig, found: Sequence[tuple[int, int, str]]
) -> Verdict:
    name, type_code = KINDS[code]
    kind = TYPES[type_code].name
    checks = []
    identifier = _OF_IDENTIFIER.get(name)
    if identifier and identifier.check:
        checks.append(identifier.check.lstrip("."))
    elif TYPES[type_code].checksum:
        checks.append(str(TYPES[type_code].checksum))
    return Verdict(*at, kind, name, score, _alone(value, kind, config), checks, _outcome(at, kind, score, config, found))


def _alone(value: str, kind: str, config: ScanConfig) -> float:
    """Score that these characters get for this type as a text of their own; 0 where nothing is found."""
    wanted = ScanConfig(types=(kind,), default_region=config.default_region, min_score=0.0)
    spans = scan(pa.array([value], pa.large_string()), wanted)
    return round(max((float(s) for s in spans.score), default=0.0), 4)


def _outcome(
    at: tuple[int, int], kind: str, score: float, config: ScanConfig, found: Sequence[tuple[int, int, str]]
) -> str:
    if (*at, kind) in found:
        return "found"
    if kind not in config.types:
        return "its type is not looked for"
    if score < config.min_score:
        return f"score below {config.min_score:g}"
    ranks = book(config.recognizers)
    for a, b, other in found:
        if a < at[1] and at[0] < b:
            if other == kind:
                return f"the span {a}-{b} of the same type takes its place"
            higher = next((t.priority for t in ranks.types if t.name == other), 0)
            lower = next((t.priority for t in ranks.types if t.name == kind), 0)
            why = "ranks higher" if higher > lower else "is longer"
            return f"overlaps {other} at {a}-{b}, which {why}"
    return "allowed by the settings, or cleared by later evidence"
