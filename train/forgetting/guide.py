"""Learning another model's probabilities beside the targets: the frozen base (divergence) or a teacher (distillation).

    divergence      loss + base_kl x sum_i w_i KL(base_i || model_i)                                over learned tokens i
    distillation    (1 - a) loss + a T^2 sum_i w_i KL(teacher_i^(1/T) || model_i^(1/T))             (Hinton et al. 2015,
                    arXiv:1503.02531), a = distillation_weight, T = distillation_temperature

The frozen base is the model itself with its adapter switched off, or a second one where the method changes the base's own
weights. A teacher that writes must have the student's very tokens; a classifier may be of any kind, since only its
probabilities of the same classes are asked, once for each training row. Cost: a forward pass without gradients a batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import ConfigError

if TYPE_CHECKING:
    import torch

    from train.adapt import Workbench
    from train.config import TrainConfig
    from train.examples import Examples
    from train.objective import Batch, Objective


@dataclass(frozen=True)
class Guide:
    """One model whose probabilities are learned."""

    targets: Callable[[Batch], torch.Tensor]
    """float32[N, C]: logits at the batch's targets, without gradients."""
    weight: float
    temperature: float = 1.0
    replaces: bool = False
    """Whether the weight is taken from the targets' own loss."""

    def mixed(
        self, loss: torch.Tensor, logits: torch.Tensor, wanted: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """The loss with this guide's part; sums over targets, as `train.losses.weighted_sum`."""
        from torch.nn import functional  # importing this module is light: the recipe's tables are read through it

        size = min(logits.shape[-1], wanted.shape[-1])  # embeddings may be padded to different sizes
        ours = functional.log_softmax(logits[..., :size] / self.temperature, -1)
        theirs = functional.log_softmax(wanted[..., :size].float() / self.temperature, -1)
        each = (theirs.exp() * (theirs - ours)).sum(-1)
        divergence = (each if weights is None else each * weights).sum() * self.temperature**2
        return (1.0 - self.weight if self.replaces else 1.0) * loss + self.weight * divergence


@dataclass(frozen=True)
class Teacher:
    """A trained model that another learns from."""

    objective: Objective
    bench: Workbench
    labels: tuple[str, ...] | None
    fingerprint: str

    def soft(self, examples: Examples, labels: Sequence[str] | None) -> np.ndarray | None:
        """float32[n, C]: log probabilities of `labels` for each row; None for tasks that write."""
        if labels is None or self.labels is None:
            return None
        from train.score import log_probabilities

        encoded = self.bench.encoder.encode(examples)
        found = log_probabilities(self.objective, encoded, self.bench.tokenizer.pad_token_id)
        column = [self.labels.index(label) for label in labels]
        return np.asarray(found[:, column], dtype=np.float32)


def open_teacher(config: TrainConfig, bench: Workbench, labels: Sequence[str] | None) -> Teacher:
    """Load `config.teacher`: an adapter that was trained here, or a model; raises `ConfigError` where it cannot teach."""
    from train.adapt import objective_of, open_workbench
    from train.adapters import ABOUT, load_adapter
    from train.base import load_model

    path = Path(config.teacher)
    trained = any((folder / ABOUT).is_file() for folder in (path, path / "adapter")) or (path / "train" / "final").is_dir()
    if trained:
        loaded = load_adapter(path, device=config.device)
        teacher = Teacher(loaded.objective, loaded.bench, loaded.labels, _identity(loaded.folder))
    else:
        if labels is not None:
            raise ConfigError(
                f"teacher {config.teacher} is no trained classifier; train one with `curate train … --out FOLDER` on the "
                "same classes, and name that folder"
            )
        settings = config.replace(base=config.teacher, method="lora", layers=(), activation_checkpointing=False)
        other = open_workbench(settings)
        model = load_model(other.source, other.tokenizer, settings, None)
        teacher = Teacher(objective_of(model, settings, None, extraction=False), other, None, other.fingerprint)
    _check(teacher, config, bench, labels)
    teacher.objective.model.eval().requires_grad_(False)
    return teacher


def _identity(folder: Path) -> str:
    from train.base import BaseSource

    return BaseSource("teacher", str(folder), local=True).fingerprint()


def _check(teacher: Teacher, config: TrainConfig, bench: Workbench, labels: Sequence[str] | None) -> None:
    if (labels is None) != (teacher.labels is None):
        kind, mine = ("writes", "classes") if labels is not None else ("gives classes", "answers")
        raise ConfigError(
            f"teacher {config.teacher} {kind}, and these rows are learned as {mine}; name one of the same task"
        )
    if labels is not None and teacher.labels is not None:
        missing = len(set(labels) - set(teacher.labels))
        if missing:
            raise ConfigError(
                f"teacher {config.teacher} does not know {missing} of the {len(labels)} classes of these rows; train it on "
                "the same classes"
            )
        return
    ours, theirs = bench.tokenizer.get_vocab(), teacher.bench.tokenizer.get_vocab()
    if ours != theirs:
        same = sum(theirs.get(token) == number for token, number in ours.items())
        raise ConfigError(
            f"teacher {config.teacher} has another vocabulary than base model {config.base} ({same} of {len(ours)} tokens "
            "are the same): it must be of the same family of models. A teacher with other tokens can still teach by its "
            "words: let it write the answers, and train on those rows"
        )
    if (bench.encoder.decoder_start is None) != (teacher.bench.encoder.decoder_start is None):
        raise ConfigError(f"teacher {config.teacher} and base model {config.base} must both be decoders, or neither")


def guide(objective: Objective, config: TrainConfig, bench: Workbench, teacher: Teacher | None) -> None:
    """Have `objective` learn from what the configuration names; call it while the model is still its base."""
    import torch

    if config.base_kl:
        objective.guides.append(Guide(_frozen(objective, config, bench), config.base_kl))
    if teacher is None:
        return
    by_class = teacher.labels is not None

    def asked(batch: Batch) -> torch.Tensor:
        if by_class:
            assert batch.soft is not None
            return batch.soft
        with torch.no_grad():
            return teacher.objective.token_logits(batch)

    objective.guides.append(Guide(asked, config.distillation_weight, config.distillation_temperature, replaces=True))


def _frozen(objective: Objective, config: TrainConfig, bench: Workbench) -> Callable[[Batch], torch.Tensor]:
    import torch

    from train.adapt import objective_of
    from train.base import load_model

    if objective.has_base:
        one: Objective = objective
        switch: Callable[[], Any] = objective.as_base
    else:
        model = load_model(bench.source, bench.tokenizer, config, None).eval().requires_grad_(False)
        one, switch = objective_of(model, config, None, extraction=False), contextlib.nullcontext

    def asked(batch: Batch) -> torch.Tensor:
        training = one.model.training
        one.model.eval()
        try:
            with torch.no_grad(), switch():
                return one.token_logits(batch)
        finally:
            one.model.train(training)

    return asked
