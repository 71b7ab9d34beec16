"""Same prompt, different answers: rows that a model would learn to contradict itself from.

Method. Prompts that say the same form a class; classes whose prompts nearly say the same are joined by verified
edges. Answers fall into clusters of nearly equal ones. A row is in conflict with a row of its split whose prompt is
of its class, or of a class joined to it, and whose answer is of another cluster. For preferences a contradiction is
narrower: one row prefers, word for word, what another rejects for the same prompt; several pairs of answers to one
prompt are what such data is made of.
Shapes: all arrays int64 over rows; the answers are -1 where there is no conflict. Complexity: O((rows + edges) log
rows). Does not: say which of two answers is right, nor compare answers across splits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.similarity.near import Edges
from curate.similarity.partners import Ints, Partners

_Floats = NDArray[np.float32]


def conflicting_answers(
    prompts: Ints,
    edges: Edges,
    answers: Ints,
    split: NDArray[np.int8],
    blank: NDArray[np.bool_],
    setting: Ints | None = None,
) -> tuple[Ints, _Floats]:
    """For each row, one that answers its prompt differently (-1: none), and how alike the two prompts are.

    `prompts` names each row's prompt by the first row that holds it, `edges` join those first rows, `answers` names
    clusters of answers, `blank` marks rows without a prompt. Only rows of one `setting` contradict each other. The same
    prompt goes before the most similar one.
    """
    n = len(prompts)
    partners = Partners(prompts, split, np.where(blank, -1, answers).astype(np.int32), setting)
    _, row, node = np.unique(partners.key, return_index=True, return_inverse=True)
    witness = partners.conflict(row, prompts[row])
    alike = np.ones(len(row), np.float32)
    asking = np.flatnonzero(witness < 0)
    asking = asking[np.argsort(prompts[row[asking]], kind="stable")]
    starts = np.searchsorted(prompts[row[asking]], np.arange(n + 1))
    here, there = np.concatenate([edges.a, edges.b]), np.concatenate([edges.b, edges.a])
    score = np.concatenate([np.minimum(edges.score, edges.weighted)] * 2)
    many = starts[here + 1] - starts[here]
    which = np.repeat(np.arange(len(here)), many)
    asker = asking[starts[here[which]] + np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)]
    found = partners.conflict(row[asker], there[which])
    has = np.flatnonzero(found >= 0)
    has = has[np.lexsort((found[has], -score[which[has]], asker[has]))]
    nodes, at = np.unique(asker[has], return_index=True)
    witness[nodes], alike[nodes] = found[has[at]], score[which[has[at]]]
    return witness[node], alike[node]


def contradictions(
    prompts: Ints, chosen: Ints, rejected: Ints, split: NDArray[np.int8], setting: Ints | None = None
) -> Ints:
    """For each row, the first one of its split and setting that prefers what it rejects for the same prompt; -1: none.

    All three name texts by numbers: equal numbers are equal texts, across `chosen` and `rejected` as well.
    """
    n = len(prompts)
    same = [prompts, split.astype(np.int64), *([] if setting is None else [setting])]
    _, given = np.unique(np.stack(same), axis=1, return_inverse=True)
    _, text = np.unique(np.concatenate([chosen, rejected]), return_inverse=True)
    key = given.ravel() * (2 * n) + text[:n]
    wanted = given.ravel() * (2 * n) + text[n:]
    order = np.argsort(key, kind="stable")
    at = np.minimum(np.searchsorted(key[order], wanted), n - 1)
    found: Ints = np.where((key[order[at]] == wanted) & (chosen != rejected), order[at], -1)
    return found
