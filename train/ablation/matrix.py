"""The runs of one ablation: arms × seeds, each resumable, identical ones trained once.

All else is equal between arms: base, optimiser steps and target tokens (or passes over the rows, where the design matches
those), label space (the union over arms), initial weights by seed, row order by hash of row id and seed, evaluation rows.
A row of a classifier is one target; where tokens are learned, an arm whose rows hold more of them takes fewer rows a step,
so that arms meet in targets to about half a row of a step. Tokenised rows are shared.
An arm that fails (diverges, has no usable row) is reported and does not harm the others. A run counts as done when
its `done.json` says so, so a killed matrix goes on where it stopped. Needs the `train` extra.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import ConfigError, CurateError, DataError
from train.ablation.arms import RAW, Arm
from train.ablation.evaluation import Evaluation
from train.ablation.result import ArmResult
from train.ablation.together import Task, how_many_at_once, say_how_long, train_together
from train.baseline import base_description, evaluate_base
from train.config import TrainConfig
from train.evaluate import ABOVE_REJECTED, OPTIONAL, ItemScores, metric_of, shown_classes, summarise
from train.examples import CLASSIFICATION, EXTRACTION, Examples
from train.lora import Workbench, open_workbench, states_of, train_adapter
from train.preference.rows import LIKELIHOOD, paired
from train.processes import LARGEST_BASE_BYTES, Job, Pool
from train.record import TrainedRun, finished_run, run_identity
from train.resources import on_gpu
from train.spans import tag_names

Progress = Callable[[dict[str, Any]], None]
Key = tuple[str, str, int]


class Matrix:
    """The runs of one ablation: arms × seeds."""

    def __init__(
        self,
        arms: Sequence[Arm],
        evaluation: Evaluation,
        config: TrainConfig,
        seeds: tuple[int, ...],
        out_dir: Path,
        progress: Progress | None = None,
        canonical: Mapping[str, str] | None = None,
        match: str = "steps",
    ) -> None:
        self.arms, self.reading, self.seeds = arms, evaluation, seeds
        self.pool: Pool | None = None
        """Processes that are lent to runs which may go side by side; without, they get their own where that pays."""
        self.states_by: Matrix | None = None
        """Whose arms' rows are read for the heads of these runs too (`share_states`); its own where None."""
        self.evaluation, self.canonical = evaluation.examples, dict(canonical or {})
        self.out_dir, self._progress = out_dir, progress
        self.data = {(arm.name, seed): arm.draw(seed) for arm in arms for seed in seeds}
        tasks = {examples.task for examples in self.data.values()} | {self.evaluation.task}
        if len(tasks) > 1:
            raise ConfigError(f"the arms and the evaluation train different tasks: {', '.join(sorted(tasks))}")
        reference = max(len(examples) for examples in self.data.values())
        # Nothing may stop one of the arms early.
        self.config = config.replace(
            steps=config.step_count(reference),
            epochs=0.0,
            evaluate_every_steps=0,
            early_stopping_patience_evaluations=0,
        )
        self._reference, self._match = reference, match
        self._times = {arm.name: arm.times for arm in arms}
        self.labels: list[str] | None = None
        if self.evaluation.task == CLASSIFICATION:
            self.labels = sorted({label for examples in self.data.values() for label in examples.labels})
        elif self.evaluation.task == EXTRACTION:
            self.labels = tag_names(row for examples in (*self.data.values(), self.evaluation) for row in examples.spans)
        self.runs: dict[tuple[str, int], TrainedRun] = {}
        self.states: dict[tuple[str, int], dict[str, Any]] = {}
        self.notes: dict[str, None] = {}
        self._failures: dict[tuple[str, str], list[int]] = {}
        self.bench: Workbench | None = None
        self._keys: dict[tuple[str, int], Key] = {}
        self._first: dict[Key, tuple[str, int]] = {}
        self._seconds: list[float] = []
        self._targets: dict[str, float] = {}

    def tell(self, event: dict[str, Any]) -> None:
        """Pass an event on."""
        if self._progress is not None:
            self._progress(event)

    def settings(self, arm: str, seed: int) -> TrainConfig:
        """The configuration of one run."""
        steps = self.config.steps
        if self._match == "epochs":
            steps = max(1, round(steps * len(self.data[arm, seed]) / max(1, self._reference)))
        steps = max(1, round(steps * self._times[arm]))
        return self.config.replace(seed=seed, steps=steps, batch_rows=self._batch_rows(arm, seed))

    def _batch_rows(self, arm: str, seed: int) -> int:
        """Rows of a step: as many as hold about as many targets as those of raw data, or of the first arm."""
        rows, parts = self.config.batch_rows, self.config.gradient_accumulation_batches
        one_each = self.evaluation.task == CLASSIFICATION or self.config.objective != LIKELIHOOD  # a class, a pair, a mark
        if self._match == "epochs" or one_each:
            return rows
        names = [other.name for other in self.arms]
        usual, own = self._targets_a_row(RAW if RAW in names else names[0], seed), self._targets_a_row(arm, seed)
        return max(1, round(rows * usual / own / parts)) * parts if usual and own else rows

    def _targets_a_row(self, arm: str, seed: int) -> float:
        """Mean number of supervised tokens in the rows that can be used; 0 where there is none."""
        data = self.data[arm, seed]
        key = data.fingerprint()
        if key not in self._targets:
            try:
                encoded = self.open_bench().encoder.encode(data)
            except CurateError:  # the run itself will say what is wrong
                return 0.0
            self._targets[key] = encoded.report.supervised_tokens / len(encoded)
        return self._targets[key]

    def open_bench(self) -> Workbench:
        """Tokenizer and encoded rows, shared by all runs."""
        if self.bench is None:
            self.bench = open_workbench(self.config)
        if self.evaluation.task == EXTRACTION:
            self.bench.encoder.tag_names = list(self.labels or ())
        return self.bench

    def scored(self) -> tuple[np.ndarray, str]:
        """int64: positions of the rows that decide and can be scored, and a sentence on the others; empty for none."""
        rows, encoder = self.reading.primary, self.open_bench().encoder
        asked = np.flatnonzero(rows.wanted) if rows.wanted else np.arange(len(rows))
        try:
            if metric_of(rows, self.config.objective) == ABOVE_REJECTED:
                kept = paired(rows, encoder).chosen.kept
                why = "they have no rejected answer, or one of both does not fit into max_length_tokens"
            else:
                encoded = encoder.encode(rows.take(asked))
                kept, why = asked[encoded.kept], "; ".join(encoded.report.refused_reasons)
        except DataError as error:
            kept, why = np.zeros(0, np.int64), str(error)
        lost = len(asked) - len(kept)
        return kept, f"Of {len(asked):,} evaluation rows {lost:,} cannot be scored: {why}." if lost else ""

    def distinct(self, seeds: Sequence[int]) -> int:
        """Adapters that so many seeds take to train."""
        return len({self.key(arm, seed) for seed in seeds for arm in self.arms if arm.method == "lora"})

    def train(self, seeds: Sequence[int]) -> None:
        """Run what is not done yet, seed by seed, so that an interrupted ablation holds whole comparisons."""
        self.open_bench()
        plan = [(arm, seed) for seed in seeds for arm in self.arms if (arm.name, seed) not in self.states]
        # Only runs that train are counted; the base model, which is only scored, comes first and is quick.
        plan.sort(key=lambda at: at[0].method != "base")
        keys = dict.fromkeys(self.key(arm, seed) for arm, seed in plan if arm.method == "lora")
        number = {key: i for i, key in enumerate((k for k in keys if k not in self._first), 1)}
        told: set[tuple[str, int]] | None = None
        for arm, seed in plan:
            if told is None and arm.method == "lora":
                jobs = self._unfinished(plan, number)
                if jobs and len(number) > 1:
                    (self.states_by or self).share_states()
                at_once = self.at_once(len(jobs))
                say_how_long(self, list(jobs.values()), at_once)
                told = train_together(self, jobs, at_once, len(number))
            key, at = self.key(arm, seed), (arm.name, seed)
            left = sum(k not in self._first for k in number)
            if at in (told or ()):
                self._first[key] = at
                self._one(arm, seed, {}, 0, None)
                continue
            mean_run = float(np.mean(self._seconds)) if self._seconds else None
            event = {"arm": arm.name, "seed": seed, "run": number.get(key, 0), "runs": len(number)}
            eta = None if mean_run is None else mean_run * left
            if key in self._first:
                state = self._copy(at, self._first[key])
                self.tell({"kind": "run", **event, "run": 0, "state": state, "eta_s": eta})
                continue
            self._first[key] = at
            self.tell({"kind": "run", **event, "state": "started", "eta_s": eta})
            begun = time.perf_counter()
            state = self._one(arm, seed, event, max(0, left - 1), mean_run)
            if state == "done" and arm.method == "lora":
                self._seconds.append(time.perf_counter() - begun)
            after = float(np.mean(self._seconds)) * (left - 1) if self._seconds else None
            self.tell({"kind": "run", **event, "state": state, "eta_s": after})

    def _unfinished(self, plan: Sequence[tuple[Arm, int]], number: Mapping[Key, int]) -> dict[str, Task]:
        """The distinct adapters that are still to be trained."""
        bench = self.bench
        assert bench is not None
        jobs: dict[str, Task] = {}
        seen: set[str] = set()  # an arm that repeats a finished run needs none of its own
        for arm, seed in plan:
            known = self.key(arm, seed)
            key = "/".join(map(str, known))
            examples = self.data[arm.name, seed]
            if arm.method != "lora" or key in seen or known in self._first or not len(examples):
                continue
            seen.add(key)
            directory = self._directory(arm.name, seed)
            config = self.settings(arm.name, seed).replace(threads=1)
            identity = (config, bench, examples, self.labels, self.evaluation, None, self.canonical)
            if finished_run(directory, run_identity(*identity), self.evaluation) is None:
                labels = None if self.labels is None else tuple(self.labels)
                job = Job(key, examples, self.evaluation, config, directory, labels, dict(self.canonical))
                jobs[key] = Task(job, (arm.name, seed), number[known])
        return jobs

    def share_states(self) -> None:
        """Read the rows of all arms once for the heads of all runs, whichever of them are left; where the base is small."""
        bench = self.open_bench()
        ridge = self.config.head_start == "ridge" and self.evaluation.task == CLASSIFICATION
        if bench.states or not ridge or not bench.source.is_small(LARGEST_BASE_BYTES) or on_gpu(self.config):
            return
        distinct = {examples.fingerprint(): examples for examples in self.data.values() if len(examples)}
        try:
            bench.states.update(states_of(list(distinct.values()), self.config, bench, self.labels))
        except CurateError:
            return  # the run itself will say what is wrong

    def at_once(self, runs: int) -> int:
        """Runs to train at a time (`train.ablation.together`)."""
        return how_many_at_once(self, runs)

    def states_of(self, examples: Examples) -> dict[bytes, np.ndarray]:
        """Those that a run of these rows needs."""
        bench = self.open_bench()
        if not bench.states:
            return {}
        keys = (tokens.tobytes() for tokens in bench.encoder.encode(examples).tokens)
        return {key: bench.states[key] for key in keys if key in bench.states}

    def _directory(self, name: str, seed: int) -> Path:
        return self.out_dir / "train" / name / str(seed)

    def key(self, arm: Arm, seed: int) -> Key:
        """What decides a run; two runs of one key are the same run."""
        at = (arm.name, seed)
        if at not in self._keys:
            generation_base = arm.method == "base" and self.labels is None
            data = "" if generation_base else self.data[at].fingerprint()
            self._keys[at] = (arm.method, data, self.seeds[0] if arm.method == "base" else seed)
        return self._keys[at]

    def _one(self, arm: Arm, seed: int, event: dict[str, Any], left: int, mean_run: float | None) -> str:
        examples, directory = self.data[arm.name, seed], self._directory(arm.name, seed)
        begun = time.perf_counter()

        def step(inner: dict[str, Any]) -> None:
            if inner["kind"] != "step":
                self.tell({**inner, **event})
                return
            spent = time.perf_counter() - begun
            whole = mean_run or (spent + inner["eta_s"])
            self.tell({**inner, **event, "eta_s": inner["eta_s"] + left * whole})

        common: dict[str, Any] = {"labels": self.labels, "canonical": self.canonical, "workbench": self.bench}
        try:
            if arm.method == "base":
                run = evaluate_base(examples, self.evaluation, self.config, directory, **common)
            else:
                settings = self.settings(arm.name, seed)
                run = train_adapter(
                    examples, settings, directory, evaluation=self.evaluation, progress=step, leaks_apart=True, **common
                )
        except CurateError as error:
            if error.exit_code == 130 or isinstance(error, ConfigError):
                raise
            reason = str(error) if len(examples) else "it has no training row"
            self._failures.setdefault((arm.name, reason), []).append(seed)
            self.states[arm.name, seed] = {"seed": seed, "status": "failed", "reason": reason}
            return "failed"
        self.runs[arm.name, seed] = run
        self.states[arm.name, seed] = {
            "seed": seed,
            "status": "done",
            "metrics": self._metrics(run),
            "final_loss": run.done.get("final_loss"),
            "steps": run.done.get("steps", 0),
            "tokens_seen": run.done.get("tokens_seen", 0),
            "targets_seen": run.done.get("targets_seen"),
            "seconds": run.done.get("seconds"),
            "curve": self._curve(directory),
        }
        return "resumed" if run.resumed else "done"

    def _metrics(self, run: TrainedRun) -> dict[str, Any]:
        """Metrics on the rows that decide."""
        found = dict(run.done.get("evaluation", {}))
        scores = run.scores
        if scores is None or len(self.evaluation) == len(self.reading.primary):
            return found
        rows, own = self._primary(scores)
        if len(own.rows) < len(scores.rows):  # leaks and scrubbed variants were scored too, and count elsewhere
            found = summarise(own, rows, {}, self.shown() if self.labels else None)
        return found

    def shown(self) -> dict[str, str]:
        """How files name each class, as given and canonical; masked names map to themselves."""
        shown = shown_classes(self.labels, self.evaluation, self.canonical)
        return {**shown, **{value: value for value in shown.values()}}

    def _primary(self, scores: ItemScores) -> tuple[Examples, ItemScores]:
        """The rows that decide and their scores, labels named as the predictions of a resumed run are."""
        position = {int(row): i for i, row in enumerate(scores.rows)}
        rows = self.reading.primary
        rows = rows.take([i for i, row in enumerate(rows.ids) if int(row) in position])
        at = [position[int(row)] for row in rows.ids]
        said: list[str | None] = [scores.prediction[i] for i in at]
        if rows.task == CLASSIFICATION:
            shown = self.shown()
            rows = replace(rows, labels=tuple(shown[self.canonical.get(label, label)] for label in rows.labels))
            said = [None if name is None else shown.get(name, name) for name in said]
        more = {name: values[at] for name in OPTIONAL if (values := getattr(scores, name)) is not None}
        return rows, ItemScores(scores.rows[at], scores.score[at], scores.weight[at], scores.nll[at], tuple(said), **more)

    def failures(self) -> list[str]:
        """What failed and why, in sentences: once for all seeds that failed alike."""
        return [
            f"Arm {arm} failed with seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}: {reason.rstrip('.')}."
            for (arm, reason), seeds in self._failures.items()
        ]

    def _curve(self, directory: Path) -> str | None:
        path = directory / "metrics.jsonl"
        return path.relative_to(self.out_dir).as_posix() if path.exists() else None

    def _copy(self, at: tuple[str, int], source: tuple[str, int]) -> str:
        found = self.states[at] = {**self.states[source], "seed": at[1], "same_as": f"{source[0]}/{source[1]}"}
        if source in self.runs:
            self.runs[at] = self.runs[source]
        if found["status"] != "failed":
            return "same"
        self._failures.setdefault((at[0], found["reason"]), []).append(at[1])
        return "failed"

    def scores(self, name: str, seed: int) -> ItemScores | None:
        """The item scores of a run that finished."""
        run = self.runs.get((name, seed))
        return None if run is None else run.scores

    def _named(self, examples: Examples) -> set[str]:
        """Classes of the rows, or of the spans in them; a spelling that curation unified is none of its own."""
        found = set(examples.labels) | {label for spans in examples.spans for _, _, label in spans}
        return {self.canonical.get(label, label) for label in found}

    def arm_result(self, arm: Arm, seeds: Sequence[int], metric: str) -> ArmResult:
        """One arm over the seeds that were trained."""
        data = self.data[arm.name, self.seeds[0]]
        states = [self.states.get((arm.name, seed), {"seed": seed, "status": "not run"}) for seed in seeds]
        values = [s["metrics"][metric] for s in states if metric in s.get("metrics", {})]
        missing = sorted(set().union(*map(self._named, self.data.values())) - self._named(data))
        shown = shown_classes([*(self.labels or ()), *missing], self.evaluation, self.canonical) if missing else {}
        tokens = 0
        if self.bench is not None and (arm.name, self.seeds[0]) in self.runs:
            tokens = int(self.bench.encoder.encode(data).report.tokens)
        trained = arm.method == "lora" or self.labels is not None
        run = self.runs.get((arm.name, self.seeds[0]))
        rows = len(data) if run is None or arm.method != "lora" else int(run.done.get("rows", len(data)))
        if rows < len(data) and arm.name == RAW:  # the table has the rows of all arms
            left = f"{len(data) - rows:,} cannot be trained on (`encoding` in done.json)"
            self.notes[f"Of {len(data):,} training rows of raw data {left}."] = None
        return ArmResult(
            name=arm.name,
            title=arm.title,
            method=arm.method,
            rows=rows if trained else 0,
            tokens=tokens if trained else 0,
            runs=tuple(states),
            mean=float(np.mean(values)) if values else None,
            spread=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            lost_classes=tuple(shown[label] for label in missing),
            description=base_description(data.task) if arm.method == "base" else "",
        )
