"""Prompts that share a passage: what is asked about it is another question, and an edited copy is still a copy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from similarity_corpus import edited, passage

from curate.dataset import Dataset, load
from curate.stages.asked_apart import LIMIT, alike_in_the_rest
from curate.stages.base import Context, Detection, Stage
from curate.stages.contamination import STAGE as CONTAMINATION
from curate.stages.near_duplicates import STAGE as NEAR

QUESTIONS = ("Did the mill stand beside a river?", "Who painted both harbour walls?", "Is fishing forbidden up there?",
             "When were the bells sold?")  # fmt: skip


def _load(tmp_path: Path, rows: list[dict[str, Any]]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path)


def _found(stage: Stage, data: Dataset) -> set[tuple[int, str]]:
    found: Detection = stage.detect(data, stage.config(), Context(seed=1, threads=2))
    return set(zip(found.findings["row"].to_pylist(), found.findings["rule"].to_pylist(), strict=True))


def _rest(one: str, other: str) -> float:
    return float(alike_in_the_rest(pa.array([one, other], pa.large_string()), np.array([0]), np.array([1]))[0])


def _asked(layout: str, words: list[str], question: str) -> str:
    sentences = [" ".join(words[i : i + 12]) + "." for i in range(0, len(words), 12)]
    return layout.format(page=" ".join(sentences), question=question)


@pytest.mark.parametrize("layout", ["{page}\n\nQuestion: {question}\nAnswer yes or no.", "Q: {question} Read: {page}",
                                    "{page} {question}"])  # fmt: skip
def test_four_questions_about_each_page_with_one_short_answer_are_no_copies(tmp_path: Path, layout: str) -> None:
    rng = np.random.default_rng(3)
    pages = [passage(rng, 120) for _ in range(40)]
    rows = [{"prompt": _asked(layout, page, q), "completion": "yes"} for page in pages for q in QUESTIONS]
    rows.append({"prompt": _asked(layout, edited(rng, pages[0], 3), QUESTIONS[0]), "completion": "yes"})
    found = _found(NEAR, _load(tmp_path, rows))
    assert found == {(0, "verified_jaccard"), (160, "verified_jaccard")}


def test_the_same_page_and_long_answer_under_a_reworded_instruction_are_copies(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    page, answer = " ".join(passage(rng, 120)), " ".join(passage(rng, 40))
    asked = ("Summarise what follows here.", "Say briefly which things the text tells.")
    rows = [{"prompt": f"{page}.\n{one}", "completion": answer} for one in asked]
    rows += [{"prompt": " ".join(passage(rng, 60)), "completion": " ".join(passage(rng, 30))} for _ in range(60)]
    assert _found(NEAR, _load(tmp_path, rows)) == {(0, "verified_jaccard"), (1, "verified_jaccard")}


def test_other_questions_about_a_page_are_no_contradiction_of_one_another(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pages = [" ".join(passage(rng, 120)) + "." for _ in range(30)]
    rows = [{"prompt": f"{page}\n{q}", "completion": "yes" if i % 2 else "no"}
            for page in pages for i, q in enumerate(QUESTIONS)]  # fmt: skip
    rows.append({"prompt": rows[0]["prompt"], "completion": "yes"})
    assert _found(NEAR, _load(tmp_path, rows)) == {(0, "conflicting_answer"), (120, "conflicting_answer")}


def test_an_evaluation_question_about_the_same_page_is_flagged_and_the_same_question_leaks(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    page = " ".join(passage(rng, 120)) + "."
    rows = [{"prompt": f"{page}\n{q}", "completion": "yes", "split": s}
            for q, s in zip(QUESTIONS, ("test", "train", "train", "train"), strict=True)]  # fmt: skip
    rows.append({"prompt": f"Note well. {page}\n{QUESTIONS[0]}", "completion": "yes", "split": "train"})
    rows += [{"prompt": " ".join(passage(rng, 40)), "completion": "no", "split": "train"} for _ in range(40)]
    found = _found(CONTAMINATION, _load(tmp_path, rows))
    assert found == {(1, "shares_passage"), (2, "shares_passage"), (3, "shares_passage"), (4, "leaks_split")}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A page. Why is it so high?", "A page. Why is it so low?", True),  # one word
        ("A page. Who built the long wall?", "A page.", True),  # a sentence less
        ("A page. Who built the long wall?", "A page. Where do ships come to rest?", False),
        ("A page. Nine mills stand there. Claim: Nine mills stand there.", "A page. Nine mills stand there. Claim: "
         "Fish swim by at night.", False),  # a claim that repeats a sentence of the page
        ("一页文字。谁建造了长城的北段？", "一页文字。船只晚上停在哪里呢？", False),
        ("一页文字。谁建造了长城的北段？", "一页文字。谁建造了长城的南段？", True),
        ("", "", True),
    ],
)  # fmt: skip
def test_what_two_prompts_do_not_share_says_whether_they_ask_the_same(one: str, other: str, same: bool) -> None:
    assert (_rest(one, other) >= LIMIT) is same
    assert _rest(one, other) == _rest(other, one)
