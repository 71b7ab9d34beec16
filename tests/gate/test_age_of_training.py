"""How long ago data was trained on: told by trainings, and by nothing that happens to a run afterwards."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pytest

from audit.gate import parse_policy
from curate import workflow
from curate.gating import gate
from curate.recipe import Recipe

AGE = parse_policy({"checks": {"days_since_training": {}}})
WORDS = ("parcel", "refund", "login", "invoice", "kettle", "garden", "window", "bridge", "candle", "marble", "saddle")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = random.Random(4)
    rows = [{"text": " ".join(rng.sample(WORDS, 8)) + f" case {i}"} for i in range(60)]
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = Recipe.parse({"data": {"input": "t.jsonl"}, "run": {"stages": ["exact_duplicates"]}})
    return workflow.run(recipe, out="runs/t", train=False).run.path


def age(run: Path) -> Any:
    (check,) = [c for c in gate(run, AGE).result.checks if c.name == "days_since_training"]
    return check


def trained(run: Path, where: str, days: float) -> None:
    """A training that ended so many days ago, as the trainer leaves one."""
    folder = run / "train" / where
    folder.mkdir(parents=True)
    ended = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    (folder / "done.json").write_text(json.dumps({"finished": ended.isoformat(timespec="seconds")}))


def test_applying_decisions_anew_makes_no_old_training_young(run: Path) -> None:
    assert age(run).verdict == "insufficient evidence"
    trained(run, "curated/1", 100)
    (run / "ablation.json").write_text(json.dumps({"verdict": "helped", "plan_hash": "of another plan", "comparisons": []}))
    for _ in range(2):
        found = age(run)
        assert found.verdict == "fail"
        assert found.value == pytest.approx(100, abs=0.1)
        workflow.reapply(run)  # writes the end of the run anew
    trained(run, "final/1", 2)
    assert age(run).value == pytest.approx(2, abs=0.1)
    assert age(run).verdict == "pass"


def test_a_run_of_before_trainings_said_when_they_ended_is_as_old_as_its_ablation(run: Path) -> None:
    (run / "ablation.json").write_text(json.dumps({"verdict": "helped", "comparisons": []}))
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest.pop("train")["reason"]
    manifest["finished"] = (dt.datetime.now(dt.UTC) - dt.timedelta(days=91)).isoformat()
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert age(run).value == pytest.approx(91, abs=0.1)


def test_data_as_given_has_no_training_whose_age_a_preset_could_ask(run: Path) -> None:
    preset = parse_policy({"preset": "regulated", "checks": {"disparities": {"enabled": False}}})
    (check,) = [c for c in gate("t.jsonl", preset).result.checks if c.name == "days_since_training"]
    assert check.verdict == "not applicable"
    (check,) = gate("t.jsonl", AGE).result.checks[-1:]
    assert (check.name, check.verdict) == ("days_since_training", "insufficient evidence")
