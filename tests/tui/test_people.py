"""Threshold scrubber, certified review, blind judgement, groups: by keys alone, and the same as the headless functions."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import orjson
import pytest

from curate import workflow
from curate.dataset.compression import file_hash
from curate.ledger.decisions import Journal, read_journal
from curate.recipe import Recipe
from curate.review.findings import Review
from curate.review.judging import Judging
from curate.review.session import Session
from curate.rundir import RunDir
from tests.tui.conftest import SECRET, Drive, write
from tui.fairness import FairnessScreen, panels_of
from tui.findings import FindingsScreen
from tui.judge import JudgeScreen
from tui.review import ReviewScreen, span
from tui.scrub import DUPLICATES, LABELS, open_scrub
from tui.scrubber import ScrubberScreen

WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jade"]
SIZES = [pytest.param((80, 24), marks=pytest.mark.slow), (120, 40), pytest.param((200, 60), marks=pytest.mark.slow)]


def decisions(run: Path) -> list[str]:
    return [d.verdict for d in read_journal(run / "decisions.jsonl").decisions]


# -- threshold scrubber -------------------------------------------------------------------------------------------------


def test_the_exact_count_at_the_threshold_in_force_is_that_of_the_plan(run: Path) -> None:
    session = Session.open(run)
    scrub = open_scrub(session, DUPLICATES)
    exact, plan = scrub.exact(scrub.now)
    assert np.array_equal(plan.dropped, session.plan.dropped)
    gone = session.plan.dropped & ~scrub.others
    assert exact.rows == int(gone.sum())


def test_counts_fall_as_the_threshold_rises_and_bound_the_exact_ones_from_above(run: Path) -> None:
    scrub = open_scrub(Session.open(run), DUPLICATES)
    grid = [round(float(t), 2) for t in np.arange(scrub.now, 1.0, 0.04)]
    quick = [scrub.count(t).rows for t in grid]
    exact = [scrub.exact(t)[0].rows for t in grid]
    assert quick == sorted(quick, reverse=True)
    assert exact == sorted(exact, reverse=True)
    assert all(q >= e for q, e in zip(quick, exact, strict=True))
    assert quick[0] > 0


def test_rows_of_one_text_under_other_passages_labels_or_splits_are_counted_as_the_plan_counts_them(tmp_path: Path) -> None:
    asked = "Which one of these statements about what you have just been shown is true and which one false, in your view?"
    near = asked.replace("in your view", "in her view")
    passages = [f"The {word} river rises in the hills and reaches the sea behind the {word} harbour." for word in WORDS]
    data = [
        *({"text": asked, "passage": passage, "label": "yes"} for passage in passages),
        *({"text": near, "passage": passage, "label": "no" if i < 2 else "yes"} for i, passage in enumerate(passages[:5])),
        {"text": asked, "passage": passages[7], "label": "yes"},
        {"text": asked, "passage": passages[8], "label": "no"},
        *({"text": f"{word} {i} " * 20, "passage": "", "label": ("no", "yes")[i % 2]} for i, word in enumerate(WORDS)),
    ]
    split = [{**row, "split": "test" if i in (9, 20) else "train"} for i, row in enumerate(data)]
    for name, held, gone in (("whole", data, 4), ("split", split, None)):
        write(tmp_path / f"{name}.jsonl", held)
        recipe = {
            "data": {"input": str(tmp_path / f"{name}.jsonl")},
            "run": {"threads": 1, "stages": ["exact_duplicates", "near_duplicates"]},
        }
        workflow.run(Recipe.parse(recipe), out=tmp_path / name, train=False)
        session = Session.open(tmp_path / name)
        scrub = open_scrub(session, DUPLICATES)
        for threshold in (0.8, 0.9, 1.0):
            assert scrub.count(threshold).rows >= scrub.exact(threshold)[0].rows
        assert scrub.count(scrub.now).rows == scrub.exact(scrub.now)[0].rows
        if gone is not None:
            assert int(session.plan.dropped.sum()) == gone


def test_below_the_threshold_of_the_detection_keepers_are_chosen_again_over_the_stored_pairs(run: Path) -> None:
    scrub = open_scrub(Session.open(run), DUPLICATES)
    lower, plan = scrub.exact(round(scrub.low, 2))
    assert scrub.sampled(scrub.low)
    assert lower.rows >= scrub.exact(scrub.now)[0].rows
    assert int(plan.dropped.sum()) == lower.rows + int(scrub.others.sum())


def test_for_labels_the_count_is_that_of_a_plan_with_the_moved_threshold(run: Path) -> None:
    session = Session.open(run)
    scrub = open_scrub(session, LABELS)
    policy = session.detected.recipe.policy()
    for threshold in (0.6, 0.8, 0.95):
        rule = dataclasses.replace(policy.stages[LABELS], on_finding="review", auto=threshold)
        moved = dataclasses.replace(policy, stages={**policy.stages, LABELS: rule})
        table = session.detected.resolve(Journal(), moved).applied("relabel")
        wanted = sum(stage == LABELS for stage in table["stage"].to_pylist())
        assert scrub.exact(threshold)[0].rows == wanted


@pytest.mark.parametrize("size", SIZES)
async def test_scrubbing_shows_rows_groups_and_gate_and_keeps_as_one_decision(
    run: Path, drive: Drive, size: tuple[int, int]
) -> None:
    async with drive(run, size=size) as d:
        await d.panel("duplicates")
        await d.press("t")
        screen = await d.on(ScrubberScreen)
        await d.until(lambda: screen.scrub is not None, "counts")
        before = screen.at
        await d.press("shift+right", "shift+right", "shift+right")
        assert screen.at == pytest.approx(min(1.0, before + 0.15))
        await d.sees("rows leave", "rows that stay", "gate")
        await d.until(lambda: screen.shown.exact, "the exact count")
        await d.until(lambda: screen.told is not None and screen.told.threshold == screen.at, "the gate")
        chosen, verdict, _ = screen.scrub.to_decide(screen.at)
        assert decisions(run) == [], "nothing is decided by looking"
        await d.press("enter")
        if len(chosen):
            await d.until(lambda: decisions(run) == [verdict], "one decision")
            assert len(read_journal(run / "decisions.jsonl").decisions[0].finding_ids) == len(chosen)
            await d.press("u")
            await d.until(lambda: decisions(run) == [verdict, "undo"], "its inverse")
        await d.press("0", "escape")
        await d.on(FindingsScreen)


# -- certified review ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_answers_are_saved_one_by_one_and_certify_what_the_verb_says(
    run: Path, drive: Drive, size: tuple[int, int]
) -> None:
    async with drive(run, size=size) as d:
        await d.panel("pii")
        await d.press("r")
        screen = await d.on(ReviewScreen)
        await d.until(lambda: screen.at is not None, "a question")
        await d.sees("question 1")
        for n in range(1, 8):
            await d.until(lambda: screen.at is not None, "a question")
            await d.press("x" if n < 8 else "a")
            await d.until(lambda n=n: len(decisions(run)) == n, f"{n} answers")  # type: ignore[misc]
        await d.until(lambda: screen.rules, "a rule")
        rates = Review(Session.open(run)).rates("pii", 0.2)[0].findings
        await d.until(lambda: screen.rates[0].findings.to_json() == rates.to_json(), "the same rates as the verb")
        await d.press("Y")
        assert len(decisions(run)) == 7, "a rule is shown before it is taken"
        await d.press("A")
        await d.until(lambda: screen.offered is not None, "what the rule would do")
        covers = len(screen.offered.covers)
        await d.press("Y")
        await d.until(lambda: len(decisions(run)) == 8, "one decision for all")
        assert len(read_journal(run / "decisions.jsonl").decisions[-1].finding_ids) == covers
        assert SECRET not in d.words()
        await d.press("u")
        await d.until(lambda: decisions(run)[-1] == "undo", "undone as one")


async def test_skipping_asks_on_and_another_order_asks_again(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("labels")
        await d.press("r")
        screen = await d.on(ReviewScreen)
        await d.until(lambda: screen.at is not None, "a question")
        first = screen.at
        await d.press("space")
        assert screen.at != first
        await d.press("n")
        await d.until(lambda: screen.order == "random" and screen.at is not None, "another order")
        assert screen.queue == Review(Session.open(run)).queue(screen.stage, "random").tolist()
        assert decisions(run) == []


def test_an_interval_is_drawn_where_its_numbers_are() -> None:
    assert span(0.0, 0.5, 1.0, 11) == "0 ├────●────┤ 1"
    assert span(0.5, None, 0.5, 11) == "0 ·····┤····· 1"


# -- judgement ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def answered(run: Path) -> Path:
    """A run with answers of three arms to twelve prompts, as `curate judge` leaves them."""
    key = {}
    for arm in ("raw", "curated"):
        folder = run / "train" / arm / "0" / "adapter"
        folder.mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(arm.encode())
        key[arm] = file_hash(folder / "adapter_model.safetensors")
    (run / "judge").mkdir()
    lines = [{"adapters": key, "prompts": 30, "new_tokens": 96}]
    for n in range(12):
        said = {"base": "b", "raw": f"r{n}", "curated": f"c{n}"}
        lines.append({"row": n, "prompt": f"user: question {n}? Write to {SECRET}", **said})
    (run / "judge" / "outputs.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return run


@pytest.mark.parametrize("size", SIZES)
async def test_answers_are_judged_blind_by_keys_and_a_word_can_be_taken_back(
    answered: Path, drive: Drive, size: tuple[int, int]
) -> None:
    def votes() -> list[str]:
        path = answered / "judge" / "votes.jsonl"
        return [json.loads(line)["winner"] for line in path.read_text().splitlines()] if path.exists() else []

    async with drive(answered, size=size) as d:
        await d.panel("ablation")
        await d.press("j")
        screen = await d.on(JudgeScreen)
        await d.until(lambda: screen.at is not None, "a question")
        question = screen.at
        words = d.words()
        assert SECRET not in words
        assert "curated" not in "\n".join(line[30:] for line in words.splitlines()[2:-8]), "names would tell"
        await d.press("1")
        await d.until(lambda: votes() == ["second" if question.swapped else "first"], "a vote")
        await d.until(lambda: screen.at is not None and screen.at != question, "the next question")
        await d.press("u")
        await d.until(lambda: votes()[-1] == "taken back", "taken back")
        assert screen.at == question
        assert Judging(RunDir.open(answered), 30, 96).votes() == []
        await d.press("equals_sign")
        await d.until(lambda: votes()[-1] == "tie", "a tie")
        await d.press("v")
        await d.sees("insufficient evidence")


# -- groups -------------------------------------------------------------------------------------------------------------


async def test_where_labels_are_asked_for_no_answers_are_promised_and_without_groups_nothing_is_known(
    run: Path, drive: Drive
) -> None:
    async with drive(run) as d:
        await d.panel("ablation")
        await d.press("j")
        await d.on(JudgeScreen)
        await d.sees("this data asks for labels")
        assert "No answers yet" not in d.words(), "there will be none"
        await d.panel("fairness")
        await d.press("b")
        await d.on(FairnessScreen)
        await d.sees("No column holds a sensitive group", "that is not a pass")


async def test_before_a_comparison_has_answered_it_is_said_what_lets_models_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    from tests.tui.conftest import write

    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", [{"prompt": f"What is {n} and {n}?", "response": f"It is {2 * n}."} for n in range(40)])
    (tmp_path / "c.toml").write_text("[data]\ninput = 't.jsonl'\n[run]\nstages = ['exact_duplicates']\n")
    async with drive(tmp_path / "c.toml") as d:
        await d.panel("ablation")
        await d.press("j")
        await d.on(JudgeScreen)
        await d.sees("No answers yet", "answer held-out prompts")


async def test_each_group_stands_there_with_its_interval_and_one_of_four_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    from tests.tui.conftest import rows, write

    monkeypatch.chdir(tmp_path)
    held = [{**row, "region": ("north", "south")[n % 2]} for n, row in enumerate(rows(60))]
    held += [{**held[1], "region": "south"} for _ in range(40)]
    write(tmp_path / "t.jsonl", held)
    (tmp_path / "c.toml").write_text(
        "[data]\ninput = 't.jsonl'\n[data.roles]\ntext = 'text'\nlabel = 'intent'\ngroup = 'region'\n"
        "[run]\nstages = ['exact_duplicates', 'near_duplicates']\n"
    )
    async with drive(tmp_path / "c.toml") as d:
        await d.panel("fairness")
        await d.press("b")
        screen = await d.on(FairnessScreen)
        await d.until(lambda: screen.panels is not None, "effects")
        await d.sees("what the plan in force does", "south", "removed", "●")
        (south,) = [line for line in screen.panels.curation if (line.group, line.metric) == ("south", "removed")]
        assert south == next(line for line in panels_of(Session.open(tmp_path / "runs" / "t")).curation if line == south)
        assert south.value is not None
        assert south.value > 0
        await d.press("n")
        await d.sees("only: disparity")
