"""What a gate says of data beside the data that it is to be like: columns, labels, texts.

The reference is a dataset that the policy names. *Columns*: those that are missing, or hold another kind of value (text,
number, yes or no, nested). *Labels* and *texts* are measured as `curate drift` measures them (see `audit.drift`). New
columns are not counted: they are carried through and scanned like all others.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from audit.gate.evidence import Fact
from curate.dataset import Dataset
from curate.errors import DataError
from curate.safetext import safe_text

COLUMNS, LABELS, TEXTS = "columns_changed", "drift_labels", "drift_texts"
CHECKS = (COLUMNS, LABELS, TEXTS)
NO_REFERENCE = "the policy names no reference to compare with"
CHANCE = 0.5
"""Area under the curve of a model that cannot tell, as none can where nothing is new."""
_MOST_NAMED = 5


def without_reference() -> dict[str, Fact]:
    """The facts where nothing is there to compare with."""
    return {name: Fact(None, why_missing=NO_REFERENCE, applies=False) for name in CHECKS}


def against(old: Dataset, new: Dataset, asked: Collection[str], *, seed: int, threads: int) -> dict[str, Fact]:
    """The facts of `new` beside `old`; drift, which takes a model, is measured only where it is asked for."""
    facts = {**without_reference(), COLUMNS: _columns(old, new)}
    if LABELS not in asked and TEXTS not in asked:
        return facts
    from audit.drift import NOTHING_NEW, measure

    try:
        found = measure(old, new, seed, threads)
    except DataError as error:
        return {**facts, **{name: Fact(None, why_missing=str(error)) for name in (LABELS, TEXTS)}}
    labels = next((s for s in found.shares if s.role == "label"), None)
    if labels is None:
        facts[LABELS] = Fact(None, why_missing="one of the two has no labels")
    else:
        new_names = f"new labels: {_names(labels.new)}" if labels.new else ""
        facts[LABELS] = Fact(labels.distance, labels.rows, low=labels.low, high=labels.high, detail=new_names)
    if found.why_missing == NOTHING_NEW:
        facts[TEXTS] = Fact(CHANCE, found.new_rows, detail=NOTHING_NEW)
    elif found.apart is None:
        facts[TEXTS] = Fact(None, why_missing=found.why_missing)
    else:
        a = found.apart
        facts[TEXTS] = Fact(a.auc, a.rows, low=a.low, high=a.high)
    return facts


def _columns(old: Dataset, new: Dataset) -> Fact:
    before, after = _kinds(old), _kinds(new)
    missing = [name for name in before if name not in after]
    other = [name for name in before if name in after and _differs(before[name], after[name])]
    told = [f"missing: {_names(missing)}"] if missing else []
    told += [f"of another kind: {_names(other)}"] if other else []
    return Fact(float(len(missing) + len(other)), new.n_rows, detail="; ".join(told))


def _kinds(dataset: Dataset) -> dict[str, str]:
    return {name: _kind(dataset.values(name).type, dataset.is_json(name)) for name in dataset.columns}


def _kind(of: pa.DataType, json: bool) -> str:
    if json or pa.types.is_nested(of):
        return "nested"
    if pa.types.is_null(of):
        return "empty"
    if pa.types.is_boolean(of):
        return "yes or no"
    number = pa.types.is_integer(of) or pa.types.is_floating(of) or pa.types.is_decimal(of)
    return "number" if number else "text"


def _differs(before: str, after: str) -> bool:
    return before != after and "empty" not in (before, after)


def _names(names: Collection[str]) -> str:
    shown = [safe_text(name)[:40] for name in names][:_MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
