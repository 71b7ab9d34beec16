"""LoRA: a low-rank update beside each chosen matrix (Hu et al. 2021, arXiv:2106.09685), by peft.

Rank-stabilised and DoRA by their flags. Plain float32 layers get the fused forward pass of `train.fused`. Cost: two thin
matrix products a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from train.extra import extra
from train.methods.method import Method, chosen_layers, new_modules, peft_extras, quiet_peft, within

if TYPE_CHECKING:
    from train.config import TrainConfig


class Lora(Method):
    """The default."""

    name: ClassVar[str] = "lora"
    when: ClassVar[str] = "The default: close to full fine-tuning at a hundredth of the trained numbers."
    learning_rate: ClassVar[float] = 3e-3

    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The model behind fresh adapters."""
        from train.fused import fuse

        with quiet_peft():
            adapted = extra("peft").get_peft_model(model, self.peft_config(model, config, kind))
        fuse(adapted)
        return adapted

    def peft_config(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """peft's configuration."""
        targets, whole_names = lora_targets(model, config, kind)
        return extra("peft").LoraConfig(
            r=config.lora_rank,
            lora_alpha=config.lora_alpha,
            lora_dropout=config.lora_dropout,
            use_rslora=config.rslora,
            use_dora=config.dora,
            target_modules=targets,
            task_type=kind,
            **peft_extras(model, exclude=not whole_names),
        )


def lora_targets(model: Any, config: TrainConfig, kind: str) -> tuple[str | list[str], bool]:
    """`target_modules` as peft takes it, and whether these are whole names."""
    from train.base import check_targets, is_linear, linear_layers

    targets = check_targets(model, config)
    layers = chosen_layers(model, config)
    if layers is not None:
        last = set(linear_layers(model) if isinstance(targets, str) else targets)
        new = new_modules(model)
        return [
            name
            for name, module in model.named_modules()
            if is_linear(module)
            and name.rpartition(".")[2] in last
            and within(name, layers)
            and not any(name == head or name.startswith(f"{head}.") for head in new)
        ], True
    if kind == "TOKEN_CLS" and isinstance(targets, str):
        targets = linear_layers(model)  # peft takes the new head of a tagger among all linear layers
    return targets, False
