"""transformers' `Trainer`, with our batches, our loss and a stream of metrics.

What is its own here, and why: batches come planned (`train.order`), so there is no sampler and no worker process, which
on a CPU cost more than they save; the loss is a sum over targets divided by their number in the whole step, so gradient
accumulation changes nothing; adapters and head have their own learning rates; each logged step is one line of
`metrics.jsonl`, flushed while the run lives; a loss that is not finite stops the run. Optimiser (AdamW, fused),
schedule, clipping, devices and callbacks are the Trainer's. Needs torch and transformers.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn import functional
from torch.utils.data import DataLoader

from curate.errors import CurateError
from train.config import TrainConfig
from train.encoding import Encoded
from train.objective import Batch, Objective, collate

Progress = Callable[[dict[str, Any]], None]
Evaluate = Callable[[], dict[str, float]]


class DivergedError(CurateError):
    """The loss stopped being a number."""


class PlannedBatches:
    """A dataset whose items are whole batches, in the planned order."""

    def __init__(self, encoded: Encoded, plan: np.ndarray, classes: np.ndarray | None, pad: int) -> None:
        self.encoded, self.plan, self.classes, self.pad = encoded, plan, classes, pad

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, index: int) -> Batch:
        return collate(self.encoded, self.plan[index], self.classes, self.pad)


class PlannedTrainer(transformers.Trainer):
    """Trains the adapter of `objective.model` on planned batches."""

    def __init__(
        self,
        objective: Objective,
        batches: PlannedBatches,
        config: TrainConfig,
        *,
        steps: int,
        directory: Path,
        progress: Progress | None = None,
        evaluate: Evaluate | None = None,
    ) -> None:
        self.objective, self.batches, self.settings = objective, batches, config
        self._metrics_path = directory / "metrics.jsonl"
        self._progress = progress
        self._steps = steps
        self._started = self._last = time.perf_counter()
        self._step_tokens = self._step_rows = 0
        device = next(objective.model.parameters()).device
        arguments = transformers.TrainingArguments(
            output_dir=str(directory),
            max_steps=steps,
            per_device_train_batch_size=config.batch_rows // config.gradient_accumulation_batches,
            gradient_accumulation_steps=config.gradient_accumulation_batches,
            learning_rate=config.learning_rate,
            lr_scheduler_type={"constant": "constant_with_warmup"}.get(config.scheduler, config.scheduler),
            warmup_steps=round(config.warmup_fraction * steps),
            weight_decay=config.weight_decay,
            max_grad_norm=config.max_gradient_norm,
            seed=config.seed,
            use_cpu=device.type == "cpu",
            logging_steps=1 if device.type == "cpu" else 10,
            logging_nan_inf_filter=False,
            save_strategy="no",
            eval_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            skip_memory_metrics=True,
        )
        super().__init__(model=objective.model, args=arguments, train_dataset=batches)
        self.pop_callback(transformers.PrinterCallback)
        self.model_accepts_loss_kwargs = True  # the loss is normalised over the whole step
        if evaluate is not None:
            self.add_callback(_Validation(self, evaluate))

    def get_train_dataloader(self) -> Any:
        """The planned batches, one after the other, in this process."""
        return DataLoader(self.batches, batch_size=None, collate_fn=_same)  # type: ignore[arg-type]

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: torch.device) -> int:
        self._step_tokens += sum(int(batch.lengths.sum()) for batch in batch_samples)
        self._step_rows += sum(len(batch.lengths) for batch in batch_samples)
        return sum(batch.targets.numel() for batch in batch_samples)

    def _prepare_inputs(self, inputs: Batch) -> Batch:
        return inputs.to(self.args.device)

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted."""
        return 0

    def compute_loss(self, model: Any, inputs: Batch, *_: Any, num_items_in_batch: int = 1, **__: Any) -> torch.Tensor:
        """Mean cross-entropy in nats over the targets of the whole optimiser step."""
        if self.objective.classification:
            total = functional.cross_entropy(
                self.objective.logits(inputs),
                inputs.targets,
                reduction="sum",
                label_smoothing=self.settings.label_smoothing,
            )
        else:
            total = self.objective.nats(inputs).sum()
        return total / num_items_in_batch

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW over the adapter matrices and, with its own rate and no decay, the head."""
        made: torch.optim.Optimizer | None = self.__dict__.get("optimizer")
        if made is None:
            trainable = [(n, p) for n, p in self.objective.model.named_parameters() if p.requires_grad]
            adapters = [p for n, p in trainable if "lora_" in n]
            head = [p for n, p in trainable if "lora_" not in n]
            groups = [
                {"params": adapters, "lr": self.settings.learning_rate, "weight_decay": self.settings.weight_decay},
                {"params": head, "lr": self.settings.head_learning_rate, "weight_decay": 0.0},
            ]
            made = torch.optim.AdamW([group for group in groups if group["params"]], fused=True)
            self.optimizer = made
        return made

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Stream one line of metrics; raises `DivergedError` where the loss is not finite."""
        super().log(logs, start_time)
        if "loss" not in logs:
            return
        now = time.perf_counter()
        loss, step = float(logs["loss"]), self.state.global_step
        line: dict[str, float | None] = {
            "step": step,
            "loss": loss,
            "learning_rate": float(logs["learning_rate"]),
            "grad_norm": float(logs.get("grad_norm", 0.0)),
            "tokens_per_s": round(self._step_tokens / max(now - self._last, 1e-9), 1),
            "rows": self._step_rows,
        }
        if not math.isfinite(loss):
            line |= {"loss": None, "grad_norm": None}
        self.stream(line)
        self._last, self._step_tokens, self._step_rows = now, 0, 0
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss is not a number at step {step} of {self._steps}; lower learning_rate "
                f"(now {self.settings.learning_rate}) or max_gradient_norm, or look at the rows of that step"
            )
        if self._progress is not None:
            left = (now - self._started) / step * (self._steps - step)
            self._progress({"kind": "step", "step": step, "steps": self._steps, "loss": loss, "eta_s": left})

    def stream(self, line: dict[str, Any]) -> None:
        """Append one object to `metrics.jsonl`."""
        with self._metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class _Validation(transformers.TrainerCallback):
    """Evaluates every few steps, keeps the best adapter in memory, stops when patience runs out."""

    def __init__(self, trainer: PlannedTrainer, evaluate: Evaluate) -> None:
        self.trainer, self.evaluate = trainer, evaluate
        self.best, self.waited = math.inf, 0
        self.best_state: dict[str, torch.Tensor] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        settings, step = self.trainer.settings, state.global_step
        if not settings.evaluate_every_steps or step % settings.evaluate_every_steps:
            return
        measured = self.evaluate()
        self.trainer.stream({"step": step, "validation": measured})
        self.waited += 1
        if measured["loss"] < self.best:
            self.best, self.waited = measured["loss"], 0
            self.best_state = {n: p.detach().clone() for n, p in self._parameters()}
        patience = settings.early_stopping_patience_evaluations
        if patience and self.waited >= patience:
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not self.trainer.settings.early_stopping_patience_evaluations:
            return
        for name, parameter in self._parameters():
            if name in self.best_state:
                parameter.data.copy_(self.best_state[name])

    def _parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        return [(n, p) for n, p in self.trainer.objective.model.named_parameters() if p.requires_grad]


def _same(batch: Batch) -> Batch:
    return batch
