"""The recipe's JSON Schema and its plain-text reference, both made from the code that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from curate.docs_of import settings_of
from curate.house import require
from curate.recipe import SCHEMA_VERSION, AblationSection, DataSection, KeepSection, RunSection
from curate.stages.registry import get_stage, known_stages

SECTIONS: dict[str, type[BaseModel]] = {
    "data": DataSection,
    "run": RunSection,
    "keep": KeepSection,
    "ablation": AblationSection,
}
SHARED = {
    "enabled": {"type": "boolean", "default": True, "description": "Whether the stage runs."},
    "on_finding": {
        "enum": ["apply", "review", "flag"],
        "description": "What happens to findings: apply, review (apply at `auto` and above), or flag.",
    },
    "auto": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.9,
        "description": "In review, findings at or above this score apply by themselves.",
    },
}


def as_json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `curate.toml`."""
    properties: dict[str, Any] = {"schema_version": {"const": SCHEMA_VERSION}}
    for name, model in SECTIONS.items():
        properties[name] = model.model_json_schema()
    properties["train"] = _of_dataclass(require("train.config").TrainConfig)
    properties["tune"] = _of_dataclass(require("train.tune.config").TuneConfig)
    stages = {name: _of_dataclass(get_stage(name).config, SHARED) for name in known_stages()}
    properties["stages"] = {"type": "object", "properties": stages, "additionalProperties": False}
    properties["gate"] = require("audit.gate.policy").as_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Curate recipe",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def as_text() -> str:
    """The same as an indented list for reading."""
    return "\n".join(_lines(as_json_schema()["properties"]))


def _lines(properties: dict[str, Any]) -> Iterator[str]:
    for name, section in properties.items():
        if name == "stages":
            for stage, inner in section["properties"].items():
                yield f"\n[stages.{stage}]  {get_stage(stage).title}"
                yield from _settings(inner)
        elif name == "gate":
            yield f"\n[{name}]  {section['description']}"
            yield f"  preset (default {section['properties']['preset']['default']!r})"
            for check, inner in section["properties"]["checks"]["properties"].items():
                yield f"  [gate.checks.{check}] warn, fail, minimum_rows, enabled\n      {inner['description']}"
        elif "properties" in section:
            yield f"\n[{name}]"
            yield from _settings(section)


def _settings(section: dict[str, Any]) -> Iterator[str]:
    for key, about in section["properties"].items():
        default = f" (default {about['default']!r})" if about.get("default") is not None else ""
        yield f"  {key}{default}\n      {about.get('description', '')}"


def _of_dataclass(cls: type[Any], shared: dict[str, Any] | None = None) -> dict[str, Any]:
    schema = TypeAdapter(cls).json_schema()
    properties: dict[str, Any] = dict(shared or {})
    for setting in settings_of(cls):
        properties[setting.name] = {**schema["properties"][setting.name], "description": setting.doc}
    out = {"type": "object", "properties": properties, "additionalProperties": False}
    if "$defs" in schema:
        out["$defs"] = schema["$defs"]
    return out
