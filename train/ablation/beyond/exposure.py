"""How well a model knows a secret: exposure in bits (Carlini et al. 2019, "The Secret Sharer", USENIX Security).

With R candidate values ranked by their log probability in the secret's place, exposure = log2 R - log2 rank: log2 R where
the planted value is the likeliest of all, 1 / ln 2 = 1.44 bits on average where the model knows nothing (a rank is then
uniform). Equal probabilities share a rank. Every candidate is scored, up to the 1,000,000 that the recipe allows, so a rank
is exact: nothing is sampled or fitted.

What stands before the value is run once, and its keys and values are shared by all candidates: they are laid end to end
as one text, a tree whose tokens see that beginning and their own ancestors: a candidate costs what it shares with no other.
Where a model does not take such a mask (the first candidates, scored one text each, say so), each candidate gets a copy of
the beginning, which costs by its length. Tokens are counted as the model was trained on them, with what follows the value
beside it. On processors canaries are asked side by side, one thread of arithmetic each: two threads gain less inside one
small multiplication than in two. Needs torch.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from curate.errors import Cancelled
from train.room import tokens_at_once

if TYPE_CHECKING:
    from train.objective import Objective

CHANCE_BITS = 1 / math.log(2)
_BATCH_TOKENS = 4096
_TOKENS_AT_ONCE = 512
"""Of candidates in one tree: their attention to each other is masked, and grows by the square."""
_WORTH_A_TREE = 8
"""Candidates from which it pays to look whether the model takes such a mask."""
_SAME_NATS, _SAME_NATS_SHORT = 1e-3, 0.02
"""How near both ways must come, with numbers of 32 bits and with shorter ones."""
_BESIDE = 16
_DRAWS = 4000
_MEMORY = 4 * 2**30
"""Bytes that the largest numbers of all threads together may take: some three copies of every token's logits."""


@dataclass(frozen=True)
class Scored:
    """Candidates of one canary by one model."""

    nats: np.ndarray
    """float64[R]: negative log probability of each value where the secret stands; the planted one first."""
    extracted: bool
    """Whether greedy decoding after the prompt writes the planted value."""


class Question(NamedTuple):
    """A canary as a model is asked for it."""

    before: str
    candidates: Sequence[str]
    after: str
    special: bool
    """Whether the tokenizer adds its own opening tokens."""


def score_candidates(
    objective: Objective, tokenizer: Any, questions: Sequence[Question], threads: int | None = None
) -> list[Scored]:
    """Score every candidate of every question; `threads` at a time, all that torch uses where None, fewer where a large
    vocabulary would take too much memory. Ctrl-C ends it within a batch."""
    model = objective.inner
    device = next(model.parameters()).device
    # Tokenizers are not made for several threads.
    asked = [_tokens(tokenizer, q.before, q.candidates, q.after[:_BESIDE], special=q.special) for q in questions]
    training = objective.model.training
    objective.model.eval()
    try:
        stop = threading.Event()
        most = max(1, _MEMORY // (12 * _BATCH_TOKENS * model.get_output_embeddings().weight.shape[0]))
        with _side_by_side(min(len(asked), threads or torch.get_num_threads(), most), device) as pool:
            if pool is None:
                return [_scored(model, stop, *one) for one in asked]
            try:
                return list(pool.map(lambda one: _scored(model, stop, *one), asked))
            finally:
                stop.set()
    finally:
        objective.model.train(training)


@contextlib.contextmanager
def _side_by_side(threads: int, device: torch.device) -> Iterator[ThreadPoolExecutor | None]:
    """Threads whose arithmetic has one core each; None where one at a time is better."""
    if threads < 2 or device.type != "cpu":
        yield None
        return
    usual = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(usual)


@torch.inference_mode()
def _scored(
    model: Any, stop: threading.Event, tokens: Sequence[Sequence[int]], stops: np.ndarray, first: int
) -> Scored:
    device = next(model.parameters()).device
    nats = np.zeros(len(tokens))
    prefix = torch.tensor([tokens[0][: max(first, 1)]], device=device)
    opening = model(input_ids=prefix, use_cache=True)
    last, held = opening.logits[:, -1].float(), opening.past_key_values
    known = prefix.shape[1]
    order = np.argsort(stops, kind="stable")
    order = order[stops[order] > known]
    if len(order):
        nats[order] = _shared(model, held, last, [tokens[i][known : stops[i]] for i in order.tolist()], known, stop)
    return Scored(nats, _is_greedy(model, tokens[0][: stops[0]], first, device))


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


def _shared(
    model: Any, held: Any, last: torch.Tensor, suffixes: Sequence[Sequence[int]], known: int, stop: threading.Event
) -> np.ndarray:
    """float64[R]: nats of each suffix after a beginning of `known` tokens, whose keys and values are `held`."""
    # Two that begin differently: where a model looks past the mask, the second sees the first.
    other = next((s for s in reversed(suffixes) if s[0] != suffixes[-1][0]), None)
    if len(suffixes) >= _WORTH_A_TREE and other is not None:
        pair, near = [other, suffixes[-1]], _SAME_NATS if model.dtype.itemsize >= 4 else _SAME_NATS_SHORT
        # No mask of one's own, or no positions: whatever a foreign model says to that, copies do it.
        with contextlib.suppress(Exception):
            plain = _apart(model, held, last, pair, stop)
            if np.allclose(_end_to_end(model, held, last, pair, known, stop), plain, rtol=0, atol=near):
                return _end_to_end(model, held, last, suffixes, known, stop)
    return _apart(model, held, last, suffixes, stop)


def _end_to_end(
    model: Any, held: Any, last: torch.Tensor, suffixes: Sequence[Sequence[int]], known: int, stop: threading.Event
) -> np.ndarray:
    """All suffixes as trees of tokens: each sees the beginning and its ancestors, and is run once for all below it."""
    device, dtype = last.device, model.dtype
    first = -functional.log_softmax(last[0], dim=-1).double().cpu().numpy()
    out = np.array([first[s[0]] for s in suffixes])
    # In this order suffixes that begin alike stand together.
    order = sorted((i for i, s in enumerate(suffixes) if len(s) > 1), key=lambda i: list(suffixes[i]))
    while order:
        _go_on(stop)
        tree = _Tree()
        taken = 0
        while taken < len(order) and len(tree.tokens) < _TOKENS_AT_ONCE:
            tree.add(order[taken], suffixes[order[taken]])
            taken += 1
        order = order[taken:]
        count = len(tree.tokens)
        mask = torch.zeros((1, 1, count, known + count), dtype=dtype)
        mask[0, 0, :, known:].masked_fill_(torch.from_numpy(~tree.seen()), torch.finfo(dtype).min)
        logits = model(
            input_ids=torch.tensor([tree.tokens], device=device), attention_mask=mask.to(device), use_cache=True,
            position_ids=torch.tensor([tree.depths], device=device) + known, past_key_values=copy.deepcopy(held),
        ).logits[0].float()  # fmt: skip
        node, aim = (torch.tensor(of, device=device) for of in (tree.node, tree.aim))
        nats = (logits.logsumexp(dim=-1)[node] - logits[node, aim]).double().cpu().numpy()
        np.add.at(out, tree.owner, nats)
    return out


class _Tree:
    """Suffixes that share their first tokens; a suffix's last token is only aimed at, never run."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.depths: list[int] = []
        self.owner: list[int] = []
        """Of each step from a token to the next: the suffix, the place of the one, the other."""
        self.node: list[int] = []
        self.aim: list[int] = []
        self._parents: list[int] = []
        self._places: dict[tuple[int, int], int] = {}

    def add(self, owner: int, suffix: Sequence[int]) -> None:
        at = -1
        for depth, (token, aim) in enumerate(itertools.pairwise(suffix)):
            place = self._places.setdefault((at, token), len(self.tokens))
            if place == len(self.tokens):
                self.tokens.append(token)
                self.depths.append(depth)
                self._parents.append(at)
            at = place
            self.owner.append(owner)
            self.node.append(at)
            self.aim.append(aim)

    def seen(self) -> np.ndarray:
        """bool[n, n]: whether a token sees another, itself included."""
        out = np.eye(len(self.tokens), dtype=bool)
        for i, parent in enumerate(self._parents):  # parents come first
            if parent >= 0:
                out[i] |= out[parent]
        return out


def _apart(
    model: Any, held: Any, last: torch.Tensor, suffixes: Sequence[Sequence[int]], stop: threading.Event
) -> np.ndarray:
    """A text for each suffix, the beginning's keys and values copied for each."""
    most = max(1, tokens_at_once(model, _BATCH_TOKENS, _BATCH_TOKENS, logits=True) // max(map(len, suffixes)))
    out = np.empty(len(suffixes))
    for start in range(0, len(suffixes), most):
        _go_on(stop)
        part = suffixes[start : start + most]
        cache = copy.deepcopy(held)  # fresh for each part: a sliding window cannot be cut back
        cache.batch_repeat_interleave(len(part))
        out[start : start + most] = _padded_nats(model, cache, last, part)
    return out


def _go_on(stop: threading.Event) -> None:
    """Raise where nobody waits for the answer any more."""
    if stop.is_set():
        raise Cancelled("asking for canaries was stopped")


def _padded_nats(model: Any, cache: Any, last: torch.Tensor, rows: Sequence[Sequence[int]]) -> np.ndarray:
    width = max(map(len, rows))
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = True
    ids, mask = ids.to(last.device), mask.to(last.device)
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


def chance_p(planted: np.ndarray, everyone: Sequence[np.ndarray]) -> float:
    """Probability that values drawn at random, one from each canary's candidates, have as high a mean exposure.

    `planted` float[C], `everyone` C arrays of the exposures that the candidates of each would have. Exact under "the model
    has seen none of them", since each planted value was one of its candidates at random.
    """
    rng = np.random.default_rng(0)
    total = np.zeros(_DRAWS)
    for values in everyone:
        total += values[rng.integers(len(values), size=_DRAWS)]
    return float((1 + (total >= planted.sum() - 1e-9).sum()) / (_DRAWS + 1))
