"""How a study is made: one frozen dataclass, the recipe's `[tune]` table. What is searched stands in `train.tune.space`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.errors import ConfigError, nearest

SAMPLERS = ("tpe", "random", "grid")
OBJECTIVES = ("metric", "loss")
PRUNERS = ("median", "halving", "none")


@dataclass(frozen=True)
class TuneConfig:
    """What a study tries, how it chooses, and when it ends."""

    sampler: str = "tpe"
    """What proposes settings: `tpe` learns from finished trials, `random` draws, `grid` tries every combination."""
    trials: int = 20
    """Trials of the whole study, the defaults among them; a study that is resumed goes on to this many."""
    startup_trials: int = 6
    """Trials that `tpe` draws at random before it learns from them."""
    pruner: str = "median"
    """Which trials end early: those worse than the `median` of finished ones, all but the best third at each rung
    (`halving`), or `none`."""
    pruning_after_trials: int = 4
    """Trials that run to their end before any is ended early."""
    rungs: int = 8
    """Evaluations on validation rows in one trial, evenly spread; pruning looks at each."""
    objective: str = "metric"
    """What is optimised on validation rows: the task's `metric` (accuracy; nats a token for writers) or the `loss`."""
    validation_fraction: float = 0.2
    """Part of the training rows that trials are judged by, whole near-duplicate clusters at a time."""
    most_validation_rows: int = 1000
    """No more validation rows than these; each trial scores them at every rung."""
    at_once: int = 0
    """Trials that run side by side; 0 takes as many as there are cores and as memory holds, 1 on an accelerator."""
    max_minutes: float = 0.0
    """No trial begins after so many minutes of a call; 0 sets no limit."""
    seeds: int = 3
    """Trainings of the winner and of the defaults each, compared on the test rows; 0 leaves the comparison out."""
    grid_points: int = 3
    """Values that `grid` takes of a range."""
    space: Mapping[str, Any] = field(default_factory=dict)
    """Settings of `[train]` to search: a list of values, `{low, high, log}` for a range, or false to leave one out."""

    def __post_init__(self) -> None:
        for name, known in (("sampler", SAMPLERS), ("objective", OBJECTIVES), ("pruner", PRUNERS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; {nearest(str(getattr(self, name)), known)}")
        for name, least in (("trials", 1), ("startup_trials", 1), ("pruning_after_trials", 1), ("rungs", 1),
                            ("most_validation_rows", 2), ("at_once", 0), ("seeds", 0), ("grid_points", 2)):  # fmt: skip
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, got {getattr(self, name)!r}")
        if not 0 < self.validation_fraction < 0.5 or self.max_minutes < 0:
            raise ConfigError("validation_fraction must lie between 0 and 0.5, and max_minutes not be negative")

    def identity(self) -> dict[str, Any]:
        """What a resumed study must have in common with its beginning; how long it runs and how wide is left out."""
        names = ("sampler", "startup_trials", "pruner", "pruning_after_trials", "rungs", "objective", "grid_points")
        return json.loads(json.dumps({name: getattr(self, name) for name in names}))  # type: ignore[no-any-return]
