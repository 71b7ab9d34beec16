"""Predictions to score: a scan of the texts now, or the findings of an earlier run."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.pii_eval.gold import Gold
from audit.pii_eval.score import Prediction
from curate.errors import DataError
from curate.privacy import ScanConfig, scan


def predict(gold: Gold, config: ScanConfig) -> list[Prediction]:
    """What the scanner finds in the texts, all types of the configuration."""
    spans = scan(pa.array(gold.texts, pa.large_string()), config)
    return [
        Prediction(*place)
        for place in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())
    ]


def from_findings(gold: Gold, path: str | Path) -> list[Prediction]:
    """Spans that a run found, names that it only flagged among them, by its directory or its `findings/pii.parquet`.

    Row n of the run must be text n of the gold set, and the texts must stand in one column.
    """
    place = Path(path)
    file = place / "findings" / "pii.parquet" if place.is_dir() else place
    try:
        table = pq.read_table(file, columns=["row", "rule", "action", "field", "start", "end"])
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise DataError(f"{file}: no findings of the stage pii: {type(error).__name__}") from error
    rows = [r for r in table.to_pylist() if r["start"] is not None and r["row"] is not None]
    fields = sorted({str(r["field"]) for r in rows})
    if len(fields) > 1:
        raise DataError(
            f"{file}: findings lie in {len(fields)} columns ({', '.join(fields[:5])}); "
            "gold offsets are those of one text a row"
        )
    out = []
    for r in rows:
        if r["row"] >= len(gold.texts) or r["end"] > len(gold.texts[r["row"]]):
            raise DataError(
                f"{file}: a finding in row {r['row']} lies outside the gold texts; was the run made of this data?"
            )
        out.append(Prediction(r["row"], r["start"], r["end"], str(r["rule"]).removeprefix("pii.").upper()))
    return sorted(out)
