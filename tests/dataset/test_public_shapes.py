"""Shapes of public data sets: roles that an expert would write, and rows that differ in what counts stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate import apply, detect
from curate.dataset import Dataset, load
from curate.dataset.content import answers_in, is_answer
from curate.dataset.given import answers_side_by_side
from curate.errors import DataError
from curate.recipe import Recipe

Row = dict[str, Any]
NOUNS = ("river", "mill", "treaty", "garden", "engine", "market", "letter", "bridge", "museum", "harbour", "village",
         "doctor")  # fmt: skip
DONE = ("sold", "built", "lost", "painted", "flooded", "named", "opened", "burned", "moved", "mended")


def noun(i: int) -> str:
    return NOUNS[i * 7 % 12]


def said(i: int, n: int = 1) -> str:
    return " ".join(
        f"{noun(i + k).title()} number {i * 31 + k} was {DONE[(i * 3 + k) % 10]} when the {noun(i * 5 + k + 1)} of "
        f"{1700 + (i * 17 + k * 5) % 300} stood near {noun(i // 7 + k + 3)} {i % 13}." for k in range(n)
    )  # fmt: skip


def asked(i: int) -> str:
    return f"Which {noun(i)} was {DONE[i % 10]} beside the {noun(i * 5 + 2)} in {1700 + i * 3}?"


def turn(who: str, text: str) -> Row:
    return {"role": who, "content": text}


def written(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tags(i: int) -> list[int]:
    return [(i + k) % 5 for k in range(len(said(i).split()))]


Roles = dict[str, tuple[str, ...]]
SHAPES: dict[str, tuple[Callable[[int], Row], str, Roles, tuple[str, ...]]] = {
    "CoNLL": (lambda i: {"id": str(i), "tokens": said(i).split(), "ner_tags": tags(i)}, "text", {"text": ("tokens",)},
              ("tokens", "ner_tags")),
    "GoEmotions": (lambda i: {"text": said(i), "labels": [i % 9, 27][: 1 + i % 2], "id": f"e{i}"}, "text",
                   {"text": ("text",)}, ("text", "labels")),
    "paragraphs": (lambda i: {"text": [said(i), said(i + 50)], "labels": [i % 4]}, "text", {"text": ("text",)}, ("text",)),
    "things said": (lambda i: {"id": str(i), "data": [asked(i), said(i)]}, "text", {"text": ("data",)}, ("data",)),
    "claims without a label": (lambda i: {"document": said(i // 3, 6), "claim": said(i)}, "text",
                               {"text": ("claim",), "context": ("document",)}, ("claim", "document")),
    "a comment after turns": (
        lambda i: {"history": [turn("user", said(i + 50))], "comment": said(i), "label": i % 2}, "classification",
        {"text": ("comment",), "label": ("label",), "context": ("history",)}, ("history", "comment"),
    ),
    "answers as text": (lambda i: {"question": asked(i), "context": said(i, 5), "answers": noun(i)}, "sft",
                        {"prompt": ("question",), "context": ("context",), "completion": ("answers",)},
                        ("context", "answers")),
    "a list of answers": (lambda i: {"question": asked(i), "answer": [noun(i), f"the {noun(i)}"][: 1 + i % 2]}, "sft",
                          {"prompt": ("question",), "completion": ("answer",)}, ("answer",)),
    "answers with places in a list": (
        lambda i: {"question": asked(i), "context": said(i, 5), "answers": [{"text": noun(i), "answer_start": 4}]}, "sft",
        {"prompt": ("question",), "context": ("context",), "completion": ("answers",)}, ("answers",),
    ),
    "spans": (
        lambda i: {"passage": said(i, 5), "question": asked(i), "answers_spans": {"spans": [noun(i)], "types": ["span"]}},
        "sft", {"prompt": ("question",), "context": ("passage",), "completion": ("answers_spans",)}, ("answers_spans",),
    ),
    "MS MARCO": (
        lambda i: {"query_type": "ab"[i % 2], "query": asked(i), "answers": [said(i)],
                   "passages": {"is_selected": [0, 1], "passage_text": [said(i + 1, 3), said(i + 2, 3)]}}, "sft",
        {"prompt": ("query",), "context": ("passages",), "completion": ("answers",)}, ("answers", "passages"),
    ),
    "a list of answers, and which is right": (
        lambda i: {"context": said(i, 4), "question": asked(i), "answers": [said(i + k) for k in range(4)], "label": i % 4},
        "sft", {"prompt": ("question",), "context": ("context", "answers"), "completion": ("label",)},
        ("context", "answers"),
    ),
    "BBQ": (
        lambda i: {"question_polarity": ["neg", "nonneg"][i % 2], "context": said(i, 2), "question": "Who was at fault?",
                   **{f"ans{k}": f"{noun(i + k)} {i}" for k in range(3)}, "label": i % 3}, "sft",
        {"prompt": ("question",), "context": ("context", "ans0", "ans1", "ans2"), "completion": ("label",)}, ("context",),
    ),
    "Dolly": (
        lambda i: {"instruction": asked(i), "context": said(i, 4) if i % 2 else "", "response": said(i), "category":
                   ["open_qa", "closed_qa"][i % 2]}, "sft",
        {"prompt": ("instruction",), "context": ("context",), "completion": ("response",)}, ("response",),
    ),
    "APPS": (
        lambda i: {"question": said(i), "solutions": json.dumps([said(i + 9)]), "input_output": json.dumps({"inputs": [i]}),
                   "difficulty": "ab"[i % 2]}, "sft", {"prompt": ("question",), "completion": ("solutions",)},
        ("solutions",),
    ),
    "calls of tools": (
        lambda i: {"query": asked(i), "tools": json.dumps([{"name": noun(i)}]),
                   "answers": json.dumps([{"name": noun(i), "arguments": {"q": i}}])}, "sft",
        {"prompt": ("query",), "completion": ("answers",), "tools": ("tools",)}, ("answers",),
    ),
    "source_text": (lambda i: {"source_text": said(i), "target_text": said(i + 99), "source_lang": "en"}, "sft",
                    {"prompt": ("source_text",), "completion": ("target_text",)}, ("target_text",)),
    "prompt and completion as turns": (
        lambda i: {"prompt": [turn("user", asked(i))], "completion": [turn("assistant", said(i))]}, "sft",
        {"prompt": ("prompt",), "completion": ("completion",)}, ("completion",),
    ),
    "prompt as turns": (lambda i: {"prompt": [turn("user", asked(i))], "response": said(i)}, "sft",
                        {"prompt": ("prompt",), "completion": ("response",)}, ("response",)),
    "KTO as turns": (
        lambda i: {"prompt": [turn("user", asked(i))], "completion": [turn("assistant", said(i))], "label": i % 2 > 0},
        "unpaired_preference", {"prompt": ("prompt",), "completion": ("completion",), "label": ("label",)},
        ("completion",),
    ),
    "Sentiment140": (
        lambda i: {"target": "04"[i % 2], "ids": str(i), "flag": "NO_QUERY", "user": f"user{i % 9}", "text": said(i)},
        "classification", {"text": ("text",), "label": ("target",)}, ("text",),
    ),
    "MASSIVE": (lambda i: {"intent": "ab"[i % 2], "utt": said(i), "annot_utt": "[x : y] " + said(i)}, "classification",
                {"text": ("utt",), "label": ("intent",)}, ("utt",)),
    "two answers": (
        lambda i: {"prompt": asked(i // 2), "response_0": said(i), "response_1": said(i + 60), "is_safe": bool(i % 2)},
        "classification", {"text": ("prompt",), "label": ("is_safe",)}, ("response_0", "response_1"),
    ),
    "two conversations": (
        lambda i: {"winner": ["model_a", "model_b"][i % 2], "conversation_a": [turn("user", asked(i)), turn("assistant",
                   said(i))], "conversation_b": [turn("user", asked(i)), turn("assistant", said(i + 60))]}, "chat",
        {"messages": ("conversation_a",)}, ("conversation_b",),
    ),
    "QuAIL": (
        lambda i: {"context": said(i, 4), "question": asked(i), "answers": [said(i + k) for k in range(4)],
                   "correct_answer_id": i % 4}, "sft",
        {"prompt": ("question",), "context": ("context", "answers"), "completion": ("correct_answer_id",)}, ("answers",),
    ),
    "WikiQA": (lambda i: {"question": asked(i // 5), "answer": said(i), "label": int(i % 5 == 0)}, "classification",
               {"text": ("question", "answer"), "label": ("label",)}, ("answer",)),
    "MC-TACO": (
        lambda i: {"sentence": said(i), "question": asked(i), "answer": f"{i} hours or so", "label": i % 2},
        "classification", {"text": ("question", "sentence", "answer"), "label": ("label",)}, ("answer", "sentence"),
    ),
    "turns and what is ideal": (lambda i: {"input": [turn("user", asked(i))], "ideal": said(i)}, "sft",
                                {"prompt": ("input",), "completion": ("ideal",)}, ("ideal",)),
    "answers with ranks": (
        lambda i: {"prompt": asked(i), "answers": [{"answer": said(i), "rank": 1}, {"answer": said(i + 60), "rank": 2}]},
        "text", {"text": ("prompt",)}, ("answers",),
    ),
    "answers marked as correct": (
        lambda i: {"question": asked(i // 10), "answer": said(i), "correct": i % 2}, "classification",
        {"text": ("question", "answer"), "label": ("correct",)}, ("answer",),
    ),
    "answers marked as correct beside subjects": (
        lambda i: {"subject": "abc"[i % 3], "prompt": asked(i // 10), "response": said(i), "is_correct": f"{i % 2}"},
        "classification", {"text": ("prompt", "response"), "label": ("is_correct",)}, ("response",),
    ),
    "instructions with inputs, marked": (
        lambda i: {"instruction": asked(i // 10), "input": said(i + 9), "output": f"{noun(i)} of {i}", "label": i % 2},
        "classification", {"text": ("instruction", "input", "output"), "label": ("label",)}, ("input",),
    ),
    "a query and a product": (
        lambda i: {"query": asked(i // 6), "product_title": said(i), "esci_label": "ESC"[i % 3]}, "classification",
        {"text": ("query", "product_title"), "label": ("esci_label",)}, ("product_title",),
    ),
    "a query and a page": (
        lambda i: {"query": asked(i // 6), "title": f"The {noun(i)}", "terms": said(1, 9), "body": said(i, 4),
                   "relevance": i % 2}, "text", {"text": ("query", "title", "body")}, ("query", "body"),
    ),
    "a query and a described product": (
        lambda i: {"query": asked(i // 6), "product_title": said(i), "product_description": said(i, 3),
                   "esci_label": "ESC"[i % 3]}, "classification",
        {"text": ("query", "product_title", "product_description"), "label": ("esci_label",)}, ("product_title",),
    ),
    "many lines beside each page": (lambda i: {"page": said(i // 6, 8), "line": said(i + 300)}, "text",
                                    {"text": ("page",)}, ("line",)),
    "a title over prose": (lambda i: {"title": f"The {noun(i // 3)}", "plot": said(i, 3)}, "text", {"text": ("plot",)},
                           ("plot",)),
    "a title over notices and prose": (
        lambda i: {"title": f"The {noun(i)} of {i}", "terms": said(1, 6), "about_us": said(i % 3, 5), "plot": said(i, 3)},
        "text", {"text": ("plot",)}, ("plot",),
    ),
    "a title over a notice": (lambda i: {"title": asked(i), "disclaimer": said(1, 6), "label": "ab"[i % 2]},
                              "classification", {"text": ("title",), "label": ("label",)}, ("title",)),
    "a document that is empty": (lambda i: {"document": "", "title": asked(i)}, "text", {"text": ("title",)}, ("title",)),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_public_shape_is_known_and_loses_copies_alone(tmp_path: Path, shape: str) -> None:
    make, task, roles, telling = SHAPES[shape]
    rows = [make(i) for i in range(48)]
    ids = {"id", "ids"} & set(rows[0])
    copies = [rows[k] | dict.fromkeys(ids, f"c{k}") for k in (0, 1)]
    others = [
        rows[10 + k] | {name: make(200 + k)[name]} for name in telling for k in range(8)
        if make(200 + k)[name] != rows[10 + k][name]
    ]  # fmt: skip
    dataset = load(written(tmp_path / "rows.jsonl", [*rows, *copies, *others]))
    assert dataset.task == task
    assert {role: names for role, names in dataset.roles.items() if role in {*roles, "text", "prompt"}} == roles
    written_down = dict(dataset.roles.items())  # as `curate init` does
    assert load(tmp_path / "rows.jsonl", task=dataset.task, roles=written_down).roles == dataset.roles
    recipe = Recipe.parse({"schema_version": 1, "run": {"stages": ["exact_duplicates", "near_duplicates"]}})
    plan = detect(dataset, recipe).resolve()
    lost = sorted(set(range(len(dataset))) - set(map(int, apply(dataset, plan).rows)))
    assert others
    assert lost in ([48, 49], [0, 1])


def of(tmp_path: Path, make: Callable[[int], Row], n: int = 48) -> Dataset:
    return load(written(tmp_path / "rows.jsonl", [make(i) for i in range(n)]))


NOT: dict[str, tuple[Callable[[int], Row], str, Roles]] = {
    "goods in a basket": (lambda i: {"age": i, "basket": [noun(i + k) for k in range(6)], "churn": i % 2}, "classification",
                          {"label": ("churn",)}),
    "a number of answers": (lambda i: {"question": said(i), "answers": str(i % 97), "score": str(i)}, "text",
                            {"text": ("question",)}),
    "answers nobody should learn": (lambda i: {"question": asked(i), "incorrect_answer": said(i)}, "text",
                                    {"text": ("question",)}),
    "a title over a short note": (lambda i: {"title": said(i), "remark": said(i + 9)}, "text", {"text": ("title",)}),
    "turns before a file's notes": (
        lambda i: {"history": [turn("user", asked(i)), turn("assistant", said(i))], "comment": said(i + 7)}, "chat",
        {"messages": ("history",)},
    ),
    "turns beside a prompt and no answer": (
        lambda i: {"prompt": asked(i), "messages": [turn("user", asked(i)), turn("assistant", said(i))]}, "chat",
        {"messages": ("messages",)},
    ),
    "choices of which nobody says which is right": (
        lambda i: {"question": asked(i), "answers": [said(i + k) for k in range(3)], "answer_key_hash": f"{i:x}"}, "text",
        {"text": ("question",)},
    ),
    "a thumb": (lambda i: {"question": asked(i), "answer": said(i), "label": i % 2 > 0}, "unpaired_preference",
                {"prompt": ("question",), "completion": ("answer",), "label": ("label",)}),
    "a number of a class": (lambda i: {"question": asked(i), "answer": said(i), "label": i % 3}, "sft",
                            {"prompt": ("question",), "completion": ("answer",)}),
    "a context that is a subject": (lambda i: {"instruction": asked(i), "context": noun(i), "output": said(i)}, "sft",
                                    {"prompt": ("instruction", "context"), "completion": ("output",)}),
}  # fmt: skip


@pytest.mark.parametrize("shape", NOT)
def test_what_is_no_such_shape_is_read_as_before(tmp_path: Path, shape: str) -> None:
    make, task, roles = NOT[shape]
    dataset = of(tmp_path, make)
    assert (dataset.task, dict(dataset.roles.items())) == (task, roles)


def test_a_list_among_texts_is_a_bad_row(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", [{"text": [said(i)] if i == 3 else said(i)} for i in range(20)])
    with pytest.raises(DataError, match="line 4: wrong type in the role text"):
        load(path)


def test_answers_in_lists_are_told_once_each() -> None:
    assert is_answer(held := ["a", "b", "a", " "])
    assert answers_in(held) == ["a", "b"]
    assert is_answer(held := [{"text": "c", "answer_start": 3}, {"text": ["d"], "answer_start": [1]}])
    assert answers_in(held) == ["c", "d"]
    assert not any(map(is_answer, ([turn("user", "a")], [1])))


def test_versions_are_named_by_a_last_letter_or_figure() -> None:
    names = ("response_0", "response_1", "an_output_A", "an_output_B", "text_a", "text_b", "url_1", "url_2", "answer_1")
    assert answers_side_by_side(names, {"text_a"}) == set(names[:6])
    assert answers_side_by_side([f"part_{i}" for i in range(6)], {"part_0"}) == set()
