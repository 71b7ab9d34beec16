"""People's names turned: a first name of the other gender, or a whole name of another origin.

Method: the names tagger of `curate.privacy` finds people in a column; each word of a name is looked up in Faker's lists,
which say of which locale and gender it usually is. *Gender*: a first name that the lists hold for one gender alone is
replaced by one of the other gender of the same locale. *Origin*: every word is replaced by one of another locale, first
names by first names of the same gender. The choice follows from the word and the row's key alone, so one person keeps one
new name within a row.

Lists say what is usual, not who a person is. Names that the tagger misses stay, as do names in no list (gender) and lone
initials. Cost: the tagger, about 20,000 short texts a second; then microseconds a name.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import xxhash

from audit.fairness.swaps.words import Span
from curate.privacy.canonical import folded
from curate.privacy.names.find import find_names
from curate.privacy.surrogates.draw import like_case
from curate.privacy.surrogates.lists import Group, known_names, pools
from curate.privacy.surrogates.people import words_of

ORIGINS = ("en_US", "es_ES", "en_IN", "tr_TR", "vi_VN", "pl_PL", "de_DE")
"""Origins that names are turned to: lists in Latin letters, from unlike places."""
_MIN_SCORE = 0.7
_OTHER = {"female": "male", "male": "female"}
Person = tuple[int, int, str]


def people(texts: Sequence[str]) -> list[list[Person]]:
    """(start, end, name) of the people named in each text, in code points."""
    found = find_names(pa.array(texts, pa.large_string()), ("PERSON",), min_score=_MIN_SCORE)
    out: list[list[Person]] = [[] for _ in texts]
    for row, start, end in zip(found.row.tolist(), found.start.tolist(), found.end.tolist()):
        out[row].append((start, end, texts[row][start:end]))
    return out


def turned_gender(names: Sequence[Person], key: int) -> tuple[list[Span], set[str]]:
    """First names of the other gender, and the genders that were found."""
    spans: list[Span] = []
    genders: set[str] = set()
    for start, _, name in names:
        for a, b, word in words_of(name):
            group = _first(word)
            if group is None or group.gender not in _OTHER:
                continue
            among = pools(group.locale)["first", _OTHER[group.gender]]
            genders.add(group.gender)
            spans.append((start + a, start + b, like_case(word, _pick(among, word, key))))
            break  # one first name says it; a second one may be a surname
    return spans, genders


def turned_origin(names: Sequence[Person], key: int) -> tuple[list[Span], str, str]:
    """Names of one other origin for everybody in the text; the origin most names had, and the new one."""
    if not names:
        return [], "", ""
    firsts = [next((g for _, _, w in words_of(name) if (g := _first(w)) is not None), None) for _, _, name in names]
    origins = [g.locale for g in firsts if g is not None]
    before = max(sorted(set(origins)), key=origins.count) if origins else "unknown"
    among = [origin for origin in ORIGINS if origin != before]
    after = among[xxhash.xxh3_64_intdigest(b"origin", seed=key & (2**64 - 1)) % len(among)]
    spans: list[Span] = []
    for (start, _, name), first in zip(names, firsts):
        gender = "neutral" if first is None else first.gender
        words = words_of(name)
        for n, (a, b, word) in enumerate(words):
            if len(word) < 2:
                continue
            role = "last" if n == len(words) - 1 and (n or first is None) else "first"
            spans.append((start + a, start + b, like_case(word, _pick(pools(after)[role, gender], word, key))))
    return spans, before, after


def _first(word: str) -> Group | None:
    """The group of a word that is a usual first name."""
    return next((g for g in known_names().get(folded(word), ()) if g.role == "first"), None)


def _pick(among: Sequence[str], word: str, key: int) -> str:
    at = xxhash.xxh3_64_intdigest(folded(word).encode(), seed=key & (2**64 - 1))
    chosen = among[at % len(among)]
    return among[(at + 1) % len(among)] if folded(chosen) == folded(word) else chosen
