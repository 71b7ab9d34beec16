"""What an exam and its controls must hold on data that is not made for them: authors, blank cells, places that are rare."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.arms.evaluation import evaluation_of, held_out, together
from curate.arms.plans import ArmPlans
from curate.dataset import load
from curate.errors import DataError
from curate.ledger.decisions import Journal
from curate.pipeline import Detected, detect
from curate.recipe import Recipe

WORDS = [
    "parcel", "refund", "login", "invoice", "voucher", "courier", "balance", "address", "receipt", "session", "coupon",
    "deposit",
]  # fmt: skip


def detected(tmp_path: Path, rows: list[dict[str, Any]], stages: list[str], **more: Any) -> Detected:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {"input": str(path), **{name: more.pop(name) for name in ("roles", "task") if name in more}}
    recipe = Recipe.parse({"data": data, "run": {"stages": stages}, **more})
    return detect(load(path, roles=recipe.data.roles, task=recipe.data.task), recipe)


def written(i: int) -> str:
    a, b, c = (WORDS[(i // 12**k) % 12] for k in range(3))
    return f"My {a} and the {b} of case {i * 7919 % 1000} say {c}, number {i}."


def tickets(n: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"text": written(i), "label": WORDS[i % 2]} | {name: value(i) for name, value in more.items()} for i in range(n)
    ]


def test_an_author_of_a_third_of_the_rows_is_on_one_side_too_and_the_others_stay_apart(tmp_path: Path) -> None:
    rows = tickets(240, author=lambda i: "boss" if i % 3 == 0 else f"a{i % 20}")
    roles = {"text": "text", "label": "label", "author": "author"}
    side = detected(tmp_path, rows, ["exact_duplicates"], roles=roles, task="classification")
    held = held_out(side, together(side))
    authors = [{rows[row]["author"] for row in part.tolist()} for part in (held.train_rows, held.eval_rows)]
    assert authors[0].isdisjoint(authors[1])
    assert "boss" in authors[0]
    assert len(held.eval_rows) > 20


def test_rows_without_an_author_do_not_belong_together(tmp_path: Path) -> None:
    rows = tickets(200, writer=lambda i: f"a{i % 50}" if i % 2 else "  ")
    roles = {"text": "text", "label": "label"}
    side = detected(
        tmp_path, rows, ["exact_duplicates"], roles=roles, task="classification", ablation={"keep_together": ["writer"]}
    )
    blank = together(side)[[i for i, row in enumerate(rows) if not row["writer"].strip()]]
    assert len(np.unique(blank)) == len(blank)


def test_where_one_author_wrote_everything_the_refusal_names_what_keeps_rows_together(tmp_path: Path) -> None:
    rows = tickets(80, author=lambda i: "boss", split=lambda i: "train" if i < 60 else "test")
    roles = {"text": "text", "label": "label", "author": "author", "split": "split"}
    side = detected(tmp_path, rows, ["exact_duplicates"], roles=roles, task="classification")
    with pytest.raises(DataError, match=r"every test row belongs with a training row .*author"):
        held_out(side, together(side))


def test_verified_labels_are_read_as_labels_are_and_a_blank_one_verifies_nothing(tmp_path: Path) -> None:
    rows = tickets(160, split=lambda i: "train" if i < 80 else "test")
    for i, row in enumerate(rows):
        row["label"] = row["label"] == WORDS[0]
        row["gold"] = (row["label"], None, "", " ")[i % 4]
    side = detected(
        tmp_path, rows, ["exact_duplicates"], roles={"text": "text", "label": "label", "split": "split"},
        task="classification", ablation={"clean_label": "gold"},
    )  # fmt: skip
    group = together(side)
    exam = evaluation_of(side, Journal(), held_out(side, group), group, "")
    assert len(exam.primary) == 20
    assert set(exam.primary.labels) <= {"true", "false"}
    assert exam.primary.labels == exam.truths["as_given"]


@pytest.mark.parametrize("seed", range(4))
def test_a_placebo_has_as_many_edits_where_few_rows_have_such_a_place_or_room_for_it(tmp_path: Path, seed: int) -> None:
    def talk(i: int) -> list[dict[str, str]]:
        turns = [{"role": "user", "content": written(i)}, {"role": "assistant", "content": f"We look into {written(i)}"}]
        if i % 40:
            return turns
        mail = f"{WORDS[i % 12]}.of.the.office{i}@mail.example.org"
        return [*turns, {"role": "user", "content": f"I am {mail}"}, {"role": "assistant", "content": "Noted."}]

    rows = [{"messages": talk(i)} for i in range(480)]
    side = detected(tmp_path, rows, ["pii"])
    plans = ArmPlans(side, Journal(), np.arange(len(rows)))

    def shape(plan: Any) -> Counter[Any]:
        found = plan.applied("replace").to_pylist()
        return Counter((f["field"], f["end"] - f["start"], f["replacement"]) for f in found)

    stage, control = plans.of(("pii",)).plan, plans.control("pii", seed).plan
    assert sum(shape(stage).values()) >= 12
    assert shape(stage) == shape(control)
