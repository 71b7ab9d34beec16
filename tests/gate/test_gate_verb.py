"""`curate gate` on real files: verdicts, exit codes, forms, baselines."""

from __future__ import annotations

import errno
import json
import random
import re
import resource
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from scipy.stats import beta

from curate.cli.gate import FORMATS, PRESETS, gate_command
from curate.errors import CurateError
from curate.ledger.decisions import append_decisions, decide
from curate.runs import find_runs, prune
from tests.conftest import Curate

STEMS, ENDS = ("ka", "lo", "mi", "nu", "pe", "ra", "so", "ti"), ("bel", "dor", "fin", "gus", "hal", "jor")
WORDS = [stem + end for stem in STEMS for end in ENDS]
TOPICS = {"refund": "money", "delivery": "parcel", "account": "password"}
SECRET = "https://ada:correct-horse-1815@db.example.org/x"
MAIL = "grace.hopper@mail.example.org"


def clean(n: int = 150, seed: int = 1) -> list[dict[str, Any]]:
    """Rows with nothing wrong: distinct texts, right labels, two splits."""
    rng = random.Random(seed)
    rows = []
    for i in range(n):
        intent = list(TOPICS)[i % 3]
        text = f"{TOPICS[intent]} {TOPICS[intent]} please " + " ".join(rng.sample(WORDS, 9))
        rows.append({"text": text, "label": intent, "split": "test" if i % 5 == 0 else "train"})
    return rows


def spoilt() -> list[dict[str, Any]]:
    """The clean rows and a pull request's worth of trouble: copies, a leak, a secret, an address."""
    rows = clean()
    leak = dict(rows[0], split="train")
    copies = [dict(rows[k]) for k in (1, 2, 3)]
    return [*rows, leak, *copies, {**rows[4], "text": rows[4]["text"] + " see " + SECRET + " or ask " + MAIL}]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gate(*args: str | Path) -> tuple[int, str]:
    """Exit code and what stands on stdout."""
    result = CliRunner().invoke(gate_command, [*map(str, args), "-q"], standalone_mode=False)
    if isinstance(result.exception, CurateError):
        return result.exception.exit_code, str(result.exception)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout


def as_json(*args: str | Path) -> tuple[int, dict[str, Any]]:
    code, out = gate(*args, "--format", "json")
    return code, json.loads(out)


def check(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in found["checks"] if c["name"] == name)


def test_the_option_lists_are_those_of_the_gate() -> None:
    from audit import gate as gates

    assert gates.FORMATS == FORMATS
    assert tuple(gates.PRESETS) == PRESETS


def test_clean_data_passes() -> None:
    code, found = as_json(write(Path("clean.jsonl"), clean()))
    assert (code, found["verdict"]) == (0, "pass"), found["checks"]
    (line,) = find_runs()  # what it kept is not said to be a run that never ended
    assert line.status == "detected"
    assert prune([line], 0) == [line]
    assert list(Path("runs").iterdir()) == []


def test_where_nothing_can_be_written_the_verdict_is_the_same_and_nothing_stays(tmp_path: Path) -> None:
    source = write(Path("pr.jsonl"), spoilt())
    Path("runs").write_text("in the way, as a read-only folder is")
    code, found = as_json(source)
    told = CliRunner().invoke(gate_command, [str(source)], standalone_mode=False)
    assert "nothing is kept for the next gate" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pr.jsonl", "runs"]
    Path("runs").unlink()
    assert as_json(source) == (code, found)
    assert code == 1


def test_each_trouble_of_a_pull_request_is_named_with_its_line() -> None:
    code, found = as_json(write(Path("pr.jsonl"), spoilt()))
    assert (code, found["verdict"]) == (1, "fail")
    lines = {c["name"]: {p["line"] for p in c["places"]} for c in found["checks"]}
    assert lines["leaked_rows"] == {151}
    assert lines["secrets"] == {155}
    assert lines["duplicate_rate"] >= {152, 153, 154}
    assert check(found, "leaked_rows")["places"][0]["witness_line"] == 1


def test_a_baseline_lets_old_trouble_pass_and_names_what_is_new() -> None:
    old = write(Path("main.jsonl"), spoilt())
    assert gate(old, "--format", "json", "--output", "main.json", "--exit-zero")[0] == 0
    assert as_json(old, "--baseline", "main.json")[0] == 0
    row = clean(200)[191]
    new = write(Path("branch.jsonl"), [*spoilt(), {**row, "text": f"{row['text']} {SECRET}/y"}])
    code, found = as_json(new, "--baseline", "main.json")
    assert code == 1
    assert [p["line"] for p in check(found, "secrets")["places"]] == [156]
    assert check(found, "leaked_rows")["verdict"] == "pass"


def test_whatever_data_holds_its_own_baseline_leaves_no_finding_that_is_new() -> None:
    rows = [*clean(), *({**row, "text": f"{row['text']} Write to ada@mail.example.org or to 4111 1111 1111 1111."}
                        for row in clean(9, seed=3))]  # fmt: skip
    rows += [rows[0], rows[0], {**rows[1], "text": rows[1]["text"] + " really"}, {**rows[2], "label": "other"}]
    Path("p.toml").write_text('preset = "strict"\n[checks.label_error_rate]\nenabled = false\n')
    path = write(Path("main.jsonl"), rows)
    assert gate(path, "--policy", "p.toml", "--format", "json", "--output", "main.json")[0] == 1
    code, found = as_json(path, "--policy", "p.toml", "--baseline", "main.json")
    red = [c["name"] for c in found["checks"] if c["verdict"] not in ("pass", "not applicable")]
    assert (code, red) == (1, ["rows_per_class"]), "which class was the smallest then is not known"


def test_a_baseline_tightens_by_itself_and_what_was_mended_may_not_come_back() -> None:
    old = write(Path("main.jsonl"), spoilt())
    gate(old, "--format", "json", "--output", "main.json", "--exit-zero")
    before = json.loads(Path("main.json").read_text())["fingerprints"]
    mended = write(Path("mended.jsonl"), [r for r in spoilt() if SECRET not in r["text"]])
    assert gate(mended, "--baseline", "main.json", "--tighten")[0] == 0
    after = json.loads(Path("main.json").read_text())["fingerprints"]
    assert set(after) < set(before)
    assert as_json(mended, "--baseline", "main.json")[0] == 0
    code, found = as_json(old, "--baseline", "main.json", "--tighten")
    assert code == 1
    assert check(found, "secrets")["verdict"] == "fail"
    assert json.loads(Path("main.json").read_text())["fingerprints"] == after
    code, said = gate(old, "--tighten")
    assert code == 2
    assert "--baseline" in said


def test_no_form_of_the_verdict_holds_a_raw_value() -> None:
    path = write(Path("pr.jsonl"), spoilt())
    for form in FORMATS:
        code, out = gate(path, "--format", form)
        assert code == 1
        assert MAIL not in out
        assert "correct-horse" not in out


def test_the_forms_are_well_formed_and_agree() -> None:
    path = write(Path("pr.jsonl"), spoilt())
    _, found = as_json(path)
    failed = [c["name"] for c in found["checks"] if c["verdict"] == "fail"]
    suite = ElementTree.fromstring(gate(path, "--format", "junit")[1])
    assert [case.get("name") for case in suite if case.find("failure") is not None] == failed
    assert suite.get("failures") == str(len(failed))
    github = gate(path, "--format", "github")[1].splitlines()
    assert all(re.match(r"::(error|warning|notice) ", line) for line in github)
    assert sum(line.startswith("::error") and ",line=" not in line for line in github) == len(failed)
    markdown = gate(path, "--format", "markdown")[1]
    assert markdown.count("| fail |") == len(failed)


def test_sarif_names_a_line_and_an_id_for_each_finding_that_the_json_lists() -> None:
    path = write(Path("a pr.jsonl"), spoilt())
    _, found = as_json(path)
    log = json.loads(gate(path, "--format", "sarif")[1])
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == [c["name"] for c in found["checks"] if c["verdict"] != "not applicable"]
    levels = {"fail": "error", "warn": "warning", "insufficient evidence": "error"}
    for c in found["checks"]:
        mine = [r for r in run["results"] if r["ruleId"] == c["name"]]
        assert {r["level"] for r in mine} == ({levels[c["verdict"]]} if c["verdict"] in levels else set())
        assert {rules[r["ruleIndex"]] for r in mine} <= {c["name"]}
        lines = [(r, r["locations"][0]["physicalLocation"].get("region")) for r in mine if "partialFingerprints" in r]
        told = {(r["partialFingerprints"]["curateFindingId/v1"], at["startLine"]) for r, at in lines if at}
        assert told == {(p["finding_id"], p["line"]) for p in c["places"]}
    assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]} == {"a%20pr.jsonl"}


def test_an_unjudged_check_is_an_error_in_sarif_too() -> None:
    Path("p.toml").write_text("[checks.disparities]\nfail = 0\n")
    code, out = gate(write(Path("clean.jsonl"), clean()), "--policy", "p.toml", "--format", "sarif")
    (run,) = json.loads(out)["runs"]
    assert code == 3
    assert [r["level"] for r in run["results"]] == ["error"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_a_suggested_policy_passes_the_data_it_came_from_and_fails_what_is_worse() -> None:
    trusted = write(Path("trusted.jsonl"), [*clean(), clean()[7]])
    assert gate(trusted, "--suggest", "--output", "p.toml")[0] == 0
    policy = tomllib.loads(Path("p.toml").read_text())["checks"]
    upper = float(beta.ppf(0.975, 2, 150))
    assert upper <= policy["duplicate_rate"]["warn"] <= 1.1 * upper
    assert policy["secrets"] == {"fail": 0}
    code, found = as_json(trusted, "--policy", "p.toml")
    assert (code, found["verdict"]) == (0, "pass")
    worse = write(Path("worse.jsonl"), [*clean(), *clean()[:40]])
    assert check(as_json(worse, "--policy", "p.toml")[1], "duplicate_rate")["verdict"] == "fail"


def test_a_bound_is_suggested_as_it_was_measured() -> None:
    path = write(Path("letters.jsonl"), [{**r, "text": f"{r['text']} tel 030 12{k:04d}"} for k, r in enumerate(clean())])
    _, before = as_json(path, "--preset", "regulated")
    value = check(before, "pii_residual_per_1000_rows")["value"]
    _, out = gate(path, "--preset", "regulated", "--suggest")
    limit = tomllib.loads(out)["checks"].get("pii_residual_per_1000_rows")
    assert value is None or (limit is not None and value <= limit["warn"] <= 1.2 * value + 1)


def test_a_suggested_policy_never_blesses_a_secret() -> None:
    code, out = gate(write(Path("pr.jsonl"), spoilt()), "--suggest")
    assert code == 0
    assert tomllib.loads(out)["checks"]["secrets"] == {"fail": 0}
    assert "Mend them" in out
    assert "correct-horse" not in out


def test_prompts_that_are_answered_in_two_ways_are_counted() -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": f"{WORDS[k % 48]} " * 3 + f"what is {k} and {k} together", "completion": f"it makes {2 * k}"}
        for k in range(60)
    ]
    twice = {"prompt": rows[7]["prompt"], "completion": "nobody has ever known how to tell that, sorry"}
    Path("p.toml").write_text("[checks.conflicting_answers]\nfail = 0.01\n")
    code, found = as_json(write(Path("sft.jsonl"), [*rows, twice]), "--policy", "p.toml")
    assert code == 1
    assert {p["line"] for p in check(found, "conflicting_answers")["places"]} == {8, 61}
    assert check(as_json(write(Path("labels.jsonl"), clean()))[1], "conflicting_answers")["verdict"] == "not applicable"


def test_a_skipped_check_exits_with_three() -> None:
    Path("p.toml").write_text("[checks.disparities]\nfail = 0\n")
    code, found = as_json(write(Path("clean.jsonl"), clean()), "--policy", "p.toml")
    assert code == 3
    assert check(found, "disparities")["verdict"] == "insufficient evidence"


def test_bad_input_exits_with_two_and_says_what_to_do() -> None:
    path = write(Path("clean.jsonl"), clean(30))
    Path("empty.jsonl").write_text("")
    Path("other.json").write_text("{}")
    for args, said in (
        (("missing.jsonl",), "missing.jsonl"),
        (("empty.jsonl",), "empty"),
        ((path, "--policy", "missing.toml"), "no policy"),
        ((path, "--baseline", "missing.json"), "writes one"),
        ((path, "--baseline", "other.json"), "not the JSON of a gate"),
        ((path, "--decisions", "missing.jsonl"), "decision file"),
        ((path, "--output", "clean.jsonl/gate.json"), "clean.jsonl: cannot be written"),
    ):
        code, out = gate(*args)
        assert (code, said in out) == (2, True), (args, out)


def test_a_finished_run_is_judged_by_its_curated_data() -> None:
    from curate import workflow

    path = write(Path("pr.jsonl"), spoilt())
    done = workflow.run(str(path), out="runs/pr", train=False)
    code, found = as_json("runs/pr")
    assert found["subject"]["state"] == "as curated"
    assert found["subject"]["rows"] == len(done.curated)
    assert (code, check(found, "secrets")["value"], check(found, "duplicate_rate")["value"]) == (0, 0.0, 0.0)
    curated = next(Path("runs/pr").glob("curated.*"))
    assert gate(curated)[0] == 0


def test_a_run_and_its_curated_file_hold_as_many_copies_conflicts_and_rows_of_a_class() -> None:
    """Rows that differ in a mailbox alone become copies when it is masked; a mended label conflicts with no one."""
    from curate import workflow

    texts = [f"write to {name}@mail.example.org about the parcel {WORDS[n]}" for n in range(3) for name in ("ada", "bob")]
    rows = [*clean(), *({"text": text, "label": "delivery", "split": "train"} for text in texts)]
    path = write(Path("pr.jsonl"), [*rows, dict(rows[1], label=" Refund"), dict(rows[2], label="refund")])
    workflow.run(str(path), out="runs/pr", train=False)
    of_run, of_file = as_json("runs/pr")[1], as_json(next(Path("runs/pr").glob("curated.*")))[1]
    assert check(of_run, "duplicate_rate")["value"] > 0
    for name in ("duplicate_rate", "conflicting_labels", "rows_per_class", "pii_rows"):
        assert check(of_run, name)["value"] == pytest.approx(check(of_file, name)["value"]), name


def test_a_rejected_finding_does_not_count() -> None:
    path = write(Path("pr.jsonl"), spoilt())
    _, found = as_json(path)
    secrets = [p["finding_id"] for p in check(found, "secrets")["places"]]
    table = read_findings(Path("runs/pr-gate"))
    chosen = table.filter(pc.is_in(table["finding_id"], pa.array([bytes.fromhex(i) for i in secrets], pa.binary(16))))
    said = decide(chosen, range(len(secrets)), "reject", actor="ada", why="a made-up example")
    append_decisions(Path("decisions.jsonl"), [said])
    _, found = as_json(path, "--decisions", "decisions.jsonl")
    assert check(found, "secrets")["verdict"] == "pass"
    assert check(found, "leaked_rows")["verdict"] == "fail"


def read_findings(gates: Path) -> pa.Table:
    (run,) = gates.iterdir()
    return pq.read_table(run / "findings" / "pii.parquet")


def test_an_output_in_a_new_folder_is_written_whole_or_not_at_all() -> None:
    path = write(Path("clean.jsonl"), clean())
    assert gate(path, "--format", "json", "--output", "new/folder/gate.json") == (0, "")
    assert json.loads(Path("new/folder/gate.json").read_text())["verdict"] == "pass"
    assert [p.name for p in Path("new/folder").iterdir()] == ["gate.json"]


def test_data_without_an_evaluation_split_is_not_said_to_be_free_of_leaks() -> None:
    rows = [{"text": row["text"], "label": row["label"]} for row in clean()]
    _, found = as_json(write(Path("one.jsonl"), rows))
    assert check(found, "leaked_rows")["verdict"] == "not applicable"
    assert "no evaluation split" in check(found, "leaked_rows")["sentence"]


def test_a_run_without_a_second_look_is_not_said_to_have_nothing_left() -> None:
    from curate import workflow
    from curate.recipe import Recipe

    path = write(Path("clean.jsonl"), clean())
    recipe = Recipe.parse({"data": {"input": str(path)}, "run": {"stages": ["label_names"]}})
    workflow.run(recipe, out="runs/names", train=False)
    Path("p.toml").write_text("[checks.left_after_curation]\nfail = 0\n")
    code, found = as_json("runs/names", "--policy", "p.toml")
    assert code == 3
    assert check(found, "left_after_curation")["verdict"] == "insufficient evidence"


def test_the_json_is_of_the_published_schema() -> None:
    from audit.gate.schema import json_schema

    published = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "gate.schema.json").read_text())
    assert published == json.loads(json.dumps(json_schema()))
    validator = jsonschema.Draft202012Validator(published)
    validator.check_schema(published)
    _, found = as_json(write(Path("pr.jsonl"), spoilt()))
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(found)] == []
    found["checks"][0]["colour"] = "red"  # the schema would notice
    assert not validator.is_valid(found)


def test_a_baseline_of_another_dataset_is_refused() -> None:
    gate(write(Path("main.jsonl"), clean()), "--format", "json", "--output", "main.json", "--exit-zero")
    code, said = gate(write(Path("other.jsonl"), clean(seed=9)), "--baseline", "main.json")
    assert code == 2
    assert "none of its rows is here" in said
    pairs = [{"prompt": r["text"], "completion": f"{r['label']} it is, {r['text'][:20]}"} for r in clean()]
    code, said = gate(write(Path("pairs.jsonl"), pairs), "--baseline", "main.json")
    assert code == 2
    assert "is the baseline of classification data, and this is sft" in said


def test_a_wrong_label_is_named_with_the_one_that_is_expected_and_the_way_to_green_leads_there() -> None:
    rows = clean(480)
    names = list(TOPICS)
    for i in range(0, 480, 8):
        rows[i] = {**rows[i], "label": names[(names.index(rows[i]["label"]) + 1) % 3]}
    Path("p.toml").write_text("[checks.label_error_rate]\nwarn = 0.03\nfail = 0.05\n")
    path = write(Path("flipped.jsonl"), rows)
    code, found = as_json(path, "--policy", "p.toml")
    wrong = check(found, "label_error_rate")
    assert code == 1
    assert "judged by its upper end" in wrong["sentence"]
    given = {p["line"]: (p["given"], p["suggested"]) for p in wrong["places"] if p["suggested"]}
    assert len([line for line in given if (line - 1) % 8 == 0]) >= 40
    for line, (said, expected) in given.items():
        assert said == rows[line - 1]["label"] != expected
    assert re.search(r"expects another label \(\w+ → \w+\)", gate(path, "--policy", "p.toml")[1])
    # Mending the labels of the first `least` places brings the estimate within the limit, as it was measured.
    places = wrong["places"][: wrong["least"]]
    said_right = {"finding_id": [p["finding_id"] for p in places]}
    table = read_stage(Path("runs/flipped-gate"), "label_issues")
    chosen = table.filter(pc.is_in(table["finding_id"], pa.array([bytes.fromhex(i) for i in said_right["finding_id"]],
                                                                pa.binary(16))))  # fmt: skip
    settled = decide(chosen, range(chosen.num_rows), "reject", actor="ada", why="read")
    append_decisions(Path("decisions.jsonl"), [settled])
    _, after = as_json(path, "--policy", "p.toml", "--decisions", "decisions.jsonl")
    assert check(after, "label_error_rate")["verdict"] in ("pass", "warn")


def read_stage(gates: Path, stage: str) -> pa.Table:
    (run,) = gates.iterdir()
    return pq.read_table(run / "findings" / f"{stage}.parquet")


def test_a_verdict_that_cannot_be_written_leaves_the_old_file_and_says_so() -> None:
    rows = [*clean(), *(dict(row) for row in clean() * 3)]
    path = write(Path("copies.jsonl"), rows)
    gate(path, "--policy", str(without_labels()), "--exit-zero")
    Path("out").mkdir()
    Path("out/gate.sarif").write_text("old")
    command = [sys.executable, "-m", "curate", "gate", str(path), "--policy", "p.toml", "--format", "sarif", "-q",
               "--output", "out/gate.sarif"]  # fmt: skip

    def little_room() -> None:  # the system refuses longer files, as a full disk does
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=little_room, check=False)
    assert done.returncode == 2, done.stderr
    assert "gate.sarif: cannot be written" in done.stderr
    assert [(p.name, p.read_text()) for p in Path("out").iterdir()] == [("gate.sarif", "old")]


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "the disk is full; free some space"), (errno.EROFS, "journal: closed; copy what you work on to where")],
)
def test_a_disk_that_is_full_or_read_only_is_no_internal_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, told: str
) -> None:
    from curate import gating
    from curate.cli import main

    def compiles(*_: object, **__: object) -> None:  # as numba does where its cache of kernels has no room
        raise OSError(number, "closed", "journal")

    monkeypatch.setattr(gating, "gate", compiles)
    with pytest.raises(SystemExit) as ended:
        main(["gate", str(write(Path("clean.jsonl"), clean(30)))])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def without_labels() -> Path:
    path = Path("p.toml")
    path.write_text("[checks.label_error_rate]\nenabled = false\n")
    return path


def test_many_files_are_judged_as_one_dataset_and_each_place_is_named_with_its_file() -> None:
    rows = spoilt()
    Path("data").mkdir()
    write(Path("data/train.jsonl"), [{k: r[k] for k in ("text", "label")} for r in rows if r["split"] == "train"])
    write(Path("data/test.jsonl"), [{k: r[k] for k in ("text", "label")} for r in rows if r["split"] == "test"])
    code, found = as_json("data", "--policy", without_labels())
    assert code == 1
    assert found["subject"]["files"] == ["test.jsonl", "train.jsonl"]
    (leak,) = check(found, "leaked_rows")["places"]
    assert (leak["file"], leak["witness_file"], leak["witness_line"]) == ("data/train.jsonl", "data/test.jsonl", 1)
    assert "data/train.jsonl, line " in gate("data/*.jsonl", "--policy", without_labels())[1]


def test_an_index_changes_no_verdict_and_says_where_it_is_of_no_use() -> None:
    rows = spoilt()
    write(Path("main.jsonl"), rows[:-20])
    write(Path("pr.jsonl"), rows)
    policy = ("--policy", without_labels())
    told = CliRunner().invoke(gate_command, ["main.jsonl", *map(str, policy), "--index", "known"], standalone_mode=False)
    assert "index: known: everything was looked at: it does not exist yet" in told.stderr
    kept = {file: file.read_bytes() for file in Path("known").rglob("*") if file.is_file()}
    whole = as_json("pr.jsonl", *policy)
    gate("main.jsonl", *policy, "--format", "json", "--output", "main.json")
    part = as_json("pr.jsonl", *policy, "--index", "known", "--out", "other")
    assert part[0] == whole[0]
    assert part[1]["checks"] == whole[1]["checks"]
    assert {file: file.read_bytes() for file in Path("known").rglob("*") if file.is_file()} != kept, "brought up to date"
    code, said = gate("pr.jsonl", *policy, "--index", "pr.jsonl")
    assert (code, "not a folder of known rows" in said) == (2, True)


def test_data_that_fails_is_told_what_cures_it_read_in_the_same_way(inside: Curate, tmp_path: Path) -> None:
    data = write(tmp_path / "branch of ada.jsonl", spoilt())
    with data.open("a") as file:
        file.write("{broken\n")
    failed = inside("gate", data, "--on-bad-row", "skip", "--role", "label=label")
    assert failed.returncode == 1
    assert f"Mending the one line that cannot be read ({len(spoilt()) + 1}) brings it" in " ".join(failed.stdout.split())
    way = f"next: `curate run '{data}' --no-train --role label=label --on-bad-row skip` cures what it can, "
    assert failed.stderr.splitlines()[-1] == f"{way}`curate gate 'runs/branch of ada'` judges what that leaves"
    for options in (("--format", "json"), ("--quiet",)):
        assert "next:" not in inside("gate", data, "--on-bad-row", "skip", *options).stderr
    assert "next:" not in inside("gate", write(tmp_path / "main.jsonl", clean())).stderr


def advised(failed: subprocess.CompletedProcess[str], folder: str = "FOLDER") -> tuple[list[str], list[str]]:
    """The two commands of the line that says what comes next, without the name of the program."""
    assert failed.returncode == 1, failed.stderr
    run, judge = (shlex.split(words)[1:] for words in re.findall("`([^`]*)`", failed.stderr.splitlines()[-1]))
    return [folder if word == "FOLDER" else word for word in run], [folder if w == "FOLDER" else w for w in judge]


def test_what_a_failing_gate_advises_is_judged_by_the_same_rules(inside: Curate) -> None:
    data = write(Path("branch.jsonl"), spoilt())
    Path("a policy.toml").write_text('preset = "strict"\n[checks.bad_rows]\nfail = 0.5\n')
    write(Path("like.jsonl"), clean())
    assert inside("gate", "like.jsonl", "--format", "json", "--output", "like.json").returncode == 0
    assert inside("run", data, "--no-train", "--out", "earlier").returncode == 0
    by = ["--baseline", "like.json", "--reference", "like.jsonl", "--decisions", "earlier", "--fail-on", "warn"]
    run, judge = advised(inside("gate", data, "--policy", "a policy.toml", *by))
    assert run == ["run", "branch.jsonl", "--no-train", "--decisions", "earlier"]
    assert judge == ["gate", "runs/branch", "--policy", "a policy.toml", *by]
    assert inside(*run).returncode == 0
    again = inside(*judge, "--format", "json")
    found = json.loads(again.stdout)
    assert (found["subject"]["state"], found["subject"]["policy"]) == ("as curated", "a policy.toml")
    assert {"columns_changed", "bad_rows"} <= {c["name"] for c in found["checks"]}
    assert not check(found, "secrets")["places"]
    assert advised(inside("gate", data, "--preset", "strict"))[1] == ["gate", "runs/branch", "--preset", "strict"]


def test_what_a_failing_gate_advises_goes_where_the_recipe_says_and_is_judged_by_its_policy(inside: Curate) -> None:
    write(Path("branch.jsonl"), spoilt())
    waived = '[[gate.waivers]]\ncheck = "pii_rows"\nowner = "ada"\nreason = "public"\nexpires = 2999-01-31\n'
    said = f'[data]\ninput = "branch.jsonl"\n[run]\nout = "runs/of three"\n[gate]\npreset = "strict"\n{waived}'
    Path("three.toml").write_text(said)
    run, judge = advised(inside("gate", "three.toml"))
    assert judge == ["gate", "runs/of three"]
    assert inside(*run).returncode == 0
    found = json.loads(inside(*judge, "--format", "json").stdout)
    assert (found["subject"]["state"], found["subject"]["preset"]) == ("as curated", "strict")
    assert json.loads(inside(*judge, "--preset", "starter", "--format", "json").stdout)["subject"]["preset"] == "starter"


def test_where_no_run_can_be_written_a_failing_gate_advises_to_name_a_folder(inside: Curate, tmp_path: Path) -> None:
    write(Path("branch.jsonl"), spoilt())
    Path("runs").write_text("in the way, as a read-only folder is")
    run, judge = advised(inside("gate", "branch.jsonl"), folder=str(tmp_path / "elsewhere"))
    assert inside(*run).returncode == 0
    assert "as curated" in inside(*judge).stdout
    assert judge[1] == str(tmp_path / "elsewhere")


def test_the_run_that_a_failing_gate_advises_goes_beside_one_of_the_data_before_it_changed(inside: Curate) -> None:
    data = write(Path("branch.jsonl"), spoilt())
    assert inside("run", data, "--no-train").returncode == 0
    write(data, [*spoilt(), *spoilt()[:5]])
    cure, judge = advised(inside("gate", data))
    assert (cure[-2:], judge) == (["--out", "runs/branch-2"], ["gate", "runs/branch-2"])
    assert inside(*cure).returncode == 0
    assert advised(inside("gate", data)) == (cure, judge), "a run of the same data goes on there"
    assert "--out runs/branch-2" not in inside("run", write(data, spoilt()[:-1]), "--no-train").stderr, "taken, too"


def test_the_run_that_a_failing_gate_advises_goes_into_no_folder_of_other_things(inside: Curate) -> None:
    data = write(Path("branch.jsonl"), spoilt())
    for name in ("branch", "branch-3"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "notes.txt").write_text("not a run")
    Path("runs/branch-2").write_text("a file")
    cure, judge = advised(inside("gate", data))
    assert (cure[-2:], judge) == (["--out", "runs/branch-4"], ["gate", "runs/branch-4"])
    assert inside(*cure).returncode == 0
