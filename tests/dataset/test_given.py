"""What stands beside a prompt or a text is named as context; which of several choices is right is an answer, no class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import Dataset, load
from curate.dataset.given import is_choice_column
from curate.dataset.names import (
    ANSWER_KEYS,
    CHOSEN_FOR,
    PASSAGES,
    READ_AFTER,
    READ_BEFORE,
    READ_BY_CLASSIFIERS,
    plain,
    spelled,
)
from curate.errors import DataError
from curate.stages.setting import settings_of

Row = dict[str, Any]
NOUNS = [
    "river",
    "mill",
    "treaty",
    "garden",
    "engine",
    "market",
    "letter",
    "bridge",
    "museum",
    "harbour",
    "village",
    "doctor",
]


def noun(i: int) -> str:
    return NOUNS[i * 7 % 12]


def said(i: int, n: int = 1) -> str:
    return " ".join(f"The old {noun(i + k)} near the {noun(i * 5 + k)} was sold in {1850 + i + k}." for k in range(n))


def asked(i: int) -> str:
    return f"Which {noun(i)} was sold in {1850 + i}?"


def four(i: int) -> list[str]:
    return [f"{noun(i + k)} {k}" for k in range(4)]


def of(tmp_path: Path, make: Any, n: int = 48, **options: Any) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(make(i), ensure_ascii=False) + "\n" for i in range(n)))
    return load(path, **options)


def answers(start: int) -> Row:
    return {"text": [f"the {noun(start)}"] if start % 3 else [], "answer_start": [4] if start % 3 else []}


CHOSEN: dict[str, tuple[Any, str, tuple[str, ...], str]] = {
    "PIQA": (lambda i: {"goal": f"To sell a {noun(i)},", "sol1": said(i), "sol2": said(i + 3), "label": i % 2},
             "goal", ("sol1", "sol2"), "label"),
    "ARC": (lambda i: {"id": f"M{i}", "question": asked(i), "choices": {"text": four(i), "label": list("ABCD")},
                       "answerKey": "ABCD"[i % 4]}, "question", ("choices",), "answerKey"),
    "MedMCQA": (lambda i: {"question": asked(i), **dict(zip(("opa", "opb", "opc", "opd"), four(i))), "cop": i % 4,
                           "subject_name": "ab"[i % 2]}, "question", ("opa", "opb", "opc", "opd"), "cop"),
    "HellaSwag": (lambda i: {"activity_label": noun(i), "ctx": said(i), "endings": four(i), "label": str(i % 4)},
                  "ctx", ("endings",), "label"),
    "WinoGrande": (lambda i: {"sentence": f"The {noun(i)} beat the {noun(i + 1)} because _ was old.",
                              "option1": noun(i), "option2": noun(i + 1), "answer": "12"[i % 2]},
                   "sentence", ("option1", "option2"), "answer"),
    "MMLU": (lambda i: {"question": asked(i), "subject": ["law", "art"][i % 2], "choices": four(i), "answer": i % 4},
             "question", ("choices",), "answer"),
    "a sheet": (lambda i: {"Question": asked(i), **{f"Option {k}": one for k, one in zip("ABCD", four(i))},
                           "Correct Answer": "ABCD"[i % 4], "Topic": ["law", "art"][i % 2]},
                "Question", ("Option A", "Option B", "Option C", "Option D"), "Correct Answer"),
    "COPA": (lambda i: {"premise": said(i), "choice1": said(i + 1), "choice2": said(i + 2),
                        "question": ["cause", "effect"][i % 2], "label": i % 2},
             "premise question", ("choice1", "choice2"), "label"),
    "RACE": (lambda i: {"article": said(i, 9), "question": asked(i), "options": four(i), "answer": "ABCD"[i % 4]},
             "question", ("article", "options"), "answer"),
    "JCommonsenseQA": (lambda i: {"question": f"第{i}番目の物語が書かれているものはどれ？",
                                  **{f"choice{k}": one for k, one in enumerate(four(i))}, "label": i % 4},
                       "question", ("choice0", "choice1", "choice2", "choice3"), "label"),
    "the text of one": (lambda i: {"question": asked(i), "choices": four(i), "answer": four(i)[i % 4]},
                        "question", ("choices",), "answer"),
    "numbers by a letter": (lambda i: {"question": f"What is {i} and 2?", **{k: i + j for j, k in enumerate("ABCD")},
                                       "answer": "ABCD"[i % 4]}, "question", tuple("ABCD"), "answer"),
    "a longer name": (lambda i: {"question_text": asked(i), "options": four(i), "label": i % 4},
                      "question_text", ("options",), "label"),
    "each under its letter": (lambda i: {"question": asked(i), "options": [{k: v} for k, v in zip("ABCD", four(i))],
                                         "answer": "ABCD"[i % 4]}, "question", ("options",), "answer"),
    "the test part": (lambda i: {"question_stem": said(i), "choices": four(i), "label": [i % 4, -1][i % 2]},
                      "question_stem", ("choices",), "label"),
}  # fmt: skip


@pytest.mark.parametrize("shape", CHOSEN)
def test_the_right_one_of_several_choices_is_an_answer_and_no_class(tmp_path: Path, shape: str) -> None:
    make, prompt, context, answer = CHOSEN[shape]
    data = of(tmp_path, make)
    assert data.task == "sft"
    found = (data.roles.prompt, data.roles.context, data.roles.completion, data.roles.label)
    assert found == (tuple(prompt.split(" ")) if shape == "COPA" else (prompt,), context, (answer,), ())
    assert data.response().to_pylist()[:2] == [str(make(i)[answer]) for i in range(2)]  # type: ignore[union-attr]
    assert all(is_choice_column(name) for name in context if name not in ("premise", "article"))
    again = of(tmp_path, make, task=data.task, roles=dict(data.roles.items()))  # as `curate init` writes them
    assert again.roles == data.roles


CLASSES: dict[str, tuple[Any, str, str]] = {
    "classes listed in every row": (
        lambda i: {"text": said(i), "choices": ["good", "bad"], "label": ["good", "bad"][i % 2]}, "text", "label",
    ),
    "votes": (
        lambda i: {"text": said(i), **{k: ["yes", "no"][(i + j) % 2] for j, k in enumerate("ABCD")},
                   "label": ["yes", "no"][i % 2]}, "text", "label",
    ),
    "variants of a product": (
        lambda i: {"description": said(i), "options": [{"color": noun(i)}, {"color": "red"}], "label": "ab"[i % 2]},
        "description", "label",
    ),
    "classes that name no choice": (
        lambda i: {"question": asked(i), "choices": four(i), "label": ["easy", "hard"][i % 2]}, "question", "label",
    ),
    "measurements": (
        lambda i: {"text": said(i), **{k: (i * 37 + j) % 101 / 100 for j, k in enumerate("ABCD")}, "label": i % 2},
        "text", "label",
    ),
    "the likeliest class": (
        lambda i: {"text": said(i), **{k: (i * 37 + j) % 101 / 100 for j, k in enumerate("ABCD")}, "label": "ABCD"[i % 4]},
        "text", "label",
    ),
    "the size of a product": (
        lambda i: {"description": said(i), "options": four(i), "target": i % 3}, "description", "target",
    ),
    "a feeling about a comment": (
        lambda i: {"comment": said(i), "option1": noun(i), "option2": f"L{i}", "label": 1 + i % 2}, "comment", "label",
    ),
    "which answer is better": (
        lambda i: {"question": asked(i), "answer1": said(i), "answer2": said(i + 1), "label": ["1", "2", "tie"][i % 3]},
        "question", "label",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", CLASSES)
def test_classes_beside_lists_stay_classes(tmp_path: Path, shape: str) -> None:
    make, text, label = CLASSES[shape]
    data = of(tmp_path, make)
    assert (data.task, data.roles.text, data.roles.label, data.roles.context) == ("classification", (text,), (label,), ())


JUDGED = [("evidence", "claim"), ("document", "claim"), ("doc", "claim"), ("context", "statement"),
          ("passage", "hypothesis"), ("passage", "statement")]  # fmt: skip


@pytest.mark.parametrize(("passage", "text"), JUDGED)
def test_what_a_passage_says_of_a_claim_is_a_class_of_the_claim(tmp_path: Path, passage: str, text: str) -> None:
    data = of(tmp_path, lambda i: {text: said(i), passage: said(i // 12, 9), "label": ["yes", "no", "open"][i % 3]})
    assert data.task == "classification"
    assert dict(data.roles.items()) == {"text": (text,), "label": ("label",), "context": (passage,)}
    again = of(tmp_path, lambda i: {text: said(i), passage: said(i // 12, 9), "label": i % 3}, roles=data.roles)
    assert again.roles == data.roles


def test_a_place_under_the_name_of_a_passage_is_none(tmp_path: Path) -> None:
    data = of(tmp_path, lambda i: {"statement": said(i), "context": ["a speech", "on TV"][i % 2], "label": "ab"[i % 2]})
    assert (data.roles.text, data.roles.context) == (("statement",), ())
    data = of(tmp_path, lambda i: {"document": said(i, 4), "claim": ["paid", "denied"][i % 2]})
    assert (data.roles.text, data.roles.label) == (("document",), ("claim",))
    data = of(tmp_path, lambda i: {"premise": said(i, 4), "hypothesis": said(i + 1), "label": i % 3})
    assert (data.roles.text, data.roles.context) == (("premise", "hypothesis"), ())


@pytest.mark.parametrize("answer", [answers, lambda i: f"the {noun(i)}"])
def test_the_passage_beside_a_question_hides_no_question(tmp_path: Path, answer: Any) -> None:
    name = "answers" if answer is answers else "answer"
    data = of(tmp_path, lambda i: {"context": said(i // 12, 30), "question": asked(i), name: answer(i)})
    assert dict(data.roles.items()) == {"prompt": ("question",), "context": ("context",), "completion": (name,)}
    assert settings_of(data) == ["context"]  # the same question about another passage is no copy
    short = of(tmp_path, lambda i: {"context": noun(i), "question": asked(i), name: answer(i)})
    assert short.roles.prompt == ("context", "question")


@pytest.mark.parametrize("key", ["db_id", "level", "query_category"])
@pytest.mark.parametrize("called", ["query", "SQL"])
def test_a_query_beside_its_schema_is_an_answer_whatever_class_stands_there(tmp_path: Path, key: str, called: str) -> None:
    def make(i: int) -> Row:
        schema = f"CREATE TABLE t{i % 9} (id int, name text, size int, colour text, price int, year int)"
        return {key: f"d{i % 9}", "question": asked(i), called: f"SELECT {noun(i)} FROM t WHERE y = {i}", "schema": schema}

    data = of(tmp_path, make)
    assert dict(data.roles.items()) == {"prompt": ("question",), "context": ("schema",), "completion": (called,)}
    shots = of(tmp_path, lambda i: make(i) | {"shots": f"{make(i + 1)['question']} {make(i + 1)[called]} {said(i, 30)}"})
    assert (shots.task, shots.roles.prompt, shots.roles.completion) == ("sft", ("question",), (called,))


def test_a_query_that_is_no_sql_or_is_judged_leaves_the_class_its_place(tmp_path: Path) -> None:
    words = of(tmp_path, lambda i: {"level": f"d{i % 9}", "question": asked(i), "query": f"Select {noun(i)} {said(i, 5)}"})
    assert (words.task, words.roles.label) == ("classification", ("level",))
    sql = "SELECT a FROM t WHERE y = "
    for judged, task in {"label": "classification", "right": "text"}.items():
        assert of(tmp_path, lambda i, judged=judged: {"question": asked(i), "sql": f"{sql}{i}", judged: i % 2}).task == task


def test_an_id_that_repeats_is_no_class_but_that_of_a_class(tmp_path: Path) -> None:
    assert of(tmp_path, lambda i: {"text": said(i), "user_id": f"u{i % 9}"}).task == "text"
    assert of(tmp_path, lambda i: {"text": said(i), "category_id": f"c{i % 9}"}).roles.label == ("category_id",)


def turns(i: int) -> list[Row]:
    return [{"role": "user", "content": asked(i)}, {"role": "assistant", "content": said(i)}]


def test_turns_before_a_text_are_not_the_whole(tmp_path: Path) -> None:
    felt = of(tmp_path, lambda i: {"history": turns(i // 12), "utterance": said(i), "emotion": ["joy", "fear"][i % 2]})
    assert dict(felt.roles.items()) == {"text": ("utterance",), "label": ("emotion",), "context": ("history",)}
    told = of(tmp_path, lambda i: {"history": turns(0), "user_message": asked(i), "bot_reply": said(i)})
    assert (told.task, told.roles.text, told.roles.messages) == ("text", ("user_message",), ())
    for beside in ("title", "system_prompt", "persona"):
        data = of(tmp_path, lambda i, beside=beside: {"history": turns(i), beside: said(i), "lang": "en"})
        assert (data.task, data.roles.messages) == ("chat", ("history",))


def test_rows_without_the_answer_keep_their_place(tmp_path: Path) -> None:
    make = CHOSEN["ARC"][0]
    data = of(tmp_path, lambda i: {**make(i), "answerKey": None if i % 5 == 0 else make(i)["answerKey"]})
    assert data.n_rows == 48
    assert not data.rejected


def test_numbers_are_no_answers_without_choices(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds numbers, not text"):
        of(tmp_path, lambda i: {"prompt": asked(i), "n": i}, roles={"completion": "n"})


def test_answers_with_their_places_are_completions(tmp_path: Path) -> None:
    data = of(tmp_path, lambda i: {"context": said(i, 4), "question": asked(i), "answers": answers(i)})
    assert (data.task, data.roles.completion) == ("sft", ("answers",))
    assert data.response().to_pylist()[:2] == ['{"text":[],"answer_start":[]}', f"the {noun(1)}"]  # type: ignore[union-attr]
    trivia = of(tmp_path, lambda i: {"question": asked(i), "answer": {"value": noun(i), "aliases": [noun(i), "it"]}})
    assert (trivia.task, trivia.roles.completion) == ("sft", ("answer",))
    assert trivia.response().to_pylist()[:2] == [noun(0), noun(1)]  # type: ignore[union-attr]


def test_answers_that_are_whole_conversations_need_no_other_turns(tmp_path: Path) -> None:
    def make(i: int) -> Row:
        user = {"role": "user", "content": asked(i)}
        good, bad = ([user, {"role": "assistant", "content": said(i + k)}] for k in (1, 2))
        return {"prompt": asked(i), "chosen": good, "rejected": bad, "messages": good}

    data = of(tmp_path, make)
    assert dict(data.roles.items()) == {"prompt": ("prompt",), "chosen": ("chosen",), "rejected": ("rejected",)}


def test_names_of_lists_are_written_as_they_are_looked_up() -> None:
    assert all(spelled(name) == name == plain(name) for name in {*ANSWER_KEYS, *CHOSEN_FOR, *READ_BEFORE, *READ_AFTER})
    assert (READ_BEFORE | READ_AFTER | READ_BY_CLASSIFIERS) <= PASSAGES
