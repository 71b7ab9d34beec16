"""Prompts that share a passage and ask something else about it.

Of "Premise: (a page). Hypothesis: ..." and of a text with five questions below it, nine words in ten are the same, and so
are the answers where these are a yes, a no or a letter. By their words alone such rows are copies; what tells them apart is
that whole sentences differ, where an edited copy differs in single words of its sentences.

Only where answers are short: rows that give one long answer to "Summarise this page" and to "What does this page say?" are
copies. Long answers that differ tell rows apart by themselves.

Method: the lines and sentences that both prompts hold are set aside. Where both have others left, and the shorter of the
two rests shares few of its words with the other, they ask something else; what is left out or added on one side alone
tells nothing. Words of scripts without blanks are their letters.
Complexity: one pass over the texts that are asked for, then one comparison of sets a pair.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LIMIT = 0.6
"""Share of the words of the shorter rest that must come back in the other for two prompts to ask the same."""
SHORT = 60
"""Characters of an answer that many questions have: a yes, a letter, a name."""
_FEWEST = 3
"""Words of a rest that says something."""
_ENDS = re.compile(r"(?<=[.!?;:])\s+|(?<=[。！？；])|\n")
_WORDS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


def short(answers: pa.LargeStringArray, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs have two short answers."""
    few: NDArray[np.bool_] = pc.less_equal(pc.utf8_length(answers), SHORT).fill_null(True).to_numpy(zero_copy_only=False)
    both: NDArray[np.bool_] = few[a] & few[b]
    return both


def alike_in_the_rest(texts: pa.LargeStringArray, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
    """How much of the shorter rest of each pair (`a[i]`, `b[i]`, positions in `texts`) the other holds, 0 to 1; 1 where
    one of them has nothing left."""
    rows, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    numbers: dict[tuple[str, int], int] = {}
    words: list[frozenset[str]] = []
    held = [_sentences(text or "", numbers, words) for text in texts.take(pa.array(rows)).to_pylist()]
    one, other = np.split(place.reshape(-1), 2)
    pairs = zip(one.tolist(), other.tolist(), strict=True)
    return np.fromiter((_share(held[i], held[j], words) for i, j in pairs), np.float32, len(a))


def _share(one: frozenset[int], other: frozenset[int], words: list[frozenset[str]]) -> float:
    mine, theirs = (frozenset[str]().union(*(words[said] for said in rest)) for rest in (one - other, other - one))
    fewer = min(len(mine), len(theirs))
    return len(mine & theirs) / fewer if fewer >= _FEWEST else 1.0


def _sentences(text: str, numbers: dict[tuple[str, int], int], words: list[frozenset[str]]) -> frozenset[int]:
    """The sentences of a text, in small letters and single blanks, as numbers; the second time that one stands there it has
    a number of its own, for a claim may repeat a sentence of its page. Adds to `numbers` and to the `words` of each."""
    found, seen = [], Counter[str]()
    for said in filter(None, (" ".join(part.split()) for part in _ENDS.split(text.casefold()))):
        known = numbers.setdefault((said, seen[said]), len(numbers))
        if known == len(words):
            words.append(frozenset(_WORDS.findall(said)))
        seen[said] += 1
        found.append(known)
    return frozenset(found)
