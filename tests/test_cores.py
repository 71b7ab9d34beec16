"""No more threads than the processors that a process may keep busy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curate.cores import available_cores, granted


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def processors(tmp_path: Path, groups: str) -> list[int]:
    (tmp_path / "groups").write_text(groups)
    return sorted(granted(tmp_path / "fs", tmp_path / "groups"))


def test_a_container_is_granted_what_its_own_folder_says(tmp_path: Path) -> None:
    """The group's name is the one outside of the container, and leads nowhere within it."""
    group(tmp_path / "fs", cpu__max="150000 100000\n")
    assert processors(tmp_path, "0::/system.slice/docker-1.scope\n") == [2]


def test_every_group_that_holds_the_process_counts(tmp_path: Path) -> None:
    group(tmp_path / "fs/user.slice", cpu__max="400000 100000\n")
    group(tmp_path / "fs/user.slice/one.service", cpu__max="max 100000\n")
    group(tmp_path / "fs/user.slice/two.service", cpu__max="100000 100000\n")
    assert processors(tmp_path, "0::/user.slice/one.service\n") == [4]
    assert processors(tmp_path, "0::/user.slice/two.service\n") == [1, 4]


def test_the_first_version_of_control_groups_is_read_too(tmp_path: Path) -> None:
    group(tmp_path / "fs/cpu/jobs", cpu__cfs_quota_us="50000\n", cpu__cfs_period_us="100000\n")
    group(tmp_path / "fs/cpu", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert processors(tmp_path, "4:memory:/jobs\n1:cpu,cpuacct:/jobs\n0::/\n") == [1]


@pytest.mark.parametrize("said", ["max 100000\n", "", "many 100000\n", "0 0\n"])
def test_what_bounds_nothing_or_cannot_be_read_grants_all(tmp_path: Path, said: str) -> None:
    group(tmp_path / "fs", cpu__max=said)
    assert processors(tmp_path, "0::/\n") == []
    assert list(granted(tmp_path / "fs", tmp_path / "nowhere")) == []


def test_there_is_at_least_one_and_never_more_than_the_process_may_run_on() -> None:
    assert 1 <= available_cores() <= len(os.sched_getaffinity(0))
