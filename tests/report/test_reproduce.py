"""What the report says of a run's own settings: how to make it again, what waits, how groups are judged."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import curate
from audit.report import render_html
from audit.report.reproduce import command_of
from curate.cli import cli
from curate.recipe import Recipe
from curate.rundir import RunDir
from curate.workflow import build_report
from tests.report.conftest import Run, make_run, tickets

OUT = ["--out", "RUN", "--no-train"]


def manifest(recipe: Recipe, recipe_path: str | None = None) -> dict[str, Any]:
    return {"recipe": json.loads(json.dumps(recipe.to_dict())), "recipe_path": recipe_path, "input": {"path": "a b.jsonl"}}


def words(recipe: Recipe, recipe_path: str | None = None, trained: bool = False) -> list[str]:
    return shlex.split(command_of(manifest(recipe, recipe_path), trained=trained, shown=lambda text: text))


@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        (Recipe(), []),
        (Recipe().with_(stages=["pii", "near_duplicates"]), ["--stages", "pii,near_duplicates"]),
        (Recipe().with_(task="sft", on_bad_row="skip"), ["--task", "sft", "--on-bad-row", "skip"]),
        (Recipe().with_(roles={"label": ["my label"]}), ["--role", "label=my label"]),
    ],
)
def test_the_command_names_the_input_and_what_differs_from_the_defaults(recipe: Recipe, options: list[str]) -> None:
    assert words(recipe) == ["curate", "run", "a b.jsonl", *options, *OUT]


def test_a_trained_run_is_made_again_with_training() -> None:
    assert words(Recipe(), trained=True) == ["curate", "run", "a b.jsonl", "--out", "RUN"]


def test_a_recipe_file_is_named_with_the_input_it_was_run_on() -> None:
    recipe = Recipe.parse({"stages": {"near_duplicates": {"threshold": 0.9}}})
    assert words(recipe, "recipes/mine.toml") == ["curate", "run", "recipes/mine.toml", "--input", "a b.jsonl", *OUT]


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe().only_flagging("near_duplicates"),
        Recipe.parse({"data": {"id_columns": ["ticket"]}}),
        Recipe.parse({"run": {"seed": 5}}),
    ],
)
def test_settings_that_no_option_says_are_read_back_from_the_manifest(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, flag, code = words(recipe)
    assert (python, flag) == ("python", "-c")
    (tmp_path / "RUN").mkdir()
    (tmp_path / "RUN" / "manifest.json").write_text(json.dumps(manifest(recipe)))
    monkeypatch.chdir(tmp_path)
    called: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr("curate.run", lambda given, **more: called.append((given.to_dict(), more)), raising=False)
    exec(compile(code, "command", "exec"), {})
    assert called == [(recipe.to_dict(), {"out": "RUN", "train": False})]


def test_every_option_of_the_command_is_one_that_run_has() -> None:
    recipe = Recipe().with_(stages=["pii"], task="sft", roles={"text": ["a", "b"]}, on_bad_row="skip")
    out = CliRunner().invoke(cli, [*words(recipe)[1:], "--help"], prog_name="curate")
    assert out.exit_code == 0
    assert all(word in out.output for word in words(recipe) if word.startswith("--"))


def test_findings_of_a_stage_that_only_flags_wait_for_nobody(run: Run) -> None:
    before = run.report().pending
    assert before.by_stage["label_issues"] > 0
    told = json.loads(json.dumps(run.manifest))
    told["recipe"]["stages"]["label_issues"]["on_finding"] = "flag"
    report = run.without(manifest=told).report()
    assert "label_issues" not in report.pending.by_stage
    assert report.pending.total == before.total - before.by_stage["label_issues"] == 0
    stage = next(s for s in report.stages if s.name == "label_issues")
    assert stage.counts.pending == before.by_stage["label_issues"]
    assert not any("for review" in c for c in report.headline.cautions)
    assert "no finding waits for a decision" in render_html(report)


def test_groups_are_judged_by_the_recipes_fairness_settings(tmp_path: Path) -> None:
    run = make_run(tmp_path, tickets(240))

    def outcomes(**settings: Any) -> set[str]:
        told = json.loads(json.dumps(run.manifest))
        told["recipe"]["stages"]["fairness"].update(settings)
        return {g.outcome for column in run.without(manifest=told).report().groups for g in column.groups}

    assert outcomes(min_group_size=200) == {"insufficient evidence"}
    assert outcomes(delta=0.9) == {"equivalent"}
    assert outcomes(delta=0.001) == {"insufficient evidence"}


def test_the_report_says_why_there_was_no_training(run: Run) -> None:
    told = {**run.manifest, "train": {"reason": "Training was left out."}}
    assert run.without(manifest=told, ablation=None).report().headline.verdict == "Training was left out."
    assert run.without(ablation=None).report().headline.verdict.startswith("No model was trained")


def test_the_report_drawn_while_files_are_written_is_the_one_made_from_the_files(tmp_path: Path) -> None:
    rows = [
        {"text": f"Ticket {i} of Ann, ann{i}@example.com, asks for the {i % 9}th time", "label": "ab"[i % 2]}
        for i in range(90)
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *rows[:20]]))
    result = curate.run(str(source), out=tmp_path / "run", train=False)
    assert result.drawn is not None
    assert any(result.drawn.examples.values())
    told, again = result.report.to_json(), build_report(RunDir.open(tmp_path / "run")).to_json()
    for report in (told, again):
        del report["reproducibility"]["seconds"]
    assert again == told


def test_a_report_that_fails_takes_nothing_else_of_the_run_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"text": f"row number {i % 40}"}) + "\n" for i in range(60)))

    def fail(*_: Any) -> None:
        raise RuntimeError("no profile")

    monkeypatch.setattr("audit.report.drawn.profile_of", fail)
    with pytest.raises(RuntimeError, match="no profile"):
        curate.run(str(source), out=tmp_path / "run", train=False)
    told = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert {"plan", "outputs", "rescan", "rescan_key"} <= told.keys()
    assert told["plan"]["rows_out"] == 40
