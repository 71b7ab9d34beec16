"""Ratings and corrections from production, linked to rows and turned into findings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from curate import workflow
from curate.errors import ConfigError, DataError
from curate.ledger.decisions import append_decisions, decide
from curate.review.findings import Review
from curate.review.session import Session
from curate.review.words import proposal
from curate.stages.ratings import read_ratings

FOOD = ("bread", "soup", "rice", "cheese", "salad", "noodles", "beans", "cake")
ANSWERS = [
    {"prompt": f"How long should I cook the {food} for my guests on a very cold evening?", "completion": f"{n + 5} min."}
    for n, food in enumerate(FOOD)
]
TICKETS = [{"text": f"where is my parcel with the {food} that I ordered", "label": ("late", "lost")[n % 2]}
           for n, food in enumerate(FOOD * 2)]  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, rows: list[dict[str, Any]]) -> Path:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Path(name)


def run(data: list[dict[str, Any]], ratings: list[dict[str, Any]], **settings: Any) -> Any:
    recipe = workflow.as_recipe(write("data.jsonl", data)).with_(stages=["feedback"])
    recipe = recipe.with_settings("feedback", files=(str(write("ratings.jsonl", ratings).resolve()),), **settings)
    return workflow.run(recipe, out="run", train=False)


def findings(result: Any) -> list[dict[str, Any]]:
    return list(result.detected.findings.to_pylist())


def accept(result: Any, *indices: int) -> list[dict[str, Any]]:
    """Accept findings, apply, and read what is written."""
    append_decisions(Path("run/decisions.jsonl"), [decide(result.detected.findings, list(indices), "accept")])
    workflow.reapply("run")
    return [json.loads(line) for line in Path("run/curated.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("own", "rated", "other"), [
    ("返品は到着後七日以内にお願いします。", "返品は到着後七日以内にお願いいたします", "送料は全国一律五百円です。"),
    ("สินค้าจะถึงภายในสามวันทำการ", "สินค้าจะถึงภายในสามวันทำการค่ะ", "ขออภัย เราไม่มีข้อมูล"),
])  # fmt: skip
def test_an_answer_of_a_script_without_spaces_is_known_again_with_small_changes(own: str, rated: str, other: str) -> None:
    prompt = ANSWERS[2]["prompt"]
    data = [{**row, "completion": own} if row["prompt"] == prompt else row for row in ANSWERS]
    for output, rule in ((rated, "rated_badly"), (other, "rated_badly_elsewhere")):
        (found,) = findings(run(data, [{"prompt": prompt, "output": output, "rating": "down"}]))
        assert found["rule"] == rule
        shutil.rmtree("run")


def test_a_row_that_gives_the_answer_rated_badly_waits_to_leave_and_leaves_once_accepted() -> None:
    prompt, own = ANSWERS[2]["prompt"], ANSWERS[2]["completion"]
    ratings = [{"prompt": prompt, "output": own, "rating": rating} for rating in ("down", "up", False)]
    result = run(ANSWERS, ratings)
    (found,) = findings(result)
    assert (found["row"], found["rule"], found["action"]) == (2, "rated_badly", "drop")
    assert json.loads(found["evidence"])["bad"] == 2
    assert json.loads(found["evidence"])["good"] == 1
    assert found["score"] == pytest.approx(2 / 4, abs=1e-4)
    assert len(Path("run/curated.jsonl").read_text().splitlines()) == len(ANSWERS), "nobody has decided yet"
    assert ANSWERS[2] not in accept(result, 0)


def test_a_row_goes_by_itself_however_many_rate_it_badly_only_when_a_person_says_so() -> None:
    result = run(ANSWERS, [{"prompt": ANSWERS[2]["prompt"], "rating": "down"}] * 400)
    (found,) = findings(result)
    assert found["score"] < 0.9
    assert result.plan.table["status"].to_pylist() == ["pending"]


def test_where_the_answer_rated_badly_is_not_the_rows_own_the_row_is_only_flagged() -> None:
    result = run(ANSWERS, [{"prompt": ANSWERS[2]["prompt"], "output": "Twelve days under a full moon.", "rating": "down"}])
    (found,) = findings(result)
    assert (found["rule"], found["action"]) == ("rated_badly_elsewhere", "flag")
    assert accept(result, 0) == ANSWERS, "a flag changes no data"


def test_a_correction_of_the_rows_own_answer_takes_its_place() -> None:
    rating = {"prompt": ANSWERS[2]["prompt"], "output": ANSWERS[2]["completion"], "rating": "down", "correction": "Twelve."}
    result = run(ANSWERS, [rating])
    rules = {f["rule"]: (n, f) for n, f in enumerate(findings(result))}
    assert {rule: f["action"] for rule, (_, f) in rules.items()} == {
        "rated_badly_elsewhere": "flag", "corrected_answer": "replace",
    }  # fmt: skip
    rows = accept(result, rules["corrected_answer"][0])
    assert rows == [*ANSWERS[:2], {**ANSWERS[2], "completion": "Twelve."}, *ANSWERS[3:]]


ALPACA = [
    {"instruction": "Say how long the dish needs on the stove.", "input": f"The dish is {food}, for {n + 3} hungry guests.",
     "output": f"{n + 5} minutes.", "id": n} for n, food in enumerate(FOOD)
]  # fmt: skip


def test_a_corrected_answer_of_a_row_with_several_prompt_columns_stands_in_the_answers_column() -> None:
    row = ALPACA[3]
    asked = f"{row['instruction']}\n{row['input']}"
    rows = accept(run(ALPACA, [{"prompt": asked, "correction": "Forty minutes."}]), 0)
    assert rows == [*ALPACA, {**row, "output": "Forty minutes."}]


def test_words_that_are_only_like_a_rows_keep_its_instruction_in_its_column() -> None:
    row = ALPACA[3]
    asked = f"{row['instruction']}\n{row['input']} Please answer in a few words."
    rows = accept(run(ALPACA, [{"prompt": asked, "correction": "Forty."}], similarity=0.5), 0)
    assert len(rows) == len(ALPACA) + 1
    new = rows[-1]
    assert (new["instruction"], new["output"]) == (row["instruction"], "Forty.")
    assert new["input"] == f"{row['input']} Please answer in a few words."


def test_in_a_conversation_the_turn_that_answers_is_corrected_and_the_others_stay() -> None:
    def talk(food: str) -> dict[str, Any]:
        asked = f"How long should I cook the {food} for my guests on a very cold evening?"
        turns = [("system", "You are a cook."), ("user", asked), ("assistant", "Long."), ("user", "Ok."),
                 ("assistant", "Bye.")]  # fmt: skip
        return {"messages": [{"role": who, "content": what} for who, what in turns]}

    data = [talk(food) for food in FOOD]
    asked = data[1]["messages"][1]["content"]
    (new,) = accept(run(data, [{"prompt": asked, "correction": "Nine minutes."}]), 0)[len(data) :]
    wanted = [turn["content"] for turn in data[1]["messages"]]
    assert [turn["content"] for turn in new["messages"]] == [*wanted[:2], "Nine minutes.", *wanted[3:]]
    near = asked.replace("very cold evening", "very cold winter evening")
    (new,) = accept(run(data, [{"prompt": near, "correction": "Nine."}]), 0)[len(data) :]
    assert [turn["content"] for turn in new["messages"]] == ["You are a cook.", near, "Nine."]


def test_lines_that_are_no_ratings_end_the_run_or_are_left_out_and_named() -> None:
    from click.testing import CliRunner

    from curate.cli.feedback import feedback_command

    data = write("data.jsonl", ANSWERS)
    good = json.dumps({"prompt": ANSWERS[2]["prompt"], "rating": "down"})
    Path("ratings.jsonl").write_text(f"{{\n{good}\nnonsense\n")
    with pytest.raises(DataError, match="line 1 is not JSON"):
        CliRunner().invoke(feedback_command, ["ratings.jsonl", str(data)], standalone_mode=False, catch_exceptions=False)
    args = ["ratings.jsonl", str(data), "--on-bad-row", "skip"]
    done = CliRunner().invoke(feedback_command, args, standalone_mode=False, catch_exceptions=False)
    assert "2 lines are no ratings, and left out: ratings.jsonl line 1, ratings.jsonl line 3" in done.stderr
    Path("ratings.jsonl").write_text("{\n")
    with pytest.raises(DataError, match="holds no ratings"):
        CliRunner().invoke(feedback_command, args, standalone_mode=False, catch_exceptions=False)


def test_a_prompt_that_is_nearly_a_rows_is_linked_and_one_like_none_is_named_by_its_line() -> None:
    near = ANSWERS[4]["prompt"].replace("on a very cold evening", "on a very cold winter evening")
    far = "Who painted the ceiling of that chapel?"
    result = run(ANSWERS, [{"prompt": near, "rating": 0}, {"prompt": far, "rating": 0}])
    (found,) = findings(result)
    assert found["row"] == 4
    assert 0.7 <= json.loads(found["evidence"])["similarity"] < 1
    summary = result.detected.outcomes["feedback"].detection.summary
    assert summary["like_no_row"] == 1
    assert summary["like_no_row_first"] == "ratings.jsonl line 2"


def test_a_corrected_answer_waits_as_a_new_row_and_is_written_once_accepted() -> None:
    ratings = [{"prompt": ANSWERS[1]["prompt"], "correction": "Forty minutes; ask ada.lovelace@mail.example.org for more."}]
    result = run(ANSWERS, ratings)
    review = Review(Session.open("run"))
    assert "Forty minutes; ask [EMAIL]" in proposal(review, 0, review.example(0)), "nobody accepts a row unseen"
    (found,) = findings(result)
    assert (found["action"], found["rule"]) == ("add", "corrected_answer")
    assert "ada.lovelace" not in json.dumps(found["replacement"])
    assert len(Path("run/curated.jsonl").read_text().splitlines()) == len(ANSWERS)
    append_decisions(Path("run/decisions.jsonl"), [decide(result.detected.findings, [0], "accept")])
    workflow.reapply("run")
    rows = [json.loads(line) for line in Path("run/curated.jsonl").read_text().splitlines()]
    assert rows[-1] == {"prompt": ANSWERS[1]["prompt"], "completion": "Forty minutes; ask [EMAIL] for more."}


def test_a_corrected_label_of_the_same_text_is_a_relabel_and_of_a_like_text_a_new_row() -> None:
    same = {"text": TICKETS[0]["text"], "correction": "lost"}
    like = {"text": TICKETS[1]["text"] + " yesterday", "correction": "late"}
    agrees = {"text": TICKETS[2]["text"], "correction": "late"}
    found = {f["rule"]: f for f in findings(run(TICKETS, [same, like, agrees]))}
    assert set(found) == {"corrected_label", "corrected_answer"}
    assert (found["corrected_label"]["row"], found["corrected_label"]["replacement"]) == (0, "lost")
    assert json.loads(found["corrected_answer"]["replacement"]) == {"text": like["text"], "label": "late"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ('{"rating": true}', "line 2 needs a prompt"),
        ('{"prompt": "x"}', "line 2 needs a prompt, and a rating or a correction"),
        ('{"prompt": "x", "rating": "meh"}', "line 2: a rating is true or false"),
    ],
)
def test_a_line_that_is_no_rating_is_named(line: str, words: str) -> None:
    Path("r.jsonl").write_text('{"prompt": "fine", "rating": true}\n' + line + "\n")
    with pytest.raises(DataError, match=words):
        read_ratings(Path("r.jsonl"), 0.5)


def test_ratings_on_a_larger_scale_need_to_be_told_where_good_begins() -> None:
    path = write("r.jsonl", [{"prompt": "x", "rating": 4}, {"prompt": "y", "rating": 2}])
    with pytest.raises(ConfigError, match="good_from"):
        read_ratings(path, 0.5)
    assert [r.good for r in read_ratings(path, 4)] == [True, False]


def test_ratings_that_say_the_same_are_all_linked_and_each_correction_is_a_finding_of_its_own() -> None:
    near = ANSWERS[4]["prompt"].replace("on a very cold evening", "on a very cold winter evening")
    result = run(ANSWERS, [{"prompt": near, "correction": answer} for answer in ("Ten.", "Nine.", "Ten.")])
    found = findings(result)
    assert [f["row"] for f in found] == [4, 4]
    assert len({f["finding_id"] for f in found}) == 2
    assert result.detected.outcomes["feedback"].detection.summary["linked"] == 3


def test_of_labels_that_people_gave_a_row_the_most_frequent_is_proposed() -> None:
    text = TICKETS[0]["text"]
    (found,) = findings(run(TICKETS, [{"text": text, "correction": label} for label in ("gone", "lost", "lost")]))
    assert (found["rule"], found["replacement"]) == ("corrected_label", "lost")
