"""Fit the weights of the quality score to pairs of a worse and a better answer, and say how well that carries over.

    python -m benchmarks.quality.fit_score            (about a minute; prints the table for curate/quality/overall.py)
    python -m benchmarks.quality.fit_score --measure  (the committed score on every kind, beside length; fits nothing)

Method: logistic regression on the differences of traits (Bradley-Terry), weights at least 0, ridge towards `PRIOR`,
faults as the committed factors. Each group of kinds counts as `SHARE` says: what people who revise instructions do most.
Reported, by kind: held-out halves (mean over 5 splits, both ways) and the kind left out of the fit altogether. The
background, which tells the usual words and fluency, is half raw and half larger-model rows. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

from benchmarks.bench_quality import pieces, share_of
from benchmarks.parts import command
from benchmarks.quality.pairs import GROUPS, held_out, kinds, rows_of
from curate.quality import QualityConfig, judge, overall, prepare
from curate.quality.traits import traits

SHARE = {"extends": 0.55, "language": 0.22, "relevance": 0.10, "redundancy": 0.04, "prompt": 0.07, "preference": 0.02}
TWICE = {"larger model": 5.0}
"""Real pairs count as many kinds."""
RIDGE = 0.03
PRIOR = {"substance": 6.0}
"""Where a weight is drawn to; 1 for all others. Nothing in the damages adds what a person adds, who knows more."""


def background() -> list[dict[str, str]]:
    """Rows that are not among the pairs' better halves, as many raw as not."""
    pairs = {row["output"] for row in rows_of("alpaca/random_9k.json.gz")}
    better = [row for row in rows_of("chat_formats/alpaca_en_demo.json.gz") if row["output"] not in pairs]
    return rows_of("alpaca/random_9k.json.gz")[: len(better)] + better


def table(n: int) -> tuple[list[str], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """(names of traits, differences, differences of the logarithm of the faults' factor, of length) by kind."""
    pairs = kinds(n)
    first = background()
    rows = first + [row for kind in pairs.values() for pair in kind for row in pair]
    measured, _ = prepare(pieces(rows))
    found = judge(measured, QualityConfig())
    by_name = traits(measured)
    faults = np.log(np.maximum(overall.with_faults(np.ones(len(rows)), found, measured.features["words"]), 1e-3))
    values = np.stack(list(by_name.values()), axis=1)
    sizes = np.array([len(row["output"]) for row in rows])
    at, gap, fault, longer = len(first), {}, {}, {}
    for kind, of in pairs.items():
        worse = np.arange(at, at + 2 * len(of), 2)
        gap[kind], fault[kind] = values[worse + 1] - values[worse], faults[worse + 1] - faults[worse]
        longer[kind] = sizes[worse + 1] - sizes[worse]
        at += 2 * len(of)
    return list(by_name), gap, fault, longer


def weights_of_kinds() -> dict[str, float]:
    """How much each kind counts in the fit."""
    out = {}
    for group, members in GROUPS.items():
        total = sum(TWICE.get(kind, 1.0) for kind in members)
        out.update({kind: SHARE[group] * TWICE.get(kind, 1.0) / total for kind in members})
    return out


def fit(gap: dict[str, Any], fault: dict[str, Any], share: dict[str, float], centre: Any) -> Any:
    """Weights at least 0."""
    size = next(iter(gap.values())).shape[1]
    scale = 10.0
    found = np.ones(size)
    for _ in range(3):
        def loss(w: Any, scale: float = scale) -> tuple[float, Any]:
            total, slope = 0.0, np.zeros(size)
            for kind, d in gap.items():
                if len(d):
                    margin = np.clip(d @ w + scale * fault[kind], -30, 30)
                    total += 20 * share[kind] * float(np.logaddexp(0, -margin).mean())
                    slope -= 20 * share[kind] * (d / (1 + np.exp(margin))[:, None]).mean(axis=0)
            return total + RIDGE * float((w - centre) @ (w - centre)), slope + 2 * RIDGE * (w - centre)

        found = minimize(loss, found, jac=True, method="L-BFGS-B", bounds=[(0, None)] * size).x
        scale = 0.65 * float(found.sum())  # d log(mean) is about d(sum) / (0.65 sum)
    return found


def won(w: Any, gap: Any, fault: Any) -> Any:
    """1 where the better scores higher, half where both score alike."""
    margin = gap @ w + 0.65 * float(w.sum()) * fault
    return (margin > 1e-9) + 0.5 * (np.abs(margin) <= 1e-9)


def main() -> None:
    """Print the weights and what they do."""
    names, gap, fault, longer = table(250)
    share = weights_of_kinds()
    centre = np.array([PRIOR.get(name, 1.0) for name in names])
    held: dict[str, list[float]] = {kind: [] for kind in gap}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        half = {kind: rng.random(len(d)) < 0.5 for kind, d in gap.items()}
        for side in (False, True):
            mask = {kind: half[kind] == side for kind in gap}
            w = fit({k: gap[k][mask[k]] for k in gap}, {k: fault[k][mask[k]] for k in gap}, share, centre)
            for kind in gap:
                held[kind].append(float(won(w, gap[kind][~mask[kind]], fault[kind][~mask[kind]]).mean()))
    final = fit(gap, fault, share, centre)
    print(f"{'kind':20} pairs  held out  left out  by length")
    for group, members in GROUPS.items():
        print(f"-- {group} ({SHARE[group]})")
        for kind in members:
            others = {k: v for k, v in gap.items() if k != kind}
            out = won(fit(others, fault, share, centre), gap[kind], fault[kind]).mean()
            size = ((longer[kind] > 0) + 0.5 * (longer[kind] == 0)).mean()
            print(f"{kind:20} {len(gap[kind]):5}  {np.mean(held[kind]):8.3f}  {out:8.3f}  {size:9.3f}")
    print("WEIGHTS = {")
    for name, value in zip(names, final / final.sum(), strict=True):
        print(f'    "{name}": {value:.3f},')
    print("}")


def measure() -> None:
    """The committed score."""
    pairs = held_out() | kinds(250)
    first = background()
    rows = first + [row for kind in pairs.values() for pair in kind for row in pair]
    measured, _ = prepare(pieces(rows))
    found = judge(measured, QualityConfig())
    score = overall.with_faults(overall.answers(measured), found, measured.features["words"])
    size = np.array([len(row["output"]) for row in rows])
    at = len(first)
    print("kind, better scores higher (ties half), longer is better; where the better is longer, where it is not; their")
    print("mean with its 95 % bootstrap interval, which a score that knows length alone has at 0.50")
    for kind, of in pairs.items():
        worse = np.arange(at, at + 2 * len(of), 2)
        at += 2 * len(of)
        gap, more = score[worse + 1] - score[worse], size[worse + 1] - size[worse]
        wins, length = (gap > 0) + 0.5 * (gap == 0), (more > 0) + 0.5 * (more == 0)
        halves = [m for m in (more > 0, more <= 0) if m.any()]
        both = [f"{wins[m].mean():.2f} of {m.sum()}" if m.any() else "-" for m in (more > 0, more <= 0)]
        both += [controlled([wins[m] for m in halves])] if len(halves) == 2 else []
        print(f"{kind:20} {share_of(round(wins.sum()), len(of)):28} length {length.mean():.3f}   {'   '.join(both)}")


def controlled(halves: list[Any]) -> str:
    """Mean of the shares won in both halves, and its interval over drawing pairs again."""
    rng = np.random.default_rng(0)
    draws = [np.mean([rng.choice(half, len(half)).mean() for half in halves]) for _ in range(1000)]
    low, high = np.percentile(draws, (2.5, 97.5))
    return f"{np.mean([half.mean() for half in halves]):.2f} [{low:.2f}, {high:.2f}]"


def apart() -> None:
    """Both halves of the real pairs in runs of their own, where nothing of the one is usual for the other."""
    pairs = kinds(10)["larger model"]
    sides = []
    for side in (0, 1):
        measured, _ = prepare(pieces([pair[side] for pair in pairs]))
        found = judge(measured, QualityConfig())
        sides.append(overall.with_faults(overall.answers(measured), found, measured.features["words"]))
    won_by = (sides[1] > sides[0]) + 0.5 * (sides[1] == sides[0])
    print(f"larger model, each side by itself: {share_of(round(won_by.sum()), len(pairs))}")


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--measure", action="store_true", help="fit nothing")
    if parser.parse_args().measure:
        measure()
        apart()
    else:
        main()
