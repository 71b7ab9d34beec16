"""Exact duplicates: rows that say the same, word for word.

Engine: `curate.similarity.exact_groups` (hash, then a byte comparison). Rules: `identical` (drop: the same text in
one split under one label), `across_splits` (drop: a row that an evaluation split holds too), `conflicting_label`
(flag: the same text under two labels). Both sides of a pair of copies get a finding; `resolve` chooses which one
stays. Rows that are given something else beside the text (see `setting`) are neither copies nor conflicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.aside import large_arrays_apart
from curate.ledger.findings import concat_findings, make_findings
from curate.similarity.again import groups_with
from curate.similarity.exact import exact_groups
from curate.similarity.partners import Ints, Partners
from curate.stages.base import Context, Detection, Stage
from curate.stages.row_numbers import codes_of, plainly, ranks_of
from curate.stages.second_look import groups_again, remember
from curate.stages.setting import setting_across, setting_of, settings_of

NAME = "exact_duplicates"
REASONS = {
    "identical": "the same text stands in another row of the same split with the same label",
    "across_splits": "an evaluation row holds the same text",
    "conflicting_label": "the same text stands in another row of the same split with a different label",
}


@dataclass(frozen=True)
class ExactDuplicatesConfig:
    """What counts as the same text."""

    normalise_whitespace: bool = True
    """Whether runs of white space count as one blank and white space at either end as nothing."""


def _progress(context: Context, done: int, total: int) -> None:
    context.check_cancelled()
    context.progress(done, total)


def detect(dataset: Dataset, config: ExactDuplicatesConfig, context: Context) -> Detection:
    """Groups of identical content, and a finding for every row that another can stand in for."""
    large_arrays_apart()
    key = (NAME, config.normalise_whitespace)
    group = groups_again(dataset, key)

    def progress(done: int, total: int) -> None:
        _progress(context, done, total)

    if group is None and context.known is not None:
        group, keep = groups_with(
            _compared(dataset), config.normalise_whitespace, context.known.arrays(), context.known.before, context.threads,
            progress,
        )  # fmt: skip
        context.known.leave(keep)
    elif group is None:
        group = exact_groups(_compared(dataset), config.normalise_whitespace, context.threads, progress)
    remember(dataset, key, group)
    setting, about = setting_of(dataset, context.threads), setting_across(dataset, context.threads)
    same_text, group = group, group if about is None else _apart(group, about)
    rows = np.flatnonzero(group >= 0)  # the others have no partners, and nothing is asked of them
    classes = np.searchsorted(rows, group[rows])
    partners = Partners(
        classes,
        ranks_of(dataset)[rows],
        codes_of(dataset, context.hints.get("label_names.canonical"))[rows],
        None if setting is None else setting[rows],
    )
    copies = np.bincount(classes, minlength=len(rows))[classes]
    asking = np.arange(len(rows))
    across = _rows_of(partners.evaluation(asking, classes), rows)
    same = np.where(across < 0, _rows_of(partners.same_label(asking, classes), rows), -1)
    conflict = _rows_of(partners.conflict(asking, classes), rows)
    tables = [
        make_findings(
            NAME,
            dataset.row_ids,
            row=rows[witness >= 0],
            rule=rule,
            action=action,
            score=1.0,
            reason=plainly(REASONS[rule], dataset),
            witness_row=witness[witness >= 0],
            evidence=[f'{{"copies":{k}}}' for k in copies[witness >= 0].tolist()],
        )
        for rule, action, witness in (
            ("across_splits", "drop", across),
            ("identical", "drop", same),
            ("conflicting_label", "flag", conflict),
        )
        if (witness >= 0).any()  # row ids are not free
    ]
    return Detection(
        findings=concat_findings(tables),
        scores=pa.table({"row": dataset.numbers, "group": group}),
        hints={"group": same_text},
        summary={
            "groups": int((group[rows] == rows).sum()),
            "rows_in_groups": len(rows),
            "rows_across_splits": int((across >= 0).sum()),
            "rows_with_conflicting_labels": int((conflict >= 0).sum()),
            "told_apart_by": settings_of(dataset),
        },
    )


def _apart(group: Ints, about: Ints) -> Ints:
    """The first row of each group that is about the same; -1 where none other is."""
    rows = np.flatnonzero(group >= 0)
    _, first, which, many = np.unique(
        group[rows] * len(group) + about[rows], return_index=True, return_inverse=True, return_counts=True
    )
    out = np.full(len(group), -1, np.int64)
    out[rows] = np.where(many > 1, rows[first], -1)[which.reshape(-1)]
    return out


def _rows_of(places: Ints, rows: Ints) -> Ints:
    """The rows at some places, -1 where there is none."""
    return np.where(places >= 0, rows[places], -1) if len(rows) else places


def _compared(dataset: Dataset) -> Any:
    """What must be identical: the content; in a table without text the groups too, or two people would be one."""
    content = dataset.content()
    if not dataset.is_table or not dataset.groups():
        return content
    groups = (group.cast(pa.large_string()).fill_null("") for group in dataset.groups().values())
    return pc.binary_join_element_wise(content, *groups, pa.scalar("\n", pa.large_string()))


STAGE = Stage(
    name=NAME,
    title="Exact duplicates",
    version=11,
    config=ExactDuplicatesConfig,
    detect=detect,
    on_finding="apply",
    uses=("label_names",),
    keeps_rows=True,
    concern="duplicate",
    looks_again=True,
)
