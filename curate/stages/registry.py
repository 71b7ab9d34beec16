"""All stages by name, found without importing any of them.

A stage may live anywhere: here, in `audit`, in `train`, or in a plug-in that registers the entry point group
`curate.stages` with its name pointing at a `Stage` object. Modules load when a stage is asked for.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable
from importlib import metadata
from types import ModuleType

from curate.errors import ConfigError, CurateError, nearest
from curate.house import OURS, require
from curate.stages.base import Concern, Stage

BUILT_IN: dict[str, str] = {
    "exact_duplicates": "curate.stages.exact_duplicates",
    "near_duplicates": "curate.stages.near_duplicates",
    "contamination": "curate.stages.contamination",
    "pii": "curate.stages.pii",
    "label_issues": "curate.stages.label_issues",
    "label_names": "curate.stages.label_names",
    "text_quality": "curate.stages.text_quality",
    "fairness": "audit.stages.fairness",
}
"""In the order of precedence that a recipe has by default."""

OPT_IN: dict[str, str] = {
    "boilerplate": "curate.stages.boilerplate",
    "semantic_duplicates": "curate.stages.semantic_duplicates",
    "normalise": "curate.stages.normalise",
    "outliers": "curate.stages.outliers",
    "sufficiency": "audit.stages.sufficiency",
    "slices": "audit.stages.slices",
    "instruction_difficulty": "train.stages.instruction_difficulty",
    "memorised": "train.stages.memorised",
    "erasure": "curate.stages.erasure",
    "feedback": "curate.stages.feedback",
    "counterfactual_swaps": "audit.stages.counterfactual_swaps",
    "mitigation": "audit.stages.mitigation",
    "augmentation": "curate.stages.augmentation",
}
"""Stages that run only where a recipe has a section for them, or a list of stages names them."""


@functools.cache
def plug_ins() -> dict[str, metadata.EntryPoint]:
    """Stages of installed plug-ins; a built-in name cannot be taken."""
    return {e.name: e for e in metadata.entry_points(group="curate.stages") if e.name not in _modules()}


def known_stages() -> tuple[str, ...]:
    """Names of every stage that can be asked for."""
    return (*_modules(), *sorted(plug_ins()))


def _modules() -> dict[str, str]:
    return {**BUILT_IN, **OPT_IN}


def load_module(name: str) -> ModuleType:
    """A module of ours; those of the generic top-level packages are checked for a namesake first."""
    return require(name) if name.partition(".")[0] in OURS else importlib.import_module(name)


@functools.cache
def get_stage(name: str) -> Stage:
    """The stage of that name; ConfigError names the closest one when there is none."""
    if name in _modules():
        stage = load_module(_modules()[name]).STAGE
    elif name in plug_ins():
        stage = plug_ins()[name].load()
    else:
        raise ConfigError(f"there is no stage {name!r}; {nearest(name, known_stages())}")
    if not isinstance(stage, Stage) or stage.name != name:
        raise ConfigError(f"the plug-in for stage {name!r} does not give a Stage of that name")
    return stage


def in_running_order(names: Iterable[str]) -> list[str]:
    """The same stages, those whose hints are used before those that use them, otherwise as given."""
    asked = list(dict.fromkeys(names))
    done: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in path:
            raise ConfigError(f"stages use each other's hints in a circle: {' -> '.join((*path, name))}")
        for used in get_stage(name).uses:
            if used in asked:
                visit(used, (*path, name))
        done.append(name)

    for name in asked:
        visit(name, ())
    return done


def concern_of(name: str) -> Concern:
    """What a stage is about; of one that is not installed here, and of what people say, it is not known."""
    try:
        return get_stage(name).concern
    except CurateError:
        return "other"


def about(concern: Concern, names: Iterable[str]) -> tuple[str, ...]:
    """Of these stages, those with one concern."""
    return tuple(name for name in names if concern_of(name) == concern)


def title_of(name: str) -> str:
    """What people call a stage; one that is not installed here, and what no stage found, go by their names."""
    try:
        return get_stage(name).title
    except CurateError:
        return name.replace("_", " ").capitalize()
