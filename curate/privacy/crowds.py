"""Identifiers among all candidates of a block at once.

Method: candidates with one signature share a plan (`signatures`, `plans`). Where many share it, their areas are laid out
as rows of a matrix and every attempt of the plan is one operation over columns of digits; where few do, each is judged by
`identify`. Both give the same spans (a property of the tests).

Complexity: O(candidates); 20-60 microseconds a plan, then 0.5-3 microseconds a candidate in a crowd, 5 outside.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.privacy.candidates import Candidate, View
from curate.privacy.column import Block
from curate.privacy.identifiers.many import verdicts
from curate.privacy.identify import carry_out, plan_for, succeeds
from curate.privacy.plans import Attempt, Plan
from curate.privacy.signatures import column_hashes, signatures

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_FEW = 24
"""Candidates of one plan up to which each is judged by itself."""
_CHUNK = 1 << 16


class Spans:
    """Spans of candidates as they are found: number of the candidate, start and end byte, type code, score."""

    def __init__(self) -> None:
        self.owner: list[Ints] = []
        self.places: list[Ints] = []
        self.score: list[npt.NDArray[np.float64]] = []

    def add(self, owner: Ints, start: Ints, end: Ints, code: int, score: float) -> None:
        self.owner.append(owner)
        self.places.append(np.column_stack([start, end, np.full(len(owner), code)]))
        self.score.append(np.full(len(owner), score))

    def all(self) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
        """Owners, int64[n, 3] of start, end and code, and scores, in the order of the owners."""
        if not self.owner:
            return np.zeros(0, np.int64), np.zeros((0, 3), np.int64), np.zeros(0)
        owner, places, score = np.concatenate(self.owner), np.concatenate(self.places), np.concatenate(self.score)
        order = np.argsort(owner, kind="stable")
        return owner[order], places[order], score[order]


def identify_all(text: Block, view: View, candidates: Ints) -> Spans:
    """Spans of all identifiers in or around the candidates."""
    out = Spans()
    if not len(candidates):
        return out
    hashes = column_hashes(text.names)
    signature, areas = signatures(text.data, text.starts, text.ends, candidates, hashes, text.name_of)
    asked = np.flatnonzero(signature)
    order = asked[np.argsort(signature[asked], kind="stable")]
    edges = np.flatnonzero(np.diff(signature[order], prepend=np.uint64(0)) != 0)
    singles: list[tuple[int, int, int, int, float]] = []
    for begin, stop in zip(edges.tolist(), [*edges[1:].tolist(), len(order)]):
        members = order[begin:stop]
        n = int(members[0])
        low, high = int(areas[n, 0]), int(areas[n, 1])
        plan = plan_for(view, Candidate._make(candidates[n].tolist()), low, high)
        if not plan:
            continue
        if len(members) > _FEW and view.text(low, high).isascii():
            for part in range(0, len(members), _CHUNK):
                some = members[part : part + _CHUNK]
                _carry_out_many(plan, text.data, some, areas[some, 0], high - low, out)
            continue
        for n, (low, high) in zip(members.tolist(), areas[members].tolist()):
            singles += [(n, *span) for span in carry_out(plan, view.text(low, high), low)]
    if singles:
        out.owner.append(np.array([one[0] for one in singles], np.int64))
        out.places.append(np.array([one[1:4] for one in singles], np.int64))
        out.score.append(np.array([one[4] for one in singles]))
    return out


def _carry_out_many(plan: Plan, data: Bytes, members: Ints, lows: Ints, size: int, out: Spans) -> None:
    """The plan on the digits of each member; see `identify.carry_out`, whose order of attempts this keeps."""
    areas = data[lows[:, None] + np.arange(size)]
    open_ = np.arange(len(members))
    for attempt in plan.labelled + plan.whole:
        open_ = _try(attempt, areas, open_, members, lows, out)
    in_pieces = np.zeros(len(members), np.bool_)
    for piece in plan.pieces:
        left = open_
        for attempt in piece:
            left = _try(attempt, areas, left, members, lows, out)
        in_pieces[np.setdiff1d(open_, left, assume_unique=True)] = True
    open_ = open_[~in_pieces[open_]]
    for attempt in plan.unproved:
        open_ = _try(attempt, areas, open_, members, lows, out)


def _try(attempt: Attempt, areas: Bytes, open_: Ints, members: Ints, lows: Ints, out: Spans) -> Ints:
    """Add the spans of those for whom the attempt succeeds; returns the others."""
    if not len(open_):
        return open_
    done = np.zeros(len(open_), np.bool_)
    for place in attempt.places:
        good = _succeed(attempt, place.start, place.end, place.match_start, place.match_end, areas, open_)
        who = open_[good]
        out.add(members[who], lows[who] + place.start, lows[who] + place.end, attempt.kind, attempt.score)
        done |= good
    return open_[~done]


def _succeed(
    attempt: Attempt, start: int, end: int, match_start: int, match_end: int, areas: Bytes, open_: Ints
) -> npt.NDArray[np.bool_]:
    """bool[open]: whether the attempt succeeds at one place."""
    written = areas[open_, start:end]
    is_digit = (written[0] >= 48) & (written[0] <= 57)
    digits = written[:, is_digit].astype(np.int64) - 48
    asked = np.ones(len(open_), np.bool_)
    if attempt.check:
        told = verdicts(attempt.check, written[0].tobytes().decode("ascii"), digits)
        if told is not None:
            asked, settled = told
            if settled and attempt.exactly is None:
                return np.asarray(asked)
    elif not attempt.maybe_date and attempt.exactly is None:
        seen = np.zeros(len(open_), np.int64)
        for digit in range(10):
            seen += (digits == digit).any(1)
        return np.asarray(seen >= attempt.digits)
    good = np.zeros(len(open_), np.bool_)
    some = np.flatnonzero(asked)
    matches = areas[open_[some], match_start:match_end].tobytes().decode("ascii")
    size, a, b = match_end - match_start, start - match_start, end - match_start
    for n, at in zip(some.tolist(), range(0, len(matches), size)):
        match = matches[at : at + size]
        good[n] = succeeds(attempt, match, match[a:b])
    return good
