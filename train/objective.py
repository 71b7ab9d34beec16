"""Batches and losses: the model's forward pass, with work only where a target is.

Padding is on the right. A causal model never sees what stands to the right, so it gets no attention mask at all (the
fast fused attention); pooling and losses go by length. Language-model logits, the largest tensor of a small model, are
computed only at supervised positions. Where a model does something of its own between its states and its logits
(soft caps, scales), the short cut is found out by comparing both on the first batch, and the full path is taken.

Shapes: tokens int64[B, T]; classification logits float[B, C]; nats float[P] at P supervised positions. Needs torch.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from train.encoded import Encoded
from train.losses import weighted_sum

if TYPE_CHECKING:
    from train.config import TrainConfig
    from train.forgetting.guide import Guide
    from train.frozen import LowerStates


_STAYS = ("rows", "pairs")


@dataclass
class Batch:
    """Tensors of some rows; `targets` are classes (B) or token ids (P) with their flat `positions` in B·T."""

    tokens: torch.Tensor
    lengths: torch.Tensor
    targets: torch.Tensor
    positions: torch.Tensor | None
    rows: torch.Tensor
    weights: torch.Tensor | None = None
    """float32, one a target; None where all weigh the same."""
    source: torch.Tensor | None = None
    """int64[B, S]: what an encoder-decoder reads before it writes `tokens`."""
    source_lengths: torch.Tensor | None = None
    soft: torch.Tensor | None = None
    """float32[B, C]: a teacher's log probabilities of the classes."""
    pairs: int = 0
    """Above 0, the first so many rows are better answers than the rows behind them, in the same order."""

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        # Copies to a GPU queue behind what it still computes; a copy that waits would let it run dry at every step.
        queued = device.type == "cuda"
        moved = {
            name: value.to(device, non_blocking=queued)
            for name, value in values.items()
            if value is not None and name not in _STAYS
        }
        return dataclasses.replace(self, **moved)

    def n_tokens(self) -> int:
        """Tokens that the model works through, padding left out."""
        return int(self.lengths.sum()) + (0 if self.source_lengths is None else int(self.source_lengths.sum()))

    def weight(self) -> float:
        """What the batch counts for in the loss of its step: its targets, the sum of their weights, or its pairs."""
        if self.pairs:
            return float(self.pairs)
        return float(self.targets.numel() if self.weights is None else self.weights.sum())


def collate(
    encoded: Encoded,
    rows: Sequence[int] | np.ndarray,
    classes: np.ndarray | None,
    pad: int,
    weights: np.ndarray | None = None,
) -> Batch:
    """Pad some rows to the longest of them.

    `classes` (one an encoded row) selects classification; `weights` (the same) go to each target of a row.
    """
    at = [int(row) for row in rows]
    tokens, size = _padded([encoded.tokens[row] for row in at], pad)
    where = torch.from_numpy(np.asarray(at))
    heavy = None if weights is None else weights[at].astype(np.float32)
    if classes is not None:
        targets = torch.from_numpy(classes[at].astype(np.int64))
        return Batch(
            torch.from_numpy(tokens), size, targets, None, where, None if heavy is None else torch.from_numpy(heavy)
        )
    mask = np.zeros(tokens.shape, dtype=bool)
    for i, row in enumerate(at):
        mask[i, : len(encoded.supervised[row])] = encoded.supervised[row]
    flat = np.flatnonzero(mask)
    batch = Batch(
        torch.from_numpy(tokens), size, torch.from_numpy(tokens.reshape(-1)[flat]), torch.from_numpy(flat - 1), where
    )
    if heavy is not None:
        batch.weights = torch.from_numpy(heavy[flat // tokens.shape[1]])
    if encoded.tags is not None:
        tags, _ = _padded([encoded.tags[row] for row in at], 0)
        batch.targets, batch.positions = torch.from_numpy(tags.reshape(-1)[flat]), torch.from_numpy(flat)
    if encoded.sources is not None:
        source, batch.source_lengths = _padded([encoded.sources[row] for row in at], pad)
        batch.source = torch.from_numpy(source)
    return batch


def _padded(rows: Sequence[np.ndarray], pad: int) -> tuple[np.ndarray, torch.Tensor]:
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    out = np.full((len(rows), int(lengths.max())), pad, dtype=np.int64)
    for i, row in enumerate(rows):
        out[i, : lengths[i]] = row
    return out, torch.from_numpy(lengths)


class Objective:
    """Forward passes of one model, adapted by peft or not."""

    def __init__(self, model: Any, *, classification: bool, pooling: str, extraction: bool = False) -> None:
        self.model = model
        self.inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.classification = classification
        self.pooling = pooling
        self.extraction = extraction
        self.causal = not (classification or extraction) or hasattr(self.inner, "score")
        self._short_cut: bool | None = None
        self.lower: LowerStates | None = None
        self.guides: list[Guide] = []
        """Models whose probabilities are learned beside the targets (`train.forgetting`)."""
        self.put_back: Callable[[], None] = lambda: None
        """Undoes what an objective changed of the model for the time of its training."""
        self.originals: dict[str, torch.Tensor] = {}
        """The base's own values of what a patch changes; empty for adapters and whole weights."""

    def is_head(self, name: str) -> bool:
        """Whether a parameter of `model` belongs to a head that the base's checkpoint does not hold."""
        plain = name.removeprefix("base_model.model.").replace(".modules_to_save.default", "")
        return any(plain.startswith(f"{new}.") for new in getattr(self.inner, "curate_new_modules", ()))

    @property
    def has_base(self) -> bool:
        """Whether the base can still be told apart from what was learned."""
        return bool(self.originals) or hasattr(self.model, "disable_adapter")

    @contextlib.contextmanager
    def as_base(self) -> Iterator[None]:
        """The model as the base is, for as long as this lasts; where `has_base`."""
        if hasattr(self.model, "disable_adapter"):
            with self.model.disable_adapter():
                yield
            return
        held = {n: p for n, p in self.model.named_parameters() if n in self.originals}
        learned = {n: p.detach().clone() for n, p in held.items()}
        with torch.no_grad():
            for name, parameter in held.items():
                parameter.copy_(self.originals[name])
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in held.items():
                    parameter.copy_(learned[name])

    def logits(self, batch: Batch) -> torch.Tensor:
        """float32[B, C]: class logits."""
        if not self.causal:
            found: torch.Tensor = self.model(input_ids=batch.tokens, attention_mask=_mask(batch)).logits
        else:
            found = self.inner.score(self.pooled(batch).float())  # the head is float32 whatever the base is
        return found.float()

    def pooled(self, batch: Batch) -> torch.Tensor:
        """float[B, H]: one state a row, by the configured pooling."""
        states = self.states(batch)
        if self.pooling == "last":
            return states[torch.arange(len(states), device=states.device), batch.lengths - 1]
        mask = _mask(batch).unsqueeze(-1)
        if self.pooling == "max":
            return states.masked_fill(mask == 0, float("-inf")).amax(1)
        mask = mask.to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)

    def loss(self, batch: Batch, config: TrainConfig) -> torch.Tensor:
        """Weighted sum over the batch's targets of what training minimises; `Batch.weight` is what to divide it by."""
        if batch.pairs:
            return self._ranking_loss(batch, config)
        asked = [guide.targets(batch) for guide in self.guides]  # before our own pass: some switch the adapter off and on
        logits = self.logits(batch) if self.classification else self.token_logits(batch)
        loss = weighted_sum(logits, batch.targets, batch.weights, config)
        for guide, wanted in zip(self.guides, asked, strict=True):
            loss = guide.mixed(loss, logits, wanted, batch.weights)
        return loss

    def _ranking_loss(self, batch: Batch, config: TrainConfig) -> torch.Tensor:
        """Sum over pairs of -log sigmoid(20 beta (nats a token of the worse - of the better answer)).

        Meng et al. 2024 (SimPO), arXiv:2405.14734, without their margin: a pairwise ranking loss without a reference model.
        """
        from train.preference.measure import SHARPNESS

        assert batch.positions is not None
        row = torch.div(batch.positions, batch.tokens.shape[1], rounding_mode="floor")
        zero = torch.zeros(len(batch.lengths), device=row.device)
        count = zero.index_add(0, row, torch.ones_like(row, dtype=zero.dtype))
        each = zero.index_add(0, row, self.nats(batch)) / count
        margin = each[batch.pairs :] - each[: batch.pairs]
        return -functional.logsigmoid(SHARPNESS * config.preference_beta * margin).sum()

    def nats(self, batch: Batch) -> torch.Tensor:
        """float32[P]: negative log likelihood of each supervised token."""
        return functional.cross_entropy(self.token_logits(batch), batch.targets, reduction="none")

    def token_logits(self, batch: Batch) -> torch.Tensor:
        """float32[P, V]: logits at the supervised positions."""
        assert batch.positions is not None
        if self._short_cut is None:
            plain = batch.source is None and not self.extraction
            self._short_cut = plain and self._short_cut_agrees(batch)
        return (self._logits_short(batch) if self._short_cut else self._logits_full(batch)).float()

    def states(self, batch: Batch) -> torch.Tensor:
        """float[B, T, H]: the trunk's last states."""
        found = None if self.lower is None else self.lower.states(batch, lambda: self._all_states(batch))
        return self._all_states(batch) if found is None else found

    def _all_states(self, batch: Batch) -> torch.Tensor:
        trunk = getattr(self.inner, self.inner.base_model_prefix)
        if trunk.config.is_encoder_decoder:  # what it reads; its own head asks for what it writes
            trunk = trunk.get_encoder()
        mask = None if self.causal else _mask(batch)
        extra = {"use_cache": False} if self.causal else {}
        states: torch.Tensor = trunk(input_ids=batch.tokens, attention_mask=mask, **extra).last_hidden_state
        return states

    def _logits_short(self, batch: Batch) -> torch.Tensor:
        states = self.states(batch)
        head = self.inner.get_output_embeddings()
        logits: torch.Tensor = head(states.reshape(-1, states.shape[-1])[batch.positions])
        return logits

    def _logits_full(self, batch: Batch) -> torch.Tensor:
        if batch.source is not None:
            assert batch.source_lengths is not None
            mask = _until(batch.source_lengths, batch.source.shape[1])
            logits = self.model(input_ids=batch.source, attention_mask=mask, decoder_input_ids=batch.tokens).logits
        elif self.extraction:
            logits = self.model(input_ids=batch.tokens, attention_mask=_mask(batch)).logits
        else:
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
    return _until(batch.lengths, batch.tokens.shape[1])


def _until(lengths: torch.Tensor, width: int) -> torch.Tensor:
    return (torch.arange(width, device=lengths.device)[None, :] < lengths[:, None]).long()
