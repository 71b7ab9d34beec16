"""Fairness audit as a stage: what a model of this data would do to each sensitive group.

Out-of-fold predictions (`curate.labels.probabilities`, near-duplicates kept together) and the given labels go to
`audit.fairness.audit_groups`. One flag about the data set for each disparity shown and each group that cannot be judged;
the summary is the whole result. Rules: `disparity`, `insufficient_evidence`. Where no text can be learned
from, only the labels are audited and a note says so. Nothing is ever changed by this stage. Names of columns, groups and
labels in which the privacy scanner finds something are masked before the audit, so no finding holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage

NAME = "fairness"
REASONS = {
    "disparity": "a model of this data treats the group differently from the others, beyond chance",
    "disparity_in_labels": "the labels of the group differ from those of the others, beyond chance",
    "insufficient_evidence": "there are too few rows to tell whether the group is treated like the others",
}
_MOST_FLAGS = 200
_ROUNDING = 1e-9


@dataclass(frozen=True)
class FairnessConfig:
    """How the audit is judged."""

    positive: str = ""
    """Label that counts as the favourable outcome; empty means the later one of two labels, or every label in turn."""
    min_group_size: int = 30
    """Groups with fewer rows are reported as insufficient evidence, never as equal."""
    delta: float = 0.05
    """Largest difference that counts as no difference, as a share (0.05 is five percentage points)."""
    alpha: float = 0.05
    """Chance of one false alarm or more over all comparisons together."""
    bootstrap_draws: int = 1000
    """Draws behind each interval."""


def detect(dataset: Dataset, config: FairnessConfig, context: Context) -> Detection:
    """Audit every column with the group role."""
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    groups = dataset.groups()
    if not groups:
        raise StageSkipped("no column has the group role")
    if labels is None:
        raise StageSkipped("no column has the label role")
    from audit.fairness import audit_groups
    from audit.fairness.reference import largest_difference

    clusters = context.hints.get("near_duplicates.cluster")
    predictions, note = _predictions(dataset, labels, clusters, context)
    context.check_cancelled()
    given = pa.array(labels.to_pylist(), pa.large_string()) if isinstance(labels, pa.ChunkedArray) else labels
    if config.positive and config.positive not in set(given.to_pylist()) - {None}:
        raise StageSkipped("the positive label named in the recipe does not occur in the data")
    positive = config.positive or _later_of_two(given)
    given, predictions, groups, positive = _shown(given, predictions, groups, positive)
    audit = audit_groups(
        given,
        predictions,
        groups,
        positive=positive,
        clusters=clusters,
        n_boot=config.bootstrap_draws,
        seed=context.seed,
        min_group_size=config.min_group_size,
        delta=config.delta,
        alpha=config.alpha,
    )
    result = audit.to_json()
    if predictions is not None:
        lists = {name: values.to_pylist() for name, values in groups.items()}
        apart = largest_difference(audit, given.to_pylist(), predictions.to_pylist(), lists)
        if apart > _ROUNDING:
            raise ArithmeticError(f"group metrics differ from fairlearn's by {apart:.3g}")
        result["reference"] = {"library": "fairlearn MetricFrame", "largest_difference": apart}
    result["notes"] = [note, *result["notes"]]
    flags = [_flag(check, dataset) for check in _flagged(result["checks"])]
    if len(flags) > _MOST_FLAGS:
        result["notes"].append(f"{len(flags) - _MOST_FLAGS} more flags are in the summary only")
    context.progress(1, 1)
    return Detection(findings=concat_findings(flags[:_MOST_FLAGS]), summary=result)


def _later_of_two(labels: pa.LargeStringArray) -> str | None:
    """The favourable one of two labels, chosen by the labels as they are, before any is masked."""
    classes = sorted(set(labels.to_pylist()) - {None})
    return classes[1] if len(classes) == 2 else None


def _shown(
    labels: pa.LargeStringArray,
    predictions: pa.LargeStringArray | None,
    groups: dict[str, Any],
    positive: str | None,
) -> tuple[pa.LargeStringArray, pa.LargeStringArray | None, dict[str, Any], str | None]:
    """All of it under names that may be written down; distinct names stay distinct, so no number changes."""
    from curate.privacy.preview import shown_names

    def renamed(values: Any, shown: dict[str, str]) -> pa.LargeStringArray:
        return pa.array([None if v is None else shown[v] for v in values.to_pylist()], pa.large_string())

    classes = shown_names(labels.unique().to_pylist())
    columns = shown_names(groups)
    return (
        renamed(labels, classes),
        None if predictions is None else renamed(predictions, classes),
        {columns[name]: renamed(v, shown_names(v.unique().to_pylist())) for name, v in groups.items()},
        None if positive is None else classes[positive],
    )


def _predictions(
    dataset: Dataset, labels: Any, clusters: Any, context: Context
) -> tuple[pa.LargeStringArray | None, str]:
    """Out-of-fold predicted labels, null where a row cannot be predicted, or None with the reason why not."""
    from curate.labels.judged import judged_rows

    try:
        judged = judged_rows(labels, dataset.content(), clusters, 5)
    except StageSkipped as skipped:
        return None, f"only the labels are audited, not a model: {skipped}"
    from curate.labels.probabilities import out_of_sample_probabilities

    texts = dataset.content().take(pa.array(judged.rows))
    p = out_of_sample_probabilities(
        texts, judged.codes, judged.groups, len(judged.names), context.seed, context.threads
    )
    at = np.full(dataset.n_rows, -1, np.int64)
    at[judged.rows] = p.argmax(axis=1)
    names = pa.array(judged.names, pa.large_string())
    predicted = names.take(pa.array(at, mask=at < 0))
    return predicted, "predictions are out of fold, by a text model of the given labels"


def _flagged(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every disparity, and one check for each group and column that could not be judged in anything."""
    out = [c for c in checks if c["outcome"] == "disparity"]
    unclear: dict[tuple[str, str], dict[str, Any]] = {}
    for check in checks:
        if check["outcome"] == "insufficient evidence":
            key = (check["column"], check["group"])
            known = unclear.get(key)
            if known is None:
                unclear[key] = {**check, "metrics": [check["metric"]]}
            else:
                known["metrics"].append(check["metric"])
                needed = [n for n in (known["rows_needed"], check["rows_needed"]) if n is not None]
                known["rows_needed"] = max(needed) if needed else None
    return out + [{**c, "metric": "all", "value": None, "low": None, "high": None, "p": None} for c in unclear.values()]


def _flag(check: dict[str, Any], dataset: Dataset) -> pa.Table:
    disparity = check["outcome"] == "disparity"
    rule = "disparity" if disparity else "insufficient_evidence"
    in_labels = disparity and check["metric"].startswith("base_rate")
    return make_findings(
        NAME,
        dataset.row_ids,
        row=None,
        rule=rule,
        action="flag",
        score=1.0 - check["p"] if disparity else 0.0,
        reason=REASONS["disparity_in_labels" if in_labels else rule],
        # A finding's id hashes rule and field: they must tell one group and metric from another.
        field=_pointer(check["column"], check["group"], check["metric"]),
        evidence=[orjson.dumps(check).decode()],
    )


def _pointer(*parts: str) -> str:
    """The parts joined as RFC 6901 joins them."""
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


STAGE = Stage(
    name=NAME,
    title="Fairness",
    version=3,
    config=FairnessConfig,
    detect=detect,
    on_finding="flag",
    uses=("near_duplicates", "label_names"),
)
