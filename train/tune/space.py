"""What is searched: dimensions over settings of `TrainConfig`, and how a point of the space becomes a configuration.

A dimension is a range (linear or logarithmic, of numbers or of whole numbers) or a list of values. The defaults stand
around the configuration that is tuned, so a recipe that sets a learning rate for a large base is searched near it. Two
settings follow others unless they are searched themselves: `lora_alpha` keeps its ratio to `lora_rank`, so that rank
changes what can be learned and not how fast; and length is searched in passes over the rows, so that a larger batch
does not also mean more of them. Everything here is plain Python; optuna sees it in `train.tune.study`.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.errors import ConfigError, nearest
from train.config import TrainConfig
from train.examples import CLASSIFICATION
from train.unread import reads

NOT_SEARCHED = frozenset(
    ("seed", "device", "threads", "on_alert", "real_world", "tensorboard", "tracker", "tracker_project", "answer_rows",
     "answer_tokens", "validation_fraction", "evaluate_every_steps", "checkpoint_every_steps", "spans_column", "steps",
     "early_stopping_patience_evaluations")
)
"""Settings that decide what is judged, or where, and not how well a model learns; `epochs` stands for `steps`."""
RANKS = (4, 8, 16, 32, 64)
MOST_GRID = 1000
Value = float | int | str | bool


@dataclass(frozen=True)
class Dimension:
    """One searched setting: a range, or a list of values."""

    name: str
    """A field of `TrainConfig`."""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    """Whether the range is searched on a logarithmic scale."""
    whole: bool = False
    """Whether only whole numbers are meant."""
    choices: tuple[Value, ...] = ()
    """The values, where it is no range."""

    def __post_init__(self) -> None:
        if self.choices:
            return
        if not self.low < self.high:
            raise ConfigError(f"[tune.space] {self.name}: low must be below high")
        if self.log and self.low <= 0:
            raise ConfigError(f"[tune.space] {self.name}: a logarithmic range must begin above 0")

    def points(self, count: int) -> tuple[Value, ...]:
        """The values that a grid takes: all choices, or `count` evenly spread over the range."""
        if self.choices:
            return self.choices
        ends = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        spread = [ends[0] + (ends[1] - ends[0]) * i / (count - 1) for i in range(count)]
        values = [math.exp(v) for v in spread] if self.log else spread
        return tuple(dict.fromkeys(round(v) for v in values)) if self.whole else tuple(float(f"{v:.6g}") for v in values)

    def holds(self, value: Any) -> bool:
        """Whether a value lies in the dimension."""
        return value in self.choices if self.choices else self.low <= value <= self.high

    def to_json(self) -> dict[str, Any]:
        """As a recipe would write it."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


def default_space(config: TrainConfig, task: str) -> tuple[Dimension, ...]:
    """What is searched where a recipe says nothing, around `config`, whose `epochs` must be set: only what a run reads."""
    rate, head = config.learning_rate, config.head_learning_rate
    found = [
        Dimension("learning_rate", rate / 6, rate * 6, log=True),
        Dimension("lora_rank", choices=RANKS if config.lora_rank in RANKS else (*RANKS, config.lora_rank)),
        Dimension("lora_dropout", 0.0, 0.3),
        Dimension("epochs", config.epochs / 2, config.epochs * 2, log=True),
        Dimension("batch_rows", choices=tuple(sorted({max(1, config.batch_rows // 2), config.batch_rows,
                                                      config.batch_rows * 2}))),
        Dimension("weight_decay", choices=tuple(sorted({0.0, 0.01, 0.1, config.weight_decay}))),
        Dimension("label_smoothing", 0.0, 0.2),
    ]
    if task == CLASSIFICATION:
        found.insert(1, Dimension("head_learning_rate", head / 6, head * 6, log=True))
    parts = config.gradient_accumulation_batches
    return tuple(
        dataclasses.replace(d, choices=tuple(n for n in d.choices if int(n) % parts == 0)) if d.name == "batch_rows" else d
        for d in found if reads(config, task, d.name)
    )


def read_space(given: Mapping[str, Any], default: Sequence[Dimension]) -> tuple[Dimension, ...]:
    """The default space with what a recipe says about it; raises `ConfigError` that names the setting."""
    known = [f.name for f in dataclasses.fields(TrainConfig) if f.name not in NOT_SEARCHED]
    found = {d.name: d for d in default}
    for name, value in given.items():
        if name not in known:
            help_ = "search `epochs` instead" if name == "steps" else nearest(name, known)
            raise ConfigError(f"[tune.space] {name!r} is no setting that can be searched; {help_}")
        if value is False:
            found.pop(name, None)
        else:
            found[name] = _dimension(name, value)
    if not found:
        raise ConfigError("[tune.space] leaves nothing to search")
    return tuple(found.values())


def _dimension(name: str, value: Any) -> Dimension:
    whole = isinstance(getattr(TrainConfig(), name), int)
    if isinstance(value, list | tuple):
        if len(value) < 2 or any(isinstance(v, list | tuple | dict) for v in value):
            raise ConfigError(f"[tune.space] {name}: give two plain values or more")
        found = Dimension(name, choices=tuple(value))
    elif isinstance(value, Mapping):
        if wrong := set(value) - {"low", "high", "log"}:
            raise ConfigError(f"[tune.space] {name}: {sorted(wrong)[0]!r} is not understood; known: high, log, low")
        try:
            found = Dimension(name, float(value["low"]), float(value["high"]), bool(value.get("log", False)), whole)
        except (KeyError, TypeError, ValueError):
            raise ConfigError(f"[tune.space] {name}: a range needs numbers low and high") from None
    else:
        raise ConfigError(f"[tune.space] {name}: give a list of values, a table with low and high, or false")
    for end in found.choices or (found.low, found.high):
        try:
            TrainConfig(epochs=1.0).replace(**_changes(TrainConfig(epochs=1.0), {name: end}, (found,)))
        except (ConfigError, TypeError) as error:
            raise ConfigError(f"[tune.space] {name}: {error}") from None
    return found


def with_values(config: TrainConfig, values: Mapping[str, Any], space: Sequence[Dimension]) -> TrainConfig:
    """The configuration at a point of the space."""
    return config.replace(**_changes(config, values, space))


def _changes(config: TrainConfig, values: Mapping[str, Any], space: Sequence[Dimension]) -> dict[str, Any]:
    whole = {d.name for d in space if d.whole}
    changes = {name: int(value) if name in whole else value for name, value in values.items()}
    if "lora_rank" in changes and "lora_alpha" not in changes:
        changes["lora_alpha"] = max(1, round(config.lora_alpha * changes["lora_rank"] / config.lora_rank))
    if "target_modules" in changes:
        changes["target_modules"] = (changes["target_modules"],)
    return changes


def values_of(config: TrainConfig, space: Sequence[Dimension]) -> dict[str, Any] | None:
    """Where a configuration stands in the space; None where it lies outside."""
    found = {d.name: getattr(config, d.name) for d in space}
    if "target_modules" in found:
        found["target_modules"] = found["target_modules"][0]
    return found if all(d.holds(found[d.name]) for d in space) else None


def grid(space: Sequence[Dimension], points: int, seed: int) -> list[dict[str, Any]]:
    """Every combination, in an order drawn by seed, so that a study that is stopped has seen all corners alike."""
    sides = [d.points(points) for d in space]
    total = math.prod(map(len, sides))
    if total > MOST_GRID:
        raise ConfigError(
            f"the grid has {total:,} combinations; name fewer values in [tune.space], or take sampler = \"tpe\""
        )
    names = [d.name for d in space]
    found = [dict(zip(names, values, strict=True)) for values in itertools.product(*sides)]
    random.Random(seed).shuffle(found)
    return found
