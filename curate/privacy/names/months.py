"""Months beside a day or a year: `14 Jun 12:25`, `9 Mei`, `14 Kasım 2024` name nobody, though lists of names hold them."""

from __future__ import annotations

import re

from curate.privacy.column import Block
from curate.privacy.months import is_month_name

_DAY_BEFORE = re.compile(rb"(?<![\w.,:/-])(?:[12]?\d|3[01])(?:st|nd|rd|th|er|\.|\xc2\xba)?(?:[ /-]|\. | de | of )\Z")
_BEHIND = re.compile(
    rb"\.?(?:[ -](?:19|20)\d\d(?!\d)|[ ](?:[12]?\d|3[01])(?:st|nd|rd|th)?,? (?:(?:19|20)\d\d|[012]?\d:[0-5]\d)(?!\d))"
)


def is_month(text: Block, row: int, start: int, end: int, value: str) -> bool:
    """Whether the word [start, end) is a month where it stands; `Jan 14 Jahre` is somebody."""
    if not is_month_name(value):
        return False
    before = text.raw(max(int(text.starts[row]), start - 8), start)
    behind = text.raw(end, min(int(text.ends[row]), end + 16))
    return _DAY_BEFORE.search(before) is not None or _BEHIND.match(behind) is not None
