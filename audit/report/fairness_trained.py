"""Trained models by group: the evaluation of every arm and seed, judged as the fairness stage judges predictions.

Read from `train/<arm>/<seed>/eval.parquet`. Seeds answer the same rows, so they are no further rows: each seed's
comparison has the rows' error, and the mean over seeds keeps the mean of those errors (as if seeds erred on the same rows;
they mostly do). To it comes the error of the seeds, Student's t over their spread. With one seed an interval holds the
rows' variation alone, which the report says. P-values are corrected (Holm) over the comparisons of an arm. Only
classification: for other tasks there is no label to be right or wrong about. Cost: one audit an arm and seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.fairness import Comparison, audit_groups
from audit.fairness.outcome import decide, normal_p
from audit.report.interval import Interval
from audit.report.model_fairness import TrainedCell, TrainedRow
from audit.report.safe import Previews
from curate.dataset import Dataset
from curate.privacy.preview import shown_names
from curate.statistics import Z

METRICS = ("accuracy", "selection_rate", "tpr", "fpr", "macro_tpr")
MOST_LINES = 60
DRAWS = 1000


def trained_of(
    dataset: Dataset, ablation: Mapping[str, Any] | None, folder: Path | None, labels: Any, clusters: Any,
    settings: Mapping[str, Any], previews: Previews,
) -> tuple[TrainedRow, ...]:  # fmt: skip
    """One row a group and metric; empty where nothing was trained, or nothing can be compared."""
    groups = dataset.groups()
    if not ablation or folder is None or labels is None or not groups:
        return ()
    names = shown_names(labels.unique().to_pylist())
    truth = np.asarray([None if v is None else names[v] for v in labels.to_pylist()], dtype=object)
    positive = names.get(str(settings.get("positive") or ""))
    judged = {key: settings[key] for key in ("min_group_size", "delta", "alpha") if key in settings}
    cells: dict[tuple[str, str, str, int], list[TrainedCell]] = {}
    most_seeds = 1
    for arm in ablation.get("arms") or ():
        seeds = []
        for path in _evaluations(folder, arm):
            answers = _answers(path, truth)
            if answers is not None:
                seeds.append(_audited(*answers, groups, clusters, judged, positive))
        if not seeds:
            continue
        most_seeds = max(most_seeds, len(seeds))
        title = previews.short(str(arm.get("title") or arm.get("name")))
        for c in over_seeds(seeds, judged.get("delta", 0.05), judged.get("alpha", 0.05)):
            key = (previews.short(c.column), previews.short(c.group), c.metric.replace("_", " "), c.n)
            cells.setdefault(key, []).append(TrainedCell(title, Interval(c.value, c.low, c.high), c.outcome))
    return tuple(TrainedRow(*key, tuple(told), most_seeds) for key, told in list(cells.items())[:MOST_LINES])


def _evaluations(folder: Path, arm: Mapping[str, Any]) -> list[Path]:
    """The evaluations of an arm's own seeds in this ablation; what an earlier one left beside them is not of it."""
    found = sorted((folder / "train" / str(arm.get("name"))).glob("*/eval.parquet"))
    if "runs" not in arm:
        return found
    done = {str(run.get("seed")) for run in arm["runs"] if run.get("status") == "done" and not run.get("same_as")}
    return [path for path in found if path.parent.name in done]


def _answers(path: Path, truth: Any) -> tuple[Any, Any, Any] | None:
    """Labels, predictions and rows of one evaluation; None where there is nothing to judge, or no telling what is right."""
    table = pq.read_table(path, columns=["row", "prediction", "score"])
    if not table.num_rows or table["prediction"].null_count == table.num_rows:
        return None
    # Rows beyond the data are the same rows in another dress: scrubbed, say.
    table = table.filter(pc.less(table["row"], len(truth)))
    rows = table["row"].to_numpy()
    given, predicted = truth[rows], np.asarray(table["prediction"].to_pylist(), dtype=object)
    if ((given == predicted) != (table["score"].to_numpy() == 1)).any():
        return None  # names were masked apart
    return given, predicted, rows


def over_seeds(seeds: Sequence[Sequence[Comparison]], delta: float, alpha: float) -> list[Comparison]:
    """One comparison for each group and metric, of the mean over seeds, with its outcome.

    A comparison that some seed could not make stays open: its first unjudged version stands.
    """
    by_key: dict[tuple[str, str, str], list[Comparison]] = {}
    for one in seeds:
        for c in one:
            by_key.setdefault((c.column, c.group, c.metric), []).append(c)
    return decide([_joined(found) for found in by_key.values()], delta, alpha)


def _joined(found: Sequence[Comparison]) -> Comparison:
    """The mean over seeds; the p-value is not corrected yet."""
    values = [c.value for c in found if c.value is not None and c.low is not None and c.high is not None]
    if len(values) < len(found):
        return next(c for c in found if c.value is None or c.low is None or c.high is None)
    mean, m = math.fsum(values) / len(values), len(values)
    # How far each seed's interval reaches to either side: the rows' part.
    below = math.fsum((c.value or 0.0) - (c.low or 0.0) for c in found) / m
    above = math.fsum((c.high or 0.0) - (c.value or 0.0) for c in found) / m
    seeds = 0.0
    if m > 1:
        from scipy.stats import t

        spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (m - 1))
        seeds = float(t.ppf(0.975, m - 1)) * spread / math.sqrt(m)
    low, high = mean - math.hypot(below, seeds), mean + math.hypot(above, seeds)
    error = math.hypot(max((c.error or 0.0 for c in found), default=0.0), seeds / Z)
    p = None if all(c.p is None for c in found) else normal_p(mean, error)
    return replace(found[0], value=mean, low=low, high=high, error=error, p=p, rows_needed=None)


def _audited(
    given: Any, predicted: Any, rows: Any, groups: Mapping[str, Any], clusters: Any, judged: Mapping[str, Any],
    positive: str | None,
) -> list[Comparison]:  # fmt: skip
    at = pa.array(rows)
    audit = audit_groups(
        given.tolist(), predicted.tolist(), {name: values.take(at) for name, values in groups.items()},
        positive=positive if positive in {*given.tolist(), *predicted.tolist()} else None, intersections=1,
        clusters=None if clusters is None else np.asarray(clusters)[rows], n_boot=DRAWS, **judged,
    )  # fmt: skip
    return [c for c in audit.comparisons if c.metric in METRICS]
