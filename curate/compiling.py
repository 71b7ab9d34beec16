"""Whether kernels are being compiled, which happens once on a machine and keeps a first run waiting for up to a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NOTICED_SECONDS = 1.0
"""Compiling that takes longer in all is told; a single small kernel is not."""


@contextmanager
def told_when_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` once, from the thread that compiles, when numba has compiled for a second inside the block.

    Kernels that are taken from numba's cache on disk count for nothing.
    """
    from numba.core import event

    class Slow(event.Listener):
        """The stretches in which a kernel, and whatever it calls, is compiled."""

        def __init__(self) -> None:
            self.depth, self.since, self.spent, self.told = 0, 0.0, 0.0, False

        def on_start(self, event: Any) -> None:
            self.since = self.since if self.depth else time.monotonic()
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth -= 1
            if not self.depth:
                self.spent += time.monotonic() - self.since
            if self.spent >= NOTICED_SECONDS and not self.told:
                self.told = True
                tell()

    listener = Slow()
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
