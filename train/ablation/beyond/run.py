"""Everything that is asked beyond accuracy, run by run: what it will cost, the arms, the answers.

One matrix for the task itself (raw, curated, sets of stages, decision classes, sizes, operators), one for groups of rows
left out (only for receipts), one for models that write (only for memory). Each run is kept and found again, so a killed
measurement goes on; identical arms train once. How long it will take is measured on a few steps and said before anything
starts. Cost on the sample data: see `docs/beyond-accuracy.md`. Needs the `train` extra.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.cores import available_cores
from curate.errors import CurateError
from curate.words import rough_duration
from train.ablation.analysis import Analysis
from train.ablation.arms import CURATED, RAW, Arm
from train.ablation.beyond.fairness import fairness_of
from train.ablation.beyond.flips import flips_of
from train.ablation.beyond.forgetting import forgetting_of
from train.ablation.beyond.frontiers import frontiers_of
from train.ablation.beyond.memory import MemoryRuns, forget_canaries, memory_of
from train.ablation.beyond.receipts import PROBES, Influence, probe_arms, receipts_of
from train.ablation.beyond.result import BeyondResult, Memory, Receipts
from train.ablation.beyond.wish import FAIRNESS, FLIPS, FORGETTING, FRONTIERS, MEMORY, RECEIPTS, Wish
from train.ablation.evaluation import Evaluation
from train.ablation.matrix import Matrix
from train.ablation.together import WORTH_SIDE_BY_SIDE
from train.ablation.verdict import DELTA
from train.config import TrainConfig
from train.estimate import estimate_training
from train.evaluate import metric_of
from train.processes import LARGEST_BASE_BYTES, Pool

Progress = Callable[[dict[str, Any]], None]
_ASKING = 1.25
"""Reading canaries, swaps and gradients takes about a quarter of the training time beside it."""


def measure_beyond(
    wish: Wish,
    evaluation: Evaluation,
    config: TrainConfig,
    out_dir: Path,
    progress: Progress | None = None,
    canonical: Mapping[str, str] | None = None,
    delta: float | None = None,
) -> BeyondResult:
    """Train what is asked for under `out_dir/train/` and answer it; raises what training raises."""
    started = time.perf_counter()
    metric = metric_of(evaluation.examples, config.objective)
    limit = DELTA.get(metric, 0.01) if delta is None else delta
    tell = progress or (lambda event: None)
    arms = [Arm(RAW, "raw data", wish.raw), Arm(CURATED, "curated data", wish.curated), *wish.arms]
    matrix = Matrix(arms, evaluation, config, wish.design.seeds, out_dir, tell, canonical)
    notes = [*wish.notes]
    runs: MemoryRuns | None = None
    if MEMORY in wish.parts:
        if wish.scan is None or wish.scrub is None:
            notes.append("Memory was not measured: the privacy stage is not part of the recipe.")
        else:
            runs = MemoryRuns(wish, evaluation.primary, config, out_dir, tell)
            notes += runs.notes if runs.matrix is None else []
    if runs is None or runs.matrix is None:
        forget_canaries(out_dir)  # a measurement that was killed may have left models
    analysis = Analysis(matrix, wish.design.seeds, metric, limit)
    memory: Memory | None = None
    planned = _planned(wish, matrix, runs)
    with Pool(config.threads or available_cores()) as pool:
        _lend(pool, planned)
        _said_before(wish, planned, tell)
        if set(wish.parts) - {MEMORY}:
            matrix.train(wish.design.seeds)
        if runs is not None and runs.matrix is not None:
            runs.train()
            memory = memory_of(runs)
            runs.forget()
            notes += [*runs.matrix.notes, *runs.matrix.failures()]
        receipts = _receipts(wish, matrix, analysis, evaluation, out_dir, tell, canonical, limit)
    held = evaluation.primary
    fair = None
    if FAIRNESS in wish.parts:
        fair = fairness_of(analysis, wish.design, [arm.name for arm in arms], limit, wish.positive)
        if fair is None:
            notes.append("Fairness was not measured: no column of the data is a sensitive group.")
    singles = [arm.name for arm in wish.arms if arm.name.startswith("only_") and "+" not in arm.name]
    return BeyondResult(
        asked=wish.parts,
        seeds=wish.design.seeds,
        config=matrix.config.told(),
        rows=len(wish.raw),
        notes=(*notes, *matrix.notes, *matrix.failures()),
        seconds=time.perf_counter() - started,
        fairness=fair,
        memory=memory,
        receipts=receipts,
        frontiers=frontiers_of(analysis, wish, limit, memory) if FRONTIERS in wish.parts else None,
        flips=flips_of(matrix, held) if FLIPS in wish.parts else None,
        forgetting=forgetting_of(matrix, [RAW, CURATED, *singles]) if FORGETTING in wish.parts else None,
    )


def _receipts(
    wish: Wish, matrix: Matrix, analysis: Analysis, evaluation: Evaluation, out_dir: Path, tell: Progress,
    canonical: Mapping[str, str] | None, limit: float,
) -> Receipts | None:
    if RECEIPTS not in wish.parts:
        return None
    influence = Influence(matrix, evaluation.primary)
    (of_curated,) = influence.of([wish.curated])
    arms, groups = probe_arms(wish.curated, of_curated)
    # The same label space and steps as before, so that raw and curated runs are those that are there.
    both = [Arm(RAW, "raw data", wish.raw), Arm(CURATED, "curated data", wish.curated), *arms]
    again = Matrix(both, evaluation, matrix.config, wish.design.seeds, out_dir, tell, canonical)
    again.labels, again.bench, again.pool = matrix.labels, matrix.bench, matrix.pool
    again.states_by = matrix  # the rows of all arms, not of these few: a measurement that goes on must not differ
    again.train(wish.design.seeds)
    probes = Analysis(again, wish.design.seeds, analysis.metric, limit)
    return receipts_of(analysis, probes, wish, limit, influence, groups, of_curated)


def _planned(wish: Wish, matrix: Matrix, runs: MemoryRuns | None) -> list[tuple[Matrix, int]]:
    """The matrices that will train, and how many runs."""
    out = []
    if set(wish.parts) - {MEMORY}:
        probes = PROBES * len(wish.design.seeds) if RECEIPTS in wish.parts else 0
        out.append((matrix, matrix.distinct(wish.design.seeds) + probes))
    if runs is not None and runs.matrix is not None:
        out.append((runs.matrix, runs.matrix.distinct(wish.design.seeds)))
    return out


def _lend(pool: Pool, planned: Sequence[tuple[Matrix, int]]) -> None:
    """One pool for all matrices, where all runs together are worth the seconds that its processes take to start."""
    if sum(count * part.config.steps for part, count in planned) >= WORTH_SIDE_BY_SIDE:
        for part, _ in planned:
            part.pool = pool


def _said_before(wish: Wish, planned: Sequence[tuple[Matrix, int]], tell: Progress) -> None:
    """How long it will take, measured here: the steps of all runs, and some more for asking the models."""
    seconds, total = 0.0, 0
    for part, count in planned:
        bench, first = part.open_bench(), part.arms[0].name
        small = bench.source.is_small(LARGEST_BASE_BYTES)
        at_once = part.at_once(count)
        times = float(np.mean([arm.times for arm in part.arms]))
        config = part.settings(first, part.seeds[0])
        try:
            found = estimate_training(
                part.data[first, part.seeds[0]],
                config.replace(threads=1) if small and at_once > 1 else config,
                runs=count, at_once=at_once, evaluation_rows=len(part.evaluation), labels=part.labels, workbench=bench,
            )  # fmt: skip
        except CurateError:
            return  # the run itself will say what is wrong
        seconds += found.seconds * times
        total += count
    about = rough_duration(seconds * _ASKING)
    asked = ", ".join(wish.parts)
    words = f"Beyond accuracy ({asked}): {total} training runs, about {about} here; runs that are done are kept."
    tell({"kind": "notice", "words": words})
