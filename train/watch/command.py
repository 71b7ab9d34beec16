"""A user's command for each alert: `on_alert = "notify-send 'training'"`.

The command is split as a shell would and run without one, so nothing in an alert can be taken for a command; the alert
comes as one JSON object on standard input. It runs beside the training, one at a time, with its output thrown away. It
is given `TIMEOUT_SECONDS`, then it and its children are ended; time in which the machine stood still, and we with it, is
not counted. Whatever it does, training goes on: exit codes, and what was not run, are written to `done.json`. Notes run no
command.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from typing import Any

from curate.errors import ConfigError
from train.watch.alert import NOTE, Alert

TIMEOUT_SECONDS = 10.0
_SLICE_SECONDS = 0.25


def split_command(command: str) -> list[str]:
    """The words of a command; raises `ConfigError` where it cannot be split or its program is not there."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"on_alert cannot be read as a command ({error}); close every quote") from error
    if words and shutil.which(words[0]) is None:
        raise ConfigError(f"on_alert names the program {words[0]!r}, which is not on PATH or cannot be run")
    return words


class AlertCommand:
    """Runs the command in a thread of its own."""

    def __init__(self, command: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.words = split_command(command)
        self.timeout = timeout_seconds
        self.outcomes: list[dict[str, Any]] = []
        self._waiting: queue.SimpleQueue[Alert | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def tell(self, alert: Alert) -> None:
        """Run the command for an alert, soon."""
        if not self.words or alert.severity == NOTE:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="on_alert", daemon=True)
            self._thread.start()
        self._waiting.put(alert)

    def close(self) -> list[dict[str, Any]]:
        """Wait for what is under way, a little longer than one command may take; the outcomes, of what is left too."""
        if self._thread is None:
            return []
        self._waiting.put(None)
        self._thread.join(2 * self.timeout)
        left = []
        if self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                while (alert := self._waiting.get_nowait()) is not None:
                    left.append({"kind": alert.kind, "step": alert.step, "failed": "not run before the training ended"})
            self._waiting.put(None)
            self._thread.join(2 * self.timeout)  # for the one that is under way
        return [*self.outcomes, *left]

    def _work(self) -> None:
        while (alert := self._waiting.get()) is not None:
            outcome: dict[str, Any] = {"kind": alert.kind, "step": alert.step}
            try:
                outcome["exit_code"] = self._run(alert)
            except subprocess.TimeoutExpired:
                outcome["failed"] = f"not finished after {self.timeout:g} s"
            except OSError as error:
                outcome["failed"] = type(error).__name__
            self.outcomes.append(outcome)

    def _run(self, alert: Alert) -> int:
        with tempfile.TemporaryFile() as told:  # no pipe, which a command that does not read would stop up
            told.write(json.dumps(alert.to_json()).encode())
            told.seek(0)
            process = subprocess.Popen(
                self.words, stdin=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
        left = self.timeout
        while True:  # in slices, each of which counts for its own length however long the machine took
            try:
                return process.wait(timeout=min(left, _SLICE_SECONDS))
            except subprocess.TimeoutExpired:
                left -= _SLICE_SECONDS
                if left <= 0:
                    with contextlib.suppress(AttributeError, ProcessLookupError, PermissionError):  # none on Windows
                        os.killpg(process.pid, signal.SIGKILL)
                    process.kill()
                    process.wait()
                    raise
