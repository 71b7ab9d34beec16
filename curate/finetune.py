"""`curate train`: one adapter, watched while it learns and examined when it is done.

The rows stand in three parts that share no near-duplicate cluster: what is trained on; a validation part that watches
the run and steers early stopping, never empty where the data allows one; and the evaluation rows of the final score,
which nothing sees before. Where the data has a validation split beside its test split, that is the validation part,
less the rows that repeat others; else it is drawn from the training rows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate import arms
from curate.arms.evaluation import held_out, together
from curate.dataset import make_private_dir
from curate.errors import DataError, RunLockedError
from curate.house import require
from curate.ledger.apply import Curated
from curate.pipeline import Detected, thread_count
from curate.words import plural

if TYPE_CHECKING:
    from train.config import TrainConfig
    from train.examples import Examples

MOST_VALIDATION_ROWS = 500
LOCK = ".lock"
PASSES = {"classification": 5}
"""Times that texts are seen where the recipe does not say; three for tasks not named."""
WORTH_MEASURING_STEPS = 100


def sides(detected: Detected, curated: Curated, config_of: Any) -> tuple[Examples, Examples | None, Examples, str]:
    """(training, validation, evaluation) examples, and sentences on where they come from.

    `config_of` makes the configuration from the training rows; its `validation_fraction` is read.
    """
    group = together(detected)
    held = held_out(detected, group)
    spans = config_of(None).spans_column
    _, cured, evaluation, note = arms.training_sides(detected, curated, held, group)
    given = given_validation(detected, held, group, spans)
    if given is not None:
        return cured, given, evaluation, f"{note} Watched on {plural(len(given), 'row')} of the validation split."
    config = config_of(cured)
    fraction = min(config.validation_fraction, MOST_VALIDATION_ROWS / max(1, len(cured)))
    strata: list[str | None] = list(cured.labels) or [None] * len(cured)
    clusters = np.arange(len(cured)) if cured.clusters is None else cured.clusters
    try:
        drawn = require("train.ablation.split").drawn_split(clusters, strata, config.seed, fraction)
    except DataError:
        return cured, None, evaluation, f"{note} Too few rows to set any aside: nothing watches this run."
    watched = cured.take(drawn.eval_rows)
    watched = watched.take(np.flatnonzero(watched.ids < detected.dataset.n_rows))  # rows that a stage made judge nothing
    return cured.take(drawn.train_rows), watched, evaluation, (
        f"{note} Watched on {len(watched)} more of the training rows, which are not trained on."
    )


def fine_tune(
    detected: Detected,
    curated: Curated,
    out: Path,
    listener: arms.TrainListener,
    *,
    seed: int,
    changes: Mapping[str, Any] | None = None,
    restart: bool = False,
    price_per_hour: float | None = None,
) -> Any:
    """Train one adapter on the curated rows; returns the trainer's `TrainedRun`.

    `changes` are settings that go before the recipe's. A run of other data or settings in `out`, finished or not, is
    refused unless `restart`. Raises `RunLockedError` while another process trains there, and what `train_adapter` raises.
    """
    changed = dataclasses.replace(detected.recipe, train={**detected.recipe.train, **(changes or {})})
    detected = dataclasses.replace(detected, recipe=changed)
    settings(detected, None, seed)  # what cannot be meant is said before a folder is made
    processes = require("train.distributed")
    processes.join(settings(detected, None, seed).device)
    with _only_trainer(out) if processes.is_main() else contextlib.nullcontext():
        return _fine_tuned(detected, curated, out, listener, seed, restart, price_per_hour)


@contextlib.contextmanager
def _only_trainer(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder; the lock is the kernel's, so it dies with its owner.

    A training that leaves nothing takes the lock's file and the folders that were made for it with it.
    """
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    make_private_dir(folder)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunLockedError(f"{folder} is being trained in; wait for it, or name another folder with --out") from None
        yield
        absent = []
    finally:
        if absent and [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            for path in absent:
                with contextlib.suppress(OSError):  # somebody else put something there meanwhile
                    path.rmdir()
        os.close(lock)


def _fine_tuned(
    detected: Detected, curated: Curated, out: Path, listener: arms.TrainListener, seed: int, restart: bool,
    price_per_hour: float | None,
) -> Any:
    lora = require("train.lora")
    processes = require("train.distributed")
    if restart and processes.is_main():
        require("train.record").clean_run(out)
    processes.wait()

    def config_of(rows: Examples | None) -> TrainConfig:
        return settings(detected, rows, seed)

    require("train.trackers").check(config_of(None))
    cured, validation, evaluation, note = sides(detected, curated, config_of)
    config = config_of(cured)
    bench = lora.open_workbench(config, encoded_folder(out))

    def say(words: str) -> None:
        if words:
            listener({"kind": "notice", "words": words})

    def tell(event: Mapping[str, Any]) -> None:
        more, correction = course.see(event) if event["kind"] == "step" else ({}, "")
        listener({"arm": "curated", "seed": seed, "run": 1, "runs": 1, **event, **more})
        say(correction)

    say(note)
    names = arms.canonical_names(detected, curated.plan)
    labels = sorted({*cured.labels, *(names.get(label, label) for label in evaluation.labels)}) or None
    if config.spans_column:
        labels = require("train.spans").tag_names([*cured.spans, *evaluation.spans])
        bench.encoder.tag_names = labels
    course = _before(cured, config, bench, out, labels, say, price_per_hour)
    return lora.train_adapter(
        cured,
        config,
        out,
        labels=labels,
        evaluation=evaluation,
        validation=validation,
        canonical=names,
        workbench=bench,
        progress=tell,
        findings=arms.rules_by_row(detected),
        thorough=True,
        real_world=arms.real_world(detected),
        replay=arms.replayed(detected),
        keep_foreign=not restart,
    )


def settings(
    detected: Detected, rows: Examples | None, seed: int, changes: Mapping[str, Any] | None = None
) -> TrainConfig:
    """The recipe's `[train]` with changes; where nothing says how long, by passes over the rows."""
    recipe = dataclasses.replace(detected.recipe, train={**detected.recipe.train, **(changes or {})})
    config: TrainConfig = recipe.train_config()
    config = require("train.methods.rates").with_rates(config.replace(seed=seed), recipe.train)
    if "threads" not in recipe.train:
        config = config.replace(threads=thread_count(recipe))
    if rows is None or {"steps", "epochs"} & set(recipe.train):
        return config
    passes = PASSES.get(rows.task, arms.PASSES)
    own_rows = config.batch_rows * (1.0 - config.replay_fraction if config.replay else 1.0)
    return config.replace(steps=max(arms.FEWEST_STEPS, math.ceil(passes * len(rows) / own_rows)))


def encoded_folder(out: Path) -> Path:
    """Where encoded rows, which are the data, are kept: once for all adapters of a run, else in the training's folder."""
    return (out.parent if out.parent.name == "final" else out) / "encoded"


def _before(
    rows: Examples, config: TrainConfig, bench: Any, out: Path, labels: Any, say: Any, price_per_hour: float | None
) -> Any:
    """Say what a person should know before a start: tokens, cuts, refusals, memory, disk, time, price.

    Returns what holds that against the run (`train.estimate.Course`).
    """
    encoded, told = require("train.preference.rows").before_training(rows, config.objective, bench.encoder)
    for words in [*rows.notes, *told, *require("train.unread").unread_settings(config, rows.task)]:
        say(words)
    estimates, resources = require("train.estimate"), require("train.resources")
    course = estimates.Course(price_per_hour=price_per_hour)
    headers = require("train.headers").read_headers(bench.source)
    if headers is None:
        say(f"How much memory base model {config.base} needs cannot be known before it is downloaded.")
    else:
        longest = int(encoded.lengths.max())
        vocabulary = len(bench.tokenizer)
        supervised = encoded.report.supervised_tokens / max(1, len(encoded))
        logits = len(labels) if labels else int(np.ceil(supervised * vocabulary))
        needs = resources.estimate_needs(headers, config, out, logits=logits, longest=longest)
        say(needs.check(config, out) or needs.words())
        course.said_bytes = needs.memory_bytes
    steps = config.step_count(len(encoded))
    alone = require("train.distributed").world_size() == 1
    begun = (out / "checkpoints").is_dir() or (out / "done.json").is_file()
    if alone and steps >= WORTH_MEASURING_STEPS and not begun:
        estimate = estimates.estimate_training(rows, config, labels=labels, workbench=bench)
        say(estimate.words)
        course.said_seconds = estimate.seconds
        if price_per_hour is not None:
            say(f"At {price_per_hour:g} an hour that costs about {estimate.seconds / 3600 * price_per_hour:.2g}.")
    return course


def given_validation(detected: Detected, held: Any, group: np.ndarray, spans: str) -> Examples | None:
    """The data's own validation split, where the evaluation rows are of another; rows that repeat others left out."""
    splits = detected.dataset.splits()
    if splits is None:
        return None
    named = np.array(splits.to_pylist(), dtype=object)
    rows = np.flatnonzero(named == "validation")
    others = np.concatenate([held.train_rows, held.eval_rows])
    if np.isin(rows, others).any():
        return None
    rows = rows[~np.isin(group[rows], group[others])]
    if not len(rows):
        return None
    order = require("train.order").hash_rows(rows, 0, 2)
    rows = np.sort(rows[np.argsort(order, kind="stable")[:MOST_VALIDATION_ROWS]])
    found: Examples = require("train.examples").from_dataset(
        detected.dataset, rows=rows, clusters=group, spans_column=spans,
        unwanted=arms.learns_from_unwanted(detected.recipe),
    )
    return found
