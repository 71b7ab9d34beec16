"""Reading a journal that grows: only what was appended since the last look is parsed.

A review of months with bulk decisions is megabytes long, and it is looked at after every key. Cost: one `stat`, and the
bytes that are new. A journal that has shrunk or was replaced is read from its start.
"""

from __future__ import annotations

import os
from pathlib import Path

from curate.ledger.decisions import Decision, Journal, read_journal, read_lines


class JournalFollower:
    """The journal of one run, as of the last call of `read`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._decisions: list[Decision] = []
        self._at = 0
        self._lines = 0
        self._file: tuple[int, int] | None = None

    def read(self) -> Journal:
        """All decisions so far. Raises DataError for a line that is none."""
        try:
            with self.path.open("rb") as handle:
                status = os.fstat(handle.fileno())
                if (status.st_dev, status.st_ino) != self._file or status.st_size < self._at:
                    self._decisions, self._at, self._lines = [], 0, 0
                    self._file = (status.st_dev, status.st_ino)
                handle.seek(self._at)
                fresh = handle.read()
        except FileNotFoundError:
            self._decisions, self._at, self._lines, self._file = [], 0, 0, None
            return Journal()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        if len(whole) < len(fresh):  # a last line without its end: torn, or by an editor that leaves newlines out
            return read_journal(self.path)
        self._decisions += read_lines(self.path, whole.split(b"\n")[:-1], self._lines)
        self._at += len(whole)
        self._lines += whole.count(b"\n")
        return Journal(tuple(self._decisions))
