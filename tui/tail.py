"""Files that grow by a line at a time, read as they grow. No widget in here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson


class Tail:
    """The whole lines of a growing JSON Lines file; a line still being written waits for the next look."""

    def __init__(self, path: Path, wanted: str = "kind") -> None:
        """`wanted`: the key that a line must have to count."""
        self.path = path
        self.wanted = wanted
        self._at = 0
        self._file: tuple[int, int] | None = None
        self._events: list[dict[str, Any]] = []

    def read(self) -> list[dict[str, Any]]:
        """Every event so far; starts over when the file is another one."""
        try:
            with self.path.open("rb") as handle:
                status = os.fstat(handle.fileno())
                if (status.st_dev, status.st_ino) != self._file or status.st_size < self._at:
                    self._file, self._at, self._events = (status.st_dev, status.st_ino), 0, []
                handle.seek(self._at)
                fresh = handle.read()
        except OSError:
            self._file, self._at, self._events = None, 0, []
            return []
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            try:
                event = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and self.wanted in event:
                self._events.append(event)
        return self._events
