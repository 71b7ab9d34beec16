"""Corpus evidence for every identifier with a check: does its column or context hold such identifiers, or numbers of the
same written form that pass the check by chance?

Values of one type and one written form (`999.999.999-99`) are taken together where they stand in the same column (short
cells) or behind the same word (longer texts). All tokens of that form there are counted, found or not, on at most 4 MB.
Where the share of those that were found is no more than chance gives, they are cleared; where nearly all were found, they
are confirmed; Wilson intervals at 95 %, at least 20 tokens. Chance is measured: how often the check takes the same tokens
with another last digit. What its label names is never cleared: words beside it, or the name of the column, settle it.

Bare card numbers have counts of their own (`evidence`). Complexity: O(found + sample x forms); 10-30 ms a form and 4 MB,
only where something with a check was found. Deterministic.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from curate.privacy import checks
from curate.privacy.column import Block
from curate.privacy.context import CARD, column_masks, word_classes
from curate.privacy.evidence import CLEARED, CONFIRMED, FEWEST_RUNS, wilson, words_before
from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.identifiers.model import checker
from curate.privacy.phrases import phrases_before
from curate.privacy.surroundings import SHORT_CELL
from curate.privacy.types import CODE, KIND, TYPES

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
_FOLD = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", b"9" * 10 + b"A" * 26 + b"a" * 26
)
_CLASSES = {ord("9"): rb"[0-9]", ord("A"): rb"[A-Z]", ord("a"): rb"[a-z]"}


def _form(shape: bytes) -> re.Pattern[bytes]:
    """Tokens of a written form."""
    body = b"".join(_CLASSES.get(c, re.escape(bytes([c]))) for c in shape)
    return re.compile(rb"(?<![0-9A-Za-z])(?<![0-9][-./ ])" + body + rb"(?![0-9A-Za-z])(?![-./][0-9])")


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
    """A sample of the rows in which a form is counted: one buffer and the rows' places in it."""

    def __init__(self, text: Block, rows: Ints) -> None:
        # Spread over all rows: files are often sorted, and what their first rows hold says little of the others.
        bytes_of = text.ends[rows] - text.starts[rows] + 1
        rows = rows[:: max(1, -(-int(bytes_of.sum()) // _SAMPLE))]
        pieces = [text.data[a:b].tobytes() for a, b in zip(text.starts[rows].tolist(), text.ends[rows].tolist())]
        self.data = b"\n".join(pieces)
        self.rows = rows
        lengths = np.array([len(piece) + 1 for piece in pieces], np.int64)
        self.starts = np.cumsum(lengths) - lengths

    def places(self, shape: bytes, word: int | None) -> Ints:
        """Where the tokens of the form begin, behind the word if one is given."""
        places = np.array([m.start() for m in _form(shape).finditer(self.data)], np.int64)
        if word is None or not len(places):
            return places
        rows = np.searchsorted(self.starts, places, side="right") - 1
        words = words_before(np.frombuffer(self.data, np.uint8), self.starts, rows, places)
        return np.asarray(places[words == np.uint64(word)])


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
        seen = own[np.isin(at[own, 0], sample.rows)]
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
            values = [sample.data[p : p + len(shape)].decode("ascii", "replace") for p in drawn.tolist()]
            if low <= 1.25 * chance(np.unique(at[own, 3]).tolist(), values):
                out = out.copy() if out is score else out
                out[own] = np.minimum(out[own], CLEARED)
    return out
