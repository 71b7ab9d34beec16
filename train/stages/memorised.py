"""Memorised stretches as findings: what models of this data recite and no detector marked, for a person to judge.

`curate ablate RUN --beyond memory` trains models on the raw rows and keeps the places that they learnt by heart beyond what
is usual (`train/beyond/memorised.jsonl` of the run: row ids, fields, offsets and nats; no text). This stage makes a
`replace` finding of each that still fits: the row is found by its id, and the place must lie inside its field. They wait
for review: many are rare sentences, not personal data. Accepting one redacts it, like any finding of the privacy stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import xxhash

from curate.dataset import Dataset
from curate.errors import ConfigError, DataError, StageSkipped
from curate.ledger.findings import make_findings
from curate.stages.base import Context, Detection, Stage

NAME = "memorised"
RULE = "recited"
REASON = "a model of this data knows this stretch by heart, and no detector marked it"
PLACEHOLDER = "[REDACTED]"
_SURE_NATS, _HIGHEST = 40.0, 0.85
"""Nats from which a stretch gets the highest score, which stays below what is applied without a person."""


@dataclass(frozen=True)
class MemorisedConfig:
    """Where the places are that models recite."""

    places: str = ""
    """The file `train/beyond/memorised.jsonl` of a run that measured memory; a relative path is taken from the recipe."""

    def located(self, folder: Path) -> MemorisedConfig:
        """The same with an absolute path."""
        given = Path(self.places)
        if not self.places or given.is_absolute():
            return self
        return replace(self, places=str((given if given.exists() else folder / given).resolve()))


def depends_on(config: MemorisedConfig) -> Mapping[str, str]:
    """The hash of the places."""
    path = Path(config.places)
    return {"places": xxhash.xxh3_128_hexdigest(path.read_bytes())} if config.places and path.is_file() else {}


def detect(dataset: Dataset, config: MemorisedConfig, context: Context) -> Detection:
    """One finding for each place that is still there."""
    if not config.places:
        raise StageSkipped("the recipe names no file of memorised places; `curate ablate RUN --beyond memory` writes one")
    wanted = _read(Path(config.places))
    position = {value: i for i, value in enumerate(dataset.row_ids.to_pylist())}
    by_place: dict[tuple[int, str], list[dict[str, Any]]] = {}
    lost = 0
    for line in wanted:
        row = position.get(line["row_id"])
        if row is None:
            lost += 1
        else:
            by_place.setdefault((row, line["field"]), []).append(line)
    rows: list[int] = []
    columns: dict[str, list[Any]] = {"field": [], "start": [], "end": [], "score": [], "evidence": []}
    for batch in dataset.strings():
        context.check_cancelled()
        for i, (row, field) in enumerate(zip(np.asarray(batch.rows).tolist(), batch.fields, strict=True)):
            for line in by_place.get((row, field), ()):
                if not 0 <= line["start"] < line["end"] <= len(batch.texts[i].as_py() or ""):
                    lost += 1
                    continue
                rows.append(row)
                for name in ("field", "start", "end"):
                    columns[name].append(line[name])
                columns["score"].append(min(_HIGHEST, max(0.05, line["nats"] / _SURE_NATS)))
                columns["evidence"].append(orjson.dumps({"nats": line["nats"]}).decode())
    findings = make_findings(
        NAME, dataset.row_ids, row=np.array(rows, np.int64), rule=RULE, action="replace", reason=REASON,
        replacement=PLACEHOLDER, **columns,
    )  # fmt: skip
    return Detection(findings, summary={"places": len(wanted), "found_here": len(rows), "no_longer_here": lost})


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(f"[stages.{NAME}] places: {path} cannot be read: {error.strerror}") from None
    out = []
    for number, line in enumerate(lines, 1):
        try:
            read = orjson.loads(line)
            place = {"row_id": bytes.fromhex(read["row_id"]), "field": str(read["field"]), "nats": float(read["nats"])}
            out.append({**place, "start": int(read["start"]), "end": int(read["end"])})
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path}, line {number}: it names no place (row_id, field, start, end, nats)") from None
    return out


STAGE = Stage(
    name=NAME,
    title="Memorised stretches",
    version=1,
    config=MemorisedConfig,
    detect=detect,
    on_finding="review",
    depends_on=depends_on,
    optional=True,
)
