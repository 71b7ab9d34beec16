"""First weights of a classification head: the ridge regression of one-hot classes on the base's own states.

A random head starts a run at chance, and its first gradients push the adapter about while the head is still learning
which class is which. Here the head begins as the closed-form linear probe: with states X (n × h, standardised) and
one-hot, class-balanced targets, W = (XᵀX + λ n I)⁻¹ Xᵀ Y, λ chosen by its exact leave-one-out error (as in PRESS), then
scaled so that the likelihood of the training labels is highest; where they lose less than so few rows can show (near
copies: every larger scale is likelier, until loss and gradients are 0), as if one more row were otherwise. "Linear probing
then fine-tuning" (Kumar et al. 2022, arXiv:2202.10054), without the steps. Deterministic. Cost: one forward pass for each
of at most `MOST_ROWS` rows, then h² n + h³ multiplications: about 5 s for 10,000 short texts on one core.

Only for heads that are one linear layer on a pooled state (decoders with `score`). Heads of encoders have a layer of their
own below, which learns too: fitted in the same way they were no better on small random encoders, and without dropout the
first steps blew the loss up (0.5 to 198). They keep their random start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from train.fit import classes_of
from train.order import hash_rows
from train.score import features

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.encoded import Encoded
    from train.examples import Examples
    from train.objective import Objective

MOST_ROWS = 4096
_RIDGES = 10.0 ** np.arange(-4.0, 1.1)
_SCALES = np.geomspace(0.5, 64.0, 22)


def warm_head(objective: Objective, bench: Workbench, examples: Examples, labels: Sequence[str] | None) -> bool:
    """Fit the head to the training rows; whether the model has one that can be."""
    encoded = bench.encoder.encode(examples)
    classes = classes_of(examples, encoded, labels)
    if classes is None:
        return False
    return ridge_head(objective, encoded, classes, len(labels or ()), bench.tokenizer.pad_token_id, bench.states)


def ridge_head(
    objective: Objective, encoded: Encoded, classes: np.ndarray, n_classes: int, pad: int,
    known: Mapping[bytes, np.ndarray] | None = None,
) -> bool:
    """Set the head's weight to the ridge solution; whether the model has such a head. `known`: see `base_states`."""
    head = _head(objective)
    if head is None:
        return False
    chosen = _spread(encoded.ids, classes)
    rows = encoded.take(chosen)
    keys = [tokens.tobytes() for tokens in rows.tokens]
    if known and all(key in known for key in keys):
        states = np.stack([known[key] for key in keys])
    else:
        states = features(objective, rows, pad)
    weight = ridge_weights(states, classes[chosen], n_classes)
    with torch.no_grad():
        head.copy_(torch.from_numpy(weight))
    return True


def base_states(objective: Objective, sets: Sequence[tuple[Encoded, np.ndarray]], pad: int) -> dict[bytes, np.ndarray]:
    """float64[h] by a row's tokens: the base's states of all rows that heads of these sets (rows, classes) are fitted on.

    Runs on one base that share rows, as the arms of an ablation do, compute them once; a fifth of a short run is saved.
    `sets` and their order decide which rows share a batch, and with it the last digits: whoever asks keeps to one, and a
    run beside other arms agrees with itself to rounding only, as it does with another number of threads.
    """
    if _head(objective) is None:
        return {}
    out: dict[bytes, np.ndarray] = {}
    for encoded, classes in sets:
        new: dict[bytes, int] = {}
        for i in _spread(encoded.ids, classes).tolist():
            key = encoded.tokens[i].tobytes()
            if key not in out:
                new.setdefault(key, i)
        if new:
            rows = encoded.take(np.array(list(new.values()), dtype=np.int64))
            out |= zip(new, features(objective, rows, pad), strict=True)
    return out


def _head(objective: Objective) -> torch.nn.Parameter | None:
    """The one linear layer on a pooled state, where the model has such a head."""
    heads = [p for n, p in objective.model.named_parameters() if p.requires_grad and objective.is_head(n)]
    return heads[0] if objective.causal and len(heads) == 1 and heads[0].ndim == 2 else None


def _spread(ids: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Positions of at most `MOST_ROWS` rows, by hash of their ids, every class served in turn."""
    order = np.argsort(hash_rows(ids, 0, 0), kind="stable")
    turn = np.empty(len(ids), dtype=np.int64)
    seen: dict[int, int] = {}
    for position in order.tolist():
        name = int(classes[position])
        turn[position] = seen[name] = seen.get(name, -1) + 1
    return np.sort(order[np.argsort(turn[order], kind="stable")][:MOST_ROWS])


def ridge_weights(states: np.ndarray, classes: np.ndarray, n_classes: int) -> np.ndarray:
    """float32[C, h]: head weights without a bias, which the standardisation needs none of.

    A head has no bias, so states are scaled but not centred: the direction of their mean serves as one.
    """
    n, width = states.shape
    scale = states.std(axis=0)
    scale[scale < 1e-6 * max(float(scale.max()), 1e-12)] = np.inf
    x = states / scale
    target = np.zeros((n, n_classes))
    target[np.arange(n), classes] = 1.0
    target -= target.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(x.T @ x)
    values = np.maximum(values, 0.0)
    rotated, answers = x @ vectors, vectors.T @ (x.T @ target)
    best, chosen = np.inf, np.zeros((width, n_classes))
    for ridge in _RIDGES:
        shrunk = answers / (values + ridge * n)[:, None]
        fitted = rotated @ shrunk
        lever = (rotated**2 @ (1.0 / (values + ridge * n)))[:, None]
        left_out = fitted - lever / np.maximum(1.0 - lever, 1e-9) * (target - fitted)
        loss, factor = _calibrated(left_out, classes)
        if loss < best:
            best, chosen = loss, factor * (vectors @ shrunk)
    return np.asarray((chosen / scale[:, None]).T, dtype=np.float32)


def _calibrated(scores: np.ndarray, classes: np.ndarray) -> tuple[float, float]:
    """The least mean loss in nats over factors that scores are multiplied by, and that factor.

    Of n rows without an error one in n + 2 may be one (Laplace's rule of succession): a loss below that is no estimate, and
    the factor is then the one of the least loss with a row more, of which every class is as likely.
    """
    n = len(scores)
    at = np.arange(n)
    found, doubted = [], []
    for factor in _SCALES:
        logits = scores * factor
        top = logits.max(axis=1)
        norm = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        loss = float((norm - logits[at, classes]).mean())
        found.append((loss, float(factor)))
        doubted.append((n * loss + float((norm[:, None] - logits).mean()), float(factor)))
    least, factor = min(found)
    return (least, factor) if least >= 1 / (n + 2) else (least, min(doubted)[1])
