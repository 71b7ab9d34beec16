"""A recipe written out as commented TOML, every setting with its explanation."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from curate.dataset import Dataset, Guess
from curate.docs_of import settings_of
from curate.house import require
from curate.recipe import Recipe
from curate.recipe.sections import SCHEMA_VERSION
from curate.safetext import safe_text
from curate.stages.registry import BUILT_IN, get_stage

DETECTED = ("input", "task", "roles")
"""Keys of [data] that are written as they were found out."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def write_data(dataset: Dataset, recipe: Recipe, relative_to: Path) -> str:
    """A recipe that says what the data is, in the fewest lines; all else is left to the defaults."""
    head, roles = _data(dataset, relative_to)
    usual = Recipe().data
    given = [_line(k, v) for k, v in recipe.data if k not in DETECTED and v != getattr(usual, k)]
    return "\n".join([*(line for line, _ in head), *given, "", *(line for line, _ in roles)]) + "\n"


def write_recipe(dataset: Dataset, recipe: Recipe, relative_to: Path) -> str:
    """A recipe's settings, with the task and the roles that were detected in its dataset."""
    head, roles = _data(dataset, relative_to)
    lines = ["# A Curate recipe. `curate run` follows it; `curate config validate` checks it."]
    lines += [line + why for line, why in head]
    lines += _section(recipe.data, skip=DETECTED)
    lines += ["", *(line + why for line, why in roles)]
    lines += ["", "[run]", *_section(recipe.run)]
    lines += ["", "[keep]", *_section(recipe.keep)]
    for name in dict.fromkeys([*BUILT_IN, *recipe.stage_settings]):
        stage, choice = get_stage(name), recipe.choice(name)
        enabled = recipe.stage_settings.get(name, {}).get("enabled", True)
        lines += ["", f"[stages.{name}]  # {stage.title}", _line("enabled", enabled)]
        lines += ["# What happens to findings: apply, review (apply at `auto` and above), or flag."]
        lines += [_line("on_finding", choice.policy.on_finding), _line("auto", choice.policy.auto)]
        for setting in settings_of(stage.config):
            lines += _comment(setting.doc)
            lines.append(_line(setting.name, getattr(choice.config, setting.name)))
    lines += ["", "[ablation]", *_section(recipe.ablation)]
    lines += ["", "[train]  # settings of the LoRA trainer"]
    for setting in settings_of(require("train.config").TrainConfig):
        lines += _comment(setting.doc)
        given = setting.name in recipe.train
        line = _line(setting.name, recipe.train[setting.name] if given else setting.default)
        lines.append(line if given else f"# {line}")
    lines += ["", "[tune]  # how `curate tune` searches the settings of [train]"]
    for setting in settings_of(require("train.tune.config").TuneConfig):
        lines += _comment(setting.doc)
        given = setting.name in recipe.tune
        line = _line(setting.name, recipe.tune[setting.name] if given else setting.default)
        lines.append(line if given else f"# {line}")
    lines += ["", "[gate]  # what `curate gate` asks of data; `curate config schema` lists the checks"]
    preset = recipe.gate.get("preset")
    lines += ["# Checks to begin with: starter, strict or regulated."]
    lines += [_line("preset", preset) if preset else '# preset = "starter"']
    for name, limits in recipe.gate.get("checks", {}).items():
        lines += [f"[gate.checks.{name}]", *(_line(key, value) for key, value in limits.items())]
    for waiver in recipe.gate.get("waivers", ()):
        lines += ["[[gate.waivers]]", *(_line(key, str(value)) for key, value in waiver.items())]
    return "\n".join(lines) + "\n"


def _data(dataset: Dataset, relative_to: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The lines of [data] and of [data.roles] that were found out, each with a comment that says why."""
    source = os.path.relpath(dataset.source.path, relative_to.resolve() if relative_to else None)
    guesses = {guess.what: guess for guess in dataset.detected.guesses}
    head = [f"schema_version = {SCHEMA_VERSION}", "", "[data]", f"input = {toml(source)}"]
    task = f"task = {toml(dataset.task)}", _why(guesses.get("task"))
    roles = [("[data.roles]", "")]
    for role, columns in dataset.roles.items():
        value = toml(columns[0] if len(columns) == 1 else list(columns))
        roles.append((f"{role} = {value}", _why(guesses.get(role))))
    return [*((line, "") for line in head), task], roles


def toml(value: Any) -> str:
    """A TOML value. JSON strings, numbers, booleans and arrays are TOML as well; control characters are escaped."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key if _BARE_KEY.fullmatch(key) else toml(key)} = {toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, tuple | frozenset | set):
        value = sorted(value) if isinstance(value, frozenset | set) else list(value)
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")


def _section(section: BaseModel, skip: tuple[str, ...] = ()) -> list[str]:
    lines: list[str] = []
    for name, info in type(section).model_fields.items():
        if name in skip:
            continue
        lines += _comment(info.description or "")
        lines.append(_line(name, getattr(section, name)))
    return lines


def _why(guess: Guess | None) -> str:
    # Reasons name columns, and a column may be named anything: the comment must end where its line does.
    return f"  # {safe_text(guess.reason)}" if guess else ""


def _line(name: str, value: Any) -> str:
    return f"# {name} =" if value is None else f"{name} = {toml(value)}"


def _comment(text: str) -> list[str]:
    return [f"# {text}"] if text else []
