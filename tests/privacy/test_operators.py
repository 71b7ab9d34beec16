"""Operators: what takes the place of a value, and that it stays what it should be everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ConfigError
from curate.privacy import ScanConfig, mask, scan
from curate.privacy.book import book
from curate.privacy.keys import load_key, make_key
from curate.privacy.operators import Rewriter, chosen_operators
from curate.privacy.operators.simple import masked, without_gap
from curate.privacy.types import NAMES
from tests.conftest import examples

KEY = bytes(range(32))


def rewrite(
    texts: list[str], table: Mapping[str, str], rows: list[int] | None = None, key: bytes | None = KEY
) -> list[str]:
    """The texts with every span found in them replaced by what its operator says."""
    column = pa.array(texts, pa.large_string())
    spans = scan(column)
    work = Rewriter(chosen_operators(table, NAMES), book(), key=key, seed="test")
    work.add(column, spans, np.asarray(rows or range(len(texts)))[spans.row])
    out = list(texts)
    for new in work.finish():
        edits: dict[int, list[tuple[int, int, str]]] = {}
        for row, start, end, text in zip(spans.row.tolist(), new.start.tolist(), new.end.tolist(), new.replacement):
            edits.setdefault(row, []).append((start, end, text))
        for row, found in edits.items():
            out[row] = mask(texts[row], found)
    return out


def test_a_type_without_an_operator_of_its_own_gets_the_default() -> None:
    out = rewrite(["a@b.com 4111111111111111"], {"default": "mask", "EMAIL_ADDRESS": "placeholder"})
    assert out == ["[EMAIL] ************1111"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"EMAIL_ADRESS": "mask"}, "did you mean 'EMAIL_ADDRESS'"),
        ({"EMAIL_ADDRESS": "surogate"}, "did you mean 'surrogate'"),
        ({"defualt": "mask"}, "did you mean 'default'"),
    ],
)
def test_an_unknown_type_or_operator_is_an_error_that_names_the_nearest(table: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        chosen_operators(table, NAMES)


def test_numbers_follow_the_first_appearance_in_the_data_and_know_a_value_in_any_spelling() -> None:
    texts = ["Bob@ACME.com and ann@acme.com", "ann@acme.com", "bob@acme.com (212) 736-5000 or +1 212 736 5000"]
    assert rewrite(texts, {"default": "numbered"}) == [
        "[EMAIL_ADDRESS_1] and [EMAIL_ADDRESS_2]",
        "[EMAIL_ADDRESS_2]",
        "[EMAIL_ADDRESS_1] [PHONE_NUMBER_1] or [PHONE_NUMBER_1]",
    ]


def test_numbers_follow_rows_and_not_columns() -> None:
    column, other = pa.array(["", "b@x.com"], pa.large_string()), pa.array(["a@x.com", ""], pa.large_string())
    work = Rewriter(chosen_operators({"default": "numbered"}, NAMES), book())
    for texts in (column, other):
        spans = scan(texts)
        work.add(texts, spans, spans.row)
    assert [new.replacement for new in work.finish()] == [["[EMAIL_ADDRESS_2]"], ["[EMAIL_ADDRESS_1]"]]


def test_numbers_in_a_row_begin_anew_in_every_row() -> None:
    texts = ["a@x.com b@x.com a@x.com", "b@x.com"]
    assert rewrite(texts, {"default": "numbered_row"}) == [
        "[EMAIL_ADDRESS_1] [EMAIL_ADDRESS_2] [EMAIL_ADDRESS_1]", "[EMAIL_ADDRESS_1]",
    ]  # fmt: skip


def test_a_number_that_the_data_hold_already_is_left_to_them() -> None:
    assert rewrite(["see [EMAIL_ADDRESS_1]", "a@x.com"], {"default": "numbered"})[1] == "[EMAIL_ADDRESS_2]"


def test_a_mask_keeps_the_shape_and_the_last_four_of_what_is_long_enough() -> None:
    assert masked("CREDIT_CARD", "4111-1111-1111-1234") == "****-****-****-1234"
    assert masked("PHONE_NUMBER", "+1 (212) 736-5000") == "+* (***) ***-5000"
    assert masked("NATIONAL_ID", "1234") == "****"
    assert masked("SECRET", "correct-horse-battery") == "*******-*****-*******"


def test_a_redaction_leaves_no_double_space_and_no_space_before_a_stop() -> None:
    texts = ["write to a@x.com today", "write to a@x.com.", "a@x.com wrote", "by a@x.com", "a@x.com b@x.com", "(a@x.com)"]
    assert rewrite(texts, {"default": "redact"}) == ["write to today", "write to.", "wrote", "by", "", "()"]


@given(st.text(alphabet=" ab.\n", max_size=12), st.data())
@settings(max_examples=examples(200))
def test_a_redaction_takes_at_most_one_blank_beside_its_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = without_gap(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)
    assert (start - first) + (last - end) <= 1
    assert not (text[first:start] + text[end:last]).strip()


def test_a_hash_is_the_same_in_every_data_set_of_a_key_and_another_under_another_key() -> None:
    table = {"default": "hash"}
    one = rewrite(["mail bob@acme.com", "x"], table)[0]
    assert re.fullmatch(r"mail \[EMAIL_ADDRESS_[A-Z2-7]{16}\]", one)
    assert rewrite(["y", "z", "mail BOB@acme.com"], table)[2] == one
    assert rewrite(["mail bob@acme.com"], table, key=bytes(32)) != [one]


def test_what_replaces_a_value_is_not_found_again() -> None:
    texts = ["a@x.com 4111111111111111 212-736-5000 ssn 536-90-4399 password: hunter2secret ip 9.9.9.9"]
    for operator in ("placeholder", "numbered", "hash", "vault"):
        out = rewrite(texts, {"default": operator})
        assert len(scan(pa.array(out, pa.large_string()))) == 0, out


@pytest.mark.parametrize("operator", ["placeholder", "numbered", "mask", "redact", "hash", "surrogate", "vault"])
def test_json_stays_json_under_every_operator(operator: str) -> None:
    held = {
        "mail": "bob@acme.com", "card": 4111111111111111, "note": 'say "hi" to bob@acme.com\\n\u00e9',
        "list": ["call 212-736-5000", {"iban": "DE89 3704 0044 0532 0130 00"}],
        "key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7abc\nx\n-----END RSA PRIVATE KEY-----",
    }  # fmt: skip
    for text in (json.dumps(held), json.dumps(held, ensure_ascii=False, indent=1)):
        out = rewrite([text], {"default": operator})[0]
        parsed = json.loads(out)
        assert parsed.keys() == held.keys()
        assert not any(value in out for value in ("bob@acme", "4111111111111111", "736-5000", "MIIEow", "DE89"))


def test_a_surrogate_of_a_bare_number_is_a_number() -> None:
    out = json.loads(rewrite(['{"card": 4111111111111111}'], {"default": "surrogate"})[0])
    assert isinstance(out["card"], int)
    assert len(str(out["card"])) == 16


def test_the_value_of_an_escaped_and_of_a_plain_text_is_one() -> None:
    texts = [json.dumps({"m": "j\u00fcrgen@acme.com"}), "j\u00fcrgen@acme.com"]
    first, second = rewrite(texts, {"default": "numbered"})
    assert json.loads(first)["m"] == second


WORDS = ["a@x.com", "b@x.com", "4111111111111111", "212-736-5000", "hi", "😀", "{", '"']


@given(st.lists(st.sampled_from(WORDS), max_size=8))
@settings(max_examples=25, deadline=None)
def test_results_do_not_depend_on_the_order_of_rows(words: list[str]) -> None:
    texts = ["x " + word for word in words] or [""]
    for operator in ("hash", "surrogate", "vault", "mask"):
        forth = rewrite(texts, {"default": operator})
        back = rewrite(texts[::-1], {"default": operator})
        assert forth == back[::-1]


def test_a_key_file_is_made_private_and_read_back(tmp_path: Path) -> None:
    path = make_key(tmp_path / "k")
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(load_key(path)) == 32
    with pytest.raises(ConfigError, match="exists already"):
        make_key(path)


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (None, 0o600, "is missing"),
        (b"ab" * 32, 0o640, "others may read it"),
        (b"ab" * 32, 0o604, "others may read it"),
        (b"ab" * 31, 0o600, "32 bytes"),
        (b"zz" * 32, 0o600, "32 bytes"),
        (b"", 0o600, "32 bytes"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_refused(
    tmp_path: Path, content: bytes | None, mode: int, message: str
) -> None:
    path = tmp_path / "k"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(ConfigError, match=message) as error:
        load_key(path)
    assert "abab" not in str(error.value)


def test_a_deny_list_finds_whole_words_in_any_case_and_wins_over_other_types() -> None:
    config = ScanConfig(deny=("Project Heron", "Ann", "bob@acme.com"))
    texts = pa.array(["project heron, ANN, Annual; bob@acme.com"], pa.large_string())
    spans = scan(texts, config)
    assert [texts[0].as_py()[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())] == [
        "project heron", "ANN", "bob@acme.com",
    ]  # fmt: skip
    assert set(spans.type.to_pylist()) == {"LISTED_VALUE"}
    with pytest.raises(ConfigError, match="allow"):
        ScanConfig(deny=("Ann",), allow=("ann",))
