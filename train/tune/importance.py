"""How much each searched setting decided, with an interval, or that the trials do not say.

fANOVA (Hutter, Hoos and Leyton-Brown 2014): a random forest of the objective over the space, and the share of its variance
that each setting explains by itself. Trials that were ended early have no final value and take no part. The interval
is that of trials drawn anew with replacement (percentiles of `DRAWS` forests), since twenty trials say little about eight
settings and a single number hides it. Cost: about a second. Needs optuna and scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from train.tune.space import Dimension
from train.tune.study import present

FEWEST, DRAWS, TREES = 10, 20, 32


def importances(
    rows: Sequence[Mapping[str, Any]], space: Sequence[Dimension], seed: int = 0
) -> list[dict[str, Any]] | None:
    """Name, share, low, high of each setting, the largest first; None where fewer than `FEWEST` trials finished."""
    done = [row for row in rows if row["state"] == "complete" and row["value"] is not None]
    if len(done) < FEWEST or len({row["value"] for row in done}) < 3:
        return None
    found = _shares(done, space, seed)
    rng = np.random.default_rng(seed)
    drawn = [_shares([done[i] for i in rng.integers(0, len(done), len(done))], space, seed) for _ in range(DRAWS)]
    out = []
    for name, share in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        low, high = np.percentile([one.get(name, 0.0) for one in drawn], [5, 95])
        out.append({"name": name, "share": share, "low": min(float(low), share), "high": max(float(high), share)})
    return out


def _shares(rows: Sequence[Mapping[str, Any]], space: Sequence[Dimension], seed: int) -> dict[str, float]:
    optuna = present()
    kinds = {d.name: _distribution(d) for d in space}
    # A setting that has one value in these trials explains nothing, and the forest's box would have no width.
    moved = [name for name in kinds if len({row["values"][name] for row in rows}) > 1]
    if not moved or len({row["value"] for row in rows}) < 2:
        return dict.fromkeys(kinds, 0.0)
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: row["values"][name] for name in moved},
                distributions={name: kinds[name] for name in moved}, value=float(row["value"]),
            )
            for row in rows
        ]
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=seed)
        try:
            found = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)
        except (RuntimeError, ValueError):  # no variance left to explain
            found = {}
    return {name: float(found.get(name, 0.0)) for name in kinds}


def _distribution(d: Dimension) -> Any:
    optuna = present()
    if d.choices:
        return optuna.distributions.CategoricalDistribution(d.choices)
    if d.whole:
        return optuna.distributions.IntDistribution(round(d.low), round(d.high), log=d.log)
    return optuna.distributions.FloatDistribution(d.low, d.high, log=d.log)
