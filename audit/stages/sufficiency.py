"""Enough data? as a stage: rows of each class, balance, and a learning curve, see `audit.sufficiency`.

Flags about the dataset, one a rule: `few_rows` (fewer distinct rows than the minimum, in all or in some classes) and
`imbalanced`. The summary holds the numbers; names of classes are shown as previews are. Nothing is ever changed by this
stage. Tasks without classes are counted, not curved: a quick model of prompts says nothing about answers. So are numbers
and columns that read like ids, which are no classes; of sets of labels each label is counted by itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.together import rows_together

NAME = "sufficiency"
REASONS = {
    "few_rows": "there are fewer distinct rows than fine-tuning usually needs",
    "few_rows_in_class": "some classes have fewer distinct rows than fine-tuning usually needs",
    "imbalanced": "the largest class has many times the rows of the smallest",
}
_MOST_CLASSES = 50


@dataclass(frozen=True)
class SufficiencyConfig:
    """What counts as enough."""

    min_rows: int = 500
    """Distinct rows that each class needs, or all rows where there are no classes. 500 is a rule of thumb."""
    max_imbalance: float = 10.0
    """Times that the largest class may outnumber the smallest."""
    learning_curve: bool = True
    """Whether to measure what fewer rows would give and to say what twice as many would bring."""

    def __post_init__(self) -> None:
        if self.min_rows < 1 or self.max_imbalance < 1:
            raise ConfigError(f"[stages.{NAME}]: min_rows and max_imbalance must be at least 1")


def detect(dataset: Dataset, config: SufficiencyConfig, context: Context) -> Detection:
    """Counts, and for classes the learning curve."""
    from audit.sufficiency import Curve
    from curate.labels.judged import is_like_an_id
    from curate.stages.label_kinds import label_sets, target_kind

    clusters = context.hints.get("near_duplicates.cluster")
    group = np.arange(dataset.n_rows) if clusters is None else np.asarray(clusters)
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    summary: dict[str, Any] = {
        "rows": dataset.n_rows,
        "distinct": len(np.unique(group)),
        "min_rows": config.min_rows,
        "copies_known": clusters is not None,
    }
    kind = target_kind(dataset, "auto") if labels is not None else ""
    why = "the labels are numbers, and the curve is one of classes" if kind == "number" else ""
    if kind == "class" and is_like_an_id(labels):
        why = "the label column reads like an id or free text, not a class"
    if labels is None or why:
        if why:
            summary["curve"] = Curve((), None, None, None, why).to_json()
        return Detection(_flags(dataset, summary, config, None), summary=summary)
    sets = label_sets(dataset, context.hints.get("label_names.canonical")) if kind == "set" else None
    return _of_classes(dataset, labels, group, summary, config, context, sets)


def _of_classes(
    dataset: Dataset, labels: Any, group: Any, summary: dict[str, Any], config: SufficiencyConfig, context: Context,
    sets: list[list[str] | None] | None = None,
) -> Detection:
    from audit.sufficiency import MOST_ROWS, Curve, learning_curve, sizes_of
    from curate.labels.judged import judged_rows
    from curate.privacy.preview import shown_names

    if sets is None:
        each: list[str | None] = labels.to_pylist()
    else:  # a row counts once for each label of its set
        group = np.repeat(group, [len(set(found or ())) for found in sets])
        each = [name for found in sets for name in sorted(set(found or ()))]
    encoded = pa.array(each, pa.large_string()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = encoded.dictionary.to_pylist()
    shown = shown_names(names)
    has = codes >= 0
    if not has.any():
        raise StageSkipped("no row has a label")
    sizes = sizes_of(codes[has], [shown[name] for name in names], group[has])
    try:
        if sets is not None:
            raise StageSkipped("rows have sets of labels, and the curve is one of single classes")
        judged = judged_rows(labels, dataset.content(), rows_together(dataset, group)[0], 1)
    except StageSkipped as reason:
        curve = Curve((), None, None, None, str(reason))
    else:
        rows = judged.rows
        keep = np.arange(len(rows))
        if len(rows) > MOST_ROWS:
            keep = np.sort(np.random.default_rng(context.seed).permutation(len(rows))[:MOST_ROWS])
        if config.learning_curve:
            context.check_cancelled()
            curve = learning_curve(
                dataset.content().take(pa.array(rows[keep])), judged.codes[keep], judged.groups[keep],
                len(judged.names), context.seed, context.threads, context.progress,
            )  # fmt: skip
        else:
            curve = Curve((), None, None, None, "the recipe asks for none")
    small = [c for c in sizes.classes if c.distinct < config.min_rows]
    summary |= {
        "classes": len(sizes.classes),
        "classes_below": len(small),
        "smallest": [asdict(c) for c in sizes.classes[:_MOST_CLASSES]],
        "imbalance": sizes.imbalance,
        "max_imbalance": config.max_imbalance,
        "effective_classes": sizes.effective_classes,
        "curve": curve.to_json(),
    }
    return Detection(_flags(dataset, summary, config, len(small)), summary=summary)


def _flags(dataset: Dataset, summary: dict[str, Any], config: SufficiencyConfig, small: int | None) -> pa.Table:
    """One flag about the dataset for each rule that holds."""
    field = dataset.roles.label[0] if dataset.roles.label else ""
    told = []
    if small is None and summary["distinct"] < config.min_rows:
        told.append(("few_rows", {k: summary[k] for k in ("rows", "distinct", "min_rows")}))
    if small:
        told.append(("few_rows_in_class", {k: summary[k] for k in ("classes", "classes_below", "min_rows", "smallest")}))
    if small is not None and summary["imbalance"] > config.max_imbalance:
        told.append(("imbalanced", {k: summary[k] for k in ("imbalance", "max_imbalance", "effective_classes")}))
    return concat_findings([
        make_findings(
            NAME, dataset.row_ids, row=None, rule=rule, action="flag", score=1.0, reason=REASONS[rule], field=field,
            evidence=[orjson.dumps(numbers).decode()],
        )
        for rule, numbers in told
    ])  # fmt: skip


STAGE = Stage(
    name=NAME,
    title="Enough data",
    version=6,
    config=SufficiencyConfig,
    detect=detect,
    on_finding="flag",
    uses=("near_duplicates", "label_names"),
    concern="people",
)
