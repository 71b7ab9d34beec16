"""What an ablation is doing right now, in `train/state.json`, for a screen that joins late.

The file appears whole or not at all and is at most `EVERY_SECONDS` old while something happens. It repeats what the
events said: each run's state and step, the looks taken, runs left to a verdict, the verdict once there is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from train.ablation.arms import Arm
from train.ablation.design import Design
from train.ablation.result import AblationResult, Look
from train.files import write_json

EVERY_SECONDS = 0.5


class State:
    """Follows the events of an ablation and passes them on."""

    def __init__(self, path: Path, listener: Callable[[dict[str, Any]], None] | None) -> None:
        self.path, self._listener = path, listener
        self.body: dict[str, Any] = {"status": "preparing", "arms": {}, "looks": [], "runs_left": None, "eta_s": None}
        self._written = 0.0
        self._begun = False

    def begin(self, arms: Sequence[Arm], design: Design) -> None:
        """Training is about to begin."""
        self._begun = True
        self.body |= {
            "status": "training",
            "arms": {arm.name: {"title": arm.title, "runs": {}} for arm in arms},
            "seeds": list(design.seeds),
            "sequential": design.sequential,
            "preset": design.preset,
        }
        self._write()

    def see(self, event: dict[str, Any]) -> None:
        """One event of the matrix."""
        arm = self.body["arms"].get(event.get("arm"))
        if arm is not None and event["kind"] in ("run", "step"):
            run = arm["runs"].setdefault(str(event["seed"]), {})
            if event["kind"] == "step":
                run |= {"state": "training", "step": event["step"], "steps": event["steps"], "loss": event.get("loss")}
            else:
                run["state"] = event["state"]
            self.body["eta_s"] = event.get("eta_s")
            if event["kind"] == "run" or time.monotonic() - self._written > EVERY_SECONDS:
                self._write()
        if self._listener is not None:
            self._listener(event)

    def looked(self, look: Look) -> None:
        """A look was taken."""
        self.body["looks"].append(asdict(look))
        self.body |= {"runs_left": look.runs_left, "verdict": look.verdict}
        self._write()

    def done(self, result: AblationResult) -> None:
        """The ablation is over."""
        self.body |= {"status": "done", "verdict": result.verdict, "words": result.words, "eta_s": 0.0}
        self._write()

    def _write(self) -> None:
        if self._begun:  # an ablation that never trains leaves nothing
            write_json(self.path, self.body)
            self._written = time.monotonic()
