"""`curate judge`: blind questions about real adapters' answers, votes that last, win rates that hold."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from audit.review.judged import FEWEST, Vote, agreement, pairs_of, question_order, swapped, win_rate
from curate import workflow
from curate.cli.judge import judge_command
from curate.errors import ConfigError
from curate.recipe import Recipe
from curate.review.judging import Judging
from curate.rundir import RunDir
from train.config import TrainConfig

PLACES = ("oslo", "turin", "lagos", "quito", "perth", "hanoi", "dakar", "lima")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, quick: TrainConfig) -> Path:
    """A run with a raw and a curated adapter on the tiny base."""
    folder = tmp_path_factory.mktemp("judge")
    draw = random.Random(4)
    rows = [
        {"prompt": f"how is the weather in {draw.choice(PLACES)} on day {i} of the {draw.choice(PLACES)} fair?",
         "completion": f"it rains for {draw.randrange(24)} hours and the wind comes from {draw.choice(PLACES)}",
         "split": "test" if i % 3 == 0 else "train"}
        for i in range(90)
    ]  # fmt: skip
    rows += [dict(row) for row in rows if row["split"] == "train"][:12]
    data = folder / "weather.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"base": quick.base, "steps": 12, "batch_rows": 8, "max_length_tokens": 64, "lora_rank": 4}
    recipe = Recipe.parse({
        "data": {"input": str(data)}, "run": {"stages": ["exact_duplicates"]}, "train": settings,
        "ablation": {"seeds": 3},
    })  # fmt: skip
    workflow.run(recipe, out=folder / "run", train=True)
    return folder / "run"


def judge(run: Path, *args: str, said: str = "") -> str:
    common = [str(run), "--prompts", "16", "--max-tokens", "6", *args]
    done = CliRunner().invoke(judge_command, common, input=said, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.stdout


def test_base_raw_and_curated_answer_the_same_held_out_prompts_once(run: Path) -> None:
    judging = Judging(RunDir.open(run), 16, 6)
    assert set(judging.arms) == {"base", "raw", "curated"}
    assert len(judging.outputs) == 16
    before = (run / "judge" / "outputs.jsonl").stat().st_mtime_ns
    assert Judging(RunDir.open(run), 16, 6).outputs == judging.outputs
    assert (run / "judge" / "outputs.jsonl").stat().st_mtime_ns == before


def test_a_session_names_no_arm_keeps_its_votes_and_ends_with_rates(run: Path) -> None:
    (run / "judge" / "votes.jsonl").unlink(missing_ok=True)
    out = judge(run, "--actor", "ada", said="1\n=\n\n2\nnonsense\n1\nq\n")
    shown = out.partition("against")[0].rpartition("\n")[0]
    assert not any(name in shown for name in ("curated", "raw", "base"))
    votes = [json.loads(line) for line in (run / "judge" / "votes.jsonl").read_text().splitlines()]
    assert len(votes) == 4
    assert {v["actor"] for v in votes} == {"ada"}
    judging = Judging(RunDir.open(run), 16, 6)
    first = judging.questions("bo")[0]
    assert (votes[0]["winner"] == "first") != first.swapped
    asked = {(v["prompt"], v["first"], v["second"]) for v in votes}
    assert not asked & {(q.prompt, q.first, q.second) for q in judging.questions("ada")}
    assert asked <= {(q.prompt, q.first, q.second) for q in judging.questions("bo")}
    rates = json.loads(judge(run, "--status", "--json"))
    assert [(r["first"], r["second"]) for r in rates] == [("base", "curated"), ("base", "raw"), ("curated", "raw")]
    assert all(r["rate"] is None or r["prompts"] >= FEWEST for r in rates)


def test_votes_on_answers_that_are_no_longer_given_count_for_nothing(run: Path) -> None:
    (run / "judge" / "votes.jsonl").unlink(missing_ok=True)
    judging = Judging(RunDir.open(run), 16, 6)
    for question in judging.questions("ada")[:3]:
        judging.vote(question, 1, "ada")
    first, *others = judging.votes()
    judging.outputs[first.prompt][first.first] += " again"
    assert first not in judging.votes()
    assert set(judging.votes()) >= {v for v in others if v.prompt != first.prompt}


def test_a_run_without_adapters_says_how_to_train_them(tmp_path: Path) -> None:
    data = tmp_path / "t.jsonl"
    data.write_text("".join(json.dumps({"text": f"row {i} of some"}) + "\n" for i in range(20)))
    workflow.run(workflow.as_recipe(data).with_(stages=["exact_duplicates"]), out=tmp_path / "r", train=False)
    with pytest.raises(ConfigError, match="curate ablate"):
        Judging(RunDir.open(tmp_path / "r"), 4, 4)


def test_each_arm_is_shown_first_about_as_often_and_a_repeat_turns_the_answers_round() -> None:
    sides = [swapped(prompt, "base", "raw") for prompt in range(400)]
    assert binomtest(sum(sides), 400).pvalue > 1e-3
    assert all(swapped(p, "base", "raw") != swapped(p, "base", "raw", again=True) for p in range(50))


def test_every_pair_is_asked_in_turn() -> None:
    order = question_order(range(5), pairs_of(("raw", "base", "curated")))
    assert len(set(order)) == len(order) == 15
    assert [q[1:] for q in order[:3]] == [("base", "curated"), ("base", "raw"), ("curated", "raw")]


def test_a_win_rate_holds_the_truth_at_about_its_rate_and_needs_ten_prompts() -> None:
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = float(rng.uniform(0.2, 0.8))
        said = rng.choice(["first", "second", "tie"], 40, p=[truth * 0.8, (1 - truth) * 0.8, 0.2])
        rate = win_rate([Vote(i, "a", "b", str(w), "x") for i, w in enumerate(said)], "a", "b")
        assert rate.low is not None
        assert rate.high is not None
        held += rate.low <= truth * 0.8 + 0.1 <= rate.high
    assert held >= 100 * 0.95 - 2 * (100 * 0.95 * 0.05) ** 0.5
    few = win_rate([Vote(i, "a", "b", "first", "x") for i in range(FEWEST - 1)], "a", "b", identical=30)
    assert few.rate is None
    assert "insufficient evidence" in few.words()


def test_the_sign_test_is_that_of_scipy_and_several_votes_on_a_prompt_are_one() -> None:
    votes = [Vote(i, "a", "b", "first" if i < 9 else "second", "x") for i in range(12)]
    rate = win_rate([*votes, Vote(0, "a", "b", "first", "y"), Vote(9, "a", "b", "first", "y")], "a", "b", identical=2)
    assert (rate.prompts, rate.wins, rate.losses, rate.ties, rate.identical) == (14, 9, 2, 3, 2)
    assert rate.p == pytest.approx(binomtest(9, 11).pvalue)
    assert agreement([*votes, Vote(3, "a", "b", "second", "x")]) == (1, 0)
