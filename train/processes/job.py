"""One training run as a message: a length (8 bytes, little-endian) and that many bytes of pickle.

Pickle goes through the pipe between a process and the one that it started, never to or from a disk. What comes back are
lines of JSON, one an event, each with the job's key: `begin` (of the pool), `step`, `alert`, `rung` (a question: one byte
answers it, go on or stop) and at last `end` with `state` and, where it failed, `reason`.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from train.config import TrainConfig
from train.examples import Examples

GO, STOP = b"g", b"s"
DONE, PRUNED, FAILED = "done", "pruned", "failed"
_HEAD = 8


@dataclass(frozen=True)
class Job:
    """Everything `train_adapter` needs for one run."""

    key: str
    examples: Examples
    evaluation: Examples | None
    config: TrainConfig
    directory: Path
    labels: tuple[str, ...] | None
    canonical: Mapping[str, str] = field(default_factory=dict)
    validation: Examples | None = None
    asks: bool = False
    """Whether it asks at each evaluation while training if it shall go on."""
    states: Mapping[bytes, np.ndarray] = field(default_factory=dict, repr=False)
    """The base's states of its rows, where the asker knows them: see `Workbench`."""
    watched: bool = True
    """Whether watchdogs look on and every step is told; otherwise nobody does and about twenty steps are."""

    def send(self, to: IO[bytes]) -> None:
        """Write the job where a worker reads it."""
        body = pickle.dumps(self)
        to.write(len(body).to_bytes(_HEAD, "little") + body)
        to.flush()


def received(given: IO[bytes]) -> Job | None:
    """The next job that was sent; None where there is none any more."""
    head = given.read(_HEAD)
    if len(head) < _HEAD:
        return None
    job: Job = pickle.loads(given.read(int.from_bytes(head, "little")))
    return job
