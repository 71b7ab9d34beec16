"""Watchdogs: small judges that are shown what a training run measures and say, while it lives, what goes wrong.

A watchdog is a pure function of the numbers it has seen: no torch, no files, no clock. It is shown a `Facts` before
training, a `Step` after each logged step, a `Validated` after each evaluation, a `Finished` at the end and a `Probed`
behind that, and answers with `Alert`s: what was seen, which rows, and what to do. `Watch` holds all of them; the trainer
shows it its numbers and streams what it says. What each one looks for, and why at that threshold, stands in its module.
"""

from __future__ import annotations

from train.watch.alert import KINDS, Alert, Event, Facts, Finished, Probed, Step, Validated
from train.watch.command import AlertCommand
from train.watch.watch import Watch, watchdogs

__all__ = [
    "KINDS", "Alert", "AlertCommand", "Event", "Facts", "Finished", "Probed", "Step", "Validated", "Watch", "watchdogs",
]  # fmt: skip
