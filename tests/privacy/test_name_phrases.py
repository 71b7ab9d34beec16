"""Where names and addresses begin and end: phrases that announce people, edges of addresses, cells under their keys."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.privacy.names import find_names
from curate.privacy.names.addresses import lines, tidy
from curate.privacy.names.anchors import people, spoken
from curate.privacy.names.phrases import alternatives, parts
from curate.privacy.surrogates.mail import Mail
from curate.privacy.surrogates.people import People
from curate.privacy.surrogates.romanised import spellings
from curate.privacy.types import ALL, CODE

_KEY = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"


def found(text: str, kind: str) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=ALL))
    return [text[a:b] for a, b, k in zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist()) if k == kind]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Guten Tag, ich heiße Wulfhild Zotzmann und", "Wulfhild Zotzmann"),
        ("cześć, tu Krzysiek, napisz", "Krzysiek"),
        ("Chào shop, mình là Nguyễn Thị Thanh Hà, sđt", "Nguyễn Thị Thanh Hà"), ("Opérateur : Pr Castaing.", "Castaing"),
        ("la maman de Ibrahima a appelé", "Ibrahima"), ("Me llamo Itziar de la Huerta.", "Itziar de la Huerta"),
        ("oi Zé, manda o pix", "Zé"), ("Auntie Ngozi's phone", "Ngozi"),
    ],
)  # fmt: skip
def test_a_phrase_with_a_name_behind_it_tells_the_whole_name(text: str, name: str) -> None:
    assert name in {text[a:b] for a, b in people(text)}


@pytest.mark.parametrize(
    "text", ["Hi team, we see errors", "mother of the bride", "my name is not on it", "Dear All, hello"]
)
def test_a_phrase_without_a_name_behind_it_tells_nobody(text: str) -> None:
    assert people(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("मेरा नाम रोहित चतुर्वेदी है, मोबाइल", "रोहित चतुर्वेदी"),
        ("ดิฉันชื่อ พิมพ์ชนก ศรีสุวรรณ เบอร์ 081", "พิมพ์ชนก ศรีสุวรรณ"),
        ("שלום, שמי יעל בן-דוד, טלפון", "יעל בן-דוד"), ("سلام، من مریم کاظمی هستم، شماره", "مریم کاظمی"),
        ("您好，我叫欧阳雪，手机", "欧阳雪"),
        ("お世話になります。大河内と申します", "大河内"), ("제 이름은 명지혜이고 연락처는", "명지혜"),
    ],
)  # fmt: skip
def test_scripts_without_capitals_have_their_phrases(text: str, name: str) -> None:
    assert name in {text[a:b].strip() for a, b in spoken(text)}


@pytest.mark.parametrize(
    ("before", "value", "after", "address"),
    [
        ("bor på ", "Storgatan 14, 903 26 Umeå. Ring ", "070-174", "Storgatan 14, 903 26 Umeå"),
        ("1984-07-19|", "M|88 Ferncliff Ave|Buffalo|NY", "|14217", "88 Ferncliff Ave"),
        ("in ", "12 Main St. Springfield", ".", "12 Main St. Springfield"),
        ("Kranz, Hauptstr. 12, ", "70563 Stuttgart", ".", "Hauptstr. 12, 70563 Stuttgart"),
        ("geboren Mai 1989, ", "80331 München", ".", "80331 München"),
        ("tel., ", "Długa 5/12, 80-831 Gdańsk", "", "Długa 5/12, 80-831 Gdańsk"),
        ("kom. 601, ul. ", "Długa 5/12, 80-831 Gdańsk", "", "ul. Długa 5/12, 80-831 Gdańsk"),
        ("CV, 3 bis ", "rue de la Corderie, 29200 Brest", "", "3 bis rue de la Corderie, 29200 Brest"),
        ("", "кинь на карту 4276 3801 2345 6780 две", "", ""),
        ("", "Drehmoment 110 Nm, danach Grundeinstellung gemäß Kapitel 12", "", ""),
    ],
)  # fmt: skip
def test_an_address_ends_where_its_cell_or_sentence_ends_and_takes_what_belongs_to_it(
    before: str, value: str, after: str, address: str
) -> None:
    low, high = tidy(before, value, after)
    whole = before + value
    assert whole[len(before) + low : len(before) + high] == address


def test_a_line_with_a_place_alone_is_a_place_and_a_line_with_more_is_none() -> None:
    value = "3 Kooli 11\n Suite 5\n Riisa\n Estonia 62488"
    pieces = [(value[a:b], kind) for a, b, kind in lines(value)]
    street, place = CODE["STREET_ADDRESS"], CODE["LOCATION"]
    assert pieces == [("3 Kooli 11\n Suite 5", street), ("Riisa", place), ("Estonia", place), ("62488", street)]
    whole = "30 Kooli 11\nTrebelovice, VY 76825"
    assert [whole[a:b] for a, b, _ in lines(whole)] == [whole]
    assert [kind for *_, kind in lines("USNS Ujvary\nFPO AP 24796")] == [street]


def test_towns_stay_in_the_address_where_places_are_not_asked_for() -> None:
    text = "Send it to 14 Whitmore Lane\nSpringfield\nIceland 72399"
    both = find_names(pa.array([text]), ("STREET_ADDRESS", "LOCATION"))
    alone = find_names(pa.array([text]), ("STREET_ADDRESS",))
    assert "LOCATION" in both.type.to_pylist()
    assert set(alone.type.to_pylist()) == {"STREET_ADDRESS"}


@pytest.mark.parametrize(
    "text",
    [
        "post hoc Dunn tests with corrections", "The Kruskal–Wallis test gave 14.8", "Verdacht auf Morbus Crohn",
        "le théorème de Bayes", "when Parkinson's disease was ruled out", "art. Hypertonie, NYHA II", "Referto: negativo",
    ],
)  # fmt: skip
def test_what_is_called_after_somebody_is_nobody(text: str) -> None:
    assert found(text, "PERSON") == []


@pytest.mark.parametrize(
    ("text", "name"), [("Mary's disease has progressed", "Mary"), ("Anna Weber tests the app", "Anna Weber")]
)
def test_people_who_have_or_do_such_things_stay_people(text: str, name: str) -> None:
    assert found(text, "PERSON") == [name] or found(text, "PERSON") == [name + "'s"]


def test_a_label_with_its_number_is_no_address_and_small_words_are_no_part_of_a_name() -> None:
    assert found("Ihre Ordernr 55012987 wurde versandt", "STREET_ADDRESS") == []
    assert found("Can you ping Rajesh Iyer?", "PERSON") == ["Rajesh Iyer"]
    assert found("Pat. Kessler, Irmgard, wh. in Ulm", "PERSON") == ["Kessler, Irmgard"]


def test_strings_under_telling_keys_of_json_are_read_under_them() -> None:
    assert found('{"nom":"Bérengère Vauquelin","ville":"Albi"}', "LOCATION") == ["Albi"]
    assert found('{"lastName": "Zubrow", "plan": "Gold"}', "PERSON") == ["Zubrow"]


def test_firms_and_institutions_of_korean_and_chinese_texts_lose_what_is_no_part_of_them() -> None:
    assert found("㈜대성물산은 지난주에 납품했고", "ORGANIZATION") == ["㈜대성물산"]
    assert found("邮箱zhaoxt@163.com，毕业于武汉大学", "ORGANIZATION") == ["武汉大学"]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("Pat. A., *12.11.1936, wh.", "12.11.1936", "DATE_OF_BIRTH"),
        ("Solveig Tangen, f. 04.05.1949, innlagt", "04.05.1949", "DATE_OF_BIRTH"),
        ("女，1995年6月生，", "1995年6月", "DATE_OF_BIRTH"),
        ("Jane Doe, born March 3, 1985, sued", "March 3, 1985", "DATE_OF_BIRTH"),
        ("no hp 0812-5550-1293", "0812-5550-1293", "PHONE_NUMBER"), ("06-52-11-09-83", "06-52-11-09-83", "PHONE_NUMBER"),
        ("IPP 8004512377", "8004512377", "MEDICAL_ID"), (f"token “{_KEY}”", _KEY, "SECRET"),
    ],
)  # fmt: skip
def test_values_in_forms_of_other_countries_are_found(text: str, value: str, kind: str) -> None:
    assert found(text, kind) == [value]


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("Шаталова", "shatalova"), ("Евгения", "evgenia"), ("Κωστοπούλου", "kostopoulou"), ("Юлия", "yuliya")],
)
def test_names_in_cyrillic_and_greek_have_spellings_in_latin_letters(name: str, spelling: str) -> None:
    assert spelling in spellings(name)


def test_an_address_follows_a_name_in_other_letters() -> None:
    names = People(b"key", "RU")
    names.know("Евгения Шаталова")
    mail = Mail(b"key", names)
    first, last = (spellings(names.word(word))[0] for word in ("Евгения", "Шаталова"))
    assert mail.local("shatalova.e", "shatalova.e@yandex.ru", 0, ()) == f"{last}.{first[0]}"
    assert mail.local("Evgenia_Shatalova", "x", 0, ()) == f"{first.capitalize()}_{last.capitalize()}"


@pytest.mark.parametrize("name", ["王", "Müller", "Smith"])
def test_names_whose_letters_tell_no_other_spelling_have_none(name: str) -> None:
    assert spellings(name) == ()


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("people", "announcing"), ("people", "titles"), ("people", "greetings"), ("bodies", "forms"),
        ("bodies", "kinds_before"), ("bodies", "kinds_behind"), ("bodies", "employed"), ("eponyms", "after"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("flags", ["", "(?i)"])
def test_phrases_told_apart_by_letters_match_what_a_plain_list_of_them_matches(table: str, name: str, flags: str) -> None:
    listed = parts(table, name)
    tree, plain = (re.compile(f"{flags}(?:{body})") for body in (alternatives(table, name), "|".join(listed)))
    words = " ".join(listed) + " " + re.sub(r"\\|\(\?[:=!]|[?()\[\]]", "", "  ".join(listed)).replace("|", " ")
    for text in (words, words.upper(), words.title(), words[::-1]):
        assert [m.span() for m in tree.finditer(text)] == [m.span() for m in plain.finditer(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A senhora Quissac ligou.", "Quissac"), ("La señora Anglada no vino.", "Anglada"),
        ("Dott. Fibranza visita", "Fibranza"), ("Domnul Brelotti a sunat.", "Brelotti"),
        ("Doamna Kallweit asteapta.", "Kallweit"), ("Dzień dobry, Panie Dłubak,", "Dłubak"),
        ("Meneer Tolpeker belde.", "Tolpeker"), ("장서윤 씨에게 전화해 주세요.", "장서윤"),
        ("고객 김서준님이 취소했습니다", "김서준"),
    ],
)  # fmt: skip
def test_whom_a_title_names_is_found_where_no_list_knows_the_name(text: str, name: str) -> None:
    spans = find_names(pa.array([text], pa.large_string()), ("PERSON",))
    assert any(name in text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist()))


def test_the_polite_end_of_korean_nouns_names_nobody() -> None:
    texts = ["담당자님께 전달해 주세요", "선생님이 오셨어요", "아저씨에게 물어봐", "해바라기씨 오일"]
    assert not len(find_names(pa.array(texts, pa.large_string()), ("PERSON",)))
