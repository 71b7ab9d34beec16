"""JSON-lines files that people's answers are appended to: on disk when `append` returns, and no crash spoils the next line.

The file is locked while it grows, so several people may answer at once. A last line that a crash cut short is left out when
the file is read, and cut off before the next line is written; one that only lacks its line break is whole.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson

from curate.errors import DataError

T = TypeVar("T")


def append(path: Path, answer: Mapping[str, Any]) -> None:
    """Append one answer; it is on disk when this returns."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        held = os.pread(fd, os.fstat(fd).st_size, 0)
        whole = held.rfind(b"\n") + 1
        lead = b""
        if whole < len(held) and _is_json(held[whole:]):
            whole, lead = len(held), b"\n"
        os.ftruncate(fd, whole)
        os.pwrite(fd, lead + orjson.dumps(dict(answer)) + b"\n", whole)
        os.fsync(fd)
    finally:
        os.close(fd)


def read(path: Path, parse: Callable[[Any], T], what: str) -> list[T]:
    """Every whole line as `parse` makes it. DataError names the file and the line that is no `what`."""
    try:
        *lines, tail = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    out = []
    for number, line in enumerate([*lines, tail], 1):
        if not line.strip() or (number > len(lines) and not _is_json(line)):
            continue
        try:
            out.append(parse(orjson.loads(line)))
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{path}: line {number} is no {what}; restore the file or remove the line") from None
    return out


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
