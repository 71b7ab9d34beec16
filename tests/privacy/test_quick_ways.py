"""Where a quick way stands beside the plain one it was made from, both give the same."""

from __future__ import annotations

import random
import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban as std_iban
from stdnum import luhn as std_luhn
from stdnum.iso7064 import mod_97_10

from curate.privacy.checks import IBAN_LENGTHS, iban, luhn
from curate.privacy.disguises import _DIGIT_OF, _MAIL, SPELLED, _mails, edits_of, spelled
from curate.privacy.key_shapes import _PATTERNS, PLAIN_PREFIXES, SHAPES, match_key
from curate.privacy.names.grids import _CELL, _cells
from curate.privacy.overlaps import Found, resolve_overlaps

_WRITTEN_OUT = (
    "a", "at", " at ", "  at ", " dot ", "  dot  ", "com", ".", "_", "-", "%", "x9", " ", "  ", "\n", "AT", " Arroba ",
    " PUNTO ", "é", "ſ", "l" * 35, "7", " at b dot com", " at h.x dot co.", "a.b.c.d",
)  # fmt: skip


@given(st.lists(st.sampled_from(_WRITTEN_OUT), max_size=30))
def test_written_out_addresses_are_those_that_one_pattern_over_the_text_finds(parts: list[str]) -> None:
    text = "".join(parts)
    assert [m.span() for m in _mails(text)] == [m.span() for m in _MAIL.finditer(text)]


_ENGLISH = ("one", "Two", "three", "four", "FIVE", "six", "seven", "eight", "nine", "zero")
_SPELLED = (
    *_ENGLISH, *_ENGLISH, *sorted(word for word in _DIGIT_OF if word.isascii()), "eighteen", "sixx", "tre", "un1", "7", "x",
    "_",
)  # fmt: skip
_JOINS = (" ", " ", " ", "-", ", ", "---", "    ", "\n", "_", ". ", "")


_WORDS = st.tuples(st.sampled_from(_SPELLED), st.sampled_from(_JOINS))


@settings(deadline=None)  # the first call compiles
@given(st.lists(_WORDS, max_size=60), st.sampled_from(["", " ", "x"]))
def test_spelled_out_digits_are_those_that_the_pattern_finds(parts: list[tuple[str, str]], head: str) -> None:
    text = head + "".join(word + join for word, join in parts)
    data = np.frombuffer(text.encode(), np.uint8)
    assert [tuple(edit) for edit in spelled(data, 0, len(data)).tolist()] == edits_of(text, SPELLED)


def test_many_spelled_out_numbers_are_all_found() -> None:
    draw = random.Random(6)
    for _ in range(300):
        words = draw.choices(_ENGLISH, k=draw.choice([7, 9, 10, 11, 16, 24, 25, 40]))
        text = f"call {' '.join(words)} now. " * 3
        data = np.frombuffer(text.encode(), np.uint8)
        assert [tuple(edit) for edit in spelled(data, 0, len(data)).tolist()] == edits_of(text, SPELLED)


def _by_pattern(line: bytes, sign: str) -> list[tuple[int, int]]:
    out, at = [], 0
    while at <= len(line):
        match = _CELL[sign].match(line, at)
        assert match is not None
        a, b = match.span(2)
        piece = line[a:b]
        out.append((a + len(piece) - len(piece.lstrip()), b - len(piece) + len(piece.rstrip())))
        at = match.end() if match[0].endswith(sign.encode()) else len(line) + 1
    return out


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r", b",", b";", b"|", b"x y", b"\x0b"]), max_size=14))
def test_cells_of_a_line_without_quotes_are_those_of_the_pattern(parts: list[bytes]) -> None:
    line = b"".join(parts)
    for sign in ",;|\t":
        cells = [(a, b) if b > a else None for a, b in _cells(line, sign)]
        assert cells == [(a, b) if b > a else None for a, b in _by_pattern(line, sign)]


_SPAN = st.tuples(st.integers(0, 9), st.integers(1, 6), st.integers(0, 3), st.sampled_from([0.5, 0.7, 0.9]))


@given(st.lists(st.tuples(_SPAN, _SPAN), min_size=1, max_size=12), st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_of_two_spans_that_overlap_the_better_one_stays(pairs: list[tuple[tuple, tuple]], priority: list[int]) -> None:
    at, score, better = [], [], []
    for row, pair in enumerate(pairs):
        spans = sorted((row, start, start + size, kind, sure) for start, size, kind, sure in pair)
        at += [span[:4] for span in spans]
        score += [span[4] for span in spans]
        if spans[0][2] <= spans[1][1]:
            better += [span[:4] for span in spans]
        else:
            order = sorted(spans, key=lambda s: (-priority[s[3]], s[1] - s[2], s[1], s[3], -s[4]))
            better.append(order[0][:4])
    found = Found(np.array(at, np.int64), np.array(score), np.zeros(len(at), np.bool_))
    assert resolve_overlaps(found, priority).at.tolist() == [list(span) for span in better]


@given(st.text("0123456789", min_size=1, max_size=24))
def test_mod_10_is_that_of_stdnum(digits: str) -> None:
    assert luhn(digits) == std_luhn.is_valid(digits)


def test_mod_97_is_that_of_stdnum() -> None:
    draw = random.Random(4)
    for country, length in sorted(IBAN_LENGTHS.items()):
        for _ in range(40):
            body = "".join(draw.choices("0123456789ABCXYZ", k=length - 4))
            digits = draw.choice([std_iban.calc_check_digits(f"{country}00{body}"), f"{draw.randrange(2, 99):02d}"])
            number = f"{country}{digits}{body}"
            assert iban(number) == mod_97_10.is_valid(number[4:] + number[:4])


def test_keys_are_asked_of_every_prefix_that_they_begin_with() -> None:
    draw = random.Random(5)
    signs = "abcdefABCDEF0123456789_-."
    for shape in SHAPES:
        for size in (8, 24, 32, 36, 40, 64):
            text = shape.prefix + "".join(draw.choices(signs if size % 3 else "0123456789abcdef", k=size))
            word = re.match(r"[A-Za-z0-9+$]*", text)
            tried = (word[0] if word else "", *PLAIN_PREFIXES)
            found = [_PATTERNS[p].match(text) for p in tried if p in _PATTERNS and text.startswith(p)]
            assert match_key(text) == max((m.end() for m in found if m), default=0)
