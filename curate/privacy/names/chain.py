# mypy: disable-error-code="assignment"
"""Linear-chain conditional random field over the active tokens (Lafferty, McCallum, Pereira 2001), in numba.

`best` is Viterbi, `marginals` the forward-backward algorithm in probability space with scaling. States are the labels; a
`goes on` label may only follow a label of its type. Outside a segment stands label 0. Complexity O(tokens * labels^2).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.names.labels import LABELS


@njit(cache=True, nogil=True)
def allowed(previous, label):  # type: ignore[no-untyped-def]
    """Whether `label` may follow `previous`."""
    return label == 0 or label % 2 == 1 or previous == label or previous == label - 1


@njit(cache=True, nogil=True)
def best(scores, n, step, path, table, back):  # type: ignore[no-untyped-def]
    """Write the best label sequence of scores[n, LABELS] into `path`. `step` [LABELS, LABELS]: weight of a transition."""
    for y in range(LABELS):
        table[0, y] = scores[0, y] + step[0, y] if allowed(0, y) else -1e9
    for i in range(1, n):
        for y in range(LABELS):
            top, who = -1e18, 0
            for z in range(LABELS):
                if allowed(z, y):
                    s = table[i - 1, z] + step[z, y]
                    if s > top:
                        top, who = s, z
            table[i, y] = top + scores[i, y]
            back[i, y] = who
    top, who = -1e18, 0
    for y in range(LABELS):
        s = table[n - 1, y] + step[y, 0]
        if s > top:
            top, who = s, y
    for i in range(n - 1, -1, -1):
        path[i] = who
        who = back[i, who]


@njit(cache=True, nogil=True)
def marginals(scores, n, leap, may, forward, backward, scale):  # type: ignore[no-untyped-def]
    """Scaled forward and backward tables of the sequences that `may` (bit masks of labels) permits.

    `leap`: the exponential of the transitions' weights. The probability of label y at i is forward[i, y] * backward[i, y];
    returns the log of the sum over sequences.
    """
    total = 0.0
    for i in range(n):
        top = -1e30
        for y in range(LABELS):
            if may[i] >> y & 1 and scores[i, y] > top:
                top = scores[i, y]
        s = 0.0
        for y in range(LABELS):
            forward[i, y] = 0.0
            if not may[i] >> y & 1:
                continue
            inflow = 0.0
            if i == 0:
                inflow = leap[0, y] if allowed(0, y) else 0.0
            else:
                for z in range(LABELS):
                    if allowed(z, y):
                        inflow += forward[i - 1, z] * leap[z, y]
            forward[i, y] = inflow * np.exp(scores[i, y] - top)
            s += forward[i, y]
        if s <= 0.0:
            return -1e30
        for y in range(LABELS):
            forward[i, y] /= s
        scale[i] = top + np.log(s)
        total += scale[i]
    last = 0.0
    for y in range(LABELS):
        backward[n - 1, y] = leap[y, 0]
        last += forward[n - 1, y] * backward[n - 1, y]
    for y in range(LABELS):
        backward[n - 1, y] /= last
    for i in range(n - 2, -1, -1):
        for z in range(LABELS):
            backward[i, z] = 0.0
        for y in range(LABELS):
            if may[i + 1] >> y & 1:
                flow = np.exp(scores[i + 1, y] - scale[i + 1]) * backward[i + 1, y]
                for z in range(LABELS):
                    if allowed(z, y):
                        backward[i, z] += leap[z, y] * flow
    return total + np.log(last)
