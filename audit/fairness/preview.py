"""Who would a bulk change fall on? `who_is_affected` for what faces hold: a data set, and rows, findings or plans of it.

Every face that offers a change of many rows at once shows these statements before it is taken: rules that decisions
suggest, sheets and journals that are taken in, ratings from production, two runs beside one another, `curate apply`.
Groups are those of the group role. What only notes something (a flag, a rejected finding) touches nobody and is left out.
Cost: milliseconds for 100,000 rows, see `audit.fairness.curation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audit.fairness.statement import Statement, who_is_affected
from curate.dataset import Dataset

VERBS = {"drop": "removed", "replace": "edited", "relabel": "relabelled", "reweight": "reweighted", "add": "copied"}
"""What happens to the row of a finding, by its action."""
SETTINGS = ("min_group_size", "delta", "alpha")


def preview_of_rows(
    dataset: Dataset, rows: npt.ArrayLike, *, verb: str = "removed", clusters: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> Statement:  # fmt: skip
    """The statement for touching `rows` (positions, or a mask over all rows).

    `clusters`: near-duplicate cluster of each row (`Detected.clusters()`); `settings`: the recipe's `[stages.fairness]`.
    """
    judged = {key: settings[key] for key in SETTINGS if key in settings} if settings else {}
    return who_is_affected(rows, dataset.groups(), dataset.n_rows, verb=verb, clusters=clusters, **judged)


def preview_of_findings(
    dataset: Dataset, findings: pa.Table, chosen: npt.ArrayLike, *, clusters: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Statement, ...]:  # fmt: skip
    """A statement for each thing that accepting the findings `chosen` (positions in the table) would do to rows.

    Removals first. Rows that another finding settles are counted here all the same: the plan decides that afterwards.
    """
    mine = findings.select(["action", "row"]).take(pa.array(np.asarray(chosen, np.int64)))
    action = np.asarray(mine["action"].cast(pa.string()).to_pylist(), dtype=object)
    row = mine["row"].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    touched = {verb: np.unique(row[(action == name) & (row >= 0)]) for name, verb in VERBS.items()}
    return tuple(_statements(dataset, touched, clusters, settings))


def preview_of_change(
    dataset: Dataset, removed_before: npt.ArrayLike, removed_after: npt.ArrayLike, *, clusters: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Statement, ...]:  # fmt: skip
    """Between two plans of the same rows: a statement for those removed from now on, and one for those brought back.

    Both are masks over rows, `Plan.dropped`.
    """
    before, after = np.asarray(removed_before, bool), np.asarray(removed_after, bool)
    touched = {"removed": np.flatnonzero(after & ~before), "brought back": np.flatnonzero(before & ~after)}
    return tuple(_statements(dataset, touched, clusters, settings))


def _statements(
    dataset: Dataset, touched: Mapping[str, npt.NDArray[np.int64]], clusters: Any, settings: Mapping[str, Any] | None
) -> Iterator[Statement]:
    for verb, rows in touched.items():
        if len(rows):
            yield preview_of_rows(dataset, rows, verb=verb, clusters=clusters, settings=settings)
