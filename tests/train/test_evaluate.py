"""Scores and metrics against sklearn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from train.evaluate import ItemScores, per_class, read_scores, score_classes, shown_classes, summarise
from train.examples import Examples
from train.files import read_json, write_json
from train.yardstick import kept_yardstick, tfidf_yardstick


def test_accuracy_and_macro_f1_are_those_of_sklearn() -> None:
    rng = np.random.default_rng(0)
    labels = ["a", "b", "c", "never said"]
    truth = tuple(labels[i] for i in rng.integers(0, 4, 80))
    logits = rng.normal(size=(80, 4)) - np.array([0, 0, 0, 50.0])
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    evaluation = Examples("classification", np.arange(80), ("x",) * 80, truth)
    scores = score_classes(logs, labels, evaluation, {})
    found = summarise(scores, evaluation, {})
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, scores.prediction))
    assert found["macro_f1"] == pytest.approx(f1_score(truth, scores.prediction, average="macro"))
    names = sorted(set(truth) | set(scores.prediction))
    reference = precision_recall_fscore_support(truth, scores.prediction, labels=names, zero_division=0)
    ours = per_class(truth, scores.prediction)
    for i, name in enumerate(names):
        assert tuple(ours[name].values()) == pytest.approx([column[i] for column in reference])


def test_spellings_of_one_label_add_up_and_are_not_punished() -> None:
    logs = np.log(np.array([[0.35, 0.25, 0.40]]))
    evaluation = Examples("classification", np.arange(1), ("x",), ("Refund",))
    canonical = {"Refund": "refund", "refund": "refund"}
    assert score_classes(logs, ["Refund", "refund", "login"], evaluation, canonical).score[0] == 1.0
    assert score_classes(logs, ["Refund", "refund", "login"], evaluation, {}).score[0] == 0.0


def test_a_label_that_no_arm_has_seen_counts_as_wrong_and_is_reported() -> None:
    evaluation = Examples("classification", np.arange(2), ("x", "y"), ("new", "a"))
    scores = score_classes(np.log(np.array([[0.9, 0.1], [0.9, 0.1]])), ["a", "b"], evaluation, {})
    assert list(scores.score) == [0.0, 1.0]
    assert summarise(scores, evaluation, {})["rows_with_unknown_label"] == 1


def test_metrics_by_group_average_to_the_whole() -> None:
    groups = {"region": ("n", "s", "n", None)}
    evaluation = Examples("classification", np.arange(4), ("x",) * 4, ("a", "a", "b", "b"), groups=groups)
    logs = np.log(np.array([[0.9, 0.1]] * 4))
    found = summarise(score_classes(logs, ["a", "b"], evaluation, {}), evaluation, {})
    assert found["by_group"] == {"region": {"n": {"accuracy": 0.5, "rows": 2}, "s": {"accuracy": 1.0, "rows": 1}}}


def test_scores_survive_the_file(tmp_path: Path) -> None:
    scores = ItemScores(np.arange(2), np.array([1.0, 0.0]), np.ones(2), np.array([0.1, np.inf]), ("a", None))
    scores.write(tmp_path / "eval.parquet")
    back = read_scores(tmp_path / "eval.parquet")
    assert np.array_equal(back.rows, scores.rows)
    assert np.array_equal(back.nll, scores.nll)
    assert back.prediction == scores.prediction


def test_labels_and_groups_with_personal_data_are_masked_in_files_and_metrics(tmp_path: Path) -> None:
    labels = ("ann@example.com", "bob@example.com")
    groups = {"team": ("x@example.com", "y@example.com", "plain", None)}
    evaluation = Examples("classification", np.arange(4), ("x",) * 4, labels * 2, groups=groups)
    scores = score_classes(np.log(np.array([[0.9, 0.1], [0.2, 0.8]] * 2)), labels, evaluation, {})
    shown = shown_classes(labels, evaluation, {})
    assert shown == {"ann@example.com": "[EMAIL]", "bob@example.com": "[EMAIL] (2)"}
    found = summarise(scores, evaluation, {}, shown)
    assert found["accuracy"] == 1.0
    assert list(found["per_class"]) == ["[EMAIL]", "[EMAIL] (2)"]
    assert set(found["by_group"]["team"]) == {"[EMAIL]", "[EMAIL] (2)", "plain"}
    assert "@" not in json.dumps([found, summarise(scores, evaluation, {})])
    scores.write(tmp_path / "eval.parquet", shown)
    assert read_scores(tmp_path / "eval.parquet").prediction == ("[EMAIL]", "[EMAIL] (2)") * 2
    scores.write(tmp_path / "eval.parquet")
    assert "@" not in str(read_scores(tmp_path / "eval.parquet").prediction)


def test_the_yardstick_learns_words_and_survives_one_class() -> None:
    texts = ("card pin", "card chip", "money back", "refund money") * 10
    labels = ("card", "card", "refund", "refund") * 10
    known = Examples("classification", np.arange(40), texts, labels)
    assert tfidf_yardstick(known, known).mean() == 1.0
    one = Examples("classification", np.arange(2), ("a", "b"), ("x", "x"))
    assert tfidf_yardstick(one, known).mean() == 0.0


def test_a_yardstick_is_fitted_once_for_the_same_rows_and_again_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, labels = ("card pin", "money back") * 20, ("card", "refund") * 20
    known = Examples("classification", np.arange(40), texts, labels)
    turned = Examples("classification", np.arange(40), texts, labels[1:] + labels[:1])
    kept = tmp_path / "yardstick.json"
    assert kept_yardstick(known, known, {}, kept) == 1.0
    assert kept_yardstick(known, turned, {}, kept) == 0.0
    with monkeypatch.context() as patched:
        patched.setattr("train.yardstick.tfidf_yardstick", None)
        assert kept_yardstick(known, known, {}, kept) == 1.0
        assert kept_yardstick(known, turned, {}, kept) == 0.0
    assert kept_yardstick(known, turned, {"card": "all", "refund": "all"}, kept) == 1.0, "one name for both"
    kept.write_text("{torn")
    assert kept_yardstick(known, known, {}, kept) == 1.0
    assert "card" not in kept.read_text()


def test_files_of_a_run_are_private_and_leave_nothing_beside_them(tmp_path: Path) -> None:
    write_json(tmp_path / "run" / "done.json", {"loss": float("nan")})
    ItemScores(np.arange(1), np.ones(1), np.ones(1), np.zeros(1), ("a",)).write(tmp_path / "run" / "eval.parquet")
    files = sorted((tmp_path / "run").iterdir())
    assert [file.name for file in files] == ["done.json", "eval.parquet"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert read_json(files[0]) == {"schema_version": 1, "loss": None}
