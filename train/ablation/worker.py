"""One training process of an ablation: `python -m train.ablation.worker`, jobs in on stdin, events out on stdout.

A job is a length (8 bytes, little-endian) and that many bytes of pickle, which never touch a disk and come only from
the process that started this one. Each run leaves its directory as `train_adapter` always does, so the process that
asked finds it finished. The end of stdin ends the worker; so does the death of whoever reads its events.
"""

from __future__ import annotations

import json
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from train.config import TrainConfig
from train.examples import Examples

if TYPE_CHECKING:
    from train.lora import Workbench


@dataclass(frozen=True)
class Job:
    """One run: everything `train_adapter` needs."""

    key: str
    examples: Examples
    evaluation: Examples
    config: TrainConfig
    directory: Path
    labels: tuple[str, ...] | None
    canonical: dict[str, str]

    def send(self, to: IO[bytes]) -> None:
        """Write the job where a worker reads it."""
        body = pickle.dumps(self)
        to.write(len(body).to_bytes(8, "little") + body)
        to.flush()


_benches: dict[TrainConfig, Workbench] = {}
"""The tokenizer and the encoded rows, by configuration less what differs between runs: arms share most of their rows."""


def main() -> None:
    """Work until stdin ends."""
    out = sys.stdout
    sys.stdout = sys.stderr  # what a library prints must not be read as an event
    while head := sys.stdin.buffer.read(8):
        job: Job = pickle.loads(sys.stdin.buffer.read(int.from_bytes(head, "little")))
        _run(job, out)


def _run(job: Job, out: IO[str]) -> None:
    from train.lora import open_workbench, train_adapter

    def tell(event: dict[str, Any]) -> None:
        out.write(json.dumps({**event, "key": job.key}) + "\n")
        out.flush()

    try:
        shared = job.config.replace(seed=0, steps=1)
        if shared not in _benches:
            _benches[shared] = open_workbench(job.config)
        train_adapter(
            job.examples,
            job.config,
            job.directory,
            labels=job.labels,
            evaluation=job.evaluation,
            canonical=job.canonical,
            workbench=_benches[shared],
            progress=tell,
            leaks_apart=True,
        )
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Exception as error:
        # The asking process runs it again itself and so meets, and reports, the error in full.
        tell({"kind": "end", "ok": False, "error": type(error).__name__})
    else:
        tell({"kind": "end", "ok": True})


if __name__ == "__main__":
    main()
