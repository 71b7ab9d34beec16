"""The loop of a study: ask, train, tell, until there are enough trials, time is up, or somebody asks to stop.

Trials run in batches of `at_once`. A batch is told in the order of its numbers and pruning compares with trials of
earlier batches alone, so the same study comes out however fast each worker was, killed and resumed or not (`halving` looks
at trials that still run, so there this holds for one at a time). A trial that was running when the study was killed goes
on from its own checkpoint. The data is training and validation rows; nothing here is ever shown another row.
Cost: trials × one training, less what pruning saves.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from curate.errors import CurateError
from curate.words import rough_duration
from train.config import TrainConfig
from train.evaluate import HIGHER_IS_BETTER, metric_name
from train.examples import Examples
from train.processes import DONE, FAILED, PRUNED, Job, Pool
from train.processes.worker import best_so_far
from train.stream import read_metrics
from train.tune.config import TuneConfig
from train.tune.space import Dimension, values_of, with_values
from train.tune.study import Asker, open_study, present, pruner_of

if TYPE_CHECKING:
    import optuna

Tell = Callable[[dict[str, Any]], None]
TRIALS = "trials"


@dataclass(frozen=True)
class StudyData:
    """What a study may see."""

    training: Examples
    """Rows that every trial trains on."""
    validation: Examples
    """Rows that every trial is judged by."""
    labels: tuple[str, ...] | None
    """The label space: of these two sets alone."""
    base_hash: str
    """Fingerprint of the base model."""

    def identity(self) -> dict[str, Any]:
        """What decides the outcome of a trial beside its settings."""
        labels = xxhash.xxh3_128_hexdigest(json.dumps(self.labels).encode("utf-8", "surrogatepass"))
        hashes = {"data_hash": self.training.fingerprint(), "validation_hash": self.validation.fingerprint()}
        return {**hashes, "labels_hash": labels, "base_hash": self.base_hash}


@dataclass(frozen=True)
class StudyResult:
    """What a study came to."""

    trials: tuple[dict[str, Any], ...]
    """One a trial, by number: number, state, values, value, loss, metric, steps, rungs, reason, seconds."""
    best: dict[str, Any] | None
    """The best finished trial."""
    default: dict[str, Any] | None
    """The trial of the configuration that was tuned, where it lies in the space."""
    tuned: TrainConfig
    """The configuration of the best trial."""
    objective: str
    maximise: bool
    total: int
    """Trials that the study will have when it is finished."""
    stopped: str = ""
    """Why it ended before: `asked`, `time`; empty when it is finished."""


def run_study(
    data: StudyData,
    config: TrainConfig,
    space: Sequence[Dimension],
    tune: TuneConfig,
    folder: Path,
    *,
    at_once: int = 1,
    tell: Tell = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
    pool: Pool | None = None,
) -> StudyResult:
    """Run or go on with the study in `folder`.

    `config` is what is tuned; its `epochs` must be set. `tell` gets `{"kind": "notice", "words"}` and
    `{"kind": "step", arm, seed, run, runs, step, steps, loss, eta_s}`. `stop` is asked between batches. Without
    a lent `pool` the workers are started and ended here. Raises `RunError` (a study of other data or settings is there),
    `CurateError` where the configuration itself cannot be trained.
    """
    metric = metric_name(data.training.task)
    objective = metric if tune.objective == "metric" else "loss"
    maximise = objective != "loss" and HIGHER_IS_BETTER[metric]
    identity = {
        **data.identity(),
        "space": {d.name: d.to_json() for d in space},
        "fixed_hash": _fixed(config, space).fingerprint(),
        "tune": tune.identity(),
        "seed": config.seed,
    }
    study = open_study(folder, identity, maximise=maximise)
    study.pruner = pruner_of(tune)
    default = values_of(config, space)
    asker = Asker(study, space, tune, config.seed, default)
    loop = _Loop(data, config, space, tune, folder, study, asker, objective, at_once, tell, pool)
    stopped = loop.run(stop)
    rows = tuple(loop.rows())
    done = [row for row in rows if row["state"] == "complete"]
    sign = -1.0 if maximise else 1.0
    best = min(done, key=lambda row: (sign * row["value"], row["loss"], row["number"]), default=None)
    tuned = config if best is None else with_values(config, best["values"], space)
    first = next((row for row in rows if row["values"] == default), None)
    return StudyResult(rows, best, first, tuned, objective, maximise, asker.total, stopped)


class _Loop:
    """The state of one call."""

    def __init__(
        self, data: StudyData, config: TrainConfig, space: Sequence[Dimension], tune: TuneConfig, folder: Path,
        study: optuna.Study, asker: Asker, objective: str, at_once: int, tell: Tell, pool: Pool | None,
    ) -> None:  # fmt: skip
        self.data, self.config, self.space, self.tune, self.folder = data, config, space, tune, folder
        self.study, self.asker, self.objective, self.at_once, self.tell = study, asker, objective, at_once, tell
        self.pool = pool
        self.began = time.monotonic()
        self.finished_now = 0
        self.trials: dict[str, optuna.Trial] = {}
        self.shares: dict[str, float] = {}

    def run(self, stop: Callable[[], bool]) -> str:
        """Until the study is finished; why it ended before, else empty."""
        batch = self.asker.unfinished()
        if self._settled():
            words = f"The study goes on: {self._settled()} of {self.asker.total} trials are there"
            self.tell({"kind": "notice", "words": words + (f", {len(batch)} unfinished." if batch else ".")})
        with contextlib.nullcontext(self.pool) if self.pool is not None else Pool(self.at_once) as pool:
            while batch or self._settled() < self.asker.total:
                if stop():
                    return "asked"
                if self.tune.max_minutes and time.monotonic() - self.began > 60 * self.tune.max_minutes:
                    return "time"
                while len(batch) < self.at_once and self._settled() + len(batch) < self.asker.total:
                    batch.append(self.asker.ask())
                    self.asker.values(batch[-1])  # drawn, and so on disk, before the next one is asked for
                self._batch(pool, batch)
                batch = []
        return ""

    def rows(self) -> list[dict[str, Any]]:
        """The trials as JSON."""
        out = []
        for frozen in self.study.get_trials(deepcopy=False):
            told = frozen.user_attrs
            state = frozen.state.name.lower()
            row: dict[str, Any] = {"number": frozen.number, "state": state, "values": dict(frozen.params)}
            row["value"] = frozen.value if state == "complete" else None
            row |= {name: told.get(name) for name in ("loss", "metric", "step", "steps", "reason", "seconds")}
            row["rungs"] = {str(k): v for k, v in sorted(frozen.intermediate_values.items())}
            out.append(row)
        return out

    def _settled(self) -> int:
        return sum(t.state.is_finished() for t in self.study.get_trials(deepcopy=False))

    def _batch(self, pool: Pool, batch: list[optuna.Trial]) -> None:
        jobs = [self._job(trial) for trial in sorted(batch, key=lambda t: t.number)]
        self.trials = {job.key: trial for job, trial in zip(jobs, sorted(batch, key=lambda t: t.number), strict=True)}
        self.shares = dict.fromkeys(self.trials, 0.0)
        begun = time.monotonic()
        ended = pool.run_jobs(jobs, self._told, self._goes_on)
        seconds = time.monotonic() - begun
        for job in jobs:
            self._settle(job, ended[job.key], seconds)

    def _job(self, trial: optuna.Trial) -> Job:
        values = self.asker.values(trial)
        config = with_values(self.config, values, self.space)
        steps = config.step_count(len(self.data.training))
        config = config.replace(
            steps=steps, epochs=0.0, evaluate_every_steps=max(1, steps // self.tune.rungs), tensorboard=False
        )
        directory = self.folder / TRIALS / f"{trial.number:04d}"
        labels = self.data.labels
        return Job(
            str(trial.number), self.data.training, None, config, directory, labels, validation=self.data.validation,
            asks=True, watched=False,
        )  # fmt: skip

    def _goes_on(self, job: Job, event: Mapping[str, Any]) -> bool:
        trial = self.trials[job.key]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a rung that was told before the study was killed
            trial.report(self._value(event), int(event["rung"]))
        return not trial.should_prune()

    def _value(self, measured: Mapping[str, Any]) -> float:
        return float(measured["loss" if self.objective == "loss" else "metric"])

    def _told(self, job: Job, event: Mapping[str, Any]) -> None:
        if event["kind"] != "step":
            return
        self.shares[job.key] = event["step"] / max(1, event["steps"])
        self.tell(
            {
                "kind": "step", "arm": f"trial {int(job.key) + 1}", "seed": job.config.seed, "run": int(job.key) + 1,
                "runs": self.asker.total, "step": event["step"], "steps": event["steps"], "loss": event.get("loss"),
                "eta_s": self._seconds_left(),
            }
        )  # fmt: skip

    def _seconds_left(self) -> float | None:
        done = self.finished_now + sum(self.shares.values())
        left = self.asker.total - self._settled() - sum(self.shares.values())
        return (time.monotonic() - self.began) / done * max(0.0, left) if done else None

    def _settle(self, job: Job, ended: Mapping[str, Any], seconds: float) -> None:
        optuna = present()
        trial, state = self.trials[job.key], optuna.trial.TrialState
        measured = [line for line in read_metrics(job.directory / "metrics.jsonl") if "validation" in line]
        trial.set_user_attr("steps", job.config.steps)
        trial.set_user_attr("seconds", round(seconds, 1))
        found = best_so_far(measured) if measured else None
        for name, value in (found or {}).items():
            trial.set_user_attr(name, value)
        failed = ended["state"] == FAILED or (ended["state"] == DONE and found is None)
        self.finished_now += 1
        self.shares[job.key] = 0.0
        shutil.rmtree(job.directory / "adapter", ignore_errors=True)  # made again, with all seeds, for the winner
        shutil.rmtree(job.directory / "checkpoints", ignore_errors=True)
        if failed:
            reason = str(ended.get("reason", "no validation rows were scored"))
            trial.set_user_attr("reason", reason)
            self.study.tell(trial, state=state.FAIL)
            if trial.number == 0:
                raise CurateError(f"the settings that are to be tuned cannot be trained themselves: {reason}")
            self._say(job, f"failed: {reason}")
        elif ended["state"] == PRUNED:
            self.study.tell(trial, state=state.PRUNED)
            self._say(job, f"ended early at {self.objective.replace('_', ' ')} {self._value(found or {}):.4g}")
        else:
            assert found is not None
            self.study.tell(trial, self._value(found))
            self._say(job, f"{self.objective.replace('_', ' ')} {self._value(found):.4g}")

    def _say(self, job: Job, words: str) -> None:
        left = self._seconds_left()
        done = [row for row in self.rows() if row["state"] == "complete"]
        pick = max if self.study.direction.name == "MAXIMIZE" else min
        best = "" if not done else f"; best so far {pick(row['value'] for row in done):.4g}"
        spoken = "" if left is None or not left else f"; about {rough_duration(left)} left"
        self.tell({"kind": "notice", "words": f"Trial {int(job.key) + 1} of {self.asker.total}: {words}{best}{spoken}."})


def _fixed(config: TrainConfig, space: Sequence[Dimension]) -> TrainConfig:
    """The configuration with everything that is searched at one and the same value."""
    usual = TrainConfig()
    changes: dict[str, Any] = {d.name: getattr(usual, d.name) for d in space}
    return config.replace(**{**changes, "steps": 1})
