"""Extraction is ablated like the other tasks: gold spans follow the edits, rows are scored by their spans."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import workflow
from curate.arms import control_rows, training_sides
from curate.arms.evaluation import held_out, together
from curate.ledger.apply import apply
from curate.pipeline import detect
from curate.recipe import Recipe
from tests.conftest import examples
from train.ablation import Arm, run_ablation
from train.baseline import evaluate_base
from train.config import TrainConfig
from train.examples import Examples, Span
from train.extraction import score_spans
from train.spans import moved

FILLER = ["please", "help", "with", "my", "the", "today", "again"]
NAMES = {"visa": "CARD", "amex": "CARD", "password": "KEY", "token": "KEY"}


def requests(n: int, first: int, seed: int = 0) -> Examples:
    """One thing a row, and its kind; each fifth row holds none."""
    rng = np.random.default_rng([seed, first])
    texts: list[str] = []
    spans: list[tuple[Span, ...]] = []
    for i in range(n):
        before = " ".join(rng.choice(FILLER, 2))
        name = str(rng.choice(list(NAMES)))
        if i % 5 == 4:
            texts.append(f"{before} {rng.choice(FILLER)}")
            spans.append(())
            continue
        texts.append(f"{before} {name} {rng.choice(FILLER)}")
        spans.append(((len(before) + 1, len(before) + 1 + len(name), NAMES[name]),))
    return Examples("extraction", np.arange(first, first + n), tuple(texts), spans=tuple(spans))


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.sampled_from("kea"), st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_a_span_keeps_its_words_however_the_text_around_it_is_edited(parts: list[tuple[str, int, int]]) -> None:
    before = after = ""
    gold: list[Span] = []
    edits: list[tuple[int, int, int]] = []
    wanted: list[Span] = []
    for number, (kind, length, new) in enumerate(parts):
        piece = chr(ord("A") + number) * length
        stands = chr(ord("a") + number) * new if kind == "e" else piece
        if kind == "e":
            edits.append((len(before), len(before) + length, new))
        elif kind == "a":  # a name that is replaced as a whole keeps its label
            stands = "[NAME]"
            edits.append((len(before), len(before) + length, 6))
        if kind != "e":
            gold.append((len(before), len(before) + length, kind))
            wanted.append((len(after), len(after) + len(stands), kind))
        before, after = before + piece, after + stands
    assert moved(gold, edits) == tuple(wanted)


def test_an_end_inside_of_an_edit_goes_to_the_end_of_what_stands_there_and_nothing_is_no_span() -> None:
    # "Mr Jo|hn Smith| today": the edit takes "John Smith", the span "Mr John".
    assert moved([(0, 7, "P")], [(3, 13, 3)]) == ((0, 6, "P"),)
    assert moved([(3, 13, "P"), (14, 19, "D")], [(3, 13, 0)]) == ((4, 9, "D"),)
    assert moved([(0, 4, "P")], [(4, 8, 1)]) == ((0, 4, "P"),)
    assert moved([(4, 6, "P")], [(0, 4, 9)]) == ((9, 11, "P"),)


def test_rows_are_scored_by_their_spans_and_resume_as_they_were(tmp_path: Path, quick: TrainConfig) -> None:
    known, held = requests(60, 0), requests(25, 500)
    base = evaluate_base(known, held, quick, tmp_path, labels=["O", "B-CARD", "I-CARD", "B-KEY", "I-KEY"])
    assert base.scores is not None
    assert base.scores.spans_right is not None
    assert base.scores.spans_found is not None
    assert base.scores.spans_gold is not None
    both = base.scores.spans_found + base.scores.spans_gold
    nothing = both == 0
    assert base.scores.spans_gold.sum() == 20
    np.testing.assert_allclose(base.scores.score[~nothing], 2 * base.scores.spans_right[~nothing] / both[~nothing])
    assert set(base.scores.score[nothing]) <= {1.0}
    assert np.isfinite(base.scores.nll).all()
    told = base.done["evaluation"]
    assert told["row_span_f1"] == pytest.approx(base.scores.mean())
    assert told["span_f1"] == pytest.approx(2 * base.scores.spans_right.sum() / both.sum())
    low, high = told["intervals"]["span_f1"]
    assert low <= told["span_f1"] <= high
    again = evaluate_base(known, held, quick, tmp_path, labels=["O", "B-CARD", "I-CARD", "B-KEY", "I-KEY"])
    assert again.resumed
    assert again.scores is not None
    np.testing.assert_array_equal(again.scores.score, base.scores.score)
    np.testing.assert_array_equal(again.scores.spans_found, base.scores.spans_found)


def test_wrong_spans_are_told_from_random_rows(tmp_path: Path, quick: TrainConfig) -> None:
    clean, held = requests(160, 0), requests(60, 900)
    wrong = {i for i in range(160) if i % 4}  # three rows of four mark their first word, whatever it is
    first = [((0, text.index(" "), "KEY"),) for text in clean.texts]
    spans = tuple(first[i] if i in wrong else row for i, row in enumerate(clean.spans))
    raw = Examples("extraction", clean.ids, clean.texts, spans=spans)
    cured = raw.take([i for i in range(160) if i not in wrong])
    arms = [
        Arm("base", "Base", raw.take(np.arange(40)), method="base"),
        Arm("raw", "Raw", raw),
        Arm("curated", "Curated", cured),
        Arm("random_control", "Random", partial(control_rows, raw, cured.ids)),
    ]
    config = quick.replace(steps=40, learning_rate=1e-2, threads=1)
    result = run_ablation(arms, held, config, (0, 1, 2), tmp_path)
    assert (result.task, result.metric) == ("extraction", "row_span_f1")
    against = result.comparison("curated", "raw")
    assert against is not None
    assert against.delta > 0.3
    assert against.verdict == "helped"
    control = result.comparison("curated", "random_control")
    assert control is not None
    assert control.delta > 0
    assert "Span F1 by row with curated data is" in result.words
    assert "points higher" in result.words
    curated = result.arm("curated")
    assert curated is not None
    assert {"span_f1", "span_precision", "loss"} <= set(curated.runs[0]["metrics"])
    base = result.arm("base")
    assert base is not None
    assert "token states" in base.description
    assert result.yardstick == {}


def test_gold_spans_follow_what_scrubbing_does_to_their_text(tmp_path: Path) -> None:
    rows = []
    for i in range(40):
        name = f"anna{i}@example.org"
        text = f"please write to {name} about visa {i}"
        at = text.index("visa")
        spans = [
            {"start": text.index(name), "end": text.index(name) + len(name), "label": "MAIL", "text": name},
            {"start": at, "end": at + 4, "label": "CARD", "text": "visa"},
        ]
        rows.append({"text": text, "spans": spans, "split": "test" if i >= 30 else "train"})
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = Recipe.parse({
        "data": {"input": str(path), "roles": {"text": "text", "split": "split"}, "task": "text"},
        "run": {"stages": ["pii"]}, "train": {"spans_column": "spans"},
    })  # fmt: skip
    detected = detect(workflow.read_input(recipe), recipe)
    curated = apply(detected.dataset, detected.resolve())
    group = together(detected)
    raw, cured, evaluation, _ = training_sides(detected, curated, held_out(detected, group), group)
    assert raw.task == cured.task == evaluation.task == "extraction"
    assert len(cured) == len(raw) == 30
    for text, gold in zip(cured.texts, cured.spans, strict=True):
        said = {label: text[start:end] for start, end, label in gold}
        assert said["CARD"] == "visa"
        assert "@" not in text
        assert said["MAIL"].startswith("[")
        assert said["MAIL"].endswith("]")


def test_scores_of_spans_need_no_labels_of_rows(quick: TrainConfig) -> None:
    from train.adapt import adapted_model, open_workbench

    bench = open_workbench(quick)
    tags = ["O", "B-CARD", "I-CARD", "B-KEY", "I-KEY"]
    bench.encoder.tag_names = tags
    held = requests(10, 0)
    found = score_spans(adapted_model(quick, bench, tags, "extraction"), bench, held, tags)
    assert len(found.rows) == 10
    assert ((found.score >= 0) & (found.score <= 1)).all()
