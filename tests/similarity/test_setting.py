"""What a row is given beside its text tells copies from questions that only sound alike."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.dataset import Dataset
from curate.recipe import Recipe
from curate.stages.setting import settings_of

Row = dict[str, Any]
STAGES = ["exact_duplicates", "near_duplicates"]
PASSAGE = "The river rises in the northern hills, runs past four old mills and reaches the sea behind the harbour."
OTHER = "The treaty was signed in a railway carriage by two generals who had not slept and never spoke of it again."
QUESTION = (
    "Which one of the following statements about what you have just been shown is true, which one is false, and which one "
    "could not be settled by anybody who had read nothing else about this matter, however long they thought about it?"
)
NEAR = QUESTION.replace(", however", ", whatever")
ANSWER = "The second of them is true, because it repeats what was said in the beginning, and all others go beyond that."
SFT = {"question": QUESTION, "response": ANSWER}


def of(tmp_path: Path, rows: list[Row]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return curate.load(str(path))


def numbered(rows: list[Row]) -> list[Row]:
    return [{**row, "n": i} for i, row in enumerate(rows)]


def kept(data: Dataset, stages: list[str] = STAGES, policy: str = "first") -> list[int]:
    """Numbers of the rows that stay; a second look at them finds nothing more to drop."""
    recipe = Recipe.parse({"run": {"stages": stages}, "keep": {"policy": policy}})
    detected = curate.detect(data, recipe)
    left = curate.apply(data, detected.resolve()).dataset()
    assert "drop" not in curate.detect(left, recipe).findings["action"].to_pylist()
    return [left.row(i)["n"] for i in range(left.n_rows)]


def rules(data: Dataset) -> dict[str, int]:
    detected = curate.detect(data, Recipe().with_(stages=STAGES))
    counts: dict[str, int] = {}
    for rule in detected.findings["rule"].to_pylist():
        counts[rule] = counts.get(rule, 0) + 1
    return counts


SCHEMA = "CREATE TABLE {} (id INT, name TEXT, born DATE, place TEXT, note TEXT)"
SETTINGS: dict[str, tuple[Row, Row]] = {
    "system prompts": ({"system_prompt": "Be brief."}, {"system_prompt": "Be verbose."}),
    "passages": ({"passage": PASSAGE}, {"passage": OTHER}),
    "Chinese passages": ({"passage": "黄河发源于青藏高原，流经九省。"}, {"passage": "长江是亚洲最长的河流，入东海。"}),
    "turns before": ({"history": [["Whose?", "Spain's"]]}, {"history": [["Whose?", "France's"]]}),
    "recipes": (
        {"ingredients": ["four green apples", "two spoons of sugar", "a bit of butter"]},
        {"ingredients": ["six ripe pears", "a cup of cream", "one spoon of honey"]},
    ),
    "choices in a list": ({"choices": ["red", "green"]}, {"choices": ["green", "red"]}),
    "choices in a line": ({"options": "A) red B) green"}, {"options": "A) blue B) yellow"}),
    "choices in columns": (
        {"A": "red", "B": "green", "C": "grey", "D": "pink"}, {"A": "blue", "B": "yellow", "C": "grey", "D": "pink"},
    ),
    "choices in named columns": ({"opa": "red", "opb": "green"}, {"opa": "blue", "opb": "yellow"}),
    "choices as JSON in a text": ({"choices": '["red", "green"]'}, {"choices": '["green", "red"]'}),
    "choices under letters": ({"options": {"A": "red", "B": "green"}}, {"options": {"A": "blue", "B": "yellow"}}),
    "choices beside their letters": (
        {"choices": {"text": ["red", "green"], "label": ["A", "B"]}},
        {"choices": {"text": ["blue", "yellow"], "label": ["A", "B"]}},
    ),
    "choices of which some rows have fewer": (
        {"options": {"A": "red", "B": "green", "C": None}}, {"options": {"A": "blue", "B": "green", "C": None}},
    ),
    "two choices in four columns": (
        {"A": "red", "B": "green", "C": "", "D": ""}, {"A": "blue", "B": "green", "C": "", "D": ""},
    ),
    "numbers to choose from": ({"A": 1, "B": 2, "C": 3, "D": 3}, {"A": 4, "B": 2, "C": 3, "D": 3}),
    "a passage with its name": (
        {"context": {"title": "Rivers", "text": PASSAGE}}, {"context": {"title": "Rivers", "text": OTHER}},
    ),
    "a list of turns": (
        {"history": [{"user": "Whose?", "assistant": "Spain's"}]},
        {"history": [{"user": "Whose?", "assistant": "France's"}]},
    ),
    "documents found": (
        {"context": [["Rivers", [PASSAGE]], ["Treaties", []]]}, {"context": [["Rivers", []], ["Treaties", [OTHER]]]},
    ),
    "tables": ({"schema": SCHEMA.format("a")}, {"schema": SCHEMA.format("b")}),
}  # fmt: skip
TASKS: dict[str, Row] = {
    "sft": SFT,
    "preference": {"prompt": QUESTION, "chosen": ANSWER, "rejected": "None of these is."},
    "classification": {"text": QUESTION, "label": "true"},
}


# A context beside a question is a part of the prompt there.
CASES = [(kind, task) for kind, (one, _) in SETTINGS.items() for task in TASKS if task != "sft" or "context" not in one]


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_a_question_about_something_else_is_no_copy_and_the_same_question_is(
    tmp_path: Path, kind: str, task: str
) -> None:
    one, two = SETTINGS[kind]
    near = {key: value.replace(QUESTION, NEAR) for key, value in TASKS[task].items()}
    rows = [{**TASKS[task], **one}, {**TASKS[task], **two}, {**TASKS[task], **one}, {**near, **two}]
    fill = [{**{k: f"{i}{k}" * 3 for k in TASKS[task]}, **(one, two)[i % 2]} for i in range(8)]
    if task == "classification":
        fill = [{**row, "label": ("true", "false")[i % 2]} for i, row in enumerate(fill)]
    data = of(tmp_path, numbered(rows + fill))
    assert data.task == task
    assert settings_of(data) == list(one)
    assert kept(data) == [0, 1, *range(4, 12)]
    assert kept(data, policy="last") == [2, 3, *range(4, 12)]
    assert kept(data, ["near_duplicates"]) == [0, 1, *range(4, 12)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_a_leak_is_one_under_any_system_prompt_and_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    rows = [
        {**SFT, "system": PASSAGE, "split": "test"},
        {**SFT, "system": OTHER, "split": "train"},
        {**SFT, "system": "Answer as a pirate would do.", "split": "train"},
        {**SFT, "question": NEAR, "system": "Say it in verse, please.", "split": "train"},
    ]
    data = of(tmp_path, [numbered(rows)[i] for i in order])
    assert rules(data) == {"across_splits": 3}
    assert kept(data) == [0]
    trained = of(tmp_path, [{**row, "split": "train"} for row in numbered(rows)])
    assert kept(trained) == [0, 1, 2, 3]


REPORTS = (
    "Rain fell on the harbour all day, and the ships stayed where they lay until the evening bell.",
    "The council bought two old mills by the river and means to open a school in one of them.",
    "Nobody came to the market on Tuesday, for the bridge was closed and the ferry had no crew.",
    "A farmer found seven coins under his barn, which the museum dates to the reign of Otto.",
    "The new tram runs every ten minutes, yet its drivers ask for longer rests at the terminus.",
    "Wolves were seen near the pass again, so shepherds keep their flocks in the valley at night.",
)


def test_what_only_the_system_prompt_tells_is_no_leak_under_another(tmp_path: Path) -> None:
    said = {"instruction": "Say what the report above tells of the harbour and the mills.", "response": "They were sold."}
    rows = [{**said, "system": report, "split": ("test", "train")[i % 2]} for i, report in enumerate(REPORTS)]
    copy = {**rows[0], "split": "train"}
    data = of(tmp_path, numbered([*rows, copy]))
    for stages in (["exact_duplicates"], STAGES, ["contamination"], [*STAGES, "contamination"]):
        assert kept(data, stages) == [0, 1, 2, 3, 4, 5], stages
    personas = [{**row, "system": f"Answer as a {('sailor', 'miller')[i // 3]} would."} for i, row in enumerate(rows)]
    assert rules(of(tmp_path, numbered(personas)))["across_splits"] == 3


def test_what_is_asked_about_a_report_is_no_leak_beside_copies_of_its_rows(tmp_path: Path) -> None:
    rows = [{"instruction": "Is this a complaint?", "response": ("Yes", "No")[i % 2], "system": report,
             "split": ("test", "train", "train")[i % 3]} for i, report in enumerate(REPORTS)]  # fmt: skip
    data = of(tmp_path, numbered([*rows, *[row for row in rows if row["split"] == "train"]]))
    assert kept(data, [*STAGES, "contamination"]) == list(range(len(REPORTS)))


def test_a_system_prompt_that_names_the_user_and_the_hour_hides_no_leak(tmp_path: Path) -> None:
    rows = [{"instruction": "How do I change the address of my account?", "response": "Open the settings, then Address.",
             "system": f"You are the helpdesk of Acme. Now: 2024-05-{i:02} 10:{i:02}. User: anna{i}. Be short and kind.",
             "split": ("test", "train")[i % 2]} for i in range(10)]  # fmt: skip
    assert rules(of(tmp_path, numbered(rows)))["across_splits"] == 5


CRAWLED = ("Mozilla {} of a phone, like Gecko", "mail relay {} of the north, by night", "on {} January, in the morning")


@pytest.mark.parametrize("crawled", CRAWLED)
def test_what_a_server_wrote_of_a_row_keeps_no_copy(tmp_path: Path, crawled: str) -> None:
    rows = [{"text": REPORTS[i % 4], "label": "ab"[i % 2], "delivered_as": crawled.format(i)} for i in range(24)]
    assert len(kept(of(tmp_path, numbered(rows)))) == 4


def test_two_labels_and_two_times_are_no_two_texts(tmp_path: Path) -> None:
    rows = [
        {"text": REPORTS[i % 4], "label_1": "ab"[i % 2], "label_2": f"annotator {i} says that it is fine",
         "time_1": f"2024-05-{i + 1:02}", "time_2": f"on the {i}. of January in the morning"} for i in range(20)
    ]  # fmt: skip
    path = of(tmp_path, numbered(rows)).source.path
    assert len(kept(curate.load(path, roles={"text": "text", "label": "label_1", "time": "time_1"}))) == 4


def test_lists_of_labels_tell_rows_apart_whatever_their_order_and_degrees_do_not(tmp_path: Path) -> None:
    rows = [{"text": REPORTS[0], "labels": labels} for labels in (["a", "b"], ["b", "a"], ["a"], [], None)]
    assert kept(of(tmp_path, numbered(rows))) == [0, 2, 3]
    rows = [{"text": REPORTS[i % 4], "soft_label": [0.1 * (i % 9), 1 - 0.1 * (i % 9)]} for i in range(20)]
    assert len(kept(of(tmp_path, numbered(rows)))) == 4


@pytest.mark.parametrize("pair", [False, True])
def test_a_label_that_is_a_number_tells_rows_apart_and_a_score_only_where_it_judges_two_texts(
    tmp_path: Path, pair: bool
) -> None:
    texts = {"sentence1": REPORTS[0], "sentence2": REPORTS[1]} if pair else {"text": REPORTS[0]}
    graded = [{**texts, "label": (i % 12) / 13} for i in range(16)]
    assert kept(of(tmp_path, numbered(graded))) == list(range(12))
    scored = [{**texts, "similarity_score": (i % 12) / 13} for i in range(16)]
    assert kept(of(tmp_path, numbered(scored))) == (list(range(12)) if pair else [0])


def test_short_choices_tell_rows_apart_where_they_are_their_context(tmp_path: Path) -> None:
    rows = [{"question": "Which of these is true?", "answers": [f"oak{i}", f"elm{i}", f"ash{i}"], "correct_answer": i % 3}
            for i in range(12)]  # fmt: skip
    data = of(tmp_path, numbered(rows))
    assert data.roles.context == ("answers",)
    assert len(kept(data)) == 12


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))), ids=str)
def test_a_question_about_another_context_is_no_leak_and_the_same_about_the_same_is(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    rows = [
        {**SFT, "choices": ["red", "green"], "split": "test"},
        {**SFT, "choices": ["blue", "grey"], "split": "train"},
        {**SFT, "choices": ["blue", "grey"], "split": "train"},
        {**SFT, "question": NEAR, "choices": ["red", "green"], "split": "train"},
        {**SFT, "choices": ["red", "green"], "split": "train"},
    ]
    data = of(tmp_path, [numbered(rows)[i] for i in order])
    assert data.roles.context == ("choices",)
    first = min(1, 2, key=order.index)
    for stages in (STAGES, ["near_duplicates"], ["exact_duplicates"], ["contamination"], [*STAGES, "contamination"]):
        left = set(kept(data, stages))
        assert {0, first} <= left
        assert (3 in left) == (stages == ["exact_duplicates"])
        assert 4 not in left
        assert (3 - first in left) == (stages == ["contamination"])
    found = curate.detect(data, Recipe().with_(stages=["contamination"])).findings
    told = {order[row]: rule for row, rule in zip(found["row"].to_pylist(), found["rule"].to_pylist(), strict=True)}
    assert told == {1: "shares_passage", 2: "shares_passage", 3: "leaks_split", 4: "leaks_split"}
    notes = of(tmp_path, [{**row, "split": row["split"], "passage": row["choices"][0], "choices": None} for row in rows])
    assert not notes.roles.context
    assert rules(notes)["across_splits"] == 4


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_near_copies_meet_under_their_own_setting_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    rows = [{**SFT, "system": PASSAGE}, {**SFT, "system": OTHER}, {**SFT, "question": NEAR, "system": OTHER}]
    data = of(tmp_path, [numbered(rows)[i] for i in order])
    assert settings_of(data) == ["system"]
    assert len(kept(data)) == 2
    assert 0 in kept(data)
    labels = [{"text": row["question"], "system": row["system"], "label": str(i % 2)} for i, row in enumerate(rows)]
    assert rules(of(tmp_path, [labels[i] for i in order])) == {"conflicting_label": 2}
    labels[2]["label"] = "1"
    assert rules(of(tmp_path, [labels[i] for i in order])) == {"verified_jaccard": 2}


def test_answers_and_labels_contradict_one_another_only_about_the_same_thing(tmp_path: Path) -> None:
    answers = ["It is the first, and nobody doubts it.", "Neither, because both are made up by a novelist of our day."]
    apart = [{"question": QUESTION, "passage": c, "answer": a} for c, a in zip((PASSAGE, OTHER), answers)]
    alike = [{"question": QUESTION, "passage": PASSAGE, "answer": a} for a in answers]
    assert settings_of(of(tmp_path, apart)) == ["passage"]
    assert rules(of(tmp_path, apart)) == {}
    assert rules(of(tmp_path, alike)) == {"conflicting_answer": 2}
    near = [{**apart[0], "question": NEAR}, *apart]
    said = [{**row, "answer": answers[i % 2]} for i, row in enumerate(near)]
    assert rules(of(tmp_path, said)) == {"conflicting_answer": 2}
    pairs = [{"prompt": QUESTION, "passage": PASSAGE, "chosen": a, "rejected": b} for a, b in (answers, answers[::-1])]
    assert rules(of(tmp_path, pairs)) == {"conflicting_preference": 2}
    assert rules(of(tmp_path, [pairs[0], {**pairs[1], "passage": OTHER}])) == {}
    labels = [{"text": QUESTION, "passage": c, "label": label} for c, label in ((PASSAGE, "yes"), (OTHER, "no"))]
    assert rules(of(tmp_path, labels)) == {}
    assert rules(of(tmp_path, [{**row, "passage": PASSAGE} for row in labels])) == {"conflicting_label": 2}


@pytest.mark.parametrize("said", ["", "s1", None, PASSAGE, {"seed": 1}, ["x"]], ids=str)
def test_rows_that_come_later_change_nothing_about_those_before(tmp_path: Path, said: Any) -> None:
    rows = [{**SFT, "system": PASSAGE}, {**SFT, "system": OTHER}, {**SFT, "system": PASSAGE}]
    more = [{"question": f"{i} what " * 9, "response": f"{i} that " * 9, "system": said} for i in range(30)]
    assert kept(of(tmp_path, numbered(rows + more)))[:3] == [0, 1, 3]


@pytest.mark.parametrize(
    "beside",
    [
        {"note": [PASSAGE, OTHER]}, {"title": [PASSAGE, OTHER]}, {"document": ["d17", "d18"]}, {"url": ["a/1", "a/2"]},
        {"context": [4, 5]}, {"context": [{"session": "a1", "at": "1 May"}, {"session": "b2", "at": "2 May"}]},
        {"options": [{"seed": 1, "temperature": 0.7}, {"seed": 2, "temperature": 0.7}]},
        {"history": [[{"by": "ann", "at": "1 May"}], [{"by": "bo", "at": "2 May"}]]},
        {"system_id": [PASSAGE, OTHER]}, {"A": ["one", "two"]}, {"user_context": [PASSAGE, OTHER]},
        {"context": ["2024-01-03 10:00:01 UTC", "2024-01-04 11:12:13 UTC"]}, {"code": ["Error 404 Not Found", "Error 500"]},
        {"document": ["Employee Handbook 2023 final.pdf", "Travel Rules 2024.pdf"]}, {"options": [{"color": ["red"]}, {}]},
        {"history": ["opened 2024-01-03 by ann", "opened 2024-01-04 by bo"]}, {"candidates": [["id1"], ["id2"]]},
        {"document": ["Справочник сотрудника 2023.pdf", "Правила поездок 2024.pdf"]},
        {"passage": ["a  b   c  d", "a b c e"]},
        {"input": [[[0.1, 0.2]], [[0.3, 0.4]]]}, {"facts": [{"id": ["a1"]}, {"id": ["a2"]}]},
    ],
    ids=str,
)  # fmt: skip
def test_nothing_else_beside_a_text_hides_a_copy(tmp_path: Path, beside: dict[str, list[Any]]) -> None:
    ((name, values),) = beside.items()
    data = of(tmp_path, numbered([{**SFT, name: value} for value in values]))
    assert settings_of(data) == []
    assert kept(data) == [0]


@pytest.mark.parametrize("votes", [("yes", "no"), (1, 2), (0.5, 0.25)], ids=str)
def test_votes_and_measurements_in_columns_named_by_letters_are_no_choices(tmp_path: Path, votes: tuple[Any, Any]) -> None:
    rows = [{**SFT, **{letter: votes[(i + k) % 2] for k, letter in enumerate("ABCD")}} for i in range(2)]
    assert kept(of(tmp_path, numbered(rows))) == [0]


def test_the_run_says_which_columns_told_rows_apart(tmp_path: Path) -> None:
    rows = [{**SFT, "passage": passage, "Passage": "p1"} for passage in (PASSAGE, OTHER)]
    detected = curate.detect(of(tmp_path, rows), Recipe().with_(stages=STAGES))
    assert detected.outcomes["exact_duplicates"].detection.summary["told_apart_by"] == ["passage"]
