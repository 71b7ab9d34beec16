"""Several runs of an ablation at once, each in a process of its own with one thread.

Small models gain little from a second thread (a LoRA step of the bundled base is overhead, not arithmetic), but two
runs side by side keep two cores busy. A process takes seconds to start, so short ablations train one run after the other
with every core (`matrix.WORTH_SIDE_BY_SIDE`). Runs are independent and deterministic, so the order in which they end
changes nothing. Not used on a GPU or for bases over `LARGEST_BASE_BYTES`, which a machine may hold only once.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from curate.house import child_environment
from train.ablation.worker import Job

LARGEST_BASE_BYTES = 256 * 2**20
Tell = Callable[[Job, dict[str, Any]], None]


def train_side_by_side(jobs: Sequence[Job], workers: int, tell: Tell) -> set[str]:
    """Run jobs in `workers` processes; returns the keys of those that finished.

    `tell` is called in this thread for each event of each run; when it raises (to cancel), the processes are stopped.
    """
    waiting: queue.Queue[Job] = queue.Queue()
    for job in jobs:
        waiting.put(job)
    events: queue.Queue[tuple[Job, dict[str, Any]] | None] = queue.Queue()
    processes = [_start() for _ in range(min(workers, len(jobs)))]
    threads = [threading.Thread(target=_feed, args=(p, waiting, events), daemon=True) for p in processes]
    finished: set[str] = set()
    try:
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            item = events.get()
            if item is None:
                running -= 1
                continue
            job, event = item
            if event["kind"] == "end" and event["ok"]:
                finished.add(job.key)
            tell(job, event)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return finished


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "train.ablation.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )


def _feed(
    process: subprocess.Popen[bytes],
    waiting: queue.Queue[Job],
    events: queue.Queue[tuple[Job, dict[str, Any]] | None],
) -> None:
    """Give one process job after job and pass its events on; a process that dies ends its feeding."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                break
            events.put((job, {"kind": "begin"}))
            job.send(process.stdin)
            for line in process.stdout:
                event = json.loads(line)
                events.put((job, event))
                if event["kind"] == "end":
                    break
            else:
                break
    except (OSError, ValueError):
        pass  # its run is not among the finished ones, and will be run again by whoever asked
    finally:
        events.put(None)
