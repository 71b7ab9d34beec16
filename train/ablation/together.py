"""Runs of an ablation that are trained at the same time: in processes of their own on a CPU, stacked in one job on a GPU.

How many go side by side, how long they will take, and what is told while they run. Which runs there are is the matrix's;
one that fails here is trained again by itself. Needs the `train` extra.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from curate.cores import available_cores
from curate.errors import CurateError
from train.estimate import estimate_training
from train.processes import DONE, LARGEST_BASE_BYTES, Job, Pool
from train.resources import on_gpu

if TYPE_CHECKING:
    from train.ablation.matrix import Matrix

WORTH_AN_ESTIMATE = 800
"""Optimiser steps of all runs together from which a few are spent on an estimate."""
WORTH_SIDE_BY_SIDE = 1200
"""Optimiser steps of all runs together from which processes of their own, which take seconds to start, pay."""
TRAINING_SHARE = 0.9
"""About how much of a run is its steps; the rest is loading and scoring."""


class Task(NamedTuple):
    """An adapter to train: the job, (arm, seed), and its number among the runs that train."""

    job: Job
    at: tuple[str, int]
    number: int


def how_many_at_once(matrix: Matrix, runs: int) -> int:
    """Runs to train at a time: as many as there are cores where the base is small and trains on a CPU."""
    assert matrix.bench is not None
    workers = min(matrix.config.threads or available_cores(), runs)
    if workers < 2 or (matrix.pool is None and runs * matrix.config.steps < WORTH_SIDE_BY_SIDE):
        return 1
    return 1 if not matrix.bench.source.is_small(LARGEST_BASE_BYTES) or on_gpu(matrix.config) else workers


def say_how_long(matrix: Matrix, tasks: Sequence[Task], at_once: int) -> None:
    """Say how long training will take, where it is long enough for that to matter."""
    if len(tasks) * matrix.config.steps < WORTH_AN_ESTIMATE or matrix.pool is not None:
        return  # whoever lends a pool has told of all that it will do
    job = tasks[0].job
    config = job.config if at_once > 1 else job.config.replace(threads=matrix.config.threads)
    try:
        found = estimate_training(
            job.examples,
            config,
            runs=len(tasks),
            at_once=at_once,
            evaluation_rows=len(matrix.evaluation),
            labels=matrix.labels,
            workbench=matrix.bench,
        )
    except CurateError:
        return  # the run itself will say what is wrong, and another arm may be sound
    matrix.tell({"kind": "notice", "words": found.words})


def train_together(matrix: Matrix, jobs: Mapping[str, Task], at_once: int, runs: int) -> set[tuple[str, int]]:
    """Train several runs at a time, in processes of their own or stacked on a GPU; which of them finished."""
    tell = _teller(matrix, jobs, runs)
    waiting = [replace(task.job, states=matrix.states_of(task.job.examples)) for task in jobs.values()]
    finished: set[str] = set()
    if at_once > 1:
        with contextlib.nullcontext(matrix.pool) if matrix.pool is not None else Pool(at_once) as pool:
            ended = pool.run_jobs(waiting, tell)
        finished = {key for key, end in ended.items() if end["state"] == DONE}
    elif len(jobs) > 1 and _may_stack(matrix):
        from train.ablation.stacked import train_stacked

        assert matrix.bench is not None
        try:
            finished = train_stacked(waiting, matrix.bench, tell)
        except (CurateError, RuntimeError) as error:  # memory, a base of another build: by themselves they still may
            if isinstance(error, CurateError) and error.exit_code == 130:
                raise
            matrix.notes[f"Runs could not be stacked ({type(error).__name__}) and were trained one by one."] = None
    return {task.at for task in jobs.values() if task.job.key in finished}


def _may_stack(matrix: Matrix) -> bool:
    """Whether runs share one job: on a GPU, where they are plain LoRA on a decoder."""
    from train.ablation.stacked import stackable
    from train.base import DECODER, architecture, device_and_dtype

    assert matrix.bench is not None
    decoder = architecture(matrix.bench.source) == DECODER
    plain = stackable(matrix.config, matrix.evaluation.task) and not any(matrix.evaluation.rejected)
    return device_and_dtype(matrix.config)[0].type == "cuda" and decoder and plain


def _teller(matrix: Matrix, jobs: Mapping[str, Task], runs: int) -> Callable[[Job, dict[str, Any]], None]:
    """What passes on the events of runs that go on at the same time."""
    begun = time.perf_counter()
    # How much of each run is done; what is left follows from all of them, since they go side by side.
    share = dict.fromkeys(jobs, 0.0)

    def tell(job: Job, inner: dict[str, Any]) -> None:
        task = jobs[job.key]
        event: dict[str, Any] = {"arm": task.at[0], "seed": task.at[1], "run": task.number, "runs": runs}
        if inner["kind"] == "step":
            share[job.key] = inner["step"] / max(1, inner["steps"]) * TRAINING_SHARE
        elif inner["kind"] == "end" and inner["state"] == DONE:
            share[job.key] = 1.0
        done = sum(share.values())
        left = (time.perf_counter() - begun) * (len(jobs) - done) / done if done else None
        if inner["kind"] == "begin":
            matrix.tell({"kind": "run", **event, "state": "started", "eta_s": left})
        elif inner["kind"] != "end":
            matrix.tell({**inner, **event, "eta_s": left})
        elif inner["state"] == DONE:
            matrix.tell({"kind": "run", **event, "state": "done", "eta_s": left})

    return tell
