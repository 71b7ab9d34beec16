"""Every bad input ends in exit 2, a message that says what to do, and nothing half-written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import tickets
from tests.conftest import Curate

GOOD = "".join(json.dumps(r) + "\n" for r in tickets(60)).encode()
ROW = b'{"text": "a perfectly fine row of text", "intent": "refund"}\n'


def cut_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(tickets(60)), path)
    path.write_bytes(path.read_bytes()[:-200])


BROKEN: dict[str, tuple[str, bytes | Callable[[Path], None], str]] = {
    "an empty file": ("a.jsonl", b"", "no rows"),
    "a header and nothing else": ("a.csv", b"text,label\n", "no rows"),
    "truncated gzip": ("a.jsonl.gz", gzip.compress(GOOD)[:-40], "gzip"),
    "a Parquet file cut short": ("a.parquet", cut_parquet, "arquet"),
    "broken JSON": ("a.jsonl", GOOD + b'{"text": "x", \n', "line 64"),
    "invalid UTF-8": ("a.jsonl", GOOD + b'{"text": "\xff\xfe", "intent": "refund"}\n', "UTF-8"),
    "duplicate keys": ("a.jsonl", GOOD + b'{"text": "a", "text": "b", "intent": "refund"}\n', "same key twice"),
    "NaN": ("a.jsonl", GOOD + b'{"text": "a", "intent": "refund", "ticket": NaN}\n', "NaN"),
    "Infinity": ("a.jsonl", GOOD + b'{"text": "a", "intent": "refund", "ticket": -Infinity}\n', "Infinity"),
    "deep nesting": ("a.jsonl", GOOD + b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}\n", "nest"),
    "a missing role column": ("a.jsonl", GOOD + b'{"intent": "refund"}\n', "text"),
    "a row that is not an object": ("a.jsonl", GOOD + b"[1, 2]\n", "object"),
    "a CSV row with too many cells": ("a.csv", b"text,label\n" + b"some words here,x\n" * 40 + b"a,b,c,d\n", "line 42"),
    "an unknown kind of file": ("a.xyz", bytes(range(256)) * 9, "a.xyz"),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_it_is_refused_with_a_message_and_nothing_is_written(inside: Curate, tmp_path: Path, case: str) -> None:
    name, content, said = BROKEN[case]
    path = tmp_path / name
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    done = inside("run", path, "--no-train", "--out", tmp_path / "run")
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert path.name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


FINE: dict[str, tuple[str, bytes]] = {
    "one row": ("a.jsonl", ROW),
    "one class": ("a.jsonl", b"".join(ROW.replace(b"fine", b"fine%d" % i) for i in range(30))),
    "a byte order mark and CRLF": ("a.csv", b"\xef\xbb\xbftext,label\r\n" + b"some words here,x\r\nother words,y\r\n" * 9),
    "a line of a megabyte": ("a.jsonl", GOOD + json.dumps({"text": "word " * 200_000, "intent": "refund"}).encode()),
    "NUL bytes inside strings": ("a.jsonl", GOOD + b'{"text": "a\\u0000b c d", "intent": "refund"}\n'),
    "mixed types": ("a.jsonl", GOOD + b'{"text": "a b c", "intent": "refund", "ticket": "seven"}\n'),
    "markup, escapes and direction marks": (
        "a.jsonl",
        GOOD + json.dumps({"text": "[red]x[/] \x1b[2J <script>a()</script> \u202eabc", "intent": "=cmd|"}).encode(),
    ),
    "no last newline": ("a.jsonl", GOOD + ROW.rstrip()),
}


@pytest.mark.parametrize("case", list(FINE))
def test_unusual_but_sound_input_is_curated(inside: Curate, tmp_path: Path, case: str) -> None:
    name, content = FINE[case]
    path = tmp_path / name
    path.write_bytes(content)
    done = inside("run", path, "--no-train", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / f"curated{path.suffix}").stat().st_size > 0
    assert "\x1b[2J" not in done.stdout + done.stderr


def test_bad_rows_can_be_skipped_and_are_kept_with_their_line_and_reason(inside: Curate, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(ROW + b"{broken 4111111111111111\n" + GOOD)
    done = inside("run", path, "--no-train", "--out", tmp_path / "run", "--on-bad-row", "skip")
    assert done.returncode == 0, done.stderr
    rejected = [json.loads(line) for line in (tmp_path / "run" / "rejected.jsonl").read_text().splitlines()]
    assert [r["line"] for r in rejected] == [2]
    assert "4111" not in json.dumps(rejected)
    asked = inside("explain", tmp_path / "run", "a.jsonl:2")
    assert asked.returncode == 2
    assert "line 2 could not be read, and is no row: invalid JSON" in asked.stderr


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("[dta]\ninput = 'a.jsonl'", "did you mean 'data'?"),
        ("[data]\ninptu = 'a.jsonl'", "did you mean 'input'?"),
        ("[stages.near_duplicate]\n", "did you mean 'near_duplicates'?"),
        ("[stages.near_duplicates]\ntreshold = 0.5", "did you mean 'threshold'?"),
        ("[stages.near_duplicates]\nthreshold = 'high'", "threshold"),
        ("[stages.pii]\nauto = 3", "auto must lie in 0..1"),
        ("[keep]\npolicy = 'best'", "'first', 'last', 'longest', 'newest', 'best_source' or 'highest_quality'"),
        ("data = [", "not valid TOML"),
    ],
)
def test_a_wrong_recipe_names_the_key_and_what_is_allowed(
    inside: Curate, tmp_path: Path, recipe: str, said: str
) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    path = tmp_path / "curate.toml"
    path.write_text(recipe)
    done = inside("run", path, "--input", tmp_path / "a.jsonl", "--no-train")
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "missing.jsonl", "--no-train"], "missing.jsonl"),
        (["run", "tickets.jsonl", "--no-train", "--stages", "exact_duplicate"], "did you mean 'exact_duplicates'?"),
        (["run", "tickets.jsonl", "--no-train", "--role", "label=intnt"], "intent"),
        (["run", "tickets.jsonl", "--no-train", "--role", "intent"], "ROLE=COLUMN"),
        (["run", "tickets.jsonl", "--no-train", "--task", "chatt"], "chat"),
        (["rnu"], "did you mean 'run'?"),
        (["config", "shcema"], "there is no verb 'shcema'; did you mean 'schema'?"),
        (["config", "nosuch"], "known: schema, show, validate"),
        (["explain", "nowhere", "1"], "not a run directory"),
        (["apply", "nowhere"], "not a run directory"),
        (["gate", "runs/none"], "there is no run and no file at runs/none; `curate run DATA --out runs/none` makes one"),
        (["review", "runs/none"], "there is no run and no file at runs/none; `curate run DATA --out runs/none` makes one"),
        (["fairness", "runs/tickts"], "there is no run and no file at runs/tickts; did you mean 'runs/tickets'?"),
        (["train", "runs/none"], "there is no run and no file at runs/none; `curate run DATA --out runs/none` makes one"),
        (["tune", "runs/tickts"], "there is no run and no file at runs/tickts; did you mean 'runs/tickets'?"),
        (["train", "runs"], "It holds runs: name one of them, such as runs/tickets."),
        (["explain", "tickets.jsonl", "3"], "did you mean 'runs/tickets'?"),
        (["explain", "tickets", "3"], "did you mean 'runs/tickets'?"),
        (["gate", "shards/*"], "shards/*"),
        (["gate", "tickts.jsonl"], "no such file; did you mean 'tickets.jsonl'?"),
        (["run", "--no-train"], "curate init"),
    ],
)
def test_a_wrong_argument_is_a_usage_error_that_helps(
    inside: Curate, jsonl: Path, args: list[str], said: str
) -> None:
    run = jsonl.parent / "runs" / "tickets"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    done = inside(*args)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_wrong_argument_is_one_sentence_and_no_traceback(curate: Curate) -> None:
    done = curate("run", "missing.jsonl", "--no-train")
    assert done.returncode == 2
    assert "missing.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_private_in_the_name_of_a_column_is_not_shown(inside: Curate, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"text {i} of some words,{i % 2}\n" for i in range(30))
    path.write_text(f"write to jane.doe@example.org please,label\n{rows}")
    done = inside("run", path, "--no-train", "--out", tmp_path / "run")
    assert "text = write to [EMAIL] please" in done.stderr
    assert "personal data in names of columns stays in what is written: rename write to [EMAIL] please" in done.stderr
    begun = inside("init", path, "--output", tmp_path / "a.toml")
    assert "write to [EMAIL] please" in begun.stderr
    assert "jane.doe" not in done.stdout + done.stderr + begun.stdout + begun.stderr
