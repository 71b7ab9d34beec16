"""Values planted in a data set are looked for in everything that a run and the verbs around it write or say."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from curate.cli import cli, main

PLANTED = (
    "zelda.quixote@fjordmail.net", "212-736-5099", "4012888888881881", "536-90-4399", "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "Quentin Brassworth", "GB82WEST12345698765432", "hunter2Secret99",
)  # fmt: skip
RECIPE = """
[data]
input = "chat.jsonl"
task = "chat"
[run]
stages = ["exact_duplicates", "near_duplicates", "pii", "erasure"]
[stages.erasure]
rows = "forget.txt"
[stages.pii]
names = "replace"
key_file = "key"
[stages.pii.operators]
default = "{operator}"
"""


def chat(folder: Path) -> Path:
    rows: list[dict[str, Any]] = []
    for i, value in enumerate(PLANTED):
        told = f"Hello, I am Quentin Brassworth, ticket {i}: {value} password: hunter2Secret99"
        turns = [{"role": "user", "content": told}, {"role": "assistant", "content": json.dumps({"seen": value})}]
        rows.append({"messages": turns, "meta": {"k": value}, "n": i})
    rows.append({**rows[0], "n": 100})  # a copy, which is removed
    rtl = "שלום \u202ezelda.quixote@fjordmail.net\u202c 😀😀 212-736-5099 [EMAIL] [PHONE_NUMBER_1]"
    turns = [{"role": "user", "content": rtl}, {"role": "assistant", "content": "ok"}]
    rows.append({"messages": turns, "meta": None, "n": 9})
    path = folder / "chat.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def everything(folder: Path) -> dict[str, str]:
    """Contents of all files under a folder as text; tables as JSON."""
    out = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            out[str(path)] = json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False)
        else:
            out[str(path)] = path.read_bytes().decode("utf-8", "replace")
    return out


def raw_in(text: str) -> list[str]:
    return [value for value in PLANTED if value in text or json.dumps(value)[1:-1] in text]


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def say(*args: str) -> str:
    """What a verb says on both streams; its exit code is its own business."""
    done = CliRunner().invoke(cli, list(args))
    assert done.exception is None or isinstance(done.exception, SystemExit) or args[0] != "run", done.output
    return done.output + (done.stderr or "") + str(done.exception or "")


@pytest.mark.parametrize(
    "operator",
    ["vault", pytest.param("placeholder", marks=pytest.mark.slow), pytest.param("surrogate", marks=pytest.mark.slow)],
)
def test_planted_values_stand_in_no_output(inside: Path, operator: str) -> None:
    chat(inside)
    (inside / "forget.txt").write_text("")
    assert "key" in say("vault", "key", "key")
    (inside / "cur.toml").write_text(RECIPE.format(operator=operator))
    said = {"run": say("run", "cur.toml", "--out", "r", "--no-train")}
    assert (inside / "r/curated.jsonl").is_file(), said
    for form in ("text", "json", "github", "sarif", "markdown", "junit", "html"):
        said[form] = say("gate", "r", "--preset", "strict", "--format", form)
        said[f"{form} of the input"] = say("gate", "chat.jsonl", "--preset", "strict", "--format", form)
    said["explain"] = "".join(say("explain", "r", str(row)) for row in (0, 5, 9))
    said["review"] = say("review", "r", "--export", "queue.csv")
    said["pii-review"] = say("pii-review", "r", "--list")
    said["report"] = say("report", "r")
    (inside / "who.txt").write_text("Quentin Brassworth\nzelda.quixote@fjordmail.net\n")
    said["forget"] = say("forget", "--from", "who.txt", "r", "--key", "key", "--json", "--drop-list", "forget.txt")
    (inside / "who.txt").unlink()
    said["again"] = say("run", "cur.toml", "--out", "r", "--no-train")
    assert "erasure" in said["again"]
    files = everything(inside)
    del files[str(inside / "chat.jsonl")]
    assert len(files) > 12
    assert {name: raw_in(text) for name, text in {**files, **said}.items() if raw_in(text)} == {}


def test_planted_values_stand_in_no_error(
    inside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = chat(inside)
    broken = (
        '{"messages": [{"role": "user", "content": "4012888888881881"}\n', '{"messages": "zelda.quixote@fjordmail.net"}\n',
        '{"messages": [{"role": "user", "content": "\\ud800 4012888888881881"}]}\n', "4012888888881881\n",
    )  # fmt: skip
    good = path.read_text(encoding="utf-8")
    for line in broken:
        path.write_text(good + line, encoding="utf-8")
        said = say("pii", "chat.jsonl", "--out", "r") + say("pii", "chat.jsonl", "--out", "r", "--on-bad-row", "skip")
        assert raw_in(said) == []
        assert raw_in(json.dumps({k: v for k, v in everything(inside / "r").items() if "rejected" in k})) == []

    def fails(*_: object, **__: object) -> None:
        raise ValueError(f"cannot parse {PLANTED[0]}")

    path.write_text(good, encoding="utf-8")
    monkeypatch.setattr("curate.stages.pii.scan", fails)
    with pytest.raises(SystemExit, match="4"):
        main(["pii", "chat.jsonl", "--out", "other"])
    told = capsys.readouterr()
    assert "internal error" in told.err
    assert raw_in(told.err + told.out) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_key_file_that_cannot_be_read_is_named(inside: Path) -> None:
    chat(inside)
    (inside / "key").write_text("0" * 64)
    (inside / "key").chmod(0o000)
    assert "key" in say("pii", "chat.jsonl", "--operator", "hash", "--key", "key")
