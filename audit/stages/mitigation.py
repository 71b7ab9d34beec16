"""Mitigation as findings: weights, rows left out or copied, rows with identities swapped, rows to collect.

| method | action | rule | what |
|---|---|---|---|
| `reweighing` | reweight | `reweighing` | Kamiran-Calders weights: group and label independent |
| `equal_groups` | reweight | `equal_groups` | every group weighs the same in all |
| `resampling` | drop, add | `surplus`, `copy` | cells of group and label brought to the size that independence gives |
| `counterfactual` | add | `counterfactual` | a row with its identity swapped, its label kept |

and, whatever the methods, flags about the data set: `collect` (so many more rows of a group and label) and
`collect_group` (the group has too few rows to balance or to judge). Findings wait for review with score 0: which groups
are balanced, and whether they ought to be, is for people to say, so `auto` never applies one. Training rows only.

Numbers are worked out again for each plan from the rows that stay and the labels they have (`curate.ledger.balance`); an
added row is derived from its parent as the plan leaves it (`curate.ledger.added`). The group hint is for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import xxhash

from audit.stages.counterfactual_swaps import AXES, row_keys
from curate.dataset import Dataset
from curate.dataset.pointer import escape
from curate.errors import ConfigError, StageSkipped
from curate.ledger import balance
from curate.ledger.added import from_parent
from curate.ledger.findings import concat_findings, make_findings
from curate.similarity.partners import split_ranks
from curate.stages.base import Context, Detection, Stage
from curate.stages.said import said_in

NAME = "mitigation"
METHODS = ("reweighing", "equal_groups", "resampling", "counterfactual")
JOIN = " & "
REASONS = {
    balance.REWEIGHING: "with this weight the row's label is as frequent in its group as among all rows",
    balance.EQUAL_GROUPS: "with this weight the row's group counts as much as each other group",
    balance.SURPLUS: "the row's group has more rows of this label than it would have if label and group were independent",
    balance.COPY: "the row's group has fewer rows of this label than it would have if label and group were independent",
    "counterfactual": "the same text about another person, with the same label, shows that the label does not depend on it",
    "collect": "the group has this label less often than the others; more such rows would level the two",
    "collect_group": "the group has too few rows to be balanced or judged",
}
_MOST_FLAGS = 200
_TRAIN, _OTHER = 3, 2


@dataclass(frozen=True)
class MitigationConfig:
    """What is proposed."""

    methods: tuple[str, ...] = ("reweighing",)
    """What to propose: reweighing, equal_groups, resampling, counterfactual. Weights and resampling undo each other."""
    columns: tuple[str, ...] = ()
    """Sensitive columns to balance, taken together; empty means every column with the group role."""
    min_group_size: int = 30
    """Groups with fewer rows are left alone and said to be too small."""
    max_weight: float = 10.0
    """Largest weight, and one over the smallest: a few rows must not decide a model."""
    axes: tuple[str, ...] = ("gender",)
    """What counterfactual rows swap: axes of the counterfactual_swaps stage."""
    every_counterpart: bool = False
    """Whether a text that names one identity is swapped to every other one of the axis, not to one drawn by hash."""
    max_added_share: float = 1.0
    """Counterfactual rows at most, as a share of the training rows."""
    delta: float = 0.05
    """Shares of a label that differ by less than this between a group and the others count as level."""
    alpha: float = 0.05
    """Chance of one false alarm or more over all shares compared."""

    def __post_init__(self) -> None:
        for kind, given, known in (("method", self.methods, METHODS), ("axis", self.axes, AXES)):
            unknown = [name for name in given if name not in known]
            if unknown:
                raise ConfigError(f"[stages.{NAME}]: there is no {kind} {unknown[0]!r}; known are {', '.join(known)}")
        if self.max_weight < 1 or self.min_group_size < 1 or self.max_added_share < 0:
            raise ConfigError(f"[stages.{NAME}]: max_weight and min_group_size must be >= 1 and max_added_share >= 0")


def detect(dataset: Dataset, config: MitigationConfig, context: Context) -> Detection:
    """Propose."""
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    balanced = set(config.methods) - {"counterfactual"}
    training = _training_rows(dataset)
    summary: dict[str, Any] = {"methods": list(config.methods), "training_rows": int(training.sum())}
    tables: list[pa.Table] = []
    hints: dict[str, Any] = {}
    names = _columns(dataset, config)
    if labels is None or not names:
        if balanced or not config.methods:
            raise StageSkipped("balancing needs a column with the group role and one with the label role")
    else:
        weight = _given_weights(dataset)
        group, groups = _grouped(dataset, names, training)
        small = np.bincount(group[group >= 0], minlength=len(groups)) < config.min_group_size
        tables += _flags(dataset, names, group, groups, labels, config, summary)
        group = np.where((group >= 0) & ~small[np.maximum(group, 0)], group, -1)
        if balanced:
            tables += _balance(dataset, group, groups, labels, weight, config, summary)
            hints = {"group": pa.array(np.array([*groups, None], object)[group].tolist(), pa.large_string())}
            if weight is not None:
                hints["weight"] = pa.array(weight)
    context.check_cancelled()
    if "counterfactual" in config.methods:
        tables.append(_counterfactual(dataset, training, config, summary))
    context.progress(1, 1)
    return Detection(concat_findings(tables), hints=hints, summary=summary)


def _training_rows(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Rows of the training split; where no row says so, those of no known split."""
    rank = split_ranks(dataset.splits(), dataset.n_rows)
    found: npt.NDArray[np.bool_] = rank == (_TRAIN if (rank == _TRAIN).any() else _OTHER)
    return found


def _columns(dataset: Dataset, config: MitigationConfig) -> list[str]:
    if not set(config.columns) <= set(dataset.roles.group):
        raise StageSkipped("a column named in the recipe does not have the group role in this data")
    return list(config.columns or dataset.roles.group)


def _given_weights(dataset: Dataset) -> npt.NDArray[np.float64] | None:
    weight = dataset.weights()
    if weight is not None and weight.sum() == 0:
        raise StageSkipped("the weights of the rows sum to zero: nothing can be balanced")
    return weight


def _grouped(dataset: Dataset, names: Sequence[str], training: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The group of each training row over all columns together; -1 for other rows and where a column is empty."""
    columns = dataset.groups()
    rows = zip(*(columns[name].to_pylist() for name in names))
    joined = [JOIN.join(row) if yes and None not in row else None for row, yes in zip(rows, training.tolist())]
    known = sorted({name for name in joined if name is not None})
    if len(known) > 1000:
        raise StageSkipped("the sensitive columns have more than a thousand values together: they do not name groups")
    code = {name: i for i, name in enumerate(known)}
    return np.array([-1 if name is None else code[name] for name in joined], np.int64), known


def _codes(labels: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    encoded = pa.array(labels.to_pylist(), pa.large_string()).dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _flags(
    dataset: Dataset, names: Sequence[str], group: Any, groups: list[str], labels: Any, config: MitigationConfig,
    summary: dict[str, Any],
) -> list[pa.Table]:  # fmt: skip
    from audit.fairness.mitigate.collect import rows_to_collect
    from curate.privacy.preview import shown_names

    label, classes = _codes(labels)
    shown_group, shown_label = shown_names(groups), shown_names(classes)
    short = rows_to_collect(
        group, label, [shown_group[g] for g in groups], [shown_label[c] for c in classes],
        min_group_size=config.min_group_size, delta=config.delta, alpha=config.alpha,
    )  # fmt: skip
    summary["to_collect"] = [s.to_json() for s in short[:_MOST_FLAGS]]
    column = JOIN.join(shown_names(names)[name] for name in names)
    return [
        make_findings(
            NAME, dataset.row_ids, row=None, rule="collect_group" if s.label is None else "collect", action="flag",
            score=0.0 if s.p is None else 1.0 - s.p, reason=REASONS["collect_group" if s.label is None else "collect"],
            field="/".join(escape(part) for part in (column, s.group, s.label or "")),
            evidence=[orjson.dumps({"column": column, **s.to_json()}).decode()],
        )
        for s in short[:_MOST_FLAGS]
    ]  # fmt: skip


def _balance(
    dataset: Dataset, group: Any, groups: list[str], labels: Any, weight: Any, config: MitigationConfig,
    summary: dict[str, Any],
) -> list[pa.Table]:  # fmt: skip
    from audit.fairness.mitigate.resample import proposal
    from curate.privacy.preview import shown_names

    label, classes = _codes(labels)
    rows = np.flatnonzero((group >= 0) & (label >= 0))
    present = np.unique(group[rows])
    if len(present) < 2:
        raise StageSkipped("fewer than two groups have enough labelled training rows")
    shown = shown_names(groups), shown_names(classes)
    weights = {
        balance.REWEIGHING: balance.reweighing(group, label, weight, config.max_weight),
        balance.EQUAL_GROUPS: balance.equal_groups(np.where(label >= 0, group, -1), weight, config.max_weight),
    }
    have, want = balance.cell_targets(group, label)
    of_cell = np.zeros(have.shape)
    of_cell[group[rows], label[rows]] = weights[balance.REWEIGHING][rows]
    summary["cells"] = [
        {
            "group": shown[0][groups[g]], "label": shown[1][classes[y]], "rows": int(have[g, y]), "wanted": int(want[g, y]),
            "weight": round(float(of_cell[g, y]), 4),
        }
        for g, y in np.argwhere(have > 0).tolist()
    ]  # fmt: skip
    common: dict[str, Any] = {"score": 0.0}
    tables = [
        make_findings(NAME, dataset.row_ids, row=rows, rule=rule, action="reweight", reason=REASONS[rule],
                      value=np.round(weights[rule][rows], 6), **common)
        for rule in (balance.REWEIGHING, balance.EQUAL_GROUPS) if rule in config.methods
    ]  # fmt: skip
    if "resampling" in config.methods:
        order = np.frombuffer(b"".join(i.as_py()[:8] for i in dataset.row_ids), np.uint64)
        drawn = proposal(group, label, order)
        tables.append(make_findings(NAME, dataset.row_ids, row=drawn.surplus, rule=balance.SURPLUS, action="drop",
                                    reason=REASONS[balance.SURPLUS], **common))  # fmt: skip
        if len(drawn.copies):  # the field tells one copy of a row from the next
            tables.append(make_findings(NAME, dataset.row_ids, row=drawn.copies, rule=balance.COPY, action="add",
                                        reason=REASONS[balance.COPY], replacement=[from_parent({})] * len(drawn.copies),
                                        field=[f"copy {k}" for k in drawn.nth.tolist()], **common))  # fmt: skip
        summary["resampling"] = {"left_out": len(drawn.surplus), "copied": len(drawn.copies)}
    return tables


def _counterfactual(
    dataset: Dataset, training: Any, config: MitigationConfig, summary: dict[str, Any]
) -> pa.Table:
    """One added row (or several) a training row and axis that it names; which rows, by hash where they are too many."""
    from audit.fairness.swaps.engine import english_rows, swaps

    rows, fields, texts = _texts(dataset, training)
    if not texts:
        raise StageSkipped("no column holds text in which identities could be swapped")
    keys = row_keys(dataset, rows)
    english = english_rows(texts)
    edits: dict[tuple[int, str, str], dict[str, list[Any]]] = {}
    told: dict[tuple[int, str, str], tuple[str, str]] = {}
    shown = [text if yes else "" for text, yes in zip(texts, english)]
    for axis in config.axes:
        for swap in swaps(texts if axis == "name_origin" else shown, [axis], keys, every=config.every_counterpart):
            place = (int(rows[swap.row]), axis, swap.after if config.every_counterpart else "")
            edits.setdefault(place, {})[fields[swap.row]] = [list(span) for span in swap.spans]
            told.setdefault(place, (swap.before, swap.after))
    key = {int(row): k for row, k in zip(rows, keys)}
    places = sorted(edits, key=lambda place: (xxhash.xxh3_64_intdigest(f"{key[place[0]]} {place[1:]}".encode()), place))
    places = sorted(places[: int(config.max_added_share * training.sum())])
    foreign = int((~english).sum())
    summary["counterfactual"] = {"possible": len(edits), "proposed": len(places), "texts_not_english": foreign}
    return make_findings(
        NAME, dataset.row_ids, row=[place[0] for place in places], rule="counterfactual", action="add", score=0.0,
        reason=REASONS["counterfactual"], field=["/".join(filter(None, place[1:])) for place in places],
        replacement=[from_parent(edits[place], _values(dataset, place[0], told[place])) for place in places],
        evidence=[orjson.dumps({"axis": place[1], "before": told[place][0], "after": told[place][1]}).decode()
                  for place in places],
    )  # fmt: skip


def _values(dataset: Dataset, row: int, told: tuple[str, str]) -> dict[str, Any]:
    """Sensitive columns that say what was swapped say the new one."""
    from curate.privacy.surrogates.draw import like_case

    before, after = told
    cells = {name: dataset.value(name, row) for name in dataset.roles.group}
    return {
        dataset.pointer_of(name): like_case(cell, after) for name, cell in cells.items()
        if isinstance(cell, str) and cell.strip().casefold() == before.casefold()
    }  # fmt: skip


def _texts(dataset: Dataset, training: Any) -> tuple[npt.NDArray[np.int64], list[str], list[str]]:
    """Rows, pointers and texts of everything that a model would read of the training rows."""
    roles = dataset.roles
    answers = (*roles.chosen, *roles.rejected)
    whole = {dataset.pointer_of(name) for name in (*roles.text, *roles.prompt, *roles.completion, *answers)}
    nested = {dataset.pointer_of(name) for name in (*roles.messages, *answers)}
    rows: list[int] = []
    fields: list[str] = []
    texts: list[str] = []
    for batch in said_in(dataset, (*roles.text, *roles.prompt, *roles.completion, *roles.messages, *answers)):
        for row, field, text in zip(batch.rows.tolist(), batch.fields, batch.texts.to_pylist()):
            read = whole if field == batch.column else nested
            if batch.column in read and training[row] and text:
                rows.append(row)
                fields.append(field)
                texts.append(text)
    return np.array(rows, np.int64), fields, texts


STAGE = Stage(
    name=NAME,
    title="Mitigation",
    version=2,
    config=MitigationConfig,
    detect=detect,
    on_finding="review",
    uses=("label_names",),
    optional=True,
    concern="people",
)
