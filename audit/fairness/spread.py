"""How far groups lie apart: largest minus smallest, smallest over largest, with bootstrap percentile intervals.

The definitions are fairlearn's (`MetricFrame.difference` and `.ratio` between groups; demographic parity, equal
opportunity, equalised odds). Shapes: values `(G, M)`, draws `(draws, G, M)`. Cost O(draws x G x M log draws).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audit.fairness.counts import Floats
from audit.fairness.result import Spread

_ENDS = (0.025, 0.975)


def quantiles(draws: Floats) -> tuple[Floats, Floats]:
    """The 2.5% and 97.5% quantiles over the first axis, NaN left out (numpy's linear interpolation)."""
    ordered = np.sort(draws, axis=0)  # NaN goes last
    last = (~np.isnan(draws)).sum(axis=0) - 1
    out = []
    for end in _ENDS:
        at = end * np.maximum(last, 0)
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(last, 0))
        a = np.take_along_axis(ordered, below[None], axis=0)[0]
        b = np.take_along_axis(ordered, above[None], axis=0)[0]
        out.append(np.where(last >= 0, a + (b - a) * (at - below), np.nan))
    return out[0], out[1]


def spreads(column: str, names: list[str], value: Floats, judged: npt.NDArray[np.bool_], draws: Floats) -> list[Spread]:
    """One a metric, then demographic parity, equal opportunity and equalised odds where their metrics are there."""
    found: dict[str, Spread] = {}
    drawn: dict[str, tuple[Floats, Floats]] = {}
    for m, metric in enumerate(names):
        able = np.flatnonzero(judged[:, m])
        left_out = len(value) - len(able)
        if len(able) < 2:
            found[metric] = Spread(column, metric, None, None, left_out)
            continue
        top, bottom = float(value[able, m].max()), float(value[able, m].min())
        of_groups = draws[:, able, m]
        with np.errstate(divide="ignore", invalid="ignore"):
            high, low = of_groups.max(axis=1), of_groups.min(axis=1)
            drawn[metric] = (high - low, np.where(high > 0, low / high, np.nan))
        found[metric] = _with_ends(
            Spread(column, metric, top - bottom, bottom / top if top > 0 else None, left_out), drawn[metric]
        )
    if "tpr" in found:
        found["demographic_parity"] = _renamed(found["selection_rate"], "demographic_parity")
        found["equal_opportunity"] = _renamed(found["tpr"], "equal_opportunity")
        found["equalised_odds"] = _odds(column, found, drawn)
    return list(found.values())


def _odds(column: str, found: dict[str, Spread], drawn: dict[str, tuple[Floats, Floats]]) -> Spread:
    """The worse of TPR and FPR; unknown where either is."""
    odds = [found["tpr"], found["fpr"]]
    differences = [s.difference for s in odds if s.difference is not None]
    ratios = [s.ratio for s in odds if s.ratio is not None]
    out = Spread(
        column, "equalised_odds", max(differences) if len(differences) == 2 else None,
        min(ratios) if len(ratios) == 2 else None, max(s.left_out for s in odds),
    )  # fmt: skip
    if len(differences) < 2:
        return out
    (d1, r1), (d2, r2) = drawn["tpr"], drawn["fpr"]
    return _with_ends(out, (np.maximum(d1, d2), np.minimum(r1, r2)))


def _renamed(s: Spread, metric: str) -> Spread:
    return Spread(**{**s.__dict__, "metric": metric})


def _with_ends(s: Spread, drawn: tuple[Floats, Floats]) -> Spread:
    (d_low, d_high), (r_low, r_high) = (quantiles(d) for d in drawn)
    ends = {"difference_low": d_low, "difference_high": d_high}
    if s.ratio is not None:
        ends |= {"ratio_low": r_low, "ratio_high": r_high}
    return Spread(**{**s.__dict__, **{key: None if np.isnan(v) else float(v) for key, v in ends.items()}})


def log_ratio(a: Floats, b: Floats) -> tuple[float | None, float | None, float | None]:
    """Percentile interval of a / b over draws, and the standard error of its logarithm; None where draws are too few."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(b > 0, a / b, np.nan)
    known = ratio[~np.isnan(ratio)]
    if len(known) < 0.9 * len(ratio):
        return None, None, None
    low, high = (float(q) for q in quantiles(known))
    above = known[known > 0]
    if len(above) < 0.9 * len(known):  # the group is hardly ever selected: the logarithm has no spread to speak of
        return low, high, None if len(above) else 1e-12
    return low, high, max(float(np.log(above).std()), 1e-12)
