"""Receipts: what decisions of each class were worth, measured, and whether a cheap estimate could have said so.

*Measured*: curated data against curated data less the class's decisions, both trained with every seed; one family of
questions for Holm. "Not distinguishable from noise" is an answer. There is no random control here: a receipt says what the
decisions did, not whether as many random ones would have done the same.

*Estimated*: influence by gradients (`influence`), summed over the rows that the decisions change: rows as curated less rows
as they were. Before it is shown it must agree with real leave-group-out runs on this very data: the decision classes, and
sixths of the training rows from one end of the estimated influence to the other, each left out for real (larger groups
move the loss further out of the noise of training). Spearman's rank
correlation with the change of the held-out loss, its interval (Fieller, Hartley and Pearson 1957: Fisher's z with standard
error 1.03 / sqrt(n - 3)) and a one-sided permutation test; where chance is not ruled out, receipts rest on group runs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from curate.words import signed
from train.ablation.analysis import Analysis
from train.ablation.arms import CURATED, Arm
from train.ablation.beyond.contrast import Answer, answer, contrast, corrected, interval_words
from train.ablation.beyond.influence import influences
from train.ablation.beyond.result import Receipt, Receipts
from train.ablation.beyond.wish import DecisionClass, Wish
from train.ablation.matrix import Matrix
from train.ablation.span import Span
from train.ablation.verdict import EQUIVALENT, HARMED, HELPED, IDENTICAL, INSUFFICIENT, unit_of
from train.adapters import load_adapter
from train.evaluate import ItemScores
from train.examples import Examples

PROBES = 6
FEWEST_GROUPS = 6
MOST_HELD = 400
_MOST_NATS = 20.0
_EXACT = 8
_DRAWS = 20_000


def changed_rows(curated: Examples, without: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows that stand in `curated` alone, and of those that stand in `without` alone."""

    def keyed(rows: Examples) -> list[tuple[int, str, str]]:
        labels = rows.labels or ("",) * len(rows)
        return list(zip(rows.ids.tolist(), rows.keys(), labels, strict=True))

    ours, theirs = keyed(curated), keyed(without)
    more, less = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)

    def at(rows: list[tuple[int, str, str]], extra: Counter[tuple[int, str, str]]) -> np.ndarray:
        left = Counter(extra)
        out = []
        for i, key in enumerate(rows):
            if left[key] > 0:
                left[key] -= 1
                out.append(i)
        return np.array(out, dtype=np.int64)

    return at(ours, more), at(theirs, less)


class Influence:
    """Estimated influence of training rows, averaged over the seeds' adapters of curated data."""

    def __init__(self, matrix: Matrix, held: Examples) -> None:
        self.matrix, self.held = matrix, held.take(np.arange(min(MOST_HELD, len(held))))

    def of(self, sets: Sequence[Examples]) -> list[np.ndarray]:
        """float64 for each set of rows; 0 for rows that cannot be read."""
        found: list[list[np.ndarray]] = [[] for _ in sets]
        for seed in self.matrix.seeds:
            state = self.matrix.states.get((CURATED, seed), {})
            if state.get("status") != "done":
                continue
            loaded = load_adapter(self.matrix.runs[CURATED, seed].directory)
            for out, rows in zip(found, sets, strict=True):
                values = influences(loaded.objective, loaded.bench, rows, self.held, self.matrix.labels)
                out.append(np.nan_to_num(values))
        both = zip(found, sets, strict=True)
        return [np.mean(values, axis=0) if values else np.zeros(len(rows)) for values, rows in both]


def probe_arms(curated: Examples, influence: np.ndarray) -> tuple[list[Arm], list[np.ndarray]]:
    """Arms of curated data less a sixth of its rows each, and those rows: from the least to the most influential."""
    groups = [np.sort(part) for part in np.array_split(np.lexsort((curated.ids, influence)), PROBES)]
    arms = [
        Arm(f"probe_{k}", f"curated data less a sixth of its rows ({k + 1} of {PROBES})",
            curated.take(np.setdiff1d(np.arange(len(curated)), group)))
        for k, group in enumerate(groups)
    ]  # fmt: skip
    return arms, groups


def receipts_of(
    analysis: Analysis, probes: Analysis, wish: Wish, delta: float, influence: Influence, groups: Sequence[np.ndarray],
    of_curated: np.ndarray,
) -> Receipts:
    """The receipts of every class, and what became of the estimate."""
    measured = corrected([_measured(analysis, c, delta) for c in wish.classes])
    sides = [changed_rows(wish.curated, analysis.matrix.data[c.without, analysis.matrix.seeds[0]]) for c in wish.classes]
    before = influence.of([
        analysis.matrix.data[c.without, analysis.matrix.seeds[0]].take(gone)
        for c, (_, gone) in zip(wish.classes, sides, strict=True)
    ]) if wish.classes else []  # fmt: skip
    usual = float(of_curated.mean()) if len(of_curated) else 0.0
    estimates = [
        float((of_curated[new] - usual).sum() - (old - usual).sum()) for (new, _), old in zip(sides, before, strict=True)
    ]
    pairs = [(e, _loss_change(analysis, c.without)) for e, c in zip(estimates, wish.classes, strict=True)]
    pairs += [
        (float((of_curated[group] - usual).sum()), _loss_change(probes, f"probe_{k}")) for k, group in enumerate(groups)
    ]
    known = [(x, y) for x, y in pairs if y is not None]
    x, y = (np.array([pair[side] for pair in known], dtype=np.float64) for side in (0, 1))
    rho = rank_correlation(x, y) if len(known) >= FEWEST_GROUPS else None
    p = chance_of(x, y) if rho is not None else None
    agrees = rho is not None and p is not None and p < 0.05 and rho.low > 0
    receipts = tuple(
        Receipt(c.stage, c.rule, c.action, c.rows, m, e if agrees else None, _said(c, m, analysis.metric))
        for c, m, e in zip(wish.classes, measured, estimates, strict=True)
    )
    return Receipts(receipts, len(known), rho, p, agrees, _words(len(known), rho, p, agrees=agrees))


def _measured(analysis: Analysis, of: DecisionClass, delta: float) -> Answer:
    question = f"{of.stage}: {of.rule} ({of.action})"
    found = analysis.compare(CURATED, of.without)
    read = analysis.read((CURATED, of.without))
    if found is None or read is None:
        return answer(question, None, delta, rows=0, clusters=0, seeds=0)
    sign = 1.0 if analysis.higher else -1.0
    ours, theirs = read[CURATED], read[of.without]
    whole = np.ones(ours.scores.shape[1], bool)
    made = contrast(sign * (ours.scores - theirs.scores), [(whole, 1.0)], ours.clusters, ours.weight)
    clusters = len(np.unique(ours.clusters))
    return answer(question, made, delta, rows=len(whole), clusters=clusters, seeds=len(ours.scores))


def _loss_change(analysis: Analysis, without: str) -> float | None:
    """How much the held-out loss rises when the group's decisions (or rows) are not there."""
    changes = []
    for seed in analysis.matrix.seeds:
        ours, theirs = (analysis.matrix.scores(arm, seed) for arm in (CURATED, without))
        if ours is not None and theirs is not None:
            changes.append(loss_of(theirs) - loss_of(ours))
    return float(np.mean(changes)) if changes else None


def loss_of(scores: ItemScores) -> float:
    """Mean nats a target, each row's bounded."""
    return float(np.minimum(scores.nll, _MOST_NATS * np.maximum(scores.weight, 1.0)).sum() / scores.weight.sum())


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Span | None:
    """Spearman's rank correlation with its interval; None where one side does not vary."""
    from scipy import stats

    if len(x) < 4 or not np.ptp(x) or not np.ptp(y):
        return None
    rho = float(stats.spearmanr(x, y).statistic)
    if abs(rho) >= 1 - 1e-12:
        rho = math.copysign(1 - 1e-12, rho)
    reach = float(stats.norm.ppf(0.975)) * 1.03 / math.sqrt(len(x) - 3)
    z = math.atanh(rho)
    return Span(rho, math.tanh(z - reach), math.tanh(z + reach))


def chance_of(x: np.ndarray, y: np.ndarray) -> float:
    """One-sided permutation p-value of the rank correlation: all orders up to `_EXACT` groups, else drawn ones."""
    from scipy import stats

    a, b = stats.rankdata(x), stats.rankdata(y)
    seen = float((a * b).sum())
    if len(a) <= _EXACT:
        orders: Any = (np.array(order) for order in permutations(range(len(a))))
        sums = np.array([float((a * b[order]).sum()) for order in orders])
        return float(np.mean(sums >= seen - 1e-9))
    rng = np.random.default_rng(0)
    sums = np.array([float((a * rng.permutation(b)).sum()) for _ in range(_DRAWS)])
    return float((1 + (sums >= seen - 1e-9).sum()) / (_DRAWS + 1))


def _said(of: DecisionClass, measured: Answer, metric: str) -> str:
    factor, unit, digits = unit_of(metric)
    name = f"{of.stage.replace('_', ' ')}, {of.rule.rpartition('.')[2].replace('_', ' ')} ({of.action})"
    size = interval_words(measured, factor, unit, digits)
    said: Callable[[str], str] = f"{name}, {of.rows:,} training rows: {{}}, {size}.".format
    if measured.verdict in (HELPED, HARMED):
        return said("worth it" if measured.verdict == HELPED else "worse than nothing")
    if measured.verdict in (EQUIVALENT, IDENTICAL):
        return said("no difference that matters")
    if measured.verdict == INSUFFICIENT:
        return f"{name}, {of.rows:,} training rows: insufficient evidence."
    return said("not distinguishable from noise")


def _words(groups: int, rho: Span | None, p: float | None, *, agrees: bool) -> str:
    if rho is None or p is None:
        return f"{groups} groups were left out for real, too few to hold the estimate against: receipts rest on group runs."
    ends = f"{signed(rho.low, 2)} to {signed(rho.high, 2)}"
    told = f"rank correlation {signed(rho.value, 2)} ({ends}) over {groups} groups left out for real, p = {p:.3f}"
    if agrees:
        return f"Influence by gradients agrees with real runs: {told}."
    return f"Influence by gradients does not agree with real runs beyond chance ({told}): receipts rest on group runs."
