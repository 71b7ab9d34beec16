"""Dates of birth, shifted by a number of days that is constant for each subject, in the format they are written in.

The subject is who else the row speaks of (see `Surrogates`); the shift is 1 to 364 days, earlier or later. Read are ISO
dates, day, month and year in figures with any separator (month first where the data's other dates say so, else in the
region of the US, or where the figures leave no other way), eight digits, and months as words in English, German, French,
Spanish, Italian, Portuguese, Dutch, with or without weekday ends such as `3rd`. Two-digit years stay two digits: 00 to 29
are read as 2000 to 2029.
A date that cannot be read has its digits drawn anew.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from curate.privacy.canonical import plain
from curate.privacy.months import Month, languages, month
from curate.privacy.months import written as month_name
from curate.privacy.surrogates.draw import DIGITS, Draw, like_case

_FIGURES = re.compile(r"(\d{1,4})(\s*[-/.年\s]\s*)(\d{1,2})(\s*[-/.月\s]\s*)(\d{1,4})")
_EIGHT = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_WORD = re.compile(r"[^\s\d.,/()'’\"-]{2,}\.?")
_NUMBER = re.compile(r"\d+")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)
_PIVOT = 30
_LONGEST_SHIFT = 364


def shift_of(draw: Draw) -> int:
    """Days by which a subject's dates move; never none."""
    days = 1 + draw.below(_LONGEST_SHIFT)
    return days if draw.below(2) else -days


def shifted(value: str, days: int, region: str, draw: Draw, spoken: Sequence[str] = ()) -> str:
    """The date so many days later, written as before. `spoken`: languages of the data, for months whose names are those of
    several."""
    written = plain(value)
    new = _in_figures(written, days, region) or _in_eight(written, days) or _in_words(written, days, region, spoken)
    if new is not None:
        return new
    return "".join(draw.choice(DIGITS) if c.isdigit() else c for c in written)


def iso(value: str, region: str) -> str | None:
    """A written date as year-month-day; None where it cannot be read."""
    written = plain(value)
    figures = _figures(written, region)
    if figures is not None:
        fields = figures[1]
        date = _date(fields["y"], fields["m"], fields["d"], 0)
    elif eight := _EIGHT.search(written):
        date = _date(eight[1], eight[2], eight[3], 0)
    elif words := _words(written, region):
        date = _date(words.year[0], str(words.month.number), words.day[0], 0)
    else:
        return None
    return None if date is None else date.isoformat()


def order_told(value: str) -> int:
    """What a date in figures says of the order that its data are written in: 1 day first, -1 month first, 0 neither."""
    found = _FIGURES.search(plain(value))
    if found is None or "." in found[2] or len(found[1]) > 2 or (int(found[1]) > 12) == (int(found[3]) > 12):
        return 0
    return 1 if int(found[1]) > 12 else -1


def _figures(written: str, region: str) -> tuple[re.Match[str], dict[str, str]] | None:
    """Year, month and day of a date in figures, in the order they are written."""
    found = _FIGURES.search(written)
    if found is None:
        return None
    a, first, b, _, c = found.groups()
    if len(a) > 2:
        order = "ymd"
    elif len(c) not in (2, 4):
        return None
    else:
        month_first = region in ("US", "PH") and "." not in first
        order = "mdy" if (month_first and int(a) <= 12) or int(b) > 12 else "dmy"
    return found, dict(zip(order, (a, b, c), strict=True))


def _in_figures(written: str, days: int, region: str) -> str | None:
    read = _figures(written, region)
    if read is None:
        return None
    found, fields = read
    date = _date(fields["y"], fields["m"], fields["d"], days)
    if date is None:
        return None
    new = [_like(text, _part(date, part)) for part, text in fields.items()]
    return written[: found.start()] + new[0] + found[2] + new[1] + found[4] + new[2] + written[found.end() :]


def _in_eight(written: str, days: int) -> str | None:
    found = _EIGHT.search(written)
    date = _date(found[1], found[2], found[3], days) if found else None
    if found is None or date is None:
        return None
    return written[: found.start()] + f"{date.year:04d}{date.month:02d}{date.day:02d}" + written[found.end() :]


@dataclass(frozen=True)
class _Words:
    """A date whose month is a word."""

    name: re.Match[str]
    month: Month
    year: re.Match[str]
    day: re.Match[str]


_LANGUAGES = {
    "AT": "de", "AZ": "az", "BE": "nl", "BR": "pt", "CH": "de", "CZ": "cs", "DE": "de", "DK": "da", "EE": "et", "FI": "fi",
    "FR": "fr", "ID": "id", "IT": "it", "LI": "de", "MK": "mk", "MY": "ms", "NL": "nl", "NO": "no", "PH": "tl", "PL": "pl",
    "PT": "pt", "RO": "ro", "RS": "sr", "SE": "sv", "SI": "sl", "SK": "sk", "UA": "uk",
}  # fmt: skip
"""Of regions, the language whose months are taken where a name is that of several."""
_OF = re.compile(r"\s(de|di|d['’])\s?")
_DAY_DOT = re.compile(r"\d\.\s?[^\W\d]")


def _preferred(written: str, region: str, spoken: Sequence[str]) -> tuple[str, ...]:
    """Languages of the months, the likeliest first: those that write dates so (`14 de abril`), those of the data, the
    region's, those that put a full stop behind the day (`14. April`)."""
    said = ("es", "pt", "gl", "ca") if _OF.search(written) else ()
    own = (_LANGUAGES[region],) if region in _LANGUAGES else ()
    return (*said, *spoken, *own, *(("de", "da", "no", "cs", "sk") if _DAY_DOT.search(written) else ()))


def spoken_in(value: str) -> frozenset[str]:
    """Languages whose month a date names."""
    return next((found for word in _WORD.findall(plain(value)) if (found := languages(word))), frozenset())


def _words(written: str, region: str, spoken: Sequence[str] = ()) -> _Words | None:
    prefer = _preferred(written, region, spoken)
    for word in _WORD.finditer(written):
        named = month(word[0], prefer)
        if named is None:
            continue
        numbers = list(_NUMBER.finditer(written))
        years = [n for n in numbers if len(n[0]) == 4] or numbers[-1:]
        days = [n for n in numbers if n not in years[:1] and len(n[0]) <= 2]
        return _Words(word, named, years[0], days[0]) if years and days else None
    return None


def _in_words(written: str, days: int, region: str, spoken: Sequence[str]) -> str | None:
    read = _words(written, region, spoken)
    date = _date(read.year[0], str(read.month.number), read.day[0], days) if read else None
    if read is None or date is None:
        return None
    name = month_name(read.month, date.month) + ("." if read.name[0].endswith(".") else "")
    edits = [
        (*read.name.span(), like_case(read.name[0], name)),
        (*read.year.span(), _like(read.year[0], date.year)),
        (*read.day.span(), _like(read.day[0], date.day)),
    ]
    for start, end, new in sorted(edits, reverse=True):
        written = written[:start] + new + written[end:]
    ordinal = _ORDINAL.search(written)
    if ordinal:
        written = written[: ordinal.start()] + like_case(ordinal[0], _ordinal(date.day)) + written[ordinal.end() :]
    return written


def _date(year: str, month: str, day: str, days: int) -> dt.date | None:
    full = int(year)
    if len(year) <= 2:
        full += 2000 if full < _PIVOT else 1900
    try:
        return dt.date(full, int(month), int(day)) + dt.timedelta(days=days)
    except (ValueError, OverflowError):
        return None


def _part(date: dt.date, part: str) -> int:
    return {"y": date.year, "m": date.month, "d": date.day}[part]


def _like(written: str, number: int) -> str:
    """A number as wide as the one it replaces."""
    if len(written) == 2 and number > 99:
        return f"{number % 100:02d}"
    return f"{number:0{len(written)}d}" if written.startswith("0") or len(written) != 1 else str(number)


def _ordinal(day: int) -> str:
    return "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
