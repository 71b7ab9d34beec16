"""Full fine-tuning: every weight is trained, or every weight of the chosen layers.

What it leaves is a model that transformers loads by itself, as large as the base. Memory: sixteen bytes a weight (value,
gradient, AdamW's two moments), in float32, since half precision loses AdamW's steps. It forgets the most: see
`docs/training.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from train.methods.method import WHOLE, Method, chosen_layers, freeze_all_but, within

if TYPE_CHECKING:
    from train.config import TrainConfig


class Full(Method):
    """All weights."""

    name: ClassVar[str] = "full"
    when: ClassVar[str] = "Small bases and many rows, the base not needed beside it: the most capacity, the most forgotten."
    learning_rate: ClassVar[float] = 1e-3
    saved_as: ClassVar[str] = WHOLE

    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The same model, nothing frozen but layers that were not chosen."""
        layers = chosen_layers(model, config)
        freeze_all_but(model, [name for name, _ in model.named_parameters() if within(name, layers)])
        return model

    def trained_numbers(self, matrices: Iterable[tuple[int, int]], vectors: int, total: int, config: TrainConfig) -> int:
        """All of them."""
        return total
