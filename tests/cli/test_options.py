"""Options do what they say: roles merge, written recipes keep what was asked for, exit codes tell what was judged."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.exceptions import Abort
from click.testing import CliRunner

from curate.cli import cli, main
from curate.cli.options import print_summary
from curate.dataset import load
from curate.errors import Cancelled, ConfigError
from curate.recipe import Recipe
from curate.recipe.toml import write_recipe
from tests.conftest import Curate


def test_a_role_given_replaces_only_that_role() -> None:
    recipe = Recipe.parse({"data": {"roles": {"text": "body", "label": "intent"}}})
    assert recipe.with_(roles={"group": ["region"]}).data.roles == {"text": "body", "label": "intent", "group": ["region"]}
    assert recipe.with_(roles={"label": ["topic"]}).data.roles == {"text": "body", "label": ["topic"]}
    assert recipe.data.roles == {"text": "body", "label": "intent"}


def test_a_short_recipe_says_what_the_data_is_and_means_the_same(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    long, short = tmp_path / "long.toml", tmp_path / "short.toml"
    for target, more in ((long, ()), (short, ("--short",))):
        done = inside("init", jsonl, "--output", target, "--on-bad-row", "skip", *more)
        assert done.returncode == 0, done.stderr
    assert Recipe.load(short).data == Recipe.load(long).data
    assert tomllib.loads(short.read_text()).keys() == {"schema_version", "data"}
    assert "#" not in short.read_text()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["decide", "run", "accpet", "5f3a"], "there is no 'accpet'; did you mean 'accept'?"),
        (["run", "t.jsonl", "--task", "clasification"], "there is no 'clasification'; did you mean 'classification'?"),
        (["gate", "t.jsonl", "--fail-on", "x"], "there is no 'x'; known: fail, warn"),
    ],
)
def test_a_word_that_is_not_one_of_the_choices_is_told_the_nearest(words: list[str], hint: str) -> None:
    told = CliRunner().invoke(cli, words, prog_name="curate")
    assert told.exit_code == 2
    assert hint in told.output


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Abort(), Cancelled("stopped after step 7")])
def test_an_interrupt_is_told_in_the_same_words_wherever_it_comes(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("curate.runs.find_runs", interrupted)
    with pytest.raises(SystemExit) as left:
        main(["runs"])
    assert left.value.code == 130
    said = capsys.readouterr().err.lstrip("\n")
    assert said.startswith("interrupted")
    assert said.endswith("; what was finished is kept, and the same command goes on from there\n")
    assert ("after step 7" in said) == isinstance(error, Cancelled)


def test_init_writes_what_it_was_asked_for(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.toml"
    done = inside("init", jsonl, "--output", target, "--on-bad-row", "skip", "--task", "classification",
                  "--role", "label=ticket")  # fmt: skip
    assert done.returncode == 0, done.stderr
    recipe = Recipe.load(target)
    assert recipe.data.on_bad_row == "skip"
    assert recipe.data.task == "classification"
    assert recipe.data.roles["label"] == "ticket"


def test_a_written_recipe_reads_back_with_every_setting(jsonl: Path, tmp_path: Path) -> None:
    given = {
        "data": {"input": str(jsonl), "id_columns": ["ticket"], "on_bad_row": "skip"},
        "run": {"out": "runs/here", "seed": 7, "threads": 1},
        "keep": {"policy": "longest"},
        "stages": {
            "near_duplicates": {"threshold": 0.9, "on_finding": "review", "auto": 0.95},
            "pii": {"allow": ["a@b.example"], "types": ["EMAIL_ADDRESS"]},
            "fairness": {"enabled": False, "delta": 0.1},
        },
        "ablation": {"enabled": False, "seeds": 5, "delta": 0.02},
        "train": {"steps": 12},
    }
    recipe = Recipe.parse(given)
    dataset = load(jsonl, id_columns=["ticket"], on_bad_row="skip")
    written = tomllib.loads(write_recipe(dataset, recipe, tmp_path))
    again = Recipe.parse(written).to_dict()
    detected = {"input": "tickets.jsonl", "task": dataset.task, "roles": again["data"]["roles"]}
    assert again == {**recipe.to_dict(), "data": {**recipe.to_dict()["data"], **detected}}
    assert written["stages"]["fairness"]["delta"] == 0.1


def test_blanks_and_empty_items_of_a_list_of_stages_do_not_count(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = inside("run", jsonl, "--stages", " exact_duplicates, ,pii ,", "--no-train", "-q", "--out", out)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "manifest.json").read_text())["recipe"]["run"]["stages"] == ["exact_duplicates", "pii"]


@pytest.mark.parametrize("args", [["--traceback", "run", "none.jsonl"], ["run", "none.jsonl", "--traceback"]])
def test_traceback_is_understood_anywhere(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from curate.errors import CurateError

    monkeypatch.delenv("CURATE_TRACEBACK", raising=False)
    with pytest.raises(CurateError, match=r"none\.jsonl"):
        main([*args, "--no-train"])
    monkeypatch.setattr(sys, "argv", ["curate", *args, "--no-train"])
    with pytest.raises(CurateError, match=r"none\.jsonl"):
        main()


def test_after_two_dashes_traceback_is_an_argument(inside: Curate) -> None:
    done = inside("run", "--no-train", "--", "--traceback")
    assert done.returncode == 2
    assert "--traceback" in done.stderr
    assert "No such option" not in done.stderr


@pytest.mark.parametrize(("seed", "folder"), [((), "7"), (("--seed", "3"), "3"), (("--seed", "0"), "0")])
def test_train_takes_the_runs_seed_unless_told_another(
    seed: tuple[str, ...], folder: str, inside: Curate, jsonl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tmp_path / "curate.toml"
    recipe.write_text('[run]\nseed = 7\nstages = ["exact_duplicates"]\n')
    out = tmp_path / "run"
    assert inside("run", recipe, "--input", jsonl, "--no-train", "-q", "--out", out).returncode == 0
    seen: list[tuple[Path, int]] = []

    def fine_tune(detected: Any, curated: Any, where: Path, listener: Any, *, seed: int, **_: Any) -> Any:
        seen.append((where, seed))
        return SimpleNamespace(done={}, directory=where)

    # Only the seed is in question here; the training itself is tested with the trainer.
    monkeypatch.setattr("curate.finetune.fine_tune", fine_tune)
    monkeypatch.setattr("curate.workflow.trainer_present", lambda: None)
    monkeypatch.setattr("curate.workflow.refresh_report", lambda home, folder: None)
    assert inside("train", out, "-q", *seed).returncode == 0
    assert seen == [(out / "train" / "final" / folder, int(folder))]


@pytest.mark.parametrize(
    ("verdict", "proof", "code"),
    [("insufficient evidence", True, 3), ("insufficient evidence", False, 0), ("inconclusive", True, 0), (None, True, 0)],
)
def test_a_proof_without_enough_evidence_exits_as_not_judged(
    verdict: str | None, proof: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ablation = verdict and {"verdict": verdict, "words": "There is not enough evidence."}
    result: Any = SimpleNamespace(ablation=ablation, skipped={}, manifest={})
    assert print_summary(result, as_json=False, quiet=True, proof=proof) == code
    assert ("not judged" in capsys.readouterr().err) == (code == 3)


@pytest.mark.parametrize(("key", "said"), [("epoch", "epochs"), ("lora_rnak", "lora_rank"), ("foo", "no key 'foo'")])
def test_a_training_setting_that_does_not_exist_is_refused(key: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Recipe.parse({"train": {key: 3}})


def test_a_training_setting_of_the_wrong_kind_is_refused_before_any_work() -> None:
    with pytest.raises(ConfigError, match=r"\[train\] steps"):
        Recipe.parse({"train": {"steps": "many"}})


def test_the_tasks_that_the_command_line_offers_are_those_of_a_dataset() -> None:
    from curate.cli import options
    from curate.dataset.types import TASKS

    assert options.TASKS == TASKS


def test_stages_complete_behind_a_comma() -> None:
    from click import Context

    from curate.cli.run import run_command

    option = next(p for p in run_command.params if p.name == "stages")
    said = [item.value for item in option.shell_complete(Context(run_command), "pii,near")]
    assert said == ["pii,near_duplicates"]


def test_a_run_says_how_it_read_the_file_and_where_it_left_data_and_report(
    inside: Curate, jsonl: Path, tmp_path: Path
) -> None:
    done = inside("pii", jsonl, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == "read as: classification; text = text, label = intent"
    assert lines[-2:] == [f"data: {tmp_path / 'run' / 'curated.jsonl'}", f"report: {tmp_path / 'run' / 'report.html'}"]
    assert "Verdict" not in done.stdout
    assert "Fairness was not judged" not in done.stdout


@pytest.mark.parametrize(("verb", "role"), [("labels", "label"), ("fairness", "group")])
def test_a_question_that_the_file_cannot_answer_is_refused_before_any_stage(
    inside: Curate, tmp_path: Path, verb: str, role: str
) -> None:
    path = tmp_path / "plain.jsonl"
    path.write_text("".join(json.dumps({"text": f"a line of plain words number {i}"}) + "\n" for i in range(30)))
    done = inside(verb, path, "--out", tmp_path / "run")
    assert done.returncode == 3
    assert f"--role {role}=COLUMN" in done.stderr
    assert not (tmp_path / "run").exists()


def test_all_that_is_wrong_with_a_recipe_is_said_at_once_in_words(inside: Curate, tmp_path: Path) -> None:
    recipe = tmp_path / "curate.toml"
    recipe.write_text('[data]\non_bad_row = "ignore"\n[run]\nseed = -1\n[stages.pii]\ntyps = []\n[stages.label_issue]\n')
    done = inside("config", "validate", recipe)
    assert done.returncode == 2
    for said in ("data.on_bad_row: must be 'fail' or 'skip'", "run.seed", "'types'?", "'label_issues'?"):
        assert said in done.stderr
    assert "Input should" not in done.stderr


def test_explain_without_a_row_lists_what_was_removed(inside: Curate, jsonl: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert inside("dedup", jsonl, "--out", out, "-q").returncode == 0
    listed = json.loads(inside("explain", out, "--limit", "0", "--json").stdout)
    assert len(listed) >= 6
    text = inside("explain", out, "--limit", "2").stdout
    assert text.startswith(f"{len(listed)} rows removed (")
    assert "the first 2 are listed" in text
    assert text.count("\nrow ") == 2
    one = {row["stage"] for row in json.loads(inside("explain", out, "--stage", "exact_duplicates", "--json").stdout)}
    assert one == {"exact_duplicates"}
    assert "did you mean" in inside("explain", out, "--stage", "exact_dup").stderr
    row = listed[0]["row"]
    assert re.match(rf"row {row} \(line {row + 1} of \S*tickets\.jsonl, id ", inside("explain", out, str(row)).stdout)


def test_evidence_is_read_as_words() -> None:
    from curate.cli.explain import said_of

    assert said_of([["shipping", 0.99961], ["refund", 0.0004]]) == "shipping 0.9996, refund 0.0004"
    assert said_of([{"row": 5, "label": "refund", "similarity": 0.5}]) == "row 5 (label refund, similarity 0.5)"
    assert said_of(True) == "yes"
    assert said_of([]) == "none"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"\n\n  \n", "only blank lines"),
        ("a.csv", b"text,label\ncaf\xe9 au lait,a\nplain words,b\n", "iconv"),
        ("a.jsonl", b'{"text": "a b\n{"text": "x"}\n', "--on-bad-row skip"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_what_to_do(
    inside: Curate, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = inside("pii", tmp_path / name, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert said in done.stderr
    assert "starting at" not in done.stderr


def test_training_is_told_by_the_runs_that_train_and_in_spoken_time(capsys: pytest.CaptureFixture[str]) -> None:
    from curate.cli.narrate import Narrator

    narrator = Narrator()
    for event in (
        {"arm": "base", "seed": 0, "run": 0, "runs": 9, "state": "done", "eta_s": None},
        {"arm": "base", "seed": 1, "run": 0, "runs": 9, "state": "same", "eta_s": None},
        {"arm": "raw", "seed": 0, "run": 1, "runs": 9, "state": "done", "eta_s": 240.0},
    ):
        narrator.training({"kind": "run", **event})
    assert capsys.readouterr().err.splitlines() == [
        "✓ evaluate base seed 0: done",
        "✓ train raw seed 0 (1/9): done, about 4 min left",
    ]



def test_a_run_says_which_columns_beside_a_prompt_it_trains_with_and_how_it_would_with_others(
    inside: Curate, tmp_path: Path
) -> None:
    asked = [{"question": f"What is {n} and {n}?", "response": f"It is {2 * n}, as anyone can tell."} for n in range(30)]
    proof = "Take {} things, take as many again, and count them all from the first."
    rows = [{"system_prompt": f"Answer as number {n % 3} would.", **row, "evidence": proof.format(n)}
            for n, row in enumerate(asked)]  # fmt: skip
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    both = ("--role", "context=system_prompt", "--role", "context=evidence")
    said = f"evidence tells rows apart and is not trained with, unless you say {' '.join(both)}"
    run = ("run", path, "--no-train", "--stages", "exact_duplicates", "--out")
    alone = inside(*run, tmp_path / "a").stderr.splitlines()
    assert alone[:2] == ["read as: sft; prompt = question, context = system_prompt, completion = response", said]
    together = inside(*run, tmp_path / "b", *both).stderr.splitlines()
    assert together[0] == "read as: sft; prompt = question, context = system_prompt + evidence, completion = response"
    assert said not in together
