"""The exam of an ablation, written before any arm is made: which rows belong together, and how rows are read.

Rows belong together when they are near-duplicates, when the contamination stage found one in the other, or when they
share a value of a column that a role or the recipe names (an author, a thread). Nothing of one such group is on both
sides. Rows of the given split whose group is also trained on are set aside and scored for what the leak does. Held-out
rows are also read with their personal data replaced, and by labels that a person decided or a column supplies.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.arms.spans import spans_column, with_spans
from curate.errors import ConfigError, DataError, nearest
from curate.house import require
from curate.ledger.apply import apply
from curate.ledger.decisions import ACCEPT, OVERRIDE, REJECT, Journal, effect
from curate.pipeline import Detected
from curate.stages.label_votes import categories_of

if TYPE_CHECKING:
    from train.ablation import Evaluation, HeldOut
    from train.examples import Examples

VARIANT_IDS = 1 << 40
"""Scrubbed variants of held-out rows are numbered from here, beyond any row."""


def together(detected: Detected) -> np.ndarray:
    """int64, one a row: equal for rows that must be on one side."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    clusters = np.unique(detected.clusters(), return_inverse=True)[1].astype(np.int64)
    pairs = [*_same_value(detected), *_found_in(detected)]
    if not pairs:
        return clusters
    a, b = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    top = int(clusters.max(initial=-1)) + 1
    joined = coo_matrix((np.ones(len(a), np.int8), (clusters[a], clusters[b])), shape=(top, top))
    group: np.ndarray = connected_components(joined, directed=False)[1][clusters].astype(np.int64)
    return group


def _same_value(detected: Detected) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each row and the first row that has the same author, thread or whatever the recipe names; a blank is no value.

    Unlike where rows judge one another (`curate.stages.together`), no author has too many rows: an exam leaves them out.
    """
    roles = detected.dataset.roles
    for column in dict.fromkeys((*roles.author, *roles.thread, *detected.recipe.ablation.keep_together)):
        codes = _column(detected, column, "keep_together").dictionary_encode().indices
        known = np.flatnonzero(codes.is_valid().to_numpy(zero_copy_only=False))
        values = codes.drop_null().to_numpy(zero_copy_only=False)
        _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
        yield known, known[first][inverse]


def _found_in(detected: Detected) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Training rows and the evaluation rows that the contamination stage found in them."""
    outcome = detected.outcomes.get("contamination")
    if outcome is None:
        return
    table = outcome.detection.findings
    table = table.filter(pc.and_(pc.is_valid(table["witness_row"]), pc.is_valid(table["row"])))
    if table.num_rows:
        yield table["row"].to_numpy().astype(np.int64), table["witness_row"].to_numpy().astype(np.int64)


def _column(detected: Detected, name: str, setting: str) -> pa.LargeStringArray:
    """A column as labels are read: text, blank as null."""
    if name not in (columns := detected.dataset.columns):
        raise ConfigError(f"[ablation] {setting} names column {name!r}; {nearest(name, columns)}")
    return categories_of(detected.dataset, name)


def held_out(detected: Detected, group: np.ndarray) -> HeldOut:
    """The two sides of the raw data."""
    recipe = detected.recipe
    held: HeldOut = require("train.ablation").heldout_split(
        detected.dataset, group, recipe.run.seed, recipe.ablation.heldout_fraction
    )
    return held


def evaluation_of(detected: Detected, journal: Journal, held: HeldOut, group: np.ndarray, note: str) -> Evaluation:
    """Everything that is scored, and how it is read."""
    from_dataset = require("train.examples").from_dataset
    module = require("train.ablation.evaluation")
    dataset = detected.dataset
    primary: Examples = from_dataset(
        dataset, rows=held.eval_rows, clusters=group, spans_column=spans_column(detected.recipe)
    )
    truths: dict[str, list[str | None]] = {}
    column = detected.recipe.ablation.clean_label
    labels = "as given"
    if primary.task == "classification" and column is not None:
        clean = _column(detected, column, "clean_label").to_pylist()
        primary = primary.take([i for i, row in enumerate(primary.ids) if clean[row] is not None])
        if not len(primary):
            raise DataError(f"[ablation] clean_label: column {column!r} is empty in every held-out row")
        truths["as_given"] = list(primary.labels)
        primary = dataclasses.replace(primary, labels=tuple(clean[row] for row in primary.ids))
        labels = f"column {column}"
    elif primary.task == "classification":
        decided = _decided_labels(detected, journal)
        found = [decided.get(int(row)) for row in primary.ids]
        if any(label is not None for label in found):
            truths["verified"] = found
    leaked = _examples_or_none(detected, _few(held), group)
    if leaked is not None and "as_given" in truths:  # one exam, one kind of truth
        leaked = leaked.take([i for i, row in enumerate(leaked.ids) if clean[row] is not None])
        leaked = dataclasses.replace(leaked, labels=tuple(clean[row] for row in leaked.ids)) if len(leaked) else None
    scrubbed = _scrubbed(detected, journal, primary, group)
    parts = [primary, *(part for part in (leaked, scrubbed) if part is not None)]
    kinds = [module.PRIMARY] * len(primary)
    kinds += [module.LEAKED] * (0 if leaked is None else len(leaked))
    kinds += [module.VARIANT] * (0 if scrubbed is None else len(scrubbed))
    whole = module.joined(parts)
    beyond = whole.ids >= VARIANT_IDS
    more = len(whole) - len(primary)
    evaluation: Evaluation = module.Evaluation(
        whole,
        np.array(kinds, np.int8),
        np.where(beyond, whole.ids - VARIANT_IDS, whole.ids),
        {name: (*found, *([None] * more)) for name, found in truths.items()},
        labels,
        note,
    )
    return evaluation


def _few(held: HeldOut) -> np.ndarray:
    """Leaked rows, thinned as the others were, so that their share in the given split is what it was."""
    rows = held.leaked_rows
    share = len(held.eval_rows) / held.clean_rows if held.clean_rows else 1.0
    if share >= 1 or len(rows) < 2:
        return rows
    hashed = require("train.order").hash_rows(rows, 0, 1)
    return np.sort(rows[np.argsort(hashed, kind="stable")[: max(1, round(share * len(rows)))]])


def _examples_or_none(detected: Detected, rows: np.ndarray, group: np.ndarray) -> Examples | None:
    if not len(rows):
        return None
    try:
        found: Examples = require("train.examples").from_dataset(
            detected.dataset, rows=rows, clusters=group, spans_column=spans_column(detected.recipe)
        )
    except DataError:
        return None
    return found


def _scrubbed(detected: Detected, journal: Journal, primary: Examples, group: np.ndarray) -> Examples | None:
    """Held-out rows that the privacy stage edits, as it leaves them, by the labels that they are scored by."""
    whole = detected.recipe.policy()
    stages = {name: rule for name, rule in whole.stages.items() if name in whole.privacy}
    if not stages:
        return None
    curated = apply(detected.dataset, detected.resolve(journal, dataclasses.replace(whole, stages=stages)))
    truth = dict(zip(primary.ids.tolist(), primary.labels)) if primary.labels else {}
    at = np.flatnonzero(np.isin(curated.rows, [row for row in primary.ids.tolist() if row in curated.edits]))
    if not len(at):
        return None
    if spans := spans_column(detected.recipe):
        try:
            variants = with_spans(curated, spans, curated.rows[at], group)
        except DataError:
            return None
        return dataclasses.replace(variants, ids=variants.ids + VARIANT_IDS)
    scrubbed: Examples = require("train.examples").from_dataset(
        curated.dataset(), rows=at, ids=curated.rows + VARIANT_IDS, clusters=group[curated.rows]
    )
    if truth:
        scrubbed = dataclasses.replace(scrubbed, labels=tuple(truth[int(i) - VARIANT_IDS] for i in scrubbed.ids))
    return scrubbed


def _decided_labels(detected: Detected, journal: Journal) -> dict[int, str]:
    """Labels that a person decided, by row: proposals accepted or overridden, and labels found right.

    How a label is spelt is decided for all of its rows at once and says nothing of any of them. Nor does a bulk decision:
    who accepts all proposals has looked at none.
    """
    table = detected.findings
    one_by_one = Journal(tuple(d for d in journal.decisions if d.filter is None))
    if not one_by_one.decisions or not table.num_rows:
        return {}
    said = effect(one_by_one, table)
    relabels = pc.equal(table["action"].cast(pa.string()), "relabel").to_numpy(zero_copy_only=False)
    spelling = pc.equal(table["stage"].cast(pa.string()), "label_names").to_numpy(zero_copy_only=False)
    about = np.isin(said.verdict, (ACCEPT, REJECT, OVERRIDE)) & relabels & ~spelling
    given: Sequence[Any] = [] if (labels := detected.dataset.labels()) is None else labels.to_pylist()
    out: dict[int, str] = {}
    for i in np.flatnonzero(about).tolist():
        row = table["row"][i].as_py()
        label = {ACCEPT: table["replacement"][i].as_py(), OVERRIDE: said.value.get(i), REJECT: given[row]}[
            int(said.verdict[i])
        ]
        if label is not None:
            out[row] = label
    return out
