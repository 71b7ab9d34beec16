"""What an execution offers, and the one that uses this process alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import ConfigError
from curate.house import need
from curate.parallel import Progress, no_progress
from curate.similarity.near import Edges, NearConfig, near_duplicate_edges


class Execution(Protocol):
    """Where the costly part of a stage runs. Its results do not depend on it."""

    def near_duplicate_edges(
        self,
        texts: pa.Array | pa.ChunkedArray,
        config: NearConfig | None = None,
        progress: Progress = no_progress,
        threads: int = 1,
        group: NDArray[np.int64] | None = None,
    ) -> Edges:
        """As `curate.similarity.near_duplicate_edges`."""
        ...


class LocalExecution:
    """Threads of this process."""

    def near_duplicate_edges(
        self,
        texts: pa.Array | pa.ChunkedArray,
        config: NearConfig | None = None,
        progress: Progress = no_progress,
        threads: int = 1,
        group: NDArray[np.int64] | None = None,
    ) -> Edges:
        """As `curate.similarity.near_duplicate_edges`."""
        return near_duplicate_edges(texts, config, progress, threads, group=group)


LOCAL: Execution = LocalExecution()


def engine_present(engine: str) -> None:
    """Raise MissingExtraError now, not after the data is read, when an engine's packages are missing."""
    if engine == "ray":
        need("ray", "ray")


@contextmanager
def open_execution(engine: str, folder: Path) -> Iterator[Execution]:
    """The execution of that name; `folder` is where its tasks keep records, removed unless an error ends the work.

    Raises MissingExtraError when its packages are missing, ConfigError when its cluster cannot be used.
    """
    if engine == "local":
        yield LOCAL
        shutil.rmtree(folder, ignore_errors=True)  # what a run on a cluster left when it was stopped: copies of the text
        return
    if engine != "ray":
        raise ConfigError(f"there is no engine {engine!r}; known: local, ray")
    engine_present(engine)
    from curate.execution.ray import RayExecution

    execution = RayExecution(folder)
    try:
        yield execution
        execution.clean()
    finally:
        execution.close()
