"""What people decided last month holds this month, for the rows that are still there."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pyarrow.parquet as pq

from tests.conftest import Curate


def write(path: Path, numbers: range) -> Path:
    rows = [{"text": f"Where is parcel {n}, ordered on day {n * 7} from shop {n * 3}?", "label": "a"} for n in numbers]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in [*rows, rows[0]]))
    return path


def kept(run: Path) -> int:
    return int(json.loads((run / "manifest.json").read_text())["plan"]["rows_out"])


def test_decisions_of_an_earlier_run_hold_for_the_rows_that_both_have(inside: Curate, tmp_path: Path) -> None:
    may = write(tmp_path / "tickets.jsonl", range(30))
    run = ("--no-train", "--stages", "exact_duplicates")
    assert inside("run", may, *run).returncode == 0
    old = tmp_path / "runs" / "tickets"
    assert kept(old) == 30
    finding = pq.read_table(old / "findings" / "exact_duplicates.parquet")["finding_id"][-1].as_py().hex()
    assert inside("decide", old, "reject", finding).returncode == 0

    write(may, range(40))
    refused = inside("run", may, *run)
    assert refused.returncode == 2
    assert "tickets.jsonl is not what it was" in refused.stderr
    advised = refused.stderr.split("--out ")[1].split(" (")[0].split()
    assert advised == ["runs/tickets-2", "--decisions", "runs/tickets/decisions.jsonl"]
    assert inside("run", may, *run, "--out", *advised).returncode == 0
    new = tmp_path / "runs" / "tickets-2"
    assert kept(new) == 41, "the copy stays, as somebody decided"
    assert inside("run", may, *run, "--out", advised[0], "--decisions", old).returncode == 0
    assert (new / "decisions.jsonl").read_bytes() == (old / "decisions.jsonl").read_bytes(), "taken in once"


def test_a_run_in_which_nobody_has_decided_gives_no_decisions(inside: Curate, tmp_path: Path) -> None:
    run = ("--no-train", "--stages", "exact_duplicates")
    assert inside("run", write(tmp_path / "may.jsonl", range(9)), *run).returncode == 0
    done = inside("run", write(tmp_path / "june.jsonl", range(12)), *run, "--decisions", "runs/may")
    assert done.returncode == 0, done.stderr
    assert "0 decisions taken in from runs/may" in done.stderr
    assert not (tmp_path / "runs" / "june" / "decisions.jsonl").exists()


def test_a_run_of_another_file_of_that_name_says_which(inside: Curate, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    inside("run", write(tmp_path / "a" / "t.jsonl", range(9)), "--no-train", "--stages", "exact_duplicates")
    done = inside("run", write(tmp_path / "t.jsonl", range(8)), "--no-train")
    assert done.returncode == 2
    assert "it was made from" in done.stderr
    assert "a/t.jsonl, and this is" in done.stderr


def test_a_decision_file_that_is_missing_is_said_before_any_work(inside: Curate, tmp_path: Path) -> None:
    data = write(tmp_path / "t.jsonl", range(9))
    for verb in (("run", data, "--no-train"), ("gate", data)):
        done = inside(*verb, "--decisions", "none.jsonl")
        assert (done.returncode, "there is no decision file at none.jsonl" in done.stderr) == (2, True)
    assert not (tmp_path / "runs").exists()


def test_what_was_decided_here_already_is_not_taken_back_by_an_older_word(inside: Curate, tmp_path: Path) -> None:
    data, other = write(tmp_path / "may.jsonl", range(30)), write(tmp_path / "june.jsonl", range(30))
    run = ("--no-train", "--stages", "exact_duplicates")
    for source in (data, other):
        inside("run", source, *run)
    may, june = (tmp_path / "runs" / name for name in ("may", "june"))
    finding = pq.read_table(may / "findings" / "exact_duplicates.parquet")["finding_id"][-1].as_py().hex()
    assert inside("decide", may, "reject", finding).returncode == 0
    assert inside("decide", june, "accept", finding).returncode == 0
    told = inside("run", other, *run, "--decisions", may / "decisions.jsonl").stderr
    assert "0 decisions taken in" in told
    assert "1 left out, since this run has its own on the same" in told
    assert kept(june) == 30
    inside("decide", june, "undo")
    assert "1 decision taken in" in inside("run", other, *run, "--decisions", may / "decisions.jsonl").stderr
