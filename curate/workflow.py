"""A whole recipe: read, detect, resolve, apply, look again, train, report.

Each step leaves its files in the run directory before the next begins, so a killed run goes on where it stopped. This
module and the faces above it are the only ones that know both the judgement (`audit`) and the proof (`train`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from curate.dataset import Dataset, load, make_private_dir
from curate.dataset.again import known_again
from curate.dataset.atomic import atomic_write
from curate.dataset.compression import file_hash
from curate.dataset.listing import something_at
from curate.errors import ConfigError, DataError, MissingExtraError, RunError
from curate.execution import LOCAL, Execution, engine_present, open_execution
from curate.house import require
from curate.ledger.apply import Curated, apply
from curate.ledger.decisions import Journal, append_decisions, newcomers, read_journal
from curate.ledger.plan import Plan
from curate.ledger.sightings import with_sightings
from curate.outputs import rescan, rescan_key, write_outputs
from curate.pipeline import Detected, Event, Listener, detect
from curate.recipe import Recipe
from curate.review.certified import certified
from curate.review.residual import residual_of
from curate.rundir import SCHEMA_VERSION, RunDir, curate_version, hardware, versions
from curate.stages.registry import get_stage

if TYPE_CHECKING:
    from curate.stages.known_rows import Meeting

NOT_TRAINED = "Training was left out of this run; `curate ablate RUN` does it."
OUTDATED = "The last training was under an earlier plan; `curate ablate RUN` repeats it under this one."
TrainListener = Callable[[Mapping[str, Any]], None]
SHUFFLE_FOLDER = ".shuffle"


def _silent(event: Event) -> None:
    return None


def _silent_training(event: Mapping[str, Any]) -> None:
    return None


def _unseen(dataset: Dataset) -> None:
    return None


@dataclass
class RunResult:
    """What a run came to."""

    run: RunDir
    detected: Detected = field(repr=False)
    plan: Plan
    curated: Curated
    ablation: dict[str, Any] | None = None
    manifest: dict[str, Any] = field(default_factory=dict, repr=False)
    report: Any = field(default=None, repr=False)
    """The report as data (`audit.report.Report`), once it is written."""
    taken_in: tuple[int, int] = (0, 0)
    """Decisions of an earlier run that were taken in, and those that gave way to what was decided here."""

    @property
    def skipped(self) -> dict[str, str]:
        """Stages that the user asked for and that could not run, with the reason."""
        return {
            name: o.reason
            for name, o in self.detected.outcomes.items()
            if o.status == "skipped" and self.detected.recipe.asked_for(name)
            and not (get_stage(name).optional and len(self.detected.outcomes) > 1)
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.run.path}</p>{self.plan._repr_html_()}"


def run(
    recipe: Recipe | str | Path,
    *,
    out: str | Path | None = None,
    train: bool = True,
    listener: Listener = _silent,
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
        dataset = read_input(recipe)
    on_read(dataset)
    dataset.name_rows_ahead()
    directory = RunDir(out or recipe.run.out or default_out(dataset.source.path))
    with directory.writing():
        manifest = _begin(directory, dataset, recipe)
        taken, gave_way = newcomers(read_journal(directory.decisions_path), earlier)
        if taken:
            append_decisions(directory.decisions_path, taken)
        with open_execution(recipe.run.engine, directory.path / SHUFFLE_FOLDER) as execution:
            with clock.step("detect"):
                detected = _with_people(directory, detect(
                    dataset, recipe, run=directory, listener=listener, cancelled=cancelled, execution=execution
                ))  # fmt: skip
            result = _conclude(directory, detected, clock, listener, execution)
        result.taken_in = len(taken), gave_way
        if train:
            with clock.step("train"):
                result.ablation = prove(result, training, cancelled)
        else:
            result.ablation = _ablation_of_this_plan(result)
        _finish(result, clock, manifest["started"])
    return result


def reapply(run_path: str | Path, *, listener: Listener = _silent) -> RunResult:
    """Resolve and apply a finished run again, with the decisions taken since; nothing is detected anew."""
    directory = RunDir.open(run_path)
    clock = _Clock()
    with directory.writing():
        with clock.step("load"):
            detected = _reopen(directory, listener, read_only=False)
        result = _conclude(directory, detected, clock, listener)
        result.ablation = _ablation_of_this_plan(result)
        _finish(result, clock, directory.manifest().get("started", _now()))
    return result


def train_run(
    run_path: str | Path,
    *,
    listener: Listener = _silent,
    training: TrainListener = _silent_training,
    cancelled: Callable[[], bool] = lambda: False,
    **asked: Any,
) -> RunResult:
    """Train and compare on a run that has been detected already, under the decisions it holds now.

    `asked` (preset, seeds, sequential, stages, shapley) goes before the recipe's `[ablation]`.
    """
    trainer_present()
    directory = RunDir.open(run_path)
    clock = _Clock()
    with directory.writing():
        with clock.step("load"):
            detected = _reopen(directory, listener, read_only=False)
        result = _conclude(directory, detected, clock, listener)
        with clock.step("train"):
            result.ablation = prove(result, training, cancelled, asked)
        _finish(result, clock, directory.manifest().get("started", _now()))
    return result


def detect_into(
    directory: RunDir, dataset: Dataset, recipe: Recipe, listener: Listener = _silent, known: Meeting | None = None
) -> Detected:
    """Findings of every stage, kept in a run directory; no data is made. `known`: see `pipeline.detect`."""
    with directory.writing():
        _begin(directory, dataset, recipe)
        detected = detect(dataset, recipe, run=directory, listener=listener, known=known)
        directory.write_manifest({**directory.manifest(), "status": "detected", "finished": _now()})
        return detected


def reopen(directory: RunDir, listener: Listener = _silent, *, as_found: bool = False) -> Detected:
    """The findings of a run, with its data read again and checked to be the same; nothing is written.

    `as_found`: what a finished run found, also where this version would find something else. RunError where the run holds
    less than that.
    """
    return _reopen(directory, listener, read_only=True, as_found=as_found)


def _reopen(directory: RunDir, listener: Listener, *, read_only: bool, as_found: bool = False) -> Detected:
    manifest = directory.manifest()
    recipe = Recipe.parse(manifest["recipe"])
    if as_found and not same_version(manifest):  # another version may see other roles in the same columns
        recipe = recipe.with_(roles=manifest["roles"], task=manifest["task"])
    dataset = _known_input(manifest, recipe) or read_input(recipe)
    same_input(directory, manifest, dataset)
    return _with_people(directory, detect(
        dataset, recipe, run=directory, listener=listener, read_only=read_only, as_found=as_found
    ))  # fmt: skip


def _with_people(directory: RunDir, detected: Detected) -> Detected:
    """What people saw and no detector found, as findings behind those of the stages."""
    findings = with_sightings(detected.findings, read_journal(directory.decisions_path), detected.dataset)
    return detected if findings is detected.findings else dataclasses.replace(detected, findings=findings)


def _known_input(manifest: Mapping[str, Any], recipe: Recipe) -> Dataset | None:
    """The data of a run as its manifest tells of it, rows read when they are looked at; None where this version might
    read it otherwise, or it is not what it was."""
    if not same_version(manifest):
        return None
    return known_again(input_path(recipe), manifest, recipe.data.id_columns)


def same_version(manifest: Mapping[str, Any]) -> bool:
    """Whether this version of curate wrote a run: another may read or resolve otherwise."""
    return bool(manifest.get("versions", {}).get("curate") == curate_version())


def prove(
    result: RunResult,
    training: TrainListener,
    cancelled: Callable[[], bool],
    asked: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train every arm and compare; writes `ablation.json` and returns it."""
    from curate import arms

    log = result.run.path / "train" / "events.jsonl"
    make_private_dir(log.parent)
    with log.open("wb", buffering=0) as events:
        # Screens follow these events, so that training can run in a process of its own and be watched from another.
        def tell(event: Mapping[str, Any]) -> None:
            events.write(orjson.dumps(dict(event), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
            training(event)

        wish = arms.Asked.of(result.detected.recipe, **(asked or {}))
        outcome = arms.prove(result.detected, result.curated, result.run.path, tell, cancelled, wish)
    outcome["plan_hash"] = file_hash(result.run.path / "plan.parquet")
    result.run.write_json("ablation.json", outcome)
    return outcome


def trainer_present() -> None:
    """Raise now, not after an hour of work, when the trainer's packages are missing."""
    require("train")
    from curate.house import need

    try:
        need("train", "torch", "transformers", "peft", "accelerate", "safetensors")
    except MissingExtraError as error:
        raise MissingExtraError(
            error.extra, f"{error.module}; or leave training out with --no-train; the module"
        ) from None


def as_recipe(what: Recipe | str | Path) -> Recipe:
    """A recipe as it is, from a TOML file, or the defaults for a data file."""
    if isinstance(what, Recipe):
        return what
    path = Path(what)
    if path.suffix == ".toml":
        return Recipe.load(path)
    if path.is_dir() and (path / "curate.toml").is_file():
        return Recipe.load(path / "curate.toml")
    return Recipe().with_(input=str(path))


def input_path(recipe: Recipe) -> Path:
    """The recipe's input; a relative path is taken from the recipe's folder."""
    if recipe.data.input is None:
        raise DataError("the recipe names no input; set [data] input, or give --input")
    path = Path(recipe.data.input)
    if not path.is_absolute() and recipe.path is not None and not something_at(path):
        path = recipe.path.parent / path
    return path


def read_input(recipe: Recipe) -> Dataset:
    """Load what a recipe names, as it says."""
    return load(
        input_path(recipe),
        roles=recipe.data.roles or None,
        task=recipe.data.task,
        id_columns=recipe.data.id_columns,
        on_bad_row=recipe.data.on_bad_row,
    )


def read_decisions(path: str | Path) -> Journal:
    """A journal that a user names, or that of a run, which is empty where nobody has decided yet.

    ConfigError where there is neither, DataError for a wrong line.
    """
    journal = Path(path) / "decisions.jsonl" if Path(path).is_dir() else Path(path)
    if not journal.is_file() and not (Path(path) / "manifest.json").is_file():
        raise ConfigError(f"there is no decision file at {journal}")
    return read_journal(journal)


def default_out(source: str | Path) -> Path:
    """`runs/<name of the input>` in the working directory; for a pattern, what its name says beside wildcards."""
    path = Path(source)
    plain = (re.sub(r"\[[^]]*\]|[*?]", "", part).split(".")[0].strip(" -_/") for part in reversed(path.parts))
    return Path("runs") / next((name for name in plain if name), "data")


def load_ablation(directory: RunDir) -> dict[str, Any] | None:
    """The last ablation of a run, or None."""
    path = directory.path / "ablation.json"
    return orjson.loads(path.read_bytes()) if path.is_file() else None


def build_report(directory: RunDir) -> Any:
    """The report of a run as data, from its files."""
    detected = reopen(directory, as_found=True)
    plan = detected.resolve(read_journal(directory.decisions_path))
    result = RunResult(directory, detected, plan, apply(detected.dataset, plan), manifest=directory.manifest())
    result.ablation = _ablation_of_this_plan(result)
    return built_report(result)


def write_report(result: RunResult) -> None:
    """Write `report.json` and `report.html` from what the run holds."""
    result.report = built_report(result)
    result.run.write_json("report.json", result.report.to_json())
    result.run.write_bytes("report.html", require("audit.report").render_html(result.report).encode())


def refresh_report(home: Path, trained: Path) -> None:
    """Write the page of a training, and the report of the run that it was trained in, where `home` is one."""
    reports = require("audit.report")
    with atomic_write(trained / "report.html") as page:
        page.write(reports.render_adapter(trained).encode())
    if (home / "plan.parquet").is_file() and trained.resolve().is_relative_to(home.resolve()):
        rewrite_report(RunDir(home))


def rewrite_report(directory: RunDir) -> None:
    """Write the report of a run again from what lies in it. RunLockedError where another process writes there."""
    report = build_report(directory)
    with directory.writing():
        directory.write_json("report.json", report.to_json())
        directory.write_bytes("report.html", require("audit.report").render_html(report).encode())


def built_report(result: RunResult) -> Any:
    """The report of a result, as data."""
    findings: pa.Table = result.detected.findings
    return require("audit.report").build(
        manifest=result.manifest,
        dataset=result.detected.dataset,
        findings=findings,
        plan=result.plan,
        ablation=result.ablation,
        folder=result.run.path,
    )


def _begin(directory: RunDir, dataset: Dataset, recipe: Recipe) -> dict[str, Any]:
    manifest = directory.manifest()
    if "input" in manifest and manifest["input"]["input_hash"] != dataset.source.input_hash:
        raise RunError(_other_data(directory, manifest["input"]["path"], dataset.source.path))
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
    """Resolve, apply, write, look again; skipped when the files on disk already say the same."""
    with clock.step("resolve"):
        decided = journal_hash(directory)  # before it is read: a line that comes between makes it look older, never newer
        plan = detected.resolve(read_journal(directory.decisions_path))
    manifest = directory.manifest()
    with clock.step("apply"):
        curated = apply(detected.dataset, plan)
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write_outputs, directory, detected, plan, curated)
            left = None
            if "rescan_key" not in manifest:  # nothing could make this look needless: take it while the files are written
                with clock.step("rescan"):
                    left = rescan(curated, detected.recipe, listener, execution)
            files = writing.result()
    key = rescan_key(detected, files)
    if left is None and manifest.get("rescan_key") != key:
        with clock.step("rescan"):
            left = rescan(curated, detected.recipe, listener, execution)
    if left is not None:
        manifest |= {"outputs": files, "rescan": left, "rescan_key": key}
    manifest["plan"] = plan_record(plan, curated, decided)
    directory.write_manifest(manifest)
    return RunResult(directory, detected, plan, curated)


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


def _ablation_of_this_plan(result: RunResult) -> dict[str, Any] | None:
    """The ablation on disk, when it was made from the very plan that is in force."""
    ablation = load_ablation(result.run)
    if ablation is None or ablation.get("plan_hash") != file_hash(result.run.path / "plan.parquet"):
        return None
    return ablation


def same_input(directory: RunDir, manifest: Mapping[str, Any], dataset: Dataset) -> None:
    """Raise RunError when the data is not what the run was made from."""
    then, now = manifest["input"]["input_hash"], dataset.source.input_hash
    if then != now:
        raise RunError(
            f"{directory.path} is a run of other data: {dataset.source.path} is not what it was (hash {then} then, {now} "
            "now); this asks for the data that the run was made from"
        )


def _other_data(directory: RunDir, then: str, now: str) -> str:
    """What to do where a directory holds the run of other data: of another file, or of this one before it changed."""
    same = Path(then).resolve() == Path(now).resolve()
    what = f"{now} is not what it was" if same else f"it was made from {then}, and this is {now}"
    journal = directory.decisions_path
    keep = f" --decisions {journal}" if journal.is_file() else ""
    also = " (rows that both have keep what people decided of them)" if keep else ""
    return (
        f"{directory.path} is a run of other data: {what}. Run it into a directory of its own, --out "
        f"{directory.path}-2{keep}{also}; or remove the directory to start over"
    )


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


__all__ = ["RunResult", "default_out", "read_input", "reapply", "reopen", "run", "train_run"]
