"""Words that look like slips, judged against the vocabulary of the data itself.

Method: a word that the data holds once or twice, one slip away (two neighbouring letters swapped, one letter of a pair
missing or doubled, one inner letter missing or too many; Damerau 1964) from a word that it holds `ratio` times as often.
Letters that are merely another are not taken for slips: they mostly make other words. Found through the deletions of
frequent words, as SymSpell does. Names (capitalised), words of fewer than six letters, endings and anything in code stay
out.
Shapes: places in code points. Complexity: O(words + distinct words x length). Cost: about 8 MB/s. Does not: know a
language; a rare word beside a frequent one is flagged, never changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

LEAST_LETTERS, MOST_LETTERS = 6, 30
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def slips(texts: Iterable[str | None], least: int = 20, ratio: int = 50) -> Iterator[tuple[int, int, int, str]]:
    """(text, start, end, likelier word) of each suspicious word."""
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
            if best is not None and counts[best] >= ratio * n:
                meant[word] = best
    if not meant:
        return
    for i, text in enumerate(kept):
        for found in _WORD.finditer(text):
            if found[0] in meant:
                yield i, found.start(), found.end(), meant[found[0]]


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
