"""How much each training row moves the held-out loss, to first order: the dot product of gradients on the adapter.

Influence of a row = g_row · g_held, gradients with respect to what the adapter trains, at the trained adapter (TracIn at
its last checkpoint: Pruthi et al. 2020, arXiv:2002.08484): a step on the row lowers the held-out loss by that much times
the rate. The dot product is the derivative of the row's loss along g_held, so one backward pass over the held-out rows and
two forward passes over the training rows (central difference) give all of them, and no gradient of a row is ever formed.
The error of the difference is of the order of the step squared; a test holds it against autograd.

A group's estimate is the sum over its rows less the mean influence of all, since a row left out makes room for the others.
First order, at one point of the training: `receipts` says whether it agrees with runs that really left the group out.
Preconditioning by AdamW's second moments and points along the way were tried and ranked no better (`benchmarks/LOG.md`).
Needs torch. Shapes: float64[n], one a row given, NaN for rows that cannot be encoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from train.examples import CLASSIFICATION, Examples
from train.objective import Batch, collate

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.encoded import Encoded
    from train.objective import Objective

STEP = 1e-2
"""Length of the step along the held-out gradient, as a part of the adapter's own length."""
_BATCH = 32


def influences(
    objective: Objective, bench: Workbench, rows: Examples, held: Examples, labels: Sequence[str] | None
) -> np.ndarray:
    """float64[n]: what a step on each row would lower the mean held-out loss by, per unit of learning rate."""
    model = objective.model
    training = model.training
    model.eval()
    # A loaded adapter is frozen; what it trained is known by name.
    numbers = [p for n, p in model.named_parameters() if "lora_" in n or "modules_to_save" in n]
    wanted = [p.requires_grad for p in numbers]
    try:
        for p in numbers:
            p.requires_grad_(True)
        slope = _held_gradient(objective, bench, held, labels, numbers)
        size, own = (math.sqrt(sum(float((v.detach() ** 2).sum()) for v in values)) for values in (slope, numbers))
        out = np.full(len(rows), np.nan)
        encoded = bench.encoder.encode(rows)
        if not size:
            out[encoded.kept] = 0.0
            return out
        length = STEP * own / size
        ends = []
        with torch.no_grad():
            for sign in (1.0, -1.0):
                for p, g in zip(numbers, slope, strict=True):
                    p.add_(g, alpha=sign * length)
                ends.append(_losses(objective, bench, encoded, rows, labels))
                for p, g in zip(numbers, slope, strict=True):
                    p.add_(g, alpha=-sign * length)
        out[encoded.kept] = (ends[0] - ends[1]) / (2 * length)
        return out
    finally:
        for p, want in zip(numbers, wanted, strict=True):
            p.requires_grad_(want)
        model.train(training)


def _held_gradient(
    objective: Objective, bench: Workbench, held: Examples, labels: Sequence[str] | None,
    numbers: Sequence[torch.nn.Parameter],
) -> list[torch.Tensor]:
    """Gradient of the mean held-out loss (a row's mean over its own targets)."""
    encoded = bench.encoder.encode(held)
    total = [torch.zeros_like(p) for p in numbers]
    with torch.enable_grad():
        for batch, _ in _batches(objective, bench, encoded, held, labels):
            loss = _by_row(objective, batch).sum() / len(encoded)
            for kept, g in zip(total, torch.autograd.grad(loss, numbers, allow_unused=True), strict=True):
                if g is not None:
                    kept.add_(g)
    return total


def _losses(
    objective: Objective, bench: Workbench, encoded: Encoded, rows: Examples, labels: Sequence[str] | None
) -> np.ndarray:
    out = np.empty(len(encoded))
    for batch, at in _batches(objective, bench, encoded, rows, labels):
        out[at] = _by_row(objective, batch).double().cpu().numpy()
    return out


def _batches(
    objective: Objective, bench: Workbench, encoded: Encoded, rows: Examples, labels: Sequence[str] | None
) -> list[tuple[Batch, np.ndarray]]:
    classes = None
    if labels is not None and rows.task == CLASSIFICATION:
        column = {label: i for i, label in enumerate(labels)}
        classes = np.array([column.get(rows.labels[i], 0) for i in encoded.kept], dtype=np.int64)
    order = np.argsort(encoded.lengths, kind="stable")
    device = next(objective.model.parameters()).device
    parts = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
    return [(collate(encoded, at, classes, bench.tokenizer.pad_token_id).to(device), at) for at in parts]


def _by_row(objective: Objective, batch: Batch) -> torch.Tensor:
    """float[B]: each row's mean loss over its targets."""
    if batch.positions is None:
        return functional.cross_entropy(objective.logits(batch), batch.targets, reduction="none")
    nats = objective.nats(batch)
    row = batch.positions // batch.tokens.shape[1]
    n = len(batch.lengths)
    sums = torch.zeros(n, dtype=nats.dtype, device=nats.device).index_add(0, row, nats)
    return sums / torch.bincount(row, minlength=n).clamp(min=1)
