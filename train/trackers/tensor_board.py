"""TensorBoard: event files beside the run, which the metrics stream writes anyway; here come settings and outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from train.trackers.runs import RunFacts

FOLDER = "tensorboard"


def check(project: str) -> None:
    """Nothing but the package is needed."""


class Run:
    """Event files in `<run>/tensorboard/`."""

    def __init__(self, facts: RunFacts, directory: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder = directory / FOLDER
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.where = str(folder)
        self._writer = SummaryWriter(log_dir=str(folder), filename_suffix=".tracker")
        told = {"project": facts.project, "name": facts.name, "group": facts.group, **facts.settings}
        self._curves = not facts.settings.get("tensorboard")
        self._writer.add_text("run", f"    {json.dumps(told, sort_keys=True)}", 0)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """What the metrics stream does not write."""
        for name, value in values.items() if self._curves else ():
            self._writer.add_scalar(name, value, step)

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """The outcome as text and numbers."""
        self._writer.add_text("outcome", f"    {json.dumps(dict(outcome), sort_keys=True)}", 0)
        for name, value in outcome.items():
            if isinstance(value, int | float):
                self._writer.add_scalar(f"outcome/{name}", value, 0)
        self._writer.close()
