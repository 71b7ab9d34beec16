"""Ask the recognisers about candidates, each distinct one once.

Two candidates with the same bytes and masks around them get the same verdict, so a verdict is kept under their
fingerprint: equal candidates of a block are judged once, and the second look at a masked row judges only what stands
beside a mask. Identifiers are judged all together (`crowds`), everything else one by one.

Complexity: 0.2 microseconds a candidate, and 1-15 a distinct one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.privacy import neighbourhood as k
from curate.privacy.candidates import Candidate, View
from curate.privacy.column import Block
from curate.privacy.config import ScanConfig
from curate.privacy.context import BIRTH, COUNT, PHONE
from curate.privacy.crowds import Spans, identify_all
from curate.privacy.phone_crowds import FEW, judge_crowd
from curate.privacy.phone_crowds import signatures as phone_forms
from curate.privacy.phone_shapes import possible
from curate.privacy.recognizers import OTHER_RECOGNIZERS, alone_telephone
from curate.privacy.signatures import column_hashes

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Verdicts:
    """Fingerprint -> spans, relative to the candidate: int64[n, 3] of start, end and type code, and scores."""

    def __init__(self) -> None:
        self._prints = np.zeros(0, np.uint64)
        self._first = np.zeros(1, np.int64)
        self._places = np.zeros((0, 3), np.int64)
        self._score: Floats = np.zeros(0)

    def known(self, prints: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Whether each fingerprint has been judged."""
        if not len(self._prints):
            return np.zeros(len(prints), np.bool_)
        at = np.minimum(np.searchsorted(self._prints, prints), len(self._prints) - 1)
        return np.asarray(self._prints[at] == prints)

    def add(self, prints: npt.NDArray[np.uint64], owner: Ints, places: Ints, score: Floats) -> None:
        """Spans of new fingerprints; `owner`: place in `prints`, ascending."""
        counts = np.concatenate([np.diff(self._first), np.bincount(owner, minlength=len(prints))])
        prints = np.concatenate([self._prints, prints])
        places, score = np.concatenate([self._places, places]), np.concatenate([self._score, score])
        begin = np.cumsum(counts) - counts
        order = np.argsort(prints, kind="stable")
        pick = _ranges(begin[order], counts[order])
        self._prints, self._places, self._score = prints[order], places[pick], score[pick]
        self._first = np.concatenate([[0], np.cumsum(counts[order])])

    def of(self, prints: npt.NDArray[np.uint64]) -> tuple[Ints, Ints, Floats]:
        """Spans of known fingerprints: their place in `prints`, ascending, the spans and the scores."""
        at = np.searchsorted(self._prints, prints)
        counts = self._first[at + 1] - self._first[at]
        pick = _ranges(self._first[at], counts)
        return np.repeat(np.arange(len(prints)), counts), self._places[pick], self._score[pick]


def _ranges(begin: Ints, counts: Ints) -> Ints:
    """The ranges `begin[n] .. begin[n] + counts[n]`, one after another."""
    ends = np.cumsum(counts)
    return np.asarray(np.repeat(begin - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0))


def recognise(text: Block, candidates: Ints, config: ScanConfig, verdicts: Verdicts) -> tuple[Ints, Floats]:
    """Spans of the candidates, int64[n, 4] of row, start byte, end byte and type code, and their scores."""
    prints = k.fingerprints(text.data, text.starts, text.ends, candidates, text.name_of)
    distinct, first = np.unique(prints, return_index=True)
    new = ~verdicts.known(distinct)
    if new.any():
        asked = candidates[first[new]]
        owner, places, score = _judge(text, asked, config).all()
        places[:, :2] -= asked[owner, 2][:, None]
        verdicts.add(distinct[new], owner, places, score)
    owner, places, score = verdicts.of(prints)
    rows, base = candidates[owner, 1], candidates[owner, 2]
    at = np.column_stack([rows, base + places[:, 0], base + places[:, 1], places[:, 2]]).astype(np.int64)
    return at.reshape(-1, 4), score


def _no_phone(text: Block, candidates: Ints, numbers: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which candidates could only be telephone numbers, have no word that says so and no form that needs none."""
    near, union, flags = candidates[:, 4], candidates[:, 5], candidates[:, 6]
    other = (flags & (k.MAY_BE_CARD | k.MAY_BE_SSN | k.AFTER_PHONE | k.NEXT_DECIMAL)) != 0
    numbers &= ~(other | ((near & PHONE) != 0) | ((union & (COUNT | BIRTH)) != 0))
    asked = np.flatnonzero(numbers)
    numbers[asked] = ~possible(text.data, candidates[asked])
    return numbers


def _telephones(
    text: Block, view: View, candidates: Ints, asked: Ints, found: Spans
) -> npt.NDArray[np.bool_]:
    """Judge those of the candidates that are many of one form; bool[asked]: which they are."""
    done = np.zeros(len(asked), np.bool_)
    if len(asked) <= FEW:
        return done
    forms = phone_forms(text.data, text.starts, text.ends, candidates[asked], column_hashes(text.names), text.name_of)
    order = np.argsort(forms, kind="stable")
    edges = np.flatnonzero(np.diff(forms[order], prepend=np.uint64(0)) != 0)
    for begin, stop in zip(edges.tolist(), [*edges[1:].tolist(), len(order)]):
        if stop - begin <= FEW:
            continue
        members = order[begin:stop]
        done[members] = True
        who = asked[members]
        for of, start, end, kind, score in judge_crowd(view, text.data, candidates[who], alone_telephone):
            base = candidates[who[of], 2]
            found.add(who[of], base + start, base + end, kind, score)
    return done


def _judge(text: Block, candidates: Ints, config: ScanConfig) -> Spans:
    """What all recognisers say of the candidates."""
    kind, flags = candidates[:, 0], candidates[:, 6]
    region = config.default_region.upper()
    view = View(
        text.data.data, text.starts.tolist(), text.ends.tolist(), region, text.names,
        text.name_of.tolist() if len(text.names) > 1 else None,
    )  # fmt: skip
    number = kind == k.NUMBER
    cut = number & ((flags & (k.PREV_LETTER | k.PREV_DECIMAL)) != 0)
    labelled = np.flatnonzero((kind == k.ALNUM) | (number & ~cut & ((flags & k.MAY_BE_ID) != 0)))
    found = identify_all(text, view, candidates[labelled])
    found.owner = [labelled[owner] for owner in found.owner]
    idle = number & ((flags & ~k.MAY_BE_ID) == 0) & ((candidates[:, 5] & BIRTH) == 0)
    if region in ("US", "CA") and config.min_score >= 0.5:
        idle |= _no_phone(text, candidates, number & ~cut & ~idle)
    others = np.flatnonzero(~(cut | idle | (kind == k.ALNUM)))
    others = others[~_telephones(text, view, candidates, others, found)]
    which: list[int] = []
    spans: list[tuple[int, int, int]] = []
    scores: list[float] = []
    make = Candidate._make
    for n, values in zip(others.tolist(), candidates[others].tolist()):
        candidate = make(values)
        for start, end, code, score in OTHER_RECOGNIZERS[candidate.kind](view, candidate):
            which.append(n)
            spans.append((start, end, code))
            scores.append(score)
    if which:
        found.owner.append(np.array(which, np.int64))
        found.places.append(np.array(spans, np.int64))
        found.score.append(np.array(scores, np.float64))
    return found
