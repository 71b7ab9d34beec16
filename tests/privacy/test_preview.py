"""Previews are safe to show: no personal data, no control characters, bounded."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.privacy import masked_lines, masked_preview, masked_previews, preview_config, safe_text, shown_names
from tests.conftest import examples


def test_a_preview_shows_placeholders_instead_of_values() -> None:
    assert masked_preview("mail bob@example.com or call 212-555-2368") == "mail [EMAIL] or call [PHONE]"


def test_a_value_cut_by_the_width_is_still_masked() -> None:
    shown = masked_preview("x" * 30 + " bobby.tables@example.com", width=36)
    assert "bobby" not in shown
    assert len(shown) == 36


def test_escapes_direction_marks_and_line_breaks_are_gone() -> None:
    assert safe_text("\x1b[31mred\x1b[0m \x1b]0;title\x07a\u202eb\x00\r\nc\u2028d\x9b") == "red ab c d"


def test_a_value_split_by_control_characters_is_masked_after_they_are_gone() -> None:
    assert masked_preview("bob\x00by@exam\x1b[1mple.com") == "[EMAIL]"


def test_lone_surrogates_do_not_raise() -> None:
    assert masked_preview("a\ud800b") == "ab"


def test_nulls_stay_null() -> None:
    assert masked_previews(pa.array([None, "a@b.com"], pa.large_string())) == [None, "[EMAIL]"]


def test_lines_stay_lines_and_what_runs_over_several_is_masked() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\nAgEAAoIBAQC7\n-----END PRIVATE KEY-----"
    shown = masked_lines(f"user: read this\n\n{key}\nassistant: mail bob@example.com \x1b[1mnow", 200)
    assert shown[0] == "user: read this"
    assert shown[-1] == "assistant: mail [EMAIL] now"
    assert not any("MIIE" in line or "AgEA" in line for line in shown)
    for split in ("my card is 4111 1111\n1111 1111 ok", "card 4111 1111\x0c1111 1111 ok", "card 4111 1111\r\n1111 1111"):
        assert "1111" not in " ".join(masked_lines(split, 200))
    assert "hunter2" not in " ".join(masked_lines("user: password:\nhunter2Secret!9", 200))
    assert "0532" not in " ".join(masked_lines("user: DE89 3704 0044 0532\n0130 00 iban", 200))
    assert masked_lines("mail bob\x1c@example.com now", 200) == ["mail [EMAIL] now"]
    assert "2671" not in " ".join(masked_lines("call 415-555\u20282671 now", 200))
    short = masked_lines("one two\nthree four\nfive", 12)
    assert short == ["one two", "thre…"]
    assert masked_lines("", 10) == []


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=300), st.integers(1, 60))
def test_no_preview_holds_a_control_character_or_is_too_wide(text: str, width: int) -> None:
    shown = masked_preview(text, width)
    assert len(shown) <= width
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown)


def test_ordinary_names_are_shown_as_they_are_however_long() -> None:
    names = ["refund", "  two  spaces ", "x" * 5000, "[EMAIL]", "naïve – 😀", ""]
    assert shown_names([*names, None]) == {name: name for name in names}


def test_names_with_personal_data_or_control_characters_are_masked_and_stay_distinct() -> None:
    names = ["bob@example.com", "ann@example.com", "[EMAIL]", "plain", "line\nbreak", "line break"]
    shown = shown_names(names)
    assert shown["ann@example.com"] == "[EMAIL] (2)"
    assert shown["bob@example.com"] == "[EMAIL] (3)"
    assert shown["line\nbreak"] == "line break (2)"
    assert [shown[name] for name in ("[EMAIL]", "plain", "line break")] == ["[EMAIL]", "plain", "line break"]


@settings(max_examples=100, deadline=None)
@given(st.sets(st.text(max_size=20) | st.sampled_from(["a@b.com", "c@d.com", "[EMAIL] (2)", "a\x00b"]), max_size=8))
def test_shown_names_never_merge_two_names_or_hold_a_control_character(names: set[str]) -> None:
    shown = shown_names(names)
    assert set(shown) == names
    assert len(set(shown.values())) == len(names)
    assert not any(unicodedata.category(c) == "Cc" for value in shown.values() for c in value)


def test_previews_look_for_every_type_in_the_region_of_the_recipe() -> None:
    text = "0176 1234 5678 and bob@example.com"
    settings_ = {"default_region": "DE", "types": ["IP_ADDRESS"], "allow": ["bob@example.com"], "min_score": 0.99}
    assert masked_preview(text, config=preview_config(settings_)) == "[PHONE] and [EMAIL]"
    assert "0176 1234 5678" in masked_preview(text, config=preview_config(None))
