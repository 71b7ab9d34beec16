"""Is the verdict as sure as it says? False positives and coverage where evaluation rows and training seeds both vary.

    python benchmarks/simulate_ablation.py [--repetitions 1000] [--seed 0] [--json FILE]

Right and wrong answers are drawn, no model is trained. Each row has a difficulty of its own; each arm's models find some
rows easier or harder than the other arm's (`rows`, a standard deviation on the logit), each seed makes a model better or
worse (`seeds`, likewise), and rows of one cluster share both (near-duplicates in threes; authors, a few of whom wrote
most rows). Arms are drawn alike, so that every "helped" or "harmed" is false. The placebo curates at random, so raw,
curated and control are three such arms, and curation "helped" only where it beats both. Coverage is that of known
differences: drawn with a mean, a seed's, a cluster's and a rest's part. Numpy and scipy only; about ten minutes on one
core.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from train.ablation.interval import LEVEL, estimate
from train.ablation.sequential import levels
from train.ablation.verdict import EQUIVALENT, HARMED, HELPED, INCONCLUSIVE, Comparison, compare, conclude

RESAMPLES = 200
"""Of the bootstrap; the trainer's 2,000 give the same within simulation error and take longer."""


@dataclass(frozen=True)
class World:
    """How much rows and seeds vary."""

    name: str
    items: int
    row_sd: float
    """Standard deviation on the logit by which an arm's models differ on a row."""
    seed_sd: float
    """The same by which a seed makes a model better or worse on every row."""
    per_cluster: int = 1
    authors: int = 0
    """Where not 0: so many clusters, a few of which hold most rows."""


WORLDS = (
    World("many rows, quiet seeds", 2000, 0.5, 0.02),
    World("many rows, loud seeds", 2000, 0.5, 0.15),
    World("few rows", 200, 0.5, 0.05),
    World("few rows, loud seeds", 200, 0.5, 0.3),
    World("models alike but for chance", 1000, 0.0, 0.0),
    World("near-duplicates in threes", 900, 0.8, 0.05, per_cluster=3),
    World("sixty authors, a few of most rows", 800, 0.8, 0.05, authors=60),
)


def arms(world: World, n_arms: int, seeds: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Right (1) and wrong (0) answers float[arms, seeds, items], arms alike; and each row's cluster."""
    count = world.authors or world.items // world.per_cluster
    rows: Any = world.per_cluster
    if world.authors:
        weight = 1 + rng.pareto(1.1, count)
        rows = np.maximum(1, world.items * weight / weight.sum()).astype(np.int64)
    clusters = np.repeat(np.arange(count), rows)
    easy = rng.normal(1.2, 1.5, count)[clusters]
    taste = rng.normal(0, world.row_sd, (n_arms, 1, count))[:, :, clusters]
    luck = rng.normal(0, world.seed_sd, (n_arms, seeds, 1))
    chance = 1 / (1 + np.exp(-(easy + taste + luck)))
    return (rng.random(chance.shape) < chance).astype(float), clusters


def comparison(a: np.ndarray, b: np.ndarray, clusters: np.ndarray, level: float = LEVEL, seed: int = 0) -> Comparison:
    """One comparison of accuracy."""
    return compare(
        a, b, names=("curated", "raw"), metric="accuracy", higher_is_better=True, clusters=clusters, level=level,
        resamples=RESAMPLES, seed=seed,
    )  # fmt: skip


def false_positives(world: World, seeds: int, repetitions: int, seed: int) -> dict[str, float]:
    """Shares of verdicts of a comparison, and of the placebo's conclusion."""
    rng = np.random.default_rng([seed, seeds, world.items])
    single: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for repetition in range(repetitions):
        drawn, clusters = arms(world, 3, seeds, rng)
        raw, curated, control = drawn
        pair = [comparison(curated, other, clusters, seed=repetition) for other in (raw, control)]
        single[pair[0].verdict] += 1
        whole[conclude(pair[0], pair[1])[0]] += 1
    return {
        "either way": (single[HELPED] + single[HARMED]) / repetitions,
        "curation helped": whole[HELPED] / repetitions,
        "curation harmed": whole[HARMED] / repetitions,
        "equivalent": single[EQUIVALENT] / repetitions,
    }


def sequential(world: World, looks: Sequence[int], repetitions: int, seed: int) -> dict[str, float]:
    """Looking after each of `looks` seeds: false positives by alpha spending and by looking as if once; seeds used."""
    rng = np.random.default_rng([seed, looks[-1], world.items, 1])
    spending, naive, conclusion, used = 0, 0, 0, []
    paid = levels(looks)
    for repetition in range(repetitions):
        drawn, clusters = arms(world, 3, looks[-1], rng)
        raw, curated, control = drawn
        settled = peeked = False
        for n, level in zip(looks, paid):
            first = comparison(curated[:n], raw[:n], clusters, level, repetition)
            peeked |= first.p < 1 - LEVEL
            if not settled:
                verdict = conclude(first, comparison(curated[:n], control[:n], clusters, level, repetition))[0]
                settled = verdict != INCONCLUSIVE or n == looks[-1]
                if settled:
                    spending += first.verdict in (HELPED, HARMED)
                    conclusion += verdict in (HELPED, HARMED)
                    used.append(n)
            if settled and peeked:
                break
        naive += peeked
    return {
        "by alpha spending": spending / repetitions,
        "helped or harmed": conclusion / repetitions,
        "looking as if once": naive / repetitions,
        "mean seeds": float(np.mean(used)),
    }


def coverage(seeds: int, clusters: int, seed_sd: float, cluster_sd: float, repetitions: int, seed: int) -> float:
    """How often the 95 % interval holds a known difference of one point."""
    rng = np.random.default_rng([seed, seeds, clusters, 2])
    hits = 0
    for repetition in range(repetitions):
        differences = 0.01 + rng.normal(0, cluster_sd, clusters)[None, :] + rng.normal(0, seed_sd, seeds)[:, None]
        differences = differences + rng.normal(0, 0.4, (seeds, clusters))
        found = estimate(differences, np.ones(clusters), seed=repetition, resamples=RESAMPLES)
        hits += found.low <= 0.01 <= found.high
    return hits / repetitions


def main() -> int:
    parser = argparse.ArgumentParser(description="Simulated error rates of the ablation's verdicts.")
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    n, seed = arguments.repetitions, arguments.seed
    results: dict[str, Any] = {"repetitions": n, "seed": seed, "once": [], "sequential": [], "coverage": []}
    error = 1.96 * (0.05 * 0.95 / n) ** 0.5
    print(f"{n} repetitions: a true rate of 5 % is shown as 5 % ± {100 * error:.1f} points\n")
    print("| rows and seeds | seeds | a comparison: helped or harmed | curation helped | curation harmed | equivalent |")
    print("|---|---:|---:|---:|---:|---:|")
    for world in WORLDS:
        for seeds in (3, 8):
            found = false_positives(world, seeds, n, seed)
            results["once"].append({"world": world.name, "seeds": seeds, **found})
            rates = " | ".join(f"{100 * v:.1f} %" for v in found.values())
            print(f"| {world.name} | {seeds} | {rates} |", flush=True)
    print("\n| rows and seeds | looks | by alpha spending | helped or harmed | looking as if once | mean seeds |")
    print("|---|---|---:|---:|---:|---:|")
    for world in (WORLDS[0], WORLDS[1], WORLDS[3]):
        for looks in (tuple(range(3, 9)), tuple(range(8, 17, 2))):
            found = sequential(world, looks, -(-n // 2), seed)
            results["sequential"].append({"world": world.name, "looks": looks, **found})
            rates = " | ".join(f"{100 * v:.1f} %" for v in list(found.values())[:3])
            print(f"| {world.name} | {looks[0]} to {looks[-1]} | {rates} | {found['mean seeds']:.1f} |", flush=True)
    print("\n| seeds | clusters | a seed's part | a cluster's part | coverage of 95 % |")
    print("|---:|---:|---:|---:|---:|")
    for seeds, clusters, seed_sd, cluster_sd in (
        (3, 200, 0.0, 0.3), (3, 200, 0.02, 0.3), (3, 200, 0.08, 0.0), (3, 1000, 0.01, 0.1), (8, 100, 0.05, 0.3),
        (8, 1000, 0.01, 0.1), (16, 1000, 0.02, 0.2), (8, 60, 0.0, 0.0),
    ):  # fmt: skip
        share = coverage(seeds, clusters, seed_sd, cluster_sd, n, seed)
        results["coverage"].append(
            {"seeds": seeds, "clusters": clusters, "seed_sd": seed_sd, "cluster_sd": cluster_sd, "coverage": share}
        )
        print(f"| {seeds} | {clusters} | {seed_sd} | {cluster_sd} | {100 * share:.1f} % |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
