"""From a run to a report: the one place that computes what every rendering shows.

Counts come from the plan, never from the manifest, so a report cannot disagree with the data that `apply` makes.
Cost: a few vectorised passes over findings and rows, and a few hundred masked previews; about a second for 100,000
rows, most of it the privacy scanner's start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from audit.report.adapters import adapters_of, arm_alerts_of
from audit.report.beyond import beyond_of
from audit.report.drawn import Drawn, draw
from audit.report.effects import Effects, counts_of, rules_of
from audit.report.enough import STAGE as SUFFICIENCY
from audit.report.enough import enough_of
from audit.report.fairness import STAGE as FAIRNESS
from audit.report.fairness import fairness_of
from audit.report.fairness_trained import trained_of
from audit.report.groups import groups_of
from audit.report.headline import headline_of
from audit.report.interval import Interval
from audit.report.model import Flow, Input, Report, Reproducibility, RoleUse
from audit.report.model_stage import Counts, Estimate, Leak, Measure, Pending, Rule, StageReport
from audit.report.proof import proof_of
from audit.report.reproduce import command_of
from audit.report.residual import residual_of
from audit.report.reviewed import reviewed_of
from audit.report.safe import SHOWN, Previews
from audit.report.slices import slices_of
from audit.report.swaps import STAGE as SWAPS
from audit.report.swaps import swaps_of
from audit.report.training import training_of
from curate.dataset import Dataset
from curate.ledger.plan import Plan
from curate.safetext import safe_text
from curate.stages.registry import BUILT_IN, get_stage, known_stages, title_of
from curate.stages.setting import unread
from curate.statistics import finite


def build(
    *,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    findings: pa.Table,
    plan: Plan,
    ablation: Mapping[str, Any] | None,
    folder: Path | None = None,
    drawn: Drawn | None = None,
) -> Report:
    """The report of one run.

    `findings` and `plan.table` line up row by row; `folder` is the run directory, from which training curves are read
    where `ablation` names them by path; `drawn` is what was taken from the rows already, under this plan. Raises
    ValueError when findings, plan and dataset do not fit together.
    """
    drawn = drawn or draw(dataset, findings, plan, _settings(manifest).get("pii"))
    previews, effects = drawn.previews, drawn.effects
    stages = _stages(manifest, findings, plan, drawn)
    training = training_of(ablation, previews, folder)
    narrow = training is None and _chosen(manifest) is not None
    clusters, labels = _hint(folder, "near_duplicates", "cluster"), _hint(folder, "label_names", "canonical")
    judged_by = _settings(manifest).get(FAIRNESS) or {}
    labels = dataset.labels() if labels is None else labels
    trained = trained_of(dataset, ablation, folder, labels, clusters, judged_by, previews)
    fairness = fairness_of(manifest, findings, previews, trained)
    groups = groups_of(dataset, effects, previews, judged_by, clusters)
    flow = _flow(plan, effects)
    pending = _pending(stages)
    return Report(
        headline=headline_of(
            flow,
            training,
            stages,
            fairness,
            groups,
            pending,
            _why_untrained(manifest, previews),
            narrow=narrow,
            curated=_curated_name(manifest, previews),
            unread=tuple(previews.short(name) for name in unread(dataset)) if plan.dropped.any() else (),
            rejected=int((manifest.get("input") or {}).get("rejected") or 0),
        ),
        flow=flow,
        training=training,
        stages=stages,
        groups=groups,
        fairness=fairness,
        pending=pending,
        input=_input(manifest, dataset, previews),
        profile=drawn.profile,
        reproducibility=_reproducibility(manifest, ablation, previews),
        enough=enough_of(_records(manifest).get(SUFFICIENCY)),
        residual=residual_of(manifest.get("residual")),
        reviewed=reviewed_of(manifest.get("review"), {s.name: s.title for s in stages}),
        proof=proof_of(ablation, previews, {s.name: s.title for s in stages}, folder),
        beyond=beyond_of(ablation, previews),
        adapters=adapters_of(folder, previews),
        arm_alerts=arm_alerts_of(ablation, folder, previews),
        swaps=swaps_of(_records(manifest).get(SWAPS), previews),
        slices=slices_of(_records(manifest), previews),
        narrow=narrow,
    )


def _records(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("stages") or {}


def _hint(folder: Path | None, stage: str, name: str) -> Any:
    """A row-aligned array that a stage left in the run directory, or None."""
    path = None if folder is None else folder / "hints" / f"{stage}.parquet"
    if path is None or not path.is_file():
        return None
    table = pq.read_table(path)
    return table[name].combine_chunks() if name in table.column_names else None


def _settings(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return (manifest.get("recipe") or {}).get("stages") or {}


def _chosen(manifest: Mapping[str, Any]) -> list[str] | None:
    """The stages that were asked for by name; None when all were meant."""
    stages = ((manifest.get("recipe") or {}).get("run") or {}).get("stages")
    return stages if isinstance(stages, list) and set(stages) < {*BUILT_IN, *stages} else None


def _helps(name: str, manifest: Mapping[str, Any]) -> bool:
    """Whether a stage was made to flag only, among few that were asked for and that one of them builds on."""
    chosen = _chosen(manifest) or ()
    known = [get_stage(n) for n in chosen if n in known_stages()]
    quiet = (_settings(manifest).get(name) or {}).get("on_finding") == "flag"
    return quiet and any(name in s.uses for s in known) and any(s.name == name and s.on_finding != "flag" for s in known)


def _curated_name(manifest: Mapping[str, Any], previews: Previews) -> str:
    names = (str(name) for name in manifest.get("outputs") or ())
    return next((previews.short(name) for name in names if name.startswith("curated.")), "curated")


def _flow(plan: Plan, effects: Effects) -> Flow:
    dropped = int(effects.dropped.sum())
    return Flow(
        rows_in=plan.n_rows,
        rows_out=plan.n_rows - dropped + effects.added,
        dropped_rows=dropped,
        edited_rows=int(effects.edited.sum()),
        relabelled_rows=int(effects.relabelled.sum()),
        reweighted_rows=int(effects.reweighted.sum()),
        added_rows=effects.added,
        orphans=len(plan.orphans),
    )


def _stages(manifest: Mapping[str, Any], findings: pa.Table, plan: Plan, drawn: Drawn) -> tuple[StageReport, ...]:
    """Stages in the recipe's order; a stage that left findings is never left out."""
    effects, previews = drawn.effects, drawn.previews
    records = _records(manifest)
    settings = _settings(manifest)
    names = list(dict.fromkeys([*settings, *records, *effects.stages]))
    counts = plan.counts()
    rescan = manifest.get("rescan") or {}
    out = []
    for name in names:
        record = records.get(name) or {}
        if not record and name not in effects.stages:
            continue
        if record.get("status") == "skipped" and record.get("optional") and len(records) > 1:
            continue  # nobody asked, and there was nothing to look at
        on_finding = previews.short(str((settings.get(name) or {}).get("on_finding") or ""))
        rules = tuple(
            Rule(previews.short(r.rule), r.action, previews.sentence(r.reason), _with_notes(r.counts, r.action, on_finding))
            for r in rules_of(findings, plan, name)
        )
        mine = replace(
            counts_of(counts.get(name, {})),
            applied_notes=sum(r.counts.applied_notes for r in rules),
            pending_notes=sum(r.counts.pending_notes for r in rules),
        )
        out.append(
            StageReport(
                name=previews.short(name),
                title=previews.short(title_of(name)),
                status="skipped" if record.get("status") == "skipped" else "done",
                reason=previews.sentence(str(record.get("reason") or "")),
                on_finding=on_finding,
                seconds=finite(record.get("seconds")),
                findings=mine.total,
                counts=mine,
                dropped_rows=effects.rows_of(name, "drop"),
                edited_rows=effects.rows_of(name, "replace"),
                relabelled_rows=effects.rows_of(name, "relabel"),
                left=_left(rescan.get(name)),
                left_alike_once_edited=_left(rescan.get(name), "alike_once_edited") or 0,
                helper=_helps(name, manifest),
                rules=rules,
                measured=_measured((record.get("summary") or {}).get("measured") or (), previews),
                leaks=_leaks((record.get("summary") or {}).get("leakage") or (), previews),
                summary=_summary(record.get("summary") or {}, previews),
                examples=drawn.examples.get(name, ()),
            )
        )
    return tuple(out)


def _with_notes(counts: Counts, action: str, on_finding: str) -> Counts:
    """The counts of one rule, with those of them that only note something."""
    pending = counts.pending if on_finding == "flag" else 0
    return replace(counts, applied_notes=counts.applied if action == "flag" else 0, pending_notes=pending)


def _left(value: Any, key: str = "left") -> int | None:
    """A count under `key`, or bare."""
    value = value.get(key) if isinstance(value, Mapping) else value if key == "left" else None
    return value if isinstance(value, int) else None


def _measured(records: Iterable[Mapping[str, Any]], previews: Previews) -> tuple[Estimate, ...]:
    """What the stage measured of itself."""
    return tuple(
        Estimate(
            previews.short(str(r["what"]), SHOWN), int(r["hits"]), int(r["of"]), Interval(r["value"], r["low"], r["high"])
        )
        for r in records
    )


def _leaks(records: Iterable[Mapping[str, Any]], previews: Previews) -> tuple[Leak, ...]:
    """How much of each set stands in training rows."""
    numbers = ("items", "found", "rows", "only_whole")
    return tuple(
        Leak(previews.short(str(r["kind"])), previews.short(str(r["set"])), *(int(r[key]) for key in numbers))
        for r in records
    )


def _summary(summary: Mapping[str, Any], previews: Previews) -> tuple[Measure, ...]:
    """The plain numbers and words of a stage's summary; an object of numbers counts as several."""
    out: list[Measure] = []
    for key, value in summary.items():
        name = previews.short(str(key).replace("_", " "))
        if isinstance(value, str):
            out.append(Measure(name, previews.short(value)))
        elif isinstance(value, bool | int | float):
            out.append(Measure(name, value))
        elif isinstance(value, Mapping):
            plain = {k: v for k, v in value.items() if isinstance(v, bool | int | float)}
            out += [Measure(f"{name}: {previews.short(str(k))}", v) for k, v in plain.items()]
    return tuple(out[:24])


def _pending(stages: tuple[StageReport, ...]) -> Pending:
    by_stage = {s.name: s.waiting for s in stages if s.waiting}
    commands = ("curate tui RUN", "curate apply RUN") if by_stage else ()
    looks = sum(r.counts.stale + r.counts.shown["pending"] for s in stages for r in s.rules if r.action == "flag")
    return Pending(sum(by_stage.values()), by_stage, commands, looks)


def _input(manifest: Mapping[str, Any], dataset: Dataset, previews: Previews) -> Input:
    given = manifest.get("input") or {}
    roles = manifest.get("roles") or {role: list(columns) for role, columns in dataset.roles.items()}
    reasons = {g.what: g.reason for g in dataset.detected.guesses}
    reasons |= {str(g.get("what")): str(g.get("reason") or "") for g in manifest.get("role_reasons") or ()}
    uses = tuple(
        RoleUse(str(role), tuple(previews.short(c) for c in columns), previews.sentence(reasons.get(role)))
        for role, columns in roles.items()
        if columns
    )
    named = {c for columns in roles.values() for c in columns}
    return Input(
        path=previews.setting(str(given.get("path") or "")),
        format=str(given.get("format") or ""),
        compression=str(given.get("compression") or "none"),
        size_bytes=given.get("size_bytes"),
        rows=dataset.n_rows,
        rejected=int(given.get("rejected") or 0),
        task=str(manifest.get("task") or dataset.task),
        roles=uses,
        other_columns=tuple(previews.short(c) for c in dataset.columns if c not in named)[:50],
    )


def _reproducibility(
    manifest: Mapping[str, Any], ablation: Mapping[str, Any] | None, previews: Previews
) -> Reproducibility:
    recipe = manifest.get("recipe") or {}
    seeds: dict[str, Any] = {"run": (recipe.get("run") or {}).get("seed", 0)}
    arms = (ablation or {}).get("arms") or ()
    runs = [run for arm in arms for run in arm.get("runs") or arm.get("seeds") or ()]
    trained = sorted({run["seed"] for run in runs if run.get("seed") is not None})
    if trained:
        seeds["training"] = trained
    outputs = manifest.get("outputs") or {}
    return Reproducibility(
        input_hash=safe_text(str((manifest.get("input") or {}).get("input_hash") or "")),
        versions={safe_text(str(k)): safe_text(str(v)) for k, v in sorted((manifest.get("versions") or {}).items())},
        hardware={safe_text(str(k)): _plain(v) for k, v in (manifest.get("hardware") or {}).items()},
        seeds=seeds,
        recipe=_indented(previews.setting(orjson.dumps(recipe, option=orjson.OPT_NON_STR_KEYS).decode(), 8000)),
        outputs={previews.short(str(k)): safe_text(str(v)) for k, v in outputs.items()},
        commands=(command_of(manifest, trained=ablation is not None, shown=previews.setting),),
        seconds={str(k): float(v) for k, v in (manifest.get("seconds") or {}).items() if finite(v) is not None},
        started=safe_text(str(manifest.get("started") or "")),
        finished=safe_text(str(manifest.get("finished") or "")),
    )


def _why_untrained(manifest: Mapping[str, Any], previews: Previews) -> str:
    """The manifest says why there was no training."""
    told = manifest.get("train") or {}
    return previews.short(str(told.get("reason") or ""), SHOWN) if isinstance(told, Mapping) else ""


def _indented(recipe: str) -> str:
    """A setting a line; as it is where masking or shortening left no JSON."""
    try:
        return orjson.dumps(orjson.loads(recipe), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return recipe


def _plain(value: Any) -> Any:
    return safe_text(value) if isinstance(value, str) else value if isinstance(value, int | float) else None
