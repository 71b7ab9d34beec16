"""Formats of dates and numbers in a column: which there are, and which is usual.

Method: every value is matched with a few written formats; a column counts as dates or numbers where nine in ten of its
values are. Shapes: one name of a format a value. Does not: parse words for months beyond English, tell day from month, or
rewrite a value: what it would be in the usual format is for whoever looks at the row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Profile:
    """The formats of one column."""

    kind: str
    """date or number."""
    usual: str
    counts: dict[str, int]
    format: list[str | None]
    """The format of each value."""


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
        return Profile(kind, usual, dict(counts.most_common()), formats)
    return None


def _format(value: str, patterns: dict[str, re.Pattern[str]]) -> str | None:
    return next((name for name, pattern in patterns.items() if pattern.fullmatch(value)), None)
