"""The same numbers by fairlearn, in every audit.

This package counts once and derives everything from the counts, so that a thousand bootstrap draws cost little.
fairlearn's `MetricFrame` with scikit-learn's metrics is the reference for the point estimates: `largest_difference`
computes them by it and says how far the two lie apart (rounding only, about 1e-16). It is given one line for each distinct
(label, prediction) of a group with the number of rows as sample weight, which is the same sum, so it costs milliseconds
at any number of rows. Calibration has no counterpart there; of many classes the first four are compared.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from audit.fairness.encode import groupings, together
from audit.fairness.result import FairnessAudit

_MOST_CLASSES = 4
"""Classes whose rates are computed both ways: one formula counts them all, and each costs a scikit-learn call a group and
metric. A dozen took a sixth of the time of a small run."""


def largest_difference(
    audit: FairnessAudit,
    labels: Any,
    predictions: Any,
    groups: Mapping[str, Any],
    intersections: int = 1,
    weights: Any = None,
) -> float:
    """Largest absolute difference between the audit's values and MetricFrame's, over columns, groups and metrics."""
    from fairlearn.metrics import MetricFrame

    (label, guess), classes = together([labels, predictions])
    names = np.asarray(classes or [""], dtype=object)
    values = {(g.column, g.group, g.metric): g.value for g in audit.groups if g.value is not None}
    of_classes = [m for m in dict.fromkeys(g.metric for g in audit.groups) if "[" in m and m[m.index("[") + 1 : -1] in
                  classes[:_MOST_CLASSES]]  # fmt: skip
    metrics = _metrics(audit.positive, of_classes)
    worst = 0.0
    for grouping in groupings(groups, audit.min_group_size, intersections):
        usable = (label >= 0) & (guess >= 0) & (grouping.code >= 0)
        if weights is not None and usable.any():  # scikit-learn refuses a group without weight; the audit does not judge it
            sums = np.bincount(grouping.code[usable], weights=np.asarray(weights)[usable], minlength=len(grouping.groups))
            usable &= sums[np.maximum(grouping.code, 0)] > 0
        if not usable.any() or not any(column == grouping.name for column, _, _ in values):
            continue
        cells, of = np.unique(np.stack([label[usable], guess[usable], grouping.code[usable]]), axis=1, return_inverse=True)
        times = np.bincount(of.ravel(), weights=None if weights is None else np.asarray(weights)[usable])
        with warnings.catch_warnings():  # a class that a group lacks: 0 by scikit-learn, unknown here
            warnings.simplefilter("ignore")
            by_group = MetricFrame(
                metrics=metrics,
                y_true=names[cells[0]],
                y_pred=names[cells[1]],
                sensitive_features=cells[2],
                sample_params={name: {"sample_weight": times} for name in metrics},
            ).by_group
        for (column, group, metric), value in values.items():
            if column == grouping.name and metric in metrics:
                theirs = by_group.loc[grouping.groups.index(group), metric]
                worst = max(worst, abs(value - float(theirs)))
    return worst


def _metrics(positive: str | None, of_classes: list[str]) -> dict[str, Callable[..., Any]]:
    """fairlearn's and scikit-learn's functions under our names; `tpr[refund]` is of one class against the rest."""
    from fairlearn.metrics import false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, f1_score, precision_score

    def of(metric: Callable[..., Any], name: str, **kw: Any) -> Callable[..., Any]:
        def on_truth(y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
            return metric(np.asarray(y_true) == name, np.asarray(y_pred) == name, sample_weight=sample_weight, **kw)

        return on_truth

    def base_rate(y_true: Any, y_pred: Any, sample_weight: Any, pos_label: Any = True) -> Any:
        return selection_rate(y_true, y_true, sample_weight=sample_weight, pos_label=pos_label)

    out: dict[str, Callable[..., Any]] = {"accuracy": accuracy_score}
    known: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "base_rate": (base_rate, {}),
        "selection_rate": (selection_rate, {"pos_label": True}),
        "tpr": (true_positive_rate, {"pos_label": True}),
        "fpr": (false_positive_rate, {"pos_label": True}),
        "precision": (precision_score, {"pos_label": True, "zero_division": 0}),
        "f1": (f1_score, {"pos_label": True, "zero_division": 0}),
    }
    for metric in of_classes if positive is None else list(known):
        head, _, rest = metric.partition("[")
        out[metric] = of(known[head][0], positive if positive is not None else rest[:-1], **known[head][1])
    return out
