"""Folders that Hugging Face `datasets` saved, made by the package itself."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from curate.dataset import load
from curate.errors import DataError
from curate.recipe import Recipe
from curate.workflow import reopen, run

datasets = pytest.importorskip("datasets")

ROWS = {"text": [f"row number {i}" for i in range(40)], "label": ["yes", "no"] * 20, "n": list(range(40))}


def test_a_saved_dataset_is_read_and_written_as_a_stream_that_datasets_opens(tmp_path: Path) -> None:
    made = datasets.Dataset.from_dict(ROWS)
    made.save_to_disk(tmp_path / "saved", num_shards=3)
    dataset = load(tmp_path / "saved", roles={"text": "text", "label": "label"})
    assert dataset.content().to_pylist() == ROWS["text"]
    dataset.write(tmp_path / f"out{dataset.suffix}", rows=[2, 0], edits={0: {"text": "edited"}})
    back = datasets.Dataset.from_file(str(tmp_path / "out.arrow"))
    assert back.features == made.features
    assert back["text"] == ["row number 2", "edited"]


def test_splits_of_a_dictionary_become_a_column_and_a_role(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict(ROWS)
    datasets.DatasetDict({"train": rows.select(range(30)), "test": rows.select(range(30, 40))}).save_to_disk(tmp_path / "d")
    dataset = load(tmp_path / "d", roles={"text": "text", "label": "label"})
    splits = dataset.splits()
    assert dataset.roles.split == ("split",)
    assert splits is not None
    assert splits.to_pylist() == ["train"] * 30 + ["test"] * 10


def test_a_run_over_a_saved_folder_is_reopened_and_notices_a_change(tmp_path: Path) -> None:
    rows = {**ROWS, "text": ["the same text here"] * 2 + ROWS["text"][2:], "label": ["yes"] * 40}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "saved")
    recipe = Recipe().with_(input=str(tmp_path / "saved"), stages=["exact_duplicates"])
    result = run(recipe, out=tmp_path / "run", train=False)
    assert load(tmp_path / "run" / "curated.arrow").n_rows == 39
    assert reopen(result.run).dataset.n_rows == 40
    before = load(tmp_path / "saved").source.input_hash
    file = tmp_path / "saved" / json.loads((tmp_path / "saved" / "state.json").read_text())["_data_files"][0]["filename"]
    with pa.ipc.open_stream(file.read_bytes()) as reader:
        table = reader.read_all()
    with pa.ipc.new_stream(str(file), table.schema) as writer:
        writer.write_table(table.slice(1))
    assert load(tmp_path / "saved").source.input_hash != before


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("{", "is not what `datasets` writes"), ("[]", "is not what `datasets` writes"), ("{}", "no list '_data_files'"),
        ('{"_data_files": [{"filename": "../../etc/passwd"}]}', "outside its folder"),
        ('{"_data_files": [{"filename": "gone.arrow"}]}', "though the folder lists it"), ('{"_data_files": []}', "no rows"),
    ],
)  # fmt: skip
def test_damaged_folders_are_refused_with_the_file_that_is_wrong(tmp_path: Path, state: str, said: str) -> None:
    (tmp_path / "state.json").write_text(state)
    with pytest.raises(DataError, match=said):
        load(tmp_path)


def test_parts_that_differ_are_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "a.arrow"}, {"filename": "b.arrow"}]}))
    for name, table in (("a", pa.table({"text": ["x"]})), ("b", pa.table({"text": [1]}))):
        with pa.ipc.new_stream(str(tmp_path / f"{name}.arrow"), table.schema) as writer:
            writer.write_table(table)
    with pytest.raises(DataError, match="differ in columns or types"):
        load(tmp_path)


def test_a_directory_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a directory without data files"):
        load(tmp_path)
