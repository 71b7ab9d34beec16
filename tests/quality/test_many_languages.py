"""Leftovers, lost encodings, missing texts and songs in other languages and scripts."""

# ruff: noqa: E501  (texts of many scripts)

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from repaired_text import repaired

from curate.quality import Pieces, QualityConfig, judge, prepare


def _rules(answer: str, prompt: str = "Tell me.") -> set[str]:
    columns = (pa.array([one], pa.large_string()) for one in (answer, prompt))
    answers, prompts = columns
    return {one.rule for one in judge(prepare(Pieces(answers, np.arange(1), prompts))[0], QualityConfig())}


@pytest.mark.parametrize(
    "text",
    ["Unser Büro öffnet um [UHRZEIT EINFÜGEN] und schließt um sechs.", "Prezado [Nome do Paciente], sua consulta é amanhã.",
     "Sayın [Müşteri Adı], siparişiniz kargoya verildi.", "各位业主：本小区将于【此处填写日期】停水。", "مرحبا {{الاسم}}، يسعدنا انضمامك.",
     "سيعقد الاجتماع يوم [أدخل التاريخ] في القاعة.", "【会社名】の担当者様、いつもお世話になっております。", "안녕하세요 [이름] 고객님, 주문이 완료되었습니다.",
     "Hello {first_name}, welcome to the team.", "Здравствуйте, [Ваше имя], заказ отправлен."],
)  # fmt: skip
def test_places_left_open_are_found_in_many_languages(text: str) -> None:
    assert "template_leftover" in _rules(text)


@pytest.mark.parametrize(
    "text",
    ["See the notes [1] and [Smith 2004] for more.", "Call /users/{user_id}/orders to list them.", "他说【重要】的事情有三件。", "「日付」という言葉を使う。",
     "The set $ {a_1, a_2} $ has two members.", "Nome: Anna [detta Nina] Rossi vive a Roma.", "Designers call it 'lorem ipsum' text."],
)  # fmt: skip
def test_brackets_that_belong_to_the_text_are_left(text: str) -> None:
    assert "template_leftover" not in _rules(text)


@pytest.mark.parametrize(
    ("text", "through"),
    [("После пожара дома стали строить из кирпича.", "cp1251"), ("Zażółć gęślą jaźń, powiedział król.", "cp1252"), ("光合作用は光", "latin-1"),
     ("बारिश होती है", "latin-1"), ("العربية لغة جميلة", "latin-1"), ("şimdi çağrı yapıldığı için", "cp1252"), ("καλημέρα σας", "cp1253")],
)  # fmt: skip
def test_texts_read_in_a_wrong_encoding_are_garbled(text: str, through: str) -> None:
    assert "garbled" in _rules(text.encode().decode(through, errors="ignore"))
    assert "garbled" not in _rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "锟斤拷锟斤拷闪电是云层放电",
        "PŘÍŠERNĚ ŽLUŤOUČKÝ KŮŇ",
        "РОССИЯ И СССР",
        "GÖTEBORG – ÅR…",
        "10 Å² is the cross section",
        "ÀÉÎ«ÕÜ»",
    ],
)
def test_capitals_and_units_are_no_lost_encoding(text: str) -> None:
    assert ("garbled" in _rules(text)) == text.startswith("锟")


@pytest.mark.parametrize(
    "text", ["k. A.", "Antwort folgt", "暂无", "내용 없음", "Sin respuesta.", "нет данных", "Bilgi yok", "該当なし"]
)
def test_texts_that_stand_for_none_are_known_in_other_languages(text: str) -> None:
    assert "placeholder" in _rules(text)


def test_an_arrow_stands_for_itself() -> None:
    assert "placeholder" not in _rules("-->", "Draw an arrow in ASCII.")


@pytest.mark.parametrize(
    "text",
    ["Blau.\n\n### Anweisung:\nNenne ein Tier.\n\n### Antwort:\nHund.", "Azul.\n\nInstrucción: nombra un animal.\nRespuesta: perro.",
     "蓝色。\n\n指令：说一种动物。\n回答：狗。"],
)  # fmt: skip
def test_answers_that_make_up_the_next_prompt_are_found_in_other_languages(text: str) -> None:
    assert "runs_on" in _rules(text)


@pytest.mark.parametrize(
    "prompt", ["Componi dei versi sul vento.", "Schreibe ein Lied.", "写一首诗", "Şarkı sözü yaz.", "Напиши песню"]
)
def test_verses_may_return(prompt: str) -> None:
    song = "la luna dorme\nil vento canta\nla strada torna\nla luna dorme\nil treno passa\nla luna dorme"
    assert "repeated_item" in _rules(song, "Elenca sei cose.")
    assert "repeated_item" not in _rules(song, prompt)


def test_a_page_of_the_web_that_begins_with_a_paragraph_is_prose() -> None:
    page = "<p>La renta ser&aacute; de 800&nbsp;&euro; al mes.</p><p>Se pagar&aacute; por transferencia.</p>"
    assert repaired(page) == "La renta será de 800 € al mes.\nSe pagará por transferencia."
    assert repaired("<p>This is <b>bold</b>.</p>") == "<p>This is <b>bold</b>.</p>"


def test_an_answer_in_the_language_of_its_prompt_is_in_no_wrong_one() -> None:
    english = "Water that rises as vapour from the sea comes down again as rain on the hills and fields behind the coast."
    german = "Ein Notar beurkundet Verträge über Häuser und Grundstücke und achtet darauf, dass beide Seiten wissen, was sie tun."
    answers = pa.array([f"{english} That is case {i}." for i in range(60)] + [german, german], pa.large_string())
    prompts = ["Where does rain come from?"] * 60 + ["Was macht ein Notar?", "What does a notary do all day?"]
    given = prepare(Pieces(answers, np.arange(62), pa.array(prompts, pa.large_string())))[0]
    marked = {lang: [one.at.tolist() for one in judge(given, QualityConfig(language=lang)) if one.rule == "wrong_language"]
              for lang in ("majority", "en")}  # fmt: skip
    assert marked == {"majority": [[61]], "en": [[60, 61]]}
