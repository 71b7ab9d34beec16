"""A first run on a machine says that it compiles, instead of standing still without a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from numba import njit

from curate import compiling
from curate.cli.narrate import COMPILING, Narrator
from curate.pipeline import Event


def kernel() -> Callable[[int], int]:
    """One that no cache holds."""

    @njit
    def twice(n: int) -> int:
        return 2 * n

    return twice


def run(narrator: Narrator, stage: str, work: Callable[[int], int]) -> None:
    """One stage, as the pipeline tells of it."""
    narrator.stage(Event(stage, "start"))
    assert work(4) == 8
    narrator.stage(Event(stage, "done", findings=0, seconds=0.1))


def test_compiling_is_told_once_and_only_while_a_stage_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiling, "NOTICED_SECONDS", 0.0)
    narrator, known = Narrator(), kernel()
    known(1)
    run(narrator, "pii", known)
    assert COMPILING not in capsys.readouterr().err
    run(narrator, "pii", kernel())
    run(narrator, "near_duplicates", kernel())
    kernel()(3)
    assert capsys.readouterr().err.splitlines().count(COMPILING) == 1


def test_a_small_kernel_is_not_worth_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiling, "NOTICED_SECONDS", 60.0)
    run(Narrator(), "pii", kernel())
    assert COMPILING not in capsys.readouterr().err
