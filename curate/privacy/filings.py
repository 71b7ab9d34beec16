"""Employer numbers in a company's filing: published by law, so they are nobody's secret.

Forms of the US Securities and Exchange Commission print the registrant's employer identification number beside the state of
incorporation and the file number (17 CFR 249). Where such words stand within 400 bytes, a number of that kind gets a score
below what is reported by default. On wage forms, invoices and letters it stays personal data: it may be a sole trader's.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.types import KINDS, TYPES

PUBLIC = 0.4
_NEAR = 400
_TYPES = [n for n, (_, kind) in enumerate(KINDS) if TYPES[kind].name in ("TAX_ID", "NATIONAL_ID")]
_FILING = re.compile(
    rb"(?i)\bregistrants?\b|\b(?:state|jurisdiction|place) of (?:incorporation|organi[sz]ation)\b|\bcommission file n"
    rb"|\bform (?:10-?[kq]|8-?k|20-?f|s-\d{1,2}|def ?14a)\b|\bsecurities (?:exchange act|and exchange commission)\b"
    rb"|\bexact name of\b"
)
_OF_FILINGS = (b"registrant", b"incorporation", b"organi", b"commission file", b"form ", b"securities", b"exact name")
"""One of these is in whatever `_FILING` finds; looking for them takes a tenth of its time."""
_OF_A_PERSON = re.compile(rb"(?i)\b(?:w-?2|w-?9|1099|employee'?s?|ssn|social security|sole propriet\w+|payroll|payee)\b")
_CALLED = re.compile(rb"(?i)\bemployer|\bf?ein\b|\bi\.?r\.?s\b")
_FORM = re.compile(rb"\d{2}-?\d{7}")


def of_companies(
    text: Block, at: npt.NDArray[np.int64], score: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The scores, those of employer numbers in filings lowered."""
    numbers = np.flatnonzero(np.isin(at[:, 3], _TYPES) & (score > PUBLIC))
    if not len(numbers):
        return score
    out = score.copy()
    for n in numbers.tolist():
        row, start, end, _ = at[n].tolist()
        low, high = max(int(text.starts[row]), start - _NEAR), min(int(text.ends[row]), end + _NEAR)
        if not _FORM.fullmatch(text.raw(start, end)):
            continue
        around = text.raw(low, high)
        small = around.lower()
        if not any(words in small for words in _OF_FILINGS):
            continue
        if _FILING.search(around) and _CALLED.search(around) and not _OF_A_PERSON.search(around):
            out[n] = PUBLIC
    return out
