"""How a model's answers change when texts are swapped: flip rate and score shift, with intervals.

Method. A pair is a given text and its swapped self. *Flip*: the likeliest class differs. *Shift*: probability of one class
(the favourable one, or the one that the given text got) on the swapped text minus on the given one. Rows of one
near-duplicate cluster are one observation: the standard error is that of cluster means' sums (Liang and Zeger, 1986), and
a flip rate's interval is joined with Wilson's over the clusters, which does not collapse where nothing flipped.

Outcomes: `shown` when the flip rate is surely above `delta`, or the shift surely beyond it on either side, and its p-value
stays below `alpha` after Holm's correction over the axes (for kinds of swap: over the kinds); `within` when both are surely
below, one axis at a time; else `insufficient evidence`, as always with fewer than `fewest` clusters. The p-value is that of
an effect no larger than `delta`: twice the smaller of the two one-sided normal p-values, of flip rate and shift.
Shapes: `(n, k)` probabilities of the given texts, `(m, k)` of the swapped ones. Cost O(m).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from audit.fairness.swaps.engine import Swapped, apply_spans
from curate.statistics import Z, holm, wilson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Predict = Callable[[Sequence[str]], Floats]
ALL = "(all)"


@dataclass(frozen=True)
class SwapEffect:
    """What one kind of swap does to a model's answers."""

    axis: str
    before: str
    """`(all)` for the whole axis."""
    after: str
    pairs: int
    rows: int
    """Distinct near-duplicate clusters among them: what the intervals rest on."""
    outcome: Literal["shown", "within", "insufficient evidence"]
    flip_rate: float
    flip_low: float
    flip_high: float
    shift: float
    """Mean change of the score; near 0 where changes cancel out, see `mean_change`."""
    shift_low: float
    shift_high: float
    mean_change: float
    """Mean of the absolute change."""
    p: float | None = None
    """Probability of such an effect were it no larger than `delta`, Holm-corrected over the axes, or over the kinds; None
    with too few clusters to test."""

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and strings."""
        return asdict(self)


def swap_effects(
    pairs: Sequence[Swapped],
    given: Floats,
    swapped: Floats,
    *,
    positive: int | None = None,
    clusters: Ints | None = None,
    delta: float = 0.05,
    alpha: float = 0.05,
    fewest: int = 30,
) -> list[SwapEffect]:
    """Effects of each axis, then of each kind of swap that has `fewest` clusters, in the order of first appearance.

    `given[p.row]` and `swapped[i]` belong to pair `pairs[i]`. Raises ValueError when lengths do not fit.
    """
    if len(pairs) != len(swapped):
        raise ValueError(f"{len(pairs)} pairs and {len(swapped)} rows of probabilities")
    if not pairs:
        return []
    rows = np.array([p.row for p in pairs], np.int64)
    at = np.arange(len(rows))
    answer = given[rows].argmax(axis=1)
    flip = (swapped.argmax(axis=1) != answer).astype(np.float64)
    column = answer if positive is None else np.full(len(rows), positive)
    shift = swapped[at, column] - given[rows, column]
    cluster = rows if clusters is None else np.asarray(clusters)[rows]
    kinds: dict[tuple[str, str, str], list[int]] = {}
    for i, p in enumerate(pairs):
        kinds.setdefault((p.axis, ALL, ALL), []).append(i)
    for i, p in enumerate(pairs):
        kinds.setdefault((p.axis, p.before, p.after), []).append(i)
    out = []
    for (axis, before, after), members in kinds.items():
        own = np.array(members)
        effect = _effect(axis, before, after, flip[own], shift[own], cluster[own], delta, fewest)
        if before == ALL or effect.rows >= fewest:
            out.append(effect)
    axes = [i for i, effect in enumerate(out) if effect.before == ALL]
    return _corrected(_corrected(out, axes, alpha), [i for i in range(len(out)) if i not in set(axes)], alpha)


def _corrected(effects: list[SwapEffect], family: Sequence[int], alpha: float) -> list[SwapEffect]:
    """Effects whose p-values are corrected within one family; what is not shown any more is open."""
    tested = [i for i in family if effects[i].p is not None]
    out = list(effects)
    for i, p in zip(tested, holm([effects[i].p or 0.0 for i in tested])):
        lost = out[i].outcome == "shown" and p >= alpha
        out[i] = replace(out[i], p=p, outcome="insufficient evidence" if lost else out[i].outcome)
    return out


def effects_of(predict: Predict, texts: Sequence[str], pairs: Sequence[Swapped], **options: Any) -> list[SwapEffect]:
    """`swap_effects` of any model: `predict` gives `(n, k)` probabilities of texts (a trained adapter, a service)."""
    given = np.asarray(predict(list(texts)), np.float64)
    swapped = np.asarray(predict([apply_spans(texts[p.row], p.spans) for p in pairs]), np.float64)
    return swap_effects(pairs, given, swapped, **options)


def _effect(
    axis: str, before: str, after: str, flip: Floats, shift: Floats, cluster: Ints, delta: float, fewest: int
) -> SwapEffect:
    _, code = np.unique(cluster, return_inverse=True)
    n = int(code.max()) + 1
    rate, mean = float(flip.mean()), float(shift.mean())
    flip_error, shift_error = _error(flip, code, n), _error(shift, code, n)
    flip_half, shift_half = Z * flip_error, Z * shift_error
    low, high = wilson(rate * n, n)
    low, high = min(low, rate - flip_half), max(high, rate + flip_half)
    low, high = max(0.0, low), min(1.0, high)
    left, right = mean - shift_half, mean + shift_half
    outcome: Literal["shown", "within", "insufficient evidence"] = "insufficient evidence"
    if n >= fewest and (low > delta or left > delta or right < -delta):
        outcome = "shown"
    elif n >= fewest and high <= delta and -delta <= left and right <= delta:
        outcome = "within"
    p = None
    if n >= fewest:
        # Were the rate delta, its error would be no less than the binomial one: few flips must not pass for few errors.
        by_chance = max(flip_error, math.sqrt(delta * (1 - delta) / n))
        p = min(1.0, 2 * min(_beyond(rate - delta, by_chance), _beyond(abs(mean) - delta, shift_error)))
    return SwapEffect(
        axis, before, after, len(flip), n, outcome, rate, low, high, mean, left, right, float(np.abs(shift).mean()), p
    )


def _beyond(excess: float, error: float) -> float:
    """One-sided p-value of an excess over a margin."""
    if not error > 0:
        return float(excess <= 0)
    return 0.5 * math.erfc(excess / error / math.sqrt(2.0))


def _error(values: Floats, code: Ints, n: int) -> float:
    """Cluster-robust standard error of a mean."""
    if n < 2:
        return math.inf
    sums = np.bincount(code, values - values.mean(), minlength=n)
    return math.sqrt(float((sums**2).sum()) * n / (n - 1)) / len(values)
