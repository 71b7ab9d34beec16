"""What each stage is worth when stages work together: Shapley values (Shapley 1953).

The value of a stage is its marginal gain averaged over all orders in which stages could have been added. It is a fixed
sum of arms' scores, φᵢ = Σ_S c(S) · v(S), so its interval is that of one difference on the evaluation rows, like any
other comparison. Up to `MOST_EXACT` stages every subset is an arm (2ⁿ, 16 at most) and the values are exact; beyond,
pairs of a random order and its reverse are sampled (Castro et al. 2009; antithetic pairs), and the spread between pairs
is added to the interval. Values add up to curated less raw. Pure Python and numpy.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

MOST_EXACT = 4
PAIRS = 3
"""Pairs of sampled orders for more stages than that."""

Coalition = frozenset[str]
Order = tuple[str, ...]


def orders_of(players: Sequence[str], pairs: int = PAIRS, seed: int = 0) -> list[Order]:
    """Orders in which stages are added: all of them up to `MOST_EXACT` stages, else sampled, each with its reverse."""
    names = tuple(players)
    if len(names) <= MOST_EXACT:
        return list(itertools.permutations(names))
    rng = np.random.default_rng(seed)
    out: list[Order] = []
    for _ in range(pairs):
        order = tuple(names[i] for i in rng.permutation(len(names)))
        out += [order, order[::-1]]
    return out


def coalitions_of(orders: Sequence[Order]) -> list[Coalition]:
    """Every subset that the orders pass through, the smallest first; each is an arm."""
    passed = {frozenset(order[:k]): None for order in orders for k in range(len(order) + 1)}
    return sorted(passed, key=lambda c: (len(c), sorted(c)))


def coefficients(player: str, orders: Sequence[Order]) -> dict[Coalition, float]:
    """What each subset's score counts for in the value of one stage."""
    out: dict[Coalition, float] = defaultdict(float)
    for order in orders:
        at = order.index(player)
        out[frozenset(order[: at + 1])] += 1 / len(orders)
        out[frozenset(order[:at])] -= 1 / len(orders)
    return dict(out)


def sampling_error(gains: Sequence[float], exact: bool) -> float:
    """Standard error that sampling orders adds; `gains` are a stage's marginal gains by order, pairs side by side."""
    if exact:
        return 0.0
    pairs = np.asarray(gains, dtype=np.float64).reshape(-1, 2).mean(axis=1)
    return float(np.std(pairs, ddof=1) / math.sqrt(len(pairs))) if len(pairs) > 1 else math.inf
