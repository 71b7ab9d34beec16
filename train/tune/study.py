"""The study itself: optuna over one SQLite file, its trials a function of the seed and of the trials before.

Optuna's samplers draw from a generator that a process begins anew, so a study that is resumed would propose again what
it proposed at first. Here each trial has a sampler of its own, seeded by the study's seed and the trial's number: a study
that was killed and resumed is the study that ran through. Methods: TPE (Bergstra et al. 2011; multivariate, Falkner et al.
2018), median rule (Golovin et al. 2017), successive halving (Jamieson and Talwalkar 2016; asynchronous, Li et al. 2020).

Only one process writes the file. A trial that was running when it died stays `RUNNING` there and is taken up again.
Cost: some 20 ms a trial. Needs optuna.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from curate.dataset.atomic import make_private_dir
from curate.errors import MissingExtraError, RunError
from train.tune.config import TuneConfig
from train.tune.space import Dimension, grid

if TYPE_CHECKING:
    import optuna

FILE = "study.db"
NAME = "curate"
IDENTITY = "curate_identity"
WORDS = {
    "data_hash": "other training rows",
    "validation_hash": "other validation rows",
    "labels_hash": "other labels",
    "base_hash": "another base model",
    "space": "another search space",
    "fixed_hash": "other settings in [train]",
    "tune": "other settings in [tune]",
    "seed": "another seed",
}


def present() -> Any:
    """optuna, quiet; `MissingExtraError` says how to install it."""
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("train", error.name or "optuna") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def open_study(folder: Path, identity: Mapping[str, Any], *, maximise: bool) -> optuna.Study:
    """The study in a folder, begun or taken up; raises `RunError` where it is of other data or settings."""
    optuna = present()
    make_private_dir(folder)
    path = folder / FILE
    if not path.exists():
        path.touch(mode=0o600)
    try:
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{path.resolve()}", engine_kwargs={"connect_args": {"timeout": 60}}
        )
        study = optuna.create_study(
            storage=storage, study_name=NAME, direction="maximize" if maximise else "minimize", load_if_exists=True
        )
    except Exception as error:  # sqlalchemy's own errors, which quote SQL
        raise RunError(
            f"{path} cannot be read as a study ({type(error).__name__}); name another folder with --out, or begin anew "
            "with --restart"
        ) from None
    told = study.user_attrs.get(IDENTITY)
    now = json.loads(json.dumps(identity, sort_keys=True))
    if told is None:
        study.set_user_attr(IDENTITY, now)
    elif told != now:
        differs = [words for name, words in WORDS.items() if told.get(name) != now.get(name)] or ["other settings"]
        raise RunError(
            f"{folder} holds a study of {', '.join(differs)}; what its trials found says nothing about this one. Name "
            "another folder with --out, or let it go with --restart"
        )
    return study


class Asker:
    """Proposes trials and takes up those that were running."""

    def __init__(
        self,
        study: optuna.Study,
        space: Sequence[Dimension],
        config: TuneConfig,
        seed: int,
        default: Mapping[str, Any] | None,
    ) -> None:
        """`default` is where the configuration that is tuned stands; it is tried first."""
        self.study, self.space, self.config, self.seed = study, space, config, seed
        self.default = default
        self.grid = grid(space, config.grid_points, seed) if config.sampler == "grid" else []
        if self.grid and default is not None:
            self.grid = [dict(default), *(point for point in self.grid if point != dict(default))]

    @property
    def total(self) -> int:
        """Trials that the study will have."""
        return min(self.config.trials, len(self.grid)) if self.grid else self.config.trials

    def unfinished(self) -> list[optuna.Trial]:
        """Trials that were running when the study was stopped."""
        optuna = present()
        found = []
        for frozen in self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            self.study.sampler = self._sampler(frozen.number)
            found.append(optuna.Trial(self.study, frozen._trial_id))
        return found

    def ask(self) -> optuna.Trial:
        """The next trial, all of its values drawn."""
        optuna = present()
        waiting = self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,))
        number = len(self.study.get_trials(deepcopy=False)) - len(waiting)
        self.study.sampler = self._sampler(number)
        point = self.grid[number] if self.grid else self.default if number == 0 else None
        if point is not None and not waiting:
            self.study.enqueue_trial(dict(point))
        return self.study.ask()

    def values(self, trial: optuna.Trial) -> dict[str, Any]:
        """The settings of a trial; those that a kill kept from being drawn are drawn now."""
        self.study.sampler = self._sampler(trial.number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # experimental features of optuna
            return {d.name: _suggested(trial, d) for d in self.space}

    def _sampler(self, number: int) -> Any:
        optuna = present()
        seed = xxhash.xxh3_64_intdigest(f"{self.seed} {number}".encode()) % 2**32
        if self.config.sampler != "tpe":
            return optuna.samplers.RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=self.config.startup_trials, multivariate=True, constant_liar=True
            )


def pruner_of(config: TuneConfig) -> Any:
    """Which trials end early."""
    optuna = present()
    if config.pruner == "none":
        return optuna.pruners.NopPruner()
    if config.pruner == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return optuna.pruners.MedianPruner(n_startup_trials=config.pruning_after_trials, n_warmup_steps=1)


def _suggested(trial: optuna.Trial, d: Dimension) -> Any:
    if d.choices:
        return trial.suggest_categorical(d.name, d.choices)
    if d.whole:
        return trial.suggest_int(d.name, round(d.low), round(d.high), log=d.log)
    return trial.suggest_float(d.name, d.low, d.high, log=d.log)
