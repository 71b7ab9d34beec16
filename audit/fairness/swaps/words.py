"""Words of an English text with their places, and the small repairs that a replaced word asks of its neighbours.

A word is a run of letters with the accents and inner hyphens that it has; what follows an apostrophe ('s, 'll) is not part
of it, so that contractions and possessives survive a swap. Offsets are code points. Linear in the text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int, str]

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_AN_THOUGH_CONSONANT = re.compile(r"(?:hono|hour|heir|honest)", re.IGNORECASE)
_A_THOUGH_VOWEL = re.compile(r"(?:eu|ew|uni(?!n|m)|use|usu|uk|one|once|ubi|uru|uga|ute)", re.IGNORECASE)


@dataclass(frozen=True)
class Word:
    """One word of a text."""

    start: int
    end: int
    text: str
    low: str
    """In small letters."""
    after: str
    """What stands between it and the next word."""

    @property
    def joined(self) -> bool:
        """Whether only blanks stand between it and the next word."""
        return bool(self.after) and not self.after.strip(" ")

    @property
    def ends(self) -> bool:
        """Whether the clause ends behind it: punctuation, a line end, or the text."""
        return not self.after or any(c not in " '’" for c in self.after)


def words_of(text: str) -> list[Word]:
    """The words of a text in order."""
    at = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    following = [start for start, _ in at[1:]] + [len(text)]
    return [Word(a, b, text[a:b], text[a:b].lower(), text[b:n]) for (a, b), n in zip(at, following)]


def with_articles(words: Sequence[Word], spans: Sequence[Span]) -> list[Span]:
    """The spans, and an `a` or `an` that stands right before a replaced word put right for the new one."""
    by_start = {start: new for start, _, new in spans}
    out = list(spans)
    for n, (word, following) in enumerate(itertools.pairwise(words)):
        if word.low not in ("a", "an") or not word.joined or following.start not in by_start or word.start in by_start:
            continue
        if word.text == "A" and n and not words[n - 1].ends:
            continue  # a capital inside a sentence is a letter, not an article
        right = article(by_start[following.start])
        if right != word.low:
            out.append((word.start, word.end, right.upper() if word.text.isupper() and len(word.text) > 1 else
                        right.capitalize() if word.text[0].isupper() else right))  # fmt: skip
    return sorted(out)


def article(word: str) -> str:
    """`a` or `an`, by the sound that the word starts with."""
    if _AN_THOUGH_CONSONANT.match(word):
        return "an"
    if _A_THOUGH_VOWEL.match(word):
        return "a"
    return "an" if word[:1].lower() in "aeiou" else "a"


def applied(text: str, spans: Sequence[Span]) -> str:
    """The text with spans that do not overlap replaced."""
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text
