"""The ablation as the report shows it: arms with letters, comparisons with their intervals, curves, a verdict in words.

Reads `ablation.json` and the curves it names, so a report can be made again long after the training. What is missing
is left out of the report; nothing is guessed. Losses of single steps are averaged over stretches of the training, so
that a curve has at most `MOST_POINTS` points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import orjson

from audit.report.interval import Interval
from audit.report.model_training import Arm, Comparison, CurvePoint, Outcome, SeedRun, Training, Yardstick
from audit.report.safe import READ, Previews
from curate.statistics import finite
from curate.words import signed

METRICS = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "f1": "F1",
    "row_span_f1": "span F1 (mean over rows)",
    "above_rejected": "preference accuracy",
    "margin": "margin over rejected",
    "nats_per_token": "loss (nats per token)",
    "nll": "negative log-likelihood (nats a token)",
    "loss": "loss (nats)",
    "bits_per_byte": "bits per byte",
    "perplexity": "perplexity",
}
LOWER_IS_BETTER = ("nll", "nats", "loss", "perplexity", "bits")
IN_POINTS = ("accuracy", "row_span_f1", "above_rejected")
CONTROLS = ("random", "control", "placebo")
MOST_POINTS = 60
SIDE_NOTES = ("rows", "pairs", "supervised_tokens", "rows_with_unknown_label")
"""Numbers that stand among the metrics of a run and are none."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def training_of(
    ablation: Mapping[str, Any] | None, previews: Previews, folder: Path | None = None
) -> Training | None:
    """The model of an ablation; None when nothing was trained.

    `folder` is the run directory, from which the paths of curves are read.
    """
    if not ablation or not ablation.get("arms"):
        return None
    metric = str(ablation.get("metric") or "accuracy")

    def say(value: Any) -> str:
        return previews.short("" if value is None else str(value), READ)

    titles = {say(arm.get("name")): say(arm.get("title") or arm.get("name")) for arm in ablation["arms"]}
    arms = tuple(_arm(arm, _letter(i), titles, say, folder) for i, arm in enumerate(ablation["arms"]))
    return Training(
        task=say(ablation.get("task")),
        metric=say(metric),
        metric_title=say(title_of(metric)),
        higher_is_better=not any(word in metric for word in LOWER_IS_BETTER),
        delta=float(ablation.get("delta") or 0.0),
        outcome=_outcome(ablation),
        conclusion=_conclusion(ablation, say),
        arms=arms,
        comparisons=tuple(_comparison(c, titles, say) for c in ablation.get("comparisons") or ()),
        yardsticks=_yardsticks(ablation.get("yardstick"), titles, say),
        notes=tuple(say(n) for n in _list(ablation.get("notes"))),
        seconds=finite(ablation.get("seconds")),
    )


def title_of(metric: str) -> str:
    """A metric in people's words."""
    return METRICS.get(metric, metric.replace("_", " "))


def _letter(i: int) -> str:
    """A to Z, then AA, AB and so on: no two arms share one."""
    return (_letter(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)


def _arm(arm: Mapping[str, Any], letter: str, titles: Mapping[str, str], say: Any, folder: Path | None) -> Arm:
    runs = arm.get("runs") or arm.get("seeds") or ()
    seeds = tuple(_seed(s, folder) for s in runs)
    names = sorted({name for s in seeds for name in s.metrics})
    means = {
        n: math.fsum(s.metrics[n] for s in seeds if n in s.metrics) / sum(n in s.metrics for s in seeds) for n in names
    }
    name = say(arm.get("name"))
    twins = {say(str(run.get("same_as") or "").rpartition("/")[0]) for run in runs}
    same = titles.get(twins.pop(), "") if len(twins) == 1 and name not in twins else ""  # the base is scored once for all
    rows, tokens = _integer(arm.get("rows")), _integer(arm.get("tokens"))
    return Arm(name, titles[name], letter, rows, tokens, means, seeds, same)


def _seed(seed: Mapping[str, Any], folder: Path | None) -> SeedRun:
    metrics = {
        str(k): float(v) for k, v in (seed.get("metrics") or {}).items() if finite(v) is not None and k not in SIDE_NOTES
    }
    return SeedRun(int(seed.get("seed") or 0), dict(sorted(metrics.items())), _curve(seed.get("curve"), folder))


def _curve(given: Any, folder: Path | None) -> tuple[CurvePoint, ...]:
    """Points as they are given, or from the file that a path inside the run directory names."""
    lines: Sequence[Any] = given if isinstance(given, list) else ()
    if isinstance(given, str) and folder is not None:
        path = next((p for p in (folder / given, folder / "train" / given) if p.is_file()), None)
        if path is not None:
            lines = _lines(path)
    points = [
        (int(p["step"]), float(p["loss"]))
        for p in lines
        if isinstance(p, Mapping) and finite(p.get("loss")) is not None and finite(p.get("step")) is not None
    ]
    stretch = max(1, -(-len(points) // MOST_POINTS))
    out = []
    for i in range(0, len(points), stretch):
        part = points[i : i + stretch]
        out.append(CurvePoint(part[-1][0], math.fsum(loss for _, loss in part) / len(part)))
    return tuple(out)


def _lines(path: Path) -> list[Any]:
    """The objects of a JSONL file; a line cut short by a crash is left out."""
    out = []
    for line in path.read_bytes().splitlines():
        try:
            out.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
    return out


def _comparison(item: Mapping[str, Any], titles: Mapping[str, str], say: Any) -> Comparison:
    a, b = say(item.get("a")), say(item.get("b"))
    return Comparison(
        a=a,
        b=b,
        title=f"{titles.get(a, a)} vs {titles.get(b, b)}",
        delta=Interval(finite(item.get("delta")), finite(item.get("low")), finite(item.get("high"))),
        verdict=say(item.get("verdict")),
        words=say(item.get("words")),
        seeds=len(item["seeds"]) if isinstance(item.get("seeds"), list) else _integer(item.get("seeds")),
        items=_integer(item.get("n_items")),
        clusters=_integer(item.get("n_clusters")),
        control=any(word in b for word in CONTROLS),
        level=finite(item.get("level")) or 0.95,
    )


def told(training: Training, interval: Interval) -> str:
    """A difference as people say it: `+7.1 points [+3.2, +11.0]`, `+0.0210 [+0.0100, +0.0320]`."""
    value, low, high = (difference(training, v) for v in (interval.value, interval.low, interval.high))
    return value if interval.low is None or interval.high is None else f"{value} [{low}, {high}]"


def difference(training: Training, value: float | None) -> str:
    """A bare difference in the unit of `unit`."""
    if value is None:
        return "–"
    return signed(100 * value, 1) if training.metric in IN_POINTS else signed(value, 4)


def unit(training: Training) -> str:
    """Unit of differences: ` points` for accuracy, nothing where the metric's title says it."""
    return " points" if training.metric in IN_POINTS else ""


def main_comparison(training: Training) -> Comparison | None:
    """Curated against raw."""
    found = [c for c in training.comparisons if c.a == "curated" and c.b == "raw"]
    return found[0] if found else None


def _outcome(ablation: Mapping[str, Any]) -> Outcome:
    """The overall verdict; where the file names none, that of curated against raw."""
    main = [c for c in ablation.get("comparisons") or () if (c.get("a"), c.get("b")) == ("curated", "raw")]
    verdict = ablation.get("verdict")
    words = [verdict.get("verdict") if isinstance(verdict, Mapping) else verdict, *(c.get("verdict") for c in main)]
    return next((o for w in words for o in OUTCOMES if o == w), "inconclusive")


def _conclusion(ablation: Mapping[str, Any], say: Any) -> str:
    for key in ("conclusion", "words", "verdict"):
        value = ablation.get(key)
        if isinstance(value, str) and value and value not in OUTCOMES:
            return say(value)  # type: ignore[no-any-return]
        if isinstance(value, Mapping) and value.get("words"):
            return say(value["words"])  # type: ignore[no-any-return]
    return ""


def _yardsticks(given: Any, titles: Mapping[str, str], say: Any) -> tuple[Yardstick, ...]:
    if not isinstance(given, Mapping):
        return ()
    name = say(given.get("description") or "Yardstick")
    found = ((arm, finite(value)) for arm, value in (given.get("by_arm") or {}).items())
    return tuple(Yardstick(titles.get(say(arm), say(arm)), name, value) for arm, value in found if value is not None)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ([value] if value else [])


def _integer(value: Any) -> int | None:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None
