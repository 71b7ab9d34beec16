"""Plates, accounts, births and telephones by their labels in many languages; what such labels do not reach."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import scan


def found(text: str) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()))
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


PLATES = [
    ("Kennzeichen {} fehlt", "HRO-KD 412"), ("Kfz {}, km-Stand 84.220", "B MW 2203"), ("Matrícula {}, multa", "4821 KLM"),
    ("immatriculé {}, flashé", "FG-418-KZ"), ("Targa {}, verbale", "FX 412 KD"), ("placa {}, cor azul", "BRA2E19"),
    ("nr rej. {}, OC", "KR 4K812"), ("SPZ {}, modrá", "4A2 3000"), ("reg.nr {}, besiktad", "KDA 41B"),
    ("plaka {} olan araç", "35 KD 412"), ("nopol {} warna", "B 1448 KDA"), ("biển số {}, màu", "51F-448.12"),
    ("Kennzeichen {}", "PM-AB 123"), ("Kennzeichen {}", "TÜ-AB 12"), ("Kennzeichen {}", "KG-X 99"),
    ("number plate {}", "AM 1234"), ("license plate {}", "TL 55 KM"), ("plate: {}", "KDA 41B"),
    ("vehicle registration {}", "EN 1234 AB"), ("targa auto {}", "GK 417 ZT"), ("Kfz: {}", "B MW 2203"),
    ("车牌{}，颜色", "沪A·K4812"), ("plate {}, insured since 2014", "8KDA412"), ("number plate {} on a van", "AB12 CDE"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), PLATES, ids=[v for _, v in PLATES])
def test_a_plate_is_found_by_its_label(text: str, value: str) -> None:
    assert found(text.format(value)) == [("LICENSE_PLATE", value)]


@pytest.mark.parametrize("value", ["KDA 41B", "8KDA412", "B MW 2203"])
def test_a_plate_fills_the_cell_of_a_column(value: str) -> None:
    spans = scan(pa.array([value], pa.large_string()), names="placa")
    assert spans.type.to_pylist() == ["LICENSE_PLATE"]


ACCOUNTS = [
    ("bankgiro {}, tack", "5051-6822"), ("konto {} i banken", "994 204 471-2"), ("Kontonr. {}", "1503.44.81207"),
    ("transferime a la CBU {} gracias", "2850590940090418135201"), ("CLABE {}", "002010077777777771"),
    ("普通 {} 口座名義", "4481207"), ("계좌 {} 예금주", "448120-04-071239"), ("खाता संख्या {}, राशि", "30448120719"),
    ("bg: {}", "5051-6822"), ("Konto: {}", "8400 4400"),
    ("STK {} Vietcombank", "0071000448120"), ("A/C No: {}", "50100234567891"), ("Acc: {} at the branch", "1044 8120"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), ACCOUNTS, ids=[v for _, v in ACCOUNTS])
def test_an_account_is_found_by_its_label(text: str, value: str) -> None:
    assert found(text.format(value)) == [("BANK_ACCOUNT", value)]


BIRTHS = [
    ("患者出生日期:{},血压", "1983年12月12日"), ("出生日期为{}", "1990年11月22日"), ("申请人出生年月：{}", "1978年11月2日"),
    ("他的生日是{}", "1990年5月3日"), ("誕生日は{}です", "1990年5月3日"), ("患者の生年月日は{}", "1985年12月3日"),
    ("출생일은 {}", "1990년 5월 3일"), ("환자생년월일: {}", "1985년 3월 4일"), ("ผู้ป่วยวันเกิด {}", "12/03/1985"),
    ("وتاريخ ميلادها {}", "12/03/1985"), ("تاریخ تولد: {}", "12/05/1985"), ("תאריך הלידה שלי {}", "12/03/1985"),
    ("doğum tarihim {}", "12.03.1985"), ("Syntymäaikani on {}", "3.4.1980"), ("urodziłem się {} w Gdyni", "12.03.1985"),
    ("születési dátumom: {}", "1985.03.12"), ("tanggal lahirku {}", "12-03-1985"), ("data nașterii: {}", "04.05.1960"),
    ("дата моего рождения {}", "12.03.1985"), ("Ngày sinh của tôi là {}", "12/03/1985"),
    ("Geburtsdatum des Kindes: {}", "04.05.2012"), ("Date of birth of the insured: {}", "04/05/1967"),
    ("geboortedatum van patiënt: {}", "12-03-1985"), ("fecha de nacimiento del menor: {}", "04/05/2011"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), BIRTHS, ids=[t for t, _ in BIRTHS])
def test_a_birth_is_found_behind_its_field_as_the_language_bends_or_joins_it(text: str, value: str) -> None:
    assert found(text.format(value)) == [("DATE_OF_BIRTH", value)]


@pytest.mark.parametrize(
    "text",
    ["発生日:2020年3月4日", "再生日 2001年3月4日", "발생일 1999년 3월 4일", "誕生日会は1990年5月3日", "学生日 1990年5月3日",
     "출생아 수는 1999년 3월 4일", "Date of birth certificate issue: 04/05/2010", "date of publication of it: 04/05/1967"],
)  # fmt: skip
def test_words_that_only_hold_the_signs_of_birth_speak_of_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("lead", ["", "x", "xy"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ريال سعودي، تاريخ الميلاد {}", "1985/03/21"), ("の番号です。大阪市北区梅田、生年月日 {}、健康", "1979/08/17"),
        ("biển số xe và màu sơn của chủ, sinh ngày {}", "05/09/1995"), ("паспорт выдан, дата рождения {}", "30.11.1984"),
    ],
)  # fmt: skip
def test_letters_of_several_bytes_before_a_birth_do_not_hide_it(text: str, value: str, lead: str) -> None:
    """The bytes that are looked at may begin inside a letter, wherever that falls."""
    assert found((lead + text).format(value)) == [("DATE_OF_BIRTH", value)]


@pytest.mark.parametrize("label", ["Nascimento", "Naissance", "Nacimiento", "Nascita", "Data nasc."])
def test_a_birth_is_a_field_of_a_form(label: str) -> None:
    assert found(f"{label}: 14/02/1961") == [("DATE_OF_BIRTH", "14/02/1961")]


TELEPHONES = [
    "+39.0104481207", "+49 (0)431 / 220 18-44", "+49 40 / 35 91 77-0",
]  # fmt: skip


@pytest.mark.parametrize("value", TELEPHONES)
def test_an_international_telephone_may_have_a_slash_or_the_form_of_a_registry(value: str) -> None:
    assert found(f"whois: {value}") == [("PHONE_NUMBER", value)]


TAKEN = [
    ("telefon {}, comanda 4481207", "0744 481 207"), ("sđt {}, đơn 4481207.", "0903.448.120"),
    ("el teléfono {}. Exp. 2026/00417.", "634 218 907"), ("pojistka č. 4481207120, tel. {}", "604 481 207"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), TAKEN, ids=[t for t, _ in TAKEN])
def test_a_telephone_word_speaks_of_one_number(text: str, value: str) -> None:
    assert found(text.format(value)) == [("PHONE_NUMBER", value)]


@pytest.mark.parametrize("text", ["phone 0744 481 207 or 5550117", "Mobile: 737 219 628\nDesk: 5403926876"])
def test_two_numbers_behind_one_word_are_both_telephones(text: str) -> None:
    assert [kind for kind, _ in found(text)] == ["PHONE_NUMBER", "PHONE_NUMBER"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Tel: {} Ion, {} Maria", ("0744481207", "0744481208")),
        ("emergency phone {}, doctor {}, school {}", ("4155552672", "4155552673", "4155552674")),
        ("Phones: Maria {}, John {}, Sue {}", ("4155552672", "4155552673", "4155552674")),
        ("call {} then ask for Bob {}", ("4155552671", "4155552699")),
        ("Mobile: {} (Tom) {} (Ann)", ("07700900123", "07700900124")),
    ],
)  # fmt: skip
def test_names_between_numbers_take_no_telephone_away(text: str, values: tuple[str, ...]) -> None:
    assert found(text.format(*values)) == [("PHONE_NUMBER", value) for value in values]


@pytest.mark.parametrize("text", ["I upgraded {} last night", "Please upgrade {}"])
def test_an_address_that_is_upgraded_is_one(text: str) -> None:
    assert found(text.format("93.184.216.34")) == [("IP_ADDRESS", "93.184.216.34")]


def test_a_label_behind_a_comma_belongs_to_the_next_value() -> None:
    assert found("fødselsnr. 08027530991, kontonr. 1503.44.81207") == [
        ("NATIONAL_ID", "08027530991"), ("BANK_ACCOUNT", "1503.44.81207"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Passnr. P1284471, wh. in Graz", "PASSPORT", "P1284471"),
        ("DL D4481207 CA, exp 08/17/29", "DRIVER_LICENSE", "D4481207"),
        ("voter ID XGT1923847.", "NATIONAL_ID", "XGT1923847"),
        ("prawo jazdy 00448/12/1261", "DRIVER_LICENSE", "00448/12/1261"),
    ],
)  # fmt: skip
def test_an_abbreviated_label_is_one(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


LOOK_ALIKES = [
    "Plate 4A shows the fossil; plates II and XII are new.", "The plate was 1200 USD at auction, lot 417.",
    "La plaque coûte EUR 45, la pose EUR 20.", "La targa costa EUR 350 e pesa 12 KG.", "placa de video RTX 3060 12 GB",
    "Kennzeichen eines guten Plans: 3 Ziele, EUR 5000 Budget.", "The account of 1848 fills pages 210-244.",
    "Account Manager | room 34 943", "Bank account opening takes 15 minutes and 3 documents.",
    "Nascimento de Venus, Botticelli, 1484-1486",
    "steel plate A36", "ASTM A516 GR70", "plate: ASTM A516 GR70", "plate AZ91 alloy", "plate EN AW 6082", "KFZ ISO 9001",
    "targa Porsche 911 GT3", "Placa madre H310 M2", "Placa madre: H310 M2", "Registration No. EN 10204", "SPZ 2020 A12",
    "plate: XIV 2020", "Matrícula universitaria: 1200 EUR en 3 plazos", "stk 100000", "STK 500000 skruer på lager",
    "bg 2 47-1", "see pg 210-2440", "口座 1000000円", "CBU 100000 units", "ACC 10000000 iterations", "Konto 8400 4400",
    "account 4000 5000 ledger", "Nac. 2020-01-01 liga", "nar. 2019-05-05", "dogum: 2021-03-03", "unit number 123456",
    "onCallback(1234567890)", "+3.1415926 and +2.7182818",
]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_labelled_value_is_left_alone(text: str) -> None:
    assert found(text) == []
