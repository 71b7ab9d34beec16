"""Appending to JSON-lines files that people's words are kept in: all of it is on disk afterwards, or none of it.

The file is locked while it grows, so several writers never interleave inside a line. A tail that a crash cut short is cut
off first, so that it cannot swallow the next line; one that only lacks its line break (a file edited by hand) is whole.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import orjson

_BLOCK = 65_536


def append_lines(path: Path, payload: bytes) -> None:
    """Append whole lines, each with its line break, and return when they are on disk.

    OSError where they cannot all be written (a full disk, a quota): the file then holds what it held before.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        size = os.fstat(fd).st_size
        end = _end_of_last_line(fd, size)
        tail = os.pread(fd, size - end, end)
        lead = b""
        if is_json(tail):
            end, lead = size, b"\n"
        os.ftruncate(fd, end)
        try:
            _write_all(fd, lead + payload, end)
            os.fsync(fd)
        except OSError:  # what fitted in must not be in force, since nobody is told that it is
            os.ftruncate(fd, end)
            raise
    finally:
        os.close(fd)


def is_json(line: bytes) -> bool:
    """Whether a line is whole: one that a crash cut short is not."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _write_all(fd: int, payload: bytes, at: int) -> None:
    view = memoryview(payload)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _end_of_last_line(fd: int, size: int) -> int:
    """Behind the last line break; looked for from the end, because journals grow long."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
