"""Content, labels, groups, splits and strings: what engines see of a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset import Dataset, load
from curate.dataset.pointer import escape, get, parse_pointer, set_value
from curate.errors import ConfigError


def of(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return load(path, **options)


def test_the_content_of_a_conversation_is_what_is_said_in_order(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    parts = {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": "u"}]}
    rows = [
        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]},
        {"messages": [call, {"role": "tool", "content": "t"}]},
        {"messages": [parts]},
    ]
    content = of(tmp_path, rows).content().to_pylist()
    assert content[0] == "s\nu"
    assert content[1] == '[{"function":{"name":"f","arguments":"{}"}}]\nt'
    assert content[2].startswith("look\n")


def test_content_joins_the_roles_of_the_task_and_nothing_else(tmp_path: Path) -> None:
    row = {"instruction": "do it", "input": "", "output": "done", "note": "hidden"}
    assert of(tmp_path, [row]).content().to_pylist() == ["do it\ndone"]
    row = {"conversations": [{"from": "human", "value": "q"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": "b"}
    assert of(tmp_path, [row]).content().to_pylist() == ["q\na\nb"]
    table = of(tmp_path, [{"age": 1, "x": 2.5, "label": i % 2} for i in range(20)])
    assert table.content().to_pylist()[0] == "age: 1\nx: 2.5"
    assert len(set(table.row_ids.to_pylist())) == 20


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, " ", "b"], ["a", None, None, "b"]),
        ([1, 2, None, 1], ["1", "2", None, "1"]),
        ([1.0, 2.0, None, 0.5], ["1", "2", None, "0.5"]),
        ([True, False, None, True], ["true", "false", None, "true"]),
        ([1, "1", 1.0, None], ["1", "1", "1", None]),
        ([["a"], ["b", "c"], None, []], ['["a"]', '["b","c"]', None, "[]"]),
    ],
)
def test_labels_have_one_spelling(tmp_path: Path, values: list[Any], expected: list[Any]) -> None:
    rows = [{"text": f"text number {i}", "label": value} for i, value in enumerate(values)]
    labels = of(tmp_path, rows, roles={"text": "text", "label": "label"}).labels()
    assert labels is not None
    assert labels.to_pylist() == expected
    assert labels.type == pa.large_string()


def test_splits_and_groups_are_text(tmp_path: Path) -> None:
    words = ["train", "Training", "dev", "val", "TEST", "held-out", "other", None]
    rows = [{"text": f"text number {i}", "split": word, "age_group": i % 2} for i, word in enumerate(words)]
    dataset = of(tmp_path, rows, roles={"split": "split", "group": ["age_group"]})
    splits = dataset.splits()
    assert splits is not None
    assert splits.to_pylist() == ["train", "train", "validation", "validation", "test", "test", "other", None]
    assert dataset.groups()["age_group"].to_pylist() == ["0", "1"] * 4
    assert dataset.labels() is None


def test_strings_give_every_string_of_every_row_with_its_place(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "a/b": {"k~": ["x", 1, {"y": "z"}]}, "n": 5, "args": '{"mail": "m"}', "mixed": 1},
        {"text": "b", "a/b": None, "n": 6, "args": "", "mixed": "word"},
    ]
    dataset = of(tmp_path, rows, task="text", roles={"text": "text"})
    found = {}
    for batch in dataset.strings():
        assert len(batch.rows) == len(batch.fields) == len(batch.texts)
        found |= dict(zip(zip(batch.rows.tolist(), batch.fields, strict=True), batch.texts.to_pylist(), strict=True))
    assert found == {
        (0, "text"): "a", (1, "text"): "b", (0, "a~1b/k~0/0"): "x", (0, "a~1b/k~0/2/y"): "z",
        (0, "args"): '{"mail": "m"}',
        (1, "args"): "", (1, "mixed"): "word",
    }  # fmt: skip
    edits = {row: {field: text.upper()} for (row, field), text in found.items() if field.startswith("a~1b/k~0/2")}
    assert dataset.select([0, 1], edits).row(0)["a/b"] == {"k~": ["x", 1, {"y": "Z"}]}


def test_json_columns_are_marked_in_the_table(tmp_path: Path) -> None:
    table = of(tmp_path, [{"text": "one two three", "m": [1], "i": 1, "f": 0.5, "b": True, "u": None}]).table
    assert {f.name: (str(f.type), (f.metadata or {}).get(b"curate")) for f in table.schema} == {
        "text": ("large_string", None), "m": ("large_string", b"json"), "i": ("int64", None), "f": ("double", None),
        "b": ("bool", None), "u": ("large_string", None),
    }  # fmt: skip


def test_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'text'"):
        of(tmp_path, [{"text": "one two three"}]).values("txt")


def test_columns_that_appear_late_and_values_that_change_kind_are_kept(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": f"row number {i}"} for i in range(20_001)]
    rows += [{"text": "last row here", "late": 1, "n": 2}, {"text": "very last row", "n": "x"}]
    rows[0]["n"] = 1.5
    dataset = of(tmp_path, rows, task="text")
    assert dataset.columns == ("text", "n", "late")
    assert dataset.values("late").to_pylist() == [None] * 20_001 + [1, None]
    assert [json.loads(cell) for cell in dataset.values("n").drop_null().to_pylist()] == [1.5, 2, "x"]


@given(st.text(), st.lists(st.text() | st.integers(0, 99)))
def test_pointers_come_back_from_their_text(column: str, path: list[str | int]) -> None:
    assert parse_pointer("/".join(map(escape, (column, *map(str, path))))) == (column, tuple(map(str, path)))


def test_pointers_follow_the_examples_of_rfc_6901() -> None:
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7}
    for text, value in {"/foo/0": "bar", "/": 0, "/a~1b": 1, "/m~0n": 8, "/ ": 7}.items():
        assert get(document, parse_pointer("doc" + text)[1]) == value
    assert get(document, ()) is document
    assert set_value({"a": [1, {"b": 2}]}, ("a", "1", "b"), 3) == {"a": [1, {"b": 3}]}
    for wrong in (("foo", "2"), ("foo", "01"), ("foo", "-1"), ("none", "x"), ("a/b", "x")):
        with pytest.raises(KeyError):
            get(document, wrong)
