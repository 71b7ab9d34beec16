"""Train one adapter and leave a directory that says all about it.

`train_adapter` writes, under its directory: `metrics.jsonl` while it runs; `adapter/` (peft's format, safetensors);
`eval.parquet` with the score of every evaluation row; last of all `done.json` with the run's identity and metrics. A
directory whose `done.json` has the same identity (configuration, seed, base, data, labels, evaluation, versions) is not
trained again: a killed ablation resumes run by run (`train.record`).

Deterministic: on one machine, library version and number of threads, two runs give the same weights to within 1e-5
(on a CPU, as a rule the same bits). Needs the `train` extra.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import ConfigError, DataError
from train import distributed
from train.adapt import Workbench, adapted_model, open_workbench
from train.adapters import save_adapter, write_card
from train.config import TrainConfig
from train.evaluate import ItemScores, score_classes
from train.examples import CLASSIFICATION, EXTRACTION, Examples, only_wanted
from train.files import finished_now, write_json
from train.fit import Learning, classes_of, fit, watch_of
from train.forgetting import check_remedies, guide, open_probe, open_teacher, replay_rows, writes
from train.garbage import freeze_imports
from train.preference import Preferences, check_objective
from train.preference.measure import is_measured
from train.preference.rows import KTO
from train.record import TrainedRun, clean_run, finished_run, run_identity, save_scores
from train.trackers import facts_of as tracker_facts
from train.trackers import open_tracker, outcome_of

if TYPE_CHECKING:
    from train.judge import Judge
    from train.objective import Objective

__all__ = ["TrainedRun", "Workbench", "adapted_model", "open_workbench", "score_examples", "train_adapter"]
Progress = Callable[[dict[str, Any]], None]


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
    are mixed in where `config.replay` names a file. Raises `DataError` (nothing to learn), `ConfigError` (base, targets),
    `RunError` (a foreign run), `Cancelled` (Ctrl-C, after a checkpoint), `DivergedError`, `ResourceError` (memory, disk).
    """
    distributed.check(config)
    distributed.join(config.device)
    with distributed.own_folder(directory) as folder:
        space = _label_space(examples, labels)
        bench = workbench or open_workbench(config)
        if examples.task == EXTRACTION:
            bench.encoder.tag_names = list(space or ())
        check_objective(config, examples)
        check_remedies(config, examples)
        examples = examples if config.objective == KTO else only_wanted(examples)
        ranked, evaluation = evaluation, only_wanted(evaluation)
        teacher = None if not config.teacher else open_teacher(config, bench, space)
        replay = None if not config.replay else replay_rows(config, bench, examples, replay, folder)
        more = _judged_by(config, real_world) if thorough else {}
        more |= {} if teacher is None else {"teacher_hash": teacher.fingerprint}
        more |= {} if replay is None else {"replay_hash": replay.fingerprint()}
        identity = run_identity(config, bench, examples, space, ranked, validation, canonical, more=more)
        finished = finished_run(directory, identity, evaluation)
        if finished is not None:
            return finished
        started = time.perf_counter()
        freeze_imports()
        from train.headstart import warm_head
        from train.resources import explained
        from train.resume import drop_checkpoints, find_checkpoint, refuse_foreign, rewind_metrics

        if keep_foreign:
            refuse_foreign(directory, identity)
        start = find_checkpoint(directory, identity["run_id"])
        distributed.wait()  # before the first process clears away what is outdated
        clean_run(folder, keep_progress=start is not None)
        if start is not None:
            rewind_metrics(folder / "metrics.jsonl", start.step)
        tracked = open_tracker(config, tracker_facts(config, identity, folder), folder)
        with training_threads(config.threads), explained(config, folder), tracked.closing():
            objective = adapted_model(config, bench, space, examples.task)
            guide(objective, config, bench, teacher)
            fitted = start is None and config.head_start == "ridge" and examples.task == CLASSIFICATION
            fitted = fitted and warm_head(objective, bench, examples, space)
            judge, base = None, {}
            if thorough:
                judge = _judge(objective, config, bench, space, canonical or {}, evaluation, real_world)
                base = judge.base(examples, folder, identity["run_id"], head_is_fitted=fitted)
            preferences = Preferences(objective, bench, ranked, config) if is_measured(ranked, config) and ranked else None
            job = Learning(
                objective, bench, config, examples, space, validation=validation, replay=replay, progress=progress,
                track=tracked.log, score=lambda rows: score_examples(objective, rows, bench, space, canonical),
                soft=None if teacher is None else teacher.soft(examples, space),
                probe=open_probe(objective, bench) if thorough and config.forgetting_probe and writes(space) else None,
            )  # fmt: skip
            if watch:
                seen = watch_of(job, evaluation, canonical or {}, findings or {}, real_world, leaks_apart=leaks_apart)
                job = dataclasses.replace(job, watched=seen)
            trained = fit(job, folder, identity, start)
            save_adapter(objective, bench, folder, identity, config, examples.task)
            done = {**identity, **trained, "train_seconds": time.perf_counter() - started}
            if distributed.world_size() > 1:
                done["processes"] = distributed.world_size()
            scores, judged = _judgement(job, evaluation, folder, canonical, preferences, judge, base)
            done |= judged
            if start is not None:
                done["resumed_from_step"] = start.step
            done["seconds"] = time.perf_counter() - started
            done["finished"] = finished_now()
            done |= tracked.finish(outcome_of(done))
            write_card(folder, done, examples)
            write_json(folder / "done.json", done)
            drop_checkpoints(folder)
        return TrainedRun(folder, done, scores, resumed=False)


def _judgement(
    job: Learning,
    evaluation: Examples | None,
    folder: Path,
    canonical: Mapping[str, str] | None,
    preferences: Preferences | None,
    judge: Judge | None,
    base: Mapping[str, Any],
) -> tuple[ItemScores | None, dict[str, Any]]:
    """Scores of the evaluation rows, and what `done.json` says of the trained model on every set, beside its `base`."""
    told: dict[str, Any] = {}
    ranks = None if preferences is None else preferences.ranked()
    if preferences is not None:
        told["preference"] = preferences.told(ranks)
    plain = scores = None
    if evaluation is not None:
        plain = scores = job.score(evaluation)
        if preferences is not None and ranks is not None:
            scores = preferences.beside(plain, ranks[1])
        told["evaluation"] = save_scores(scores, evaluation, folder, canonical, job.labels)
    if judge is not None:  # how pairs are ranked stands in `preference`, beside the base
        for name in judge.sets:
            told[name] = judge.adapter(name, plain if name == "evaluation" else None)
            told[f"base_{name}"] = base[name]
    if evaluation is not None and job.examples.task == EXTRACTION:
        from train.extraction import predicted_spans, span_metrics

        guessed = predicted_spans(job.objective, job.bench, evaluation.texts, job.labels or ())
        told["evaluation"] |= span_metrics(evaluation.spans, guessed)
    return scores, told


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
