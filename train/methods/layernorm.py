"""LayerNorm tuning: only the normalisations are trained (Zhao et al. 2023, arXiv:2312.11420), by peft.

Every transformer has them, whatever they are called (LayerNorm, RMSNorm). Cost: nothing beside the backward pass. The
model runs in float32, because a normalisation in another format than its neighbours does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from curate.errors import ConfigError
from train.extra import extra
from train.methods.method import Method, chosen_layers, new_modules, peft_extras, quiet_peft, within

if TYPE_CHECKING:
    from train.config import TrainConfig


class LayerNorm(Method):
    """Normalisations."""

    name: ClassVar[str] = "layernorm"
    when: ClassVar[str] = "A change of style or domain, also of a base without biases: as few numbers as BitFit."
    learning_rate: ClassVar[float] = 1e-2

    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The model with copies of its normalisations that learn."""
        peft = extra("peft")
        layers, new = chosen_layers(model, config), new_modules(model)
        norms = [
            name
            for name, module in model.named_modules()
            if type(module).__name__.endswith("Norm") and within(name, layers)
            and any(True for _ in module.parameters(recurse=False))
            and not any(name == head or name.startswith(f"{head}.") for head in new)
        ]  # fmt: skip
        if not norms:
            raise ConfigError(
                f"method 'layernorm' trains normalisations, and base model {config.base} ({model.config.model_type}) has "
                "none that learn in these layers; 'lora' works with it"
            )
        model.float()
        settings = peft.LNTuningConfig(target_modules=norms, task_type=kind, **peft_extras(model, exclude=False))
        with quiet_peft():
            return peft.get_peft_model(model, settings)

    def trained_numbers(self, matrices: Iterable[tuple[int, int]], vectors: int, total: int, config: TrainConfig) -> int:
        """At most all numbers that are in no matrix."""
        return vectors
