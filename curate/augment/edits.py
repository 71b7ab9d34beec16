"""Small changes of a text that leave its meaning, as spans: synonyms, swaps, deletions, insertions, slips of the keyboard.

Methods: EDA (Wei and Zou 2019) for words, its insertion taken as a word beside its own synonym; character noise as in
Belinkov and Bisk (2018), by letters of the word itself, so that it fits any alphabet. A deletion or a swap never takes the
first of a text's words alone when there are fewer than `FEWEST` of them: what is left must say something. Words that deny
(`not`, `never`, …) are never deleted, swapped or replaced in the languages that the list knows; elsewhere the caller's
choice of methods decides. Cost: O(words). Does not: parse; a deletion may leave a clumsy sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import category

import numpy as np

from curate.augment.words import Word, words_of

Span = tuple[int, int, str]
Candidates = Callable[[Word], Sequence[str]]
FEWEST = 4
DENIALS = frozenset(
    word
    for line in (
        "no not never none nobody nothing without cannot can't don't doesn't didn't won't isn't aren't wasn't nor neither",
        "nicht kein keine keinen nie niemals ohne ne pas jamais aucun sans rien non mai niente nessuno senza nunca nada",
        "sin ningún ninguno não sem nem niet geen zonder nooit inte ingen aldrig ikke aldri bez żaden не нет никогда без",
    )
    for word in line.split()
)


@dataclass(frozen=True)
class Edit:
    """What a method changes in one text."""

    spans: tuple[Span, ...]
    """Start, end (code points of the text as given), and what stands there instead; without overlap, in order."""
    changed: int
    """Words that are touched."""


def edited(text: str, spans: Sequence[Span]) -> str:
    """The text after the edit."""
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def edits_of(
    method: str, text: str, rng: np.random.Generator, *, share: float = 0.1, candidates: Candidates | None = None
) -> Edit | None:
    """One edit of about `share` of the words, at least one; None where the text has nothing to change that way."""
    words = words_of(text)
    if not words:
        return None
    count = max(1, round(share * len(words)))
    spans = _METHODS[method](text, words, rng, count, candidates or (lambda word: ()))
    return Edit(tuple(sorted(spans)), max(1, len(spans))) if spans else None


def _synonyms(
    text: str, words: Sequence[Word], rng: np.random.Generator, count: int, candidates: Candidates
) -> list[Span]:
    found: list[Span] = []
    for word in _shuffled(words, rng):
        options = _options(word, candidates)
        if options:
            found.append((word.start, word.end, _like(word.text, options[int(rng.integers(len(options)))])))
        if len(found) == count:
            break
    return found


def _insertion(
    text: str, words: Sequence[Word], rng: np.random.Generator, count: int, candidates: Candidates
) -> list[Span]:
    """A synonym of one of the words in front of another word."""
    pool = [option for word in words for option in _options(word, candidates)]
    if not pool:
        return []
    places = sorted({words[int(i)].start for i in rng.integers(1 if len(words) > 1 else 0, len(words), count)})
    return [(at, at, f"{pool[int(rng.integers(len(pool)))]} ") for at in places]


def _swap(
    text: str, words: Sequence[Word], rng: np.random.Generator, count: int, candidates: Candidates
) -> list[Span]:
    """Two words that stand next to each other change places."""
    if len(words) < FEWEST:
        return []
    pairs = [
        (a, b) for a, b in pairwise(words)
        if text[a.end : b.start].isspace() and a.key != b.key and not {a.key, b.key} & DENIALS
    ]  # fmt: skip
    taken: set[Word] = set()
    found: list[Span] = []
    for i in rng.permutation(len(pairs)).tolist():
        a, b = pairs[i]
        if a in taken or b in taken:
            continue
        taken |= {a, b}
        found += [(a.start, a.end, _like(a.text, b.text.lower()) if _titled(a, b) else b.text),
                  (b.start, b.end, a.text.lower() if _titled(a, b) else a.text)]  # fmt: skip
        if len(found) >= 2 * count:
            break
    return found


def _deletion(
    text: str, words: Sequence[Word], rng: np.random.Generator, count: int, candidates: Candidates
) -> list[Span]:
    if len(words) < FEWEST:
        return []
    found: list[Span] = []
    for word in _shuffled(words[1:], rng):
        if word.key in DENIALS:
            continue
        before = word.start - 1 if text[word.start - 1 : word.start].isspace() else word.start
        if all(before >= end or word.end <= start for start, end, _ in found):
            found.append((before, word.end, ""))
        if len(found) == min(count, len(words) - FEWEST + 1):
            break
    return found


def _noise(
    text: str, words: Sequence[Word], rng: np.random.Generator, count: int, candidates: Candidates
) -> list[Span]:
    """A letter doubled, left out, or exchanged with the next one, inside a word of four letters or more."""
    found: list[Span] = []
    # A letter must not be parted from its marks, which no script without them notices.
    plain = [w for w in words if not any(category(c)[0] == "M" for c in w.text)]
    sound = [w for w in plain if len(w.text) >= 4 and w.key not in DENIALS]
    for word in _shuffled(sound, rng):
        letters, at, how = word.text, int(rng.integers(1, len(word.text) - 1)), int(rng.integers(3))
        if how == 0:
            new = letters[:at] + letters[at] + letters[at:]
        elif how == 1:
            new = letters[:at] + letters[at + 1 :]
        else:
            new = letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :]
        if new != letters:
            found.append((word.start, word.end, new))
        if len(found) == count:
            break
    return found


def _options(word: Word, candidates: Candidates) -> list[str]:
    """What may stand for a word: nothing for one that denies, and nothing that denies."""
    return [o for o in candidates(word) if o != word.key and o not in DENIALS] if word.key not in DENIALS else []


def _shuffled(words: Sequence[Word], rng: np.random.Generator) -> list[Word]:
    return [words[i] for i in rng.permutation(len(words)).tolist()]


def _titled(a: Word, b: Word) -> bool:
    """Whether the first of two words begins a sentence: its capital stays at the front."""
    return a.text[:1].isupper() and not a.text.isupper() and b.text.islower()


def _like(old: str, new: str) -> str:
    """A word in the case of the one that it replaces."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


_METHODS: dict[str, Callable[..., list[Span]]] = {
    "synonyms": _synonyms,
    "insertion": _insertion,
    "swap": _swap,
    "deletion": _deletion,
    "noise": _noise,
}
METHODS = tuple(_METHODS)
