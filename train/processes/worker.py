"""One process that trains: `python -m train.processes.worker`, jobs in on stdin, events out on stdout (`job`).

It ends with its asker: at the end of stdin, or where nobody reads its events any more. Tokenizer and encoded rows stay for
the next job of the same settings, whatever its seed, length and rows a step. While it trains it holds its run's folder,
since a worker whose asker was killed may still be in it for a moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from curate.dataset.atomic import make_private_dir
from curate.errors import CurateError
from curate.house import claim_process
from train.config import TrainConfig
from train.processes.job import DONE, FAILED, GO, PRUNED, Job, received

if TYPE_CHECKING:
    from train.lora import Workbench

STEPS_TOLD = 20


class Pruned(CurateError):  # noqa: N818 - an outcome, not a failure
    """Whoever asked ends this run early."""


_benches: dict[TrainConfig, Workbench] = {}


def main() -> None:
    """Work until stdin ends."""
    claim_process()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the asker decides when to stop
    out, given = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stdin.buffer
    os.dup2(2, 1)  # what a library prints must not be read as an event
    while (job := received(given)) is not None:
        _run(job, out, given)


def _run(job: Job, out: IO[str], given: IO[bytes]) -> None:
    from train.lora import open_workbench, train_adapter
    from train.stream import read_metrics

    def tell(event: Mapping[str, Any]) -> None:
        out.write(json.dumps({**event, "key": job.key}) + "\n")
        out.flush()

    seen = 0  # a run that goes on tells its rungs again: the asker may have been killed before it heard of them

    def step(event: dict[str, Any]) -> None:
        nonlocal seen
        if event["kind"] != "step":
            tell(event)
            return
        every = 1 if job.watched else max(1, event["steps"] // STEPS_TOLD)
        if event["step"] % every == 0 or event["step"] == event["steps"]:
            tell(event)
        if job.asks and event["step"] % max(1, job.config.evaluate_every_steps) == 0:
            measured = [line for line in read_metrics(job.directory / "metrics.jsonl") if "validation" in line]
            while seen < len(measured) and event["step"] < event["steps"]:
                seen += 1
                tell({"kind": "rung", "rung": seen, **best_so_far(measured[:seen])})
                if given.read(1) != GO:
                    raise Pruned("ended early by whoever asked")

    try:
        shared = shared_settings(job.config)
        if shared not in _benches:
            _benches.clear()  # runs of other settings encode alike or not at all: one set of encoded rows is enough
            _benches[shared] = open_workbench(job.config)
        _benches[shared].states.clear()
        _benches[shared].states.update(job.states)
        with _held(job.directory):
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
                watch=job.watched,
                leaks_apart=True,
            )
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Pruned:
        tell({"kind": "end", "state": PRUNED})
    except CurateError as error:
        tell({"kind": "end", "state": FAILED, "reason": str(error)})
    except Exception as error:  # its message may hold data
        tell({"kind": "end", "state": FAILED, "reason": f"{type(error).__name__} inside the trainer"})
    else:
        tell({"kind": "end", "state": DONE})


def shared_settings(config: TrainConfig) -> TrainConfig:
    """What two jobs must have in common to share a workbench: all but what no row is encoded by."""
    return config.replace(seed=0, steps=1, epochs=0.0, batch_rows=config.gradient_accumulation_batches)


@contextlib.contextmanager
def _held(directory: Path) -> Iterator[None]:
    """Hold a run's folder; waits for who holds it."""
    make_private_dir(directory)
    handle = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def best_so_far(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Step, loss and metric of the evaluation with the least loss: the adapter that early stopping keeps."""
    best = min(measured, key=lambda line: float(line["validation"]["loss"]))
    found: dict[str, Any] = {"step": best["step"], "loss": float(best["validation"]["loss"])}
    metrics = (float(v) for k, v in best["validation"].items() if k not in ("loss", "rise", "rise_se"))
    found["metric"] = next(metrics, found["loss"])
    return found


if __name__ == "__main__":
    main()
