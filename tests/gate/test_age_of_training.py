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
from curate.dataset.compression import file_hash
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


@pytest.mark.parametrize("plan", ["in force", "another"])
def test_applying_decisions_anew_makes_no_old_training_young(run: Path, plan: str) -> None:
    assert age(run).verdict == "insufficient evidence"
    trained(run, "curated/1", 100)
    of = file_hash(run / "plan.parquet") if plan == "in force" else "of another plan"
    (run / "ablation.json").write_text(json.dumps({"verdict": "helped", "plan_hash": of, "comparisons": []}))
    trained(run, "raw/1", 1)  # an arm to compare with
    for _ in range(2):
        found = age(run)
        assert found.verdict == "fail"
        assert found.value == pytest.approx(100, abs=0.1)
        workflow.reapply(run)  # writes the end of the run anew
    trained(run, "final/1", 2)
    assert age(run).value == pytest.approx(2, abs=0.1)
    assert age(run).verdict == "pass"


@pytest.mark.parametrize("said", ["2020-01-01T00:00:00", "2020-01-01", "soon", 1_700_000_000, None])
def test_a_training_that_does_not_say_when_it_ended_is_no_evidence(run: Path, said: object) -> None:
    trained(run, "curated/1", 0)
    (run / "train" / "curated" / "1" / "done.json").write_text(json.dumps({"finished": said}))
    assert age(run).verdict == "insufficient evidence"
    trained(run, "curated/2", 5)
    assert age(run).value == pytest.approx(5, abs=0.1)


def test_a_training_of_the_future_is_no_evidence_and_clocks_may_differ_a_little(run: Path) -> None:
    trained(run, "curated/1", -400)
    assert age(run).verdict == "insufficient evidence"
    trained(run, "curated/2", -0.01)
    assert age(run).value == 0.0
    assert "-" not in age(run).sentence


def test_data_as_given_has_no_training_whose_age_a_preset_could_ask(run: Path) -> None:
    preset = parse_policy({"preset": "regulated", "checks": {"disparities": {"enabled": False}}})
    (check,) = [c for c in gate("t.jsonl", preset).result.checks if c.name == "days_since_training"]
    assert check.verdict == "not applicable"
    (check,) = gate("t.jsonl", AGE).result.checks[-1:]
    assert (check.name, check.verdict) == ("days_since_training", "insufficient evidence")
