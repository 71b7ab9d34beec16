"""Texts in, swapped texts out: one axis at a time, everything that belongs to it in one go.

| axis | what is turned |
|---|---|
| gender | pronouns, gendered nouns, titles, first names: each to its counterpart, the whole text at once |
| name_origin | names of people, to those of one other origin |
| the axes of `terms` (religion, ethnicity, age, ...) | each concept of the axis that the text names, to one other concept |

Which other concept or name is drawn by hash of the row's key, so the same row is swapped alike in every run and in all of
its fields; `every=True` gives all counterparts of a text that names one concept, for measuring. Texts of other languages
than English are left alone (`english_rows`), except by `name_origin`. Cost: about 10,000 short texts a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from audit.fairness.swaps.gender import gender_spans
from audit.fairness.swaps.names import Person, people, turned_gender, turned_origin
from audit.fairness.swaps.terms import TERMS, Concept, Mention, counterparts, mentions
from audit.fairness.swaps.words import Span, Word, applied, with_articles, words_of
from curate.privacy.surrogates.draw import like_case
from curate.quality.language import detect, majority

AXES = ("gender", "name_origin", *TERMS)
_READ = 400
_LONG_ENOUGH = 60
_SURE = 0.9


@dataclass(frozen=True)
class Swapped:
    """One text with one axis swapped."""

    row: int
    """Position of the text."""
    axis: str
    before: str
    """What the text spoke of: a concept, `female`, `male`, `both`, a locale."""
    after: str
    spans: tuple[Span, ...]
    """Start, end (code points of the given text) and new words; sorted, without overlap."""


def apply_spans(text: str, spans: Sequence[Span]) -> str:
    """The swapped text."""
    return applied(text, spans)


def swaps(
    texts: Sequence[str], axes: Sequence[str] = AXES, keys: Sequence[int] | None = None, *, every: bool = False
) -> list[Swapped]:
    """The swaps of each text, by axis in the order given and by text; texts that name nothing of an axis have none.

    `keys`: one number a text, equal for fields of one row. Raises ValueError for an axis that is not in `AXES`.
    """
    for axis in axes:
        if axis not in AXES:
            raise ValueError(f"there is no axis {axis!r}; axes are {', '.join(AXES)}")
    key = list(range(len(texts))) if keys is None else [int(k) for k in keys]
    tokens = [words_of(text) for text in texts]
    named: list[list[Person]] = people(texts) if {"gender", "name_origin"} & set(axes) else [[] for _ in texts]
    found = [mentions(words) for words in tokens] if set(axes) & set(TERMS) else [[] for _ in texts]
    out: list[Swapped] = []
    for axis in axes:
        for row, words in enumerate(tokens):
            if axis == "gender":
                out += _gender(row, words, named[row], key[row])
            elif axis == "name_origin":
                spans, before, after = turned_origin(named[row], key[row])
                out += [Swapped(row, axis, before, after, tuple(spans))] if spans else []
            else:
                mine = [m for m in found[row] if m.axis == axis]
                out += _terms(row, words, axis, mine, key[row], every) if mine else []
    return out


def english_rows(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which texts may be swapped as English: all short ones where most texts are English, and the long ones that are."""
    array = pa.array(texts, pa.large_string())
    language, _ = majority(array, _READ, least=0.5)
    out = np.full(len(texts), language in (None, "en"))
    long = np.array([i for i, text in enumerate(texts) if len(text) >= _LONG_ENOUGH], np.int64)
    if len(long):
        codes, sure = detect(array.take(pa.array(long)), _READ)
        english = np.array([code == "en" for code in codes])
        out[long] = np.where(sure >= _SURE, english, out[long])
    return out


def _gender(row: int, words: Sequence[Word], named: Sequence[Person], key: int) -> list[Swapped]:
    spans, found = gender_spans(words)
    names, genders = turned_gender(named, key)
    taken = {(start, end) for start, end, _ in spans}
    spans += [s for s in names if not any(s[0] < end and start < s[1] for start, end in taken)]
    if not spans:
        return []
    genders |= found
    before = "both" if len(genders) == 2 else next(iter(genders))
    after = {"female": "male", "male": "female", "both": "both"}[before]
    return [Swapped(row, "gender", before, after, tuple(with_articles(words, sorted(spans))))]


def _terms(row: int, words: Sequence[Word], axis: str, found: Sequence[Mention], key: int, every: bool) -> list[Swapped]:
    concepts = list(dict.fromkeys(m.concept.name for m in found))
    # Concepts that have every form that the text needs: a text keeps one grammar.
    options = [[c for c, _ in counterparts(m)] for m in found]
    usable = [c for c in TERMS[axis] if c.name not in concepts and all(c in option for option in options)]
    if not usable:
        return []
    start = xxhash.xxh3_64_intdigest(f"{axis} {concepts[0]}".encode(), seed=key & (2**64 - 1)) % len(usable)
    targets = [[c] for c in usable] if every and len(concepts) == 1 else [
        [usable[(start + n) % len(usable)] for n in range(len(concepts))]
    ]  # fmt: skip
    return [_one(row, words, axis, found, dict(zip(concepts, chosen))) for chosen in targets]


def _one(row: int, words: Sequence[Word], axis: str, found: Sequence[Mention], to: dict[str, Concept]) -> Swapped:
    spans: list[Span] = []
    capitals = any(word.text[:1].isupper() for word in words)
    for mention in found:
        new = getattr(to[mention.concept.name], mention.form)[0]
        # A text that writes capitals writes them in names of peoples too; one that has none is left without.
        as_listed = capitals and mention.text in getattr(mention.concept, mention.form)
        spans.append((mention.start, mention.end, new if as_listed else like_case(mention.text, new)))
    before, after = (" + ".join(names) for names in (to, [c.name for c in to.values()]))
    return Swapped(row, axis, before, after, tuple(with_articles(words, spans)))
