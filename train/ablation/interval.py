"""The estimate behind a verdict: a mean difference over seeds and clusters, its error, its interval, what it could show.

Model: the difference of two arms on a row is an overall effect + a seed's effect + a cluster's effect + noise. Its
variance is estimated by the two-way analysis of variance (random effects), degrees of freedom by Satterthwaite (1946),
both corrected for clusters of unequal weight, as an author's or a long row's (`_of_clusters`); the shape comes from the
crossed ("pigeonhole") bootstrap over clusters and seeds (Owen 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1:386), whose deviations are rescaled to that variance, since alone it is too narrow for few seeds and too wide
for noisy rows. Few seeds cost width: with three, only large or steady effects are
shown. Differences that hardly vary leave no error to estimate: as many rows of which one could differ would show as much,
so the interval reaches at least as far towards zero, and away from it, as Wilson's for n of n (`least`).

Shapes: sums float[S, C] (weighted differences by seed and cluster), sizes float[C] (the clusters' weights); the
estimand is Σ sums / Σ sizes, averaged over seeds. Cost: 2,000 resamples of 3 seeds × 3,000 clusters take about 0.2 s.
Simulations of coverage and of false positives: `benchmarks/simulate_ablation.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

LEVEL = 0.95
POWER = 0.8
RESAMPLES = 2000
_REFERENCE = 0.975
"""The quantile at which the bootstrap gives the interval its shape; other levels are scaled from it."""


@dataclass(frozen=True)
class Estimate:
    """A mean difference and how sure it is."""

    mean: float
    low: float
    high: float
    error: float
    """Standard error of `mean`."""
    freedom: float
    """Satterthwaite's degrees of freedom of `error`."""
    p: float
    """Two-sided probability of so large a mean if there were no difference."""
    detectable: float
    """The true difference that this design would have shown four times in five."""
    seed_variance: float = 0.0
    """Variance of `mean` for one seed: the part that falls as seeds are added."""
    cluster_variance: float = 0.0
    """Variance of `mean` for endlessly many seeds: the part that only more evaluation rows would lower."""

    def error_with(self, seeds: int) -> float:
        """The standard error to expect with so many seeds."""
        return float(np.sqrt(self.cluster_variance + self.seed_variance / seeds))


def estimate(
    sums: np.ndarray, sizes: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> Estimate:
    """Estimate Σ sums / Σ sizes with an interval of the given `level`; `seed` is that of the bootstrap."""
    from scipy import stats

    n_seeds, n_clusters = sums.shape
    mean = float(sums.mean(axis=0).sum() / sizes.sum())
    share = sizes / sizes.mean()
    residual = sums / sizes.mean() - mean * share  # linearised ratio: its grand mean is 0
    of_cluster = residual.mean(axis=0)
    seen, free = _of_clusters(of_cluster, share)
    ms_cluster = n_seeds * float((of_cluster**2).sum()) / (n_clusters * seen) if n_clusters > 1 else 0.0
    ms_seed, ms_noise = 0.0, ms_cluster
    if n_seeds > 1:
        of_seed = residual.mean(axis=1)
        ms_seed = n_clusters * float(np.var(of_seed, ddof=1))
        # A seed moves a cluster by as much as it is large.
        noise = residual - of_seed[:, None] * share - of_cluster[None, :]
        ms_noise = float((noise**2).sum() / ((n_seeds - 1) * max(1, n_clusters - 1)))
    total = max(ms_seed + ms_cluster - ms_noise, ms_seed, ms_cluster)
    error = float(np.sqrt(total / (n_seeds * n_clusters)))
    uncertain = ms_cluster**2 / free + (ms_seed**2 / (n_seeds - 1) if n_seeds > 1 else 0.0)
    freedom = float(np.clip(total**2 / uncertain if uncertain else 1.0, 1.0, 1e6))
    deviations = _bootstrap(sums, sizes, seed, resamples) - mean
    deviations -= deviations.mean()
    width = float(np.std(deviations))
    reach = float(stats.t.ppf(0.5 + level / 2, freedom))
    widen = reach / stats.norm.ppf(_REFERENCE) * (error / width if width else 0.0)
    low, high = np.quantile(deviations, [1 - _REFERENCE, _REFERENCE]) * widen
    z = float(stats.norm.ppf(0.5 + level / 2))
    least = abs(mean) * z**2 / (n_clusters + z**2)
    error = max(error, least / reach)
    return Estimate(
        mean=mean,
        low=mean + min(float(low), -least),
        high=mean + max(float(high), least),
        error=error,
        freedom=freedom,
        p=float(2 * stats.t.sf(abs(mean) / error, freedom)) if error else float(mean == 0),
        detectable=_errors_to_show(float(f"{freedom:.3g}"), level) * error,
        seed_variance=max(ms_seed, ms_noise) / n_clusters,
        cluster_variance=max(0.0, ms_cluster - ms_noise) / (n_seeds * n_clusters),
    )


def _of_clusters(residual: np.ndarray, size: np.ndarray) -> tuple[float, float]:
    """What is seen of the variance between clusters, as a share of it, and its degrees of freedom.

    Clusters of one size leave (C - 1) / C and C - 1. A cluster that holds much of the weight draws the mean to itself and
    hides its own distance from it, and there are then fewer independent clusters than are counted. Both follow from the
    covariance of the residuals (Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression with
    multi-stage samples", Survey Methodology 28:169) under variances of size + k size squared, since rows of a cluster are
    partly alike; k is what the residuals of large clusters say beside those of small ones.
    """
    if len(size) < 2:
        return 1.0, 1.0
    a, squares = size / size.sum(), residual**2
    by_size = float(np.divide(squares, size, out=np.zeros_like(squares), where=size > 0).sum())
    ratio = float(squares.sum()) / by_size if by_size else 1.0
    above, below = ratio * len(size) - size.sum(), float((size**2).sum() - ratio * size.sum())
    v = size**2 if below <= 0 < above else size + max(0.0, above / below if below > 0 else 0.0) * size**2
    whole, alike, joint = float(v.sum()), float((a**2).sum()), float((a * v).sum())
    trace = whole - 2 * joint + alike * whole
    square = float((v**2 * (1 + 2 * alike - 4 * a)).sum()) + 2 * joint**2 + whole * (whole * alike**2 - 4 * alike * joint)
    square += 2 * whole * float((v * a**2).sum())
    return trace / whole, trace**2 / square


@lru_cache(maxsize=4096)
def _errors_to_show(freedom: float, level: float) -> float:
    """The true difference, in standard errors, that leaves zero outside the interval with probability `POWER`.

    The power of a t test, by integration over the estimate of the error: reach + t(POWER), the usual sum of quantiles,
    falls short by 5% with two degrees of freedom, and by a quarter at the levels of early looks.
    """
    from scipy import optimize, stats

    reach = float(stats.t.ppf(0.5 + level / 2, freedom))
    estimated = np.sqrt(stats.chi2.ppf((np.arange(1000) + 0.5) / 1000, freedom) / freedom)

    def lacking(errors: float) -> float:
        return float(stats.norm.cdf(errors - reach * estimated).mean()) - POWER

    return float(optimize.brentq(lacking, 0.0, reach * float(estimated[-1]) + 5))


def _bootstrap(sums: np.ndarray, sizes: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """float[resamples]: the ratio after drawing seeds and clusters anew, each with replacement."""
    rng = np.random.default_rng(seed)
    n_seeds, n_clusters = sums.shape
    drawn = np.empty(resamples)
    step = max(1, 4_000_000 // n_clusters)
    kind = np.int32 if n_clusters < 2**31 - 1 else np.int64
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        picked = rng.integers(n_clusters, size=(count, n_clusters), dtype=kind)
        times = np.stack([np.bincount(row, minlength=n_clusters) for row in picked]).astype(np.float64)
        by_seed = (times @ sums.T) / (times @ sizes)[:, None]
        of_seed = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=count) / n_seeds
        drawn[start : start + count] = (by_seed * of_seed).sum(axis=1)
    return drawn
