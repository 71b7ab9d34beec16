"""Worker processes: jobs side by side, their events in one thread, their questions answered.

Small models gain little from a second thread (a LoRA step of the bundled base is overhead, not arithmetic), but two
runs side by side keep two cores busy. Runs are independent and deterministic, so the order in which they end changes
nothing. Workers stay for the next jobs: loading torch costs seconds, more than a short run. A worker that dies (out of
memory, killed) fails its own job only. Not for a GPU or for bases over `LARGEST_BASE_BYTES`, which a machine may hold
only once.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from curate.house import child_environment
from train.processes.job import FAILED, GO, STOP, Job

LARGEST_BASE_BYTES = 256 * 2**20
Tell = Callable[[Job, dict[str, Any]], None]
GoesOn = Callable[[Job, Mapping[str, Any]], bool]
_Events = queue.Queue["tuple[Job, dict[str, Any], queue.Queue[bytes]] | None"]


class Pool:
    """Processes that train; a context manager, so that none outlives whoever asked."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def run_jobs(self, jobs: Sequence[Job], tell: Tell, goes_on: GoesOn | None = None) -> dict[str, Mapping[str, Any]]:
        """How each job ended, by key: `state` (done, pruned, failed) and `reason`.

        `tell` is called in this thread for each event, `goes_on` for each question; without it every run goes on. When
        one of them raises (to cancel), leaving the context stops the processes.
        """
        waiting: queue.Queue[Job] = queue.Queue()
        for job in jobs:
            waiting.put(job)
        events: _Events = queue.Queue()
        ended: dict[str, Mapping[str, Any]] = {}
        threads = [
            threading.Thread(target=_feed, args=(self._process(i), waiting, events), daemon=True)
            for i in range(min(self.workers, len(jobs)))
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            item = events.get()
            if item is None:
                running -= 1
                continue
            job, event, answer = item
            if event["kind"] == "rung":
                answer.put(GO if goes_on is None or goes_on(job, event) else STOP)
            elif event["kind"] == "end":
                ended[job.key] = event
            tell(job, event)
        left = [job for job in jobs if job.key not in ended]  # every worker died, each with a job of its own
        return {**ended, **self.run_jobs(left, tell, goes_on)} if left else ended

    def _process(self, i: int) -> subprocess.Popen[bytes]:
        """Worker `i`, started where it is not there or has died."""
        while len(self._processes) <= i:
            self._processes.append(_start())
        if self._processes[i].poll() is not None:
            self._processes[i] = _start()
        return self._processes[i]


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "train.processes.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,  # Ctrl-C is for the one that asked
    )


def _feed(process: subprocess.Popen[bytes], waiting: queue.Queue[Job], events: _Events) -> None:
    """Give one process job after job; pass its events on and the answers back."""
    answer: queue.Queue[bytes] = queue.Queue()
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                break
            if not _one(process, job, events, answer):
                events.put((job, _died(process), answer))
                break
    finally:
        events.put(None)


def _one(process: subprocess.Popen[bytes], job: Job, events: _Events, answer: queue.Queue[bytes]) -> bool:
    """One job to its end; False where the process died first."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        events.put((job, {"kind": "begin"}, answer))
        job.send(process.stdin)
        for line in process.stdout:
            event = json.loads(line)
            events.put((job, event, answer))
            if event["kind"] == "rung":
                process.stdin.write(answer.get())
                process.stdin.flush()
            if event["kind"] == "end":
                return True
    except (OSError, ValueError):
        pass
    return False


def _died(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    code = process.wait()
    killed = " (killed: most likely memory ran out)" if code in (-9, 137) else ""
    return {"kind": "end", "state": FAILED, "reason": f"the training process ended with code {code}{killed}"}
