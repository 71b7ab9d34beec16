"""Several people's labels of the same rows: what they agree on, how sure that is, and how good each of them is.

Method: cleanlab's CROWDLAB (Goh et al., 2022, `cleanlab.multiannotator`): the consensus weighs each annotator by agreement
with the others and a model's out-of-sample probabilities as one more voice. Before it there is only a majority
(`majority`), to fit that model on. Shapes: votes `(n, m)` int64 codes, -1 where an annotator did not label; probabilities
`(n, k)`. Cost: O(n * (m + k)), and a second to import cleanlab. It does not model who labelled which kind of row, and
with one vote a row the model's voice decides nothing: such rows keep their vote.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.labels.learners import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Annotator:
    """One annotator, as seen by the others and the model."""

    rows: int
    """Rows labelled."""
    quality: float
    """0..1, cleanlab's estimate of how reliable the labels are."""
    agreement: float
    """Share of labels equal to the consensus."""


@dataclass(frozen=True)
class Consensus:
    """What n rows' votes come to."""

    label: Ints
    """`(n,)` codes."""
    quality: npt.NDArray[np.float64]
    """`(n,)` 0..1: how sure the consensus is."""
    agreement: npt.NDArray[np.float64]
    """`(n,)` share of the row's votes for the consensus."""
    annotators: tuple[Annotator, ...]
    """One for each column of votes; rows = 0 for one who never voted."""


def majority(votes: Ints, n_classes: int) -> Ints:
    """`(n,)` the label with most votes, ties by the label more frequent overall, then the smaller code; -1 without any."""
    n = len(votes)
    counts = np.zeros((n, n_classes))
    for column in votes.T:
        has = np.flatnonzero(column >= 0)
        counts[has, column[has]] += 1.0
    total = counts.sum(axis=0)
    # How frequent a class is elsewhere breaks ties, and weighs a quarter of a vote at most: a class without one never wins.
    found = (counts + 0.25 * total / max(1.0, total.max(initial=0.0))).argmax(axis=1)
    return np.where((votes >= 0).any(axis=1), found, -1).astype(np.int64)


def consensus(votes: Ints, probabilities: Floats) -> Consensus:
    """Consensus of rows that have a vote each; ValueError when a row has none."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    if (votes < 0).all(axis=1).any():
        raise ValueError("every row needs a vote")
    active = np.flatnonzero((votes >= 0).any(axis=0))
    table = np.where(votes[:, active] >= 0, votes[:, active], np.nan).astype(np.float64)
    p = probabilities.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = get_label_quality_multiannotator(table, p / p.sum(axis=1, keepdims=True), verbose=False)
    rows, stats = found["label_quality"], found["annotator_stats"]
    by_name = {int(name): stats.loc[name] for name in stats.index}
    annotators = tuple(
        Annotator(
            int(by_name[at]["num_examples_labeled"]),
            float(by_name[at]["annotator_quality"]),
            float(by_name[at]["agreement_with_consensus"]),
        )
        if (at := int(np.searchsorted(active, column))) < len(active) and active[at] == column
        else Annotator(0, float("nan"), float("nan"))
        for column in range(votes.shape[1])
    )
    return Consensus(
        rows["consensus_label"].to_numpy().astype(np.int64),
        rows["consensus_quality_score"].to_numpy().astype(np.float64),
        rows["annotator_agreement"].to_numpy().astype(np.float64),
        annotators,
    )
