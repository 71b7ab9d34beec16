"""Train one adapter and leave a directory that says all about it.

`train_adapter` writes, under its directory: `metrics.jsonl` while it runs; `adapter/` (peft's format, safetensors);
`eval.parquet` with the score of every evaluation row; last of all `done.json` with the run's identity and metrics. A
directory whose `done.json` has the same identity (configuration, seed, base, data, labels, evaluation, versions) is not
trained again: a killed ablation resumes run by run.

Deterministic: on one machine, library version and number of threads, two runs give the same weights to within 1e-5
(on a CPU, as a rule the same bits). Needs the `train` extra.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from curate.dataset.atomic import make_private_dir
from curate.errors import ConfigError, DataError
from train import distributed
from train.adapt import Workbench, adapted_model, open_workbench
from train.adapters import save_adapter, write_card
from train.config import TrainConfig
from train.encoding import VERSION
from train.evaluate import ItemScores, read_scores, score_classes, shown_classes, summarise
from train.examples import CLASSIFICATION, EXTRACTION, OF_TEXTS, Examples, only_wanted
from train.extra import versions
from train.files import CHECKPOINTS, finished_now, read_json, write_json
from train.fit import Learning, classes_of, fit, watch_of
from train.forgetting import check_remedies, guide, open_probe, open_teacher, replay_rows, writes
from train.garbage import freeze_imports
from train.preference import Preferences, check_objective
from train.preference.measure import is_measured
from train.preference.rows import KTO
from train.trackers import facts_of as tracker_facts
from train.trackers import open_tracker, outcome_of

if TYPE_CHECKING:
    from train.judge import Judge
    from train.objective import Objective

__all__ = ["TrainedRun", "Workbench", "adapted_model", "open_workbench", "score_examples", "train_adapter"]
Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class TrainedRun:
    """A finished run."""

    directory: Path
    """Where everything about the run lies."""
    done: Mapping[str, Any]
    """The content of `done.json`."""
    scores: ItemScores | None
    """Scores of the evaluation rows, where there was an evaluation."""
    resumed: bool
    """Whether the run was found finished."""


def train_adapter(
    examples: Examples,
    config: TrainConfig,
    directory: Path,
    *,
    labels: Sequence[str] | None = None,
    evaluation: Examples | None = None,
    validation: Examples | None = None,
    canonical: Mapping[str, str] | None = None,
    workbench: Workbench | None = None,
    progress: Progress | None = None,
    findings: Mapping[int, Sequence[str]] | None = None,
    watch: bool = True,
    keep_foreign: bool = False,
    thorough: bool = False,
    leaks_apart: bool = False,
    real_world: Examples | None = None,
    replay: Examples | None = None,
) -> TrainedRun:
    """Train an adapter on `examples`, score `evaluation`, save both; or read them where the run is already done.

    `labels` is the label space (default: the labels of `examples`, sorted); arms that are compared need the same one.
    `validation` rows are scored every `evaluate_every_steps` and steer early stopping. `progress` gets a dict a step:
    kind, step, steps, loss, eta_s; and one an alert of the watchdogs (kind, alert), unless `watch` is False. `findings`
    names the rules that found something in a row, by row number, for the alerts. A run that was killed or stopped goes
    on from its last checkpoint; one of other data or settings in this directory is discarded, or refused where
    `keep_foreign`. `thorough` judges the base beside the adapter and adds written answers, metrics by group and metrics
    that others installed (`train.judge`), on `evaluation` and on `real_world`, rows of real use. With `leaks_apart` the
    caller tells of evaluation rows that stand in the training data, so no alert does. `replay` are general rows that
    are mixed in where `config.replay` names a file. Raises `DataError` (nothing to
    learn), `ConfigError` (base, targets), `RunError` (a foreign run), `Cancelled` (Ctrl-C, after a checkpoint),
    `DivergedError`, `ResourceError` (memory, disk).
    """
    distributed.check(config)
    distributed.join(config.device)
    with distributed.own_folder(directory) as folder:
        return _train_adapter(
            examples, config, directory, folder, labels=labels, evaluation=evaluation, validation=validation,
            canonical=canonical, workbench=workbench, progress=progress, findings=findings, watch=watch,
            keep_foreign=keep_foreign, thorough=thorough, leaks_apart=leaks_apart, real_world=real_world, replay=replay,
        )  # fmt: skip


def _train_adapter(
    examples: Examples,
    config: TrainConfig,
    home: Path,
    directory: Path,
    *,
    labels: Sequence[str] | None,
    evaluation: Examples | None,
    validation: Examples | None,
    canonical: Mapping[str, str] | None,
    workbench: Workbench | None,
    progress: Progress | None,
    findings: Mapping[int, Sequence[str]] | None,
    watch: bool,
    keep_foreign: bool,
    thorough: bool,
    leaks_apart: bool,
    real_world: Examples | None,
    replay: Examples | None,
) -> TrainedRun:
    """The run of one process: it looks for what there is in `home` and writes into `directory`."""
    space = _label_space(examples, labels)
    bench = workbench or open_workbench(config)
    if examples.task == EXTRACTION:
        bench.encoder.tag_names = list(space or ())
    check_objective(config, examples)
    check_remedies(config, examples)
    examples = examples if config.objective == KTO else only_wanted(examples)
    ranked, evaluation = evaluation, only_wanted(evaluation)
    teacher = None if not config.teacher else open_teacher(config, bench, space)
    replay = None if not config.replay else replay_rows(config, bench, examples, replay, directory)
    more = _judged_by(config, real_world) if thorough else {}
    more |= {} if teacher is None else {"teacher_hash": teacher.fingerprint}
    more |= {} if replay is None else {"replay_hash": replay.fingerprint()}
    identity = run_identity(config, bench, examples, space, ranked, validation, canonical, method="lora", more=more)
    finished = finished_run(home, identity, evaluation)
    if finished is not None:
        return finished
    started = time.perf_counter()
    freeze_imports()
    from train.resources import explained
    from train.resume import drop_checkpoints, find_checkpoint, refuse_foreign, rewind_metrics

    if keep_foreign:
        refuse_foreign(home, identity)
    start = find_checkpoint(home, identity["run_id"])
    distributed.wait()  # before the first process clears away what is outdated
    clean_run(directory, keep_progress=start is not None)
    if start is not None:
        rewind_metrics(directory / "metrics.jsonl", start.step)
    tracked = open_tracker(config, tracker_facts(config, identity, directory), directory)
    with training_threads(config.threads), explained(config, directory), tracked.closing():
        objective = adapted_model(config, bench, space, examples.task)
        guide(objective, config, bench, teacher)
        fitted = start is None and config.head_start == "ridge" and examples.task == CLASSIFICATION
        fitted = fitted and _warm_head(objective, examples, bench, space)
        judge, base = None, {}
        if thorough:
            judge = _judge(objective, config, bench, space, canonical or {}, evaluation, real_world)
            base = judge.base(examples, directory, identity["run_id"], head_is_fitted=fitted)
        preferences = Preferences(objective, bench, ranked, config) if is_measured(ranked, config) and ranked else None
        job = Learning(
            objective, bench, config, examples, space, validation=validation, replay=replay, progress=progress,
            track=tracked.log, score=lambda rows: score_examples(objective, rows, bench, space, canonical),
            soft=None if teacher is None else teacher.soft(examples, space),
            probe=open_probe(objective, bench) if thorough and config.forgetting_probe and writes(space) else None,
        )  # fmt: skip
        if watch:
            job = dataclasses.replace(
                job, watched=watch_of(job, evaluation, canonical or {}, findings or {}, real_world, leaks_apart=leaks_apart)
            )
        trained = fit(job, directory, identity, start)
        save_adapter(objective, bench, directory, identity, config, examples.task)
        trained_seconds = time.perf_counter() - started
        scores = None
        done = {**identity, **trained, "train_seconds": trained_seconds}
        if distributed.world_size() > 1:
            done["processes"] = distributed.world_size()
        ranks = None if preferences is None else preferences.ranked()
        if preferences is not None:
            done["preference"] = preferences.told(ranks)
        if evaluation is not None:
            plain = score_examples(objective, evaluation, bench, space, canonical)
            scores = plain if preferences is None or ranks is None else preferences.beside(plain, ranks[1])
            done["evaluation"] = _save_scores(scores, evaluation, directory, canonical, space)
        if judge is not None:  # how pairs are ranked stands in `preference`, beside the base
            for name in judge.sets:
                done[name] = judge.adapter(name, plain if name == "evaluation" else None)
                done[f"base_{name}"] = base[name]
        if examples.task == EXTRACTION and evaluation is not None:
            from train.extraction import predicted_spans, span_metrics

            guessed = predicted_spans(objective, bench, evaluation.texts, space or ())
            done["evaluation"] = {**done["evaluation"], **span_metrics(evaluation.spans, guessed)}
        if start is not None:
            done["resumed_from_step"] = start.step
        done["seconds"] = time.perf_counter() - started
        done["finished"] = finished_now()
        done |= tracked.finish(outcome_of(done))
        write_card(directory, done, examples)
        write_json(directory / "done.json", done)
        drop_checkpoints(directory)
    return TrainedRun(directory, done, scores, resumed=False)


def score_examples(
    objective: Objective,
    evaluation: Examples,
    bench: Workbench,
    labels: Sequence[str] | None,
    canonical: Mapping[str, str] | None,
) -> ItemScores:
    """Item scores of the evaluation rows that can be encoded, in their order."""
    from train.score import answer_nats, log_probabilities, supervised_bytes

    encoded = bench.encoder.encode(evaluation)
    pad = bench.tokenizer.pad_token_id
    if labels is not None and evaluation.task == CLASSIFICATION:
        found = log_probabilities(objective, encoded, pad)
        return score_classes(found, labels, evaluation.take(encoded.kept), canonical or {})
    if evaluation.task == EXTRACTION:
        from train.extraction import score_spans

        return score_spans(objective, bench, evaluation, labels or ())
    nats, tokens = answer_nats(objective, encoded, pad)
    written = supervised_bytes(bench.tokenizer, encoded)
    return ItemScores(encoded.ids, nats / tokens, tokens, nats, (None,) * len(nats), text_bytes=written)


def run_identity(
    config: TrainConfig,
    bench: Workbench,
    examples: Examples | None,
    labels: Sequence[str] | None,
    evaluation: Examples | None,
    validation: Examples | None,
    canonical: Mapping[str, str] | None,
    *,
    method: str,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that decides a run, and `run_id`, the hash of it. Only the hash sees labels that hold personal data."""
    identity: dict[str, Any] = {
        "method": config.method if method == "lora" else method,
        "config": config.told(),
        "config_hash": config.fingerprint(),
        "seed": config.seed,
        "base": bench.source.name,
        "base_hash": bench.fingerprint,
        "data_hash": examples.fingerprint() if examples is not None else None,
        "evaluation_hash": evaluation.fingerprint() if evaluation is not None else None,
        "validation_hash": validation.fingerprint() if validation is not None else None,
        "labels": list(labels) if labels is not None else None,
        "versions": versions(),
        **(more or {}),
    }
    if evaluation is not None and any(evaluation.rejected):
        identity["pairs_ranked"] = True  # a run of before has no ranks among its scores
    rows = examples if examples is not None else evaluation
    if rows is not None and rows.task not in OF_TEXTS:  # of a base on the hub, nothing else tells that it changed
        identity["template_hash"] = xxhash.xxh3_128_hexdigest(json.dumps(bench.encoder.chat.learned_with()).encode())
    if rows is not None and (rows.task not in OF_TEXTS or bench.encoder.decoder_start is not None):
        if rows.task not in OF_TEXTS and bench.encoder.decoder_start is not None:
            identity["order_version"] = "2"  # rows are grouped by what is read and what is written
        identity["encoding_version"] = VERSION  # texts are encoded for other models as ever: what learned them stays found
    hashed = {**identity, "canonical": sorted((canonical or {}).items())}
    hashed.pop("config")  # the hash of it leaves out what changes no result
    hashed.pop("base")
    digest = xxhash.xxh3_128_hexdigest(json.dumps(hashed, sort_keys=True).encode("utf-8", "surrogatepass"))
    if labels is not None:
        shown = shown_classes(labels, evaluation, canonical)
        identity["labels"] = [shown[label] for label in labels]
    return {"run_id": digest, **identity}


def _judged_by(config: TrainConfig, real_world: Examples | None) -> dict[str, Any]:
    told: dict[str, Any] = {"answer_rows": config.answer_rows, "answer_tokens": config.answer_tokens}
    return {"thorough": told, "real_world_hash": None if real_world is None else real_world.fingerprint()}


def _judge(
    objective: Objective,
    config: TrainConfig,
    bench: Workbench,
    labels: Sequence[str] | None,
    canonical: Mapping[str, str],
    evaluation: Examples | None,
    real_world: Examples | None,
) -> Judge:
    from train.judge import Judge

    sets = {name: rows for name, rows in (("evaluation", evaluation), ("real_world", real_world)) if rows is not None}

    def score(rows: Examples) -> ItemScores:
        return score_examples(objective, rows, bench, labels, canonical)

    return Judge(objective, bench, config, labels, canonical, score, sets)


def _warm_head(objective: Objective, examples: Examples, bench: Workbench, labels: Sequence[str] | None) -> bool:
    from train.headstart import ridge_head

    encoded = bench.encoder.encode(examples)
    classes = classes_of(examples, encoded, labels)
    if classes is not None:
        return ridge_head(objective, encoded, classes, len(labels or ()), bench.tokenizer.pad_token_id, bench.states)
    return False


def states_of(
    sets: Sequence[Examples], config: TrainConfig, bench: Workbench, labels: Sequence[str] | None
) -> dict[bytes, np.ndarray]:
    """The base's states of the rows that the heads of runs on these sets will be fitted on (`headstart.base_states`)."""
    from train.headstart import base_states

    space = _label_space(sets[0], labels)
    with training_threads(config.threads):
        objective = adapted_model(config, bench, space, CLASSIFICATION)
        encoded = [bench.encoder.encode(only_wanted(examples)) for examples in sets]
        classed = [(e, classes_of(x, e, space)) for x, e in zip(sets, encoded, strict=True)]
        return base_states(objective, [(e, c) for e, c in classed if c is not None], bench.tokenizer.pad_token_id)


def _label_space(examples: Examples, labels: Sequence[str] | None) -> list[str] | None:
    if examples.task == EXTRACTION:
        from train.spans import tag_names

        return tag_names(examples.spans) if labels is None else list(labels)
    if examples.task != CLASSIFICATION:
        return None
    space = sorted(set(examples.labels)) if labels is None else list(labels)
    if len(space) < 2:
        raise DataError(f"classification needs at least 2 classes to learn, found {len(space)}")
    unknown = len(set(examples.labels) - set(space))
    if unknown:
        raise ConfigError(f"{unknown} labels of the training rows are missing from the given label space")
    return space


def _save_scores(
    scores: ItemScores,
    evaluation: Examples,
    directory: Path,
    canonical: Mapping[str, str] | None,
    labels: Sequence[str] | None,
) -> dict[str, Any]:
    directory.mkdir(parents=True, exist_ok=True)
    shown = shown_classes(labels, evaluation, canonical)
    scores.write(directory / "eval.parquet", shown)
    at = {int(row): i for i, row in enumerate(evaluation.ids)}
    return summarise(scores, evaluation.take([at[int(row)] for row in scores.rows]), canonical or {}, shown)


def finished_run(directory: Path, identity: Mapping[str, Any], evaluation: Examples | None) -> TrainedRun | None:
    """The run in `directory` if it is complete and has this identity."""
    done = read_json(directory / "done.json")
    if done is None or done.get("run_id") != identity["run_id"]:
        return None
    scores = None
    if evaluation is not None:
        try:
            scores = read_scores(directory / "eval.parquet")
        except (OSError, KeyError, ValueError):  # pyarrow's errors are ValueErrors
            return None
    return TrainedRun(directory, done, scores, resumed=True)


def clean_run(directory: Path, *, keep_progress: bool = False) -> None:
    """Remove what an unfinished or outdated run left, `done.json` first; `keep_progress` leaves what can go on."""
    make_private_dir(directory)
    progress = () if keep_progress else ("metrics.jsonl", "base.json")
    for name in ("done.json", "eval.parquet", *progress):
        (directory / name).unlink(missing_ok=True)
    folders = () if keep_progress else ("tensorboard", CHECKPOINTS)
    for name in ("adapter", *folders):
        shutil.rmtree(directory / name, ignore_errors=True)


@contextlib.contextmanager
def training_threads(number: int) -> Iterator[None]:
    """Run torch on so many CPU threads, where `number` is above 0."""
    import torch

    before = torch.get_num_threads()
    if number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
