"""Stage `erasure`: rows that must not be used any more, by id, from a list that `curate forget --drop-list` wrote.

A row's id is a hash of the fields that its roles name, so a list outlives re-ordering, appending and added metadata, and
names a row again in next month's file; it holds no personal data. A row whose content was edited has another id: ask
`curate forget` again after a change. The file has one id in hex a line; blank lines and lines that begin with # are left
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import make_findings
from curate.stages.base import Context, Detection, Stage

TITLE = "Erasure"
RULE = "asked_to_forget"
REASON = "A person asked that their data is forgotten, and this row is on the list."


@dataclass(frozen=True)
class Config:
    """Rows to leave out because a person asked to be forgotten."""

    rows: str = ""
    """A file of row ids, one in hex a line, as `curate forget --drop-list` writes it."""

    def located(self, folder: Path) -> Config:
        """The same with an absolute path; a relative one that does not exist here is taken from `folder`."""
        path = Path(self.rows)
        if not self.rows or path.is_absolute() or path.exists():
            return self
        return replace(self, rows=str((folder / path).resolve()))


def read_list(path: str | Path) -> list[bytes]:
    """The ids of a drop list; ConfigError names the line of anything else."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"there is no drop list at {path}; `curate forget … --drop-list FILE` writes one") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"the drop list {path} cannot be read") from None
    out = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            row_id = bytes.fromhex(line.strip())
        except ValueError:
            row_id = b""
        if len(row_id) != 16:
            raise ConfigError(f"{path}: line {number} is not a row id (32 hexadecimal digits)")
        out.append(row_id)
    return out


def detect(dataset: Dataset, config: Config, context: Context) -> Detection:
    """One `drop` finding for each row on the list."""
    if not config.rows:
        raise StageSkipped("no drop list is named; set rows under [stages.erasure]")
    listed = read_list(config.rows)
    here = pc.is_in(dataset.row_ids.cast(pa.binary(16)), value_set=pa.array(listed, pa.binary(16)))
    rows = np.flatnonzero(here.to_numpy(zero_copy_only=False))
    findings = make_findings(
        "erasure", dataset.row_ids, row=rows, rule=RULE, action="drop", score=1.0, reason=REASON
    )
    context.progress(dataset.n_rows, dataset.n_rows)
    return Detection(findings=findings, summary={"listed": len(set(listed)), "rows": len(rows)})


def _depends_on(config: Config) -> Mapping[str, str]:
    return {"rows": xxhash.xxh3_128_hexdigest(b"".join(sorted(read_list(config.rows))))} if config.rows else {}


STAGE = Stage(
    name="erasure", title=TITLE, version=1, config=Config, detect=detect, on_finding="apply", depends_on=_depends_on,
    concern="erasure",
)
