"""Arrow and Feather files: read, written back alike, and refused with a reason when they cannot be."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pytest

from curate.dataset import Dataset, load
from curate.errors import DataError

TABLE = pa.table(
    {
        "text": pa.array([f"row number {i}" for i in range(50)], pa.large_string()),
        "label": pa.array(["yes", "no"] * 25).dictionary_encode(),
        "n": pa.array(range(50), pa.int16()),
        "turns": pa.array([[{"role": "user", "content": "hi"}]] * 50),
        "gone": pa.array([None, 1.5] * 25),
    },
    metadata={"made by": "a test"},
)


def spelled(table: pa.Table, layout: str, codec: str | None, batch: int = 16) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with (pa.ipc.new_file if layout == "file" else pa.ipc.new_stream)(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=batch)
    return sink.getvalue()


def saved(path: Path, data: bytes, **options: Any) -> Dataset:
    path.write_bytes(data)
    return load(path, roles={"text": "text", "label": "label"}, **options)


@pytest.mark.parametrize("layout", ["file", "stream"])
@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_arrow_comes_back_byte_for_byte(tmp_path: Path, layout: str, codec: str | None) -> None:
    data = spelled(TABLE, layout, codec)
    dataset = saved(tmp_path / "in.arrow", data)
    dataset.write(tmp_path / dataset.suffix)
    assert dataset.suffix == ".arrow"
    assert (tmp_path / ".arrow").read_bytes() == data


def test_feather_keeps_its_name_its_schema_and_its_metadata(tmp_path: Path) -> None:
    pyarrow.feather.write_feather(TABLE, tmp_path / "in.feather")
    dataset = load(tmp_path / "in.feather", roles={"text": "text", "label": "label"})
    dataset.write(tmp_path / f"out{dataset.suffix}", rows=[3, 1])
    out = pyarrow.feather.read_table(tmp_path / "out.feather")
    assert out.schema.equals(TABLE.schema, check_metadata=True)
    assert out.to_pylist() == [TABLE.to_pylist()[3], TABLE.to_pylist()[1]]


def test_edits_added_rows_and_weights_are_written(tmp_path: Path) -> None:
    dataset = saved(tmp_path / "in.arrow", spelled(TABLE, "stream", None))
    new = {**TABLE.to_pylist()[0], "text": "new", "n": 7}
    dataset.write(tmp_path / "out.arrow", [0, 2], {2: {"text": "edited", "turns/0/content": "ho"}}, [new], [0.5, 2.0])
    with pa.ipc.open_stream(tmp_path / "out.arrow") as reader:
        out = reader.read_all().to_pylist()
    assert [row["text"] for row in out] == ["row number 0", "edited", "new"]
    assert out[1]["turns"][0]["content"] == "ho"
    assert [row["_weight"] for row in out] == [0.5, 2.0, 1.0]


def test_ids_and_views_are_those_of_the_same_rows_in_parquet(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(TABLE, tmp_path / "in.parquet")
    arrow = saved(tmp_path / "in.arrow", spelled(TABLE, "file", "lz4"))
    parquet = load(tmp_path / "in.parquet", roles={"text": "text", "label": "label"})
    assert arrow.row_ids.equals(parquet.row_ids)
    assert arrow.table.equals(parquet.table)


def test_a_compressed_arrow_file_is_unpacked_and_packed_again(tmp_path: Path) -> None:
    data = spelled(TABLE, "file", None)
    dataset = saved(tmp_path / "in.arrow.gz", gzip.compress(data))
    dataset.write(tmp_path / f"out{dataset.suffix}")
    assert dataset.suffix == ".arrow.gz"
    assert gzip.decompress((tmp_path / "out.arrow.gz").read_bytes()) == data


def test_what_is_written_does_not_depend_on_how_the_rows_were_batched(tmp_path: Path) -> None:
    parts = pa.concat_tables([TABLE.slice(0, 16), TABLE.slice(16, 16), TABLE.slice(32)])
    one, two = (saved(tmp_path / f"{n}.arrow", spelled(t, "file", None)) for n, t in (("a", TABLE), ("b", parts)))
    for name, dataset in (("x", one), ("y", two)):
        dataset.write(tmp_path / name, rows=range(40))
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("cut.arrow", spelled(TABLE, "file", None)[:-400], "cannot be read .* probably cut short"),
        ("cut.arrow", spelled(TABLE, "stream", None)[:-900], "the Arrow file cannot be read"),
        ("text.arrow", b'{"text": "a"}\n', "is not an Arrow file, though its name says so"),
        ("data.csv", spelled(TABLE, "file", None), "is an Arrow file, though its name says csv. Rename"),
        ("old.feather", b"FEA1" + b"\x00" * 40, "Feather of version 1"),
        ("none.arrow", spelled(TABLE.slice(0, 0), "file", None), "no rows"),
        ("broken.arrow", b"ARROW1\x00\x00" + b"\xff" * 64, "the Arrow file cannot be read"),
        ("twice.arrow", spelled(TABLE.rename_columns(["text", "label", "n", "n", "gone"]), "file", None), "same name: 'n'"),
    ],
)  # fmt: skip
def test_bad_arrow_files_are_refused_with_a_reason(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        saved(tmp_path / name, data)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    ends = pa.py_buffer(b"\x00" * 8 + b"\x02" + b"\x00" * 7)
    bad = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(b"\xff\xfe")])
    table = pa.table({"text": bad, "label": ["x"]})
    with pytest.raises(DataError, match="holds invalid values"):
        saved(tmp_path / "in.arrow", spelled(table, "file", None))
