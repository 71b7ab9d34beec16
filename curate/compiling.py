"""Compiling of kernels, which happens once on a machine and keeps a first run waiting for up to a minute: whether it is
under way, and how to have it done once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # `curate --help` loads this module, and numpy takes time
    import numpy as np
    from numpy.typing import NDArray

Item = TypeVar("Item", bound="np.generic")
NOTICED_SECONDS = 0.5
"""Compiling that takes longer in all is told; a single small kernel is not."""
WORDS = "compiling for this machine, once"


def as_read_only(array: NDArray[Item]) -> NDArray[Item]:
    """The same memory, not to be written by way of this view.

    A kernel is compiled anew for each kind of array that it is given, and whether an array of bytes may be written
    depends on where the bytes came from: a file, a decompressor, a computation.
    """
    view = array.view()
    view.flags.writeable = False
    return view


@contextmanager
def told_when_compiling(tell: Callable[[bool], None]) -> Iterator[None]:
    """Inside the block call `tell(True)` while numba compiles, as soon as that has taken half a second in all, and
    `tell(False)` when a kernel that was told of is done; from any thread.

    A kernel may take twenty seconds, and numba says nothing before its end: a timer does. Kernels that are taken from
    numba's cache on disk count for nothing.
    """
    from numba.core import event

    class Slow(event.Listener):
        """The stretches in which a kernel, and whatever it calls, is compiled; numba compiles in one thread at a time."""

        def __init__(self) -> None:
            self.depth, self.since, self.spent, self.told = 0, 0.0, 0.0, False
            self.lock = threading.Lock()
            self.timer = threading.Timer(0.0, self.notice)

        def on_start(self, event: Any) -> None:
            self.depth += 1
            if self.depth == 1:
                self.since = time.monotonic()
                self.timer = threading.Timer(max(0.0, NOTICED_SECONDS - self.spent), self.notice)
                self.timer.daemon = True
                self.timer.start()

        def on_end(self, event: Any) -> None:
            if not self.depth:  # it began before the block did
                return
            self.depth -= 1
            if not self.depth:
                self.spent += time.monotonic() - self.since
                self.end()

        def notice(self) -> None:
            with self.lock:
                if self.depth and not self.told:
                    self.told = True
                    tell(True)

        def end(self) -> None:
            self.timer.cancel()
            with self.lock:
                self.depth = 0
                if self.told:
                    self.told = False
                    tell(False)

    listener = Slow()
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
        listener.end()
