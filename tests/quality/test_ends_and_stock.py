"""Answers without the line that ends all others, and one answer under many prompts."""

# ruff: noqa: E501  (texts of many scripts)

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from curate.quality import Pieces, QualityConfig, judge, prepare

THINGS = "apples stamps cards coins shells marbles ribbons buttons".split()  # noqa: SIM905


def _marked(rule: str, pairs: list[tuple[str, str]]) -> set[int]:
    prompts, answers = (pa.array(side, pa.large_string()) for side in zip(*pairs, strict=True))
    measured, _ = prepare(Pieces(answers, np.arange(len(pairs)), prompts))
    return {int(i) for one in judge(measured, QualityConfig()) if one.rule == rule for i in one.at}


def _sum(i: int, end: str) -> tuple[str, str]:
    a, b, thing = 3 + i % 37, 2 + i % 11, THINGS[i % 8]
    asked = f"Ana has {a} {thing} and finds {b} more. How many {thing} has she now?"
    return (
        asked,
        f"She has {a}+{b}={a + b} {thing}.\nThat makes {a + b} {thing}, {'the same as' if i % 2 else 'or'} {b}+{a}.{end.format(a + b)}",
    )


@pytest.mark.parametrize("end", ["\n#### {}", "\nAnswer: {}", "\n**答案：** {}", "\nThe answer is {}."])
def test_an_answer_without_the_line_that_ends_nearly_all_others_is_marked(end: str) -> None:
    pairs = [_sum(i, end) for i in range(120)]
    pairs[7], pairs[50] = _sum(7, ""), (pairs[50][0], "She has")
    assert _marked("missing_end", pairs) == {7, 50}


@pytest.mark.parametrize("end", ["", "\n- {} things", "\n{}"])
def test_answers_that_end_in_their_own_words_bullets_or_figures_have_no_usual_end(end: str) -> None:
    pairs = [(asked, said.replace("That makes", THINGS[i % 7].title())) for i, (asked, said) in
             enumerate(_sum(i, end) for i in range(120))]  # fmt: skip
    pairs[7] = _sum(7, "\nSo it is.")
    assert not _marked("missing_end", pairs)


def test_where_one_answer_in_five_ends_otherwise_nothing_is_missing() -> None:
    assert not _marked("missing_end", [_sum(i, "\n#### {}" if i % 5 else "") for i in range(200)])


STOCK = "Our team of experts will gladly get back to you on the next working day."
ASKED = ["How do I cancel my plan?", "The kettle leaks.", "Where is parcel 17?", "Do you ship to Norway?", "Can two share a login?",
         "My bill looks wrong.", "Which colours does the lamp have?"]  # fmt: skip
FRAMES = [
    "Quick question: {}",
    "{} It is urgent.",
    "Hello! {}",
    "For my mother: {}",
    "{} Thank you.",
    "Second try: {}",
    "Please help: {}",
]


def _tickets(more: list[tuple[str, str]]) -> list[tuple[str, str]]:
    rest = [(f"Is item {i} in stock?", f"Item {i} is in stock, and a box of it costs {i + 3} euros.") for i in range(60)]
    return more + rest


def test_one_answer_to_different_questions_is_a_stock_answer() -> None:
    assert _marked("stock_answer", _tickets([(asked, STOCK) for asked in ASKED])) == set(range(len(ASKED)))


def test_one_answer_to_one_question_in_many_words_is_none() -> None:
    question = "How do I descale a stubborn old kettle without harsh chemicals?"
    answer = "Boil equal parts of water and white vinegar, leave it for half an hour and rinse twice."
    assert not _marked("stock_answer", _tickets([(frame.format(question), answer) for frame in FRAMES]))


def test_courtesies_in_scripts_without_spaces_are_no_stock_answers() -> None:
    thanks = ["助かりました。ありがとうございます。", "わかりました、ありがとうございます。", "了解です、また連絡します。", "解決しました！感謝します。",
              "なるほど、試してみますね。", "とても丁寧な対応で嬉しいです。"]  # fmt: skip
    prompts, answers, rows = [], [], []
    for i in range(60):
        prompts += [f"注文{i}番はいつ届きますか。", thanks[i % 6]]
        answers += [
            f"注文{i}番は{i % 5 + 1}日後に届く予定でございます。",
            "お役に立てて何よりです。またいつでもご連絡ください。",
        ]
        rows += [i, i]
    pieces = Pieces(pa.array(answers, pa.large_string()), np.array(rows), pa.array(prompts, pa.large_string()))
    assert "stock_answer" not in {one.rule for one in judge(prepare(pieces)[0], QualityConfig())}


def test_arithmetic_written_out_is_no_code_and_code_among_it_lacks_no_end() -> None:
    def summed(i: int) -> tuple[str, str]:
        asked, said = _sum(i, "\n#### {}")
        a, b = 3 + i % 37, 2 + i % 11
        return asked, said.replace(f"{a}+{b}={a + b}", f"{a}+{b}=<<{a}+{b}={a + b}>>{a + b}; {{x_1}}={a}, {{x_2}}={b}")

    pairs = [summed(i) for i in range(120)]
    pairs[7] = (pairs[7][0], pairs[7][1].rpartition("\n")[0])
    assert _marked("missing_end", pairs) == {7}
    mixed = [_sum(i, "\n#### {}") for i in range(120)]
    mixed[9] = (mixed[9][0], "x_1 = {3}; y_1 = {4};\nprint(x_1 + y_1);")
    assert not _marked("missing_end", mixed)
