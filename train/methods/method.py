"""What a training method is, and what several of them share: the layers that they reach, the head beside them."""

from __future__ import annotations

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from curate.errors import ConfigError

if TYPE_CHECKING:
    from train.config import TrainConfig

ADAPTER, PATCH, WHOLE = "adapter", "patch", "whole"
"""What a method leaves: peft's adapter folder, the changed numbers alone, or all weights."""
Named = Sequence[tuple[str, Any]]


class Method(ABC):
    """One way to change a base model."""

    name: ClassVar[str]
    when: ClassVar[str]
    """When to use it, one sentence."""
    learning_rate: ClassVar[float]
    """Peak rate where the recipe names none, held against a third and three times of it on the bundled base
    (`benchmarks/bench_methods.py`); BitFit's and QLoRA's are not, since that base has no biases and bitsandbytes is not
    everywhere."""
    saved_as: ClassVar[str] = ADAPTER

    @abstractmethod
    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The model with what is trained in place and all else frozen; `kind` is peft's name of the task.

        Raises `ConfigError` where the model lacks what the method needs, naming methods that would work.
        """

    def groups(self, trainable: Named, config: TrainConfig) -> list[dict[str, Any]]:
        """AdamW's groups for what is trained, a new head left out."""
        numbers = [parameter for _, parameter in trainable]
        return [{"params": numbers, "lr": config.learning_rate, "weight_decay": config.weight_decay}]

    def trained_numbers(self, matrices: Iterable[tuple[int, int]], vectors: int, total: int, config: TrainConfig) -> int:
        """How many numbers are trained of a base with these adapted matrices (rows, columns) and numbers in vectors."""
        return sum(config.lora_rank * (rows + columns) for rows, columns in matrices)

    def quantised(self) -> Any | None:
        """How the base's weights are to be loaded, where not as they are."""
        return None


def new_modules(model: Any) -> tuple[str, ...]:
    """Names of the modules that the base's checkpoint does not hold: a head. They are trained and saved whole."""
    return tuple(getattr(model, "curate_new_modules", ()))


def peft_extras(model: Any, *, exclude: bool = True) -> dict[str, Any]:
    """What every configuration of peft's is told of a new head."""
    new = new_modules(model)
    pattern = rf"(?:.*\.)?(?:{'|'.join(map(re.escape, new))})(?:\..*)?"
    return {
        "modules_to_save": [name.rpartition(".")[2] for name in new] or None,
        "exclude_modules": pattern if new and exclude else None,
    }


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Keep peft from warning of what it does all the same.

    It adapts normalisations other than torch's own, takes GPT-2's matrices the other way round, and gives stacked experts,
    which are no modules, the ranks that it wrote down for them itself.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unsupported layer type")
        warnings.filterwarnings("ignore", "fan_in_fan_out is set to")
        warnings.filterwarnings("ignore", "The following (rank|alpha)_pattern keys")
        yield


def layer_of(name: str) -> int | None:
    """The number of the layer that a module or a weight belongs to: the first number in its name."""
    return next((int(part) for part in name.split(".") if part.isdigit()), None)


def chosen_layers(model: Any, config: TrainConfig) -> set[int] | None:
    """The layers that `config.layers` names, negative ones counted from the end; None for all."""
    if not config.layers:
        return None
    known = {number for name, _ in model.named_parameters() if (number := layer_of(name)) is not None}
    count = max(known, default=-1) + 1
    wrong = [number for number in config.layers if not -count <= number < count]
    if wrong:
        raise ConfigError(
            f"layers names {', '.join(map(str, wrong))}, but base model {config.base} has {count} layers: "
            f"0 to {count - 1}, or -{count} to -1 counted from the end"
        )
    return {number % count for number in config.layers}


def within(name: str, layers: set[int] | None) -> bool:
    """Whether a module or a weight is in the chosen layers; what belongs to no layer is only where all are chosen."""
    return layers is None or layer_of(name) in layers


def freeze_all_but(model: Any, chosen: Iterable[str]) -> None:
    """Train these weights and those of a new head, in float32 throughout, and nothing else."""
    model.float()
    wanted, new = set(chosen), new_modules(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in wanted or any(name.startswith(f"{head}.") for head in new))
