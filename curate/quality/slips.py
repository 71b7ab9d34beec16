"""Answers that stand beside their prompts: an export that slipped by a line, a table pasted one row too low.

Method: of a prompt's rare words an answer takes up many where it belongs to it and next to none where it does not. How many
is measured on the data (own pairs; pairs half the data apart), which makes the share taken up a log likelihood ratio. For
each distance up to `FARTHEST` a row's evidence is that of (its prompt, the answer so many rows on) less that of its own
pair, held within bounds so that no few rows decide; a run of rows is a slip where its sum is above what one data set in
twenty would reach by chance at any place and distance (the bound of Karlin and Altschul, PNAS 1990, for runs of positive
score).
Complexity: one more look at the pairs for each distance, only where own pairs are poor in a row. Deterministic.
Does not: find single exchanged answers (`unrelated` finds some), nor any in fewer than `FEWEST` pairs; tell a slip from
a conversation that goes on from row to row without quoting what was said. So it flags and drops nothing.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.quality.hits import Hits, Measured, hits
from curate.quality.words import Relation, common_words, rarity, relate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 200
FARTHEST = 3
SAMPLED = 3000
BY_CHANCE = 0.05
_SHARES = np.array([0.001, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8])
_MOST, _LEAST = 5.0, -7.5
"""Bounds of one row's evidence: three rows at least make a run, and one row that fits its prompt undoes one and a half."""
_HARDLY = 0.25
"""Of how much nearer the nearest distance is than chance: own pairs below that are taken for as good as chance."""
_TELLING = 0.5
"""Classes by which pairs must be nearer than chance: where prompts come from one template and answers take up none of its
words, nothing tells whose is whose."""
_ALIKE = 0.3
"""Share of a prompt's rare words in another prompt from which on they ask alike."""
_SHORTEST = 8
"""Rows of the shortest run that is told: fewer may be a conversation that goes on from row to row."""
_AT_ONCE = 1 << 16
"""Pairs whose texts are copied at once."""
_QUOTED = 0.2
"""Share of an answer's runs of four words from which on a prompt quotes it."""
_NEAR = 6
"""Rows beside each other of which half must have poor pairs before another distance is tried."""
_SURE = 0.8
"""Score; conversations that go on from row to row look the same, so that a person has to look."""


def slipped(m: Measured) -> Hits:
    """Pieces whose prompt is answered, or whose answer is asked for, some rows away."""
    away = distances(m)
    return hits("slipped", away != 0, _SURE, rows_away=away)


def distances(m: Measured) -> Ints:
    """int64[pieces]: rows from each piece to the one whose answer fits its prompt; 0 where nothing slipped."""
    away = np.zeros(len(m.pieces), np.int64)
    first = np.flatnonzero(np.r_[True, np.diff(m.pieces.row) != 0])[: len(away)]
    if len(first) < FEWEST or m.pieces.prompts is None or m.relation is None:
        return away
    pairs = _Pairs(m, first)
    known = pairs.evidence()
    if known is None:
        return away
    own = known[pairs.bins(m.relation, first)]
    poor = own < 0
    near = np.convolve(poor, np.ones(_NEAR), "same") >= _NEAR / 2
    at = np.flatnonzero(np.convolve(near, np.ones(2 * FARTHEST + 1), "same") > 0)
    enough = np.log(2 * FARTHEST * len(first) / BY_CHANCE)
    found: list[tuple[float, int, int, int]] = []
    for distance in _all_distances():
        there = at + distance
        inside = (there >= 0) & (there < len(first))
        here = at[inside]
        gain = pairs.gains(known, own, here, there[inside])
        found += [(total, distance, lo, hi) for total, lo, hi in _runs(gain, here, enough)]
    taken = np.zeros(len(first), np.bool_)
    for _, distance, lo, hi in sorted(found, reverse=True):
        if not taken[lo : hi + 1].any():
            taken[max(0, min(lo, lo + distance)) : max(hi, hi + distance) + 1] = True
            away[first[lo : hi + 1]] = distance
    return _with_ends(away, first)


def _with_ends(away: Ints, first: Ints) -> Ints:
    """The rows at the end of a slip, whose answers belong into it while their prompts have none, are of it as well."""
    steps = away[first]
    out = steps.copy()
    at = np.flatnonzero(steps)
    beyond = at + steps[at]
    free = steps[beyond] == 0
    out[beyond[free]] = steps[at[free]]
    result = away.copy()
    result[first] = out
    return result


def _all_distances() -> list[int]:
    return [d for n in range(1, FARTHEST + 1) for d in (n, -n)]


class _Pairs:
    """Prompts and answers of first pieces, compared at any distance with one set of word weights."""

    def __init__(self, m: Measured, first: Ints) -> None:
        assert m.pieces.prompts is not None
        self.prompts, self.answers = m.pieces.prompts, m.pieces.texts
        if len(first) < len(self.answers):
            self.prompts, self.answers = self.prompts.take(pa.array(first)), self.answers.take(pa.array(first))
        self.common, self.weights = common_words(self.answers), rarity(self.prompts, self.answers)

    def bins(self, relation: Relation, at: Ints | None = None) -> Ints:
        """The class of the share taken up; the last one where there is too little to tell."""
        r = relation
        share, stems, words = (v if at is None else v[at] for v in (r.taken_up, r.stems, r.answer_words))
        return np.where((stems < 3) | (words < 5), len(_SHARES) + 1, np.searchsorted(_SHARES, share))

    def compare(self, prompts: Ints, answers: Ints) -> Relation:
        """What these answers take up of these prompts."""
        one, other = self.prompts.take(pa.array(prompts)), self.answers.take(pa.array(answers))
        return relate(one, other, self.common, weights=self.weights)

    def gains(self, known: Floats, own: Floats, here: Ints, there: Ints) -> Floats:
        """`gain`, some pairs at a time."""
        cuts = range(0, len(here), _AT_ONCE)
        parts = [self.gain(known, own, here[lo : lo + _AT_ONCE], there[lo : lo + _AT_ONCE]) for lo in cuts]
        return np.concatenate([np.zeros(0), *parts])

    def gain(self, known: Floats, own: Floats, here: Ints, there: Ints) -> Floats:
        """How much likelier the answers `there` belong to the prompts `here` than the prompts' own do.

        An answer that the prompt quotes is what was said before, or the text to work on: it belongs to its own prompt.
        Where two prompts ask alike, an answer to the one is no evidence of a slip from the other.
        """
        relation = self.compare(here, there)
        classes = self.bins(relation)
        gain = np.clip(known[classes] - own[here], _LEAST, _MOST)
        gain = np.where(classes > len(_SHARES), np.minimum(gain, 0.0), gain)
        more = np.flatnonzero(gain > 0)
        gain[more[self._ask_alike(here[more], there[more])]] = 0.0
        return np.where(relation.covered > _QUOTED * np.maximum(relation.grams, 1), _LEAST / 2, gain)

    def _ask_alike(self, here: Ints, there: Ints) -> NDArray[np.bool_]:
        one, other = self.prompts.take(pa.array(here)), self.prompts.take(pa.array(there))
        return relate(one, other, self.common, weights=self.weights).taken_up >= _ALIKE

    def evidence(self) -> Floats | None:
        """Log likelihood ratio of each class; None where no pairs are nearer than chance.

        A data set that slipped as a whole has its own pairs some rows away: the nearest distance counts where what stands
        together is hardly nearer than what does not.
        """
        n = len(self.answers)
        rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLED)).astype(np.int64))
        far = self._shares(rows, (rows + n // 2) % n)
        own = self._shares(rows, rows)
        best = max((self._shares(rows, (rows + d) % n) for d in _all_distances()), key=_middle)
        if _middle(own) - _middle(far) > _HARDLY * (_middle(best) - _middle(far)):
            best = own
        if _middle(best) < _middle(far) + _TELLING:
            return None
        return np.append(np.log(best / far), 0.0)

    def _shares(self, prompts: Ints, answers: Ints) -> Floats:
        k = len(_SHARES) + 1
        counts = np.bincount(self.bins(self.compare(prompts, answers)), minlength=k + 1)[:k] + 1.0
        return np.asarray(counts / counts.sum())


def _middle(shares: Floats) -> float:
    return float(shares @ np.arange(len(shares)))


def _runs(gain: Floats, at: Ints, enough: float) -> list[tuple[float, int, int]]:
    """(sum, first, last) of the stretches of neighbouring rows whose gains sum to `enough`."""
    out: list[tuple[float, int, int]] = []
    total = best = 0.0
    start = last = begun = -1
    for k, (value, row) in enumerate([*zip(gain.tolist(), at.tolist(), strict=True), (0.0, -1)]):
        if total <= 0 or best - total > enough or (k and row != int(at[k - 1]) + 1):
            if best >= enough and last - begun + 1 >= _SHORTEST:
                out.append((best, begun, last))
            total = best = 0.0
            start = row
        total += value
        if total > best:
            best, begun, last = total, start, row
    return out
