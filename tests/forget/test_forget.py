"""`curate forget` on real runs: every place is found, none is shown, and a drop list keeps the rows out."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from curate import workflow
from curate.cli.forget import forget_command
from curate.cli.index import index_command
from curate.errors import CurateError
from curate.forget_files import Unread, search_file
from curate.privacy.keys import load_key, make_key
from curate.privacy.subjects import subjects_of
from curate.privacy.vault import seal
from curate.recipe import Recipe
from curate.rundir import RunDir

MAIL, PHONE, NAME, CARD = "jane.doe@example.org", "+1 212 736 5000", "Jane Doe", "4111111111111111"
VALUES = (MAIL, PHONE, NAME, CARD)
PLANTED = {
    5: "text", 6: "text", 9: "meta", 10: "meta/note", 11: "meta", 12: "text", 13: "text", 14: "code",
}  # fmt: skip


def rows() -> list[dict[str, Any]]:
    words = ["parcel", "came", "late", "nobody", "knew", "where", "it", "went", "all", "week", "long", "they", "said"]
    out: list[dict[str, Any]] = []
    for i in range(60):
        text = " ".join(words[(i * k + k) % len(words)] for k in range(1, 9)) + f" and order {i * 37} is open"
        out.append({"text": text, "label": "ab"[i % 2], "code": i, "meta": {"note": "none"}})
    out[5]["text"] += f" write {MAIL.upper()} now"
    out[6]["text"] += " please mail jane dot doe at example dot org"
    out[9]["meta"] = {MAIL: "x"}
    out[10]["meta"] = {"note": "call (212) 736-5000"}
    out[11]["meta"] = {"phone": 2127365000}
    out[12]["text"] += " I am DOE, Jane by the way"
    out[13]["text"] += " four one one one one one one one one one one one one one one one is my card"
    out[14]["code"] = int(CARD)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("forget")
    (where / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    recipe = Recipe().with_(input=str(where / "data.jsonl"), stages=["near_duplicates", "pii"])
    workflow.run(recipe, out=where / "run", train=False)
    return where


@pytest.fixture
def here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["cp", "-r", f"{folder}/.", str(tmp_path)], check=True)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    manifest["recipe"]["data"]["input"] = str(tmp_path / "data.jsonl")
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def forget(*args: str | Path, input: str | None = None) -> tuple[int, str]:  # noqa: A002 - as click calls it
    result = CliRunner().invoke(forget_command, list(map(str, args)), standalone_mode=False, input=input)
    if isinstance(result.exception, CurateError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout


def found(*args: str | Path) -> dict[str, Any]:
    code, out = forget(*args, "--json")
    assert code == 0
    report: dict[str, Any] = json.loads(out)
    return report


def asked() -> list[str]:
    return [part for value in VALUES for part in ("--value", value)]


def test_every_planted_place_of_the_input_is_found(here: Path) -> None:
    (run,) = found(*asked(), "run")["runs"]
    assert {hit["row"] for hit in run["rows"]} == set(PLANTED)
    for hit in run["rows"]:
        assert [field.split(" ")[0] for field in hit["fields"]] == [PLANTED[hit["row"]]]
        assert hit["line"] == hit["row"] + 1
    known = {hit["row"] for hit in run["rows"] if hit["found"]}
    assert {5, 6, 10, 13} <= known
    assert not known & {9, 11, 14}


def test_what_is_left_in_the_files_of_the_run_is_named(here: Path) -> None:
    (run,) = found(*asked(), "run")["runs"]
    (curated,) = [file for file in run["files"] if file["file"] == "curated.jsonl"]
    left = {int(line.removeprefix("line ")) for line in curated["where"]}
    assert {10, 12, 15} <= left  # a key, a number in a nested value, a column of numbers
    assert not left & {6, 7}  # found by the scan, so replaced


def test_no_output_holds_a_value(here: Path) -> None:
    outputs = [forget(*asked(), "run", "--drop-list", "drop.txt")[1], json.dumps(found(*asked(), "run"))]
    outputs.append((here / "drop.txt").read_text())
    process = subprocess.run(
        [sys.executable, "-m", "curate", "forget", "-", "run"], input="\n".join(VALUES), capture_output=True, text=True,
    )  # fmt: skip
    assert process.returncode == 0
    for text in [*outputs, process.stdout, process.stderr]:
        for value in (*VALUES, "jane", "2127365000", "736"):
            assert value.lower() not in text.lower()


def test_nobody_is_found_where_nobody_stands(here: Path) -> None:
    code, out = forget("john.roe@example.net", "run")
    assert code == 0
    assert "run: nothing found" in out
    assert "nothing: no place that was looked into holds any of the values" in out
    assert "what weights remember" in out


@pytest.mark.parametrize("how", ["-", "file"])
def test_values_come_from_standard_input_or_a_file(here: Path, how: str) -> None:
    text = f"{MAIL}\n\n{PHONE}\n"
    (here / "who.txt").write_text(text)
    args = ("-", "run") if how == "-" else ("--from", "who.txt", "run")
    code, out = forget(*args, "--json", input=text)
    assert code == 0
    report = json.loads(out)
    assert report["subjects"] == 2
    assert {hit["row"] for hit in report["runs"][0]["rows"]} == {5, 6, 9, 10, 11}


def test_a_drop_list_keeps_the_rows_out_of_the_next_run(here: Path) -> None:
    assert forget(*asked(), "run", "--drop-list", "drop.txt")[0] == 0
    first = (here / "drop.txt").read_text()
    assert forget(MAIL, "run", "--drop-list", "drop.txt")[0] == 0
    assert (here / "drop.txt").read_text() == first  # what stands there stays
    reordered = sorted(rows(), key=lambda row: row["text"])
    (here / "next.jsonl").write_text("".join(json.dumps(row) + "\n" for row in reordered))
    (here / "curate.toml").write_text(
        '[data]\ninput = "next.jsonl"\n[run]\nstages = ["erasure", "pii"]\n[stages.erasure]\nrows = "drop.txt"\n'
    )
    result = workflow.run("curate.toml", out=here / "next", train=False)
    assert result.plan.dropped.sum() == len(PLANTED)
    removed = pq.read_table(here / "next" / "removed.parquet").to_pylist()
    assert {row["stage"] for row in removed} == {"erasure"}
    (run,) = found(*asked(), "next")["runs"]
    assert {hit["outcome"] for hit in run["rows"]} == {"removed"}
    assert [file["file"] for file in run["files"]] == []


@pytest.mark.parametrize(("text", "words"), [("zz\n", "line 1 is not a row id"), ("00ff\n", "line 1 is not a row id")])
def test_a_damaged_drop_list_is_refused(here: Path, text: str, words: str) -> None:
    from curate.errors import ConfigError
    from curate.stages.erasure import read_list

    (here / "bad.txt").write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_list(here / "bad.txt")
    with pytest.raises(ConfigError, match="there is no drop list"):
        read_list(here / "absent.txt")


def test_indexes_hold_the_rows_of_the_person(here: Path) -> None:
    made = CliRunner().invoke(index_command, ["build", "old.index", "data.jsonl"], standalone_mode=False)
    assert made.exception is None, made.exception
    (run,) = found(MAIL, "run", "old.index")["runs"]
    assert run["indexes"] == [{"path": "old.index", "items": 3}]
    manifest = json.loads((here / "run" / "manifest.json").read_text())
    manifest["recipe"]["stages"]["contamination"] = {"against": [str(here / "old.index")]}
    (here / "run" / "manifest.json").write_text(json.dumps(manifest))
    (run,) = found(MAIL, "run")["runs"]
    assert run["indexes"][0]["items"] == 3
    assert "build it again" in " ".join(found(MAIL, "run")["todo"])


def test_adapters_are_named_with_the_rows_that_trained_them(here: Path) -> None:
    for arm, seed in (("base", 0), ("raw", 0), ("raw", 1), ("curated", 0), ("random_control", 0), ("placebo", 0)):
        (here / "run" / "train" / arm / str(seed)).mkdir(parents=True)
    (here / "run" / "train" / "raw" / "0" / "adapter.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    (run,) = found(*asked(), "run")["runs"]
    seen = {adapter["arm"]: adapter for adapter in run["adapters"]}
    assert seen["base"]["rows"] == []
    assert set(seen["raw"]["rows"]) <= set(PLANTED)
    assert len(seen["raw"]["rows"]) >= 4  # a few of the rows are held out
    assert seen["raw"]["seeds"] == [0, 1]
    assert seen["curated"]["rows"] == seen["raw"]["rows"]
    assert "take it that it saw" in seen["placebo"]["note"]
    assert any(item["file"].endswith("adapter.safetensors") for item in run["unread"])
    todo = " ".join(found(*asked(), "run")["todo"])
    assert "delete the adapters of curated, placebo, random_control, raw and train again" in todo


def test_a_vault_is_opened_with_its_key_and_named_without(here: Path) -> None:
    key_file = make_key(here / "curate.key")
    sealed = seal(json.dumps({"tokens": {"[EMAIL_ADDRESS_A]": MAIL}, "rows": {}}).encode(), load_key(key_file))
    (here / "run" / "vault.bin").write_bytes(sealed)
    (run,) = found(MAIL, "run")["runs"]
    assert [(item["file"], item["sealed"]) for item in run["unread"]] == [("vault.bin", True)]
    (run,) = found(MAIL, "run", "--key", key_file)["runs"]
    assert [file["file"] for file in run["files"] if file["where"] == ["inside the vault"]] == ["vault.bin"]
    other = make_key(here / "other.key")
    (run,) = found(MAIL, "run", "--key", other)["runs"]
    assert "not its key" in run["unread"][0]["why"]


def test_a_keyed_hash_finds_the_rows_behind_it_with_the_key(here: Path) -> None:
    from curate.privacy.keys import derived
    from curate.privacy.operators.simple import hashed

    key_file = make_key(here / "curate.key")
    token = hashed(derived(load_key(key_file), "hash"), "EMAIL_ADDRESS", "EMAIL_ADDRESS", MAIL, "US")
    (run,) = found(token, "run", "--key", key_file)["runs"]
    assert {hit["row"] for hit in run["rows"]} == {5, 6}


def test_a_changed_input_is_searched_and_the_exit_code_says_that_it_is_not_the_same(here: Path) -> None:
    (here / "data.jsonl").write_text(json.dumps({"text": f"now {MAIL}", "label": "a"}) + "\n")
    code, out = forget(MAIL, "run", "--json")
    assert code == 2
    (run,) = json.loads(out)["runs"]
    assert [hit["row"] for hit in run["rows"]] == [0]
    assert "other data" in run["problem"]
    (here / "data.jsonl").unlink()
    code, out = forget(MAIL, "run", "--json")
    assert code == 2
    assert any("bring its input back" in line for line in json.loads(out)["todo"])


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("run",), "the first argument is a run"),
        ((MAIL,), "give at least one run"),
        (("x", "run"), "needs 3 letters or digits"),
        ((MAIL, "nowhere"), "is not a run directory"),
        (("--from", "absent.txt", "run"), "cannot be read"),
        ((MAIL, "run", "--region", "USA"), "two-letter country"),
    ],
)
def test_wrong_use_is_said_without_the_value(here: Path, args: tuple[str, ...], words: str) -> None:
    code, said = forget(*args)
    assert code == 2
    assert words in said
    assert MAIL not in said


def test_files_of_every_kind_are_searched_or_named(tmp_path: Path) -> None:
    who = subjects_of([MAIL])
    plain = f"one\ntwo {MAIL}\nthree\n".encode()
    (tmp_path / "a.jsonl").write_bytes(plain)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(plain))
    table = pa.table({"x": ["a", None, MAIL], "y": pa.array(["b", MAIL, "c"]).dictionary_encode(), "z": [[1], [2], [3]]})
    pq.write_table(table, tmp_path / "c.parquet")
    (tmp_path / "d.bin").write_bytes(b"\x00\x01" + plain)
    (tmp_path / "e.json.gz").write_bytes(b"\x1f\x8bnonsense")
    made = {path.name: search_file(path, path.name, who) for path in sorted(tmp_path.iterdir())}
    for name in ("a.jsonl", "b.csv.gz"):
        assert made[name].hits == 1  # type: ignore[union-attr]
        assert made[name].where == ("line 2",)  # type: ignore[union-attr]
    assert (made["c.parquet"].hits, made["c.parquet"].where) == (2, ("x", "y"))  # type: ignore[union-attr]
    assert isinstance(made["d.bin"], Unread)
    assert isinstance(made["e.json.gz"], Unread)


def test_the_run_is_left_as_it_was(here: Path) -> None:
    before = {p: p.read_bytes() for p in (here / "run").rglob("*") if p.is_file()}
    found(*asked(), "run")
    assert {p: p.read_bytes() for p in (here / "run").rglob("*") if p.is_file()} == before
    assert RunDir.open(here / "run").manifest()["status"] == "done"
