"""What a model scores, row by row: the numbers that the paired statistics stand on.

| task | score of a row | weight | metric (weighted mean) |
|---|---|---|---|
| classification | 1 if the canonical prediction is the canonical truth, else 0 | 1 | accuracy, higher is better |
| extraction | F1 of its spans, exact in place and label; 1 where none is or is found | 1 | row_span_f1, higher is better |
| sft, chat, text | nats per supervised token | supervised tokens | nats per token, lower is better |
| pairs that the objective ranks | 1 if the chosen one is first, ½ for ties, else 0 | 1 | above_rejected, higher is better |

Canonical names merge spellings of one label: the probabilities of all spellings are added before the best class is
taken, so data with inconsistent spellings is not punished for them. `eval.parquet` keeps row, score, weight, nll,
prediction and, where the task has them, confidence, brier, text_bytes, spans_*, above_rejected, margin. In files, labels
and groups with personal data stand under masked names. Nothing here imports torch. Cost: linear in rows; the intervals'
draws are most of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.dataset.atomic import atomic_write
from train.examples import CLASSIFICATION, EXTRACTION, Examples
from train.files import SCHEMA_VERSION
from train.metrics import Resampling, calibration, class_metrics, confusions

OPTIONAL = (
    *("confidence", "brier", "text_bytes", "spans_right", "spans_found", "spans_gold"), *("above_rejected", "margin"),
)  # fmt: skip
ROW_SPAN_F1, ABOVE_REJECTED = "row_span_f1", "above_rejected"
HIGHER_IS_BETTER = {"accuracy": True, ROW_SPAN_F1: True, ABOVE_REJECTED: True, "nats_per_token": False}
RANKS_PAIRS = ("dpo", "ranking")
"""Objectives that put the chosen answer of a pair above the rejected one, and may make both less likely on the way."""


def metric_name(task: str) -> str:
    """The primary metric of a training task."""
    return {CLASSIFICATION: "accuracy", EXTRACTION: ROW_SPAN_F1}.get(task, "nats_per_token")


def metric_of(rows: Examples, objective: str) -> str:
    """The primary metric of models that were trained by an objective, on rows to be scored.

    What ranks pairs is judged by how it ranks them: the nats of chosen answers may rise or fall with that or against it.
    """
    return ABOVE_REJECTED if objective in RANKS_PAIRS and any(rows.rejected) else metric_name(rows.task)


@dataclass(frozen=True)
class ItemScores:
    """One model's scores on the evaluation rows, in the evaluation's order."""

    rows: np.ndarray
    """int64[n]: row numbers."""
    score: np.ndarray
    """float64[n]: see the module's table."""
    weight: np.ndarray
    """float64[n]: what the row counts for in the metric."""
    nll: np.ndarray
    """float64[n]: negative log likelihood of the truth in nats (a whole answer's for generation); inf if impossible."""
    prediction: tuple[str | None, ...]
    """The canonical class predicted; None for generation. In `eval.parquet`, and so after a resume, masked as above."""
    confidence: np.ndarray | None = None
    """float64[n]: probability of the predicted class; None for generation."""
    brier: np.ndarray | None = None
    """float64[n]: squared error of the class probabilities, summed over the classes; None for generation."""
    text_bytes: np.ndarray | None = None
    """float64[n]: UTF-8 bytes of the supervised text; None for classification and extraction."""
    spans_right: np.ndarray | None = None
    """float64[n]: spans found that are gold ones; None but for extraction, like the two that follow."""
    spans_found: np.ndarray | None = None
    spans_gold: np.ndarray | None = None
    above_rejected: np.ndarray | None = None
    """float64[n]: 1 where the chosen answer is ranked above the rejected, 0 where below, ½ where they tie; NaN where the
    row has no pair that can be encoded. None for rows without pairs."""
    margin: np.ndarray | None = None
    """float64[n]: by how much it is, in what the objective ranks by; NaN as above."""

    def by(self, metric: str) -> ItemScores:
        """The same as the items of a metric: of pairs, where those are asked for; as they are otherwise."""
        if metric != ABOVE_REJECTED or self.above_rejected is None:
            return self
        paired = np.flatnonzero(~np.isnan(self.above_rejected))
        more = {name: values[paired] for name in OPTIONAL if (values := getattr(self, name)) is not None}
        said = tuple(self.prediction[i] for i in paired.tolist())
        score, weight = self.above_rejected[paired], np.ones(len(paired))
        return ItemScores(self.rows[paired], score, weight, self.nll[paired], said, **more)

    def mean(self) -> float:
        """The metric: the weighted mean of the scores."""
        return float(np.average(self.score, weights=self.weight))

    def write(self, path: Path, shown: Mapping[str, str] | None = None) -> None:
        """Save as parquet in one step; `shown` (see `shown_classes`) names the predicted classes."""
        shown = _shown_names(self.prediction) if shown is None else shown
        more = {name: getattr(self, name) for name in OPTIONAL if getattr(self, name) is not None}
        table = pa.table(
            {
                "row": pa.array(self.rows, pa.int64()),
                "score": pa.array(self.score, pa.float64()),
                "weight": pa.array(self.weight, pa.float64()),
                "nll": pa.array(self.nll, pa.float64()),
                "prediction": pa.array([None if p is None else shown[p] for p in self.prediction], pa.string()),
                **{name: pa.array(values, pa.float64()) for name, values in more.items()},
            }
        ).replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)})
        with atomic_write(path) as handle:
            pq.write_table(table, handle)


def read_scores(path: Path) -> ItemScores:
    """The scores that `ItemScores.write` saved."""
    table = pq.read_table(path)
    numbers = {name: table[name].to_numpy() for name in ("row", "score", "weight", "nll")}
    prediction = tuple(table["prediction"].to_pylist())
    more = {name: table[name].to_numpy() for name in OPTIONAL if name in table.column_names}
    return ItemScores(numbers["row"], numbers["score"], numbers["weight"], numbers["nll"], prediction, **more)


def score_classes(
    log_probabilities: np.ndarray, labels: Sequence[str], evaluation: Examples, canonical: Mapping[str, str]
) -> ItemScores:
    """Item scores from class log probabilities, float[n, len(labels)]."""
    names = sorted({canonical.get(label, label) for label in labels})
    column = {name: i for i, name in enumerate(names)}
    merged = np.zeros((len(log_probabilities), len(names)))
    probabilities = np.exp(log_probabilities.astype(np.float64))
    for i, label in enumerate(labels):
        merged[:, column[canonical.get(label, label)]] += probabilities[:, i]
    best = merged.argmax(axis=1)
    truth = [canonical.get(label, label) for label in evaluation.labels]
    chance = np.array([merged[i, column[name]] if name in column else 0.0 for i, name in enumerate(truth)])
    prediction = tuple(names[i] for i in best)
    right = np.array([p == t for p, t in zip(prediction, truth, strict=True)], dtype=np.float64)
    with np.errstate(divide="ignore"):
        nll = -np.log(chance)
    # The truth of a label that the model does not know has no column: its whole probability mass is error.
    brier = (merged**2).sum(axis=1) - 2 * chance + 1.0
    return ItemScores(evaluation.ids, right, np.ones(len(right)), nll, prediction, merged.max(axis=1), brier)


def shown_classes(
    labels: Sequence[str] | None, evaluation: Examples | None, canonical: Mapping[str, str] | None
) -> dict[str, str]:
    """How each class of a run, as given and canonical, is named in files; runs of one ablation agree on it."""
    names = {*(labels or ()), *(evaluation.labels if evaluation is not None else ())}
    return _shown_names({*names, *((canonical or {}).get(name, name) for name in names)})


def _shown_names(values: Iterable[str | None]) -> dict[str, str]:
    from curate.privacy.preview import shown_names  # the scanner is not for those who only read scores

    return shown_names(set(values) - {None})


def summarise(
    scores: ItemScores, evaluation: Examples, canonical: Mapping[str, str], shown: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The metrics of one model as JSON: the primary one, the usual companions, and each by group.

    Classes are named as `shown` says (default: as `shown_classes` names those that occur).
    """
    metric = metric_name(evaluation.task)
    summary: dict[str, Any] = {metric: scores.mean(), "rows": len(scores.rows)}
    if evaluation.task == CLASSIFICATION:
        truth = [canonical.get(label, label) for label in evaluation.labels]
        classes = per_class(truth, scores.prediction)
        finite = np.isfinite(scores.nll)
        summary["macro_f1"] = float(np.mean([c["f1"] for c in classes.values()]))
        summary["loss"] = float(scores.nll[finite].mean()) if finite.any() else None
        summary["rows_with_unknown_label"] = int((~finite).sum())
        shown = _shown_names(classes) if shown is None else shown
        summary["per_class"] = {shown[name]: measured for name, measured in classes.items()}
        draws = Resampling(len(truth), evaluation.clusters)
        summary |= class_metrics(truth, scores.prediction, draws)
        if finite.all():
            summary["intervals"]["loss"] = draws.of_mean(scores.nll)
        summary["confusions"] = confusions(truth, scores.prediction, shown)
        if scores.confidence is not None:
            summary["calibration"] = calibration(scores.confidence, scores.score, scores.brier, draws)
    elif evaluation.task == EXTRACTION:
        summary |= _span_summary(scores, Resampling(len(scores.rows), evaluation.clusters))
    else:
        draws = Resampling(len(scores.rows), evaluation.clusters)
        summary["perplexity"] = float(np.exp(min(scores.mean(), 700.0)))
        summary["supervised_tokens"] = int(scores.weight.sum())
        summary["intervals"] = {metric: draws.of_mean(scores.score, scores.weight)}
        if scores.text_bytes is not None and scores.text_bytes.sum() > 0:
            nats, total = scores.score * scores.weight, scores.text_bytes
            bits = nats.sum() / math.log(2) / total.sum()
            summary["bits_per_byte"] = float(bits)
            summary["intervals"]["bits_per_byte"] = draws.of(lambda w: (w @ nats) / math.log(2) / (w @ total))
        if scores.above_rejected is not None and not np.isnan(scores.above_rejected).all():
            _add_pairs(summary, scores, evaluation.clusters)
    columns = _shown_names(evaluation.groups)
    summary["by_group"] = {
        columns[name]: {
            as_shown: {metric: _mean_of(scores, values, value), "rows": values.count(value)}
            for value, as_shown in _shown_names(values).items()
        }
        for name, values in evaluation.groups.items()
    }
    return summary


def _add_pairs(summary: dict[str, Any], scores: ItemScores, clusters: np.ndarray | None) -> None:
    """How chosen and rejected answers are ranked, over the rows that have both."""
    assert scores.above_rejected is not None
    assert scores.margin is not None
    paired = ~np.isnan(scores.above_rejected)
    draws = Resampling(int(paired.sum()), None if clusters is None else clusters[paired])
    for name, values in ((ABOVE_REJECTED, scores.above_rejected), ("margin", scores.margin)):
        summary[name] = float(values[paired].mean())
        summary["intervals"][name] = draws.of_mean(values[paired])
    summary["pairs"] = int(paired.sum())


def _span_summary(scores: ItemScores, draws: Resampling) -> dict[str, Any]:
    """Span measures over all rows (micro) with intervals, and the loss in nats a row."""
    assert scores.spans_right is not None
    assert scores.spans_found is not None
    assert scores.spans_gold is not None
    right, found, gold = scores.spans_right, scores.spans_found, scores.spans_gold

    def share(of: np.ndarray) -> float:
        return float(right.sum() / of.sum()) if of.sum() else 0.0

    told: dict[str, Any] = {"loss": float(scores.nll.mean())}
    told["span_precision"], told["span_recall"] = share(found), share(gold)
    told["span_f1"] = share((found + gold) / 2)
    told["intervals"] = {ROW_SPAN_F1: draws.of_mean(scores.score, scores.weight)}
    if (found + gold).sum():
        told["intervals"]["span_f1"] = draws.of(lambda w: 2 * (w @ right) / np.maximum(w @ (found + gold), 1e-12))
    return told


def per_class(truth: Sequence[str], prediction: Sequence[str | None]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and rows of each class that occurs in the truth or the predictions; 0 where undefined."""
    names = sorted({*truth, *(p for p in prediction if p is not None)})
    column = {name: i for i, name in enumerate(names)}
    t = np.array([column[name] for name in truth])
    p = np.array([-1 if name is None else column[name] for name in prediction])
    measured = {}
    for i, name in enumerate(names):
        hit, said, there = int(((t == i) & (p == i)).sum()), int((p == i).sum()), int((t == i).sum())
        measured[name] = {
            "precision": hit / said if said else 0.0,
            "recall": hit / there if there else 0.0,
            "f1": 2 * hit / (said + there) if hit else 0.0,
            "rows": there,
        }
    return measured


def _mean_of(scores: ItemScores, values: Sequence[str | None], value: str) -> float:
    chosen = np.array([v == value for v in values])
    return float(np.average(scores.score[chosen], weights=scores.weight[chosen]))
