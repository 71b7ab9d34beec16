"""Open a file: find its format and compression, read its rows, find the roles, set bad rows apart.

The format comes from the name and is checked against the contents. A bad row (broken JSON, invalid UTF-8, a duplicate
key, a missing or wrongly typed role, ...) fails the load, naming lines and reasons, unless `on_bad_row="skip"`; then
it is listed in `Dataset.rejected`. A dataset without rows is an error.
"""

from __future__ import annotations

import gc
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from curate.dataset.ahead import begun, taken
from curate.dataset.arrowfiles import read_arrow
from curate.dataset.aside import LARGE, Bytes
from curate.dataset.compression import hash_file, read_bytes
from curate.dataset.csvfiles import read_csv
from curate.dataset.dataset import Dataset, no_rows
from curate.dataset.detect import detect
from curate.dataset.encodings import conversion
from curate.dataset.formats import INK, format_of, named_format
from curate.dataset.inner import Columns
from curate.dataset.jsonfiles import read_array, read_jsonl, read_object
from curate.dataset.listing import listing, names_many
from curate.dataset.manyfiles import ManyStore, hash_of, read_many
from curate.dataset.parquetfiles import is_parquet, read_parquet
from curate.dataset.perword import word_and_tag
from curate.dataset.records import Parsed
from curate.dataset.require import role_problems
from curate.dataset.savedfolders import is_saved_folder, read_saved_folder
from curate.dataset.types import CONTENT_ROLES, Rejected, Roles, Source, SourceFile, mask
from curate.errors import BadRowsError, ConfigError, DataError, nearest

_SEEN = 10_000
"""Rows that are looked at for what is beyond ASCII."""
_BLANK_BYTES = 4096
"""Larger files are not looked into for being blank before they are read."""


def load(
    path: str | os.PathLike[str],
    *,
    roles: Roles | Mapping[str, str | Sequence[str]] | None = None,
    task: str | None = None,
    id_columns: Sequence[str] = (),
    on_bad_row: Literal["fail", "skip"] = "fail",
) -> Dataset:
    """Read a JSONL, JSON, CSV, TSV, Parquet or Arrow (Feather) file, plain or compressed by gzip or zstd, a folder that
    Hugging Face `datasets` saved, or the files of one format that a pattern (`data/*.jsonl`) or a folder names.

    `roles` and `task` overrule what detection finds. Row ids are taken over the content roles, or over `id_columns`.
    Raises DataError for an input that cannot be read or has no rows, ConfigError for a role or column that is missing.
    """
    if on_bad_row not in ("fail", "skip"):
        raise ConfigError(f"on_bad_row is 'fail' or 'skip', not {on_bad_row!r}")
    file = Path(path)
    kind, parsed, compression, input_hash, size, files = read_rows(path)
    store, rejected = parsed.store, list(parsed.rejected)
    if store.n_rows == 0:
        if rejected and on_bad_row == "fail":
            raise _bad_rows(file, kind, rejected, 0, store)
        raise no_rows(file, f"all {len(rejected):,} rows were rejected, the first for: {rejected[0].reason}" if rejected
                      else "the file holds none")  # fmt: skip
    bad = _bad_rows(file, kind, rejected, store.n_rows, store) if rejected and on_bad_row == "fail" else None
    names = store.names
    if not names:
        raise bad or no_rows(file, "its rows have no columns")
    for name in id_columns:
        if name not in names:
            raise ConfigError(f"id_columns names the column {name!r}, which the data lacks; {nearest(name, names)}")
    columns = Columns(names, store.column)
    tagged = None if bad or _reads(roles) else word_and_tag(names, columns)
    if tagged:
        raise ConfigError(
            f"{file}: each row holds one word ({tagged[0]!r}) and its tag ({tagged[1]!r}), so that every word that comes "
            "again would be a copy. Write a row a sentence, its words and tags as two lists, or read the rows as they "
            f"stand with --role {shlex.quote(f'text={tagged[0]}')}."
        )
    try:
        detected = detect(names, columns, roles=roles, task=task)
        problems = role_problems(detected, columns, store.n_rows, file)
    except (ConfigError, DataError):
        if bad:  # of which the rest may come
            raise bad from None
        raise
    inside = {name: columns.inside[name] for _, named in detected.roles.items() for name in named if name in columns.inside}
    if problems:
        lines = store.lines
        late = [
            Rejected(int(lines[row]), reason, mask(store.start_of(row)), _file_of(store, row))
            for row, reason in sorted(problems.items())
        ]
        rejected = sorted([*rejected, *late], key=lambda bad: (bad.file, bad.line))
        good = np.setdiff1d(np.arange(store.n_rows), np.fromiter(problems, np.int64))
        if on_bad_row == "fail":
            raise _bad_rows(file, kind, rejected, len(good), store)
        if not len(good):
            raise no_rows(file, f"all {len(rejected):,} rows were rejected, the first for: {rejected[0].reason}")
        store, inside = store.take(good, {}), {}
    if bad:
        raise bad
    source = Source(str(path), size, input_hash, kind, compression, store.n_rows, len(rejected), files)
    return Dataset(store, detected, source, rejected, id_columns, inside, parsed.notes)


def _reads(roles: Roles | Mapping[str, str | Sequence[str]] | None) -> bool:
    """Whether somebody said which columns are content."""
    return bool(roles) and any(name for role, name in dict(roles.items() if roles else ()).items() if role in CONTENT_ROLES)


def read_rows(
    path: str | os.PathLike[str],
) -> tuple[str, Parsed, str, str, int, tuple[SourceFile, ...]]:
    """(format, rows, compression, hash, size, files where there are several) of what a path names, before anybody asks
    what the columns mean."""
    file = Path(path)
    if names_many(path):
        found = listing(path)
        large = sum(member.stat().st_size for member in found.files() if member.is_file()) >= LARGE
        kind, parsed, files = read_many(found, lambda member: _read_member(member, large=large))
        packed = {each.compression for each in files}
        compression = packed.pop() if len(packed) == 1 else "mixed"
        return kind, parsed, compression, hash_of(files), sum(each.size_bytes for each in files), files
    kind, parsed, compression, input_hash, size = taken(file) or read_file(file)
    return kind, parsed, compression, input_hash, size, ()


def _file_of(store: Any, row: int) -> str:
    return str(store.file_of(row)) if isinstance(store, ManyStore) else ""


def _read_member(file: Path, *, large: bool) -> tuple[str, Parsed, str, str, int]:
    """One of several files; a blank one among others is no error, and has no format."""
    if not file.is_file():
        raise DataError(f"{file}: is a broken link or no regular file. Remove it, or name the data files by a pattern.")
    if file.stat().st_size <= _BLANK_BYTES and named_format(file) not in ("parquet", "arrow", "feather"):
        data, compression, digest = read_bytes(file)
        if not INK.search(data):
            return "", read_jsonl(data), compression, digest, file.stat().st_size
    return read_file(file, large=large)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Parsing makes millions of objects and no cycles: looking for cycles would take longer than parsing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_file(file: Path, *, large: bool = False) -> tuple[str, Parsed, str, str, int]:
    """(format, rows, compression, hash, size) of a file; its bytes are let go here, before the roles are looked for.

    `large` says that it is one of many that are large together (see `aside`).
    """
    try:
        if file.is_dir():
            if is_saved_folder(file):
                parsed, digest, size = read_saved_folder(file)
                return "arrow", parsed, "none", digest, size
            raise DataError(
                f"{file}: is a directory, not a file, and no dataset that `datasets` saved. Name one data file in it."
            )
        size = file.stat().st_size
        if is_parquet(file):
            format_of(file, b"PAR1")
            hashed = begun(hash_file, file)
            return "parquet", read_parquet(file, large=large), "none", hashed.result(), size
        data, compression, digest = read_bytes(file, large=large)
    except FileNotFoundError:
        raise DataError(f"{file}: no such file{_similar(file)}") from None
    except PermissionError:
        raise DataError(f"{file}: permission denied; the file cannot be read by this user.") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {(error.strerror or type(error).__name__).lower()}.") from None
    with _without_collector():
        kind, parsed = _parse(file, data)
    return kind, parsed, compression, digest, size


def _similar(file: Path) -> str:
    try:
        names = [entry.name for entry in file.parent.iterdir()]
    except OSError:
        return "; its directory does not exist either." if not file.parent.exists() else "."
    hint = nearest(file.name, names)
    return f"; {hint}" if hint.startswith("did you mean") else "."


def _parse(file: Path, data: Bytes) -> tuple[str, Parsed]:
    """(format, rows) of decompressed bytes."""
    if not INK.search(data):
        raise no_rows(file, "it holds only blank lines" if data[:4].strip(b"\xef\xbb\xbf") else "the file is empty")
    kind = format_of(file, data)
    if kind == "jsonl":
        return kind, read_jsonl(data)
    if kind in ("arrow", "feather"):
        return kind, read_arrow(file, data)
    data = data[:]
    if kind == "parquet":
        return kind, read_parquet(file, data)
    if kind == "json":
        return kind, read_array(data, file)
    if kind == "object":
        return read_object(data, file)
    return kind, read_csv(data, file, tabs=kind == "tsv")


def _bad_rows(file: Path, kind: str, rejected: Sequence[Rejected], good: int, store: Any) -> BadRowsError:
    total = good + len(rejected)
    shown = "; ".join(f"{bad.place(kind)}: {bad.reason}" for bad in rejected[:3])
    more = f"; and {len(rejected) - 3:,} more" if len(rejected) > 3 else ""
    rows = "row" if len(rejected) == 1 else "rows"
    # Where every complaint is of the encoding, the rows are sound and the file is not UTF-8.
    encoding = all("invalid UTF-8" in bad.reason for bad in rejected)
    mend = f"Mend the {rows}"
    if encoding:
        mend = conversion(file, mixed=_beyond_ascii(store) > len(rejected)).rstrip(".")
    return BadRowsError(
        f"{file}: {len(rejected):,} of {total:,} {'row' if total == 1 else 'rows'} cannot be used ({shown}{more}). "
        f'{mend}, or leave them out with --on-bad-row skip (on_bad_row = "skip" in a recipe); rejected.jsonl then lists '
        "them."
    )


def _beyond_ascii(store: Any) -> float:
    """About how many rows of a store hold text beyond ASCII."""
    seen = min(store.n_rows, _SEEN)
    found = sum(not store.raw(row).isascii() for row in range(seen))
    return float(found * store.n_rows / max(1, seen))
