"""One command as a process of its own: wall clock, processor seconds and peak memory of it and all its children.

Children that a peer starts through a fork server are not its own to wait for, so everything in the command's session is
followed in `/proc`, ten times a second; processor time of the last tenth of a second of such a child may be missed.
Memory is the largest sum of proportional set sizes seen (pages that processes share count once), and at least the
largest resident size of any one process that the kernel reports. Anonymous memory is what no file stands behind, so that
the system cannot take it back.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.1


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    anonymous_mb: float


class CommandError(RuntimeError):
    """A tool ended with an error; the message holds the end of what it said."""


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end."""
    log = cwd / "log.txt"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with log.open("wb") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command), cwd=cwd, stdout=said, stderr=said, start_new_session=True, env={**os.environ, **(env or {})}
        )
        follower = _Follower(process.pid)
        follower.start()
        code = process.wait()
        wall = time.perf_counter() - started
        follower.stop.set()
        follower.join()
    if code:
        raise CommandError(f"exit {code}: {log.read_bytes()[-2000:].decode(errors='replace')}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = max(follower.peak_kb, follower.largest_kb)
    return Cost(wall, max(waited, sum(follower.cpu.values())), peak / 1e3, follower.anonymous_kb / 1e3)


class _Follower(threading.Thread):
    """Looks at every process of a session until told to stop."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session, self.stop = session, threading.Event()
        self.cpu: dict[int, float] = {}
        self.peak_kb = self.largest_kb = self.anonymous_kb = 0

    def run(self) -> None:
        while not self.stop.wait(_EVERY_S):
            total = anonymous = 0
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    shared, own = self._look(entry)
                    total, anonymous = total + shared, anonymous + own
            self.peak_kb, self.anonymous_kb = max(self.peak_kb, total), max(self.anonymous_kb, anonymous)

    def _look(self, entry: Path) -> tuple[int, int]:
        """(proportional, anonymous) kB of a process of the session."""
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != self.session:
                return 0, 0
            # Not those it waited for: they were seen themselves.
            self.cpu[int(entry.name)] = (int(fields[11]) + int(fields[12])) / _TICK
            high = [line for line in (entry / "status").read_text().splitlines() if line.startswith("VmHWM")]
            self.largest_kb = max(self.largest_kb, *(int(line.split()[1]) for line in high)) if high else self.largest_kb
            rollup = dict(line.split(":", 1) for line in (entry / "smaps_rollup").read_text().splitlines()[1:])
            return int(rollup["Pss"].split()[0]), int(rollup["Anonymous"].split()[0])
        except (OSError, ValueError, KeyError, IndexError):
            return 0, 0  # it has just ended
