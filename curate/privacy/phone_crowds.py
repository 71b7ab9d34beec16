# mypy: disable-error-code="assignment"
"""Telephone numbers among many candidates of one form at once.

Method: candidates with the same words and signs around them, and the same sizes of groups, differ in their digits alone,
and the recogniser asks about digits only in a few places (`phones.question`). One candidate of each form is followed
through the recogniser with stand-ins for its digits; every question is noted with the places that it looks at, and then
answered for all the others over columns of digits (numbering plans by `plan_automata`). Those with the same answers have
the same verdict; for those that part ways the next one is followed. So both ways give the same spans by construction, and
the tests compare them.

Input: candidates int64[n, 7] of the lexer; `signatures` gives uint64[n], 0 for those that are left to the recogniser.
Complexity: O(candidates x questions); about a microsecond a candidate, some 100 a form and way through it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from curate.privacy import phones
from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.context import BIRTH, COUNT, PHONE
from curate.privacy.letters import SEED, WORD, mix
from curate.privacy.neighbourhood import MAY_BE_CARD, MAY_BE_PHONE, MAY_BE_SSN, NUMBER
from curate.privacy.phones import Plan, calling_code, fits, following, plan_of
from curate.privacy.plan_automata import Automaton, automaton
from curate.privacy.plans import relaxed
from curate.privacy.surroundings import SHORT_CELL
from curate.privacy.telephone_recognizer import round_number

Ints = npt.NDArray[np.int64]
Digits = npt.NDArray[np.uint8]
FEW = 24
"""Candidates of one form up to which each is judged by itself."""
_LONGEST = 48
_CHUNK = 1 << 16


@njit(cache=True)
def _kept(data, p, end):  # type: ignore[no-untyped-def]
    """Leading digits of the group at `p` that are told apart: one, nought, `00`, `01`, `001`, `011`, `0111`."""
    if data[p] == 49:
        return 1
    if data[p] != 48:
        return 0
    size = 1
    while size < 4 and p + size < end and (data[p + size] == 49 or (size == 1 and data[p + size] == 48)):
        size += 1
        if data[p + 1] == 48 and size == 3:
            break
    return size


@njit(cache=True, nogil=True)
def signatures(data, starts, ends, candidates, columns, names):  # type: ignore[no-untyped-def]
    """uint64[n]: the same for candidates that differ in nothing but digits that are asked about; 0: not for a crowd."""
    out = np.zeros(len(candidates), dtype=np.uint64)
    for n in range(len(candidates)):
        row, a, b = candidates[n, 1], candidates[n, 2], candidates[n, 3]
        near, union, flags = candidates[n, 4], candidates[n, 5], candidates[n, 6]
        if candidates[n, 0] != NUMBER or b - a > _LONGEST or not flags & MAY_BE_PHONE or flags & (MAY_BE_CARD | MAY_BE_SSN):
            continue
        if union & BIRTH:
            continue
        start, end = starts[row], ends[row]
        h = mix(mix(mix(SEED, near), union), flags)
        p, first, nought = a, True, False
        while p < b:
            c = data[p]
            if 48 <= c <= 57:
                if first:
                    for q in range(p, p + _kept(data, p, b)):
                        h = mix(h, data[q])
                        p += 1
                    first = False
                    if p == b or not 48 <= data[p] <= 57:
                        continue
                h = mix(h, 50)
            else:
                first = True
                h = mix(h, c)
                nought |= c == 40 and p + 2 < b and data[p + 1] == 48 and data[p + 2] == 41
            p += 1
        if nought:
            continue  # "+44 (0)20": which nought is left out depends on the digits before
        spoken = near & PHONE or (union & COUNT and not near)
        low = max(start, a - (64 if spoken else 4))
        h = mix(mix(h, b - a), a - low)
        for q in range(low, a):
            h = mix(h, 48 if WORD[data[q]] == 2 else data[q])
        high = min(end, b + 16)
        h = mix(h, high - b)
        for q in range(b, high):
            h = mix(h, 48 if WORD[data[q]] == 2 else data[q])
        if end - start <= SHORT_CELL:
            h = mix(h, columns[names[row]])
        out[n] = max(h ^ (h >> np.uint64(32)), np.uint64(1))
    return out


_STAND_INS = list(islice((chr(p) for p in range(0x660, 0x1FFFF) if unicodedata.category(chr(p)) == "Nd"), _LONGEST))
"""Digits of other scripts, which stand for digits that may be any but what `_kept` tells apart."""
_PLACE = {char: place for place, char in enumerate(_STAND_INS)}
Question = tuple[Callable[..., bool | None], str, tuple[Any, ...]]


class _Follower:
    """One number on its way through the recogniser."""

    def __init__(self, text: str) -> None:
        raw = np.frombuffer(text.encode(), np.uint8)
        stand_in, p = list(text), 0
        while p < len(text):
            if not text[p].isdigit():
                p += 1
                continue
            p += int(_kept(raw, p, len(raw)))
            while p < len(text) and text[p].isdigit():
                stand_in[p] = _STAND_INS[p]
                p += 1
        self.text = "".join(stand_in)
        self._real = {ord(char): text[place] for place, char in enumerate(self.text) if char in _PLACE}
        self.asked: list[tuple[Question, int]] = []

    def ask(self, question: Callable[..., bool | None], text: str, more: tuple[Any, ...]) -> bool | None:
        following.follower = None
        try:
            answer = question(text.translate(self._real), *more)
        finally:
            following.follower = self
        self.asked.append(((question, text, more), _number(answer)))
        return answer


def _number(answer: bool | None) -> int:
    return -1 if answer is None else int(answer)


class Crowd:
    """Candidates of one form: their texts as uint8[n, length]."""

    def __init__(self, texts: Digits) -> None:
        self.texts = texts

    def answers(self, question: Question, who: Ints) -> Ints:
        """int64[who]: -1, 0 or 1 for None, False and True."""
        ask, text, more = question
        columns = [_PLACE.get(char, -1) for char in text]
        part = np.empty((len(who), len(text)), np.uint8)
        for column, (place, char) in enumerate(zip(columns, text)):
            part[:, column] = self.texts[who, place] if place >= 0 else ord(char)
        if ask is _INTERNATIONAL:
            return international(part - 48)
        if ask is _NATIONAL:
            region = more[0]
            return fitting(plan_of(region, calling_code(region)), part - 48).astype(np.int64)
        if ask is _ONE_DIGIT:
            return np.asarray((part == part[:, :1]).all(1)).astype(np.int64)
        if ask is _ROUND:
            return np.asarray((part[:, -3:] == 48).all(1)).astype(np.int64)
        if ask in _SHAPES and not any(shape.fullmatch(text) for shape in _SHAPES[ask]):
            return np.zeros(len(who), np.int64)
        return np.array([_number(ask(bytes(row).decode("ascii"), *more)) for row in part], np.int64)


def _answer(question: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind a question."""
    plain: Callable[..., Any] = question.__wrapped__  # type: ignore[attr-defined]
    return plain


_INTERNATIONAL, _NATIONAL = _answer(phones.valid_international), _answer(phones.valid_national)
_ONE_DIGIT, _ROUND = _answer(phones.one_digit), _answer(round_number)


def _loose(*patterns: re.Pattern[str]) -> list[re.Pattern[str]]:
    # Classes such as [0-9] know no stand-ins, which are digits of other scripts.
    return [re.compile(relaxed(pattern.pattern).replace("0-9", r"\d")) for pattern in patterns]


_SHAPES = {_answer(question): _loose(*patterns) for question, patterns in phones.SHAPES_ASKED.items()}
"""Questions that only texts of certain forms can answer with yes, and those forms."""


def international(digits: Digits) -> Ints:
    """`phones.valid_international` for rows of digits."""
    out = np.full(len(digits), -1, np.int64)
    open_ = np.ones(len(digits), np.bool_)
    code = np.zeros(len(digits), np.int64)
    for size in range(1, min(3, digits.shape[1]) + 1):
        code = code * 10 + digits[:, size - 1]
        for known in np.unique(code[open_]).tolist():
            regions = COUNTRY_CODE_TO_REGION_CODE.get(known)
            if regions:
                who = np.flatnonzero(open_ & (code == known))
                out[who] = fitting(plan_of(regions[0], known), digits[who, size:])
                open_[who] = False
    return out


_AUTOMATA: dict[Plan, Automaton] = {}
_WORTH = 256
"""Numbers for which an automaton is made; fewer are asked of the regular expressions."""


def _automaton(plan: Plan) -> Automaton:
    if plan not in _AUTOMATA:
        _AUTOMATA[plan] = automaton([plan.valid.pattern] if plan.valid.pattern != r"(?!)" else [])
    return _AUTOMATA[plan]


def fitting(plan: Plan, digits: Digits) -> npt.NDArray[np.bool_]:
    """`phones.fits` for rows of digits."""
    if not 4 <= digits.shape[1] <= 17:
        return np.zeros(len(digits), np.bool_)
    if len(digits) < _WORTH and plan not in _AUTOMATA:
        return np.array([fits(plan, bytes(row).decode("ascii")) for row in digits + 48], np.bool_)
    known = _automaton(plan)
    out = known.accepts(digits)
    if plan.prefix is None:
        return out
    if plan.prefix.pattern.isdigit() and not plan.transform:
        prefix = np.frombuffer(plan.prefix.pattern.encode(), np.uint8) - 48
        who = np.flatnonzero(~out & (digits[:, : len(prefix)] == prefix).all(1))
        out[who] = known.accepts(digits[who, len(prefix) :])
        return out
    for n in np.flatnonzero(~out).tolist():
        out[n] = fits(plan, bytes(digits[n] + 48).decode("ascii"))
    return out


def judge_crowd(
    view: View, data: Digits, candidates: Ints, judge: Callable[[View, str, Candidate], list[Span]]
) -> list[tuple[Ints, int, int, int, float]]:
    """Spans of candidates of one signature: whose they are, start and end relative to the candidate, type and score.

    `judge(view, text, candidate)` is the recogniser. Spans of one candidate come in the recogniser's order.
    """
    out: list[tuple[Ints, int, int, int, float]] = []
    size = int(candidates[0, 3] - candidates[0, 2])
    for begin in range(0, len(candidates), _CHUNK):
        some = candidates[begin : begin + _CHUNK]
        crowd = Crowd(data[some[:, 2][:, None] + np.arange(size)])
        todo = [(np.arange(len(some)), 0)]
        while todo:
            who, agreed = todo.pop()  # all of `who` give the same answers to the first `agreed` questions
            first = int(who[0])
            candidate = Candidate._make(some[first].tolist())
            follower = _Follower(view.text(candidate.start, candidate.end))
            following.follower = follower
            try:
                spans = judge(view, follower.text, candidate)
            finally:
                following.follower = None
            for number, (question, answer) in enumerate(follower.asked[agreed:], agreed):
                if len(who) == 1:
                    break
                same = crowd.answers(question, who) == answer
                same[0] = True
                if not same.all():
                    todo.append((who[~same], number))
                    who = who[same]
            for start, end, kind, score in spans:
                out.append((begin + who, start - candidate.start, end - candidate.start, kind, score))
    return out
