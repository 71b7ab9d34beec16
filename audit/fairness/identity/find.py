"""Which texts name which groups of people, by a committed lexicon (`lexicon.toml` says what is in it and how it is read).

Method. One regular expression of all words, run by Arrow's engine over the column, finds the sentences that hold any; those
are tokenised and each hit is judged in its place: plain words always count, words with other senses only beside people.
Languages other than English are matched by plain words.

Shapes: n texts in, a mask `(n,)` for each group out. Cost: a pass of RE2 over all texts (about 100 MB/s a core), then about
8 microseconds for each sentence with a hit. It finds that a group is *named*, not what is said about it nor who is meant;
pronouns, names of people, slurs and groups outside the lexicon are not looked for.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_KINDS = ("plain", "person", "name")
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[,&.;!?]")
_BEING = frozenset({"am", "is", "are", "was", "were", "be", "been", "being", "'m", "'re"})
_FILLERS = frozenset({"a", "an", "the", "not", "both", "also", "very", "proud", "openly", "actually", "half", "still"})
_ARTICLES = frozenset({"a", "an", "the", "am", "are", "is", "being", "as", "of", "devout", "practicing", "born-again"})
_ENDS = frozenset({".", ";", "!", "?", ",", "and", "but", "or", "who"})
_THINGS = frozenset({"it", "this", "that", "there", "here", "what", "which", "the", "these", "those", "everything", "life"})
_BLOCK = 10_000
_REACH = 3
"""Words that may lie between a term and the people it speaks of, or the somebody who is it."""


@dataclass(frozen=True)
class Lexicon:
    """Words by first token, and the groups they name."""

    groups: tuple[str, ...]
    """`axis: group`, in the order of the file."""
    words: dict[str, tuple[tuple[tuple[str, ...], str, int], ...]]
    """First token to (all tokens, kind, position in `groups`), longest first."""
    people: frozenset[str]
    between: frozenset[str]
    somebody: frozenset[str]
    pattern: str


@functools.cache
def lexicon() -> Lexicon:
    """The committed lexicon."""
    raw = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text(encoding="utf-8"))
    words: dict[str, list[tuple[tuple[str, ...], str, int]]] = {}
    groups: list[str] = []
    for axis, named in raw["axes"].items():
        for group, lists in named.items():
            at = len(groups)
            groups.append(f"{axis}: {group}")
            for kind, terms in lists.items():
                for term in terms:
                    tokens = tuple(_TOKEN.findall(term.lower()))
                    words.setdefault(tokens[0], []).append((tokens, kind if kind in _KINDS else "plain", at))
    firsts = sorted({re.escape(first) for first in words}, key=lambda w: (-len(w), w))
    longest_first = {first: tuple(sorted(found, key=lambda f: -len(f[0]))) for first, found in words.items()}
    return Lexicon(
        tuple(groups), longest_first, frozenset(raw["people"].lower().split()), frozenset(raw["between"].lower().split()),
        frozenset(raw["somebody"].lower().split()), rf"(?i)(?:^|[^\pL\pN])(?:{'|'.join(firsts)})(?:$|[^\pL\pN])",
    )  # fmt: skip


def groups_named(texts: pa.Array | pa.ChunkedArray) -> dict[str, npt.NDArray[np.bool_]]:
    """`axis: group` to the mask of the texts that name it; groups that no text names are left out."""
    known = lexicon()
    naming = np.zeros((len(known.groups), len(texts)), bool)
    for start in range(0, len(texts), _BLOCK):
        block = texts[start : start + _BLOCK]
        # Nothing that a term is judged by lies beyond a full stop, so the sentences without one are not looked at.
        parts = pc.split_pattern(block.combine_chunks() if isinstance(block, pa.ChunkedArray) else block, ".")
        held = pc.match_substring_regex(parts.flatten(), known.pattern)
        rows = pc.list_parent_indices(parts).filter(held).to_pylist()
        for row, sentence in zip(rows, parts.flatten().filter(held).to_pylist(), strict=True):
            for group in named_in(sentence):
                naming[group, start + row] = True
    return {group: mask for group, mask in zip(known.groups, naming, strict=True) if mask.any()}


def named_in(text: str) -> set[int]:
    """Positions in `lexicon().groups` of the groups that one text names."""
    known = lexicon()
    tokens = _TOKEN.findall(text.replace("’", "'"))
    small = list(map(str.lower, tokens))
    found: set[int] = set()
    for i in [i for i, first in enumerate(small) if first in known.words]:
        for words, kind, group in known.words[small[i]]:
            end = i + len(words)
            if group in found or tuple(small[i:end]) != words:
                continue
            if (
                kind == "plain"
                or (kind == "name" and (not tokens[i][0].isupper() or _no_name(tokens, small, i)))
                or _of_people(known, small, i, end)
                or _is_one(known, tokens, small, i, end)
            ):
                found.add(group)
    return found


def _of_people(known: Lexicon, small: list[str], start: int, end: int) -> bool:
    """Whether the words [start, end) are said of people: people follow, or somebody is it."""
    for word in small[end : end + _REACH]:
        if word in known.people:
            return True
        if word not in known.between:
            break
    at = start - 1
    for _ in range(_REACH):
        if at >= 0 and (small[at] in _FILLERS or small[at] in known.between):
            at -= 1
    if at < 0:
        return False
    if small[at] == "being" or (small[at] == "as" and at < start - 1):
        return True
    if small[at] in known.somebody and "'" in small[at]:
        return True
    return small[at] in _BEING and at > 0 and (small[at - 1] in known.somebody or small[at - 1] in known.people)


def _is_one(known: Lexicon, tokens: list[str], small: list[str], start: int, end: int) -> bool:
    """Whether somebody, perhaps by name, *is a* (kind) term, and no more is said: "Ana is a proud deaf."."""
    if end < len(small) and small[end] not in _ENDS:
        return False
    for at in (start - 1, start - 2):
        if at >= 2 and small[at] in ("a", "an") and small[at - 1] in _BEING:
            who = small[at - 2]
            named = not tokens[at - 2][0].islower() and who not in _THINGS and (at < 3 or small[at - 3] not in _ARTICLES)
            return who in known.somebody or who in known.people or named
    return False


def _no_name(tokens: list[str], small: list[str], at: int) -> bool:
    """Whether a capitalised word is no name: an article or the like before it, no capital after it or before."""
    follows = tokens[at + 1][0].isupper() if at + 1 < len(tokens) else False
    return at > 0 and small[at - 1] in _ARTICLES and not follows
