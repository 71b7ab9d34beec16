"""The stage: every string of every row, pointers and offsets, and no raw value in any text of a finding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curate.dataset import Dataset, load
from curate.stages.base import Context
from curate.stages.pii import STAGE, Config

PLANTED = ["bob@example.com", "212-555-2368", "4111111111111111", "536-90-4399", "203.0.113.195", "hunter2secret"]
ROWS = [
    {"text": f"write {PLANTED[0]} today", "label": "a", "note": f"call {PLANTED[1]}"},
    {"text": f"card {PLANTED[2]} 😀 ssn {PLANTED[3]}", "label": "b", "note": ""},
    {"text": "nothing here", "label": "a", "note": json.dumps({"ip": PLANTED[4], "password": PLANTED[5]})},
]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ROWS), encoding="utf-8")
    return load(path)


def test_every_string_of_every_row_is_scanned_roles_or_not(dataset: Dataset) -> None:
    findings = STAGE.detect(dataset, Config(), Context()).findings.to_pylist()
    places = {(f["row"], f["field"], ROWS[f["row"]][f["field"]][f["start"] : f["end"]]) for f in findings}
    assert places == {
        (0, "text", PLANTED[0]), (0, "note", PLANTED[1]), (1, "text", PLANTED[2]), (1, "text", PLANTED[3]),
        (2, "note", PLANTED[4]), (2, "note", PLANTED[5]),
    }  # fmt: skip
    assert {f["action"] for f in findings} == {"replace"}


def test_no_planted_value_stands_in_any_text_of_a_finding(dataset: Dataset) -> None:
    detection = STAGE.detect(dataset, Config(), Context())
    shown = json.dumps([{k: str(v) for k, v in f.items()} for f in detection.findings.to_pylist()])
    shown += json.dumps(dict(detection.summary))
    for value in PLANTED:
        assert value not in shown


def test_nested_strings_get_pointers(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ask ann@example.com"}]
    path.write_text(json.dumps({"messages": turns}) + "\n", encoding="utf-8")
    findings = STAGE.detect(load(path), Config(), Context()).findings.to_pylist()
    assert [(f["field"], f["start"], f["end"], f["replacement"]) for f in findings] == [
        ("messages/1/content", 4, 19, "[EMAIL]")
    ]


def test_the_summary_counts_rows_and_types(dataset: Dataset) -> None:
    summary = STAGE.detect(dataset, Config(), Context()).summary
    assert summary["rows_with_pii"] == 3
    assert summary["spans"] == 6
    assert summary["by_type"]["EMAIL_ADDRESS"] == 1


def test_a_dataset_without_personal_data_gives_no_findings(tmp_path: Path) -> None:
    path = tmp_path / "clean.csv"
    path.write_text("text,label\nplain words,a\nmore words,b\n", encoding="utf-8")
    assert STAGE.detect(load(path), Config(), Context()).findings.num_rows == 0


def test_a_key_with_personal_data_flags_its_row_and_never_reaches_a_finding(tmp_path: Path) -> None:
    rows = [
        {"text": "x", "meta": {"bob@example.com": "ann@example.com", "note": "see 203.0.113.195"}},
        {"text": "y", "meta": {"by": [{"deep": {"card 4111111111111111": 7}}]}},
        {"text": "z", "meta": {"note": "mail eve@example.com"}},
    ]
    path = tmp_path / "keys.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    dataset = load(path)
    detection = STAGE.detect(dataset, Config(), Context())
    found = [(f["row"], f["rule"], f["action"], f["field"], f["start"]) for f in detection.findings.to_pylist()]
    assert sorted(found, key=str) == [
        (0, "pii.ip_address", "replace", "meta/note", 4),
        (0, "pii.key", "flag", "meta", None),
        (1, "pii.key", "flag", "meta", None),
        (2, "pii.email_address", "replace", "meta/note", 5),
    ]
    assert detection.summary["rows_with_pii"] == 3
    assert detection.summary["rows_with_pii_in_keys"] == 2
    shown = str(detection.findings.to_pylist()) + str(detection.summary)
    assert not any(value in shown for value in ("bob@", "ann@", "4111"))


def test_numbers_that_are_not_text_are_flagged_and_never_shown(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "card": 4111111111111111, "n": 1234567, "meta": {"ssn": 536904399, "size": 12345678}},
        {"text": "b", "card": 4111111111111112, "n": 7654321, "meta": {"phones": [2125552368]}},
        {"text": "c", "card": 17, "n": 3, "meta": {"ok": True}},
    ]
    path = tmp_path / "numbers.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    detection = STAGE.detect(load(path), Config(), Context())
    found = {(f["row"], f["rule"], f["action"], f["field"]) for f in detection.findings.to_pylist()}
    assert {(row, field) for row, _, _, field in found} == {(0, "card"), (0, "meta"), (1, "meta")}
    assert {(rule, action) for _, rule, action, _ in found} == {("pii.number", "flag")}
    assert "4111" not in str(detection.findings.to_pylist())


def test_the_key_a_value_stands_under_speaks_of_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.jsonl"
    rows = [{"text": "x", "meta": {"phone": "2125552368", "order": "2125552368"}, "dob": "1985-04-03"}]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    found = {(f["field"], f["rule"]) for f in STAGE.detect(load(path), Config(), Context()).findings.to_pylist()}
    assert found == {("meta/phone", "pii.phone_number"), ("dob", "pii.date_of_birth")}
