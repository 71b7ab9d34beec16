"""From item scores to a verdict: paired differences, an interval over clusters and seeds, and plain words.

Model: the difference of two arms on a row is an overall effect + a seed's effect + a cluster's effect + noise. Its
variance is estimated by the two-way analysis of variance (random effects), degrees of freedom by Satterthwaite (1946);
the shape comes from the crossed ("pigeonhole") bootstrap over clusters and seeds (Owen 2007, "The pigeonhole
bootstrap", Annals of Applied Statistics 1:386), whose deviations are rescaled to that variance, since alone it is too
narrow for few seeds and too wide for noisy rows. Few seeds cost width: with three, only large or steady effects are
shown.

Sign: differences are normalised so that above 0 means that the first arm is better. Shapes: scores float[seeds, items].
Cost: 2,000 resamples of 3 seeds × 3,000 clusters take about 0.2 s. Simulations of coverage and of false positives are
in `tests/train/test_verdict.py`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

DELTA = {"accuracy": 0.01, "nats_per_token": 0.01}
HELPED, HARMED, INCONCLUSIVE = "helped", "harmed", "inconclusive"
EQUIVALENT, IDENTICAL, INSUFFICIENT = "equivalent", "identical", "insufficient evidence"
MIN_SEEDS = 3
MIN_CLUSTERS = 30
_RESAMPLES = 2000
_UNIT = {"accuracy": (100.0, " points", 1), "nats_per_token": (1.0, " nats per token", 4)}
_TITLE = {"nats_per_token": "loss"}
_ARM = {
    "base": "the base model",
    "raw": "raw data",
    "curated": "curated data",
    "random_control": "a random removal of the same size",
}


@dataclass(frozen=True)
class Comparison:
    """Arm `a` against arm `b` on the same rows with the same seeds."""

    a: str
    b: str
    metric: str
    delta: float
    """Mean difference, above 0 where `a` is better, in the metric's unit."""
    low: float
    high: float
    """95 % interval of `delta`."""
    equivalence: float
    """δ: differences within ±δ do not matter."""
    n_items: int
    n_clusters: int
    seeds: int
    minimum_detectable: float
    """The true difference that this design would have shown four times in five."""
    verdict: str
    """helped, harmed, equivalent, identical, inconclusive or insufficient evidence."""
    words: str

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return dataclasses.asdict(self)


def too_small(n_clusters: int, n_seeds: int) -> str | None:
    """Why no verdict can come of this design, or None."""
    if n_clusters < MIN_CLUSTERS:
        return f"{n_clusters} independent evaluation rows are too few for a verdict; at least {MIN_CLUSTERS} are needed"
    if n_seeds < MIN_SEEDS:
        return f"{n_seeds} seeds say too little about training luck for a verdict; at least {MIN_SEEDS} are needed"
    return None


def compare(
    a: np.ndarray,
    b: np.ndarray,
    *,
    names: tuple[str, str],
    metric: str,
    higher_is_better: bool,
    weight: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
    equivalence: float | None = None,
    seed: int = 0,
    resamples: int = _RESAMPLES,
) -> Comparison:
    """Compare two arms; `a` and `b` are float[seeds, items], `weight` and `clusters` have one value an item."""
    delta_limit = DELTA.get(metric, 0.01) if equivalence is None else equivalence
    n_seeds, n_items = a.shape
    weights = np.ones(n_items) if weight is None else np.asarray(weight, dtype=np.float64)
    _, of_item = np.unique(np.arange(n_items) if clusters is None else clusters, return_inverse=True)
    sign = 1.0 if higher_is_better else -1.0
    difference = sign * (np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)) * weights
    n_clusters = int(of_item.max()) + 1
    sums = np.stack([np.bincount(of_item, row, minlength=n_clusters) for row in difference])
    sizes = np.bincount(of_item, weights, minlength=n_clusters)
    mean = float(sums.mean(axis=0).sum() / sizes.sum())
    if not np.any(difference):
        low = high = detectable = 0.0
        verdict = IDENTICAL
    else:
        low, high, detectable = interval(sums, sizes, seed=seed, resamples=resamples)
        verdict = judge(low, high, delta_limit)
    if too_small(n_clusters, n_seeds):
        verdict = INSUFFICIENT
    design = {"n_items": n_items, "n_clusters": n_clusters, "seeds": n_seeds}
    words = _words(names, metric, mean, low, high, delta_limit, verdict, higher_is_better)
    return Comparison(
        names[0], names[1], metric, mean, low, high, delta_limit, minimum_detectable=detectable, verdict=verdict,
        words=words, **design,
    )  # fmt: skip


def interval(
    sums: np.ndarray, sizes: np.ndarray, *, seed: int = 0, resamples: int = _RESAMPLES
) -> tuple[float, float, float]:
    """95 % interval of Σ sums / Σ sizes, and the minimum detectable difference (80 % power).

    `sums` float[S, C] are weighted differences by seed and cluster, `sizes` float[C] the clusters' weights.
    """
    from scipy import stats

    n_seeds, n_clusters = sums.shape
    mean = float(sums.mean(axis=0).sum() / sizes.sum())
    residual = (sums - mean * sizes) / sizes.mean()  # linearised ratio: its grand mean is 0
    of_cluster = residual.mean(axis=0)
    ms_cluster = n_seeds * float(np.var(of_cluster, ddof=1)) if n_clusters > 1 else 0.0
    ms_seed, ms_noise = 0.0, ms_cluster
    if n_seeds > 1:
        of_seed = residual.mean(axis=1)
        ms_seed = n_clusters * float(np.var(of_seed, ddof=1))
        noise = residual - of_seed[:, None] - of_cluster[None, :]
        ms_noise = float((noise**2).sum() / ((n_seeds - 1) * max(1, n_clusters - 1)))
    total = max(ms_seed + ms_cluster - ms_noise, ms_seed, ms_cluster)
    spread = np.sqrt(total / (n_seeds * n_clusters))
    uncertain = ms_cluster**2 / max(1, n_clusters - 1) + (ms_seed**2 / (n_seeds - 1) if n_seeds > 1 else 0.0)
    freedom = float(np.clip(total**2 / uncertain if uncertain else 1.0, 1.0, 1e6))
    deviations = _bootstrap(sums, sizes, seed, resamples) - mean
    deviations -= deviations.mean()
    width = float(np.std(deviations))
    widen = stats.t.ppf(0.975, freedom) / stats.norm.ppf(0.975) * (spread / width if width else 0.0)
    low, high = np.quantile(deviations, [0.025, 0.975]) * widen
    detectable = (stats.t.ppf(0.975, freedom) + stats.t.ppf(0.8, freedom)) * spread
    return mean + float(low), mean + float(high), float(detectable)


def _bootstrap(sums: np.ndarray, sizes: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """float[resamples]: the ratio after drawing seeds and clusters anew, each with replacement."""
    rng = np.random.default_rng(seed)
    n_seeds, n_clusters = sums.shape
    drawn = np.empty(resamples)
    step = max(1, 4_000_000 // n_clusters)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        times = rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=count).astype(np.float64)
        by_seed = (times @ sums.T) / (times @ sizes)[:, None]
        of_seed = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=count) / n_seeds
        drawn[start : start + count] = (by_seed * of_seed).sum(axis=1)
    return drawn


def judge(low: float, high: float, equivalence: float) -> str:
    """The verdict of one interval. Within ±δ nothing matters, whatever the sign; else 0 must lie outside."""
    if -equivalence <= low and high <= equivalence:
        return EQUIVALENT
    if low > 0:
        return HELPED
    return HARMED if high < 0 else INCONCLUSIVE


def conclude(against_raw: Comparison | None, against_control: Comparison | None) -> tuple[str, str]:
    """The overall verdict and its words: curation must beat the raw data *and* a random removal of the same size."""
    if against_raw is None:
        return INSUFFICIENT, "There is no raw arm to compare with, so no verdict."
    if against_control is None:
        return (
            (INCONCLUSIVE if against_raw.verdict == HELPED else against_raw.verdict),
            f"{against_raw.words} {_design(against_raw)} There is no random control, so an effect cannot be told from "
            "that of fewer rows.",
        )
    evidence = f"{against_raw.words} {against_control.words} {_design(against_raw)}"
    pair = (against_raw.verdict, against_control.verdict)
    if INSUFFICIENT in pair:
        return INSUFFICIENT, f"There is not enough evidence for a verdict. {evidence}"
    if pair == (HELPED, HELPED):
        return HELPED, f"Curation helped. {evidence}"
    if pair[0] == HARMED:
        return HARMED, f"Curation harmed. {evidence}"
    if pair[0] in (EQUIVALENT, IDENTICAL):
        return pair[0], f"Curation made no difference that matters. {evidence}"
    if pair[0] == HELPED:
        return INCONCLUSIVE, (
            "Curated data beat raw data, but it is not shown to beat a random removal of the same size, so the effect "
            f"cannot be put down to which rows were removed. {evidence}"
        )
    return INCONCLUSIVE, f"The effect of curation could not be shown. {evidence}"


def _words(
    names: tuple[str, str],
    metric: str,
    mean: float,
    low: float,
    high: float,
    equivalence: float,
    verdict: str,
    higher_is_better: bool,
) -> str:
    """One comparison in one sentence; "higher" and "lower" speak of the metric, the interval of the gain."""
    factor, unit, digits = _UNIT.get(metric, (1.0, "", 4))
    title = _TITLE.get(metric, metric.replace("_", " "))
    first, second = (_ARM.get(name, name.replace("_", " ")) for name in names)
    said = f"equivalent within ±{equivalence * factor:g}{unit}" if verdict == EQUIVALENT else verdict
    start = f"{title[:1].upper()}{title[1:]} with {first} is"
    if verdict == IDENTICAL or float(f"{mean * factor:.{digits}f}") == 0:
        apart = f"{start} the same as with {second}"
    else:
        apart = f"{start} {abs(mean * factor):.{digits}f}{unit} "
        apart += f"{'higher' if (mean > 0) == higher_is_better else 'lower'} than with {second}"
    ends = " to ".join(f"{value * factor:+.{digits}f}".replace("-", "−") for value in (low, high))
    what = "95 % interval" if higher_is_better else "95 % interval of the gain"
    return f"{apart} ({what} {ends}): {said}."


def _design(of: Comparison) -> str:
    """What the comparisons rest on, said once."""
    clusters = "" if of.n_clusters == of.n_items else f" in {of.n_clusters:,} clusters"
    return f"Scored on {of.n_items:,} held-out rows{clusters}, with {of.seeds} seeds."
