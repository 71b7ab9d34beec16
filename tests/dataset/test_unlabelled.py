"""A stage that needs labels says which columns could be the label, where detection does not choose among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import curate
from curate.dataset import Dataset
from curate.dataset.unlabelled import why_no_label
from curate.recipe import Recipe

NOBODY = "no column has the label role"


def of(tmp_path: Path, n: int = 60, **columns: Any) -> Dataset:
    beside = [{name: values[i % len(values)] for name, values in columns.items()} for i in range(n)]
    rows = [{"body": f"how do I oil the chain of bicycle {i}", **more} for i, more in enumerate(beside)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return curate.load(str(path))


def test_the_stages_of_labels_name_the_columns_that_could_be_the_label(tmp_path: Path) -> None:
    data = of(tmp_path, forum=["bikes", "cars", "boats"], author=["ann", "bob", "cat", "dan"])
    stages = ["label_names", "label_issues"]
    outcomes = curate.detect(data, Recipe().with_(stages=stages)).outcomes
    assert {name: outcomes[name].reason for name in stages} == dict.fromkeys(
        stages, f"{NOBODY}; forum, author repeat few values: choose one with --role label=forum"
    )


def test_a_name_with_a_blank_is_quoted_and_of_many_four_are_shown(tmp_path: Path) -> None:
    data = of(tmp_path, **{f"Board {i}": ["x", "y"] for i in range(6)})
    assert why_no_label(data) == (
        f"{NOBODY}; Board 0, Board 1, Board 2, Board 3 and 2 more repeat few values: choose one with --role 'label=Board 0'"
    )


def test_columns_that_tell_rows_apart_and_prompts_with_answers_name_no_candidates(tmp_path: Path) -> None:
    assert why_no_label(of(tmp_path, stamp=[f"s{i}" for i in range(60)], count=[1, 2, 3])) == NOBODY
    answers = [f"with a drop of oil {i}" for i in range(60)]
    assert why_no_label(of(tmp_path, **{"<b>": ["a", "b"], "a\x1b[2J": ["x", "y"]})) == NOBODY
    asked = of(tmp_path, prompt=answers, completion=answers, forum=["a", "b"], author=["x", "y"])
    assert asked.task == "sft"
    assert why_no_label(asked) == NOBODY
