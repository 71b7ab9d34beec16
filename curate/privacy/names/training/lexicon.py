"""The lexicon: one entry of 32 bits a word, from the lists, the statistics of prose and the titles of articles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.privacy.names import labels as b
from curate.privacy.names.lexer import token_hash
from curate.privacy.names.training.clusters import Statistics
from curate.privacy.names.training.corpus import kind_of
from curate.privacy.names.training.fill import POOLS
from curate.privacy.names.training.lists import common_words, word_bits, words_of
from curate.privacy.names.training.texts import LOCATION, PERSON

_LEVELS = (8, 150, 3000)
"""Times that a word stands small in 75 MB of prose, from which it is a rare, a frequent or a very frequent word."""


def firms() -> set[int]:
    """Hashes of well-known organisations of one word."""
    named = [*POOLS["companies"], *(name for names in POOLS["native_companies"].values() for name in names)]
    return {token_hash(words[0]) for words in map(words_of, named) if len(words) == 1 and len(words[0]) > 3}


def title_bits(articles: list[tuple[str, str]]) -> dict[str, int]:
    """What articles say about the words of their titles."""
    out: dict[str, int] = {}
    for title, text in articles:
        words, kind = words_of(title), kind_of(title, text)
        if kind == PERSON:
            out[words[0]] = out.get(words[0], 0) | b.GIVEN
            out[words[-1]] = out.get(words[-1], 0) | b.FAMILY
        elif kind == LOCATION and len(words) == 1:
            out[words[0]] = out.get(words[0], 0) | b.PLACE
    return {word: bits for word, bits in out.items() if len(word) > 2}


def lexicon(
    statistics: Statistics, articles: list[tuple[str, str]]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Sorted words (hashes) and their entries."""
    entries: dict[int, int] = {token_hash(word): bits for word, bits in sorted(word_bits().items())}
    for word, bits in sorted(title_bits(articles).items()):
        h = token_hash(word)
        entries[h] = entries.get(h, 0) | bits
    for word in sorted(common_words()):
        h = token_hash(word)
        entries[h] = entries.get(h, 0) | b.COMMON1
    s = statistics
    for h, small, capital, c_small, c_capital in zip(
        s.word.tolist(), s.small.tolist(), s.capital.tolist(), s.small_cluster.tolist(), s.capital_cluster.tolist()
    ):
        entry = entries.get(h, 0)
        level = sum(small >= least for least in _LEVELS) if small > 0.15 * (small + capital) else 0
        if level:
            entry = (entry & ~(b.COMMON1 | b.COMMON2)) | level << b.COMMON_SHIFT
        if capital >= 8 and small <= 0.02 * capital:
            entry |= b.PROPER
        entries[h] = entry | c_capital << 16 | c_small << 24
    for h in sorted(firms()):
        if not entries.get(h, 0) >> b.COMMON_SHIFT & 3:
            entries[h] = entries.get(h, 0) | b.ORG
    entries.pop(0, None)
    words = np.array(sorted(w for w, e in entries.items() if e), np.uint32)
    return words, np.array([entries[w] for w in words.tolist()], np.uint32)
