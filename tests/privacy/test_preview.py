"""Previews are safe to show: no personal data, no control characters, bounded."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.privacy import masked_preview, masked_previews, safe_text


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


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.integers(1, 60))
def test_no_preview_holds_a_control_character_or_is_too_wide(text: str, width: int) -> None:
    shown = masked_preview(text, width)
    assert len(shown) <= width
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown)
