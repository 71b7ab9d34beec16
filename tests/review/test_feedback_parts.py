"""Ratings and rows whose turns hold parts, nothing, calls of tools, or ShareGPT's keys: the right row is named."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import workflow
from curate.errors import DataError
from curate.ledger.decisions import append_decisions, decide
from curate.review.judging import _asked
from curate.stages.corrections import opening, turn_that_answers
from curate.stages.feedback_links import likeness
from curate.stages.ratings import Rating, read_ratings

ASKED = "I forgot the password of my account and cannot get in today, what should I do?"
ANSWERS = ("Click forgot.", "Call the bank and ask them to reset it.", "Wait for a day.")
FOOD = ("rice", "soup", "cake", "beans", "corn")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def parts(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


def talk(asked: str, answer: str, in_parts: bool, system: str = "Be kind.") -> dict[str, Any]:
    said = [("system", system), ("user", asked), ("assistant", answer)]
    return {"messages": [{"role": who, "content": parts(text) if in_parts else text} for who, text in said]}


def talks(in_parts: bool) -> list[dict[str, Any]]:
    others = [(f"How long should I cook the {food} for all of my guests tonight?", f"{food} takes long") for food in FOOD]
    return [talk(asked, answer, in_parts) for asked, answer in [*((ASKED, a) for a in ANSWERS), *others]]


def run(data: Path, *ratings: dict[str, Any]) -> Any:
    Path("ratings.jsonl").write_text("".join(json.dumps(rating) + "\n" for rating in ratings))
    recipe = workflow.as_recipe(data).with_(stages=["feedback"])
    return workflow.run(recipe.with_settings("feedback", files=("ratings.jsonl",)), out="run", train=False)


def lines(rows: list[dict[str, Any]]) -> Path:
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Path("data.jsonl")


def told(result: Any) -> list[tuple[int, str, str]]:
    return [(f["row"], f["rule"], f["action"]) for f in result.detected.findings.to_pylist()]


def read(**line: Any) -> Rating:
    Path("r.jsonl").write_text(json.dumps(line) + "\n")
    return read_ratings(Path("r.jsonl"), 0.5)[0]


@pytest.mark.parametrize("data_in_parts", [False, True])
@pytest.mark.parametrize("rating_in_parts", [False, True])
def test_the_row_is_named_whose_answer_was_rated(data_in_parts: bool, rating_in_parts: bool) -> None:
    rating = {**talk(ASKED, ANSWERS[1], rating_in_parts), "rating": "down"}
    answer = parts(ANSWERS[2]) if rating_in_parts else ANSWERS[2]
    other = {"prompt": ASKED, "output": {"role": "assistant", "content": answer}, "rating": "down"}
    result = run(lines(talks(data_in_parts)), rating, other)
    assert told(result) == [(1, "rated_badly", "drop"), (2, "rated_badly", "drop")]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_correction_takes_the_place_of_the_text_in_its_part(kind: str) -> None:
    rows, data = talks(True), Path(f"data.{kind}")
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), data)
    else:
        lines(rows)
    result = run(data, {**rows[1], "rating": "down", "correction": "Ring the bank."})
    (at,) = [n for n, (_, rule, _) in enumerate(told(result)) if rule == "corrected_answer"]
    append_decisions(Path("run/decisions.jsonl"), [decide(result.detected.findings, [at], "accept")])
    workflow.reapply("run")
    written = Path(f"run/curated.{kind}")
    new = pq.read_table(written).to_pylist() if kind == "parquet" else list(map(json.loads, written.open()))
    assert new == [rows[0], talk(ASKED, "Ring the bank.", True), *rows[2:]]


def test_a_correction_of_a_prompt_like_a_rows_comes_in_parts_where_the_row_does() -> None:
    rows = talks(True)
    near = rows[4]["messages"][1]["content"][0]["text"].replace("tonight", "this very night")
    result = run(lines(rows), {"prompt": near, "correction": "An hour."})
    (found,) = result.detected.findings.to_pylist()
    assert json.loads(found["replacement"]) == talk(near, "An hour.", True)
    assert opening(result.detected.dataset, 4) == "Be kind."


def test_conversations_that_are_the_json_of_a_cell_are_read_and_their_correction_is_a_cell() -> None:
    with Path("data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["messages"], *([json.dumps(row["messages"])] for row in talks(False))])
    result = run(Path("data.csv"), {**talk(ASKED, ANSWERS[1], True), "rating": "down", "correction": "Ring the bank."})
    assert told(result) == [(1, "rated_badly", "drop"), (1, "corrected_answer", "add")]
    new = json.loads(result.detected.findings["replacement"].to_pylist()[1])
    assert json.loads(new["messages"])[-1] == {"role": "assistant", "content": "Ring the bank."}


def test_where_rows_answer_differently_and_no_answer_is_named_no_row_is_blamed() -> None:
    alone = talks(False)[4]["messages"][1]["content"]
    result = run(lines(talks(False)), {"prompt": ASKED, "rating": "down"}, {"prompt": alone, "rating": "down"})
    assert told(result) == [(0, "rated_badly_elsewhere", "flag"), (4, "rated_badly", "drop")]


CALL = {"id": "1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
USER = {"role": "user", "content": "What time is it?"}
TOLD = {"role": "tool", "content": "12"}
FINAL = {"role": "assistant", "content": "Noon."}
BYE = [{"role": "user", "content": "Ok."}, {"role": "assistant", "content": "Bye."}]


@pytest.mark.parametrize(
    ("turns", "answer"),
    [
        ([USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}, TOLD, FINAL], "Noon."),
        ([USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, FINAL], "Noon."),
        ([USER, {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]}, FINAL, *BYE], "Noon."),
        ([USER, {"role": "assistant", "content": [{"type": "tool_use", "name": "clock", "input": {}}]},
          {"role": "user", "content": [{"type": "tool_result", "content": "12"}]}, FINAL, *BYE], "Noon."),
        ([{"from": "human", "value": "What time is it?"}, {"from": "function_call", "value": '{"name": "clock"}'},
          {"from": "observation", "value": "12"}, {"from": "gpt", "value": "Noon."}], "Noon."),
        ([USER, {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]}, *BYE], "Let me look."),
        ([USER, {"role": "assistant", "content": []}], ""),
        ([USER, {"role": "assistant", "content": [{"type": "text", "text": None}, "Noon."]}], "Noon."),
        ([USER, {"role": "assistant", "content": None}, FINAL], "Noon."),
        ([USER, {"role": "assistant"}], ""),
        ([USER], ""),
        (["What time is it?", None, USER, " ", FINAL], "Noon."),
    ],
)  # fmt: skip
def test_the_answer_is_what_the_asker_reads(turns: list[Any], answer: str) -> None:
    assert turn_that_answers(turns) == answer


def test_a_call_of_a_tool_alone_is_the_answer_and_no_place_for_a_correction() -> None:
    calls = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    assert "clock" in turn_that_answers([USER, calls, *BYE])
    asked = [{"role": "user", "content": f"What time is it now in the land of {food}?"} for food in FOOD]
    rows = [{"messages": [turn, calls]} for turn in asked]
    result = run(lines(rows), {**rows[1], "rating": "down", "correction": "I do not know."})
    assert told(result) == [(1, "rated_badly", "drop"), (1, "corrected_answer", "add")]
    new = json.loads(result.detected.findings["replacement"].to_pylist()[1])
    assert new["messages"] == [rows[1]["messages"][0], {"role": "assistant", "content": "I do not know."}]


def test_the_fields_of_a_rating_are_read_from_turns_and_parts() -> None:
    answer = {"role": "assistant", "content": parts("Noon.")}
    for output in (answer, [answer], parts("Noon."), "Noon.", [USER, answer], [{"from": "gpt", "value": "Noon."}]):
        assert read(prompt="q", output=output, rating=0).output == "Noon."
    for prompt in (USER, [USER], parts(USER["content"]), [{"role": "user", "content": parts(USER["content"])}]):
        assert read(prompt=prompt, rating=0).prompt == USER["content"]
    for correction in (answer, [answer], parts("Noon.")):
        assert read(prompt="q", correction=correction).correction == "Noon."
    assert read(prompt="q", output=[], rating=0).output == ""
    nothings: list[Any] = [[], {}, " ", [{**answer, "content": None, "tool_calls": [CALL]}]]
    for nothing in nothings:
        with pytest.raises(DataError, match="a rating or a correction"):
            read(prompt="q", correction=nothing)


def test_turns_in_columns_of_pairs_are_no_place_for_a_text() -> None:
    rows = [{"prompt": f"How long should I cook the {food} for my guests tonight?",
             "chosen": [{"role": "assistant", "content": f"{food} long"}],
             "rejected": [{"role": "assistant", "content": f"{food} short"}]} for food in FOOD]  # fmt: skip
    result = run(lines(rows), {"prompt": rows[1]["prompt"], "correction": "An hour."})
    assert result.detected.dataset.task == "preference"
    assert told(result) == []


def test_answers_of_signs_alone_are_alike_where_they_are_the_same() -> None:
    assert likeness("+ +", "+  +") == 1.0
    assert likeness("+", "-") == likeness("", "") == likeness("+", "plus") == 0.0


def test_a_judge_reads_calls_of_tools_among_the_turns() -> None:
    turns: list[dict[str, Any]] = [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, TOLD, FINAL]
    asked = _asked(turns)
    assert "clock" in asked
    assert "Noon" not in asked
    assert _asked([USER, FINAL]) == "user: What time is it?"
