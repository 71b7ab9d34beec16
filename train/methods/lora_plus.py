"""LoRA+: the second matrix of each adapter learns faster than the first (Hayou et al. 2024, arXiv:2402.12354).

B begins at zero and A does not, so one rate cannot suit both in wide models. B's rate is `learning_rate` times
`lora_plus_ratio`; the paper's sixteen suits bases with thousands of columns, a narrow one wants less. Costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from train.methods.lora import Lora
from train.methods.method import Named

if TYPE_CHECKING:
    from train.config import TrainConfig


class LoraPlus(Lora):
    """LoRA with two rates."""

    name: ClassVar[str] = "lora_plus"
    when: ClassVar[str] = "Where LoRA learns too slowly on a wide base: same cost, the second matrices learn faster."
    learning_rate: ClassVar[float] = 1e-3

    def groups(self, trainable: Named, config: TrainConfig) -> list[dict[str, Any]]:
        """A and all else at the usual rate, B at the higher one."""
        fast = [p for name, p in trainable if ".lora_B." in name or ".lora_embedding_B" in name]
        quick = {id(p) for p in fast}
        slow = [p for _, p in trainable if id(p) not in quick]
        decay = config.weight_decay
        return [
            {"params": slow, "lr": config.learning_rate, "weight_decay": decay},
            {"params": fast, "lr": config.learning_rate * config.lora_plus_ratio, "weight_decay": decay},
        ]
