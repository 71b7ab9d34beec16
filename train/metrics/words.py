"""Normalisation, words and numbers of answers.

Normalisation is that of SQuAD (Rajpurkar et al. 2016): lower case, no punctuation, no English articles, single spaces;
punctuation is Unicode's, and a character of a script that writes no spaces is a word of its own, as in MLQA (Lewis et
al. 2020, arXiv:1910.07475). For English both equal the original.

The number of an answer is what stands after its last marker (`####` of gsm8k, `\\boxed{}`), else the last number in it.
Thousands separators, currency and percent signs, fractions and the digits of any script are read; a comma before
exactly three digits separates thousands, any other comma is a decimal one. Pure functions, linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Thai and Lao, Tibetan, Burmese, Khmer, kana, Chinese characters."""
_NUMBER = re.compile(
    r"(?:(?<![\d)\]])[-+−])?"  # a sign, which between two numbers is an operator
    r"(?:\d+(?:[.,'’\u00a0\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.]\d+)(?:\s*/\s*\d+)?"
)
_BOXED = re.compile(r"\\boxed\s*\{([^{}]*)\}")
_MARKER = "####"


def normalised(text: str) -> str:
    """The text as exact match compares it."""
    lower = unicodedata.normalize("NFC", text.lower())
    bare = "".join(" " if unicodedata.category(c) == "Pd" and not c.isascii() else c for c in lower)
    bare = "".join(c for c in bare if not unicodedata.category(c).startswith("P") and c not in "$+<=>^`|~")
    return " ".join(_ARTICLES.sub(" ", bare).split())


def words(text: str) -> list[str]:
    """The words of a text as token F1 counts them."""
    out: list[str] = []
    for word in normalised(text).split():
        start = 0
        for i, c in enumerate(word):
            if unspaced(c):
                out += [word[start:i]] if i > start else []
                out.append(c)
                start = i + 1
        out += [word[start:]] if start < len(word) else []
    return out


def unspaced(c: str) -> bool:
    """Whether a character belongs to a script without spaces between words."""
    return ord(c) > 0x0DFF and any(low <= ord(c) <= high for low, high in _UNSPACED)


def number(text: str) -> Fraction | None:
    """The number that an answer comes to."""
    marked = marked_answer(text)
    if marked is not None:
        found = _NUMBER.findall(marked)
        return _value(found[0]) if found else None
    found = _NUMBER.findall(text)
    return _value(found[-1]) if found else None


def marked_answer(text: str) -> str | None:
    """What stands after the last marker of a final answer; None without one."""
    boxed = _BOXED.findall(text)
    if boxed:
        return str(boxed[-1])
    _before, marker, after = text.rpartition(_MARKER)
    return after.strip().split("\n", 1)[0] if marker else None


def is_numeric(reference: str) -> bool:
    """Whether a reference is judged by its number: it marks one, or is nothing but one."""
    marked = marked_answer(reference)
    whole = reference if marked is None else marked
    match = _NUMBER.search(whole)
    if match is None:
        return False
    rest = whole[: match.start()] + whole[match.end() :]
    return marked is not None or not any(c.isalnum() for c in rest)


def _value(found: str) -> Fraction | None:
    top, _, bottom = found.replace("−", "-").partition("/")
    values = [_plain(part.strip()) for part in (top, bottom) if part.strip()]
    if not values or any(v is None for v in values):
        return None
    first = values[0]
    assert first is not None
    if len(values) == 1:
        return first
    assert values[1] is not None
    return first / values[1] if values[1] else None


def _plain(digits: str) -> Fraction | None:
    text = re.sub(r"['’\u00a0\u202f ]", "", digits)
    if "," in text and "." in text:
        last = max(text.rfind(","), text.rfind("."))
        text = text[:last].replace(",", "").replace(".", "") + "." + text[last + 1 :]
    elif text.count(",") + text.count(".") > 1:
        text = text.replace(",", "").replace(".", "")
    elif re.fullmatch(r"[-+]?\d{1,3},\d{3}", text):
        text = text.replace(",", "")
    else:
        text = text.replace(",", ".")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
