"""Several files as one dataset: which ones, in what order, under which ids, and written back each as it was."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import load
from curate.dataset.listing import split_of
from curate.errors import DataError


def rows(start: int, n: int) -> list[dict[str, Any]]:
    return [{"text": f"row number {i} speaks of parcel {7 * i}", "label": "ab"[i % 2]} for i in range(start, start + n)]


def jsonl(some: list[dict[str, Any]], end: str = "\n") -> bytes:
    return "".join(json.dumps(row) + end for row in some).encode()


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "more").mkdir(parents=True)
    (folder / "b.jsonl").write_bytes(jsonl(rows(0, 10), "\r\n"))
    (folder / "a.jsonl").write_bytes(jsonl(rows(10, 5)).rstrip(b"\n"))
    (folder / "more" / "c.jsonl.gz").write_bytes(gzip.compress(jsonl([{**row, "extra": 1} for row in rows(15, 5)])))
    (folder / "d.jsonl").write_bytes(b"")
    (folder / "README.md").write_text("about")
    (folder / ".hidden.jsonl").write_bytes(jsonl(rows(90, 2)))
    (folder / "_log.jsonl").write_bytes(jsonl(rows(95, 2)))
    return folder


def test_a_folder_is_all_its_data_files_in_the_order_of_their_names(shards: Path) -> None:
    data = load(shards)
    assert [file.path for file in data.source.files] == ["a.jsonl", "b.jsonl", "d.jsonl", "more/c.jsonl.gz"]
    assert [file.rows for file in data.source.files] == [5, 10, 0, 5]
    assert data.content().to_pylist() == [row["text"] for row in [*rows(10, 5), *rows(0, 10), *rows(15, 5)]]
    assert data.values("extra").to_pylist() == [None] * 15 + [1] * 5


def test_a_pattern_names_what_it_says(shards: Path) -> None:
    assert load(str(shards / "[ab].jsonl")).n_rows == 15
    assert load(str(shards / "**" / "*.gz")).n_rows == 5
    with pytest.raises(DataError, match="no file has such a name"):
        load(str(shards / "z*.jsonl"))


def test_ids_are_those_of_the_same_rows_in_one_file(shards: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.jsonl"
    one.write_bytes(jsonl([*rows(10, 5), *rows(0, 10), *[{**row, "extra": 1} for row in rows(15, 5)]]))
    assert load(shards).row_ids == load(one).row_ids


def test_every_row_knows_its_file_and_line(shards: Path) -> None:
    data = load(shards)
    assert data.place(0) == (str(shards / "a.jsonl"), 1)
    assert data.place(14) == (str(shards / "b.jsonl"), 10)
    assert data.place(17) == (str(shards / "more" / "c.jsonl.gz"), 3)
    assert data.select([17, 0]).place(0) == (str(shards / "more" / "c.jsonl.gz"), 3)


def test_what_nobody_edits_is_written_back_byte_for_byte(shards: Path, tmp_path: Path) -> None:
    load(shards).write(tmp_path / "out")
    for name in ("a.jsonl", "b.jsonl", "d.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (shards / name).read_bytes()
    packed = (tmp_path / "out" / "more" / "c.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == gzip.decompress((shards / "more" / "c.jsonl.gz").read_bytes())


def test_edits_and_added_rows_go_to_the_files_of_their_rows(shards: Path, tmp_path: Path) -> None:
    data = load(shards)
    kept = np.setdiff1d(np.arange(20), [0, 5])
    data.write(tmp_path / "out", kept, {6: {"text": "mended"}}, [{"text": "new", "label": "a"}], parents=[7])
    b = (tmp_path / "out" / "b.jsonl").read_bytes().split(b"\r\n")
    assert [json.loads(line)["text"] for line in b if line] == ["mended", *(r["text"] for r in rows(2, 8)), "new"]
    assert (tmp_path / "out" / "a.jsonl").read_bytes() == jsonl(rows(11, 4)).rstrip(b"\n")
    again = load(tmp_path / "out")
    assert again.n_rows == 19


def test_weights_follow_their_rows(shards: Path, tmp_path: Path) -> None:
    load(shards).write(tmp_path / "out", weights=np.arange(20.0))
    again = load(tmp_path / "out")
    assert again.values("_weight").to_pylist() == list(map(float, range(20)))


def test_names_that_tell_splits_make_a_column_that_no_file_gets(tmp_path: Path) -> None:
    (tmp_path / "train-00000-of-00002.jsonl").write_bytes(jsonl(rows(0, 8)))
    (tmp_path / "train-00001-of-00002.jsonl").write_bytes(jsonl(rows(8, 8)))
    (tmp_path / "test.jsonl").write_bytes(jsonl(rows(16, 4)))
    data = load(tmp_path)
    splits = data.splits()
    assert splits is not None
    assert splits.to_pylist() == ["test"] * 4 + ["train"] * 16
    chosen = data.select([0, 5, 19], {0: {"text": "mended", "split": "train"}})
    assert chosen.table["split"].to_pylist() == ["test", "train", "train"]
    chosen.write(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "test.jsonl").read_text()) == {"text": "mended", "label": "a"}


def test_a_split_column_goes_before_names(tmp_path: Path) -> None:
    for name, split in (("train", "test"), ("test", "train")):
        (tmp_path / f"{name}.jsonl").write_bytes(jsonl([{**row, "split": split} for row in rows(0, 3)]))
    splits = load(tmp_path).splits()
    assert splits is not None
    assert splits.to_pylist() == ["train"] * 3 + ["test"] * 3


@pytest.mark.parametrize(
    ("name", "split"),
    [("train.jsonl", "train"), ("data/val-1.csv.gz", "validation"), ("test/part-3.parquet", "test"),
     ("my-dev-set.json", "validation"), ("trainer.jsonl", None), ("train-test.jsonl", None), ("a.jsonl", None)],
)  # fmt: skip
def test_a_split_is_told_by_whole_words_only(name: str, split: str | None) -> None:
    assert split_of(name) == split


def test_mixed_formats_are_refused_and_named(shards: Path) -> None:
    with (shards / "z.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), ("some text", "a")])
    with pytest.raises(DataError, match=r"several formats: csv \(z\.csv\) and jsonl \(a\.jsonl\)"):
        load(shards)


def test_a_bad_row_is_named_with_its_file(shards: Path) -> None:
    (shards / "b.jsonl").write_bytes(jsonl(rows(0, 2)) + b"{broken\n")
    with pytest.raises(DataError, match=r"b\.jsonl, line 3: "):
        load(shards)
    (bad,) = load(shards, on_bad_row="skip").rejected
    assert bad.to_json()["file"] == str(shards / "b.jsonl")


def test_a_run_directory_is_no_data(tmp_path: Path) -> None:
    for name in ("manifest.json", ".lock", "curated.jsonl"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(DataError, match=r"is a run directory, not data\. Name the data in it: .*curated\.jsonl"):
        load(tmp_path)


def test_a_changed_file_is_another_input(shards: Path) -> None:
    before = load(shards).source.input_hash
    (shards / "a.jsonl").rename(shards / "aa.jsonl")
    assert load(shards).source.input_hash != before


def test_parquet_shards_keep_their_codecs_and_types(tmp_path: Path) -> None:
    for i, codec in enumerate(("snappy", "zstd")):
        table = pa.table({"text": pa.array([f"text {i} {k}" for k in range(6)]), "n": pa.array(range(6), pa.int16())})
        pq.write_table(table, tmp_path / f"part-{i}.parquet", compression=codec)
    data = load(str(tmp_path / "*.parquet"))
    data.write(tmp_path / "out", rows=[1, 7, 8])
    second = pq.ParquetFile(tmp_path / "out" / "part-1.parquet")
    assert second.schema_arrow.field("n").type == pa.int16()
    assert second.metadata.row_group(0).column(0).compression == "ZSTD"
    assert second.read()["text"].to_pylist() == ["text 1 1", "text 1 2"]


TEXTS = st.lists(st.sampled_from(["one", "two", "two, too", 'a "b"', "é\n"]), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.randoms())
def test_any_choice_of_rows_is_that_of_the_joined_rows(tmp_path_factory: Any, files: list[list[str]], random: Any) -> None:
    folder = tmp_path_factory.mktemp("csv")
    for i, texts in enumerate(files):
        out = io.StringIO()
        csv.writer(out).writerows([("text", "label"), *((text, "x") for text in texts)])
        (folder / f"{i}.csv").write_text(out.getvalue(), newline="")
    joined = [text for texts in files for text in texts]
    data = load(folder, roles={"text": "text", "label": "label"})
    chosen = [random.randrange(len(joined)) for _ in range(random.randrange(1, 8))]
    some = data.select(chosen, {chosen[0]: {"text": "edited"}})
    expected = ["edited" if row == chosen[0] else joined[row] for row in chosen]
    assert some.content().to_pylist() == expected
    assert [some.row(i)["text"] for i in range(len(chosen))] == expected


def test_a_run_over_a_folder_writes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate import workflow
    from curate.explain import explain
    from curate.recipe import Recipe
    from curate.replay import replay

    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tickets"
    folder.mkdir()
    (folder / "train.jsonl").write_bytes(jsonl([*rows(0, 40), rows(3, 1)[0]]))
    (folder / "test.jsonl").write_bytes(jsonl([*rows(50, 10), rows(0, 1)[0]]))
    done = workflow.run(Recipe().with_(input="tickets", stages=["exact_duplicates"]), train=False)
    assert done.run.path == Path("runs/tickets")
    assert (done.run.path / "curated" / "test.jsonl").read_bytes() == (folder / "test.jsonl").read_bytes()
    assert (done.run.path / "curated" / "train.jsonl").read_bytes() == jsonl(rows(1, 39))
    assert replay(done.run.path).same
    told = explain(done.run.path, "11")
    assert (told["file"], told["line"]) == (str(folder / "train.jsonl"), 1)
    assert {f["witness_file"] for f in told["findings"]} == {str(folder / "test.jsonl")}
    assert workflow.reapply(done.run.path).plan.n_rows == 52
    assert (workflow.default_out("data/*.jsonl"), workflow.default_out("in/shard-*.csv")) == (
        Path("runs/data"), Path("runs/shard"),
    )  # fmt: skip


@pytest.fixture
def looped(tmp_path: Path) -> Path:
    """A folder that links to itself and holds a run made of it."""
    folder = tmp_path / "data"
    (folder / "more").mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(jsonl(rows(0, 4)))
    (folder / "more" / "b.jsonl").write_bytes(jsonl(rows(4, 3)))
    (folder / "more" / "again").symlink_to("..")
    run = folder / "made" / "tickets"
    (run / "curated" / "more").mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    (run / ".lock").touch()
    (run / "curated" / "a.jsonl").write_bytes(jsonl(rows(0, 2)))
    (run / "curated" / "more" / "b.jsonl").write_bytes(jsonl(rows(4, 2)))
    return folder


def test_a_deep_pattern_takes_each_file_once_and_none_of_a_run(looped: Path) -> None:
    found = load(str(looped / "**" / "*.jsonl"))
    assert [file.path for file in found.source.files] == ["a.jsonl", "more/b.jsonl"]
    assert found.row_ids == load(looped).row_ids


def test_the_curated_files_of_a_run_can_still_be_named(looped: Path) -> None:
    curated = looped / "made" / "tickets" / "curated"
    assert load(str(curated / "**" / "*.jsonl")).n_rows == 4
    assert load(str(looped / "made" / "*" / "curated" / "*.jsonl")).n_rows == 2


@pytest.mark.parametrize("how", ["folder", "pattern"])
@pytest.mark.parametrize("what", ["broken link", "pipe"])
def test_a_broken_link_or_a_pipe_among_files_is_named(tmp_path: Path, how: str, what: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl(rows(0, 4)))
    if what == "pipe":
        os.mkfifo(tmp_path / "b.jsonl")
    else:
        (tmp_path / "b.jsonl").symlink_to("nowhere.jsonl")
    with pytest.raises(DataError, match=r"b\.jsonl: is a broken link or no regular file"):
        load(tmp_path if how == "folder" else str(tmp_path / "*.jsonl"))


def test_a_file_whose_name_is_no_unicode_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl(rows(0, 4)))
    try:
        Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.jsonl")).write_bytes(jsonl(rows(4, 4)))
    except OSError:
        pytest.skip("this file system takes no such name")
    with pytest.raises(DataError, match=r"not UTF-8 \(caf\\udce9\.jsonl\)"):
        load(tmp_path)
