"""Formats of dates and numbers in a column: which there are, which is usual, and what the others would be in the usual one.

Method: every value is matched with a few written formats; a column counts as dates or numbers where nine in ten of its
values are. Day and month are told apart by the column: where any value has a day above twelve in one place, that place is
the day for all; where nothing says so, no proposal is made.
Shapes: one name of a format a value. Does not: parse words for months beyond English, or times of day: a value with a time
has no proposal, which would lose it. A proposal is a value of a row: callers do not write it where the row itself must not
stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

LEAST_SHARE = 0.9
FEWEST = 20
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
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


@dataclass(frozen=True)
class Profile:
    """The formats of one column."""

    kind: str
    """date or number."""
    usual: str
    counts: dict[str, int]
    format: list[str | None]
    """The format of each value."""
    proposal: list[str | None]
    """What a value of another format than the usual one would be; None where that cannot be said."""


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
        day_first = _day_first(filled) if kind == "date" else None
        told = [
            _as(value.strip(), f, usual, kind, day_first) if value and f and f != usual else None
            for value, f in zip(values, formats, strict=True)
        ]
        return Profile(kind, usual, dict(counts.most_common()), formats, told)
    return None


def _format(value: str, patterns: dict[str, re.Pattern[str]]) -> str | None:
    return next((name for name, pattern in patterns.items() if pattern.fullmatch(value)), None)


def _day_first(values: Sequence[str]) -> bool | None:
    """Whether slashes put the day first; None where the column does not say, or says both."""
    pairs = [(int(m["a"]), int(m["b"])) for v in values if (m := _DATES["slashes"].fullmatch(v))]
    day, month = any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)
    return None if day == month else day


def _as(value: str, have: str, want: str, kind: str, day_first: bool | None) -> str | None:
    if kind == "number":
        return _number(value, have, want)
    found = _DATES[have].fullmatch(value)
    if found is None or (have == "slashes" and day_first is None) or (want == "slashes" and day_first is None):
        return None
    parts = found.groupdict()
    if parts.get("t"):
        return None
    if have == "slashes":
        day, month = (parts["a"], parts["b"]) if day_first else (parts["b"], parts["a"])
    else:
        day, month = parts["d"], parts.get("m") or str(_MONTHS.get((parts.get("w") or "").lower(), 0))
    try:
        when = date(int(parts["y"]), int(month), int(day))
    except ValueError:
        return None
    d, m, y = when.day, when.month, when.year
    name = list(_MONTHS)[m - 1].capitalize()
    return {
        "iso": when.isoformat(),
        "year/month/day": f"{y}/{m:02d}/{d:02d}",
        "slashes": f"{d:02d}/{m:02d}/{y}" if day_first else f"{m:02d}/{d:02d}/{y}",
        "day.month.year": f"{d:02d}.{m:02d}.{y}",
        "day month year": f"{d} {name} {y}",
        "month day, year": f"{name} {d}, {y}",
    }[want]


def _number(value: str, have: str, want: str) -> str | None:
    """Only what is certain: to plain digits."""
    if want != "plain":
        return None
    if have == "comma for thousands":
        return value.replace(",", "")
    if have == "point for thousands":
        return value.replace(".", "").replace(",", ".")
    return None
