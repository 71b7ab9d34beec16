"""The fewest rows to mend so that conflicts between rows go.

Rows that say the same under different answers (labels, or completions of one prompt) hang together: each names another
that it conflicts with. Where all but the most frequent answer of such a bundle are mended, every row of it is cured at
once, so curing a pair takes one row, not two. Which bundles cure enough rows with the fewest mended is a knapsack problem,
solved exactly (Bellman, 1957: most rows cured for each number mended); beyond `_MOST_STEPS` steps bundles are taken by
rows cured for each row mended, which may mend a few too many.
Shapes: `row`, `witness`, `answer`, `beside` int64 (finding): what the row says and what its witness says.
Complexity: O(findings log findings + bundles x mended rows).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.similarity.clusters import clusters

Ints = NDArray[np.int64]
_MOST_STEPS = 20_000_000


def at_odds(row: Ints, witness: Ints, answer: Ints, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether rows that hang together with each finding's, and stay, say more than one thing; `answer`, `kept`: by row."""
    head = clusters(len(answer), row, witness)
    there = np.unique(np.column_stack([head, answer])[kept], axis=0)[:, 0]
    return np.asarray(np.isin(head[row], there[1:][there[1:] == there[:-1]]))


def fewest(row: Ints, witness: Ints, answer: Ints, beside: Ints, cured: int) -> Ints:
    """The rows to mend so that at least `cured` of those with a finding are cured."""
    rows, bundle, mended = _bundles(row, witness, answer, beside)
    cost = np.bincount(bundle, mended).astype(np.int64)
    gain = np.bincount(bundle)
    chosen = np.zeros(len(cost), np.bool_)
    chosen[_cheapest(cost, gain, min(cured, len(rows)))] = True
    return rows[chosen[bundle] & mended]


def _bundles(row: Ints, witness: Ints, answer: Ints, beside: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """(rows with a finding, the bundle of each, whether it is one of those to mend)."""
    ends, place = np.unique(np.concatenate([row, witness]), return_inverse=True)
    own, other = np.split(place, 2)
    said = np.full(len(ends), -1, np.int64)
    said[other] = beside
    said[own] = answer
    told = np.zeros(len(ends), np.bool_)
    told[own] = True
    head = clusters(len(ends), own, other)
    # The answer that stays in a bundle: that of rows which are not to be mended, else the most frequent, else the first.
    pairs, first, which, size = np.unique(
        np.column_stack([head, said]), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    fixed = np.bincount(which, ~told, len(pairs)) > 0
    order = np.lexsort((first, -size, ~fixed, pairs[:, 0]))
    best = order[np.unique(pairs[order, 0], return_index=True)[1]]
    stays = np.zeros(len(pairs), np.bool_)
    stays[best] = True
    mended = ~stays[which]
    # Two answers that nobody may mend, or only one in sight: then every row that may be mended is.
    stuck = (np.bincount(head, mended & ~told, len(ends)) > 0) | (np.bincount(head, mended, len(ends)) == 0)
    mended |= stuck[head]
    _, bundle = np.unique(head[told], return_inverse=True)
    return ends[told], bundle, mended[told]


def _cheapest(cost: Ints, gain: Ints, wanted: int) -> Ints:
    """The bundles that together gain at least `wanted` at the least cost."""
    order = np.lexsort((cost, -gain / cost))
    enough = int(np.searchsorted(np.cumsum(gain[order]), wanted)) + 1
    greedy = order[:enough]
    room = int(cost[greedy].sum())
    # A pair mended for one, of which any will do, is no question: only what differs is weighed.
    if len(np.unique(cost)) == 1 or len(cost) * room > _MOST_STEPS:
        return greedy
    best = np.zeros(room + 1, np.int64)
    taken = np.zeros((len(cost), room + 1), np.bool_)
    for i, (price, gained) in enumerate(zip(cost.tolist(), gain.tolist(), strict=True)):
        if price > room:
            continue
        with_it = best[: room + 1 - price] + gained
        taken[i, price:] = with_it > best[price:]
        best[price:] = np.maximum(best[price:], with_it)
    left = int(np.searchsorted(best, wanted))  # more room never gains less
    chosen = []
    for i in range(len(cost) - 1, -1, -1):
        if taken[i, left]:
            chosen.append(i)
            left -= int(cost[i])
    return np.array(chosen, np.int64)
