"""How a model is trained: one frozen dataclass, validated when made, hashed into every run's identity.

Methods: LoRA (Hu et al. 2021, arXiv:2106.09685), rank-stabilised scaling (Kalajdzievski 2023, arXiv:2312.03732), DoRA
(Liu et al. 2024, arXiv:2402.09353), focal loss (Lin et al. 2017, arXiv:1708.02002), class weights by effective number
(Cui et al. 2019, arXiv:1901.05555).
The defaults were tuned on the bundled base with Banking77-length rows on two CPU cores (see `benchmarks/LOG.md`); wider
bases want lower rates, which `train.methods.rates` sets where none are named.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import xxhash

from curate.errors import ConfigError, nearest

BUNDLED = "bundled"
ALL_LINEAR = "all-linear"
SCHEDULERS = ("constant", "cosine", "exponential", "linear", "step")
CLASS_WEIGHTS = ("none", "balanced", "effective_number")
HEAD_STARTS = ("ridge", "random")
TRUNCATION_SIDES = ("end", "start")
CHAT_TEMPLATES = ("model", "plain")
DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16")
POOLINGS = ("mean", "max", "last")
METHODS = ("bitfit", "full", "ia3", "layernorm", "lora", "lora_plus", "qlora")
"""As in `train.methods`, which is too heavy to import here."""
OBJECTIVES = ("likelihood", "dpo", "kto", "ranking")
TRACKERS = ("comet", "mlflow", "tensorboard", "trackio", "wandb")
"""As in `train.trackers`."""
_CHANGES_NO_RESULT = (
    "threads", "checkpoint_every_steps", "validation_fraction", "on_alert", "tensorboard", "tracker", "tracker_project",
    # What the finished adapter is judged by is named on its own.
    "real_world", "answer_rows", "answer_tokens", "forgetting_probe",
)  # fmt: skip
OF_THIS_MACHINE = ("on_alert", "real_world")
"""Commands (with what secrets they hold) and paths: written neither beside an adapter nor into results, which others may be
given."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that, with the data, determines a training run."""

    base: str = BUNDLED
    """Base model: `bundled`, the path of a model folder, or a Hugging Face hub id (the only case that downloads)."""
    method: str = "lora"
    """What of the base is trained: `lora`, `lora_plus`, `qlora`, `ia3`, `bitfit`, `layernorm`, or `full` for all."""
    layers: tuple[int, ...] = ()
    """Numbers of the layers that are trained, from 0, or from -1 backwards; none means all."""
    objective: str = "likelihood"
    """What preference rows teach: the `likelihood` of good answers, or `dpo`, `kto` or `ranking` to put good above bad."""
    preference_beta: float = 0.1
    """How far `dpo` and `kto` may leave the base (low is far), and how sharply `ranking` tells answers apart times 20."""
    lora_rank: int = 16
    """Rank of the low-rank update of each adapted matrix."""
    lora_alpha: int = 32
    """LoRA scale; the update is multiplied by alpha / rank."""
    lora_dropout: float = 0.0
    """Dropout probability on the input of each adapter, between 0 and 1; 0.1 to 0.3 is usual where rows are few."""
    rslora: bool = False
    """Rank-stabilised LoRA: the update is multiplied by alpha / sqrt(rank), so that high ranks learn as fast as low."""
    dora: bool = False
    """DoRA: each adapted matrix also learns the length of its rows; slower a step, at times better at low ranks."""
    lora_plus_ratio: float = 4.0
    """`lora_plus`: the learning rate of each adapter's second matrix, in multiples of `learning_rate`."""
    target_modules: tuple[str, ...] = (ALL_LINEAR,)
    """Names of the linear layers that get an adapter, such as `q_proj`; `all-linear` takes every one but the head."""
    learning_rate: float = 3e-3
    """Peak learning rate of AdamW for the adapter matrices."""
    head_learning_rate: float = 1e-2
    """Peak learning rate of AdamW for a new classification head."""
    head_start: str = "ridge"
    """First weights of a new classification head: `ridge` fits them to the base's states in closed form, or `random`."""
    pooling: str = "mean"
    """How token states become one vector for classification: their `mean`, the `max` of each number, or the `last`."""
    token_dropout: float = 0.0
    """Part of the tokens of a text to be classified that each step leaves out at random, at least 0 and below 1."""
    steps: int = 200
    """Optimiser steps, the same for every arm of an ablation; unless set, fewer where texts would be seen over thrice."""
    epochs: float = 0.0
    """Passes over the data instead of a number of steps; 0 means that `steps` decides."""
    batch_rows: int = 32
    """Rows in one optimiser step."""
    gradient_accumulation_batches: int = 1
    """Parts that a step's rows are computed in, to save memory; the result is the same."""
    activation_checkpointing: bool = False
    """Compute activations a second time instead of keeping them: less memory, a third more time, the same result."""
    max_length_tokens: int = 256
    """Longest row in tokens; what is longer is cut and counted in the truncation report."""
    spans_column: str = ""
    """Column of gold spans, or of tags beside a column of tokens: rows then train extraction, a tag for each token."""
    truncation_side: str = "end"
    """Which end of a row that is too long is cut: `end`, or `start` to keep the last turns of a conversation."""
    chat_template: str = "model"
    """How conversations are written: as the `model`'s own template does, or `plain` where that drops or rewrites turns."""
    warmup_fraction: float = 0.1
    """Part of the steps during which the learning rate rises linearly from zero."""
    scheduler: str = "linear"
    """Learning rate after warm-up: `linear` or `cosine` decay to zero, `exponential`, `step`, or `constant`."""
    decay_factor: float = 0.1
    """`exponential` ends at this part of the peak; `step` multiplies by it after half and after three quarters of a run."""
    weight_decay: float = 0.0
    """Decoupled weight decay of AdamW."""
    max_gradient_norm: float = 1.0
    """Gradients are scaled down to this Euclidean norm where they exceed it; 0 leaves them alone."""
    label_smoothing: float = 0.0
    """Part of the target probability that is spread over all classes or tokens, between 0 and 1."""
    focal_gamma: float = 0.0
    """Focal loss: a target of probability p counts (1 - p) to this power, so that easy ones count less; 0 is off."""
    class_weights: str = "none"
    """Weights of classes in the loss: `none`, `balanced` (inverse frequency), or `effective_number` (milder)."""
    replay: str = ""
    """Against forgetting, in models that write: a file of general rows to mix in, or `self` for the base's own answers."""
    replay_fraction: float = 0.2
    """Part of the rows that is replay, where `replay` names any."""
    base_kl: float = 0.0
    """Against forgetting: weight of the divergence from what the frozen base says at each learned token; 0 is off."""
    teacher: str = ""
    """Adapter or model whose probabilities are learned too: same classes, or the same tokenizer for tasks that write."""
    distillation_weight: float = 0.5
    """Part of the loss that is the teacher's, above 0 and at most 1."""
    distillation_temperature: float = 2.0
    """Both models' logits are divided by this before they are compared; higher shows more of the teacher's doubts."""
    forgetting_probe: bool = True
    """Whether `curate train` measures, for models that write, how much of their general language they keep."""
    validation_fraction: float = 0.1
    """Part of the training rows that `curate train` holds out to watch a run, whole near-duplicate clusters at a time."""
    evaluate_every_steps: int = 0
    """Steps between evaluations on validation rows, where there are any; 0 makes it a tenth of the run."""
    early_stopping_patience_evaluations: int = 3
    """Stop after so many evaluations without a better one and keep the best adapter; 0 never stops early."""
    checkpoint_every_steps: int = 0
    """Steps between checkpoints that a killed run goes on from; 0 makes one about every half minute."""
    real_world: str = ""
    """File of real cases that `curate train` judges base and adapter by at the end; nothing is trained on it."""
    answer_rows: int = 64
    """Evaluation rows for which base and adapter write an answer that is compared with the right one; 0 writes none."""
    answer_tokens: int = 128
    """Longest written answer in tokens."""
    on_alert: str = ""
    """Command that is run, without a shell, for each alert of the watchdogs, which it gets as JSON on standard input."""
    tensorboard: bool = True
    """Whether curves also go to TensorBoard event files, where that package is installed."""
    tracker: str = ""
    """Where curves and outcomes are sent as well: `tensorboard`, `wandb`, `comet`, `mlflow`, `trackio`; empty: nowhere."""
    tracker_project: str = "curate"
    """Name of the project (the experiment, in MLflow) that the tracker keeps the runs under."""
    seed: int = 0
    """Seed of the adapter's initial weights, of dropout and of the row order."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto` for a CUDA device where there is one."""
    dtype: str = "auto"
    """Number format of the weights: `float32`, `bfloat16`, or `auto` for float32 on a CPU and bfloat16 on CUDA."""
    threads: int = 0
    """CPU threads of one training run; 0 leaves torch's own choice."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "target_modules", tuple(self.target_modules))
        object.__setattr__(self, "layers", tuple(self.layers))
        positive = ("lora_rank", "lora_alpha", "batch_rows", "gradient_accumulation_batches", "learning_rate")
        for name in (*positive, "head_learning_rate", "lora_plus_ratio", "preference_beta"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)!r}")
        for name in ("lora_dropout", "token_dropout", "label_smoothing", "warmup_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 0 and below 1, got {getattr(self, name)!r}")
        whole = ("steps", "epochs", "evaluate_every_steps", "early_stopping_patience_evaluations", "threads")
        for name in (*whole, "weight_decay", "max_gradient_norm", "seed", "focal_gamma", "checkpoint_every_steps"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must not be negative, got {getattr(self, name)!r}")
        if self.answer_rows < 0 or self.answer_tokens < 1:
            raise ConfigError("answer_rows must not be negative, and answer_tokens must be at least 1")
        if self.steps == 0 and self.epochs == 0:
            raise ConfigError("nothing to train: set steps or epochs above 0")
        if self.max_length_tokens < 4:
            raise ConfigError(f"max_length_tokens must be at least 4, got {self.max_length_tokens}")
        if self.batch_rows % self.gradient_accumulation_batches:
            raise ConfigError(
                f"gradient_accumulation_batches ({self.gradient_accumulation_batches}) must divide "
                f"batch_rows ({self.batch_rows})"
            )
        if not 0 < self.replay_fraction < 1 or not 0 < self.distillation_weight <= 1:
            raise ConfigError("replay_fraction must lie between 0 and 1, and distillation_weight above 0 and at most at 1")
        if self.base_kl < 0 or not self.distillation_temperature > 0:
            raise ConfigError("base_kl must not be negative, and distillation_temperature must be above 0")
        if not 0 < self.decay_factor <= 1:
            raise ConfigError(f"decay_factor must be above 0 and at most 1, got {self.decay_factor!r}")
        if not 0 < self.validation_fraction < 0.5:
            raise ConfigError(
                f"validation_fraction must be above 0 and below 0.5, got {self.validation_fraction!r}: "
                "a run that nothing watches cannot be told from one that went wrong"
            )
        if not self.target_modules:
            raise ConfigError(f"target_modules is empty; name linear layers, or {ALL_LINEAR!r}")
        choices = {
            "scheduler": SCHEDULERS, "device": DEVICES, "dtype": DTYPES, "pooling": POOLINGS,
            "class_weights": CLASS_WEIGHTS, "head_start": HEAD_STARTS, "method": METHODS, "objective": OBJECTIVES,
            "truncation_side": TRUNCATION_SIDES, "chat_template": CHAT_TEMPLATES,
            **({"tracker": TRACKERS} if self.tracker else {}),
        }  # fmt: skip
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; {nearest(str(getattr(self, name)), allowed)}")

    def replace(self, **changes: Any) -> TrainConfig:
        """A copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)

    def step_count(self, n_rows: int) -> int:
        """Optimiser steps for `n_rows` training rows."""
        return max(1, round(self.epochs * n_rows / self.batch_rows)) if self.epochs else self.steps

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON types."""
        return {**dataclasses.asdict(self), "target_modules": list(self.target_modules), "layers": list(self.layers)}

    def told(self) -> dict[str, Any]:
        """The fields that files of results may hold: all but commands and paths of this machine."""
        return {name: value for name, value in self.to_json().items() if name not in OF_THIS_MACHINE}

    def fingerprint(self) -> str:
        """Hex hash of every field that can change a result; what only changes its cost is left out."""
        fields = {name: value for name, value in self.to_json().items() if name not in _CHANGES_NO_RESULT}
        return xxhash.xxh3_128_hexdigest(json.dumps(fields, sort_keys=True).encode())
