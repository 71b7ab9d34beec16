"""Search one file of a run directory for a person's values: Parquet, text and compressed text, vaults.

Text is read in lines (a line of a report holds what its text holds), blocks of `BLOCK` bytes at a time, so memory does
not grow with the file. JSON lines are searched as they stand; this project writes letters as letters, not as escapes.
Of a table are searched its strings, numbers, dates and times (as year-month-day) and the names of its columns; a name that
holds a value is never repeated, only its place.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.errors import CurateError
from curate.privacy.config import ScanConfig
from curate.privacy.preview import masked_preview
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
    """Rows of a table and names of its columns, or lines of a text, that hold one."""
    where: tuple[str, ...]
    """Columns of a table, masked where their names hold personal data; for a text its first lines, counted from 1."""


@dataclass(frozen=True)
class Unread:
    """A file that was not looked into."""

    file: str
    why: str
    sealed: bool = False
    """Whether it is a vault that was not opened: its key was not given, or is another."""
    failed: bool = False
    """Whether it should have been looked into and could not be; weights and programs' files are no failure."""


def search_file(
    path: Path, name: str, subjects: Sequence[Subject], key: bytes | None = None, masks: ScanConfig | None = None
) -> FileHit | Unread | None:
    """What a file holds: a hit, nothing (None), or why it was not looked into."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
        if head.startswith(_VAULT):
            return _vault(path, name, subjects, key)
        if head.startswith(b"PAR1"):
            return _parquet(path, name, subjects, masks)
        suffix = Path(name.removesuffix(".gz").removesuffix(".zst")).suffix
        if suffix == ".parquet" and head:
            return Unread(name, "it cannot be read (not Parquet)", failed=True)
        if suffix not in TEXT:
            return Unread(name, "binary: weights or another program's file") if head else None
        with path.open("rb") as raw:
            stream: IO[bytes] = raw
            if name.endswith(".gz"):
                stream = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
            elif name.endswith(".zst"):
                stream = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")  # says where a file is cut short
            return _text(stream, name, subjects)
    except (OSError, EOFError, ValueError, OverflowError, zlib.error, pa.ArrowException) as error:
        return Unread(name, f"it cannot be read ({type(error).__name__})", failed=True)


def shown_place(place: str, subjects: Sequence[Subject], masks: ScanConfig | None = None) -> str:
    """A column or pointer for a report: no value that is looked for, no personal data that the scanner knows."""
    pieces, end = [], 0
    for start, stop in sorted(span for subject in subjects for span in subject.places(place)):
        if stop > end:
            pieces += [place[end:start], "[VALUE]"]
            end = stop
    cut = masked_preview("".join([*pieces, place[end:]]), 200, masks)
    spelled = [cut, cut.replace("~1", "/").replace("~0", "~")]  # in words, and a pointer's escapes read
    return "[VALUE]" if len(search(subjects, pa.array(spelled, pa.large_string()))) else cut


def shown_columns(names: Sequence[str], subjects: Sequence[Subject], masks: ScanConfig | None = None) -> list[str]:
    """Names of columns for a report; one that cannot be shown as it is comes with its number, counted from 1."""
    shown = [shown_place(name, subjects, masks) for name in names]
    return [new if new == name else f"{new} (column {n})" for n, (name, new) in enumerate(zip(names, shown), 1)]


def named_after(names: Sequence[str], subjects: Sequence[Subject]) -> list[int]:
    """Positions of the column names that hold a value."""
    return [int(at) for at in search(subjects, pa.array([_encodable(name) for name in names], pa.large_string()))]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()


def _parquet(path: Path, name: str, subjects: Sequence[Subject], masks: ScanConfig | None) -> FileHit | None:
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    shown = shown_columns(names, subjects, masks)
    rows, where, base = set(), [], 0
    for batch in file.iter_batches():
        for column, values in zip(shown, batch.columns):
            texts = as_texts(values)
            if texts is None:
                continue
            found = search(subjects, texts)
            if len(found):
                rows.update((found + base).tolist())
                where.append(column)
        base += batch.num_rows
    called = named_after(names, subjects)
    where += [f"{shown[at]} (its name)" for at in called]
    return FileHit(name, len(rows) + len(called), tuple(dict.fromkeys(where))) if where else None


def as_texts(values: pa.Array) -> pa.Array | None:
    """A column as the texts in which a value is looked for; None where it holds no text, number, date or time."""
    kind, types = values.type, pa.types
    if types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if types.is_string(kind) or types.is_large_string(kind):
        return values
    if types.is_floating(kind):
        return _float_texts(values)
    if types.is_nested(kind):
        return pa.array([None if v is None else _text_of(v) for v in values.to_pylist()], pa.large_string())
    if types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind) or types.is_decimal(kind):
        return values.cast(pa.large_string())
    if types.is_integer(kind) or types.is_string_view(kind):
        return values.cast(pa.large_string())
    return None


def _float_texts(values: pa.Array) -> pa.Array:
    """Floats as a person writes them: whole ones without a fraction or an exponent, none for what is no number."""
    wide = values.cast(pa.float64())
    whole = pc.and_(pc.equal(wide, pc.floor(wide)), pc.less(pc.abs(wide), 2.0**53))
    short = pc.if_else(whole, wide, None).cast(pa.int64()).cast(pa.large_string())
    return pc.if_else(pc.is_finite(wide), pc.coalesce(short, values.cast(pa.large_string())), None)


def _text_of(value: Any) -> str:
    """Every key and value inside a nested value; the comma keeps the digits of two numbers apart."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text_of(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text_of, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


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
        return Unread(name, "a vault; give its key with --key", sealed=True, failed=True)
    from curate.privacy.vault import unseal

    try:
        content = unseal(path.read_bytes(), key, name)
    except CurateError as error:
        return Unread(name, str(error), sealed=True, failed=True)
    try:
        texts = pa.array(_sealed(orjson.loads(content)), pa.large_string())
    except (ValueError, TypeError):
        return Unread(name, "a vault of another kind", failed=True)
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
