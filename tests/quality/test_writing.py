"""Repairs of how texts are written, slips, and formats of columns."""

from __future__ import annotations

import time
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repaired_text import repaired

from curate.quality.formats import profile
from curate.quality.repairs import REASONS, repairs
from curate.quality.typos import slips
from tests.conftest import examples

ANY = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(" \t\r\n\u00a0\u200b\ufeff\u0301\u200e&;<>b/=`|#\u00c3\u00a9\u00e2\u20ac\u2122"),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("caf\u00c3\u00a9 and it\u00e2\u20ac\u2122s", "caf\u00e9 and it\u2019s"),
        ("cafe\u0301", "caf\u00e9"),
        ("a\u200bb\x07c\ufeff", "abc"),
        ("Tom &amp; Jerry&nbsp;eat &#39;cheese&#39;", "Tom & Jerry eat 'cheese'"),
        ("one<br>two <b>three</b>", "one\ntwo three"),
        ("  two blanks in  a row ", "two blanks in a row"),
        ("lines\r\nend\r\n", "lines\nend"),
        ("trailing \nblank", "trailing\nblank"),
        ("far\n\n\n\n\napart", "far\n\napart"),
    ],
)
def test_what_is_broken_is_repaired(raw: str, expected: str) -> None:
    assert repaired(raw) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The HTML entity &amp; stands for an ampersand.",
        "<ul><li>one</li></ul>",
        "Use `&lt;b&gt;` for it.",
        "```html\n<b>x</b> &amp;\n```",
        "if a < b and c > d: pass",
        "a hard break  \nin Markdown",
        "def f(x):\n    return  x",
        "name   | age\nAda    | 36",
        "👩\u200d🔬 and می\u200cخواهم",
        "שלום \u200f(abc)\u200f",
        "AT&T; R&D",
        "Çà et là: Ñandú, Ðorđe, Ångström",
        "",
        "   ",
    ],
)
def test_what_may_be_meant_is_left_alone(text: str) -> None:
    assert repaired(text) == text


@settings(max_examples=examples(400), deadline=None)
@given(ANY)
def test_spans_of_a_text_never_overlap_and_are_no_larger_than_the_text(text: str) -> None:
    found = repairs(pa.array([text], pa.large_string()))
    spans = sorted(zip(found.start.tolist(), found.end.tolist()))
    assert all(0 <= start < end <= len(text) or (start == end and 0 <= start <= len(text)) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in zip(spans, spans[1:]))


@settings(max_examples=examples(300), deadline=None)
@given(st.text(st.sampled_from("abc \u0301\u0327e\u00e9\u1100\u1161x\n"), max_size=30))
def test_composing_alone_gives_words_in_nfc(text: str) -> None:
    off = frozenset(REASONS) - {"not_nfc"}
    assert repaired(text, off).split() == [unicodedata.normalize("NFC", word) for word in text.split()]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_plain_text_keeps_all_it_shows_but_entities_and_tags(text: str) -> None:
    off = frozenset({"html_entity", "html_tag"})
    assert repaired(text, off).split() == text.split()


def test_a_rule_that_is_off_repairs_nothing() -> None:
    assert repaired(" caf\u00c3\u00a9 \x07", frozenset(REASONS)) == " caf\u00c3\u00a9 \x07"


def test_a_rare_word_one_slip_from_a_frequent_one_is_told_with_its_place() -> None:
    texts = ["please recieve the shipment today", *["we receive the shipment and recheck it"] * 60, None]
    (found,) = slips(texts, least=20, ratio=20)
    assert found == (0, 7, 14, "receive", 1, 60)


@pytest.mark.parametrize(
    "text",
    [
        "anna.recieve@example.org", "recieve@example.org", "x-recieve-y@example.org", "/home/recieve/x", "C:\\recieve",
        "recieve_this", "recieve.example.org", "recieve2",
    ],
)  # fmt: skip
def test_parts_of_addresses_paths_and_identifiers_are_no_slips(text: str) -> None:
    assert not list(slips([f"see {text} please", *["we receive it and then go"] * 60]))


def test_words_of_addresses_are_not_taken_for_what_was_meant() -> None:
    mails = [f"write to anna.johansson@example{i}.org or call" for i in range(60)]
    assert not list(slips(["said johanson today", *mails]))
    assert not list(slips(["said johanson today", *["then Johansson and johansson went"] * 60]))


def test_a_slip_at_the_end_of_a_sentence_is_still_told() -> None:
    assert [f[:4] for f in slips(["what did you recieve. Nothing.", *["we receive it."] * 60])] == [(0, 13, 20, "receive")]


@pytest.mark.parametrize("word", ["Receive", "receives", "deceive", "received", "conceive", "receive2", "RECIEVE"])
def test_names_forms_and_other_words_are_no_slips(word: str) -> None:
    texts = [f"this {word} stands here", *["we receive it and then conceive of it"] * 60]
    assert not [f for f in slips(texts) if f[0] == 0]


def test_dates_in_several_formats_are_profiled_and_other_columns_are_not() -> None:
    iso = [f"2024-03-{d:02d}" for d in range(1, 29)]
    known = profile([*iso, "31/12/2023", "2024-03-05 10:20", None, ""])
    assert known is not None
    assert (known.kind, known.usual) == ("date", "iso")
    assert known.format[27:] == ["iso", "slashes", "iso", None, None]
    assert known.counts == {"iso": 29, "slashes": 1}
    assert profile(iso) is None
    assert profile(["red", "blue"] * 30) is None


def test_numbers_in_several_formats_are_profiled() -> None:
    found = profile([*(str(n) for n in range(100, 130)), "1,234.50", "1.234,50", "12 %"])
    assert found is not None
    assert found.usual == "plain"
    assert found.counts == {"plain": 30, "comma for thousands": 1, "point for thousands": 1, "per cent": 1}


@pytest.mark.parametrize(
    "text", [" " * 300_000 + "x" + " " * 300_000 + "\n" * 300_000, "<b" * 200_000, "&a" * 200_000, "\n \n" * 200_000]
)
def test_long_runs_take_no_longer_than_their_length(text: str) -> None:
    started = time.process_time()
    repaired(f"begin {text} end")
    assert time.process_time() - started < 60  # quadratic work would take hours
