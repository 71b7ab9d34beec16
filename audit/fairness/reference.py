"""The same numbers by fairlearn, in every audit.

This package counts once and derives everything from the counts, so that a thousand bootstrap draws cost little.
fairlearn's `MetricFrame` is the reference for the point estimates: `largest_difference` computes them by it and says
how far the two lie apart (rounding only, about 1e-16). Cost: about a microsecond a row, a metric and a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from audit.fairness.groups import FairnessAudit


def largest_difference(
    audit: FairnessAudit,
    labels: Sequence[str | None],
    predictions: Sequence[str | None],
    groups: Mapping[str, Sequence[str | None]],
) -> float:
    """Largest absolute difference between the audit's values and MetricFrame's, over columns, groups and metrics."""
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    worst = 0.0
    for column, values in groups.items():
        frame = pd.DataFrame({"label": labels, "guess": predictions, "group": values}, dtype=object).dropna()
        if frame.empty:
            continue
        by_group = MetricFrame(
            metrics=_metrics(audit.positive),
            y_true=frame["label"].to_numpy(),
            y_pred=frame["guess"].to_numpy(),
            sensitive_features=frame["group"].to_numpy(),
        ).by_group
        for item in audit.groups:
            known = item.metric in by_group.columns and item.group in by_group.index  # small groups may be pooled
            if item.column == column and known and item.value is not None:
                theirs = by_group.loc[item.group, item.metric]
                worst = max(worst, abs(item.value - float(theirs))) if pd.notna(theirs) else worst
    return worst


def _metrics(positive: str | None) -> dict[str, Callable[..., Any]]:
    from fairlearn.metrics import false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score

    if positive is None:
        return {"accuracy": accuracy_score}

    def binary(metric: Callable[..., Any]) -> Callable[..., Any]:
        def on_truth(y_true: Any, y_pred: Any) -> Any:
            return metric(np.asarray(y_true) == positive, np.asarray(y_pred) == positive)

        return on_truth

    return {
        "accuracy": accuracy_score,
        "selection_rate": lambda y_true, y_pred: selection_rate(y_true, y_pred, pos_label=positive),
        "tpr": binary(lambda t, p: true_positive_rate(t, p, pos_label=True) if t.any() else float("nan")),
        "fpr": binary(lambda t, p: false_positive_rate(t, p, pos_label=True) if not t.all() else float("nan")),
    }
