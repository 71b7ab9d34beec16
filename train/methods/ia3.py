"""IA³: one learned factor for each number that keys, values and feed-forward layers pass on (Liu et al. 2022,
arXiv:2205.05638), by peft.

Which layers those are is known for the usual architectures; for others, or to choose, name them in `target_modules`.
Factors begin at one. Cost: a multiplication a layer, and a hundredth of LoRA's numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from curate.errors import ConfigError
from train.config import ALL_LINEAR
from train.extra import extra
from train.methods.method import Method, chosen_layers, new_modules, peft_extras, within

if TYPE_CHECKING:
    from train.config import TrainConfig

_FEED_FORWARD = ("down_proj", "fc2", "wo", "w2", "output.dense", "mlp.c_proj", "fc_out", "dense_4h_to_h")


class IA3(Method):
    """Learned factors."""

    name: ClassVar[str] = "ia3"
    when: ClassVar[str] = "Many small adapters of one base, or few rows: the fewest numbers, and a mild change of the base."
    learning_rate: ClassVar[float] = 1e-2

    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The model behind factors of one."""
        peft = extra("peft")
        targets, forward = self._targets(model, config)
        layers = chosen_layers(model, config)
        if layers is not None:
            names = [name for name, _ in model.named_modules() if within(name, layers)]
            forward = [name for name in names if _ends(name, forward)]
            targets = [name for name in names if _ends(name, targets) and not _ends(name, new_modules(model))]
        settings = {"target_modules": targets, "feedforward_modules": forward, "task_type": kind}
        return peft.get_peft_model(model, peft.IA3Config(**settings, **peft_extras(model, exclude=layers is None)))

    def _targets(self, model: Any, config: TrainConfig) -> tuple[list[str], list[str]]:
        from train.base import check_targets, linear_layers

        if config.target_modules != (ALL_LINEAR,):
            named = list(check_targets(model, config))
            return named, [name for name in named if name in _FEED_FORWARD]
        known = extra("peft.utils.constants")
        targets = known.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING.get(model.config.model_type)
        if targets is None:
            raise ConfigError(
                f"method 'ia3' does not know which layers of base model {config.base} ({model.config.model_type}) hold "
                f"keys, values and feed-forward outputs; name them in target_modules: {', '.join(linear_layers(model))}"
            )
        forward = known.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING.get(model.config.model_type, [])
        return list(targets), list(forward)

    def trained_numbers(self, matrices: Iterable[tuple[int, int]], vectors: int, total: int, config: TrainConfig) -> int:
        """At most one a row of each matrix."""
        return sum(rows for rows, _ in matrices)


def _ends(name: str, parts: Iterable[str]) -> bool:
    return any(name == part or name.endswith(f".{part}") for part in parts)
