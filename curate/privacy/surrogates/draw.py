"""Draws from a keyed pseudo-random function.

HMAC-SHA256 (RFC 2104) in counter mode over what is drawn for: the same key and the same name give the same draws in any
order, in any process. A draw of one of n takes 64 bits modulo n; its bias is below n / 2**64.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
DIGITS = "0123456789"


def listed(words: str) -> tuple[str, ...]:
    """The words of a text: how this package writes its own short lists."""
    return tuple(words.split())


class Draw:
    """A stream of draws for one name."""

    def __init__(self, secret: bytes, *name: str | int) -> None:
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        parts = [str(part).encode("utf-8", "surrogatepass") for part in name]
        self._seed = hmac.digest(secret, b"".join(len(p).to_bytes(4, "big") + p for p in parts), hashlib.sha256)
        self._block, self._at, self._count = b"", 0, 0

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        if self._at == len(self._block):
            self._block = hmac.digest(self._seed, self._count.to_bytes(8, "big"), hashlib.sha256)
            self._count, self._at = self._count + 1, 0
        chunk = self._block[self._at : self._at + 8]
        self._at += 8
        return int.from_bytes(chunk, "big") % n

    def choice(self, among: Sequence[T]) -> T:
        """One of several."""
        return among[self.below(len(among))]

    def text(self, alphabet: str, size: int) -> str:
        """So many characters of an alphabet."""
        return "".join(self.choice(alphabet) for _ in range(size))

    def filled(self, template: str) -> str:
        """A template with a digit for each `d`."""
        return "".join(self.choice(DIGITS) if c == "d" else c for c in template)

    def like(self, text: str) -> str:
        """Letters for letters, in their case, and digits for digits; everything else stays."""
        out = []
        for char in text:
            if char.isdigit():
                out.append(self.choice(DIGITS))
            elif char.isalpha():
                out.append(self.choice(UPPER if char.isupper() else LOWER))
            else:
                out.append(char)
        return "".join(out)


def laid_out(layout: str, new: str) -> str:
    """`new` in the layout of a written value: its letters and digits one by one in their places, in their case.

    `new` by itself where the two differ in number.
    """
    if sum(c.isalnum() for c in layout) != len(new):
        return new
    following = iter(new)
    out = []
    for char in layout:
        if char.isalnum():
            put = next(following)
            out.append(put.lower() if char.islower() else put.upper() if char.isupper() else put)
        else:
            out.append(char)
    return "".join(out)


def like_case(model: str, word: str) -> str:
    """A word in the case of another: capitals, small letters, or as it comes."""
    letters = [c for c in model if c.isalpha()]
    if not letters:
        return word
    if len(letters) > 1 and model.isupper():
        return word.upper()
    if model.islower():
        return word.lower()
    if word.islower() and letters[0].isupper():
        return word[:1].upper() + word[1:]
    return word
