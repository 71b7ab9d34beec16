"""Row groups decoded side by side are what Arrow reads in one go."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import load
from curate.dataset.compression import hash_file, read_bytes
from curate.dataset.parquetgroups import read_groups

TEXT = st.one_of(st.none(), st.text(max_size=12))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXT, TEXT, st.integers(0, 9)), min_size=1, max_size=40), st.integers(1, 9), st.booleans())
def test_any_table_comes_back_whole_whatever_the_size_of_its_groups(
    rows: list[tuple[str | None, str | None, int]], group: int, large: bool
) -> None:
    schema = pa.schema([("a", pa.large_string() if large else pa.string()), ("n", pa.int64()), ("b", pa.string()),
                        ("list", pa.list_(pa.string()))])  # fmt: skip
    table = pa.table([[r[0] for r in rows], [r[2] for r in rows], [r[1] for r in rows], [[r[0], r[1]] for r in rows]],
                     schema=schema)  # fmt: skip
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=group)
    data = file.getvalue()
    meta = pq.ParquetFile(pa.BufferReader(data)).metadata
    read = read_groups(lambda: pa.BufferReader(data), meta)
    read.validate(full=True)
    assert read.equals(pq.read_table(io.BytesIO(data)))
    assert meta.num_row_groups == 1 or read.column("a").num_chunks == 1


def test_one_long_row_before_many_short_ones_asks_for_no_more_than_there_is(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        writer.write_table(pa.table({"text": ["x" * 5_000_000]}, schema=schema))
        writer.write_table(pa.table({"text": ["y"] * 300_000}, schema=schema))
    read = read_groups(lambda: pa.OSFile(str(path)), pq.ParquetFile(path).metadata)
    assert read.num_rows == 300_001
    assert read["text"][300_000].as_py() == "y"


def test_groups_large_enough_to_be_copied_on_several_cores_come_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "groups.parquet"
    texts = [f"{i} " + "äx😀"[i % 3] * (997 + i % 7) for i in range(12_001)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=4_000, compression="none")
    meta = pq.ParquetFile(path).metadata
    assert meta.row_group(0).total_byte_size > 8 << 20
    assert read_groups(lambda: pa.OSFile(str(path)), meta)["text"].to_pylist() == texts


def test_a_column_of_categories_keeps_its_type_over_several_groups(tmp_path: Path) -> None:
    kind = pa.dictionary(pa.int32(), pa.string())
    parts = [pa.table({"text": ["one", "two"], "label": pa.array(labels).dictionary_encode().cast(kind)})
             for labels in (["x", "y"], ["z", "x"])]  # fmt: skip
    with pq.ParquetWriter(tmp_path / "a.parquet", parts[0].schema) as writer:
        for part in parts:
            writer.write_table(part)
    data = load(tmp_path / "a.parquet", roles={"text": "text", "label": "label"}, task="classification")
    assert data.values("label").to_pylist() == ["x", "y", "z", "x"]
    data.write(tmp_path / "b.parquet", [3, 0])
    again = pq.read_table(tmp_path / "b.parquet")
    assert again.schema.field("label").type == kind
    assert again["label"].to_pylist() == ["x", "x"]


@pytest.mark.parametrize("size", [0, 5, 3 << 20])
def test_a_file_hashes_alike_in_pieces_and_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(bytes(i % 251 for i in range(size)))
    assert hash_file(path) == read_bytes(path)[2]
