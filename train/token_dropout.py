"""Tokens that a step leaves out of texts to be classified, so that no class comes to hang on a single word.

The input dropout of bags of words (Iyyer et al. 2015, "Deep Unordered Composition Rivals Syntactic Methods"): each token is
taken out with probability `rate`, the rest closes up, special tokens stay, and so does one token of each text. What a row
loses is a hash of its id, the seed and how often it was met before: the same in every arm of a seed, however a step is
divided and whether or not the run was interrupted. Cost: microseconds a row; steps become cheaper by what is left out.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Collection

import numpy as np

from train.encoded import Encoded
from train.order import hash_rows

_SALT = 0x7F4A7C15
"""Keeps these hashes apart from those that order the rows."""


class TokenDropout:
    """What is left of the rows of each batch of a plan."""

    def __init__(self, rate: float, seed: int, visits: np.ndarray, special: Collection[int]) -> None:
        """`visits` has the plan's shape and says how often each of its rows was met before (`train.order.visits`)."""
        self.rate, self.seed, self.visits = rate, seed, visits
        self.special = np.array(sorted(special), dtype=np.int64)

    def share(self, rank: int, of: int) -> TokenDropout:
        """The same for the rows of each batch that one of several processes takes."""
        mine = copy.copy(self)
        mine.visits = self.visits[:, rank::of]
        return mine

    def of(self, encoded: Encoded, rows: np.ndarray, index: int) -> Encoded:
        """The rows of batch `index`, shortened; a row that stands there twice loses other tokens each time."""
        met = encoded.take(rows)
        numbered = zip(met.tokens, met.ids.tolist(), self.visits[index].tolist(), strict=True)
        return dataclasses.replace(
            met, tokens=tuple(self.left(tokens, number, visit) for tokens, number, visit in numbered)
        )

    def left(self, tokens: np.ndarray, number: int, visit: int) -> np.ndarray:
        """The tokens of row `number` that its visit leaves."""
        row = hash_rows(np.array([number]), self.seed + _SALT, visit).view(np.int64)
        with np.errstate(over="ignore"):
            drawn = hash_rows(row + np.arange(len(tokens)), self.seed, visit)
        stays = np.isin(tokens, self.special)
        kept = stays | (drawn >= np.uint64(self.rate * 2.0**64))
        if not (kept & ~stays).any() and not stays.all():
            kept[np.argmax(np.where(stays, np.uint64(0), drawn))] = True
        return tokens[kept]
