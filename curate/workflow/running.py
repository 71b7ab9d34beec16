"""A whole recipe: read, detect, resolve, apply, look again, train, report.

Each step leaves its files in the run directory before the next begins, so a killed run goes on where it stopped. This
module and the faces above it are the only ones that know both the judgement (`audit`) and the proof (`train`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.errors import RunError
from curate.execution import LOCAL, Execution, engine_present, open_execution
from curate.ledger.apply import Curated, apply
from curate.ledger.decisions import Journal, append_decisions, newcomers, read_journal
from curate.ledger.plan import Plan
from curate.outputs import rescan, rescan_key, write_outputs
from curate.pipeline import Detected, Listener, detect, silent
from curate.recipe import Recipe
from curate.review.certified import certified
from curate.review.residual import residual_of
from curate.rundir import SCHEMA_VERSION, RunDir, hardware, versions
from curate.workflow.inputs import as_recipe, default_out, other_data, read_decisions, read_input
from curate.workflow.proof import TrainListener, names_exist, prove, trainer_present
from curate.workflow.reopening import reopen, with_people
from curate.workflow.reports import ablation_of_this_plan, draw, load_ablation, write_report
from curate.workflow.result import RunResult

if TYPE_CHECKING:
    from curate.stages.known_rows import Meeting

NOT_TRAINED = "Training was left out of this run; `curate ablate RUN` does it."
OUTDATED = "The last training was under an earlier plan; `curate ablate RUN` repeats it under this one."
SHUFFLE_FOLDER = ".shuffle"


def _silent_training(event: Mapping[str, Any]) -> None:
    return None


def _unseen(dataset: Dataset) -> None:
    return None


def run(
    recipe: Recipe | str | Path,
    *,
    out: str | Path | None = None,
    train: bool = True,
    listener: Listener = silent,
    training: TrainListener = _silent_training,
    cancelled: Callable[[], bool] = lambda: False,
    on_read: Callable[[Dataset], None] = _unseen,
    decisions: str | Path | None = None,
) -> RunResult:
    """Run a recipe (or an input file with the default recipe) into a run directory.

    `on_read` is shown the data before any stage starts, and may refuse it by raising. `decisions`: the journal of another
    run, whose decisions hold here as well for the rows that both have, but for what was decided here already.
    Raises DataError or ConfigError for what cannot be read, RunError when the directory holds a run of other data,
    MissingExtraError when training is wanted and its packages are missing, `Cancelled` when asked to stop.
    """
    recipe = as_recipe(recipe)
    train = train and recipe.ablation.enabled
    if train:
        trainer_present()
    engine_present(recipe.run.engine)
    earlier = Journal() if decisions is None else read_decisions(decisions)
    clock = _Clock()
    with clock.step("load"):
        recipe.stages()  # a wrong setting is told at once, and modules are imported while a large file is still being read
        dataset = read_input(recipe)
    on_read(dataset)
    dataset.name_rows_ahead()
    directory = RunDir(out or recipe.run.out or default_out(dataset.source.path))
    with directory.writing():
        manifest = begin(directory, dataset, recipe)
        taken, gave_way = newcomers(read_journal(directory.decisions_path), earlier)
        if taken:
            append_decisions(directory.decisions_path, taken)
        with open_execution(recipe.run.engine, directory.path / SHUFFLE_FOLDER) as execution:
            with clock.step("detect"):
                detected = with_people(directory, detect(
                    dataset, recipe, run=directory, listener=listener, cancelled=cancelled, execution=execution
                ))  # fmt: skip
            result = _conclude(directory, detected, clock, listener, execution)
        result.taken_in = len(taken), gave_way
        if train:
            with clock.step("train"):
                result.ablation = prove(result, training, cancelled)
        else:
            result.ablation = ablation_of_this_plan(result)
        _finish(result, clock, manifest["started"])
    return result


def reapply(run_path: str | Path, *, listener: Listener = silent) -> RunResult:
    """Resolve and apply a finished run again, with the decisions taken since; nothing is detected anew."""
    directory = RunDir.open(run_path)
    clock = _Clock()
    with directory.writing():
        with clock.step("load"):
            detected = reopen(directory, listener, read_only=False)
        result = _conclude(directory, detected, clock, listener)
        result.ablation = ablation_of_this_plan(result)
        _finish(result, clock, directory.manifest().get("started", _now()))
    return result


def train_run(
    run_path: str | Path,
    *,
    listener: Listener = silent,
    training: TrainListener = _silent_training,
    cancelled: Callable[[], bool] = lambda: False,
    **asked: Any,
) -> RunResult:
    """Train and compare on a run that has been detected already, under the decisions it holds now.

    `asked` (preset, seeds, sequential, stages, shapley) goes before the recipe's `[ablation]`.
    """
    trainer_present()
    directory = RunDir.open(run_path)
    names_exist(asked, directory.manifest()["stages"])
    clock = _Clock()
    with directory.writing():
        with clock.step("load"):
            detected = reopen(directory, listener, read_only=False)
        result = _conclude(directory, detected, clock, listener)
        with clock.step("train"):
            result.ablation = prove(result, training, cancelled, asked)
        _finish(result, clock, directory.manifest().get("started", _now()))
    return result


def detect_into(
    directory: RunDir, dataset: Dataset, recipe: Recipe, listener: Listener = silent, known: Meeting | None = None
) -> Detected:
    """Findings of every stage, kept in a run directory; no data is made. `known`: see `pipeline.detect`."""
    with directory.writing():
        begin(directory, dataset, recipe)
        detected = detect(dataset, recipe, run=directory, listener=listener, known=known)
        directory.write_manifest({**directory.manifest(), "status": "detected", "finished": _now()})
        return detected


def begin(directory: RunDir, dataset: Dataset, recipe: Recipe) -> dict[str, Any]:
    """The manifest of a run that starts, as written; RunError where the directory holds a run of other data."""
    manifest = directory.manifest()
    if "input" in manifest and manifest["input"]["input_hash"] != dataset.source.input_hash:
        raise RunError(other_data(directory, manifest["input"]["path"], dataset.source.path, dataset.source.input_hash))
    written = recipe.to_dict()
    written["data"]["input"] = str(Path(dataset.source.path).resolve())
    manifest |= {
        "schema_version": SCHEMA_VERSION,
        "status": "running",
        "started": _now(),
        "input": dataset.source.to_json(),
        "task": dataset.task,
        "roles": dict(dataset.roles.items()),
        "role_reasons": [dataclasses.asdict(g) for g in dataset.detected.guesses],
        "recipe": written,
        "recipe_path": str(recipe.path) if recipe.path else None,
        "versions": versions(),
        "hardware": hardware(),
    }
    manifest["stages"] = {k: v for k, v in manifest["stages"].items() if k in recipe.stage_names()}
    manifest.pop("plan", None)  # it followed the recipe of before: killed from here on, nobody may take it for this one's
    directory.write_manifest(manifest)
    return manifest


def _conclude(
    directory: RunDir, detected: Detected, clock: _Clock, listener: Listener, execution: Execution = LOCAL
) -> RunResult:
    """Resolve, apply, write, look again (skipped when the files on disk already say the same), and draw for the report."""
    with clock.step("resolve"):
        decided = journal_hash(directory)  # before it is read: a line that comes between makes it look older, never newer
        plan = detected.resolve(read_journal(directory.decisions_path))
    manifest = directory.manifest()
    with clock.step("apply"):
        curated = apply(detected.dataset, plan)
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write_outputs, directory, detected, plan, curated)
            left = drawn = None
            if "rescan_key" not in manifest:  # nothing could make this look needless: take it while the files are written
                with clock.step("rescan"):
                    left = rescan(curated, detected.recipe, listener, execution)
            with clock.step("report"), contextlib.suppress(Exception):  # what fails here fails again, when all else is kept
                drawn = draw(detected, plan, manifest)
            files = writing.result()
    key = rescan_key(detected, files)
    if left is None and manifest.get("rescan_key") != key:
        with clock.step("rescan"):
            left = rescan(curated, detected.recipe, listener, execution)
    if left is not None:
        manifest |= {"outputs": files, "rescan": left, "rescan_key": key}
    manifest["plan"] = plan_record(plan, curated, decided)
    directory.write_manifest(manifest)
    return RunResult(directory, detected, plan, curated, drawn=drawn)


def plan_record(plan: Plan, curated: Curated, decided: str) -> dict[str, Any]:
    """What the manifest says of a plan; `decided`: the hash of the journal that it follows."""
    return {
        "rows_in": plan.n_rows,
        "rows_out": len(curated),
        "edited_rows": sum(1 for row in curated.edits if not plan.dropped[row]),
        "relabelled_rows": plan.applied("relabel").num_rows,
        "counts": plan.counts(),
        "orphans": list(plan.orphans),
        "decisions": decided,
    }


def journal_hash(directory: RunDir) -> str:
    """Hash of the decisions of a run as they lie there; empty before the first."""
    return file_hash(directory.decisions_path) if directory.decisions_path.is_file() else ""


def _finish(result: RunResult, clock: _Clock, started: str) -> None:
    manifest = result.run.manifest()
    manifest["seconds"] = {**manifest.get("seconds", {}), **clock.seconds}
    if result.ablation is None:
        manifest["train"] = {"reason": NOT_TRAINED if load_ablation(result.run) is None else OUTDATED}
    else:
        manifest.pop("train", None)
    manifest |= {"status": "done", "started": started, "finished": _now()}
    with clock.step("residual"):
        missed = residual_of(result.detected, result.run.path)
    manifest["seconds"]["residual"] = clock.seconds["residual"]
    manifest.pop("residual", None)
    if missed is not None:
        manifest["residual"] = missed
    manifest.pop("review", None)
    answers = certified(result.run, result.detected)
    if answers is not None:
        manifest["review"] = answers
    result.manifest = manifest
    with clock.step("report"):
        write_report(result)
    manifest["seconds"]["report"] = clock.seconds["report"]
    result.run.write_manifest(manifest)


class _Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
