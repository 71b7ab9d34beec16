"""How a LoRA is trained: one frozen dataclass, validated when made, hashed into every run's identity.

Methods: LoRA (Hu et al. 2021, arXiv:2106.09685), rank-stabilised scaling (Kalajdzievski 2023, arXiv:2312.03732).
The defaults were tuned on the bundled base with Banking77-length rows on two CPU cores (see `benchmarks/LOG.md`); a
billion-parameter base wants a learning rate about ten times lower.
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
SCHEDULERS = ("constant", "cosine", "linear")
DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16")
POOLINGS = ("mean", "last")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that, with the data, determines a training run."""

    base: str = BUNDLED
    """Base model: `bundled`, the path of a model folder, or a Hugging Face hub id (the only case that downloads)."""
    lora_rank: int = 16
    """Rank of the low-rank update of each adapted matrix."""
    lora_alpha: int = 32
    """LoRA scale; the update is multiplied by alpha / rank."""
    lora_dropout: float = 0.0
    """Dropout probability on the input of each adapter, between 0 and 1."""
    target_modules: tuple[str, ...] = (ALL_LINEAR,)
    """Names of the linear layers that get an adapter, such as `q_proj`; `all-linear` takes every one but the head."""
    learning_rate: float = 3e-3
    """Peak learning rate of AdamW for the adapter matrices."""
    head_learning_rate: float = 1e-2
    """Peak learning rate of AdamW for a new classification head."""
    pooling: str = "mean"
    """How token states become one vector for classification: `mean` over all tokens, or the `last` token."""
    steps: int = 200
    """Optimiser steps, the same for every arm of an ablation; unless set, fewer where texts would be seen over thrice."""
    epochs: float = 0.0
    """Passes over the data instead of a number of steps; 0 means that `steps` decides."""
    batch_rows: int = 32
    """Rows in one optimiser step."""
    gradient_accumulation_batches: int = 1
    """Parts that a step's rows are computed in, to save memory; the result is the same."""
    max_length_tokens: int = 256
    """Longest row in tokens; what is longer is cut and counted in the truncation report."""
    warmup_fraction: float = 0.1
    """Part of the steps during which the learning rate rises linearly from zero."""
    scheduler: str = "linear"
    """Learning rate after warm-up: `linear` or `cosine` decay to zero, or `constant`."""
    weight_decay: float = 0.0
    """Decoupled weight decay of AdamW."""
    max_gradient_norm: float = 1.0
    """Gradients are scaled down to this Euclidean norm where they exceed it; 0 leaves them alone."""
    label_smoothing: float = 0.0
    """Part of the target probability that is spread over all classes (classification), between 0 and 1."""
    evaluate_every_steps: int = 0
    """Steps between evaluations on validation rows, where there are any; 0 evaluates only at the end."""
    early_stopping_patience_evaluations: int = 0
    """Stop after so many evaluations without a better one and keep the best adapter; 0 never stops early."""
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
        positive = ("lora_rank", "lora_alpha", "batch_rows", "gradient_accumulation_batches", "learning_rate")
        for name in (*positive, "head_learning_rate"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)!r}")
        for name in ("lora_dropout", "label_smoothing", "warmup_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 0 and below 1, got {getattr(self, name)!r}")
        whole = ("steps", "epochs", "evaluate_every_steps", "early_stopping_patience_evaluations", "threads")
        for name in (*whole, "weight_decay", "max_gradient_norm", "seed"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must not be negative, got {getattr(self, name)!r}")
        if self.steps == 0 and self.epochs == 0:
            raise ConfigError("nothing to train: set steps or epochs above 0")
        if self.max_length_tokens < 4:
            raise ConfigError(f"max_length_tokens must be at least 4, got {self.max_length_tokens}")
        if self.batch_rows % self.gradient_accumulation_batches:
            raise ConfigError(
                f"gradient_accumulation_batches ({self.gradient_accumulation_batches}) must divide "
                f"batch_rows ({self.batch_rows})"
            )
        if self.early_stopping_patience_evaluations and not self.evaluate_every_steps:
            raise ConfigError("early stopping needs evaluate_every_steps above 0")
        if not self.target_modules:
            raise ConfigError(f"target_modules is empty; name linear layers, or {ALL_LINEAR!r}")
        choices = {"scheduler": SCHEDULERS, "device": DEVICES, "dtype": DTYPES, "pooling": POOLINGS}
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
        return {**dataclasses.asdict(self), "target_modules": list(self.target_modules)}

    def fingerprint(self) -> str:
        """Hex hash of every field that can change a result; `threads` is left out."""
        fields = {name: value for name, value in self.to_json().items() if name != "threads"}
        return xxhash.xxh3_128_hexdigest(json.dumps(fields, sort_keys=True).encode())
