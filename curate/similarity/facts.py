"""Texts that are nearly the same and yet say something else: another figure, or a "not" more.

Method: the figures of a text (digits of any script, with their decimal marks) and its negations in the languages that write
them as words of their own. Two texts differ in fact where each holds a figure that the other lacks, so that a figure left
out or spelled out tells nothing; or where one denies more often.
Complexity: one pass of two patterns over the texts that are asked for, then one comparison a pair of different facts.
Does not: know number words ("fourteen"), nor what a figure counts.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_FIGURE = re.compile(r"\d+(?:[.,:/]\d+)*")
_DENIES = re.compile(
    r"\b(?:not|no|never|cannot|nicht|kein(?:e[nrms]?)?|nie(?:mals)?|ne|pas|jamais|aucune?|nunca|jamás|não|non|mai|niet|geen|nooit|"
    r"inte|ikke|aldrig|не|нет|никогда|ні|nie|nigdy|değil|tidak|bukan|không|لا|ليس|नहीं)\b|n['’]t\b|[不没沒]|ません|ない",
    re.IGNORECASE,
)


def differ_in_fact(texts: pa.LargeStringArray, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs (`a[i]`, `b[i]`, positions in `texts`) say something else; nulls say nothing."""
    rows, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    known: dict[tuple[frozenset[str], int], int] = {}
    said = np.empty(len(rows), np.int64)
    for k, text in enumerate(texts.take(pa.array(rows)).to_pylist()):
        said[k] = known.setdefault(_facts(text or ""), len(known))
    facts = list(known)
    one, other = np.split(said[place], 2)
    pairs, which = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
    differ = np.array([x != y and _apart(facts[x], facts[y]) for x, y in pairs.T.tolist()], np.bool_)
    return differ[which.reshape(-1)]


def _facts(text: str) -> tuple[frozenset[str], int]:
    return frozenset(_plain(figure) for figure in _FIGURE.findall(text)), len(_DENIES.findall(text))


def _plain(figure: str) -> str:
    """The figure in ASCII digits without marks, so that `1,000` is `1000` and `٣` is `3`."""
    return "".join(str(int(d)) for d in figure if d.isdecimal())


def _apart(x: tuple[frozenset[str], int], y: tuple[frozenset[str], int]) -> bool:
    return x[1] != y[1] or bool(x[0] - y[0] and y[0] - x[0])
