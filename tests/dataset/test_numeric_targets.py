"""Numbers that are to be predicted from a text are its label; what is measured of a text, or paid for a thing, is none."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curate import apply, detect
from curate.dataset import Dataset, load
from curate.dataset.column import Column, piece, settle
from curate.dataset.side_by_side import measures
from curate.recipe import Recipe
from curate.stages.label_kinds import target_kind
from train.examples import from_dataset

Row = dict[str, Any]
PART = random.Random(7)
PARTS = [round(PART.random(), 4) for _ in range(200)]


def said(i: int) -> str:
    return f"House {i * 37} of the old street was sold to a {('painter', 'baker', 'judge')[i % 3]} in {1700 + i * 3}."


def of(folder: Path, rows: list[Row], kind: str = "jsonl") -> Dataset:
    path = folder / f"rows.{kind}"
    if kind == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path)


PAIR = ("sentence1", "sentence2")
TARGETS: dict[str, tuple[Callable[[int], Row], tuple[str, ...], str]] = {
    "shares of readers": (lambda i: {"text": said(i), "toxicity": PARTS[i] if i % 3 else 0.0, "threat": PARTS[i + 60]},
                          ("text",), "toxicity"),
    "likeness of two": (lambda i: {"sentence1": said(i), "sentence2": said(i + 70), "score": round(5 * PARTS[i], 1)},
                        PAIR, "score"),
    "likeness under label": (lambda i: {"sentence1": said(i), "sentence2": said(i + 70), "label": 5 * PARTS[i]}, PAIR,
                             "label"),
    "a target below nought": (lambda i: {"id": f"x{i}", "excerpt": said(i), "target": 3 * PARTS[i] - 2}, ("excerpt",),
                              "target"),
    "a target beside a class": (lambda i: {"text": said(i), "target": PARTS[i], "rating": ("approved", "rejected")[i % 2]},
                                ("text",), "target"),
    "a label of filtered texts": (lambda i: {"text": said(i), "label": PARTS[i], "perplexity": 90 * PARTS[i + 9]},
                                  ("text",), "label"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize("shape", TARGETS)
def test_numbers_to_be_predicted_are_the_label(tmp_path: Path, shape: str, kind: str) -> None:
    make, text, label = TARGETS[shape]
    rows = [make(i) for i in range(60)]
    other = {**make(5), label: make(5)[label] + 0.5}
    dataset = of(tmp_path, [*rows, make(4), other], kind)
    assert (dataset.task, dataset.roles.text, dataset.roles.label) == ("classification", text, (label,))
    assert "numbers to be predicted" in dataset.explain()
    assert target_kind(dataset, "auto") == "number"
    found = detect(dataset, Recipe.parse({"schema_version": 1, "run": {"stages": ["exact_duplicates"]}}))
    kept = set(map(int, apply(dataset, found.resolve()).rows))
    assert sorted(set(range(62)) - kept) in ([4], [60])  # the copy; another number for the same text stays
    assert "conflicting_label" in found.findings["rule"].to_pylist()


NONE: dict[str, Callable[[int], Row]] = {
    "crawled pages": lambda i: {"text": said(i), "language_score": PARTS[i], "score": 5 * PARTS[i + 9], "token_count": i},
    "pages filtered for harm": lambda i: {"text": said(i), "perplexity": 900 * PARTS[i], "toxicity": PARTS[i + 9]},
    "prices": lambda i: {"description": said(i), "price": 90 * PARTS[i], "weight_kg": PARTS[i + 9]},
    "means of stars": lambda i: {"description": said(i), "average_rating": 5 * PARTS[i], "rating": 5 * PARTS[i + 9]},
    "lengths and times": lambda i: {"text": said(i), "duration": 60 * PARTS[i], "timestamp": 1.6e9 + PARTS[i]},
    "ids": lambda i: {"text": said(i), "target_id": i * 1.5, "label_id": i + 0.25},
    "a score of one text": lambda i: {"text": said(i), "score": PARTS[i]},
    "whole numbers": lambda i: {"text": said(i), "target": i * 11.0},
    "numbers in a table": lambda i: {"age": i, "target": PARTS[i]},
    "places": lambda i: {"text": said(i), "lat": 90 * PARTS[i], "lon": 90 * PARTS[i + 9]},
}


@pytest.mark.parametrize("shape", NONE)
def test_other_numbers_are_no_label(tmp_path: Path, shape: str) -> None:
    dataset = of(tmp_path, [NONE[shape](i) for i in range(60)])
    assert (dataset.task, dataset.roles.label) == ("text", ())


def test_a_scale_is_no_measurement() -> None:
    def column(values: list[Any]) -> Column:
        return settle([piece(values)])

    assert measures(column([0, 0.25, *(k / 7 for k in range(30))]))  # mixed with whole numbers, so kept as JSON
    assert measures(column([f"{k / 7:.3f}".replace(".", ",") for k in range(30)]))
    for values in ([k / 2 for k in range(21)] * 3, [float(k) for k in range(60)], list(range(60)), ["1.5", "x"] * 30,
                   [f"1.{k}.0" for k in range(40)], [None] * 9, [True, False]):  # fmt: skip
        assert not measures(column(values))
    assert not measures(Column(pa.array([float("nan"), float("inf")] * 30)))


def test_numbers_are_not_trained_as_classes(tmp_path: Path) -> None:
    examples = from_dataset(of(tmp_path, [TARGETS["shares of readers"][0](i) for i in range(60)]))
    assert (examples.task, examples.labels, len(examples.texts)) == ("text", (), 60)
    assert "numbers, which are no classes" in examples.notes[0]
