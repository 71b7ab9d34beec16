"""A dataset known by its record is the one that was read, and reads no row before somebody looks."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.dataset import Dataset, load
from curate.dataset.again import known_again
from curate.errors import DataError

ROWS = [{"text": f"ticket number {i} about a late parcel", "intent": ("refund", "delivery")[i % 2]} for i in range(40)]


def record_of(dataset: Dataset) -> dict[str, Any]:
    """What a manifest keeps, through JSON as it is on disk."""
    kept = {
        "input": dataset.source.to_json(), "task": dataset.task, "roles": dict(dataset.roles.items()),
        "role_reasons": [dataclasses.asdict(guess) for guess in dataset.detected.guesses],
    }  # fmt: skip
    out: dict[str, Any] = json.loads(json.dumps(kept))
    return out


def made(folder: Path, kind: str) -> Path:
    """The rows as one file, or as two below a folder."""
    lines = [json.dumps(row) + "\n" for row in ROWS]
    if kind == "several":
        (folder / "data").mkdir()
        (folder / "data" / "a.jsonl").write_text("".join(lines[:10]))
        (folder / "data" / "b.jsonl").write_text("".join(lines[10:]))
        return folder / "data"
    path = folder / f"data.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "several"])
def test_it_is_the_dataset_that_was_read_and_its_rows_come_with_the_first_look(tmp_path: Path, kind: str) -> None:
    path = made(tmp_path, kind)
    first = load(path)
    again = known_again(path, record_of(first))
    assert again is not None
    assert (again.task, again.roles, again.detected, again.source, again.n_rows) == (
        first.task, first.roles, first.detected, first.source, first.n_rows,
    )  # fmt: skip
    looked_at = [again.at_hand]
    assert again.content().equals(first.content())
    assert [*looked_at, again.at_hand] == [False, True]
    assert again.row_ids.equals(first.row_ids)
    assert again.row(17) == first.row(17)


def test_data_that_is_not_what_it_was_is_not_vouched_for(tmp_path: Path) -> None:
    path = made(tmp_path, "jsonl")
    record = record_of(load(path))
    path.write_text(path.read_text().replace("late", "lost"))
    assert known_again(path, record) is None
    path.unlink()
    assert known_again(path, record) is None


def test_data_that_changes_before_the_first_look_is_refused_then(tmp_path: Path) -> None:
    path = made(tmp_path, "jsonl")
    again = known_again(path, record_of(load(path)))
    assert again is not None
    path.write_text(path.read_text().replace("late", "lost"))
    with pytest.raises(DataError, match="not what it was"):
        again.content()


def test_a_record_with_rejected_rows_or_of_another_shape_is_not_used(tmp_path: Path) -> None:
    path = made(tmp_path, "jsonl")
    record = record_of(load(path))
    assert known_again(path, {**record, "input": {**record["input"], "rejected": 1}}) is None
    assert known_again(path, {key: value for key, value in record.items() if key != "roles"}) is None
