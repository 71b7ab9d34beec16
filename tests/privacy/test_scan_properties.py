"""What holds for every input: offsets, checksums, idempotence, valid JSON, rows that never see each other."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum import iban as std_iban
from stdnum import luhn as std_luhn

from curate.privacy import ScanConfig, count_left, mask_column, scan
from curate.privacy.checks import IBAN_LENGTHS, iban, luhn
from curate.privacy.types import TYPES
from tests.conftest import examples

PIECES = st.sampled_from(
    ["a@b.com", "212-555-2368", "4111 1111 1111 1111", "536-90-4399", "203.0.113.195", "https://u:pw@h.com/",
     "+44 20 7946 0958", "GB82WEST12345698765432", "token=abc123xyz", "born on 1/2/1990", "call ", " fax", "😀",
     "e\u0301", "\u200b", "１２３", "\n", " ", ".", "-", "/", "@", ":", "::", "1", "42", "[at]", "(dot)", "“", "\\n",
     '"', "=", "[EMAIL]", "x", "\xa0", "AKIAIOSFODNN7EXAMPLE", "00:1A:2B:3C:4D:5E", "password",
     "-----BEGIN PRIVATE KEY-----", "#", ","]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=14).map("".join)


def column(texts: list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def encodable(text: str) -> bool:
    return not any(0xD800 <= ord(c) <= 0xDFFF for c in text)


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(TEXTS.filter(encodable), max_size=4))
@example(["password=\\na@b.com"])
@example(['"password=\\na@b.com"', 'token: \\abc123xyz', "password=\\'abc123xyz", 'password=\\"abc&123xyz\\"'])
def test_scanning_the_masked_column_finds_nothing(texts: list[str]) -> None:
    raw = column(list(texts))
    assert count_left(mask_column(raw, scan(raw))) == {}


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(TEXTS.filter(encodable), min_size=1, max_size=5))
def test_a_row_is_scanned_the_same_alone_and_among_others(texts: list[str]) -> None:
    together = scan(column(list(texts)))
    for row, text in enumerate(texts):
        alone = scan(column([text]))
        mine = together.row == row
        assert together.start[mine].tolist() == alone.start.tolist()
        assert together.end[mine].tolist() == alone.end.tolist()
        assert together.code[mine].tolist() == alone.code.tolist()


@settings(max_examples=examples(200), deadline=None)
@given(TEXTS.filter(encodable))
def test_spans_are_sorted_disjoint_and_inside_their_text(text: str) -> None:
    spans = scan(column([text]))
    edge = 0
    for start, end in zip(spans.start.tolist(), spans.end.tolist()):
        assert edge <= start < end <= len(text)
        edge = end


@settings(max_examples=examples(150), deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.one_of(TEXTS, st.integers(0, 10**17), st.floats(allow_nan=False))),
       st.booleans())  # fmt: skip
def test_a_string_that_is_json_stays_valid_json(value: dict[str, object], ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    if not encodable(text):
        return
    raw = column([text])
    masked = mask_column(raw, scan(raw, ScanConfig(min_score=0.1))).to_pylist()[0]
    assert isinstance(json.loads(masked), dict)


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(["4", "51", "55", "2221", "6011"]), st.text("0123456789", min_size=15, max_size=15),
       st.integers(0, 15), st.integers(1, 9))  # fmt: skip
def test_a_valid_card_is_found_and_one_wrong_digit_is_not(prefix: str, tail: str, place: int, shift: int) -> None:
    body = (prefix + tail)[:15]
    number = body + std_luhn.calc_check_digit(body)
    if len(set(number)) < 2:
        return
    assert scan(column([f"card {number}."])).counts() == {"CREDIT_CARD": 1}
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert not luhn(wrong)
    assert "CREDIT_CARD" not in scan(column([f"card {wrong}."])).counts()


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.text("0123456789", min_size=30, max_size=30), st.integers(1, 9))
def test_a_valid_iban_is_found_and_one_wrong_digit_is_not(country: str, digits: str, shift: int) -> None:
    body = digits[: IBAN_LENGTHS[country] - 4]
    remainder = int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
    number = f"{country}{98 - remainder:02d}{body}"
    grouped = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    for form in (number, number.lower(), grouped):
        assert scan(column([f"to {form}!"])).counts() == {"IBAN": 1}
    wrong = number[:-1] + str((int(number[-1]) + shift) % 10)
    assert not iban(wrong)
    assert "IBAN" not in scan(column([f"to {wrong}!"])).counts()


@given(st.text("0123456789", min_size=2, max_size=25))
def test_luhn_agrees_with_stdnum(digits: str) -> None:
    assert luhn(digits) == std_luhn.is_valid(digits)


@pytest.mark.parametrize("number", ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"])
def test_iban_agrees_with_stdnum(number: str) -> None:
    assert iban(number) == std_iban.is_valid(number) == (not iban(number[:-1] + "Z"))


@pytest.mark.parametrize("before", ["", "😀", "e\u0301 ", "👩‍👩‍👧 ", "日本語", "\ufeff", "\xa0", "שלום \u202e"])
def test_offsets_are_code_points_of_the_raw_text(before: str) -> None:
    text = f"{before} a.b@example.com 😀 ＋44 20 7946 0958 end"
    spans = scan(column([None, text, "x"]))
    assert spans.row.tolist() == [1, 1]
    values = [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]
    assert values == ["a.b@example.com", "＋44 20 7946 0958"]


def test_escapes_inside_json_strings_are_read_as_what_they_stand_for() -> None:
    text = json.dumps({"n": "line\nbob@example.com", "e": "ja\u00f1@example.com", "u": "x"}) + " "
    raw = column([text])
    masked = mask_column(raw, scan(raw)).to_pylist()[0]
    assert json.loads(masked) == {"n": "line\n[EMAIL]", "e": "[EMAIL]", "u": "x"}


def test_a_bare_json_number_gets_a_quoted_placeholder() -> None:
    raw = column(['{"phone": 2125552368, "card": -4111111111111111.0, "n": 7}'])
    masked = mask_column(raw, scan(raw)).to_pylist()[0]
    assert json.loads(masked)["phone"] == "[PHONE]"


def test_nulls_slices_and_chunks_are_read_rightly() -> None:
    whole = column(["x@y.com", None, "no", "call 212-555-2368", "a@b.com"])
    part = scan(whole.slice(2))
    assert (part.row.tolist(), part.start.tolist()) == ([1, 2], [5, 0])
    chunked = pa.chunked_array([whole.slice(0, 2), whole.slice(2)])
    assert scan(chunked).row.tolist() == [0, 3, 4]
    assert len(scan(column([]))) == 0
    assert len(scan(column([None]))) == 0


def test_a_crowd_of_equal_candidates_gives_what_each_gives_alone() -> None:
    text = "call 212-555-2368 or jürgen@müller.de; pay 4111 1111 1111 1111 "
    one, many = scan(column([text])), scan(column([text] * 20_000))
    assert many.start.reshape(20_000, -1).tolist() == [one.start.tolist()] * 20_000
    assert many.code.reshape(20_000, -1).tolist() == [one.code.tolist()] * 20_000


def test_no_placeholder_needs_an_escape() -> None:
    for kind in TYPES:
        assert json.dumps(kind.placeholder) == f'"{kind.placeholder}"'
