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
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy import context as words
from curate.privacy import neighbourhood as k
from curate.privacy.book import book
from curate.privacy.call_secrets import call_secrets
from curate.privacy.candidates import Candidate, View
from curate.privacy.checks import iban, isbn, issuer, luhn
from curate.privacy.column import Block, block
from curate.privacy.config import ScanConfig
from curate.privacy.disguises import byte_edits, find_disguises
from curate.privacy.identifiers import IDENTIFIERS, compiled, passes
from curate.privacy.jsonrows import is_json
from curate.privacy.kernel import lex
from curate.privacy.names.anchors import announced
from curate.privacy.names.columns import NOTHING, column_class
from curate.privacy.names.cues import cues
from curate.privacy.names.find import apart, find_names
from curate.privacy.names.listed import listed_first, listed_name, listed_title, ordinary, place_alone
from curate.privacy.normalise import normalise
from curate.privacy.operators import mask
from curate.privacy.phones import is_dateish, valid_international, valid_national
from curate.privacy.phrases import phrases_after, phrases_before
from curate.privacy.recognizers import RECOGNIZERS
from curate.privacy.scanner import scan
from curate.privacy.signs import BY_SIGNS, by_signs
from curate.privacy.told import told as told_in_words
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
"""Candidates that are told of one text, and spans that came from elsewhere; nobody reads more."""
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


@dataclass(frozen=True)
class _Reading:
    """The text and what is worked out of it once."""

    text: str
    column: str

    @cached_property
    def whole(self) -> Block:
        return block(pa.array([self.text], pa.large_string()), self.column)

    @cached_property
    def _bytes(self) -> Ints:
        """Place in the buffer of each code point, and of the end."""
        data, start, end = self.whole.data, int(self.whole.starts[0]), int(self.whole.ends[0])
        return np.append(start + np.flatnonzero((data[start:end] & 0xC0) != 0x80), end)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Code points -> bytes."""
        return int(self._bytes[start]), int(self._bytes[end])

    @cached_property
    def told_by(self) -> dict[tuple[int, int], str]:
        """What told of secrets and accounts (bytes) without a key before them."""
        calls = call_secrets(self.whole)
        in_words = told_in_words(self.whole, ("SECRET", "HANDLE"), calls)
        rules = (
            (by_signs(self.whole, BY_SIGNS), "one sign in a form of its own"),
            (in_words, "a sentence that tells a password, a PIN or a user name"),
            (calls, "an argument of a call that logs in"),
        )
        return {(a, b): rule for found, rule in rules for a, b in found.at[:, 1:3].tolist()}

    @cached_property
    def announced(self) -> Ints:
        """People whom a phrase announces."""
        return announced(self.whole, *cues(self.whole))[0]


def shape_of(text: str) -> str:
    """Digits as 9, letters as a and A, breaks as blanks; at most 80 characters."""
    plain = re.sub(r"[^\W\d_]", lambda m: "A" if m[0].isupper() else "a", re.sub(r"\d", "9", text[:80]))
    return re.sub(r"\s", " ", plain) + ("…" if len(text) > 80 else "")


def explain_text(text: str, config: ScanConfig | None = None, column: str = "") -> Story:
    """Every candidate of one text and what became of it. `column`: the name of the column the text stands in."""
    config = config or ScanConfig()
    texts = pa.array([text], pa.large_string())
    final = scan(texts, config, names=column)
    table = [
        {"start": a, "end": b, "type": kind, "kind": final.book.names[code], "score": round(float(score), 4)}
        for a, b, kind, code, score in zip(
            final.start.tolist(), final.end.tolist(), final.type.to_pylist(), final.kind.tolist(), final.score.tolist()
        )
    ]
    reading = _Reading(text, column)
    told, left_out, edge = _candidates(
        reading, config, [(int(str(f["start"])), int(str(f["end"])), str(f["type"])) for f in table]
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
    hidden = list(zip(final.start.tolist(), final.end.tolist(), final.replacements()))
    if not set(NAMED).isdisjoint(config.types):
        return Story(mask(text, hidden), table, told, left_out=left_out)
    names = apart(find_names(texts, PERSONAL, column, min_score=config.min_score, allow=config.allow), final)
    flagged: list[dict[str, object]] = [
        {"start": a, "end": b, "type": kind, "score": round(float(score), 4)}
        for a, b, kind, score in zip(names.start.tolist(), names.end.tolist(), names.type.to_pylist(), names.score.tolist())
    ]
    hidden += zip(names.start.tolist(), names.end.tolist(), names.replacements())
    return Story(mask(text, sorted(hidden)), table, told, flagged, left_out)


def _elsewhere(reading: _Reading, start: int, end: int, kind: str, score: float, config: ScanConfig) -> Told:
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


def _about_name(reading: _Reading, start: int, end: int) -> list[str]:
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
    reading: _Reading, config: ScanConfig, found: Sequence[tuple[int, int, str]]
) -> tuple[list[Told], int, float]:
    """What is told of the first candidates, how many are left out, and the place (code points) up to which all are told."""
    text, whole = reading.text, reading.whole
    if not len(text):
        return [], 0, float("inf")
    national = config.default_region.upper() not in ("US", "CA")
    read, low, high, changed = _as_read(whole)
    proposed, count, _ = lex(read.data, read.starts, read.ends, national, read.masks, read.name_of)
    view = View(
        read.data.data, read.starts.tolist(), read.ends.tolist(), config.default_region.upper(), read.names, None
    )  # fmt: skip
    points = np.cumsum((whole.data & 0xC0) != 0x80)  # code points up to and including each raw byte

    def place(a: int, b: int) -> tuple[int, int]:
        """Bytes as read -> code points of the raw text."""
        first, last = int(low[a]), int(high[b - 1])
        begin = int(whole.starts[0])
        before = int(points[first - 1]) if first > begin else 0
        return before, int(points[last - 1])

    out = []
    every = [Candidate._make(values) for values in proposed[:count].tolist()]
    passed = _unproposed(view, every)
    edge = float("inf")
    left_out = max(0, len(every) + len(passed) - MOST)
    if left_out:
        stop = sorted(c.start for c in (*every, *passed))[MOST]
        every, passed = [c for c in every if c.start < stop], [c for c in passed if c.start < stop]
        edge = place(stop, stop + 1)[0]
        found = [one for one in found if one[0] <= edge]
    for c in passed:
        start, end = place(c.start, c.end)
        out.append(Told(start, end, shape_of(text[start:end]), _NOT_PROPOSED, _words_near(view, c, place)))
        out[-1].notes = _notes(view, c, config)
    for c in every:
        start, end = place(c.start, c.end)
        told = Told(start, end, shape_of(text[start:end]), RULES[c.kind] + (", in the plain reading" if changed else ""))
        told.words = _words_near(view, c, place)
        told.notes = _notes(view, c, config)
        spans = [(c.start, c.end, CODE["EMAIL_ADDRESS"], 0.95)] if c.kind == k.EMAIL else RECOGNIZERS[c.kind](view, c)
        for a, b, code, score in spans:
            told.verdicts.append(_verdict(view.text(a, b), place(a, b), code, round(score, 4), config, found))
        out.append(told)
    return out, left_out, edge


_NOT_PROPOSED = "nothing: no form, check or word makes these digits a candidate"


def _unproposed(view: View, proposed: Sequence[Candidate]) -> list[Candidate]:
    """Runs of seven digits or more that the lexer passed over."""
    out, taken = [], sorted((c.start, c.end) for c in proposed)
    reach = list(itertools.accumulate((end for _, end in taken), max))
    for m in _RUN.finditer(bytes(view.data[view.starts[0] : view.ends[0]])):
        start, end = view.starts[0] + m.start(), view.starts[0] + m.end()
        before = bisect_left(taken, (end, 0))
        if sum(48 <= b <= 57 for b in m[0]) >= 7 and not (before and reach[before - 1] > start):
            out.append(Candidate(k.NUMBER, 0, start, end, 0, 0, 0))
    return out


_RUN = re.compile(rb"\+?\d(?:[ ().-]{0,2}\d){6,30}")


def _as_read(whole: Block) -> tuple[Block, Ints, Ints, bool]:
    """The text as the lexer reads it last, and the raw byte range of every byte of that."""
    data, starts, ends = whole.data, whole.starts, whole.ends
    _, _, flags = lex(data, starts, ends, False, whole.masks, whole.name_of)
    disguised = find_disguises(data, starts, ends)
    unescape = np.array([bool(flags[0] & k.JSON_ESCAPES) and is_json(data[starts[0] : ends[0]].tobytes())])
    edits = byte_edits(data, starts, ends, disguised)
    if not (unescape[0] or len(edits) or flags[0] & (k.UNICODE_FORMS | k.BRACKET_AT)):
        raw = np.arange(len(data) + 1, dtype=np.int64)
        return whole, raw, raw + 1, False
    written_out = (flags & k.BRACKET_AT) != 0
    plain, p_starts, p_ends, low, high = normalise(data, starts, ends, unescape, written_out, edits)
    return whole.on(plain, p_starts, p_ends), low, high, True


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
