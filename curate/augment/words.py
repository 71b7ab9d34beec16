"""The words of a text that may be changed, with their places.

A word is a run of letters (any script, combining marks with them), apostrophes and hyphens inside it included. What is
no plain word is left alone: anything that touches a digit, an at sign, an underscore, a slash or a bracketed placeholder,
and whatever stands between backticks or in a fence: a changed address, number, tag or piece of code says something else.
Scripts that are written without spaces give one long word a clause; words of more than `LONGEST` letters are left alone,
so such texts are not edited by words. Cost: about 1 µs a word.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

LONGEST = 30
_PIECE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|<[^<>\s][^<>]{0,80}>|\[[^\[\]\s]{1,80}\]|\{[^{}\s]{1,80}\}|\S+", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]|[^\W\d_]|['’-](?=[^\W\d_]))*")
_CLOSING = ".,;:!?…)]}»”’\"'。，！？"
_OPENING = "([{«“‘\"'¿¡"


class Word(NamedTuple):
    """One word: where it stands, and whether it may be changed."""

    start: int
    end: int
    text: str

    @property
    def key(self) -> str:
        """What stands for the word in lists."""
        return unicodedata.normalize("NFC", self.text).casefold()


def words_of(text: str) -> list[Word]:
    """The plain words of a text, in order; spans are code points and never overlap."""
    found = []
    for piece in _PIECE.finditer(text):
        token = piece.group()
        if token[0] in "`<[{" and len(token) > 1 and token[-1] in "`>]}":
            continue
        start = piece.start() + len(token) - len(token.lstrip(_OPENING))
        inner = token.lstrip(_OPENING).rstrip(_CLOSING)
        if len(inner) <= LONGEST and _WORD.fullmatch(inner):
            found.append(Word(start, start + len(inner), inner))
    return found
