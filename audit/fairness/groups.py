"""Labels and predictions by sensitive group: disaggregated metrics, their differences, and what may be concluded.

Method. Per column and group: rows, base rate, selection rate, true and false positive rate, accuracy; with more than two
classes and no `positive`, base and selection rate one class against the rest, macro TPR and macro FPR. Summaries over
groups as fairlearn has them: largest minus smallest, smallest over largest; demographic parity on the selection rate,
equalised odds as the worse of TPR and FPR. Each group is compared with all others of its column: bootstrap percentile
interval over near-duplicate clusters, joined with Newcombe's, then one of four outcomes (`audit.fairness.outcome`).

Shapes: `(n,)` strings with nulls for labels, predictions and each column. Rows with a null label, prediction or group
are left out of that column and counted. Cost: see `audit.fairness.counts`; 1,000 draws over two classes and a few groups
take a fraction of a second at any number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audit.fairness.counts import Counts, Floats, Ints, metric_names, metrics
from audit.fairness.outcome import Comparison, Z, decide, newcombe, normal_p, rows_for_half_width

MOST_GROUPS = 50
MOST_CLASSES = 50


@dataclass(frozen=True)
class GroupMetric:
    """One metric of one group."""

    column: str
    group: str
    n: int
    metric: str
    value: float | None
    low: float | None
    high: float | None
    judged: bool
    """False when the group or the metric's denominator is below the minimum size."""


@dataclass(frozen=True)
class Spread:
    """How far the judged groups of a column lie apart in one metric."""

    column: str
    metric: str
    difference: float | None
    """Largest minus smallest."""
    ratio: float | None
    """Smallest over largest; None when the largest is 0."""
    left_out: int
    """Groups too small to take part: the numbers say nothing about them."""


@dataclass(frozen=True)
class FairnessAudit:
    """Everything that was measured and concluded."""

    n_rows: int
    positive: str | None
    delta: float
    alpha: float
    min_group_size: int
    n_boot: int
    groups: tuple[GroupMetric, ...]
    spreads: tuple[Spread, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and strings; the comparisons stand under `checks`."""
        out = asdict(self)
        out["checks"] = out.pop("comparisons")
        return {key: list(value) if isinstance(value, tuple) else value for key, value in out.items()}


def audit_groups(
    labels: Any,
    predictions: Any,
    groups: Mapping[str, Any],
    *,
    positive: str | None = None,
    clusters: npt.ArrayLike | None = None,
    n_boot: int = 1000,
    seed: int = 0,
    min_group_size: int = 30,
    delta: float = 0.05,
    alpha: float = 0.05,
) -> FairnessAudit:
    """Audit labels and `predictions` (None: labels only) by each column of `groups`.

    With two classes and no `positive`, the later one in sorted order counts as positive (`1`, `yes`, `true`). Raises
    ValueError when lengths differ, `positive` is no class, or a number is out of range.
    """
    if min_group_size < 2 or n_boot < 100 or not 0 < delta < 1 or not 0 < alpha < 1:
        raise ValueError("min_group_size >= 2, n_boot >= 100, 0 < delta < 1 and 0 < alpha < 1 are needed")
    label = _strings(labels)
    guess = label if predictions is None else _strings(predictions)
    n = len(label)
    wrong = [name for name, column in {"predictions": guess, **dict(groups)}.items() if len(column) != n]
    if wrong:
        raise ValueError(f"{wrong[0]} and labels differ in length")
    classes = sorted({v for v in (*label, *guess) if v is not None})
    if positive is not None and positive not in classes:
        raise ValueError("the positive class does not occur in labels or predictions")
    audit = _Audit(classes, positive, predictions is not None, n_boot, seed, min_group_size, delta)
    code = {name: i for i, name in enumerate(classes)}
    label_code = np.asarray([-1 if v is None else code[v] for v in label], np.int64)
    guess_code = np.asarray([-1 if v is None else code[v] for v in guess], np.int64)
    cluster = None if clusters is None else np.asarray(clusters, np.int64)
    if cluster is not None:
        cluster = np.where(cluster < 0, int(cluster.max(initial=0)) + 1 + np.arange(n), cluster)
    for name, column in groups.items():
        audit.column(name, np.asarray(_strings(column), dtype=object), label_code, guess_code, cluster)
    return FairnessAudit(
        n, audit.positive_name, delta, alpha, min_group_size, n_boot, tuple(audit.groups), tuple(audit.spreads),
        tuple(decide(audit.comparisons, delta, alpha)), tuple(audit.notes),
    )


def _strings(values: Any) -> list[str | None]:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = values.to_pylist()
    return [None if v is None or (isinstance(v, float) and math.isnan(v)) else str(v) for v in values]


class _Audit:
    def __init__(
        self, classes: list[str], positive: str | None, predicted: bool, n_boot: int, seed: int, fewest: int, delta: float
    ) -> None:
        if positive is None and len(classes) == 2:
            positive = classes[1]
        self.classes, self.positive_name, self.predicted = classes, positive, predicted
        self.positive = None if positive is None else classes.index(positive)
        self.n_boot, self.seed, self.fewest, self.delta = n_boot, seed, fewest, delta
        self.names = metric_names(len(classes), classes, self.positive, predicted)
        self.groups: list[GroupMetric] = []
        self.spreads: list[Spread] = []
        self.comparisons: list[Comparison] = []
        self.notes: list[str] = []

    def column(self, column: str, values: Any, label: Ints, guess: Ints, cluster: Ints | None) -> None:
        """Audit one sensitive column."""
        usable = (label >= 0) & (guess >= 0) & np.asarray([v is not None for v in values], bool)
        left_out = len(values) - int(usable.sum())
        if left_out:
            self.notes.append(f"{column}: {left_out} rows without group, label or prediction are not part of the audit")
        rows = np.flatnonzero(usable)
        names, code, size = np.unique(values[rows].astype(str), return_inverse=True, return_counts=True)
        if len(names) < 2:
            self._not_applicable(column, len(rows), "the column has fewer than two groups with labels")
            return
        if len(self.classes) < 2:
            self._not_applicable(column, len(rows), "all labels and predictions are the same class")
            return
        if len(self.classes) > MOST_CLASSES and self.positive is None:
            self._not_applicable(column, len(rows), "there are too many classes; name a positive class")
            return
        if len(names) > MOST_GROUPS:
            names, code, size = self._pooled(column, names, code, size)
            if len(names) < 2:
                self._not_applicable(column, len(rows), "no group of the column is large enough to compare")
                return
        k = len(self.classes)
        counts = Counts(code, label[rows], guess[rows], len(names), k, None if cluster is None else cluster[rows])
        observed = counts.observed()
        value, base = metrics(observed, k, self.positive, self.predicted)
        rest_value, rest_base = metrics(observed.sum(axis=0) - observed, k, self.positive, self.predicted)
        own, gap = [], []
        for block in counts.resampled(self.n_boot, self.seed):
            drawn, _ = metrics(block, k, self.positive, self.predicted)
            others, _ = metrics(block.sum(axis=1, keepdims=True) - block, k, self.positive, self.predicted)
            own.append(drawn)
            gap.append(drawn - others)
        draws, gaps = np.concatenate(own), np.concatenate(gap)
        judged = (base >= self.fewest) & (size[:, None] >= self.fewest) & ~np.isnan(value)
        # Two groups make one comparison, not two mirror images: the smaller against the larger.
        only = int(np.lexsort((np.arange(len(names)), size))[0]) if len(names) == 2 else None
        for g, name in enumerate(names.tolist()):
            for m, metric in enumerate(self.names):
                ok = bool(judged[g, m])
                low, high = _percentiles(draws[:, g, m]) if ok else (None, None)
                self.groups.append(
                    GroupMetric(column, name, int(size[g]), metric, _plain(value[g, m]), low, high, ok)
                )
                small = size[g] < self.fewest
                if only is None or only == g or small:
                    self._compare(column, name, int(size[g]), metric, value[g, m], base[g, m], rest_value[g, m],
                                  rest_base[g, m], gaps[:, g, m])
        self._spread(column, value, judged)

    def _pooled(self, column: str, names: Any, code: Ints, size: Ints) -> tuple[Any, Ints, Ints]:
        """Groups below the minimum size as one, so that ten thousand values do not become ten thousand lines."""
        large = size >= self.fewest
        order = np.flatnonzero(large)
        order = np.sort(order[np.argsort(-size[order], kind="stable")][: MOST_GROUPS - 1])
        pooled = len(names) - len(order)
        self.notes.append(
            f"{column}: {len(names)} groups; {pooled} of them are compared together, so nothing is known about each"
        )
        to = np.full(len(names), len(order), np.int64)
        to[order] = np.arange(len(order))
        code = to[code]
        self.comparisons.append(
            Comparison(column, f"({pooled} other groups, each by itself)", "all", int((code == len(order)).sum()),
                       "insufficient evidence", "the groups are too small or too many to be judged one by one",
                       rows_needed=self.fewest)
        )
        kept = [*names[order].tolist(), f"({pooled} other groups together)"]
        return np.asarray(kept), code, np.bincount(code, minlength=len(kept))

    def _compare(
        self,
        column: str,
        group: str,
        n: int,
        metric: str,
        value: float,
        base: float,
        rest: float,
        rest_base: float,
        gaps: Floats,
    ) -> None:
        values: dict[str, Any] = {"group_value": _plain(value), "rest_value": _plain(rest)}
        if n < self.fewest:
            needed = rows_for_half_width(rest if not math.isnan(rest) else 0.5, self.delta, self.fewest)
            note = "the group has fewer rows than the minimum size"
            self.comparisons.append(
                Comparison(column, group, metric, n, "insufficient evidence", note, rows_needed=needed, **values)
            )
            return
        if math.isnan(value) or math.isnan(rest):
            note = "the group, or all others together, has no row that the metric is defined on"
            self.comparisons.append(Comparison(column, group, metric, n, "not applicable", note, **values))
            return
        spread = gaps[~np.isnan(gaps)]
        error = float(spread.std()) if len(spread) else 0.0
        macro = metric.startswith("macro")
        if min(base, rest_base) < (2 if macro else self.fewest) or len(spread) < 0.9 * len(gaps) or (macro and error == 0):
            needed = rows_for_half_width(rest, self.delta, self.fewest)
            scarce = max(1.0, min(base, n) if math.isfinite(base) else float(n))
            note = "too few rows of the group or of the others are of the kind that the metric counts"
            self.comparisons.append(
                Comparison(column, group, metric, n, "insufficient evidence", note,
                           rows_needed=max(n + 1, math.ceil(n * needed / scarce)), **values)
            )
            return
        difference = float(value - rest)
        low, high = _percentiles(spread)
        assert low is not None
        assert high is not None
        p = normal_p(difference, error)
        if not macro:
            sure_low, sure_high = newcombe(value, base, rest, rest_base)
            low, high = min(low, float(sure_low)), max(high, float(sure_high))
            if error == 0:  # groups perfectly tied to labels: no draw differs, so the score interval must speak
                p = normal_p(difference, float(sure_high - sure_low) / (2 * Z))
        self.comparisons.append(
            Comparison(column, group, metric, n, "insufficient evidence", "", difference, low, high, p=p, **values)
        )

    def _spread(self, column: str, value: Floats, judged: npt.NDArray[np.bool_]) -> None:
        found: dict[str, Spread] = {}
        for m, metric in enumerate(self.names):
            known = value[judged[:, m], m]
            left_out = int((~judged[:, m]).sum())
            if len(known) < 2:
                found[metric] = Spread(column, metric, None, None, left_out)
                continue
            top, bottom = float(known.max()), float(known.min())
            found[metric] = Spread(column, metric, top - bottom, bottom / top if top > 0 else None, left_out)
        if "tpr" in found:
            odds = [found["tpr"], found["fpr"]]
            differences = [s.difference for s in odds if s.difference is not None]
            ratios = [s.ratio for s in odds if s.ratio is not None]
            both = len(differences) == 2
            found["demographic_parity"] = Spread(
                column, "demographic_parity", found["selection_rate"].difference, found["selection_rate"].ratio,
                found["selection_rate"].left_out,
            )
            found["equalised_odds"] = Spread(
                column, "equalised_odds", max(differences) if both else None, min(ratios) if len(ratios) == 2 else None,
                max(s.left_out for s in odds),
            )
        self.spreads.extend(found.values())

    def _not_applicable(self, column: str, n: int, note: str) -> None:
        self.comparisons.append(Comparison(column, "(all)", "all", n, "not applicable", note))


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _percentiles(draws: Floats) -> tuple[float | None, float | None]:
    known = draws[~np.isnan(draws)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
