"""Votes on answers: counted, taken back, kept through crashes and crowds, and told in the run's report while they hold."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

from audit.report import json_schema
from audit.review.judged import FEWEST
from curate import workflow
from curate.dataset.compression import file_hash
from curate.errors import DataError
from curate.recipe import Recipe
from curate.review.judging import Judging
from curate.rundir import RunDir
from tests.conftest import Curate
from tests.report.conftest import ablation_of

PROMPTS = 14


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an ablation and with answers of three arms, as training and `curate judge` leave them."""
    folder = tmp_path_factory.mktemp("judged")
    data = folder / "t.jsonl"
    data.write_text("".join(json.dumps({"prompt": f"what is {n}?", "completion": f"it is {n}"}) + "\n" for n in range(30)))
    recipe = Recipe.parse({"data": {"input": str(data)}, "run": {"stages": ["exact_duplicates"]}})
    run = folder / "run"
    workflow.run(recipe, out=run, train=False)
    said = ({"row": n, "prompt": f"user: {n}?", "base": "b", "raw": f"r{n}", "curated": f"c{n}"} for n in range(PROMPTS))
    judge_outputs(run, said)
    ablation = {**ablation_of(), "plan_hash": file_hash(run / "plan.parquet")}
    (run / "ablation.json").write_bytes(orjson.dumps(ablation))
    return run


def judge_outputs(run: Path, said: Iterable[dict[str, object]]) -> None:
    """Adapters of two arms, and what they and the base answered."""
    key = {}
    for arm in ("raw", "curated"):
        weights = run / "train" / arm / "0" / "adapter" / "adapter_model.safetensors"
        weights.parent.mkdir(parents=True)
        weights.write_bytes(arm.encode())
        key[arm] = file_hash(weights)
    (run / "judge").mkdir()
    lines: list[dict[str, object]] = [{"adapters": key, "prompts": 30, "new_tokens": 96}, *said]
    (run / "judge" / "outputs.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def judging(run: Path) -> Judging:
    return Judging(RunDir.open(run), 30, 96)


def vote_for(run: Path, better: str, actor: str = "ada") -> None:
    """Every question about two trained arms is answered for one of them."""
    judge = judging(run)
    for question in judge.questions(actor):
        if {question.first, question.second} == {"raw", "curated"}:
            shown = (question.second, question.first) if question.swapped else (question.first, question.second)
            judge.vote(question, 1 + shown.index(better), actor)


def test_what_people_prefer_stands_in_every_rendering_of_the_report(run: Path, inside: Curate) -> None:
    import jsonschema

    vote_for(run, "curated")
    done = inside("judge", run, "--status")
    assert done.returncode == 0, done.stderr
    report = json.loads((run / "report.json").read_text())
    jsonschema.validate(report, json_schema())
    judged = report["proof"]["judged"]
    (pair,) = [p for p in judged["pairs"] if p["won"]]
    assert (pair["won"], pair["lost"], pair["prompts"], judged["people"]) == (PROMPTS, 0, PROMPTS, 1)
    assert pair["share"]["value"] == 1.0
    page = (run / "report.html").read_text()
    assert "Which answers people prefer" in page
    assert "100% [77%, 100%]" in page, "all of fourteen prompts leave room for a doubt"
    for form, words in (("markdown", "Preferred to those of"), ("text", "Which answers people prefer")):
        shown = inside("report", run, "--format", form)
        assert shown.returncode == 0, shown.stderr
        assert words in shown.stdout


def test_the_report_tells_how_far_people_agree_and_names_nobody(run: Path) -> None:
    vote_for(run, "curated", "ada-the-first")
    vote_for(run, "curated", "bo-the-second")
    judge = judging(run)
    shown = next(q for q in judge.questions("cy-the-third") if (q.first, q.second) == ("curated", "raw"))
    judge.vote(shown, 0, "cy-the-third")
    judge.conclude()
    assert judge.report()
    (two, *others) = json.loads((run / "report.json").read_text())["proof"]["judged"]["between"]
    assert two == {"questions": PROMPTS, "alike": 1.0, "kappa": {"value": None, "low": None, "high": None}}
    assert [o["questions"] for o in others] == [1, 1]
    page = (run / "report.html").read_text()
    assert "Of 3 pairs of people, the two who agree least answered 1 question in common, 0% of them alike" in page
    assert not any(name in page for name in ("ada-the-first", "bo-the-second", "cy-the-third"))


def test_rates_of_the_version_before_are_told_and_those_of_a_later_one_are_not(run: Path) -> None:
    vote_for(run, "curated")
    judging(run).conclude()
    path = run / "judge" / "judged.json"
    held = json.loads(path.read_text())
    assert held.pop("schema_version") == 3
    del held["between"]
    for version, told in ((2, True), (4, False), (None, False)):
        path.write_text(json.dumps({**held, "schema_version": version}))
        workflow.rewrite_report(RunDir.open(run))
        judged = json.loads((run / "report.json").read_text())["proof"]["judged"]
        assert (judged is not None) == told
        assert not told or judged["between"] == []


def test_votes_on_answers_of_an_earlier_training_are_not_told(run: Path) -> None:
    vote_for(run, "curated")
    judging(run).conclude()
    (run / "train" / "raw" / "0" / "adapter" / "adapter_model.safetensors").write_bytes(b"trained again")
    workflow.rewrite_report(RunDir.open(run))
    assert json.loads((run / "report.json").read_text())["proof"]["judged"] is None


def test_too_few_votes_are_insufficient_evidence_not_a_rate(run: Path) -> None:
    judge = judging(run)
    for question in judge.questions("ada")[: FEWEST - 1]:
        judge.vote(question, 1, "ada")
    assert all(rate.rate is None for rate in judge.conclude())
    assert judge.report()
    assert "insufficient evidence" in (run / "report.html").read_text()


def test_over_a_pipe_a_vote_is_taken_back_and_asked_again(run: Path, inside: Curate) -> None:
    done = inside("judge", run, "--actor", "ada", said="1\nu\nq\n")
    assert done.returncode == 0, done.stderr
    assert "taken back" in done.stdout
    assert judging(run).votes() == []
    assert len(judging(run).questions("ada")) == 3 * PROMPTS
    assert "nothing to take back" in inside("judge", run, "--actor", "ada", said="u\nq\n").stdout


def test_a_vote_cut_short_by_a_crash_is_left_out_and_spoils_nothing(run: Path) -> None:
    judge = judging(run)
    first, second = judge.questions("ada")[:2]
    judge.vote(first, 1, "ada")
    whole = judge.votes_path.read_bytes()
    judge.votes_path.write_bytes(whole + whole[:20])
    assert len(judge.votes()) == 1
    judge.vote(second, 2, "ada")
    assert len(judge.votes()) == 2
    judge.votes_path.write_bytes(judge.votes_path.read_bytes() + b"nonsense\n")
    with pytest.raises(DataError, match="line 3 is no vote"):
        judge.votes()


def test_two_people_at_once_lose_no_vote(run: Path) -> None:
    code = (
        "import sys; from curate.review.judging import Judging; from curate.rundir import RunDir\n"
        "judge = Judging(RunDir.open(sys.argv[1]), 30, 96)\n"
        "for question in judge.questions(sys.argv[2]): judge.vote(question, 1, sys.argv[2])\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(run), who]) for who in ("ada", "bo")]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    votes = judging(run).votes()
    assert {who: sum(v.actor == who for v in votes) for who in ("ada", "bo")} == {"ada": 3 * PROMPTS, "bo": 3 * PROMPTS}


def test_names_that_a_run_noted_are_hidden_in_the_question_and_wherever_an_answer_repeats_them(
    tmp_path: Path, inside: Curate
) -> None:
    data = tmp_path / "t.jsonl"
    asked = "My name is Olga Petrova, where is order {n}?"
    rows = [{"prompt": asked.format(n=n), "completion": f"it is on its way, number {n}"} for n in range(30)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = tmp_path / "run"
    workflow.run(Recipe().with_(input=str(data), stages=["pii"]), out=run, train=False)
    answers = {"base": "I do not know.", "raw": "Dear Olga Petrova, {n}", "curated": "It comes, Petrovna {n}"}
    said = {"prompt": f"user: {asked}", **answers}
    judge_outputs(run, ({"row": n, **{name: text.format(n=n) for name, text in said.items()}} for n in range(3)))
    texts = [" ".join((q.asked, *q.answers)) for q in judging(run).questions("ada")]
    assert texts
    assert not any("Olga" in text or "Petrova," in text for text in texts)
    assert any("Dear [PERSON], 1" in text for text in texts)
    assert any("Petrovna 2" in text for text in texts), "another name is another name"
    assert "user: My name is [PERSON], where is order" in inside("judge", run).stdout
    data.unlink()  # answers that are there are judged without it, and the names that the scanner sees in them stay hidden
    alone = inside("judge", run, said="1\n2\nq\n")
    assert alone.returncode == 0, alone.stderr
    assert "user: My name is [PERSON], where is order" in alone.stdout
    assert "Olga" not in alone.stdout
    assert "of 2 votes" in alone.stdout or "insufficient" in alone.stdout
    assert len(judging(run).votes()) == 2
