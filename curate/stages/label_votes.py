"""Several annotators' labels of the same rows. Part of the stage `label_issues`.

`votes` names columns, one an annotator, each cell a label or nothing. Rules: `outvoted` (relabel: the label column says
something else than the consensus, and the consensus is sure) and `annotators_disagree` (flag: the consensus is not sure
enough to train on). Engine: `curate.labels.annotators` (cleanlab's CROWDLAB) over the out-of-sample probabilities of
the stage. The summary tells how good each annotator is, by the name of the column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.content import categories
from curate.errors import ConfigError, nearest
from curate.labels.judged import JudgedRows
from curate.ledger.findings import concat_findings, make_findings

if TYPE_CHECKING:
    from curate.labels.learners import Floats

NAME = "label_issues"
REASONS = {
    "outvoted": "the annotators' consensus is another label",
    "annotators_disagree": "the annotators disagree, and neither they nor a model make the label sure",
}


@dataclass(frozen=True)
class Votes:
    """Labels by row and annotator, as text."""

    columns: tuple[str, ...]
    cells: tuple[pa.LargeStringArray, ...]


def read_votes(dataset: Dataset, columns: tuple[str, ...]) -> Votes:
    """The columns of votes; ConfigError for one that is not there, or only one."""
    for name in columns:
        if name not in dataset.columns:
            raise ConfigError(
                f"[stages.{NAME}] votes: the data has no column {name!r}; {nearest(name, dataset.columns)}"
            )
    if len(columns) < 2:
        raise ConfigError(f"[stages.{NAME}] votes: name at least two columns, one for each annotator")
    return Votes(columns, tuple(categories_of(dataset, name) for name in columns))


def categories_of(dataset: Dataset, column: str) -> pa.LargeStringArray:
    """A column as labels are read: text, blank as null."""
    from curate.dataset.column import Column

    return categories(Column(dataset.values(column), dataset.is_json(column)))


def majority_labels(votes: Votes) -> pa.LargeStringArray:
    """The label with most votes in each row, null where nobody voted."""
    from curate.labels.annotators import majority

    names = sorted({cell for column in votes.cells for cell in column.to_pylist() if cell is not None})
    found = majority(_codes(votes, names, np.arange(len(votes.cells[0]))), max(1, len(names)))
    return pa.array([names[c] if c >= 0 else None for c in found.tolist()], pa.large_string())


def _codes(votes: Votes, names: list[str], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    at = {name: i for i, name in enumerate(names)}
    cells = [[at.get(cell, -1) for cell in column.take(pa.array(rows)).to_pylist()] for column in votes.cells]
    return np.array(cells, np.int64).T.reshape(len(rows), len(cells))


def judge_votes(
    dataset: Dataset, votes: Votes, judged: JudgedRows, probabilities: Floats, sure: float
) -> tuple[pa.Table, dict[str, Any]]:
    """(findings, summary) of the judged rows that someone voted on."""
    from curate.labels.annotators import consensus
    from curate.privacy.preview import shown_names

    codes = _codes(votes, judged.names, judged.rows)
    voted = np.flatnonzero((codes >= 0).any(axis=1))
    if not len(voted):
        return concat_findings([]), {"rows": 0}
    found = consensus(codes[voted], probabilities[voted])
    rows, given = judged.rows[voted], judged.codes[voted]
    by_name = shown_names(judged.names)
    quality = np.round(found.quality, 4)
    several = (codes[voted] >= 0).sum(axis=1) > 1
    outvoted = (found.label != given) & (quality >= sure) & several & bool(dataset.roles.label)
    unsure = (quality < 0.5) & several & ~outvoted
    field = dataset.pointer_of(dataset.roles.label[0] if dataset.roles.label else votes.columns[0])
    tables = []
    for rule, mask in (("outvoted", outvoted), ("annotators_disagree", unsure)):
        at = np.flatnonzero(mask)
        evidence = [
            orjson.dumps({
                "consensus": by_name[judged.names[found.label[i]]],
                "consensus_quality": float(quality[i]),
                "agreement": round(float(found.agreement[i]), 4),
                "votes": int((codes[voted[i]] >= 0).sum()),
            }).decode()
            for i in at.tolist()
        ]  # fmt: skip
        tables.append(make_findings(
            NAME, dataset.row_ids, row=rows[at], rule=rule, action="relabel" if rule == "outvoted" else "flag",
            score=quality[at] if rule == "outvoted" else np.round(1.0 - quality[at], 4), reason=REASONS[rule], field=field,
            replacement=[judged.names[c] for c in found.label[at]] if rule == "outvoted" else None, evidence=evidence,
        ))  # fmt: skip
    columns = shown_names(votes.columns)
    told = [
        {"column": columns[name], "rows": a.rows, "quality": round(a.quality, 4), "agreement": round(a.agreement, 4)}
        if a.rows
        else {"column": columns[name], "rows": 0}
        for name, a in zip(votes.columns, found.annotators, strict=True)
    ]
    return concat_findings(tables), {
        "rows": len(voted),
        "rows_with_several_votes": int(several.sum()),
        "outvoted": int(outvoted.sum()),
        "annotators_disagree": int(unsure.sum()),
        "annotators": told,
    }
