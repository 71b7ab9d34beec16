"""Training runs in processes of their own, side by side: what tuning and ablations share.

A process of its own has one thread's arithmetic to itself, takes no other run with it when memory ends, and hears no
Ctrl-C, which is for the one that asked. `Pool.run_jobs` hands out `Job`s and passes their events on; runs leave their
directories as `train_adapter` leaves them, so whoever asked finds them finished.
"""

from __future__ import annotations

from train.processes.job import DONE, FAILED, PRUNED, Job
from train.processes.pool import LARGEST_BASE_BYTES, Pool

__all__ = ["DONE", "FAILED", "LARGEST_BASE_BYTES", "PRUNED", "Job", "Pool"]
