"""Inconsistent spellings of one label: which spelling stands for which.

Method. OpenRefine's fingerprint (Unicode NFKC, case folded, separators and punctuation to blanks, words *in order*: unlike
OpenRefine words are not sorted, because `card_to_cash` is not `cash_to_card`), once with words and once without the blanks.
Spellings of equal fingerprint are one label; the most frequent spelling stands for it. Then a rare
spelling joins a frequent one at one edit (insertion, deletion, substitution or swap of neighbours; Damerau 1964) if the
fingerprints are long, hold the same digits, and the edit lies inside a word that no other label uses: a changed
word that is vocabulary elsewhere (`positive`/`negative`, `changed`/`change` when both are used) is a meaning, not a slip.
A rare spelling also joins a frequent one with the same pairs of letters (OpenRefine's n-gram fingerprint, n = 2: letters
doubled or a syllable written twice), and one that is given to copies of the texts to which the other is given
(co-occurrence, `together`) where the names share half of their pairs of letters. These two are for a person to decide.

Kept apart on purpose: labels that are numbers, labels whose fingerprints are empty (`+`/`-`), labels that differ in a digit
or in a sign next to one. Input: spellings and their row counts. Cost: O(labels + rare labels * frequent labels of similar
length * length); 5,000 labels in about a second. Casing that carries meaning (`IT`/`it`) is merged.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[\W_]+", re.UNICODE)
_NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*%?")
_MIN_EDIT_LENGTH = 6
_COPIES = 3
"""Texts whose copies must have both spellings."""
_SIGNS = re.compile(r"[+\-<>=!]")


@dataclass(frozen=True)
class Spelling:
    """A spelling that stands for another."""

    canonical: str
    rule: str
    """`fingerprint`, `edit_distance`, `ngram_fingerprint` or `co_occurrence`."""
    score: float
    """1.0 for a fingerprint; for an edit 0.7 to 0.85, higher for a longer name and a rarer spelling; 0.7 for pairs of
    letters; 0.5 to 0.8 for co-occurrence, higher where more of the copies agree."""


def fingerprint(name: str) -> str:
    """The form in which spellings of one label meet; empty when nothing but signs is left."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    # camelCase and separators are spellings of one boundary, so boundaries themselves are dropped.
    return _SEPARATORS.sub("", unicodedata.normalize("NFC", folded))


def ngram_fingerprint(name: str, n: int = 2) -> str:
    """The distinct runs of `n` letters of a fingerprint, in order of the alphabet."""
    form = fingerprint(name)
    return "".join(sorted({form[i : i + n] for i in range(len(form) - n + 1)}))


def canonical_names(
    counts: Mapping[str, int],
    together: Mapping[tuple[str, str], int] | None = None,
    rules: Collection[str] = ("edit_distance", "ngram_fingerprint", "co_occurrence"),
) -> dict[str, Spelling]:
    """For each spelling that should change: what it should become. `counts` gives the rows of each spelling; `together`,
    for two spellings in order of the alphabet, the texts whose copies have both; `rules` are those in force beside
    `fingerprint`."""
    by_print: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in counts:
        key = spelling_key(name)
        if key is not None:
            by_print[key].append(name)
    found: dict[str, Spelling] = {}
    heads: dict[str, str] = {}
    total: Counter[str] = Counter()
    for (form, _), names in by_print.items():
        head = min(names, key=lambda name: (-counts[name], name.strip() != name, name))
        heads[head] = form
        total[head] = sum(counts[name] for name in names)
        for name in names:
            if name != head:
                found[name] = Spelling(head, "fingerprint", 1.0)
    slips = _slips(heads, total) if "edit_distance" in rules else {}
    for more in (_same_pairs(heads, total), _on_copies(heads, total, found, together or {})):
        taken = {s.canonical for s in slips.values()} | set(slips)
        slips |= {name: s for name, s in more.items() if s.rule in rules and name not in taken and s.canonical not in slips}
    for name, spelling in list(found.items()):
        if spelling.canonical in slips:
            onward = slips[spelling.canonical]
            found[name] = Spelling(onward.canonical, onward.rule, onward.score)
    found.update(slips)
    return found


def spelling_key(name: str) -> tuple[str, str] | None:
    """What the spellings of one label share: `Refund Request`, `refund_request`, `refundRequest`. None for names that are
    their only spelling: numbers, signs."""
    stripped = name.strip()
    form = fingerprint(name)
    if not form:
        return None
    if _NUMBER.fullmatch(stripped):
        return None
    # `c` and `c++`, `b` and `b-`, `1-2` and `12`: a sign beside a digit or at an end is part of the name.
    signs = "".join(_SIGNS.findall(stripped)) if len(form) <= 2 else "".join(re.findall(r"[+<>=!]", stripped))
    digits = "|".join(re.findall(r"\d+", unicodedata.normalize("NFKC", stripped)))
    return form, f"{signs}\x00{digits}"


def _slips(heads: Mapping[str, str], total: Mapping[str, int]) -> dict[str, Spelling]:
    vocabulary: Counter[str] = Counter()
    for head in heads:
        vocabulary.update(set(_words(head)))
    by_length: dict[int, list[str]] = defaultdict(list)
    for head in heads:
        by_length[len(heads[head])].append(head)
    found: dict[str, Spelling] = {}
    for head, form in heads.items():
        rows = total[head]
        if len(form) < _MIN_EDIT_LENGTH:
            continue
        # The other must be at least ten times as frequent, which also keeps chains from forming cycles.
        frequent = [
            other
            for length in (len(form) - 1, len(form), len(form) + 1)
            for other in by_length.get(length, ())
            if total[other] >= max(10 * rows, 20)
        ]
        near = [o for o in frequent if _one_edit(form, heads[o]) and _is_slip(head, o, vocabulary)]
        if len(near) == 1:
            other = near[0]
            sure = 0.7 + 0.1 * (len(form) >= 10) + 0.05 * (total[other] >= 50 * rows)
            found[head] = Spelling(other, "edit_distance", round(sure, 2))
    return {name: s for name, s in found.items() if s.canonical not in found}


def _same_pairs(heads: Mapping[str, str], total: Mapping[str, int]) -> dict[str, Spelling]:
    """Rare spellings with the pairs of letters of a frequent one, and its digits."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for head, form in heads.items():
        if len(form) >= _MIN_EDIT_LENGTH:
            groups[ngram_fingerprint(head), "|".join(re.findall(r"\d+", head))].append(head)
    found = {}
    for names in groups.values():
        best = max(names, key=lambda name: (total[name], name))
        found.update({
            name: Spelling(best, "ngram_fingerprint", 0.7)
            for name in names if name != best and total[best] >= max(10 * total[name], 20)
        })  # fmt: skip
    return found


def _on_copies(
    heads: Mapping[str, str],
    total: Mapping[str, int],
    merged: Mapping[str, Spelling],
    together: Mapping[tuple[str, str], int],
) -> dict[str, Spelling]:
    """Spellings that stand beside another one on copies of the same texts, and look like it."""
    beside: dict[str, Counter[str]] = defaultdict(Counter)
    for (a, b), times in together.items():
        one, other = (merged[n].canonical if n in merged else n for n in (a, b))
        if one != other and one in heads and other in heads:
            beside[one][other] += times
            beside[other][one] += times
    found = {}
    for name, others in beside.items():
        best, times = max(others.items(), key=lambda item: (item[1], total[item[0]], item[0]))
        share = times / sum(others.values())
        rarer = total[best] > total[name] or (total[best] == total[name] and best < name)
        same_digits = re.findall(r"\d+", name) == re.findall(r"\d+", best)
        if times >= _COPIES and 2 * times >= total[name] and rarer and same_digits and _alike(heads[name], heads[best]):
            found[name] = Spelling(best, "co_occurrence", round(0.5 + 0.3 * share, 2))
    return {name: s for name, s in found.items() if s.canonical not in found}


def _alike(one: str, other: str) -> bool:
    """Whether two forms share half of their pairs of letters (Dice)."""
    a, b = ({form[i : i + 2] for i in range(len(form) - 1)} for form in (one, other))
    return 2 * len(a & b) >= 0.5 * (len(a) + len(b))


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name))
    return [word for word in _SEPARATORS.split(spaced.casefold()) if word]


def _is_slip(rare: str, frequent: str, vocabulary: Mapping[str, int]) -> bool:
    """True when the edit looks like a typing error inside a word, not like another word."""
    a, b = _words(rare), _words(frequent)
    if re.findall(r"\d", rare) != re.findall(r"\d", frequent):
        return False
    if len(a) != len(b):
        return False
    changed = [(x, y) for x, y in zip(a, b) if x != y]
    if len(changed) != 1:
        return False
    x, y = changed[0]
    if vocabulary.get(x, 0) > 1 or min(len(x), len(y)) < 5 or not (x.isalpha() and y.isalpha()):
        return False
    # Endings and beginnings inflect or negate (`refund`/`refunds`, `typical`/`atypical`): only the inside slips.
    # Two letters changing places is a slip wherever it happens.
    inside = x[0] == y[0] and x[-1] == y[-1]
    return sorted(x) == sorted(y) or (inside and not _inflects(x, y))


def _inflects(x: str, y: str) -> bool:
    """Pairs whose shared stem carries two known endings or prefixes of meaning."""
    stem = 0
    while stem < min(len(x), len(y)) and x[stem] == y[stem]:
        stem += 1
    endings = (x[stem:], y[stem:])
    known = {"s", "es", "ed", "d", "er", "or", "ing", "al", "ly", "y", "e", "n", "en", "in", "un", "man", "men"}
    return all(ending in known or not ending for ending in endings) or max(map(len, endings)) <= 1


def _one_edit(a: str, b: str) -> bool:
    """True at Damerau-Levenshtein distance exactly one."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    i = 0
    while i < min(len(a), len(b)) and a[i] == b[i]:
        i += 1
    if len(a) == len(b):
        return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[i + 1 :] == shorter[i:]
