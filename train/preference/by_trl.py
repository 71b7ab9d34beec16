"""DPO (Rafailov et al. 2023, arXiv:2305.18290) and KTO (Ethayarajh et al. 2024, arXiv:2402.01306) by TRL's trainers.

The losses are TRL's; rows, their order, masks, optimiser, schedule, metrics, watchdogs and checkpoints are ours, so a run
is watched, stopped and resumed like any other. Reference log probabilities come from the base: a copy of the fresh adapter
for LoRA, a second model for methods that change the base's own weights. No telemetry. Needs the `dpo` extra.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch.utils.data import SequentialSampler

from curate.errors import ConfigError, MissingExtraError
from train.encoded import answer_start
from train.extra import extra
from train.fused import unfuse
from train.methods.lora import Lora
from train.methods.method import quiet_peft
from train.noise import silenced
from train.preference.rows import DPO, KTO
from train.trainer import Evaluate, Streamed

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.config import TrainConfig
    from train.encoded import Encoded
    from train.objective import Objective
    from train.preference.rows import Pairs
    from train.stream import MetricsStream

REFERENCE = "ref"
"""What TRL calls the copy of a fresh adapter."""


class _Ours(Streamed):
    """What a trainer of TRL's takes from ours."""

    planned_ids: list[list[int]]

    def _send_telemetry(self) -> None:
        """Nothing leaves this machine."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset  # tokens already

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return SequentialSampler(self.train_dataset if train_dataset is None else train_dataset)  # type: ignore[attr-defined]

    def training_step(self, model: Any, inputs: Any, *rest: Any) -> Any:
        """One part of a step, counted for the metrics."""
        rows = self.planned_ids.pop(0) if self.planned_ids else []
        self.metrics.batch(int(inputs["attention_mask"].sum()), rows)
        return super().training_step(model, inputs, *rest)  # type: ignore[misc]


@functools.cache
def _trainer_class(objective: str) -> tuple[Any, Any]:
    try:
        trl = extra("trl")
        stock, settings = (trl.DPOTrainer, trl.DPOConfig) if objective == DPO else (trl.KTOTrainer, trl.KTOConfig)
    except MissingExtraError as error:
        raise MissingExtraError("dpo", error.module) from error
    return type(f"Planned{stock.__name__}", (_Ours, stock), {}), settings


def preference_trainer(
    objective: Objective,
    rows: Pairs | tuple[Encoded, np.ndarray],
    plan: np.ndarray,
    config: TrainConfig,
    bench: Workbench,
    *,
    steps: int,
    directory: Path,
    first_step: int,
    progress: Any,
    evaluate: Evaluate | None,
    stream: MetricsStream,
) -> Any:
    """A trainer like `PlannedTrainer`, over `plan` int64[parts, rows a part]."""
    if bench.encoder.decoder_start is not None:
        raise ConfigError(f"objective {config.objective!r} is for decoders; 'ranking' also trains an encoder-decoder")
    if config.objective == KTO and plan.shape[1] < 2:
        raise ConfigError("objective 'kto' compares answers within a part of a step: keep at least 2 rows in each")
    kind, settings = _trainer_class(config.objective)
    table, ids = _table(rows, plan)
    model = objective.model
    unfuse(model)  # TRL adds a second adapter
    objective.put_back = silenced(model)  # the base's own dropout would blur the reference too; the adapters' stays
    reference = None
    if not isinstance(_method(config), Lora):
        from train.base import load_model

        reference = load_model(bench.source, bench.tokenizer, config, None).eval().requires_grad_(False)
    arguments = Streamed.arguments(
        objective, config, steps, directory, kind=settings, beta=config.preference_beta, max_length=None,
        gradient_checkpointing=False, bf16=False, disable_dropout=False,
    )  # fmt: skip
    trainer: Any = object.__new__(kind)
    trainer.streamed(
        objective, config, steps=steps, first_step=first_step, progress=progress, stream=stream, directory=directory
    )
    trainer.planned_ids = ids
    with quiet_peft():
        trainer.__init__(
            model=model,
            ref_model=reference,
            args=arguments,
            train_dataset=table,
            processing_class=bench.tokenizer,
        )
    # What TRL adds for experts by itself is no part of the objective, and fails where not every layer has some (Jamba).
    trainer.aux_loss_enabled = False
    trainer.ready(evaluate)
    return trainer


def finished(objective: Objective) -> None:
    """Take away what TRL put beside the adapter, and put back what was switched off for it."""
    objective.put_back()
    if REFERENCE in getattr(objective.model, "peft_config", {}):
        objective.model.delete_adapter(REFERENCE)


def _method(config: TrainConfig) -> Any:
    from train.methods import METHODS

    return METHODS[config.method]


def _table(rows: Pairs | tuple[Encoded, np.ndarray], plan: np.ndarray) -> tuple[Any, list[list[int]]]:
    """The rows in the order of the plan as TRL reads them, and their numbers part by part."""
    columns: dict[str, list[Any]]
    if isinstance(rows, tuple):
        encoded, marks = rows
        columns = {"prompt_ids": [], "completion_ids": [], "KL_completion_ids": [], "label": []}
        for part in plan.tolist():
            cut = [_cut(encoded, i) for i in part]
            columns["prompt_ids"] += [prompt for prompt, _ in cut]
            columns["completion_ids"] += [answer for _, answer in cut]
            columns["KL_completion_ids"] += [cut[i - 1][1] for i in range(len(cut))]  # answers to other prompts
            columns["label"] += [bool(marks[i]) for i in part]
    else:
        encoded = rows.chosen
        columns = {"prompt_ids": [], "chosen_ids": [], "rejected_ids": []}
        for i in plan.reshape(-1).tolist():
            prompt, good = _cut(rows.chosen, i)
            columns["prompt_ids"].append(prompt)
            columns["chosen_ids"].append(good)
            columns["rejected_ids"].append(_cut(rows.rejected, i)[1])
    return extra("datasets").Dataset.from_dict(columns), [encoded.ids[part].tolist() for part in plan]


def _cut(encoded: Encoded, row: int) -> tuple[list[int], list[int]]:
    """What comes before the last answer, and that answer."""
    start = answer_start(encoded.supervised[row])
    tokens = encoded.tokens[row].tolist()
    return tokens[:start], tokens[start:]
