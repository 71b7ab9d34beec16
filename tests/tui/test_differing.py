"""The rows behind a verdict: where two arms differ, what each says, and what the data says itself."""

from __future__ import annotations

import math
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tests.tui.conftest import Drive
from tests.tui.test_training import RESULT
from tui.batch import BatchScreen
from tui.differing import answers, heading, line, rows_that_differ

VARIANTS = 1 << 40
"""Copies of held-out rows with their personal data replaced are numbered from here (`curate.arms.evaluation`)."""


def scored(folder: Path, arm: str, by_seed: dict[str, list[float]], predictions: list[str], held: list[int]) -> None:
    for seed, scores in by_seed.items():
        (folder / arm / seed).mkdir(parents=True)
        table = {"row": held, "score": scores, "prediction": predictions}
        pq.write_table(pa.table(table), folder / arm / seed / "eval.parquet")


def test_rows_that_differ_between_arms_come_with_the_largest_difference_first(tmp_path: Path) -> None:
    scored(tmp_path, "curated", {"0": [1.0, 1.0, 0.0], "1": [1.0, 1.0, 1.0]}, ["a", "x", "y"], [4, 5, 6])
    scored(tmp_path, "raw", {"0": [1.0, 0.0, 1.0], "1": [1.0, 0.0, 1.0]}, ["a", "b", "c"], [4, 5, 6])
    found = rows_that_differ(tmp_path, "curated", "raw", 7)
    assert [(d.row, d.gain, d.beside()) for d in found] == [(5, 1.0, ("x", "b")), (6, -0.5, ("y", "c"))]
    assert answers(found[0], ("curated", "raw"), str) == [
        "curated says x with 2 of 2 seeds",
        "raw says b with 2 of 2 seeds",
    ]
    assert line(found[0], "x", str) == "+1.00  x: x / b"
    assert line(found[1], None, str) == "−0.50  y / c"
    assert rows_that_differ(tmp_path, "curated", "nobody", 7) == []


def test_pairs_of_answers_differ_by_their_rank_where_that_is_what_arms_are_judged_by(tmp_path: Path) -> None:
    arms = {"curated": ([3.0, 2.0, 1.0], [1.0, 0.0, math.nan]), "raw": ([1.0, 2.0, 1.0], [0.0, 0.0, 1.0])}
    for arm, (nats, ranked) in arms.items():
        table = {"row": [0, 1, 2], "score": nats, "weight": [5.0] * 3, "prediction": pa.nulls(3, pa.string())}
        folder = tmp_path / arm / "0"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({**table, "above_rejected": ranked}), folder / "eval.parquet")
    assert [(d.row, d.gain) for d in rows_that_differ(tmp_path, "curated", "raw", 3, "above_rejected")] == [(0, 1.0)]
    assert [(d.row, d.gain) for d in rows_that_differ(tmp_path, "curated", "raw", 3, "nats_per_token")] == [(0, -2.0)]


async def test_rows_on_which_arms_differ_stand_with_their_own_label_and_what_each_arm_says(run: Path, drive: Drive) -> None:
    """A copy made to be scored has no line of its own, and takes none of its words to another row's."""
    held = [VARIANTS + 1, 3, 4, 5]
    long = "a class whose name goes on and on " * 20
    scored(run / "train", "curated", {"0": [1.0, 1.0, 1.0, 0.0]}, ["of the copy", "one", "two", "same"], held)
    scored(run / "train", "raw", {"0": [0.0, 0.0, 0.0, 0.0]}, ["of the copy too", "three", long, "same"], held)
    async with drive(run, size=(80, 24)) as d:
        screen = await d.panel("ablation")
        (run / "ablation.json").write_bytes(orjson.dumps({**RESULT, "plan_hash": screen.session.plan_hash()}))
        await d.sees("HELPED")
        await d.press("d")
        batch = await d.on(BatchScreen)
        await d.sees("curated against raw: 2 rows", "+ curated is better, on 2 of them; − raw is, on 0.")
        labels = screen.session.dataset.labels().to_pylist()
        await d.sees(f"+1.00  {labels[3]}: one / three", f"+1.00  {labels[4]}: two / a class whose name")
        await d.sees(f"label in the data: {labels[3]}", "curated says one with 1 of 1 seed", "raw says three")
        assert "of the copy" not in d.words()
        assert all(len(note.line) < 200 for note in batch.notes.values())
        await d.press("down")
        await d.sees("row 4, ", f"label in the data: {labels[4]}", "curated says two with 1 of 1 seed")


def test_writers_differ_by_nats_a_token_and_less_is_better(tmp_path: Path) -> None:
    for arm, nats in (("curated", [2.0, 3.0]), ("raw", [2.5, 2.875])):
        (tmp_path / arm / "0").mkdir(parents=True)
        table = {"row": [1, 2], "score": nats, "weight": [10.0, 10.0], "prediction": pa.nulls(2, pa.string())}
        pq.write_table(pa.table(table), tmp_path / arm / "0" / "eval.parquet")
    found = rows_that_differ(tmp_path, "curated", "raw", 3)
    assert [line(d, None, str) for d in found] == ["+0.500", "−0.125"]
    assert answers(found[0], ("curated", "raw"), str) == []
    said = heading(found, ("curated", "raw"), "nats_per_token")
    assert "in nats a token" in said
    assert "label" not in said
