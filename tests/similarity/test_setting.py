"""What a row is given beside its text tells copies from questions that only sound alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.dataset import Dataset
from curate.recipe import Recipe
from curate.stages.setting import settings_of

Row = dict[str, Any]
STAGES = ["exact_duplicates", "near_duplicates"]
PASSAGE = "The river rises in the northern hills, runs past four old mills and reaches the sea behind the harbour."
OTHER = "The treaty was signed in a railway carriage by two generals who had not slept and never spoke of it again."
QUESTION = (
    "Which one of the following statements about what you have just been shown is true, which one is false, and which one "
    "could not be settled by anybody who had read nothing else about this matter, however long they thought about it?"
)
ANSWER = "The second of them is true, because it repeats what was said in the beginning, and all others go beyond that."


def of(tmp_path: Path, rows: list[Row]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return curate.load(str(path))


def kept(data: Dataset, stages: list[str] = STAGES) -> list[int]:
    """Numbers of the rows that stay."""
    left = curate.apply(data, curate.detect(data, Recipe().with_(stages=stages)).resolve()).dataset()
    return [left.row(i)["n"] for i in range(left.n_rows)]


def rules(data: Dataset) -> dict[str, int]:
    detected = curate.detect(data, Recipe().with_(stages=STAGES))
    counts: dict[str, int] = {}
    for rule in detected.findings["rule"].to_pylist():
        counts[rule] = counts.get(rule, 0) + 1
    return counts


SETTINGS: dict[str, tuple[Row, Row]] = {
    "system prompts": ({"system_prompt": PASSAGE}, {"system_prompt": OTHER}),
    "passages": ({"context": PASSAGE}, {"context": OTHER}),
    "turns before": ({"history": [["Whose?", "Spain's"]]}, {"history": [["Whose?", "France's"]]}),
    "choices in a list": ({"choices": ["red", "green"]}, {"choices": ["blue", "yellow"]}),
    "choices in columns": ({"A": "red", "B": "green"}, {"A": "blue", "B": "yellow"}),
    "choices under letters": ({"options": {"A": "red", "B": "green"}}, {"options": {"A": "blue", "B": "yellow"}}),
    "choices beside their letters": (
        {"choices": {"text": ["red", "green"], "label": ["A", "B"]}},
        {"choices": {"text": ["blue", "yellow"], "label": ["A", "B"]}},
    ),
    "tables": ({"schema": "CREATE TABLE a (b INT)"}, {"schema": "CREATE TABLE c (d TEXT, e INT)"}),
}
TASKS: dict[str, Row] = {
    "sft": {"question": QUESTION, "response": ANSWER},
    "preference": {"prompt": QUESTION, "chosen": ANSWER, "rejected": "None of these is."},
    "classification": {"text": QUESTION, "label": "true"},
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", SETTINGS)
def test_a_question_about_something_else_is_no_copy_and_the_same_question_is(
    tmp_path: Path, task: str, kind: str
) -> None:
    one, two = SETTINGS[kind]
    near = {key: value.replace(", however", ",  whatever") for key, value in TASKS[task].items()}
    rows = [{**TASKS[task], **one}, {**TASKS[task], **two}, {**TASKS[task], **one}, {**near, **one}]
    fill = [{**{k: f"{i}{k}" * 3 for k in TASKS[task]}, **(one, two)[i % 2]} for i in range(8)]
    if task == "classification":
        fill = [{**row, "label": ("true", "false")[i % 2]} for i, row in enumerate(fill)]
    data = of(tmp_path, [{**row, "n": i} for i, row in enumerate(rows + fill)])
    assert data.task == task
    assert kept(data) == [0, 1, *range(4, 12)]


def test_near_copies_are_told_apart_where_no_other_stage_has_looked(tmp_path: Path) -> None:
    row = TASKS["sft"]
    rows = [{**row, "context": context} for context in (PASSAGE, OTHER, PASSAGE, OTHER + " Ever.")]
    data = of(tmp_path, [{**row, "n": i} for i, row in enumerate(rows)])
    assert kept(data, ["near_duplicates"]) == [0, 1]


def test_answers_contradict_one_another_only_about_the_same_thing(tmp_path: Path) -> None:
    answers = ["It is the first, and nobody doubts it.", "Neither, because both are made up by a novelist of our day."]
    apart = [{"question": QUESTION, "context": c, "answer": a} for c, a in zip((PASSAGE, OTHER), answers)]
    alike = [{"question": QUESTION, "context": PASSAGE, "answer": a} for a in answers]
    assert rules(of(tmp_path, apart)) == {}
    assert rules(of(tmp_path, alike)) == {"conflicting_answer": 2}
    labels = [{"text": QUESTION, "passage": c, "label": label} for c, label in ((PASSAGE, "yes"), (OTHER, "no"))]
    assert rules(of(tmp_path, labels)) == {}
    assert rules(of(tmp_path, [{**row, "passage": PASSAGE} for row in labels])) == {"conflicting_label": 2}


def test_a_leak_is_one_under_any_setting_and_joins_no_training_rows(tmp_path: Path) -> None:
    row = TASKS["sft"]
    near = QUESTION.replace(", however", ", whatever")
    rows = [
        {**row, "system": PASSAGE, "split": "test"},
        {**row, "system": OTHER, "split": "train"},
        {**row, "system": "Answer as a pirate would do.", "split": "train"},
        {**row, "question": near, "system": "Say it in verse, please.", "split": "train"},
    ]
    assert rules(of(tmp_path, rows)) == {"across_splits": 3}
    data = of(tmp_path, [{**row, "n": i} for i, row in enumerate(rows)])
    assert kept(data) == [0]
    later = [{**row, "split": "train"} if row["split"] == "test" else row for row in rows]
    assert rules(of(tmp_path, later)) == {}


@pytest.mark.parametrize(
    "beside",
    [
        {"note": [PASSAGE, OTHER]}, {"title": [PASSAGE, OTHER]}, {"document": ["d17", "d18"]}, {"url": ["a/1", "a/2"]},
        {"context": [4, 5]}, {"context": [{"session": "a1", "at": "1 May"}, {"session": "b2", "at": "2 May"}]},
        {"options": [{"seed": 1, "temperature": 0.7}, {"seed": 2, "temperature": 0.7}]},
        {"history": [[{"by": "ann", "at": "1 May"}], [{"by": "bo", "at": "2 May"}]]},
        {"system_id": [PASSAGE, OTHER]}, {"A": ["one", "two"]}, {"user_context": [PASSAGE, OTHER]},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_else_beside_a_text_hides_a_copy(tmp_path: Path, beside: dict[str, list[Any]]) -> None:
    (name, values), = beside.items()
    rows = [{**TASKS["sft"], name: values[i % 2], "n": i} for i in range(2)]
    data = of(tmp_path, rows)
    assert settings_of(data) == {}
    assert kept(data) == [0]


def test_the_run_says_which_columns_kept_how_many_rows_apart(tmp_path: Path) -> None:
    rows = [{**TASKS["sft"], "passage": passage} for passage in (PASSAGE, OTHER, PASSAGE, QUESTION)]
    outcomes = curate.detect(of(tmp_path, rows), Recipe().with_(stages=STAGES)).outcomes
    exact, near = (outcomes[name].detection.summary for name in STAGES)
    assert (exact["told_apart_by"], near["rows_told_apart"]) == (["passage"], 3)
