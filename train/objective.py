"""Batches and losses: the model's forward pass, with work only where a target is.

Padding is on the right. A causal model never sees what stands to the right, so it gets no attention mask at all (the
fast fused attention); pooling and losses go by length. Language-model logits, the largest tensor of a small model, are
computed only at supervised positions. Where a model does something of its own between its states and its logits
(soft caps, scales), the short cut is found out by comparing both on the first batch, and the full path is taken.

Shapes: tokens int64[B, T]; classification logits float[B, C]; nats float[P] at P supervised positions. Needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from train.encoding import Encoded


@dataclass
class Batch:
    """Tensors of some rows; `targets` are classes (B) or token ids (P) with their flat `positions` in B·T."""

    tokens: torch.Tensor
    lengths: torch.Tensor
    targets: torch.Tensor
    positions: torch.Tensor | None
    rows: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        moved = None if self.positions is None else self.positions.to(device)
        parts = (self.tokens.to(device), self.lengths.to(device), self.targets.to(device))
        return Batch(*parts, moved, self.rows)


def collate(encoded: Encoded, rows: Sequence[int] | np.ndarray, classes: np.ndarray | None, pad: int) -> Batch:
    """Pad some rows to the longest of them; `classes` (one an encoded row) selects classification."""
    at = [int(row) for row in rows]
    lengths = encoded.lengths[at]
    tokens = np.full((len(at), int(lengths.max())), pad, dtype=np.int64)
    for i, row in enumerate(at):
        tokens[i, : lengths[i]] = encoded.tokens[row]
    where = torch.from_numpy(np.asarray(at))
    size = torch.from_numpy(lengths)
    if classes is not None:
        return Batch(torch.from_numpy(tokens), size, torch.from_numpy(classes[at].astype(np.int64)), None, where)
    mask = np.zeros(tokens.shape, dtype=bool)
    for i, row in enumerate(at):
        mask[i, : lengths[i]] = encoded.supervised[row]
    flat = np.flatnonzero(mask)
    targets = torch.from_numpy(tokens.reshape(-1)[flat])
    return Batch(torch.from_numpy(tokens), size, targets, torch.from_numpy(flat - 1), where)


class Objective:
    """Forward passes of one model, adapted by peft or not."""

    def __init__(self, model: Any, *, classification: bool, pooling: str) -> None:
        self.model = model
        self.inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.classification = classification
        self.pooling = pooling
        self.causal = not classification or hasattr(self.inner, "score")
        self._short_cut: bool | None = None

    def logits(self, batch: Batch) -> torch.Tensor:
        """float32[B, C]: class logits."""
        if not self.causal:
            found: torch.Tensor = self.model(input_ids=batch.tokens, attention_mask=_mask(batch)).logits
        else:
            found = self.inner.score(self.pooled(batch))
        return found.float()

    def pooled(self, batch: Batch) -> torch.Tensor:
        """float[B, H]: one state a row, by the configured pooling."""
        states = self._states(batch)
        if self.pooling == "last":
            return states[torch.arange(len(states), device=states.device), batch.lengths - 1]
        mask = _mask(batch).unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)

    def nats(self, batch: Batch) -> torch.Tensor:
        """float32[P]: negative log likelihood of each supervised token."""
        assert batch.positions is not None
        if self._short_cut is None:
            self._short_cut = self._short_cut_agrees(batch)
        logits = self._logits_short(batch) if self._short_cut else self._logits_full(batch)
        return functional.cross_entropy(logits.float(), batch.targets, reduction="none")

    def _states(self, batch: Batch) -> torch.Tensor:
        trunk = getattr(self.inner, self.inner.base_model_prefix)
        mask = None if self.causal else _mask(batch)
        extra = {"use_cache": False} if self.causal else {}
        states: torch.Tensor = trunk(input_ids=batch.tokens, attention_mask=mask, **extra).last_hidden_state
        return states

    def _logits_short(self, batch: Batch) -> torch.Tensor:
        states = self._states(batch)
        head = self.inner.get_output_embeddings()
        logits: torch.Tensor = head(states.reshape(-1, states.shape[-1])[batch.positions])
        return logits

    def _logits_full(self, batch: Batch) -> torch.Tensor:
        logits = self.model(input_ids=batch.tokens, attention_mask=_mask(batch), use_cache=False).logits
        taken: torch.Tensor = logits.reshape(-1, logits.shape[-1])[batch.positions]
        return taken

    def _short_cut_agrees(self, batch: Batch) -> bool:
        few = Batch(batch.tokens[:2], batch.lengths[:2], batch.targets, batch.positions, batch.rows[:2])
        few.positions = batch.positions[batch.positions < few.tokens.numel()]  # type: ignore[index, operator]
        training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad():
                short, full = self._logits_short(few).float(), self._logits_full(few).float()
            atol = 1e-3 if next(self.inner.parameters()).dtype == torch.float32 else 5e-2
            return bool(torch.allclose(short, full, atol=atol, rtol=1e-3))
        except (AttributeError, TypeError):  # a trunk or a head with another interface
            return False
        finally:
            self.model.train(training)


def _mask(batch: Batch) -> torch.Tensor:
    steps = torch.arange(batch.tokens.shape[1], device=batch.tokens.device)
    return (steps[None, :] < batch.lengths[:, None]).long()
