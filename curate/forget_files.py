"""Search one file of a run directory for a person's values: Parquet, text and compressed text, vaults.

Text is read in lines (a line of a report holds what its text holds), blocks of `BLOCK` bytes at a time, so memory does
not grow with the file. JSON lines are searched as they stand; this project writes letters as letters, not as escapes.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard

from curate.errors import CurateError
from curate.privacy.subjects import Subject, search

BLOCK = 16 << 20
_MOST = 20
TEXT = (".json", ".jsonl", ".csv", ".tsv", ".html", ".txt", ".md", ".toml", ".log", ".jinja")
_VAULT = b"curate vault"


@dataclass(frozen=True)
class FileHit:
    """A file that holds a value."""

    file: str
    """Path inside the run."""
    hits: int
    """Rows of a table, or lines of a text, that hold one."""
    where: tuple[str, ...]
    """Columns of a table; for a text its first lines, counted from 1."""


@dataclass(frozen=True)
class Unread:
    """A file that was not looked into."""

    file: str
    why: str
    sealed: bool = False
    """Whether it is a vault whose key was not given."""


def search_file(path: Path, name: str, subjects: Sequence[Subject], key: bytes | None = None) -> FileHit | Unread | None:
    """What a file holds: a hit, nothing (None), or why it was not looked into."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
        if head.startswith(_VAULT):
            return _vault(path, name, subjects, key)
        if head.startswith(b"PAR1"):
            return _parquet(path, name, subjects)
        suffix = Path(name.removesuffix(".gz").removesuffix(".zst")).suffix
        if suffix not in TEXT:
            return Unread(name, "binary: weights or another program's file") if head else None
        with path.open("rb") as raw:
            stream: IO[bytes] = raw
            if name.endswith(".gz"):
                stream = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
            elif name.endswith(".zst"):
                stream = zstandard.ZstdDecompressor().stream_reader(raw)
            return _text(stream, name, subjects)
    except (OSError, EOFError, pa.ArrowInvalid, zstandard.ZstdError) as error:
        return Unread(name, f"it cannot be read ({type(error).__name__})")


def _parquet(path: Path, name: str, subjects: Sequence[Subject]) -> FileHit | None:
    file = pq.ParquetFile(path)
    rows, where, base = set(), [], 0
    for batch in file.iter_batches():
        for column, values in zip(batch.schema.names, batch.columns):
            texts = _strings(values)
            if texts is None:
                continue
            found = search(subjects, texts)
            if len(found):
                rows.update((found + base).tolist())
                where.append(column)
        base += batch.num_rows
    return FileHit(name, len(rows), tuple(dict.fromkeys(where))) if rows else None


def _strings(values: pa.Array) -> pa.Array | None:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values
    if pa.types.is_integer(values.type):
        return values.cast(pa.large_string())
    if pa.types.is_nested(values.type):
        return pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.large_string())
    return None


def _text(stream: IO[bytes], name: str, subjects: Sequence[Subject]) -> FileHit | None:
    hits, line = 0, 0
    first: list[str] = []
    for block in _blocks(stream):
        lines = pc.split_pattern(pa.array([block.decode("utf-8", "replace")], pa.large_string()), "\n").flatten()
        found = search(subjects, lines)
        hits += len(found)
        first += [f"line {line + 1 + at}" for at in found[: _MOST - len(first)].tolist()]
        line += len(lines) - 1
    return FileHit(name, hits, tuple(first)) if hits else None


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Whole lines, at least `BLOCK` bytes of them at a time, each block but the last ending in a line break."""
    rest = b""
    while chunk := stream.read(BLOCK):
        whole, cut, tail = (rest + chunk).rpartition(b"\n")
        if cut:
            yield whole + cut
            rest = tail
        else:
            rest = tail
    yield rest


def _vault(path: Path, name: str, subjects: Sequence[Subject], key: bytes | None) -> FileHit | Unread | None:
    if key is None:
        return Unread(name, "a vault; give its key with --key", sealed=True)
    from curate.privacy.vault import unseal

    try:
        content = unseal(path.read_bytes(), key, name)
    except CurateError as error:
        return Unread(name, str(error), sealed=True)
    try:
        texts = pa.array(_sealed(orjson.loads(content)), pa.large_string())
    except orjson.JSONDecodeError:
        return Unread(name, "a vault of another kind")
    hits = len(search(subjects, texts))
    return FileHit(name, hits, ("inside the vault",)) if hits else None


def _sealed(value: Any) -> list[str]:
    """Every string of a vault's contents; whole rows are kept there in base64."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _sealed(item)]
    if isinstance(value, dict):
        rows = value.get("rows")
        whole = rows.values() if isinstance(rows, dict) else ()
        inside = [base64.b64decode(row).decode("utf-8", "replace") for row in whole]
        return inside + [text for key, item in value.items() if key != "rows" for text in _sealed(item)]
    return []
