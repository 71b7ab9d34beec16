"""What is tracked of a run, and the door to the trackers: chosen by name, checked before, harmless when they fail."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import xxhash

from curate.errors import ConfigError, MissingExtraError
from curate.statistics import finite
from train.config import TrainConfig
from train.distributed import is_main
from train.extra import COMET_OFF

MODULES = {
    "tensorboard": ("train.trackers.tensor_board", ("tensorboard",)),
    "wandb": ("train.trackers.weights_and_biases", ("wandb",)),
    "comet": ("train.trackers.comet", ("comet_ml",)),
    "mlflow": ("train.trackers.ml_flow", ("mlflow", "sqlalchemy", "alembic")),
    "trackio": ("train.trackers.track_io", ("trackio",)),
}
"""The module of ours, and the packages that it needs, by the name of the setting."""
NAMES = tuple(MODULES)
TELEMETRY_OFF = {
    "WANDB_ERROR_REPORTING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    **COMET_OFF,
    "GRADIO_ANALYTICS_ENABLED": "False",
}
_LEFT_OUT = ("tracker", "tracker_project", "base")
_HASHES = ("base_hash", "data_hash", "evaluation_hash", "validation_hash", "config_hash")


@dataclass(frozen=True)
class RunFacts:
    """What a tracker is told of a run before it begins."""

    project: str
    id: str
    """32 hexadecimal digits, the same for the same run, so that one that goes on is gone on with."""
    name: str
    """What a person reads: arm and seed."""
    group: str
    """The same for all runs that are judged by the same rows."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings, hashes and versions, flat."""
    tags: tuple[str, ...] = ()


class Backend(Protocol):
    """One run of one tracker."""

    where: str
    """Where the run can be seen, as the tracker says it: an address, or a folder."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Numbers at a step."""

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """Numbers and sentences of the end; closes the run."""


class Tracked:
    """A run of a tracker, or of none, that never harms what it follows."""

    def __init__(self, backend: Backend | None = None, name: str = "", run_id: str = "") -> None:
        self._backend = backend
        self.name, self.run_id = name, run_id
        self.where = "" if backend is None else backend.where
        self.failed = ""
        """Kind of the error that ended the tracking; empty while it works."""

    def log(self, values: Mapping[str, Any], step: int) -> None:
        """Send the finite numbers of `values`."""
        numbers = {k: float(v) for k, v in values.items() if finite(v) is not None}
        if numbers:
            self._try("log", numbers, step)

    def finish(self, outcome: Mapping[str, Any]) -> dict[str, Any]:
        """Close the run with what came of it; what `done.json` says of the tracker."""
        flat = {k: v for k, v in outcome.items() if finite(v) is not None or isinstance(v, str)}
        self._try("finish", flat)
        if not self.name:
            return {}
        told = {"name": self.name, "run": self.run_id, "where": self.where}
        return {"tracker": {**told, "failed": self.failed} if self.failed else told}

    @contextlib.contextmanager
    def closing(self) -> Iterator[None]:
        """Close the run as ended early where the block raises; otherwise `finish` has closed it."""
        try:
            yield
        except BaseException as error:
            self._try("finish", {"state": f"ended by {type(error).__name__}"})
            raise

    def _try(self, method: str, *arguments: Any) -> None:
        if self._backend is None:
            return
        try:
            getattr(self._backend, method)(*arguments)
        except Exception as error:  # anything: a network, a service, a full disk; the training is worth more
            self.failed = type(error).__name__
            self._backend = None


def check(config: TrainConfig) -> None:
    """Raise before training where the tracker of a configuration cannot work, with what would.

    `ConfigError` (unknown name, no credentials), `MissingExtraError` (package).
    """
    if not config.tracker:
        return
    module, packages = MODULES[config.tracker]
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(config.tracker, package)
    _prepare()
    with _quiet():
        importlib.import_module(module).check(config.tracker_project)


def open_tracker(config: TrainConfig, facts: RunFacts, directory: Path) -> Tracked:
    """Begin (or go on with) a run; without a tracker, one that says nothing. Files of its own go under `directory`."""
    if not config.tracker or not is_main():
        return Tracked()
    _prepare()
    try:
        with _quiet():
            backend: Backend = importlib.import_module(MODULES[config.tracker][0]).Run(facts, directory)
    except Exception as error:
        broken = Tracked(None, config.tracker, facts.id)
        broken.failed = type(error).__name__
        return broken
    return Tracked(backend, config.tracker, facts.id)


def facts_of(config: TrainConfig, identity: Mapping[str, Any], directory: Path) -> RunFacts:
    """The facts of a training run, from what `train.record.run_identity` says of it.

    The arm is the folder's name, or that of the folder above where the last is a number, a seed of an ablation
    (`train/<arm>/<seed>/`); the seed is the configuration's.
    """
    settings = {k: v for k, v in config.told().items() if k not in _LEFT_OUT}
    settings = {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in settings.items()}
    hashes = {name: identity.get(name) for name in _HASHES if identity.get(name)}
    versions = {f"version_{name}": version for name, version in identity.get("versions", {}).items()}
    arm = directory.parent.name if directory.name.isdigit() else directory.name
    seed = str(config.seed)
    base = Path(config.base).name or config.base
    run_id = str(identity["run_id"])
    return RunFacts(
        project=config.tracker_project,
        id=run_id,
        name=f"{arm}/{seed}",
        group=group_of(str(identity.get("base_hash")), str(identity.get("evaluation_hash"))),
        settings={**settings, "base": base, "arm": arm, **hashes, **versions, "run_id": run_id},
        tags=(f"arm:{arm}", f"seed:{seed}", f"data:{str(identity.get('data_hash'))[:12]}"),
    )


def outcome_of(done: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a finished run that a tracker keeps: losses, steps, seconds, metrics of each judged set."""
    out: dict[str, Any] = {"state": "done"}
    out |= {name: done[name] for name in ("steps", "rows", "tokens_seen", "final_loss", "train_seconds") if name in done}
    out["alerts"] = len(done.get("alerts", ()))
    for part in ("evaluation", "base_evaluation", "real_world", "base_real_world"):
        out |= {f"{part}/{k}": v for k, v in (done.get(part) or {}).items() if finite(v) is not None}
    return out


def group_of(base_hash: str, evaluation_hash: str) -> str:
    """The group of runs that one set of rows judges, on one base."""
    return xxhash.xxh3_64_hexdigest(f"{base_hash} {evaluation_hash}".encode())


def track_outcome(
    config: TrainConfig, what: str, group: str, outcome: Mapping[str, Any], directory: Path, **hashes: str
) -> dict[str, Any]:
    """One run for what an ablation or a study concluded: `outcome` holds numbers and sentences of our own."""
    said = xxhash.xxh3_128_hexdigest(repr((what, group, sorted(outcome.items()))).encode())
    facts = RunFacts(
        project=config.tracker_project, id=said, name=what, group=group, settings={"what": what, **hashes},
        tags=(f"outcome:{what}",),
    )  # fmt: skip
    run = open_tracker(config, facts, directory)
    run.log(outcome, 0)
    return run.finish(outcome)


def _prepare() -> None:
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Libraries that report about themselves do so on their own loggers; stderr is for what the user asked."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "comet_ml", "wandb", "trackio", "alembic")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def missing(what: str, *ways: str) -> ConfigError:
    """No credentials: what would work."""
    return ConfigError(f"tracker = {what!r} has no credentials here; {'; or '.join(ways)}")
