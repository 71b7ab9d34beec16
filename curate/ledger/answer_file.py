"""JSON-lines files of people's answers (see `curate.ledger.appending`); a last line that a crash cut short is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson

from curate.errors import DataError
from curate.ledger.appending import append_lines, is_json

T = TypeVar("T")


def append(path: Path, answer: Mapping[str, Any]) -> None:
    """Append one answer; it is on disk when this returns. OSError where it cannot be, and then the file is as before."""
    append_lines(path, orjson.dumps(dict(answer)) + b"\n")


def read(path: Path, parse: Callable[[Any], T], what: str) -> list[T]:
    """Every whole line as `parse` makes it. DataError names the file and the line that is no `what`."""
    try:
        *lines, tail = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    out = []
    for number, line in enumerate([*lines, tail], 1):
        if not line.strip() or (number > len(lines) and not is_json(line)):
            continue
        try:
            out.append(parse(orjson.loads(line)))
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{path}: line {number} is no {what}; restore the file or remove the line") from None
    return out
