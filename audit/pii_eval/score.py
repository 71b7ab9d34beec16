"""Precision, recall and F1 by type, strict and by overlap, with intervals.

Precision counts predictions, recall counts gold spans; by overlap the two counts of "right" may differ, so F1 is taken
of the two rates. Intervals: Wilson's for P and R (spans are taken as independent, which flatters sets made of few
templates), and for F1 the percentiles of a bootstrap that draws whole documents (Efron 1979), 1,000 draws, fixed seed.
`all` counts every scored type; `any_type` asks only whether a gold span was covered at all: for scrubbing, a phone
masked as a tax number is masked. O(spans) for the counts, O(draws x documents) for the bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.pii_eval.gold import Gold, GoldSpan
from audit.pii_eval.typemap import TypeMap
from curate.statistics import wilson

Prediction = GoldSpan
"""A predicted span: row, start, end and one of our types."""
DRAWS = 1000
_SEED = 20260
Interval = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """A share with its interval; no value without cases."""

    right: int
    """Cases that were right."""
    cases: int
    """All cases."""

    @property
    def value(self) -> float | None:
        """The share, or None without cases."""
        return self.right / self.cases if self.cases else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95% interval, or None without cases."""
        return wilson(self.right, self.cases) if self.cases else None


@dataclass(frozen=True)
class Measure:
    """Precision, recall and F1 under one way of matching."""

    precision: Rate
    recall: Rate
    f1: float | None
    """Harmonic mean; None without gold spans or without predictions and gold spans."""
    f1_interval: Interval | None
    """95% of a bootstrap over documents."""


@dataclass(frozen=True)
class Line:
    """One type, or all of them."""

    type: str
    strict: Measure
    overlap: Measure


@dataclass(frozen=True)
class Evaluation:
    """A scored gold set."""

    format: str
    texts: int
    documents: int
    lines: tuple[Line, ...]
    """One a type, then `all`."""
    any_type: Measure
    """By overlap, whatever the type."""
    apart: dict[str, int]
    """Predictions of types that the gold set does not mark: counted here, nowhere else."""
    types: TypeMap
    gold_types: dict[str, int]


def score(gold: Gold, found: Sequence[Prediction], types: TypeMap, draws: int = DRAWS) -> Evaluation:
    """The table for predictions of our types against a gold set."""
    truth = [s for s in gold.spans if s.type in types.scored]
    kept = [s for s in found if types.line_of(s.type)]
    marks = Matches.of(truth, kept, types)
    documents = np.array(gold.documents, dtype=np.int64)
    counts = _Counts(documents, truth, kept, types, marks, draws)
    apart: dict[str, int] = {}
    for s in found:
        if types.line_of(s.type) is None:
            apart[s.type] = apart.get(s.type, 0) + 1
    lines = [Line(kind, counts.measure(kind, "strict"), counts.measure(kind, "overlap")) for kind in types.lines()]
    whole = Line("all", counts.measure(None, "strict"), counts.measure(None, "overlap"))
    return Evaluation(
        format=gold.format,
        texts=len(gold.texts),
        documents=len(set(gold.documents)),
        lines=(*lines, whole),
        any_type=counts.measure(None, "any_type"),
        apart=dict(sorted(apart.items())),
        types=types,
        gold_types=gold.types(),
    )


@dataclass(frozen=True)
class Matches:
    """For each gold span and each prediction, whether the other side holds its partner; by way of matching."""

    gold: dict[str, npt.NDArray[np.bool_]]
    found: dict[str, npt.NDArray[np.bool_]]

    @classmethod
    def of(cls, truth: Sequence[GoldSpan], found: Sequence[Prediction], types: TypeMap) -> Matches:
        """Match by equal ends, by a shared character, and by a shared character whatever the type."""
        ways = ("strict", "overlap", "any_type")
        gold = {way: np.zeros(len(truth), np.bool_) for way in ways}
        predicted = {way: np.zeros(len(found), np.bool_) for way in ways}
        by_row: dict[int, list[int]] = {}
        for n, s in enumerate(found):
            by_row.setdefault(s.row, []).append(n)
        for g, t in enumerate(truth):
            accepted = types.accepts[t.type]
            for n in by_row.get(t.row, ()):
                s = found[n]
                if s.start >= t.end or t.start >= s.end:
                    continue
                gold["any_type"][g] = predicted["any_type"][n] = True
                if s.type not in accepted:
                    continue
                gold["overlap"][g] = predicted["overlap"][n] = True
                if (s.start, s.end) == (t.start, t.end):
                    gold["strict"][g] = predicted["strict"][n] = True
        return cls(gold, predicted)


class _Counts:
    """Counts by document, from which every line and every bootstrap draw is a weighted sum."""

    def __init__(
        self,
        documents: npt.NDArray[np.int64],
        truth: Sequence[GoldSpan],
        found: Sequence[Prediction],
        types: TypeMap,
        marks: Matches,
        draws: int,
    ) -> None:
        _, self.place = np.unique(documents, return_inverse=True)
        self.size = int(self.place.max()) + 1 if len(self.place) else 0
        self.marks, self.draws = marks, draws
        self.gold_at = self.place[[s.row for s in truth]] if truth else np.zeros(0, np.int64)
        self.found_at = self.place[[s.row for s in found]] if found else np.zeros(0, np.int64)
        self.gold_line = np.array([types.scored[s.type] for s in truth], dtype=object)
        self.found_line = np.array([types.line_of(s.type) for s in found], dtype=object)

    def measure(self, kind: str | None, way: str) -> Measure:
        gold = np.ones(len(self.gold_line), np.bool_) if kind is None else self.gold_line == kind
        found = np.ones(len(self.found_line), np.bool_) if kind is None else self.found_line == kind
        by_document = np.stack([
            self._sum(self.gold_at[gold]), self._sum(self.gold_at[gold & self.marks.gold[way]]),
            self._sum(self.found_at[found]), self._sum(self.found_at[found & self.marks.found[way]]),
        ])  # fmt: skip
        cases, hit, said, right = (int(n) for n in by_document.sum(axis=1))
        f1 = float(_f1(*by_document.sum(axis=1, keepdims=True))[0]) if cases else None
        precision, recall, ends = Rate(right, said), Rate(hit, cases), self._interval(by_document)
        if ends is not None and ends[0] == ends[1] and precision.interval and recall.interval:
            # No draw differs, which a handful of spans can do by chance: what precision and recall leave open speaks.
            ends = min(ends[0], _mean(precision.interval[0], recall.interval[0])), max(
                ends[1], _mean(precision.interval[1], recall.interval[1])
            )
        return Measure(precision, recall, f1, ends)

    def _sum(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.bincount(places, minlength=self.size)

    def _interval(self, by_document: npt.NDArray[np.int64]) -> Interval | None:
        """Percentiles over draws of documents; documents without spans of the type change nothing and are left out
        by drawing their number first."""
        busy = by_document.any(axis=0)
        some, whole = by_document[:, busy], by_document.shape[1]
        if not busy.any() or not by_document[0].any() or whole < 2:
            return None
        rng = np.random.default_rng(_SEED)
        how_many = rng.binomial(whole, some.shape[1] / whole, self.draws)
        values = []
        for n in how_many.tolist():
            weights = np.bincount(rng.integers(0, some.shape[1], n), minlength=some.shape[1])
            drawn = some @ weights
            if drawn[0]:
                values.append(float(_f1(*drawn[:, None])[0]))
        if len(values) < self.draws // 2:
            return None
        low, high = np.percentile(values, [2.5, 97.5])
        return float(low), float(high)


def _mean(p: float, r: float) -> float:
    """The harmonic mean."""
    return 2 * p * r / (p + r) if p + r > 0 else 0.0


def _f1(
    cases: npt.NDArray[np.int64], hit: npt.NDArray[np.int64], said: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    p = right / np.maximum(said, 1)
    r = hit / np.maximum(cases, 1)
    both: npt.NDArray[np.float64] = np.where(p + r > 0, 2 * p * r / np.maximum(p + r, 1e-12), 0.0)
    return both
