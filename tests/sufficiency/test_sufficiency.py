"""Is there enough data: counts, the learning curve and what it promises, the stage and its place in the report."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.sufficiency import _curve, learning_curve, power_law, sizes_of
from curate import workflow
from curate.dataset import load
from curate.errors import ConfigError
from curate.pipeline import detect
from curate.recipe import Recipe

TOPICS = ("refund money back order", "password login reset account", "parcel delivery late courier",
          "invoice fee charge card")  # fmt: skip


def texts(n: int, noise: float, seed: int = 0) -> tuple[pa.Array, np.ndarray]:
    """Rows of four topics; a share of the words comes from any topic and many fillers."""
    rng = np.random.default_rng(seed)
    words = [topic.split() for topic in TOPICS]
    fillers = [f"filler{k}" for k in range(400)]
    labels = rng.integers(0, 4, n)
    rows = []
    for label in labels.tolist():
        row = [fillers[k] for k in rng.integers(0, 400, 12)]
        for _ in range(3):
            topic = label if rng.random() > noise else int(rng.integers(0, 4))
            row.append(words[topic][int(rng.integers(0, 4))] + str(rng.integers(0, 12)))
        rows.append(" ".join(row))
    return pa.array(rows, pa.large_string()), labels.astype(np.int64)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=40))
def test_sizes_are_those_of_plain_counting(rows: list[tuple[int, int]]) -> None:
    names = ["a", "b", "c", "d"]
    sizes = sizes_of(np.array([r[0] for r in rows]), names, np.array([r[1] for r in rows]))
    count, distinct = Counter(names[c] for c, _ in rows), Counter(names[c] for c, _ in set(rows))
    assert {c.label: (c.rows, c.distinct) for c in sizes.classes} == {k: (count[k], distinct[k]) for k in count}
    assert [c.distinct for c in sizes.classes] == sorted(distinct.values())
    assert sizes.distinct == len({g for _, g in rows})
    assert sizes.imbalance == pytest.approx(max(distinct.values()) / min(distinct.values()), abs=0.01)
    assert 1 <= sizes.effective_classes <= len(count) + 0.01


def test_equal_classes_are_as_varied_as_they_are_many() -> None:
    sizes = sizes_of(np.repeat(np.arange(5), 10), list("abcde"), np.arange(50))
    assert (sizes.effective_classes, sizes.imbalance) == (5.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 0.3), st.floats(0.01, 0.6), st.sampled_from([0.1, 0.25, 0.5, 1.0]))
def test_a_power_law_without_noise_is_continued_exactly(a: float, b: float, c: float) -> None:
    size = np.array([1, 2, 4, 8, 16]) * 100.0
    error = a + b * (size / 1600) ** -c
    at = power_law(size, error[None], np.full(5, 0.01), 3200, asymptote=True)[0]
    assert at == pytest.approx(a + b * 2**-c, abs=2e-3)


def test_more_rows_never_promise_a_loss() -> None:
    size = np.array([100.0, 200, 400, 800])
    rising = np.array([[0.1, 0.12, 0.15, 0.2]])
    for asymptote in (True, False):
        at = power_law(size, rising, np.full(4, 0.01), 1600, asymptote=asymptote)[0]
        assert at <= rising.mean() + 1e-9


def test_intervals_of_the_doubling_hold_the_truth_about_as_often_as_they_say() -> None:
    """Rows with a difficulty of their own are right where the curve is above it; the truth is known."""
    size = np.array([250.0, 500, 1000, 2000, 4000])
    held = 0
    runs = 80
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        a, b, c = rng.uniform(0, 0.15), rng.uniform(0.1, 0.4), rng.uniform(0.2, 0.9)

        def accuracy(n: Any, a: float = a, b: float = b, c: float = c) -> Any:
            return 1 - (a + b * (n / 1000) ** -c)

        # Half of what makes a row hard is the row, half is luck of the training set.
        own = rng.random(5000)
        right = np.stack([np.where(rng.random(5000) < 0.5, own, rng.random(5000)) < accuracy(n) for n in size])
        curve = _curve(size, right, np.arange(5000), seed)
        assert curve.doubled is not None
        held += curve.doubled.low <= accuracy(8000) <= curve.doubled.high
    assert held >= 0.9 * runs


def test_the_curve_rises_is_the_same_at_any_number_of_threads_and_foresees_its_own_end() -> None:
    column, codes = texts(4000, 0.5)
    one, two = (learning_curve(column, codes, np.arange(4000), 4, seed=3, threads=t) for t in (1, 2))
    assert one == two
    accuracy = [p.accuracy for p in one.points]
    assert [p.rows for p in one.points] == [100, 200, 400, 800, 1600, 3200]
    assert accuracy[-1] > accuracy[0] + 0.1
    assert one.doubled is not None
    assert one.backtest is not None
    assert one.doubled.rows == 6400
    assert one.backtest.low - 0.02 <= accuracy[-1] <= one.backtest.high + 0.02
    more, labels = texts(8000, 0.5, seed=9)
    measured = learning_curve(more, labels, np.arange(8000), 4, seed=3, threads=2).points[-1]
    assert one.doubled.low - 0.02 <= measured.accuracy <= one.doubled.high + 0.02


def test_copies_of_a_row_never_stand_on_both_sides() -> None:
    """Random labels, every row eight times: whoever saw a copy would be right, nobody else."""
    rng = np.random.default_rng(0)
    rows = [" ".join(f"word{k}" for k in rng.integers(0, 2000, 12)) for _ in range(400)]
    codes = np.tile(rng.integers(0, 2, 400), 8).astype(np.int64)
    curve = learning_curve(pa.array(rows * 8, pa.large_string()), codes, np.tile(np.arange(400), 8), 2)
    assert curve.points
    assert curve.points[-1].accuracy < 0.62


def test_too_few_rows_are_insufficient_evidence_not_a_flat_curve() -> None:
    column, codes = texts(300, 0.2)
    curve = learning_curve(column, codes, np.arange(300), 4)
    assert (curve.points, curve.doubled, curve.gain) == ((), None, None)
    assert "480" in curve.why_missing


def test_few_clusters_are_too_few_however_many_rows() -> None:
    codes = np.arange(3000) % 2
    curve = learning_curve(pa.array([f"word{k % 25} and more" for k in range(3000)], pa.large_string()), codes,
                           np.arange(3000) % 25, 2)  # fmt: skip
    assert curve.points == ()
    assert "25 of them distinct" in curve.why_missing


def write(tmp_path: Path, n: int = 900) -> Path:
    column, codes = texts(n, 0.2)
    path = tmp_path / "rows.jsonl"
    labels = ["refund", "login", "parcel", "call jane@private-mail.org <b>"]
    rows = zip(column.to_pylist(), codes.tolist(), strict=True)
    path.write_text("".join(json.dumps({"text": t, "label": labels[c]}) + "\n" for t, c in rows))
    return path


def test_the_stage_flags_the_dataset_and_changes_nothing(tmp_path: Path) -> None:
    data = load(write(tmp_path), roles={"text": "text", "label": "label"}, task="classification")
    found = detect(data, Recipe.parse({"run": {"stages": ["near_duplicates", "sufficiency"]}}))
    mine = found.outcomes["sufficiency"].detection
    assert mine.findings["rule"].to_pylist() == ["few_rows_in_class"]
    assert mine.findings["row"].to_pylist() == [None]
    assert mine.findings["action"].to_pylist() == ["flag"]
    assert mine.summary["classes_below"] == 4
    assert mine.summary["curve"]["doubled"]["rows"] == 1440
    assert found.resolve().kept_rows.tolist() == list(range(900))
    assert "jane@" not in json.dumps(mine.findings.to_pylist(), default=str) + json.dumps(mine.summary)


def test_settings_move_the_flags(tmp_path: Path) -> None:
    data = load(write(tmp_path), roles={"text": "text", "label": "label"}, task="classification")

    def recipe(**given: Any) -> Recipe:
        return Recipe.parse({"run": {"stages": ["sufficiency"]}, "stages": {"sufficiency": given}})

    found = detect(data, recipe(min_rows=10, max_imbalance=1.0, learning_curve=False))
    mine = found.outcomes["sufficiency"].detection
    assert mine.findings["rule"].to_pylist() == ["imbalanced"]
    assert mine.summary["curve"]["points"] == ()
    with pytest.raises(ConfigError, match="sufficiency"):
        detect(data, recipe(min_rows=0))


def test_rows_without_classes_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"say the number {k} in words", "completion": f"it is {k}"}) + "\n"
                            for k in range(40)))  # fmt: skip
    found = detect(load(path), Recipe.parse({"run": {"stages": ["sufficiency"]}}))
    mine = found.outcomes["sufficiency"].detection
    assert mine.findings["rule"].to_pylist() == ["few_rows"]
    assert "curve" not in mine.summary


def _judged(tmp_path: Path, labels: list[Any]) -> Any:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": f"some words {i} here", "label": label}) + "\n"
                            for i, label in enumerate(labels)))  # fmt: skip
    data = load(path, roles={"text": "text", "label": "label"}, task="classification")
    return detect(data, Recipe.parse({"run": {"stages": ["sufficiency"]}})).outcomes["sufficiency"].detection


@pytest.mark.parametrize(
    ("labels", "said"),
    [([i * 0.37 for i in range(60)], "numbers"), ([f"TCK-{i}" for i in range(60)], "id"), (list(range(60)), "id")],
)
def test_numbers_and_ids_are_not_counted_as_classes(tmp_path: Path, labels: list[Any], said: str) -> None:
    mine = _judged(tmp_path, labels)
    assert "classes" not in mine.summary
    assert said in mine.summary["curve"]["why_missing"]
    assert mine.findings["rule"].to_pylist() == ["few_rows"]


def test_each_label_of_a_set_is_counted_and_one_said_twice_counts_once(tmp_path: Path) -> None:
    mine = _judged(tmp_path, [["a"], ["a", "b"], [], None, ["b", "b"], ["a"]] * 10)
    assert {c["label"]: c["rows"] for c in mine.summary["smallest"]} == {"a": 30, "b": 20}
    assert mine.summary["imbalance"] == 1.5
    assert "sets of labels" in mine.summary["curve"]["why_missing"]


def test_sentences_write_large_numbers_out(tmp_path: Path) -> None:
    from audit.report.enough import enough_of

    mine = _judged(tmp_path, [f"class {i % 5000}" for i in range(10_000)])
    told = enough_of({"status": "done", "summary": mine.summary})
    assert told is not None
    assert "as varied as 5,000 equally large classes" in told.sentence


def test_the_report_says_it_in_every_form(tmp_path: Path) -> None:
    recipe = Recipe.parse({"data": {"input": str(write(tmp_path))}, "run": {"stages": ["near_duplicates", "sufficiency"]}})
    result = workflow.run(recipe, out=tmp_path / "run", train=False)
    assert result.report.enough is not None
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Is there enough data" in page
    assert "Learning curve" in page
    assert "jane@" not in page
    assert "<b>" not in page.partition("Smallest classes")[2].partition("</table>")[0]
    from audit.report import render_markdown

    assert "Twice the rows would bring a quick model" in render_markdown(result.report)
