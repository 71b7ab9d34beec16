"""Watchdogs: small judges that are shown what a training run measures and say, while it lives, what goes wrong.

A watchdog is a pure function of the numbers it has seen: no torch, no files, no clock. It is shown a `Facts` before
training, a `Step` after each logged step, a `Validated` after each evaluation and a `Finished` at the end, and answers
with `Alert`s: what was seen, which rows, and what to do. `Watch` holds all of them; the trainer shows it its numbers
and streams what it says. What each one looks for, and why at that threshold, stands in its own module.
"""

from __future__ import annotations

from train.watch.alert import KINDS, Alert, Facts, Finished, Step, Validated
from train.watch.command import AlertCommand
from train.watch.watch import Watch, watchdogs

__all__ = ["KINDS", "Alert", "AlertCommand", "Facts", "Finished", "Step", "Validated", "Watch", "watchdogs"]
