"""Weights & Biases: online with a key, or offline into the run's folder (`wandb sync` sends it later)."""

from __future__ import annotations

import netrc
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from curate.errors import ConfigError
from train.extra import lift
from train.trackers.runs import RunFacts, missing

OFFLINE = ("offline", "dryrun", "disabled")


def check(project: str) -> None:
    """A key, or offline mode; asks no service."""
    lift("WANDB_DISABLED")
    if os.environ.get("WANDB_DISABLED", "").lower() in ("1", "true"):
        raise ConfigError("tracker = 'wandb', but WANDB_DISABLED is set; unset it, or name no tracker")
    if os.environ.get("WANDB_MODE", "").lower() in OFFLINE:
        return
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE") or _logged_in():
        return
    raise missing(
        "wandb", "set WANDB_API_KEY", "run `wandb login`", "set WANDB_MODE=offline to write into the run's folder and send "
        "it later with `wandb sync`",
    )  # fmt: skip


def _logged_in() -> bool:
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    for name in (os.environ.get("NETRC"), "~/.netrc", "~/_netrc"):
        if not name:
            continue
        try:
            if netrc.netrc(Path(name).expanduser()).authenticators(host):
                return True
        except (OSError, netrc.NetrcParseError):
            continue
    return False


class Run:
    """One run; nothing of this machine, its code or its console is sent."""

    def __init__(self, facts: RunFacts, directory: Path) -> None:
        lift("WANDB_DISABLED")
        import wandb

        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        quiet = wandb.Settings(
            silent=True, console="off", disable_code=True, disable_git=True, disable_job_creation=True, save_code=False,
            x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True, program="curate", host="",
            init_timeout=30, symlink=False,
        )  # fmt: skip
        self._run = wandb.init(
            project=facts.project, id=facts.id, name=facts.name, group=facts.group, tags=list(facts.tags),
            config=dict(facts.settings), dir=str(directory), resume="allow", reinit="create_new", settings=quiet,
        )  # fmt: skip
        self.where = self._run.url or str(Path(self._run.dir).parent)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Numbers over the optimiser step; a run that goes on repeats steps, which a step of wandb's own could not."""
        self._run.log({**values, "step": step})

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """The outcome is the run's summary."""
        self._run.summary.update(dict(outcome))
        self._run.finish()
