"""A Parquet or JSONL file read while the engines are still being imported.

Importing numba, scikit-learn and the stages takes about as long on one core as Arrow takes to decode half a gigabyte on
another, and neither needs the other. A verb that is given a large file calls `read_ahead` as its first step; `load` then
takes what was read, unless the file has changed since. Errors are kept for `load`, which raises them as its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

WORTH_BYTES = 8_000_000
"""Below this a thread costs more than it saves."""


@dataclass(frozen=True)
class _Begun:
    path: Path
    state: tuple[int, ...]
    result: Future[Any]


_begun: list[_Begun] = []


def read_ahead(path: str | os.PathLike[str] | None) -> None:
    """Begin to read a large Parquet or JSONL file; anything else is left to `load`."""
    from curate.dataset.formats import named_format
    from curate.dataset.load import read_file
    from curate.dataset.parquetfiles import is_parquet

    if path is None or _begun:
        return
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size < WORTH_BYTES:
            return
        if named_format(file) != "jsonl" and not is_parquet(file):
            return
        state = _state(file)
    except OSError:
        return
    _begun.append(_Begun(file, state, begun(read_file, file)))


def taken(file: Path) -> Any | None:
    """What was read ahead of this file, once; None when nothing was, or the file is another by now."""
    if not _begun or _begun[0].path != file:
        return None
    reading = _begun.pop()
    if _state(file) != reading.state:
        return None  # whatever was found, an error too, is of another file
    result = reading.result.result()
    return result if _state(file) == reading.state else None


def begun(work: Callable[[Path], T], file: Path) -> Future[T]:
    """What some work on a file will come to, done in a thread that no end of the process waits for."""
    result: Future[T] = Future()

    def keep() -> None:
        try:
            result.set_result(work(file))
        except BaseException as error:  # raised again where the result is asked for
            result.set_exception(error)

    Thread(target=keep, daemon=True, name=f"curate-{work.__name__}").start()
    return result


def _state(file: Path) -> tuple[int, ...]:
    """What tells a file from another in its place; nothing where it is gone."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
