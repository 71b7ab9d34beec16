"""JSON Schema (draft 2020-12) of `curate gate --format json`: published as docs/schema/gate.schema.json."""

from __future__ import annotations

from typing import Any, get_args

from audit.gate.judge import SCHEMA_VERSION, Verdict
from audit.gate.policy import CHECKS, PRESETS

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_ID: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def json_schema() -> dict[str, Any]:
    """The schema of a verdict."""
    verdict = {"enum": list(get_args(Verdict))}
    place = {
        "finding_id": {**_ID, "description": "Stable from run to run: of the row's contents, the stage and the rule."},
        "row": {"type": ["integer", "null"], "minimum": 0, "description": "Counted from 0; null for the whole dataset."},
        "line": {"type": ["integer", "null"], "minimum": 1, "description": "Line of its file (Parquet: row), from 1."},
        "file": {**_TEXT, "description": "The file, where the data lies in several; else empty."},
        "stage": _TEXT,
        "rule": _TEXT,
        "reason": {**_TEXT, "description": "A sentence without any text of the data."},
        "witness_line": {"type": ["integer", "null"], "minimum": 1, "description": "The line that it is held against."},
        "witness_file": _TEXT,
        "given": {**_TEXT, "description": "The label that the row has, personal data masked; else empty."},
        "suggested": {**_TEXT, "description": "The label that is expected instead; else empty."},
    }
    check = {
        "name": {"enum": sorted(CHECKS)},
        "title": _TEXT,
        "verdict": verdict,
        "sentence": {**_TEXT, "description": "The verdict for people."},
        "value": {"type": ["number", "null"]},
        "low": {"type": ["number", "null"], "description": "Lower end of the 95% interval of an estimate."},
        "high": {"type": ["number", "null"], "description": "Upper end; it is what a limit from above is held against."},
        "rows": {**_COUNT, "description": "Rows that it rests on."},
        "warn": {"type": ["number", "null"]},
        "fail": {"type": ["number", "null"]},
        "findings": _COUNT,
        "to_green": {"type": ["string", "null"], "description": "The least that brings it within its limit."},
        "least": {"type": ["integer", "null"], "minimum": 0, "description": "How many findings: the first of places."},
        "waived_by": {"type": ["string", "null"]},
        "places": {"type": "array", "items": _closed(place)},
    }
    subject = {
        "path": _TEXT,
        "files": {"type": "array", "items": _TEXT, "description": "Where a pattern or a folder names several."},
        "first_file": {**_TEXT, "description": "The file of the first row, where there are several, as it is opened here."},
        "input_hash": _TEXT,
        "rows": _COUNT,
        "state": {"enum": ["as given", "as curated"]},
        "task": _TEXT,
        "policy": _TEXT,
        "preset": {"enum": list(PRESETS)},
        "reference": {**_TEXT, "description": "The data that this data is to be like, where one was named."},
    }
    top = {
        "kind": {"const": "curate-gate"},
        "schema_version": {"const": SCHEMA_VERSION},
        "verdict": verdict,
        "subject": _closed(subject, optional=("files", "first_file", "reference")),
        "baseline": {"type": ["string", "null"]},
        "checks": {"type": "array", "items": _closed(check)},
        "fingerprints": {"type": "array", "items": _ID, "description": "What a later gate takes as known."},
        "some_rows": {"type": "array", "items": _ID, "description": "Ids of some rows, to tell the dataset by."},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Curate gate", **_closed(top)}


def _closed(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
