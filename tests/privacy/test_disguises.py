"""Values that are written so as not to be read: found, with offsets of the raw spelling."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import count_left, mask_column, scan


def found(text: str) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()))
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("EMAIL_ADDRESS", "write to jane [at] example [dot] com today", "jane [at] example [dot] com"),
        ("EMAIL_ADDRESS", "my email is jane at example dot com", "jane at example dot com"),
        ("EMAIL_ADDRESS", "john dot smith at gmail dot com works", "john dot smith at gmail dot com"),
        ("EMAIL_ADDRESS", "jdoe42 AT example DOT org", "jdoe42 AT example DOT org"),
        ("EMAIL_ADDRESS", "mi correo: ana arroba ejemplo punto es", "ana arroba ejemplo punto es"),
        ("EMAIL_ADDRESS", "tom AT example DOT org answers", "tom AT example DOT org"),
        ("EMAIL_ADDRESS", "reach me at jo dot li at snu dot ac dot kr", "jo dot li at snu dot ac dot kr"),
        ("EMAIL_ADDRESS", "mail joe at example dot com at 5.30 pm", "joe at example dot com"),
        ("EMAIL_ADDRESS", "write to joe.k at example dot com at home.", "joe.k at example dot com"),
        ("EMAIL_ADDRESS", "an petra (ät) beispiel (punkt) de bitte", "petra (ät) beispiel (punkt) de"),
        ("EMAIL_ADDRESS", "ana.ruiz [arroba] ejemplo [punto] es", "ana.ruiz [arroba] ejemplo [punto] es"),
        ("EMAIL_ADDRESS", "à m.roux(arobase)exemple(point)fr", "m.roux(arobase)exemple(point)fr"),
        ("EMAIL_ADDRESS", "jan { małpa } przyklad { kropka } pl", "jan { małpa } przyklad { kropka } pl"),
        ("EMAIL_ADDRESS", "ivan(собака)primer(точка)ru", "ivan(собака)primer(точка)ru"),
        ("EMAIL_ADDRESS", "jane&#64;example.com", "jane&#64;example.com"),
        ("EMAIL_ADDRESS", "jane%40example.com", "jane%40example.com"),
        ("EMAIL_ADDRESS", "jane＠example．com", "jane＠example．com"),
        ("EMAIL_ADDRESS", "𝐣𝐚𝐧𝐞@example.com", "𝐣𝐚𝐧𝐞@example.com"),
        ("PHONE_NUMBER", "call two one two five five five two three six eight now",
         "two one two five five five two three six eight"),
        ("PHONE_NUMBER", "Two-one-two, five-five-five, two-three-six-eight",
         "Two-one-two, five-five-five, two-three-six-eight"),
        ("PHONE_NUMBER", "teléfono seis uno dos tres cuatro cinco seis siete ocho",
         "seis uno dos tres cuatro cinco seis siete ocho"),
        ("PHONE_NUMBER", "２１２－５５５－２３６８", "２１２－５５５－２３６８"),
        ("PHONE_NUMBER", "2\u200b12-5\u200b55-23\u200b68", "2\u200b12-5\u200b55-23\u200b68"),
        ("CREDIT_CARD", "𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏", "𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏"),
        ("CREDIT_CARD", "④①①①①①①①①①①①①①①①", "④①①①①①①①①①①①①①①①"),
        ("CREDIT_CARD", "เลข ๔๑๑๑๑๑๑๑๑๑๑๑๑๑๑๑", "๔๑๑๑๑๑๑๑๑๑๑๑๑๑๑๑"),
        ("CREDIT_CARD", "৪১১১১১১১১১১১১১১১", "৪১১১১১১১১১১১১১১১"),
        ("US_SSN", "my ssn is five three six nine zero four three nine nine",
         "five three six nine zero four three nine nine"),
        ("NATIONAL_ID", "DNI ５４３６２３１５K", "５４３６２３１５K"),
    ],
)  # fmt: skip
def test_a_disguised_value_is_found_in_its_raw_spelling(kind: str, text: str, value: str) -> None:
    assert found(text) == [(kind, value)]
    raw = pa.array([f"😀 {text} 😀"], pa.large_string())
    masked = mask_column(raw, scan(raw))
    assert value not in masked[0].as_py()
    assert count_left(masked) == {}


@pytest.mark.parametrize(
    "text",
    ["I work at amazon dot com", "I AM AT WORK DOT COM", "[dot] product", "see section (punt) of it",
     "the map (point) is new", "look at the dot com bubble", "meet at noon, dot the i",
     "one two three four five six",
     "one, two, buckle my shoe; three, four, knock at the door", "AT&T &copy; &#169; 100%40", "five at four dot",
     "E = mc², x³ and H₂O", "① first ② second ③ third", "1914–1918 and 1939–45", "ten million – or nine", "he’s at “home”"],
)  # fmt: skip
def test_ordinary_words_and_signs_are_no_disguise(text: str) -> None:
    assert found(text) == []
