"""Experiment trackers by one setting: `[train] tracker = "tensorboard" | "wandb" | "comet" | "mlflow" | "trackio"`.

The one idea: every training run is one run of the tracker, found again by the same id that stands in its `done.json`
(`run_id`, the hash of all that decides it); runs that were judged by the same rows and base share a group, and what an
ablation or a study concluded is one more run of that group. Sent are numbers, names of settings, hashes and sentences of
our own: no row of the data, no class name, no path, no command line, no source code, no information about the machine.

The libraries' own integrations in transformers are not used: they send the model's configuration, which holds the names
of the classes, and the folders of this machine. Nothing is imported and nothing is sent unless the setting names a
tracker, and the libraries' own telemetry is switched off where they have a switch. `check` says before training starts
what is missing; once training runs, a tracker that fails is told of and left out, and the training goes on.
"""

from __future__ import annotations

from train.trackers.runs import NAMES, RunFacts, Tracked, check, facts_of, group_of, open_tracker, outcome_of, track_outcome

__all__ = [
    "NAMES", "RunFacts", "Tracked", "check", "facts_of", "group_of", "open_tracker", "outcome_of", "track_outcome",
]  # fmt: skip
