"""What the fairness stage looks at: labels, predictions, groups, measures, under names that may be written down.

Personal data in a label or a group is masked here, before any number is computed; distinct names stay distinct, so no
number changes. Every reason why something is not audited becomes a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.errors import StageSkipped
from curate.stages.base import Context
from curate.stages.together import rows_together

if TYPE_CHECKING:
    from audit.stages.fairness import FairnessConfig

_NAMED, _NOT = "named", "not named"
_TEXTS_NAME = "text names "


@dataclass(frozen=True)
class Inputs:
    """Row-aligned columns."""

    audited: str
    """`model`, `labels` or `data`: how far the audit goes."""
    groups: Mapping[str, Any]
    intersections: int
    labels: Any = None
    predictions: Any = None
    scores: Any = None
    weights: Any = None
    positive: str | None = None
    clusters: Any = None
    lengths: Any = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    rates: Mapping[str, Any] = field(default_factory=dict)
    """Masks of rows, by what is the matter with them."""
    reference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    source: str = ""
    """Whose predictions: `given`, `out of fold`, or none."""
    named: Mapping[str, Any] = field(default_factory=dict)
    """Masks of the texts that name a group of people, where there are no group columns."""
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> dict[str, Any]:
        """Those of `named` that enough texts name to be compared."""
        return {name: mask for name, mask in self.named.items() if f"{_TEXTS_NAME}{name}" in self.groups}


def inputs_of(dataset: Dataset, config: FairnessConfig, context: Context) -> Inputs:
    """Gather them; StageSkipped with the reason where there is nothing to audit."""
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    clusters = context.hints.get("near_duplicates.cluster")
    content = None if dataset.is_table else dataset.content()
    groups: dict[str, Any] = dict(dataset.groups())
    named: dict[str, Any] = {}
    notes: list[str] = []
    if not groups:
        named, groups, told = _named_groups(content, config)
        notes += told
    if labels is not None and config.positive and config.positive not in labels.unique().to_pylist():
        raise StageSkipped("the positive label named in the recipe does not occur in the data")
    predictions, scores, source, note = _predictions(dataset, labels, clusters, config, context)
    notes.append(note)
    positive = None
    if labels is not None:
        positive = config.positive or _later_of_two(labels)
    if predictions is None and labels is None:
        audited = "data"
    else:
        audited = "labels" if predictions is None else "model"
    if labels is not None and scores is not None and isinstance(scores, _Probabilities):
        scores = scores.of(positive)
    shown = _shown(labels, predictions, groups, config.reference)
    weights, weight_note = _weights(dataset)
    return Inputs(
        audited, shown.groups, 1 if named else config.intersections, shown.labels, shown.predictions, scores, weights,
        None if positive is None else shown.classes[positive], clusters, *_measures(content, labels, context),
        shown.reference, source, named, tuple(n for n in (*notes, weight_note) if n),
    )  # fmt: skip


def _named_groups(content: Any, config: FairnessConfig) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Groups of people that texts name, each as a column of its own, for a text may name several."""
    if content is None or not config.identity_terms:
        raise StageSkipped("no column has the group role")
    from audit.fairness.identity import groups_named

    named = groups_named(content)
    if not named:
        raise StageSkipped("no column has the group role, and no text names a group of people that the word list knows")
    enough = {name: mask for name, mask in named.items() if int(mask.sum()) >= config.min_group_size}
    few = {name: int(mask.sum()) for name, mask in named.items() if name not in enough}
    notes = ["no column has the group role; groups are those that texts name, by a word list: naming is not belonging"]
    if few:
        told = ", ".join(f"{name} ({n})" for name, n in few.items())
        notes.append(f"named in fewer than {config.min_group_size} texts, so insufficient evidence: {told}")
    if not enough:
        raise StageSkipped(
            f"no column has the group role, and fewer than {config.min_group_size} texts name any one group of people"
        )
    columns = {
        f"{_TEXTS_NAME}{name}": pa.array(np.where(mask, _NAMED, _NOT), pa.large_string()) for name, mask in enough.items()
    }
    return named, columns, notes


def _later_of_two(labels: Any) -> str | None:
    """The favourable one of two labels, chosen by the labels as they are, before any is masked."""
    classes = sorted(set(labels.unique().to_pylist()) - {None})
    return classes[1] if len(classes) == 2 else None


@dataclass(frozen=True)
class _Shown:
    labels: Any
    predictions: Any
    groups: dict[str, Any]
    classes: dict[str, str]
    reference: dict[str, dict[str, float]]


def _shown(labels: Any, predictions: Any, groups: dict[str, Any], reference: Mapping[str, Mapping[str, float]]) -> _Shown:
    """All of it under names that may be written down."""
    from curate.privacy.preview import shown_names

    told: list[str] = []
    for values in (labels, predictions):
        told += [] if values is None else values.unique().to_pylist()
    classes = shown_names(told)
    columns = shown_names([*groups, *reference])
    out, expected = {}, {}
    for name, values in groups.items():
        named = shown_names([*values.unique().to_pylist(), *reference.get(name, ())])
        out[columns[name]] = _renamed(values, named)
        if name in reference:
            expected[columns[name]] = {named[str(g)]: float(share) for g, share in reference[name].items()}
    expected |= {columns[n]: {str(g): float(s) for g, s in v.items()} for n, v in reference.items() if n not in groups}
    return _Shown(
        None if labels is None else _renamed(labels, classes),
        None if predictions is None else _renamed(predictions, classes),
        out, classes, expected,
    )  # fmt: skip


def _renamed(values: Any, shown: Mapping[str, str]) -> pa.DictionaryArray:
    """The same column with other names; the rows are not touched."""
    encoded = values.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    names = pa.array([shown[v] for v in encoded.dictionary.to_pylist()], pa.large_string())
    return pa.DictionaryArray.from_arrays(encoded.indices, names)


def _weights(dataset: Dataset) -> tuple[Any, str]:
    weights = dataset.weights()
    if weights is None or bool((weights == weights[:1]).all() and weights.any()):
        return None, ""
    return weights, "rates are weighted by the weight column; sizes are effective rows"


def _measures(content: Any, labels: Any, context: Context) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Lengths, other measures, and masks of the rows where something is missing, probably wrong or personal."""
    lengths, measures, rates = None, {}, {}
    if labels is not None:
        rates["no_label"] = pc.is_null(labels).to_numpy(zero_copy_only=False)
    if content is not None:
        lengths = pc.utf8_length(content).to_numpy(zero_copy_only=False).astype(np.float64)
        rates["no_text"] = lengths == 0
    quality = context.hints.get("text_quality.score")
    if quality is not None:
        measures["text_quality"] = np.asarray(quality, np.float64)
    wrong = context.hints.get("label_issues.likely_wrong")
    if wrong is not None:
        rates["likely_wrong"] = np.asarray(wrong) > 0  # NaN, a row that could not be judged, is not a probable error
    personal = context.hints.get("pii.rows")
    if personal is not None:
        rates["personal_data"] = np.asarray(personal, bool)
    return lengths, measures, rates


@dataclass(frozen=True)
class _Probabilities:
    """Out-of-fold class probabilities, of which the audit needs one number a row."""

    rows: Any
    values: Any
    names: list[str]
    n_rows: int

    def of(self, positive: str | None) -> Any:
        """Probability of the positive class, or of the predicted one; NaN where a row was not judged."""
        out = np.full(self.n_rows, np.nan)
        if positive is not None and positive not in self.names:
            return None
        out[self.rows] = self.values.max(axis=1) if positive is None else self.values[:, self.names.index(positive)]
        return out


def _predictions(
    dataset: Dataset, labels: Any, clusters: Any, config: FairnessConfig, context: Context
) -> tuple[Any, Any, str, str]:
    """Predicted labels, scores, whose they are, and a note; nulls where a row has none."""
    if config.predictions:
        if config.predictions in dataset.columns:
            given, scores = dataset.values(config.predictions), None
        else:
            from audit.fairness.predictions import read_predictions

            given, scores = read_predictions(config.predictions, dataset.n_rows)
        if labels is None:
            raise StageSkipped("predictions are given, but no column has the label role to judge them by")
        return _spelled(_as_text(given), dataset.labels(), labels), scores, "given", "predictions are the user's own"
    if labels is None:
        return None, None, "", "no column has the label role: only the data are audited, neither labels nor a model"
    from curate.labels.judged import judged_rows

    try:
        judged = judged_rows(labels, dataset.content(), rows_together(dataset, clusters)[0], 5)
    except StageSkipped as skipped:
        return None, None, "", f"only the labels are audited, not a model: {skipped}"
    from curate.labels.probabilities import out_of_sample_probabilities

    texts = dataset.content().take(pa.array(judged.rows))
    p = out_of_sample_probabilities(
        texts, judged.codes, judged.groups, len(judged.names), context.seed, context.threads
    )
    at = np.full(dataset.n_rows, -1, np.int64)
    at[judged.rows] = p.argmax(axis=1)
    predicted = pa.array(judged.names, pa.large_string()).take(pa.array(at, mask=at < 0))
    what = "of the columns" if dataset.is_table else "of the texts"
    note = f"predictions are out of fold, by a model {what} that learnt the given labels"
    return predicted, _Probabilities(judged.rows, p, judged.names, dataset.n_rows), "out of fold", note


def _as_text(values: Any) -> Any:
    """Labels as the data spell them: whole numbers without a point, true and false in small letters."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_floating(values.type):
        whole = pc.fill_null(pc.equal(values, pc.floor(values)), True)
        if pc.all(whole).as_py():
            return values.cast(pa.int64()).cast(pa.large_string())
    return values.cast(pa.large_string())


def _spelled(predictions: Any, given: Any, canonical: Any) -> Any:
    """Predictions with the spellings that the labels were unified to."""
    if given is None or given is canonical:
        return predictions
    pairs = pa.table({"given": given, "canonical": canonical}).group_by(["given", "canonical"]).aggregate([])
    to = dict(zip(pairs["given"].to_pylist(), pairs["canonical"].to_pylist(), strict=True))
    names = predictions.unique().to_pylist()
    return _renamed(predictions, {name: to.get(name) or name for name in names if name is not None}).cast(pa.large_string())
