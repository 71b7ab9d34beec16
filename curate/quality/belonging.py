"""Does an answer belong to its prompt, as learned from all the pairs: what kind of answer such a prompt has in this data.

Method: from the words of prompts a ridge regression foretells the answer (its words and pieces of words in `DIMENSIONS`
latent ones, its length, lines, digits and marks). How near the answer comes to that, how much of the prompt it takes up
and how long both are go into a logistic regression that tells pairs as they stand from pairs put together at random.
All of it is learned on four fifths of at most `LEARNED` pairs and asked of the last fifth, and of the other pairs that
take up no more of their prompts than nine in ten random pairs do. No language is assumed and no word is listed.

Shapes: one value a piece. Cost: docs/text-quality.md. Deterministic at any number of threads.
Does not: know whether an answer is right, find an exchange between prompts that ask alike, judge fewer than `FEWEST` pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.quality.hits import Measured
from curate.quality.words import rarity, relate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST, LEARNED, ASKED = 1000, 10_000, 20_000
"""Pairs that are needed; the most that are learned from; the most others that are asked about at once."""
DIMENSIONS, COLUMNS, FOLDS, TIMES = 48, 20_000, 5, 3
_RIDGE = 3.0
_FORMS = (
    "words", "lines", "bullets", "digits", "upper", "code_marks", "punctuation", "sentences", "symbols", "longest_word",
)  # fmt: skip
"""Counts of a text that tell its form; of the first four it is also told which way the answer is off."""
_KNOTS = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])
_AT_ONCE = 8192
_TAKES_UP = 0.9
"""Share of the random pairs that take up as much of their prompts as the pairs that are not asked about."""


@dataclass(frozen=True)
class Belonging:
    """What was learned of the pairs."""

    log_odds: Floats
    """Of each piece, that it belongs to its prompt; infinite where it was not asked about."""
    random: Floats
    """The same of pairs put together at random, ascending."""
    learned: Ints
    """The pieces that were learned from."""

    @property
    def told_apart(self) -> float:
        """How often a pair as it stands has higher odds than one put together at random (the area under the ROC curve)."""
        below = np.searchsorted(self.random, self.log_odds[self.learned], "left")
        return float(below.mean() / len(self.random))

    def rank(self) -> Floats:
        """The share of random pairs that look less like pairs than each piece; 1 where it was not asked about."""
        found: Floats = np.searchsorted(self.random, self.log_odds, "left") / len(self.random)
        return found


def belonging(m: Measured, threads: int = 1) -> Belonging | None:
    """None where there are too few pairs to learn from."""
    from threadpoolctl import threadpool_limits

    if m.relation is None or m.pieces.prompts is None:
        return None
    able = np.flatnonzero((m.relation.prompt_words > 0) & (m.relation.answer_words > 0))
    if len(able) < FEWEST:
        return None
    learned = able[np.unique(np.linspace(0, len(able) - 1, min(len(able), LEARNED)).astype(np.int64))]
    rest = np.setdiff1d(able, learned)
    if len(rest):
        p, a = m.pieces.prompts.take(pa.array(learned)), m.pieces.texts.take(pa.array(np.roll(learned, len(learned) // 2)))
        usual = np.quantile(relate(p, a, m.common, threads, rarity(p, a)).taken_up, _TAKES_UP)
        rest = rest[m.relation.taken_up[rest] <= usual]
    odds = np.full(len(m.pieces), np.inf)
    with threadpool_limits(1):  # the last bits must not depend on how many processors there are
        for asked in np.array_split(rest, max(1, -(-len(rest) // ASKED))):
            at = np.concatenate([learned, asked])
            odds[at], random = _odds(m, at, len(learned), threads)
    return Belonging(odds, np.sort(random), learned)


def _odds(m: Measured, at: Ints, n: int, threads: int) -> tuple[Floats, Floats]:
    """(log odds of the pairs `at`, learned from the first `n` of them; of random pairs of these)."""
    rng = np.random.default_rng(n)
    fold = rng.permutation(np.arange(n) % FOLDS)
    traits = _traits(m, at, fold, threads)
    every = np.arange(len(at))
    here = np.tile(every[:n], TIMES)
    there = (here + rng.integers(1, n, len(here))) % n
    own, random = traits(every, every), traits(here, there)
    knots = [np.unique(np.quantile(np.concatenate([a, b]), _KNOTS)) for a, b in zip(own[:n].T, random.T, strict=True)]
    own, random = _bent(own, knots), _bent(random, knots)
    found, control, weights = np.zeros(len(at)), np.zeros(len(here)), []
    for f in range(FOLDS):
        mine, away = fold != f, (fold[here] != f) & (fold[there] != f)
        weights.append(_logistic(own[:n][mine], random[away]))
        held = np.flatnonzero(~mine)
        found[held] = own[held] @ weights[-1]
        control[fold[here] == f] = random[fold[here] == f] @ weights[-1]
    found[n:] = own[n:] @ np.mean(weights, axis=0)
    return found, control


def _traits(m: Measured, at: Ints, fold: Ints, threads: int) -> Callable[[Ints, Ints], Floats]:
    """A function from places of prompts and of answers in `at` to what is told of each pair, `(pairs, traits)`."""
    from curate.labels.features import text_features  # with scipy's linear algebra, which few pairs do not need

    assert m.pieces.prompts is not None
    assert m.prompt_features is not None
    take, n, size = pa.array(at), len(fold), len(at)
    prompts, answers = m.pieces.prompts.take(take).fill_null(""), m.pieces.texts.take(take).fill_null("")
    both = text_features(pa.concat_arrays([prompts, answers]), threads=threads, max_columns=2 * COLUMNS).weighted
    asked, said = both[:size].tocsr(), both[size:].tocsr()
    form, own_form = (
        _standard(np.column_stack([np.log1p(counts[name][at]) for name in _FORMS]))
        for counts in (m.features, m.prompt_features)
    )
    known = np.column_stack([10.0 * _latent(asked, n), own_form, np.ones(size)])
    wanted = np.column_stack([3.0 * _unit(_latent(said, n)), form])
    foretold = _foretold(known, wanted, fold)
    d = DIMENSIONS
    mean = wanted[:n, :d].mean(axis=0)
    spread = (wanted - foretold)[:n, d:].std(axis=0) + 1e-6
    told, is_so = _unit(foretold[:, :d] - mean), _unit(wanted[:, :d] - mean)
    usual = ((wanted[:, :d] - mean) ** 2).sum(axis=1)
    weights = rarity(prompts, answers)

    def traits(i: Ints, j: Ints) -> Floats:
        r = relate(prompts.take(pa.array(i)), answers.take(pa.array(j)), m.common, threads, weights)
        off = (foretold[i, d:] - wanted[j, d:]) / spread
        return np.column_stack([
            r.taken_up, np.sqrt(r.shared), np.log1p(r.stems), np.sqrt(_products(asked, said, i, j)),
            (told[i] * is_so[j]).sum(axis=1), usual[j] - ((wanted[j, :d] - foretold[i, :d]) ** 2).sum(axis=1),
            np.sqrt((off**2).mean(axis=1)), off[:, :4], form[j, 0], own_form[i, 0],
        ])  # fmt: skip

    return traits


def _foretold(known: Floats, wanted: Floats, fold: Ints) -> Floats:
    """Ridge regression, each fold foretold from the others; what is in no fold by the mean of all five."""
    n, out = len(fold), np.empty_like(wanted)
    square = [known[:n][fold == f].T @ known[:n][fold == f] for f in range(FOLDS)]
    right = [known[:n][fold == f].T @ wanted[:n][fold == f] for f in range(FOLDS)]
    found = []
    for f in range(FOLDS):
        left = sum(square) - square[f] + _RIDGE * np.eye(known.shape[1])
        found.append(np.linalg.solve(left, sum(right) - right[f]))
        held = np.flatnonzero(fold == f)
        out[held] = known[held] @ found[-1]
    out[n:] = known[n:] @ np.mean(found, axis=0)
    return out


def _latent(sparse: Any, n: int) -> Floats:
    """`(rows, DIMENSIONS)`: rows on the main directions of the first `n` (Halko, Martinsson and Tropp, 2011)."""
    if not sparse.shape[1]:
        return np.zeros((sparse.shape[0], DIMENSIONS))
    first = sparse[:n].astype(np.float32)
    start = np.random.default_rng(0).standard_normal((sparse.shape[1], DIMENSIONS + 10)).astype(np.float32)
    q, _ = np.linalg.qr(first @ (first.T @ (first @ start)))
    across = np.asarray(first.T @ q, np.float64)
    value, vector = np.linalg.eigh(across.T @ across)
    largest = np.argsort(-value)[:DIMENSIONS]
    kept = np.maximum(value[largest], 0.0)
    scale = np.where(kept > 1e-9 * kept[0], 1.0 / np.sqrt(np.maximum(kept, 1e-30)), 0.0)
    directions = across @ (vector[:, largest] * scale)
    return np.asarray(sparse @ directions, np.float64)


def _products(one: Any, other: Any, i: Ints, j: Ints) -> Floats:
    """The products of rows `i` of one table and rows `j` of another."""
    blocks = [slice(lo, lo + _AT_ONCE) for lo in range(0, len(i), _AT_ONCE)]
    parts = [one[i[at]].multiply(other[j[at]]).sum(axis=1) for at in blocks]
    found: Floats = np.maximum(np.concatenate([np.asarray(part, np.float64).ravel() for part in parts]), 0.0)
    return found


def _bent(traits: Floats, knots: list[Floats]) -> Floats:
    """A constant, each trait within its knots, and from each knot on: curves of straight pieces."""
    columns = [np.ones(len(traits))]
    for values, at in zip(traits.T, knots, strict=True):
        spread = max(float(at[-1] - at[0]), 1e-9)
        held = np.clip(values, at[0], at[-1])
        columns += [(held - at[0]) / spread, *(np.maximum(held - knot, 0.0) / spread for knot in at[1:-1])]
    return np.column_stack(columns)


def _logistic(own: Floats, random: Floats) -> Floats:
    """Weights of a logistic regression in which both kinds count the same, by Newton's method with a small ridge."""
    x = np.vstack([own, random])
    y = np.r_[np.ones(len(own)), np.zeros(len(random))]
    w = np.r_[np.full(len(own), 0.5 / len(own)), np.full(len(random), 0.5 / len(random))] * len(x)
    beta, ridge = np.zeros(x.shape[1]), np.eye(x.shape[1])
    for _ in range(15):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30.0, 30.0)))
        curve = (x * (w * np.maximum(p * (1.0 - p), 1e-6))[:, None]).T @ x + ridge
        step = np.linalg.solve(curve, x.T @ (w * (y - p)) - ridge @ beta)
        beta = beta + step
        if np.abs(step).max() < 1e-4:
            break
    return beta


def _unit(x: Floats) -> Floats:
    found: Floats = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    return found


def _standard(x: Floats) -> Floats:
    found: Floats = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)
    return found
