"""Near copies of a text: a few words changed, or only its form."""

from __future__ import annotations

import re

from sample_data._compose import Message
from sample_data._draw import Draw
from sample_data._shingles import jaccard, shingles

_SWAPS = {
    "please": "kindly", "hi": "hello", "hello": "hi", "thanks": "thank you", "want": "need", "need": "want",
    "my": "the", "the": "this", "yesterday": "on Monday", "today": "now", "now": "today", "still": "always",
    "and": "but", "can": "could", "could": "can", "was": "is", "is": "was", "it": "this", "a": "one", "two": "three",
}  # fmt: skip
_FILLERS = ("just", "really", "also", "actually", "again", "so", "then", "maybe", "already", "well")


def _words(template: str) -> list[str]:
    return template.split(" ")


def reform(message: Message, draw: Draw) -> Message:
    """Only the form changes: case, punctuation, spaces. Its words, so its word 3-grams, stay."""
    t = message.template
    for _ in range(20):
        change = draw.below(4)
        if change == 0:
            new = t.lower()
        elif change == 1:
            new = re.sub(r"[.!]+(?=\s|$)", lambda m: draw.pick((".", "!", "!!", "...", "")), t)
        elif change == 2:
            new = t.replace(" ", "  ", 2) + draw.pick((" ", "", "\n"))
        else:
            new = t[0].upper() + t[1:] + draw.pick(("!", "..", "?!"))
        if new != t and new.casefold().strip() and shingles(new) == shingles(t):
            return message.with_template(new)
    return message.with_template(t + " ")


def reword(message: Message, draw: Draw, low: float, high: float, tries: int = 40) -> Message | None:
    """Change one to three words so that the word 3-gram Jaccard similarity lands in low..high; None if it will not."""
    before = shingles(message.text)
    for _ in range(tries):
        words = _words(message.template)
        for _ in range(draw.between(1, 3)):
            at = draw.below(len(words))
            word = words[at]
            if not word.isascii():
                continue
            action = draw.below(4)
            if action == 0 and word.lower() in _SWAPS:
                words[at] = _SWAPS[word.lower()]
            elif action == 1:
                words.insert(at, draw.pick(_FILLERS))
            elif action == 2 and len(words) > 6:
                del words[at]
            elif len(word) > 4 and word.isalpha():
                cut = draw.between(1, len(word) - 2)
                words[at] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
        new = message.with_template(" ".join(words))
        if new.text != message.text and low <= jaccard(before, shingles(new.text)) <= high:
            return new
    return None
