"""Two tables over code points below U+3100: what a character is, and its folded form (small letter without marks).

Folding joins `José`, `JOSÉ` and `jose` before lists are asked and features hashed. Above U+3100 ideographs and Hangul
are letters without case, and everything else (symbols, emoji) is punctuation. Cost: 20 ms, once a process.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

OTHER, LOWER, UPPER, CASELESS, DIGIT, SPACE, BREAK = range(7)
SIZE = 0x3100
_LETTERS = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "þ": "t", "æ": "a", "œ": "o", "ß": "s", "ŋ": "n"}


@lru_cache(maxsize=1)
def tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """uint8[SIZE] classes and uint16[SIZE] folded code points."""
    kinds = np.zeros(SIZE, np.uint8)
    folded = np.arange(SIZE, dtype=np.uint16)
    of = {"Ll": LOWER, "Lu": UPPER, "Lt": UPPER, "Lo": CASELESS, "Lm": CASELESS, "Mn": CASELESS, "Mc": CASELESS,
          "Nd": DIGIT, "Zs": SPACE, "Cc": SPACE, "Cf": SPACE, "Zl": BREAK, "Zp": BREAK}  # fmt: skip
    for point in range(SIZE):
        char = chr(point)
        kinds[point] = of.get(unicodedata.category(char), OTHER)
        small = char.lower()[:1]
        small = _LETTERS.get(small) or unicodedata.normalize("NFD", small)[0]
        if ord(small) < SIZE:
            folded[point] = ord(small)
    kinds[ord("\n")] = kinds[ord("\r")] = BREAK
    return kinds, folded


def fold(word: str) -> str:
    """`word` as the lexer hashes it."""
    _, folded = tables()
    return "".join(chr(folded[ord(c)]) if ord(c) < SIZE else c for c in word)
