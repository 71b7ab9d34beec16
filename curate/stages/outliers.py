"""Outliers: rows that do not belong to the rest, for a person to look at.

Engine: `curate.similarity.outliers`. Rule `off_topic` (drop, for review): the row uses words that the other rows do not,
and is like none of them. The score rises with the oddness and is no probability; it stays below `auto`, so nothing is
dropped unless a person or the recipe says so. The scores table has `score` (the same) and `oddness` of every row with
words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import make_findings
from curate.similarity.outliers import odd_rows
from curate.stages.base import Context, Detection, Stage

NAME = "outliers"
REASON = "the row uses words that other rows do not, and is like none of them"
_HIGHEST = 0.89


@dataclass(frozen=True)
class OutliersConfig:
    """When a row counts as odd."""

    oddness: float = 2.5
    """How far beyond usual rows a row must be, in robust standard deviations; lower marks more rows."""

    def __post_init__(self) -> None:
        if self.oddness <= 0:
            raise ConfigError(f"[stages.{NAME}]: oddness must be above 0")


def detect(dataset: Dataset, config: OutliersConfig, context: Context) -> Detection:
    """One proposal for each odd row."""
    if dataset.is_table:
        raise StageSkipped("the data has no text")

    def progress(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total)

    try:
        found = odd_rows(
            dataset.content(), context.hints.get("near_duplicates.cluster"), context.seed, context.threads, progress
        )
    except ValueError as error:
        raise StageSkipped(str(error)) from None
    known = np.flatnonzero(~np.isnan(found.oddness))
    odd = np.round(found.oddness, 4)
    # 0.5 at the threshold, rising towards what never applies by itself.
    score = _HIGHEST / (1.0 + (_HIGHEST / 0.5 - 1.0) * np.exp(-(odd - config.oddness)))
    rows = known[odd[known] >= np.float32(config.oddness)]
    numbers = zip(odd[rows].tolist(), found.novelty[rows].tolist(), found.isolation[rows].tolist(), strict=True)
    return Detection(
        findings=make_findings(
            NAME, dataset.row_ids, row=rows, rule="off_topic", action="drop", score=score[rows], reason=REASON,
            evidence=[f'{{"oddness":{o:.4f},"novelty":{n:.4f},"isolation":{i:.4f}}}' for o, n, i in numbers],
        ),
        scores=pa.table({"row": known, "score": score[known].astype(np.float32), "oddness": odd[known]}),
        summary={"rows_judged": len(known), "rows_without_words": dataset.n_rows - len(known), "off_topic": len(rows)},
    )  # fmt: skip


STAGE = Stage(
    name=NAME,
    title="Outliers",
    version=2,
    config=OutliersConfig,
    detect=detect,
    on_finding="review",
    uses=("near_duplicates",),
    concern="quality",
    suspects="high",
)
