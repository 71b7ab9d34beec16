"""Roles and tasks are found by name and content, explained, and can be overruled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import Dataset, Roles, load

DATA = Path(__file__).parents[2].parent / "shared" / "data"
REAL: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "banking77/train.csv": ("classification", {"text": ("text",), "label": ("category",)}),
    "alpaca/random_9k.json.gz": ("sft", {"prompt": ("instruction", "input"), "completion": ("output",)}),
    "chat_formats/alpaca_en_demo.json.gz": ("sft", {"prompt": ("instruction", "input"), "completion": ("output",)}),
    "chat_formats/dpo_en_demo.json.gz": (
        "preference", {"messages": ("conversations",), "chosen": ("chosen",), "rejected": ("rejected",)},
    ),
    "chat_formats/kto_en_demo.json.gz": ("unpaired_preference", {"messages": ("messages",), "label": ("label",)}),
    "chat_formats/glaive_toolcall_en_demo.json.gz": ("chat", {"messages": ("conversations",), "tools": ("tools",)}),
    "gsm8k/train.jsonl.gz": ("sft", {"prompt": ("question",), "completion": ("answer",)}),
    "tabular/law_school_clean.csv": ("classification", {"label": ("pass_bar",), "group": ("male", "race")}),
    "identity_terms/bias_madlibs_77k.csv.gz": ("classification", {"text": ("Text",), "label": ("Label",)}),
    "identity_terms/toxicity_fuzzed_testset.csv.gz": ("classification", {"text": ("comment",), "label": ("toxic",)}),
    "presidio_synth/synth_dataset_v2.json": ("text", {"text": ("full_text",)}),
    "near_duplicates/toolformer-dedupe-only-dataset.json.gz": (
        "sft", {"prompt": ("instruction", "input"), "completion": ("output",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_recognised_and_come_back_unchanged(tmp_path: Path, name: str) -> None:
    if not (DATA / name).exists():
        pytest.skip("the shared data is not here")
    task, roles = REAL[name]
    dataset = load(DATA / name)
    assert dataset.task == task
    assert dict(dataset.roles.items()) == roles
    assert not dataset.rejected
    content = dataset.content()
    assert (len(content), content.null_count) == (dataset.n_rows, 0)
    dataset.write(tmp_path / "out", range(dataset.n_rows), {})
    again = dataset.select(range(0, dataset.n_rows, 3))
    again.write(tmp_path / f"part{dataset.suffix}")
    assert load(tmp_path / f"part{dataset.suffix}", task=task, roles=roles).content().equals(again.content())
    if dataset.source.compression == "none":
        assert (tmp_path / "out").read_bytes() == (DATA / name).read_bytes()


def of(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return load(path, **options)


WORDS = ["red apples are sweet", "green pears are not", "blue plums taste fine", "old bread is hard"]


def rows(n: int, **columns: Any) -> list[dict[str, Any]]:
    def cell(value: Any, i: int) -> Any:
        return value(i) if callable(value) else value

    return [{name: cell(value, i) for name, value in columns.items()} for i in range(n)]


def sentence(i: int) -> str:
    return f"{WORDS[i % 4]} number {i}"


TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
GPT = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]
SHAPES: dict[str, tuple[list[dict[str, Any]], str, dict[str, tuple[str, ...]]]] = {
    "openai": (rows(9, messages=TURNS), "chat", {"messages": ("messages",)}),
    "sharegpt": (rows(9, id=lambda i: f"x{i}", conversations=GPT), "chat", {"messages": ("conversations",)}),
    "odd name": (rows(9, talk=GPT), "chat", {"messages": ("talk",)}),
    "messages as text": (rows(9, messages=json.dumps(TURNS)), "chat", {"messages": ("messages",)}),
    "dpo strings": (
        rows(9, prompt=sentence, chosen="yes", rejected="no"),
        "preference", {"prompt": ("prompt",), "chosen": ("chosen",), "rejected": ("rejected",)},
    ),
    "dpo turns": (
        rows(9, prompt=sentence, chosen=TURNS, rejected=TURNS),
        "preference", {"prompt": ("prompt",), "chosen": ("chosen",), "rejected": ("rejected",)},
    ),
    "hh": (rows(9, chosen=sentence, rejected=sentence), "preference",
           {"chosen": ("chosen",), "rejected": ("rejected",)}),
    "kto": (
        rows(30, prompt=sentence, completion=sentence, label=lambda i: i % 2 == 0),
        "unpaired_preference", {"label": ("label",), "prompt": ("prompt",), "completion": ("completion",)},
    ),
    "question and answer": (
        rows(30, question=sentence, answer=sentence, category=lambda i: "ab"[i % 2]),
        "sft", {"prompt": ("question",), "completion": ("answer",)},
    ),
    "unknown names": (
        rows(60, blurb=sentence, kind_of=lambda i: "ab"[i % 2]),
        "classification", {"text": ("blurb",), "label": ("kind_of",)},
    ),
    "numbers for labels": (
        rows(60, text=sentence, label=lambda i: i % 3, id=lambda i: i),
        "classification", {"text": ("text",), "label": ("label",)},
    ),
    "a label that is an id": (rows(60, text=sentence, label=lambda i: f"id{i}"), "text", {"text": ("text",)}),
    "one row": (rows(1, text=sentence, label="a"), "classification", {"text": ("text",), "label": ("label",)}),
    "pairs": (
        rows(60, premise=sentence, hypothesis=sentence, label=lambda i: "ab"[i % 2]),
        "classification", {"text": ("premise", "hypothesis"), "label": ("label",)},
    ),
    "metadata": (
        rows(60, body=sentence, intent=lambda i: "ab"[i % 2], gender=lambda i: "fm"[i % 2],
             split=lambda i: ["train", "test"][i % 2],
             created_at="2024-01-01", source="web", sample_weight=1.0),
        "classification",
        {"text": ("body",), "label": ("intent",), "group": ("gender",), "split": ("split",), "source": ("source",),
         "time": ("created_at",), "weight": ("sample_weight",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_the_field_are_recognised(tmp_path: Path, shape: str) -> None:
    given, task, roles = SHAPES[shape]
    dataset = of(tmp_path, given)
    assert dataset.task == task
    assert dict(dataset.roles.items()) == roles


def test_every_guess_has_a_reason_and_shows_no_content(tmp_path: Path) -> None:
    dataset = of(tmp_path, rows(60, text=sentence, intent=lambda i: "ab"[i % 2], topic=lambda i: "xyz"[i % 3]))
    by_role = {guess.what: guess for guess in dataset.detected.guesses}
    assert set(by_role) == {"task", "text", "label"}
    assert all(guess.reason for guess in by_role.values())
    assert by_role["label"].alternatives == ("topic",)
    assert "2 distinct values over 60 rows" in by_role["label"].reason
    assert "apples" not in dataset.explain()
    assert "apples" not in repr(dataset) + dataset._repr_html_()
    assert "classification" in repr(dataset)
    assert "<table>" in dataset._repr_html_()


def test_q_and_a_are_a_question_and_its_answer_but_not_beside_b(tmp_path: Path) -> None:
    asked = of(tmp_path, rows(60, Q=sentence, A=lambda i: f"Yes, apple {i} was.", label=lambda i: i % 3))
    assert (asked.task, asked.roles.prompt, asked.roles.completion) == ("sft", ("Q",), ("A",))
    chosen = of(tmp_path, rows(60, q=sentence, a=lambda i: f"one {i}", b=lambda i: f"two {i}", kind=lambda i: "xy"[i % 2]))
    assert chosen.roles.completion == ()


def test_a_pair_is_known_in_the_language_that_its_names_end_in(tmp_path: Path) -> None:
    told = of(tmp_path, rows(60, sentence_A_En=sentence, sentence_B_En=lambda i: f"Nobody ate pear {i}.",
                             entailment_label_En=lambda i: "en"[i % 2],
                             sentence_A_Ja=lambda i: f"りんごが{i}個ある。"))  # fmt: skip
    assert (told.roles.text, told.roles.label) == (("sentence_A_En", "sentence_B_En"), ("entailment_label_En",))


def test_a_sentence_without_blanks_is_text_before_counts_written_as_json(tmp_path: Path) -> None:
    told = of(tmp_path, rows(60, key=lambda i: f"q{i}", said=lambda i: f"部屋{i}は広くて清潔でした。",
                             votes=lambda i: f'{{"no": {i % 4}, "yes": 3, "maybe": 1}}'))  # fmt: skip
    assert told.roles.text == ("said",)


def test_what_the_user_names_is_taken(tmp_path: Path) -> None:
    given = rows(60, text=sentence, intent=lambda i: "ab"[i % 2], topic=lambda i: "xyz"[i % 3])
    assert of(tmp_path, given, roles={"label": "topic"}).roles.label == ("topic",)
    assert of(tmp_path, given, roles=Roles(label=("topic",))).roles.label == ("topic",)
    assert of(tmp_path, given, task="text").roles == Roles(text=("text",))
    assert of(tmp_path, given, roles={"prompt": ["topic", "text"], "completion": "intent"}).task == "sft"
    assert of(tmp_path, given, roles={"label": []}).task == "text"
    assert of(tmp_path, given, roles={"group": "topic"}).roles.label == ("intent",)


def test_markup_in_column_names_is_escaped_in_notebooks(tmp_path: Path) -> None:
    dataset = of(tmp_path, rows(9, **{"<b>text</b>": sentence}))
    assert "<b>" not in dataset._repr_html_()
