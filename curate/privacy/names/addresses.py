"""Where a street address begins and ends: what the tagger's tokens cut off, and what they ran into.

- Cells and sentences end an address: `M|88 Ferncliff Ave|Buffalo`, `Storgatan 14, 903 26 Umeå. Ring`.
- The house number or the kind of street in front belongs to it: `3 bis rue ...`, `ul. Długa 5`, `Flat 4, 19 Harcourt
  Terrace`; so does the street in front of a post code and its town: `Hauptstr. 12, 70563 Stuttgart`.
- A run of many digits, or words of a sentence between the numbers, make it none.
- Over several lines, a line with nothing but a place's name is a place: those who mark texts part the town from the street
  as often as not, and a town on a line of its own reads as one.

Complexity: O(addresses), about 10 microseconds each; every pattern is bounded.
"""

from __future__ import annotations

import itertools
import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.names.phrases import words
from curate.privacy.overlaps import Found
from curate.privacy.types import LOCATION, STREET_ADDRESS

_BEFORE, _AFTER = 96, 24
"""Bytes around an address that are looked at."""
_EDGE = " \t\r\n\u3000\xa0,;:|–—"
_DIGIT, _LETTERS = re.compile(r"\d"), re.compile(r"[^\W\d_]{2}")
_CELLS = re.compile(r"[|;\t]")
_SENTENCE = re.compile(r"(?<![^\W\d_])([^\W\d_]{1,40}+)\.\s{1,8}(?=[^\W\d_])")
_SHORT = words("addresses", "abbreviations")
_KIND = (
    r"(?:Str|str|Ul|ul|Al|al|Pl|pl|Os|os|Av|av|Avda|C|R|P\.zza|V\.le|Jl|jl|Bd|Bld|Blvd|Ş|Șos|St|nám|Λ|Λεωφ|"
    r"ул|пр|просп|пер|пл|наб|вул|бул)\.\s?|(?:C/|c/)\s?|(?:Calle|calle|Rua|rua|Rue|rue|Via|via|Viale|Corso|Piazza|Jalan|"
    r"Strada|strada|Bulevardul|Avenida|avenida|Plaza|улица|проспект|οδός|οδό|utca|Ulica|ulica|ulice)\s"
)
_PARTICLE = (
    r"(?:de la|de los|de las|d[aeiou]s?|de[ilr]|della|delle|dello|degli|des|du|la|le|les|las|los|van|von|den|der|het)\s|"
    r"l['’]|d['’]"
)
_HOUSE = (
    r"(?:(?:Flat|flat|Apt|Apartment|Unit|Suite|Room|Floor|No|Nr|N°|nº|H\.No|Door No|Plot)\.?\s?[A-Z]?\d{1,5}[A-Za-z]?,?\s|"
    r"\d{1,5}\s?(?:bis|ter|quater)\s|\d{1,5}/)"
)
_LEFT = re.compile(rf"(?:(?<=[\s,;:|(\"'])|^)(?:{_HOUSE})?(?:{_KIND}(?:{_PARTICLE})?)?\Z")
_LONGEST_LEFT = 48
"""Signs that `_LEFT` matches at most, and some."""
_STREET = re.compile(
    r"(?:(?<=[\s,;:|(\"'])|^)((?:[^\W\d_][\w.'’-]{0,24}\s){0,4}?[^\W\d_][\w.'’-]{1,30}\s(?:n[.ºo°r]{1,2}\s?)?"
    r"\d{1,4}\s?[a-zA-Z]?(?:\s?[-/–]\s?\d{1,4}[a-zA-Z]?)?(?:\s(?:[A-Z]\s?)?\d{1,3})?(?:\s?[-/]\s?[IVX]{1,4})?)(?:,\s?|\s)\Z"
)
_NO_HOUSE = re.compile(
    r"\d(?:(?<![\d.,]\d)\d{0,2},\d{1,2}(?![\d,])|(?<!\w\d)\d{0,2} ?"
    r"(?:tahun|años?|ans|anni|anos|Jahren?|jaar|lat|yaşında|yıl|years?|yrs?|yo|y/o|år|лет|let|roků)\b)"
)
"""Amounts and ages. Here and below a digit stands first, so that a search leaps from digit to digit."""
_WORKED_SUM = re.compile(r"####|<<|>>|(?<!\w)0x[0-9a-fA-F]{2}")
"""What no address holds: sums worked out in a text, and code. What stands before or behind may be one."""
_MARKS_OF_SUMS = re.compile(r"[#<>x]")
_NUMBER_AND_NAME = re.compile(
    r"\d[^\n]{0,40}?\b(?![\d_a-zà-ÿа-я])\w[^\W\d_]{2}|\b(?![\d_a-zà-ÿа-я])\w[^\W\d_]{2}[^\n]{0,40}?\d"
)
KIND_AT_END = re.compile(
    r"(?i)(?:str|straße|strasse|weg|gasse|platz|allee|ring|damm|ufer|markt|hof|berg|laan|straat|kade|plein|steeg|lei|gatan|gata|vägen|väg"
    r"|vej|gade|veien|vei|katu|tie|polku|utca|út|tér)\Z"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\Z")
_POST_CODE_FIRST = re.compile(r"(?:[A-Z]{1,2}-)?\d{3}(?:\s?\d{2}|\d{1,2}|-\d{3,4})\s[^\W\d_]")
_NUMBER_OF_A_TEXT = re.compile(r"\d(?<!\d\d)(?:\d{8}|(?:[ -]?\d){12})")
_SMALL = re.compile(r"(?<![\w'’-])[^\W\d_]{5,}(?![\w-])")
OF_ADDRESSES = words("addresses", "words")
STREETS = words("addresses", "streets")
KIND_FIRST = re.compile(_KIND)
_HOUSE_FIRST = re.compile(
    r"\d{1,5}[a-zA-Z]?(?:\s(?:bis|ter|quater)\b)?,?\s((?:[^\W\d_][\w.'’-]{0,24}\s){0,4}[^\W\d_][\w.'’-]{0,24})"
)
POST_CODE = re.compile(
    r"\b(?=[\dA-Z])(?:(?<!-)"
    r"(?:(?!(?:19|20)\d\d\s)\d{4}|\d{5}|\d{6}|\d{3}\s\d{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3})\s(?=[^\W\d_a-zà-ÿа-я])"
    r"|[A-Z]{2}\s\d{5}(?:-\d{4})?(?!\d)|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b|\d{4}\s?[A-Z]{2}\b)"
)
"""A post code and the capital of its town, or one whose form tells."""
_LONGEST_LINE = 160
"""Signs of the longest line that may be a place: the patterns for these look at it from every sign."""
_PLACE_LINE = re.compile(r"\W*([^\W\d_][^\d,]*?)\W*\Z")
_PLACE_AND_CODE = re.compile(r"\W*([^\W\d_][^\d,]*?[^\W\d_A-Z][^\d,]*?)\s(\d{4,6})\W*\Z")


def tidy(before: str, value: str, after: str) -> tuple[int, int]:
    """Begin and end, counted from the begin of `value`, of the address found as `value`; equal where it is none."""
    low, high = 0, len(value)
    if _CELLS.search(value):
        edges = [0, *(m.end() for m in _CELLS.finditer(value)), len(value) + 1]
        cells = [(a, b - 1) for a, b in itertools.pairwise(edges)]
        telling = [(b - a, a, b) for a, b in cells if _DIGIT.search(value, a, b) and _LETTERS.search(value, a, b)]
        if not telling:
            return 0, 0
        _, low, high = max(telling)
    for end in _SENTENCE.finditer(value, low, high) if "." in value else ():
        rest = value[end.end() : high]
        word = len(end[1]) >= 3 and end[1].lower() not in _SHORT
        if (word or re.match(r"\s*:", after)) and not re.search(r"\d", rest):
            high = end.end(1)
            break
    if _MARKS_OF_SUMS.search(value, low, high):
        low, high = _beside_sums(value, low, high)
    if low >= high:
        return 0, 0
    while low < high and value[low] in _EDGE:
        low += 1
    while low < high and value[high - 1] in _EDGE:
        high -= 1
    high = low + _address_end(value[low:high])
    while low < high and value[high - 1] in _EDGE:
        high -= 1
    if low >= high:
        return 0, 0
    ahead = before + value[:low]
    if _POST_CODE_FIRST.match(value, low):
        low -= len(ahead) - _street(ahead)
        ahead = before + value[:low] if low >= 0 else before[:low]
    more = _LEFT.search(ahead, max(0, len(ahead) - _LONGEST_LEFT))
    low -= len(ahead) - more.start() if more else 0
    return low, high


def _beside_sums(value: str, low: int, high: int) -> tuple[int, int]:
    """The first to the last part between sums and code that has a number and a street or a word with a capital."""
    edges = [low, *(place for m in _WORKED_SUM.finditer(value, low, high) for place in m.span()), high]
    if len(edges) == 2:
        return low, high
    parts = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if _NUMBER_AND_NAME.search(value, a, b)]
    parts += [(a, b) for a, b in zip(edges[::2], edges[1::2]) if _has_street(value[a:b].strip(_EDGE))]
    return (min(parts)[0], max(parts)[1]) if parts else (0, 0)


def _street(ahead: str) -> int:
    """Where the street with its house number begins that stands at the end of a text, in front of a post code."""
    found = _STREET.search(ahead)
    if found is None:
        return len(ahead)
    begin = found.start(1)
    for word in re.finditer(r"\S+\s", found[1]):
        if not word[0][0].islower() or _LEFT.match(word[0]):
            return begin + word.start() if not _YEAR.search(found[1]) else len(ahead)
    return len(ahead)


def _address_end(value: str) -> int:
    """Where the address ends in front of a long number; 0 where it is such a number or a sentence with numbers in it. What
    begins with the number of a house and its street, or holds a post code, is an address whatever else is in it."""
    number = _NUMBER_OF_A_TEXT.search(value)
    end = number.start() if number else len(value)
    if _has_street(value[:end]) or POST_CODE.search(value, 0, end):
        return end
    if _NO_HOUSE.search(value, 0, end):
        return 0
    small = [word for word in _SMALL.findall(value) if word.islower() and word not in OF_ADDRESSES]
    sentence = len(small) >= 2 and any(word[0].isupper() for word in re.findall(r"[^\W\d_]+", value))
    return 0 if number or sentence else end


def _has_street(value: str) -> bool:
    """Whether a text begins with a number and a kind of street (`14 rue`, `12 old mill lane`), or with such a kind and a
    number behind it (`ul. długa 5`)."""
    if KIND_FIRST.match(value):
        return _DIGIT.search(value) is not None
    house = _HOUSE_FIRST.match(value)
    spelled = house[1].lower().split() if house else ()
    return any(word.rstrip(".") in STREETS for word in spelled)


def lines(value: str) -> list[tuple[int, int, int]]:
    """The pieces of an address over several lines: begin, end, type. Lines of a place's name alone are places."""
    out: list[tuple[int, int, int]] = []
    begin, joined = 0, False
    for line in value.split("\n"):
        stop = begin + len(line)
        town = code = None
        if begin and len(line) <= _LONGEST_LINE:
            town = _PLACE_LINE.match(line)
            code = _PLACE_AND_CODE.match(line) if town is None else None
        place = town or code
        if place is not None:
            out.append((begin + place.start(1), begin + place.end(1), LOCATION))
            if code is not None:
                out.append((begin + code.start(2), begin + code.end(2), STREET_ADDRESS))
            joined = False
        elif line.strip(_EDGE):
            first = begin + len(line) - len(line.lstrip(_EDGE))
            last = begin + len(line.rstrip(_EDGE))
            if joined:
                out[-1] = (out[-1][0], last, STREET_ADDRESS)
            else:
                out.append((first, last, STREET_ADDRESS))
            joined = True
        begin = stop + 1
    return out


def reshaped(text: Block, found: Found, towns: bool) -> Found:
    """The spans of names with their addresses tidied; `towns`: places are asked for, so they are told apart by lines."""
    at = found.at
    rows = np.flatnonzero(at[:, 3] == STREET_ADDRESS).tolist()
    if not rows:
        return found
    new: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    for n in rows:
        row, start, end, _ = at[n].tolist()
        floor, roof = int(text.starts[row]), int(text.ends[row])
        if n and at[n - 1, 0] == row:
            floor = max(floor, int(at[n - 1, 2]))
        for a, b, kind in pieces(text, start, end, floor, roof, towns):
            new.append((row, a, b, kind))
            scores.append(float(found.score[n]))
    keep = np.ones(len(at), np.bool_)
    keep[rows] = False
    made = Found(np.array(new, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(new), np.bool_))
    return found.take(keep).plus(made).sorted()


def pieces(text: Block, start: int, end: int, floor: int, roof: int, towns: bool) -> list[tuple[int, int, int]]:
    """What stays of the address in the bytes [start, end), in a free space from `floor` to `roof`."""
    value = text.read(start, end)
    low = _sign(text, max(floor, start - _BEFORE), floor)
    before = text.read(low, start)
    after = text.read(end, min(roof, end + _AFTER))
    a, b = tidy(before, value, after)
    whole = before + value
    a, b = a + len(before), b + len(before)
    if a >= b:
        return []
    parts = lines(whole[a:b]) if towns and "\n" in whole[a:b] else [(0, b - a, STREET_ADDRESS)]
    if not any(kind == STREET_ADDRESS for *_, kind in parts):
        parts = [(0, b - a, STREET_ADDRESS)]
    out = []
    for x, y, kind in parts:
        begin = low + len(whole[: a + x].encode("utf-8", "replace"))
        out.append((begin, begin + len(whole[a + x : a + y].encode("utf-8", "replace")), kind))
    return out


def _sign(text: Block, place: int, least: int) -> int:
    """The place, moved on to where a sign begins."""
    while place > least and text.data[place] & 0xC0 == 0x80:
        place += 1
    return place
