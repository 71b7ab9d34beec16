"""What CI systems read: the action's own script, the hook's own entry, run by a real shell on real files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
WORDS = ("parcel", "refund", "login", "invoice", "kettle", "garden", "window", "bridge", "candle", "marble", "saddle",
         "violin")  # fmt: skip


def rows(n: int) -> list[dict[str, str]]:
    return [{"text": " ".join(WORDS[(k * p + p) % 12] for p in (1, 5, 7, 11, 13)) + f" case {k} {k * k}"} for k in range(n)]


def write(path: Path, what: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in what))
    return path


def shell(script: str, *args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(["bash", "-eo", "pipefail", "-c", script, "bash", *args], cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, "PATH": path, **env}, check=False)  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "train.jsonl", [*rows(80), {"text": "the key is postgres://ada:rainy-Day-77@db.example.org/x"}])


def gate_step() -> dict[str, Any]:
    (step,) = [s for s in ACTION["runs"]["steps"] if s.get("name") == "Gate"]
    return dict(step)


def test_the_action_annotates_sums_up_writes_sarif_and_fails(data: Path, tmp_path: Path) -> None:
    step, summary = gate_step(), tmp_path / "summary.md"
    env = dict.fromkeys(step["env"], "")
    env |= {"DATA": data.name, "FAIL_ON": "fail", "PRESET": "starter", "SARIF": "gate.sarif"}
    done = shell(step["run"], cwd=tmp_path, GITHUB_STEP_SUMMARY=str(summary), RUNNER_TEMP=str(tmp_path), **env)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^::error file=train\.jsonl,line=81,", done.stdout, re.MULTILINE)
    assert "rainy-Day" not in done.stdout + done.stderr + summary.read_text() + (tmp_path / "gate.sarif").read_text()
    assert summary.read_text().startswith("## Curate gate: ✗ fail")
    assert json.loads((tmp_path / "gate.sarif").read_text())["runs"][0]["results"]


@pytest.mark.slow
def test_a_pull_request_of_the_action_is_judged_with_the_known_rows_of_main(tmp_path: Path) -> None:
    step, old = gate_step(), rows(80)
    env = dict.fromkeys(step["env"], "") | {"FAIL_ON": "fail", "INDEX": "true"}
    write(tmp_path / "main.jsonl", old)
    main = {"DATA": "main.jsonl", "RUNNER_TEMP": str(tmp_path / "main")}
    assert shell(step["run"], cwd=tmp_path, **env | main).returncode == 0
    kept = sorted(str(file) for file in (tmp_path / "main" / "curate-index").rglob("*.npy"))
    assert kept
    write(tmp_path / "pr.jsonl", [*old, {"text": "write to ada@mail.example.org about the kettle"}, old[7]])
    asked = ("gate", "main.jsonl", "--format", "json", "--output", "main.json", "--exit-zero", "-q")
    assert subprocess.run([sys.executable, "-m", "curate", *asked], cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "pr").mkdir()
    shutil.copytree(tmp_path / "main" / "curate-index", tmp_path / "pr" / "curate-index")
    told = {"DATA": "pr.jsonl", "BASELINE": "main.json", "RUNNER_TEMP": str(tmp_path / "pr"), "PRESET": "strict"}
    done = shell(step["run"], cwd=tmp_path, **env | told)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^::error file=pr\.jsonl,line=81,", done.stdout, re.MULTILINE)
    assert "line=82," in done.stdout


def test_the_action_passes_clean_data_and_says_when_it_cannot_read(tmp_path: Path) -> None:
    step = gate_step()
    env = dict.fromkeys(step["env"], "") | {"DATA": write(tmp_path / "ok.jsonl", rows(80)).name, "FAIL_ON": "fail"}
    assert shell(step["run"], cwd=tmp_path, RUNNER_TEMP=str(tmp_path), **env).returncode == 0
    env["DATA"] = "missing.jsonl"
    done = shell(step["run"], cwd=tmp_path, RUNNER_TEMP=str(tmp_path), **env)
    assert done.returncode == 2
    assert "missing.jsonl" in done.stderr


def test_every_input_of_the_action_is_read_and_every_reading_is_an_input() -> None:
    read = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert read == set(ACTION["inputs"])
    step = gate_step()
    shells = {"RUNNER_TEMP", "GITHUB_STEP_SUMMARY"}
    assert set(re.findall(r"\$\{?([A-Z_]+)", step["run"])) - shells == set(step["env"]) - {"NUMBA_CACHE_DIR"}


def test_the_comment_holds_the_words_of_the_verdict_and_is_left_out_where_there_are_none(tmp_path: Path) -> None:
    (step,) = [s for s in ACTION["runs"]["steps"] if s.get("name") == "Comment"]
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gh").write_text('#!/bin/sh\necho "$@" > "$RUNNER_TEMP/asked"\ncat "$5" > "$RUNNER_TEMP/said"\n')
    (tools / "gh").chmod(0o755)
    env = {"NUMBER": "7", "RUNNER_TEMP": str(tmp_path), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    assert shell(step["run"], cwd=tmp_path, **env).returncode == 0
    assert not (tmp_path / "asked").exists()
    (tmp_path / "curate-gate.md").write_text("## Curate gate: ✗ fail\n")
    done = shell(step["run"], cwd=tmp_path, **env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().startswith("pr comment 7 --body-file")
    assert "--edit-last --create-if-none" in (tmp_path / "asked").read_text()
    assert (tmp_path / "said").read_text() == "## Curate gate: ✗ fail\n"


def test_the_hook_judges_each_changed_file_and_stops_at_the_first_bad_one(data: Path, tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", rows(80))
    assert shell(f'{HOOK["entry"]} "$@"', good.name, cwd=tmp_path).returncode == 0
    done = shell(f'{HOOK["entry"]} "$@"', good.name, data.name, cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(HOOK["files"], "data/train.jsonl.gz")
    assert not re.search(HOOK["files"], "src/train.py")


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_the_examples_name_options_and_inputs_that_exist(name: str) -> None:
    text = (ROOT / "examples" / "ci" / name).read_text()
    assert yaml.safe_load(text)
    from curate.cli.gate import gate_command

    known = {option for parameter in gate_command.params for option in parameter.opts}
    commands = [line for line in text.splitlines() if "curate gate" in line]
    assert commands
    assert {o for line in commands for o in re.findall(r"--[a-z-]+", line.partition("curate gate")[2])} <= known
    if name == "gitlab.yml":
        job = yaml.safe_load(text)["data-gate"]
        installs = next(line for line in job["script"] if "pip install" in line)
        assert "git+" not in installs or not job["image"].endswith(("-slim", "-alpine")), "they have no git to clone with"
    if name == "github.yml":
        steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
        (ours,) = [s for s in steps if str(s.get("uses", "")).startswith("OWNER/")]
        assert set(ours["with"]) <= set(ACTION["inputs"])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pre-commit") is None, reason="pre-commit is not installed")
@pytest.mark.skipif(not (ROOT / ".git").is_dir(), reason="this is no git repository")
def test_pre_commit_itself_runs_the_hook_on_what_is_staged(data: Path, tmp_path: Path) -> None:
    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    rev = git("-C", str(ROOT), "rev-parse", "HEAD")
    hook = {"id": "curate-gate", "language": "system"}  # the curate that is installed, rather than another one built
    config = {"repos": [{"repo": ROOT.as_uri(), "rev": rev, "hooks": [hook]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    good = write(tmp_path / "good.jsonl", rows(80))
    git("init", "-q")
    git("add", good.name, ".pre-commit-config.yaml")
    env = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    assert shell("pre-commit run", cwd=tmp_path, **env).returncode == 0
    git("add", data.name)
    done = shell("pre-commit run", cwd=tmp_path, **env)
    assert done.returncode == 1
    assert "line 81: An address holds a user name and a password" in done.stdout
    assert "rainy-Day" not in done.stdout
