"""Labels and predictions by sensitive group: disaggregated metrics, their differences, and what may be concluded.

Method. Per column, intersection and group: the metrics of `audit.fairness.metrics`, one class against the rest where there
are more than two and no `positive`. Summaries over groups as fairlearn has them: largest minus smallest, smallest over
largest; demographic parity on the selection rate, equal opportunity on the TPR, equalised odds as the worse of TPR and
FPR; the four-fifths rule on the selection rate. Each group is compared with all others of its column: bootstrap percentile
interval over near-duplicate clusters, joined with Newcombe's, then one of four outcomes (`audit.fairness.outcome`).

Shapes: `(n,)` values with nulls for labels, predictions and each column. Rows with a null label, prediction or group
are left out of that column and counted. With weights, values are weighted, and sizes are judged by Kish's effective rows.
Cost: see `audit.fairness.counts`; 1,000,000 rows, three columns with their intersections and 1,000 draws take seconds,
nearly all of it turning values into codes. The largest minus the smallest of many groups is above zero by chance alone:
conclusions are drawn from the comparisons, not from spreads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.fairness.calibration import calibration
from audit.fairness.counts import Confusion, Floats
from audit.fairness.encode import JOIN, Grouping, Ints, codes_of, groupings, together
from audit.fairness.metrics import CALIBRATION, is_proportion, metric_names, metrics
from audit.fairness.outcome import (
    Comparison,
    FourFifths,
    decide,
    four_fifths,
    least_detectable,
    newcombe,
    normal_p,
    rows_for_difference,
)
from audit.fairness.result import FairnessAudit, GroupMetric, Spread
from audit.fairness.spread import log_ratio, quantiles, spreads
from curate.statistics import Z, wilson

MOST_CLASSES = 50


def audit_groups(
    labels: Any,
    predictions: Any,
    groups: Mapping[str, Any],
    *,
    positive: str | None = None,
    scores: Any = None,
    weights: Any = None,
    clusters: npt.ArrayLike | None = None,
    intersections: int = 1,
    n_boot: int = 1000,
    seed: int = 0,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> FairnessAudit:
    """Audit labels and `predictions` (None: labels only) by each column of `groups`.

    `scores`: probability of the positive class, or with more classes of the predicted one. `intersections`: how many
    columns are crossed at most. With two classes and no `positive`, the later one in sorted order counts as positive
    (`1`, `yes`, `true`). Raises ValueError when lengths differ, `positive` is no class, or a number is out of range.
    """
    if min_group_size < 2 or n_boot < 100 or not 0 < delta < 1 or not 0 < alpha < 1 or intersections < 1:
        raise ValueError("min_group_size >= 2, n_boot >= 100, 0 < delta, alpha < 1 and intersections >= 1 are needed")
    (label, guess), classes = _classes(labels, predictions)
    n = len(label)
    wrong = [name for name, column in dict(groups).items() if len(column) != n]
    if wrong or len(guess) != n:
        raise ValueError(f"{wrong[0] if wrong else 'predictions'} and labels differ in length")
    if positive is not None and positive not in classes:
        raise ValueError("the positive class does not occur in labels or predictions")
    cluster = None if clusters is None else np.asarray(clusters, np.int64)
    if cluster is not None:
        cluster = np.where(cluster < 0, int(cluster.max(initial=0)) + 1 + np.arange(n), cluster)
        cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int64).ravel()
    audit = _Audit(
        classes, positive, predictions is not None, n_boot, seed, min_group_size, delta, alpha,
        label, guess, cluster, _numbers(scores, n, "scores"), _numbers(weights, n, "weights"),
    )  # fmt: skip
    if audit.weight is not None and (audit.weight < 0).any():
        raise ValueError("weights must not be negative")
    for grouping in groupings(groups, min_group_size, intersections):
        audit.column(grouping)
    return FairnessAudit(
        n, audit.positive_name, delta, alpha, min_group_size, n_boot, tuple(audit.groups), tuple(audit.spreads),
        tuple(decide(audit.comparisons, delta, alpha)), tuple(four_fifths(audit.fifths, audit.fifth_errors, alpha)),
        tuple(audit.notes),
    )  # fmt: skip


def _classes(labels: Any, predictions: Any) -> tuple[list[Ints], list[str]]:
    if predictions is None:
        code, names = codes_of(labels)
        return [code, code], names
    return together([labels, predictions])


def _numbers(values: Any, n: int, what: str) -> Floats | None:
    if values is None:
        return None
    if hasattr(values, "to_pylist"):
        values = values.to_pylist()
    out = np.asarray([math.nan if v is None else v for v in values], np.float64) if isinstance(values, list) else (
        np.asarray(values, np.float64)
    )  # fmt: skip
    if len(out) != n:
        raise ValueError(f"{what} and labels differ in length")
    return out


class _Audit:
    def __init__(
        self, classes: list[str], positive: str | None, predicted: bool, n_boot: int, seed: int, fewest: int, delta: float,
        alpha: float, label: Ints, guess: Ints, cluster: Ints | None, score: Floats | None, weight: Floats | None,
    ) -> None:  # fmt: skip
        if positive is None and len(classes) == 2:
            positive = classes[1]
        self.classes, self.positive_name, self.predicted = classes, positive, predicted
        self.positive = None if positive is None else classes.index(positive)
        self.n_boot, self.seed, self.fewest, self.delta, self.alpha = n_boot, seed, fewest, delta, alpha
        self.label, self.guess, self.cluster, self.score, self.weight = label, guess, cluster, score, weight
        self.usable = (label >= 0) & (guess >= 0)
        if weight is not None:
            self.usable &= ~np.isnan(weight)
        self.names = metric_names(classes, self.positive, predicted)
        self.groups: list[GroupMetric] = []
        self.spreads: list[Spread] = []
        self.comparisons: list[Comparison] = []
        self.fifths: list[FourFifths] = []
        self.fifth_errors: list[float | None] = []
        self.notes: list[str] = []

    def column(self, grouping: Grouping) -> None:
        """Audit one sensitive column, or one intersection of several."""
        self.notes.extend(grouping.notes)
        column = grouping.name
        if not grouping.groups and JOIN in column and grouping.notes:
            return  # an intersection that says no more than one of its columns
        rows = np.flatnonzero(self.usable & (grouping.code >= 0))
        if len(self.label) - len(rows) and JOIN not in column:
            left_out = len(self.label) - len(rows)
            self.notes.append(
                f"{column}: {left_out:,} rows without group, label, prediction or weight are not part of the audit"
            )
        present, code = np.unique(grouping.code[rows], return_inverse=True)
        names = [grouping.groups[g] for g in present.tolist()]
        if len(names) < 2:
            few = "no group of the column is large enough to compare" if grouping.unknown else (
                "the column has fewer than two groups with labels")  # fmt: skip
            self._unknown_groups(grouping, len(rows))
            self._not_applicable(column, len(rows), few)
            return
        if len(self.classes) < 2:
            self._not_applicable(column, len(rows), "all labels and predictions are the same class")
            return
        if len(self.classes) > MOST_CLASSES and self.positive is None:
            self._not_applicable(column, len(rows), "there are too many classes; name a positive class")
            return
        weight = None if self.weight is None else self.weight[rows]
        if weight is not None and not weight.sum() > 0:
            self._not_applicable(column, len(rows), "the weights of its rows sum to zero")
            return
        self._unknown_groups(grouping, int((code == len(names) - 1).sum()))
        cluster = None if self.cluster is None else self.cluster[rows]
        self._judge(column, names, rows, code.astype(np.int64).ravel(), cluster, weight)

    def _judge(
        self, column: str, names: list[str], rows: Ints, code: Ints, cluster: Ints | None, weight: Floats | None
    ) -> None:
        k, size = len(self.classes), np.bincount(code, minlength=len(names))
        counts = Confusion(code, self.label[rows], self.guess[rows], len(names), k, cluster, weight)
        observed = counts.observed()
        value, _ = metrics(observed, k, self.positive, self.predicted)
        rest_value, _ = metrics(observed.sum(axis=0) - observed, k, self.positive, self.predicted)
        if weight is None:
            size_of, size_of_rest = observed, observed.sum(axis=0) - observed
        else:
            size_of, size_of_rest = counts.effective()
        base, rest_base = (metrics(s, k, self.positive, self.predicted)[1] for s in (size_of, size_of_rest))
        own, gap = [], []
        for block in counts.resampled(self.n_boot, self.seed):
            drawn, _ = metrics(block, k, self.positive, self.predicted)
            others, _ = metrics(block.sum(axis=1, keepdims=True) - block, k, self.positive, self.predicted)
            own.append(drawn)
            gap.append(drawn - others)
        draws, gaps, metric_list = np.concatenate(own), np.concatenate(gap), list(self.names)
        if self.score is not None:
            told = calibration(self, rows, code, len(names), cluster)
            value, rest_value = np.hstack([value, told.value]), np.hstack([rest_value, told.rest])
            base, rest_base = np.hstack([base, told.base]), np.hstack([rest_base, told.rest_base])
            draws, gaps = np.concatenate([draws, told.draws], axis=2), np.concatenate([gaps, told.gaps], axis=2)
            metric_list.append(CALIBRATION)
        judged = (base >= self.fewest) & (size[:, None] >= self.fewest) & ~np.isnan(value)
        low, high = quantiles(draws)
        gap_low, gap_high = quantiles(gaps)
        known = (~np.isnan(gaps)).sum(axis=0)
        error = _deviation(gaps, known)
        # Two groups make one comparison, not two mirror images: the smaller against the larger.
        only = int(np.lexsort((np.arange(len(names)), size))[0]) if len(names) == 2 else None
        for g, name in enumerate(names):
            for m, metric in enumerate(metric_list):
                ok, v = bool(judged[g, m]), float(value[g, m])
                ends: tuple[float | None, float | None] = (None, None)
                if ok:
                    ends = (float(low[g, m]), float(high[g, m]))
                    if ends[0] == ends[1] and is_proportion(metric):  # no draw differs: the score interval must speak
                        ends = wilson(v * base[g, m], base[g, m])
                self.groups.append(GroupMetric(column, name, int(size[g]), metric, _plain(v), *ends, ok))
                if only is None or only == g or size[g] < self.fewest:
                    self._compare(
                        Comparison(
                            column, name, metric, int(size[g]), "insufficient evidence", "",
                            low=float(gap_low[g, m]), high=float(gap_high[g, m]), group_value=_plain(v),
                            rest_value=_plain(rest_value[g, m]), error=float(error[g, m]),
                        ),
                        float(base[g, m]), float(rest_base[g, m]), int(known[g, m]),
                    )  # fmt: skip
        self.spreads.extend(spreads(column, metric_list, value, judged, draws))
        for metric in metric_list:
            if metric.startswith("selection_rate"):
                self._fifths(column, names, size, metric, metric_list.index(metric), value, judged, draws)

    def _compare(self, c: Comparison, base: float, rest_base: float, draws: int) -> None:
        """Give a comparison its difference and p-value, or the reason why it has none."""
        fields = {**c.__dict__, "low": None, "high": None, "error": None}
        value, rest = c.group_value, c.rest_value
        p = rest if rest is not None and is_proportion(c.metric) else 0.5
        needed = rows_for_difference(p, self.delta, self.fewest)
        seen = least_detectable(p, base, rest_base, self.alpha)
        if c.n < self.fewest:
            note = "the group has fewer rows than the minimum size"
            self.comparisons.append(Comparison(**{**fields, "rows_needed": needed, "detectable": seen, "note": note}))
            return
        if value is None or rest is None:
            note = "the group, or all others together, has no row that the metric is defined on"
            if self.weight is not None:
                note += ", or their weights sum to zero"
            self.comparisons.append(Comparison(**{**fields, "outcome": "not applicable", "note": note}))
            return
        error = c.error or 0.0
        proportion = is_proportion(c.metric)
        few = min(base, rest_base) < (self.fewest if proportion else 2)
        if few or draws < 0.9 * self.n_boot or (not proportion and error == 0):
            scarce = max(1.0, min(base, c.n) if math.isfinite(base) else float(c.n))
            note = "too few rows of the group or of the others are of the kind that the metric counts"
            self.comparisons.append(Comparison(**{
                **fields, "note": note, "rows_needed": max(c.n + 1, math.ceil(c.n * needed / scarce)), "detectable": seen,
            }))  # fmt: skip
            return
        difference, low, high = value - rest, c.low or 0.0, c.high or 0.0
        chance = normal_p(difference, error)
        if proportion:
            sure_low, sure_high = newcombe(value, base, rest, rest_base)
            low, high = min(low, float(sure_low)), max(high, float(sure_high))
            if error == 0:  # groups perfectly tied to labels: no draw differs, so the score interval must speak
                error = float(sure_high - sure_low) / (2 * Z)
                chance = normal_p(difference, error)
        low, high = min(low, difference), max(high, difference)
        ratio = value / rest if rest > 0 and c.metric != CALIBRATION else None
        self.comparisons.append(Comparison(**{
            **fields, "value": difference, "low": low, "high": high, "p": chance, "error": error, "ratio": ratio,
        }))  # fmt: skip

    def _fifths(
        self, column: str, names: list[str], size: Ints, metric: str, m: int, value: Floats, judged: Any, draws: Floats
    ) -> None:
        """Each group's selection rate over that of the most selected group that is large enough."""
        able = np.flatnonzero(judged[:, m])
        best = int(able[np.argmax(value[able, m])]) if len(able) else -1
        for g, name in enumerate(names):
            if g == best:
                continue
            ratio = error = low = high = None
            if best >= 0 and value[best, m] > 0 and judged[g, m]:
                ratio = float(value[g, m] / value[best, m])
                low, high, error = log_ratio(draws[:, g, m], draws[:, best, m])
            reference = names[best] if best >= 0 else ""
            self.fifths.append(FourFifths(
                column, name, metric, int(size[g]), reference, ratio, low, high, "insufficient evidence"
            ))  # fmt: skip
            self.fifth_errors.append(error)

    def _unknown_groups(self, grouping: Grouping, n: int) -> None:
        if grouping.unknown:
            self.comparisons.append(
                Comparison(grouping.name, f"({grouping.unknown:,} other groups, each by itself)", "all", n,
                           "insufficient evidence", "the groups are too small or too many to be judged one by one",
                           rows_needed=self.fewest)
            )  # fmt: skip

    def _not_applicable(self, column: str, n: int, note: str) -> None:
        self.comparisons.append(Comparison(column, "(all)", "all", n, "not applicable", note))


def _deviation(draws: Floats, known: npt.NDArray[np.int64]) -> Floats:
    """Standard deviation over known draws; 0 where there are fewer than two."""
    valid = ~np.isnan(draws)
    filled = np.where(valid, draws, 0.0)
    count = np.maximum(known, 1)
    mean = filled.sum(axis=0) / count
    return np.asarray(np.sqrt((np.where(valid, draws - mean, 0.0) ** 2).sum(axis=0) / count))


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
