"""The command that makes a run again.

A recipe file is named where there was one; options say what differs from the defaults. Settings that no option of
`curate run` can say (a run started from Python, or by a verb for one question) are read back from the manifest.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from curate.errors import ConfigError
from curate.recipe import Recipe

UNIMPORTANT = {"data": ("input",), "run": ("out", "threads"), "ablation": ("enabled",)}
"""Settings that change no result, or that the command names anyway."""


def command_of(manifest: Mapping[str, Any], *, trained: bool, shown: Callable[[str], str]) -> str:
    """One shell command; RUN stands for the run directory. `shown` makes a word from the data safe to show."""
    recipe = manifest.get("recipe") or {}
    data = recipe.get("data") or {}
    stages = (recipe.get("run") or {}).get("stages")
    given = {key: data.get(key) for key in ("task", "roles", "on_bad_row")}
    if stages == Recipe().stage_names():
        stages = None
    path = str((manifest.get("input") or {}).get("path") or "INPUT")
    recipe_path = manifest.get("recipe_path")
    if not recipe_path and not _said_by_options(recipe, stages, given):
        return _from_manifest(trained)
    options = [("--input", path)] if recipe_path else []
    options += [("--stages", ",".join(stages))] if stages else []
    options += [("--task", str(given["task"]))] if given["task"] else []
    for role, columns in (given["roles"] or {}).items():
        options += [("--role", f"{role}={c}") for c in ([columns] if isinstance(columns, str) else columns)]
    options += [("--on-bad-row", "skip")] if given["on_bad_row"] == "skip" else []
    said = [f"{name} {shown(shlex.quote(value))}" for name, value in options]
    what = shown(shlex.quote(str(recipe_path or path)))
    return " ".join(["curate run", what, *said, "--out RUN", *([] if trained else ["--no-train"])])


def _said_by_options(recipe: Mapping[str, Any], stages: list[str] | None, given: Mapping[str, Any]) -> bool:
    """Whether the options make this recipe out of the default one."""
    try:
        said = Recipe().with_(stages=stages, **given).to_dict()
        meant = Recipe.parse(recipe).to_dict()
    except ConfigError:
        return False
    for section, keys in UNIMPORTANT.items():
        for key in keys:
            said[section].pop(key, None)
            meant[section].pop(key, None)
    return bool(said == meant)


def _from_manifest(trained: bool) -> str:
    recipe = "curate.Recipe.parse(json.load(open('RUN/manifest.json'))['recipe'])"
    return f'python -c "import curate, json; curate.run({recipe}, out=\'RUN\', train={trained})"'
