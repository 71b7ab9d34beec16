"""The part of a training that learns: rows into batches, a trainer for the objective, watchdogs, checkpoints, probe.

`fit` takes a model made ready by `train.adapt.adapted_model` and leaves it trained; what it returns goes into `done.json`.
Needs torch. Cost: the training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import Cancelled
from train.encoded import joined
from train.evaluate import ItemScores, metric_name, shown_classes
from train.examples import CLASSIFICATION, Examples
from train.losses import class_weights
from train.order import plan_steps, visits
from train.preference.rows import BY_TRL, KTO, LIKELIHOOD, RANKING, Pairs, paired, with_marks

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.config import TrainConfig
    from train.encoded import Encoded, EncodingReport
    from train.forgetting import Probe
    from train.objective import Objective
    from train.resume import Checkpoint
    from train.trainer import Measured
    from train.watch import Facts, Watch

Progress = Callable[[dict[str, Any]], None]
Score = Callable[[Examples], ItemScores]
REPLAYED_FROM = -1
"""Rows that are replayed have numbers from here downwards: they are none of the input."""


@dataclass(frozen=True)
class Learning:
    """Everything that a training learns from and is watched by."""

    objective: Objective
    bench: Workbench
    config: TrainConfig
    examples: Examples
    labels: Sequence[str] | None
    score: Score
    """Item scores of some rows by the model as it is now."""
    validation: Examples | None = None
    replay: Examples | None = None
    soft: np.ndarray | None = None
    """float32[rows of `examples`, classes]: a teacher's log probabilities."""
    probe: Probe | None = None
    watched: tuple[Watch, Facts] | None = None
    progress: Progress | None = field(default=None, repr=False)
    track: Callable[[Mapping[str, Any], int], None] | None = field(default=None, repr=False)
    """Gets the numbers of each step, for a tracker."""


def fit(job: Learning, directory: Path, identity: Mapping[str, Any], start: Checkpoint | None) -> dict[str, Any]:
    """Train; raises `Cancelled` behind a checkpoint, `DivergedError`."""
    from train.resume import Checkpointing, stopping_on_interrupt
    from train.stream import MetricsStream
    from train.watch import Finished

    config = job.config
    rows = _rows(job)
    steps = config.step_count(rows.own)
    plan = plan_steps(rows.ids, rows.lengths, steps=steps, batch_rows=config.batch_rows, seed=config.seed)
    first = 0 if start is None else start.step
    watch, facts = job.watched or (None, None)
    stream = MetricsStream(
        directory,
        watch=watch,
        on_alert=config.on_alert if watch else "",
        tensorboard=config.tensorboard and watch is not None,
        progress=job.progress,
        rows_seen=steps * config.batch_rows,
        track=job.track,
    )
    if facts is not None:
        stream.see(facts)
    trainer = _trainer(job, rows, plan, steps=steps, first=first, directory=directory, stream=stream)
    checkpointing = Checkpointing(trainer, directory, identity, start)
    trainer.add_callback(checkpointing)
    told: dict[str, Any] = {}
    try:
        with stopping_on_interrupt(checkpointing):
            result = trainer.train()
        if config.objective in BY_TRL:
            from train.preference.by_trl import finished

            finished(job.objective)
        stream.see(Finished(int(result.global_step)))
        if job.probe is not None:
            told["forgetting"], seen = job.probe.told(int(result.global_step))
            stream.see(seen)
    except Cancelled:  # by whoever listens, after a step
        checkpointing.save()
        raise
    finally:
        alerts = stream.close()
    watched = trainer.validation
    return {
        **(alerts if job.watched else {}),
        **told,
        "steps": int(result.global_step),
        **({"planned_steps": steps, "kept_step": watched.best_step} if watched is not None and watched.keeps_best else {}),
        "rows": rows.own,
        **({"replayed_rows": len(rows.ids) - rows.own} if job.replay is not None else {}),
        "tokens_seen": int(rows.lengths[plan[: int(result.global_step)]].sum()),
        "targets_seen": int(targets_of(rows.encoded)[plan[: int(result.global_step)]].sum()),
        "final_loss": float(result.training_loss),
        "encoding": dataclasses.asdict(rows.report),
        **({} if rows.pairs is None else {"encoding_rejected": dataclasses.asdict(rows.pairs.rejected.report)}),
    }


@dataclass(frozen=True)
class _Rows:
    """What batches are cut from: rows, pairs of rows, or rows with marks."""

    encoded: Encoded
    ids: np.ndarray
    lengths: np.ndarray
    own: int
    """Rows that are no replay."""
    report: EncodingReport
    pairs: Pairs | None = None
    marks: np.ndarray | None = None


def _rows(job: Learning) -> _Rows:
    encoder, config = job.bench.encoder, job.config
    if config.objective == KTO:
        encoded, marks = with_marks(job.examples, encoder)
        return _Rows(encoded, encoded.ids, encoded.lengths, len(encoded), encoded.report, marks=marks)
    if config.objective != LIKELIHOOD:
        pairs = paired(job.examples, encoder)
        return _Rows(pairs.both(), pairs.chosen.ids, pairs.lengths(), len(pairs), pairs.chosen.report, pairs=pairs)
    encoded = encoder.encode(job.examples)
    own, report = len(encoded), encoded.report
    if job.replay is not None:
        encoded = with_replay(encoded, encoder.encode(job.replay))
    return _Rows(encoded, encoded.ids, encoded.lengths, own, report)


def with_replay(own: Encoded, replayed: Encoded) -> Encoded:
    """The rows of both, the replayed ones numbered from `REPLAYED_FROM` downwards."""
    numbers = REPLAYED_FROM - np.arange(len(replayed), dtype=np.int64)
    return joined(own, dataclasses.replace(replayed, ids=numbers))


def _trainer(
    job: Learning, rows: _Rows, plan: np.ndarray, *, steps: int, first: int, directory: Path, stream: Any
) -> Any:
    from train.token_dropout import TokenDropout
    from train.trainer import PairedBatches, PlannedBatches, PlannedTrainer

    config, pad = job.config, job.bench.tokenizer.pad_token_id
    parts = plan[first:].reshape(-1, config.batch_rows // config.gradient_accumulation_batches)
    evaluate = _validate(job)
    given: dict[str, Any] = {
        "steps": steps, "first_step": first, "directory": directory, "progress": job.progress, "evaluate": evaluate,
        "stream": stream,
    }  # fmt: skip
    if config.objective in BY_TRL:
        from train.preference.by_trl import preference_trainer

        what = rows.pairs if rows.pairs is not None else (rows.encoded, rows.marks)
        return preference_trainer(job.objective, what, parts, config, job.bench, **given)  # type: ignore[arg-type]
    if config.objective == RANKING:
        assert rows.pairs is not None
        return PlannedTrainer(job.objective, PairedBatches(rows.encoded, parts, len(rows.pairs), pad), config, **given)
    classes = classes_of(job.examples, rows.encoded, job.labels)
    weights = weights_of(job.examples, rows.encoded, classes, config, rows.own)
    soft = None if job.soft is None else job.soft[rows.encoded.kept]
    dropout = None
    if config.token_dropout and classes is not None:
        seen = visits(plan)[first:].reshape(parts.shape)
        dropout = TokenDropout(config.token_dropout, config.seed, seen, job.bench.encoder.special)
    batches = PlannedBatches(rows.encoded, parts, classes, pad, weights, soft, dropout)
    return PlannedTrainer(job.objective, batches, config, **given)


def _validate(job: Learning) -> Callable[[], Measured] | None:
    """What validation rows are measured by: the objective's own loss."""
    from train.preference.measure import Preferences, is_measured
    from train.trainer import Measured

    validation = job.validation
    if validation is None:
        return None
    if job.config.objective != LIKELIHOOD and is_measured(validation, job.config):
        ordered = Preferences(job.objective, job.bench, validation, job.config)

        def by_preference() -> Measured:
            losses = ordered.losses()
            return Measured({"loss": float(losses.mean())}, losses)

        return by_preference

    def validate() -> Measured:
        assert validation is not None
        scores = job.score(validation)
        losses = scores.score if job.labels is None else np.minimum(scores.nll, 100.0)
        loss = scores.mean() if job.labels is None else float(losses.mean())
        return Measured({"loss": loss, metric_name(job.examples.task): scores.mean()}, losses)

    return validate


def watch_of(
    job: Learning,
    evaluation: Examples | None,
    canonical: Mapping[str, str],
    findings: Mapping[int, Sequence[str]],
    real_world: Examples | None,
    *,
    leaks_apart: bool,
) -> tuple[Watch, Facts]:
    """The watchdogs of a run and what they are shown first."""
    from train.reach import left_out
    from train.untrained import untrained_tokens
    from train.watch import Watch
    from train.watched import facts_of, hardest_first

    facts = facts_of(
        job.examples,
        steps=job.config.step_count(len(job.examples)),
        batch_rows=job.config.batch_rows,
        shown=shown_classes(job.labels, evaluation, canonical),
        canonical=canonical,
        validation=job.validation,
        evaluation=evaluation,
        real_world=real_world,
        leaks_apart=leaks_apart,
    )
    reached = left_out(job.objective.model, job.config)
    facts = dataclasses.replace(facts, untrained_tokens=untrained_tokens(job), left_out=reached)
    return Watch(findings=findings, rank=hardest_first(job.examples, job.score)), facts


def classes_of(examples: Examples, encoded: Encoded, labels: Sequence[str] | None) -> np.ndarray | None:
    """int64[n]: the class of each encoded row, as a position in `labels`; None for tasks without classes."""
    if labels is None or examples.task != CLASSIFICATION:
        return None
    column = {label: i for i, label in enumerate(labels)}
    return np.array([column[examples.labels[i]] for i in encoded.kept], dtype=np.int64)


def targets_of(encoded: Encoded) -> np.ndarray:
    """int64[n]: targets of each row: its supervised tokens, or the one class."""
    counts = np.array([int(mask.sum()) for mask in encoded.supervised], dtype=np.int64)
    return np.ones_like(counts) if encoded.task == CLASSIFICATION else counts


def weights_of(
    examples: Examples, encoded: Encoded, classes: np.ndarray | None, config: TrainConfig, own: int
) -> np.ndarray | None:
    """float64, one an encoded row: its own weight times its class's, replay 1; None where all weigh the same."""
    if examples.weights is None:
        given = None
    else:
        given = np.ones(len(encoded))
        given[:own] = examples.weights[encoded.kept[:own]]
    if classes is None or config.class_weights == "none":
        return given
    by_class = class_weights(classes, int(classes.max()) + 1, config.class_weights)[classes]
    return np.asarray(by_class if given is None else by_class * given)
