"""A first run on a machine says that it compiles, instead of standing still without a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from numba import njit
from numba.extending import overload

from curate import compiling
from curate.cli.narrate import Narrator
from curate.pipeline import Event

SAID = "compiling for this machine, once"


def kernel(compiled: Callable[[], object] = lambda: None) -> Callable[[int], int]:
    """One that no cache holds; `compiled` is called in the middle of its compilation."""

    def inner(n: int) -> int:
        raise NotImplementedError

    @overload(inner)
    def of_type(n):  # type: ignore[no-untyped-def]  # numba compares the signatures, types of Python included
        compiled()
        return lambda n: 2 * n

    @njit
    def twice(n: int) -> int:
        return inner(n)

    return twice


def wait() -> None:
    """Until a timer has had its turn."""
    time.sleep(0.2)


def run(narrator: Narrator, stage: str, *work: Callable[[int], int]) -> None:
    """One stage, as the pipeline tells of it."""
    narrator.stage(Event(stage, "start"))
    assert all(each(4) == 8 for each in work)
    narrator.stage(Event(stage, "done", findings=0, seconds=0.1))


def test_a_long_compilation_is_told_while_it_goes_on_and_its_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "NOTICED_SECONDS", 0.05)
    told, heard = threading.Event(), []

    def tell(now: bool) -> None:
        heard.append(now)
        told.set()

    with compiling.told_when_compiling(tell):
        assert kernel(lambda: told.wait(60) or pytest.fail("told only when it was over"))(4) == 8
        assert heard == [True, False]
    kernel()(3)
    assert heard == [True, False]


def test_compiling_is_told_once_a_stage_that_compiles_and_never_where_kernels_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiling, "NOTICED_SECONDS", 0.0)
    narrator, known = Narrator(), kernel()
    known(1)
    run(narrator, "pii", known)
    assert SAID not in capsys.readouterr().err
    run(narrator, "label_names", kernel(wait), kernel(wait))
    run(narrator, "near_duplicates", known, kernel(wait))
    kernel(wait)(3)
    said = [line.strip() for line in capsys.readouterr().err.splitlines() if SAID in line]
    assert [line.partition(":")[0] for line in said] == ["label names", "near duplicates"]


def test_a_small_kernel_is_not_worth_a_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compiling, "NOTICED_SECONDS", 60.0)
    run(Narrator(), "pii", kernel())
    assert SAID not in capsys.readouterr().err
