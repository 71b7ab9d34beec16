"""Plain Python statements of what the kernels must do, written from the definitions and sharing no code with them."""

from __future__ import annotations

import itertools
import unicodedata

_SYMBOLS = set("#$%&*+-/<=>@\\^|~")
_UNSPACED = (
    *("CJK", "IDEOGRAPHIC ITER", "IDEOGRAPHIC CLOS", "IDEOGRAPHIC NUMBER", "VERTICAL IDEO"),
    *(
        "HIRAGANA",
        "KATAKANA",
        "COMBINING KATAKANA",
        "HENTAIGANA",
        "VERTICAL KANA",
        "MASU MARK",
        "THAI",
        "LAO",
        "KHMER",
        "MYANMAR",
    ),
)


def fold(text: str) -> str:
    """NFKC + casefold."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_unspaced(char: str) -> bool:
    return ord(char) > 0x7F and unicodedata.name(char, "").startswith(_UNSPACED)


def tokens(text: str) -> list[str]:
    """Words, and single characters of unspaced scripts and symbols."""
    out: list[str] = []
    word = ""
    for char in fold(text):
        category = unicodedata.category(char)
        if ord(char) >= 0x40000 or category == "Cf" or "\ufe00" <= char <= "\ufe0f":
            continue
        hyphen = char == "-" and word
        wordlike = category[0] in "LMN" and (ord(char) > 0x7F or char.isalnum())
        if wordlike and not _is_unspaced(char):
            word += char
            continue
        if word:
            out.append(word)
            word = ""
        symbol = char in _SYMBOLS if ord(char) < 0x80 else category[0] in "SC" and category != "Cc"
        if (symbol and not hyphen) or (wordlike and _is_unspaced(char)):
            out.append(char)
    return [*out, word] if word else out


def characters(text: str) -> list[str]:
    """Letters, digits and symbols; every hyphen is a minus."""
    out = []
    for char in fold(text):
        category = unicodedata.category(char)
        if ord(char) >= 0x40000 or category == "Cf" or "\ufe00" <= char <= "\ufe0f":
            continue
        if ord(char) < 0x80:
            if char.isalnum() or char in _SYMBOLS:
                out.append(char)
        elif category[0] in "LMNSC" and category != "Cc":
            out.append(char)
    return out


def shingles(text: str, words: int) -> set[tuple[str, ...]]:
    """Word n-grams; all tokens where there are fewer; the punctuation where there are none."""
    return grams(tokens(text), text, words)


def grams(found: list[str], text: str, words: int) -> set[tuple[str, ...]]:
    """N-grams of tokens, as `shingles` describes."""
    if not found:
        marks = [c for c in fold(text) if ord(c) < 0x40000 and unicodedata.category(c)[0] in "PS"]
        return {("", *marks)} if marks else set()
    size = min(words, len(found))
    return {tuple(found[i : i + size]) for i in range(len(found) - size + 1)}


def jaccard(one: set[tuple[str, ...]], two: set[tuple[str, ...]]) -> float:
    """|A and B| / |A or B|, 0 where either is empty."""
    return len(one & two) / len(one | two) if one and two else 0.0


def all_pairs(texts: list[str], words: int, floor: float) -> dict[tuple[int, int], float]:
    """Every pair at or above the floor."""
    sets = [shingles(t, words) for t in texts]
    out = {}
    for i, j in itertools.combinations(range(len(texts)), 2):
        score = jaccard(sets[i], sets[j])
        if score >= floor:
            out[i, j] = score
    return out
