"""How addresses spell names of Cyrillic and Greek letters in Latin ones, so that `shatalova@` follows Шаталова.

People spell their names by different standards, so each word has some spellings: passports (ICAO 9303), the common one
(BGN/PCGN) and the scientific one (ISO 9 without its marks) for Cyrillic; ELOT 743 and the common one for Greek. The first
is the one that is written. Scripts whose letters do not tell the sound (Chinese, Arabic) are not spelled here: no spelling.

Complexity: O(letters), some microseconds a word.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "ђ": "dj", "е": "e", "ё": "e|yo|e", "є": "ie|ye|je",
    "ж": "zh|zh|z", "з": "z", "и": "i", "і": "i", "ї": "i|yi|ji", "й": "i|y|j", "ј": "j", "к": "k", "л": "l",
    "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "ћ": "c", "у": "u",
    "ў": "u|w|u", "ф": "f", "х": "kh|kh|h", "ц": "ts|ts|c", "ч": "ch|ch|c", "џ": "dz", "ш": "sh|sh|s",
    "щ": "shch|shch|sc", "ъ": "ie||", "ы": "y", "ь": "", "э": "e", "ю": "iu|yu|ju", "я": "ia|ya|ja",
}  # fmt: skip
_GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x|x|ks", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y|i|u",
    "φ": "f|f|ph", "χ": "ch|h|x", "ψ": "ps", "ω": "o",
}  # fmt: skip
_PAIRS = (
    ("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("μπ", "b"), ("γγ", "ng"), ("γκ", "gk"), ("ντ", "nt"), ("ий", "y"),
    ("ый", "y"), ("ия", "ia"),
)  # fmt: skip
_STANDARDS = 3


@lru_cache(maxsize=1 << 16)
def spellings(word: str) -> tuple[str, ...]:
    """The spellings of a word in small Latin letters, the one that is written first; none where a letter has none."""
    parted = unicodedata.normalize("NFD", word.casefold())
    kept = "".join(c for c in parted if not unicodedata.combining(c) or c in "\u0306\u0308")  # of й and ї
    small = "".join(c for c in unicodedata.normalize("NFC", kept) if not unicodedata.combining(c))
    if not small or small.isascii():
        return ()
    out = []
    for pairs in (False, True):
        for standard in range(_STANDARDS):
            text = small
            for pair, latin in _PAIRS if pairs else _PAIRS[:1]:
                text = text.replace(pair, latin)
            spelled = [_letter(c, standard) for c in text]
            if any(piece is None for piece in spelled):
                return ()
            out.append("".join(piece or "" for piece in spelled))
    return tuple(dict.fromkeys(spelling for spelling in out if spelling))


def _letter(c: str, standard: int) -> str | None:
    if "a" <= c <= "z" or c in "'’-":
        return c if c.isalpha() else ""
    known = _CYRILLIC.get(c, _GREEK.get(c))
    if known is None:
        return None
    choices = known.split("|")
    return choices[min(standard, len(choices) - 1)]
