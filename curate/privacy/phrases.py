"""Which identifiers do the words around a value speak of, and from how far.

A phrase is a few words, matched without regard to case, accents and punctuation; a stem (`paszport*`) matches inflected
and compounded words; phrases of scripts written without blanks are looked up as they stand. Looking back from the value,
the search ends at a word that speaks of something else (a telephone, a card, an order) and at another long number or a
placeholder, because those have taken the words before them.

Cost: a few microseconds for the 64 bytes that are looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from curate.privacy.context import _WORDS, CARD, IP, PHONE
from curate.privacy.identifiers import IDENTIFIERS, Identifier
from curate.privacy.words import STEMS as CLASS_STEMS

Hit = tuple[int, Identifier]
_NEVER = 1000
_FARTHEST = 16
"""Words that are looked at: ten between, and those of the longest phrase."""

_MARKS = "".join(chr(c) for c in range(0x300, 0x1100) if unicodedata.category(chr(c))[0] == "M" and not 0xE00 <= c < 0xF00)
"""Signs on, under or in letters: vowels of Indic, Hebrew and Arabic scripts, accents that stand by themselves. A word goes
on behind them: `पासपोर्ट` is one, not five. Thai and Lao are looked up as they stand."""
_WORD = rf"[^\W\d_]++(?:[{_MARKS}]++[^\W\d_]*+)*+"
_WORDS_OF_PHRASE = re.compile(_WORD)
_JOINERS = dict.fromkeys((0x200C, 0x200D, 0x640))
"""Signs without a width between or in letters, which are written or left out."""
_TOKEN = re.compile(rf"(?<![^\W_]){_WORD}(?![0-9])|" + r"\d[\d.,-]{4,}|\[[A-Z_]{2,24}\]|(?<=[a-z]{4})(?<!nr)[.!?](?=\s)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def fold(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text)
    folded = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return folded.replace("ø", "o").replace("ł", "l").replace("đ", "d").replace("ß", "ss").replace("ı", "i")


class _Ending(NamedTuple):
    """A phrase as its last word sees it."""

    before: tuple[str, ...]
    identifier: Identifier


def _tables() -> tuple[dict[str, list[_Ending]], dict[str, list[_Ending]], dict[str, list[Identifier]]]:
    exact: dict[str, list[_Ending]] = {}
    stems: dict[str, list[_Ending]] = {}
    joined: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        for phrase in identifier.phrases():
            if any("\u0e00" <= c <= "\u0e7f" or "\u2e80" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in phrase):
                joined.setdefault(phrase, []).append(identifier)
                continue
            words = _WORDS_OF_PHRASE.findall(phrase.translate(_JOINERS))
            *before, last = map(fold, words)  # in this order, as texts are read
            ending = _Ending(tuple(before), identifier)
            (stems if phrase.endswith("*") else exact).setdefault(last, []).append(ending)
    return exact, stems, joined


ENDING_WORDS, ENDING_STEMS, _JOINED = _tables()
_STEM_SIZES = sorted({len(stem) for stem in ENDING_STEMS})
_STEM_STARTS = frozenset(stem[: _STEM_SIZES[0]] for stem in ENDING_STEMS)
OTHER = frozenset(word for mask in (PHONE, CARD, IP) for word in _WORDS[mask].split()) - {"address", "card", "carte"}
OTHER |= frozenset(
    re.findall(
        r"\w+",
        """order orders invoice tracking ticket isbn issn doi sku part model catalog catalogue article item barcode booking
        reservation confirmation transaction parcel shipment voucher warranty loyalty coupon rewards serial version quantity
        bestellung rechnung pedido factura commande facture zip postcode postal extension aws azure gcp cloud""",
    )
)
"""Words whose numbers are nobody's: what stands before them does not speak of the value."""
OTHER = frozenset(fold(word) for word in OTHER)
OTHER_STEMS = tuple(sorted({fold(stem) for name in ("PHONE", "IDENTIFIER") for stem in CLASS_STEMS[name].split()}))


@lru_cache(maxsize=1 << 14)
def _is_other(word: str) -> bool:
    return word in OTHER or word.startswith(OTHER_STEMS)


@lru_cache(maxsize=1 << 16)
def _endings(word: str) -> tuple[_Ending, ...]:
    """Phrases that end with this word, the longest first."""
    found = list(ENDING_WORDS.get(word, ()))
    if word[: _STEM_SIZES[0]] in _STEM_STARTS:
        for size in _STEM_SIZES:
            if size > len(word):
                break
            found += ENDING_STEMS.get(word[:size], ())
    return tuple(sorted(found, key=lambda ending: -len(ending.before)))


def _touches(text: str, spans: list[tuple[int, int]], at: int) -> bool:
    """Whether only a blank or a hyphen parts word `at` of the text from the one before; the words of a column's name,
    which come first, do."""
    if at <= 0:
        return True
    edge = spans[at - 1][1]
    return spans[at][0] == edge + 1 and text[edge] in " -"


def _matches(words: list[str], last: int) -> tuple[int, Sequence[Identifier]]:
    """The longest phrase that ends with word `last`: its number of words and what it speaks of."""
    size, found = 0, []
    for before, identifier in _endings(words[last]):
        length = len(before)
        if size and length + 1 < size:
            break
        if length == 0 or (length <= last and tuple(words[last - length : last]) == before):
            size = length + 1
            found.append(identifier)
    return size, found


_TAKEN = re.compile(r".*(?:\d[\d.,-]{4,}|\[[A-Z_]{2,24}\])", re.DOTALL)


def phrases_before(text: str, column: str = "") -> tuple[Hit, ...]:
    """(words between, identifier), nearest first, for the text before a value; `column` is the column's name."""
    if not column:  # what stands before another long number or a placeholder is not looked at, so it need not differ
        taken = _TAKEN.match(text)
        text = text[taken.end() - 1 :] if taken else text
    return _phrases_before(text, column)


@lru_cache(maxsize=8192)
def _phrases_before(text: str, column: str) -> tuple[Hit, ...]:
    spaced = _CAMEL.sub(" ", text if text.isascii() else text.translate(_JOINERS))
    spans = [m.span() for m in _TOKEN.finditer(spaced)][-_FARTHEST:]
    tokens = [*_TOKEN.findall(fold(_CAMEL.sub(" ", column))), "\n"] if column else []
    named = len(tokens)
    if spaced.isascii():
        lower = spaced.lower()
        tokens += [lower[a:b] for a, b in spans]
    else:
        tokens += [fold(spaced[a:b]) for a, b in spans]
    hits: list[Hit] = []
    at = len(tokens) - 1
    away = 0
    while at >= 0 and away < 10:
        token = tokens[at]
        if token == "\n":  # the column's name speaks of the whole cell
            away = min(away, 2)
            at -= 1
            continue
        if token in ".!?":
            break
        if token[0] == "[" or token[0].isdigit():
            if not column:
                break
            at -= 1
            continue
        size, found = _matches(tokens, at) if _endings(token) else (0, ())
        if found and at >= size and _is_other(tokens[at - size]) and _touches(spaced, spans, at - size + 1 - named):
            break  # "loyalty account"
        if found:
            # Two letters (DL, CI, RG) speak only of what follows at once.
            far = _NEVER if away and size == 1 and len(token) <= 2 else 0
            hits += [(away + far, identifier) for identifier in found]
            at -= size
            away += size
            continue
        if _is_other(token):
            break
        at -= 1
        away += 1
    if not text.isascii():
        for phrase, identifiers in _JOINED.items():
            place = text.rfind(phrase)
            if place >= 0:
                between = len(text) - place - len(phrase)
                hits += [(between // 2, identifier) for identifier in identifiers]
    hits.sort(key=_order)
    return tuple(hits)


def _order(hit: Hit) -> tuple[int, int, float]:
    away, identifier = hit
    return away, not identifier.check, -identifier.score


_HEAD = re.compile(r"[^.;\n\d\[]*")
_LABEL_OF_NEXT = re.compile(r"\.?[ :#=]{0,3}[\d\[+(]")
_PARTED = re.compile(r".*(?=[,|、،])", re.DOTALL)


def phrases_after(text: str) -> tuple[Hit, ...]:
    """The same for the first words behind a value, up to the end of the sentence; what stands behind a comma and right
    before the next value belongs to that (`15108695088, kontonr. 1503 40 12345`)."""
    head = _HEAD.match(text)
    said = head[0] if head else ""
    if head and _LABEL_OF_NEXT.match(text, head.end()) and (parted := _PARTED.match(said)):
        said = parted[0]
    return _phrases_after(said) if said else ()


@lru_cache(maxsize=8192)
def _phrases_after(head: str) -> tuple[Hit, ...]:
    words = [fold(t) for t in _TOKEN.findall(head)][:3]
    hits = [(at + 1, identifier) for at in range(len(words)) for identifier in _matches(words, at)[1]]
    hits.sort(key=_order)
    return tuple(hits)
