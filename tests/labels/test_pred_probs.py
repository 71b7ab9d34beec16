"""Probabilities of the user's own model: read in every form, refused where they do not fit, better where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from curate.dataset import Dataset, load
from curate.errors import DataError
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.stages.base import Context, Detection
from curate.stages.label_issues import STAGE

N, K, WRONG = 400, 4, 30


def world(tmp_path: Path) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """Texts that say nothing of their class, so that only the user's model can know; data, its view, true classes."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, K, N)
    given = np.where(np.arange(N) < WRONG, (true + 1) % K, true)
    rows = [{"text": " ".join(f"word{j}" for j in rng.integers(0, 90, 9)), "label": f"class {c}"} for c in given.tolist()]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    p = np.full((N, K), 0.04)
    p[np.arange(N), true] = 0.88
    return load(path, roles={"text": "text", "label": "label"}, task="classification"), p.astype(np.float32), true


def run(data: Dataset, path: Path) -> Detection:
    return STAGE.detect(data, STAGE.config(pred_probs=str(path)), Context(seed=0, threads=2))


def flagged(found: Detection) -> dict[int, str]:
    rows = found.findings.filter(pa.compute.equal(found.findings["rule"].cast(pa.string()), "likely_wrong")).to_pylist()
    return {r["row"]: r["replacement"] for r in rows}


@pytest.mark.parametrize("form", ["npy", "parquet", "csv"])
def test_a_model_of_the_users_own_finds_what_the_text_does_not_say(tmp_path: Path, form: str) -> None:
    data, p, true = world(tmp_path)
    path = tmp_path / f"probs.{form}"
    shuffled = pa.table({"id": list(range(N)), **{f"class {c}": p[:, c] for c in (2, 0, 3, 1)}})
    if form == "npy":
        np.save(path, p)
    elif form == "parquet":
        pq.write_table(shuffled, path)
    else:
        pc_csv.write_csv(shuffled, path)
    found = run(data, path)
    assert flagged(found) == {row: f"class {true[row]}" for row in range(WRONG)}
    assert found.summary["predictions"] == "given"
    assert not set(flagged(STAGE.detect(data, STAGE.config(), Context(seed=0, threads=2)))) & set(range(WRONG))


def save(path: Path, values: Any) -> Path:
    np.save(path, values)
    return path


def test_what_does_not_fit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    data, p, _ = world(tmp_path)
    none, scores, few = p.copy(), p * 3, tmp_path / "few.parquet"
    none[7, 1] = np.nan
    pq.write_table(pa.table({f"class {c}": p[:, c] for c in range(3)}), few)
    empty, broken, twice = tmp_path / "empty.npy", tmp_path / "broken.npy", tmp_path / "twice.csv"
    empty.write_bytes(b"")
    broken.write_bytes(b"\x93NUMPY\x01\x00\x06\x00{'desc")
    twice.write_text("class 0,class 0,class 1,class 2,class 3\n" + "0.2,0.2,0.2,0.2,0.2\n" * N)
    words = tmp_path / "words.csv"
    words.write_text("class 0,class 1,class 2,class 3\n" + "a,b,c,d\n" * N)
    for path, said in (
        (tmp_path / "missing.npy", "cannot be read|no such file"),
        (save(tmp_path / "rows.npy", p[:-1]), "399 rows"),
        (save(tmp_path / "columns.npy", p[:, :3]), "3 columns"),
        (save(tmp_path / "none.npy", none), "row 7"),
        (save(tmp_path / "scores.npy", scores), "softmax"),
        (save(tmp_path / "flat.npy", p[:, 0]), "one table"),
        (few, "class 3"),
        (words, "no number"),
        (empty, "not a NumPy file"),
        (broken, "not a NumPy file"),
        (twice, "two columns"),
    ):
        with pytest.raises(DataError, match=said):
            run(data, path)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    data, _, _ = world(tmp_path)
    path = tmp_path / "evil.npy"
    np.save(path, np.array([{"a": 1}] * N, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="not a NumPy file"):
        run(data, path)


def test_another_file_of_the_same_name_is_another_result(tmp_path: Path) -> None:
    data, p, _ = world(tmp_path)
    path = save(tmp_path / "p.npy", p)
    recipe = Recipe.parse({"run": {"stages": ["label_issues"]}, "stages": {"label_issues": {"pred_probs": str(path)}}})
    one = detect(data, recipe).outcomes["label_issues"].key
    assert detect(data, recipe).outcomes["label_issues"].key == one
    save(path, np.roll(p, 1, axis=0))
    assert detect(data, recipe).outcomes["label_issues"].key != one
