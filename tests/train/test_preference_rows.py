"""Preference rows as people have them: the prompt as text, or the turns before the answer as messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curate.dataset import load
from train.examples import from_dataset

TURNS = [{"from": "human", "value": "Name a colour."}]
BETTER, WORSE = {"from": "gpt", "value": "Blue."}, {"from": "gpt", "value": "Seven."}


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": TURNS, "chosen": BETTER, "rejected": WORSE},
        {"prompt": "Name a colour.", "chosen": "Blue.", "rejected": "Seven."},
    ],
    ids=["messages", "text"],
)
def test_the_turns_before_the_answer_come_first_whatever_their_shape(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(4)))
    examples = from_dataset(load(path))
    assert [(m["role"], m["content"]) for m in examples.messages[0]] == [
        ("user", "Name a colour."),
        ("assistant", "Blue."),
    ]
