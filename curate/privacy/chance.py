# mypy: disable-error-code="assignment"
"""Corpus evidence for every identifier with a check: does its column or context hold such identifiers, or numbers of the
same written form that pass the check by chance?

Values of one type and one written form (`999.999.999-99`) are taken together where they stand in the same column (short
cells) or behind the same word (longer texts). All tokens of that form there are counted, found or not, on at most 4 MB.
Where the share of those that were found is no more than chance gives, they are cleared; where nearly all were found, they
are confirmed; Wilson intervals at 95 %, at least 20 tokens. Chance is measured: how often the check takes the same tokens
with another last digit. What its label names is never cleared: words beside it, or the name of the column, settle it.

Bare card numbers have counts of their own (`evidence`). Complexity: O(found + sample x forms); some 4 ms a form and 4 MB,
only where something with a check was found. Deterministic.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy import checks
from curate.privacy.column import Block
from curate.privacy.context import CARD, column_masks, word_classes
from curate.privacy.evidence import CLEARED, CONFIRMED, FEWEST_RUNS, words_before
from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.identifiers.model import checker
from curate.privacy.letters import WORD
from curate.privacy.phrases import phrases_before
from curate.privacy.surroundings import SHORT_CELL
from curate.privacy.types import CODE, KIND, TYPES
from curate.statistics import wilson

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_SAMPLE = 4_000_000
"""Bytes on which the tokens of a form are counted."""
_MOST_FORMS = 24
_DRAWS, _DIGITS = 300, 4
_CARD, _IBAN = CODE["CREDIT_CARD"], CODE["IBAN"]
_IDENTIFIER = {KIND[i.name]: i for i in IDENTIFIERS if i.check}
CHECKED = np.array(sorted({_CARD, _IBAN, *_IDENTIFIER}), np.int64)
"""Kinds whose values passed a check."""
_LONGEST = 48
ALNUM = (((WORD == 1) | (WORD == 2)) & (np.arange(256) < 128)).astype(np.uint8)
JOINS = np.isin(np.arange(256), [ord(c) for c in "-./ "]).astype(np.uint8)
_FOLD = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", b"9" * 10 + b"A" * 26 + b"a" * 26
)


@njit(cache=True, nogil=True)
def _of(sign):  # type: ignore[no-untyped-def]
    """The least and the greatest byte that a sign of a form stands for."""
    if sign == 57:
        return 48, 57
    if sign == 65:
        return 65, 90
    if sign == 97:
        return 97, 122
    return np.int64(sign), np.int64(sign)


@njit(cache=True, nogil=True)
def _is_token(data, start, end, i, shape):  # type: ignore[no-untyped-def]
    """Whether a token of the form stands at `i` by itself, no part of a longer run."""
    stop = i + len(shape)
    if i > start and ALNUM[data[i - 1]]:
        return False
    if i - 2 >= start and JOINS[data[i - 1]] and 48 <= data[i - 2] <= 57:
        return False
    for k in range(len(shape)):
        low, high = _of(shape[k])
        if not low <= data[i + k] <= high:
            return False
    if stop < end and ALNUM[data[stop]]:
        return False
    return not (stop + 1 < end and data[stop] != 32 and JOINS[data[stop]] and 48 <= data[stop + 1] <= 57)


@njit(cache=True, nogil=True)
def _tokens(data, starts, ends, shape):  # type: ignore[no-untyped-def]
    """int64[n, 2]: row and first byte of the tokens of a written form (search after Horspool, 1980)."""
    out = np.empty((256, 2), dtype=np.int64)
    n, size = 0, len(shape)
    shift = np.full(256, size, dtype=np.int64)
    for k in range(size - 1):
        low, high = _of(shape[k])
        for c in range(low, high + 1):
            shift[c] = size - 1 - k
    low, high = _of(shape[size - 1])
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        i = start
        while i + size <= end:
            c = data[i + size - 1]
            if low <= c <= high and _is_token(data, start, end, i, shape):
                if n == len(out):
                    more = np.empty((2 * n, 2), dtype=np.int64)
                    more[:n] = out
                    out = more
                out[n, 0], out[n, 1] = row, i
                n += 1
            i += shift[c]
    return out[:n]


def _check(kind: int) -> Callable[[str], bool]:
    if kind == _CARD:
        return lambda text: checks.luhn(re.sub(r"\D", "", text))
    if kind == _IBAN:
        return lambda text: checks.iban(re.sub(r"\W", "", text).upper())
    return checker(_IDENTIFIER[kind].check)


def chance(kinds: list[int], tokens: list[str]) -> float:
    """How often tokens would pass the check of any of the kinds if the last digit were drawn, the upper end of the
    interval: their own dates, prefixes and letters stay, so a form that holds a date is measured against such forms."""
    draw, passed = random.Random(0), 0
    passes = [_check(kind) for kind in kinds]
    for token in tokens:
        last = max(n for n, ch in enumerate(token) if ch.isdigit())
        for digit in draw.sample("0123456789", _DIGITS):
            passed += any(_passes(check, token[:last] + digit + token[last + 1 :]) for check in passes)
    return wilson(passed, max(1, _DIGITS * len(tokens)))[1]


def _passes(check: Callable[[str], bool], value: str) -> bool:
    try:
        return bool(check(value))
    except (ValueError, IndexError, KeyError, TypeError):
        return False


def _named(kind: int, before: str, column: str) -> bool:
    """Whether the words before a value or its column's name speak of what it is."""
    if kind == _CARD:
        spoken = any(word_classes(word) & CARD for word in re.findall(r"[^\W\d_]+", before)[-8:])
        return spoken or bool(column and column_masks(column, False)[1] & CARD)
    identifier = _IDENTIFIER.get(kind)
    if identifier is None:  # IBAN
        return "iban" in f"{before} {column}".lower()
    return any(known.type == identifier.type for _, known in phrases_before(before, column))


def _is_named(text: Block, span: Ints, cell: bool) -> bool:
    """Whether the words before this very span, or the name of its column, speak of what it is."""
    row, start, _, kind = span.tolist()
    begin = int(text.starts[row])
    before = text.data[max(begin, start - 64) : start].tobytes().decode("utf-8", "replace")
    return _named(kind, before, text.names[int(text.name_of[row])] if cell else "")


class _Texts:
    """A sample of the rows in which a form is counted."""

    def __init__(self, text: Block, rows: Ints) -> None:
        # Spread over all rows: files are often sorted, and what their first rows hold says little of the others.
        bytes_of = text.ends[rows] - text.starts[rows] + 1
        self.rows = rows[:: max(1, -(-int(bytes_of.sum()) // _SAMPLE))]
        self.data = text.data
        self.starts = text.starts[self.rows]
        self.ends = np.minimum(text.ends[self.rows], self.starts + _SAMPLE)
        self._tokens: dict[bytes, Ints] = {}

    def hold(self, at: Ints) -> npt.NDArray[np.bool_]:
        """Which spans stand where the tokens are counted."""
        row = np.searchsorted(self.rows, at[:, 0])
        row[row == len(self.rows)] = 0
        return np.asarray((self.rows[row] == at[:, 0]) & (at[:, 2] <= self.ends[row]))

    def places(self, shape: bytes, word: int | None) -> Ints:
        """Where the tokens of the form begin, behind the word if one is given."""
        if shape not in self._tokens:
            self._tokens[shape] = _tokens(self.data, self.starts, self.ends, np.frombuffer(shape, np.uint8))
        tokens = self._tokens[shape]
        if word is None or not len(tokens):
            return np.asarray(tokens[:, 1])
        words = words_before(self.data, self.starts, tokens[:, 0], tokens[:, 1])
        return np.asarray(tokens[words == np.uint64(word), 1])


def weighed(text: Block, at: Ints, score: Floats) -> Floats:
    """Scores of spans (int64[n, 4]: row, start byte, end byte, kind) after what their columns and contexts say."""
    some = np.flatnonzero(np.isin(at[:, 3], CHECKED) & (at[:, 2] - at[:, 1] <= _LONGEST))
    if not len(some):
        return score
    short = text.ends - text.starts <= SHORT_CELL
    words = words_before(text.data, text.starts, at[some, 0], at[some, 1])
    groups: dict[tuple[int, int, int, bytes], list[int]] = {}
    for n, (row, start, end, kind), word in zip(some.tolist(), at[some].tolist(), words.tolist()):
        shape = text.data[start:end].tobytes().translate(_FOLD)
        if kind == _CARD and shape.strip(b"9") == b"":
            continue
        kept = _IDENTIFIER[kind].type if kind in _IDENTIFIER else TYPES[kind].name
        if short[row]:
            groups.setdefault((int(text.name_of[row]), -1, CODE[kept], shape), []).append(n)
        elif word:
            groups.setdefault((-1, word, CODE[kept], shape), []).append(n)
    out = score
    samples: dict[int, _Texts] = {}
    for (name, word, _, shape), members in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))[:_MOST_FORMS]:
        if name not in samples:
            rows = short & (text.name_of == name) if name >= 0 else ~short
            samples[name] = _Texts(text, np.flatnonzero(rows))
        sample = samples[name]
        places = sample.places(shape, None if name >= 0 else word)
        tokens = len(places)
        if tokens < FEWEST_RUNS:
            continue
        own = np.array(members, np.int64)
        seen = own[sample.hold(at[own])]
        if not len(seen):
            continue  # none of them is where the tokens were counted
        low, high = wilson(min(tokens, len(seen)), tokens)
        if low > 0.75:
            out = out.copy() if out is score else out
            out[own] = np.maximum(out[own], CONFIRMED)
        elif high < 0.25:
            own = own[[not _is_named(text, at[n], bool(short[at[n, 0]])) for n in own.tolist()]]
            if not len(own):
                continue
            drawn = places[:: max(1, tokens // _DRAWS)]
            values = [sample.data[p : p + len(shape)].tobytes().decode("ascii", "replace") for p in drawn.tolist()]
            if low <= 1.25 * chance(np.unique(at[own, 3]).tolist(), values):
                out = out.copy() if out is score else out
                out[own] = np.minimum(out[own], CLEARED)
    return out
