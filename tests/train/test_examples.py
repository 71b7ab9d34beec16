"""From datasets of each task to training examples, and the estimate before a start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset import load
from curate.errors import DataError
from train.config import TrainConfig
from train.estimate import estimate_training
from train.examples import Examples, conversation, from_dataset


def dataset(tmp_path: Path, rows: list[dict[str, Any]], task: str) -> Any:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path, task=task)


def test_classification_keeps_row_numbers_groups_and_clusters_and_sets_unusable_rows_aside(tmp_path: Path) -> None:
    rows = [{"text": f"text {i}", "label": ["a", "b"][i % 2]} for i in range(8)]
    rows[3]["label"] = None  # type: ignore[assignment]
    rows[5]["text"] = ""
    data = dataset(tmp_path, rows, "classification")
    found = from_dataset(data, rows=[1, 3, 5, 6], clusters=np.arange(8) * 10)
    assert list(found.ids) == [1, 6]
    assert found.labels == ("b", "a")
    assert list(found.clusters) == [10, 60]  # type: ignore[arg-type]
    assert any("2 rows" in note for note in found.notes)
    assert list(from_dataset(data, ids=np.arange(8) + 100, rows=[6]).ids) == [106]


def test_sft_becomes_one_question_and_one_answer(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Add.", "input": "1 + 1", "output": "2"},
        {"instruction": "Greet.", "input": "", "output": "Hi"},
    ]
    found = from_dataset(dataset(tmp_path, rows * 3, "sft"))
    assert found.task == "sft"
    assert [m["role"] for m in found.messages[0]] == ["user", "assistant"]
    assert "Add." in found.messages[0][0]["content"]
    assert "1 + 1" in found.messages[0][0]["content"]
    assert found.messages[1][1]["content"] == "Hi"


@pytest.mark.parametrize("task", ["sft", "unpaired_preference"])
def test_prompts_and_answers_that_are_turns_are_trained_as_turns(tmp_path: Path, task: str) -> None:
    asked = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "1 + 1?"}]
    row = {"prompt": asked, "completion": [{"role": "assistant", "content": "2"}]}
    marks = [{"label": i % 2 == 0} if task == "unpaired_preference" else {} for i in range(12)]
    found = from_dataset(dataset(tmp_path, [row | mark for mark in marks], task))
    assert found.messages[0] == (*asked, *row["completion"])


def test_of_several_right_answers_in_a_list_the_first_is_learned(tmp_path: Path) -> None:
    rows = [{"question": f"Who came {i}th to the old mill?", "answer": [f"the {i}th", "nobody"]} for i in range(12)]
    assert from_dataset(dataset(tmp_path, rows, "sft")).messages[3][1]["content"] == "the 3th"


def test_chat_keeps_turns_and_reads_sharegpt_names(tmp_path: Path) -> None:
    talk = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    found = from_dataset(dataset(tmp_path, [{"messages": talk}] * 4, "chat"))
    assert found.messages[0] == tuple(talk)
    assert conversation([{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]) == tuple(talk)


def test_preference_rows_hold_both_answers_and_say_what_each_objective_learns_from(tmp_path: Path) -> None:
    """The note goes with rows of every objective, so it holds for each of them."""
    rows = [{"prompt": f"q{i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(4)]
    found = from_dataset(dataset(tmp_path, rows, "preference"))
    assert found.messages[2] == ({"role": "user", "content": "q2"}, {"role": "assistant", "content": "good 2"})
    assert found.rejected[2] == ({"role": "user", "content": "q2"}, {"role": "assistant", "content": "bad 2"})
    assert "bad" not in json.dumps(found.messages)
    (note,) = found.notes
    assert "'likelihood' learns from it alone" in note
    assert "'dpo' and 'ranking' from both answers" in note


def test_unwanted_answers_are_not_told_as_rows_that_lack_one(tmp_path: Path) -> None:
    rows = [{"prompt": f"q{i}", "completion": f"answer {i}", "label": i % 3 > 0} for i in range(9)]
    rows[4]["completion"] = ""
    data = dataset(tmp_path, rows, "unpaired_preference")
    plain = from_dataset(data)
    assert plain.ids.tolist() == [1, 2, 5, 7, 8]
    assert plain.notes[0].endswith("only objective 'kto' learns from the others, too.")
    assert plain.notes[1:] == ("1 row lacks a text, a label or an answer and is not trained on.",)
    both = from_dataset(data, unwanted=True)
    assert both.ids.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert both.wanted == (False, True, True, False, True, False, True, True)
    assert both.notes == ("1 row lacks a text, a label or an answer and is not trained on.",)


def test_text_trains_a_language_model_and_says_so(tmp_path: Path) -> None:
    found = from_dataset(dataset(tmp_path, [{"text": f"some long prose number {i}"} for i in range(4)], "text"))
    assert found.task == "text"
    assert any("every token" in note for note in found.notes)


def test_a_dataset_with_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    rows = [{"text": "", "label": "a"}, {"text": "", "label": "b"}]
    with pytest.raises(DataError, match="no row"):
        from_dataset(dataset(tmp_path, rows, "classification"))


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_value_is_read_as_messages_or_as_none(value: Any) -> None:
    for form in (value, json.dumps(value)):
        assert all(set(m) >= {"role", "content"} for m in conversation(form))


def test_the_estimate_is_measured_and_said_in_words(quick: TrainConfig, tickets: Examples) -> None:
    found = estimate_training(tickets, quick.replace(steps=200), runs=9, evaluation_rows=100)
    assert found.steps == 200
    assert found.seconds > 9 * 200 * found.seconds_per_step
    assert "9 training runs of 200 steps" in found.words
