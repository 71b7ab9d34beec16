"""A real terminal for tests: a process behind a pseudo-terminal, its screen kept by pyte."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte

KEYS = {"enter": "\r", "escape": "\x1b", "ctrl+q": "\x11", "ctrl+y": "\x19", "down": "\x1b[B", "tab": "\t",
        "ctrl+s": "\x13", "ctrl+o": "\x0f"}  # fmt: skip


class Terminal:
    """Start a Python process in a terminal, press keys, read the screen."""

    def __init__(self, *args: str, cwd: Path, size: tuple[int, int] = (120, 40), env: dict[str, str] | None = None) -> None:
        columns, lines = size
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._master = master
        self.process = subprocess.Popen(
            [sys.executable, *args], stdin=slave, stdout=slave, stderr=slave, cwd=cwd, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor",
                 "COLUMNS": str(columns), "LINES": str(lines), **(env or {})},
        )  # fmt: skip
        os.close(slave)

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.screen.display)

    def read(self, seconds: float = 0.1) -> None:
        """Take in what the process prints."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._master], [], [], left)
            if not ready:
                return
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            self._stream.feed(data)

    def wait(self, text: str, seconds: float = 900.0) -> None:
        """Wait for words on the screen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read()
            if text in self.text():
                return
            if self.process.poll() is not None:
                break
        raise AssertionError(f"never on screen: {text!r}; it shows:\n{self.text()}")

    def press(self, *keys: str) -> None:
        """Press keys by name, or type text."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())
            self.read(0.15)

    def end(self, seconds: float = 120.0) -> int:
        """Wait for the process to end by itself; its exit code."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self.read()
        self.read()
        return self.process.wait(timeout=1)

    def hang_up(self) -> None:
        """Take the terminal away; the process leads a session without a controlling terminal, so nothing tells it."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._master >= 0:
            os.close(self._master)
