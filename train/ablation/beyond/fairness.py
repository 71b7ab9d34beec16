"""Fairness by stage: group metrics of every arm, and each stage's part in what happened to a gap.

A gap is the mean of one group less the mean of everybody else, on held-out rows: linear in the rows and in the arms, so a
stage's part in it is a Shapley value with the interval of any other contrast, and no group is picked by looking. In the
primary metric (accuracy, or minus the nats a token) gaps are divided among the stages; other measures (mean recall over
classes; recall, false positive rate and selection rate of the favourable class, where one is named) are shown by arm.

"Closed" means moved towards zero. On the straight way from raw data's gap to curated data's each stage moves it by its
Shapley value, and what it closes is that times the mean sign of the gap on the way (Aumann and Shapley 1974): the parts add
up to the size of raw data's gap less that of curated data's, also where a gap turns round.

Groups with fewer than `FEWEST` clusters of held-out rows, or whose others are so few, are told as insufficient evidence and
take no part in the correction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curate.privacy.preview import shown_names
from train.ablation.analysis import Analysis
from train.ablation.arms import CURATED, RAW
from train.ablation.beyond.contrast import Answer, Part, answer, contrast, corrected, interval_words
from train.ablation.beyond.result import Fairness, GroupGap, StageClosing
from train.ablation.design import Design
from train.ablation.evaluation import PRIMARY
from train.ablation.interval import LEVEL
from train.ablation.shapley import coefficients
from train.ablation.span import Span
from train.ablation.verdict import HARMED, HELPED, MIN_CLUSTERS, in_unit, unit_of

FEWEST = MIN_CLUSTERS
FEWEST_OF_CLASS = 10
MOST_GROUPS = 12


def fairness_of(
    analysis: Analysis, design: Design, arms: Sequence[str], delta: float, positive: str = ""
) -> Fairness | None:
    """Gaps of every arm and their division among the stages of `design`; None where the rows name no groups."""
    rows = _Rows(analysis, arms, positive)
    if not rows.groups:
        return None
    sign = 1.0 if analysis.higher else -1.0
    players = sorted(design.orders[0]) if design.orders else []
    read = analysis.read(list(dict.fromkeys([RAW, CURATED, *design.coalitions.values()])))
    pending: list[tuple[tuple[str, str], str, Answer]] = []
    for key, mask in rows.groups.items():
        common: dict[str, Any] = rows.counts(mask)
        raw_gap = None if read is None else contrast(sign * read[RAW].scores, rows.parts(mask), rows.clusters, rows.weight)
        if read is None or raw_gap is None:
            continue
        cured_gap = contrast(sign * read[CURATED].scores, rows.parts(mask), rows.clusters, rows.weight)
        assert cured_gap is not None
        towards = -mean_sign(raw_gap.mean, cured_gap.mean)
        change = contrast(
            towards * sign * (read[CURATED].scores - read[RAW].scores), rows.parts(mask), rows.clusters, rows.weight
        )
        pending.append((key, "", answer("what curation closed of the gap", change, delta, **common)))
        for player in players:
            weights = coefficients(player, design.orders)
            nothing = np.zeros_like(read[RAW].scores)
            combined = sum((w * read[design.coalitions[c]].scores for c, w in weights.items()), nothing)
            found = contrast(towards * sign * combined, rows.parts(mask), rows.clusters, rows.weight)
            pending.append((key, player, answer(f"what {player} closed of the gap", found, delta, **common)))
    judged = corrected([a for _, _, a in pending])
    by_key: dict[tuple[str, str], dict[str, Answer]] = {}
    for (key, player, _), a in zip(pending, judged, strict=True):
        by_key.setdefault(key, {})[player] = a
    gaps = tuple(_gap(rows, key, mask, by_key[key], analysis.metric) for key, mask in rows.groups.items() if key in by_key)
    return Fairness(analysis.metric, gaps, _largest(rows, sign, read), _words(gaps, analysis.metric))


def mean_sign(first: float, last: float) -> float:
    """The mean sign of a number that moves evenly from one value to another."""
    if first == last:
        return math.copysign(1.0, first) if first else 0.0
    return (abs(last) - abs(first)) / (last - first)


class _Rows:
    """Held-out rows of the primary view: groups, quantities of each arm, clusters."""

    def __init__(self, analysis: Analysis, arms: Sequence[str], positive: str) -> None:
        self.metric = analysis.metric
        self.quantities: dict[str, dict[str, np.ndarray]] = {}
        examples = analysis.evaluation.primary
        position = {int(row): i for i, row in enumerate(examples.ids)}
        self.at = np.zeros(0, np.int64)
        self.clusters, self.weight = np.zeros(0, np.int64), np.zeros(0)
        for arm in arms:
            view = analysis.read((arm,))
            if view is None:
                continue
            own = view[arm]
            self.at = np.array([position[int(row)] for row in own.rows], np.int64)
            self.clusters, self.weight = own.clusters, own.weight
            self.quantities.setdefault(analysis.metric, {})[arm] = own.scores
        names = self.matrix_names(analysis, positive)
        labels = np.array(examples.labels, dtype=object)[self.at] if examples.labels else None
        canonical = analysis.matrix.canonical
        self.truth = None if labels is None else np.array([canonical.get(v, v) for v in labels], dtype=object)
        self.positive = canonical.get(positive, positive)
        if names is not None and self.truth is not None:
            self._predicted(analysis, arms, names)
        self.groups = self._groups(examples.groups)

    def matrix_names(self, analysis: Analysis, positive: str) -> str | None:
        """The favourable class as predictions name it; None where there is none."""
        known = set(analysis.matrix.labels or ())
        return analysis.matrix.shown().get(positive, positive) if positive and positive in known else None

    def _predicted(self, analysis: Analysis, arms: Sequence[str], favourable: str) -> None:
        for arm in arms:
            runs = [r for seed in analysis.seeds if (r := analysis.matrix.scores(arm, seed)) is not None]
            if not runs:
                continue
            kind = {int(i): k for i, k in zip(analysis.evaluation.examples.ids, analysis.evaluation.kind, strict=True)}
            keep = np.array([kind[int(row)] == PRIMARY for row in runs[0].rows])
            said = [[p in (favourable, self.positive) for p in run.prediction] for run in runs]
            self.quantities.setdefault("selected", {})[arm] = np.array(said, dtype=np.float64)[:, keep]

    def _groups(self, columns: Mapping[str, Sequence[str | None]]) -> dict[tuple[str, str], np.ndarray]:
        out: dict[tuple[str, str], np.ndarray] = {}
        for column, values in columns.items():
            here = np.array(values, dtype=object)[self.at] if len(self.at) else np.zeros(0, dtype=object)
            sizes = {str(v): int((here == v).sum()) for v in set(here.tolist()) if v is not None}
            if len(sizes) < 2:
                continue
            order = sorted(sizes, key=lambda v: (-sizes[v], v))[:MOST_GROUPS]
            if len(sizes) == 2 and sum(sizes.values()) == len(here):
                order = order[1:]  # the gap of one is that of the other
            for value in order:
                out[column, value] = here == value
        return out

    def parts(self, mask: np.ndarray) -> list[Part]:
        """The group less everybody else."""
        return [(mask, 1.0), (~mask, -1.0)]

    def measures(self, mask: np.ndarray) -> dict[str, tuple[str, list[Part]]]:
        """Measures by name: the quantity that each is a mean of, and over which rows."""
        out = {self.metric: (self.metric, self.parts(mask))}
        if self.truth is None:
            return out
        of_class = [self.truth == c for c in sorted(set(self.truth.tolist()))]
        known = [rows for rows in of_class if min((mask & rows).sum(), (~mask & rows).sum()) >= FEWEST_OF_CLASS]
        if known:
            sides = [(side, times / len(known)) for side, times in self.parts(mask)]
            out["macro_tpr"] = (self.metric, [(side & rows, times) for rows in known for side, times in sides])
        if "selected" in self.quantities:
            yes = self.truth == self.positive
            out["selection_rate"] = ("selected", self.parts(mask))
            out["tpr"] = ("selected", [(mask & yes, 1.0), (~mask & yes, -1.0)])
            out["fpr"] = ("selected", [(mask & ~yes, 1.0), (~mask & ~yes, -1.0)])
        return out

    def counts(self, mask: np.ndarray) -> dict[str, Any]:
        """What an answer about a group rests on."""
        sizes = [len(np.unique(self.clusters[side])) for side in (mask, ~mask)]
        seeds = min((q.shape[0] for q in self.quantities[self.metric].values()), default=0)
        return {"rows": int(mask.sum()), "clusters": min(sizes), "seeds": seeds}


def _gap(rows: _Rows, key: tuple[str, str], mask: np.ndarray, found: Mapping[str, Answer], metric: str) -> GroupGap:
    by_arm: dict[str, dict[str, Span]] = {}
    rates: dict[str, dict[str, float]] = {}
    for measure, (quantity, parts) in rows.measures(mask).items():
        for arm, scores in rows.quantities[quantity].items():
            gap = contrast(scores, parts, rows.clusters, rows.weight)
            if gap is not None:
                by_arm.setdefault(measure, {})[arm] = Span(gap.mean, gap.low, gap.high)
                own = [part for part in parts if part[1] > 0]
                rates.setdefault(measure, {})[arm] = float(sum(
                    times * np.average(scores[:, side].mean(axis=0), weights=rows.weight[side]) for side, times in own
                ))  # fmt: skip
    raw = by_arm[metric].get(RAW)
    there = raw is not None and (raw.low > 0 or raw.high < 0)
    size = abs(raw.value) if raw is not None and there else None
    stages = tuple(StageClosing(p, a, a.value / size if size else None) for p, a in found.items() if p)
    (column, group) = key
    shown = shown_names({column, group})
    return GroupGap(shown[column], shown[group], int(mask.sum()), int((~mask).sum()), by_arm, rates, found[""], stages)


def _largest(rows: _Rows, sign: float, read: Any) -> Span | None:
    """The largest gap of curated data; its upper end holds for all groups at once (Bonferroni)."""
    from scipy import stats

    sound = [m for m in rows.groups.values() if rows.counts(m)["clusters"] >= FEWEST]
    if read is None or not sound:
        return None
    found = [contrast(sign * read[CURATED].scores, rows.parts(mask), rows.clusters, rows.weight) for mask in sound]
    known = [f for f in found if f is not None]
    ends = []
    for f in known:
        reach = float(stats.t.ppf(1 - (1 - LEVEL) / (2 * len(known)), f.freedom)) * f.error
        ends.append((abs(f.mean), max(0.0, abs(f.mean) - reach), abs(f.mean) + reach))
    return Span(max(e[0] for e in ends), max(e[1] for e in ends), max(e[2] for e in ends))


def _words(gaps: Sequence[GroupGap], metric: str) -> str:
    """The verdicts that stand, the largest first."""
    factor, unit, _ = unit_of(metric)
    said = []
    for gap in gaps:
        for s in sorted(gap.stages, key=lambda s: -abs(s.answer.value)):
            if s.answer.verdict not in (HELPED, HARMED):
                continue
            did = "closed" if s.answer.verdict == HELPED else "widened"
            part = f"{did} it"
            if s.share is not None and abs(s.share) <= 1:
                part = f"closed {s.share:.0%} of it" if s.share > 0 else f"widened it by {-s.share:.0%}"
            size = interval_words(s.answer, factor, unit)
            stage = s.stage.replace("_", " ")
            said.append(f"The gap of {gap.group} ({gap.column}) to the others: the stage {stage} {part}, {size}.")
    if said:
        return " ".join(said)
    judged = [a for g in gaps for a in (s.answer for s in g.stages) if not math.isnan(a.minimum_detectable)]
    if not judged:
        return "No stage changes the rows that are trained on, so none can have changed a gap."
    could = in_unit(min(a.minimum_detectable for a in judged), metric)
    return f"No stage is shown to have closed or widened a gap between groups; one of {could} would have been seen at best."
