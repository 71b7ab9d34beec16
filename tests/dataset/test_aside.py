"""Large text is set aside on disk, and everything that is read, found and written is the same."""

from __future__ import annotations

import gzip
import platform
import resource
import subprocess
import sys
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, aside, blocks, compression, content, jsonfiles, load, parquetgroups, parts
from curate.errors import DataError

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=30)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Everything counts as large, in slices of three rows; the scratch folder."""
    for module in (aside, compression, parquetgroups, parts):
        monkeypatch.setattr(module, "LARGE", 1)
    for module in (aside, parquetgroups, parts):
        monkeypatch.setattr(module, "SLICE_ROWS", 3)
    monkeypatch.setattr(parquetgroups, "_LARGE_GROUP", 1)
    monkeypatch.setattr(compression, "_APPENDED", 1)
    monkeypatch.setattr(blocks, "PIECE_ROWS", 4)
    monkeypatch.setattr(jsonfiles, "PIECE_ROWS", 4)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    return scratch


def rows_of(kind: str) -> list[dict[str, object]]:
    said = [f"how do I reset it {i}?" if i % 4 else "grüße 👋 \u2028" for i in range(17)]
    if kind == "chat":
        return [
            {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"so: {text}"}], "n": i}
            for i, text in enumerate(said)
        ]
    if kind == "sft":
        return [{"prompt": text, "completion": f"so: {i}", "note": text if i != 5 else None} for i, text in enumerate(said)]
    if kind == "mixed":
        return [{"text": text, "odd": i if i < 9 else text, "late": None if i < 12 else "x"} for i, text in enumerate(said)]
    return [{"text": text, "label": "ab"[i % 2]} for i, text in enumerate(said)]


def view_of(data: Dataset) -> object:
    made = data.parts()
    return (
        data.table.to_pydict(), data.content().to_pylist(), {k: v.to_pylist() for k, v in made.items()},
        data.row_ids.to_pylist(), data.lines.tolist(), data.task,
    )  # fmt: skip


def written(data: Dataset, path: Path) -> bytes:
    data.write(path, [3, 4, 5, 0], {4: {next(iter(data.columns)): data.values(data.columns[0])[2].as_py()}}
               if data.task != "chat" else {})  # fmt: skip
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["chat", "sft", "mixed", "labels"])
@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "parquet", "arrow", "csv", "json"])
def test_whatever_is_set_aside_reads_and_writes_the_same(
    kind: str, form: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rows = rows_of(kind)
    path = tmp_path / f"rows.{form}"
    if form.startswith("jsonl"):
        data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        path.write_bytes(gzip.compress(data, mtime=0) if form.endswith("gz") else data)
    elif form == "json":
        path.write_bytes(orjson.dumps(rows))
    elif kind == "mixed" or (form == "csv" and kind == "chat"):
        pytest.skip("no such file")
    else:
        table = pa.Table.from_pylist(rows)
        if form == "parquet":
            pq.write_table(table, path, row_group_size=5)
        elif form == "csv":
            load_csv(table, path)
        else:
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table, max_chunksize=6)
    plain = load(path)
    seen, out = view_of(plain), written(plain, tmp_path / f"plain.{form}")
    scratch = request.getfixturevalue("tiny")
    again = load(path)
    assert view_of(again) == seen
    assert written(again, tmp_path / f"again.{form}") == out
    assert again.source.input_hash == plain.source.input_hash
    assert not list(scratch.iterdir())  # what is set aside has no name


def load_csv(table: pa.Table, path: Path) -> None:
    from pyarrow import csv

    csv.write_csv(table, path)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")
def test_the_text_of_a_large_file_lies_in_a_mapped_file(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows_of("labels")))
    data = load(path)
    text = data.values("text").buffers()[2]
    ranges = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if str(tiny) in line]
    assert any(int(a, 16) <= text.address < int(b, 16) for a, b in (each[0].split("-") for each in ranges))


MANY = """
import resource, sys
from curate.dataset import aside, compression, parts
from curate.house import claim_process
claim_process()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
aside.LARGE = compression.LARGE = parts.LARGE = sys.modules["curate.dataset.load"].LARGE = 1
print(len(sys.modules["curate.dataset.load"].load(sys.argv[1])))
"""


def test_more_files_than_may_be_open_at_first_are_set_aside_together(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    for i in range(60):
        (folder / f"{i}.jsonl").write_text('{"text": "one of many", "label": "a"}\n')
    done = subprocess.run([sys.executable, "-c", MANY, str(folder)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "60", done.stderr


@pytest.mark.parametrize("form", ["csv", "json", "csv.gz"])
def test_what_is_parsed_whole_needs_no_scratch_folder(
    form: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    monkeypatch.setattr(aside, "LARGE", 1 << 30)  # what is parsed is small
    data = orjson.dumps(rows_of("sft")) if form == "json" else b"text,label\n" + b"some text,a\nother text,b\n" * 9
    path = tmp_path / f"rows.{form}"
    path.write_bytes(gzip.compress(data, mtime=0) if form.endswith("gz") else data)
    monkeypatch.setattr(parts, "LARGE", 1 << 30)
    assert len(load(path)) in (17, 18)


def test_a_scratch_folder_without_room_is_named_with_a_way_out(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows_of("labels")))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    with pytest.raises(DataError, match=r"absent: cannot be written.*TMPDIR"):
        load(path)
    monkeypatch.setenv("TMPDIR", str(tiny))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(DataError, match=r"no room left.*TMPDIR"):
            load(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_files_that_are_large_together_are_set_aside_together(
    form: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    rows = rows_of("labels")
    for name, some in (("a", rows[:7]), ("b", rows[7:])):
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist(some), folder / f"{name}.parquet", row_group_size=3)
        else:
            (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in some))
    (folder / "c.jsonl").touch() if form == "jsonl" else None
    plain = load(folder)
    seen = view_of(plain)
    plain.write(tmp_path / "plain", [1, 8, 9])
    request.getfixturevalue("tiny")
    monkeypatch.setattr(sys.modules["curate.dataset.load"], "LARGE", sum(each.stat().st_size for each in folder.iterdir()))
    again = load(folder)
    assert view_of(again) == seen
    again.write(tmp_path / "again", [1, 8, 9])
    for name in ("a", "b"):
        assert (tmp_path / f"again/{name}.{form}").read_bytes() == (tmp_path / f"plain/{name}.{form}").read_bytes()


@settings(deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 9))
def test_short_offsets_cut_a_column_into_chunks_that_join_again_without_a_copy(
    before: list[str | None], texts: list[str | None], limit: int
) -> None:
    whole = pa.array([*before, *texts], pa.large_string()).slice(len(before))
    longest = max([len((text or "").encode()) for text in texts], default=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aside, "OFFSET_LIMIT", max(limit, longest))
        chunks = aside.in_chunks(whole, pa.string())
    chunks.validate(full=True)
    assert chunks.to_pylist() == texts
    joined = aside.rejoined(chunks)
    joined.validate(full=True)
    assert joined.to_pylist() == texts
    if joined.buffers()[2] is not None and joined.buffers()[2].size:
        ends = whole.buffers()[2]
        assert ends.address <= joined.buffers()[2].address < ends.address + ends.size


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_chunks_that_lie_anywhere_join_to_the_same_texts(chunks: list[list[str | None]]) -> None:
    column = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
    joined = aside.rejoined(column)
    joined.validate(full=True)
    assert joined.to_pylist() == column.to_pylist()


def test_reading_together_asks_each_column_once_whether_it_holds_conversations(tiny: Path) -> None:
    turns = ['[{"role": "user", "content": "a"}]'] * 50 + ["[ 1, 2"] * 4
    column = jsonfiles.Column(pa.array(turns, pa.large_string()))
    assert content.read_together([column], 54).to_pylist() == ["a"] * 50 + ["[ 1, 2"] * 4


HOLES = """
import sys
import numpy as np
from curate.dataset.aside import large_arrays_apart
from curate.house import claim_process
if sys.argv[1] == "ours":
    claim_process()
large_arrays_apart()
np.ones(3 << 20)  # once freed, arrays up to its size lie among all others
held = [np.ones(1 << 20) for _ in range(20)]
del held[:-1]
print(next(line for line in open("/proc/self/status") if line.startswith("RssAnon")).split()[1])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they do")
def test_a_process_of_ours_gives_back_the_memory_of_large_arrays_and_others_are_left_as_they_are() -> None:
    def held(whose: str) -> int:
        made = subprocess.run([sys.executable, "-c", HOLES, whose], capture_output=True, text=True, check=True)
        return int(made.stdout)

    assert held("ours") < held("another's") - 19 * 8 * 1000 * 0.9
