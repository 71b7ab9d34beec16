"""Formats of dates and numbers in a column: which there are, and which is usual.

Method: every value is matched with a few written formats; a column counts as dates or numbers where nine in ten of its
values are. A value in another format is rewritten in the usual one where that loses nothing and only one reading is
possible: which of 3/4/2024 is the day is read off the column (a number above twelve shows it, in one place only).
Percentages and currencies are never rewritten: the sign is part of the value.
Shapes: one name of a format a value. Does not: parse words for months beyond English.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

LEAST_SHARE = 0.9
FEWEST = 20
_DATES = {
    "iso": re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?P<t>[T ].*)?"),
    "year/month/day": re.compile(r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})"),
    "slashes": re.compile(r"(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4})"),
    "day.month.year": re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
    "day month year": re.compile(r"(?P<d>\d{1,2}) (?P<w>[A-Za-z]{3})[a-z]*\.? (?P<y>\d{4})"),
    "month day, year": re.compile(r"(?P<w>[A-Za-z]{3})[a-z]*\.? (?P<d>\d{1,2}), (?P<y>\d{4})"),
}
_NUMBERS = {
    "plain": re.compile(r"-?\d+(?:\.\d+)?"),
    "comma for thousands": re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
    "point for thousands": re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d+|-?\d{1,3}(?:\.\d{3}){2,}"),
    "decimal comma": re.compile(r"-?\d+,\d{1,2}"),
    "per cent": re.compile(r"-?\d+(?:[.,]\d+)? ?%"),
    "with a currency": re.compile(r"[$€£¥] ?-?\d[\d.,]*|-?\d[\d.,]* ?[$€£¥]"),
}
_MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13)))  # noqa: SIM905
_MARKS = {
    "plain": ("", "."), "comma for thousands": (",", "."), "point for thousands": (".", ","), "decimal comma": ("", ","),
}  # fmt: skip
"""What parts thousands and decimals."""
_EITHER = re.compile(r"-?\d{1,3}[.,]\d{3}")
"""A thousand and something in one country, a number with three decimals in another."""
Rewrite = Callable[[str, str], str | None]


@dataclass(frozen=True)
class Profile:
    """The formats of one column."""

    kind: str
    """date or number."""
    usual: str
    counts: dict[str, int]
    format: list[str | None]
    """The format of each value."""
    rewritten: dict[int, str]
    """Values, by position, as they read in the usual format; those that cannot be rewritten for certain are left out."""


def profile(values: Sequence[str | None]) -> Profile | None:
    """The formats of a column of dates or numbers that has more than one; None for all other columns."""
    filled = [value.strip() for value in values if value and value.strip()]
    if len(filled) < FEWEST:
        return None
    for kind, patterns in (("date", _DATES), ("number", _NUMBERS)):
        head = filled[:: max(1, len(filled) // 200)]
        if sum(_format(value, patterns) is not None for value in head) < LEAST_SHARE * len(head):
            continue
        formats = [None if value is None else _format(value.strip(), patterns) for value in values]
        counts = Counter(f for f in formats if f)
        if sum(counts.values()) < LEAST_SHARE * len(filled):
            continue
        if len(counts) < 2:
            return None
        usual = max(sorted(counts), key=lambda f: counts[f])
        rewrite = _dates(values, formats, usual) if kind == "date" else _numbers(formats, usual)
        made = {i: rewrite(v.strip(), f) for i, (v, f) in enumerate(zip(values, formats)) if v and f and f != usual}
        return Profile(kind, usual, dict(counts.most_common()), formats, {i: new for i, new in made.items() if new})
    return None


def _dates(values: Sequence[str | None], formats: list[str | None], usual: str) -> Rewrite:
    """How a date of another format reads in the usual one."""
    slashed = [_DATES["slashes"].fullmatch(v.strip()) for v, f in zip(values, formats, strict=True) if v and f == "slashes"]
    first = any(m and int(m["a"]) > 12 for m in slashed)
    second = any(m and int(m["b"]) > 12 for m in slashed)
    order = ("a", "b") if first and not second else ("b", "a") if second and not first else None

    def rewrite(value: str, form: str) -> str | None:
        match = _DATES[form].fullmatch(value)
        if match is None or match.groupdict().get("t"):
            return None
        part = match.groupdict()
        if form == "slashes":
            if order is None:
                return None
            part |= {"d": part[order[0]], "m": part[order[1]]}
        month = _MONTHS.get(part["w"].lower(), 0) if "w" in part else int(part["m"])
        try:
            day = date(int(part["y"]), month, int(part["d"]))
        except ValueError:
            return None
        return _date_in(day, usual, order)

    return rewrite


def _date_in(day: date, form: str, order: tuple[str, str] | None) -> str | None:
    if form == "slashes":
        both = f"{day.day:02}", f"{day.month:02}"
        return None if order is None else "/".join(both if order[0] == "a" else both[::-1]) + f"/{day.year}"
    name = next(name for name, number in _MONTHS.items() if number == day.month).capitalize()
    return {
        "iso": day.isoformat(), "year/month/day": f"{day.year}/{day.month:02}/{day.day:02}",
        "day.month.year": f"{day.day:02}.{day.month:02}.{day.year}", "day month year": f"{day.day} {name} {day.year}",
        "month day, year": f"{name} {day.day}, {day.year}",
    }[form]  # fmt: skip


def _numbers(formats: list[str | None], usual: str) -> Rewrite:
    """How a number of another format reads in the usual one, digit for digit."""
    mixed = bool({"point for thousands", "decimal comma"} & set(formats))

    def rewrite(value: str, form: str) -> str | None:
        if form not in _MARKS or usual not in _MARKS or (mixed and _EITHER.fullmatch(value)):
            return None
        thousands, point = _MARKS[form]
        whole, _, rest = value.replace(thousands, "").partition(point) if thousands else value.partition(point)
        sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        thousands, point = _MARKS[usual]
        if usual == "decimal comma" and not 1 <= len(rest) <= 2:
            return None
        if thousands:
            whole = f"{int(whole):,}".replace(",", thousands)
        return f"{sign}{whole}{point + rest if rest else ''}"

    return rewrite


def _format(value: str, patterns: dict[str, re.Pattern[str]]) -> str | None:
    return next((name for name, pattern in patterns.items() if pattern.fullmatch(value)), None)
