"""Answers that differ in a figure or a "not" are no copies of each other, however alike they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.recipe import Recipe
from curate.similarity.facts import differ_in_fact, holds_other_figures
from tests.conftest import Curate

APART = [
    ("take at most 3 grams a day", "take at most 9 grams a day"),
    ("costs 1.50 in all", "costs 15.00 in all"),
    ("it is safe for children", "it is not safe for children"),
    ("it can be washed", "it can't be washed"),
    ("Das ist erlaubt.", "Das ist nicht erlaubt."),
    ("成人每天最多服用3克", "成人每天最多服用9克"),
    ("這可以退貨", "這不可以退貨"),
    ("٣ أيام", "٥ أيام"),
    ("for fourteen days at most", "for thirty days at most"),
    ("Drei Tage lang, dann absetzen", "Fünf Tage lang, dann absetzen"),
    ("pendant deux jours", "pendant six jours"),
    ("не более двух, лучше три раза", "не более двух, лучше пять раз"),
]
TOGETHER = [
    ("take at most 3 grams a day", "take at most 3 grams each day"),
    ("1,000 rows", "1000 rows"),
    ("٣ أيام", "3 أيام"),
    ("1. Wash it. 2. Dry it.", "Wash it. 2. Dry it."),
    ("it is not safe", "it's not safe"),
    ("in 2019, so they say", "in the year before"),
    ("3.50 in all", "3.5 in all"),
    ("on day 05", "on day 5"),
    ("for three days", "for 3 days"),
    ("two times a day", "2 times a day"),
    ("the rent is due on Monday", "the rent must be paid in two parts on Monday"),
    ("use it twice or three times", "use it two or three times"),
    ("1 000 rows", "1000 rows"),
    ("你说得非常好", "你说得非常不错"),
    ("Send it back in the box.", "Send it back in the box. Please do not hesitate to ask."),
    ("word " * 60 + "on 3 May", "word " * 60 + "on 4 June"),
]


@pytest.mark.parametrize(("pairs", "apart"), [(APART, True), (TOGETHER, False)])
def test_another_figure_on_both_sides_or_another_number_of_negations_is_another_fact(
    pairs: list[tuple[str, str]], apart: bool
) -> None:
    texts = pa.array([text for pair in pairs for text in pair], pa.large_string())
    at = np.arange(0, len(texts), 2)
    assert differ_in_fact(texts, at, at + 1).tolist() == [apart] * len(pairs)
    assert differ_in_fact(texts, at + 1, at).tolist() == [apart] * len(pairs)
    assert not differ_in_fact(texts, at, at).any()


NUMBERED = [
    ("1. What is a fjord?", "31. What is a fjord?"),
    ("(3) What is a fjord?", "**12)** What is a fjord?"),
    ("Question 3: What is a fjord?", "question 1204: What is a fjord?"),
    ("Q3. What is a fjord?", "Q4. What is a fjord?"),
    ("[7] What is a fjord?", "[8] What is a fjord?"),
    ("Aufgabe 3: Was ist ein Fjord?", "Aufgabe 4: Was ist ein Fjord?"),
    ("Вопрос 3. Что такое фьорд?", "Вопрос 4. Что такое фьорд?"),
    ("第3题：什么是峡湾？", "第14题：什么是峡湾？"),
    ("问题 3：什么是峡湾？", "问题 4：什么是峡湾？"),
]
FIGURES_FIRST = [
    ("3 litres are how many pints?", "4 litres are how many pints?"),
    ("3.5 litres are how many pints?", "4.5 litres are how many pints?"),
    ("10:30 in words?", "11:30 in words?"),
    ("1984: what happened?", "1985: what happened?"),
    ("1. What is 3 plus 4?", "1. What is 3 plus 5?"),
    ("Chapter 3: who dies?", "Chapter 4: who dies?"),
]


@pytest.mark.parametrize(("pairs", "apart"), [(NUMBERED, False), (FIGURES_FIRST, True)])
def test_the_number_under_which_a_prompt_stands_is_no_figure_of_it(pairs: list[tuple[str, str]], apart: bool) -> None:
    texts = pa.array([text for pair in pairs for text in pair], pa.large_string())
    at = np.arange(0, len(texts), 2)
    assert differ_in_fact(texts, at, at + 1, asked=True).tolist() == [apart] * len(pairs)
    assert differ_in_fact(texts, at, at + 1).all()
    assert [holds_other_figures(*pair) for pair in pairs] == [apart] * len(pairs)


def test_nulls_and_no_pairs_at_all_differ_in_nothing() -> None:
    texts = pa.array([None, "", "3 of 4"], pa.large_string())
    assert differ_in_fact(texts, np.array([0, 0]), np.array([1, 2])).tolist() == [False, False]
    assert differ_in_fact(texts, np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_the_same_question_with_another_figure_in_its_answer_is_no_copy(tmp_path: Path, inside: Curate) -> None:
    long = "of it a day, in three doses after meals, for seven days at most; stop at once if there is a rash on the skin."
    asked = "How much may an adult take a day?"
    rows = [{"question": asked, "answer": f"An adult may take {dose} grams {long}"} for dose in (3, 9)]
    rows += [{"question": f"What is {n} called?", "answer": f"Number {n} is called the {n}th by all."} for n in range(8)]
    rows += [{**rows[0], "answer": rows[0]["answer"].replace("at once", "immediately")}]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = inside("dedup", path, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    found = pq.read_table(tmp_path / "run" / "findings" / "near_duplicates.parquet").to_pylist()
    drops = {(one["row"], one["witness_row"]) for one in found if one["action"] == "drop"}
    assert drops == {(0, 10), (10, 0)}
    conflicts = {frozenset((one["row"], one["witness_row"])) for one in found if one["rule"] == "conflicting_answer"}
    assert conflicts == {frozenset((0, 1)), frozenset((1, 10))}
    kept = (tmp_path / "run" / "curated.jsonl").read_text()
    assert "take 9 grams" in kept
    assert "take 3 grams" in kept


def test_the_same_answer_to_a_question_with_another_figure_is_neither_copy_nor_conflict(
    tmp_path: Path, inside: Curate
) -> None:
    asked = "Is {} an odd number of this long list, and is it greater than all of the numbers that stand before it there?"
    rows = [{"question": asked.format(n), "answer": said} for n, said in ((7, "Yes."), (9, "Yes."), (8, "No."))]
    rows += [{"question": f"What is {name} called?", "answer": f"It is called {name}."} for name in ("ash", "elm", "oak")]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = inside("dedup", path, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "run" / "findings" / "near_duplicates.parquet").num_rows == 0
    scores = pq.read_table(tmp_path / "run" / "scores" / "near_duplicates.parquet").to_pylist()
    assert any((one["a"], one["b"], one["parts"]) == (0, 1, 0.0) for one in scores)


def test_a_numbered_copy_of_an_evaluation_row_goes_and_one_with_another_figure_is_flagged(tmp_path: Path) -> None:
    asked = "{}. How many litres of fresh water does a herd of {} thirsty camels drink in one week of summer in the desert?"
    said = "That depends on the heat, on the load and on what they have eaten, and nobody has ever measured it for long."
    rows = [(1, 40, "test"), (31, 40, "train"), (1, 50, "train"), (1, 50, "train")]
    data = [{"prompt": asked.format(i, n), "completion": said, "split": split} for i, n, split in rows]
    data += [{"prompt": f"What is {n}?", "completion": f"It is {n}.", "split": "train"} for n in ("ash", "elm", "oak")]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in data))
    found = curate.detect(curate.load(path), Recipe().with_(stages=["exact_duplicates", "near_duplicates"])).findings
    near = [one for one in found.to_pylist() if one["stage"] == "near_duplicates"]
    told = {(one["row"], one["rule"], one["action"], one["witness_row"]) for one in near}
    assert {one for one in told if one[1] != "verified_jaccard"} == {
        (1, "across_splits", "drop", 0), (2, "other_facts", "flag", 0), (3, "other_facts", "flag", 0),
    }  # fmt: skip
