"""From a recipe to answers beyond accuracy: the arms that are made, what is written, and where no canary may be."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tiny_base import make_tickets

from curate import workflow
from curate.arms.beyond import _classes, _Places, _Rows, _scrub, _without
from curate.cli import cli
from curate.ledger.apply import apply
from curate.ledger.decisions import Journal
from curate.pipeline import Detected, detect
from curate.recipe import Recipe
from train.ablation.beyond.memory import MemoryRuns
from train.ablation.beyond.wish import Wish
from train.ablation.schema import json_schema
from train.examples import from_dataset
from train.lora import train_adapter

STAGES = ["exact_duplicates", "pii", "label_issues"]


def rows() -> list[dict[str, Any]]:
    """Tickets with addresses, copies, wrong labels and two groups of people."""
    tickets = make_tickets(220, seed=3)
    names = sorted(set(tickets.labels))
    out = []
    for i, (text, label) in enumerate(zip(tickets.texts, tickets.labels, strict=True)):
        split = "test" if i >= 140 else "train"
        given = names[(names.index(label) + 1) % 3] if split == "train" and i % 4 == 0 else label
        text = f"{text} ref {i}" + (f" mail anna{i}@example.org now" if i % 3 == 0 else "")
        out.append({"text": text, "label": given, "region": "north" if i % 2 else "south", "split": split})
    return [*out, *(dict(out[i]) for i in range(1, 13))]


def recipe_of(folder: Path, base: str, **ablation: Any) -> Recipe:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    roles = {"text": "text", "label": "label", "split": "split", "group": "region"}
    sizes = {"steps": 4, "batch_rows": 8, "max_length_tokens": 64, "lora_rank": 4, "threads": 1}
    training = {"base": base, "tensorboard": False, **sizes}
    return Recipe.parse({
        "data": {"input": str(path), "roles": roles, "task": "classification"}, "run": {"stages": STAGES, "seed": 0},
        "stages": {"label_issues": {"on_finding": "apply"}}, "train": training,
        "ablation": {"beyond_rows": 100, "beyond_steps": 10, "beyond_candidates": 64, **ablation},
    })  # fmt: skip


@pytest.fixture(scope="module")
def detected(tmp_path_factory: pytest.TempPathFactory) -> Detected:
    recipe = recipe_of(tmp_path_factory.mktemp("beyond"), "bundled")
    return detect(workflow.read_input(recipe), recipe)


def test_half_and_twice_the_rows_hold_each_other_and_cut_no_cluster(detected: Detected) -> None:
    class Held:
        train_rows = np.flatnonzero([s == "train" for s in detected.dataset.splits().to_pylist()])

    group = np.arange(detected.dataset.n_rows) // 2
    made = _Rows(detected, Held(), group)
    half, one, two = (set(made.chosen(times).tolist()) for times in (0.5, 1.0, 2.0))
    assert half < one < two
    assert 50 <= len(half) <= 51
    assert 100 <= len(one) <= 101
    train = set(Held.train_rows.tolist())
    assert all((row ^ 1) in one for row in one if (row ^ 1) in train)


def test_a_decision_class_left_out_changes_its_rows_and_no_other(detected: Detected) -> None:
    curated = apply(detected.dataset, detected.resolve())
    train = np.flatnonzero([s == "train" for s in detected.dataset.splits().to_pylist()])
    classes = _classes(curated, train)
    assert {c[0] for c in classes} == set(STAGES)
    stage, rule, action, count = next(c for c in classes if c[0] == "pii")
    assert (rule, action) == ("pii.email_address", "replace")
    assert count > 20
    without = _without(detected, Journal(), stage, rule, action)
    assert without.rows.tolist() == curated.rows.tolist()
    assert not any("[EMAIL]" in json.dumps(row) for row in without.edits.values())
    stage, rule, action, count = next(c for c in classes if c[0] == "exact_duplicates")
    without = _without(detected, Journal(), stage, rule, action)
    assert len(without.rows) == len(curated.rows) + count


def test_every_operator_takes_every_value_away(detected: Detected) -> None:
    config = next(c.config for c in detected.recipe.stages() if c.name == "pii")
    texts = ["mail anna9@example.org now", "nothing here", "two: bob@example.org, carol@example.org."]
    said = {operator: _scrub(detected, config, texts, operator) for operator in ("redact", "placeholder", "surrogate")}
    for made in said.values():
        assert made[1] == texts[1]
        assert not any(name in text for text in made for name in ("anna9@", "bob@", "carol@"))
    assert said["placeholder"][2] == "two: [EMAIL], [EMAIL]."
    assert "@" in said["surrogate"][0]
    assert "@" not in said["redact"][0]


def test_a_place_in_what_a_model_is_shown_is_found_in_the_data(detected: Detected) -> None:
    examples = from_dataset(detected.dataset, rows=np.arange(4))
    places = _Places(detected, np.arange(4))
    text = examples.texts[3]
    assert places.of(3, text, 0, 5) == ("text", 0, 5)
    inside = text[2:]
    assert places.of(3, inside, len(inside) - 4, len(inside)) == ("text", len(text) - 4, len(text))
    assert places.of(3, "words that stand nowhere", 0, 5) is None


@pytest.mark.slow
def test_canaries_never_reach_curated_data_or_a_trained_adapter(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[MemoryRuns] = []
    plain = MemoryRuns.train

    def train(self: MemoryRuns) -> None:
        seen.append(self)
        plain(self)

    monkeypatch.setattr(MemoryRuns, "train", train)
    monkeypatch.setattr("train.ablation.beyond.memory.OPERATORS", ())
    monkeypatch.setattr("train.ablation.beyond.wish.Wish", partial(Wish, steps_of_text=12))
    recipe = recipe_of(tmp_path, str(base))
    out = tmp_path / "run"
    before = workflow.run(recipe, out=out, train=False)
    curated = (out / "curated.jsonl").read_bytes()
    result = workflow.train_run(out, beyond=("memory",))
    assert result.ablation is not None
    found = result.ablation["beyond"]["memory"]
    assert found["cells"]
    jsonschema.validate(json.loads(json.dumps(result.ablation).replace("NaN", "null")), json_schema())
    values = [c.candidates[0] for runs in seen for c in runs.canaries]
    assert len(values) >= 6
    assert (out / "curated.jsonl").read_bytes() == curated
    for path in out.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(value.encode() in content for value in values), path
    assert not list(out.glob("train/beyond/train/canaries_*/*/adapter"))
    # A measurement of another length asks its own models; one of the same length asks none again.
    told = sorted(out.glob("train/beyond/train/canaries_*/*/exposure.json"))
    first = [path.read_bytes() for path in told]
    again = workflow.train_run(out, beyond=("memory",))
    assert again.ablation is not None
    assert again.ablation["beyond"]["memory"] == found
    assert [path.read_bytes() for path in told] == first
    monkeypatch.setattr("train.ablation.beyond.wish.Wish", partial(Wish, steps_of_text=14))
    workflow.train_run(out, beyond=("memory",))
    assert all(path.read_bytes() != old for path, old in zip(told, first, strict=True))
    # What the user trains afterwards is trained on the curated rows and nothing else.
    given: list[Any] = []

    def recorded(examples: Any, *args: Any, **more: Any) -> Any:
        given.append(examples)
        return train_adapter(examples, *args, **more)

    monkeypatch.setattr("train.lora.train_adapter", recorded)
    assert cli.main(["train", str(out)], standalone_mode=False) in (0, None)
    finals = list(out.glob("train/final/*/done.json"))
    assert finals
    assert json.loads(finals[0].read_text())["rows"] <= len(before.curated)
    assert len(given) == 1
    for examples in given:
        assert not any(value in text for text in examples.texts for value in values)
    for path in out.glob("train/final/**/*"):
        if path.is_file():
            assert not any(value.encode() in path.read_bytes() for value in values)
