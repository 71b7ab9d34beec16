"""Targets that are no plain classes, other people's votes, vectors, and rows that belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.labels_told import told_labels
from curate.dataset import Dataset, load
from curate.errors import ConfigError, DataError, StageSkipped
from curate.labels.annotators import consensus, majority
from curate.labels.folds import joined_groups
from curate.labels.numeric import judge_numbers
from curate.stages.base import Context, Detection
from curate.stages.label_issues import STAGE
from tests.conftest import Curate


def dataset(tmp_path: Path, rows: list[dict[str, Any]], **roles: str) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return load(path, roles={"text": "text", "label": "label", **roles}, task="classification")


def run(data: Dataset, **settings: Any) -> Detection:
    return STAGE.detect(data, STAGE.config(**settings), Context(seed=0, threads=2))


def rows_of(found: Detection, rule: str) -> set[int]:
    return {r["row"] for r in found.findings.to_pylist() if r["rule"] == rule}


def text_of(rng: np.random.Generator, topics: list[int]) -> str:
    words = [f"topic{c}x{j}" for c in topics for j in rng.integers(0, 10, 3)] + [f"w{j}" for j in rng.integers(0, 200, 6)]
    return " ".join(words)


# -- sets of labels ------------------------------------------------------------------------------------------------


def set_rows(n: int = 900) -> tuple[list[dict[str, Any]], set[int], set[int]]:
    """Rows with one to three of five labels; the first 30 lack one that the text has, the next 30 have one too many."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        topics = sorted(rng.choice(5, int(rng.integers(1, 4)), replace=False).tolist())
        given = list(topics)
        if i < 30:
            topics = topics if len(topics) > 1 else sorted({*topics, (topics[0] + 1) % 5})
            given = topics[1:]
        elif i < 60:
            given = sorted({*topics, next(c for c in range(5) if c not in topics)})
        rows.append({"text": text_of(rng, topics), "label": [f"tag {c}" for c in given]})
    return rows, set(range(30)), set(range(30, 60))


def test_labels_that_a_set_lacks_or_has_too_many_are_flagged_and_never_changed(tmp_path: Path) -> None:
    rows, lacking, too_many = set_rows()
    found = run(dataset(tmp_path, rows))
    assert found.summary["target"] == "set"
    for rule, planted in (("missing_label", lacking), ("extra_label", too_many)):
        marked = rows_of(found, rule)
        assert len(marked & planted) >= 0.8 * len(planted)
        assert len(marked & planted) >= 0.8 * len(marked)
    assert set(found.findings["action"].to_pylist()) == {"flag"}
    assert set(found.findings["replacement"].to_pylist()) == {None}
    assert found.scores is not None
    assert found.scores["row"].to_pylist() == list(range(900))
    evidence = json.loads(found.findings["evidence"][0].as_py())
    assert evidence["labels"][0][0].startswith("tag ")
    assert 0 <= evidence["cleanlab_quality"] <= 1


def test_sets_without_text_or_list_are_left_out_and_an_empty_set_is_an_answer(tmp_path: Path) -> None:
    rows, _, _ = set_rows(300)
    rows[100]["label"], rows[101]["label"], rows[102]["text"] = None, [], " "
    found = run(dataset(tmp_path, rows))
    judged = set(found.scores["row"].to_pylist())  # type: ignore[index]
    assert {100, 102}.isdisjoint(judged)
    assert 101 in judged


def test_more_labels_in_sets_than_can_be_judged_are_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [{"text": f"words {i}", "label": [f"tag {c}" for c in rng.integers(0, 150, 4)]} for i in range(600)]
    with pytest.raises(StageSkipped, match="at most 100"):
        run(dataset(tmp_path, rows))


# -- numbers -------------------------------------------------------------------------------------------------------


def number_rows(n: int = 600) -> list[dict[str, Any]]:
    """The text says the number, within half a unit; the first ten are slips of the decimal point."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(n):
        level = int(rng.integers(0, 6))
        value = 2.0 * level + float(rng.normal(0, 0.4)) + 10
        rows.append({"text": text_of(rng, [level]), "label": value * 10 if i < 10 else value})
    return rows


def test_a_number_far_from_what_the_text_says_is_flagged_with_what_was_expected(tmp_path: Path) -> None:
    found = run(dataset(tmp_path, number_rows()))
    assert found.summary["target"] == "number"
    assert found.summary["explained_by_the_text"] > 0.5
    marked = rows_of(found, "unexpected_number")
    assert set(range(10)) <= marked
    assert len(marked) <= 14
    first = json.loads(found.findings["evidence"][0].as_py())
    assert set(first) == {"given", "expected", "spread", "cleanlab_quality"}
    assert 9 < first["expected"] < 22


def test_a_wrong_number_inside_the_range_is_found_by_its_text() -> None:
    rows = number_rows(800)[10:]
    values = np.array([r["label"] for r in rows])
    values[:10] = np.where(values[:10] > 15, 10.0, 20.0)
    noise = judge_numbers([r["text"] for r in rows], values, np.arange(len(rows)))
    assert (np.argsort(-noise.wrong)[:10] < 10).mean() >= 0.8
    assert np.median(noise.wrong[10:]) < 0.05


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=60))
def test_any_finite_numbers_get_probabilities(values: list[float]) -> None:
    x = np.asarray(values)
    if x.min() == x.max():
        return
    noise = judge_numbers([f"some words {i % 7}" for i in range(len(x))], x, np.arange(len(x)))
    assert ((noise.wrong >= 0) & (noise.wrong <= 1)).all()


def test_whole_numbers_are_classes_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    rows = number_rows(300)
    for row in rows:
        row["label"] = round(row["label"])
    assert run(dataset(tmp_path, rows)).summary["target"] == "class"
    assert run(dataset(tmp_path, rows), target="number").summary["target"] == "number"


def test_numbers_that_are_all_alike_or_missing_are_said(tmp_path: Path) -> None:
    rows = [{"text": f"some words {i}", "label": 1.5} for i in range(40)]
    with pytest.raises(StageSkipped, match="same"):
        run(dataset(tmp_path, rows), target="number")
    with pytest.raises(StageSkipped, match="rows with a label and a text: 0"):
        run(dataset(tmp_path, [{**r, "label": "many"} for r in rows]), target="number")


# -- several annotators --------------------------------------------------------------------------------------------


def vote_rows(n: int = 600) -> tuple[list[dict[str, Any]], set[int]]:
    """Four annotators: two careful, one careless, one who saw few rows; the label column is wrong in the first 40 rows."""
    rng = np.random.default_rng(2)
    rows = []
    for i in range(n):
        true = int(rng.integers(0, 3))
        row: dict[str, Any] = {"text": text_of(rng, [true])}
        for name, right, sees in (("ann", 0.97, 1.0), ("bo", 0.95, 1.0), ("cy", 0.55, 1.0), ("di", 0.95, 0.1)):
            said = true if rng.random() < right else int(rng.integers(0, 3))
            row[name] = f"class {said}" if rng.random() < sees else None
        row["label"] = f"class {(true + 1) % 3 if i < 40 else true}"
        rows.append(row)
    return rows, set(range(40))


def test_votes_outvote_wrong_labels_and_tell_careless_annotators_from_careful_ones(tmp_path: Path) -> None:
    rows, wrong = vote_rows()
    found = run(dataset(tmp_path, rows), votes=("ann", "bo", "cy", "di"))
    outvoted = rows_of(found, "outvoted")
    assert len(outvoted & wrong) >= 0.9 * len(wrong)
    assert len(outvoted - wrong) <= 3
    told = {a["column"]: a for a in found.summary["votes"]["annotators"]}
    assert told["cy"]["quality"] < told["bo"]["quality"] - 0.15
    assert told["di"]["rows"] < 120
    replaced = {r["row"]: r["replacement"] for r in found.findings.to_pylist() if r["rule"] == "outvoted"}
    assert all(replaced[row] != rows[row]["label"] for row in outvoted)


def test_votes_without_a_label_column_are_judged_by_their_majority_and_only_flag(tmp_path: Path) -> None:
    rows, _ = vote_rows(300)
    for row in rows:
        del row["label"]
    path = tmp_path / "votes.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    data = load(path, roles={"text": "text", "label": ()}, task="classification")
    found = run(data, votes=("ann", "bo", "cy"))
    assert set(found.findings["action"].to_pylist()) <= {"flag"}
    assert found.summary["rows_judged"] == 300


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(-1, 3), min_size=3, max_size=3), min_size=1, max_size=20))
def test_the_majority_is_a_label_that_nobody_out_voted(votes: list[list[int]]) -> None:
    found = majority(np.asarray(votes, np.int64), 4)
    for row, label in zip(votes, found.tolist(), strict=True):
        cast = [v for v in row if v >= 0]
        assert (label == -1) == (not cast)
        if cast:
            assert cast.count(label) == max(cast.count(v) for v in cast)


def test_the_consensus_needs_a_vote_a_row_and_survives_an_annotator_without_any() -> None:
    votes = np.array([[0, 0, -1], [1, 1, -1], [0, 1, -1]] * 10)
    p = np.tile(np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]], np.float32), (10, 1))
    found = consensus(votes, p)
    assert found.label.tolist() == [0, 1, 0] * 10
    assert [a.rows for a in found.annotators] == [30, 30, 0]
    with pytest.raises(ValueError, match="vote"):
        consensus(np.full((3, 2), -1), p[:3])


@pytest.mark.parametrize(("votes", "said"), [(("ann", "nobody"), "nobody"), (("ann",), "at least two")])
def test_votes_that_are_not_there_are_named(tmp_path: Path, votes: tuple[str, ...], said: str) -> None:
    rows, _ = vote_rows(60)
    with pytest.raises(ConfigError, match=said):
        run(dataset(tmp_path, rows), votes=votes)


# -- vectors and rows that belong together -------------------------------------------------------------------------


def vector_rows(n: int = 600) -> tuple[list[dict[str, Any]], np.ndarray]:
    """The text says nothing, a vector of eight numbers does; the first 30 labels are wrong."""
    rng = np.random.default_rng(3)
    true = rng.integers(0, 3, n)
    centre = rng.normal(0, 1, (3, 8))
    vectors = (centre[true] + rng.normal(0, 0.3, (n, 8))).astype(np.float32)
    shown = np.where(np.arange(n) < 30, (true + 1) % 3, true)
    rows = [{"text": text_of(rng, []), "label": f"class {c}", "vector": v.tolist()} for c, v in zip(shown, vectors)]
    return rows, vectors


def test_vectors_from_a_file_or_a_column_find_what_the_words_do_not_say(tmp_path: Path) -> None:
    rows, vectors = vector_rows()
    data = dataset(tmp_path, rows)
    np.save(tmp_path / "v.npy", vectors)
    for named in ("vector", str(tmp_path / "v.npy")):
        found = run(data, vectors=named)
        assert len(rows_of(found, "likely_wrong") & set(range(30))) >= 24
        assert len(rows_of(found, "likely_wrong") - set(range(30))) <= 3
    assert not rows_of(run(data), "likely_wrong") & set(range(30))


def test_vectors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    rows, vectors = vector_rows(60)
    np.save(tmp_path / "short.npy", vectors[:-1])
    with pytest.raises(DataError, match="59 vectors"):
        run(dataset(tmp_path, rows), vectors=str(tmp_path / "short.npy"))
    with pytest.raises(ConfigError, match="nothing"):
        run(dataset(tmp_path, rows), vectors="nothing")


def test_rows_of_one_author_do_not_judge_one_another(tmp_path: Path) -> None:
    """Each author has words and a label of their own: a model that saw the author is always right, others never."""
    rng = np.random.default_rng(4)
    rows = []
    for author in range(40):
        label = f"class {rng.integers(0, 2)}"
        for _ in range(15):
            words = [f"sign{author}x{j}" for j in rng.integers(0, 4, 4)] + [f"w{j}" for j in rng.integers(0, 200, 6)]
            rows.append({"text": " ".join(words), "label": label, "author": f"author {author}"})
    data = dataset(tmp_path, rows)
    alone = run(data).scores["cleanlab_quality"].to_numpy().mean()  # type: ignore[index]
    together = run(data, keep_together="author").scores["cleanlab_quality"].to_numpy().mean()  # type: ignore[index]
    assert alone > 0.9
    assert together < 0.65
    with pytest.raises(ConfigError, match="no column"):
        run(data, keep_together="writer")
    for role in ("author", "thread"):
        found = run(dataset(tmp_path, rows, **{role: "author"}))
        assert found.scores["cleanlab_quality"].to_numpy().mean() == together  # type: ignore[index]
        assert "notes" not in found.summary


def test_an_author_of_a_third_of_the_rows_is_not_kept_together_and_that_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = [{"text": text_of(rng, [i % 2]), "label": f"class {i % 2}", "author": f"a{i % 3}"} for i in range(300)]
    found = run(dataset(tmp_path, rows, author="author"))
    assert "not kept together" in found.summary["notes"][0]
    assert found.summary["rows_judged"] == 300


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20))
def test_joined_groups_keep_both_groupings_and_join_nothing_else(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    found = joined_groups(a, b)
    reach = (a[:, None] == a) | (b[:, None] == b)
    for _ in range(len(pairs)):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    assert ((found[:, None] == found) == reach).all()


# -- what cannot be judged -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([f"class {i % 5000}" for i in range(10_000)], "fewer than two classes have 5 rows"),
        ([f"class {i % 5000}" for i in range(25_000)], "more than fits in memory"),
        ([f"{i}" for i in range(200)], "reads like an id"),
        (list(range(200)), "reads like an id"),
    ],
)
def test_thousands_of_classes_and_ids_are_skipped_with_a_reason(tmp_path: Path, labels: list[Any], said: str) -> None:
    rows = [{"text": f"some words {i} here", "label": label} for i, label in enumerate(labels)]
    with pytest.raises(StageSkipped, match=said):
        run(dataset(tmp_path, rows))


def test_classes_with_one_row_are_counted_and_the_others_judged(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = [{"text": text_of(rng, [i % 3]), "label": f"class {i % 3}"} for i in range(300)]
    rows += [{"text": f"rare {i}", "label": f"rare {i}"} for i in range(20)]
    found = run(dataset(tmp_path, rows))
    assert found.summary["rows_not_judged"]["in_small_classes"] == 20
    assert found.summary["classes"] == 3


def test_nested_labels_that_are_no_lists_are_classes_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    rows = [{"text": text_of(rng, [i % 2]), "label": {"name": f"class {i % 2}"}} for i in range(200)]
    assert run(dataset(tmp_path, rows)).summary["classes"] == 2


@pytest.mark.parametrize("setting", [{"target": "sets"}, {"likely_wrong_at": 0.0}, {"min_class_rows": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="label_issues"):
        STAGE.config(**setting)


def test_where_few_labels_are_wrong_none_is_changed_by_itself(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    true = rng.integers(0, 4, 1500)

    def rows(wrong: int) -> list[dict[str, Any]]:
        again = np.random.default_rng(8)
        shown = np.where(np.arange(1500) < wrong, (true + 1) % 4, true)
        return [{"text": text_of(again, [int(t)]), "label": f"class {c}"} for t, c in zip(true, shown)]

    few, many = run(dataset(tmp_path, rows(15))), run(dataset(tmp_path, rows(150)))
    assert rows_of(few, "likely_wrong")
    assert max(few.findings["score"].to_pylist()) < 0.9 < max(many.findings["score"].to_pylist())
    assert (few.summary["applied_by_themselves"], many.summary["applied_by_themselves"]) == (False, True)
    assert run(dataset(tmp_path, rows(15)), careful_below=0.0).summary["applied_by_themselves"]


def test_where_texts_tell_few_of_the_labels_none_is_changed_by_itself(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    told = rng.random(1500) < 0.4
    rows = [
        {"text": text_of(rng, [i % 4] if tells else [int(c) for c in rng.permutation(4)[:2]]), "label": f"class {i % 4}"}
        for i, tells in enumerate(told)
    ]
    for i in range(120):  # wrong ones among those that can be told
        rows[i]["label"] = f"class {(i + 1) % 4}"
    found = run(dataset(tmp_path, rows))
    assert found.summary["model_is_unsure"]
    assert found.summary["agreement"] < 0.67
    assert max(found.findings["score"].to_pylist()) < 0.9
    assert any(line.startswith("The texts tell") for line in told_labels(found.summary, 0))
    assert run(dataset(tmp_path, rows), least_agreement=0.0).summary["applied_by_themselves"]


def test_the_end_of_a_run_says_in_words_how_many_labels_are_how_doubtful(tmp_path: Path) -> None:
    rows, _ = vote_rows(400)
    found = run(dataset(tmp_path, rows), votes=("ann", "bo", "cy"))
    said = "\n".join(told_labels(found.summary, 3))
    assert "400 labels of 3 classes judged" in said
    assert "Annotator cy: 400 rows" in said
    assert "3 rows say nearly the same" in said
    assert "class 1 -> class 0" in said
    sets, _, _ = set_rows(300)
    assert "sets of labels judged" in told_labels(run(dataset(tmp_path, sets)).summary, 0)[0]
    assert "numbers judged" in told_labels(run(dataset(tmp_path, number_rows(300))).summary, 0)[0]


def test_the_verb_takes_votes_and_says_in_words_what_it_found(tmp_path: Path, inside: Curate) -> None:
    rows, _ = vote_rows(200)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    asked = ["labels", str(path), "--out", str(tmp_path / "run"), "--votes", "ann", "--votes", "bo", "--votes", "cy",
             "--role", "text=text", "--role", "label=label"]  # fmt: skip

    out = inside(*asked)
    assert out.returncode == 0, out.stderr
    assert "200 labels of 3 classes judged" in out.stderr
    assert "Annotator cy" in out.stderr
    missing = inside(*asked[:5], "--votes", "nobody")
    assert missing.returncode == 2
    assert "nobody" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_the_verb_judges_votes_where_no_column_is_the_label(tmp_path: Path, inside: Curate) -> None:
    rows, _ = vote_rows(200)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({k: v for k, v in r.items() if k != "label"}) + "\n" for r in rows))
    votes = [word for name in ("ann", "bo", "cy") for word in ("--votes", name)]
    out = inside("labels", path, "--out", tmp_path / "run", *votes, "--role", "text=text")
    assert out.returncode == 0, out.stderr
    assert "Annotator cy" in out.stderr
    without = inside("labels", path, "--out", tmp_path / "other", "--role", "text=text")
    assert without.returncode == 3
    assert "no column of labels" in without.stderr
