"""Options do what they say: roles merge, written recipes keep what was asked for, exit codes tell what was judged."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curate.cli import main
from curate.cli.options import print_summary
from curate.dataset import load
from curate.recipe import Recipe
from curate.recipe_toml import write_recipe
from tests.cli.conftest import Curate


def test_a_role_given_replaces_only_that_role() -> None:
    recipe = Recipe.parse({"data": {"roles": {"text": "body", "label": "intent"}}})
    assert recipe.with_(roles={"group": ["region"]}).data.roles == {"text": "body", "label": "intent", "group": ["region"]}
    assert recipe.with_(roles={"label": ["topic"]}).data.roles == {"text": "body", "label": ["topic"]}
    assert recipe.data.roles == {"text": "body", "label": "intent"}


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

    def train_one(detected: Any, curated: Any, where: Path, listener: Any, *, seed: int) -> Any:
        seen.append((where, seed))
        return SimpleNamespace(done={}, directory=where)

    # Only the seed is in question here; the training itself is tested with the trainer.
    monkeypatch.setattr("curate.arms.train_one", train_one)
    monkeypatch.setattr("curate.workflow.trainer_present", lambda: None)
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
    result: Any = SimpleNamespace(ablation=ablation, skipped={})
    assert print_summary(result, as_json=False, quiet=True, proof=proof) == code
    assert ("not judged" in capsys.readouterr().err) == (code == 3)
