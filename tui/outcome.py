"""What a comparison of arms came to, as `ablation.json` of a run has it. No widget in here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate.review.session import PLAN_FILE

if TYPE_CHECKING:
    from curate.review.session import Session

NO_VERDICT = {"insufficient evidence": "? cannot tell", "inconclusive": "? inconclusive"}
"""Outcomes that are none, as the rail has them."""


ABOVE = {
    "above_rejected": "held-out pairs whose chosen answer the model puts above the rejected one",
    "above_unwanted": "held-out answers marked as wanted, and how many of the unwanted ones the model puts below each",
}
"""What training on better and worse answers writes of each run (`train.preference.measure`)."""


class Outcome:
    """The file, read once for each time that it is written."""

    def __init__(self, run: Path) -> None:
        self.path = run / "ablation.json"
        self._read: tuple[int, dict[str, Any] | None] = (0, None)
        self._plan: tuple[int, str | None] = (0, None)

    def read(self) -> dict[str, Any] | None:
        """What it holds; None where there is none, or none that can be read."""
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self._read[0]:
                self._read = stamp, orjson.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        return self._read[1]

    def is_of_now(self, session: Session) -> bool:
        """Whether it speaks for the decisions on screen: what was trained is the plan that is written and in force."""
        try:
            stamp = (session.run.path / PLAN_FILE).stat().st_mtime_ns
        except OSError:
            return False
        if stamp != self._plan[0]:
            self._plan = stamp, session.plan_hash()
        result = self.read()
        return result is not None and session.is_written and result.get("plan_hash") == self._plan[1]


def nothing_trained(result: Mapping[str, Any]) -> bool:
    """Whether it was told without training, since the data could not bear a verdict."""
    return {each.get("status") for arm in result.get("arms", ()) for each in arm.get("runs", ())} == {"not run"}


def trained_word(result: Mapping[str, Any] | None) -> str:
    """What the rail says of training."""
    if result is None:
        return "– not trained yet"
    return "– nothing trained" if nothing_trained(result) else "✓ trained"


def verdict_word(result: Mapping[str, Any] | None, *, of_now: bool = True) -> str:
    """What the rail says of the comparison; `of_now`: whether it is of the plan in force."""
    if result is None:
        return "– no verdict yet"
    found = NO_VERDICT.get(str(result.get("verdict")))
    return found or ("✓ verdict" if of_now else "! of earlier plan")


def measured_runs(result: Mapping[str, Any] | None) -> list[tuple[str, int]]:
    """(arm, seed) of the runs that were trained and left a curve."""
    arms = (result or {}).get("arms", ())
    return [(str(arm["name"]), int(run["seed"])) for arm in arms for run in arm.get("runs", ()) if run.get("curve")]


def preferred(run: Path, result: Mapping[str, Any]) -> tuple[str, dict[str, list[float]]]:
    """What was counted where arms learned from better and worse answers, and the share by arm, one a seed; the base's is
    asked for by every run, and told once. Empty for other trainings."""
    said, base, shares = "", dict[str, list[float]](), dict[str, list[float]]()
    for arm, seed in measured_runs(result):
        try:
            done = orjson.loads((run / "train" / arm / str(seed) / "done.json").read_bytes())
        except (OSError, ValueError):
            continue
        told = done.get("preference") or {}
        for name, words in ABOVE.items():
            share, before = told.get(name), told.get(f"base_{name}")
            if isinstance(share, float) and isinstance(before, float):  # none where answers were of one kind alone
                said, base["base"] = words, [before]
                shares.setdefault(arm, []).append(share)
    return said, {**base, **shares}
