"""Stage `pii`: personal data and secrets in every string of every row.

Thin: `curate.privacy.scan` finds spans, this file makes `replace` findings of them, with the pointer of the string
(`messages/2/content`) and code-point offsets into its raw text. Columns that no role names are scanned too. Reasons and
evidence never hold the value.

Keys of nested objects are looked at, never changed. A row with personal data in a key gets one flag (`pii.key`) that
names its top-level column, and the strings under such a key get no finding: a pointer to them would repeat the key.
They stay in the data as they are; whoever reads the flag must decide about the row. Column names are not looked at.

The name of a column, and inside nested values the key, speaks of short cells: `2125552368` under `phone` is one.

Numbers that are not text (integer columns, integers of seven digits or more inside nested values) are scanned as they
print, and flagged (`pii.number`), not replaced: a placeholder in a column of integers would break the format. Column
names are not looked at for values of their own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.pointer import parse_pointer
from curate.dataset.types import Strings
from curate.ledger.findings import concat_findings, empty_findings, make_findings
from curate.privacy import ScanConfig, installed_recognizers, load_recognizers, scan
from curate.privacy.types import NAMES
from curate.stages.base import Context, Detection, Stage
from curate.stages.pii_numbers import sensitive_numbers

TITLE = "Personal data and secrets"
KEY_RULE = "pii.key"
NUMBER_RULE = "pii.number"
NUMBER_REASON = "a number that is not text has the form of personal data; it is not replaced"
KEY_REASON = "a key inside the row holds personal data; neither it nor what stands under it is replaced"


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
    recognizers: str = ""
    """A TOML file with recognisers of your own, each with its examples."""


def detect(dataset: Dataset, config: Config, context: Context) -> Detection:
    """One `replace` finding for each span in any string of the dataset, one flag for each row with such a key."""
    settings = ScanConfig(
        types=tuple(config.types),
        default_region=config.default_region,
        min_score=config.min_score,
        allow=tuple(config.allow),
        recognizers=installed_recognizers() + (load_recognizers(config.recognizers) if config.recognizers else ()),
    )
    tables: list[pa.Table] = []
    counts: Counter[str] = Counter()
    strings_scanned = rows_with_keys = 0
    affected: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for batch in dataset.strings():
        context.check_cancelled()
        spans = scan(batch.texts, settings, names=_names(batch))
        strings_scanned += len(batch.rows)
        keys = _unsafe_keys(batch, settings)
        if keys:
            flagged = sorted({row for key in keys for row in batch.keys[key]})
            tables.append(_flags(dataset, batch.column, flagged, KEY_RULE, KEY_REASON))
            rows_with_keys += len(flagged)
            affected.append(np.asarray(flagged, np.int64))
            spans = spans.take(_without(batch.fields, spans.row, keys))
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
    rows_with_numbers = 0
    for column in dataset.columns:
        context.check_cancelled()
        for field, numbers in sensitive_numbers(dataset, column, settings):
            rows = np.asarray(numbers, np.int64)
            tables.append(_flags(dataset, field, rows.tolist(), NUMBER_RULE, NUMBER_REASON))
            affected.append(rows)
            rows_with_numbers += len(rows)
    context.progress(dataset.n_rows, dataset.n_rows)
    findings = concat_findings(tables) if tables else empty_findings()
    rows_with_pii = len(np.unique(np.concatenate(affected))) if affected else 0
    summary = {
        "strings_scanned": strings_scanned,
        "rows_with_pii": rows_with_pii,
        "spans": sum(counts.values()),
        "by_type": dict(sorted(counts.items())),
    }
    if rows_with_keys:
        summary["rows_with_pii_in_keys"] = rows_with_keys
    if rows_with_numbers:
        summary["numbers_with_pii"] = rows_with_numbers
    return Detection(findings=findings, summary=summary)


def _unsafe_keys(batch: Strings, settings: ScanConfig) -> frozenset[str]:
    """The keys of a batch in which the scanner finds something."""
    if not batch.keys:
        return frozenset()
    keys = list(batch.keys)
    texts = pa.array([key.encode("utf-8", "ignore").decode() for key in keys], pa.large_string())
    return frozenset(keys[i] for i in np.unique(scan(texts, settings).row).tolist())


def _names(batch: Strings) -> str | list[str]:
    """What the texts stand under: the column, or inside nested values the last key."""
    if not batch.keys:
        return batch.column
    last: dict[str, str] = {}
    for field in dict.fromkeys(batch.fields):
        column, path = parse_pointer(field)
        last[field] = next((token for token in reversed(path) if not token.isdigit()), column)
    return [last[field] for field in batch.fields]


def _flags(dataset: Dataset, column: str, rows: list[int], rule: str, reason: str) -> pa.Table:
    return make_findings(
        "pii", dataset.row_ids, row=rows, rule=rule, action="flag", score=1.0, reason=reason, field=column
    )


def _without(fields: list[str], at: npt.NDArray[np.int64], keys: frozenset[str]) -> npt.NDArray[np.int64]:
    """Positions of the spans whose pointer names none of the keys; `at` is the string of each span."""
    safe = {place: keys.isdisjoint(parse_pointer(fields[place])[1]) for place in np.unique(at).tolist()}
    return np.flatnonzero(np.asarray([safe[place] for place in at.tolist()], bool))


STAGE = Stage(name="pii", title=TITLE, version=5, config=Config, detect=detect, on_finding="apply")
