"""Train one LoRA adapter and leave a directory that says all about it.

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

from curate.errors import ConfigError, DataError
from train.config import TrainConfig
from train.evaluate import ItemScores, metric_name, read_scores, score_classes, shown_classes, summarise
from train.examples import CLASSIFICATION, Examples
from train.extra import extra, versions
from train.files import read_json, write_json
from train.order import plan_steps

if TYPE_CHECKING:
    from train.base import BaseSource
    from train.encoding import Encoded, Encoder
    from train.objective import Objective

Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Workbench:
    """What the runs of one base share: the tokenizer, the encoded rows, the base's fingerprint."""

    source: BaseSource
    tokenizer: Any
    encoder: Encoder
    fingerprint: str


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


def open_workbench(config: TrainConfig) -> Workbench:
    """Load the tokenizer of the configured base; raises `MissingExtraError`, `ConfigError`."""
    for module in ("torch", "transformers", "peft", "accelerate"):
        extra(module)
    from train.base import context_tokens, load_tokenizer, resolve_base
    from train.encoding import Encoder

    source = resolve_base(config.base)
    tokenizer = load_tokenizer(source)
    limit = min(config.max_length_tokens, context_tokens(source) or config.max_length_tokens)
    return Workbench(source, tokenizer, Encoder(tokenizer, limit), source.fingerprint())


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
) -> TrainedRun:
    """Train an adapter on `examples`, score `evaluation`, save both; or read them where the run is already done.

    `labels` is the label space (default: the labels of `examples`, sorted); arms that are compared need the same one.
    `validation` rows are scored every `evaluate_every_steps` and steer early stopping. `progress` gets a dict a step:
    kind, step, steps, loss, eta_s. Raises `DataError` (nothing to learn), `ConfigError` (base, targets),
    `DivergedError`.
    """
    space = _label_space(examples, labels)
    bench = workbench or open_workbench(config)
    identity = run_identity(config, bench, examples, space, evaluation, validation, canonical, method="lora")
    finished = finished_run(directory, identity, evaluation)
    if finished is not None:
        return finished
    started = time.perf_counter()
    clean_run(directory)
    with training_threads(config.threads):
        objective = adapted_model(config, bench, space)
        trained = _fit(objective, examples, config, directory, bench, space, validation, progress)
        objective.model.save_pretrained(str(directory / "adapter"), safe_serialization=True)
        trained_seconds = time.perf_counter() - started
        scores = None
        done = {**identity, **trained, "train_seconds": trained_seconds}
        if evaluation is not None:
            scores = score_examples(objective, evaluation, bench, space, canonical)
            done["evaluation"] = _save_scores(scores, evaluation, directory, canonical, space)
    write_json(directory / "done.json", {**done, "seconds": time.perf_counter() - started})
    return TrainedRun(directory, done, scores, resumed=False)


def adapted_model(config: TrainConfig, bench: Workbench, labels: Sequence[str] | None) -> Objective:
    """The base with a fresh LoRA (and head, where `labels` are given), drawn from `config.seed`."""
    import torch

    from train.base import check_targets, load_model
    from train.fused import fuse
    from train.objective import Objective

    peft = extra("peft")
    torch.manual_seed(config.seed)
    model = load_model(bench.source, bench.tokenizer, config, labels)
    lora = peft.LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=check_targets(model, config),
        task_type="CAUSAL_LM" if labels is None else "SEQ_CLS",
    )
    adapted = peft.get_peft_model(model, lora)
    fuse(adapted)
    return Objective(adapted, classification=labels is not None, pooling=config.pooling)


def score_examples(
    objective: Objective,
    evaluation: Examples,
    bench: Workbench,
    labels: Sequence[str] | None,
    canonical: Mapping[str, str] | None,
) -> ItemScores:
    """Item scores of the evaluation rows that can be encoded, in their order."""
    from train.score import answer_nats, log_probabilities

    encoded = bench.encoder.encode(evaluation)
    pad = bench.tokenizer.pad_token_id
    if labels is not None:
        found = log_probabilities(objective, encoded, pad)
        return score_classes(found, labels, evaluation.take(encoded.kept), canonical or {})
    nats, tokens = answer_nats(objective, encoded, pad)
    return ItemScores(encoded.ids, nats / tokens, tokens, nats, (None,) * len(nats))


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
) -> dict[str, Any]:
    """Everything that decides a run, and `run_id`, the hash of it. Only the hash sees labels that hold personal data."""
    identity: dict[str, Any] = {
        "method": method,
        "config": config.to_json(),
        "config_hash": config.fingerprint(),
        "seed": config.seed,
        "base": bench.source.name,
        "base_hash": bench.fingerprint,
        "data_hash": examples.fingerprint() if examples is not None else None,
        "evaluation_hash": evaluation.fingerprint() if evaluation is not None else None,
        "validation_hash": validation.fingerprint() if validation is not None else None,
        "labels": list(labels) if labels is not None else None,
        "versions": versions(),
    }
    hashed = {**identity, "canonical": sorted((canonical or {}).items())}
    hashed.pop("config")  # the hash of it leaves out what changes no result
    hashed.pop("base")
    digest = xxhash.xxh3_128_hexdigest(json.dumps(hashed, sort_keys=True).encode("utf-8", "surrogatepass"))
    if labels is not None:
        shown = shown_classes(labels, evaluation, canonical)
        identity["labels"] = [shown[label] for label in labels]
    return {"run_id": digest, **identity}


def _fit(
    objective: Objective,
    examples: Examples,
    config: TrainConfig,
    directory: Path,
    bench: Workbench,
    labels: Sequence[str] | None,
    validation: Examples | None,
    progress: Progress | None,
) -> dict[str, Any]:
    from train.trainer import PlannedBatches, PlannedTrainer

    encoded = bench.encoder.encode(examples)
    steps = config.step_count(len(encoded))
    plan = plan_steps(encoded.ids, encoded.lengths, steps=steps, batch_rows=config.batch_rows, seed=config.seed)
    part = config.batch_rows // config.gradient_accumulation_batches
    classes = _classes(examples, encoded, labels)
    pad = bench.tokenizer.pad_token_id

    def validate() -> dict[str, float]:
        assert validation is not None
        scores = score_examples(objective, validation, bench, labels, None)
        loss = scores.mean() if labels is None else float(np.minimum(scores.nll, 100.0).mean())
        return {"loss": loss, metric_name(examples.task): scores.mean()}

    trainer = PlannedTrainer(
        objective,
        PlannedBatches(encoded, plan.reshape(-1, part), classes, pad),
        config,
        steps=steps,
        directory=directory,
        progress=progress,
        evaluate=None if validation is None else validate,
    )
    result = trainer.train()
    return {
        "steps": int(result.global_step),
        "rows": len(encoded),
        "tokens_seen": int(encoded.lengths[plan].sum()),
        "final_loss": float(result.training_loss),
        "encoding": dataclasses.asdict(encoded.report),
    }


def _classes(examples: Examples, encoded: Encoded, labels: Sequence[str] | None) -> np.ndarray | None:
    if labels is None:
        return None
    column = {label: i for i, label in enumerate(labels)}
    return np.array([column[examples.labels[i]] for i in encoded.kept], dtype=np.int64)


def _label_space(examples: Examples, labels: Sequence[str] | None) -> list[str] | None:
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


def clean_run(directory: Path) -> None:
    """Remove what an unfinished or outdated run left, `done.json` first."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("done.json", "metrics.jsonl", "eval.parquet"):
        (directory / name).unlink(missing_ok=True)
    shutil.rmtree(directory / "adapter", ignore_errors=True)


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
