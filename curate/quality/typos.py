"""Words that look like slips, judged against the vocabulary of the data itself.

Method: a word that the data holds once or twice, one slip away (two neighbouring letters swapped, one letter of a pair
missing or doubled, one inner letter missing or too many; Damerau 1964) from a word that it holds `ratio` times as often.
Letters that are merely another are not taken for slips: they mostly make other words. Found through the deletions of
frequent words, as SymSpell does. Names (capitalised, or mostly so elsewhere), words of fewer than six letters, endings, and
whatever touches digits, @ _ / \\ or a point inside (addresses, paths, identifiers) stay out and are not counted.
Shapes: places in code points. Complexity: O(words + distinct words x length). Cost: about 8 MB/s. Does not: know a
language; a rare word beside a frequent one is flagged, never changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

LEAST_LETTERS, MOST_LETTERS = 6, 30
_WORD = re.compile(r"(?<![\w@/\\])(?<!\w\.)[^\W\d_]++(?:['’][^\W\d_]++)?+(?![\d_@/\\]|\.\w)")
_ADDRESS = re.compile(r"[@_/\\\d]|\w\.\w")
_REACH = 100
"""Code points on either side in which the run of characters around a word is looked at."""


def slips(texts: Iterable[str | None], least: int = 20, ratio: int = 50) -> Iterator[tuple[int, int, int, str, int, int]]:
    """(text, start, end, likelier word, times that the data holds the word, times of the likelier one) of each suspect."""
    kept = [text or "" for text in texts]
    counts: Counter[str] = Counter()
    for text in kept:
        counts.update(_WORD.findall(text))
    frequent = {
        word for word, n in counts.items()
        if n >= least and LEAST_LETTERS - 1 <= len(word) <= MOST_LETTERS and word.islower()
    }  # fmt: skip
    near = _near(frequent)
    meant: dict[str, str] = {}
    for word, n in counts.items():
        if n <= 2 and LEAST_LETTERS <= len(word) <= MOST_LETTERS and word.islower() and word not in frequent:
            best = _meant(word, frequent, near, counts)
            if best is not None and counts[best] >= ratio * n and not (_name(word, counts) or _name(best, counts)):
                meant[word] = best
    if not meant:
        return
    for i, text in enumerate(kept):
        for found in _WORD.finditer(text):
            word = found[0]
            if word in meant and not _in_address(text, *found.span()):
                yield i, *found.span(), meant[word], counts[word], counts[meant[word]]


def _name(word: str, counts: Counter[str]) -> bool:
    """Whether the data writes the word with a capital as often as not."""
    return counts[word.capitalize()] >= counts[word]


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether the run of characters around a word is an address, a path or an identifier."""
    before = text[max(0, start - _REACH) : start]
    after = text[end : end + _REACH]
    head = "" if before[-1:].isspace() else (before.split() or [""])[-1]
    tail = "" if after[:1].isspace() else (after.split() or [""])[0]
    return bool(_ADDRESS.search(f"{head}{text[start:end]}{tail}"))


def _near(frequent: set[str]) -> dict[str, list[str]]:
    """Frequent words by themselves without one inner letter."""
    out: dict[str, list[str]] = {}
    for word in sorted(frequent):
        for k in range(1, len(word) - 1):
            out.setdefault(word[:k] + word[k + 1 :], []).append(word)
    return out


def _meant(word: str, frequent: set[str], near: dict[str, list[str]], counts: Counter[str]) -> str | None:
    """The most frequent word that is one slip away."""
    found = set(near.get(word, ()))  # an inner letter is missing
    for k in range(1, len(word) - 1):
        less = word[:k] + word[k + 1 :]  # an inner letter too many
        if less in frequent:
            found.add(less)
        swapped = word[:k] + word[k + 1] + word[k] + word[k + 2 :]
        if swapped != word and swapped in frequent:
            found.add(swapped)
    # Another ending or beginning is another form of the word, not a slip.
    found = {w for w in found if w[0] == word[0] and w[-1] == word[-1] and not _inflected(word, w)}
    return max(found, key=lambda w: (counts[w], w), default=None)


def _inflected(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) != len(long) and (long[-3:] in ("ies", "ers", "ens", "est") or long[:-2] == short[:-1])
