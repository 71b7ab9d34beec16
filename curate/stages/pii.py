"""Stage `pii`: personal data and secrets in every string of every row.

Thin: `curate.privacy.scan` finds spans, this file makes `replace` findings of them, with the pointer of the string
(`messages/2/content`) and code-point offsets into its raw text. Columns that no role names are scanned too. Reasons and
evidence never hold the value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curate.dataset import Dataset
from curate.ledger.findings import concat_findings, empty_findings, make_findings
from curate.privacy import ScanConfig, scan
from curate.privacy.types import NAMES
from curate.stages.base import Context, Detection, Stage

TITLE = "Personal data and secrets"


@dataclass(frozen=True)
class Config:
    """Which personal data to replace, and how sure to be."""

    types: tuple[str, ...] = NAMES
    """Kinds of personal data to look for."""
    default_region: str = "US"
    """Two-letter country whose national telephone formats need no further evidence."""
    min_score: float = 0.5
    """Spans below this score (0 to 1) are not reported."""
    allow: tuple[str, ...] = ()
    """Literal values that are never reported, compared without regard to case."""


def detect(dataset: Dataset, config: Config, context: Context) -> Detection:
    """One `replace` finding for each span in any string of the dataset."""
    settings = ScanConfig(
        types=tuple(config.types),
        default_region=config.default_region,
        min_score=config.min_score,
        allow=tuple(config.allow),
    )
    tables: list[pa.Table] = []
    counts: Counter[str] = Counter()
    strings_scanned = 0
    affected: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for batch in dataset.strings():
        context.check_cancelled()
        spans = scan(batch.texts, settings)
        strings_scanned += len(batch.rows)
        if len(spans):
            rows = np.asarray(batch.rows)[spans.row]
            fields = batch.fields
            tables.append(
                make_findings(
                    "pii",
                    dataset.row_ids,
                    row=rows,
                    rule=spans.rule,
                    action="replace",
                    score=spans.score,
                    reason=spans.reason,
                    field=[fields[i] for i in spans.row.tolist()],
                    start=spans.start,
                    end=spans.end,
                    replacement=spans.replacements(),
                    evidence=spans.evidence(),
                )
            )
            counts.update(spans.counts())
            affected.append(np.unique(rows))
        if len(batch.rows):
            context.progress(int(batch.rows[-1]) + 1, dataset.n_rows)
    context.progress(dataset.n_rows, dataset.n_rows)
    findings = concat_findings(tables) if tables else empty_findings()
    rows_with_pii = len(np.unique(np.concatenate(affected))) if affected else 0
    summary = {
        "strings_scanned": strings_scanned,
        "rows_with_pii": rows_with_pii,
        "spans": sum(counts.values()),
        "by_type": dict(sorted(counts.items())),
    }
    return Detection(findings=findings, summary=summary)


STAGE = Stage(name="pii", title=TITLE, version=1, config=Config, detect=detect, on_finding="apply")
