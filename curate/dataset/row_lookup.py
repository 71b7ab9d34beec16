"""Which row a person means: by number, by row id, by file and line, or by what stands in a column of their own."""

from __future__ import annotations

import re

import numpy as np
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.types import CONTENT_ROLES
from curate.errors import ConfigError, nearest
from curate.safetext import safe_text

WAYS = "give its number (from 0), its row id, FILE:LINE, or COLUMN=VALUE"
_SHOWN = 19
"""Digits of a number that can be one of a row or a line."""
_AS_SHOWN = re.compile(r"([^=]*:)?(\d{1,3}(?:,\d{3})+)")
"""A number as reports and the gate print it, alone or behind a file."""
_ROW_ID = re.compile(r"[0-9a-fA-F]{32}")


def row_named(dataset: Dataset, which: str) -> int:
    """The row that `which` names. ConfigError where no row fits, or more than one.

    A number is a 0-based row, 32 hex digits a row id, `data.jsonl:17` a line of a file, `id=t-17` a value of a column;
    anything else a value that one row alone holds in a column without content (an id of the user's own).
    """
    if shown := _AS_SHOWN.fullmatch(which):
        which = (shown[1] or "") + shown[2].replace(",", "")
    if which.isascii() and which.isdigit():
        if len(which) <= len(str(dataset.n_rows)) and int(which) < dataset.n_rows:
            return int(which)
        raise ConfigError(
            f"there is no row {which[:_SHOWN]}; rows are numbered 0 to {dataset.n_rows - 1} (COLUMN={which[:_SHOWN]} looks "
            "in a column of yours)"
        )
    if _ROW_ID.fullmatch(which):
        ids = dataset.row_ids.to_pylist()
        if bytes.fromhex(which) in ids:
            return int(ids.index(bytes.fromhex(which)))
        raise ConfigError(f"no row has the id {which}")
    column, equals, value = which.partition("=")
    if equals and column in dataset.columns:
        found = _holding(dataset, column, value)
        if not found:
            raise ConfigError(f"no row has {safe_text(value)!r} in its column {safe_text(column)!r}")
        return _only(found, which)
    file, colon, line = which.rpartition(":")
    if colon and line.isascii() and line.isdigit() and len(line) < _SHOWN:
        tail = f"/{file.removeprefix('./')}" if file else ""
        at = np.flatnonzero(dataset.lines == int(line)).tolist()
        found = [row for row in at if f"/{dataset.place(row)[0]}".endswith(tail)]
        for bad in dataset.rejected if not found else ():
            if bad.line == int(line) and f"/{bad.file or dataset.source.path}".endswith(tail):
                raise ConfigError(f"{bad.place(dataset.source.format)} could not be read, and is no row: {bad.reason}")
        return _only(found or _around(dataset, int(line), tail), which)
    content = {name for role in CONTENT_ROLES for name in getattr(dataset.roles, role)}
    holding = {row for name in dataset.columns if name not in content for row in _holding(dataset, name, which)}
    if equals and not holding and column.isidentifier():
        raise ConfigError(f"the data has no column {safe_text(column)!r}; {safe_text(nearest(column, dataset.columns))}")
    return _only(sorted(holding), which)


def _around(dataset: Dataset, line: int, tail: str) -> list[int]:
    """Rows that begin above a line and go on to it: records of JSON written over several lines, cells with line ends."""
    if dataset.source.format not in ("json", "csv", "tsv"):
        return []
    above: dict[str, int] = {}
    for row in reversed(np.flatnonzero(dataset.lines < line).tolist()):
        file = dataset.place(row)[0]
        if f"/{file}".endswith(tail):
            above.setdefault(file, row)
        if not dataset.source.files:
            break
    return [row for row in above.values() if dataset.lines[row] + (dataset.raw_row(row) or b"").count(b"\n") >= line]


def _holding(dataset: Dataset, column: str, value: str) -> list[int]:
    """Rows whose cell in a column reads so."""
    value = value.encode(errors="ignore").decode()  # what no text can hold, a terminal can
    return np.flatnonzero(pc.equal(dataset.texts(column), value).fill_null(False)).tolist()


def _only(rows: list[int], which: str) -> int:
    if len(rows) == 1:
        return rows[0]
    many = f"{len(rows):,} rows are" if rows else "there is no row"
    some = f" (rows {', '.join(map(str, rows[:5]))}{', …' if len(rows) > 5 else ''})" if rows else ""
    raise ConfigError(f"{many} {safe_text(which)!r}{some}; {WAYS}")
