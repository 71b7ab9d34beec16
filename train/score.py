"""Run a model over evaluation rows: class log probabilities, pooled states, or nats of every answer.

Rows are sorted by length and batched up to a number of tokens, so little is padded; no gradient is kept. The result is
in the rows' own order. Needs torch. Cost: one forward pass a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from train.encoded import Encoded
from train.objective import Batch, Objective, collate
from train.room import tokens_at_once

_BATCH_TOKENS_CPU = 2048
_BATCH_TOKENS_CUDA = 65536


def log_probabilities(objective: Objective, encoded: Encoded, pad: int) -> np.ndarray:
    """float64[n, C]: log probability of each class."""
    return _gather(
        objective, encoded, pad, True, lambda b: torch.log_softmax(objective.logits(b), -1).double().cpu().numpy()
    )


def features(objective: Objective, encoded: Encoded, pad: int) -> np.ndarray:
    """float64[n, H]: the pooled state of each row."""
    return _gather(objective, encoded, pad, True, lambda b: objective.pooled(b).double().cpu().numpy())


def answer_nats(objective: Objective, encoded: Encoded, pad: int) -> tuple[np.ndarray, np.ndarray]:
    """Two float64[n]: summed nats and number of supervised tokens of each row."""

    def sums(batch: Batch) -> np.ndarray:
        row, n = _rows(batch), len(batch.lengths)
        nats = objective.nats(batch).double().cpu().numpy()
        return np.stack([np.bincount(row, nats, minlength=n), np.bincount(row, minlength=n)], axis=1)

    both = _gather(objective, encoded, pad, False, sums)
    return both[:, 0], both[:, 1]


def supervised_bytes(tokenizer: Any, encoded: Encoded) -> np.ndarray:
    """float64[n]: UTF-8 bytes of the text of each row's supervised tokens, special ones left out."""
    chosen = [t[s].tolist() for t, s in zip(encoded.tokens, encoded.supervised, strict=True)]
    texts = tokenizer.batch_decode(chosen, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return np.array([len(text.encode("utf-8")) for text in texts], dtype=np.float64)


def token_choices(objective: Objective, encoded: Encoded, pad: int) -> list[np.ndarray]:
    """int64[tokens] for each row: the likeliest class of every supervised token (extraction)."""

    def best(batch: Batch) -> np.ndarray:
        return _apart(batch, objective.token_logits(batch).argmax(-1).cpu().numpy())

    return list(_gather(objective, encoded, pad, False, best))


def token_states(objective: Objective, encoded: Encoded, pad: int) -> list[np.ndarray]:
    """float64[tokens, H] for each row: the base's states of its supervised tokens (extraction)."""

    def states(batch: Batch) -> np.ndarray:
        every = objective.states(batch)
        return _apart(batch, every.reshape(-1, every.shape[-1])[batch.positions].double().cpu().numpy())

    return list(_gather(objective, encoded, pad, False, states))


def _rows(batch: Batch) -> np.ndarray:
    """int64[P]: the row of each supervised position."""
    assert batch.positions is not None
    return np.asarray((batch.positions // batch.tokens.shape[1]).cpu().numpy())


def _apart(batch: Batch, values: np.ndarray) -> np.ndarray:
    """object[B]: the values of supervised positions, row by row."""
    row, held = _rows(batch), np.empty(len(batch.lengths), dtype=object)
    for i in range(len(held)):
        held[i] = values[row == i]
    return held


def _gather(
    objective: Objective, encoded: Encoded, pad: int, classes: bool, measure: Callable[[Batch], np.ndarray]
) -> np.ndarray:
    device = next(objective.model.parameters()).device
    writes = not (objective.classification or objective.extraction)
    limit = tokens_at_once(objective.inner, _BATCH_TOKENS_CPU, _BATCH_TOKENS_CUDA, logits=writes)
    no_class = np.zeros(len(encoded), dtype=np.int64) if classes else None
    training = objective.model.training
    objective.model.eval()
    parts, order = [], []
    try:
        with torch.inference_mode():
            for rows in _by_length(encoded.lengths, limit):
                batch = collate(encoded, rows, no_class, pad).to(device)
                parts.append(measure(batch))
                order.append(rows)
    finally:
        objective.model.train(training)
    result = np.concatenate(parts)
    back = np.empty_like(result)
    back[np.concatenate(order)] = result
    return back


def _by_length(lengths: np.ndarray, limit: int) -> Iterator[np.ndarray]:
    order = np.argsort(lengths, kind="stable")
    start = 0
    for stop in range(1, len(order) + 1):
        if stop == len(order) or (stop + 1 - start) * lengths[order[stop]] > limit:
            yield order[start:stop]
            start = stop
