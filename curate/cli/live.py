"""The one line of a terminal that is written over while work goes on, and what shows that it does.

Work that tells nothing for a while (a kernel that compiles, a model that is scored) would look like work that hangs, so
a line that has stood for two seconds is written again with its age, once a second.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import click

SILENT_SECONDS = 2.0
WIDTH = 100
CLEAR = "\r\x1b[2K"


class LiveLine:
    """Shows one line; `end` takes it away."""

    def __init__(self, quiet: bool = False) -> None:
        self.on = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.text = ""
        self._since = 0.0
        self._lock = threading.Lock()
        self._clock: threading.Thread | None = None

    def show(self, text: str) -> None:
        """Put a line in place of the one before, on a terminal."""
        if not self.on:
            return
        with self._lock:
            if text != self.text:
                self.text, self._since = text, time.monotonic()
            self._write(text)
            if self._clock is None:
                _SHOWN.append(self)
                self._clock = threading.Thread(target=self._tick, name="live line", daemon=True)
                self._clock.start()

    def end(self) -> None:
        """Take the line away, so that others can be written."""
        with self._lock:
            if self.text:
                click.echo(CLEAR, nl=False, err=True)
            self.text = ""

    def _tick(self) -> None:
        while True:
            time.sleep(1.0)
            with self._lock:
                age = time.monotonic() - self._since
                if self.text and age >= SILENT_SECONDS:
                    self._write(self.text, f"  {age:.0f} s")

    def _write(self, text: str, age: str = "") -> None:
        click.echo(f"{CLEAR}{text[: WIDTH - len(age)]}{age}", nl=False, err=True)


_SHOWN: list[LiveLine] = []


def end_all() -> None:
    """Nothing is written over any more: what follows are last words."""
    for line in _SHOWN:
        line.end()
