"""JSON Schema of `ablation.json`, read off the dataclasses that write it, so that the two cannot part."""

from __future__ import annotations

from typing import Any

from curate.house import require
from train.ablation.result import AblationResult
from train.files import SCHEMA_VERSION

_UNKNOWN = {"Answer": ("value", "low", "high", "minimum_detectable"), "Forgetting": ("base_nats",)}
"""Numbers that may be unknown: not a number in Python, null in the file."""


def json_schema() -> dict[str, Any]:
    """The schema; a run's file also names the plan that was trained (`plan_hash`)."""
    out: dict[str, Any] = require("audit.report.schema").schema_of(AblationResult, "Curate ablation", SCHEMA_VERSION)
    about = "Hash of plan.parquet as it was trained: another plan makes the ablation outdated."
    out["properties"]["plan_hash"] = {"type": "string", "description": about}
    for kind, names in _UNKNOWN.items():
        for name in names:
            out["$defs"][kind]["properties"][name]["type"] = ["number", "null"]
    return out
