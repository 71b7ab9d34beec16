"""Texts that a label judges together: a premise and its hypotheses, an answer and its question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from similarity_corpus import edited, passage

from curate.dataset import Dataset, load
from curate.dataset.side_by_side import judged_together
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.stages.base import Context, Detection, Stage
from curate.stages.contamination import STAGE as CONTAMINATION
from curate.stages.label_issues import STAGE as LABEL_ISSUES
from curate.stages.near_duplicates import STAGE as NEAR
from curate.stages.text_quality import STAGE as TEXT_QUALITY

LONG = "The river rises in the hills above the town, runs past nine mills and meets the sea behind the old harbour wall. "
CLAIMS = (
    "Nine mills stand beside it.", "It never reaches the coast.", "Fishing is forbidden there.", "A wall guards the port.",
)  # fmt: skip


def _load(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path, **options)


def _run(stage: Stage, data: Dataset, **config: Any) -> Detection:
    return stage.detect(data, stage.config(**config), Context(seed=1, threads=2))


def _found(found: Detection) -> set[tuple[int, str]]:
    return set(zip(found.findings["row"].to_pylist(), found.findings["rule"].to_pylist(), strict=True))


def _claims(premise: str = LONG * 3) -> list[dict[str, Any]]:
    return [{"premise": premise, "hypothesis": claim, "label": "neutral"} for claim in CLAIMS]


@pytest.mark.parametrize(
    ("columns", "together"),
    [
        (("premise", "hypothesis"), True), (("Satz1", "Satz2"), True), (("answer", "question"), True),
        (("query", "title", "body"), True), (("title", "text"), False), (("subject", "body"), False),
    ],
)  # fmt: skip
def test_names_tell_texts_that_are_judged_together_from_a_title_and_its_text(
    columns: tuple[str, ...], together: bool
) -> None:
    assert judged_together(columns) is together


def test_claims_about_one_page_are_no_copies_and_a_light_edit_of_both_texts_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = [row for _ in range(80) for row in _claims(" ".join(passage(rng, 90)))]
    rows.append({**rows[0], "premise": rows[0]["premise"] + " So it is.", "hypothesis": CLAIMS[0].upper()})
    data = _load(tmp_path, rows)
    assert data.roles.text == ("premise", "hypothesis")
    assert _found(_run(NEAR, data)) == {(0, "verified_jaccard"), (320, "verified_jaccard")}


def test_opposite_claims_under_two_labels_contradict_nobody(tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(5), []
    for _ in range(80):
        premise = " ".join(passage(rng, 60))
        for no, label in (("", "entailment"), ("not ", "contradiction")):
            rows.append({"premise": premise, "hypothesis": f"It does {no}run past nine mills.", "label": label})
    assert not _found(_run(NEAR, _load(tmp_path, rows)))


def test_a_premise_with_another_hypothesis_is_no_leak_and_the_same_pair_is(tmp_path: Path) -> None:
    rows = [row | {"split": split} for row, split in zip(_claims(), ("test", "train", "train", "train"), strict=True)]
    rows.append({"premise": "Note: " + LONG * 3, "hypothesis": CLAIMS[0], "label": "neutral", "split": "train"})
    rows.append({"premise": CLAIMS[0], "hypothesis": LONG * 3, "label": "neutral", "split": "train"})
    rows.append({"premise": LONG * 3 + CLAIMS[0], "hypothesis": CLAIMS[1], "label": "neutral", "split": "train"})
    found = _found(_run(CONTAMINATION, _load(tmp_path, rows)))
    assert {row for row, rule in found if rule == "leaks_split"} == {4, 5}
    assert {rule for row, rule in found if row in (1, 2, 3)} <= {"shares_passage"}


def test_two_texts_that_say_nearly_the_same_repeat_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(60):
        words = passage(rng, 14)
        rows.append({"sentence1": " ".join(words) + ".", "sentence2": " ".join(edited(rng, words, 1)) + ".", "label": "1"})
    loop = "go on and on " * 12
    rows.append({"sentence1": "We shall see.", "sentence2": loop, "label": "0"})
    rows.append({"sentence1": "Nobody wrote the other sentence down.", "sentence2": " ", "label": "0"})
    rows.append({"sentence1": "", "sentence2": " ", "label": "0"})
    found = _run(TEXT_QUALITY, _load(tmp_path, rows)).findings.to_pylist()
    assert {(f["row"], f["rule"], f["field"]) for f in found if f["row"] < 60} == set()
    assert {f["field"] for f in found if f["row"] == 60 and f["rule"] == "repetition_loop"} == {"sentence2"}
    assert [(f["row"], f["field"]) for f in found if f["rule"] == "empty"] == [(62, "sentence1")]


def _labelled(columns: tuple[str, ...], labels: tuple[str, str]) -> list[dict[str, Any]]:
    rng, rows = np.random.default_rng(0), []
    for i in range(600):
        kind = i % 2
        words = [f"topic{kind}x{j}" for j in rng.integers(0, 10, 4)] + [f"w{j}" for j in rng.integers(0, 200, 5)]
        given = labels[1 - kind if i < 60 else kind]
        rows.append({columns[0]: f"case {i} of w{rng.integers(200)}", columns[1]: " ".join(words), columns[2]: given})
    return rows


@pytest.mark.parametrize(
    ("columns", "labels", "task", "applied"),
    [
        (("premise", "hypothesis", "label"), ("entailment", "contradiction"), "classification", False),
        (("prompt", "completion", "label"), ("True", "False"), "unpaired_preference", False),
        (("title", "text", "label"), ("billing", "delivery"), "classification", True),
    ],
)
def test_a_label_of_how_texts_stand_to_one_another_is_never_changed_by_itself(
    tmp_path: Path, columns: tuple[str, str, str], labels: tuple[str, str], task: str, applied: bool
) -> None:
    roles = {"text": columns[:2], "label": columns[2]} if applied else None
    data = _load(tmp_path, _labelled(columns, labels), roles=roles, task=task)
    found = detect(data, Recipe().with_(stages=["label_issues"]))
    states = set(found.resolve().table["status"].to_pylist())
    assert ("applied" in states) is applied
    assert applied or "pending" in states
    assert _run(LABEL_ISSUES, data).summary.get("label_of_a_relation", False) is not applied
