"""The recipe's JSON Schema and its plain-text reference, both made from the code that reads it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from curate.docs_of import settings_of
from curate.errors import ConfigError, nearest
from curate.house import require
from curate.recipe.sections import SCHEMA_VERSION, AblationSection, DataSection, KeepSection, RunSection
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


def as_json_schema(section: str = "") -> dict[str, Any]:
    """JSON Schema (2020-12) of `curate.toml`, or of one section of it (`keep`, `gate`, `stages.pii` or `pii`).

    ConfigError where there is no such section.
    """
    whole = _whole()
    if not section:
        return whole
    sections = {name: about for name, about in whole["properties"].items() if name not in ("stages", "schema_version")}
    sections |= {f"stages.{name}": about for name, about in whole["properties"]["stages"]["properties"].items()}
    name = section if section in sections else f"stages.{section}"
    if name not in sections:
        raise ConfigError(f"a recipe has no section {section!r}; {nearest(section, list(sections))}")
    return {"$schema": whole["$schema"], **sections[name], "title": f"[{name}] of a Curate recipe"}


def _whole() -> dict[str, Any]:
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


def as_text(section: str = "", width: int = 100) -> str:
    """The same as an indented list for reading, `width` characters wide."""
    about = as_json_schema(section)
    if not section:
        told = _lines(about["properties"])
    elif section == "gate":
        told = _lines({section: about})
    else:
        told = iter([about["title"].partition(" ")[0], *_settings(about)])
    return "\n".join(_wrapped(line, width) for lines in told for line in lines.split("\n")).strip("\n")


def _wrapped(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


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
