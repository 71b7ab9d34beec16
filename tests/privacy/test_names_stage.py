"""The stage's `names` setting: flagged by default, replaced or not looked for on request, and what gate and report say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from curate import workflow
from curate.cli.gate import gate_command
from curate.cli.one_stage import pii_command
from curate.dataset import load
from curate.errors import ConfigError
from curate.privacy.config import preview_config, row_preview_config
from curate.stages.base import Context
from curate.stages.pii import STAGE, Config

ROWS = [
    {"text": f"Ticket {i}: please ring Maria Lopez, she lives at 12 Oak Street, Springfield. It is late.", "label": "a"}
    for i in range(40)
] + [{"text": f"No one is named in row {i}, and the {i}th parcel is late.", "label": "b"} for i in range(40)]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return file


def detect(path: Path, **settings: Any) -> Any:
    return STAGE.detect(load(path), Config(**settings), Context())


def test_names_are_flagged_where_they_stand_and_nothing_is_proposed(path: Path) -> None:
    detection = detect(path)
    found = detection.findings.to_pylist()
    assert {f["action"] for f in found} == {"flag"}
    assert {f["rule"] for f in found} == {"pii.person", "pii.street_address"}
    assert {f["replacement"] for f in found} == {None}
    first = next(f for f in found if f["rule"] == "pii.person")
    assert ROWS[first["row"]]["text"][first["start"] : first["end"]] == "Maria Lopez"
    assert first["field"] == "text"
    assert detection.summary["names_flagged"] == len(found) == 80
    assert detection.summary["rows_with_names_flagged"] == 40
    assert detection.summary["rows_with_pii"] == 0
    assert "replace" in detection.summary["names_replaced_by"]


def test_no_flag_holds_a_name(path: Path) -> None:
    detection = detect(path)
    shown = json.dumps([{k: str(v) for k, v in f.items()} for f in detection.findings.to_pylist()])
    assert "Lopez" not in shown + json.dumps(dict(detection.summary))


def test_names_are_replaced_on_request(path: Path) -> None:
    found = detect(path, names="replace").findings.to_pylist()
    assert {(f["rule"], f["action"], f["replacement"]) for f in found} == {
        ("pii.person", "replace", "[PERSON]"), ("pii.street_address", "replace", "[ADDRESS]"),
    }  # fmt: skip


def test_names_may_be_left_alone(path: Path) -> None:
    assert detect(path, names="off").findings.num_rows == 0


def test_a_type_that_is_listed_is_replaced_whatever_the_setting(path: Path) -> None:
    found = detect(path, names="off", types=("PERSON",)).findings.to_pylist()
    assert {(f["rule"], f["action"]) for f in found} == {("pii.person", "replace")}


def test_an_unknown_setting_is_refused_with_those_allowed(path: Path) -> None:
    with pytest.raises(ConfigError, match="replace, flag, off"):
        detect(path, names="mask")
    with pytest.raises(ConfigError, match="replace, flag, off"):
        workflow.as_recipe(path).with_settings("pii", names="mask").choice("pii")


def test_keys_that_read_like_names_are_no_reason_to_leave_a_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": "x", "meta": {"Maria": {"mail": "a@example.com"}}}) + "\n", encoding="utf-8")
    found = detect(path, names="replace").findings.to_pylist()
    assert [(f["rule"], f["field"]) for f in found] == [("pii.email_address", "meta/Maria/mail")]


def test_flagged_names_do_not_wait_and_do_not_fail_a_gate(path: Path) -> None:
    recipe = workflow.as_recipe(path).with_(stages=["pii"])
    result = workflow.run(recipe, out="runs/flagged", train=False)
    counts = result.report.stages[0].counts
    assert counts.pending == 0
    assert result.report.pending.total == 0
    assert any("80 names" in caution and "--names replace" in caution for caution in result.report.headline.cautions)
    assert (Path("runs/flagged") / "curated.jsonl").read_text() == path.read_text()
    Path("gate.toml").write_text('[checks.pii_rows]\nfail = 0.0\n')
    judged = CliRunner().invoke(gate_command, [str(path), "--policy", "gate.toml", "-q"], standalone_mode=False)
    assert "0.0% of the rows hold personal data" in judged.output


def test_the_verb_replaces_names_and_a_second_look_finds_none(path: Path) -> None:
    result = CliRunner().invoke(
        pii_command, [str(path), "--names", "replace", "--out", "runs/clean", "--json"], standalone_mode=False
    )
    assert result.return_value == 0, result.output
    rows = [json.loads(line) for line in Path("runs/clean/curated.jsonl").read_text().splitlines()]
    assert not any("Lopez" in row["text"] or "Oak" in row["text"] for row in rows)
    assert rows[50] == ROWS[50]
    (stage,) = [s for s in json.loads(result.stdout)["stages"] if s["name"] == "pii"]
    assert stage["left"] == 0


def test_previews_of_rows_mask_names_where_the_stage_replaces_them() -> None:
    kinds = [row_preview_config(settings).types for settings in ({}, {"names": "replace"}, {"types": ["LOCATION"]})]
    assert ["PERSON" in k for k in kinds] == [False, True, False]
    assert ["LOCATION" in k for k in kinds] == [False, False, True]
    assert "PERSON" not in preview_config({"names": "replace"}).types
