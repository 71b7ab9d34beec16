"""Shingle sets in plain Python: what the kernels must agree with, for checking them on the user's own data.

Method: NFKC + casefold by `unicodedata`, tokens by a regular expression, shingles as tuples of words, sets as Python
sets. No hash, no compiled code, no lookup table of the kernels; only the class of a single character
(`characters.token_class`) is shared.
Units: words (or characters) a shingle. Cost: about 0.1 ms a kilobyte: for samples only.
"""

from __future__ import annotations

import re

from curate.similarity.characters import IGNORED, LIMIT, PUNCTUATION, SINGLE, WORD, normalise, token_class
from curate.similarity.texts import Unit

Shingles = set[tuple[str, ...]]

_LETTER = r"[^\x00-/:-`{-\x7f]"
"""a to z, 0 to 9 and all beyond ASCII, by what they are not: a class up to the last code point takes 5 ms to compile."""
_MARKS = r"#$%&*+/<=>@\\^|~"
_TOKEN = re.compile(rf"{_LETTER}+|[{_MARKS}]|(?<!{_LETTER})-")
_CHARACTER = re.compile(rf"{_LETTER}|[{_MARKS}-]")
"""A hyphen separates where it follows a word, and is a minus elsewhere; among characters it is one of them."""


class _Spaced(dict[int, str]):
    """Characters beyond ASCII as `translate` wants them: in words as they are, words of their own between blanks."""

    def __missing__(self, code: int) -> str:
        kind = IGNORED if code >= LIMIT else token_class(chr(code))
        self[code] = {WORD: chr(code), SINGLE: f" {chr(code)} ", IGNORED: ""}.get(kind, " ")
        return self[code]


_SPACED = _Spaced({code: chr(code) for code in range(0x80)})


def tokens(text: str, unit: Unit = "word") -> list[str]:
    """Words, and the single characters that are words of their own; or the characters of both."""
    pattern = _TOKEN if unit == "word" else _CHARACTER
    return pattern.findall(text.lower() if text.isascii() else normalise(text).translate(_SPACED))


def shingles(text: str, words: int, unit: Unit = "word") -> Shingles:
    """The set of `words` consecutive tokens; all tokens where there are fewer; the marks where there are none."""
    found = tokens(text, unit)
    if found:
        return shingles_of(found, words)
    marks = [c for c in normalise(text) if ord(c) < LIMIT and token_class(c) == PUNCTUATION]
    return {("", *marks)} if marks else set()


def shingles_of(tokens: list[str], words: int) -> Shingles:
    """The same of a text that is tokens already."""
    size = min(words, len(tokens))
    return set(zip(*(tokens[i:] for i in range(size))))


def jaccard(one: Shingles, two: Shingles) -> float:
    """|A and B| / |A or B|; 0 where either is empty."""
    shared = len(one & two)
    return shared / (len(one) + len(two) - shared) if one and two else 0.0
