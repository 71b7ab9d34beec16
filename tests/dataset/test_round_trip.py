"""What is read is written back as it was: bytes where nothing changed, one value where one changed."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, load

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALAR = (
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
ROWS = st.lists(st.dictionaries(TEXT.filter(lambda key: key != "text"), VALUE, max_size=4), min_size=1, max_size=8)


def saved(path: Path, data: bytes, **options: Any) -> Dataset:
    path.write_bytes(data)
    return load(path, **options)


def written(dataset: Dataset, *args: Any, **kwargs: Any) -> bytes:
    target = Path(dataset.source.path).with_name("out")
    dataset.write(target, *args, **kwargs)
    return target.read_bytes()


def with_text(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"text": f"row number {i}", **row} for i, row in enumerate(rows)]


@CALM
@given(
    ROWS,
    st.booleans(),
    st.sampled_from([None, (",", ":"), (" , ", " : ")]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_jsonl_comes_back_byte_for_byte(
    tmp_path: Path, rows: Any, ascii_only: bool, separators: Any, newline: str, last: bool
) -> None:
    lines = [json.dumps(row, ensure_ascii=ascii_only, separators=separators) for row in with_text(rows)]
    data = (newline.join(lines) + (newline if last else "")).encode()
    dataset = saved(tmp_path / "a.jsonl", data, task="text", roles={"text": "text"})
    assert written(dataset) == data
    half = list(range(0, len(rows), 2))
    kept = newline.join(lines[i] for i in half) + (newline if last else "")
    assert written(dataset, half, {}) == kept.encode()
    assert written(dataset.select(half)) == kept.encode()
    backwards = newline.join(reversed(lines)) + (newline if last else "")
    assert written(dataset, range(len(rows))[::-1], {}) == backwards.encode()


@CALM
@given(ROWS, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_a_json_array_comes_back_byte_for_byte(tmp_path: Path, rows: Any, indent: Any, ascii_only: bool) -> None:
    rows = with_text(rows)
    data = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode() + b"\n"
    dataset = saved(tmp_path / "a.json", data, task="text", roles={"text": "text"})
    assert written(dataset) == data
    half = list(range(0, len(rows), 2))
    chosen = json.dumps([rows[i] for i in half], indent=indent, ensure_ascii=ascii_only).encode() + b"\n"
    if len(rows) > 1:  # one element shows no separator
        assert written(dataset, half, {}) == chosen


@CALM
@given(ROWS)
def test_views_hold_what_the_standard_parser_reads(tmp_path: Path, rows: Any) -> None:
    rows = with_text(rows)
    dataset = saved(
        tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)).encode(), task="text", roles={"text": "text"}
    )
    for name in dataset.columns:
        cells = dataset.values(name).to_pylist()
        if dataset.is_json(name):
            cells = [None if cell is None else json.loads(cell) for cell in cells]
        expected = [row.get(name) for row in rows]
        assert cells == expected
        assert [type(cell) for cell in cells] == [type(cell) for cell in expected]


@CALM
@given(ROWS, st.data())
def test_an_edit_changes_one_value_and_no_other_byte(tmp_path: Path, rows: Any, data: Any) -> None:
    rows = with_text(rows)
    new = data.draw(TEXT)
    dataset = saved(
        tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)).encode(), task="text", roles={"text": "text"}
    )
    lines = written(dataset, None, {0: {"text": new}}).split(b"\n")
    assert json.loads(lines[0]) == {**rows[0], "text": new}
    old = json.dumps(rows[0])
    rest = old[old.index('"row number 0"') + len('"row number 0"') :]
    assert lines[0].decode().endswith(rest)
    assert lines[1:] == [json.dumps(row).encode() for row in rows[1:]]
    assert dataset.select(range(len(rows)), {0: {"text": new}}).values("text").to_pylist()[0] == new


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12)


@CALM
@given(
    st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
    st.booleans(),
)
def test_csv_comes_back_byte_for_byte(
    tmp_path: Path, cells: Any, delimiter: str, quote_all: bool, windows: bool
) -> None:
    line_end = "\r\n" if windows else "\n"
    file = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    out = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    out.writerow(["text", "other", "n"])
    table = [(f"row {i} {a}", b, "01") for i, (a, b) in enumerate(cells)]
    out.writerows(table)
    data = file.getvalue().encode()
    dataset = saved(tmp_path / ("a.tsv" if delimiter == "\t" else "a.csv"), data, task="text", roles={"text": "text"})
    assert list(zip(*(dataset.values(name).to_pylist() for name in dataset.columns), strict=True)) == table
    assert written(dataset) == data
    new = cells[0][1]
    edited = written(dataset, None, {0: {"text": new}})
    again = list(csv.reader(io.StringIO(edited.decode(), newline=""), delimiter=delimiter))
    assert again[1:] == [[new, *table[0][1:]], *map(list, table[1:])]
    assert dataset.row(0) == dict(zip(("text", "other", "n"), table[0], strict=True))


def test_parquet_keeps_schema_metadata_nulls_and_nested_values(tmp_path: Path) -> None:
    turns = pa.list_(pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())]))
    schema = pa.schema(
        [
            pa.field("id", pa.int32(), nullable=False),
            pa.field("text", pa.string(), metadata={b"k": b"v"}),
            pa.field("label", pa.dictionary(pa.int32(), pa.string())),
            pa.field("when", pa.timestamp("us", "UTC")),
            pa.field("score", pa.float32()),
            pa.field("price", pa.decimal128(10, 2)),
            pa.field("turns", turns),
            pa.field("big", pa.uint64()),
        ],
        metadata={b"made by": b"hand"},
    )
    rows = [
        {"id": i, "text": f"some words {i}", "label": "ab"[i % 2], "when": i * 10**6, "score": 0.1, "price": None,
         "turns": [{"role": "user", "content": "hi"}, {"role": None, "content": f"{i}"}] if i % 3 else None,
         "big": 2**64 - 1}
        for i in range(9)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema)
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, compression="zstd", row_group_size=4)
    table = pq.read_table(path)
    schema = table.schema
    dataset = load(path, task="text", roles={"text": "text"})
    out = tmp_path / "b.parquet"
    dataset.write(out)
    back = pq.read_table(out)
    assert back.equals(table, check_metadata=True)
    assert pq.ParquetFile(out).metadata.row_group(0).column(0).compression == "ZSTD"
    assert pq.ParquetFile(out).metadata.row_group(0).num_rows == 4
    dataset.write(out, [8, 1], {1: {"turns/1/content": "new", "label": "c", "id": "7", "text": "t"}}, weights=[1, 0.5])
    back = pq.read_table(out)
    assert back.schema.remove(back.schema.get_field_index("_weight")) == schema
    expected = table.take([8, 1]).to_pylist()
    expected[1].update(
        id=7, text="t", label="c", turns=[{"role": "user", "content": "hi"}, {"role": None, "content": "new"}]
    )
    for row, weight in zip(expected, (1.0, 0.5), strict=True):
        row["_weight"] = weight
    assert back.to_pylist() == expected
    assert dataset.is_json("big")
    assert json.loads(dataset.values("big")[0].as_py()) == 2**64 - 1
    assert dataset.values("label").type == pa.large_string()


TURN = st.fixed_dictionaries(
    {"role": st.none() | TEXT, "parts": st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3)}
)
TURNS = pa.list_(pa.struct([("role", pa.string()), ("parts", pa.list_(pa.int64()))]))


@CALM
@given(st.lists(st.none() | st.lists(st.none() | TURN, max_size=3), min_size=1, max_size=6), st.data())
def test_nested_parquet_values_survive_selection_and_edits(tmp_path: Path, values: Any, data: Any) -> None:
    texts = [f"row {i} of some" for i in range(len(values))]
    table = pa.table({"text": texts, "turns": pa.array(values, TURNS), "gone": pa.nulls(len(values))})
    pq.write_table(table, tmp_path / "a.parquet", use_compliant_nested_type=data.draw(st.booleans()))
    table = pq.read_table(tmp_path / "a.parquet")
    dataset = load(tmp_path / "a.parquet", task="text", roles={"text": "text"})
    assert [cell and json.loads(cell) for cell in dataset.values("turns").to_pylist()] == values
    order = data.draw(st.lists(st.integers(0, len(values) - 1), unique=True))
    dataset.write(tmp_path / "b.parquet", order, {})
    assert pq.read_table(tmp_path / "b.parquet").equals(table.take(pa.array(order, pa.int64())), check_metadata=True)
    places = [(i, j) for i, turns in enumerate(values) for j, turn in enumerate(turns or []) if turn]
    if places:
        i, j = data.draw(st.sampled_from(places))
        dataset.write(tmp_path / "b.parquet", None, {i: {f"turns/{j}/role": "new"}})
        expected = table.to_pylist()
        expected[i]["turns"][j]["role"] = "new"
        assert pq.read_table(tmp_path / "b.parquet").to_pylist() == expected


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_leading_zero_and_an_integer_stay_what_they_are(tmp_path: Path, name: str) -> None:
    data = {
        "a.csv": b"text,zip,n\nhello there you,01,1\nbye now then,02,\n",
        "a.jsonl": b'{"text":"hello there you","zip":"01","n":1}\n{"text":"bye now then","zip":"02","n":null}\n',
    }[name]
    dataset = saved(tmp_path / name, data)
    assert dataset.values("zip").to_pylist() == ["01", "02"]
    assert dataset.values("n").to_pylist() in (["1", ""], [1, None])
    assert dataset.values("n").type in (pa.large_string(), pa.int64())
    assert written(dataset, [0, 1], {}) == data


def test_big_integers_keep_every_digit(tmp_path: Path) -> None:
    digits = "123456789012345678901234567890"
    dataset = saved(tmp_path / "a.jsonl", b'{"text":"one two three","n":%s}\n' % digits.encode() * 2)
    assert dataset.values("n").to_pylist() == [digits, digits]
    assert dataset.is_json("n")
    assert written(dataset, [0], {0: {"text": "x"}}) == b'{"text":"x","n":%s}\n' % digits.encode()


def test_a_byte_order_mark_blank_lines_and_mixed_line_ends_survive(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"text":"a b c"}\r\n\n  \n{"text":"d e f"}\n{"text":"g h i"}'
    dataset = saved(tmp_path / "a.jsonl", data)
    assert dataset.n_rows == 3
    assert dataset.lines.tolist() == [1, 4, 5]
    assert written(dataset) == data
    assert written(dataset, [0, 2], {}) == b'\xef\xbb\xbf{"text":"a b c"}\r\n{"text":"g h i"}'


def test_a_csv_byte_order_mark_is_no_part_of_the_first_column_name(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbftext,label\r\nhello you there,a\r\n"
    dataset = saved(tmp_path / "a.csv", data)
    assert dataset.columns == ("text", "label")
    assert written(dataset, [0], {0: {"label": "b,c"}}) == b'\xef\xbb\xbftext,label\r\nhello you there,"b,c"\r\n'


@pytest.mark.parametrize("packed", ["gz", "zst"])
def test_compression_is_kept_and_deterministic(tmp_path: Path, packed: str) -> None:
    data = b'{"text":"some words here"}\n' * 500
    if packed == "gz":
        blob = gzip.compress(data[:100]) + gzip.compress(data[100:])
    else:
        blob = zstandard.compress(data[:100]) + zstandard.compress(data[100:])
    dataset = saved(tmp_path / "named.jsonl", blob)  # the name does not say that it is compressed
    assert dataset.source.compression == {"gz": "gzip", "zst": "zstd"}[packed]
    first, second = written(dataset, [0, 1], {}), written(dataset, [0, 1], {})
    assert first == second
    text = gzip.decompress(first) if packed == "gz" else zstandard.ZstdDecompressor().decompressobj().decompress(first)
    assert text == data[:54]
    assert dataset.suffix == f".jsonl.{packed}"


def test_weights_and_added_rows_take_the_shape_of_the_file(tmp_path: Path) -> None:
    lines = saved(tmp_path / "a.jsonl", b'{"text":"a b c","n":1}\n{"text":"d e f","n":2}\n')
    assert written(lines, [1], {}, [{"text": "é", "n": 3}], [0.5, 0.25]) == (
        '{"text":"d e f","n":2,"_weight":0.5}\n{"text":"é","n":3,"_weight":0.25}\n'.encode()
    )
    array = saved(tmp_path / "a.json", json.dumps([{"text": "a b c"}, {"text": "d e f"}], indent=4).encode())
    assert (
        written(array, [0], {}, [{"text": "new"}])
        == json.dumps([{"text": "a b c"}, {"text": "new"}], indent=4).encode()
    )
    assert written(array, [0], {}, [], [2.0]) == json.dumps([{"text": "a b c", "_weight": 2.0}], indent=4).encode()
    cells = saved(tmp_path / "a.csv", b"text,n\na b c,1\nd e f,2")
    assert written(cells, [1], {}, [{"n": "3", "text": 'say "hi", you'}], np.array([0.5])) == (
        b'text,n,_weight\nd e f,2,0.5\n"say ""hi"", you",3,1.0'
    )


def test_an_edit_reaches_into_nested_values(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "x/y": {"~k": 1}}]}
    dataset = saved(tmp_path / "a.jsonl", json.dumps(row).encode())
    edited = json.loads(
        written(dataset, [0], {0: {"messages/1/content": "c\u2028", "messages/1/x~1y/~0k": "2", "new": "n"}})
    )
    row["messages"][1]["content"] = "c\u2028"
    row["messages"][1]["x/y"] = {"~k": "2"}  # type: ignore[assignment]
    assert edited == {**row, "new": "n"}
    with pytest.raises(KeyError):
        written(dataset, [0], {0: {"messages/7/content": "c"}})
    with pytest.raises(IndexError):
        written(dataset, [0], {3: {"messages/0/content": "c"}})


def test_escapes_are_written_where_the_file_escapes(tmp_path: Path) -> None:
    escaped = saved(tmp_path / "a.jsonl", b'{"text": "caf\\u00e9 one two"}\n')
    assert written(escaped, [0], {0: {"text": "thé"}}) == b'{"text": "th\\u00e9"}\n'
    plain = saved(tmp_path / "b.jsonl", '{"text": "café one two"}\n'.encode())
    assert written(plain, [0], {0: {"text": "thé"}}) == '{"text": "thé"}\n'.encode()


def test_a_selection_of_a_selection_keeps_its_edits(tmp_path: Path) -> None:
    dataset = saved(
        tmp_path / "a.jsonl", b"".join(b'{"text":"row %d","k":%d}\n' % (i, i) for i in range(5)), task="text"
    )
    once = dataset.select([4, 2, 0], {2: {"text": "edited"}})
    twice = once.select([1, 2], {1: {"k": "word"}})
    assert written(twice) == b'{"text":"edited","k":"word"}\n{"text":"row 0","k":0}\n'
    assert twice.values("text").to_pylist() == ["edited", "row 0"]
    assert twice.is_json("k")
    assert once.values("k").to_pylist() == [4, 2, 0]
    assert twice.source.rows == 2
