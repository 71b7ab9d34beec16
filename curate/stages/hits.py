"""Pairs of a row and an item that it matches, however they were found, and the best of each row.

Kinds, weakest first: `FLAG` (shares a passage), `DROP` (nearly the whole row, or most of the item), `SAME` (the row asks
the very same). Of one kind the better covered, then the longer, then the first item is best, so the choice does not
depend on the order in which pairs were found.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from curate.similarity.containment import Matches
from curate.similarity.passages import Passages

FLAG, DROP, SAME = 0, 1, 2
CONTAINED, ASKED, NEAR = 0, 1, 2
"""How a pair was found: the item stands in the row, both ask the same, or both read nearly alike."""


@dataclass(frozen=True)
class Hits:
    """Parallel arrays over pairs."""

    row: NDArray[np.int64]
    item: NDArray[np.int64]
    kind: NDArray[np.int8]
    how: NDArray[np.int8]
    score: NDArray[np.float32]
    """Share of the item's words in the row, or the Jaccard similarity."""
    words: NDArray[np.int64]
    run: NDArray[np.int64]
    at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: Any) -> Hits:
        """Some of the pairs."""
        return Hits(*(getattr(self, f.name)[which] for f in fields(self)))

    @classmethod
    def joined(cls, parts: list[Hits]) -> Hits:
        """All pairs of several."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    @classmethod
    def plain(cls, row: Any, item: Any, kind: int, how: int, score: Any) -> Hits:
        """Pairs about which no run of words is known."""
        none = np.zeros(len(row), np.int64)
        code = none.astype(np.int8)
        return cls(row, item, code + np.int8(kind), code + np.int8(how), score, none, none, none)

    @classmethod
    def near(cls, item: Any, score: Any, base: int) -> Hits:
        """The nearest item of each row, -1 where there is none; items are numbered from `base`."""
        rows = np.flatnonzero(item >= 0)
        return cls.plain(rows, item[rows] + base, DROP, NEAR, score[rows])

    def evidence(self, extra: list[dict[str, Any]]) -> list[str]:
        """The numbers of each pair as JSON, after what `extra` names."""
        out = []
        columns = (self.how, self.score, self.words, self.run, self.at)
        for more, how, score, words, run, at in zip(extra, *(c.tolist() for c in columns), strict=True):
            said = dict(more)
            if how == NEAR:
                said["jaccard"] = round(score, 4)
            elif how == ASKED:
                said["same_question"] = True
            else:
                said |= {"covered": round(score, 4), "words": words, "longest_run": run, "at_word": at}
            out.append(orjson.dumps(said).decode())
        return out


def hits_of(matches: Matches, items: Passages, equal: Any, common: Any, run_words: int) -> Hits:
    """Pairs of contained items, and of rows whose question is an item's (`equal`: item of each row, or -1).

    A question that very many rows ask (`common`), and a short item inside a longer row, are flags.
    """
    strong = matches.held & (items.words[matches.item] >= run_words)
    none = np.zeros(len(matches), np.int8)
    contained = Hits(
        matches.text, matches.item, np.where(strong, DROP, FLAG).astype(np.int8), none, matches.coverage,
        matches.words, matches.run, matches.at,
    )  # fmt: skip
    rows = np.flatnonzero(equal >= 0)
    asked = Hits.plain(rows, equal[rows], SAME, ASKED, np.ones(len(rows), np.float32))
    asked = replace(asked, kind=np.where(common[rows], FLAG, SAME).astype(np.int8))
    return Hits.joined([contained, asked])


def best_hits(hits: Hits) -> Hits:
    """The best pair of each row, by row."""
    order = np.lexsort((hits.item, hits.how, -hits.words, -hits.score, -hits.kind.astype(np.int64), hits.row))
    _, first = np.unique(hits.row[order], return_index=True)
    return hits.take(order[first])
