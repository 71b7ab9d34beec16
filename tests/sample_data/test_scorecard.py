"""The score card on a run made by hand, where every mark can be worked out on paper."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FILE = Path(__file__).parents[2] / "sample_data" / "scorecard.py"
FINDING = {
    "row": None, "stage": "", "rule": "", "action": "flag", "field": None, "start": None, "end": None,
    "replacement": None, "witness_row": None, "reason": "", "evidence": None, "status": "applied",
}  # fmt: skip
SCHEMA = pa.schema([(n, pa.int64() if n in ("row", "start", "end", "witness_row") else pa.string()) for n in FINDING])
TRUTH: list[dict[str, Any]] = [
    {"kind": "group_bias", "column": "customer_group", "group": "sellers"},
    {"kind": "small_group", "column": "customer_group", "group": "pilot", "rows": 4},
    {"row": 1, "kind": "exact_duplicate", "of": 0, "jaccard": 1.0},
    {"row": 3, "kind": "exact_duplicate", "of": 2, "jaccard": 1.0, "conflicting_label": True},
    {"row": 5, "kind": "near_duplicate", "of": 4, "how": "close", "jaccard": 0.9},
    {"row": 7, "kind": "near_duplicate", "of": 6, "how": "below", "jaccard": 0.7},
    {"kind": "leak", "train_row": 8, "test_row": 9, "how": "exact", "jaccard": 1.0},
    {"row": 10, "kind": "wrong_label", "true": "a", "written": "b", "how": "confusable"},
    {"row": 11, "kind": "wrong_label", "true": "c", "written": "b", "how": "uniform"},
    {"row": 12, "kind": "label_spelling", "written": "A ", "canonical": "a"},
    {"row": 13, "kind": "pii", "type": "EMAIL_ADDRESS", "field": "text", "start": 5, "end": 20},
    {"row": 13, "kind": "pii", "type": "IBAN", "field": "text", "start": 30, "end": 50},
    {"row": 14, "kind": "pii", "type": "US_SSN", "field": "text", "start": 0, "end": 11},
    {"row": 15, "kind": "distractor", "type": "PHONE_NUMBER", "field": "text", "start": 0, "end": 8},
]


@pytest.fixture(scope="module")
def card() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scorecard_by_path", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _finding(stage: str, row: int | None, rule: str, action: str = "drop", **more: Any) -> dict[str, Any]:
    return {**FINDING, "stage": stage, "row": row, "rule": rule, "action": action, **more}


def _pii(row: int, kind: str, start: int, end: int) -> dict[str, Any]:
    return _finding("pii", row, f"pii.{kind}", "replace", field="text", start=start, end=end)


def _run(folder: Path, findings: list[dict[str, Any]], scores: list[dict[str, Any]] | None = None) -> tuple[Path, Path]:
    run = folder / "run"
    (run / "findings").mkdir(parents=True)
    by_stage: dict[str, list[dict[str, Any]]] = {}
    for f in findings:
        by_stage.setdefault(f["stage"], []).append(f)
    for stage, rows in by_stage.items():
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA).drop_columns("status"), run / "findings" / f"{stage}.parquet")
    pq.write_table(pa.Table.from_pylist(findings, SCHEMA), run / "plan.parquet")
    if scores:
        (run / "scores").mkdir()
        pq.write_table(pa.Table.from_pylist(scores), run / "scores" / "label_issues.parquet")
    truth = folder / "truth.jsonl"
    truth.write_text("".join(json.dumps(t) + "\n" for t in TRUTH))
    return run, truth


def test_duplicates_count_both_rows_found_and_one_row_gone(tmp_path: Path, card: ModuleType) -> None:
    run, truth = _run(
        tmp_path,
        [
            _finding("exact_duplicates", 0, "identical", status="superseded"),
            _finding("exact_duplicates", 1, "identical"),
            _finding("exact_duplicates", 2, "conflicting_label", "flag"),
            _finding("exact_duplicates", 8, "across_splits"),
            _finding("near_duplicates", 5, "verified_jaccard"),
            _finding("near_duplicates", 7, "verified_jaccard"),  # planted below the threshold: neither asked nor wrong
            _finding("near_duplicates", 20, "verified_jaccard"),
        ],
    )
    marks = card.score(run, truth)
    assert marks["exact_duplicates"] == {"planted": 2, "found": 2, "precision": 1.0, "recall": 1.0}
    assert marks["near_duplicates"] == {"planted": 2, "found": 3, "precision": 0.6667, "recall": 0.5}
    assert marks["leaks"] == {"planted": 1, "found": 1, "precision": 1.0, "recall": 1.0}
    assert marks["conflicting_labels"] == {"planted": 2, "found": 1, "precision": 1.0, "recall": 0.5}
    removed = marks["copies_removed"]
    assert removed == {"planted": 3, "found": 5, "precision": 0.8, "recall": 1.0, "groups_lost": 0}


def test_what_the_exact_stage_found_is_not_asked_of_the_near_stage(tmp_path: Path, card: ModuleType) -> None:
    found = [_finding("exact_duplicates", row, "identical") for row in (4, 5)]
    run, truth = _run(tmp_path, [*found, _finding("near_duplicates", 7, "verified_jaccard")])
    marks = card.score(run, truth)
    assert marks["near_duplicates"] == {"planted": 0, "found": 1, "precision": 1.0, "recall": None}


def test_a_group_of_copies_that_left_whole_is_counted(tmp_path: Path, card: ModuleType) -> None:
    run, truth = _run(tmp_path, [_finding("exact_duplicates", row, "identical") for row in (0, 1)])
    assert card.score(run, truth)["copies_removed"]["groups_lost"] == 1


def test_labels_are_marked_by_row_by_suggestion_and_by_what_applied(tmp_path: Path, card: ModuleType) -> None:
    run, truth = _run(
        tmp_path,
        [
            _finding("label_issues", 10, "likely_wrong", "relabel", replacement="a"),
            _finding("label_issues", 21, "likely_wrong", "relabel", replacement="a", status="pending"),
            _finding("label_issues", 11, "ambiguous", "flag", status="pending"),
            _finding("label_names", 12, "fingerprint", "relabel", replacement="b"),
        ],
        scores=[{"row": 10, "score": 0.9}, {"row": 21, "score": 0.8}, {"row": 11, "score": 0.7}],
    )
    marks = card.score(run, truth)
    issues = marks["label_issues"]
    assert (issues["precision"], issues["recall"], issues["right_label"]) == (0.5, 0.5, 1.0)
    assert (issues["recall_confusable"], issues["recall_uniform"]) == (1.0, 0.0)
    assert issues["applied"] == {"planted": 2, "found": 1, "precision": 1.0, "recall": 0.5}
    assert issues["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)
    assert marks["label_names"] == {"planted": 1, "found": 1, "precision": 1.0, "recall": 1.0, "right_name": 0.0}


def test_personal_data_is_marked_strictly_and_by_overlap(tmp_path: Path, card: ModuleType) -> None:
    run, truth = _run(
        tmp_path,
        [_pii(13, "email_address", 5, 20), _pii(13, "iban", 28, 50), _pii(15, "phone_number", 0, 8)],
    )
    marks = card.score(run, truth)["pii"]
    assert (marks["precision"], marks["recall"]) == (0.3333, 0.3333)
    assert (marks["precision_overlap"], marks["recall_overlap"]) == (0.6667, 0.6667)
    assert marks["by_type"]["IBAN"]["recall"] == 0.0
    assert marks["by_type"]["IBAN"]["recall_overlap"] == 1.0
    assert (marks["traps"], marks["traps_taken"], marks["left_in_output"]) == (1, 1, 1)


@pytest.mark.parametrize("where", ["summary", "findings"])
def test_fairness_wants_the_disparity_and_no_word_on_the_tiny_group(
    tmp_path: Path, card: ModuleType, where: str
) -> None:
    said = [
        {"column": "customer_group", "group": "sellers", "outcome": "disparity"},
        {"column": "customer_group", "group": "pilot", "outcome": "insufficient_evidence"},
    ]
    findings = [
        _finding("fairness", None, s["outcome"], "flag", field=s["column"], evidence=json.dumps(s)) for s in said
    ]
    plain = [_finding("fairness", None, "note", "flag", field="customer_group")]
    run, truth = _run(tmp_path, findings if where == "findings" else plain)
    if where == "summary":
        (run / "manifest.json").write_text(json.dumps({"stages": {"fairness": {"summary": {"checks": said}}}}))
    marks = card.score(run, truth)["fairness"]
    assert marks == {"disparity_found": True, "small_group_unjudged": True, "small_group_judged": False}


def test_a_stage_that_did_not_run_has_no_line(tmp_path: Path, card: ModuleType) -> None:
    run, truth = _run(tmp_path, [_pii(13, "email_address", 5, 20)])
    marks = card.score(run, truth)
    assert set(marks) == {"threshold", "pii"}
    table = card.as_table(marks)
    assert "email_address" in table
    assert "label_issues" not in table
    json.dumps(marks)


def test_the_command_says_what_is_missing(tmp_path: Path, card: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert card.main([]) == 2
    assert card.main([str(tmp_path / "nowhere")]) == 2
    assert "run directory" in capsys.readouterr().err
    run, truth = _run(tmp_path, [_pii(13, "email_address", 5, 20)])
    assert card.main([str(run), str(truth)]) == 0
    assert "precision" in capsys.readouterr().out
