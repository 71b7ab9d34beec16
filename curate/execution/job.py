"""What every task of one distributed comparison must know, kept in a file beside the records.

A job is a folder: `job.json` with the settings and the bounds of the blocks of rows, and one sub-folder for each kind
of record. It is named by a hash of the texts, the settings and the versions, so a job that was interrupted is found
again, and one about other data is not.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from curate.dataset.atomic import atomic_write_bytes
from curate.similarity.near import NearConfig

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ShuffleConfig:
    """How rows are cut into tasks. The result does not depend on it."""

    block_bytes: int = 64 << 20
    """Text bytes of a block of rows, unless there would be more than `most_blocks`; larger blocks then."""
    most_blocks: int = 1024
    """Most blocks of rows: each reads a segment of every other's file, so their number counts twice."""
    partition_rows: int = 1 << 24
    """Rows a partition of one band's keys is meant for; 12 bytes each on disk, about 60 while it is sorted."""
    group_rows: int = 1 << 18
    """Rows of crowded buckets that one task compares; rows joined by a chain of crowded buckets stay together."""

    def __post_init__(self) -> None:
        if min(dataclasses.astuple(self)) < 1:
            raise ValueError("sizes must be at least 1")


@dataclass(frozen=True)
class Job:
    """One comparison of all rows: where its records lie, how it is cut."""

    folder: Path
    bounds: NDArray[np.int64]
    """Block i holds rows `bounds[i]:bounds[i + 1]`."""
    partitions: int
    """Partitions of a band's keys; a power of two."""
    group_rows: int
    near: NearConfig

    @property
    def blocks(self) -> range:
        """Numbers of the blocks."""
        return range(len(self.bounds) - 1)

    @property
    def segments(self) -> range:
        """Numbers of the partitions of all bands."""
        return range(self.near.layout.bands * self.partitions)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.bounds[-1])

    def block_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The block that holds each row."""
        return np.searchsorted(self.bounds, rows, side="right") - 1

    def part_of(self, keys: NDArray[np.uint64] | NDArray[np.uint32]) -> NDArray[np.int64]:
        """The partition of each key: its leading bits, because keys are well mixed."""
        if self.partitions == 1:
            return np.zeros(len(keys), np.int64)
        return (keys >> keys.dtype.type(8 * keys.itemsize - self.partitions.bit_length() + 1)).astype(np.int64)

    def save(self) -> None:
        """Write `job.json`."""
        what = {
            "schema_version": SCHEMA_VERSION,
            "bounds": self.bounds.tolist(),
            "partitions": self.partitions,
            "group_rows": self.group_rows,
            "near": dataclasses.asdict(self.near),
        }
        atomic_write_bytes(self.folder / "job.json", orjson.dumps(what))


@functools.lru_cache(maxsize=4)
def load_job(folder: str) -> Job:
    """The job of a folder; its file never changes, so a worker reads it once."""
    raw = orjson.loads((Path(folder) / "job.json").read_bytes())
    bounds = np.array(raw["bounds"], np.int64)
    return Job(Path(folder), bounds, raw["partitions"], raw["group_rows"], NearConfig(**raw["near"]))


def engine_versions() -> dict[str, str]:
    """Versions of everything that a result can depend on."""
    found = {"python": sys.version.split()[0]}
    for package in ("curate-toolkit", "numpy", "numba", "pyarrow"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
