"""How many processors this process may keep busy.

A container that may use two of a machine's 64 processors sees all of them; threads beyond its share only wait for one
another. Linux says how much of a processor's time a control group may take (`cpu.max` of version 2, `cpu.cfs_quota_us` of
version 1), for the group itself and for each that holds it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def available_cores() -> int:
    """Processors that this process may run on, and no more than its control groups grant; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return min([cores, *granted(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))])


def granted(mounted: Path, groups: Path) -> Iterator[int]:
    """What each control group of a process grants, rounded up; `groups` names them as `/proc/self/cgroup` does."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mounted / "cpu" if controllers else mounted
        group = root / name.lstrip("/")
        # Within a container the group's own folder may be mounted as the root, and its name lead nowhere.
        for folder in {root, group, *(parent for parent in group.parents if root in parent.parents)}:
            share = _share(folder)
            if share is not None:
                yield max(1, math.ceil(share))


def _share(folder: Path) -> float | None:
    """Processors whose time a group may take; None where it is not bounded, or nothing says so."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
            return int(quota) / int(period) if quota != "max" and int(quota) > 0 and int(period) > 0 else None
        except (OSError, ValueError):
            continue
    return None
