"""trackio: its own SQLite files on this machine (TRACKIO_DIR), or a Space where TRACKIO_SPACE_ID names one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from train.trackers.runs import RunFacts, missing


def check(project: str) -> None:
    """On this machine nothing is needed; a Space needs a token."""
    if not os.environ.get("TRACKIO_SPACE_ID"):
        return
    import huggingface_hub

    if not huggingface_hub.get_token():
        raise missing("trackio", "set HF_TOKEN for the Space that TRACKIO_SPACE_ID names", "unset TRACKIO_SPACE_ID to keep "
                      "the runs on this machine")  # fmt: skip


class Run:
    """One run of a project."""

    def __init__(self, facts: RunFacts, directory: Path) -> None:
        import trackio

        self._run = trackio.init(
            project=facts.project, name=f"{facts.name} {facts.id[:8]}", group=facts.group, config=dict(facts.settings),
            resume="allow", embed=False, auto_log_gpu=False, auto_log_cpu=False,
        )  # fmt: skip
        self.where = os.environ.get("TRACKIO_SPACE_ID") or f"project {facts.project} on this machine"

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Numbers at a step."""
        self._run.log(dict(values), step=step)

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """The outcome as a last line; sentences stand in the configuration."""
        sentences = {k: v for k, v in outcome.items() if isinstance(v, str)}
        self._run.log({f"outcome/{k}": v for k, v in outcome.items()} if sentences else dict(outcome))
        self._run.finish()
