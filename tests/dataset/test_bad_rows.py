"""Bad input is refused in plain words or set apart row by row; it never crashes, and never shrinks data in silence."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, load
from curate.errors import ConfigError, CurateError, DataError
from tests.conftest import examples

GOOD = b'{"text": "good row here", "label": "a"}'


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


BAD_LINES = {
    "broken": (b'{"text": "secret42", ', "invalid JSON at column"),
    "a list": (b'["secret42"]', "not a JSON object but a list"),
    "a number": (b"42", "not a JSON object but a number"),
    "null": (b"null", "not a JSON object but null"),
    "latin-1": (b'{"text": "caf\xe9 secret42"}', "invalid UTF-8 at byte 14"),
    "duplicate key": (b'{"text": "secret42 one", "text": "secret42 two"}', "duplicate key"),
    "duplicate key, spaced": (b'{"text" : "secret42 one", "text"\t: "secret42 two"}', "duplicate key"),
    "duplicate key, nested": (b'{"text": "secret42", "m": [{"k": 1, "k": 1}]}', "duplicate key"),
    "duplicate key, hidden by text": (b'{"text": "say \\":\\" secret42", "text": "say"}', "duplicate key"),
    "NaN": (b'{"text": "secret42", "x": NaN}', "NaN or Infinity"),
    "Infinity": (b'{"text": "secret42", "x": [-Infinity]}', "NaN or Infinity"),
    "too large": (b'{"text": "secret42", "x": 1e999}', "range of a 64-bit float"),
    "surrogate": (b'{"text": "\\ud800 secret42"}', "lone surrogate"),
    "deep": (b'{"text": "secret42", "x": ' + b"[" * 400 + b"]" * 400 + b"}", "nested deeper than"),
    "very deep": (
        b'{"text": "secret42", "x": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        "nested deeper than",
    ),
    "raw NUL": (b'{"text": "sec\x00ret42"}', "invalid JSON at column"),
    "many digits": (b'{"text": "secret42", "x": ' + b"9" * 9999 + b"}", "integer of more than"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_jsonl_row_fails_the_load_and_is_set_apart_on_request(tmp_path: Path, case: str) -> None:
    line, reason = BAD_LINES[case]
    path = saved(tmp_path / "a.jsonl", GOOD + b"\n\n" + line + b"\n" + GOOD + b"\n")
    with pytest.raises(DataError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "line 3" in message
    assert reason in message
    assert "1 of 3 rows" in message
    assert "on_bad_row" in message
    assert "secret" not in message
    assert caught.value.exit_code == 2
    dataset = load(path, on_bad_row="skip")
    assert dataset.n_rows == 2
    (bad,) = dataset.rejected
    assert bad.line == 3
    assert reason in bad.reason
    assert "42" not in bad.preview
    assert "secret" not in bad.preview
    dataset.write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == GOOD + b"\n" + GOOD + b"\n"


@pytest.mark.parametrize("case", ["a list", "duplicate key", "NaN", "too large", "surrogate", "deep"])
def test_a_bad_element_of_an_array_is_set_apart(tmp_path: Path, case: str) -> None:
    line, reason = BAD_LINES[case]
    path = saved(tmp_path / "a.json", b"[\n" + GOOD + b",\n" + line + b",\n" + GOOD + b"\n]\n")
    dataset = load(path, on_bad_row="skip")
    (bad,) = dataset.rejected
    assert (bad.line, dataset.lines.tolist()) == (3, [2, 4])
    assert reason in bad.reason
    dataset.write(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"[\n" + GOOD + b",\n" + GOOD + b"\n]\n"


def test_a_preview_shows_the_shape_only(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jsonl", GOOD + b'\n{"mail": "jo\xc3\xa9@x.org 12", \x1b[31m\n')
    assert load(path, on_bad_row="skip").rejected[0].preview == '{"xxxx": "xxx@x.xxx xx", ?[xxx'


CSV_CASES = {
    "too few": (b"only one cell", "1 fields where the header has 2"),
    "too many": (b"a,b,c", "3 fields where the header has 2"),
    "latin-1": (b"caf\xe9 one,x", "invalid UTF-8 at byte 4"),
    "text after quote": (b'"quoted"text,x', "text follows a closing quote"),
}


@pytest.mark.parametrize("case", CSV_CASES)
def test_a_bad_csv_row_names_its_line(tmp_path: Path, case: str) -> None:
    line, reason = CSV_CASES[case]
    path = saved(tmp_path / "a.csv", b'text,label\n"two\nlines",x\n' + line + b"\nlast row here,y\n")
    with pytest.raises(DataError, match="line 4: "):
        load(path, task="classification")
    dataset = load(path, task="classification", on_bad_row="skip")
    assert [(bad.line, reason in bad.reason) for bad in dataset.rejected] == [(4, True)]
    assert dataset.lines.tolist() == [2, 5]
    assert dataset.values("text").to_pylist() == ["two\nlines", "last row here"]


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", b'text,label\nfirst row,x\n"open row,y\nthird row,x\nfourth row,y\n')
    dataset = load(path, on_bad_row="skip", task="classification", roles={"text": "text", "label": "label"})
    assert [(bad.line, "never closed" in bad.reason) for bad in dataset.rejected] == [(3, True)]
    assert dataset.values("text").to_pylist() == ["first row", "third row", "fourth row"]


def test_a_tsv_without_quoting_is_read_as_it_is(tmp_path: Path) -> None:
    data = b'text\tlabel\n"open row\tx\nthe "second" row\ty\n'
    dataset = load(saved(tmp_path / "a.tsv", data), task="classification")
    assert dataset.values("text").to_pylist() == ['"open row', 'the "second" row']
    dataset.write(tmp_path / "out", [1], {1: {"label": "z"}})
    assert (tmp_path / "out").read_bytes() == b'text\tlabel\nthe "second" row\tz\n'


EMPTY = {
    "empty.jsonl": b"", "blank.jsonl": b"\n \n", "bom.csv": b"\xef\xbb\xbf",
    "header.csv": b"text,label\n", "empty.json": b"[]",
    "empty.csv": b"", "objects.jsonl": b"{}\n{}\n", "empty.jsonl.gz": gzip.compress(b""),
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("mode", ["fail", "skip"])
def test_a_file_without_rows_is_an_error(tmp_path: Path, name: str, mode: str) -> None:
    with pytest.raises(DataError, match="no rows"):
        load(saved(tmp_path / name, EMPTY[name]), on_bad_row=mode)  # type: ignore[arg-type]


def test_a_parquet_file_without_rows_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no rows"):
        load(tmp_path / "a.parquet")


def test_only_bad_rows_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="all 2 rows were rejected"):
        load(saved(tmp_path / "a.jsonl", b"{\n{\n"), on_bad_row="skip")


UNREADABLE = {
    "cut.jsonl.gz": (gzip.compress(os.urandom(5000).hex().encode())[:-3000], "cut short"),
    "damaged.jsonl.gz": (gzip.compress(GOOD * 99)[:30] + b"\xff" * 40, "damaged|cut short"),
    "cut.jsonl.zst": (zstandard.compress(os.urandom(5000).hex().encode())[:-1000], "cut short"),
    "cut.parquet": (b"PAR1" + b"x" * 100, "cut short"),
    "cut.json": (b'[{"text": "a"}, {"text": "b"', "line 1, column .*cut short"),
    "comma.json": (b'[{"text": "a"}\n {"text": "b"}]', "line 2, column 2: invalid JSON: expecting ',' or '\\]'"),
    "after.json": (b'[{"text": "a"}] more', "extra data after the array"),
    "object.json": (b'{\n  "data": [1]\n}', "holds one JSON object"),
    "word.json": (b"hello", "is not JSON"),
    "json.parquet": (b'{"text": "a"}', "not a Parquet file.*JSON"),
    "json.csv": (b'{"text": "a"}\n{"text": "b"}\n', "looks like JSON"),
    "utf16.csv": ("text,label\nab,c\n".encode("utf-16"), "UTF-16"),
    "zip.csv": (b"PK\x03\x04abcdef", "zip file"),
    "bzip.jsonl": (b"BZh91AY", "bzip2"),
    "name.xyz": (b"hello", "name does not tell the format"),
    "twice.csv": (b"text,text\na,b\n", "line 1: the header names a column twice"),
    "latin.json": (b'[{"text": "caf\xe9"}]', "line 1: invalid UTF-8 at byte 15"),
    "deep.json": (b"[" * 100_000, "nested too deep"),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("mode", ["fail", "skip"])
def test_an_unreadable_file_says_why(tmp_path: Path, name: str, mode: str) -> None:
    data, words = UNREADABLE[name]
    with pytest.raises(DataError, match=words) as caught:
        load(saved(tmp_path / name, data), on_bad_row=mode)  # type: ignore[arg-type]
    assert name in str(caught.value)


def test_a_parquet_file_under_another_name_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["one two three"]}), tmp_path / "a.csv")
    with pytest.raises(DataError, match="is a Parquet file"):
        load(tmp_path / "a.csv")


def test_a_record_without_a_text_is_told_as_a_record_where_the_format_has_no_lines(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [f"some words of row {i}" for i in range(9)] + [None]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"1 of 10 rows cannot be used \(record 10: nothing in the required role"):
        load(tmp_path / "a.parquet")


def test_a_parquet_file_cut_short_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [f"row {i}" for i in range(1000)]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    for size in (5, len(whole) // 2, len(whole) - 1):
        with pytest.raises(DataError, match="Parquet"):
            load(saved(tmp_path / "b.parquet", whole[:size]))


def test_missing_files_directories_and_closed_files_are_named(tmp_path: Path) -> None:
    saved(tmp_path / "train.csv", b"text\nhello\n")
    with pytest.raises(DataError, match=r"no such file; did you mean 'train\.csv'"):
        load(tmp_path / "trian.csv")
    with pytest.raises(DataError, match="its directory does not exist"):
        load(tmp_path / "no" / "train.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is a directory without data files"):
        load(tmp_path / "empty")
    if os.geteuid() != 0:
        (tmp_path / "train.csv").chmod(0)
        with pytest.raises(DataError, match="permission denied"):
            load(tmp_path / "train.csv")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_zip_bomb_is_refused(tmp_path: Path, pack: object) -> None:
    bomb = pack(b'{"text": "' + b"a" * (100 << 20) + b'"}')  # type: ignore[operator]
    with pytest.raises(DataError, match="zip bomb"):
        load(saved(tmp_path / "a.jsonl", bomb))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_long_rows_and_nul_characters_load(tmp_path: Path, name: str) -> None:
    rows = [{"text": "word " * 2_000_000, "label": "a\x00b"}, {"text": "short one here", "label": "c"}]
    if name == "a.csv":
        data = "text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in rows)
    elif name == "a.json":
        data = json.dumps(rows)
    else:
        data = "\n".join(map(json.dumps, rows))
    dataset = load(
        saved(tmp_path / name, data.encode()), task="classification", roles={"text": "text", "label": "label"}
    )
    assert dataset.values("text").to_pylist() == [row["text"] for row in rows]
    assert dataset.values("label").to_pylist() == ["a\x00b", "c"]
    dataset.write(tmp_path / "out", [0, 1], {})
    assert (tmp_path / "out").read_bytes() == data.encode()


def test_a_row_without_its_required_role_is_bad(tmp_path: Path) -> None:
    rows = [{"prompt": f"question {i} of many", "completion": f"answer {i} to it"} for i in range(20)]
    del rows[3]["completion"]
    rows[7]["prompt"] = 5  # type: ignore[assignment]
    path = saved(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)).encode())
    with pytest.raises(DataError, match=r"2 of 20 rows.*line 4: nothing in the required role comp.*line 8: wrong type"):
        load(path)
    dataset = load(path, on_bad_row="skip")
    assert dataset.n_rows == 18
    assert not dataset.is_json("prompt")  # plain text again, now that the odd row is gone
    assert [bad.line for bad in dataset.rejected] == [4, 8]
    assert dataset.rejected[0].preview == '{"xxxxxx": "xxxxxxxx x xx xxxx"}'


def test_a_conversation_of_the_wrong_type_is_bad(tmp_path: Path) -> None:
    rows: list[object] = [{"messages": [{"role": "user", "content": "hi"}]} for _ in range(10)]
    rows[2] = {"messages": "hi"}
    rows[5] = {"messages": []}
    path = saved(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)).encode())
    assert [bad.line for bad in load(path, on_bad_row="skip").rejected] == [3, 6]


def test_a_role_that_no_column_can_play_is_a_configuration_error(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jsonl", GOOD + b"\n" + GOOD)
    with pytest.raises(ConfigError, match="did you mean 'label'"):
        load(path, roles={"label": "labl"})
    with pytest.raises(ConfigError, match="no such role"):
        load(path, roles={"lable": "label"})
    with pytest.raises(ConfigError, match="no such task"):
        load(path, task="classify")
    with pytest.raises(ConfigError, match="needs a column with the role chosen"):
        load(path, task="preference")
    with pytest.raises(ConfigError, match="id_columns"):
        load(path, id_columns=["nope"])
    with pytest.raises(DataError, match="holds numbers, not text"):
        load(saved(tmp_path / "b.jsonl", b'{"text": 1}\n{"text": 2}\n'), roles={"text": "text"})


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200),
    st.sampled_from(["a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet", "a.jsonl.gz"]),
    st.booleans(),
)
def test_any_bytes_load_or_fail_with_a_plain_error(tmp_path: Path, data: bytes, name: str, seeded: bool) -> None:
    head = {
        "a.jsonl": GOOD + b"\n",
        "a.json": b"[" + GOOD,
        "a.csv": b"text,label\nabc,d\n",
        "a.tsv": b"text\tlabel\nabc\td\n",
    }
    path = saved(tmp_path / name, (head.get(name, b"") if seeded else b"") + data)
    refusal = ""
    try:
        dataset = load(path, on_bad_row="skip")
    except CurateError as error:
        refusal = str(error)
    if refusal:
        assert name in refusal
        return
    assert isinstance(dataset, Dataset)
    assert dataset.n_rows > 0
    assert len(dataset.row_ids) == len(dataset.content()) == dataset.n_rows
    dataset.write(tmp_path / "out", range(dataset.n_rows), {})
    dataset.write(tmp_path / "out2", [0], {})


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_the_euro_sign_of_windows_survives_the_advice(tmp_path: Path, name: str) -> None:
    text = {
        "a.csv": "text,label\ncafé à 300 €,a\nplain words,b\n",
        "a.jsonl": '{"text": "café à 300 €"}\n{"text": "plain"}\n',
        "a.json": '[{"text": "café à 300 €"}]',
    }[name]
    (tmp_path / name).write_bytes(text.encode("cp1252"))
    with pytest.raises(DataError) as told_to:
        load(tmp_path / name)
    advice = str(told_to.value).partition("to UTF-8 (")[2].partition(",")[0].replace("ENCODING", "cp1252")
    done = subprocess.run([*shlex.split(advice), str(tmp_path / name)], capture_output=True, check=True)
    assert done.stdout.decode("utf-8") == text
