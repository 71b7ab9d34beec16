"""`curate run` as people and machines use it: resume, kill, interrupt, lock, same bytes."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate import workflow
from curate.dataset import Guess
from curate.recipe import Recipe
from curate.recipe.toml import _why
from tests.cli.conftest import tickets
from tests.conftest import Curate

THREE = "exact_duplicates,near_duplicates,pii"
SAME_BYTES = ("findings", "scores", "curated.jsonl", "removed.parquet", "plan.parquet", "rejected.jsonl")


def contents(run: Path) -> dict[str, bytes]:
    """Every file of a run that must be the same from run to run."""
    out = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.is_file() and name.startswith(SAME_BYTES):
            out[name] = path.read_bytes()
    return out


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished run, for tests that only read it."""
    folder = tmp_path_factory.mktemp("finished")
    path = folder / "tickets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in tickets()))
    command = [sys.executable, "-m", "curate", "run", str(path), "--no-train", "--out", str(folder / "run")]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def three(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three stages over the same rows, where which stages run changes nothing of what is claimed."""
    out = tmp_path_factory.mktemp("three") / "run"
    workflow.run(Recipe.parse({"data": {"input": str(finished / "tickets.jsonl")}, "run": {"stages": THREE.split(",")}}),
                 out=out, train=False)  # fmt: skip
    return out


def test_a_run_leaves_every_file_of_the_contract(finished: Path) -> None:
    run = finished / "run"
    for name in ("manifest.json", "plan.parquet", "curated.jsonl", "removed.parquet", "rejected.jsonl", "report.html",
                 "report.json", "findings/pii.parquet", "scores/near_duplicates.parquet", "scores/label_issues.parquet"):
        assert (run / name).is_file(), name
    assert run.stat().st_mode & 0o777 == 0o700
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["schema_version"] == 1
    assert manifest["status"] == "done"
    assert manifest["plan"]["rows_in"] == 126
    assert manifest["plan"]["rows_out"] == len((run / "curated.jsonl").read_text().splitlines())
    assert {"exact_duplicates", "near_duplicates", "pii", "label_issues"} <= set(manifest["stages"])
    assert not list(run.rglob(".*.tmp"))


def test_no_planted_address_is_in_any_output(finished: Path) -> None:
    for path in (finished / "run").rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            if path.suffix == ".parquet":
                body = json.dumps(pq.read_table(path).to_pylist(), default=str).encode()
            assert b"@example.org" not in body, path.name


def test_every_kept_row_is_its_source_line_but_for_what_the_plan_edits(finished: Path) -> None:
    source = (finished / "tickets.jsonl").read_text().splitlines()
    plan = pq.read_table(finished / "run" / "plan.parquet").to_pylist()
    touched = {f["row"] for f in plan if f["status"] == "applied"}
    out = (finished / "run" / "curated.jsonl").read_text().splitlines()
    untouched = [line for row, line in enumerate(source) if row not in touched]
    assert [line for line in out if line in set(untouched)] == untouched


def test_removed_rows_name_a_surviving_witness(finished: Path) -> None:
    removed = pq.read_table(finished / "run" / "removed.parquet").to_pylist()
    gone = {r["row"] for r in removed}
    assert len(removed) >= 6
    for row in removed:
        assert row["stage"] in ("exact_duplicates", "near_duplicates")
        assert row["witness_row"] not in gone
        assert row["reason"]
        assert row["preview"]


def test_a_second_run_computes_nothing_and_changes_no_byte(finished: Path, inside: Curate) -> None:
    before = contents(finished / "run")
    done = inside("run", finished / "tickets.jsonl", "--no-train", "--out", finished / "run")
    assert done.returncode == 0
    assert done.stderr.count("as computed before") == len(list((finished / "run" / "findings").iterdir()))
    assert contents(finished / "run") == before


def test_another_directory_and_another_number_of_threads_give_the_same_bytes(
    finished: Path, inside: Curate, tmp_path: Path
) -> None:
    recipe = tmp_path / "curate.toml"
    recipe.write_text("[run]\nthreads = 1\n")
    source = finished / "tickets.jsonl"
    assert inside("run", recipe, "--input", source, "--no-train", "--out", tmp_path / "one").returncode == 0
    assert contents(tmp_path / "one") == contents(finished / "run")


def test_a_changed_input_is_refused_not_mixed(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert inside("run", jsonl, "--no-train", "--out", out, "--stages", "exact_duplicates").returncode == 0
    before = contents(out)
    with jsonl.open("a") as handle:
        handle.write('{"ticket": 999, "text": "one more row", "intent": "refund"}\n')
    done = inside("run", jsonl, "--no-train", "--out", out)
    assert done.returncode == 2
    assert "other data" in done.stderr
    assert "--out" in done.stderr
    assert contents(out) == before


def test_a_changed_setting_recomputes_only_its_stage(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    stages = ("--stages", "exact_duplicates,pii")
    inside("run", jsonl, "--no-train", "--out", out, *stages)
    recipe = tmp_path / "curate.toml"
    recipe.write_text("[stages.exact_duplicates]\nnormalise_whitespace = false\n")
    done = inside("run", recipe, "--input", jsonl, "--no-train", "--out", out, *stages)
    assert "pii: 12 findings, as computed before" in done.stderr
    assert "exact duplicates: 12 findings in" in done.stderr


def test_a_damaged_findings_file_is_computed_again(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    inside("run", jsonl, "--no-train", "--out", out, "--stages", "pii")
    before = contents(out)
    (out / "findings" / "pii.parquet").write_bytes(b"PAR1 nonsense")
    assert inside("run", jsonl, "--no-train", "--out", out, "--stages", "pii").returncode == 0
    assert contents(out) == before


def start(jsonl: Path, out: Path, moment: str, sent: signal.Signals, *args: str) -> subprocess.Popen[bytes]:
    """`curate run` as a process that is sent a signal just when a file of the run is there: no later, on any machine."""
    code = (
        "import os, signal, sys\nwrote, (moment, sent) = os.replace, sys.argv[1:3]\ndel sys.argv[1:3]\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell turns off for what it puts behind\n"
        "def replace(source, target, **more):\n"
        "    wrote(source, target, **more)\n"
        "    if str(target).endswith(moment):\n"
        "        os.replace = wrote\n"
        "        os.kill(os.getpid(), int(sent))\n"
        "os.replace = replace\nfrom curate.cli import main\nmain()"
    )
    words = [moment, str(int(sent)), "run", str(jsonl), "--no-train", "--out", str(out), *args]
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, cwd=jsonl.parent, stderr=subprocess.PIPE, start_new_session=True)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("moment", ["manifest.json", "findings/near_duplicates.parquet", "plan.parquet"])
def test_a_run_stopped_in_the_middle_goes_on_to_the_same_bytes(
    finished: Path, three: Path, inside: Curate, tmp_path: Path, stop: signal.Signals, moment: str
) -> None:
    every = moment.startswith("findings") and stop == signal.SIGKILL  # all stages once
    stages = () if every else ("--stages", THREE)
    source = tmp_path / "tickets.jsonl"
    shutil.copy(finished / "tickets.jsonl", source)
    out = tmp_path / "run"
    process = start(source, out, moment, stop, *stages)
    said = process.communicate()[1].decode()
    assert process.returncode == (130 if stop == signal.SIGINT else -signal.SIGKILL), said
    assert "Traceback" not in said
    assert (out / moment).exists()
    again = inside("run", source, "--no-train", "--out", out, *stages)
    assert again.returncode == 0, again.stderr
    assert contents(out) == contents(finished / "run" if every else three)
    assert not list(out.rglob(".*.tmp"))


def test_two_runs_at_once_on_one_directory_leave_one_writer(jsonl: Path, tmp_path: Path, inside: Curate) -> None:
    out = tmp_path / "run"
    first = start(jsonl, out, "manifest.json", signal.SIGSTOP, "--stages", "exact_duplicates")
    assert os.WIFSTOPPED(os.waitpid(first.pid, os.WUNTRACED)[1])
    try:
        second = inside("run", jsonl, "--no-train", "--out", out, "--stages", "exact_duplicates")
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr
    first.communicate()
    assert first.returncode == 0


def test_an_unwritable_place_is_said_before_any_work(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = inside("run", jsonl, "--no-train", "--out", tmp_path / "file" / "run")
    assert done.returncode == 2
    assert str(tmp_path / "file") in done.stderr


def test_a_full_disk_leaves_no_half_file_and_the_next_run_finishes(
    finished: Path, three: Path, tmp_path: Path, inside: Curate
) -> None:
    source = tmp_path / "tickets.jsonl"
    shutil.copy(finished / "tickets.jsonl", source)
    out = tmp_path / "run"
    run = ("run", str(source), "--no-train", "--out", str(out), "--stages", THREE)

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    command = [sys.executable, "-m", "curate", *run]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, preexec_fn=small_disk)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert not list(out.rglob(".*.tmp"))
    assert inside(*run).returncode == 0
    assert contents(out) == contents(three)


def test_dry_run_writes_nothing(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    done = inside("run", jsonl, "--dry-run")
    assert done.returncode == 0
    assert "classification" in done.stdout
    assert "nothing was written" in done.stdout
    assert set(tmp_path.iterdir()) == before


def test_json_goes_to_stdout_alone_and_matches_the_file(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    done = inside("pii", jsonl, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((tmp_path / "run" / "report.json").read_text())
    assert done.stderr == ""


def test_a_stage_that_was_asked_for_and_cannot_run_is_exit_3(inside: Curate, tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    path.write_text("".join(json.dumps({"text": f"a line of plain words number {i}"}) + "\n" for i in range(30)))
    done = inside("run", path, "--no-train", "--stages", "label_issues", "--out", tmp_path / "run")
    assert done.returncode == 3
    assert "not judged: label_issues" in done.stderr


def test_explain_tells_the_story_of_a_removed_row_without_its_personal_data(finished: Path, inside: Curate) -> None:
    removed = pq.read_table(finished / "run" / "removed.parquet").to_pylist()[0]
    done = inside("explain", finished / "run", str(removed["row"]))
    assert done.returncode == 0, done.stderr
    assert f"removed by {removed['stage']}" in done.stdout
    assert f"justified by row {removed['witness_row']}" in done.stdout
    by_id = inside("explain", finished / "run", removed["row_id"].hex(), "--json")
    assert json.loads(by_id.stdout)["row"] == removed["row"]
    assert "@example.org" not in done.stdout + by_id.stdout


def test_explain_shows_no_label_key_or_number_raw_in_the_region_of_the_recipe(inside: Curate, tmp_path: Path) -> None:
    rows = [{"text": f"words about topic {i % 7} and {i}", "label": "ab@example.org", "m": {}} for i in range(60)]
    rows[0] = {"text": "0176 12345678 is mine", "label": "AB@example.org", "m": {"cd@example.org": "ef@example.org"}}
    rows[1]["text"] = rows[2]["text"] = "0176 12345678 said \x1b[31mred"
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    stages = '"exact_duplicates", "label_names", "pii"'
    recipe = f'[data]\ninput = "rows.jsonl"\n[run]\nout = "run"\nstages = [{stages}]\n'
    recipe += '[stages.pii]\ndefault_region = "DE"\ntypes = ["EMAIL_ADDRESS"]\n'
    (tmp_path / "curate.toml").write_text(recipe)
    done = inside("run", "--no-train")
    assert done.returncode == 0, done.stderr
    told = [inside("explain", "run", "0").stdout, inside("explain", "run", "1", "--json").stdout]
    assert "pii.key: flag in m" in told[0]
    assert "[EMAIL]" in told[0]
    assert "[PHONE]" in told[1]
    previews = pq.read_table(tmp_path / "run" / "removed.parquet")["preview"].to_pylist()
    assert previews == ["[PHONE] said red"]
    manifest = (tmp_path / "run" / "manifest.json").read_text()
    report = (tmp_path / "run" / "report.html").read_text()
    for shown in (*told, str(previews), manifest, report):
        assert "@example.org" not in shown
        assert "12345678" not in shown


def test_column_names_cannot_break_out_of_a_recipe_or_a_terminal(inside: Curate, tmp_path: Path) -> None:
    name = "text\nseed = 99 #\x1b[31m"
    path = tmp_path / "rows.jsonl"
    rows = [{name: f"some words number {i} here", "label": "ab"[i % 2]} for i in range(40)]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    role = ("--role", f"text={name}")
    done = inside("init", path, *role)
    assert done.returncode == 0, done.stderr
    tried = inside("run", path, *role, "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "\x1b" not in done.stderr + tried.stdout + (tmp_path / "curate.toml").read_text()
    recipe = tomllib.loads((tmp_path / "curate.toml").read_text())
    assert recipe["data"]["roles"]["text"] == name
    assert inside("config", "validate", "curate.toml").returncode == 0
    assert _why(Guess("text", ("x",), "named\nx\r\x1b[31m\x85 = 1")) == "  # named x = 1"


def test_init_writes_a_recipe_that_validates_and_runs(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    assert inside("init", jsonl).returncode == 0
    assert inside("config", "validate", "curate.toml").returncode == 0
    text = (tmp_path / "curate.toml").read_text()
    assert 'label = "intent"' in text
    assert "threshold = 0.8" in text
    done = inside("run", "--no-train")
    assert done.returncode == 0, done.stderr
    again = inside("init", jsonl)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_a_recipe_in_pyproject_is_found(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.curate.data]\ninput = "tickets.jsonl"\n')
    assert inside("run", "--no-train", "--stages", "pii").returncode == 0
    assert (tmp_path / "runs" / "tickets" / "manifest.json").is_file()


def test_a_folder_with_other_things_in_it_is_not_written_to(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (home / "sub" / ".draft.tmp").write_text("mine")
    done = inside("pii", jsonl, "--out", home)
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert (home / "sub" / ".draft.tmp").read_text() == "mine"


def test_one_stage_verbs_leave_the_whole_run_alone(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    inside("run", jsonl, "--no-train", "--stages", "exact_duplicates")
    before = contents(tmp_path / "runs" / "tickets")
    assert inside("pii", jsonl).returncode == 0
    assert contents(tmp_path / "runs" / "tickets") == before
    assert (tmp_path / "runs" / "tickets-pii" / "curated.jsonl").is_file()


def test_looking_at_a_run_writes_nothing_and_says_when_it_is_out_of_date(
    inside: Curate, jsonl: Path, tmp_path: Path
) -> None:
    inside("run", jsonl, "--no-train", "--stages", "pii", "--out", tmp_path / "run")
    (tmp_path / "run" / "findings" / "pii.parquet").unlink()
    done = inside("explain", tmp_path / "run", "3")
    assert done.returncode == 2
    assert "brings it up to date" in done.stderr
    assert not (tmp_path / "run" / "findings" / "pii.parquet").exists()


def test_a_stage_that_is_switched_off_stays_off_when_the_run_is_applied_again(
    inside: Curate, jsonl: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "curate.toml"
    recipe.write_text("[stages.label_issues]\nenabled = false\n[stages.near_duplicates]\nenabled = false\n")
    first = inside("run", recipe, "--input", jsonl, "--no-train", "--out", tmp_path / "run")
    assert first.returncode == 0, first.stderr
    before = contents(tmp_path / "run")
    again = inside("apply", tmp_path / "run")
    assert again.returncode == 0, again.stderr
    assert contents(tmp_path / "run") == before


def test_the_second_look_is_taken_again_when_more_stages_look(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    inside("run", jsonl, "--no-train", "--stages", "exact_duplicates", "--out", out)
    inside("run", jsonl, "--no-train", "--stages", "exact_duplicates,pii", "--out", out)
    assert set(json.loads((out / "manifest.json").read_text())["rescan"]) == {"exact_duplicates", "pii"}


def test_the_second_look_sees_a_leak_that_masking_made(inside: Curate, tmp_path: Path) -> None:
    asked = "could somebody tell me whether {} was the address that got my refund letter yesterday"
    rows = [
        {"text": f"hello there my order went missing on the way {asked.format('ann.lee@example.org')} and also the invoice",
         "split": "train"},
        {"text": asked.format("bo.marsh@example.net"), "split": "test"},
        *({"text": f"quite another matter number {n} about the {n}th parcel that came {n} days late", "split": "train"}
          for n in range(20)),
    ]  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "run"
    done = inside("run", file, "--no-train", "--stages", "exact_duplicates,contamination,pii", "--out", out)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["stages"]["contamination"]["findings"] == 0
    assert manifest["rescan"]["contamination"]["left"] == 1


def test_previews_made_in_blocks_are_those_made_at_once(
    finished: Path, inside: Curate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curate.outputs.PREVIEWS_AT_ONCE", 2)
    done = inside("run", finished / "tickets.jsonl", "--no-train", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    at_once = pq.read_table(finished / "run" / "removed.parquet")
    assert at_once.num_rows > 2
    assert pq.read_table(tmp_path / "run" / "removed.parquet").equals(at_once)


def test_the_best_written_copy_stays_and_a_run_that_scores_its_texts_goes_on_to_its_end(
    inside: Curate, tmp_path: Path
) -> None:
    said = "The river begins in the hills north of town number {}, where three springs meet, and runs south to the sea."
    careless, careful = [], []
    for n in range(40):
        text = said.format(n) + f" In year {1900 + n} a bridge of stone was built over it, and {n} mills stood by it."
        careful.append({"prompt": f"Where does river {n} begin?", "answer": text})
        careless.append({"prompt": f"Where does river {n} begin?", "answer": text.lower().replace(", ", " ,")})
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for pair in zip(careless, careful, strict=True) for row in pair))
    recipe = tmp_path / "curate.toml"
    recipe.write_text('[data]\ninput = "rows.jsonl"\n[keep]\npolicy = "highest_quality"\nquality_column = "text_quality"\n')
    out = tmp_path / "run"
    stages = "exact_duplicates,near_duplicates,text_quality"
    done = inside("run", recipe, "--no-train", "--out", out, "--stages", stages)
    assert done.returncode == 0, done.stderr
    kept = [json.loads(line) for line in (out / "curated.jsonl").read_text().splitlines()]
    assert kept == careful
    for verb in ("gate", "pii"):  # questions that do not ask which copy is the best
        asked = inside(verb, recipe)
        assert asked.returncode in (0, 1), asked.stderr
    short = inside("run", recipe, "--no-train", "--out", tmp_path / "short", "--stages", "near_duplicates")
    assert short.returncode == 2
    assert "needs the stage text_quality" in short.stderr
