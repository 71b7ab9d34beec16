"""Texts in many languages and styles: telephones and births by the words of each, look-alikes left alone."""

from __future__ import annotations

import importlib
from pathlib import Path

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan

ROOT = Path(__file__).parents[2]


def found(text: str, config: ScanConfig | None = None) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()), config)
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


PHONES = [
    ("Meine Handynummer: {}", "01512 3456789"), ("Rückruf erbeten unter {}", "0221 4710-815"),
    ("Tel.: {}", "089 / 1234 56-78"),
    ("Chiamami al {} dopo le 19", "347 123 4567"), ("Hola, mi número es {}, llámame", "612 34 56 78"),
    ("Telemóvel {}", "910 434 988"), ("Telefoonnummer {}", "020 624 1111"), ("Proszę dzwonić: {}", "22 174 94 10"),
    ("Volejte na {}", "703 756 003"), ("Мой телефон {}, звоните", "8 (916) 123-45-67"), ("ТЕЛЕФОН: {}", "123-45-67"),
    ("電話番号は{}です", "080-7185-6198"), ("我的手机号是{}，谢谢", "13437558072"), ("전화번호 {}", "010-1234-5678"),
    ("Τηλ. {}", "2740 829 528"), ("मेरा मोबाइल नंबर {} है", "9876543210"), ("รับสายที่ โทร {}", "081-234-5678"),
    ("رقم الهاتف: {}", "050 123 4567"), ("Mob: {}", "9845012345"), ("phone={}&x=1", "3015550117"),
    ("call {}", "4155550132"), ("handy: {}", "12345678"), ("reach me at {}", "4155550132"),
    ("id,phone\n17,{},x", "+1-202-555-0143"), ("id,tel\n17,{},x", "202-555-0143"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), PHONES, ids=[v for _, v in PHONES])
def test_a_telephone_is_found_by_the_words_of_its_language(text: str, value: str) -> None:
    assert found(text.format(value)) == [("PHONE_NUMBER", value)]


BIRTHS = [
    ("Date of Birth: {}", "14th June 1988"), ("D.O.B. {}", "14 Jul 1962"), ("geb. {} in Kassel", "14.2.1991"),
    ("Geb.-Dat. {}", "1.1.1970"), ("Geburtsdatum: {}", "22. März 1985"), ("née le {} à Lille", "12/05/1983"),
    ("Date de naissance : {}", "4 mars 1967"), ("nacida el {}", "2 de enero de 1970"),
    ("fecha nac. {}", "02-01-1970"), ("nato a Torino il {}", "18/11/1983"), ("Data de nascimento: {}", "07/09/1988"),
    ("geboren op {}", "12 mei 1982"), ("ur. {}", "14.05.1944"), ("Narozen {}", "19.3.1971"),
    ("födelsedatum {}", "1975-05-05"), ("syntymäaika {}", "3.4.1966"), ("doğum tarihi {}", "12.12.1980"),
    ("Дата рождения: {}", "05.06.1987"), ("生年月日：{}", "1990年5月3日"), ("출생 {}", "1990년 5월 3일"),
    ("She was born on {} in Oslo", "March 5, 1971"), ("Ich bin am {} geboren.", "12.05.1990"),
    ("Nací el {}.", "7 de junio de 1985"),
    ("birth_date={}", "19850607"), ("Mein Geburtstag ist der {}.", "12. Mai 1990"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), BIRTHS, ids=[v for _, v in BIRTHS])
def test_a_date_of_birth_is_found_by_the_words_of_its_language(text: str, value: str) -> None:
    assert found(text.format(value)) == [("DATE_OF_BIRTH", value)]


LOOK_ALIKES = [
    "it joined NATO on 1 April 2009", "Geb is 13.0-10 = 3 years older", "The film, born March 5, 1971 in a studio",
    "contains 3000-4000 pores per cell", "charge 1.602 176 6208 e-19", "Physical Review E, 71(6), 065103 (2005).",
    "e.g. phone 000-000-0000", "INSERT INTO users (id, phone) VALUES (1002003, NULL)", "PNR 4512345678, coach B2",
    "CEP 01310-100, São Paulo", "Bestellnummer 4711-0815-3344", "договор № 1234567890 от 01.02.2024", "h_arr[1::2] == host",
    "The card 1234 5678 9012 3456 is no card", '{"account-start": ["2017-02-03"]}', "AWS account 123456789012",
    "3cf9a1b2c3d4e5f60718293a4b5c6d7e8f90cf12345678", "Social Networks 30(2):136-145", "主文 1234567890123",
    "number of calls: 1234567", "message 1234567890", "Signal 12345678 dB", "cell 12345678 in table", "reach 1000000 users",
    "mobile 1 234 567 EUR", "Call of Duty, 400 000 000 sold", "tel. 2023/24 season", "phone: 12:30-14:00",
    "tel aviv 1948-2018", "handy tools 12345678", "Kontakt: siehe 2023-2024", "Phone: n/a", "call id 4155550132",
]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", [
    "Telefon 030 123456", "電話番号は080-7185-6198です", "geb. 14.2.1991", "phone=3015550117&x=1", "MRN 00482913",
])  # fmt: skip
def test_emoji_and_right_to_left_text_before_a_value_move_its_offsets_only(text: str) -> None:
    ((kind, value),) = found(text)
    for before in ("😀👍🏽 ", "שלום עולם. ", "\u202bمرحبا\u202c. ", "e\u0301 "):
        assert found(before + text) == [(kind, value)]


def test_a_label_in_front_is_no_part_of_the_value() -> None:
    assert found("DOB: 07/14/1962 MRN 00482913 admitted") == [("DATE_OF_BIRTH", "07/14/1962"), ("MEDICAL_ID", "00482913")]


@pytest.mark.parametrize(("name", "least"), [("styles_tune.txt", 0.95), ("styles_held.txt", 0.9)])
def test_the_marked_texts_of_the_benchmark_stay_found(name: str, least: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    styles = importlib.import_module("benchmarks.pii.styles")
    gold = styles.read(name)
    spans = styles.found(gold.texts, "US")
    right = len(set(gold.spans) & set(spans))
    precision, recall = right / len(spans), right / len(gold.spans)
    assert 2 * precision * recall / (precision + recall) >= least
