"""What people say of themselves in languages beyond the large ones is found, and the same words about prices are not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.privacy.phrases import phrases_before
from curate.privacy.types import NAMES


def found(text: str) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=NAMES))
    return [(t, text[a:b]) for t, a, b in zip(spans.type.to_pylist(), spans.start.tolist(), spans.end.tolist())]


SAID = (
    ("BANK_ACCOUNT", "30418277365", "ನನ್ನ ಖಾತೆ ಸಂಖ್ಯೆ {}; رقم حسابي البنكي {}; Numri i llogarisë sime është {}"),
    ("BANK_ACCOUNT", "41827736550", "mans bankas konts {}; Шот нөмірі: {}; Moj tekući račun je {}; የባንክ ሂሳብ ቁጥር {}"),
    ("NATIONAL_ID", "3748 2910 5567", "मेरा आधार नंबर {} है; నా ఆధార్ నంబర్ {}; મારો આધાર નંબર {} છે"),
    ("NATIONAL_ID", "0499370899", "کد ملی من {} است; رقم هويتي {}; Broj lične karte: {}; პირადი ნომერი: {}"),
    ("PASSPORT", "A41827736", "Číslo pasu: {}; رقم جواز سفري {}; পাসপোর্ট নম্বর {}; Անձնագրի համարը {}; Pasaport numaram {}"),
    ("DRIVER_LICENSE", "30418277", "رخصة السياقة: {}; Vairuotojo pažymėjimo Nr. {}; רישיון נהיגה {}"),
    ("DATE_OF_BIRTH", "14.08.1979", "Gimimo data: {}; Nilizaliwa tarehe {}; დაბადების თარიღი: {}; పుట్టిన తేదీ {}"),
    ("DATE_OF_BIRTH", "14/08/1979", "تاریخ تولد من {} است; Data e lindjes: {}; Doğum tarixim {}"),
    ("SECRET", "Tulpe#4821", "Fjalëkalimi im është {}; Nenosiri langu ni {}; Паролата ми е {}; പാസ്‌വേഡ് {}"),
    ("PHONE_NUMBER", "0750 418 2773", "ਮੇਰਾ ਫੋਨ ਨੰਬਰ {} ਹੈ; Mans tālruņa numurs ir {}; ስልክ ቁጥሬ {} ነው; కాల్ చేయండి ఫోన్ {}"),
    ("DATE_OF_BIRTH", "1979-08-14", "esmu dzimis {}; Petsa ng kapanganakan: {}; роден на {} во Битола; kam lindur më {}"),
    ("SECRET", "Mango#4821", "كلمة المرور هي {}; Mano slaptažodis {}; الرمز: كلمة السر {}; Wagwoord: {}"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "said"), [(k, v, one.strip()) for k, v, every in SAID for one in every.split(";")]
)
def test_what_somebody_says_of_themselves_is_found(kind: str, value: str, said: str) -> None:
    assert (kind, value) in found(said.format(value))


@pytest.mark.parametrize(
    "text",
    [
        "На банківський рахунок надійшло 12540000 гривень",
        "Akaunti ya benki ina shilingi 12540000 tangu 2019",
        "โอนเข้าบัญชี 2540000 บาท ภายใน 3 วัน",
        "موجودی حساب بانکی 12540000 تومان",
        "the bank account holds 12540000 euros",
        "bare account 10000000 units were sold",
        "پاسپورٹ کی فیس 4500 روپے ہے، 10 دن میں",
        "Rodné číslo má 10 číslic a pred rokom 1954 len 9",
        "Putovnica vrijedi 10 godina, cijena 42,47 eura",
        "ऑर्डर नंबर 408812773490",
        "Sipariş numaram 408812773490",
        "Kasutajanimi või parool on SOCKSv5 protokolli jaoks liiga pikk",
    ],
)
def test_prices_rules_and_orders_in_the_same_words_are_nobodys(text: str) -> None:
    assert found(text) == []


def test_an_account_before_another_word_than_a_currency_stays() -> None:
    assert found("my account number 12540731 European branch") == [("BANK_ACCOUNT", "12540731")]
    assert found("account number 12540731 levels") == [("BANK_ACCOUNT", "12540731")]


@pytest.mark.parametrize(
    "text",
    [
        "telefon nefunguje, reklamace č. 4410028173",
        "Telefonisch besprochen, Vorgang Nr. 4410028173",
        "звонил вчера, обращение № 4410028173",
        "I phoned about the complaint, dossier no. 4410028173",
    ],
)
def test_a_number_that_is_numbered_as_something_else_is_no_telephone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["Rufen Sie mich an unter der Nr. {}", "Telefon nr {}", "Handy-Nr. {}", "call us on freephone no. {}"]
)
def test_a_telephone_that_is_called_a_number_stays(text: str) -> None:
    assert found(text.format("2125550143")) == [("PHONE_NUMBER", "2125550143")]


@pytest.mark.parametrize("joiner", ["", "\u200c", "\u200d"])
def test_a_word_is_one_whatever_marks_and_joiners_stand_in_it(joiner: str) -> None:
    away, identifier = phrases_before(f"పాస్{joiner}పోర్ట్ ")[0]
    assert (away, identifier.type) == (0, "PASSPORT")


def addresses(text: str) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=("STREET_ADDRESS",)))
    return [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]


@pytest.mark.parametrize(
    "text",
    [
        "Hematokrit 41,5 %, Trombosit 240,8 bin, Demir 88,4 ug/dl",
        "Glucosa 104,5 mg/dL, Triglicéridos 141,2 mg/dL",
        "Subtotal 917,20 + IVA 192,61",
        "Douglas 1,376,957 votes, Breckinridge 849,781 votes",
        "CD-ROM com o Ubuntu 10.04 'Lucid Lynx'",
    ],
)
def test_a_word_before_a_decimal_number_is_no_address(text: str) -> None:
    assert addresses(text) == []


@pytest.mark.parametrize(
    "text", ["Lindenallee 5,80331 München", "Rua das Flores 23,4050-265 Porto", "ul. Mickiewicza 27/4"]
)
def test_an_address_with_a_comma_right_behind_its_number_stays(text: str) -> None:
    assert addresses(text)


def people(text: str) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=("PERSON",)))
    return [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]


@pytest.mark.parametrize(
    "text", ["Departure 14 Jun 12:25, gate B22", "To 14 Kasım 12:25", "Rapat 9 Mei", "Julio 14, 12:25: train delayed"]
)
def test_a_month_beside_a_day_is_nobody(text: str) -> None:
    assert people(text) == []


@pytest.mark.parametrize("name", ["Mart Smeets", "Jan Peeters", "April O'Neil"])
def test_people_who_are_called_as_months_are(name: str) -> None:
    assert people(f"Room 12: {name} called at 10:15") == [name]
