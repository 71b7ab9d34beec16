"""Trained models by group: the evaluation of every arm, judged as the fairness stage judges predictions.

Read from `train/<arm>/<seed>/eval.parquet` of the first seed (its predictions are rows of the evaluation; other seeds are
the same rows again, and would pass for more of them, so intervals hold the rows' variation and not the seeds'). Only
classification: for other tasks there is no label to be right or wrong about. Cost: one audit an arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.fairness import audit_groups
from audit.report.interval import Interval
from audit.report.model_fairness import TrainedCell, TrainedRow
from audit.report.safe import Previews
from curate.dataset import Dataset
from curate.privacy.preview import shown_names

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
    cells: dict[tuple[str, str, str, int], list[TrainedCell]] = {}
    for arm in ablation.get("arms") or ():
        found = sorted((folder / "train" / str(arm.get("name"))).glob("*/eval.parquet"))
        table = pq.read_table(found[0], columns=["row", "prediction", "score"]) if found else None
        if table is None or not table.num_rows or table["prediction"].null_count == table.num_rows:
            continue
        # Rows beyond the data are the same rows in another dress: scrubbed, say.
        table = table.filter(pc.less(table["row"], dataset.n_rows))
        rows = table["row"].to_numpy()
        given, predicted = truth[rows], np.asarray(table["prediction"].to_pylist(), dtype=object)
        if ((given == predicted) != (table["score"].to_numpy() == 1)).any():
            continue  # names were masked apart: what is right cannot be told from here
        title = previews.short(str(arm.get("title") or arm.get("name")))
        for c in _audited(given, predicted, groups, rows, clusters, settings, positive):
            if c.metric in METRICS and " & " not in c.column:
                key = (previews.short(c.column), previews.short(c.group), c.metric.replace("_", " "), c.n)
                cells.setdefault(key, []).append(TrainedCell(title, Interval(c.value, c.low, c.high), c.outcome))
    return tuple(TrainedRow(*key, tuple(told)) for key, told in list(cells.items())[:MOST_LINES])


def _audited(
    given: Any, predicted: Any, groups: Mapping[str, Any], rows: Any, clusters: Any, settings: Mapping[str, Any],
    positive: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    judged = {key: settings[key] for key in ("min_group_size", "delta", "alpha") if key in settings}
    at = pa.array(rows)
    audit = audit_groups(
        given.tolist(), predicted.tolist(), {name: values.take(at) for name, values in groups.items()},
        positive=positive if positive in {*given.tolist(), *predicted.tolist()} else None,
        clusters=None if clusters is None else np.asarray(clusters)[rows], n_boot=DRAWS, **judged,
    )  # fmt: skip
    return audit.comparisons
