"""What each character is to the counts of a text: one class for each code point below `LIMIT`, and lower-case forms.

Source: general categories of the Unicode Character Database (Annex 44), as Python's `unicodedata` ships them.
Units: code points; planes 4 and up are private or unassigned. Cost: about 30 ms, once a process, and only where a text is
not ASCII. Does not: segment words of scripts written without spaces; each of their characters is a word of its own.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMIT = 0x40000
FOLDED = 0x0600
"""Below this code point letters are put into lower case one by one: Latin, Greek, Cyrillic, Armenian."""

(SPACE, NEWLINE, LOWER, UPPER, LETTER, SINGLE, DIGIT, MARK, STOP, CLOSE, OPEN, QUOTE, PUNCTUATION, SYMBOL, CONTROL,
 FORMAT, PRIVATE, REPLACED) = range(18)  # fmt: skip
"""LETTER has no case; SINGLE is a word by itself; STOP ends a sentence; REPLACED stands for bytes that were lost."""

_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3040, 0x30FF),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
_STOPS = ".!?…。！？｡؟।॥։‼⁇⁈⁉"
_QUOTES = "\"'`“”‘’«»„‚‹›「」『』"
_CATEGORY = {
    "Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lo": LETTER, "Lm": LETTER, "Nd": DIGIT, "Nl": DIGIT, "No": DIGIT,
    "Mn": MARK, "Mc": MARK, "Me": MARK, "Zs": SPACE, "Zl": NEWLINE, "Zp": NEWLINE, "Ps": OPEN, "Pi": OPEN, "Pe": CLOSE,
    "Pf": CLOSE, "Pc": PUNCTUATION, "Pd": PUNCTUATION, "Po": PUNCTUATION, "Sm": SYMBOL, "Sc": SYMBOL, "Sk": SYMBOL,
    "So": SYMBOL, "Cc": CONTROL, "Cf": FORMAT, "Co": PRIVATE, "Cn": PRIVATE, "Cs": PRIVATE,
}  # fmt: skip
_ASKED = 0x20000
"""Planes 2 and 3 hold ideographs only; nothing is asked about them one by one."""


@lru_cache(maxsize=2)
def tables(ascii_only: bool) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """(class of each code point, lower case of each below `FOLDED`); only 128 of them for ASCII texts."""
    limit, folded = (128, 128) if ascii_only else (LIMIT, FOLDED)
    asked = min(limit, _ASKED)
    category = unicodedata.category
    classes = np.full(limit, SINGLE, np.uint8)
    classes[:asked] = np.fromiter([_CATEGORY[category(chr(code))] for code in range(asked)], np.uint8, asked)
    for low, high in _UNSPACED:
        part = classes[low : high + 1]
        part[part == LETTER] = SINGLE
    special = {NEWLINE: "\n", SPACE: "\t\r\v\f ", STOP: _STOPS, QUOTE: _QUOTES, REPLACED: "\ufffd"}
    for kind, chars in special.items():
        known = [ord(char) for char in chars if ord(char) < limit]
        classes[known] = kind
    fold: Any = np.arange(folded, dtype=np.int32)
    for code in range(folded):
        lower = chr(code).lower()
        if len(lower) == 1:
            fold[code] = ord(lower)
    return classes, fold
