"""A LoRA linear layer as one operation, for float32 on small models.

peft computes W x + s B (A x) as separate operations, and autograd as many again backwards. Here the forward pass uses
M = W + s B A, formed anew each step (out × in × rank multiplications, little beside a batch), and the backward pass asks
only for what is trained: with h = A x and e = Bᵀ g it is gB = s gᵀ h, gA = s eᵀ x, gx = M ᵀ g. Two large and four thin
products instead of two and six, and a tenth of the small operations. Equal to peft's to rounding; layers that are
anything but plain (dropout, DoRA, quantised, several adapters, half precision) are left to peft.

Shapes: x float32[..., in], A [rank, in], B [out, rank], W [out, in].
"""

from __future__ import annotations

import types
from typing import Any

import torch
from torch.nn import functional

from train.extra import extra


class _LoraLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        merged = torch.addmm(weight, b, a, alpha=scale)
        ctx.save_for_backward(x, merged, a, b)
        ctx.scale = scale
        return functional.linear(x, merged, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, merged, a, b = ctx.saved_tensors
        (gradient,) = gradients
        g, rows = gradient.reshape(-1, gradient.shape[-1]), x.reshape(-1, x.shape[-1])
        to_a = torch.mm(g, b).t().mm(rows).mul_(ctx.scale) if ctx.needs_input_grad[3] else None
        to_b = g.t().mm(torch.mm(rows, a.t())).mul_(ctx.scale) if ctx.needs_input_grad[4] else None
        to_x = g.mm(merged).view(x.shape) if ctx.needs_input_grad[0] else None
        return to_x, None, None, to_a, to_b, None


def fuse(model: Any) -> int:
    """Give every plain LoRA linear layer of a peft model the fused forward pass; the number of layers changed."""
    layers = extra("peft.tuners.lora.layer")
    changed = 0
    for module in model.modules():
        if type(module) is layers.Linear and _plain(module):
            module.forward = types.MethodType(_forward, module)
            changed += 1
    return changed


def _plain(module: Any) -> bool:
    names = list(module.lora_A)
    if len(names) != 1 or module.active_adapters != names or type(module.base_layer) is not torch.nn.Linear:
        return False
    (name,) = names
    dropout = module.lora_dropout[name]
    still = isinstance(dropout, torch.nn.Identity) or getattr(dropout, "p", 1.0) == 0.0
    variant = getattr(module, "lora_variant", {}) or getattr(module, "use_dora", {}).get(name, False)
    parts = (module.base_layer, module.lora_A[name], module.lora_B[name])
    single = all(part.weight.dtype == torch.float32 for part in parts)
    biased = any(part.bias is not None for part in parts[1:]) or module.base_layer.weight.requires_grad
    return still and single and not variant and not biased and not getattr(module, "fan_in_fan_out", False)


def _forward(self: Any, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    if self.disable_adapters or self.merged or args or kwargs:
        plain: torch.Tensor = type(self).forward(self, x, *args, **kwargs)
        return plain
    (name,) = self.lora_A
    base = self.base_layer
    a, b = self.lora_A[name].weight, self.lora_B[name].weight
    apply: Any = _LoraLinear.apply  # torch does not type it
    found: torch.Tensor = apply(x, base.weight, base.bias, a, b, self.scaling[name])
    return found


def unfuse(model: Any) -> None:
    """Give the layers of a model their own forward pass back."""
    for module in model.modules():
        vars(module).pop("forward", None)
