"""The optimiser of the bundled base model: Muon for matrices, AdamW for embeddings and norms.

Method: Muon (Jordan et al. 2024): Nesterov momentum, orthogonalised by five Newton-Schulz iterations, scaled by
sqrt(max(1, rows/columns)); AdamW (Loshchilov & Hutter 2019) for everything else. Matrices of one shape are stacked
and orthogonalised together. All state is named tensors, so that a checkpoint is one safetensors file.

Complexity: 30 · rows² · columns operations a matrix and step (rows ≤ columns). It does no gradient clipping and no
closures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(stack: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Moves each matrix of a (count, rows, columns) stack towards the nearest orthogonal one.

    Singular values land roughly between 0.7 and 1.2.
    """
    a, b, c = _NEWTON_SCHULZ
    tall = stack.shape[-2] > stack.shape[-1]
    x = (stack.mT if tall else stack).to(torch.bfloat16)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    result: torch.Tensor = (x.mT if tall else x).to(stack.dtype)
    return result


@dataclass
class Optimiser:
    """Muon on the named matrices, AdamW on the other named parameters; `state` holds all of its memory."""

    matrices: Mapping[str, torch.nn.Parameter]
    others: Mapping[str, torch.nn.Parameter]
    momentum: float = 0.95
    betas: tuple[float, float] = (0.9, 0.95)
    state: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, parameter in self.matrices.items():
            self.state[f"momentum.{name}"] = torch.zeros_like(parameter)
        for name, parameter in self.others.items():
            self.state[f"first.{name}"] = torch.zeros_like(parameter)
            self.state[f"second.{name}"] = torch.zeros_like(parameter)

    def jobs(self, step: int, matrix_rate: float, other_rate: float) -> list[Callable[[], None]]:
        """The updates of one step, numbered from 0, as independent jobs, which may run in any order or at once."""
        shapes: dict[tuple[int, int], list[str]] = {}
        for name, parameter in self.matrices.items():
            rows, columns = parameter.shape
            shapes.setdefault((min(rows, columns), max(rows, columns)), []).append(name)
        muon = [lambda names=names: self._update_matrices(names, matrix_rate) for names in shapes.values()]
        adam = [lambda name=name: self._update_other(name, step, other_rate) for name in self.others]
        return [*muon, *adam]

    @torch.no_grad()
    def _update_matrices(self, names: list[str], rate: float) -> None:
        updates = []
        for name in names:
            gradient = self.matrices[name].grad
            if gradient is None:
                raise RuntimeError(f"no gradient for {name}")
            momentum = self.state[f"momentum.{name}"]
            momentum.lerp_(gradient, 1 - self.momentum)
            update = gradient.lerp(momentum, self.momentum)
            updates.append(update if update.shape[0] <= update.shape[1] else update.mT)
        for name, update in zip(names, orthogonalise(torch.stack(updates)), strict=True):
            parameter = self.matrices[name]
            turned = update if parameter.shape[0] <= parameter.shape[1] else update.mT
            parameter.sub_(turned, alpha=rate * math.sqrt(max(1.0, parameter.shape[0] / parameter.shape[1])))

    @torch.no_grad()
    def _update_other(self, name: str, step: int, rate: float) -> None:
        parameter = self.others[name]
        gradient = parameter.grad
        if gradient is None:
            raise RuntimeError(f"no gradient for {name}")
        first, second = self.state[f"first.{name}"], self.state[f"second.{name}"]
        first.lerp_(gradient, 1 - self.betas[0])
        second.lerp_(gradient.square(), 1 - self.betas[1])
        corrected = second / (1 - self.betas[1] ** (step + 1))
        parameter.addcdiv_(first, corrected.sqrt_().add_(1e-10), value=-rate / (1 - self.betas[0] ** (step + 1)))
