"""Memorised stretches come back as findings that wait for a person; places that are gone are counted, not guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curate.dataset import load
from curate.errors import ConfigError, DataError, StageSkipped
from curate.ledger.apply import apply
from curate.ledger.decisions import Journal, decide
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.stages.base import Context
from train.stages.memorised import MemorisedConfig
from train.stages.memorised import detect as find


def prepared(tmp_path: Path) -> tuple[Path, Path]:
    data = tmp_path / "rows.jsonl"
    rows = [{"text": f"the code of room {i} is zinnober-{i}", "label": "ab"[i % 2]} for i in range(4)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ids = load(data).row_ids
    text = rows[1]["text"]
    start = text.index("zinnober")
    lines = [
        {"row_id": ids[1].as_py().hex(), "field": "text", "start": start, "end": len(text), "nats": 21.0},
        {"row_id": ids[2].as_py().hex(), "field": "text", "start": 4, "end": 4000, "nats": 9.0},
        {"row_id": "00" * 16, "field": "text", "start": 0, "end": 3, "nats": 9.0},
    ]
    places = tmp_path / "memorised.jsonl"
    places.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return data, places


def test_a_place_becomes_a_finding_that_waits_and_redacts_once_accepted(tmp_path: Path) -> None:
    data, places = prepared(tmp_path)
    recipe = Recipe.parse({
        "data": {"input": str(data)}, "run": {"stages": ["memorised"]}, "stages": {"memorised": {"places": str(places)}},
    })  # fmt: skip
    detected = detect(load(data), recipe)
    outcome = detected.outcomes["memorised"]
    assert outcome.detection.summary == {"places": 3, "found_here": 1, "no_longer_here": 2}
    plan = detected.resolve()
    assert plan.table["status"].to_pylist() == ["pending"]
    assert "zinnober" not in json.dumps(detected.findings.drop_columns(["finding_id", "row_id"]).to_pylist())
    journal = Journal((decide(detected.findings, [0], "accept", actor="ada"),))
    assert apply(detected.dataset, detected.resolve(journal)).dataset().row(1)["text"] == "the code of room 1 is [REDACTED]"


def test_a_file_that_is_missing_or_names_no_place_says_so(tmp_path: Path) -> None:
    data, places = prepared(tmp_path)
    with pytest.raises(StageSkipped, match="--beyond memory"):
        find(load(data), MemorisedConfig(), Context())
    with pytest.raises(ConfigError, match="cannot be read"):
        find(load(data), MemorisedConfig(str(tmp_path / "none.jsonl")), Context())
    places.write_text('{"row_id": "zz"}\n')
    with pytest.raises(DataError, match="line 1"):
        find(load(data), MemorisedConfig(str(places)), Context())
