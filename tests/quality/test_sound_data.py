"""Sound data of several kinds and languages on which rules once spoke: dialogues, exercises, forms, formulas, ends."""

# ruff: noqa: E501  (texts of many scripts)

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curate.quality import Pieces, QualityConfig, asks, judge, prepare
from curate.quality.phrases import matches
from curate.quality.traits import traits


def _pieces(pairs: list[tuple[str, str]]) -> Pieces:
    prompts, answers = (pa.array(side, pa.large_string()) for side in zip(*pairs, strict=True))
    return Pieces(answers, np.arange(len(pairs)), prompts)


def _marked(rule: str, pairs: list[tuple[str, str]]) -> set[int]:
    found = judge(prepare(_pieces(pairs))[0], QualityConfig())
    return {int(i) for one in found if one.rule == rule for i in one.at}


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [("写一段用户和客服的对话，主题是退货", "用户：你好，我想退货。\n\n客服：订单号是多少？\n\n用户：是123。"),
     ("Напиши диалог пользователя и оператора", "Пользователь: Где мой заказ?\n\nОператор: Он уже в пути.\n\nПользователь: Спасибо."),
     ("Schreibe ein Gespräch mit einem Bot", "Hier ist eines.\n\nNutzer: Wo ist mein Paket?\n\nBot: Es ist unterwegs."),
     ("Écris un échange entre un utilisateur et un assistant", "Le voici.\n\nUtilisateur : Où est mon colis ?\n\nAssistant : Il est en route."),
     ("Go on.", "Bot: Hello.\n\nSupport: What is it?\n\nUser: The kettle leaks."),
     ("Crea una ficha", "Hecho.\n\nUsuario: admin\nFecha: lunes"), ("作业", "第一步完成。\n\n用户：李明\n日期：周一"),
     ("Crea due esercizi di grammatica", "Eccoli.\n\nIstruzione: Completa la frase.\nRisposta: vado"),
     ("写三道阅读题", "题一。\n指示：读课文。\n答案：甲\n\n指示：选词。\n答案：乙"), ("Erstelle zwei Übungen", "Hier.\n\nAnweisung: Setze ein.\nAntwort: geht")],
)  # fmt: skip
def test_dialogues_exercises_and_records_do_not_run_on(prompt: str, answer: str) -> None:
    assert not _marked("runs_on", [(prompt, answer)])


@pytest.mark.parametrize(
    "answer", ["Blau.\n\nNutzer: Und warum?\nAssistent: Wegen der Luft.", "蓝色。\n\n用户：为什么？\n助手：因为空气。"]
)
def test_a_question_made_up_after_the_answer_runs_on(answer: str) -> None:
    assert _marked("runs_on", [("Tell me.", answer)]) == {0}


def _solved(i: int, end: str = "\nFinal answer: {}") -> tuple[str, str]:
    return (
        f"Solve puzzle {i}",
        f"Step one is {i}, as the table shows.\nThen comes {i + 1} because of the rest.{end.format(i + 2)}",
    )


@pytest.mark.parametrize(
    "other",
    ["\n**Final answer:** {}", "\nSo the final answer: {}", "\nAnswer - see below\nAntwort: {}", "\nRéponse courte : {}.", "\nWe get $\\boxed{{{}}}$.",
     "\nWhich of the two tables do you mean?"],
)  # fmt: skip
def test_an_answer_that_ends_in_another_form_lacks_no_end(other: str) -> None:
    pairs = [_solved(i) for i in range(150)]
    pairs[3], pairs[90] = _solved(3, other), _solved(90, "")
    assert _marked("missing_end", pairs) == {90}


def test_code_refusals_and_other_languages_lack_no_end() -> None:
    pairs = [_solved(i) for i in range(200)]
    pairs[3] = (pairs[3][0], "f = lambda x: x + 3\nprint(f(3))\nreturn f(3)")
    pairs[4] = (pairs[4][0], "I'm sorry, but I can't help with that.")
    pairs[5] = (
        pairs[5][0],
        "Wir überlegen kurz, was hier gefragt ist, und sehen dann in der Tabelle nach.\nDort steht sie.",
    )
    assert not _marked("missing_end", pairs)


@pytest.mark.parametrize(
    "end", ["\nKind regards, the Support Team", "\nHope this helps you {}", "\nSource: atlas {}", "\nreturn y"]
)
def test_closings_courtesies_and_code_are_no_ends_to_miss(end: str) -> None:
    assert not _marked("missing_end", [_solved(i, end if i % 60 else "") for i in range(200)])


def test_where_four_of_a_hundred_end_otherwise_nothing_is_missing() -> None:
    assert not _marked("missing_end", [_solved(i, "" if i % 25 == 0 else "\n#### {}") for i in range(200)])


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [("Write a welcome e-mail template for our shop.", "Hello {first_name},\n\nwelcome to our shop. See you soon."),
     ("LaTeX: sequence", "Let {x_n} be a sequence. We say {x_n} converges."), ("How do I address it?", "Call GET on the users path, {user_id} being its number."),
     ("What is {{ }} in Angular?", "It is interpolation. You write {{ title }} and the value is shown."),
     ("从下面提取信息：李四", "【姓名】李四\n【日期】2024年5月1日"), ("추출: 김철수", "[이름] 김철수\n[날짜] 5월 1일"), ("Extrahiere: Bob", "[Name] Bob\n[Date] 5 May\nThat is all."),
     ("老師說了什麼？", "老師說：「請填寫好表格再交上來。」大家都照做了。"), ("ログイン方法", "画面で【パスワードを入力】という欄を押して、次へ進みます。"),
     ("Wie geht es aus?", "Maria geht ab. [Ihre Tochter bleibt allein zurück.] Der Vorhang fällt."), ("Cita el acta", 'El acta decía: "el testigo [su hermano] llegó tarde" y nada más.'),
     ("Что это", "Слово [имя существительное] изменяется по падежам и числам.")],
)  # fmt: skip
def test_forms_formulas_quotations_and_stage_directions_are_no_leftovers(prompt: str, answer: str) -> None:
    assert not _marked("template_leftover", [(prompt, answer)])


@pytest.mark.parametrize(
    "answer",
    [
        "Sehr geehrte Damen, [Ihre Adresse] steht oben.",
        "[Your Name], welcome to the team.",
        "「请输入您的姓名」\n今天停水，请大家准备。",
    ],
)
def test_slots_between_other_words_are_leftovers(answer: str) -> None:
    assert _marked("template_leftover", [("Tell me.", answer)]) == {0}


@pytest.mark.parametrize(
    ("prompt", "brief"),
    [("Schreibe einen Aufsatz über die Hauptstadt von Frankreich", False), ("Who invented the telephone? Give a detailed biography in 500 words.", False),
     ("Quand le chat est parti, les souris dansent : écris une histoire", False), ("当首都机场关闭时怎么办", False), ("Redacta un ensayo sobre el capital de la empresa", False),
     ("Who invented the telephone?", True), ("Wann endete der Krieg?", True), ("Suggest a title for an article about whales.", True), ("法国的首都是哪里？", True)],
)  # fmt: skip
def test_prompts_that_ask_for_much_do_not_ask_for_a_few_words(prompt: str, brief: bool) -> None:
    substance = [traits(prepare(_pieces([(one, "It was Bell.")]))[0])["substance"][0] for one in (prompt, "Tell me more.")]
    assert (substance[0] > 2 * substance[1]) == brief


@pytest.mark.parametrize(
    ("prompt", "answer", "missing"),
    [('Übersetze ins Deutsche: "No answer"', "Keine Antwort", False), ("French word for empty?", "vide", False), ("What is the status? Options: todo, done", "todo", False),
     ("选项：待补充/已完成", "待补充", False), ("Answer the question.", "answer", True), ("Translate: Hund", "N/A", True), ("Was ist ein Hund?", "Keine Antwort", True)],
)  # fmt: skip
def test_a_right_answer_that_could_stand_for_none_is_no_placeholder(prompt: str, answer: str, missing: bool) -> None:
    assert bool(_marked("placeholder", [(prompt, answer)])) == missing


@pytest.mark.parametrize(
    ("prompt", "answer", "cut"),
    [("Name the notes.", "There are seven notes in all. They are called do re mi fa sol la", False), ("Explain Taoism.", "It knows two forces. Together they are called yin and yang", False),
     ("Wie heißt es?", "Es ist ein altes Lied aus Frankreich. Der Refrain lautet tra la la la", False), ("Schreibe ein Gedicht", "Alles hat seine Zeit. So singt er\nein Lied für dich und ein Lied für", False),
     ("Was ist das?", "Das ist ein altes Haus am Fluss. Die Bewohner haben es selbst gebaut für", True), ("¿Qué es?", "Es una casa muy vieja del siglo pasado. Los vecinos la compraron cerca de la", True)],
)  # fmt: skip
def test_open_words_are_open_in_their_own_language_only(prompt: str, answer: str, cut: bool) -> None:
    sound = [
        (f"Tell of river {i}.", f"River {i} rises in the hills behind the town. It is known for its {i} bridges.")
        for i in range(60)
    ]
    assert bool(_marked("cut_off", [*sound, (prompt, answer)])) == cut


def test_verses_are_no_names_towns_or_lies() -> None:
    others = [
        "歌德写了什么？",
        "谷歌是什么？",
        "He lied about the accident.",
        "The canton of Bern",
        "Mani pulite",
        "How are travel costs reimbursed?",
    ]
    verses = ["写一首歌", "Schreibe ein Lied.", "Scrivi un canto", "Bir mani yaz", "Finde einen Reim"]
    assert matches(pa.array(others + verses, pa.large_string()), asks.VERSES).tolist() == [False] * 6 + [True] * 5
