"""Counterfactual swaps as a stage: does a model of this data answer to who is spoken of?

The texts of labelled rows are swapped axis by axis (`audit.fairness.swaps`) and both versions go to models that saw neither
the row nor its near-duplicates. One flag about the data set for each axis whose answers change by more than `delta` (after
correction over the axes), and for each that cannot be told; the summary holds flip rates and score shifts with intervals.
The scores table has a row for each pair; `pairs_of` writes the pairs out for reading, and a run keeps them in `swaps.jsonl`
(the raw texts: it stays in the run directory). Nothing is changed. The favourable class is chosen as in the fairness audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.unlabelled import why_no_label
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.together import rows_together

if TYPE_CHECKING:
    from audit.fairness.swaps.engine import Swapped

NAME = "counterfactual_swaps"
REASONS = {
    "answers_change": "a model of this data answers otherwise when the text speaks of another person",
    "insufficient_evidence": "the rows that speak of people in this way cannot tell whether a model answers to it",
}
AXES = (
    "gender", "name_origin", "religion", "ethnicity", "nationality", "orientation", "gender_identity", "age", "disability",
)  # fmt: skip
"""Those of `audit.fairness.swaps`, said again so that reading a recipe loads no engine (a test holds them equal)."""
MOST_PAIRS_WRITTEN = 500


@dataclass(frozen=True)
class CounterfactualSwapsConfig:
    """What is swapped, and when a change counts."""

    axes: tuple[str, ...] = ()
    """Axes to swap: gender, name_origin, religion, ethnicity, nationality, orientation, gender_identity, age, disability.
    Empty means all."""
    positive: str = ""
    """Label whose probability is followed; empty means the later one of two labels, or the one that a text got."""
    every_counterpart: bool = False
    """Whether a text that names one identity is swapped to every other one of the axis, not to one drawn by hash."""
    delta: float = 0.05
    """Largest flip rate, and largest mean shift of a probability, that counts as none."""
    alpha: float = 0.05
    """Chance of one false alarm or more over all axes together (Holm's correction)."""
    max_rows: int = 20000
    """Of more labelled rows, so many drawn by seed are judged."""

    def __post_init__(self) -> None:
        unknown = [axis for axis in self.axes if axis not in AXES]
        if unknown:
            raise ConfigError(f"[stages.{NAME}]: there is no axis {unknown[0]!r}; axes are {', '.join(AXES)}")
        if not 0 < self.delta < 1 or not 0 < self.alpha < 1 or self.max_rows < 1:
            raise ConfigError(f"[stages.{NAME}]: delta and alpha must lie between 0 and 1, and max_rows be at least 1")


def detect(dataset: Dataset, config: CounterfactualSwapsConfig, context: Context) -> Detection:
    """Swap, judge, compare."""
    from audit.fairness.swaps.engine import apply_spans, english_rows, swaps
    from audit.fairness.swaps.measure import swap_effects
    from audit.fairness.swaps.predict import out_of_fold_answers
    from curate.labels.judged import judged_rows

    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    if labels is None:
        raise StageSkipped(why_no_label(dataset))
    copies = context.hints.get("near_duplicates.cluster")
    judged = judged_rows(labels, dataset.content(), rows_together(dataset, copies)[0], 5)
    if config.positive and config.positive not in judged.names:
        raise StageSkipped("the positive label named in the recipe does not occur often enough in the data")
    positive = judged.names.index(config.positive) if config.positive else 1 if len(judged.names) == 2 else None
    at = np.arange(len(judged.rows))
    if len(at) > config.max_rows:
        at = np.sort(np.random.default_rng(context.seed).permutation(len(at))[: config.max_rows])
    rows = judged.rows[at]
    texts = dataset.content().take(pa.array(rows)).to_pylist()
    english = english_rows(texts)
    context.check_cancelled()
    axes = config.axes or AXES
    shown = [text if yes else "" for text, yes in zip(texts, english)]
    keys = row_keys(dataset, rows)
    pairs = swaps(shown, [a for a in axes if a != "name_origin"], keys, every=config.every_counterpart)
    if "name_origin" in axes:
        pairs += swaps(texts, ["name_origin"], keys)
    summary: dict[str, Any] = {
        "rows": len(rows), "rows_not_judged": judged.left_out, "rows_not_english": int((~english).sum()),
        "pairs": len(pairs), "delta": config.delta, "axes": list(axes), "effects": [],
    }  # fmt: skip
    if not pairs:
        raise StageSkipped("no text names anything that can be swapped")
    context.progress(1, 3)
    given, swapped = out_of_fold_answers(
        texts, judged.codes[at], judged.groups[at], len(judged.names), [apply_spans(texts[p.row], p.spans) for p in pairs],
        np.array([p.row for p in pairs], np.int64), seed=context.seed, threads=context.threads,
    )  # fmt: skip
    context.progress(2, 3)
    copies = np.arange(dataset.n_rows) if copies is None else np.asarray(copies, np.int64)
    clusters = np.where(copies < 0, dataset.n_rows + np.arange(dataset.n_rows), copies)[rows]
    effects = swap_effects(
        pairs, given, swapped, positive=positive, clusters=clusters, delta=config.delta, alpha=config.alpha
    )
    summary["effects"] = [_rounded(effect.to_json()) for effect in effects]
    whole = [e for e in summary["effects"] if e["before"] == "(all)"]
    rules = {"shown": "answers_change", "insufficient evidence": "insufficient_evidence"}
    flags = [
        make_findings(
            NAME, dataset.row_ids, row=None, rule=rules[effect["outcome"]], action="flag",
            score=float(effect["outcome"] == "shown"), reason=REASONS[rules[effect["outcome"]]], field=effect["axis"],
            evidence=[orjson.dumps(effect).decode()],
        )
        for effect in whole if effect["outcome"] in rules
    ]  # fmt: skip
    context.progress(3, 3)
    return Detection(concat_findings(flags), scores=_table(pairs, rows, given, swapped, positive), summary=summary)


def row_keys(dataset: Dataset, rows: Any) -> list[int]:
    """A number for each row that depends on its id alone: what its swaps are drawn by."""
    ids = dataset.row_ids
    return [int.from_bytes(ids[int(row)].as_py()[:8], "little") for row in rows]


def pairs_of(dataset: Dataset, scores: pa.Table, kept: Any) -> Iterator[dict[str, Any]]:
    """Pairs for reading, those that change most first, of rows that stay; raw text, to be kept where the data is."""
    from audit.fairness.swaps.engine import apply_spans

    stays = np.zeros(dataset.n_rows, bool)
    stays[kept] = True
    flipped, shift = scores["flipped"].to_numpy(), np.abs(scores["shift"].to_numpy())
    order = np.lexsort((np.arange(len(shift)), -shift, ~flipped))
    order = order[stays[scores["row"].to_numpy()[order]]][:MOST_PAIRS_WRITTEN]
    for pair in scores.take(pa.array(order)).to_pylist():
        text = dataset.content()[pair["row"]].as_py()
        spans = [(int(a), int(b), str(new)) for a, b, new in orjson.loads(pair.pop("spans"))]
        yield {**pair, "given": text, "swapped": apply_spans(text, spans)}


def _table(pairs: Sequence[Swapped], rows: Any, given: Any, swapped: Any, positive: int | None) -> pa.Table:
    place = np.array([p.row for p in pairs], np.int64)
    answer = given[place].argmax(axis=1)
    column = answer if positive is None else np.full(len(place), positive)
    at = np.arange(len(place))
    before, after = given[place, column], swapped[at, column]
    return pa.table(
        {
            "row": pa.array(rows[place], pa.int64()),
            "axis": pa.array([p.axis for p in pairs]),
            "before": pa.array([p.before for p in pairs]),
            "after": pa.array([p.after for p in pairs]),
            "score_given": np.round(before, 4),
            "score_swapped": np.round(after, 4),
            "shift": np.round(after - before, 4),
            "flipped": swapped.argmax(axis=1) != answer,
            "spans": pa.array([orjson.dumps(p.spans).decode() for p in pairs]),
        }
    )


def _rounded(effect: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) and np.isfinite(v) else None if isinstance(v, float) else v
            for k, v in effect.items()}  # fmt: skip


STAGE = Stage(
    name=NAME,
    title="Counterfactual swaps",
    version=3,
    config=CounterfactualSwapsConfig,
    detect=detect,
    on_finding="flag",
    uses=("near_duplicates", "label_names"),
    optional=True,
    concern="people",
)
