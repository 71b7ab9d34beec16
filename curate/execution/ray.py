"""The tasks on a Ray cluster.

Ray schedules, retries and spreads; records travel by files (`shuffle`), so nothing large passes through its object
store and a task that is lost with its worker or node is simply run again. With the environment variable RAY_ADDRESS
(as Ray reads it: `auto`, `host:port`) the cluster there is used; without it a Ray of this run's own is started on this
machine and stopped afterwards, without dashboard and without usage reports.

What a cluster must have: this version of Curate with the same engine libraries on every node, and the run directory
under the same path on every node. Both are checked on every node before any work.

Method of keeping users' files apart: Ray puts the driver's working directory first on its workers' module path, where
a `train.py` beside the data would shadow a package of ours. Tasks are found by package name, and a worker takes that
directory off its path before it does anything else.
"""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import ConfigError, RunError
from curate.execution.edges import Task, distributed_edges
from curate.execution.job import ShuffleConfig, engine_versions
from curate.execution.steps import Counts
from curate.house import HOME, need
from curate.parallel import Progress, no_progress
from curate.similarity.near import Edges, NearConfig

RETRIES = 5
TASKS_A_CORE = 4
OBJECT_STORE_BYTES = 128 << 20
PROBE = "probe"
CONNECT_SECONDS = 10


class RayExecution:
    """Near-duplicate edges by tasks of a Ray cluster, connected to when it is first needed."""

    def __init__(self, folder: Path, shuffle: ShuffleConfig | None = None) -> None:
        need("ray", "ray")
        self.folder = folder
        self.shuffle = shuffle
        self._started = self._ready = False
        self._set: list[str] = []
        self._session: str | None = None

    def near_duplicate_edges(
        self,
        texts: pa.Array | pa.ChunkedArray,
        config: NearConfig | None = None,
        progress: Progress = no_progress,
        threads: int = 1,
        group: NDArray[np.int64] | None = None,
    ) -> Edges:
        """As `curate.similarity.near_duplicate_edges`; `threads` is the cluster's business here."""
        self._connect(threads)
        return distributed_edges(texts, config or NearConfig(), self.run, self.folder, self.shuffle, progress, group)

    def run(self, task: Task, folder: str, numbers: Sequence[int], tell: Callable[[int], None]) -> list[Counts]:
        """Run a task for every number, a few for each core at a time; what a lost worker was doing is done again."""
        import ray

        remote = ray.remote(in_worker).options(
            num_cpus=1, max_retries=RETRIES, retry_exceptions=[OSError], scheduling_strategy="SPREAD", name=task.__name__
        )
        limit = TASKS_A_CORE * max(1, int(ray.cluster_resources().get("CPU", 1)))
        results: dict[int, Counts] = {}
        waiting: dict[Any, int] = {}
        left = iter(numbers)
        try:
            while len(results) < len(numbers):
                while len(waiting) < limit and (number := next(left, None)) is not None:
                    waiting[remote.remote(task.__module__, task.__name__, folder, number, str(Path.cwd()))] = number
                for done in ray.wait(list(waiting), num_returns=1, timeout=1.0)[0]:
                    results[waiting.pop(done)] = _result(done)
                tell(len(results))
        except BaseException:
            for reference in waiting:
                ray.cancel(reference, force=True)
            raise
        return [results[number] for number in numbers]

    def clean(self) -> None:
        """Remove all records; those of work that an error ended are of use to the next run until then."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Leave the cluster; one that was started here is stopped."""
        if self._started:
            import ray

            ray.shutdown()
        if self._session is not None:
            shutil.rmtree(self._session, ignore_errors=True)
            self._session = None
        for name in self._set:
            os.environ.pop(name, None)
        self._started = self._ready = False

    def _connect(self, threads: int) -> None:
        if self._ready:
            return
        address = os.environ.get("RAY_ADDRESS")
        self._set_environment({} if address else _own_token())
        import ray

        if not ray.is_initialized():
            options: dict[str, Any] = {"configure_logging": False, "log_to_driver": False}
            if not address:
                # Sockets lie below it, whose paths may have no more than 107 characters, so TMPDIR is not asked.
                self._session = tempfile.mkdtemp(prefix="curate-ray-", dir="/tmp")
                options |= {
                    "_temp_dir": self._session,
                    "include_dashboard": False,
                    "num_cpus": max(1, threads),
                    "object_store_memory": OBJECT_STORE_BYTES,
                    "_node_ip_address": "127.0.0.1",
                }
            else:
                _answers(address)
            try:
                ray.init(address=address or "local", **options)
            except (OSError, RuntimeError, ValueError) as error:
                where = f"at {address} (RAY_ADDRESS)" if address else "on this machine"
                raise ConfigError(f"no Ray cluster can be used {where}: {type(error).__name__}") from None
            self._started = True
        self._check_nodes()
        self._ready = True

    def _set_environment(self, more: dict[str, str]) -> None:
        """What Ray reads when it starts: no usage reports, and `more` where the user has said nothing."""
        for name, value in {"RAY_USAGE_STATS_ENABLED": "0", **more}.items():
            if name not in os.environ:
                os.environ[name] = value
                self._set.append(name)

    def _check_nodes(self) -> None:
        """Every node sees the run directory and has the same engines; ConfigError names the one that does not."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as OnNode

        from curate.dataset.atomic import atomic_write_bytes

        probe = self.folder.resolve() / PROBE
        atomic_write_bytes(probe, b"")
        mine = engine_versions()
        for node in ray.nodes():
            if not node["Alive"] or not node["Resources"].get("CPU"):
                continue
            ask = ray.remote(look_around).options(num_cpus=1, scheduling_strategy=OnNode(node["NodeID"], soft=False))
            sees, theirs = _result(ask.remote(str(probe), str(Path.cwd())))
            name = node["NodeManagerHostname"]
            if not sees:
                raise ConfigError(
                    f"the Ray node {name} does not see {self.folder}; give an --out on storage that every node has "
                    f"under the same path"
                )
            for package, version in mine.items():
                if theirs.get(package) != version:
                    raise ConfigError(
                        f"the Ray node {name} has {package} {theirs.get(package, 'missing')}, this process has "
                        f"{version}; install the same versions on every node, or results could differ"
                    )


def _answers(address: str) -> None:
    """Raise ConfigError where nobody listens: Ray itself would try for minutes."""
    if "://" in address:
        raise ConfigError("RAY_ADDRESS names a Ray client server; run on a node of the cluster, with host:port or auto")
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return  # `auto`: Ray finds the cluster of this machine, or says at once that there is none
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except OSError:
        raise ConfigError(f"no Ray cluster answers at {address} (RAY_ADDRESS); start one, or unset the variable") from None


def in_worker(module: str, name: str, folder: str, number: int, drivers_folder: str) -> Counts:
    """Run a task of ours in a worker."""
    _leave_out(drivers_folder)
    import importlib

    return getattr(importlib.import_module(module), name)(folder, number)  # type: ignore[no-any-return]


def look_around(path: str, drivers_folder: str) -> tuple[bool, dict[str, str]]:
    """Whether this node sees a file, and its versions."""
    _leave_out(drivers_folder)
    return Path(path).is_file(), engine_versions()


@functools.cache
def _own_token() -> dict[str, str]:
    """A Ray of our own takes orders from this process alone, and leaves no token in the user's home."""
    if "RAY_AUTH_MODE" in os.environ:
        return {}
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _leave_out(drivers_folder: str) -> None:
    """Take the driver's working directory off the module path, unless this toolkit lives there."""
    if Path(drivers_folder).resolve() != HOME:
        sys.path[:] = [p for p in sys.path if p != drivers_folder]


def _result(reference: Any) -> Any:
    """What a task returned; errors inside it as they were raised, RunError where its workers were lost time and again."""
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else error from None
    except RayError as error:
        raise RunError(
            f"the Ray cluster lost a task {RETRIES + 1} times ({type(error).__name__}); its nodes may be short of memory. "
            f"What was finished is kept: run again, and it goes on from there"
        ) from None
