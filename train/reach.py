"""What of a base is trained that should not be, and what is not though it was asked for: models with experts.

Routers stay as the base has them, whatever the method: trained without a loss that keeps experts busy alike, they come to
send all tokens to a few. And peft's `all-linear` leaves matrices out that are no modules of torch (the experts of gpt-oss,
stacked in one tensor) or that share a name with such (shared experts), without a word. Linear cost.
"""

from __future__ import annotations

import re
from typing import Any

from train.base import is_linear
from train.config import ALL_LINEAR, TrainConfig
from train.methods import METHODS
from train.methods.lora import Lora
from train.methods.method import chosen_layers, layer_of, within

_ROUTER = re.compile(r"Router|Gating|MoE\w*Gate$")
"""In the name of a class (the last is Hunyuan's); Jamba's are plain matrices that are called `router`."""


def hold_routers(model: Any) -> None:
    """Freeze every router, and what adapters put beside it."""
    for held in _routers(model):
        for name, parameter in model.named_parameters():
            if name.startswith(held):
                parameter.requires_grad_(False)


def left_out(model: Any, config: TrainConfig) -> tuple[str, ...]:
    """Matrices of the chosen layers, as `experts.down_proj`, that get no adapter though all should."""
    if config.target_modules != (ALL_LINEAR,) or not isinstance(METHODS[config.method], Lora):
        return ()
    layers, modules, routers = chosen_layers(model, config), dict(model.named_modules()), tuple(_routers(model))
    found = set()
    for name, parameter in model.named_parameters():
        path, _, last = name.rpartition(".")
        matrix = (last == "weight" and is_linear(modules[path])) or (parameter.ndim == 3 and "expert" in path)
        if not matrix or "lora_" in name or "base_layer" in name or name.startswith(routers or "\0"):
            continue
        if layer_of(name) is not None and within(name, layers):
            found.add(".".join(name.removesuffix(".weight").split(".")[-2:]))
    return tuple(sorted(found))


def _routers(model: Any) -> list[str]:
    named = ((name.removesuffix(".base_layer"), type(module).__name__) for name, module in model.named_modules())
    return [f"{name}." for name, kind in named if _ROUTER.search(kind) or name.endswith(".router")]
