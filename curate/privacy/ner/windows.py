"""Pieces of a long text that overlap, cut at blanks."""

from __future__ import annotations

from collections.abc import Iterator


def pieces(text: str, size: int, overlap: int, words: int | None = None) -> Iterator[tuple[int, str]]:
    """(first code point, piece): at most `size` code points and about `words` words each, `overlap` shared by two.

    Every code point is in a piece, and every stretch of at most `overlap` code points stands whole in some piece. A cut
    goes to the last blank in reach; where there is none, it goes through a word.
    """
    start = 0
    while True:
        end = min(len(text), start + size)
        if words is not None:
            end = min(end, _after_words(text, start, end, words))
        if end >= len(text):
            yield start, text[start:]
            return
        blank = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
        if blank > start + max(overlap, (end - start) // 2):
            end = blank + 1
        yield start, text[start:end]
        start = max(start + 1, end - overlap)


def _after_words(text: str, start: int, end: int, words: int) -> int:
    """The place after so many words, punctuation counted as words are by most tokenizers."""
    count, inside = 0, False
    for place in range(start, end):
        char = text[place]
        letter = char.isalnum() or char == "_"
        if (letter and not inside) or not (letter or char.isspace()):
            count += 1
            if count > words:
                return max(place, start + 1)
        inside = letter
    return end
