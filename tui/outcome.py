"""What a comparison of arms came to, as `ablation.json` of a run has it. No widget in here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

NO_VERDICT = {"insufficient evidence": "? cannot tell", "inconclusive": "? inconclusive"}
"""Outcomes that are none, as the rail has them."""


class Outcome:
    """The file, read once for each time that it is written."""

    def __init__(self, run: Path) -> None:
        self.path = run / "ablation.json"
        self._read: tuple[int, dict[str, Any] | None] = (0, None)

    def read(self) -> dict[str, Any] | None:
        """What it holds; None where there is none, or none that can be read."""
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self._read[0]:
                self._read = stamp, orjson.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        return self._read[1]


def nothing_trained(result: Mapping[str, Any]) -> bool:
    """Whether it was told without training, since the data could not bear a verdict."""
    return {each.get("status") for arm in result.get("arms", ()) for each in arm.get("runs", ())} == {"not run"}


def trained_word(result: Mapping[str, Any] | None) -> str:
    """What the rail says of training."""
    if result is None:
        return "– not trained yet"
    return "– nothing trained" if nothing_trained(result) else "✓ trained"


def verdict_word(result: Mapping[str, Any] | None) -> str:
    """What the rail says of the comparison."""
    return "– no verdict yet" if result is None else NO_VERDICT.get(str(result.get("verdict")), "✓ verdict")
