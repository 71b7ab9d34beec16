"""`curate replay`, `curate diff` and `curate runs` on real runs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit.gate import parse_policy
from curate import workflow
from curate.diff import diff
from curate.errors import ConfigError, RunError, RunLockedError
from curate.gating import gate
from curate.ledger.decisions import append_decisions, decide
from curate.privacy.keys import fingerprint, load_key, make_key
from curate.recipe import Recipe
from curate.replay import replay
from curate.rundir import RunDir
from curate.runs import find_runs, prune
from tests.cli.ticket_rows import tickets

STAGES = ["exact_duplicates", "near_duplicates", "pii"]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(source: Path, out: str, **settings: Any) -> Path:
    recipe = Recipe.parse({"data": {"input": str(source)}, "run": {"stages": STAGES}, **settings})
    return workflow.run(recipe, out=out, train=False).run.path


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def reject_first(path: Path) -> None:
    """Somebody rejects the first finding of the duplicates stage."""
    detected = workflow.reopen(RunDir.open(path))
    append_decisions(path / "decisions.jsonl", [decide(detected.findings, [0], "reject", actor="ada")])


def test_a_replay_gives_the_same_bytes_decisions_included() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    reject_first(path)
    workflow.reapply(path)
    found = replay(path)
    assert found.same, found.different
    assert {"curated.jsonl", "plan.parquet", "findings/pii.parquet"} <= set(found.identical)
    assert not found.changed_versions


def test_decisions_that_no_data_was_written_under_are_left_out_of_a_replay_and_counted() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    reject_first(path)
    found = replay(path)
    assert (found.same, found.decided_since) == (True, 1), found.different
    journal = path / "decisions.jsonl"
    journal.write_bytes(journal.read_bytes().rstrip(b"\n"))  # as an editor may leave it
    workflow.reapply(path)
    reject_first(path)
    found = replay(path)
    assert (found.same, found.decided_since) == (True, 1), found.different


def test_a_replay_names_the_files_that_differ_and_the_versions_that_changed() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    (path / "curated.jsonl").write_text("{}\n")
    (path / "removed.parquet").unlink()
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["versions"]["numpy"] = "0.1"
    manifest["stages"]["pii"]["version"] = 0
    (path / "manifest.json").write_text(json.dumps(manifest))
    found = replay(path)
    assert set(found.different) == {"curated.jsonl", "removed.parquet"}
    assert found.changed_versions["numpy"][0] == "0.1"
    assert found.changed_versions["stage pii"][0] == "0"


OPERATORS = {"default": "surrogate", "EMAIL_ADDRESS": "vault", "PHONE_NUMBER": "hash"}
KEYED = {"stages": {"pii": {"names": "replace", "key_file": "curate.key", "operators": OPERATORS}}}


def letters() -> list[dict[str, object]]:
    """Tickets of which some hold personal data."""
    said = ("write to ada.lovelace@mail.example.org or call (212) 736-5000", "I am Ada Lovelace, card 4111 1111 1111 1111")
    return [{**row, "text": f"{row['text']} {said[i % 2]}"} if i < 6 else row for i, row in enumerate(tickets())]


@pytest.mark.parametrize("operator", ["placeholder", "surrogate", "numbered"])
def test_scrubbing_without_a_key_is_replayed_to_the_byte(operator: str) -> None:
    data = write(Path("t.jsonl"), letters())
    path = run(data, "runs/t", stages={"pii": {"names": "replace", "operators": {"default": operator}}})
    assert b"ada.lovelace@" not in (path / "curated.jsonl").read_bytes()
    found = replay(path)
    assert found.same, found.different
    with pytest.raises(ConfigError, match="made without a key"):
        replay(path, key_file=make_key("curate.key"))


def test_what_a_key_made_is_replayed_to_the_byte_with_that_key_alone() -> None:
    make_key("curate.key")
    path = run(write(Path("t.jsonl"), letters()), "runs/t", **KEYED)
    found = replay(path)
    assert found.same, found.different
    assert {"vault.bin", "curated.jsonl", "findings/pii.parquet"} <= set(found.identical)
    Path("away").mkdir()
    moved = Path("curate.key").rename("away/curate.key")
    named = fingerprint(load_key(moved))
    with pytest.raises(ConfigError, match=f"made with the key of fingerprint {named}.*--key FILE says.*is missing"):
        replay(path)
    other = fingerprint(load_key(make_key("curate.key")))
    with pytest.raises(ConfigError, match=f"fingerprint {named}.*curate.key holds the key of fingerprint {other}"):
        replay(path)
    assert replay(path, key_file=moved).same


def test_a_list_of_recognisers_that_has_changed_is_named() -> None:
    words = Path("own.toml")
    words.write_text('[[recognizer]]\nname = "PROJECT"\ndeny = ["Project Heron"]\nexamples = ["about project heron"]\n')
    path = run(write(Path("t.jsonl"), [{**row, "text": f"{row['text']} for project heron"} for row in tickets()]), "runs/t",
               stages={"pii": {"recognizers": str(words)}})  # fmt: skip
    words.write_text(words.read_text().replace("Heron", "Bluebird").replace("heron", "bluebird"))
    found = replay(path)
    assert "curated.jsonl" in found.different
    assert "stage pii, recognizers" in found.changed_versions


def test_a_gates_run_made_no_data_and_is_replayed_by_its_findings() -> None:
    data = write(Path("t.jsonl"), tickets())
    found = replay(gate(str(data), parse_policy({})).run.path)
    assert found.same, found.different
    assert "findings/pii.parquet" in found.identical
    assert "curated.jsonl" not in found.identical


def test_a_run_that_was_killed_is_not_replayed() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest["plan"]
    (path / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}))
    with pytest.raises(RunError, match="not finished"):
        replay(path)


def test_a_replay_of_changed_data_is_refused() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    write(Path("t.jsonl"), tickets(60))
    with pytest.raises(RunError, match="other data"):
        replay(path)


def test_a_diff_lines_rows_up_by_what_they_say() -> None:
    rows = tickets()
    old = run(write(Path("old.jsonl"), rows), "runs/old")
    changed = [*rows[5:], {"ticket": 999, "text": "an altogether new request about a broken kettle", "intent": "refund"}]
    new = run(write(Path("new.jsonl"), list(reversed(changed))), "runs/new")
    reject_first(new)
    found = diff(old, new)
    assert found["rows"]["gone"]["count"] == 5
    assert found["rows"]["added"] == {"count": 1, "rows": [0]}
    assert found["rows"]["shared"] == len(rows) - 5
    assert found["decisions"] == {"gone": 0, "new": 1, "changed": 0}
    assert found["settings"] == {}


def test_a_diff_of_a_run_with_itself_is_empty() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    found = diff(path, path)
    assert found["rows"]["gone"]["count"] == found["rows"]["added"]["count"] == 0
    assert found["status"] == {}
    assert all(n["gone"] == n["new"] == 0 for n in found["findings"].values())


def test_a_diff_names_changed_settings_and_masks_what_they_hold() -> None:
    source = write(Path("t.jsonl"), tickets())
    old = run(source, "runs/old")
    new = run(source, "runs/new", stages={"pii": {"allow": ["olga.petrova@mail.example.org"]}}, keep={"policy": "last"})
    found = diff(old, new)
    assert found["settings"]["keep.policy"] == ["first", "last"]
    assert "olga" not in json.dumps(found)


def test_a_diff_says_of_a_stage_that_one_run_left_out_that_it_was_off(inside: Any) -> None:
    source = write(Path("t.jsonl"), tickets())
    run(source, "runs/old")
    run(source, "runs/new", run={"stages": STAGES[:2]})
    said = inside("diff", "runs/old", "runs/new").stdout.splitlines()
    assert [line for line in said if "stages.pii" in line] == ["setting stages.pii: on -> off"]


def test_a_run_whose_process_is_gone_is_stopped_and_one_that_is_written_is_running() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}))
    assert find_runs("runs")[0].status == "stopped"
    with RunDir(path).writing():
        assert find_runs("runs")[0].status == "running"


def test_runs_lists_what_lies_there_damaged_runs_included() -> None:
    path = run(write(Path("t.jsonl"), tickets()), "runs/t")
    shutil.copytree(path, "runs/deep/er")
    shutil.copytree(path, "runs/broken")
    Path("runs/broken/manifest.json").write_text("{")
    Path("runs/notes").mkdir()
    lines = {line.path: line for line in find_runs("runs")}
    assert set(lines) == {"runs/t", "runs/deep/er", "runs/broken"}
    assert lines["runs/broken"].status == "damaged"
    assert (lines["runs/t"].status, lines["runs/t"].rows_in) == ("done", len(tickets()))
    assert lines["runs/t"].size_bytes == sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    with pytest.raises(RunError, match="no folder"):
        find_runs("nowhere")


def test_pruning_spares_young_runs_decided_runs_and_runs_being_written() -> None:
    source = write(Path("t.jsonl"), tickets())
    young, old, decided = (run(source, f"runs/{name}") for name in ("young", "old", "decided"))
    for path in (old, decided):
        manifest = json.loads((path / "manifest.json").read_text())
        manifest["finished"] = "2020-01-01T00:00:00+00:00"
        (path / "manifest.json").write_text(json.dumps(manifest))
    reject_first(decided)
    with RunDir(old).writing(), pytest.raises(RunLockedError):
        prune(find_runs("runs"), 30)
    assert old.exists()
    assert [line.path for line in prune(find_runs("runs"), 30)] == [os.fspath(old)]
    assert young.exists()
    assert decided.exists()
    assert not old.exists()


def test_the_verbs_answer_on_the_command_line(inside: Any) -> None:
    run(write(Path("t.jsonl"), tickets()), "runs/t")
    assert inside("replay", "runs/t", "-q").returncode == 0
    assert "same bytes" in inside("replay", "runs/t", "-q").stdout
    assert inside("diff", "runs/t", "runs/t").stdout.startswith(f"rows: {len(tickets())} shared, none gone, none added")
    assert json.loads(inside("runs", "--json").stdout)[0]["path"] == "runs/t"
    assert inside("runs", "--prune").returncode == 2
    assert inside("replay", "runs/none").returncode == 2
    Path("runs/t/curated.jsonl").write_text("{}\n")
    assert inside("replay", "runs/t", "-q").returncode == 1
