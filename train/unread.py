"""Settings that somebody set and that a run does not read: its method, objective, task or another setting makes nothing of
them. They are told before training, and refuse nothing: one recipe may serve runs of several kinds. Pure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from train.config import TrainConfig
from train.examples import CLASSIFICATION

_LORAS = ("lora", "lora_plus", "qlora")


class _Reads(NamedTuple):
    names: tuple[str, ...]
    """Settings."""
    reads: Callable[[TrainConfig, str], bool]
    """Whether a run of this configuration and task reads them."""
    by: str
    """What does, in words."""


_READ = (
    _Reads(("lora_rank", "lora_alpha", "lora_dropout", "rslora", "dora"), lambda c, _: c.method in _LORAS,
           "methods lora, lora_plus and qlora"),
    _Reads(("lora_plus_ratio",), lambda c, _: c.method == "lora_plus", "method lora_plus"),
    _Reads(("target_modules",), lambda c, _: c.method in (*_LORAS, "ia3"), "methods lora, lora_plus, qlora and ia3"),
    _Reads(("preference_beta",), lambda c, _: c.objective != "likelihood", "objectives dpo, kto and ranking"),
    _Reads(("label_smoothing", "focal_gamma"), lambda c, _: c.objective == "likelihood", "objective likelihood"),
    _Reads(("class_weights", "head_start", "pooling", "token_dropout"),
           lambda _, task: task == CLASSIFICATION, "classification"),
    _Reads(("replay_fraction",), lambda c, _: bool(c.replay), "replay"),
    _Reads(("distillation_weight", "distillation_temperature"), lambda c, _: bool(c.teacher), "a teacher"),
    _Reads(("decay_factor",), lambda c, _: c.scheduler in ("exponential", "step"), "schedulers exponential and step"),
)  # fmt: skip


def reads(config: TrainConfig, task: str, name: str) -> bool:
    """Whether a run of this configuration and task reads a setting."""
    return all(each.reads(config, task) for each in _READ if name in each.names)


def unread_settings(config: TrainConfig, task: str) -> list[str]:
    """A sentence for each kind of setting that is not at its default and that nothing reads."""
    default = {field.name: field.default for field in dataclasses.fields(config)}
    found = []
    for each in _READ:
        names = [name for name in each.names if getattr(config, name) != default[name]]
        if names and not each.reads(config, task):
            are = "are" if len(names) > 1 else "is"
            found.append(f"Not read: {', '.join(names)}, which {are} for {each.by}.")
    return found
