"""Comet: online with a key, or offline as an archive in the run's folder (`comet upload` sends it later)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from train.trackers.runs import RunFacts, missing

FOLDER = "comet"


def offline() -> bool:
    """Whether the user asked for an archive instead of the service."""
    return os.environ.get("COMET_START_ONLINE", "").lower() in ("0", "false")


def check(project: str) -> None:
    """A key, or offline mode; asks no service."""
    import comet_ml

    if offline() or comet_ml.get_config("comet.api_key"):
        return
    raise missing(
        "comet", "set COMET_API_KEY", "run `comet login`", "set COMET_START_ONLINE=0 to write an archive into the run's "
        "folder and send it later with `comet upload`",
    )  # fmt: skip


class Run:
    """One experiment; nothing of this machine, its code or its console is sent."""

    def __init__(self, facts: RunFacts, directory: Path) -> None:
        import comet_ml

        silent: dict[str, Any] = dict.fromkeys(
            ("log_code", "log_graph", "auto_param_logging", "auto_metric_logging", "parse_args", "log_env_details",
             "log_git_metadata", "log_git_patch", "log_env_gpu", "log_env_host", "log_env_cpu", "log_env_network",
             "log_env_disk", "auto_output_logging"),
            False,
        )  # fmt: skip
        common: dict[str, Any] = {"project_name": facts.project, "experiment_key": facts.id, "display_summary_level": 0}
        if offline():
            folder = directory / FOLDER
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._run = comet_ml.OfflineExperiment(offline_directory=str(folder), **common, **silent)
            self.where = str(folder)
        else:
            config = comet_ml.ExperimentConfig(**silent, display_summary_level=0)
            self._run = comet_ml.start(
                project_name=facts.project, experiment_key=facts.id, mode="get_or_create", online=True,
                experiment_config=config,
            )  # fmt: skip
            self.where = str(self._run.url)
        self._run.set_name(facts.name)
        self._run.add_tags([*facts.tags, f"group:{facts.group}"])
        self._run.log_parameters(dict(facts.settings))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Numbers at a step."""
        self._run.log_metrics(dict(values), step=step)

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """The outcome as metrics, its sentences as other."""
        for name, value in outcome.items():
            if isinstance(value, str):
                self._run.log_other(name, value)
            else:
                self._run.log_metric(f"outcome/{name}", value)
        self._run.end()
