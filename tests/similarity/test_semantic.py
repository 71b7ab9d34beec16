"""Nearest rows by vectors: exact beside numpy, hashed beside exact, and as a stage that marks and never changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import strings

from curate import workflow
from curate.dataset import Dataset, load
from curate.errors import ConfigError, DataError
from curate.recipe import Recipe
from curate.similarity.semantic import fitted_vectors, hash_layout, nearest_rows, unit_vectors
from curate.stages import semantic_duplicates
from curate.stages.base import Context, Detection
from curate.stages.vectors import read_vectors, write_vectors

Vectors = np.ndarray[Any, Any]


def by_definition(vectors: Vectors) -> list[tuple[int, float]]:
    """(best other row, cosine) of each row by float64 arithmetic; (-1, 0) without a vector or company."""
    out = []
    length = np.linalg.norm(vectors.astype(np.float64), axis=1)
    for i in range(len(vectors)):
        others = [j for j in range(len(vectors)) if j != i and length[i] > 0 and length[j] > 0]
        cosines = [float(vectors[i].astype(np.float64) @ vectors[j] / length[i] / length[j]) for j in others]
        out.append((others[int(np.argmax(cosines))], max(cosines)) if others else (-1, 0.0))
    return out


def planted(n: int, d: int, seed: int = 0, noise: float = 0.15) -> Vectors:
    """`n` random vectors, every second one close to the one before it."""
    rng = np.random.default_rng(seed)
    out = rng.standard_normal((n, d)).astype(np.float32)
    out[1::2] = out[::2] + noise * rng.standard_normal((n // 2, d)).astype(np.float32)
    return out


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(1, 6), st.integers(0, 10**6))
def test_nearest_rows_are_those_of_the_definition(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, d)).astype(np.float32)
    vectors[rng.random(n) < 0.2] = 0
    found = nearest_rows(vectors, 0.9)
    for i, (row, cosine) in enumerate(by_definition(vectors)):
        assert (found.row[i] < 0) == (row < 0)
        assert found.similarity[i] == pytest.approx(cosine, abs=1e-4)


def test_nearest_rows_do_not_depend_on_threads_whether_all_pairs_are_compared_or_not() -> None:
    vectors = planted(9000, 24)
    for exact_rows in (10_000, 100):
        one, four = (nearest_rows(vectors, 0.9, threads=t, exact_rows=exact_rows) for t in (1, 4))
        assert np.array_equal(one.row, four.row)
        assert np.array_equal(one.similarity, four.similarity)


def test_hashed_search_finds_the_pairs_it_promises() -> None:
    vectors = planted(20_000, 32, noise=0.3)
    every = nearest_rows(vectors, 0.95, threads=2)
    some = nearest_rows(vectors, 0.95, threads=2, exact_rows=10)
    assert every.tables == 0
    assert every.recall_at_threshold == 1.0
    assert some.tables > 1
    assert some.recall_at_threshold >= 0.99
    due = every.similarity >= 0.95
    assert due.sum() > 3000
    assert (some.similarity[due] >= 0.95).mean() >= 0.99
    assert (some.similarity <= every.similarity + 1e-4).all()


@pytest.mark.parametrize("rows", [100, 10_000, 10_000_000])
@pytest.mark.parametrize("threshold", [0.7, 0.95, 1.0])
def test_a_layout_reaches_its_recall_by_the_formula(rows: int, threshold: float) -> None:
    bits, tables, reached = hash_layout(rows, threshold, 0.99)
    same = 1 - np.arccos(threshold) / np.pi
    assert reached == pytest.approx(1 - (1 - same**bits) ** tables)
    assert reached >= 0.99
    assert tables <= 64


def test_a_bucket_of_many_equal_rows_is_not_compared_pair_by_pair() -> None:
    vectors = np.ones((30_000, 8), np.float32)
    found = nearest_rows(vectors, 0.9, exact_rows=10)
    assert (found.similarity == 1.0).all()
    assert found.crowded_rows >= 30_000
    assert (found.row != np.arange(30_000)).all()


def test_rows_without_a_vector_have_no_neighbours() -> None:
    vectors = np.array([[1, 0], [0, 0], [np.nan, 1], [1, np.inf], [2, 0]], np.float32)
    assert unit_vectors(vectors)[1].tolist() == [True, False, False, False, True]
    found = nearest_rows(vectors, 0.9)
    assert found.row.tolist() == [4, -1, -1, -1, 0]
    with pytest.raises(ValueError, match="table"):
        nearest_rows(np.ones(3), 0.9)


def test_fitted_vectors_put_rows_of_the_same_words_together_at_any_number_of_threads() -> None:
    rng = np.random.default_rng(1)
    topics = [[f"t{k}w{i}" for i in range(12)] for k in range(20)]
    texts = [" ".join(rng.choice(topics[i % 20], 9, replace=False)) for i in range(400)]
    one, four = (fitted_vectors(strings([*texts, "", "unheard"]), 20, 3, threads) for threads in (1, 4))
    assert np.array_equal(one, four)
    found = nearest_rows(one, 0.9)
    assert (found.row[:400] % 20 == np.arange(400) % 20).all()
    assert found.row[400:].tolist() == [-1, -1]


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""], ["a b c", "d e f"]])
def test_too_little_to_fit_gives_no_neighbours(texts: list[str]) -> None:
    assert (nearest_rows(fitted_vectors(strings(list(texts))), 0.9).row < 0).all()


# ---- the stage ------------------------------------------------------------------------------------------------------


def dataset(path: Path, n: int = 6, **columns: list[Any]) -> Dataset:
    rows = [{"text": f"row {i} says thing {i * 37}", **{k: v[i] for k, v in columns.items()}} for i in range(n)]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return load(path, task="classification" if "label" in columns else "text")


def detect(data: Dataset, hints: dict[str, Any] | None = None, **config: Any) -> Detection:
    settings_ = semantic_duplicates.SemanticDuplicatesConfig(**config)
    return semantic_duplicates.STAGE.detect(data, settings_, Context(threads=2, hints=hints or {}))


PAIRS = np.array([[1, 0, 0], [0.99, 0.02, 0], [0, 1, 0], [0, 0.98, 0.03], [0, 0, 1], [1, 1, 1]], np.float32)


def brief(found: Detection) -> list[tuple[int, str, int]]:
    columns = (found.findings[c].to_pylist() for c in ("row", "rule", "witness_row"))
    return sorted(zip(*columns, strict=True))


def test_given_vectors_mark_both_rows_of_a_pair_and_change_nothing(tmp_path: Path) -> None:
    data = dataset(tmp_path / "rows.jsonl")
    np.save(tmp_path / "v.npy", PAIRS)
    found = detect(data, vectors=str(tmp_path / "v.npy"))
    assert brief(found) == [(i, "similar_meaning", i ^ 1) for i in range(4)]
    assert set(found.findings["action"].to_pylist()) == {"flag"}
    assert json.loads(found.findings["evidence"][0].as_py()) == {"cosine": 0.9998}
    assert found.scores is not None
    assert found.scores["row"].to_pylist() == list(range(6))
    assert not any(c.isdigit() for reason in found.findings["reason"].to_pylist() for c in reason)


def test_rows_of_other_splits_and_labels_are_told_apart(tmp_path: Path) -> None:
    split = ["train", "test", "train", "train", "train", "train"]
    data = dataset(tmp_path / "rows.jsonl", label=list("aaabcc"), split=split)
    np.save(tmp_path / "v.npy", PAIRS)
    assert brief(detect(data, vectors=str(tmp_path / "v.npy"))) == [
        (0, "similar_across_splits", 1),
        (1, "similar_meaning", 0),
        (2, "similar_other_label", 3),
        (3, "similar_other_label", 2),
    ]


def test_near_duplicates_of_another_stage_are_not_told_twice(tmp_path: Path) -> None:
    data = dataset(tmp_path / "rows.jsonl")
    np.save(tmp_path / "v.npy", PAIRS)
    hints = {"near_duplicates.cluster": np.array([0, 0, 2, 3, 4, 5])}
    assert brief(detect(data, hints, vectors=str(tmp_path / "v.npy"))) == [(i, "similar_meaning", i ^ 1) for i in (2, 3)]


def test_vectors_by_row_id_follow_their_rows_and_a_column_serves_as_well(tmp_path: Path) -> None:
    data = dataset(tmp_path / "rows.jsonl", embedding=PAIRS.tolist())
    turned = data.select(np.arange(6)[::-1])
    write_vectors(str(tmp_path / "v.parquet"), turned, PAIRS[::-1])
    assert np.array_equal(read_vectors(data, str(tmp_path / "v.parquet")), PAIRS)
    assert np.allclose(read_vectors(data, "embedding"), PAIRS)
    more = data.select(np.arange(3))
    assert np.array_equal(read_vectors(more, str(tmp_path / "v.parquet")), PAIRS[:3])
    write_vectors(str(tmp_path / "w.parquet"), more, PAIRS[:3])
    with pytest.raises(DataError, match="no vector for 3 of 6 rows"):
        read_vectors(data, str(tmp_path / "w.parquet"))


def test_what_is_no_file_of_vectors_is_said_plainly(tmp_path: Path) -> None:
    data = dataset(tmp_path / "rows.jsonl", ragged=[[1, 2], [1], None, [1, 2], [1, 2], [1, 2]])
    np.save(tmp_path / "short.npy", PAIRS[:4])
    np.save(tmp_path / "flat.npy", PAIRS[0])
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no numbers here")
    (tmp_path / "text.parquet").write_text("no table here")
    pq.write_table(pa.table({"other": [1]}), tmp_path / "other.parquet")
    pq.write_table(pa.table({"vector": ["a"] * 6}), tmp_path / "words.parquet")
    for name, words in (
        ("short.npy", "line up"),
        ("flat.npy", "one table"),
        ("objects.npy", "not a NumPy file"),
        ("text.npy", "not a NumPy file"),
        ("text.parquet", "not a Parquet file"),
        ("other.parquet", "no column `vector`"),
        ("words.parquet", "lists of numbers"),
    ):
        with pytest.raises(DataError, match=words):
            read_vectors(data, str(tmp_path / name))
    with pytest.raises(DataError, match="row 1"):
        read_vectors(data, "ragged")
    with pytest.raises(ConfigError, match="neither"):
        read_vectors(data, "nothing")
    with pytest.raises(DataError, match="lists of numbers"):
        read_vectors(data, "text")
    with pytest.raises(DataError, match="cannot be read"):
        semantic_duplicates.STAGE.depends_on(semantic_duplicates.SemanticDuplicatesConfig(vectors="gone.npy"))


def test_a_run_with_new_vectors_is_computed_anew_and_keeps_every_row(tmp_path: Path) -> None:
    source, vectors = tmp_path / "rows.jsonl", tmp_path / "v.npy"
    dataset(source)
    np.save(vectors, PAIRS)
    raw = {"run": {"stages": ["semantic_duplicates"]}, "stages": {"semantic_duplicates": {"vectors": str(vectors)}}}
    recipe = Recipe.parse(raw).with_(input=str(source), task="text")
    counts = []
    for change in (PAIRS, PAIRS, np.eye(6, dtype=np.float32)):
        np.save(vectors, change)
        seen: list[str] = []
        result = workflow.run(recipe, out=tmp_path / "run", train=False, listener=lambda e, seen=seen: seen.append(e.kind))
        counts.append((result.detected.findings.num_rows, "cached" in seen))
        assert (tmp_path / "run" / "curated.jsonl").read_bytes() == source.read_bytes()
    assert counts == [(4, False), (4, True), (0, False)]


def test_without_vectors_they_are_fitted_on_the_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    words = [[f"t{k}w{i}" for i in range(10)] for k in range(12)]
    texts = [" ".join(rng.permutation(words[i % 12])) for i in range(48)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    found = detect(load(tmp_path / "rows.jsonl"), dimensions=12, threshold=0.9)
    assert found.findings.num_rows == 48
    assert found.summary["vectors"] == "fitted on the data"
    assert all(row % 12 == witness % 12 for row, _, witness in brief(found))


def test_the_stage_runs_only_where_it_is_asked_for() -> None:
    assert "semantic_duplicates" not in Recipe().stage_names()
    assert Recipe.parse({"stages": {"semantic_duplicates": {}}}).policy().stages["semantic_duplicates"].on_finding == "flag"
    with pytest.raises(ConfigError, match="threshold"):
        Recipe.parse({"stages": {"semantic_duplicates": {"threshold": 0}}})


def test_curate_vectors_writes_what_the_stage_reads(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from click.testing import CliRunner

    from curate.cli import cli

    data = dataset(tmp_path / "rows.jsonl")
    out = tmp_path / "rows.vectors.parquet"
    args = ["vectors", str(tmp_path / "rows.jsonl"), "--model", "bundled", "--out", str(out), "--task", "text"]
    done = CliRunner().invoke(cli, args)
    assert done.exit_code == 0, done.output
    vectors = read_vectors(data, str(out))
    assert vectors.shape[0] == 6
    assert np.linalg.norm(vectors, axis=1).min() > 0
    assert detect(data, vectors=str(out)).summary["rows_compared"] == 6
    refused = CliRunner().invoke(cli, [*args[:5], str(tmp_path / "rows.txt")])
    assert isinstance(refused.exception, ConfigError)
