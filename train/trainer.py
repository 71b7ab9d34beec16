"""transformers' `Trainer`, with our batches, our loss and a stream of metrics.

What is its own here, and why: batches come planned (`train.order`), so there is no sampler and no worker process, which
on a CPU cost more than they save; the loss is a sum over targets divided by their number in the whole step, so gradient
accumulation changes nothing; adapters and head have their own learning rates; each logged step is one line of
`metrics.jsonl` (`train.stream`), shown to the watchdogs (`train.watch`) while the run lives; a loss that is not finite
stops the run. Optimiser (AdamW, fused), schedule, clipping, devices and callbacks are the Trainer's. Needs torch and
transformers.
"""

from __future__ import annotations

import copy
import functools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import transformers
from torch.utils.data import DataLoader

from curate.errors import EXIT_USAGE, CurateError
from train import distributed
from train.config import TrainConfig
from train.encoded import Encoded
from train.methods import METHODS
from train.objective import Batch, Objective, collate
from train.schedules import rate_factor
from train.stream import MetricsStream
from train.token_dropout import TokenDropout

STEPS_A_LINE = 10
"""Steps between two lines of metrics on a GPU, where reading the loss waits for it; short runs have a line a step, and
each evaluation and the last step have one, so that no loss goes unseen."""
Progress = Callable[[dict[str, Any]], None]
Evaluate = Callable[[], "Measured"]


class DivergedError(CurateError):
    """The loss stopped being a number: the settings or the rows are at fault."""

    exit_code = EXIT_USAGE


class Measured(NamedTuple):
    """What an evaluation while training found."""

    metrics: dict[str, float]
    """`loss` (nats a target) and the task's metric."""
    losses: np.ndarray
    """float64[n]: the loss of each validation row, in an order that stays."""


class PlannedBatches:
    """A dataset whose items are whole batches, in the planned order."""

    def __init__(
        self,
        encoded: Encoded,
        plan: np.ndarray,
        classes: np.ndarray | None,
        pad: int,
        weights: np.ndarray | None = None,
        soft: np.ndarray | None = None,
        dropout: TokenDropout | None = None,
    ) -> None:
        self.encoded, self.plan, self.classes, self.pad, self.weights = encoded, plan, classes, pad, weights
        self.soft = soft
        """float32[n, C]: a teacher's log probabilities of the classes."""
        self.dropout = dropout

    def __len__(self) -> int:
        return len(self.plan)

    def share(self, rank: int, of: int) -> PlannedBatches:
        """The rows of each batch that one of several processes takes."""
        mine = copy.copy(self)
        mine.plan = self.plan[:, rank::of]
        mine.dropout = None if self.dropout is None else self.dropout.share(rank, of)
        return mine

    def __getitem__(self, index: int) -> Batch:
        rows = self.plan[index]
        if self.dropout is None or self.classes is None:
            batch = collate(self.encoded, rows, self.classes, self.pad, self.weights)
        else:
            met, weights = self.dropout.of(self.encoded, rows, index), self.weights
            here = None if weights is None else weights[rows]
            batch = collate(met, range(len(rows)), self.classes[rows], self.pad, here)
            batch.rows = torch.from_numpy(np.asarray(rows))
        if self.soft is not None:
            batch.soft = torch.from_numpy(self.soft[self.plan[index]])
        return batch


class PairedBatches(PlannedBatches):
    """Batches of `n_pairs` chosen rows and the rejected ones that follow them in `encoded`: a plan of pairs."""

    def __init__(self, encoded: Encoded, plan: np.ndarray, n_pairs: int, pad: int) -> None:
        super().__init__(encoded, plan, None, pad)
        self.n_pairs = n_pairs

    def __getitem__(self, index: int) -> Batch:
        rows = self.plan[index]
        batch = collate(self.encoded, np.concatenate([rows, rows + self.n_pairs]), None, self.pad)
        batch.pairs = len(rows)
        return batch


class Streamed:
    """What every trainer here has of ours: optimiser, schedule, metrics, watched losses; mixed into transformers' own."""

    state: Any
    args: Any
    optimizer: Any
    lr_scheduler: Any

    def streamed(
        self,
        objective: Objective,
        config: TrainConfig,
        *,
        steps: int,
        directory: Path,
        first_step: int,
        progress: Progress | None,
        stream: MetricsStream | None,
    ) -> None:
        """Called before the trainer's own constructor, which logs and builds already."""
        self.objective, self.settings = objective, config
        self.metrics = stream or MetricsStream(directory)
        self._progress = progress
        self._steps, self._first = steps, first_step
        self._started = time.perf_counter()
        self.validation: Validation | None = None

    def ready(self: Any, evaluate: Evaluate | None) -> None:
        """Called behind the trainer's own constructor."""
        self.pop_callback(transformers.PrinterCallback)
        if distributed.world_size() > 1:  # gradients are averaged once a step, by hand: see `train.distributed`
            self.accelerator.prepare_model = _unwrapped
        if evaluate is not None:
            self.validation = Validation(self, evaluate)
            self.add_callback(self.validation)
        self.add_callback(LastLine())

    @staticmethod
    def arguments(
        objective: Objective,
        config: TrainConfig,
        steps: int,
        directory: Path,
        kind: type = transformers.TrainingArguments,
        **more: Any,
    ) -> Any:
        """transformers' settings of a run: everything that writes, prints or asks the network is off."""
        device = next(objective.model.parameters()).device
        made = kind(
            output_dir=str(directory),
            max_steps=steps,
            per_device_train_batch_size=config.batch_rows // config.gradient_accumulation_batches,
            gradient_accumulation_steps=config.gradient_accumulation_batches,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            max_grad_norm=config.max_gradient_norm,
            seed=config.seed,
            use_cpu=device.type == "cpu",
            logging_steps=1 if device.type == "cpu" or steps < 2 * STEPS_A_LINE else STEPS_A_LINE,
            logging_nan_inf_filter=False,
            save_strategy="no",
            eval_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            skip_memory_metrics=True,
            **more,
        )
        # A Trainer that sees several cards in one process would copy the model to all of them at each step (TRL's refuse
        # to): cards beside the first are for processes of their own (`train.distributed`).
        made._n_gpu = min(made.n_gpu, 1)
        return made

    def trainable(self) -> list[tuple[str, torch.nn.Parameter]]:
        """Names and values of what is trained."""
        return [(n, p) for n, p in self.objective.model.named_parameters() if p.requires_grad]

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted."""
        return 0

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW over what the method trains and, with its own rate and no decay, the head."""
        made: torch.optim.Optimizer | None = self.__dict__.get("optimizer")
        if made is None:
            trainable = self.trainable()
            learned = [(n, p) for n, p in trainable if not self.objective.is_head(n)]
            head = [p for n, p in trainable if self.objective.is_head(n)]
            groups = METHODS[self.settings.method].groups(learned, self.settings)
            groups.append({"params": head, "lr": self.settings.head_learning_rate, "weight_decay": 0.0})
            made = torch.optim.AdamW([group for group in groups if group["params"]], fused=True)
            self.optimizer = made
        return made

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The configured schedule; a function of the step alone."""
        factor = functools.partial(
            rate_factor,
            steps=self._steps,
            warmup=round(self.settings.warmup_fraction * self._steps),
            kind=self.settings.scheduler,
            decay_factor=self.settings.decay_factor,
        )
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, factor)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Stream one line of metrics; raises `DivergedError` where the loss is not finite."""
        super().log(logs, start_time)  # type: ignore[misc]
        if "loss" not in logs:
            return
        loss, step = float(logs["loss"]), self.state.global_step
        self.metrics.step(
            step, loss, float(logs["learning_rate"]), float(logs.get("grad_norm", 0.0)), self._accelerator_bytes()
        )
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss is not a number at step {step} of {self._steps}; lower learning_rate "
                f"(now {self.settings.learning_rate}) or max_gradient_norm, or look at the rows of that step"
            )
        if self._progress is not None:
            now = time.perf_counter()
            left = (now - self._started) / (step - self._first) * (self._steps - step)
            event = {"kind": "step", "step": step, "steps": self._steps, "loss": loss, "eta_s": left}
            self._progress({**event, "memory_bytes": self.metrics.memory_bytes})

    def _accelerator_bytes(self) -> int | None:
        if self.args.device.type != "cuda":
            return None
        held = int(torch.cuda.max_memory_allocated(self.args.device))
        torch.cuda.reset_peak_memory_stats(self.args.device)
        return held


class PlannedTrainer(Streamed, transformers.Trainer):
    """Trains what is to learn in `objective.model` on planned batches."""

    def __init__(
        self,
        objective: Objective,
        batches: PlannedBatches,
        config: TrainConfig,
        *,
        steps: int,
        directory: Path,
        first_step: int = 0,
        progress: Progress | None = None,
        evaluate: Evaluate | None = None,
        stream: MetricsStream | None = None,
    ) -> None:
        self.batches = batches
        self.streamed(
            objective, config, steps=steps, directory=directory, first_step=first_step, progress=progress, stream=stream
        )
        arguments = self.arguments(objective, config, steps, directory)
        super().__init__(model=objective.model, args=arguments, train_dataset=batches)
        self.model_accepts_loss_kwargs = True  # the loss is normalised over the whole step
        self.ready(evaluate)

    def get_train_dataloader(self) -> Any:
        """The planned batches, one after the other, in this process."""
        # Its own generator: a loader draws a seed when it starts, which would shift dropout in a run that is resumed.
        own = torch.Generator()
        mine = self.batches.share(distributed.rank(), distributed.world_size())
        return DataLoader(mine, batch_size=None, collate_fn=_same, generator=own)  # type: ignore[arg-type]

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: torch.device) -> float:
        for batch in batch_samples:
            rows = batch.rows[: batch.pairs or None].numpy()
            self.metrics.batch(batch.n_tokens(), self.batches.encoded.ids[rows].tolist())
        return distributed.total(sum(batch.weight() for batch in batch_samples))

    def training_step(self, model: Any, inputs: Batch, num_items_in_batch: Any = None) -> torch.Tensor:
        """One part of a step; after the last one, gradients of all processes are averaged."""
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        if self.accelerator.sync_gradients:
            distributed.average_gradients(p for _, p in self.trainable())
        return loss

    def _prepare_inputs(self, inputs: Batch) -> Batch:
        return inputs.to(self.args.device)

    def compute_loss(
        self, model: Any, inputs: Batch, *_: Any, num_items_in_batch: float = 1.0, **__: Any
    ) -> torch.Tensor:
        """Mean loss (`train.losses`) in nats over the targets of the whole optimiser step."""
        return self.objective.loss(inputs, self.settings) * (distributed.world_size() / num_items_in_batch)


class Validation(transformers.TrainerCallback):
    """Evaluates every few steps, keeps the best adapter in memory, stops when patience runs out."""

    def __init__(self, trainer: PlannedTrainer, evaluate: Evaluate) -> None:
        self.trainer, self.evaluate = trainer, evaluate
        self.best, self.waited = math.inf, 0
        self.best_step = 0
        self.best_losses: np.ndarray | None = None
        self.best_state: dict[str, torch.Tensor] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        settings, step = self.trainer.settings, state.global_step
        if step % (settings.evaluate_every_steps or max(1, self.trainer._steps // 10)):
            return
        control.should_log = True
        with self.trainer.metrics.pause():
            measured, losses = self.evaluate()
        self.trainer.metrics.validation(step, measured, _rise(losses, self.best_losses))
        self.waited += 1
        if measured["loss"] < self.best:
            self.best, self.waited, self.best_losses, self.best_step = measured["loss"], 0, losses, step
            self.best_state = {n: p.detach().clone() for n, p in self.trainer.trainable()}
        patience = settings.early_stopping_patience_evaluations
        if patience and distributed.any_of(self.waited >= patience):
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not self.keeps_best:
            return
        for name, parameter in self.trainer.trainable():
            if name in self.best_state:
                parameter.data.copy_(self.best_state[name])

    @property
    def keeps_best(self) -> bool:
        """Whether the run ends with the weights of `best_step`, wherever it stopped."""
        return bool(self.trainer.settings.early_stopping_patience_evaluations and self.best_state)


class LastLine(transformers.TrainerCallback):
    """Has the last step write its line, however many steps a line has."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_log = control.should_log or control.should_training_stop


def _rise(now: np.ndarray, best: np.ndarray | None) -> tuple[float, float] | None:
    """Mean difference of the rows' losses and its standard error."""
    if best is None or len(now) != len(best) or len(now) < 2:
        return None
    rise = now - best
    return float(rise.mean()), float(rise.std(ddof=1) / math.sqrt(len(rise)))


def _unwrapped(model: Any, *_: Any, **__: Any) -> Any:
    return model


def _same(batch: Batch) -> Batch:
    return batch
