"""A large Parquet or JSONL file is read beside the imports, and `load` sees what it would have seen without."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.dataset import ahead, load
from curate.errors import DataError


def large(path: Path, seed: int = 0) -> Path:
    drawn = np.random.default_rng(seed).integers(97, 123, (9_000, 1_000), dtype=np.uint8)
    texts = [row.tobytes().decode() for row in drawn]
    pq.write_table(pa.table({"text": texts}), path, compression="none", row_group_size=3_000)
    assert path.stat().st_size > ahead.WORTH_BYTES
    return path


def large_lines(path: Path) -> Path:
    path.write_text("".join(f'{{"text": "{i} {"word " * 150}", "label": "{i % 3}"}}\n' for i in range(12_000)))
    assert path.stat().st_size > ahead.WORTH_BYTES
    return path


@pytest.mark.parametrize(("name", "make"), [("rows.parquet", large), ("rows.jsonl", large_lines)])
def test_what_was_read_ahead_is_what_load_gives(tmp_path: Path, name: str, make: Callable[[Path], Path]) -> None:
    file = make(tmp_path / name)
    alone = load(file)
    ahead.read_ahead(file)
    ready = load(file)
    assert ready.source == alone.source
    assert ready.row(8_999) == alone.row(8_999)
    assert ahead.taken(file) is None


def test_a_file_that_changed_meanwhile_is_read_again(tmp_path: Path) -> None:
    file = large(tmp_path / "rows.parquet")
    ahead.read_ahead(file)
    large(tmp_path / "other.parquet", seed=1).replace(file)
    ready, alone = load(file), load(file)
    assert ready.source == alone.source
    assert ready.row(0) == alone.row(0)


def test_a_damaged_file_gives_the_error_of_load_itself(tmp_path: Path) -> None:
    file = large(tmp_path / "rows.parquet")
    file.write_bytes(file.read_bytes()[:-2_000])
    ahead.read_ahead(file)
    with pytest.raises(DataError, match="cut short"):
        load(file)


def test_small_files_other_formats_and_missing_ones_are_left_to_load(tmp_path: Path) -> None:
    small = tmp_path / "small.parquet"
    pq.write_table(pa.table({"text": ["a", "b"]}), small)
    table = tmp_path / "rows.csv"
    table.write_text("text\n" + "some words\n" * 1_000_000)
    for file in (small, table, tmp_path / "none.parquet", tmp_path):
        ahead.read_ahead(file)
        assert ahead.taken(file) is None
    ahead.read_ahead(None)


def test_an_error_of_what_stood_there_before_is_not_told_of_another_file(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\n" * (ahead.WORTH_BYTES + 1))
    ahead.read_ahead(file)
    file.write_text('{"text": "a b c"}\n' * 3)
    assert load(file).n_rows == 3


def test_a_broken_file_is_told_before_all_of_it_is_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = threading.Event()
    monkeypatch.setattr(sys.modules["curate.dataset.load"], "hash_file", lambda _: hashed.wait(30))
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"PAR1" + bytes(64))
    with pytest.raises(DataError, match="cut short"):
        load(file)
    assert not hashed.is_set()
    hashed.set()
