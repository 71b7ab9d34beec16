"""The report as one HTML page: nothing loaded, every text escaped, one script that sorts tables.

Jinja's autoescape covers all text; the only markup passed through is SVG made by `plots`, which escapes its own. The
page's content security policy forbids everything but its inline style and the one script whose hash it names, so that
even a hole in the escaping could load and run nothing. The same report gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.report import beyond, fairness_figures, judged, plots, proof, residual, reviewed, slices, swaps
from audit.report.adapters import adapter_of
from audit.report.curves import training_curves
from audit.report.enough import learning_curve
from audit.report.fairness import disparity_lines, leads, loud_lines
from audit.report.model import Report
from audit.report.model_stage import Example, StageReport
from audit.report.model_trainer import TrainedAdapter, TrainerAlert
from audit.report.model_training import Training
from audit.report.plots import Bar
from audit.report.trainer_words import kept
from audit.report.training import difference, title_of, told, unit
from audit.report.words import estimate_span, parts_of_prose, percent_span, plain_span, points_span
from curate import words

TEMPLATES = Path(__file__).parent / "templates"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
WIDE, NARROW = 780, 350
MAIN_ARMS = ("raw", "curated", "random_control")
"""Arms whose curves are laid over one another; those of single stages would hide them."""
SHAPES = {True: "diamond", False: "square"}


@cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, optimized=False,  # folding constants costs a page that is drawn once more than it saves
    )  # fmt: skip
    env.filters.update(
        count=words.count, percent=words.percent, signed=words.signed, number=words.number, size=words.size,
        duration=words.duration, measure=words.measure, percent_span=percent_span, points_span=points_span,
        estimate_span=estimate_span, plain_span=plain_span, prose=prose, file_name=file_name,
    )  # fmt: skip
    env.tests["crossed"] = fairness_figures.crossed
    env.globals.update(standing=standing, plural=words.plural)
    env.globals.update(told=told, unit=unit, difference=difference, title_of=title_of)
    env.globals.update(missed_rows=residual.rows_of, missed_words=residual.WORDS, name_groups=residual.groups_of)
    env.globals.update(told_span=proof.told_span, sure=proof.sure, at_level=proof.at_level)
    env.globals.update(told_judged=judged.told, judged_sentence=judged.sentence)
    env.globals.update(swap_sentences=swaps.sentences, told_swap=swaps.told, slice_sentence=slices.said)
    env.globals.update(disparity_lines=disparity_lines, loud_lines=loud_lines, outcomes_told=words.outcomes_told)
    env.globals.update(certified=reviewed.lines, certified_words=reviewed.WORDS, kept=kept)
    return env


def render(report: Report) -> str:
    """The page."""
    # A status that no finding has needs no column.
    used = [s for s in plots.STATUSES if s == "applied" or any(x.counts.shown[s] for x in report.stages)]
    return page("report.html.j2", r=report, figures=figures(report), statuses=used, leads=leads(report))


def page(template: str, **values: Any) -> str:
    """A template of this folder in the house's style, every value escaped."""
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))
    script = (TEMPLATES / "sort.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{POLICY}; script-src 'sha256-{digest}'"
    return _environment().get_template(template).render(style=style, script=Markup(script), policy=Markup(policy), **values)


def render_adapter(folder: Path) -> str:
    """The page of one training folder: curves, alerts, base beside adapter."""
    run = adapter_of(folder)
    drawn = {"adapter0": _twice("adapter0", lambda w, n: training_curves(run, width=w, name=n))} if run.curves else {}
    return page("adapter.html.j2", r=AdapterPage((run,)), figures=drawn)


@dataclass(frozen=True)
class AdapterPage:
    """What the page of one training needs of a report."""

    adapters: tuple[TrainedAdapter, ...]
    arm_alerts: tuple[TrainerAlert, ...] = ()


def prose(text: str) -> Markup:
    """A sentence whose commands stand between backticks."""
    pieces = (Markup("<code>{}</code>" if code else "{}").format(piece) for code, piece in parts_of_prose(text))
    return Markup("").join(pieces)


def file_name(path: str) -> str:
    """The last part of a path."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def standing(stage: StageReport, example: Example) -> str:
    """An example's status as people read it: what changes no data and waits for nobody is noted."""
    only = example.action == "flag" and example.status == "applied"
    return "noted" if only or (stage.on_finding == "flag" and example.status == "pending") else example.status


def figures(report: Report) -> dict[str, Markup]:
    """Every figure that the data allows, drawn twice: for wide and for narrow pages."""
    out = {"statuses": _twice("statuses", lambda w, n: _statuses(report, w, n))} if report.stages else {}
    training = report.training
    if training is not None:
        if training.comparisons:
            level = proof.at_level(report.proof)
            out["forest"] = _twice("forest", lambda w, n: forest(training, w, n, level))
        if any(a.metrics for a in training.arms):
            out["metrics"] = _twice("metrics", lambda w, n: _metrics(training, w, n))
        if any(s.curve for a in training.arms for s in a.seeds):
            out["curves"] = _twice("curves", lambda w, n: _curves(training, w, n))
        found = report.proof
        if found is not None and found.stages:
            out["stages"] = _twice("stages", lambda w, n: proof.stage_forest(training, found, w, n))
        if found is not None and found.shapley:
            out["shapley"] = _twice("shapley", lambda w, n: proof.shapley_bars(training, found, w, n))
        said = None if found is None else found.judged
        if said is not None and any(p.share.value is not None for p in said.pairs):
            out["judged"] = _twice("judged", lambda w, n: judged.figure(said, w, n))
    for part in report.beyond.parts if report.beyond is not None else ():
        if part.marks:
            key = f"beyond_{part.name}"
            out[key] = _twice(key, lambda w, n, p=part: beyond.figure(p, w, n))  # type: ignore[misc]
    for i, run in enumerate(report.adapters):
        if run.curves:
            out[f"adapter{i}"] = _twice(f"adapter{i}", lambda w, n, run=run: training_curves(run, width=w, name=n))  # type: ignore[misc]
    for i, column in enumerate(report.groups):
        if column.groups and report.flow.dropped_rows:
            out[f"group{i}"] = _twice(f"group{i}", lambda w, n, i=i: _group(report, i, w, n))  # type: ignore[misc]
    if fairness_figures.drawable(report.fairness):
        out["fairness"] = _twice(
            "fairness", lambda w, n: fairness_figures.differences(report.fairness, width=w, name=n)
        )
    found_swaps = report.swaps
    if found_swaps is not None and found_swaps.axes:
        out["swaps"] = _twice("swaps", lambda w, n: swaps.figure(found_swaps, width=w, name=n))
    for i, table in enumerate(report.slices):
        if table.rows:
            out[f"slices{i}"] = _twice(f"slices{i}", lambda w, n, t=table: slices.figure(t, width=w, name=n))  # type: ignore[misc]
    if report.profile.labels:
        out["labels"] = _twice("labels", lambda w, n: _labels(report, w, n))
    if report.profile.lengths is not None:
        out["lengths"] = _twice("lengths", lambda w, n: _lengths(report, w, n))
    enough = report.enough
    if enough is not None and enough.curve:
        out["enough"] = _twice("enough", lambda w, n: learning_curve(enough, width=w, name=n))
    return out


def _twice(name: str, draw: Callable[[int, str], str]) -> Markup:
    wide, narrow = draw(WIDE, f"{name}-w"), draw(NARROW, f"{name}-n")
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')


def forest(training: Training, width: int, name: str, level: str = "95%") -> str:
    """Differences between arms with their intervals and the band of no matter."""
    shown = [c for c in training.comparisons if c.b != "base"] or list(training.comparisons)
    points = " (points)" if unit(training) else ""
    bars = [
        Bar(
            f"{c.title}{' (control)' if c.control and '(control)' not in c.title else ''}",
            _times(training, c.delta.value), _times(training, c.delta.low), _times(training, c.delta.high),
            told(training, c.delta), SHAPES[c.control], "mark hollow" if c.control else "mark",
        )
        for c in shown
    ]  # fmt: skip
    return plots.intervals(
        bars, width=width, name=name, title="Differences between arms",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label=f"difference in {training.metric_title}{points}, {level} intervals",
        band=_times(training, training.delta) or None, ends=("worse", "better"),
    )  # fmt: skip


def _times(training: Training, value: float | None) -> float | None:
    return value if value is None or not unit(training) else 100 * value


def _statuses(report: Report, width: int, name: str) -> str:
    done = [s for s in report.stages if s.status == "done"]
    rows = [(s.title, s.counts.shown) for s in done if not s.helper]
    told_rows = "; ".join(f"{label}: " + ", ".join(f"{n} {k}" for k, n in by.items() if n) for label, by in rows)
    return plots.stacked(
        rows, width=width, name=name, title="Findings by stage and status", description=told_rows, x_label="findings"
    )


def _metrics(training: Training, width: int, name: str) -> str:
    bars = []
    for arm in training.arms:
        value = arm.metrics.get(training.metric)
        seeds = tuple(s.metrics[training.metric] for s in arm.seeds if training.metric in s.metrics)
        if value is not None:
            bars.append(Bar(f"{arm.letter}  {arm.title}", value, None, None, f"{value:.3f}", "circle", "mark", seeds))
    bars += [
        Bar(y.told, y.value, None, None, f"{y.value:.3f}", "diamond", "mark hollow")
        for y in training.yardsticks
    ]
    return plots.intervals(
        bars, width=width, name=name, title=f"{training.metric_title} by arm",
        description="; ".join(f"{b.label}: {b.told}" for b in bars), x_label=f"{training.metric_title} on held-out rows",
        zero=False,
    )  # fmt: skip


def _curves(training: Training, width: int, name: str) -> str:
    shown = [arm for arm in training.arms if arm.name in MAIN_ARMS] or training.arms
    ends = "; ".join(f"{a.letter} is {a.title}" for a in shown)
    return plots.curves(
        shown, width=width, name=name, title="Training loss by step", description=ends, y_label="training loss"
    )


def _group(report: Report, index: int, width: int, name: str) -> str:
    column = report.groups[index]
    bars = [
        Bar(g.group, g.dropped.value, g.dropped.low, g.dropped.high, percent_span(g.dropped))
        for g in column.groups
    ]
    return plots.intervals(
        bars, width=width, name=name, title=f"Share of rows removed by {column.column}",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label="share of rows removed, 95% intervals",
        zero=True, percent=True,
    )  # fmt: skip


def _labels(report: Report, width: int, name: str) -> str:
    shown = report.profile.labels[:24]
    return plots.before_after(
        shown, width=width, name=name, title="Rows by label before and after",
        description="; ".join(f"{r.label}: {r.before} before, {r.after} after" for r in shown),
    )  # fmt: skip


def _lengths(report: Report, width: int, name: str) -> str:
    lengths = report.profile.lengths
    assert lengths is not None
    return plots.histogram(
        lengths, width=width, name=name, title="Lengths of rows before and after",
        description=f"Median {lengths.median_before} before and {lengths.median_after} after, longest "
        f"{lengths.longest_before} and {lengths.longest_after} characters.",
    )  # fmt: skip
