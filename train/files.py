"""Small files of a training run: a killed run leaves the old one or the new one."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.dataset.atomic import atomic_write_text

SCHEMA_VERSION = 1
CHECKPOINTS = "checkpoints"
"""Folder, in a training directory, of what an unfinished run goes on from."""


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write `value` with `schema_version` first; floats that are not finite become null."""
    body = {"schema_version": SCHEMA_VERSION, **_finite(value)}
    atomic_write_text(path, json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in `path`, or None where it is absent, torn or of another schema version."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
        return None
    return value


def finished_now() -> str:
    """The moment that a training's `done.json` keeps as `finished`, by which a gate tells its age."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return None
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        return _finite(value.item())
    return value
