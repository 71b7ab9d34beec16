"""A dataset that was read before: known by its record at once, its rows read when somebody first looks at them.

Task, roles and reasons follow from the bytes of a file and from what was asked for. Where a record holds them, and the
file still hashes to what the record says, nothing has to be found again: a run of a million rows opens in the time that
hashing its input takes, and its rows come when a screen or an engine asks for one.

Cost: xxh3-128 over the file (several gigabytes a second from memory); later, once, what decoding the rows takes. Finding
roles again would take as long as all of that three times over: it counts the distinct values of every column.

A record with rejected rows is not used, nor one of data that is no file: `load` reads those as at first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from curate.dataset.compression import hash_file
from curate.dataset.dataset import Dataset
from curate.dataset.detect import Detected, Guess
from curate.dataset.listing import listing
from curate.dataset.load import read_rows
from curate.dataset.manyfiles import hash_of
from curate.dataset.types import Roles, Source, SourceFile
from curate.errors import DataError


def known_again(
    path: str | os.PathLike[str], record: Mapping[str, Any], id_columns: Sequence[str] = ()
) -> Dataset | None:
    """The dataset that a manifest (`input`, `task`, `roles`, `role_reasons`) tells of; None where it cannot vouch for what
    stands at `path` now, and the file has to be looked at as at first."""
    try:
        told = dict(record["input"])
        files = tuple(SourceFile(**file) for file in told.pop("files", ()))
        source = Source(**{**told, "path": str(path)}, files=files)
        guesses = [
            Guess(g["what"], tuple(g["value"]), g["reason"], tuple(g["alternatives"]), g["given"])
            for g in record["role_reasons"]
        ]
        found = Detected(record["task"], Roles.of(dict(record["roles"])), tuple(guesses))
    except (KeyError, TypeError, ValueError):
        return None
    if source.rejected or source.rows < 1 or _hash_now(Path(path), files) != source.input_hash:
        return None

    def read() -> Any:
        _, parsed, _, digest, _, _ = read_rows(path)
        store = parsed.store
        if digest != source.input_hash or store.n_rows != source.rows:
            raise DataError(f"{path}: is not what it was when this run was opened; put it back, or open the run again")
        return store

    return Dataset(read, found, source, (), id_columns)


def _hash_now(path: Path, files: Sequence[SourceFile]) -> str | None:
    """What the data at a path hashes to; None where it is not the file, or the files, that were read."""
    try:
        if not files:
            return hash_file(path) if path.is_file() else None
        here = listing(path)
        if list(here.names) != [file.path for file in files]:
            return None
        return hash_of([replace(file, input_hash=hash_file(at)) for file, at in zip(files, here.files(), strict=True)])
    except (OSError, DataError):
        return None

