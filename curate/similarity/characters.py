"""What each Unicode character means to the kernels, as lookup tables that are built for the pages a text uses.

Method: text is compared under NFKC + casefold (Unicode Standard Annex 15 and section 3.13). For most characters
that mapping is one character to one character and independent of its neighbours, so a kernel can do it by table.
Characters for which it is not (combining marks, conjoining Jamo, expansions such as the sharp s) are marked
`NEEDS_PYTHON`; a row that holds one is normalised by `unicodedata` before the kernel sees it. Both ways lead to the
same shingles.

Units: code points below `LIMIT` (planes 0-3); all above are tags and private use, and are ignored.
Cost: about 0.3 ms for each page of 256 code points, once a process. An English corpus uses some twenty pages.
Does not: segment Thai, Khmer, Chinese or Japanese into words; each of their characters is a token of its own.
"""

from __future__ import annotations

import copy
import unicodedata
from bisect import bisect_right
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LIMIT = 0x40000
NEEDS_PYTHON = -1

BLANK, WORD, SINGLE, PUNCTUATION, IGNORED = 0, 1, 2, 3, 4
"""Token classes: separator; part of a word; a token by itself; separator, but not nothing; as if it were not there."""

# Scripts written without spaces between words: each character is a token. In order of their code points.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007),
    (0x3031, 0x3035),
    (0x303B, 0x303C),
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Myanmar extensions
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),  # Kana supplements
    (0x20000, 0x3FFFF),
)
_STARTS = [low for low, _ in _UNSPACED]
# Symbols that carry meaning (3 + 4 is not 3 - 4, C++ is not C); the rest of ASCII punctuation only separates.
_ASCII_SYMBOLS = frozenset("#$%&*+-/<=>@\\^|~")


def _unspaced(code: int) -> bool:
    at = bisect_right(_STARTS, code) - 1
    return at >= 0 and code <= _UNSPACED[at][1]


def normalise(text: str) -> str:
    """NFKC + casefold, and NFKC again because folding may denormalise. Line by line, since nothing joins over the end of
    one: most lines of a long text are ASCII, and those take a fifth of the time."""
    return "\n".join([_normalised(line) for line in text.split("\n")])


def _normalised(line: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", line).casefold())


def composed(text: str) -> str:
    """NFC, line by line as well."""
    return "\n".join([unicodedata.normalize("NFC", line) for line in text.split("\n")])


def token_class(char: str) -> int:
    """The token class of one already normalised character."""
    code = ord(char)
    if code < 0x80:
        if char.isalnum():
            return WORD
        if char in _ASCII_SYMBOLS:
            return SINGLE
        return BLANK if code <= 0x20 or code == 0x7F else PUNCTUATION
    category = unicodedata.category(char)
    if 0xFE00 <= code <= 0xFE0F or category == "Cf":  # variation selectors, joiners, soft hyphens
        return IGNORED
    if category[0] in "LMN":
        return SINGLE if _unspaced(code) else WORD
    if category[0] in "SC" and category != "Cc":
        return SINGLE  # emoji, currency, arithmetic; unassigned and private characters as they are
    return PUNCTUATION if category[0] == "P" else BLANK


def _composes(char: str) -> bool:
    """True where a character can join or change places with its neighbours under normalisation."""
    code = ord(char)
    if 0xFE00 <= code <= 0xFE0F:
        return False
    return unicodedata.category(char)[0] == "M" or 0x1160 <= code <= 0x11FF


@lru_cache(maxsize=LIMIT // 256)
def _page(page: int) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint8]]:
    """(fold, token class, NFC class) of 256 code points."""
    fold = np.empty(256, np.int32)
    token = np.empty(256, np.uint8)
    nfc = np.zeros(256, np.uint8)
    for low in range(256):
        code = page * 256 + low
        char = chr(code)
        if 0xD800 <= code <= 0xDFFF:  # surrogates cannot occur in valid UTF-8
            fold[low], token[low] = code, SINGLE
            continue
        folded = normalise(char)
        if _composes(char) or len(folded) != 1 or _composes(folded):
            # An expansion made of separators only (the ellipsis) is one separator.
            soft = bool(folded) and all(token_class(c) in (BLANK, PUNCTUATION) for c in folded)
            fold[low] = ord(folded[0]) if soft else NEEDS_PYTHON
        else:
            fold[low] = ord(folded)
        if token_class(char) == IGNORED:
            fold[low] = code
        token[low] = token_class(char)
        if _composes(char) or unicodedata.normalize("NFC", char) != char:
            nfc[low] = 2
        elif char.isspace():
            nfc[low] = 1
    return fold, token, nfc


class Characters:
    """Tables over all code points below `LIMIT`, filled for the pages in use: `fold`, `token`, `nfc`."""

    def __init__(self, pages: NDArray[np.bool_]) -> None:
        """`pages[i]` is true where code points `256 i .. 256 i + 255` occur."""
        self.fold = np.arange(LIMIT, dtype=np.int32)
        self.token = np.full(LIMIT, IGNORED, np.uint8)
        self.nfc = np.zeros(LIMIT, np.uint8)
        used = set(np.flatnonzero(pages).tolist()) | {0}
        # What a character folds to may lie on a page that the text itself does not use.
        for page in used:
            fold, token, nfc = _page(page)
            at = slice(page * 256, page * 256 + 256)
            self.fold[at], self.token[at], self.nfc[at] = fold, token, nfc
        targets = np.concatenate([self.fold[p * 256 : p * 256 + 256] for p in used])
        for page in set((targets[targets >= 0] >> 8).tolist()) - used:
            self.token[page * 256 : page * 256 + 256] = _page(page)[1]

    def one_by_one(self) -> Characters:
        """The same tables with every character of a word a token by itself."""
        other = copy.copy(self)
        other.token = np.where(self.token == WORD, np.uint8(SINGLE), self.token)
        return other
