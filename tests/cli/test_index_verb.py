"""`curate index` and `curate dedup --against`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Curate

ASKED = [f"how many {a} does a {b} need when it {c} all day" for a in ("apples", "bricks") for b in ("camel", "mason")
         for c in ("sleeps", "works", "travels")]  # fmt: skip


def lines(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    return lines(tmp_path / "bench.jsonl", [{"prompt": asked, "completion": "seven"} for asked in ASKED])


@pytest.fixture
def train(tmp_path: Path) -> Path:
    rows = [{"prompt": f"dear all, here is question {k} of my list", "completion": "gladly"} for k in range(9)]
    rows += [{"prompt": f"I was asked {ASKED[4]} and I do not know", "completion": "me neither"}]
    return lines(tmp_path / "train.jsonl", rows)


def test_dedup_against_a_file_removes_says_and_explains(inside: Curate, bench: Path, train: Path, tmp_path: Path) -> None:
    done = inside("dedup", train, "--against", bench, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    table = next(line for line in done.stdout.splitlines() if line.startswith("bench.jsonl"))
    assert table.split() == ["bench.jsonl", "named", "set", "12", "1", "1", "0"]
    assert len((tmp_path / "run" / "curated.jsonl").read_text().splitlines()) < 10
    assert ASKED[4] not in (tmp_path / "run" / "curated.jsonl").read_text()
    told = inside("explain", tmp_path / "run", "9")
    assert "matches item 4 of bench.jsonl (counted from 0)" in told.stdout
    assert "contamination / matches_benchmark: drop" in told.stdout


def test_json_holds_the_leakage_table_and_the_recipe_can_be_run_again(
    inside: Curate, bench: Path, train: Path, tmp_path: Path
) -> None:
    done = inside("dedup", train, "--against", bench, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    stage = next(s for s in json.loads(done.stdout)["stages"] if s["name"] == "contamination")
    assert stage["leaks"] == [
        {"kind": "named set", "set": "bench.jsonl", "items": 12, "found": 1, "rows": 1, "only_whole": 0}
    ]
    again = inside("apply", tmp_path / "run")
    assert again.returncode == 0, again.stderr


def test_dedup_of_data_without_splits_and_without_a_set_is_no_open_question(
    inside: Curate, train: Path, tmp_path: Path
) -> None:
    done = inside("dedup", train, "--out", tmp_path / "run")
    assert done.returncode == 0
    assert "contamination skipped: the data names no evaluation split" in done.stderr
    alone = inside("run", train, "--no-train", "--stages", "contamination", "--out", tmp_path / "alone")
    assert alone.returncode == 3


def test_an_index_is_built_added_to_merged_and_described(inside: Curate, bench: Path, train: Path, tmp_path: Path) -> None:
    one, two, both = (tmp_path / name for name in ("one", "two", "both"))
    assert inside("index", "build", one, bench).returncode == 0
    assert inside("index", "build", two, train).returncode == 0
    merged = inside("index", "merge", both, two, one, "--json")
    assert json.loads(merged.stdout)["sources"] == {"bench.jsonl": 12, "train.jsonl": 10}
    again = inside("index", "add", both, bench)
    assert "nothing new" in again.stderr
    added = inside("index", "add", one, train, "--json")
    assert json.loads(added.stdout)["digest"] == json.loads(merged.stdout)["digest"]
    about = inside("index", "info", both, "--check")
    assert "22  items in 2 segments" in about.stdout
    found = inside("dedup", train, "--against", both, "--earlier", one, "--out", tmp_path / "run", "-q")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["index", "info", "nowhere"], "is not an index"),
        (["index", "add", "nowhere", "bench.jsonl"], "is not an index"),
        (["index", "build", "new", "no.jsonl"], "no such file"),
        (["index", "build", "built", "bench.jsonl"], "curate index add"),
        (["index", "info", "damaged", "--check"], "is damaged"),
        (["dedup", "train.jsonl", "--against", "damaged"], "is damaged"),
        (["dedup", "train.jsonl", "--against", "no.jsonl"], "no such file or index"),
        (["dedup", "train.jsonl", "--earlier", "old"], "version 7"),
        (["dedup", "train.jsonl", "--against", "empty"], "not an index"),
    ],
)
def test_what_cannot_be_used_is_exit_code_2_and_a_sentence(
    inside: Curate, bench: Path, train: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("built", "damaged", "old"):
        assert inside("index", "build", name, bench).returncode == 0
    segment = next((tmp_path / "damaged" / "segments").iterdir())
    segment.write_bytes(segment.read_bytes()[:-9] + b"123456789")
    manifest = tmp_path / "old" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 7'))
    done = inside(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_the_gate_counts_a_training_row_that_holds_an_evaluation_row_as_a_leak(
    inside: Curate, train: Path, tmp_path: Path
) -> None:
    rows = [{**json.loads(line), "split": "train"} for line in train.read_text().splitlines()]
    source = lines(tmp_path / "split.jsonl", [*rows, {"prompt": ASKED[4], "completion": "seven", "split": "test"}])
    done = inside("gate", source, "--format", "json")
    leaked = next(c for c in json.loads(done.stdout)["checks"] if c["name"] == "leaked_rows")
    assert (leaked["verdict"], leaked["value"]) == ("fail", 1)
