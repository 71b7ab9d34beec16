"""Checks of data beside the data that it is to be like."""

from __future__ import annotations

import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from curate.cli.gate import gate_command
from curate.errors import DataError

TOPICS = {"refund": ("money", "back", "card"), "parcel": ("courier", "box", "door"), "login": ("password", "code", "page")}
FILLERS = ("please", "again", "today", "really", "maybe", "thanks", "hello", "urgent", "quick", "simple", "later", "soon")
POLICY = """
preset = "starter"
[checks.columns_changed]
fail = 0
[checks.drift_labels]
fail = 0.15
[checks.drift_texts]
fail = 0.75
"""


def rows(n: int, seed: int, topics: tuple[str, ...] = tuple(TOPICS)) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    out: list[dict[str, Any]] = []
    for _ in range(n):
        label = rng.choice(topics)
        words = [*rng.sample(TOPICS[label], 2), *rng.sample(FILLERS, 6), str(rng.randrange(10**6))]
        rng.shuffle(words)
        out.append({"text": " ".join(words), "label": label, "votes": rng.randrange(5)})
    return out


def write(name: str, data: list[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in data))
    return name


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text(POLICY)
    write("main.jsonl", rows(600, 1))


def checks(name: str, *options: str, policy: str = "p.toml") -> dict[str, dict[str, Any]]:
    args = [name, "--policy", policy, "--format", "json", "-q", *options]
    result = CliRunner().invoke(gate_command, args, standalone_mode=False)
    if result.exception:
        raise result.exception
    return {c["name"]: c for c in json.loads(result.stdout)["checks"]}


def test_data_of_the_same_making_passes() -> None:
    found = checks(write("new.jsonl", rows(600, 2)), "--reference", "main.jsonl")
    assert {found[n]["verdict"] for n in ("columns_changed", "drift_labels", "drift_texts")} == {"pass"}


def test_data_that_adds_no_row_to_its_reference_has_not_drifted() -> None:
    found = checks("main.jsonl", "--reference", "main.jsonl")["drift_texts"]
    assert found["verdict"] == "pass"
    assert "every new row repeats an old one" in found["sentence"]


def test_a_label_that_took_over_and_a_new_way_of_writing_are_drift() -> None:
    moved = [{**row, "text": row["text"] + " kind regards from mobile"} for row in rows(600, 3, ("refund", "parcel"))]
    found = checks(write("new.jsonl", moved), "--reference", "main.jsonl")
    assert found["drift_labels"]["verdict"] == found["drift_texts"]["verdict"] == "fail"
    assert found["drift_texts"]["low"] > 0.75


def test_a_missing_column_and_one_of_another_kind_are_named() -> None:
    changed = [{"text": row["text"], "label": row["label"], "votes": "many"} for row in rows(300, 4)]
    write("old.jsonl", [{**row, "region": "north"} for row in rows(300, 1)])
    found = checks(write("new.jsonl", changed), "--reference", "old.jsonl")["columns_changed"]
    assert (found["verdict"], found["value"]) == ("fail", 2)
    assert "missing: region" in found["sentence"]
    assert "of another kind: votes" in found["sentence"]


def test_without_a_reference_a_check_that_was_asked_for_is_insufficient_evidence() -> None:
    found = checks(write("new.jsonl", rows(300, 2)))
    assert {found[n]["verdict"] for n in ("columns_changed", "drift_labels", "drift_texts")} == {"insufficient evidence"}


def test_a_reference_is_asked_about_under_every_policy_and_must_be_there() -> None:
    Path("p.toml").write_text('preset = "starter"\n')
    moved = [{"text": row["text"] + " kind regards from mobile", "label": row["label"]} for row in rows(400, 3)]
    found = checks(write("new.jsonl", moved), "--reference", "main.jsonl")
    assert (found["columns_changed"]["verdict"], found["drift_texts"]["verdict"]) == ("fail", "warn")
    assert "drift_texts" not in checks("new.jsonl")
    with pytest.raises(DataError, match=r"nosuch\.jsonl"):
        checks("new.jsonl", "--reference", "nosuch.jsonl")


def test_a_suggestion_beside_a_reference_names_it_and_can_still_fail() -> None:
    args = [write("june.jsonl", rows(600, 2)), "--reference", "main.jsonl", "--suggest", "--output", "suggested.toml", "-q"]
    CliRunner().invoke(gate_command, args, standalone_mode=False, catch_exceptions=False)
    asked = tomllib.loads(Path("suggested.toml").read_text())
    assert asked["reference"] == "main.jsonl"
    texts = asked["checks"]["drift_texts"]
    assert 0.6 <= texts["warn"] < texts["fail"], "chance alone must not reach it"
    assert 0.5 <= texts["warn"] < texts["fail"] < 1.0
    found = checks("june.jsonl", policy="suggested.toml")
    assert {found[name]["verdict"] for name in ("columns_changed", "drift_labels", "drift_texts")} == {"pass"}
    found = checks(write("refunds.jsonl", rows(600, 5, ("refund",))), policy="suggested.toml")
    assert found["drift_labels"]["verdict"] == "fail"
