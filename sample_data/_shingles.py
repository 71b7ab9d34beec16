"""Word 3-gram Jaccard similarity, as near-duplicates are usually measured. Plain and slow on purpose: a reference.

Tokens are runs of letters and digits, case folded, and single symbols; a text of fewer than three is one
shingle.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r"[^\W_]+|[#$%&*+\-/<=>@\\^|~£€]")


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The set of word 3-grams of a text."""
    words = _TOKEN.findall(text.casefold())
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def jaccard(a: frozenset[tuple[str, ...]], b: frozenset[tuple[str, ...]]) -> float:
    """Shared shingles over all shingles."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


class Index:
    """Shingle sets by their shingles, to find all pairs above a similarity without comparing every two."""

    def __init__(self) -> None:
        self.sets: list[frozenset[tuple[str, ...]]] = []
        self._at: dict[tuple[str, ...], list[int]] = defaultdict(list)

    def closest(self, new: frozenset[tuple[str, ...]]) -> float:
        """The highest similarity of a set with any in the index."""
        return max((s for _, s in self.similar(new, 0.0)), default=0.0)

    def similar(self, new: frozenset[tuple[str, ...]], floor: float) -> Iterator[tuple[int, float]]:
        """Sets of the index that share a shingle and are at least `floor` similar."""
        shared: dict[int, int] = defaultdict(int)
        for shingle in new:
            for i in self._at.get(shingle, ()):
                shared[i] += 1
        for i, n in shared.items():
            similarity = n / (len(new) + len(self.sets[i]) - n)
            if similarity >= floor:
                yield i, similarity

    def add(self, new: frozenset[tuple[str, ...]]) -> None:
        """Take a set into the index."""
        for shingle in new:
            self._at[shingle].append(len(self.sets))
        self.sets.append(new)


def similar_pairs(texts: Sequence[str], floor: float) -> list[tuple[int, int, float]]:
    """All pairs (a, b, similarity) with a < b that are at least `floor` similar."""
    index, out = Index(), []
    for b, text in enumerate(texts):
        new = shingles(text)
        out += [(a, b, s) for a, s in index.similar(new, floor)]
        index.add(new)
    return sorted(out)
