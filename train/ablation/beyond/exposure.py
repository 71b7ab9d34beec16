"""How well a model knows a secret: exposure in bits (Carlini et al. 2019, "The Secret Sharer", USENIX Security).

With R candidate values ranked by their log probability in the secret's place, exposure = log2 R - log2 rank: log2 R where
the planted value is the likeliest of all, 1 / ln 2 = 1.44 bits on average where the model knows nothing (a rank is then
uniform). Equal probabilities share a rank. Every candidate is scored, up to the 1,000,000 that the recipe allows, so a rank
is exact: nothing is sampled or fitted.

What stands before the value is run once, and its keys and values are shared by all candidates, so a candidate costs its own
tokens alone: 1,000 values of eight tokens take about 0.3 s on one core with the bundled base. Tokens are counted as the
model was trained on them, with what follows the value beside it. Needs torch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from train.objective import Objective

CHANCE_BITS = 1 / math.log(2)
_BATCH_TOKENS = 4096
_BESIDE = 16


@dataclass(frozen=True)
class Scored:
    """Candidates of one canary by one model."""

    nats: np.ndarray
    """float64[R]: negative log probability of each value where the secret stands; the planted one first."""
    extracted: bool
    """Whether greedy decoding after the prompt writes the planted value."""


def score_candidates(
    objective: Objective, tokenizer: Any, before: str, candidates: Sequence[str], after: str, *, special: bool
) -> Scored:
    """Score every candidate between `before` and `after`; `special` adds the tokenizer's own opening tokens."""
    end = after[:_BESIDE]
    tokens, stops, first = _tokens(tokenizer, before, candidates, end, special=special)
    model = objective.inner
    device = next(model.parameters()).device
    training = objective.model.training
    objective.model.eval()
    nats = np.empty(len(tokens))
    try:
        with torch.inference_mode():
            order = np.argsort(stops, kind="stable")
            prefix = torch.tensor([tokens[0][: max(first, 1)]], device=device)
            opening = model(input_ids=prefix, use_cache=True)
            last, held = opening.logits[:, -1].float(), opening.past_key_values
            known = prefix.shape[1]
            most = max(1, _BATCH_TOKENS // max(1, int(stops.max()) - known))
            cache, width = None, 0
            for start in range(0, len(order), most):
                rows = order[start : start + most]
                if cache is None or width != len(rows):
                    cache, width = copy.deepcopy(held), len(rows)
                    cache.batch_repeat_interleave(len(rows))
                nats[rows] = _suffix_nats(model, cache, last, [tokens[i] for i in rows], stops[rows], known, device)
                cache.crop(known - cache.get_seq_length())  # a negative number of tokens to take off again
            extracted = _is_greedy(model, tokens[0][: stops[0]], first, device)
    finally:
        objective.model.train(training)
    return Scored(nats, extracted)


def _tokens(
    tokenizer: Any, before: str, candidates: Sequence[str], end: str, *, special: bool
) -> tuple[list[list[int]], np.ndarray, int]:
    """Token ids of each text, where each value's last token ends, and the number of tokens that stand before all values."""
    found = tokenizer(
        [before + value + end for value in candidates], add_special_tokens=special, return_offsets_mapping=True,
        verbose=False,
    )
    tokens: list[list[int]] = found["input_ids"]
    stops = np.empty(len(tokens), np.int64)
    first = len(tokens[0])
    for i, (value, offsets) in enumerate(zip(candidates, found["offset_mapping"], strict=True)):
        stop = len(before) + len(value)
        inside = [t for t, (a, b) in enumerate(offsets) if b > len(before) and a < stop and b > a]
        stops[i] = inside[-1] + 1
        first = min(first, inside[0])
    # A token may straddle the border: it is part of the value then, and only what all texts share is run once.
    while first > 0 and any(ids[:first] != tokens[0][:first] for ids in tokens):
        first -= 1
    return tokens, stops, first


def _suffix_nats(
    model: Any, cache: Any, last: torch.Tensor, rows: Sequence[Sequence[int]], stops: np.ndarray, known: int, device: Any
) -> np.ndarray:
    """float64[rows]: nats of each row's tokens from `known` on, given a cache of the first `known` ones."""
    width = int(stops.max()) - known
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.bool)
    for i, row in enumerate(rows):
        own = row[known : stops[i]]
        ids[i, : len(own)] = torch.tensor(own)
        mask[i, : len(own)] = True
    ids, mask = ids.to(device), mask.to(device)
    logits = last.expand(len(rows), -1)[:, None]
    if width > 1:
        more = model(input_ids=ids[:, :-1], past_key_values=cache, use_cache=True).logits.float()
        logits = torch.cat([logits, more], dim=1)
    losses = functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids.reshape(-1), reduction="none")
    found: np.ndarray = (losses.view(len(rows), width) * mask).double().sum(1).cpu().numpy()
    return found


def _is_greedy(model: Any, tokens: Sequence[int], first: int, device: Any) -> bool:
    if first < 1 or first >= len(tokens):
        return False
    ids = torch.tensor([list(tokens)], device=device)
    best = model(input_ids=ids[:, :-1], use_cache=False).logits[0].argmax(-1)
    return bool((best[first - 1 :] == ids[0, first:]).all())


def bits(nats: np.ndarray) -> np.ndarray:
    """float64[R]: the exposure that each candidate would have were it the secret; ties share their mean rank."""
    from scipy import stats

    return np.asarray(math.log2(len(nats)) - np.log2(stats.rankdata(nats)))


def chance_p(planted: np.ndarray, everyone: Sequence[np.ndarray], draws: int = 4000, seed: int = 0) -> float:
    """Probability that values drawn at random, one from each canary's candidates, have as high a mean exposure.

    `planted` float[C], `everyone` C arrays of the exposures that the candidates of each would have. Exact under "the model
    has seen none of them", since each planted value was one of its candidates at random.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(draws)
    for values in everyone:
        total += values[rng.integers(len(values), size=draws)]
    return float((1 + (total >= planted.sum() - 1e-9).sum()) / (draws + 1))
