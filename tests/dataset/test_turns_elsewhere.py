"""Turns that keep their words elsewhere than OpenAI's and ShareGPT's do, and turns inside a column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curate import apply, detect
from curate.dataset import Dataset, load
from curate.dataset.shapes import facts_of
from curate.recipe import Recipe

ASKED = ("How is bread kept fresh", "Where does the river Elbe begin", "Who wrote the oldest song", "What is a leap year")
SAID = ("in a cloth, in a box of wood", "in the Giant Mountains", "nobody knows for sure", "one of 366 days")


def asked(i: int) -> str:
    return f"{ASKED[i % 4]}, asked the {i}th guest of the {i * 7 % 31} who stood in the hall of house {i * 13}?"


def answered(i: int) -> str:
    return f"It is {SAID[i % 4]}, as page {i * 11} of volume {i % 9} tells in its note number {i * 3}."


def of(path: Path, rows: list[dict[str, Any]]) -> Dataset:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path)


TURNS = {
    "Gemini": lambda i: {"contents": [{"role": "user", "parts": [{"text": asked(i)}]},
                                      {"role": "model", "parts": [{"text": answered(i)}]}]},
    "role and text": lambda i: {"dialog": [{"role": "user", "text": asked(i)}, {"role": "bot", "text": answered(i)}]},
    "Cohere": lambda i: {"messages": [{"role": "User", "message": asked(i)}, {"role": "Chatbot", "message": answered(i)}]},
    "a batch": lambda i: {"custom_id": f"r{i}", "body": {"model": "m", "messages": [
        {"role": "user", "content": asked(i)}, {"role": "assistant", "content": answered(i)}]}},
    "a request": lambda i: {"request": {"contents": [{"role": "user", "parts": [{"text": asked(i)}]},
                                                     {"role": "model", "parts": [{"text": answered(i)}]}]}},
}  # fmt: skip


@pytest.mark.parametrize("shape", TURNS)
def test_what_turns_say_is_read_wherever_they_keep_it(tmp_path: Path, shape: str) -> None:
    data = of(tmp_path / "chats.jsonl", [TURNS[shape](i % 40) for i in range(44)])
    assert data.task == "chat"
    assert data.content()[3].as_py() == f"{asked(3)}\n{answered(3)}"
    found = detect(data, Recipe().with_(stages=["exact_duplicates", "text_quality"]))
    assert apply(data, found.resolve()).rows.tolist() == list(range(40))


def test_turns_whose_words_nobody_finds_are_no_conversation(tmp_path: Path) -> None:
    data = of(tmp_path / "a.jsonl", [{"turns": [{"role": "user", "speech": asked(i)}]} for i in range(20)])
    assert data.task == "text"
    assert not facts_of("turns", data._column("turns")).conversation


def test_two_answers_are_read_with_the_turns_that_asked_for_them(tmp_path: Path) -> None:
    rows = [
        {"input": {"messages": [{"role": "user", "content": asked(i)}], "tools": []},
         "preferred_output": [{"role": "assistant", "content": answered(i)}],
         "non_preferred_output": [{"role": "assistant", "content": answered(i + 90)}]}
        for i in range(20)
    ]  # fmt: skip
    data = of(tmp_path / "pairs.jsonl", rows)
    roles = data.roles
    assert data.task == "preference"
    assert (roles.messages, roles.chosen, roles.rejected) == (
        ("input/messages",), ("preferred_output",), ("non_preferred_output",),
    )  # fmt: skip
    assert data.prompt()[2].as_py() == asked(2)


def test_turns_inside_a_column_are_no_conversation_beside_texts(tmp_path: Path) -> None:
    held = lambda i: {"messages": [{"role": "user", "content": asked(i)}]}  # noqa: E731
    rows = [{"prompt": asked(i), "response": answered(i), "meta": held(i)} for i in range(20)]
    assert of(tmp_path / "a.jsonl", rows).task == "sft"
    assert of(tmp_path / "b.jsonl", [{"text": asked(i), "meta": held(i)} for i in range(20)]).roles.text == ("text",)


def test_who_speaks_is_no_label(tmp_path: Path) -> None:
    rows = [{"message_id": str(i), "text": asked(i), "role": ("prompter", "assistant")[i % 2]} for i in range(60)]
    assert of(tmp_path / "a.jsonl", rows).task == "text"
    jobs = [{"text": asked(i), "role": ("nurse", "driver", "cook")[i % 3]} for i in range(60)]
    assert of(tmp_path / "b.jsonl", jobs).roles.label == ("role",)
    wrote = [{"text": asked(i), "speaker": ("human", "gpt")[i % 2]} for i in range(60)]
    assert of(tmp_path / "c.jsonl", wrote).roles.label == ("speaker",)
    asks = [{"request": asked(i), "role": ("user", "developer")[i % 2]} for i in range(60)]
    assert of(tmp_path / "e.jsonl", asks).roles.label == ("role",), "who may ask for it, as a class"
    talks = [{**row, "conversation_id": i // 6} for i, row in enumerate(wrote)]
    assert of(tmp_path / "d.jsonl", talks).task == "text"


def test_what_never_changes_is_a_label_only_where_nothing_else_is(tmp_path: Path) -> None:
    rows = [{"text": asked(i), "topic": "news", "queue": ("late", "lost", "torn")[i % 3]} for i in range(60)]
    assert of(tmp_path / "a.jsonl", rows).roles.label == ("queue",)
    assert of(tmp_path / "b.jsonl", [{"text": row["text"], "label": "spam"} for row in rows]).roles.label == ("label",)


def test_a_label_by_name_that_took_over_is_still_the_label(tmp_path: Path) -> None:
    rows = [{"text": asked(i), "label": "spam", "votes": i % 5} for i in range(60)]
    assert of(tmp_path / "a.jsonl", rows).roles.label == ("label",)


def test_a_conversation_is_one_though_most_of_its_rows_say_nothing(tmp_path: Path) -> None:
    said = ["" if i % 5 else asked(i) for i in range(60)]
    rows = [{"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text}]} for text in said]
    assert of(tmp_path / "a.jsonl", rows).task == "chat"


def test_turns_inside_a_column_are_what_was_asked_beside_an_answer(tmp_path: Path) -> None:
    turns = [{"model": "m", "messages": [{"role": "user", "content": asked(i)}]} for i in range(40)]
    said = [{"input": turns[i], "output": answered(i)} for i in range(40)]
    turn = [{"input": turns[i], "output": {"role": "assistant", "content": answered(i)}, "score": 0} for i in range(40)]
    for name, rows in (("a.jsonl", said), ("b.jsonl", turn)):
        data = of(tmp_path / name, rows)
        assert (data.task, data.roles.prompt, data.roles.completion) == ("sft", ("input/messages",), ("output",))
        assert data.roles.context == ()
    whole = [{"question": asked(i), "answer": answered(i), "meta": turns[i]} for i in range(40)]
    assert of(tmp_path / "c.jsonl", whole).roles.prompt == ("question",)
    some = [row if i % 7 else {"output": row["output"]} for i, row in enumerate(said)]
    assert of(tmp_path / "d.jsonl", some).task == "text", "a row without its turns would be a bad one"


def test_what_was_asked_is_found_beside_two_answers_that_are_texts(tmp_path: Path) -> None:
    turns = [{"messages": [{"role": "user", "content": asked(i)}]} for i in range(40)]
    rows = [{"input": turns[i], "chosen": answered(i), "rejected": answered(i + 1)} for i in range(40)]
    data = of(tmp_path / "a.jsonl", rows)
    assert (data.task, data.roles.messages) == ("preference", ("input/messages",))


def test_a_row_of_empty_parts_keeps_its_place(tmp_path: Path) -> None:
    rows = [{"prompt": asked(i), "completion": answered(i)} for i in range(5)]
    rows[2] = {"prompt": "", "completion": ""}
    content = of(tmp_path / "a.jsonl", rows).content().to_pylist()
    assert content == [f"{asked(i)}\n{answered(i)}" if i != 2 else "" for i in range(5)]


def test_what_never_changes_is_no_text(tmp_path: Path) -> None:
    rows = [{"meta_instruction": "You are a helpful machine.", "chat": {"turn_1": {"Human": asked(i)}}} for i in range(40)]
    data = of(tmp_path / "a.jsonl", rows)
    assert data.roles.text == ()
    assert len(set(data.row_ids.to_pylist())) == 40
    found = detect(data, Recipe().with_(stages=["exact_duplicates"]))
    assert len(apply(data, found.resolve()).rows) == 40


def test_two_texts_whose_names_differ_in_the_language_are_a_pair(tmp_path: Path) -> None:
    for one, other in (("text_en", "text_de"), ("de_said", "fr_said"), ("sentence_eng_Latn", "sentence_deu_Latn")):
        rows = [{"id": i, "domain": "news", one: asked(i), other: answered(i)} for i in range(40)]
        data = of(tmp_path / "a.jsonl", rows)
        assert (data.task, data.roles.prompt, data.roles.completion) == ("sft", (one,), (other,))
    many = [{"text_en": asked(i), "text_de": answered(i), "text_fr": asked(i + 9)} for i in range(40)]
    assert of(tmp_path / "b.jsonl", many).task == "text"
    assert of(tmp_path / "c.jsonl", [{"text_en": asked(i), "label_de": "ab"[i % 2]} for i in range(40)]).task != "sft"
    for n, (one, other) in enumerate((("notes_de", "notes_ca"), ("it_summary", "hr_summary"), ("title_en", "title_fr"))):
        rows = [{one: asked(i), other: answered(i)} for i in range(40)]
        assert of(tmp_path / f"{n}.jsonl", rows).task == "text", "states, departments, catalogues"
