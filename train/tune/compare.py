"""The winner beside the defaults on rows that chose nothing: the only place where a study meets the test rows.

Both configurations are trained on the study's training rows with the same seeds, watched on its validation rows as
`curate train` does, and scored on the test rows. The difference is paired by row and by seed; its interval is the
ablation's (`train.ablation.interval`: seeds and near-duplicate clusters both vary). A winner that is the default is
not compared: there is nothing to compare. Cost: twice as many trainings as there are seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import Cancelled, CurateError
from curate.words import plural, signed
from train.ablation.verdict import DELTA, EQUIVALENT, HARMED, HELPED, IDENTICAL, INSUFFICIENT, too_small, unit_of
from train.ablation.verdict import compare as paired
from train.config import TrainConfig
from train.evaluate import HIGHER_IS_BETTER, ItemScores, metric_of, read_scores
from train.examples import Examples
from train.preference.rows import LIKELIHOOD
from train.processes import DONE, Job, Pool
from train.tune.search import StudyData, Tell

FINAL = "final"
TUNED, DEFAULT = "tuned", "default"
_SAID = {
    HELPED: "Tuning helped: on the test rows, which chose nothing, the tuned settings are better than the defaults",
    HARMED: "Tuning did harm: on the test rows the tuned settings are worse than the defaults. Keep the defaults",
    EQUIVALENT: "Tuning did not help: on the test rows the tuned settings and the defaults differ by nothing that matters",
    IDENTICAL: "Tuning did not help: on the test rows the tuned settings and the defaults give the same scores",
}


def compare(
    data: StudyData,
    evaluation: Examples,
    tuned: TrainConfig,
    default: TrainConfig,
    seeds: Sequence[int],
    folder: Path,
    *,
    labels: Sequence[str] | None,
    canonical: Mapping[str, str],
    at_once: int = 1,
    tell: Tell = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train both with every seed under `folder/final/` and compare; what `tune.json` holds as `comparison`.

    Finished trainings of an earlier call are kept. Raises `Cancelled` between trainings when asked to stop.
    """
    jobs = [
        Job(
            f"{name}/{seed}", data.training, evaluation, _whole(config, data, seed), folder / FINAL / name / str(seed),
            None if labels is None else tuple(labels), dict(canonical), data.validation, watched=False,
        )
        for seed in seeds
        for name, config in ((TUNED, tuned), (DEFAULT, default))
    ]  # fmt: skip
    with Pool(at_once) as pool:
        for start in range(0, len(jobs), at_once):
            if stop():
                raise Cancelled("stopped before the last comparison")
            batch = jobs[start : start + at_once]
            ended = pool.run_jobs(batch, lambda job, event: _tell(tell, job, event, len(jobs)))
            for job in batch:
                if ended[job.key]["state"] != DONE:
                    raise CurateError(f"the training of {job.key} failed: {ended[job.key].get('reason', 'no reason')}")
    runs = {name: [read_scores(folder / FINAL / name / str(seed) / "eval.parquet") for seed in seeds]
            for name in (TUNED, DEFAULT)}  # fmt: skip
    return comparison_of(runs, evaluation, seeds, default.objective)


def comparison_of(
    runs: Mapping[str, Sequence[ItemScores]], evaluation: Examples, seeds: Sequence[int], objective: str = LIKELIHOOD
) -> dict[str, Any]:
    """The paired comparison of item scores by configuration and seed, by what the training objective is judged by."""
    metric = metric_of(evaluation, objective)
    runs = {name: [run.by(metric) for run in found] for name, found in runs.items()}
    first = runs[TUNED][0]
    # Fewer rows where one could not be encoded; both configurations lose the same ones unless they cut otherwise.
    rows = sorted(set.intersection(*(set(run.rows.tolist()) for name in runs for run in runs[name])))
    scores = {name: np.stack([_at(run, rows) for run in found]) for name, found in runs.items()}
    at = {int(row): i for i, row in enumerate(evaluation.ids)}
    clusters = None if evaluation.clusters is None else evaluation.clusters[[at[row] for row in rows]]
    weight = first.weight[_positions(first, rows)]
    found = paired(
        scores[TUNED], scores[DEFAULT], names=(TUNED, DEFAULT), metric=metric, higher_is_better=HIGHER_IS_BETTER[metric],
        weight=weight, clusters=clusters, equivalence=DELTA[metric],
    )  # fmt: skip
    factor, unit, digits = unit_of(metric)
    low, high = (signed(factor * end, digits) for end in (found.low, found.high))
    gain = f"{signed(factor * found.delta, digits)}{unit}"
    reason = too_small(found.n_clusters, found.seeds)
    words = _SAID.get(found.verdict, "Whether tuning helped is not shown: the interval holds gain and loss")
    verdict = found.verdict
    if reason:
        verdict, words = INSUFFICIENT, f"Whether tuning helped is not judged: {reason}"
    return {
        "metric": metric,
        "verdict": verdict,
        "words": f"{words}: {gain} [{low}, {high}] over {plural(found.seeds, 'seed')}.",
        "means": {name: float(np.average(s.mean(axis=0), weights=weight)) for name, s in scores.items()},
        "by_seed": {name: [float(np.average(one, weights=weight)) for one in s] for name, s in scores.items()},
        "seeds": list(seeds),
        "rows": len(rows),
        "clusters": found.n_clusters,
        "delta": found.delta,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "minimum_detectable": found.minimum_detectable,
    }


def _whole(config: TrainConfig, data: StudyData, seed: int) -> TrainConfig:
    """As `curate train` would train it: no rungs, the recipe's own evaluations."""
    return config.replace(steps=config.step_count(len(data.training)), epochs=0.0, seed=seed, tensorboard=False)


def _at(run: ItemScores, rows: Sequence[int]) -> np.ndarray:
    return run.score[_positions(run, rows)]


def _positions(run: ItemScores, rows: Sequence[int]) -> list[int]:
    at = {int(row): i for i, row in enumerate(run.rows)}
    return [at[row] for row in rows]


def _tell(tell: Tell, job: Job, event: Mapping[str, Any], runs: int) -> None:
    name, _, seed = job.key.partition("/")
    if event["kind"] == "step":
        tell({**event, "arm": name, "seed": int(seed), "run": 0, "runs": runs, "eta_s": None})
    elif event["kind"] == "end":
        tell({"kind": "notice", "words": f"Trained {name}, seed {seed}, for the comparison on the test rows."})
