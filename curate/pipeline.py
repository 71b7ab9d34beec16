"""Stages to findings to plan to curated data, with resume.

    detect(dataset, recipe)        -> Detected        every stage on the raw rows, cached by key
    Detected.resolve(journal)      -> Plan            the same findings, read under a policy
    curate.apply(dataset, plan)    -> Curated         the only code that makes data
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate.cores import available_cores
from curate.dataset import Dataset
from curate.errors import CurateError, RunError, StageSkipped
from curate.execution import LOCAL, Execution
from curate.ledger.balance import Cells
from curate.ledger.decisions import Journal
from curate.ledger.findings import SCHEMA_VERSION, concat_findings, empty_findings
from curate.ledger.keep_order import keep_rank
from curate.ledger.keepers import Relation, RowFacts
from curate.ledger.plan import Plan
from curate.ledger.resolve import Policy, resolve
from curate.recipe import Recipe, StageChoice
from curate.rundir import RunDir, engine_versions
from curate.similarity.partners import codes_under
from curate.stages.base import Context, Detection
from curate.stages.registry import get_stage, in_running_order
from curate.stages.row_numbers import codes_of, ranks_of
from curate.stages.setting import setting_of

if TYPE_CHECKING:
    from curate.stages.known_rows import Meeting

Status = Literal["done", "cached", "skipped"]
DUPLICATES = ("exact_duplicates", "near_duplicates")
FINISHED = ("done", "detected")
"""What a manifest says of a run whose stages were all looked at."""


@dataclass(frozen=True)
class Outcome:
    """What became of one stage."""

    name: str
    status: Status
    detection: Detection
    seconds: float
    key: str
    reason: str = ""
    """Why it was skipped."""


@dataclass(frozen=True)
class Event:
    """Progress of a run, for whoever shows it."""

    stage: str
    kind: Literal["start", "progress", "done", "cached", "skipped"]
    done: int = 0
    total: int = 0
    findings: int = 0
    seconds: float = 0.0
    reason: str = ""


Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """The listener of who does not listen."""


@dataclass(frozen=True)
class Detected:
    """Everything the stages found, and what `resolve` needs beside it."""

    dataset: Dataset
    recipe: Recipe
    outcomes: Mapping[str, Outcome]
    findings: pa.Table = field(repr=False)

    @functools.cached_property
    def facts(self) -> RowFacts:
        """What `resolve` must know of the rows; worked out when it is first asked for."""
        labels, quality = (self.hint(name) for name in ("label_names.canonical", "text_quality.score"))
        facts = row_facts(self.dataset, self.recipe, labels, quality)
        return dataclasses.replace(facts, cells=_cells(self))

    def relations(self) -> dict[str, Relation]:
        """What joins rows, for each duplicates stage that ran."""
        return dict(self._relations)

    @functools.cached_property
    def _relations(self) -> dict[str, Relation]:
        out: dict[str, Relation] = {}
        for name in DUPLICATES:
            outcome = self.outcomes.get(name)
            if outcome is None or outcome.detection.scores is None:
                continue
            out[name] = relation_of(self.dataset.n_rows, outcome.detection.scores, self.dataset.numbers)
        return out

    def resolve(self, journal: Journal | None = None, policy: Policy | None = None) -> Plan:
        """The plan under a policy; the recipe's own when none is given."""
        policy = policy or self.recipe.policy()
        return resolve(self.only(*policy.stages), journal, policy, facts=self.facts, relations=self.relations())

    def only(self, *stages: str) -> pa.Table:
        """Findings of these stages alone: what an ablation arm is resolved from."""
        if set(stages) >= set(self.outcomes):
            return self.findings
        tables = [o.detection.findings for name, o in self.outcomes.items() if name in stages]
        return concat_findings(tables)

    def hint(self, name: str) -> Any:
        """A row-aligned hint by `<stage>.<hint>`, or None."""
        stage, _, hint = name.partition(".")
        outcome = self.outcomes.get(stage)
        return None if outcome is None else outcome.detection.hints.get(hint)

    def clusters(self) -> np.ndarray:
        """Near-duplicate cluster of each row: its own row when alone."""
        hint = self.hint("near_duplicates.cluster")
        return np.asarray(self._own_clusters if hint is None else hint)

    @functools.cached_property
    def _own_clusters(self) -> Any:
        """Clusters for a recipe without the near-duplicates stage: an evaluation must not leak for that."""
        stage = get_stage("near_duplicates")
        context = Context(seed=self.recipe.run.seed, threads=thread_count(self.recipe))
        try:
            return stage.detect(self.dataset, stage.config(measure=False), context).hints["cluster"]
        except StageSkipped:
            return np.arange(self.dataset.n_rows)

    def canonical_labels(self) -> pa.Array | None:
        """Labels with spellings unified where `label_names` found them, null where a row has none."""
        hint = self.hint("label_names.canonical")
        return self.dataset.labels() if hint is None else hint

    def __repr__(self) -> str:
        found = ", ".join(f"{n} {o.detection.findings.num_rows}" for n, o in self.outcomes.items())
        return f"Detected({self.dataset.n_rows} rows; findings: {found})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(n)}</td><td>{o.status}</td><td>{o.detection.findings.num_rows}</td>"
            f"<td>{escape(o.reason)}</td></tr>"
            for n, o in self.outcomes.items()
        )
        return f"<table><tr><th>stage</th><th>status</th><th>findings</th><th></th></tr>{rows}</table>"


def detect(
    dataset: Dataset,
    recipe: Recipe | None = None,
    *,
    run: RunDir | None = None,
    listener: Listener = silent,
    cancelled: Callable[[], bool] = lambda: False,
    read_only: bool = False,
    as_found: bool = False,
    execution: Execution = LOCAL,
    known: Meeting | None = None,
) -> Detected:
    """Run every stage of the recipe on the raw rows.

    With a run directory, each result is saved as soon as it is there, and what the manifest already holds under the
    same key is loaded instead of computed. With `read_only`, what is not there is an error (RunError) and nothing is
    written; anything else needs the directory's lock. `as_found`: of a finished run its results are taken as they are,
    also where this version would find something else: who asks why a row is gone asks what was found then.
    `known`: rows that an earlier look has settled; findings are the same without. Raises `Cancelled` between stages when
    asked to stop.
    """
    recipe = recipe or Recipe()
    choices = {c.name: c for c in recipe.stages()}
    for choice in () if read_only else choices.values():  # a file that cannot be used is said before any work
        get_stage(choice.name).depends_on(choice.config)
    outcomes: dict[str, Outcome] = {}
    hints: dict[str, Any] = {}
    for name in in_running_order(choices):
        context = Context(
            seed=recipe.run.seed,
            threads=thread_count(recipe),
            hints=dict(hints),
            progress=lambda done, total, name=name: listener(Event(name, "progress", done, total)),  # type: ignore[misc]
            cancelled=cancelled,
            execution=execution,
        )
        context.check_cancelled()
        if known is not None and get_stage(name).keeps_rows:
            context.known = known.stage(name, _key_of_rows(dataset, recipe, choices[name]))
        outcome = _one(dataset, recipe, choices[name], outcomes, context, run, listener, read_only, as_found)
        outcomes[name] = outcome
        hints.update({f"{name}.{hint}": value for hint, value in outcome.detection.hints.items()})
    ordered, findings = _held_once({name: outcomes[name] for name in choices})
    detected = Detected(dataset, recipe, ordered, findings)
    if not read_only:  # a keep policy that the data cannot serve is said now, not at the first plan
        _ = detected.facts
    return detected


def _held_once(outcomes: Mapping[str, Outcome]) -> tuple[dict[str, Outcome], pa.Table]:
    """The outcomes, their findings views of the table of all of them, and that table."""
    findings = concat_findings([o.detection.findings for o in outcomes.values()])
    held, at = {}, 0
    for name, outcome in outcomes.items():
        found = findings.slice(at, outcome.detection.findings.num_rows)
        held[name] = dataclasses.replace(outcome, detection=dataclasses.replace(outcome.detection, findings=found))
        at += found.num_rows
    return held, findings


def _one(
    dataset: Dataset,
    recipe: Recipe,
    choice: StageChoice,
    before: Mapping[str, Outcome],
    context: Context,
    run: RunDir | None,
    listener: Listener,
    read_only: bool,
    as_found: bool,
) -> Outcome:
    stage = get_stage(choice.name)
    manifest = {"stages": {}} if run is None else run.manifest()
    record = manifest["stages"].get(choice.name, {})
    settled = as_found and bool(record) and manifest.get("status") in FINISHED
    depends_on: Mapping[str, str] = _depends_on(choice, record if read_only else {})
    key = stage_key(dataset, recipe, choice, [before[u].key for u in stage.uses if u in before], depends_on)
    if run is not None:
        if settled or (record.get("key") == key and not (context.known is not None and context.known.due())):
            cached = run.load_stage(choice.name, record) if record["status"] == "done" else Detection(empty_findings())
            if cached is not None:
                status: Status = "cached" if record["status"] == "done" else "skipped"
                n, reason = cached.findings.num_rows, record.get("reason", "")
                listener(Event(choice.name, status, findings=n, seconds=record["seconds"], reason=reason))
                return Outcome(choice.name, status, cached, record["seconds"], key, reason)
        if read_only:
            if manifest.get("status") not in FINISHED:
                raise RunError(f"{run.path}: the run did not finish; `curate run` goes on with it")
            raise RunError(
                f"{run.path} does not hold what this version finds for {choice.name}; `curate run` brings it up to date"
            )
    listener(Event(choice.name, "start"))
    started = time.perf_counter()
    try:
        found, reason, done = stage.detect(dataset, choice.config, context), "", True
    except StageSkipped as skip:
        found, reason, done = Detection(empty_findings()), str(skip), False
    seconds = round(time.perf_counter() - started, 3)
    if run is not None:
        manifest = run.manifest()
        files = run.save_stage(choice.name, found) if done else {}
        manifest["stages"][choice.name] = {
            "key": key,
            "status": "done" if done else "skipped",
            "reason": reason,
            "seconds": seconds,
            "findings": found.findings.num_rows,
            "version": stage.version,
            "optional": stage.optional,
            "summary": dict(found.summary),
            "depends_on": dict(depends_on),
            "files": files,
        }
        run.write_manifest(manifest)
    listener(
        Event(choice.name, "done" if done else "skipped", findings=found.findings.num_rows, seconds=seconds, reason=reason)
    )
    return Outcome(choice.name, "done" if done else "skipped", found, seconds, key, reason)


def _depends_on(choice: StageChoice, record: Mapping[str, Any]) -> Mapping[str, str]:
    """Hashes of the files that settings name. Who only looks at a run need not have them (a key file, say): what is
    recorded holds then."""
    try:
        return get_stage(choice.name).depends_on(choice.config)
    except CurateError:
        if "depends_on" not in record:
            raise
        return dict(record["depends_on"])


def _key_of_rows(dataset: Dataset, recipe: Recipe, choice: StageChoice) -> str:
    """What a stage's answer about one row depends on beside the rows, hashed."""
    what = {
        "task": dataset.task,
        "stage": choice.name,
        "version": get_stage(choice.name).version,
        "config": dataclasses.asdict(choice.config),
        "seed": recipe.run.seed,
        "versions": engine_versions(),
        "depends_on": dict(_depends_on(choice, {})),
    }
    return xxhash.xxh3_128_hexdigest(orjson.dumps(what, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))


def stage_key(
    dataset: Dataset,
    recipe: Recipe,
    choice: StageChoice,
    used: Sequence[str],
    depends_on: Mapping[str, str] | None = None,
) -> str:
    """What a stage's result depends on, hashed: input, reading, settings, hints, versions, files that settings name."""
    what = {
        "input": dataset.source.input_hash,
        "task": dataset.task,
        "roles": dataclasses.asdict(dataset.roles),
        "id_columns": list(recipe.data.id_columns),
        "on_bad_row": recipe.data.on_bad_row,
        "stage": choice.name,
        "version": get_stage(choice.name).version,
        "config": dataclasses.asdict(choice.config),
        "seed": recipe.run.seed,
        "hints": list(used),
        "versions": engine_versions(),
        "schema": SCHEMA_VERSION,
        "depends_on": dict(_depends_on(choice, {}) if depends_on is None else depends_on),
    }
    return xxhash.xxh3_128_hexdigest(orjson.dumps(what, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))


def thread_count(recipe: Recipe) -> int:
    """Threads that engines may use."""
    return recipe.run.threads or available_cores()


def relation_of(n_rows: int, scores: pa.Table, numbers: np.ndarray | None = None) -> Relation:
    """Classes and edges from a duplicates stage's scores table (`row, group` or `a, b, score, weighted, parts`).

    `numbers`: 0 to `n_rows - 1`, which serve as classes where no two rows are identical.
    """
    if "group" in scores.column_names:
        rows = scores["row"].to_numpy()
        group = scores["group"].to_numpy()
        together = np.flatnonzero(group >= 0)
        if numbers is not None and not len(together):
            return Relation(numbers)
        classes = np.arange(n_rows)
        classes[rows[together]] = group[together]
        return Relation(classes)
    names = ("a", "b", "score", "weighted", "parts")
    return Relation.from_edges(n_rows, *(scores[c].to_numpy() for c in names if c in scores.column_names))


def _cells(detected: Detected) -> Cells | None:
    """Group and label of each row, where the mitigation stage said which groups are balanced."""
    group = detected.hint("mitigation.group")
    labels = None if group is None else detected.canonical_labels()
    if group is None or labels is None:
        return None
    groups, classes = (pa.array(c.to_pylist(), pa.large_string()).dictionary_encode() for c in (group, labels))
    codes = [c.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) for c in (groups, classes)]
    weight = detected.hint("mitigation.weight")
    return Cells(
        codes[0], codes[1], tuple(classes.dictionary.to_pylist()),
        detected.dataset.pointer_of(detected.dataset.roles.label[0]),
        detected.recipe.choice("mitigation").config.max_weight,
        None if weight is None else np.asarray(weight, np.float64),
    )  # fmt: skip


def row_facts(dataset: Dataset, recipe: Recipe, canonical: Any = None, quality: Any = None) -> RowFacts:
    """What `resolve` must know of the rows: keep order, split, canonical label. `quality`: scores of `text_quality`."""
    n = dataset.n_rows
    return RowFacts(
        n,
        keep_rank(dataset, recipe.keep.policy, recipe.keep.sources, recipe.keep.quality_column, quality),
        ranks_of(dataset),
        codes_under(codes_of(dataset, canonical), setting_of(dataset, thread_count(recipe)))[0] - 1,
    )
