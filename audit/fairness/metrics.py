"""The disaggregated metrics: what each is called, and its value from counts.

Binary (one class is the positive one) or, with more classes, one class against the rest and means over classes. The
definitions are those of fairlearn's MetricFrame with scikit-learn's metrics:

| metric | value | counts on |
|---|---|---|
| base_rate | P(label) | all rows |
| selection_rate | P(prediction) | all rows; demographic parity, four-fifths rule |
| tpr | P(prediction, given label) | rows with the label; equal opportunity |
| fpr | P(prediction, given another label) | rows with another label; with tpr: equalised odds |
| precision | P(label, given prediction) | rows with the prediction; predictive parity |
| f1 | harmonic mean of tpr and precision | rows with label or prediction |
| accuracy | P(label = prediction) | all rows |
| calibration_gap | mean probability less the share that came true | rows with a probability |

A value whose denominator is zero is NaN here (scikit-learn says 0): nothing is known. Macro rates are means over the
classes that they are defined for. Shapes: counts `(..., 2 + 3k)`; values and denominators `(..., M)`. Cost O(size).
"""

from __future__ import annotations

import numpy as np

from audit.fairness.counts import Floats

WHOLE = ("macro_tpr", "macro_fpr", "macro_precision", "macro_f1", "accuracy")
RATES = ("base_rate", "selection_rate", "tpr", "fpr", "precision", "f1")
FIRST_LABEL_ONLY = ("base_rate",)
CALIBRATION = "calibration_gap"


def metric_names(classes: list[str], positive: int | None, with_predictions: bool) -> list[str]:
    """Names of the columns that `metrics` returns."""
    rates = RATES if with_predictions else FIRST_LABEL_ONLY
    if positive is not None:
        return [*rates, "accuracy"] if with_predictions else list(rates)
    return [f"{rate}[{c}]" for rate in rates for c in classes] + (list(WHOLE) if with_predictions else [])


def is_proportion(metric: str) -> bool:
    """Whether the metric is a share of independent rows, so that score intervals apply."""
    return not metric.startswith(("macro", "f1", "calibration"))


def metrics(counts: Floats, n_classes: int, positive: int | None, with_predictions: bool) -> tuple[Floats, Floats]:
    """Values and denominators `(..., M)` from counts `(..., width)`; NaN where a denominator is zero.

    The denominator of a macro rate is the smallest of its classes' that is not zero.
    """
    k = n_classes
    n, hits = counts[..., 0:1], counts[..., 1:2]
    true, guess, both = (counts[..., 2 + i * k : 2 + (i + 1) * k] for i in range(3))
    if positive is not None:
        c = slice(positive, positive + 1)
        true, guess, both = true[..., c], guess[..., c], both[..., c]
    all_rows = np.broadcast_to(n, true.shape)
    pairs = [(true, all_rows)]
    if with_predictions:
        pairs += [(guess, all_rows), (both, true), (guess - both, n - true), (both, guess), (2 * both, true + guess)]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = [_ratio(a, b) for a, b in pairs]
        bases = [b for _, b in pairs[:5]] + [(true + guess) / 2 for _ in pairs[5:]]
        if with_predictions:
            if positive is None:
                for i in range(2, 6):
                    values.append(_mean(values[i]))
                    bases.append(_least(bases[i]))
            values.append(_ratio(hits, n))
            bases.append(n)
    return np.concatenate(values, axis=-1), np.concatenate(bases, axis=-1)


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.where(b > 0, a / b, np.nan)


def _mean(rates: Floats) -> Floats:
    known = ~np.isnan(rates)
    total = np.where(known, rates, 0.0).sum(axis=-1, keepdims=True)
    return np.asarray(total / known.sum(axis=-1, keepdims=True))


def _least(counts: Floats) -> Floats:
    least = np.where(counts > 0, counts, np.inf).min(axis=-1, keepdims=True)
    return np.asarray(np.where(np.isfinite(least), least, 0.0))
