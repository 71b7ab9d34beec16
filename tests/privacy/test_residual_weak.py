"""The weak detectors: they see what they should, they share no code with the scanner, and they stay linear."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.privacy.residual import KINDS, Text, look
from curate.privacy.residual.weak import BIRTH, EMAIL, NETWORK, NUMBER, PHONE, SECRET, by_context, by_shape
from curate.privacy.types import NAMES
from tests.conftest import examples

HOME = Path(__file__).parents[2] / "curate" / "privacy" / "residual"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (EMAIL, "write to jane.doe@mail.example.org, please", "jane.doe@mail.example.org"),
        (EMAIL, "ｊａｎｅ＠example.org wrote", "ｊａｎｅ＠example.org"),
        (EMAIL, "it is jane (at) example (dot) org now", "jane (at) example (dot) org"),
        (PHONE, "ring 020 7946 0018 today", "020 7946 0018"),
        (PHONE, "so +49 (0)30 90 18 20 it is", "+49 (0)30 90 18 20"),
        (NUMBER, "card 4111 1111 1111 1111 expired", "4111 1111 1111 1111"),
        (NUMBER, "from DE89 3704 0044 0532 0130 00 today", "DE89 3704 0044 0532 0130 00"),
        (NETWORK, "host 203.0.113.195 and 2001:db8::8a2e:370:7334", "203.0.113.195"),
        (NETWORK, "at 2001:db8::8a2e:370:7334.", "2001:db8::8a2e:370:7334"),
        (SECRET, "use Zx9Kd83mQpL2vTn7Rw4YbC1s here", "Zx9Kd83mQpL2vTn7Rw4YbC1s"),
    ],
)
def test_shapes_are_seen_whatever_stands_around_them(kind: int, text: str, value: str) -> None:
    assert (kind, value) in [(k, text[a:b]) for a, b, k in by_shape(text)]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (PHONE, "my phone number is 5551234567", "5551234567"),
        (PHONE, "Telefon: 030 901820", "030 901820"),
        (NUMBER, "Passport no. C01X0006H", "C01X0006H"),
        (NUMBER, "mi cuenta es 0049 1500 05", "0049 1500 05"),
        (SECRET, "password: hunter2!x", "hunter2!x"),
        (BIRTH, "née le 12 mars 1961", "12 mars 1961"),
        (BIRTH, "born on July 4, 1961", "July 4, 1961"),
    ],
)
def test_words_announce_values_of_any_form(kind: int, text: str, value: str) -> None:
    assert (kind, value) in [(k, text[a:b]) for a, b, k in by_context(text)]


def test_the_name_of_a_column_speaks_of_its_cells() -> None:
    assert by_context("5551234567", "home_phone") == [(0, 10, PHONE)]
    assert by_context("see you on the 3rd of a very long month " * 3, "home_phone") == []


@pytest.mark.parametrize(
    "text", ["in 1914-1918 and 2021-03-04 12:30", "pi is 3.14159265", "version 2.0.1 of it"]
)
def test_dates_years_and_decimals_are_no_telephone_numbers(text: str) -> None:
    assert by_shape(text) == []


def test_the_weak_detectors_import_nothing_of_the_scanner() -> None:
    tree = ast.parse((HOME / "weak.py").read_text(encoding="utf-8"))
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert not any(str(m).startswith(("curate", "phonenumbers", "stdnum")) for m in modules)


def test_every_kind_stands_for_types_that_exist() -> None:
    assert {name for _, names in KINDS for name in names} <= set(NAMES)


def test_what_the_scanner_covers_by_half_is_no_candidate_and_what_it_missed_is() -> None:
    text = "card 4111 1111 1111 1111 and ring 020 7946 0018"
    spans = [(5, 24, "CREDIT_CARD")]
    units = look([Text(0, "", text, spans)], NAMES)
    assert [(u.main, text[u.start : u.end]) for u in units] == [(True, "4111 1111 1111 1111"), (False, "020 7946 0018")]
    assert (units[0].shape, units[0].context) == (True, True)
    assert (units[1].shape, units[1].context) == (True, False)


def test_types_that_nobody_asked_for_and_allowed_values_are_not_missed() -> None:
    texts = [Text(0, "", "ring 020 7946 0018 or jane@example.org", [])]
    assert {u.kind for u in look(texts, ["EMAIL_ADDRESS"])} == {EMAIL}
    assert not [u for u in look(texts, NAMES, ["JANE@example.org"]) if u.kind == EMAIL]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet="a1@.-+() at dot[]:/=\n＠٣é", max_size=120), st.sampled_from(["", "phone", "e_mail"]))
def test_marks_lie_inside_any_text(text: str, name: str) -> None:
    for start, end, kind in [*by_shape(text), *by_context(text, name)]:
        assert 0 <= start < end <= len(text)
        assert kind in range(len(KINDS))


@pytest.mark.parametrize("unit", ["a@", "1 2 ", "((((", "password ", "x at ", "0:", "DE89 3704 ", "call me ", "%40."])
def test_a_long_hostile_line_is_read_to_its_end(unit: str) -> None:
    """Backtracking that grows with the square of the line would take hours here."""
    text = unit * (300_000 // len(unit)) + " ring 020 7946 0018"
    assert any(text[a:b] == "020 7946 0018" for a, b, _ in by_shape(text) + by_context(text))


def test_an_address_whose_user_and_password_are_covered_is_no_candidate() -> None:
    text = "see https://sofia:blue-kite7@files.example.net/shop"
    covered = [(text.index("sofia"), text.index("@"), "URL_CREDENTIALS")]
    assert [u.main for u in look([Text(0, "", text, covered)], NAMES)] == [True]
    assert [u.main for u in look([Text(0, "", text, [])], NAMES)] == [False]
