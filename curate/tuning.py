"""`curate tune`: a study of the trainer's settings on the rows that `curate train` would train on.

The rows stand in three parts. Trials train on one and are judged by the second (validation), both from the training side;
the third, the test rows, is scored once, at the end, by the winner and by the defaults. Even which training rows are
near-duplicates of one another is found out without the test rows, so a study with other test rows is the same study.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate import arms, finetune
from curate.arms.evaluation import held_out, together
from curate.cores import available_cores
from curate.dataset.atomic import atomic_write_text
from curate.errors import Cancelled, ConfigError, DataError
from curate.house import require
from curate.ledger.apply import Curated
from curate.pipeline import Detected
from curate.recipe import Recipe
from curate.recipe.toml import write_recipe
from curate.words import plural, size

if TYPE_CHECKING:
    from train.config import TrainConfig
    from train.examples import Examples
    from train.tune import StudyData, TuneConfig

RESULT, RECIPE = "tune.json", "recipe.toml"
DEFAULTS_WON = (
    "Tuning did not help: no trial beat the defaults on the validation rows, so the defaults are the recommendation and "
    "there is nothing to compare."
)
KEPT_FREE = 0.8
"""Part of the free memory that trials side by side may be expected to take."""


@dataclass(frozen=True)
class Sides:
    """The three parts of the rows."""

    training: Examples
    validation: Examples
    evaluation: Examples
    note: str


def sides(detected: Detected, curated: Curated, tune: TuneConfig, seed: int) -> Sides:
    """Training, validation and test rows of a study; raises `DataError` where they are too few for three parts."""
    if detected.recipe.train.get("spans_column"):
        raise ConfigError("`curate tune` searches settings of classifiers and writers; spans_column trains neither")
    group = together(detected)
    held = held_out(detected, group)
    _, cured, evaluation, note = arms.training_sides(detected, curated, held, group)
    given = finetune.given_validation(detected, held, group, "")
    if given is not None:
        names = arms.canonical_names(detected, curated.plan)
        given = dataclasses.replace(given, labels=tuple(names.get(label, label) for label in given.labels))
        note += f" Trials are judged by {plural(len(given), 'row')} of the validation split."
        return Sides(cured, given, evaluation, note)
    clusters = _own_clusters(detected, curated, cured)
    fraction = min(tune.validation_fraction, tune.most_validation_rows / max(1, len(cured)))
    strata: list[str | None] = list(cured.labels) or [None] * len(cured)
    try:
        drawn = require("train.ablation.split").drawn_split(clusters, strata, seed, fraction)
    except DataError:
        raise DataError(f"{len(cured)} training rows are too few to set some aside that trials are judged by") from None
    judged = cured.take(drawn.eval_rows)
    judged = judged.take(np.flatnonzero(judged.ids < detected.dataset.n_rows))
    learn, others = plural(len(drawn.train_rows), "row"), plural(len(judged), "other")
    note += f" Trials train on {learn} and are judged by {others} of the training rows."
    return Sides(cured.take(drawn.train_rows), judged, evaluation, note)


def _own_clusters(detected: Detected, curated: Curated, rows: Examples) -> np.ndarray:
    """int64, one a training row: near-duplicates among training rows alone; an added row is with its parent."""
    n = detected.dataset.n_rows
    numbers = np.concatenate([curated.rows, n + np.arange(len(curated.parents))])
    whole = curated.with_added().select(np.searchsorted(numbers, rows.ids))
    found = dataclasses.replace(detected, dataset=whole, outcomes={}).clusters()
    clusters: np.ndarray = np.unique(found, return_inverse=True)[1].astype(np.int64)
    at = {int(row): i for i, row in enumerate(rows.ids)}
    for i in np.flatnonzero(rows.ids >= n).tolist():
        parent = at.get(int(curated.parents[int(rows.ids[i]) - n]))
        if parent is not None:
            clusters[i] = clusters[parent]
    return clusters


def tune(
    detected: Detected,
    curated: Curated,
    out: Path,
    listener: arms.TrainListener,
    *,
    seed: int,
    recipe: Recipe | None = None,
    changes: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
    restart: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Run or go on with the study in `out` and compare its winner with the defaults; what `tune.json` holds.

    `changes` go before the recipe's `[train]`, `asked` before its `[tune]`; `recipe` is what is written out with the
    winning settings (default: that of the run). Raises `RunError` (a study of other data or settings), `RunLockedError`,
    `Cancelled` after the running trial where `stop` says so: the same call goes on from there.
    """
    changed = dataclasses.replace(detected.recipe, train={**detected.recipe.train, **(changes or {})})
    detected = dataclasses.replace(detected, recipe=changed)
    with finetune._only_trainer(out):
        return _tuned(detected, curated, out, listener, seed, recipe or detected.recipe, asked or {}, restart, stop)


def _tuned(
    detected: Detected, curated: Curated, out: Path, listener: arms.TrainListener, seed: int, recipe: Recipe,
    asked: Mapping[str, Any], restart: bool, stop: Callable[[], bool],
) -> dict[str, Any]:  # fmt: skip
    tuner = require("train.tune")
    wish: TuneConfig = detected.recipe.tune_config(asked)
    if restart:
        _let_go(out)

    def say(words: str) -> None:
        listener({"kind": "notice", "words": words})

    parts = sides(detected, curated, wish, seed)
    say(parts.note)
    config = finetune.settings(detected, parts.training, seed)
    config = config.replace(epochs=config.epochs or config.steps * config.batch_rows / len(parts.training))
    space = tuner.read_space(wish.space, tuner.default_space(config, parts.training.task))
    require("train.trackers").check(config)
    bench = require("train.lora").open_workbench(config)
    labels = sorted({*parts.training.labels, *parts.validation.labels}) or None
    data = tuner.StudyData(
        parts.training, parts.validation, None if labels is None else tuple(labels), bench.fingerprint
    )
    at_once, words = _at_once(wish, config, space, data, bench, out)
    say(words)
    each = config.replace(threads=max(1, (config.threads or 1) // at_once))
    result = tuner.run_study(
        data, each, space, wish, out, at_once=at_once, tell=lambda event: listener(event), stop=stop
    )
    summary = _summary(result, space, wish, config, data, parts, at_once)
    _write(out, summary, detected, recipe, result.tuned)
    if result.stopped == "asked":
        raise Cancelled(f"stopped with {_settled(summary)} of {result.total} trials")
    if result.best is None:
        say("No trial reached its end, so nothing is recommended.")
        return summary
    if wish.seeds and result.best is not None:
        if result.default is not None and result.best["number"] == result.default["number"]:
            summary["comparison"] = {"verdict": "identical", "words": DEFAULTS_WON}
        else:
            summary["comparison"] = _compared(detected, curated, parts, data, result.tuned, each, wish, out, at_once,
                                              seed, listener, stop)  # fmt: skip
        _write(out, summary, detected, recipe, result.tuned)
    summary |= _tracked(config, summary, parts.evaluation, out)
    return summary


def _tracked(config: TrainConfig, summary: Mapping[str, Any], evaluation: Examples, out: Path) -> dict[str, Any]:
    """What the study concluded as a run of the tracker, in the group of the last comparison's runs."""
    trackers = require("train.trackers")
    hashes = {name: summary["data"][name] for name in ("data_hash", "validation_hash", "base_hash")}
    evaluation_hash = evaluation.fingerprint()
    told = {f"best/{name}": value for name, value in summary["best"].items()}
    told |= {"best_value": summary["best_value"], "trials": len(summary["trials"])}
    told |= {k: v for k, v in (summary["comparison"] or {}).items() if k in ("verdict", "words", "delta", "low", "high")}
    found: dict[str, Any] = trackers.track_outcome(
        config, "study", trackers.group_of(hashes["base_hash"], evaluation_hash), told, out / "study",
        evaluation_hash=evaluation_hash, **hashes,
    )  # fmt: skip
    return found


def _compared(
    detected: Detected, curated: Curated, parts: Sides, data: StudyData, tuned: TrainConfig, default: TrainConfig,
    wish: TuneConfig, out: Path, at_once: int, seed: int, listener: arms.TrainListener, stop: Callable[[], bool],
) -> dict[str, Any]:  # fmt: skip
    names = arms.canonical_names(detected, curated.plan)
    asked = {names.get(label, label) for label in parts.evaluation.labels}
    labels = sorted({*(data.labels or ()), *asked}) or None
    found: dict[str, Any] = require("train.tune").compare(
        data, parts.evaluation, tuned, default, range(seed, seed + wish.seeds), out, labels=labels, canonical=names,
        at_once=at_once, tell=lambda event: listener(event), stop=stop,
    )  # fmt: skip
    return found


def _at_once(
    wish: TuneConfig, config: TrainConfig, space: Any, data: StudyData, bench: Any, out: Path
) -> tuple[int, str]:
    """Trials side by side and a sentence on why: cores, memory of the largest trial, accelerator."""
    resources = require("train.resources")
    largest = require("train.processes").LARGEST_BASE_BYTES
    most = wish.at_once or min(config.threads or available_cores(), wish.trials)
    if not wish.at_once and (resources.on_gpu(config) or not bench.source.is_small(largest)):
        most = 1
    if most < 2 or not bench.source.local:
        return max(1, most), f"{max(1, most)} trial at a time."
    encoded = bench.encoder.encode(data.training)
    tops = {d.name: max(d.choices) if d.choices else d.high for d in space if d.name in ("lora_rank", "batch_rows")}
    heaviest = config.replace(**{name: int(value) for name, value in tops.items()})
    logits = len(data.labels) if data.labels else int(
        np.ceil(encoded.report.supervised_tokens / max(1, len(encoded)) * len(bench.tokenizer))
    )
    needs = resources.estimate_needs(
        Path(bench.source.location), heaviest, out, logits=logits, longest=int(encoded.lengths.max())
    )
    free = needs.memory_free_bytes
    fits = most if free is None else max(1, int(KEPT_FREE * free / needs.memory_bytes))
    took = min(most, fits)
    known = "" if free is None else f", and {size(free)} are free"
    why = f"the largest needs about {size(needs.memory_bytes)} of memory{known}"
    return took, f"{plural(took, 'trial')} at a time: {why}."


def _summary(
    result: Any, space: Any, wish: TuneConfig, config: TrainConfig, data: StudyData, parts: Sides, at_once: int
) -> dict[str, Any]:
    importances = require("train.tune.importance").importances(result.trials, space, config.seed)
    default = {name: _plain(getattr(config, name)) for name in (*(d.name for d in space), "lora_alpha")}
    best = None if result.best is None else {**result.best["values"], "lora_alpha": result.tuned.lora_alpha}
    return {
        "status": {"": "done", "time": "out of time"}.get(result.stopped, "stopped"),
        "task": data.training.task,
        "objective": result.objective,
        "maximise": result.maximise,
        "total": result.total,
        "tune": {**dataclasses.asdict(wish), "space": {d.name: d.to_json() for d in space}},
        "data": {**data.identity(), "training_rows": len(data.training), "validation_rows": len(data.validation),
                 "evaluation_rows": len(parts.evaluation), "note": parts.note},
        "base": config.base,
        "at_once": at_once,
        "seed": config.seed,
        "default": {"values": default, "trial": None if result.default is None else result.default["number"]},
        "best": best,
        "best_trial": None if result.best is None else result.best["number"],
        "best_value": None if result.best is None else result.best["value"],
        "default_value": None if result.default is None else result.default["value"],
        "trials": [*result.trials],
        "importances": importances,
        "comparison": None,
        "versions": require("train.extra").versions(),
        "hardware": {"cpus": available_cores(), **require("train.resources").accelerator()},
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _write(out: Path, summary: Mapping[str, Any], detected: Detected, recipe: Recipe, tuned: TrainConfig) -> None:
    """`tune.json`, the recipe with the winning settings, and the page."""
    require("train.files").write_json(out / RESULT, summary)
    if summary["best"] is not None:
        changes = {name: value for name, value in tuned.to_json().items() if name in summary["best"]}
        train = {k: v for k, v in detected.recipe.train.items() if k != "steps" or "epochs" not in changes}
        # A file is tuned on as it is, with no stage at all; who runs the recipe wants those that it had.
        run = recipe.run.model_copy(update={"stages": recipe.run.stages or None})
        written = dataclasses.replace(recipe, run=run, train={**train, **changes})
        atomic_write_text(out / RECIPE, write_recipe(detected.dataset, written, out))
    atomic_write_text(out / "report.html", require("audit.report").render_tuned(out / RESULT))


def _settled(summary: Mapping[str, Any]) -> int:
    return sum(row["state"] in ("complete", "pruned", "fail") for row in summary["trials"])


def _let_go(out: Path) -> None:
    """Remove a study and its trials; only what this module writes."""
    import shutil

    for name in ("study.db", "study.db-journal", RESULT, RECIPE, "report.html"):
        (out / name).unlink(missing_ok=True)
    for name in ("trials", "final"):
        shutil.rmtree(out / name, ignore_errors=True)
