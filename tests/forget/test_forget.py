"""`curate forget` on real runs: every place is found, none is shown, and a drop list keeps the rows out."""

from __future__ import annotations

import datetime as dt
import decimal
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from click.testing import CliRunner

from curate import workflow
from curate.cli.forget import forget_command
from curate.cli.index import index_command
from curate.errors import CurateError
from curate.forget.files import FileHit, Unread, search_file, shown_place
from curate.forget.places import _rows, _Search
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


def found(*args: str | Path, code: int = 0) -> dict[str, Any]:
    ended, out = forget(*args, "--json")
    assert ended == code
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


def test_identifiers_are_found_in_other_groupings_and_the_plan_says_what_the_run_left(tmp_path: Path) -> None:
    texts = ["nothing here", "C.F. RSSMRA 85T10 A562S, grazie", "rssmra.85t10.a562s", "cf RSSMRA85T10A562S", "nor here"]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe = Recipe().with_(input=str(tmp_path / "data.jsonl"), stages=["pii"])
    workflow.run(recipe, out=tmp_path / "run", train=False)
    report = found("--value", "RSSMRA85T10A562S", tmp_path / "run")
    hits = report["runs"][0]["rows"]
    assert [hit["row"] for hit in hits] == [1, 2, 3]
    left = sum(not hit["found"] for hit in hits)
    told = [step for step in report["todo"] if "still holds" in step]
    assert left
    assert len(told) == 1
    assert f"in {left} row" in told[0]


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
    code, said = forget(*asked(), "run", "--drop-list", "drop.txt")[:2]
    assert code == 0
    assert 'name the drop list in recipes (`rows = "drop.txt"`' in said
    assert "--drop-list" not in said
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
    (run,) = found(MAIL, "run", code=2)["runs"]
    assert [(item["file"], item["sealed"]) for item in run["unread"]] == [("vault.bin", True)]
    (run,) = found(MAIL, "run", "--key", key_file)["runs"]
    assert [file["file"] for file in run["files"] if file["where"] == ["inside the vault"]] == ["vault.bin"]
    other = make_key(here / "other.key")
    (run,) = found(MAIL, "run", "--key", other, code=2)["runs"]
    assert "not its key" in run["unread"][0]["why"]


@pytest.mark.parametrize("what", ["vault", "gzip", "parquet"])
def test_what_could_not_be_read_is_never_taken_for_empty(here: Path, what: str) -> None:
    if what == "vault":
        key_file = make_key(here / "curate.key")
        (here / "run" / "vault.bin").write_bytes(seal(b'{"tokens": {}}', load_key(key_file)))
    elif what == "gzip":
        (here / "run" / "notes.txt.gz").write_bytes(damaged(gzip.compress(f"{MAIL}\n".encode() * 500)))
    else:
        table = (here / "run" / "plan.parquet").read_bytes()
        (here / "run" / "plan.parquet").write_bytes(table[: len(table) // 2])
    code, out = forget("john.roe@example.net", "run")
    assert code == 2
    assert "run: nothing found, but not all of it could be read" in out
    assert "could not be read: " in out
    assert "no place that was looked into" not in out
    assert found("john.roe@example.net", "run", code=2)["unreadable"] is True
    process = subprocess.run(
        [sys.executable, "-m", "curate", "forget", "john.roe@example.net", "run"], capture_output=True, text=True
    )
    assert process.returncode == 2
    assert "this answer is not complete" in process.stderr


def damaged(packed: bytes) -> bytes:
    """The same start, then nonsense where the compressed bytes stand."""
    return packed[:12] + bytes(255 for _ in packed[12:-8]) + packed[-8:]


def test_a_column_named_by_a_value_is_found_and_its_name_never_shown(here: Path) -> None:
    for name in (MAIL, NAME):
        table = pa.table({"text": ["one more word", "two more words"], name: [1, None], "score": [1, 2]})
        pq.write_table(table, here / "pivot.parquet")
        recipe = Recipe().with_(input=str(here / "pivot.parquet"), stages=["exact_duplicates"])
        workflow.run(recipe, out=here / f"pivot of {len(name)}", train=False)
        report = found(name, f"pivot of {len(name)}")
        (run,) = report["runs"]
        assert run["columns"] == ["[VALUE] (column 2)"]
        (curated,) = [file for file in run["files"] if file["file"] == "curated.parquet"]
        assert curated["where"] == ["[VALUE] (column 2) (its name)"]
        assert report["found"]
        assert "delete or rename at the source" in " ".join(report["todo"])
        assert name not in json.dumps(report) + forget(name, f"pivot of {len(name)}")[1]


@pytest.mark.parametrize(
    ("place", "value"),
    [("meta/Jane Doe/x", NAME), ("meta/12~131~11990", "12/31/1990"), (" ".join(["seven", "one"] * 9), "71" * 9)],
)
def test_a_place_is_shown_without_the_value_in_it(place: str, value: str) -> None:
    shown = shown_place(place, subjects_of([value]))
    assert "[VALUE]" in shown
    assert not any(part in shown for part in ("Jane", "Doe", "31", "seven"))


def test_a_column_named_by_other_personal_data_is_masked(tmp_path: Path) -> None:
    pq.write_table(pa.table({"max.roe@example.net": [NAME]}), tmp_path / "a.parquet")
    hit = search_file(tmp_path / "a.parquet", "a.parquet", subjects_of([NAME]))
    assert "roe" not in str(hit)
    assert hit.where[0].endswith("(column 1)")  # type: ignore[union-attr]


def test_numbers_and_dates_of_any_type_are_found_in_inputs_and_files(tmp_path: Path) -> None:
    phone, day = 2125550134, dt.date(1990, 12, 31)
    at = dt.datetime(1990, 12, 31, 8, 30)
    columns = {
        "float": pa.array([0.5, phone, None]), "decimal": pa.array([None, decimal.Decimal("2125550134.00"), None]),
        "whole": pa.array([1, phone, 2]), "date": pa.array([None, day, None]), "time": pa.array([None, at, None]),
        "zoned": pa.array([None, at, None], pa.timestamp("ms", "UTC")), "list": [None, [float(phone)], []],
        "struct": [None, {"day": day, "x": [1]}, None], "nan": pa.array([float("nan"), float("inf"), 1.5]),
        "date64": pa.array([None, day, None], pa.date64()), "near": pa.array([1.0, phone + 1, 3.0]),
    }  # fmt: skip
    who = subjects_of([str(phone), day.isoformat()])
    clean = {"nan", "near"}
    for name, values in columns.items():
        table = pa.table({"text": ["a", "b", "c"], name: values})
        pq.write_table(table, tmp_path / f"{name}.parquet")
        hit = search_file(tmp_path / f"{name}.parquet", name, who)
        assert hit == (None if name in clean else FileHit(name, 1, (name,))), name
        dataset = workflow.read_input(Recipe().with_(input=str(tmp_path / f"{name}.parquet")))
        run = RunDir(tmp_path)
        rows_found = [place.row for place in _rows(dataset, None, run, _Search(who, None))]
        assert rows_found == ([] if name in clean else [1]), name


def test_every_frame_of_a_compressed_file_is_read_and_a_cut_one_is_not_taken_for_whole(tmp_path: Path) -> None:
    who, pack = subjects_of([MAIL]), zstandard.ZstdCompressor().compress
    two = pack(b"nothing\n") + pack(f"{MAIL}\n".encode())
    (tmp_path / "a.jsonl.zst").write_bytes(two)
    assert search_file(tmp_path / "a.jsonl.zst", "a.jsonl.zst", who) == FileHit("a.jsonl.zst", 1, ("line 2",))
    for name, content in {
        "b.jsonl.zst": two[:-4], "c.txt.zst": b"nonsense", "d.txt.gz": gzip.compress(b"x" * 999)[:-9],
        "e.txt.gz": damaged(gzip.compress(f"{MAIL}\n".encode() * 99)), "f.parquet": b"nonsense", "g.parquet": b"PAR1 cut",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
        unread = search_file(tmp_path / name, name, who)
        assert isinstance(unread, Unread), name
        assert unread.failed, name


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
        ((), "say who and where"),
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
    assert not made["d.bin"].failed
    assert isinstance(made["e.json.gz"], Unread)


def test_the_run_is_left_as_it_was(here: Path) -> None:
    before = {p: p.read_bytes() for p in (here / "run").rglob("*") if p.is_file()}
    found(*asked(), "run")
    assert {p: p.read_bytes() for p in (here / "run").rglob("*") if p.is_file()} == before
    assert RunDir.open(here / "run").manifest()["status"] == "done"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("d.jsonl", b'{"text":"a row of words"}\n{"text":"lone \\ud800 and ann.sample@acme.org"}\n', 2),
        ("d.jsonl", b'{"text":"a row of words"}\n{"text":"caf\xe9, ann.sample@acme.org"}\n', 2),
        ("d.jsonl", b'{"text":"a row of words"}\n{"text":"\\ud800 ann.sample\\u0040acme.org"}\n', 2),
        ("d.jsonl", b'{"text":"a row of words"}\n{"text":"cut short \\u0061nn.sample@acme.org"\n', 2),
        ("d.csv", b'text,label\na row of words,x\nann.sample@acme.org,y,too many\nanother row,x\n', 3),
        ("d.json", b'[\n{"text":"a row of words"},\n{"text":\n"\\ud800 ann.sample@acme.org"}\n]', 4),
        ("d.json", b'{"owner": "ann.sample@acme.org",\n"data": [{"text":"a row of words"},\n{"text":"more words"}]}', 1),
        ("d.json", b'{"owner": "\\u0061nn.sample@acme.org",\n"data": [{"text":"words"},\n{"text":"more words"}]}', 1),
    ],
    ids=["lone surrogate", "other bytes", "escaped", "escaped and cut short", "ragged", "an array", "around an array",
         "escaped around an array"],
)
def test_what_an_input_holds_beside_its_rows_is_found(tmp_path: Path, name: str, content: bytes, line: int) -> None:
    (tmp_path / name).write_bytes(content)
    recipe = Recipe().with_(input=str(tmp_path / name), stages=["pii"], on_bad_row="skip")
    workflow.run(recipe, out=tmp_path / "run", train=False)
    (run,) = found("--value", "ann.sample@acme.org", tmp_path / "run")["runs"]
    assert [hit["line"] for hit in run["left_out"]] == [line]
    out = forget("--value", "ann.sample@acme.org", tmp_path / "run")[1]
    assert f"line {line}, " in out
    assert "delete 1 place at the source" in out
    assert "ann.sample" not in out
    assert found("--value", "somebody.else@acme.org", tmp_path / "run")["runs"][0]["left_out"] == []


def test_rows_of_a_table_that_were_left_out_are_searched(tmp_path: Path) -> None:
    table = pa.table({"prompt": ["a question", None, "more"], "completion": ["an answer", "ann.sample@acme.org", "words"]})
    pq.write_table(table, tmp_path / "d.parquet")
    recipe = Recipe().with_(input=str(tmp_path / "d.parquet"), stages=["pii"], on_bad_row="skip")
    workflow.run(recipe, out=tmp_path / "run", train=False)
    (run,) = found("--value", "ann.sample@acme.org", tmp_path / "run")["runs"]
    assert [(hit["line"], hit["row"]) for hit in run["left_out"]] == [(2, True)]
