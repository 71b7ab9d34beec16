"""A configuration for `accelerate launch`: several GPUs of one machine, or several processes on its CPUs.

What runs under it is `curate train` itself (`train.distributed`): every process takes its share of each step's rows, and
the result is that of one process.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.dataset.atomic import atomic_write_text
from curate.errors import ConfigError


def write_launch(out: str | Path, *, processes: int, cpu: bool = False) -> str:
    """Write the configuration; returns the command to put before `curate train`'s arguments."""
    if processes < 2:
        raise ConfigError("a launch configuration is for at least 2 processes; one needs none: `curate train`")
    values: dict[str, Any] = {
        "compute_environment": "LOCAL_MACHINE",
        "debug": False,
        # With MULTI_CPU accelerate starts a single process unless MPI is there; this starts as many as are named.
        "distributed_type": "MULTI_GPU",
        "downcast_bf16": "no",
        "machine_rank": 0,
        "main_training_function": "main",
        "mixed_precision": "no",  # the trainer chooses its own format
        "num_machines": 1,
        "num_processes": processes,
        "rdzv_backend": "static",
        "same_network": True,
        "use_cpu": cpu,
        "gpu_ids": ",".join(["-1"] * processes) if cpu else "all",  # -1 hides the GPUs
    }
    path = Path(out)
    if path.exists():
        raise ConfigError(f"{path} is there already; name a new file")
    path.parent.mkdir(parents=True, exist_ok=True)
    command = f"accelerate launch --config_file {path.name} -m curate train"
    lines = [f"# {command} FILE|RUN --out FOLDER", *(f"{key}: {json.dumps(value)}" for key, value in values.items())]
    atomic_write_text(path, "\n".join(lines) + "\n")
    return command.replace(path.name, str(path))
