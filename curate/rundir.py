"""A run directory: all that one execution found, decided, wrote and measured.

One writer at a time, by a kernel lock that dies with its owner, so a killed run never blocks the next. Every file is
written beside its place and renamed, so a reader sees the old file or the new one, never half of one. A stage whose
key (input, settings, hints, versions) is in the manifest and whose files are unchanged is not computed again.
"""

from __future__ import annotations

import difflib
import fcntl
import functools
import glob
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from curate.cores import available_cores
from curate.dataset.atomic import atomic_write, atomic_write_bytes, make_private_dir
from curate.dataset.compression import file_hash
from curate.errors import RunError, RunLockedError
from curate.stages.base import Detection

SCHEMA_VERSION = 1
ENGINES = ("pyarrow", "numpy", "numba", "scikit-learn", "scipy", "cleanlab", "fairlearn", "phonenumbers")
RECORDED = (*ENGINES, "polars", "torch", "transformers", "peft")
OWN_FOLDERS = ("findings", "scores", "hints", "train")
REVIEW_FILE = "pii_review.jsonl"
"""What people saw of missed personal data, see `curate.review.residual`."""


def refuse_nothing(path: str | Path) -> None:
    """Raises RunError where a path that reads as one of a run, without a suffix, has nothing at it; `-` is no path."""
    at = Path(path)
    if str(path) == "-" or at.exists() or at.suffix or glob.has_magic(str(path)) or "://" in str(path):
        return
    said = _meant(at) or f"`curate run DATA --out {shlex.quote(str(at))}` makes one"
    raise RunError(f"there is no run and no file at {at}; {said}")


def _meant(path: Path) -> str:
    """A hint at the run of somebody who names its data, leaves out its folder, or slips on the keys; empty for none."""
    made = {p.parent.name: p.parent for folder in (Path("runs"), path.parent) for p in folder.glob("*/manifest.json")}
    close = difflib.get_close_matches(path.name.split(".")[0], made, n=1)
    return f"did you mean {str(made[close[0]])!r}?" if close else ""


class RunDir:
    """A run directory, open for reading; `writing()` takes the lock."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def open(cls, path: str | Path) -> RunDir:
        """An existing run; RunError when there is none."""
        run = cls(path)
        if not run.manifest_path.is_file():
            way = _meant(run.path) or "`curate run` makes one"
            raise RunError(f"{path} is not a run directory (it has no manifest.json); {way}")
        return run

    @property
    def manifest_path(self) -> Path:
        return self.path / "manifest.json"

    @property
    def decisions_path(self) -> Path:
        return self.path / "decisions.jsonl"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the directory as its only writer. Raises RunLockedError at once when another process does."""
        self._refuse_foreign()
        try:
            make_private_dir(self.path)
            self.path.chmod(0o700)
            fd = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            why = f"cannot write the run directory {self.path}: {error.strerror}"
            raise RunError(f"{why}; copy it to where you may write, or name another one") from None
        try:
            try:
                _lock(fd)
            except BlockingIOError:
                owner = os.pread(fd, 64, 0).decode(errors="replace").strip() or "another process"
                raise RunLockedError(
                    f"{self.path} is being written by {owner}; wait for it, or choose another --out"
                ) from None
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"process {os.getpid()} on {platform.node()}".encode(), 0)
            self._sweep()
            yield
            os.ftruncate(fd, 0)
        finally:
            os.close(fd)

    def held(self) -> bool:
        """Whether some process writes here now."""
        try:
            fd = os.open(self.path / ".lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks knows of no writer
            return False
        finally:
            os.close(fd)
        return False

    def manifest(self) -> dict[str, Any]:
        """The manifest, or an empty one for a new run."""
        try:
            raw = orjson.loads(self.manifest_path.read_bytes())
        except FileNotFoundError:
            return {"schema_version": SCHEMA_VERSION, "stages": {}}
        except orjson.JSONDecodeError:
            raise RunError(f"{self.manifest_path} is damaged; remove the run directory and run again") from None
        if raw.get("schema_version") != SCHEMA_VERSION:
            raise RunError(f"{self.path} was written by another version of the format; choose another --out")
        return raw  # type: ignore[no-any-return]

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Replace the manifest in one step."""
        self.write_json("manifest.json", manifest)

    def write_json(self, name: str, value: Any) -> Path:
        """Write a JSON file, keys in the order given, ending in a newline."""
        return self.write_bytes(name, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write a file in one step."""
        path = self.path / name
        atomic_write_bytes(path, content)
        return path

    def write_table(self, name: str, table: pa.Table) -> Path:
        """Write a Parquet file in one step; the same table gives the same bytes."""
        path = self.path / name
        versioned = {b"schema_version": str(SCHEMA_VERSION).encode(), **(table.schema.metadata or {})}
        with atomic_write(path) as handle:
            pq.write_table(table.replace_schema_metadata(versioned), handle, compression="zstd")
        return path

    def read_table(self, name: str) -> pa.Table:
        """Read a Parquet file of this run; RunError says which one is missing or damaged."""
        path = self.path / name
        try:
            with pq.ParquetFile(path) as file:  # `read_table` would import Arrow's datasets, and pandas with them
                return file.read()
        except FileNotFoundError:
            raise RunError(f"{path} is missing; run `curate run` again to make it") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise RunError(f"{path} is damaged ({type(error).__name__}); remove it and run again") from None

    def save_stage(self, name: str, found: Detection) -> dict[str, str]:
        """Write what a stage found; returns the hash of each file written."""
        files = {f"findings/{name}.parquet": found.findings}
        if found.scores is not None:
            files[f"scores/{name}.parquet"] = found.scores
        if found.hints:
            files[f"hints/{name}.parquet"] = pa.table(dict(found.hints))
        return {file: file_hash(self.write_table(file, table)) for file, table in files.items()}

    def load_stage(self, name: str, record: Mapping[str, Any]) -> Detection | None:
        """A stage's result when its files are as the manifest says, else None."""
        for file, recorded in record.get("files", {}).items():
            path = self.path / file
            if not path.is_file() or file_hash(path) != recorded:
                return None
        files = record.get("files", {})
        scores, hints = f"scores/{name}.parquet", f"hints/{name}.parquet"
        hint_table = self.read_table(hints) if hints in files else None
        return Detection(
            findings=self.read_table(f"findings/{name}.parquet"),
            scores=self.read_table(scores) if scores in files else None,
            hints={c: _as_made(hint_table[c].combine_chunks()) for c in hint_table.column_names} if hint_table else {},
            summary=record.get("summary", {}),
        )

    @property
    def foreign(self) -> bool:
        """Whether a file, or a folder that holds other things, stands there: not ours to write into."""
        if not self.path.is_dir():
            return self.path.exists()
        ours = self.manifest_path.exists() or (self.path / ".lock").exists()
        return not ours and any(self.path.iterdir())

    def _refuse_foreign(self) -> None:
        if self.path.is_dir() and self.foreign:
            raise RunError(f"{self.path} is not empty and not a run directory; choose another --out")

    def _sweep(self) -> None:
        """Remove temporary files that a killed writer left, in the places where we write."""
        stale = [*self.path.glob(".*.tmp")]
        stale += [file for folder in OWN_FOLDERS for file in (self.path / folder).rglob(".*.tmp")]
        for file in stale:
            file.unlink(missing_ok=True)

    def __repr__(self) -> str:
        stages = ", ".join(self.manifest().get("stages", {})) or "nothing yet"
        return f"RunDir({str(self.path)!r}: {stages})"


def _as_made(hint: pa.Array) -> Any:
    """A hint as a stage makes it: numbers as numpy arrays. What is read again must not differ from what was just made."""
    numbers = pa.types.is_primitive(hint.type) and not hint.null_count
    return hint.to_numpy(zero_copy_only=False) if numbers else hint


def versions() -> dict[str, str]:
    """Versions of everything that can change a result."""
    out = {"python": platform.python_version(), "curate": curate_version()}
    for name in RECORDED:
        try:
            out[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return out


@functools.cache
def engine_versions() -> tuple[tuple[str, str], ...]:
    """Versions of what the stages compute with: a stage's result is not reused across them."""
    found = versions()
    return tuple((name, found[name]) for name in ("curate", *ENGINES) if name in found)


def curate_version() -> str:
    """Version of this toolkit."""
    try:
        return metadata.version("curate-toolkit")
    except metadata.PackageNotFoundError:
        return "unknown"


def hardware() -> dict[str, Any]:
    """The machine, as far as it explains the seconds in a manifest."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": available_cores(),
        "memory_gib": round(memory / 2**30, 1),
        "byteorder": sys.byteorder,
    }


def _lock(fd: int) -> None:
    """Take the writer's lock. BlockingIOError where it stays taken: who only asks whether it is holds it for a moment."""
    for last in (False, True):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if last:
                raise
            time.sleep(0.02)
