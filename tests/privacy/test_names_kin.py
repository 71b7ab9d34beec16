"""What the lists say of words that they do not hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curate.privacy.names import find_names
from curate.privacy.names.characters import fold, tables
from curate.privacy.names.kin import kin
from curate.privacy.names.labels import FAMILY, GIVEN, PART, PLACE
from curate.privacy.names.lexer import CAPITAL, SCRIPT, SMALL, token_hash
from curate.privacy.names.model import lexicon_table

WORDS = {
    "김": FAMILY, "영희": GIVEN, "민": GIVEN, "준": PART, "서울": PLACE, "Nowak": FAMILY, "Anna": GIVEN, "Новак": FAMILY,
    "Мария": GIVEN, "דוד": GIVEN, "Krakow": PLACE,
}  # fmt: skip


def bits(word: str, shape: int) -> int:
    entries = sorted((token_hash(fold(name)), value) for name, value in WORDS.items())
    keys, values = lexicon_table(np.array([h for h, _ in entries], np.uint32), np.array([v for _, v in entries], np.uint32))
    data = np.frombuffer(word.encode(), np.uint8)
    return int(kin(data, 0, len(data), shape, tables()[1], keys, values))


@pytest.mark.parametrize(
    ("word", "shape", "expected"),
    [
        ("김영희는", SCRIPT, FAMILY | GIVEN), ("김민준", SCRIPT, FAMILY | PART), ("영희야", SCRIPT, GIVEN),
        ("서울에서", SCRIPT, PLACE), ("배송이", SCRIPT, 0), ("Nowakiem", CAPITAL, FAMILY), ("Annie", CAPITAL, GIVEN),
        ("Annę", CAPITAL, 0), ("Новаком", CAPITAL, FAMILY), ("Марией", CAPITAL, GIVEN), ("nowakiem", SMALL, 0),
        ("Krakowie", CAPITAL, PLACE), ("לדוד", SCRIPT, GIVEN), ("Table", CAPITAL, 0),
    ],
)  # fmt: skip
def test_a_word_is_told_by_what_it_is_made_of(word: str, shape: int, expected: int) -> None:
    assert bits(word, shape) == expected


def people(text: str) -> list[str]:
    spans = find_names(pa.array([text], pa.large_string()), ("PERSON",))
    return [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]


def test_a_korean_name_loses_its_particle() -> None:
    assert people("안녕하세요, 제 이름은 김영희입니다.") == ["김영희"]
    assert people("담당자: 박지훈") == ["박지훈"]
    assert people("김영희는 서울에서 일한다.") == ["김영희"]


def test_inflected_names_are_found() -> None:
    assert people("Rozmawiałem wczoraj z Janem Kowalskim.") == ["Janem Kowalskim"]
    assert people("Вчера я говорил с Иваном Петровым.") == ["Иваном Петровым"]
