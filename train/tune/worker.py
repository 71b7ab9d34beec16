"""One process that trains trials: `python -m train.tune.worker`, jobs in on stdin, events out on stdout.

A process of its own, so that Ctrl-C reaches only the one that asked, so that several trials can run at once, and so that
one that runs out of memory takes no other with it. Framing as in `train.ablation.worker`: a length (8 bytes,
little-endian) and that many bytes of pickle from the process that started this one, never from a disk. At each rung the
worker tells what the validation rows say and waits for one byte: go on, or end the trial. It ends with its asker.
"""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from curate.dataset.atomic import make_private_dir
from curate.errors import CurateError
from train.config import TrainConfig
from train.examples import Examples

if TYPE_CHECKING:
    from train.lora import Workbench

GO, STOP = b"g", b"s"
STEPS_TOLD = 20
"""A trial tells its step about so many times."""


@dataclass(frozen=True)
class Job:
    """One training run: a trial, or one side of the last comparison (which has an evaluation and no rungs)."""

    key: str
    examples: Examples
    validation: Examples | None
    config: TrainConfig
    directory: Path
    labels: tuple[str, ...] | None
    evaluation: Examples | None = None
    canonical: Mapping[str, str] | None = None
    asks: bool = True
    """Whether it asks at each rung if it shall go on."""

    def send(self, to: IO[bytes]) -> None:
        """Write the job where a worker reads it."""
        body = pickle.dumps(self)
        to.write(len(body).to_bytes(8, "little") + body)
        to.flush()


class Pruned(CurateError):  # noqa: N818 - an outcome, not a failure
    """The study ends this trial early."""


_benches: dict[TrainConfig, Workbench] = {}
_held: dict[Path, int] = {}


def main() -> None:
    """Work until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the asker decides when to stop
    out, given = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stdin.buffer
    os.dup2(2, 1)  # what a library prints must not be read as an event
    while head := given.read(8):
        job: Job = pickle.loads(given.read(int.from_bytes(head, "little")))
        _run(job, out, given)


def _run(job: Job, out: IO[str], given: IO[bytes]) -> None:
    from train.lora import open_workbench, train_adapter
    from train.stream import read_metrics

    def tell(event: Mapping[str, Any]) -> None:
        out.write(json.dumps({**event, "key": job.key}) + "\n")
        out.flush()

    seen = 0  # a trial that goes on tells its rungs again: the study may have been killed before it heard of them

    def step(event: dict[str, Any]) -> None:
        nonlocal seen
        if event["kind"] != "step":
            return
        every = max(1, event["steps"] // STEPS_TOLD)
        if event["step"] % every == 0 or event["step"] == event["steps"]:
            tell(event)
        if job.asks and event["step"] % max(1, job.config.evaluate_every_steps) == 0:
            measured = [line for line in read_metrics(job.directory / "metrics.jsonl") if "validation" in line]
            while seen < len(measured) and event["step"] < event["steps"]:
                seen += 1
                tell({"kind": "rung", "rung": seen, **best_so_far(measured[:seen])})
                if given.read(1) != GO:
                    raise Pruned("ended early by the study")

    try:
        shared = job.config.replace(seed=0, steps=1, epochs=0.0)
        if shared not in _benches:
            _benches.clear()  # trials of other settings encode alike or not at all: one set of encoded rows is enough
            _benches[shared] = open_workbench(job.config)
        _wait_for_folder(job.directory)
        train_adapter(
            job.examples,
            job.config,
            job.directory,
            labels=job.labels,
            evaluation=job.evaluation,
            validation=job.validation,
            canonical=job.canonical,
            workbench=_benches[shared],
            progress=step,
            watch=False,
        )
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Pruned:
        tell({"kind": "end", "state": "pruned"})
    except CurateError as error:
        tell({"kind": "end", "state": "failed", "reason": str(error)})
    except Exception as error:  # its message may hold data
        tell({"kind": "end", "state": "failed", "reason": f"{type(error).__name__} inside the trainer"})
    else:
        tell({"kind": "end", "state": "done"})


def _wait_for_folder(directory: Path) -> None:
    """Hold a trial's folder until this process ends: a worker whose asker was killed may still be in it for a moment."""
    make_private_dir(directory)
    if directory not in _held:
        _held[directory] = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(_held[directory], fcntl.LOCK_EX)


def best_so_far(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Step, loss and metric of the evaluation with the least loss: the adapter that early stopping keeps."""
    best = min(measured, key=lambda line: float(line["validation"]["loss"]))
    found: dict[str, Any] = {"step": best["step"], "loss": float(best["validation"]["loss"])}
    metrics = (float(v) for k, v in best["validation"].items() if k not in ("loss", "rise", "rise_se"))
    found["metric"] = next(metrics, found["loss"])
    return found


if __name__ == "__main__":
    main()
