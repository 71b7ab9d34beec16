"""Run an ablation: the matrix of arms and seeds, looked at as the design says, then the comparisons.

The evaluation is frozen before anything is trained. With a sequential design, seeds are added until curated against raw
and against the random control have a verdict, each look at the confidence level that alpha spending leaves it; how many
runs are left to a verdict is told after each. `train/state.json` says at any time what each run is doing. After a kill
the same call goes on where it stopped. Needs the `train` extra. Cost: seeds × distinct arms × one training run.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import ConfigError
from train.ablation.analysis import Analysis, noise_floor
from train.ablation.arms import BASE, CONTROL, CURATED, RAW, Arm
from train.ablation.design import PRESETS, Design
from train.ablation.evaluation import Evaluation
from train.ablation.interval import LEVEL, Estimate
from train.ablation.matrix import Matrix, Progress
from train.ablation.result import AblationResult, ArmResult, Look
from train.ablation.sequential import levels, seeds_to_verdict
from train.ablation.state import State
from train.ablation.verdict import (
    DELTA,
    INCONCLUSIVE,
    INSUFFICIENT,
    Comparison,
    answers_one_class,
    conclude,
    in_unit,
    too_small,
)
from train.config import TrainConfig
from train.evaluate import ABOVE_REJECTED, metric_name, metric_of
from train.examples import CLASSIFICATION, Examples
from train.extra import versions
from train.preference.rows import KTO, RANKING
from train.resources import accelerator
from train.yardstick import DESCRIPTION as YARDSTICK
from train.yardstick import kept_yardstick

DEFAULT_COMPARISONS = ((CURATED, RAW), (CURATED, CONTROL), (CONTROL, RAW), (RAW, BASE), (CURATED, BASE))
KEPT_YARDSTICK = "yardstick.json"
UNEQUAL = 0.05
"""From this part on, arms that saw different numbers of tokens are told of."""


def run_ablation(
    arms: Sequence[Arm],
    evaluation: Examples | Evaluation,
    config: TrainConfig,
    seeds: Sequence[int] = (0, 1, 2),
    out_dir: Path = Path(),
    progress: Progress | None = None,
    *,
    design: Design | None = None,
    canonical: Mapping[str, str] | None = None,
    comparisons: Sequence[tuple[str, str]] = DEFAULT_COMPARISONS,
    delta: float | None = None,
    yardstick: bool = True,
    even_if_insufficient: bool = False,
) -> AblationResult:
    """Train and compare `arms`; writes `train/<arm>/<seed>/` and `train/state.json` under `out_dir`.

    `evaluation` are the frozen held-out rows, with `clusters` where near-duplicates are known. `design` says which
    seeds, looks and stages are asked about; without one, all `seeds` are trained and looked at once. `canonical` maps
    label spellings to canonical names, for scoring only. `progress` gets dicts: `{"kind": "notice", "words"}`, `{"kind":
    "run", arm, seed, run, runs, state, eta_s}` (state: started, done, resumed, same, failed) and `{"kind": "step", arm,
    seed, run, runs, step, steps, loss, eta_s}`, eta_s being that of the whole ablation, `runs` the distinct runs that train
    and `run` the number of this one among them, 0 for one that trains nothing.
    Where the evaluation is too small for any verdict that is said before training and nothing is trained, unless
    `even_if_insufficient`. Raises `ConfigError`, `MissingExtraError`.
    """
    started = time.perf_counter()
    if not arms or len({arm.name for arm in arms}) < len(arms):
        raise ConfigError("an ablation needs arms with different names")
    design = design or Design(tuple(dict.fromkeys(int(seed) for seed in seeds)))
    reading = Evaluation.plain(evaluation) if isinstance(evaluation, Examples) else evaluation
    task = reading.examples.task
    metric = metric_of(reading.examples, config.objective)
    limit = DELTA.get(metric, 0.01) if delta is None else delta
    state = State(Path(out_dir) / "train" / "state.json", progress)
    matrix = Matrix(arms, reading, config, design.seeds, Path(out_dir), state.see, canonical, design.match)
    scored, unscored = np.arange(len(reading.primary)), ""
    # Whether a row can be scored takes the base's tokenizer; too few rows are too few without it.
    if even_if_insufficient or not too_small(reading.clusters(scored), len(design.seeds)):
        scored, unscored = matrix.scored()
    clusters = reading.clusters(scored)
    reason = too_small(clusters, len(design.seeds))
    told = (reading.note, *reading.examples.notes, unscored, *_said_before(reading, design, config))
    # Under `dpo` the base has no gain to be ranked by, so its accuracy is another measure than that of what was trained.
    if metric == ABOVE_REJECTED and config.objective != RANKING:
        bases = {arm.name for arm in arms if arm.method == "base"}
        comparisons = [pair for pair in comparisons if bases.isdisjoint(pair)]
    notes = [note for note in told if note]
    found: list[Comparison] = []
    looks: list[Look] = []
    trained = list(design.seeds)
    verdict, words = INSUFFICIENT, f"There is not enough evidence for a verdict: {reason}."
    analysis = Analysis(matrix, (), metric, limit)
    if reason:
        matrix.tell({"kind": "notice", "words": words})
    if not reason or even_if_insufficient:
        state.begin(arms, design)
        for number, level in zip(design.looks, _levels(design), strict=True):
            trained = list(design.seeds[:number])
            matrix.train(trained)
            analysis = Analysis(matrix, trained, metric, limit, level)
            found = [c for a, b in comparisons if (c := analysis.compare(a, b)) is not None]
            by_pair = {(c.a, c.b): c for c in found}
            against = (by_pair.get((CURATED, RAW)), by_pair.get((CURATED, CONTROL)))
            verdict, words = conclude(*against, learned=analysis.learned((CURATED, RAW)))
            # A gain over raw data that equals its control is no help, and more seeds will not make it one.
            still_open = verdict == INCONCLUSIVE and INCONCLUSIVE in {c.verdict for c in against if c is not None}
            settled = not still_open or not design.sequential
            left = 0 if settled else _runs_left(matrix, design, number, against, limit)
            looks.append(Look(number, level, verdict, left))
            state.looked(looks[-1])
            if settled:
                break
            if number < design.looks[-1]:
                matrix.tell({"kind": "notice", "words": _look_words(looks[-1], design)})
        matrix.tell({"kind": "notice", "words": COMPARING})
    names = [arm.name for arm in arms]
    results = tuple(matrix.arm_result(arm, trained, metric) for arm in arms)
    # Controls are drawn anew for each seed: their spread is that of the rows, too.
    drawn = {arm.name for arm in arms if callable(arm.examples)}
    floor = noise_floor([r.spread for r in results if r.method == "lora" and r.name not in drawn])
    if floor is not None and not reason:
        words += f" Two runs that differ in the seed alone lie within {in_unit(floor, metric)}, 19 times in 20."
    outcome = AblationResult(
        task=task,
        metric=metric,
        delta=limit,
        verdict=verdict,
        words=words,
        arms=results,
        comparisons=tuple(found),
        yardstick=_yardstick(matrix, design) if yardstick and not reason and task == CLASSIFICATION else {},
        evaluation={"rows": len(scored), "clusters": clusters, "labels": reading.labels, "note": reading.note},
        config=matrix.config.told(),
        base=config.base,
        seeds=tuple(trained),
        notes=(*notes, *_said_after(results, design), *matrix.notes, *matrix.failures()),
        versions=versions(),
        hardware={"machine": platform.machine(), "cpus": os.cpu_count(), "system": platform.system(), **accelerator()},
        seconds=time.perf_counter() - started,
        stages=analysis.stages(design) if found else (),
        shapley=analysis.shapley(design) if found else (),
        views=analysis.views([name for name in (RAW, CURATED, CONTROL) if name in names]) if found else (),
        leak=analysis.leak([name for name in (RAW, CURATED, CONTROL) if name in names]) if found else None,
        looks=tuple(looks) if design.sequential else (),
        noise_floor=floor,
        preset=design.preset,
        match=design.match,
    )
    state.done(outcome)
    return outcome


COMPARING = "Nothing is left to train; now the arms are compared, and words alone (TF-IDF) are scored beside them."
"""Said because it takes a minute and more on a busy machine."""


def _levels(design: Design) -> list[float]:
    return levels(design.looks) if design.sequential else [LEVEL]


def _said_before(reading: Evaluation, design: Design, config: TrainConfig) -> list[str]:
    """What a reader must know before any number."""
    out = []
    if metric_of(reading.examples, config.objective) == ABOVE_REJECTED:
        by = "nats a token"
        if config.objective != RANKING:
            by = "gain over the base; the base has none, is ranked by nats a token and compared with no arm"
        out.append(
            "Preference accuracy is the share of held-out pairs whose chosen answer is ranked above the rejected one (ties "
            f"count half), by {by}. Loss is that of the chosen answers, and may rise or fall whichever comes first."
        )
    elif config.objective == KTO:
        out.append(
            "The verdict rests on the loss of wanted answers, which objective 'kto' may raise while it puts them above "
            "unwanted ones; how often it does is in each run's done.json."
        )
    if reading.examples.task == CLASSIFICATION:
        known = "Evaluation labels are as given: nobody has verified them."
        out.append(known if reading.labels == "as given" else f"Evaluation labels are verified: {reading.labels}.")
    if design.preset in PRESETS and PRESETS[design.preset].words and not design.sequential:
        out.append(PRESETS[design.preset].words)
    if design.match == "epochs":
        out.append("Arms are matched in passes over their own rows: an arm with fewer rows also trains fewer steps.")
    return [*out, *design.notes]


def _said_after(arms: Sequence[ArmResult], design: Design) -> list[str]:
    """What the data of the arms turned out to be: empty, without a class, untouched, unequal in tokens."""
    out = []
    by_name = {arm.name: arm for arm in arms}
    raw = by_name.get(RAW)
    for arm in arms:
        if arm.method != "lora" or (raw is not None and arm.lost_classes == raw.lost_classes):
            continue
        if not arm.rows:
            out.append(f"Arm {arm.name} ends without a training row.")
        elif arm.lost_classes:
            first = ", ".join(arm.lost_classes[:5]) + (", …" if len(arm.lost_classes) > 5 else "")
            count = len(arm.lost_classes)
            out.append(f"Arm {arm.name} has no row of {count} class{'es' if count > 1 else ''}: {first}.")
    for arm in arms:
        if stuck := [str(run["seed"]) for run in arm.runs if arm.method == "lora" and answers_one_class(run)]:
            seeds = f"seed{'s' if len(stuck) > 1 else ''} {', '.join(stuck)}"
            out.append(f"Arm {arm.name} answers every held-out row with one class, with {seeds}: it learned nothing.")
    control = by_name.get(CONTROL)
    if control is not None and all(str(run.get("same_as", "")).startswith(f"{RAW}/") for run in control.runs):
        out.append(
            "Curation removed no training row, so a random removal of the same size is raw data itself, and beating it "
            "says nothing more."
        )
    unequal = () if design.match == "epochs" else (("tokens_seen", "tokens"), ("targets_seen", "target tokens"))
    for key, what in unequal:
        seen = {arm.name: _seen(arm, key) for arm in arms if arm.method == "lora"}
        for name, tokens in seen.items():
            if name != RAW and tokens and seen.get(RAW) and abs(tokens / seen[RAW] - 1) > UNEQUAL:
                apart = tokens / seen[RAW] - 1
                side = "more" if apart > 0 else "fewer"
                out.append(f"Arm {name} saw {abs(apart):.0%} {side} {what} than raw in as many steps.")
    return out


def _seen(arm: ArmResult, key: str) -> float:
    counts = [run[key] for run in arm.runs if run.get(key)]
    return sum(counts) / len(counts) if counts else 0.0


def _runs_left(
    matrix: Matrix, design: Design, now: int, against: tuple[Comparison | None, Comparison | None], limit: float
) -> int | None:
    """Training runs until both comparisons are likely to have a verdict; None where the most seeds will not do."""
    needed = now
    for comparison in against:
        if comparison is None or comparison.verdict != INCONCLUSIVE:
            continue
        found = _as_estimate(comparison)
        seeds = seeds_to_verdict(found, limit, design.looks[-1], now)
        if seeds is None:
            return None
        needed = max(needed, seeds)
    look = next((n for n in design.looks if n > now and n >= needed), design.looks[-1])
    return matrix.distinct(design.seeds[now:look])


def _as_estimate(c: Comparison) -> Estimate:
    return Estimate(
        c.delta, c.low, c.high, c.error, c.freedom, c.p, c.minimum_detectable, c.seed_variance, c.cluster_variance
    )


def _look_words(look: Look, design: Design) -> str:
    left = (
        f"about {look.runs_left} more training runs to a verdict if the estimates stay as they are"
        if look.runs_left is not None
        else f"a verdict is not in sight within {design.looks[-1]} seeds"
    )
    return f"After {look.seeds} seeds: {look.verdict} at the {100 * look.level:.4g}% level of this look; {left}."


def _yardstick(matrix: Matrix, design: Design) -> dict[str, Any]:
    """Words alone on the rows of each arm; arms of single stages are left out, they would bury the others."""
    of_stages = {name for q in design.questions for name in (q.alone, q.without, q.control)}
    of_stages |= set(design.coalitions.values())
    by_arm: dict[str, float] = {}
    known: dict[str, float] = {}
    rows = matrix.reading.primary
    for arm in matrix.arms:
        data = matrix.data[arm.name, matrix.seeds[0]]
        key = data.fingerprint()
        if arm.method == "base" or not len(data) or arm.name in of_stages - {RAW, CURATED}:
            continue
        if key not in known:
            known[key] = kept_yardstick(data, rows, matrix.canonical, matrix.out_dir / "train" / KEPT_YARDSTICK)
        by_arm[arm.name] = known[key]
    return {"description": YARDSTICK, "metric": metric_name(rows.task), "by_arm": by_arm}
