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
from typing import Any

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
        begun = _Begun(file, _state(file), Future())
    except OSError:
        return
    _begun.append(begun)
    Thread(target=_keep, args=(begun.result, read_file, file), daemon=True, name="curate-read-ahead").start()


def taken(file: Path) -> Any | None:
    """What was read ahead of this file, once; None when nothing was, or the file is another by now."""
    if not _begun or _begun[0].path != file:
        return None
    begun = _begun.pop()
    result = begun.result.result()
    return result if _state(file) == begun.state else None


def _keep(result: Future[Any], read: Callable[[Path], Any], file: Path) -> None:
    try:
        result.set_result(read(file))
    except BaseException as error:  # raised again where the result is asked for
        result.set_exception(error)


def _state(file: Path) -> tuple[int, ...]:
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
