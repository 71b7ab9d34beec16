"""From the runs of a matrix to what may be said of arms, stages, views and the leak.

Every statement is a weighted sum of arms' item scores on the same rows with the same seeds, so one estimate serves them
all: a comparison is +1 and −1, a Shapley value the sum over coalitions. See `interval`, `verdict`, `shapley`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from curate.words import plural, signed
from train.ablation.arms import CONTROL, CURATED, RAW
from train.ablation.design import Design
from train.ablation.evaluation import GIVEN, LEAK_FREE, LEAKED, SCRUBBED, Evaluation, View
from train.ablation.interval import LEVEL, Estimate, estimate
from train.ablation.matrix import Matrix
from train.ablation.result import Leak, ShapleyValue, StageResult, ViewResult
from train.ablation.shapley import MOST_EXACT, coefficients, sampling_error
from train.ablation.span import Span
from train.ablation.verdict import (
    Comparison,
    answers_one_class,
    by_cluster,
    compare,
    conclude,
    corrected,
    in_unit,
    unit_of,
)
from train.evaluate import HIGHER_IS_BETTER

_VIEW_TITLES = {
    GIVEN: "the split as given, leaks included",
    SCRUBBED: "held-out rows with their personal data replaced",
    "verified": "held-out rows whose label a person decided",
    "as_given": "held-out rows by their labels as given",
}


class Analysis:
    """Statements about the seeds that were trained, at one confidence level."""

    def __init__(self, matrix: Matrix, seeds: Sequence[int], metric: str, limit: float, level: float = LEVEL) -> None:
        self.matrix, self.seeds, self.metric, self.limit, self.level = matrix, tuple(seeds), metric, limit, level
        self.evaluation: Evaluation = matrix.reading
        self.higher = HIGHER_IS_BETTER.get(metric, True)
        self._views: dict[tuple[str, tuple[str, ...]], dict[str, View] | None] = {}

    def compare(self, a: str, b: str, view: str = LEAK_FREE) -> Comparison | None:
        """Arm `a` against arm `b` over the seeds that both finished; None where either is missing altogether."""
        found = self.read((a, b), view)
        if found is None:
            return None
        return compare(
            found[a].scores,
            found[b].scores,
            names=(a, b),
            metric=self.metric,
            higher_is_better=self.higher,
            weight=found[a].weight,
            clusters=found[a].clusters,
            equivalence=self.limit,
            level=self.level,
        )

    def read(self, arms: Sequence[str], view: str = LEAK_FREE) -> dict[str, View] | None:
        """The arms read in one view over the seeds that all of them finished; None where there are none."""
        key = (view, tuple(arms))
        if key not in self._views:
            self._views[key] = self._read(arms, view)
        return self._views[key]

    def _read(self, arms: Sequence[str], view: str) -> dict[str, View] | None:
        shared = [seed for seed in self.seeds if all(self.matrix.scores(arm, seed) is not None for arm in arms)]
        if not shared:
            return None
        names = self.matrix.shown() if view in self.evaluation.truths else None
        out: dict[str, View] = {}
        for arm in arms:
            runs = [run.by(self.metric) for seed in shared if (run := self.matrix.scores(arm, seed)) is not None]
            found = self.evaluation.view(view, runs, names, self.matrix.canonical)
            if found is None:
                return None
            out[arm] = found
        return out

    def learned(self, arms: Sequence[str]) -> bool:
        """Whether any model of these arms tells classes apart; True where none was asked to."""
        runs = [self.matrix.states.get((arm, seed), {}) for arm in arms for seed in self.seeds]
        return not all(answers_one_class(run) for run in runs)

    def stages(self, design: Design) -> tuple[StageResult, ...]:
        """The verdict on each stage: alone against raw and against its control, Holm-corrected over the stages."""
        alone = {q.stage: c for q in design.questions if (c := self.compare(q.alone, RAW)) is not None}
        controls = {q.stage: c for q in design.questions if (c := self.compare(q.alone, q.control)) is not None}
        alone = corrected(alone, self.higher, controls)
        out = []
        for q in design.questions:
            control, without = controls.get(q.stage), self.compare(CURATED, q.without)
            name = q.stage.replace("_", " ")
            verdict, words = conclude(
                alone.get(q.stage), control, f"The stage {name}", f"The stage {name} alone",
                learned=self.learned((q.alone, RAW)),
            )  # fmt: skip
            out.append(StageResult(q.stage, verdict, words, alone.get(q.stage), control, without))
        return tuple(out)

    def shapley(self, design: Design) -> tuple[ShapleyValue, ...]:
        """Each stage's part of the effect; empty where an arm is missing."""
        arms = list(dict.fromkeys(design.coalitions.values()))
        read = self.read(arms) if design.orders else None
        if read is None:
            return ()
        sign = 1.0 if self.higher else -1.0
        any_view = read[arms[0]]
        exact = len(design.orders[0]) <= MOST_EXACT
        out = []
        for player in sorted(design.orders[0]):
            weights = coefficients(player, design.orders)
            combined = sign * sum(  # float[S, n]
                (w * read[design.coalitions[c]].scores for c, w in weights.items()), np.zeros_like(any_view.scores)
            )
            sums, sizes = by_cluster(combined, any_view.weight, any_view.clusters)
            found = estimate(sums, sizes, level=self.level) if np.any(combined) else _NOTHING
            mean = {c: sign * float(np.average(read[a].scores.mean(axis=0), weights=read[a].weight))
                    for c, a in design.coalitions.items()}  # fmt: skip
            gains = [
                mean[frozenset(o[: o.index(player) + 1])] - mean[frozenset(o[: o.index(player)])] for o in design.orders
            ]
            more = sampling_error(gains, exact)
            widen = math.hypot(found.error, more) / found.error if found.error else 1.0
            ends = [found.mean + (end - found.mean) * widen for end in (found.low, found.high)]
            out.append(ShapleyValue(player, Span(found.mean, ends[0], ends[1]), exact, len(design.orders)))
        return tuple(out)

    def views(self, arms: Sequence[str]) -> tuple[ViewResult, ...]:
        """Arms and the main comparisons in each other view."""
        out = []
        for view in self.evaluation.views():
            means = {}
            rows = 0
            for arm in arms:
                found = self.read((arm,), view)
                if found is not None:
                    one = found[arm]
                    rows = len(one.rows)
                    means[arm] = float(np.average(one.scores.mean(axis=0), weights=one.weight))
            made = (self.compare(CURATED, other, view) for other in (RAW, CONTROL))
            kept = tuple(c for c in made if c is not None)
            out.append(ViewResult(view, _VIEW_TITLES[view], rows, means, kept))
        return tuple(out)

    def leak(self, arms: Sequence[str]) -> Leak | None:
        """What the leak does to each arm's score, and how much of that goes with having seen the rows."""
        leaked = int((self.evaluation.kind == LEAKED).sum())
        if not leaked:
            return None
        sign = 1.0 if self.higher else -1.0
        inflation: dict[str, Span] = {}
        for arm in arms:
            read = self.read((arm,), GIVEN)
            if read is not None:
                inflation[arm] = self._inflation(sign * read[arm].scores, read[arm])
        both = self.read((RAW, CURATED), GIVEN)
        seen = None
        if both is not None:
            difference = sign * (both[RAW].scores - both[CURATED].scores)
            seen = self._inflation(difference, both[RAW]) if np.any(difference) else None
        return Leak(leaked, inflation, seen, leak_words(leaked, inflation.get(RAW), seen, self.metric, self.level))

    def _inflation(self, scores: np.ndarray, view: View) -> Span:
        """Mean over the given split less mean over its leak-free part, of float[S, n] scores.

        With q the weight of leaked rows among all, it is Σ wᵢ uᵢ yᵢ with uᵢ = 1/W − 1/W₀ on leak-free rows and 1/W on
        leaked ones: linear in the rows, so the estimate is that of any difference.
        """
        leaked = np.isin(view.rows, self.evaluation.examples.ids[self.evaluation.kind == LEAKED])
        whole, clean = view.weight.sum(), view.weight[~leaked].sum()
        clean_mean = np.average(scores[:, ~leaked].mean(axis=0), weights=view.weight[~leaked])
        # Centred on the leak-free mean, so that a row's influence is how far it lies from that, not how large it is.
        factor = np.where(leaked, 1 / whole, 1 / whole - 1 / clean) * whole
        sums, sizes = by_cluster((scores - clean_mean) * factor, view.weight, view.clusters)
        found = estimate(sums, sizes, level=self.level)
        return Span(found.mean, found.low, found.high)


def leak_words(rows: int, raw: Span | None, seen: Span | None, metric: str, level: float) -> str:
    """What so many leaked rows do to raw data's score, and what of that goes with having seen them; nothing is made of an
    interval that holds zero."""
    factor, unit, digits = unit_of(metric)

    def ends(span: Span) -> str:
        return f"{100 * level:.4g}% interval " + " to ".join(signed(factor * end, digits) for end in (span.low, span.high))

    belong, were = ("belongs", "was") if rows == 1 else ("belong", "were")
    said = f"{plural(rows, 'evaluation row')} of the given split {belong} with training rows and {were} set aside."
    if raw is None:
        return said
    if raw.low <= 0 <= raw.high:
        return f"{said} Whether counting them flatters raw data is not shown ({ends(raw)}{unit})."
    side = "better" if raw.value > 0 else "worse"
    said += f" Counting them makes raw data look {in_unit(abs(raw.value), metric)} ({ends(raw)}) {side} than it is."
    if raw.value < 0 or seen is None:
        return said
    if seen.low <= 0:
        return f"{said} How much of that goes with having seen them is not shown ({ends(seen)}{unit})."
    told = f"{in_unit(seen.value, metric)} ({ends(seen)})"
    # More than all of it, where the leaked rows are harder than the others.
    part = f"Of that, {told} goes with having seen them" if seen.value <= raw.value else f"Having seen them is worth {told}"
    return f"{said} {part}: it is gone once curated data drops the leaks."


_NOTHING = Estimate(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0)


def noise_floor(spreads: Sequence[float | None]) -> float | None:
    """Two runs that differ in the seed alone lie within this of each other 19 times in 20; pooled over arms."""
    known = [s for s in spreads if s is not None]
    if not known:
        return None
    return float(1.96 * math.sqrt(2 * sum(s * s for s in known) / len(known)))
