"""Worker processes of a study: jobs side by side, their events in one thread, their questions answered.

`run_jobs` returns when every job has ended, in whatever order they did; what a study makes of them is told afterwards in
the order of their numbers, so a study is the same however fast each worker was. Workers stay for the next jobs: loading
torch costs more than a short trial. A worker that dies (out of memory, killed) fails its own job only.
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
from train.tune.worker import GO, STOP, Job

Tell = Callable[[Job, Mapping[str, Any]], None]
GoesOn = Callable[[Job, Mapping[str, Any]], bool]


class Pool:
    """Processes that train; a context manager, so that none outlives its study."""

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

    def run_jobs(self, jobs: Sequence[Job], tell: Tell, goes_on: GoesOn) -> dict[str, Mapping[str, Any]]:
        """How each job ended, by key: `state` (done, pruned, failed) and `reason`.

        `tell` is called in this thread for each event, `goes_on` for each rung.
        """
        waiting: queue.Queue[Job] = queue.Queue()
        for job in jobs:
            waiting.put(job)
        events: queue.Queue[tuple[Job, Mapping[str, Any], queue.Queue[bytes]] | None] = queue.Queue()
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
                answer.put(GO if goes_on(job, event) else STOP)
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
        [sys.executable, "-P", "-m", "train.tune.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,  # Ctrl-C is for the study: it ends after the trials that run
    )


def _feed(process: subprocess.Popen[bytes], waiting: queue.Queue[Job], events: queue.Queue[Any]) -> None:
    """Give one process job after job; pass its events on and the answers back."""
    assert process.stdin is not None
    assert process.stdout is not None
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


def _one(process: subprocess.Popen[bytes], job: Job, events: queue.Queue[Any], answer: queue.Queue[bytes]) -> bool:
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
    return {"kind": "end", "state": "failed", "reason": f"the training process ended with code {code}{killed}"}
