"""A recipe written out as commented TOML, every setting with its explanation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from curate.dataset import Dataset, Guess
from curate.docs_of import settings_of
from curate.recipe import SCHEMA_VERSION, AblationSection, DataSection, KeepSection, RunSection
from curate.stages.registry import BUILT_IN, get_stage


def write_recipe(dataset: Dataset, relative_to: Path) -> str:
    """The recipe that says of this dataset what was detected, and of everything else the defaults."""
    source = os.path.relpath(dataset.source.path, relative_to.resolve() if relative_to else None)
    lines = [
        "# A Curate recipe. `curate run` follows it; `curate config validate` checks it.",
        f"schema_version = {SCHEMA_VERSION}",
        "",
        "[data]",
        f"input = {toml(source)}",
    ]
    guesses = {guess.what: guess for guess in dataset.detected.guesses}
    lines.append(f"task = {toml(dataset.task)}{_why(guesses.get('task'))}")
    lines += _section(DataSection, skip=("input", "task", "roles"))
    lines += ["", "[data.roles]"]
    for role, columns in dataset.roles.items():
        value = toml(columns[0] if len(columns) == 1 else list(columns))
        lines.append(f"{role} = {value}{_why(guesses.get(role))}")
    lines += ["", "[run]", *_section(RunSection)]
    lines += ["", "[keep]", *_section(KeepSection)]
    for name in BUILT_IN:
        stage = get_stage(name)
        lines += ["", f"[stages.{name}]  # {stage.title}", "enabled = true"]
        lines += ["# What happens to findings: apply, review (apply at `auto` and above), or flag."]
        lines += [f"on_finding = {toml(stage.on_finding)}", "auto = 0.9"]
        for setting in settings_of(stage.config):
            lines += _comment(setting.doc)
            lines.append(_line(setting.name, setting.default))
    lines += ["", "[ablation]", *_section(AblationSection)]
    lines += ["", "[train]  # settings of the LoRA trainer; `curate config schema` lists them"]
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """A TOML value. JSON strings, numbers, booleans and arrays are TOML as well; control characters are escaped."""
    if isinstance(value, tuple | frozenset | set):
        value = sorted(value) if isinstance(value, frozenset | set) else list(value)
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")


def _section(model: type[BaseModel], skip: tuple[str, ...] = ()) -> list[str]:
    lines: list[str] = []
    for name, info in model.model_fields.items():
        if name in skip:
            continue
        lines += _comment(info.description or "")
        lines.append(_line(name, info.get_default(call_default_factory=True)))
    return lines


def _why(guess: Guess | None) -> str:
    return f"  # {guess.reason}" if guess else ""


def _line(name: str, default: Any) -> str:
    return f"# {name} =" if default is None else f"{name} = {toml(default)}"


def _comment(text: str) -> list[str]:
    return [f"# {text}"] if text else []
