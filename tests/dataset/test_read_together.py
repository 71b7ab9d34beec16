"""What a model is given is read whole: rows that differ in any of it are no copies. Names in other languages are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.dataset import Dataset, load
from curate.dataset.names import plain
from curate.recipe import Recipe

WORDS = ["red apples are sweet", "green pears are not", "blue plums taste fine", "old bread is hard"]


def sentence(i: int) -> str:
    return f"{WORDS[i % 4]} number {i}"


def of(tmp_path: Path, make: Callable[[int], dict[str, Any]], n: int = 60) -> Dataset:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(make(i), ensure_ascii=False) for i in range(n)), encoding="utf-8")
    return load(path)


SHAPES: dict[str, tuple[Callable[[int], dict[str, Any]], str, dict[str, tuple[str, ...]]]] = {
    "a system prompt": (
        lambda i: {"system": WORDS[i % 2], "user_prompt": sentence(i), "response": sentence(i)},
        "sft", {"prompt": ("system", "user_prompt"), "completion": ("response",)},
    ),
    "two columns named prompt": (
        lambda i: {"system_prompt": WORDS[i % 2], "user_prompt": sentence(i), "response": sentence(i)},
        "sft", {"prompt": ("system_prompt", "user_prompt"), "completion": ("response",)},
    ),
    "turns before": (
        lambda i: {"instruction": sentence(i), "input": "", "output": sentence(i), "history": [[sentence(i), "yes"]]},
        "sft", {"prompt": ("history", "instruction", "input"), "completion": ("output",)},
    ),
    "preferences under a system prompt": (
        lambda i: {"system": WORDS[i % 2], "question": sentence(i), "chosen": "yes it is", "rejected": "no"},
        "preference", {"prompt": ("system", "question"), "chosen": ("chosen",), "rejected": ("rejected",)},
    ),
    "turns that open with the system's words": (
        lambda i: {"system": WORDS[0], "prompt": [{"role": "user", "content": sentence(i)}], "completion": sentence(i)},
        "sft", {"prompt": ("prompt",), "completion": ("completion",)},
    ),
    "turns and the turn that answers": (
        lambda i: {"prompt": [{"role": "user", "content": sentence(i)}],
                   "completion": [{"role": "assistant", "content": sentence(i)}]},
        "sft", {"prompt": ("prompt",), "completion": ("completion",)},
    ),
    "choices": (
        lambda i: {"question": sentence(i), "subject": "ab"[i % 2], "choices": [WORDS[0], WORDS[i % 4]], "answer": i % 2},
        "classification", {"text": ("question", "choices"), "label": ("answer",)},
    ),
    "a passage and a question about it": (
        lambda i: {"question": sentence(i), "passage": sentence(i + 7), "answer": i % 2 == 0},
        "classification", {"text": ("question", "passage"), "label": ("answer",)},
    ),
    "a title": (
        lambda i: {"stars": i % 5, "review_title": f"so {i}", "review_body": sentence(i), "review_id": f"r{i}"},
        "classification", {"text": ("review_title", "review_body"), "label": ("stars",)},
    ),
    "the same text spelled anew": (
        lambda i: {"text": sentence(i), "clean_text": sentence(i), "label": i % 2},
        "classification", {"text": ("text",), "label": ("label",)},
    ),
    "spans that point into one text": (
        lambda i: {"text": sentence(i), "title": sentence(i), "entities": [{"start": 0, "end": 3, "label": "X"}]},
        "text", {"text": ("text",)},
    ),
    "summaries": (
        lambda i: {"dialogue": sentence(i) * 3, "summary": sentence(i)},
        "sft", {"prompt": ("dialogue",), "completion": ("summary",)},
    ),
    "articles with a summary and a topic": (
        lambda i: {"article": sentence(i) * 3, "summary": sentence(i), "topic": "ab"[i % 2]},
        "classification", {"text": ("article", "summary"), "label": ("topic",)},
    ),
    "sets of labels": (
        lambda i: {"text": sentence(i), "labels": ["red", "sweet"][: i % 3]},
        "classification", {"text": ("text",), "label": ("labels",)},
    ),
    "tokens and their tags": (
        lambda i: {"tokens": sentence(i).split(), "ner_tags": [0, 0, 1, 0, 0, 0]}, "text", {},
    ),
    "German": (
        lambda i: {"Nr": i, "Kundenanfrage": sentence(i), "Absicht": "ab"[i % 2], "Sprache": ["de", "es"][i % 2]},
        "classification", {"text": ("Kundenanfrage",), "label": ("Absicht",)},
    ),
    "Portuguese": (
        lambda i: {"descrição": sentence(i), "categoria": "ab"[i % 2], "região": ["Sul", "Norte"][i % 2]},
        "classification", {"text": ("descrição",), "label": ("categoria",), "group": ("região",)},
    ),
    "Hindi": (
        lambda i: {"पाठ": sentence(i), "श्रेणी": "ab"[i % 2], "भाषा": ["hi", "en"][i % 2]},
        "classification", {"text": ("पाठ",), "label": ("श्रेणी",)},
    ),
    "German questions": (
        lambda i: {"Frage": sentence(i), "Antwort": "Ja, das geht so."},
        "sft", {"prompt": ("Frage",), "completion": ("Antwort",)},
    ),
    "Chinese questions": (
        lambda i: {"问题": f"我的第{i}个账单", "答案": f"请看第{i}页"},
        "sft", {"prompt": ("问题",), "completion": ("答案",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_columns_that_belong_together_are_found(tmp_path: Path, shape: str) -> None:
    make, task, roles = SHAPES[shape]
    dataset = of(tmp_path, make)
    assert (dataset.task, dict(dataset.roles.items())) == (task, roles)
    assert dataset.content().null_count == 0


@pytest.mark.parametrize(
    "differs",
    [
        {"system": ["Answer in French.", "Answer in one word."]},
        {"history": [[["Whose?", "Spain's."]], [["Whose?", "France's."]]]},
        {"options": [["Madrid", "Paris"], ["Rome", "Madrid"]]},
    ],
    ids=["system", "history", "options"],
)
def test_a_question_that_is_given_with_other_things_is_no_copy(tmp_path: Path, differs: dict[str, list[Any]]) -> None:
    name, values = next(iter(differs.items()))
    path = tmp_path / "a.jsonl"
    asked = {"prompt": "What is the capital?", "completion": "Madrid."}
    lines = [{name: value, **asked} for value in values] + [{name: values[0], **asked}]
    path.write_text("\n".join(map(json.dumps, lines)))
    data = curate.load(str(path))
    plan = curate.detect(data, Recipe().with_(stages=["exact_duplicates", "near_duplicates"])).resolve()
    assert curate.apply(data, plan).dataset().n_rows == 2


def test_columns_that_might_be_labels_are_named_where_none_surely_is_one(tmp_path: Path) -> None:
    dataset = of(tmp_path, lambda i: {"blurb": sentence(i), "alpha": "ab"[i % 2], "beta": "xyz"[i % 3], "lang": "en"})
    assert dataset.task == "text"
    task = dataset.detected.guesses[0]
    assert task.alternatives == ("classification",)
    assert task.reason.endswith("which is the label: alpha, beta")


def test_names_are_compared_without_marks_and_in_many_scripts() -> None:
    assert [plain(name) for name in ("Catégorie", "commentText", "Kundenanfrage", "标签", "Метка")] == [
        "label", "comment_text", "text", "label", "label",
    ]  # fmt: skip
    assert plain("Größe") == "grösse"
    assert plain("मात्रा") == "मात्रा"  # vowels of Indic scripts are no accents
    assert plain("***") == "***"
