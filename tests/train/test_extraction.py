"""Gold spans: read in the shapes that people keep them in, turned into tags and back, learned and measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset import load
from curate.errors import ConfigError, DataError
from train.adapters import load_adapter
from train.config import TrainConfig
from train.examples import Examples, Span, from_dataset
from train.extraction import predicted_spans, span_metrics
from train.lora import train_adapter
from train.spans import spans_of_tags, tag_names, tags_of_tokens


def written(tmp_path: Path, rows: list[dict[str, Any]]) -> Any:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path, task="text")


def test_spans_are_read_as_objects_under_the_names_that_people_use(tmp_path: Path) -> None:
    rows = [
        {"text": "my visa card", "spans": [{"start": 3, "end": 7, "label": "KIND"}]},
        {"text": "pay back", "spans": [{"start_position": 0, "end_position": 3, "entity_type": "ACT", "text": "pay"}]},
        {"text": "nothing here", "spans": []},
        {"text": "moved text", "spans": [{"start": 0, "end": 5, "label": "ACT", "text": "other"}]},
        {"text": "short", "spans": [{"start": 0, "end": 99, "label": "ACT"}]},
    ]
    found = from_dataset(written(tmp_path, rows), spans_column="spans")
    assert found.task == "extraction"
    assert list(found.ids) == [0, 1, 2]
    assert found.spans == (((3, 7, "KIND"),), ((0, 3, "ACT"),), ())
    assert any("2 rows have spans that do not fit" in note for note in found.notes)


def test_tags_beside_tokens_become_spans_of_the_joined_text(tmp_path: Path) -> None:
    rows = [
        {"text": "x", "tokens": ["Ann", "Lee", "met", "Bo"], "tags": ["B-PER", "I-PER", "O", "B-PER"]},
        {"text": "y", "tokens": ["no", "one"], "tags": ["O", "O"]},
    ]
    found = from_dataset(written(tmp_path, rows), spans_column="tags")
    assert found.texts == ("Ann Lee met Bo", "no one")
    assert found.spans == (((0, 7, "PER"), (12, 14, "PER")), ())


def test_a_column_that_is_not_there_or_holds_no_span_is_explained(tmp_path: Path) -> None:
    data = written(tmp_path, [{"text": "some text", "spans": []}])
    with pytest.raises(ConfigError, match="did you mean 'spans'"):
        from_dataset(data, spans_column="span")
    with pytest.raises(DataError, match="no row has a usable span"):
        from_dataset(data, spans_column="spans")


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([None, "A", "B"])), min_size=1, max_size=12))
def test_tags_say_the_spans_that_they_were_made_from(parts: list[tuple[int, str | None]]) -> None:
    offsets, spans, at = [], list[Span](), 0
    for words, label in parts:  # each span covers whole tokens, with a token of none between
        begin = at
        for _ in range(words):
            offsets.append((at, at + 2))
            at += 3
        if label:
            spans.append((begin, at - 1, label))
        offsets.append((at, at + 2))
        at += 3
    names = tag_names([[(0, 1, "A"), (0, 1, "B")]])
    column = {name: i for i, name in enumerate(names)}
    tags = tags_of_tokens(np.array(offsets), spans, column)
    assert spans_of_tags([names[t] for t in tags], offsets) == spans


def test_the_measure_counts_exact_spans() -> None:
    gold = [[(0, 3, "A"), (5, 9, "B")], []]
    found = [[(0, 3, "A"), (5, 8, "B")], [(0, 1, "A")]]
    measured = span_metrics(gold, found)
    assert measured["span_precision"] == pytest.approx(1 / 3)
    assert measured["span_recall"] == pytest.approx(1 / 2)
    assert measured["by_label"]["B"]["f1"] == 0.0


def test_a_model_learns_to_mark_spans_and_its_adapter_says_them(tmp_path: Path, quick: TrainConfig) -> None:
    rng = np.random.default_rng(0)
    filler = ["please", "help", "with", "my", "the", "today", "again"]

    def rows(n: int, first: int) -> Examples:
        texts, spans = [], []
        for _ in range(n):
            before = " ".join(rng.choice(filler, 2))
            kind, label = [("visa", "CARD"), ("password", "KEY")][int(rng.integers(2))]
            texts.append(f"{before} {kind} {rng.choice(filler)}")
            spans.append(((len(before) + 1, len(before) + 1 + len(kind), label),))
        return Examples("extraction", np.arange(first, first + n), tuple(texts), spans=tuple(spans))

    known, held = rows(120, 0), rows(30, 500)
    run = train_adapter(known, quick.replace(steps=60, learning_rate=1e-2), tmp_path, evaluation=held)
    assert run.done["labels"] == ["O", "B-CARD", "I-CARD", "B-KEY", "I-KEY"]
    loaded = load_adapter(tmp_path)
    assert loaded.labels is not None
    found = predicted_spans(loaded.objective, loaded.bench, held.texts, loaded.labels)
    assert span_metrics(held.spans, found)["span_f1"] > 0.8
