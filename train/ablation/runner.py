"""Run an ablation: every arm with every seed, each run resumable, then the comparisons.

All else is equal between arms: base, optimiser steps, label space (the union over arms), initial weights by seed, row
order by hash of row id and seed, evaluation rows. Tokenised rows are shared. Arms whose data, configuration and seed
are identical train once. An arm that fails (diverges, has no usable row) is reported and does not harm the others.
After a kill the same call goes on where it stopped: a run counts as done when its `done.json` says so.

Needs the `train` extra. Cost: seeds × distinct arms × one training run.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from curate.errors import ConfigError, CurateError
from train.ablation.arms import BASE, CONTROL, CURATED, RAW, Arm
from train.ablation.result import AblationResult, ArmResult
from train.ablation.side_by_side import LARGEST_BASE_BYTES, train_side_by_side
from train.ablation.verdict import DELTA, INSUFFICIENT, Comparison, compare, conclude, too_small
from train.ablation.worker import Job
from train.baseline import DESCRIPTION, evaluate_base
from train.config import TrainConfig
from train.estimate import estimate_training
from train.evaluate import HIGHER_IS_BETTER, ItemScores, metric_name, shown_classes
from train.examples import CLASSIFICATION, Examples
from train.extra import versions
from train.lora import TrainedRun, Workbench, finished_run, open_workbench, run_identity, train_adapter
from train.yardstick import DESCRIPTION as YARDSTICK
from train.yardstick import tfidf_yardstick

Progress = Callable[[dict[str, Any]], None]
WORTH_AN_ESTIMATE = 300
"""Optimiser steps of all runs together from which a few are spent on an estimate."""
TRAINING_SHARE = 0.9
"""About how much of a run is its steps; the rest is loading and scoring."""
DEFAULT_COMPARISONS = ((CURATED, RAW), (CURATED, CONTROL), (CONTROL, RAW), (RAW, BASE), (CURATED, BASE))


def run_ablation(
    arms: Sequence[Arm],
    evaluation: Examples,
    config: TrainConfig,
    seeds: Sequence[int] = (0, 1, 2),
    out_dir: Path = Path(),
    progress: Progress | None = None,
    *,
    canonical: Mapping[str, str] | None = None,
    comparisons: Sequence[tuple[str, str]] = DEFAULT_COMPARISONS,
    delta: float | None = None,
    yardstick: bool = True,
    evaluation_note: str = "",
    even_if_insufficient: bool = False,
) -> AblationResult:
    """Train and compare `arms`; writes `train/<arm>/<seed>/` under `out_dir`.

    `evaluation` are the frozen held-out rows, with `clusters` where near-duplicates are known. `canonical` maps label
    spellings to canonical names, for scoring only. `progress` gets dicts: `{"kind": "notice", "words"}`,
    `{"kind": "run", arm, seed, run, runs, state, eta_s}` (state: started, done, resumed, same, failed) and
    `{"kind": "step", arm, seed, run, runs, step, steps, loss, eta_s}`, eta_s being that of the whole ablation, `runs`
    the distinct runs that train and `run` the number of this one among them, 0 for one that trains nothing.
    Where the evaluation is too small for any verdict that is said before training and nothing is trained, unless
    `even_if_insufficient`. Raises `ConfigError`, `MissingExtraError`.
    """
    started = time.perf_counter()
    if not arms or len({arm.name for arm in arms}) < len(arms):
        raise ConfigError("an ablation needs arms with different names")
    seeds = tuple(dict.fromkeys(int(seed) for seed in seeds))
    matrix = _Matrix(arms, evaluation, config, seeds, Path(out_dir), progress, canonical or {})
    metric = metric_name(evaluation.task)
    limit = DELTA[metric] if delta is None else delta
    clusters = len(evaluation) if evaluation.clusters is None else len(np.unique(evaluation.clusters))
    reason = too_small(clusters, len(seeds))
    notes = [note for note in (evaluation_note, *evaluation.notes) if note]
    if evaluation.task == CLASSIFICATION:
        notes.append("Evaluation labels are as given: nobody has verified them.")
    found: list[Comparison] = []
    verdict, words = INSUFFICIENT, f"There is not enough evidence for a verdict: {reason}."
    if reason:
        matrix.tell({"kind": "notice", "words": words})
    if not reason or even_if_insufficient:
        matrix.train()
        found = [c for a, b in comparisons if (c := matrix.compare(a, b, metric, limit)) is not None]
        by_pair = {(c.a, c.b): c for c in found}
        verdict, words = conclude(by_pair.get((CURATED, RAW)), by_pair.get((CURATED, CONTROL)))
    return AblationResult(
        task=evaluation.task,
        metric=metric,
        delta=limit,
        verdict=verdict,
        words=words,
        arms=tuple(matrix.arm_result(arm, metric) for arm in arms),
        comparisons=tuple(found),
        yardstick=_yardstick(matrix) if yardstick and evaluation.task == CLASSIFICATION else {},
        evaluation={"rows": len(evaluation), "clusters": clusters, "labels": "as given", "note": evaluation_note},
        config=matrix.config.to_json(),
        base=config.base,
        seeds=seeds,
        notes=(*notes, *matrix.notes),
        versions=versions(),
        hardware={"machine": platform.machine(), "cpus": os.cpu_count(), "system": platform.system(), **_accelerator()},
        seconds=time.perf_counter() - started,
    )


class _Task(NamedTuple):
    """An adapter to train: the job, (arm, seed), and its number among the runs that train."""

    job: Job
    at: tuple[str, int]
    number: int


class _Matrix:
    """The runs of one ablation: arms × seeds."""

    def __init__(
        self,
        arms: Sequence[Arm],
        evaluation: Examples,
        config: TrainConfig,
        seeds: tuple[int, ...],
        out_dir: Path,
        progress: Progress | None,
        canonical: Mapping[str, str],
    ) -> None:
        self.arms, self.evaluation, self.seeds, self.canonical = arms, evaluation, seeds, canonical
        self.out_dir, self._progress = out_dir, progress
        self.data = {(arm.name, seed): arm.draw(seed) for arm in arms for seed in seeds}
        tasks = {examples.task for examples in self.data.values()} | {evaluation.task}
        if len(tasks) > 1:
            raise ConfigError(f"the arms and the evaluation train different tasks: {', '.join(sorted(tasks))}")
        reference = max(len(examples) for examples in self.data.values())
        # The same steps for all arms; nothing may stop one of them early.
        self.config = config.replace(
            steps=config.step_count(reference),
            epochs=0.0,
            evaluate_every_steps=0,
            early_stopping_patience_evaluations=0,
        )
        self.labels: list[str] | None = None
        if evaluation.task == CLASSIFICATION:
            self.labels = sorted({label for examples in self.data.values() for label in examples.labels})
        self.runs: dict[tuple[str, int], TrainedRun] = {}
        self.states: dict[tuple[str, int], dict[str, Any]] = {}
        self.notes: list[str] = []
        self.bench: Workbench | None = None

    def tell(self, event: dict[str, Any]) -> None:
        if self._progress is not None:
            self._progress(event)

    def train(self) -> None:
        """Run what is not done yet, seed by seed, so that an interrupted ablation holds whole comparisons."""
        self.bench = open_workbench(self.config)
        plan = [(arm, seed) for seed in self.seeds for arm in self.arms]
        # Only runs that train are counted; the base model, which is only scored, comes first and is quick.
        plan.sort(key=lambda at: at[0].method != "base")
        keys = dict.fromkeys(self._key(arm, seed) for arm, seed in plan if arm.method == "lora")
        number = {key: i for i, key in enumerate(keys, 1)}
        first: dict[tuple[str, str, int], tuple[str, int]] = {}
        told: set[tuple[str, int]] | None = None
        trained_seconds: list[float] = []
        for arm, seed in plan:
            if told is None and arm.method == "lora":
                jobs = self._unfinished(plan, number)
                at_once = self._at_once(len(jobs))
                self._estimate(list(jobs.values()), at_once)
                told = self._side_by_side(jobs, at_once, len(number)) if at_once > 1 else set()
            key, at = self._key(arm, seed), (arm.name, seed)
            left = sum(k not in first for k in number)
            if at in (told or ()):
                first[key] = at
                self._one(arm, seed, {}, 0, None)
                continue
            mean_run = float(np.mean(trained_seconds)) if trained_seconds else None
            event = {"arm": arm.name, "seed": seed, "run": number.get(key, 0), "runs": len(number)}
            eta = None if mean_run is None else mean_run * left
            if key in first:
                self._copy(at, first[key])
                self.tell({"kind": "run", **event, "run": 0, "state": "same", "eta_s": eta})
                continue
            first[key] = at
            self.tell({"kind": "run", **event, "state": "started", "eta_s": eta})
            begun = time.perf_counter()
            state = self._one(arm, seed, event, max(0, left - 1), mean_run)
            if state == "done" and arm.method == "lora":
                trained_seconds.append(time.perf_counter() - begun)
            after = float(np.mean(trained_seconds)) * (left - 1) if trained_seconds else None
            self.tell({"kind": "run", **event, "state": state, "eta_s": after})

    def _unfinished(
        self, plan: Sequence[tuple[Arm, int]], number: Mapping[tuple[str, str, int], int]
    ) -> dict[str, _Task]:
        """The distinct adapters that are still to be trained."""
        bench = self.bench
        assert bench is not None
        jobs: dict[str, _Task] = {}
        seen: set[str] = set()  # an arm that repeats a finished run needs none of its own
        for arm, seed in plan:
            key = "/".join(map(str, self._key(arm, seed)))
            directory = self._directory(arm.name, seed)
            config = self.config.replace(seed=seed, threads=1)
            examples = self.data[arm.name, seed]
            identity = (config, bench, examples, self.labels, self.evaluation, None, self.canonical)
            if arm.method != "lora" or key in seen or not len(examples):
                continue
            seen.add(key)
            if finished_run(directory, run_identity(*identity, method="lora"), self.evaluation) is None:
                labels = None if self.labels is None else tuple(self.labels)
                job = Job(key, examples, self.evaluation, config, directory, labels, dict(self.canonical))
                jobs[key] = _Task(job, (arm.name, seed), number[self._key(arm, seed)])
        return jobs

    def _at_once(self, runs: int) -> int:
        """Runs to train at a time: as many as there are cores where the base is small and no accelerator is there."""
        assert self.bench is not None
        workers = min(self.config.threads or available_cores(), runs)
        if workers < 2 or not self.bench.source.is_small(LARGEST_BASE_BYTES) or _accelerator()["accelerator"]:
            return 1
        return workers

    def _estimate(self, tasks: Sequence[_Task], at_once: int) -> None:
        """Say how long training will take, where it is long enough for that to matter."""
        if len(tasks) * self.config.steps < WORTH_AN_ESTIMATE:
            return
        job = tasks[0].job
        config = job.config if at_once > 1 else job.config.replace(threads=self.config.threads)
        rows = len(self.evaluation)
        try:
            found = estimate_training(
                job.examples,
                config,
                runs=len(tasks),
                at_once=at_once,
                evaluation_rows=rows,
                labels=self.labels,
                workbench=self.bench,
            )
        except CurateError:
            return  # the run itself will say what is wrong, and another arm may be sound
        self.tell({"kind": "notice", "words": found.words})

    def _side_by_side(self, jobs: Mapping[str, _Task], at_once: int, runs: int) -> set[tuple[str, int]]:
        """Train in several processes; which runs they finished."""
        begun = time.perf_counter()
        # How much of each run is done; what is left follows from all of them, since they go side by side.
        share = dict.fromkeys(jobs, 0.0)

        def tell(job: Job, inner: dict[str, Any]) -> None:
            task = jobs[job.key]
            event: dict[str, Any] = {"arm": task.at[0], "seed": task.at[1], "run": task.number, "runs": runs}
            if inner["kind"] == "step":
                share[job.key] = inner["step"] / max(1, inner["steps"]) * TRAINING_SHARE
            elif inner["kind"] == "end" and inner["ok"]:
                share[job.key] = 1.0
            done = sum(share.values())
            left = (time.perf_counter() - begun) * (len(jobs) - done) / done if done else None
            if inner["kind"] == "begin":
                self.tell({"kind": "run", **event, "state": "started", "eta_s": left})
            elif inner["kind"] != "end":
                self.tell({**inner, **event, "eta_s": left})
            elif inner["ok"]:
                self.tell({"kind": "run", **event, "state": "done", "eta_s": left})

        finished = train_side_by_side([task.job for task in jobs.values()], at_once, tell)
        return {task.at for task in jobs.values() if task.job.key in finished}

    def _directory(self, name: str, seed: int) -> Path:
        return self.out_dir / "train" / name / str(seed)

    def _key(self, arm: Arm, seed: int) -> tuple[str, str, int]:
        generation_base = arm.method == "base" and self.labels is None
        data = "" if generation_base else self.data[arm.name, seed].fingerprint()
        return (arm.method, data, self.seeds[0] if arm.method == "base" else seed)

    def _one(self, arm: Arm, seed: int, event: dict[str, Any], left: int, mean_run: float | None) -> str:
        examples, directory = self.data[arm.name, seed], self._directory(arm.name, seed)
        begun = time.perf_counter()

        def step(inner: dict[str, Any]) -> None:
            spent = time.perf_counter() - begun
            whole = mean_run or (spent + inner["eta_s"])
            self.tell({**inner, **event, "eta_s": inner["eta_s"] + left * whole})

        common: dict[str, Any] = {"labels": self.labels, "canonical": self.canonical, "workbench": self.bench}
        try:
            if arm.method == "base":
                run = evaluate_base(examples, self.evaluation, self.config, directory, **common)
            else:
                settings = self.config.replace(seed=seed)
                run = train_adapter(examples, settings, directory, evaluation=self.evaluation, progress=step, **common)
        except CurateError as error:
            if error.exit_code == 130 or isinstance(error, ConfigError):
                raise
            self.notes.append(f"Arm {arm.name}, seed {seed} failed: {error}")
            self.states[arm.name, seed] = {"seed": seed, "status": "failed", "reason": str(error)}
            return "failed"
        self.runs[arm.name, seed] = run
        self.states[arm.name, seed] = {
            "seed": seed,
            "status": "done",
            "metrics": run.done.get("evaluation", {}),
            "final_loss": run.done.get("final_loss"),
            "steps": run.done.get("steps", 0),
            "tokens_seen": run.done.get("tokens_seen", 0),
            "seconds": run.done.get("seconds"),
            "curve": self._curve(directory),
        }
        return "resumed" if run.resumed else "done"

    def _curve(self, directory: Path) -> str | None:
        path = directory / "metrics.jsonl"
        return path.relative_to(self.out_dir).as_posix() if path.exists() else None

    def _copy(self, at: tuple[str, int], source: tuple[str, int]) -> None:
        self.states[at] = {**self.states[source], "seed": at[1], "same_as": f"{source[0]}/{source[1]}"}
        if source in self.runs:
            self.runs[at] = self.runs[source]

    def scores(self, name: str, seed: int) -> ItemScores | None:
        run = self.runs.get((name, seed))
        return None if run is None else run.scores

    def compare(self, a: str, b: str, metric: str, limit: float) -> Comparison | None:
        """Compare two arms over the seeds that both finished; None where either is missing altogether."""
        pairs = [(self.scores(a, seed), self.scores(b, seed)) for seed in self.seeds]
        both = [(x, y) for x, y in pairs if x is not None and y is not None]
        if not both:
            return None
        position = {int(row): i for i, row in enumerate(self.evaluation.ids)}
        rows = both[0][0].rows
        clusters = None
        if self.evaluation.clusters is not None:
            clusters = self.evaluation.clusters[[position[int(row)] for row in rows]]
        return compare(
            np.stack([x.score for x, _ in both]),
            np.stack([y.score for _, y in both]),
            names=(a, b),
            metric=metric,
            higher_is_better=HIGHER_IS_BETTER[metric],
            weight=both[0][0].weight,
            clusters=clusters,
            equivalence=limit,
        )

    def arm_result(self, arm: Arm, metric: str) -> ArmResult:
        data = self.data[arm.name, self.seeds[0]]
        values = [s.mean() for seed in self.seeds if (s := self.scores(arm.name, seed)) is not None]
        missing = sorted(set(self.labels or ()) - set(data.labels))
        shown = shown_classes(self.labels, self.evaluation, self.canonical) if missing else {}
        lost = tuple(shown[label] for label in missing)
        tokens = 0
        if self.bench is not None and (arm.name, self.seeds[0]) in self.runs:
            tokens = int(self.bench.encoder.encode(data).report.tokens)
        trained = arm.method == "lora" or self.labels is not None
        return ArmResult(
            name=arm.name,
            title=arm.title,
            method=arm.method,
            rows=len(data) if trained else 0,
            tokens=tokens if trained else 0,
            runs=tuple(self.states.get((arm.name, seed), {"seed": seed, "status": "not run"}) for seed in self.seeds),
            mean=float(np.mean(values)) if values else None,
            spread=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            lost_classes=lost,
            description=DESCRIPTION[self.labels is not None] if arm.method == "base" else "",
        )


def _yardstick(matrix: _Matrix) -> dict[str, Any]:
    by_arm: dict[str, float] = {}
    known: dict[str, float] = {}
    for arm in matrix.arms:
        data = matrix.data[arm.name, matrix.seeds[0]]
        key = data.fingerprint()
        if arm.method == "base" or not len(data):
            continue
        if key not in known:
            known[key] = tfidf_yardstick(data, matrix.evaluation, matrix.canonical).mean()
        by_arm[arm.name] = known[key]
    return {"description": YARDSTICK, "metric": metric_name(matrix.evaluation.task), "by_arm": by_arm}


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _accelerator() -> dict[str, Any]:
    from train.extra import extra

    torch = extra("torch")
    name = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {"accelerator": name, "threads": torch.get_num_threads()}
