"""One number out of many arms: a weighted sum of means over parts of the evaluation rows, with its interval.

A gap between groups is +1 times the mean over one group and -1 times the mean over the rest; a Shapley value of that gap
is the same of a weighted sum of arms. Both are linear in the rows once each part's mean is taken off (the linearised
ratio, Särndal et al. 1992), so the estimate of any difference (`interval`) serves them: random effects of seeds and
clusters, Satterthwaite, shaped by the crossed bootstrap. Holm's correction (1979) is over the questions of one part.

Shapes: scores float[S, n], masks bool[n]. Cost: one bootstrap a question, about 0.1 s.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.statistics import holm
from curate.words import signed
from train.ablation.interval import LEVEL, Estimate, estimate
from train.ablation.verdict import (
    ALPHA,
    HARMED,
    HELPED,
    IDENTICAL,
    INCONCLUSIVE,
    INSUFFICIENT,
    MIN_CLUSTERS,
    MIN_SEEDS,
    by_cluster,
    judge,
)

Part = tuple[np.ndarray, float]
"""Rows, and what the mean over them counts for."""


@dataclass(frozen=True)
class Answer:
    """One question with what came of it."""

    question: str
    value: float
    """Above 0 where curation does good."""
    low: float
    high: float
    delta: float
    """Values within ±delta do not matter."""
    verdict: str
    """helped, harmed, equivalent, identical, inconclusive or insufficient evidence."""
    p: float
    """Two-sided."""
    p_holm: float | None
    """Corrected over the questions of its part; None where there was one."""
    rows: int
    clusters: int
    seeds: int
    minimum_detectable: float
    """The true value that this design would have shown four times in five."""


def contrast(
    scores: np.ndarray, parts: Sequence[Part], clusters: np.ndarray, weight: np.ndarray | None = None
) -> Estimate | None:
    """Σ coefficient · mean over the part, averaged over seeds; None where a part is empty."""
    n = scores.shape[1]
    weights = np.ones(n) if weight is None else weight
    value, influence = 0.0, np.zeros_like(scores, dtype=np.float64)
    for mask, times in parts:
        total = float(weights[mask].sum())
        if not total:
            return None
        mean = float(np.average(scores[:, mask].mean(axis=0), weights=weights[mask]))
        value += times * mean
        influence[:, mask] += times * (scores[:, mask] - mean) * weights.sum() / total
    if not np.any(influence):
        return Estimate(value, value, value, 0.0, 1.0, 1.0, 0.0)
    sums, sizes = by_cluster(influence + value, weights, clusters)
    return estimate(sums, sizes)


def answer(
    question: str, found: Estimate | None, delta: float, *, rows: int, clusters: int, seeds: int, fewest: int = MIN_CLUSTERS
) -> Answer:
    """What an estimate says by itself; with less than `fewest` clusters or three seeds there is no verdict."""
    if found is None:
        nan = math.nan
        return Answer(question, nan, nan, nan, delta, INSUFFICIENT, 1.0, None, rows, clusters, seeds, nan)
    verdict = judge(found.low, found.high, delta) if found.error else IDENTICAL if found.mean == 0 else INCONCLUSIVE
    if clusters < fewest or seeds < MIN_SEEDS:
        verdict = INSUFFICIENT
    return Answer(
        question, found.mean, found.low, found.high, delta, verdict, found.p, None, rows, clusters, seeds, found.detectable
    )


def corrected(answers: Sequence[Answer]) -> list[Answer]:
    """The same with Holm's correction over all of them: a claim that does not survive it is inconclusive."""
    asked = [i for i, a in enumerate(answers) if a.verdict not in (INSUFFICIENT, IDENTICAL)]
    adjusted = holm([answers[i].p for i in asked])
    out = list(answers)
    for i, p in zip(asked, adjusted, strict=True):
        claim = out[i].verdict in (HELPED, HARMED)
        verdict = INCONCLUSIVE if claim and p >= ALPHA and len(asked) > 1 else out[i].verdict
        out[i] = dataclasses.replace(out[i], verdict=verdict, p_holm=p if len(asked) > 1 else None)
    return out


def interval_words(of: Answer, factor: float = 1.0, unit: str = "", digits: int = 1) -> str:
    """`+1.2 points (95% interval −0.3 to +2.7)`."""
    if math.isnan(of.value):
        return "unknown"
    ends = " to ".join(signed(v * factor, digits) for v in (of.low, of.high))
    return f"{signed(of.value * factor, digits)}{unit} ({100 * LEVEL:.4g}% interval {ends})"
