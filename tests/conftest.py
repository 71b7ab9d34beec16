"""The command as a process and without one, and which tests begin: long files first, so that workers end together."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers are as many as the cores: more threads would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

gc.set_threshold(50_000, 20, 20)  # full collections were a quarter of the time of the interface

# The same examples each time, however slow the machine: a commit fails for what it changed. `make explore` draws others.
_SLOW_IS_NO_FAILURE: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, **_SLOW_IS_NO_FAILURE)
settings.register_profile("explore", max_examples=1000, print_blob=True, **_SLOW_IS_NO_FAILURE)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "same")
settings.load_profile(PROFILE)


def examples(n: int) -> int:
    """`max_examples` of a property that is worth more than the usual hundred, where new ones are drawn each time."""
    return min(n, 100) if PROFILE == "same" else max(n, 1000)


_file: list[Path] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What the files before have imported and made stays: no collection walks through it again."""
    if _file != [item.path]:
        _file[:] = [item.path]
        gc.collect()
        gc.freeze()


Curate = Callable[..., "subprocess.CompletedProcess[str]"]

LONG = ("train", "tui", "cli", "report", "review", "gate", "ledger", "execution", "privacy")
"""Folders of `tests`, those with the longest files first. The others hold files of seconds."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order files by folder; tests of a file keep their order."""
    here = config.rootpath / "tests"

    def turn(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=turn)


@pytest.fixture
def curate(tmp_path: Path) -> Curate:
    """`curate ARGS…` as a process of its own, in a folder of its own."""

    def call(*args: str | Path, cwd: Path | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "curate", *map(str, args)],
            capture_output=True, text=True, cwd=cwd or tmp_path, timeout=timeout, stdin=subprocess.DEVNULL,
        )

    return call


@pytest.fixture
def inside(tmp_path: Path) -> Curate:
    """The same verbs inside this process, where a process of its own would prove nothing more."""
    from click.testing import CliRunner

    def call(*args: str | Path, cwd: Path | None = None, said: str = "") -> subprocess.CompletedProcess[str]:
        from curate.cli import main

        def entry() -> None:
            main([str(a) for a in args])

        import click

        command = click.Command("curate", callback=entry)
        with contextlib.chdir(cwd or tmp_path):
            result = CliRunner().invoke(command, [], input=said, standalone_mode=True)
        return subprocess.CompletedProcess(list(map(str, args)), result.exit_code, result.stdout, result.stderr)

    return call
