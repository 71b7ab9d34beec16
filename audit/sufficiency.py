"""Is there enough data: rows of each class, balance, and what twice as many rows would bring.

Methods. Counts are given as rows and as distinct contents (near-duplicate clusters): copies teach nothing new. Balance is
the exponential of the entropy of the labels, the number of equally large classes that would be as varied (Hill, 1973).

The learning curve splits the rows into m parts at random (whole clusters, classes spread evenly), predicts every row of
a part out of fold from that part alone, and so measures the accuracy at n / m rows on *all* rows; the cost of one size is
the cost of one pass, whatever m. Errors are fitted by the power law a + b * n^-c (Hestness et al., 2017), a, b >= 0,
0.05 <= c <= 2, weighted by the variance of each point. Intervals are percentiles over draws of whole clusters, the same
draw for all sizes; each draw is fitted with a free asymptote and with none (a = 0), and the interval holds both, because
a few sizes cannot tell the two apart. The same procedure, shown only the sizes below the full one, predicts the full one:
that prediction stands beside what was measured, so that a reader sees how far to trust the next doubling.

Shapes: n label codes, group ids, texts; at most six sizes. Cost: about six times `out_of_sample_probabilities`, and
`MOST_ROWS` rows at most. Deterministic for a seed. It speaks of the quick model used here, not of a fine-tuned one, and of
labels as given: wrong labels lower the whole curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.labels.features import Texts
from curate.labels.folds import grouped_stratified_folds
from curate.labels.probabilities import ensemble_probabilities, likeliest_smoothing, one_hot, prepare

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_ROWS = 50_000
"""Rows that a learning curve looks at."""
FEWEST_ROWS_A_PART, FEWEST_ROWS_A_CLASS = 60, 4
FEWEST_SIZES = 4
"""A curve of three parameters is not fitted to fewer points."""
DRAWS = 400
_PARTS = (32, 16, 8, 4, 2, 1)
_EXPONENTS = np.linspace(0.05, 2.0, 40)
_FOLDS = 5


@dataclass(frozen=True)
class ClassSize:
    """Rows of one class."""

    label: str
    rows: int
    distinct: int
    """Clusters of near-duplicates among them, a row outside any cluster counting as one."""


@dataclass(frozen=True)
class Sizes:
    """How many rows there are of what."""

    rows: int
    distinct: int
    classes: tuple[ClassSize, ...]
    """Smallest first."""
    imbalance: float
    """Distinct contents of the largest class over those of the smallest."""
    effective_classes: float
    """Equally large classes that would be as varied."""


@dataclass(frozen=True)
class Point:
    """Accuracy of a quick model trained on `rows` rows, with a 95% interval."""

    rows: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """A learning curve; `points` with rising rows."""

    points: tuple[Point, ...]
    doubled: Point | None
    """What twice the rows would bring, or None where the sizes are too few to say."""
    gain: tuple[float, float, float] | None
    """Accuracy at twice the rows less that at all rows, with its interval."""
    backtest: Point | None
    """What the smaller sizes predicted for all rows: to be compared with the last of `points`."""
    why_missing: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def sizes_of(codes: Ints, names: list[str], groups: Ints) -> Sizes:
    """Counts by class. `codes` are positions in `names`; `groups` near-duplicate clusters."""
    pairs = np.unique(np.column_stack([codes, groups]), axis=0)
    rows = np.bincount(codes, minlength=len(names))
    distinct = np.bincount(pairs[:, 0], minlength=len(names))
    present = np.flatnonzero(rows)
    order = present[np.lexsort((present, distinct[present]))]
    share = distinct[present] / max(1, distinct.sum())
    return Sizes(
        rows=len(codes),
        distinct=len(np.unique(groups)),
        classes=tuple(ClassSize(names[c], int(rows[c]), int(distinct[c])) for c in order.tolist()),
        imbalance=round(float(distinct[present].max() / distinct[present].min()), 2) if len(present) else 1.0,
        effective_classes=round(float(np.exp(-(share * np.log(share)).sum())), 2) if len(present) else 0.0,
    )


def learning_curve(
    texts: Texts,
    codes: Ints,
    groups: Ints,
    n_classes: int,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Curve:
    """Accuracy by number of training rows, and what twice as many would bring."""
    n = len(codes)
    fewest = max(FEWEST_ROWS_A_PART, FEWEST_ROWS_A_CLASS * n_classes)
    n_groups = len(np.unique(groups))
    parts = [m for m in _PARTS if n // m >= fewest and n_groups // m >= 2 * _FOLDS]
    if len(parts) < FEWEST_SIZES:
        needed = f"a curve of {FEWEST_SIZES} sizes needs {fewest * 8:,} rows, {16 * _FOLDS} of them distinct"
        return Curve((), None, None, None, f"{needed}; there are {n:,}, {n_groups:,} of them distinct")
    right = np.empty((len(parts), n), bool)
    features = prepare(texts, codes, groups, n_classes, seed, threads)[0].weighted
    targets = one_hot(codes, n_classes)
    alpha = likeliest_smoothing(features, targets, grouped_stratified_folds(codes, groups, _FOLDS, seed))
    for i, m in enumerate(parts):
        part = grouped_stratified_folds(codes, groups, m, seed + 1) if m > 1 else np.zeros(n, np.int8)
        for p in range(m):
            rows = np.flatnonzero(part == p)
            folds = grouped_stratified_folds(codes[rows], groups[rows], _FOLDS, seed)
            found = ensemble_probabilities(
                features[rows], targets[rows], folds, seed=seed, threads=threads, alpha=alpha
            )
            right[i, rows] = found.argmax(axis=1) == codes[rows]
        progress(i + 1, len(parts))
    size = np.array([round(n / m * (_FOLDS - 1) / _FOLDS) for m in parts])
    return _curve(size.astype(np.float64), right, groups, seed)


def _curve(size: Floats, right: npt.NDArray[np.bool_], groups: Ints, seed: int) -> Curve:
    """The curve through what was right at each size, with intervals over draws of whole groups."""
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1
    hits = np.stack([np.bincount(group, weights=row, minlength=n_groups) for row in right])
    members = np.bincount(group, minlength=n_groups).astype(np.float64)
    rng = np.random.default_rng(seed)
    draws = np.empty((DRAWS, len(size)))
    for i in range(DRAWS):
        times = np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups).astype(np.float64)
        draws[i] = hits @ times / (members @ times)
    accuracy = right.mean(axis=1)
    spread = np.maximum(draws.std(axis=0), 1e-4)
    low, high = np.percentile(draws, (2.5, 97.5), axis=0)
    points = tuple(
        Point(int(s), *(round(float(x), 4) for x in (a, lo, hi))) for s, a, lo, hi in zip(size, accuracy, low, high)
    )
    doubled, at_double = _predicted(size, accuracy, draws, spread, 2 * size[-1])
    gains = at_double - np.concatenate([draws[:, -1], draws[:, -1]])
    gain = doubled.accuracy - float(accuracy[-1])
    bounds = np.percentile(gains, (2.5, 97.5))
    backtest, _ = _predicted(size[:-1], accuracy[:-1], draws[:, :-1], spread[:-1], size[-1])
    return Curve(
        points, doubled, (round(gain, 4), round(float(min(bounds[0], gain)), 4), round(float(max(bounds[1], gain)), 4)),
        backtest,
    )


def _predicted(size: Floats, accuracy: Floats, draws: Floats, spread: Floats, at: float) -> tuple[Point, Floats]:
    """The accuracy expected at `at` rows: the mean of both forms, and all draws under either."""
    forms = [
        1.0 - power_law(size, 1.0 - np.vstack([accuracy, draws]), spread, at, asymptote=free) for free in (True, False)
    ]
    both = np.concatenate([form[1:] for form in forms])
    middle = float(np.mean([form[0] for form in forms]))
    low, high = np.percentile(both, (2.5, 97.5))
    point = Point(int(at), round(middle, 4), round(float(min(low, middle)), 4), round(float(max(high, middle)), 4))
    return point, both


def power_law(size: Floats, error: Floats, spread: Floats, at: float, *, asymptote: bool) -> Floats:
    """Errors at `at` by a + b * n^-c fitted to each row of `error` `(draws, sizes)`; without `asymptote` a is 0."""
    weight = 1.0 / spread**2
    best = np.full(len(error), np.inf)
    out = np.zeros(len(error))
    for c in _EXPONENTS:
        x, there = (size / size[-1]) ** -c, (at / size[-1]) ** -c
        if asymptote:
            mean_x, mean_y = (weight * x).sum() / weight.sum(), (error * weight).sum(axis=1) / weight.sum()
            b = ((error - mean_y[:, None]) * (x - mean_x) * weight).sum(axis=1) / (weight * (x - mean_x) ** 2).sum()
            b = np.maximum(b, 0.0)  # more rows do not hurt; a flat curve is its mean
            a = mean_y - b * mean_x
            below = a < 0
            a = np.where(below, 0.0, a)
            b = np.where(below, (error * x * weight).sum(axis=1) / (weight * x * x).sum(), b)
        else:
            a, b = np.zeros(len(error)), np.maximum((error * x * weight).sum(axis=1) / (weight * x * x).sum(), 0.0)
        loss = (weight * (error - a[:, None] - b[:, None] * x) ** 2).sum(axis=1)
        better = loss < best
        best = np.where(better, loss, best)
        out = np.where(better, a + b * there, out)
    return out
