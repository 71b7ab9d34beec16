"""What the rules are given and what they give back.

Shapes: a piece is one answer or one text; `Pieces` are parallel arrays, `Hits` point into them by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.quality.features import Features, Hashes, Ints
from curate.quality.phrases import matches
from curate.quality.words import Relation

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Pieces:
    """Texts to judge: answers with what they answer, or texts by themselves."""

    texts: pa.LargeStringArray
    row: Ints
    prompts: pa.LargeStringArray | None = None
    """What each text answers; None for texts that answer nothing."""
    sources: tuple[pa.LargeStringArray, ...] = ()
    """The parts of the prompts, where they come in several."""
    calls: Bools | None = None
    """Answers that are, or go with, calls of tools: they may be empty and need no prose."""

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Measured:
    """Pieces with what was counted of them."""

    pieces: Pieces
    features: Features
    prompt_features: Features | None
    relation: Relation | None
    code: Bools
    """Pieces that are code, or mostly."""
    common: Hashes
    """The words that most of the texts hold, as a set."""
    fluency: NDArray[np.float64]
    """Bits a word by which the words before tell the next (`curate.quality.fluency`); nan where that is not known."""

    def asks(self, pattern: str, where: Bools | None = None) -> Bools:
        """Pieces (of those in `where`) whose prompt holds a pattern; none where there are no prompts."""
        return among(self.pieces.prompts, pattern, np.ones(len(self.pieces), np.bool_) if where is None else where)

    def holds(self, pattern: str, where: Bools, ignore_case: bool = True) -> Bools:
        """Pieces of those in `where` whose text holds a pattern."""
        return among(self.pieces.texts, pattern, where, ignore_case)


def among(texts: pa.LargeStringArray | None, pattern: str, where: Bools, ignore_case: bool = True) -> Bools:
    """The texts of those in `where` that hold a pattern; the others are not read."""
    out = np.zeros(len(where), np.bool_)
    at = np.flatnonzero(where)
    if texts is not None and len(at):
        out[at] = matches(texts if len(at) == len(where) else texts.take(pa.array(at)), pattern, ignore_case)
    return out


def among_any(texts: pa.LargeStringArray, patterns: Iterable[str], where: Bools | None = None) -> Bools:
    """The texts, of those in `where` (all when left out), that hold any of some patterns; found ones are not read again."""
    asked = np.ones(len(texts), np.bool_) if where is None else where
    out = np.zeros(len(texts), np.bool_)
    for pattern in patterns:
        out |= among(texts, pattern, asked & ~out)
    return out


@dataclass(frozen=True)
class Hits:
    """Pieces in which one rule found something."""

    rule: str
    at: Ints
    score: NDArray[np.float64]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """Arrays as long as `at`, for the evidence."""
    start: Ints | None = None
    end: Ints | None = None
    """Spans in code points of the piece, where the rule knows a place."""
    source: int | None = None
    """Which of the prompt's parts is meant; the piece itself where there is none."""

    def __len__(self) -> int:
        return len(self.at)


def hits(rule: str, where: Bools, score: Any, **numbers: Any) -> Hits:
    """Hits of the pieces in a mask; `score` and numbers are one value, or one a piece."""
    at = np.flatnonzero(where)
    told = {name: np.broadcast_to(np.asarray(value), (len(where),))[at] for name, value in numbers.items()}
    return Hits(rule, at, np.broadcast_to(np.asarray(score, np.float64), (len(where),))[at].copy(), told)
