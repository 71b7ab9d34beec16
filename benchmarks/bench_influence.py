"""Does influence by gradients say what leaving rows out really does? The estimate against real runs on Banking77.

    python -m benchmarks.bench_influence [--rows 240] [--steps 40] [--groups 12] [--seeds 3] [--draws 3] [--base tiny]

A quarter of the training labels are wrong as annotators get them wrong. Groups of a tenth of the rows, half of them drawn
at random and half from rows that are alike (wrong ones, one intent's), are left out for real, each with every seed; the
change of the held-out loss is what the estimate has to rank. Spearman's rank correlation by draw of the data, and of all
draws together (Fisher's z) with its 95 % interval. Forty processor seconds a draw with the tiny random base.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.ablation_scenarios import TRAINING, banking, processor_seconds
from benchmarks.labels.noise import flipped

WRONG, SHARE = 0.25, 0.1


def main() -> int:
    from scipy import stats

    from train.ablation import Arm, Evaluation
    from train.ablation.arms import CURATED
    from train.ablation.beyond.receipts import Influence, loss_of
    from train.ablation.matrix import Matrix
    from train.config import TrainConfig
    from train.examples import Examples

    parser = argparse.ArgumentParser(description="Gradient influence against groups that were really left out.")
    parser.add_argument("--rows", type=int, default=240)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--groups", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--base", default="tiny", help="tiny: a small random one made here")
    parser.add_argument("--layers", nargs="+", type=int, default=[])
    asked = parser.parse_args()
    if asked.groups < 4:
        parser.error("--groups must be 4 or more: with fewer a rank correlation has no interval")
    began, used = time.perf_counter(), processor_seconds()
    found: list[float] = []
    with tempfile.TemporaryDirectory(prefix="curate-influence-") as folder:
        home = Path(folder)
        base = asked.base
        if base == "tiny":
            sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "train"))
            from tiny_base import make_base

            base = str(make_base(home / "base", corpus=[text for text, _ in banking(800, 10)[0]]))
        config = TrainConfig(
            steps=asked.steps, base=base, layers=tuple(asked.layers), tensorboard=False, threads=1, **TRAINING
        )  # type: ignore[arg-type]
        for draw in range(asked.draws):
            train, test = banking(10_000, 10_000)
            rng = np.random.default_rng(draw)
            train = [train[i] for i in sorted(rng.choice(len(train), asked.rows, replace=False))]
            test = [test[i] for i in sorted(rng.choice(len(test), min(len(test), 300), replace=False))]
            names = sorted({label for _, label in (*train, *test)})
            truth = np.array([names.index(label) for _, label in train])
            given = flipped("annotator", [text for text, _ in train], truth, WRONG, draw)
            rows = Examples(
                "classification", np.arange(len(train)), tuple(t for t, _ in train), tuple(names[int(i)] for i in given)
            )
            held = Examples(
                "classification", np.arange(len(test)) + 100_000, tuple(t for t, _ in test), tuple(v for _, v in test)
            )
            groups = groups_of(given, given != truth, asked.groups, rng)
            arms = [Arm(CURATED, "all", rows)]
            arms += [
                Arm(f"less_{k}", "less", rows.take(np.setdiff1d(np.arange(len(rows)), g))) for k, g in enumerate(groups)
            ]
            matrix = Matrix(arms, Evaluation.plain(held), config, tuple(range(asked.seeds)), home / str(draw))
            matrix.train(matrix.seeds)
            real = []
            for k in range(len(groups)):
                pairs = [(matrix.scores(f"less_{k}", s), matrix.scores(CURATED, s)) for s in matrix.seeds]
                real.append(float(np.mean([loss_of(a) - loss_of(b) for a, b in pairs if a is not None and b is not None])))
            (by_row,) = Influence(matrix, held).of([rows])
            estimate = [float((by_row[g] - by_row.mean()).sum()) for g in groups]
            rho = stats.spearmanr(estimate, real).statistic
            found.append(float(rho))
            print(f"draw {draw}: {rho:+.2f}; changes of the loss {min(real):+.3f} to {max(real):+.3f}", flush=True)
    z = float(np.mean(np.arctanh(np.clip(found, -0.999, 0.999))))
    reach = 1.96 * 1.03 / math.sqrt(len(found) * (asked.groups - 3))
    print(f"together {math.tanh(z):+.2f} [{math.tanh(z - reach):+.2f}, {math.tanh(z + reach):+.2f}]")
    print(f"{time.perf_counter() - began:.0f} s wall, {processor_seconds() - used:.0f} processor seconds")
    return 0


def groups_of(given: np.ndarray, wrong: np.ndarray, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Groups of a tenth of the rows: at random, and from wrong rows or those of one label."""
    size = max(1, round(SHARE * len(given)))
    out = []
    for k in range(count):
        if k % 2 == 0:
            pool = np.arange(len(given))
        elif k % 4 == 1:
            pool = np.flatnonzero(wrong)
        else:
            pool = np.flatnonzero((given == given[rng.integers(len(given))]) & ~wrong)
        chosen = rng.choice(pool, min(size, len(pool)), replace=False)
        more = rng.choice(np.setdiff1d(np.arange(len(given)), chosen), size - len(chosen), replace=False)
        out.append(np.sort(np.concatenate([chosen, more])))
    return out


if __name__ == "__main__":
    raise SystemExit(main())
