"""Answers that stand some rows from their prompts are found as runs, and sound data of any order has none."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.quality import Pieces, QualityConfig, judge, prepare
from curate.quality.hits import Hits
from tests.conftest import Curate

N = 600
LETTERS = "bcdfghklmnprstvw"


def word(g: random.Random) -> str:
    return "".join(g.choice(LETTERS) + g.choice("aeiou") for _ in range(4))


def pairs(seed: int = 0) -> tuple[list[str], list[str]]:
    """Questions about words of their own, and answers that take most of them up; one in ten takes up none."""
    g = random.Random(seed)
    usual = [word(g) for _ in range(60)]
    prompts, answers = [], []
    for _ in range(N):
        own = [word(g) for _ in range(5)]
        prompts.append("Tell me about " + " ".join(own) + "?")
        taken = [] if g.random() < 0.1 else g.sample(own, 4)
        answers.append(" ".join([*g.choices(usual, k=15), *taken]) + ".")
    return prompts, answers


def slipped(prompts: list[str], answers: list[str], row: list[int] | None = None) -> dict[int, int]:
    """Rows away, by piece."""
    pieces = Pieces(
        pa.array(answers, pa.large_string()),
        np.arange(len(answers)) if row is None else np.array(row),
        pa.array(prompts, pa.large_string()),
    )
    measured, _ = prepare(pieces)
    found: list[Hits] = [one for one in judge(measured, QualityConfig()) if one.rule == "slipped"]
    return {int(at): int(away) for one in found for at, away in zip(one.at, one.numbers["rows_away"], strict=True)}


def test_answers_that_stand_by_their_prompts_have_not_slipped() -> None:
    prompts, answers = pairs()
    assert slipped(prompts, answers) == {}


@pytest.mark.parametrize("step", [1, -1, 2, 3, -3])
def test_a_run_of_answers_that_slipped_is_found_with_its_distance_and_nothing_else_is(step: int) -> None:
    prompts, answers = pairs()
    answers[200:230] = np.roll(answers[200:230], step).tolist()
    found = slipped(prompts, answers)
    assert set(found) <= set(range(197, 233))
    assert len(set(found) & set(range(200, 230))) >= 26
    assert set(found.values()) == {step}


def test_a_file_that_slipped_from_some_row_on_or_as_a_whole_is_found_as_one() -> None:
    prompts, answers = pairs()
    from_there = [*answers[:300], *np.roll(answers[300:], 1).tolist()]
    found = slipped(prompts, from_there)
    assert min(found) in range(297, 303)
    assert len(found) >= 295
    assert len(slipped(prompts, np.roll(answers, 1).tolist())) >= N - 5


def test_answers_of_no_prompt_at_all_have_not_slipped() -> None:
    prompts, answers = pairs()
    random.Random(1).shuffle(answers)
    assert slipped(prompts, answers) == {}


def test_prompts_of_one_template_whose_answers_take_up_none_of_its_words_have_not_slipped() -> None:
    g = random.Random(5)
    prompts, answers = [], []
    for k in range(200):
        a, b = g.randint(2, 90), g.randint(2, 90)
        if k % 25 in (1, 2):  # a few rows of other kinds
            prompts.append(f"Tom has {a} apples and buys {b}. How many{' has he got now' * (k % 25 == 2)}?")
            first = f"Tom has {a} apples.\nHe buys {b}." if k % 25 == 1 else f"He has {a}."
            answers.append(f"{first}\n#### {a + b} apples")
        else:
            prompts.append(f"Person {k} has {a} pears and buys {b} more. How many does person {k} have?")
            answers.append(f"First there are {a}.\nThen {b} come.\n{a}+{b}={a + b}\n#### {a + b}")
    assert slipped(prompts, answers) == {}


def test_rows_that_work_on_the_text_of_the_next_have_not_slipped() -> None:
    """Every other row asks for the title of a text that the next row is asked to write."""
    prompts, answers = pairs()
    for i in range(0, N - 1, 2):
        prompts[i], answers[i] = f"Give this a title: {answers[i + 1]}", f"A title, and no more, as asked for, {i}."
    assert slipped(prompts, answers) == {}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("quoted", "taken"), [(1, 1), (1, 4), (2, 2), (6, 2)])
def test_rows_whose_prompts_quote_the_answers_beside_them_have_not_slipped(before: bool, quoted: int, taken: int) -> None:
    """A conversation flattened turn by turn, whose answers take up little of what was asked."""
    g = random.Random(quoted * 10 + taken)
    usual = [word(g) for _ in range(60)]
    asked, answers, prompts = [], [], []
    for _ in range(N):
        own = [word(g) for _ in range(5)]
        asked.append("Tell me about " + " ".join(own) + "?")
        some = [] if g.random() < 0.5 else g.sample(own, taken)
        answers.append(" ".join([*g.choices(usual, k=8), *(word(g) for _ in range(4)), *some]) + ".")
    for i, question in enumerate(asked):
        said = answers[max(i - i % 8, i - quoted) : i] if before else answers[i + 1 : i + 1 + quoted]
        prompts.append("\n".join([*said, question]))
    assert slipped(prompts, answers) == {}


@pytest.mark.parametrize("each", [8, 16, 32])
def test_several_answers_to_one_prompt_have_not_slipped(each: int) -> None:
    asked, _ = pairs()
    g = random.Random(each)
    prompts = [asked[i // each] for i in range(N)]
    own = [prompt.rstrip("?").split()[3:] for prompt in prompts]
    answers = [" ".join([*g.sample(words, g.randint(0, 5)), *(word(g) for _ in range(12))]) + "." for words in own]
    assert slipped(prompts, answers) == {}


def test_turns_of_one_row_do_not_slip_into_each_other() -> None:
    prompts, answers = pairs()
    answers[201:204] = np.roll(answers[201:204], 1).tolist()
    answers[240:243] = np.roll(answers[240:243], 1).tolist()
    assert slipped(prompts, answers, row=[i // 4 for i in range(N)]) == {}


def test_a_run_flags_them_and_its_report_says_so(tmp_path: Path, inside: Curate) -> None:
    prompts, answers = pairs()
    answers[200:230] = np.roll(answers[200:230], 1).tolist()
    rows = [{"prompt": p, "completion": a} for p, a in zip(prompts, answers, strict=True)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = inside("quality", tmp_path / "t.jsonl", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    found = pq.read_table(tmp_path / "run" / "findings" / "text_quality.parquet").to_pylist()
    of_them = [one for one in found if one["rule"] == "slipped"]
    assert len(of_them) >= 26
    assert {one["action"] for one in of_them} == {"flag"}
    assert {json.loads(one["evidence"])["rows_away"] for one in of_them} == {1}
    assert f"In {len(of_them)} rows prompt and answer seem to stand some rows apart" in " ".join(done.stdout.split())


def test_how_many_pairs_are_compared_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts, answers = pairs()
    answers[200:230] = np.roll(answers[200:230], 2).tolist()
    whole = slipped(prompts, answers)
    monkeypatch.setattr("curate.quality.slips._AT_ONCE", 7)
    assert whole
    assert slipped(prompts, answers) == whole


def test_too_few_pairs_say_nothing() -> None:
    prompts, answers = pairs()
    assert slipped(prompts[:150], np.roll(answers[:150], 1).tolist()) == {}
