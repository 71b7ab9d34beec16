"""An index on disk: a folder of immutable segments and a manifest that names them.

    manifest.json              what makes the index comparable, and each segment with its size and hash
    segments/<hash>.arrow      items (Arrow IPC file, uncompressed), named by xxh3-128 of its bytes

A writer holds the folder's lock (a kernel lock, which dies with its owner). It writes a segment under a temporary
name, flushes it to the disk, renames it, and replaces the manifest last, in the same way. Killed before that, it
leaves the old index and files that no manifest names; the next writer removes them. Readers take no lock: what a
manifest names is never changed, and is removed by nobody.
Cost: opening reads every byte once, to check the hashes (about 3 GB/s).
Does not: remove items, or compact segments; merge into a new index instead.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import xxhash

from curate.errors import DataError
from curate.similarity.index.items import SCHEMA, IndexConfig, Items, engine_check

FORMAT = "curate similarity index"
VERSION = 1
MANIFEST = "manifest.json"
SEGMENTS = "segments"
AGAIN = "build the index again with `curate index build`"


@dataclass(frozen=True)
class IndexInfo:
    """What an index holds, without reading its segments."""

    items: int
    size_bytes: int
    segments: tuple[dict[str, Any], ...]
    """name, items, bytes and sources (file name: items) of each."""
    config: IndexConfig
    digest: str
    """Hash of the manifest, and so of everything."""

    @property
    def sources(self) -> dict[str, int]:
        """Items by file name; a file that was added in two versions counts both."""
        out: dict[str, int] = {}
        for segment in self.segments:
            for name, items in segment["sources"].items():
                out[name] = out.get(name, 0) + items
        return dict(sorted(out.items()))


def is_index(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder with a manifest, which may still turn out to be another kind of folder's."""
    return (Path(path) / MANIFEST).is_file()


class Index:
    """An index, open for reading; every change goes through `create`, `add` and `merge`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the manifest. DataError: no index, another version, other kernels, or a damaged manifest."""
        self.path = Path(path)
        self._manifest = _read_manifest(self.path)
        self.config = IndexConfig(**self._manifest["config"])

    @classmethod
    def create(cls, path: str | os.PathLike[str], config: IndexConfig | None = None) -> Index:
        """An empty index in a new or empty folder."""
        folder = Path(path)
        if (folder / MANIFEST).exists():
            raise DataError(f"{folder}: there is an index already; `curate index add` adds to it")
        if folder.exists() and (not folder.is_dir() or any(f.name not in (".lock", SEGMENTS) for f in folder.iterdir())):
            raise DataError(f"{folder}: is not empty and not an index; choose another place")
        with _writing(folder):
            _write_manifest(folder, config or IndexConfig(), [])
        return cls(folder)

    def info(self) -> IndexInfo:
        """What the manifest says."""
        segments = tuple(self._manifest["segments"])
        items, size = sum(s["items"] for s in segments), sum(s["bytes"] for s in segments)
        digest = xxhash.xxh3_128_hexdigest(orjson.dumps(self._manifest, option=orjson.OPT_SORT_KEYS))
        return IndexInfo(items, size, segments, self.config, digest)

    def items(self) -> Items:
        """All items. DataError where a segment is missing or not what was written."""
        return Items.of([self._segment(s) for s in self._manifest["segments"]], self.config)

    def add(self, items: Items) -> bool:
        """Add items as a segment; False where the very same ones are there already."""
        if items.config != self.config:
            raise DataError(f"{self.path}: was made with other settings than what is to be added; {AGAIN}")
        return self._write([_Segment.of(items)])

    def merge(self, others: Sequence[Index]) -> int:
        """Add the segments of other indexes; returns how many were new."""
        before = len(self._manifest["segments"])
        for other in others:
            if other.config != self.config:
                raise DataError(f"{other.path}: was made with other settings than {self.path}; {AGAIN}")
            for record in other._manifest["segments"]:
                other._segment(record)  # checked before it is copied
        self._write([_Segment.copied(o.path, record) for o in others for record in o._manifest["segments"]])
        return len(self._manifest["segments"]) - before

    def _write(self, segments: Sequence[_Segment]) -> bool:
        with _writing(self.path):
            manifest = _read_manifest(self.path)  # another writer may have been here since
            known = {s["name"]: s for s in manifest["segments"]}
            _sweep(self.path, set(known))
            for segment in segments:
                if segment.record["name"] not in known:
                    _put(self.path / SEGMENTS / segment.record["name"], segment.data())
                    known[segment.record["name"]] = segment.record
            grown = len(known) > len(manifest["segments"])
            if grown:
                _write_manifest(self.path, self.config, [known[name] for name in sorted(known)])
            self._manifest = _read_manifest(self.path)
        return grown

    def _segment(self, record: dict[str, Any]) -> pa.Table:
        path = self.path / SEGMENTS / record["name"]
        data = _checked_bytes(path, record)
        try:
            table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
        except pa.ArrowInvalid:
            table = None
        if table is None or not table.schema.equals(SCHEMA) or table.num_rows != record["items"]:
            raise DataError(f"{path}: is not a segment of this index; {AGAIN}")
        return table

    def __repr__(self) -> str:
        info = self.info()
        return f"Index({str(self.path)!r}: {info.items:,} items of {', '.join(info.sources) or 'nothing yet'})"


@dataclass(frozen=True)
class _Segment:
    """A segment to be written: its record, and where its bytes come from."""

    record: dict[str, Any]
    origin: bytes | Path

    @classmethod
    def of(cls, items: Items) -> _Segment:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, SCHEMA) as writer:
            writer.write_table(items.table.combine_chunks())
        data = sink.getvalue().to_pybytes()
        counts = items.table["source"].value_counts().to_pylist()
        record = {
            "name": f"{xxhash.xxh3_128_hexdigest(data)}.arrow",
            "items": len(items),
            "bytes": len(data),
            "sources": dict(sorted((c["values"], c["counts"]) for c in counts)),
        }
        return cls(record, data)

    @classmethod
    def copied(cls, folder: Path, record: dict[str, Any]) -> _Segment:
        return cls(record, folder / SEGMENTS / record["name"])

    def data(self) -> bytes | memoryview:
        return self.origin if isinstance(self.origin, bytes) else _checked_bytes(self.origin, self.record)


def _checked_bytes(path: Path, record: dict[str, Any]) -> memoryview:
    try:
        data = memoryview(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path}: is missing from its index; {AGAIN}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    if len(data) != record["bytes"] or f"{xxhash.xxh3_128_hexdigest(data)}.arrow" != record["name"]:
        raise DataError(f"{path}: is damaged, its contents are not what was written; {AGAIN}")
    return data


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder}: is not an index (it has no {MANIFEST}); `curate index build` makes one") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    try:
        manifest = orjson.loads(raw)
        body = {k: v for k, v in manifest.items() if k != "checksum"}
        whole = manifest["checksum"] == _checksum(body) and manifest["format"] == FORMAT
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        manifest, whole = None, False
    if isinstance(manifest, dict) and manifest.get("format") == FORMAT and manifest.get("version") != VERSION:
        raise DataError(
            f"{folder}: is an index of version {manifest.get('version')}; this is version {VERSION}; {AGAIN}"
        )
    if not whole or not isinstance(manifest, dict):
        raise DataError(f"{path}: is damaged, or not the manifest of an index; {AGAIN}")
    if manifest["engine"] != engine_check(IndexConfig(**manifest["config"])):
        raise DataError(f"{folder}: was made by an engine that hashes texts differently from this one; {AGAIN}")
    return manifest


def _write_manifest(folder: Path, config: IndexConfig, segments: list[dict[str, Any]]) -> None:
    body = {
        "format": FORMAT,
        "version": VERSION,
        "engine": engine_check(config),
        "config": asdict(config),
        "segments": segments,
    }
    _put(folder / MANIFEST, orjson.dumps({**body, "checksum": _checksum(body)}, option=orjson.OPT_INDENT_2) + b"\n")


def _checksum(body: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Hold the folder as its only writer; DataError at once when another process does."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / SEGMENTS).mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {(error.strerror or type(error).__name__).lower()}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{folder}: another process is writing this index; wait for it") from None
        yield
    finally:
        os.close(descriptor)


def _put(path: Path, data: bytes | memoryview) -> None:
    """Write a file whole: temporary name, flushed to the disk, renamed, and the folder flushed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written: {(error.strerror or type(error).__name__).lower()}") from None


def _sweep(folder: Path, known: set[str]) -> None:
    """Remove what a killed writer left: temporary files, and segments that no manifest came to name."""
    for file in [*folder.glob(".*.tmp"), *(folder / SEGMENTS).glob(".*.tmp"), *(folder / SEGMENTS).glob("*.arrow")]:
        if file.name not in known:
            file.unlink(missing_ok=True)
