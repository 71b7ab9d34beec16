"""BitFit: only the bias terms are trained (Ben Zaken et al. 2021, arXiv:2106.10199).

Needs a base that has biases: BERT and its kin, GPT-2, OPT; Llama and its kin have none. What it leaves is a patch: the
trained numbers under their own names in one safetensors file, a thousandth of the base. The model runs in float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from curate.errors import ConfigError
from train.methods.method import PATCH, Method, chosen_layers, freeze_all_but, within

if TYPE_CHECKING:
    from train.config import TrainConfig


class BitFit(Method):
    """Biases."""

    name: ClassVar[str] = "bitfit"
    when: ClassVar[str] = "Encoders such as BERT with few rows: a thousandth of the numbers, the base keeps its matrices."
    learning_rate: ClassVar[float] = 3e-3
    saved_as: ClassVar[str] = PATCH

    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The same model with all but biases frozen."""
        layers = chosen_layers(model, config)
        biases = [n for n, _ in model.named_parameters() if n.rpartition(".")[2] == "bias" and within(n, layers)]
        if not biases:
            raise ConfigError(
                f"method 'bitfit' trains bias terms, and base model {config.base} ({model.config.model_type}) has none"
                f"{' in these layers' if layers is not None else ''}; 'layernorm', 'ia3' and 'lora' work with it, or name "
                "a base that has them, such as a BERT"
            )
        freeze_all_but(model, biases)
        return model

    def trained_numbers(self, matrices: Iterable[tuple[int, int]], vectors: int, total: int, config: TrainConfig) -> int:
        """At most all numbers that are in no matrix."""
        return vectors
