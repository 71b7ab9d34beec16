"""The loss of targets, with weights for rows and classes, label smoothing and focusing.

    loss of a step = sum_i w_i (1 - p_i)^gamma * CE_smoothed(i)  /  sum_i w_i      over all targets i of the step

p_i is the probability of the target, w_i the weight of its row times that of its class. The denominator is the whole
optimiser step's, so neither gradient accumulation nor padding changes a result. Focal loss: Lin et al. 2017,
arXiv:1708.02002. `balanced` weights a class by n / (K n_c); `effective_number` by (1 - b) / (1 - b^n_c) with
b = 1 - 1/n (Cui et al. 2019, arXiv:1901.05555), which saturates where a class has many rows. Both are scaled so that the
mean weight of a training row is 1. A class without a row weighs nothing, since nothing asks for its weight. Linear cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from train.config import TrainConfig


def class_weights(classes: np.ndarray, n_classes: int, kind: str) -> np.ndarray:
    """float64[n_classes]: the weight of each class, given each training row's class."""
    counts = np.bincount(classes, minlength=n_classes).astype(np.float64)
    if kind == "none" or not len(classes):
        return np.ones(n_classes)
    seen = counts > 0
    weight = np.zeros(n_classes)
    if kind == "balanced":
        weight[seen] = 1.0 / counts[seen]
    else:
        keep = 1.0 - 1.0 / len(classes)
        weight[seen] = (1.0 - keep) / (1.0 - keep ** counts[seen])
    return np.asarray(weight * counts.sum() / (weight * counts).sum())


def weighted_sum(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None, config: TrainConfig
) -> torch.Tensor:
    """The numerator above: `logits` float32[N, C], `targets` int64[N], `weights` float32[N] or None for ones."""
    from torch.nn import functional

    if weights is None and not config.focal_gamma:
        return functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=config.label_smoothing)
    losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=config.label_smoothing)
    if config.focal_gamma:
        chance = logits.log_softmax(-1).gather(-1, targets[:, None]).squeeze(-1).exp()
        losses = losses * (1.0 - chance).clamp(min=0.0) ** config.focal_gamma
    return (losses if weights is None else losses * weights).sum()
